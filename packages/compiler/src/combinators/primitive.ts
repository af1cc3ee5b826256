import {
  BOOL,
  INT,
  INT_MAX,
  INT_MIN,
  LIST_HEADER_BYTES,
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
import type { Value, List } from '@smc/protocol';
import { COLLECTION_ROWS } from './primitives/collections.ts';
import { LIST_ROWS } from './primitives/lists.ts';
import {
  DIVISION,
  type Failure,
  OVERFLOW,
  type PrimitiveRow,
  TOO_LARGE,
  type Typing,
  free,
  from,
  fromPair,
  listOrTooLarge,
  one,
  pairOf,
  perItems,
  perUnits,
} from './primitives/row.ts';
import { TEXT_ROWS } from './primitives/text.ts';
import type { Primitive } from './term.ts';

export { Failure, OUT_OF_FUEL, TOO_LARGE } from './primitives/row.ts';

/**
 * The primitive arrows: the type of each, its fuel and its meaning, as the instruction table
 * has them. `run` is only called with a value of the type, after the fuel was paid. Written as
 * plainly as may be: the virtual machine is compared to it.
 */

// ------------------------------------------------------------------------- typing

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

// --------------------------------------------------------------------------- fuel

const perLarger = (value: Value, fuelLeft: number): number => {
  const [a, b] = value as readonly Value[];
  const max = payableBytes(fuelLeft);
  return Math.floor(Math.max(sizeWithin(a, max), sizeWithin(b, max)) / PER_FUEL.bytes);
};
const rangeLength = ([start, end]: readonly [number, number]): number => Math.max(0, end - start);

const arithmetic = (operation: (a: number, b: number) => number | Failure): PrimitiveRow => ({
  result: fromPair(INT, INT),
  fuel: free,
  run: integers(operation),
  faults: true,
});
const ordering = (holds: (sign: number) => boolean): PrimitiveRow => ({
  result: order,
  fuel: perLarger,
  run: comparison(holds),
  faults: false,
});

/** One row for each primitive. `+ 0` makes 0 of −0. */
export const PRIMITIVE_ROWS: { readonly [P in Primitive]: PrimitiveRow } = {
  ...TEXT_ROWS,
  ...LIST_ROWS,
  ...COLLECTION_ROWS,
  ADD: arithmetic((a, b) => inRange(a + b)),
  SUB: arithmetic((a, b) => inRange(a - b)),
  MUL: arithmetic((a, b) => inRange(a * b)),
  DIV: arithmetic((a, b) => (b === 0 ? DIVISION : Math.trunc(quotient(a, b)) + 0)),
  REM: arithmetic((a, b) => (b === 0 ? DIVISION : (a % b) + 0)),
  NEG: { result: from(INT, INT), fuel: free, run: (n) => 0 - (n as number), faults: false },
  EQ: {
    result: equality,
    fuel: perLarger,
    run: (value) => {
      const [a, b] = value as readonly Value[];
      return equal(a, b);
    },
    faults: false,
  },
  NE: {
    result: equality,
    fuel: perLarger,
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
