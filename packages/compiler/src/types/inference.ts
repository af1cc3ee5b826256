import type { Diagnostic, Span } from '@smc/protocol';
import * as errors from '../errors/types.ts';
import type { Reason } from '../errors/types.ts';
import type { Scheme } from './built-in-modules.ts';
import { culpritsOf, isEmpty, sourceOf, type Culprit, type Output } from './culprit.ts';
import type { Report } from './report.ts';
import {
  importOf,
  Locals,
  type MachineScope,
  type ModuleScope,
  type Mutable,
  type Site,
  type Use,
} from './scope.ts';
import {
  ERROR,
  foldType,
  isTooLarge,
  measureNode,
  notKeyPart,
  parametersIn,
  partsOf,
  prune,
  settledNode,
  substitute,
  type Measure,
} from './type.ts';
import type {
  Effects,
  Local,
  Type,
  TypedArrowExpression,
  TypedBlock,
  TypedCommand,
  TypedExpression,
  TypedPattern,
} from './typed.ts';
import { difference, unify } from './unify.ts';

/** What is known where the body of one declaration is checked. */
export interface Place {
  readonly module: ModuleScope;
  readonly machine: MachineScope | null;
  readonly typeParameters: ReadonlyMap<string, Type>;
  /** Uses of definitions and effects are added to these. */
  readonly uses: Use[];
  readonly effects: Mutable<Effects>;
  /** In a clause of an upgrade, where `fail("why")` is an expression. */
  readonly mayFail: boolean;
  /** In an initial state or a test, where no command is near. */
  readonly isConstant: boolean;
  /** Type parameters that turn out to be keys are added to these; null where there are none. */
  readonly keyParameters?: Set<number>;
}

/** The type that a place should have, so that of two branches the right one is blamed. */
export interface Wanted {
  readonly type: Type;
  /** `the reply of \`Read\`` */
  readonly what: string;
}

/** Of what is wrong with one value, at most so much is told. */
const MISMATCHES_MAX = 8;

interface Slot {
  type: Type;
}

type SlotNode = Slot | TypedExpression | TypedPattern;

/** A type without solved unknowns, and its size. */
interface Settled {
  readonly type: Type;
  readonly size: Measure;
}

/**
 * The inference of one declaration: Hindley–Milner without generalisation, since all that is
 * generic has its type written. Invariants: a type in a node is settled, once, at the end
 * (`finish`), when all unknowns that can be are solved; a check that needs a type that is not
 * known yet waits till then.
 */
export class Inference {
  readonly place: Place;
  readonly reporter: Report;
  readonly #slots: { slot: Mutable<Slot>; span: Span | null }[] = [];
  readonly #arrows: Mutable<TypedArrowExpression>[] = [];
  readonly #lists: { readonly types: Type[]; readonly span: Span }[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #keys: { readonly type: Type; readonly span: Span; readonly site: Site }[] = [];
  /** Parameters of functions in place that stand for all that these take: how much, in a call of what. */
  readonly #wholes = new Map<Local, { readonly called: string; readonly count: number }>();
  readonly #errorsBefore: number;
  #unknowns = 0;

  constructor(place: Place, report: Report) {
    this.place = place;
    this.reporter = report;
    this.#errorsBefore = report.count;
  }

  report(diagnostic: Diagnostic): void {
    this.reporter.add(diagnostic);
  }

  /** How many errors there are so far: none is reported twice where this has grown. */
  get errors(): number {
    return this.reporter.count;
  }

  fresh(): Type {
    return { kind: 'unknown', cell: { id: this.#unknowns++, solution: null } };
  }

  /** Types for the parameters of a declaration, at a use of it. */
  freshList(length: number, span: Span): readonly Type[] {
    const types: Type[] = [];
    while (types.length < length) types.push(this.fresh());
    if (length > 0) this.#lists.push({ types, span });
    return types;
  }

  /** The type of a scheme at a use of it, at `span`. */
  instantiate(scheme: Scheme, span: Span, site: Site): { from: Type; to: Type } {
    const types = this.freshList(scheme.parameters, span);
    this.#keys.push(...(scheme.keys ?? []).map((index) => ({ type: types[index], span, site })));
    return { from: substitute(scheme.from, types), to: substitute(scheme.to, types) };
  }

  /** Takes a node into what is settled at the end. */
  node<N extends TypedExpression | TypedPattern | TypedCommand | TypedBlock>(node: N): N {
    this.#slots.push({ slot: node, span: node.span });
    return node;
  }

  arrow<N extends TypedArrowExpression>(node: N): N {
    this.#arrows.push(node);
    return node;
  }

  local(name: string, type: Type, span: Span): Local {
    const local: Local = { name, type, span };
    this.#slots.push({ slot: local, span });
    return local;
  }

  /** A parameter that stands for all `count` that a function in place takes, in a call of `called`. */
  standsForSeveral(local: Local, called: string, count: number): void {
    this.#wholes.set(local, { called, count });
  }

  /** What to write where such a parameter was taken for one of them; null where a value is none. */
  apartHelp(value: TypedExpression | null): string | null {
    const whole = value?.kind === 'local' ? this.#wholes.get(value.local) : undefined;
    return whole === undefined || value?.kind !== 'local'
      ? null
      : errors.parametersApart(value.local.name, whole.called, whole.count);
  }

  /** What is visible everywhere in a machine: its key. */
  topLocals(): Locals {
    const locals = new Locals(null);
    const key = this.place.machine?.typed.keyLocal ?? null;
    if (key !== null) locals.bind(key);
    return locals;
  }

  /** Runs a check when all is known. */
  later(check: () => void): void {
    this.#waiting.push(check);
  }

  /** Makes two types the same; false where they differ. What is too large is reported here. */
  unify(left: Type, right: Type, span: Span): boolean {
    const outcome = unify(left, right);
    if (outcome === 'too large') this.#reportTooLarge(span);
    return outcome !== 'different';
  }

  /** Checks that a value fits; where it does not, says why it should. */
  fit(value: TypedExpression, expected: Type, reason: Reason): boolean {
    return this.fitAt(value.type, [outputOf(value)], expected, reason);
  }

  /** As `fit`, for what has one output or several, all of one type: each part of them that does not fit is told. */
  fitAt(actual: Type, outputs: readonly Output[], expected: Type, reason: Reason): boolean {
    if (this.unify(actual, expected, outputs[0].span)) return true;
    const wrong = outputs.flatMap((output) => {
      const culprits = output.value === null ? [] : culpritsOf(output.value, expected);
      return culprits.map((culprit) => ({ output, culprit }));
    });
    if (wrong.length === 0) this.#reportMismatch(outputs[0], null, false, expected, reason);
    for (const { output, culprit } of wrong.slice(0, MISMATCHES_MAX))
      this.#reportMismatch(output, culprit, wrong.length > 1, expected, reason);
    return false;
  }

  /** `isOneOfMany`: whether the whole has other parts that are wrong, too. */
  #reportMismatch(
    { span, type: actual, value }: Output,
    culprit: Culprit | null,
    isOneOfMany: boolean,
    expected: Type,
    reason: Reason,
  ): void {
    const wrong = culprit === null ? { node: value, expected, path: [] } : culprit;
    // A part is shown in the whole, a part of a part and one of several parts alone.
    const part = culprit === null || culprit.node === value ? span : resultOf(culprit.node);
    const isWhole = wrong.path.length <= 1 && !isOneOfMany;
    const inner = difference(wrong.expected, culprit?.node.type ?? actual);
    const where = { ...inner, path: [...wrong.path, ...inner.path] };
    const apart = this.apartHelp(wrong.node);
    const fields = wrong.node?.kind === 'record' && inner.path.length === 0 ? wrong.node.fields : [];
    this.report(
      errors.mismatch({
        reason: apart === null ? reason : { ...reason, help: [...reason.help, apart] },
        expected,
        actual,
        difference: where,
        span: isWhole ? span : part,
        shown: isWhole ? actual : inner.actual,
        part,
        fields,
        importOf: (declaration) => importOf(declaration, this.place.module),
      }),
    );
  }

  /** Settles all types. To be called once, when the declaration has been walked. */
  finish(): void {
    for (const check of this.#waiting) check();
    for (const arrow of this.#arrows) {
      arrow.from = this.#settle(arrow.from, arrow.span);
      arrow.to = this.#settle(arrow.to, arrow.span);
    }
    for (const { slot, span } of this.#slots) slot.type = this.#settle(slot.type, span, slot);
    for (const { types } of this.#lists)
      for (let i = 0; i < types.length; i++) types[i] = this.#settle(types[i], null);
    for (const { type, span, site } of this.#keys) {
      this.#checkKey(this.#settle(type, null), span, site.argument);
    }
    this.#refuseFunctionsAsData();
  }

  /**
   * A function is an argument, or the parameter that takes one, and nothing else: what is built of
   * one, named or put for a type variable would have to be a value. What names one in a wrong place
   * is told where it is met; here are types that only all of a declaration determines.
   */
  #refuseFunctionsAsData(): void {
    const holding = this.#holdingFunctions;
    if (this.errors > this.#errorsBefore || holding.size === 0) return;
    for (const { slot, span } of this.#slots) {
      if (span === null || !holding.has(slot.type) || mayHoldFunction(slot, holding)) continue;
      return this.report(errors.functionInValue(span, slot.type));
    }
    for (const { from, to, span } of this.#arrows) {
      if (holding.has(from) || holding.has(to)) {
        return this.report(errors.functionAsData(span, 'what flows through an arrow'));
      }
    }
    for (const { types, span } of this.#lists) {
      const wrong = types.find((type) => holding.has(type));
      if (wrong !== undefined) return this.report(errors.functionForVariable(span, wrong));
    }
  }

  /** What is empty has its key of something else, which is looked at first. */
  #checkKeyOf(slot: SlotNode | null, key: Type, span: Span): void {
    const collection = collectionIn(slot);
    if (collection === null || !isEmpty(collection)) this.#checkKey(key, span, collection);
    else this.#keys.push({ type: key, span, site: { argument: null } });
  }

  /** Notes the type parameters of a key, and says where a type is none. */
  #checkKey(key: Type, span: Span, source: TypedExpression | null): void {
    const part = notKeyPart(key);
    for (const parameter of parametersIn(key)) this.place.keyParameters?.add(parameter);
    if (part === null || this.#keyReported) return;
    this.#keyReported = true;
    this.report(errors.notKey(source === null ? span : sourceOf(source, part).span, key, part));
  }

  /** What is built of it has it in it as well. */
  #keyReported = false;
  #tooLargeReported = false;
  readonly #settled = new Map<Type, Settled>();
  /** The settled types with a function anywhere in them. */
  readonly #holdingFunctions = new Set<Type>();

  #settle(type: Type, span: Span | null, slot: SlotNode | null = null): Type {
    const known = prune(type);
    if (known.kind !== 'unknown' && partsOf(known).length === 0) return known;
    const { type: result, size } = foldType<Settled>(known, this.#settled, (seen, parts) => {
      const own = settledNode(
        seen,
        parts.map((part) => part.type),
      );
      const key = own.kind === 'map' ? own.key : own.kind === 'set' ? own.item : null;
      if (span !== null && key !== null) this.#checkKeyOf(slot, key, span);
      if (own.kind === 'function' || parts.some(({ type: part }) => this.#holdingFunctions.has(part)))
        this.#holdingFunctions.add(own);
      const sizes = parts.map((part) => part.size);
      return { type: own, size: measureNode(own, sizes) };
    });
    if (!isTooLarge(size)) return result;
    if (span !== null) this.#reportTooLarge(span);
    return ERROR;
  }

  /** What is built of it is too large as well: one report for a declaration is enough. */
  #reportTooLarge(span: Span): void {
    if (!this.#tooLargeReported) this.report(errors.typeTooLarge(span));
    this.#tooLargeReported = true;
  }
}

/** An expression as the one place that gives its value. */
export const outputOf = (value: TypedExpression): Output => ({
  span: resultOf(value),
  type: value.type,
  value,
});

/** The expression that makes a collection, where a node is one. */
function collectionIn(slot: SlotNode | null): TypedExpression | null {
  if (slot === null || !('kind' in slot)) return null;
  return slot.kind === 'call' || slot.kind === 'map' || slot.kind === 'set' ? slot : null;
}

/** Whether a function may be in the type of this: an argument, all arguments together, a parameter. */
function mayHoldFunction(slot: SlotNode, holding: ReadonlySet<Type>): boolean {
  // The pattern that binds a local is a slot of its own.
  if (!('kind' in slot)) return true;
  const isFunction = slot.type.kind === 'function';
  const areArguments =
    slot.type.kind === 'tuple' &&
    slot.type.items.every((item) => item.kind === 'function' || !holding.has(item));
  switch (slot.kind) {
    case 'lambda':
    case 'function':
      return true;
    case 'bind':
      return isFunction;
    case 'wildcard':
      return isFunction || areArguments;
    case 'tuple':
      return areArguments;
    default:
      return false;
  }
}

/** The place whose value a whole expression gives. */
export function resultOf(expression: TypedExpression): Span {
  let seen = expression;
  while (seen.kind === 'let' && seen.body.span !== seen.span) seen = seen.body;
  return seen.span;
}
