import {
  INT_MAX,
  LIST_HEADER_BYTES,
  List,
  STRING_HEADER_BYTES,
  VALUE_LIMITS,
  encodeUtf8,
  joined,
  readUtf8,
  textOfUnits,
  toLowerCase,
  toUpperCase,
  trim,
  type Value,
} from '@smc/protocol';
import { FAILED, VALUE_TOO_LARGE } from '../failure.ts';
import { normal } from '../values/integer.ts';
import { indexOfScalar, ownPart, scalarCount } from '../values/text.ts';
import { perBytes, perUnits, type Meter, type Result } from './meter.ts';

/** Strings and bytes, out of line. Positions in strings count Unicode scalar values. */

const { stringLengthMax, valueBytesMax } = VALUE_LIMITS;

/** A search takes at most the product of the two lengths. */
const searchFuel = (units: number, soughtUnits: number): number =>
  1 + Math.floor(units / 16) * (1 + Math.floor(soughtUnits / 4));

/** Units or bytes that are each looked at by themselves. */
const conversionFuel = (count: number): number => 1 + Math.floor(count / 4);

function textOrTooLarge(text: string, meter: Meter): Value | typeof FAILED {
  return text.length > stringLengthMax ? meter.fail(VALUE_TOO_LARGE) : text;
}

export const intParse = (meter: Meter, text: string): Result => {
  if (!meter.pay(perUnits(text.length))) return FAILED;
  if (!/^-?[0-9]+$/.test(text)) return undefined;
  const number = Number(text);
  return Math.abs(number) > INT_MAX ? undefined : normal(number);
};

export const stringConcat = (meter: Meter, left: string, right: string): Result => {
  const units = left.length + right.length;
  if (!meter.pay(perUnits(units))) return FAILED;
  return units > stringLengthMax ? meter.fail(VALUE_TOO_LARGE) : joined(left, right);
};

export const stringLength = (meter: Meter, text: string): Result =>
  meter.pay(perUnits(text.length)) ? scalarCount(text) : FAILED;

export const stringJoin = (meter: Meter, list: List, separator: string): Result => {
  const count = list.items.length;
  if (!meter.pay(1 + count)) return FAILED;
  let units = separator.length * Math.max(0, count - 1);
  for (const item of list.items) units += (item as string).length;
  if (!meter.pay(Math.floor(units / 16))) return FAILED;
  if (units > stringLengthMax) return meter.fail(VALUE_TOO_LARGE);
  return (list.items as readonly string[]).join(separator);
};

export const stringSplit = (meter: Meter, text: string, separator: string): Result => {
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
    parts.map((part) => ownPart(part, text)),
    size,
  );
};

export const stringSlice = (meter: Meter, text: string, start: number, end: number): Result => {
  if (!meter.pay(perUnits(text.length))) return FAILED;
  const from = indexOfScalar(text, Math.max(0, start));
  return ownPart(text.slice(from, Math.max(from, indexOfScalar(text, Math.max(0, end)))), text);
};

export const stringContains = (meter: Meter, text: string, sought: string): Result => {
  return meter.pay(searchFuel(text.length, sought.length)) ? text.includes(sought) : FAILED;
};

export const stringStartsWith = (meter: Meter, text: string, sought: string): Result => {
  return meter.pay(perUnits(sought.length)) ? text.startsWith(sought) : FAILED;
};

export const stringEndsWith = (meter: Meter, text: string, sought: string): Result => {
  return meter.pay(perUnits(sought.length)) ? text.endsWith(sought) : FAILED;
};

export const stringIndexOf = (meter: Meter, text: string, sought: string): Result => {
  if (!meter.pay(searchFuel(text.length, sought.length))) return FAILED;
  const at = text.indexOf(sought);
  return at < 0 ? undefined : scalarCount(text.slice(0, at));
};

export const stringToUpper = (meter: Meter, text: string): Result => {
  if (!meter.pay(1 + text.length)) return FAILED;
  return textOrTooLarge(toUpperCase(text), meter);
};

export const stringToLower = (meter: Meter, text: string): Result => {
  if (!meter.pay(1 + text.length)) return FAILED;
  return textOrTooLarge(toLowerCase(text), meter);
};

export const stringTrim = (meter: Meter, text: string): Result =>
  meter.pay(perUnits(text.length)) ? ownPart(trim(text), text) : FAILED;

export const stringRepeat = (meter: Meter, text: string, times: number): Result => {
  const count = Math.max(0, times);
  const units = text.length * count;
  if (!meter.pay(perUnits(units))) return FAILED;
  if (units > stringLengthMax) return meter.fail(VALUE_TOO_LARGE);
  return units === 0 ? '' : text.repeat(count);
};

export const stringToBytes = (meter: Meter, text: string): Result =>
  meter.pay(conversionFuel(text.length)) ? encodeUtf8(text) : FAILED;

// ---------------------------------------------------------------------------- bytes

export const bytesLength = (meter: Meter, bytes: Uint8Array): Result =>
  meter.pay(0) ? bytes.length : FAILED;

export const bytesGet = (meter: Meter, bytes: Uint8Array, at: number): Result => {
  if (!meter.pay(0)) return FAILED;
  return at >= 0 && at < bytes.length ? bytes[at] : undefined;
};

export const bytesSlice = (meter: Meter, bytes: Uint8Array, start: number, end: number): Result => {
  return meter.pay(perBytes(bytes.length)) ? bytes.slice(Math.max(0, start), Math.max(0, end)) : FAILED;
};

export const bytesConcat = (meter: Meter, left: Uint8Array, right: Uint8Array): Result => {
  const length = left.length + right.length;
  if (!meter.pay(perBytes(length))) return FAILED;
  return length > valueBytesMax ? meter.fail(VALUE_TOO_LARGE) : joinedBytes([left, right], length);
};

export const bytesFlatten = (meter: Meter, { items }: List): Result => {
  const parts = items as readonly Uint8Array[];
  if (!meter.pay(1 + parts.length)) return FAILED;
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (!meter.pay(Math.floor(length / 32))) return FAILED;
  // No larger than the list of them.
  return joinedBytes(parts, length);
};

function joinedBytes(parts: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export const bytesToString = (meter: Meter, bytes: Uint8Array): Result => {
  if (!meter.pay(conversionFuel(bytes.length))) return FAILED;
  const text = readUtf8(bytes, 0, bytes.length);
  if (typeof text === 'number') return undefined;
  return text.length > stringLengthMax ? meter.fail(VALUE_TOO_LARGE) : text;
};

export const bytesFromHex = (meter: Meter, text: string): Result => {
  if (!meter.pay(conversionFuel(text.length))) return FAILED;
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = (digitOf(text.charCodeAt(2 * i)) << 4) | digitOf(text.charCodeAt(2 * i + 1));
  }
  return bytes;
};

/** Of the unit of a hexadecimal digit: a letter has bit 6, and its low bits count from 1. */
const digitOf = (unit: number): number => (unit & 0xf) + (unit > 0x39 ? 9 : 0);
const HEX_UNITS = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));

export const bytesToHex = (meter: Meter, bytes: Uint8Array): Result => {
  if (!meter.pay(conversionFuel(bytes.length))) return FAILED;
  if (2 * bytes.length > stringLengthMax) return meter.fail(VALUE_TOO_LARGE);
  const units = new Uint8Array(2 * bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    units[2 * i] = HEX_UNITS[bytes[i] >> 4];
    units[2 * i + 1] = HEX_UNITS[bytes[i] & 0xf];
  }
  return textOfUnits(units);
};
