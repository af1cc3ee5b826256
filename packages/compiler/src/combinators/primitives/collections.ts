import {
  BOOL,
  INT,
  List,
  MapValue,
  SetValue,
  Sum,
  VALUE_LIMITS,
  isKey,
  keyOrder,
  payableBytes,
  sizeWithin,
} from '@smc/protocol';
import type { TypeId, TypeNode, TypeTable, Value } from '@smc/protocol';
import { finding } from './lists.ts';
import {
  type Failure,
  TOO_LARGE,
  itemOf,
  listOrTooLarge,
  measuring,
  one,
  pairOf,
  perBytes,
  sorting,
  type PrimitiveRow,
} from './row.ts';

/** Maps and sets: each result is made anew from its entries. */

const none = new Sum(0, null);
const some = (value: Value): Value => new Sum(1, value);

type Result = PrimitiveRow['result'];
type MapNode = TypeNode & { readonly kind: 'map' };

const mapNode = (types: TypeTable, type: TypeId): MapNode | null => {
  const node = types.node(type);
  return node.kind === 'map' ? node : null;
};

const setItem = (types: TypeTable, type: TypeId): TypeId | null => {
  const node = types.node(type);
  return node.kind === 'set' ? node.item : null;
};

const ofMap =
  (result: (types: TypeTable, node: MapNode) => TypeId): Result =>
  (types, type) => {
    const node = mapNode(types, type);
    return node === null ? null : result(types, node);
  };

const mapAndKey =
  (result: (types: TypeTable, map: TypeId, node: MapNode) => TypeId): Result =>
  (types, type) => {
    const pair = pairOf(types, type);
    const node = pair === null ? null : mapNode(types, pair[0]);
    return pair !== null && node?.key === pair[1] ? result(types, pair[0], node) : null;
  };

const setAndItem =
  (result: (set: TypeId) => TypeId): Result =>
  (types, type) => {
    const pair = pairOf(types, type);
    return pair !== null && setItem(types, pair[0]) === pair[1] ? result(pair[0]) : null;
  };

const twoSets: Result = (types, type) => {
  const pair = pairOf(types, type);
  return pair !== null && pair[0] === pair[1] && setItem(types, pair[0]) !== null ? pair[0] : null;
};

const row = (
  result: Result,
  fuel: PrimitiveRow['fuel'],
  run: PrimitiveRow['run'],
  faults = false,
): PrimitiveRow => ({ result, fuel, run, faults });

const parts = <A, B, C = never>(value: Value): readonly [A, B, C] => value as unknown as readonly [A, B, C];

const looking: PrimitiveRow['fuel'] = (value, fuelLeft) => {
  const [collection, key] = parts<MapValue | SetValue, Value>(value);
  return 1 + finding(collection.length, key, fuelLeft);
};

const changing: PrimitiveRow['fuel'] = (value, fuelLeft) => {
  const [collection, key] = parts<MapValue | SetValue, Value>(value);
  return 8 + 2 * (finding(collection.length, key, fuelLeft) + 1 + measuring(key, fuelLeft));
};

/** And for the values of a map that come and go, which are measured. */
const changingMap: PrimitiveRow['fuel'] = (value, fuelLeft) => {
  const [map, key, item] = parts<MapValue, Value, Value | undefined>(value);
  const cost = changing(value, fuelLeft);
  if (cost > fuelLeft) return cost;
  const measured = [item, map.get(key)].filter((each) => each !== undefined);
  const max = payableBytes(fuelLeft - cost);
  return cost + perBytes(measured.reduce<number>((sum, each) => sum + sizeWithin(each, max), 0));
};

const traversing: PrimitiveRow['fuel'] = (value) => {
  const collection = value as MapValue | SetValue;
  return 1 + collection.length + perBytes(collection.size);
};

const collecting: PrimitiveRow['fuel'] = (value) =>
  sorting((value as List).items.length, (value as List).size);

const collectionOrTooLarge = (made: MapValue | SetValue): Value | Failure =>
  made.size > VALUE_LIMITS.valueBytesMax ? TOO_LARGE : made;

const length = (value: Value): number => (value as MapValue | SetValue).length;

/** The items of two sets that are kept. */
const combining = (isKept: (item: Value, left: SetValue, right: SetValue) => boolean): PrimitiveRow =>
  row(
    twoSets,
    (value) => {
      const [left, right] = parts<SetValue, SetValue>(value);
      return sorting(left.length + right.length, left.size + right.size);
    },
    (value) => {
      const [left, right] = parts<SetValue, SetValue>(value);
      const kept = [...left.items(), ...right.items()].filter((item) => isKept(item, left, right));
      return collectionOrTooLarge(SetValue.of(kept, left.compare));
    },
    true,
  );

export const COLLECTION_ROWS = {
  MAP_SIZE: row(
    ofMap(() => INT),
    one,
    length,
  ),
  MAP_GET: row(
    mapAndKey((types, _, node) => types.option(node.value)),
    looking,
    (value) => {
      const [map, key] = parts<MapValue, Value>(value);
      const found = map.get(key);
      return found === undefined ? none : some(found);
    },
  ),
  MAP_HAS: row(
    mapAndKey(() => BOOL),
    looking,
    (value) => {
      const [map, key] = parts<MapValue, Value>(value);
      return map.has(key);
    },
  ),
  MAP_INSERT: row(
    (types, type) => {
      const node = types.node(type);
      if (node.kind !== 'tuple' || node.items.length !== 3) return null;
      const [map, key, value] = node.items;
      const made = mapNode(types, map);
      return made?.key === key && made.value === value ? map : null;
    },
    changingMap,
    (value) => {
      const [map, key, item] = parts<MapValue, Value, Value>(value);
      return collectionOrTooLarge(MapValue.of([...map.entries(), [key, item]], map.compare));
    },
    true,
  ),
  MAP_REMOVE: row(
    mapAndKey((_, map) => map),
    changingMap,
    (value) => {
      const [map, key] = parts<MapValue, Value>(value);
      const kept = [...map.entries()].filter(([each]) => map.compare(each, key) !== 0);
      return MapValue.of(kept, map.compare);
    },
  ),
  MAP_KEYS: row(
    ofMap((types, node) => types.list(node.key)),
    traversing,
    (value) => List.of([...(value as MapValue).keys()]),
  ),
  MAP_VALUES: row(
    ofMap((types, node) => types.list(node.value)),
    traversing,
    (value) => List.of([...(value as MapValue).values()]),
  ),
  MAP_ENTRIES: row(
    ofMap((types, node) => types.list(types.pair(node.key, node.value))),
    traversing,
    (value) => {
      const entries = [...(value as MapValue).entries()];
      return listOrTooLarge(List.of(entries).size, () => entries);
    },
    true,
  ),
  MAP_FROM_LIST: row(
    (types, type) => {
      const item = itemOf(types, type);
      const pair = item === null ? null : pairOf(types, item);
      return pair !== null && isKey(types, pair[0]) ? types.map(pair[0], pair[1]) : null;
    },
    collecting,
    (value, types, from) => {
      const [key] = pairOf(types, itemOf(types, from)!)!;
      const entries = (value as List).items as unknown as readonly [Value, Value][];
      return MapValue.of(entries, keyOrder(types, key));
    },
  ),
  SET_SIZE: row((types, type) => (setItem(types, type) === null ? null : INT), one, length),
  SET_HAS: row(
    setAndItem(() => BOOL),
    looking,
    (value) => {
      const [set, item] = parts<SetValue, Value>(value);
      return set.has(item);
    },
  ),
  SET_INSERT: row(
    setAndItem((set) => set),
    changing,
    (value) => {
      const [set, item] = parts<SetValue, Value>(value);
      return collectionOrTooLarge(SetValue.of([...set.items(), item], set.compare));
    },
    true,
  ),
  SET_REMOVE: row(
    setAndItem((set) => set),
    changing,
    (value) => {
      const [set, item] = parts<SetValue, Value>(value);
      const kept = [...set.items()].filter((each) => set.compare(each, item) !== 0);
      return SetValue.of(kept, set.compare);
    },
  ),
  SET_UNION: combining(() => true),
  SET_INTERSECT: combining((item, left, right) => left.has(item) && right.has(item)),
  SET_DIFF: combining((item, left, right) => left.has(item) && !right.has(item)),
  SET_TO_LIST: row(
    (types, type) => {
      const item = setItem(types, type);
      return item === null ? null : types.list(item);
    },
    traversing,
    (value) => List.of([...(value as SetValue).items()]),
  ),
  SET_FROM_LIST: row(
    (types, type) => {
      const item = itemOf(types, type);
      return item !== null && isKey(types, item) ? types.set(item) : null;
    },
    collecting,
    (value, types, from) => {
      const order = keyOrder(types, itemOf(types, from)!);
      return collectionOrTooLarge(SetValue.of((value as List).items, order));
    },
    true,
  ),
} as const satisfies Record<string, PrimitiveRow>;
