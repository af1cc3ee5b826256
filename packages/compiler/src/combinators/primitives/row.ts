import {
  type TypeId,
  type TypeTable,
  type Value,
  VALUE_LIMITS,
  List,
  PER_FUEL,
  payableBytes,
  sizeWithin,
} from '@smc/protocol';

/** What every row of the primitive arrows is made of. */

/** Why a term gives no value: the program's fault, or a limit was reached. */
export class Failure {
  readonly kind: 'fault' | 'exhausted';
  readonly message: string;

  constructor(kind: 'fault' | 'exhausted', message: string) {
    this.kind = kind;
    this.message = message;
  }
}

/** The failure of a step that took too long. */
export const OUT_OF_FUEL = new Failure('exhausted', 'out of fuel');
/** The failure of a step that made too large a value. */
export const TOO_LARGE = new Failure('exhausted', 'value too large');
export const OVERFLOW = new Failure('fault', 'integer overflow');
export const DIVISION = new Failure('fault', 'division by zero');

/** One primitive arrow. */
export interface PrimitiveRow {
  /** The type of the result for an argument of this type; null where it takes none such. */
  readonly result: (types: TypeTable, from: TypeId) => TypeId | null;
  /** What it costs; where that is above `fuelLeft`, some number that is. */
  readonly fuel: (value: Value, fuelLeft: number) => number;
  /** `types` and `from` say the order of keys, where one is needed. */
  readonly run: (value: Value, types: TypeTable, from: TypeId) => Value | Failure;
  /** Whether `run` can give a `Failure`. */
  readonly faults: boolean;
}

// ------------------------------------------------------------------------- typing

/** The typing rule of a row. */
export type Typing = PrimitiveRow['result'];

/** The two components of a pair, or null. */
export function pairOf(types: TypeTable, type: TypeId): readonly [TypeId, TypeId] | null {
  const node = types.node(type);
  return node.kind === 'tuple' && node.items.length === 2 ? [node.items[0], node.items[1]] : null;
}

export const from =
  (argument: TypeId, result: TypeId): Typing =>
  (_types, type) =>
    type === argument ? result : null;

export const fromPair =
  (argument: TypeId, result: TypeId): Typing =>
  (types, type) => {
    const pair = pairOf(types, type);
    return pair !== null && pair[0] === argument && pair[1] === argument ? result : null;
  };

/** From exactly this tuple. */
export const fromTuple =
  (items: readonly TypeId[], result: (types: TypeTable) => TypeId): Typing =>
  (types, type) =>
    types.tuple(items) === type ? result(types) : null;

/** The item of a list type, or null. */
export function itemOf(types: TypeTable, type: TypeId): TypeId | null {
  const node = types.node(type);
  return node.kind === 'list' ? node.item : null;
}

// ------------------------------------------------------------------- fuel and meaning

export const free = (): number => 0;
export const one = (): number => 1;
export const perItems = (count: number): number => 1 + Math.floor(count / PER_FUEL.items);
export const perUnits = (length: number): number => 1 + Math.floor(length / PER_FUEL.units);
export const perBytes = (bytes: number): number => Math.floor(bytes / PER_FUEL.bytes);

/** The fuel of measuring a value, where so much is left. */
export const measuring = (value: Value, fuelLeft: number): number =>
  perBytes(sizeWithin(value, payableBytes(fuelLeft)));

/** ⌊log₂(n + 1)⌋ */
export function heightOf(count: number): number {
  let height = 0;
  while (2 ** (height + 1) <= count + 1) height++;
  return height;
}

/** Fuel of ordering n things of so many bytes. */
export const sorting = (count: number, bytes: number): number =>
  1 + (heightOf(count) + 1) * (count + perBytes(bytes));

export const listOrTooLarge = (size: number, items: () => readonly Value[]): Value | Failure =>
  size > VALUE_LIMITS.valueBytesMax ? TOO_LARGE : new List(items(), size);
