import {
  BOOL,
  INT,
  INT_MAX,
  INT_MIN,
  LIST_HEADER_BYTES,
  List,
  PER_FUEL,
  STRING,
  TIME,
  VALUE_LIMITS,
  compareStrings,
  equal,
  payableBytes,
  sizeOf,
  sizeWithin,
} from '@smc/protocol';
import type { TypeId, TypeTable, Value } from '@smc/protocol';
import type { Primitive } from './term.ts';

/**
 * The primitive arrows: the type of each, its fuel and its meaning, as the instruction table
 * has them. `run` is only called with a value of the type, after the fuel was paid.
 */

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
const OVERFLOW = new Failure('fault', 'integer overflow');
const DIVISION = new Failure('fault', 'division by zero');

interface PrimitiveRow {
  /** The type of the result for an argument of this type; null where it takes none such. */
  readonly result: (types: TypeTable, from: TypeId) => TypeId | null;
  /** What it costs; where that is above `fuelLeft`, some number that is. */
  readonly fuel: (value: Value, fuelLeft: number) => number;
  readonly run: (value: Value) => Value | Failure;
  /** Whether `run` can give a `Failure`. */
  readonly faults: boolean;
}

// ------------------------------------------------------------------------- typing

type Typing = PrimitiveRow['result'];

/** The two components of a pair, or null. */
function pairOf(types: TypeTable, type: TypeId): readonly [TypeId, TypeId] | null {
  const node = types.node(type);
  return node.kind === 'tuple' && node.items.length === 2 ? [node.items[0], node.items[1]] : null;
}

const from =
  (argument: TypeId, result: TypeId): Typing =>
  (_types, type) =>
    type === argument ? result : null;

const fromPair =
  (argument: TypeId, result: TypeId): Typing =>
  (types, type) => {
    const pair = pairOf(types, type);
    return pair !== null && pair[0] === argument && pair[1] === argument ? result : null;
  };

const equality: Typing = (types, type) => {
  const pair = pairOf(types, type);
  return pair !== null && pair[0] === pair[1] && types.isFirstOrder(pair[0]) ? BOOL : null;
};

const order: Typing = (types, type) => {
  const pair = pairOf(types, type);
  return pair !== null && pair[0] === pair[1] && [INT, TIME, STRING].includes(pair[0]) ? BOOL : null;
};

const append: Typing = (types, type) => {
  const pair = pairOf(types, type);
  if (pair === null) return null;
  const list = types.node(pair[0]);
  return list.kind === 'list' && list.item === pair[1] ? pair[0] : null;
};

const concatenation: Typing = (types, type) => {
  const pair = pairOf(types, type);
  return pair !== null && pair[0] === pair[1] && types.node(pair[0]).kind === 'list' ? pair[0] : null;
};

// ------------------------------------------------------------------------ meaning

type Run = PrimitiveRow['run'];

const integers =
  (operation: (a: number, b: number) => number | Failure): Run =>
  (value) => {
    const [a, b] = value as readonly [number, number];
    return operation(a, b);
  };

/** Out of range is a fault. A double that was rounded is out of range too, so this test is exact. */
const inRange = (n: number): number | Failure => (n >= INT_MIN && n <= INT_MAX ? n + 0 : OVERFLOW);

const comparison =
  (holds: (sign: number) => boolean): Run =>
  (value) => {
    const [a, b] = value as readonly [number, number] | readonly [string, string];
    if (typeof a === 'string') return holds(compareStrings(a, b as string));
    return holds(a < (b as number) ? -1 : a > (b as number) ? 1 : 0);
  };

const listOrTooLarge = (size: number, items: () => readonly Value[]): Value | Failure =>
  size > VALUE_LIMITS.valueBytesMax ? TOO_LARGE : new List(items(), size);

// --------------------------------------------------------------------------- fuel

const free = (): number => 0;
const one = (): number => 1;
const perBytes = (value: Value, fuelLeft: number): number => {
  const [a, b] = value as readonly Value[];
  const max = payableBytes(fuelLeft);
  return Math.floor(Math.max(sizeWithin(a, max), sizeWithin(b, max)) / PER_FUEL.bytes);
};
const perItems = (count: number): number => 1 + Math.floor(count / PER_FUEL.items);
const perUnits = (length: number): number => 1 + Math.floor(length / PER_FUEL.units);
const rangeLength = ([start, end]: readonly [number, number]): number => Math.max(0, end - start);

const arithmetic = (operation: (a: number, b: number) => number | Failure): PrimitiveRow => ({
  result: fromPair(INT, INT),
  fuel: free,
  run: integers(operation),
  faults: true,
});
const ordering = (holds: (sign: number) => boolean): PrimitiveRow => ({
  result: order,
  fuel: perBytes,
  run: comparison(holds),
  faults: false,
});

/** One row for each primitive. `+ 0` makes 0 of −0. */
export const PRIMITIVE_ROWS: { readonly [P in Primitive]: PrimitiveRow } = {
  ADD: arithmetic((a, b) => inRange(a + b)),
  SUB: arithmetic((a, b) => inRange(a - b)),
  MUL: arithmetic((a, b) => inRange(a * b)),
  DIV: arithmetic((a, b) => (b === 0 ? DIVISION : Math.trunc(quotient(a, b)) + 0)),
  REM: arithmetic((a, b) => (b === 0 ? DIVISION : (a % b) + 0)),
  NEG: { result: from(INT, INT), fuel: free, run: (n) => 0 - (n as number), faults: false },
  EQ: {
    result: equality,
    fuel: perBytes,
    run: (value) => {
      const [a, b] = value as readonly Value[];
      return equal(a, b);
    },
    faults: false,
  },
  NE: {
    result: equality,
    fuel: perBytes,
    run: (value) => {
      const [a, b] = value as readonly Value[];
      return !equal(a, b);
    },
    faults: false,
  },
  LT: ordering((sign) => sign < 0),
  LE: ordering((sign) => sign <= 0),
  GT: ordering((sign) => sign > 0),
  GE: ordering((sign) => sign >= 0),
  NOT: { result: from(BOOL, BOOL), fuel: free, run: (value) => value !== true, faults: false },
  INT_TO_STRING: {
    result: from(INT, STRING),
    fuel: one,
    run: (value) => String(value as number),
    faults: false,
  },
  STRING_CONCAT: {
    result: fromPair(STRING, STRING),
    fuel: (value) => {
      const [a, b] = value as readonly [string, string];
      return perUnits(a.length + b.length);
    },
    run: (value) => {
      const [a, b] = value as readonly [string, string];
      return a.length + b.length > VALUE_LIMITS.stringLengthMax ? TOO_LARGE : a + b;
    },
    faults: true,
  },
  STRING_LENGTH: {
    result: from(STRING, INT),
    fuel: (value) => perUnits((value as string).length),
    run: (value) => {
      let length = 0;
      for (const _ of value as string) length++;
      return length;
    },
    faults: false,
  },
  LIST_APPEND: {
    result: append,
    fuel: (value, fuelLeft) => {
      const [list, item] = value as readonly [List, Value];
      const size = sizeWithin(item, payableBytes(fuelLeft));
      return perItems(list.items.length) + Math.floor(size / PER_FUEL.bytes);
    },
    run: (value) => {
      const [list, item] = value as readonly [List, Value];
      return listOrTooLarge(list.size + sizeOf(item), () => [...list.items, item]);
    },
    faults: true,
  },
  LIST_CONCAT: {
    result: concatenation,
    fuel: (value) => {
      const [a, b] = value as readonly [List, List];
      return perItems(a.items.length + b.items.length);
    },
    run: (value) => {
      const [a, b] = value as readonly [List, List];
      return listOrTooLarge(a.size + b.size - LIST_HEADER_BYTES, () => [...a.items, ...b.items]);
    },
    faults: true,
  },
  LIST_LENGTH: {
    result: (types, type) => (types.node(type).kind === 'list' ? INT : null),
    fuel: one,
    run: (value) => (value as List).items.length,
    faults: false,
  },
  LIST_RANGE: {
    result: (types, type) => (fromPair(INT, INT)(types, type) === null ? null : types.list(INT)),
    fuel: (value) => perItems(rangeLength(value as readonly [number, number])),
    run: (value) => {
      const range = value as readonly [number, number];
      const length = rangeLength(range);
      return listOrTooLarge(LIST_HEADER_BYTES + 8 * length, () =>
        Array.from({ length }, (_, i) => range[0] + i),
      );
    },
    faults: true,
  },
};

/** a / b, exact after truncation: a double quotient of safe integers can round up to the next integer. */
function quotient(a: number, b: number): number {
  return (a - (a % b)) / b;
}
