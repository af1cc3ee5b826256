import {
  LIST_HEADER_BYTES,
  List,
  PER_FUEL,
  PRODUCT_HEADER_BYTES,
  VALUE_LIMITS,
  equal,
  payableBytes,
  sizeOf,
  sizeOfParts,
  sizeWithin,
  type KeyOrder,
  type Product,
  type Value,
} from '@smc/protocol';
import { FAILED, INTEGER_OVERFLOW, VALUE_TOO_LARGE } from '../failure.ts';
import { isOverflow, normal } from '../values/integer.ts';
import { heightOf, perItems, type Meter, type Result } from './meter.ts';

/** Lists, out of line. */

const { valueBytesMax } = VALUE_LIMITS;

export const listAppend = (meter: Meter, list: List, item: Value): Result => {
  const bytes = sizeWithin(item, payableBytes(meter.fuel));
  const { items } = list;
  if (!meter.pay(perItems(items.length) + Math.floor(bytes / PER_FUEL.bytes))) return FAILED;
  const size = list.size + bytes;
  return size > valueBytesMax ? meter.fail(VALUE_TOO_LARGE) : new List(items.concat([item]), size);
};

export const listConcat = (meter: Meter, left: List, right: List): Result => {
  if (!meter.pay(perItems(left.items.length + right.items.length))) return FAILED;
  const size = left.size + right.size - LIST_HEADER_BYTES;
  return size > valueBytesMax ? meter.fail(VALUE_TOO_LARGE) : new List(left.items.concat(right.items), size);
};

export const listPrepend = (meter: Meter, list: List, item: Value): Result => {
  if (!meter.pay(perItems(list.items.length))) return FAILED;
  const bytes = meter.measured(item);
  if (bytes < 0) return FAILED;
  const size = list.size + bytes;
  return size > valueBytesMax ? meter.fail(VALUE_TOO_LARGE) : new List([item, ...list.items], size);
};

export const listFlatten = (meter: Meter, { items }: List): Result => {
  const lists = items as readonly List[];
  if (!meter.pay(1 + lists.length)) return FAILED;
  const count = lists.reduce((sum, list) => sum + list.items.length, 0);
  if (!meter.pay(Math.floor(count / PER_FUEL.items))) return FAILED;
  // No larger than the list of them.
  const size = lists.reduce((sum, list) => sum + list.size - LIST_HEADER_BYTES, LIST_HEADER_BYTES);
  return new List(
    lists.flatMap((list) => list.items),
    size,
  );
};

export const listReverse = (meter: Meter, list: List): Result => {
  return meter.pay(perItems(list.items.length)) ? new List(list.items.toReversed(), list.size) : FAILED;
};

const payForAll = (list: List, meter: Meter): boolean =>
  meter.pay(1 + list.items.length + Math.floor(list.size / PER_FUEL.bytes));

export const listContains = (meter: Meter, list: List, sought: Value): Result => {
  return payForAll(list, meter) ? list.items.some((item) => equal(item, sought)) : FAILED;
};

export const listIndexOf = (meter: Meter, list: List, sought: Value): Result => {
  if (!payForAll(list, meter)) return FAILED;
  const at = list.items.findIndex((item) => equal(item, sought));
  return at < 0 ? undefined : at;
};

/** Part of a list: its items are measured. */
function part(items: (from: readonly Value[]) => readonly Value[], count: number, list: List, meter: Meter) {
  if (!meter.pay(1 + count)) return FAILED;
  const taken = items(list.items);
  const size = sizeOfParts(taken, LIST_HEADER_BYTES, payableBytes(meter.fuel));
  return meter.pay(Math.floor(size / PER_FUEL.bytes)) ? new List(taken, size) : FAILED;
}

const clamped = (count: number, length: number): number => Math.min(Math.max(0, count), length);

export const listTake = (meter: Meter, list: List, given: number): Result => {
  const count = clamped(given, list.items.length);
  return part((items) => items.slice(0, count), count, list, meter);
};

export const listDrop = (meter: Meter, list: List, given: number): Result => {
  const count = clamped(given, list.items.length);
  return part((items) => items.slice(count), list.items.length - count, list, meter);
};

export const listZip = (meter: Meter, left: List, right: List): Result => {
  const count = Math.min(left.items.length, right.items.length);
  if (!meter.pay(1 + count + Math.floor((left.size + right.size) / PER_FUEL.bytes))) return FAILED;
  let size = LIST_HEADER_BYTES + count * PRODUCT_HEADER_BYTES;
  for (let i = 0; i < count; i++) size += sizeOf(left.items[i]) + sizeOf(right.items[i]);
  if (size > valueBytesMax) return meter.fail(VALUE_TOO_LARGE);
  return new List(
    left.items.slice(0, count).map((item, i) => [item, right.items[i]]),
    size,
  );
};

export const listSum = (meter: Meter, { items }: List): Result => {
  if (!meter.pay(perItems(items.length))) return FAILED;
  let sum = 0;
  for (const item of items) {
    sum += item as number;
    if (isOverflow(sum)) return meter.fail(INTEGER_OVERFLOW);
  }
  return normal(sum);
};

/** Fuel of ordering so many things of so many bytes. */
export const sortFuel = (count: number, bytes: number): number =>
  1 + (heightOf(count) + 1) * (count + Math.floor(bytes / PER_FUEL.bytes));

export const listSort = (meter: Meter, list: List, _b: null, _c: null, order: KeyOrder): Result => {
  if (!meter.pay(sortFuel(list.items.length, list.size))) return FAILED;
  // The host's sort is stable.
  const pairs = (list.items as readonly Product[]).toSorted((left, right) => order(left[0], right[0]));
  return seconds(pairs);
};

export const listSelect = (meter: Meter, list: List): Result => {
  if (!payForAll(list, meter)) return FAILED;
  const pairs = (list.items as readonly Product[]).filter(([isKept]) => isKept === true);
  return seconds(pairs);
};

/** Smaller than the list that the pairs are of. */
const seconds = (pairs: readonly Product[]): List => List.of(pairs.map((pair) => pair[1]));

export const listUncons = (meter: Meter, { items, size }: List): Result => {
  if (!meter.pay(perItems(items.length))) return FAILED;
  if (items.length === 0) return undefined;
  const bytes = meter.measured(items[0]);
  return bytes < 0 ? FAILED : [items[0], new List(items.slice(1), size - bytes)];
};
