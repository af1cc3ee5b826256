import type { Value } from '@smc/protocol';
import type { OperationName } from './lir.ts';

/**
 * What stack code works on while it is run symbolically: values of which something is known
 * before they are there. Each is one step of a graph whose parts are shared, so they are told
 * apart by identity, and never walked as trees.
 *
 * `depth` is the number of frames (`Emitter`) that were open where the value was made: it is
 * the same for as long as no other is closed. `operand` is the register or constant that holds
 * the value itself, where it was needed and made.
 */
interface Made {
  readonly depth: number;
  operand: number | null;
}

/** A value that is made from others. */
interface Compound extends Made {
  /** Operations and operands that make it, with all that it is made from; without, where it is made for good. */
  weight: number;
}

/** A value whose components, if it has any, are read off it. */
interface Whole extends Made {
  /** Those that were asked for, by index: of a thousand it may be the last, of thousands of values. */
  components: Map<number, Symbolic> | null;
}

/** A value in a register. */
export interface InRegister extends Whole {
  readonly kind: 'register';
}

export interface Constant extends Whole {
  readonly kind: 'constant';
  readonly value: Value;
}

/** A tuple or a record that is known by its components, and may never be made. */
export interface ProductOf extends Compound {
  readonly kind: 'product';
  readonly parts: readonly Symbolic[];
}

/** A sum whose constructor is known. */
export interface Variant extends Compound {
  readonly kind: 'variant';
  readonly tag: number;
  readonly payload: Symbolic;
}

/** An Option whose optional (undefined, or the payload) is in a register. */
export interface Optional extends Made {
  readonly kind: 'optional';
  readonly raw: number;
}

/** Operations that give a Bool of two operands, and have a branch. */
export type ComparisonName = 'SAME' | 'DIFFERENT' | 'LESS' | 'NOT_GREATER';

/** A Bool that is the result of a comparison which is not made yet. */
export interface Comparison extends Made {
  readonly kind: 'comparison';
  readonly name: ComparisonName;
  readonly left: number;
  readonly right: number;
}

/** A list of integers, paid for and not made yet. It is one value, made at one place: so it is made once for what was paid. */
export interface Range extends Made {
  readonly kind: 'range';
  readonly start: number;
  readonly length: number;
}

/** Where the body of a closure stands. */
export interface Body {
  /** The function that it is in. */
  readonly function: number;
  readonly start: number;
  readonly end: number;
}

export interface ClosureOf extends Compound {
  readonly kind: 'closure';
  readonly body: Body;
  readonly environment: Symbolic;
}

/** What one pure operation gives that may never be needed. */
export interface Deferred extends Whole, Compound {
  readonly kind: 'deferred';
  readonly name: OperationName & ('STATE' | 'KEY' | 'NOW' | 'COMPONENT' | 'PAYLOAD');
  readonly base: Symbolic | null;
  readonly immediate: number;
}

export type Symbolic =
  | InRegister
  | Constant
  | ProductOf
  | Variant
  | Optional
  | Comparison
  | Range
  | ClosureOf
  | Deferred;

export const inRegister = (register: number, depth: number): InRegister => ({
  kind: 'register',
  depth,
  operand: register,
  components: null,
});

/** A constant whose operand is not asked for yet, if it is null. */
export const constant = (value: Value, operand: number | null): Constant => ({
  kind: 'constant',
  value,
  depth: 0,
  operand,
  components: null,
});

export const deferred = (
  name: Deferred['name'],
  base: Symbolic | null,
  immediate: number,
  depth: number,
): Deferred => ({
  kind: 'deferred',
  name,
  base,
  immediate,
  depth,
  operand: null,
  components: null,
  weight: weightFrom(base === null ? [] : [base]),
});

export const product = (parts: readonly Symbolic[], depth: number): ProductOf => ({
  kind: 'product',
  parts,
  depth,
  operand: null,
  weight: weightFrom(parts),
});

export const variant = (tag: number, payload: Symbolic, depth: number): Variant => ({
  kind: 'variant',
  tag,
  payload,
  depth,
  operand: null,
  weight: weightFrom([payload]),
});

export const closure = (body: Body, environment: Symbolic, depth: number): ClosureOf => ({
  kind: 'closure',
  body,
  environment,
  depth,
  operand: null,
  weight: weightFrom([environment]),
});

const weightFrom = (from: readonly Symbolic[]): number =>
  from.reduce((sum, source) => sum + 1 + weightOf(source), 1);

/** Operations and operands that a value may take where it is needed. */
export function weightOf(value: Symbolic): number {
  switch (value.kind) {
    case 'register':
    case 'constant':
    // It is made once, wherever it is needed.
    case 'range':
      return 0;
    case 'optional':
      return 2;
    case 'comparison':
      return 3;
    default:
      return value.weight;
  }
}

/** How many components are known without a look at the type: of a product that was put together, or a constant. */
export function partsKnown(value: Symbolic): number {
  if (value.kind === 'product') return value.parts.length;
  return value.kind === 'constant' && Array.isArray(value.value) ? value.value.length : 0;
}

/** What a value is made from, that has to be there before it. */
export function sources(value: Symbolic): readonly Symbolic[] {
  switch (value.kind) {
    case 'product':
      return value.parts;
    case 'variant':
      return [value.payload];
    case 'closure':
      return [value.environment];
    case 'deferred':
      return value.base === null ? [] : [value.base];
    default:
      return [];
  }
}

const NEGATIONS = {
  SAME: 'DIFFERENT',
  DIFFERENT: 'SAME',
  LESS: 'NOT_GREATER',
  NOT_GREATER: 'LESS',
} as const;

/** The comparison that holds where this one does not. */
export function negate({ name, left, right, depth }: Comparison): Comparison {
  const isOrder = name === 'LESS' || name === 'NOT_GREATER';
  const [first, second] = isOrder ? [right, left] : [left, right];
  return { kind: 'comparison', name: NEGATIONS[name], left: first, right: second, depth, operand: null };
}
