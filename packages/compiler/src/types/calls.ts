import type { Span } from '@smc/protocol';
import type * as tree from '../syntax/tree.ts';
import * as names from '../errors/names.ts';
import * as errors from '../errors/types.ts';
import type { Callable } from './callables.ts';
import type { Inference } from './inference.ts';
import { suggest } from './suggest.ts';
import { prune, tupleOf, UNIT } from './type.ts';
import type { Type, TypedExpression } from './typed.ts';
import { differ } from './unify.ts';

/** Arguments of functions and constructors: how they are packed into one. */

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
  const open = from.kind === 'unknown' || from.kind === 'parameter';
  const expected = from.kind === 'unit' ? 0 : from.kind === 'tuple' ? from.items.length : 1;
  if (!open && given.length !== expected && (given.length !== 1 || expected === 0)) {
    const fitsUnit = given.length === 1 && !differ(given[0].type, UNIT);
    if (!(expected === 0 && fitsUnit)) {
      const declared = callable.definition?.name.span ?? null;
      inference.report(errors.wrongCount(span, `\`${callable.name}\``, expected, given.length, declared));
    }
  } else if (from.kind === 'tuple' && given.length === from.items.length) {
    for (const [i, value] of given.entries()) {
      inference.fit(value, from.items[i], argumentReason(callable, i, expected));
    }
  } else inference.fit(packed, from, argumentReason(callable, 0, 1));
  return packed;
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
  const place = parameter?.span ?? definition?.fromSpan ?? null;
  return {
    statement: (type) => `${which} of \`${name}\` is ${type}`,
    declared: place === null ? null : { span: place, text: 'declared here' },
    help: [],
  };
}

const constructorReason = (which: string, name: string): errors.Reason => ({
  statement: (type) => `${which} of \`${name}\` is ${type}`,
  declared: null,
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
  inference.fit(given[0], payload, constructorReason('the argument', name));
  return given[0];
}

/** The payload of a constructor with named arguments, or none; null after a diagnostic. */
export function namedPayload(
  expression: tree.Expression & { kind: 'construct' },
  given: readonly TypedExpression[],
  labels: readonly string[],
  payload: Type,
  inference: Inference,
): TypedExpression | null {
  const { span, arguments: written_ } = expression;
  const name = expression.constructor.name.text;
  const what = `the constructor \`${name}\``;
  const named = written_.filter((argument) => argument.name !== null).length;
  if (named > 0 && named < given.length) {
    const message = `some arguments of ${what} are named, some are not`;
    inference.report(errors.namedArguments(span, message, 'Name all or none.'));
    return null;
  }
  if (labels.length === 0 && given.length === 0) return unitAt(span, inference);
  const type = prune(payload);
  const seen = new Map<string, Span>();
  const fields: { name: string; value: TypedExpression }[] = [];
  for (const [i, { name: label, span: place }] of written_.entries()) {
    const field = label ?? { text: labels[i] ?? '', span: place };
    const first = seen.get(field.text);
    const declared =
      type.kind === 'record' ? type.fields.find((candidate) => candidate.name === field.text) : undefined;
    if (label !== null && declared === undefined) {
      const near = suggest(field.text, labels);
      inference.report(
        names.unknownField(field.span, field.text, `${name}(${labels.join(', ')})`, near, null),
      );
      return null;
    }
    if (label !== null && first !== undefined) {
      inference.report(names.duplicate(field.span, 'the argument', field.text, first));
      return null;
    }
    seen.set(field.text, field.span);
    if (declared !== undefined) {
      inference.fit(given[i], declared.type, constructorReason(`the argument \`${field.text}\``, name));
      fields.push({ name: field.text, value: given[i] });
    }
  }
  if (given.length !== labels.length) {
    inference.report(errors.wrongCount(span, what, labels.length, given.length, null));
    return null;
  }
  return inference.node({ kind: 'record', fields, type: payload, span });
}
