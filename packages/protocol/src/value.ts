import { Collection } from './collections/collection.ts';
import { Dictionary } from './collections/dictionary.ts';
import { Slots } from './collections/slots.ts';
import type { UndoLog } from './collections/undo-log.ts';

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
 * | map, set              | a `MapValue`, a `SetValue`                              |
 * | sum                   | a `Sum`: the constructor's index and its payload        |
 *
 * All are immutable: an operation makes a new one, which may share parts of the old.
 */
export type Value =
  | null
  | number
  | boolean
  | string
  | Uint8Array
  | Product
  | List
  | Sum
  | MapValue
  | SetValue;

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
    return new List(items, sizeOfParts(items, LIST_HEADER_BYTES, Number.POSITIVE_INFINITY));
  }
}

type Compare = (a: Value, b: Value) => number;

/**
 * A map, with its size (`sizeOf`) kept. `compare` is the order of the keys (`keyOrder`); both maps of an
 * operation have the same.
 */
export class MapValue extends Collection<Value, Value> {
  static empty(compare: Compare): MapValue {
    return MapValue.of([], compare);
  }

  /** Of equal keys the last wins. */
  static of(entries: Iterable<readonly [Value, Value]>, compare: Compare): MapValue {
    const [dictionary, slots] = [new Dictionary(compare), new Slots<Value>()];
    let size = COLLECTION_HEADER_BYTES;
    for (const [key, value] of entries) {
      const known = dictionary.find(key);
      const added = ENTRY_HEADER_BYTES + sizeOf(key) + sizeOf(value);
      size += known < 0 ? added : sizeOf(value) - sizeOf(slots.get(known)!);
      slots.set(known < 0 ? dictionary.add(key, added) : known, value);
    }
    return new MapValue(dictionary, slots, dictionary.count, size);
  }

  protected make(dictionary: Dictionary<Value>, slots: Slots<Value>, length: number, size: number): this {
    return new MapValue(dictionary, slots, length, size) as this;
  }

  get(key: Value): Value | undefined {
    return this.at(this.slotOf(key));
  }

  /** The map with this value for the key. */
  with(key: Value, value: Value): MapValue {
    const slot = this.slotOf(key);
    return this.withAt(slot, key, value, this.at(slot), null);
  }

  /** The same, where it is known what is at the slot of the key; the log as in `change`. */
  withAt(slot: number, key: Value, value: Value, old: Value | undefined, log: UndoLog | null): MapValue {
    const added = old === undefined ? ENTRY_HEADER_BYTES + sizeOf(key) : -sizeOf(old);
    return this.change(slot, key, value, old, this.size + added + sizeOf(value), log);
  }

  /** The map without the key; the log as in `change`. */
  without(key: Value, log: UndoLog | null = null): MapValue {
    const slot = this.slotOf(key);
    const old = this.at(slot);
    if (old === undefined) return this;
    const size = this.size - ENTRY_HEADER_BYTES - sizeOf(key) - sizeOf(old);
    return this.change(slot, key, undefined, old, size, log);
  }

  /** Keys with values, ascending. */
  entries(): IterableIterator<[Value, Value]> {
    return this.each((key, value) => [key, value]);
  }

  /** Ascending. */
  keys(): IterableIterator<Value> {
    return this.each((key) => key);
  }

  /** In ascending order of their keys. */
  values(): IterableIterator<Value> {
    return this.each((_key, value) => value);
  }
}

/** A set, as `MapValue` is a map. */
export class SetValue extends Collection<Value, true> {
  static empty(compare: Compare): SetValue {
    return SetValue.of([], compare);
  }

  static of(items: Iterable<Value>, compare: Compare): SetValue {
    const [dictionary, slots] = [new Dictionary(compare), new Slots<true>()];
    let size = COLLECTION_HEADER_BYTES;
    for (const item of items) {
      if (dictionary.find(item) >= 0) continue;
      const added = ENTRY_HEADER_BYTES + sizeOf(item);
      slots.set(dictionary.add(item, added), true);
      size += added;
    }
    return new SetValue(dictionary, slots, dictionary.count, size);
  }

  protected make(dictionary: Dictionary<Value>, slots: Slots<true>, length: number, size: number): this {
    return new SetValue(dictionary, slots, length, size) as this;
  }

  /** The set with the item; the log as in `change`. */
  with(item: Value, log: UndoLog | null = null): SetValue {
    const slot = this.slotOf(item);
    if (this.at(slot) === true) return this;
    const size = this.size + ENTRY_HEADER_BYTES + sizeOf(item);
    return this.change(slot, item, true, undefined, size, log);
  }

  /** The set without the item; the log as in `change`. */
  without(item: Value, log: UndoLog | null = null): SetValue {
    const slot = this.slotOf(item);
    if (this.at(slot) === undefined) return this;
    return this.change(slot, item, undefined, true, this.size - ENTRY_HEADER_BYTES - sizeOf(item), log);
  }

  /** Ascending. */
  items(): IterableIterator<Value> {
    return this.each((key) => key);
  }
}

export const SCALAR_BYTES = 8;
export const PRODUCT_HEADER_BYTES = 48;
export const SUM_HEADER_BYTES = 32;
export const LIST_HEADER_BYTES = 88;
export const STRING_HEADER_BYTES = 32;
/** Of a map or set, and of each entry in it. */
export const COLLECTION_HEADER_BYTES = 88;
export const ENTRY_HEADER_BYTES = 16;

/**
 * The size of a value in bytes, as the limits and the fuel count it: about the memory that
 * its tree takes in a 64-bit host, however much of it is shared. A unit, Bool, Int or Time is
 * 8, a product 48 and its parts, a sum 32 and its payload, a list 88 and its items, a map or
 * set 88 and for each entry 16 and its parts, a string 32 and 2 for each UTF-16 unit, Bytes 32
 * and their length.
 */
export function sizeOf(value: Value): number {
  if (typeof value === 'number') return SCALAR_BYTES;
  return sizeWithin(value, Number.POSITIVE_INFINITY);
}

/**
 * The size of a value if it is at most `max` bytes, else some number above. It looks at no
 * more than `max / 8` parts: small values can share parts so that their trees are huge.
 */
export function sizeWithin(value: Value, max: number): number {
  if (typeof value === 'string') return STRING_HEADER_BYTES + 2 * value.length;
  if (value === null || typeof value !== 'object') return SCALAR_BYTES;
  // Products first, and not by `instanceof`: of large trees most nodes are products.
  if (isProduct(value)) return sizeOfParts(value, PRODUCT_HEADER_BYTES, max);
  if (value instanceof List) return value.size;
  if (value instanceof MapValue || value instanceof SetValue) return value.size;
  if (value instanceof Sum) return SUM_HEADER_BYTES + sizeWithin(value.value, max - SUM_HEADER_BYTES);
  return STRING_HEADER_BYTES + value.length;
}

const isProduct = (value: Value): value is Product => Array.isArray(value);

/** `start` and the sizes of the parts if that is at most `max` bytes, else some number above. */
export function sizeOfParts(parts: readonly Value[], start: number, max: number): number {
  let size = start;
  for (let i = 0; i < parts.length && size <= max; i++) size += sizeWithin(parts[i], max - size);
  return size;
}

/** Structural equality of two values of one type. */
export function equal(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (a === null || typeof a !== 'object') return false;
  if (isProduct(a)) return isProduct(b) && equalParts(a, b);
  if (a instanceof Sum) return b instanceof Sum && a.tag === b.tag && equal(a.value, b.value);
  if (a instanceof List) return b instanceof List && a.size === b.size && equalParts(a.items, b.items);
  if (a instanceof MapValue) return b instanceof MapValue && equalCollections(a, b, a.entries(), b.entries());
  if (a instanceof SetValue) return b instanceof SetValue && equalCollections(a, b, a.items(), b.items());
  return b instanceof Uint8Array && equalBytes(a, b);
}

/** Of two maps or sets: both are in ascending order. */
function equalCollections<C extends MapValue | SetValue>(
  a: C,
  b: C,
  left: Iterator<Value | [Value, Value]>,
  right: Iterator<Value | [Value, Value]>,
): boolean {
  if (a.length !== b.length || a.size !== b.size) return false;
  for (let i = 0; i < a.length; i++) {
    if (!equal(left.next().value as Value, right.next().value as Value)) return false;
  }
  return true;
}

function equalParts(a: readonly Value[], b: readonly Value[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!equal(a[i], b[i])) return false;
  return true;
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Of a stretch of two strings that is compared unit by unit. */
const COMPARED_UNITS_MAX = 64;

/** Order of two strings by Unicode scalar value: negative, 0 or positive. */
export function compareStrings(a: string, b: string): number {
  // The host compares parts for equality far faster than a loop does units: halve what can differ.
  let start = 0;
  let end = Math.min(a.length, b.length);
  while (end - start > COMPARED_UNITS_MAX) {
    const middle = (start + end) >>> 1;
    if (a.slice(start, middle) === b.slice(start, middle)) start = middle;
    else end = middle;
  }
  for (let i = start; i < end; i++) {
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
