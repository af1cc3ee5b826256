import {
  INT_MAX,
  LIST_HEADER_BYTES,
  List,
  STRING_HEADER_BYTES,
  VALUE_LIMITS,
  encodeUtf8,
  readUtf8,
  textOfUnits,
  toLowerCase,
  toUpperCase,
  trim,
  type Value,
} from '@smc/protocol';
import { FAILED, VALUE_TOO_LARGE } from '../failure.ts';
import { normal } from '../values/integer.ts';
import { NONE, some } from '../values/option.ts';
import { detached, indexOfScalar, scalarCount } from '../values/text.ts';
import { perBytes, perUnits, type BuiltIn, type Meter } from './meter.ts';

/** Strings and bytes, out of line. Positions in strings count Unicode scalar values. */

const { stringLengthMax, valueBytesMax } = VALUE_LIMITS;

const stringsOf = (a: Value): readonly [string, string] => a as unknown as readonly [string, string];

/** A search takes at most the product of the two lengths. */
const searchFuel = (units: number, soughtUnits: number): number =>
  1 + Math.floor(units / 16) * (1 + Math.floor(soughtUnits / 4));

/** Units or bytes that are each looked at by themselves. */
const conversionFuel = (count: number): number => 1 + Math.floor(count / 4);

function textOrTooLarge(text: string, meter: Meter): Value | typeof FAILED {
  return text.length > stringLengthMax ? meter.fail(VALUE_TOO_LARGE) : text;
}

export const intParse: BuiltIn = (a, meter) => {
  const text = a as string;
  if (!meter.pay(perUnits(text.length))) return FAILED;
  if (!/^-?[0-9]+$/.test(text)) return NONE;
  const number = Number(text);
  return Math.abs(number) > INT_MAX ? NONE : some(normal(number));
};

export const stringJoin: BuiltIn = (a, meter) => {
  const [list, separator] = a as unknown as readonly [List, string];
  const count = list.items.length;
  if (!meter.pay(1 + count)) return FAILED;
  let units = separator.length * Math.max(0, count - 1);
  for (const item of list.items) units += (item as string).length;
  if (!meter.pay(Math.floor(units / 16))) return FAILED;
  if (units > stringLengthMax) return meter.fail(VALUE_TOO_LARGE);
  return (list.items as readonly string[]).join(separator);
};

export const stringSplit: BuiltIn = (a, meter) => {
  const [text, separator] = stringsOf(a);
  if (!meter.pay(1 + text.length * (1 + Math.floor(separator.length / 16)))) return FAILED;
  // Counted before they are made: each takes its header.
  let count = scalarCount(text);
  let units = text.length;
  if (separator !== '') {
    count = 1;
    for (let at = text.indexOf(separator); at >= 0; at = text.indexOf(separator, at + separator.length))
      count++;
    units -= (count - 1) * separator.length;
  }
  const size = LIST_HEADER_BYTES + count * STRING_HEADER_BYTES + 2 * units;
  if (size > valueBytesMax) return meter.fail(VALUE_TOO_LARGE);
  if (separator === '') return new List(Array.from(text), size);
  const parts = text.split(separator);
  return new List(
    parts.map((part) => detached(part, text)),
    size,
  );
};

export const stringSlice: BuiltIn = (a, meter) => {
  const [text, start, end] = a as unknown as readonly [string, number, number];
  if (!meter.pay(perUnits(text.length))) return FAILED;
  const from = indexOfScalar(text, Math.max(0, start));
  return detached(text.slice(from, Math.max(from, indexOfScalar(text, Math.max(0, end)))), text);
};

export const stringContains: BuiltIn = (a, meter) => {
  const [text, sought] = stringsOf(a);
  return meter.pay(searchFuel(text.length, sought.length)) ? text.includes(sought) : FAILED;
};

export const stringStartsWith: BuiltIn = (a, meter) => {
  const [text, sought] = stringsOf(a);
  return meter.pay(perUnits(sought.length)) ? text.startsWith(sought) : FAILED;
};

export const stringEndsWith: BuiltIn = (a, meter) => {
  const [text, sought] = stringsOf(a);
  return meter.pay(perUnits(sought.length)) ? text.endsWith(sought) : FAILED;
};

export const stringIndexOf: BuiltIn = (a, meter) => {
  const [text, sought] = stringsOf(a);
  if (!meter.pay(searchFuel(text.length, sought.length))) return FAILED;
  const at = text.indexOf(sought);
  return at < 0 ? NONE : some(scalarCount(text.slice(0, at)));
};

export const stringToUpper: BuiltIn = (a, meter) => {
  if (!meter.pay(1 + (a as string).length)) return FAILED;
  return textOrTooLarge(toUpperCase(a as string), meter);
};

export const stringToLower: BuiltIn = (a, meter) => {
  if (!meter.pay(1 + (a as string).length)) return FAILED;
  return textOrTooLarge(toLowerCase(a as string), meter);
};

export const stringTrim: BuiltIn = (a, meter) =>
  meter.pay(perUnits((a as string).length)) ? detached(trim(a as string), a as string) : FAILED;

export const stringRepeat: BuiltIn = (a, meter) => {
  const [text, times] = a as unknown as readonly [string, number];
  const count = Math.max(0, times);
  const units = text.length * count;
  if (!meter.pay(perUnits(units))) return FAILED;
  if (units > stringLengthMax) return meter.fail(VALUE_TOO_LARGE);
  return units === 0 ? '' : text.repeat(count);
};

export const stringToBytes: BuiltIn = (a, meter) =>
  meter.pay(conversionFuel((a as string).length)) ? encodeUtf8(a as string) : FAILED;

// ---------------------------------------------------------------------------- bytes

export const bytesLength: BuiltIn = (a) => (a as Uint8Array).length;

export const bytesGet: BuiltIn = (a) => {
  const [bytes, at] = a as unknown as readonly [Uint8Array, number];
  return at >= 0 && at < bytes.length ? some(bytes[at]) : NONE;
};

export const bytesSlice: BuiltIn = (a, meter) => {
  const [bytes, start, end] = a as unknown as readonly [Uint8Array, number, number];
  return meter.pay(perBytes(bytes.length)) ? bytes.slice(Math.max(0, start), Math.max(0, end)) : FAILED;
};

export const bytesConcat: BuiltIn = (a, meter) => {
  const parts = a as unknown as readonly [Uint8Array, Uint8Array];
  const length = parts[0].length + parts[1].length;
  if (!meter.pay(perBytes(length))) return FAILED;
  return length > valueBytesMax ? meter.fail(VALUE_TOO_LARGE) : joined(parts, length);
};

export const bytesFlatten: BuiltIn = (a, meter) => {
  const parts = (a as List).items as readonly Uint8Array[];
  if (!meter.pay(1 + parts.length)) return FAILED;
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (!meter.pay(Math.floor(length / 32))) return FAILED;
  // No larger than the list of them.
  return joined(parts, length);
};

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export const bytesToString: BuiltIn = (a, meter) => {
  const bytes = a as Uint8Array;
  if (!meter.pay(conversionFuel(bytes.length))) return FAILED;
  const text = readUtf8(bytes, 0, bytes.length);
  if (typeof text === 'number') return NONE;
  return text.length > stringLengthMax ? meter.fail(VALUE_TOO_LARGE) : some(text);
};

export const bytesFromHex: BuiltIn = (a, meter) => {
  const text = a as string;
  if (!meter.pay(conversionFuel(text.length))) return FAILED;
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return NONE;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = (digitOf(text.charCodeAt(2 * i)) << 4) | digitOf(text.charCodeAt(2 * i + 1));
  }
  return some(bytes);
};

/** Of the unit of a hexadecimal digit: a letter has bit 6, and its low bits count from 1. */
const digitOf = (unit: number): number => (unit & 0xf) + (unit > 0x39 ? 9 : 0);
const HEX_UNITS = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));

export const bytesToHex: BuiltIn = (a, meter) => {
  const bytes = a as Uint8Array;
  if (!meter.pay(conversionFuel(bytes.length))) return FAILED;
  if (2 * bytes.length > stringLengthMax) return meter.fail(VALUE_TOO_LARGE);
  const units = new Uint8Array(2 * bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    units[2 * i] = HEX_UNITS[bytes[i] >> 4];
    units[2 * i + 1] = HEX_UNITS[bytes[i] & 0xf];
  }
  return textOfUnits(units);
};
