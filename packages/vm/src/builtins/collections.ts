import {
  COLLECTION_HEADER_BYTES,
  ENTRY_HEADER_BYTES,
  LIST_HEADER_BYTES,
  List,
  MapValue,
  PER_FUEL,
  PRODUCT_HEADER_BYTES,
  STRING_HEADER_BYTES,
  SetValue,
  VALUE_LIMITS,
  payableBytes,
  sizeWithin,
  type KeyOrder,
  type UndoLog,
  type Value,
} from '@smc/protocol';
import { FAILED, VALUE_TOO_LARGE } from '../failure.ts';
import { sortFuel } from './lists.ts';
import { heightOf, type Meter, type Result } from './meter.ts';

/**
 * Maps and sets, out of line. What changes one is there twice: by the name of its instruction, and with `InPlace`
 * for where nobody uses afterwards what it was given (CHANGE).
 */

const { valueBytesMax } = VALUE_LIMITS;

/** What finding a key takes, of which no more is measured than this fuel pays for. */
export function lookupFuel(collection: MapValue | SetValue, key: Value, fuel: number): number {
  const height = heightOf(collection.length);
  if (typeof key === 'string') return 1 + height * textFuel(key);
  // Among no entries the key is not looked at.
  return height === 0 ? 1 : 1 + height * comparisonFuel(key, fuel);
}

const payLookup = (collection: MapValue | SetValue, key: Value, meter: Meter): boolean =>
  meter.pay(lookupFuel(collection, key, meter.fuel));

/** Charges for finding a key, and for a copy of the nodes on the way to it. */
function payChange(collection: MapValue | SetValue, key: Value, meter: Meter): boolean {
  const fuel = typeof key === 'string' ? textFuel(key) : comparisonFuel(key, meter.fuel);
  return meter.pay(8 + 2 * (heightOf(collection.length) + 1) * fuel);
}

const comparisonFuel = (key: Value, fuel: number): number =>
  1 + Math.floor(sizeWithin(key, payableBytes(fuel)) / PER_FUEL.bytes);

/** The same of a string, whose size is known at once. */
const textFuel = (key: string): number => 1 + (((STRING_HEADER_BYTES + 2 * key.length) / PER_FUEL.bytes) | 0);

function collectionOrTooLarge(made: MapValue | SetValue, meter: Meter): Value | typeof FAILED {
  return made.size > valueBytesMax ? meter.fail(VALUE_TOO_LARGE) : made;
}

const payTraverse = (collection: MapValue | SetValue, meter: Meter): boolean =>
  meter.pay(1 + collection.length + Math.floor(collection.size / PER_FUEL.bytes));

// ----------------------------------------------------------------------------- maps

export const mapGet = (meter: Meter, map: MapValue, key: Value): Result => {
  if (!payLookup(map, key, meter)) return FAILED;
  return map.get(key);
};

export const mapHas = (meter: Meter, map: MapValue, key: Value): Result => {
  return payLookup(map, key, meter) ? map.has(key) : FAILED;
};

function insert(meter: Meter, map: MapValue, key: Value, value: Value, log: UndoLog | null): Result {
  if (!payChange(map, key, meter)) return FAILED;
  const slot = map.slotOf(key);
  const old = map.at(slot);
  const max = payableBytes(meter.fuel);
  const bytes = sizeWithin(value, max) + (old === undefined ? 0 : sizeWithin(old, max));
  if (!meter.pay(Math.floor(bytes / PER_FUEL.bytes))) return FAILED;
  return collectionOrTooLarge(map.withAt(slot, key, value, old, log), meter);
}

export const mapInsert = (meter: Meter, map: MapValue, key: Value, value: Value): Result =>
  insert(meter, map, key, value, null);

export const mapInsertInPlace = (meter: Meter, map: MapValue, key: Value, value: Value): Result =>
  insert(meter, map, key, value, meter.log);

function remove(meter: Meter, map: MapValue, key: Value, log: UndoLog | null): Result {
  if (!payChange(map, key, meter)) return FAILED;
  const old = map.get(key);
  if (old === undefined) return map;
  return meter.measured(old) < 0 ? FAILED : map.without(key, log);
}

export const mapRemove = (meter: Meter, map: MapValue, key: Value): Result => remove(meter, map, key, null);

export const mapRemoveInPlace = (meter: Meter, map: MapValue, key: Value): Result =>
  remove(meter, map, key, meter.log);

export const mapKeys = (meter: Meter, map: MapValue): Result => {
  if (!payTraverse(map, meter)) return FAILED;
  return List.of([...map.keys()]);
};

export const mapValues = (meter: Meter, map: MapValue): Result => {
  if (!payTraverse(map, meter)) return FAILED;
  return List.of([...map.values()]);
};

export const mapEntries = (meter: Meter, map: MapValue): Result => {
  if (!payTraverse(map, meter)) return FAILED;
  const perEntry = PRODUCT_HEADER_BYTES - ENTRY_HEADER_BYTES;
  const size = map.size - COLLECTION_HEADER_BYTES + LIST_HEADER_BYTES + perEntry * map.length;
  return size > valueBytesMax ? meter.fail(VALUE_TOO_LARGE) : new List([...map.entries()], size);
};

export const mapFromList = (meter: Meter, list: List, _b: null, _c: null, order: KeyOrder): Result => {
  if (!meter.pay(sortFuel(list.items.length, list.size))) return FAILED;
  // No larger than the list: an entry takes less than a pair.
  return MapValue.of(list.items as unknown as [Value, Value][], order);
};

// ----------------------------------------------------------------------------- sets

export const setHas = (meter: Meter, set: SetValue, item: Value): Result => {
  return payLookup(set, item, meter) ? set.has(item) : FAILED;
};

function add(meter: Meter, set: SetValue, item: Value, log: UndoLog | null): Result {
  return payChange(set, item, meter) ? collectionOrTooLarge(set.with(item, log), meter) : FAILED;
}

export const setInsert = (meter: Meter, set: SetValue, item: Value): Result => add(meter, set, item, null);

export const setInsertInPlace = (meter: Meter, set: SetValue, item: Value): Result =>
  add(meter, set, item, meter.log);

export const setRemove = (meter: Meter, set: SetValue, item: Value): Result => {
  return payChange(set, item, meter) ? set.without(item) : FAILED;
};

export const setRemoveInPlace = (meter: Meter, set: SetValue, item: Value): Result => {
  return payChange(set, item, meter) ? set.without(item, meter.log) : FAILED;
};

/** The items that `isKept` takes of the two sets, in one pass over both. */
const merge =
  (isKept: (inLeft: boolean, inRight: boolean) => boolean) =>
  (meter: Meter, left: SetValue, right: SetValue): Result => {
    if (!meter.pay(sortFuel(left.length + right.length, left.size + right.size))) return FAILED;
    const kept: Value[] = [];
    const [lefts, rights] = [[...left.items()], [...right.items()]];
    for (let i = 0, j = 0; i < lefts.length || j < rights.length;) {
      const sign = i >= lefts.length ? 1 : j >= rights.length ? -1 : left.compare(lefts[i], rights[j]);
      if (isKept(sign <= 0, sign >= 0)) kept.push(sign <= 0 ? lefts[i] : rights[j]);
      if (sign <= 0) i++;
      if (sign >= 0) j++;
    }
    return collectionOrTooLarge(SetValue.of(kept, left.compare), meter);
  };

export const setUnion = merge(() => true);
export const setIntersect = merge((inLeft, inRight) => inLeft && inRight);
export const setDiff = merge((inLeft, inRight) => inLeft && !inRight);

export const setToList = (meter: Meter, set: SetValue): Result => {
  if (!payTraverse(set, meter)) return FAILED;
  return new List(
    [...set.items()],
    set.size - COLLECTION_HEADER_BYTES + LIST_HEADER_BYTES - ENTRY_HEADER_BYTES * set.length,
  );
};

export const setFromList = (meter: Meter, list: List, _b: null, _c: null, order: KeyOrder): Result => {
  if (!meter.pay(sortFuel(list.items.length, list.size))) return FAILED;
  return collectionOrTooLarge(SetValue.of(list.items, order), meter);
};
