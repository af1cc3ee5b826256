import { BOOL, INT, INT_MAX, List, Sum, equal, isKey, keyOrder, sizeOf } from '@smc/protocol';
import type { TypeId, TypeTable, Value } from '@smc/protocol';
import {
  OVERFLOW,
  heightOf,
  itemOf,
  listOrTooLarge,
  measuring,
  one,
  pairOf,
  perBytes,
  perItems,
  sorting,
  type PrimitiveRow,
} from './row.ts';

/** Lists. */

const none = new Sum(0, null);
const some = (value: Value): Value => new Sum(1, value);

type Result = PrimitiveRow['result'];

/** (List<a>, b) where `second` is b, or null for a. */
const listAnd =
  (second: TypeId | null, result: (types: TypeTable, list: TypeId, item: TypeId) => TypeId): Result =>
  (types, type) => {
    const pair = pairOf(types, type);
    const item = pair === null ? null : itemOf(types, pair[0]);
    return pair !== null && item !== null && pair[1] === (second ?? item)
      ? result(types, pair[0], item)
      : null;
  };

const ofList =
  (result: (types: TypeTable, list: TypeId, item: TypeId) => TypeId | null): Result =>
  (types, type) => {
    const item = itemOf(types, type);
    return item === null ? null : result(types, type, item);
  };

/** List<(a, b)> -> List<b>, for the a that are accepted. */
const ofPairs = (accepts: (types: TypeTable, first: TypeId) => boolean): Result =>
  ofList((types, _, item) => {
    const pair = pairOf(types, item);
    return pair !== null && accepts(types, pair[0]) ? types.list(pair[1]) : null;
  });

const row = (
  result: Result,
  fuel: PrimitiveRow['fuel'],
  run: PrimitiveRow['run'],
  faults = false,
): PrimitiveRow => ({ result, fuel, run, faults });

const listOf = (value: Value): List => value as List;
const both = <B>(value: Value): readonly [List, B] => value as unknown as readonly [List, B];
const all = (list: List): number => 1 + list.items.length + perBytes(list.size);
const clamped = (count: number, length: number): number => Math.min(Math.max(count, 0), length);

/** Fuel of a part of a list: for its items, and for measuring them. */
const taking =
  (part: (items: readonly Value[], count: number) => readonly Value[]): PrimitiveRow['fuel'] =>
  (value, fuelLeft) => {
    const [list, given] = both<number>(value);
    const items = part(list.items, clamped(given, list.items.length));
    if (items.length >= fuelLeft) return 1 + items.length;
    return 1 + items.length + perBytes(List.of(items).size);
  };

const take = (items: readonly Value[], count: number): readonly Value[] => items.slice(0, count);
const drop = (items: readonly Value[], count: number): readonly Value[] => items.slice(count);

const seconds = (pairs: readonly Value[]): Value =>
  List.of(pairs.map((pair) => (pair as readonly Value[])[1]));

export const LIST_ROWS = {
  LIST_GET: row(
    listAnd(INT, (types, _, item) => types.option(item)),
    one,
    (value) => {
      const [list, at] = both<number>(value);
      return at in list.items ? some(list.items[at]) : none;
    },
  ),
  LIST_PREPEND: row(
    listAnd(null, (_, list) => list),
    (value, fuelLeft) => {
      const [list, item] = both<Value>(value);
      return perItems(list.items.length) + measuring(item, fuelLeft);
    },
    (value) => {
      const [list, item] = both<Value>(value);
      return listOrTooLarge(list.size + sizeOf(item), () => [item, ...list.items]);
    },
    true,
  ),
  LIST_FLATTEN: row(
    ofList((types, _, item) => (itemOf(types, item) === null ? null : item)),
    (value, fuelLeft) => {
      const { items } = listOf(value);
      if (items.length >= fuelLeft) return 1 + items.length;
      const count = items.reduce<number>((sum, each) => sum + listOf(each).items.length, 0);
      return 1 + items.length + Math.floor(count / 4);
    },
    (value) => {
      const lists = listOf(value).items.map(listOf);
      return List.of(lists.flatMap((each) => each.items));
    },
  ),
  LIST_REVERSE: row(
    ofList((_, list) => list),
    (value) => perItems(listOf(value).items.length),
    (value) => List.of([...listOf(value).items].reverse()),
  ),
  LIST_CONTAINS: row(
    listAnd(null, () => BOOL),
    (value) => all(both(value)[0]),
    (value) => {
      const [list, sought] = both<Value>(value);
      return list.items.some((item) => equal(item, sought));
    },
  ),
  LIST_INDEX_OF: row(
    listAnd(null, (types) => types.option(INT)),
    (value) => all(both(value)[0]),
    (value) => {
      const [list, sought] = both<Value>(value);
      const at = list.items.findIndex((item) => equal(item, sought));
      return at < 0 ? none : some(at);
    },
  ),
  LIST_TAKE: row(
    listAnd(INT, (_, list) => list),
    taking(take),
    (value) => {
      const [list, count] = both<number>(value);
      return List.of(take(list.items, clamped(count, list.items.length)));
    },
  ),
  LIST_DROP: row(
    listAnd(INT, (_, list) => list),
    taking(drop),
    (value) => {
      const [list, count] = both<number>(value);
      return List.of(drop(list.items, clamped(count, list.items.length)));
    },
  ),
  LIST_ZIP: row(
    (types, type) => {
      const pair = pairOf(types, type);
      const [left, right] = pair === null ? [null, null] : pair.map((list) => itemOf(types, list));
      return left === null || right === null ? null : types.list(types.pair(left, right));
    },
    (value) => {
      const [left, right] = both<List>(value);
      return 1 + Math.min(left.items.length, right.items.length) + perBytes(left.size + right.size);
    },
    (value) => {
      const [left, right] = both<List>(value);
      const count = Math.min(left.items.length, right.items.length);
      const pairs = left.items.slice(0, count).map((item, i) => [item, right.items[i]]);
      return listOrTooLarge(List.of(pairs).size, () => pairs);
    },
    true,
  ),
  LIST_SUM: row(
    ofList((_, __, item) => (item === INT ? INT : null)),
    (value) => perItems(listOf(value).items.length),
    (value) => {
      let sum = 0;
      for (const item of listOf(value).items) {
        sum += item as number;
        if (Math.abs(sum) > INT_MAX) return OVERFLOW;
      }
      return sum;
    },
    true,
  ),
  LIST_SORT: row(
    ofPairs(isKey),
    (value) => sorting(listOf(value).items.length, listOf(value).size),
    (value, types, from) => {
      const [key] = pairOf(types, itemOf(types, from)!)!;
      const order = keyOrder(types, key);
      const first = (pair: Value): Value => (pair as readonly Value[])[0];
      return seconds([...listOf(value).items].sort((a, b) => order(first(a), first(b))));
    },
  ),
  LIST_SELECT: row(
    ofPairs((_, first) => first === BOOL),
    (value) => all(listOf(value)),
    (value) => seconds(listOf(value).items.filter((pair) => (pair as readonly Value[])[0] === true)),
  ),
  LIST_UNCONS: row(
    ofList((types, list, item) => types.option(types.pair(item, list))),
    (value, fuelLeft) => {
      const { items } = listOf(value);
      return perItems(items.length) + (items.length === 0 ? 0 : measuring(items[0], fuelLeft));
    },
    (value) => {
      const [first, ...rest] = listOf(value).items;
      return first === undefined ? none : some([first, List.of(rest)]);
    },
  ),
} as const satisfies Record<string, PrimitiveRow>;

/** For maps and sets: the fuel of finding a key among n. */
export const finding = (count: number, key: Value, fuelLeft: number): number =>
  heightOf(count) * (1 + measuring(key, fuelLeft));
