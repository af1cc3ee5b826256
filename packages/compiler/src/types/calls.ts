import { suggest, type Span } from '@smc/protocol';
import type * as tree from '../syntax/tree.ts';
import * as names from '../errors/names.ts';
import * as errors from '../errors/types.ts';
import type { Callable } from './callables.ts';
import type { Inference } from './inference.ts';
import { display, ERROR, prune, tupleOf, UNIT } from './type.ts';
import type { Type, TypedExpression } from './typed.ts';
import { differ } from './unify.ts';

/** Arguments of functions, constructors and operations: how they are packed into one. */

/** `()`, written or implied. */
export function unitAt(span: Span, inference: Inference): TypedExpression {
  return inference.node({ kind: 'literal', value: null, type: UNIT, span });
}

/** `f(a, b)` says the same as `f((a, b))`. */
export function packArguments(
  callable: Callable,
  given: readonly TypedExpression[],
  span: Span,
  inference: Inference,
): TypedExpression {
  const from = prune(callable.from);
  const expected = argumentCount(from);
  const packed =
    given.length === 0
      ? unitAt(span, inference)
      : given.length === 1
        ? given[0]
        : inference.node({
            kind: 'tuple' as const,
            items: given,
            type: tupleOf(given.map(({ type }) => type)),
            span,
          });
  const [only] = given;
  const fitsWhole = given.length === 1 && expected !== 0 && (expected === 1 || mayBeTuple(only.type));
  if (expected !== null && given.length !== expected && !fitsWhole) {
    const fitsUnit = given.length === 1 && !differ(given[0].type, UNIT);
    if (!(expected === 0 && fitsUnit)) reportCount(callable, expected, given.length, span, inference);
  } else if (from.kind === 'tuple' && given.length === from.items.length) {
    for (const [i, value] of given.entries()) {
      inference.fit(value, from.items[i], argumentReason(callable, i, given.length));
    }
  } else inference.fit(packed, from, argumentReason(callable, 0, 1));
  return packed;
}

/** How many arguments make up what a function takes; null where that is not known. */
export function argumentCount(from: Type): number | null {
  if (from.kind === 'unknown' || from.kind === 'parameter') return null;
  return from.kind === 'unit' ? 0 : from.kind === 'tuple' ? from.items.length : 1;
}

/** Says that a function takes another number of arguments. */
export function reportCount(
  { callee, definition, name, from }: Callable,
  expected: number,
  given: number,
  span: Span,
  inference: Inference,
): void {
  const known = definition?.kind === 'fun' ? definition.node.parameters.map(({ name: own }) => own.text) : [];
  const type = prune(from);
  const takesFunction = type.kind === 'tuple' && type.items.some((item) => prune(item).kind === 'function');
  const help = takesFunction
    ? `It is called \`${errors.callSketch(name, type.items)}\`.`
    : callee.kind === 'builtin'
      ? `It takes ${display(type)}.`
      : errors.missingArguments(known.slice(given));
  const declared = definition?.name.span ?? null;
  inference.report(errors.wrongCount(span, `\`${name}\``, expected, given, declared, help));
}

/** Whether one argument may be all of them in a tuple. */
export function mayBeTuple(type: Type): boolean {
  const { kind } = prune(type);
  return kind === 'tuple' || kind === 'unknown' || kind === 'parameter';
}

function argumentReason(callable: Callable, index: number, count: number): errors.Reason {
  const { definition, name } = callable;
  const parameter = definition?.kind === 'fun' ? definition.node.parameters[index] : undefined;
  const which =
    parameter !== undefined && definition?.kind === 'fun' && definition.node.parameters.length === count
      ? `the argument \`${parameter.name.text}\``
      : count === 1
        ? 'the argument'
        : `the ${errors.ordinal(index)} argument`;
  return parameterReason(which, name, parameter?.span ?? definition?.fromSpan ?? null);
}

const parameterReason = (which: string, name: string, declared: Span | null): errors.Reason => ({
  statement: (type) => `${which} of \`${name}\` is ${type}`,
  declared: declared === null ? null : { span: declared, text: 'declared here' },
  help: [],
});

/** A constructor with one unnamed tuple takes it as one argument; null where it takes no tuple. */
export const tupleHelp = (name: string, payload: Type): string | null =>
  prune(payload).kind === 'tuple' ? `It takes one argument, a tuple: \`${name}((…, …))\`.` : null;

/** The payload of a constructor with one unnamed argument; null after a diagnostic. */
export function unnamedPayload(
  expression: tree.Expression & { kind: 'construct' },
  given: readonly TypedExpression[],
  payload: Type,
  inference: Inference,
): TypedExpression | null {
  const name = expression.constructor.name.text;
  if (given.length !== 1) {
    const what = `the constructor \`${name}\``;
    inference.report(
      errors.wrongCount(expression.span, what, 1, given.length, null, tupleHelp(name, payload)),
    );
    return null;
  }
  const label = expression.arguments[0].name;
  if (label !== null) {
    const message = `the argument of \`${name}\` has no name`;
    inference.report(errors.namedArguments(label.span, message, `Write \`${name}(…)\`.`));
    return null;
  }
  inference.fit(given[0], payload, parameterReason('the argument', name, null));
  return given[0];
}

/** What takes arguments that are all named, or all told by their place: a constructor, an operation. */
export interface Taker {
  /** As the subject of a message: `the constructor \`Paid\``. */
  readonly what: string;
  readonly name: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly type: Type;
    readonly span: Span | null;
    /** Whether the argument may be left out. */
    readonly hasDefault: boolean;
  }[];
}

/** The arguments by name, in the order in which they are given; null after a diagnostic. */
export function matchArguments(
  { what, name, parameters }: Taker,
  written: readonly tree.Argument[],
  given: readonly TypedExpression[],
  span: Span,
  inference: Inference,
): { name: string; value: TypedExpression }[] | null {
  const named = written.filter((argument) => argument.name !== null).length;
  if (named > 0 && named < given.length) {
    const message = `some arguments of ${what} are named, some are not`;
    inference.report(errors.namedArguments(span, message, 'Name all or none.'));
    return null;
  }
  const known = parameters.map((parameter) => parameter.name);
  const seen = new Map<string, Span>();
  const fields: { name: string; value: TypedExpression }[] = [];
  let isRefused = false;
  for (const [i, { name: label }] of written.entries()) {
    const parameter =
      label === null ? parameters.at(i) : parameters.find((candidate) => candidate.name === label.text);
    if (label !== null && parameter === undefined) {
      const near = suggest(label.text, known);
      inference.report(names.unknownArgument(label.span, label.text, what, known, near));
      isRefused = true;
      continue;
    }
    if (parameter === undefined) continue;
    const first = seen.get(parameter.name);
    if (label !== null && first !== undefined) {
      inference.report(names.givenTwice(label.span, 'the argument', label.text, first));
      isRefused = true;
      continue;
    }
    seen.set(parameter.name, label?.span ?? written[i].span);
    const reason = parameterReason(`the argument \`${parameter.name}\``, name, parameter.span);
    inference.fit(given[i], parameter.type, reason);
    fields.push({ name: parameter.name, value: given[i] });
  }
  // One that is not known may be one that is missing.
  if (isRefused) return null;
  const missing = parameters.filter((each) => !seen.has(each.name) && !each.hasDefault);
  if (given.length <= parameters.length && missing.length === 0) return fields;
  const lacking = missing.map((parameter) => parameter.name);
  const help = errors.missingArguments(lacking);
  const least = parameters.filter(({ hasDefault }) => !hasDefault).length;
  if (least < parameters.length && least <= given.length && given.length <= parameters.length) {
    // There are as many as there may be: it is another one that is given.
    inference.report(errors.missingArgument(span, what, name, lacking, named === 0));
    return null;
  }
  inference.report(errors.wrongCount(span, what, parameters.length, given.length, null, help, least));
  return null;
}

/** The payload of a constructor with named arguments, or none; null after a diagnostic. */
export function namedPayload(
  { constructor: path, arguments: written, span }: tree.Expression & { kind: 'construct' },
  given: readonly TypedExpression[],
  labels: readonly string[],
  payload: Type,
  inference: Inference,
): TypedExpression | null {
  const name = path.name.text;
  if (labels.length === 0 && given.length === 0) {
    if (span.end > path.span.end) inference.report(errors.emptyArguments(span, name));
    return unitAt(span, inference);
  }
  const type = prune(payload);
  const typeOf = (label: string): Type =>
    (type.kind === 'record' ? type.fields.find((field) => field.name === label)?.type : undefined) ?? ERROR;
  const parameters = labels.map((label) => ({
    name: label,
    type: typeOf(label),
    span: null,
    hasDefault: false,
  }));
  const taker = { what: `the constructor \`${name}\``, name, parameters };
  const fields = matchArguments(taker, written, given, span, inference);
  return fields === null ? null : inference.node({ kind: 'record', fields, type: payload, span });
}
