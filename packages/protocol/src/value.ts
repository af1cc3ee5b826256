/**
 * Values, as every part of the system holds them in memory. They carry no type: what a
 * value means is said by the `TypeId` that goes with it.
 *
 * | type                  | JavaScript                                              |
 * |-----------------------|---------------------------------------------------------|
 * | unit                  | `null`                                                  |
 * | Int, Time             | a number, a safe integer, never −0                      |
 * | Bool, String          | a boolean; a well-formed string                         |
 * | Bytes                 | a Uint8Array that nobody changes                        |
 * | tuple, record         | an array of the components; a record's by sorted name   |
 * | list                  | a `List`                                                |
 * | sum                   | a `Sum`: the constructor's index and its payload        |
 *
 * All are immutable: an operation makes a new one, which may share parts of the old.
 */
export type Value = null | number | boolean | string | Uint8Array | Product | List | Sum;

/** A tuple, or a record with its fields in the order of their sorted names. */
export type Product = readonly Value[];

/** One constructor of a sum with its payload: null, the value, or the record of its arguments. */
export class Sum {
  readonly tag: number;
  readonly value: Value;

  constructor(tag: number, value: Value) {
    this.tag = tag;
    this.value = value;
  }
}

/**
 * A list with its size (`sizeOf`) kept, so that the size of any value is found in time
 * linear in its type and not in what it holds.
 */
export class List {
  readonly items: readonly Value[];
  readonly size: number;

  /** `size` must be `LIST_HEADER_BYTES` and the sizes of the items. */
  constructor(items: readonly Value[], size: number) {
    this.items = items;
    this.size = size;
  }

  static of(items: readonly Value[]): List {
    let size = LIST_HEADER_BYTES;
    for (const item of items) size += sizeOf(item);
    return new List(items, size);
  }
}

export const SCALAR_BYTES = 8;
export const STRING_HEADER_BYTES = 16;
export const LIST_HEADER_BYTES = 16;

/**
 * The size of a value in bytes, as the limits and the fuel count it: about the memory that
 * its tree would take, however much of it is shared. A unit, Bool, Int or Time is 8, a string
 * 16 and 2 for each UTF-16 unit, Bytes 16 and their length, a product 8 and its parts, a sum
 * 8 and its payload, a list 16 and its items.
 */
export function sizeOf(value: Value): number {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return SCALAR_BYTES;
  if (typeof value === 'string') return STRING_HEADER_BYTES + 2 * value.length;
  if (value instanceof List) return value.size;
  if (value instanceof Sum) return SCALAR_BYTES + sizeOf(value.value);
  if (value instanceof Uint8Array) return STRING_HEADER_BYTES + value.length;
  let size = SCALAR_BYTES;
  for (const part of value) size += sizeOf(part);
  return size;
}

/** Structural equality of two values of one type. */
export function equal(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (a instanceof Sum) return b instanceof Sum && a.tag === b.tag && equal(a.value, b.value);
  if (a instanceof List) {
    return b instanceof List && a.size === b.size && equalParts(a.items, b.items);
  }
  if (a instanceof Uint8Array) {
    return b instanceof Uint8Array && a.length === b.length && a.every((byte, i) => byte === b[i]);
  }
  return Array.isArray(a) && Array.isArray(b) && equalParts(a, b);
}

function equalParts(a: readonly Value[], b: readonly Value[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!equal(a[i], b[i])) return false;
  return true;
}

/** Order of two strings by Unicode scalar value: negative, 0 or positive. */
export function compareStrings(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

// A surrogate stands for a scalar value above U+FFFF, though its unit is below U+E000: it ranks above all others.
const rank = (unit: number): number => (unit >= 0xd800 && unit < 0xe000 ? unit + 0x2800 : unit);

/** The limits of one step; see `docs/bytecode.md`. */
export const VALUE_LIMITS = {
  /** UTF-16 units: 16 MiB. */
  stringLengthMax: 8 * 1024 * 1024,
  /** `sizeOf` of a list, of the state and of a reply. */
  valueBytesMax: 64 * 1024 * 1024,
} as const;

export const INT_MAX = Number.MAX_SAFE_INTEGER;
export const INT_MIN = -Number.MAX_SAFE_INTEGER;
/** Milliseconds from the epoch, either way. */
export const TIME_MAX = 8.64e15;
