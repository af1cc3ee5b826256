import {
  LIST_HEADER_BYTES,
  List,
  PER_FUEL,
  SCALAR_BYTES,
  VALUE_LIMITS,
  compareStrings,
  equal,
  payableBytes,
  sizeOfParts,
  sizeWithin,
  type Value,
} from '@smc/protocol';
import { FAILED, VALUE_TOO_LARGE } from '../failure.ts';
import { perItems, type Meter } from './meter.ts';

/**
 * Operations of LIR that are neither short enough for the tiers to have them in line, nor
 * built-ins of the instruction table. What is pending is subtracted before they are called.
 */

const { valueBytesMax } = VALUE_LIMITS;

/** LIST */
export function listOf(meter: Meter, items: readonly Value[]): List | typeof FAILED {
  const size = sizeOfParts(items, LIST_HEADER_BYTES, payableBytes(meter.fuel));
  if (!meter.pay(1 + Math.floor(size / PER_FUEL.bytes))) return FAILED;
  return size > valueBytesMax ? meter.fail(VALUE_TOO_LARGE) : new List(items, size);
}

/** EQUAL */
export function equalPaid(meter: Meter, a: Value, b: Value): boolean | typeof FAILED {
  return payComparison(meter, a, b) ? equal(a, b) : FAILED;
}

/** ORDER */
export function orderPaid(meter: Meter, a: string, b: string): number | typeof FAILED {
  return payComparison(meter, a, b) ? compareStrings(a, b) : FAILED;
}

/** By the larger of the two, since both are measured. */
function payComparison(meter: Meter, a: Value, b: Value): boolean {
  const max = payableBytes(meter.fuel);
  return meter.pay(Math.floor(Math.max(sizeWithin(a, max), sizeWithin(b, max)) / PER_FUEL.bytes));
}

/** RANGE_LENGTH */
export function rangeLength(meter: Meter, start: number, end: number): number | typeof FAILED {
  const length = Math.max(0, end - start);
  if (!meter.pay(perItems(length))) return FAILED;
  return sizeOfRange(length) > valueBytesMax ? meter.fail(VALUE_TOO_LARGE) : length;
}

const sizeOfRange = (length: number): number => LIST_HEADER_BYTES + SCALAR_BYTES * length;

/** RANGE */
export function rangeOf(start: number, length: number): List {
  const items: number[] = [];
  // At once: an array that grows takes more than it holds.
  items.length = length;
  for (let i = 0; i < length; i++) items[i] = start + i;
  return new List(items, sizeOfRange(length));
}

/** FIND_ITEM */
export function findItem({ items }: List, at: number): Value | undefined {
  return at >= 0 && at < items.length ? items[at] : undefined;
}

/** A list under construction, by BUILDER, COLLECT and COLLECTED. */
export class Builder {
  readonly #items: Value[] = [];
  #size = LIST_HEADER_BYTES;

  /** Gives null, or `FAILED` and has not taken the item. */
  collect(meter: Meter, item: Value): null | typeof FAILED {
    const bytes = sizeWithin(item, payableBytes(meter.fuel));
    if (!meter.pay(Math.floor(bytes / PER_FUEL.bytes))) return FAILED;
    if (this.#size + bytes > valueBytesMax) return meter.fail(VALUE_TOO_LARGE);
    this.#size += bytes;
    this.#items.push(item);
    return null;
  }

  list(): List {
    return new List(this.#items, this.#size);
  }
}

/** CHECK_SIZE */
export function isTooLarge(start: number, parts: readonly Value[]): boolean {
  return sizeOfParts(parts, start, valueBytesMax) > valueBytesMax;
}
