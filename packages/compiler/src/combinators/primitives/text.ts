import {
  BOOL,
  BYTES,
  INT,
  INT_MAX,
  LIST_HEADER_BYTES,
  STRING,
  STRING_HEADER_BYTES,
  Sum,
  TIME,
  TIME_MAX,
  VALUE_LIMITS,
  encodeUtf8,
  readUtf8,
  toLowerCase,
  toUpperCase,
  trim,
} from '@smc/protocol';
import type { Value, List } from '@smc/protocol';
import {
  Failure,
  OVERFLOW,
  TOO_LARGE,
  free,
  from,
  fromPair,
  fromTuple,
  listOrTooLarge,
  perBytes,
  perUnits,
  type PrimitiveRow,
} from './row.ts';

/** Integers and text, strings, bytes, times. */

const TIME_RANGE = new Failure('fault', 'time out of range');

const none = new Sum(0, null);
const some = (value: Value): Value => new Sum(1, value);

const optionFrom =
  (argument: number, item: number): PrimitiveRow['result'] =>
  (types, type) =>
    type === argument ? types.option(item) : null;

const stringOrTooLarge = (text: string): Value | Failure =>
  text.length > VALUE_LIMITS.stringLengthMax ? TOO_LARGE : text;

const bytesOrTooLarge = (bytes: Uint8Array): Value | Failure =>
  bytes.length > VALUE_LIMITS.valueBytesMax ? TOO_LARGE : bytes;

const units = (value: Value): number => (value as string).length;
const strings = (value: Value): readonly [string, string] => value as unknown as readonly [string, string];

/** The scalar values of a string. */
const scalars = (text: string): readonly string[] => Array.from(text);

const searching = (value: Value): number => {
  const [text, sought] = strings(value);
  return 1 + Math.floor(text.length / 16) * (1 + Math.floor(sought.length / 4));
};

const between = <T>(items: readonly T[], start: number, end: number): readonly T[] =>
  items.filter((_, i) => i >= start && i < end);

const row = (
  result: PrimitiveRow['result'],
  fuel: PrimitiveRow['fuel'],
  run: PrimitiveRow['run'],
  faults = false,
): PrimitiveRow => ({ result, fuel, run, faults });

const numbers = (value: Value): readonly [number, number] => value as unknown as readonly [number, number];

const timeOrFault = (millis: number): Value | Failure =>
  Math.abs(millis) > TIME_MAX ? TIME_RANGE : millis + 0;

const times = ([text, count]: readonly [string, number]): number => text.length * Math.max(0, count);

export const TEXT_ROWS = {
  INT_PARSE: row(
    optionFrom(STRING, INT),
    (value) => perUnits(units(value)),
    (value) => {
      if (!/^-?[0-9]+$/.test(value as string)) return none;
      const number = BigInt(value as string);
      return number > INT_MAX || number < -INT_MAX ? none : some(Number(number));
    },
  ),
  INT_MIN: row(fromPair(INT, INT), free, (value) => Math.min(...numbers(value))),
  INT_MAX: row(fromPair(INT, INT), free, (value) => Math.max(...numbers(value))),
  INT_ABS: row(from(INT, INT), free, (value) => Math.abs(value as number)),
  STRING_JOIN: row(
    (types, type) => (types.pair(types.list(STRING), STRING) === type ? STRING : null),
    (value, fuelLeft) => {
      const [list, separator] = value as unknown as readonly [List, string];
      const count = list.items.length;
      if (count >= fuelLeft) return 1 + count;
      const length = list.items.reduce<number>((sum, item) => sum + units(item), 0);
      return 1 + count + Math.floor((length + separator.length * Math.max(0, count - 1)) / 16);
    },
    (value) => {
      const [list, separator] = value as unknown as readonly [List, string];
      const length = list.items.reduce<number>((sum, item) => sum + units(item) + separator.length, 0);
      if (length - separator.length > VALUE_LIMITS.stringLengthMax) return TOO_LARGE;
      return (list.items as readonly string[]).join(separator);
    },
    true,
  ),
  STRING_SPLIT: row(
    (types, type) => (types.pair(STRING, STRING) === type ? types.list(STRING) : null),
    (value) => {
      const [text, separator] = strings(value);
      return 1 + text.length * (1 + Math.floor(separator.length / 16));
    },
    (value) => {
      const [text, separator] = strings(value);
      const parts = separator === '' ? scalars(text) : text.split(separator);
      const size = parts.reduce(
        (sum, part) => sum + STRING_HEADER_BYTES + 2 * part.length,
        LIST_HEADER_BYTES,
      );
      return listOrTooLarge(size, () => parts);
    },
    true,
  ),
  STRING_SLICE: row(
    fromTuple([STRING, INT, INT], () => STRING),
    (value) => perUnits(units((value as readonly Value[])[0])),
    (value) => {
      const [text, start, end] = value as unknown as readonly [string, number, number];
      return between(scalars(text), start, end).join('');
    },
  ),
  STRING_CONTAINS: row(fromPair(STRING, BOOL), searching, (value) => {
    const [text, sought] = strings(value);
    return text.includes(sought);
  }),
  STRING_STARTS_WITH: row(
    fromPair(STRING, BOOL),
    (value) => perUnits(strings(value)[1].length),
    (value) => strings(value)[0].startsWith(strings(value)[1]),
  ),
  STRING_ENDS_WITH: row(
    fromPair(STRING, BOOL),
    (value) => perUnits(strings(value)[1].length),
    (value) => strings(value)[0].endsWith(strings(value)[1]),
  ),
  STRING_INDEX_OF: row(
    (types, type) => (types.pair(STRING, STRING) === type ? types.option(INT) : null),
    searching,
    (value) => {
      const [text, sought] = strings(value);
      const at = text.indexOf(sought);
      return at < 0 ? none : some(scalars(text.slice(0, at)).length);
    },
  ),
  STRING_TO_UPPER: row(
    from(STRING, STRING),
    (value) => 1 + units(value),
    (value) => stringOrTooLarge(toUpperCase(value as string)),
    true,
  ),
  STRING_TO_LOWER: row(
    from(STRING, STRING),
    (value) => 1 + units(value),
    (value) => stringOrTooLarge(toLowerCase(value as string)),
    true,
  ),
  STRING_TRIM: row(
    from(STRING, STRING),
    (value) => perUnits(units(value)),
    (value) => trim(value as string),
  ),
  STRING_REPEAT: row(
    fromTuple([STRING, INT], () => STRING),
    (value) => perUnits(times(value as unknown as readonly [string, number])),
    (value) => {
      const pair = value as unknown as readonly [string, number];
      const length = times(pair);
      if (length > VALUE_LIMITS.stringLengthMax) return TOO_LARGE;
      return length === 0 ? '' : pair[0].repeat(pair[1]);
    },
    true,
  ),
  STRING_TO_BYTES: row(
    from(STRING, BYTES),
    (value) => 1 + Math.floor(units(value) / 4),
    (value) => encodeUtf8(value as string),
  ),
  BYTES_LENGTH: row(from(BYTES, INT), free, (value) => (value as Uint8Array).length),
  BYTES_GET: row(
    (types, type) => (types.pair(BYTES, INT) === type ? types.option(INT) : null),
    free,
    (value) => {
      const [bytes, at] = value as unknown as readonly [Uint8Array, number];
      return at in bytes ? some(bytes[at]) : none;
    },
  ),
  BYTES_SLICE: row(
    fromTuple([BYTES, INT, INT], () => BYTES),
    (value) => 1 + perBytes(((value as readonly Value[])[0] as Uint8Array).length),
    (value) => {
      const [bytes, start, end] = value as unknown as readonly [Uint8Array, number, number];
      return bytes.filter((_, i) => i >= start && i < end);
    },
  ),
  BYTES_CONCAT: row(
    fromPair(BYTES, BYTES),
    (value) => {
      const [left, right] = value as unknown as readonly [Uint8Array, Uint8Array];
      return 1 + perBytes(left.length + right.length);
    },
    (value) => {
      const [left, right] = value as unknown as readonly [Uint8Array, Uint8Array];
      return bytesOrTooLarge(joined([left, right]));
    },
    true,
  ),
  BYTES_FLATTEN: row(
    (types, type) => (types.list(BYTES) === type ? BYTES : null),
    (value, fuelLeft) => {
      const { items } = value as List;
      if (items.length >= fuelLeft) return 1 + items.length;
      const length = items.reduce<number>((sum, item) => sum + (item as Uint8Array).length, 0);
      return 1 + items.length + perBytes(length);
    },
    (value) => joined((value as List).items as readonly Uint8Array[]),
  ),
  BYTES_TO_STRING: row(
    optionFrom(BYTES, STRING),
    (value) => 1 + Math.floor((value as Uint8Array).length / 4),
    (value) => {
      const text = readUtf8(value as Uint8Array, 0, (value as Uint8Array).length);
      if (typeof text === 'number') return none;
      return text.length > VALUE_LIMITS.stringLengthMax ? TOO_LARGE : some(text);
    },
    true,
  ),
  BYTES_FROM_HEX: row(
    optionFrom(STRING, BYTES),
    (value) => 1 + Math.floor(units(value) / 4),
    (value) => {
      if (!/^([0-9a-fA-F]{2})*$/.test(value as string)) return none;
      const pairs = (value as string).match(/../g) ?? [];
      return some(Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16)));
    },
  ),
  BYTES_TO_HEX: row(
    from(BYTES, STRING),
    (value) => 1 + Math.floor((value as Uint8Array).length / 4),
    (value) => {
      if (2 * (value as Uint8Array).length > VALUE_LIMITS.stringLengthMax) return TOO_LARGE;
      return Array.from(value as Uint8Array, (byte) => byte.toString(16).padStart(2, '0')).join('');
    },
    true,
  ),
  TIME_TO_MILLIS: row(from(TIME, INT), free, (value) => value),
  TIME_FROM_MILLIS: row(from(INT, TIME), free, (value) => timeOrFault(value as number), true),
  TIME_ADD_MILLIS: row(
    fromTuple([TIME, INT], () => TIME),
    free,
    (value) => timeOrFault(numbers(value)[0] + numbers(value)[1]),
    true,
  ),
  TIME_DIFF_MILLIS: row(
    fromPair(TIME, INT),
    free,
    (value) => {
      const difference = numbers(value)[0] - numbers(value)[1];
      return Math.abs(difference) > INT_MAX ? OVERFLOW : difference + 0;
    },
    true,
  ),
} as const satisfies Record<string, PrimitiveRow>;

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
