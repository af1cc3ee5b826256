import type { Primitive } from '@smc/compiler';
import { BOOL, BYTES, INT, STRING, TIME, isKey, type TypeId, type TypeTable } from '@smc/protocol';

/** The built-in functions that give a type, each with the type that it takes. */
export function primitivesTo(
  types: TypeTable,
  to: TypeId,
  any: () => TypeId,
  anyKey: () => TypeId,
): (readonly [Primitive, TypeId])[] {
  const strings = types.pair(STRING, STRING);
  const item = any();
  const key = anyKey();
  const list = types.list(item);
  const map = types.map(key, item);
  const set = types.set(key);
  const node = types.node(to);
  switch (node.kind) {
    case 'int':
      return [
        ['INT_MIN', types.pair(INT, INT)],
        ['INT_MAX', types.pair(INT, INT)],
        ['INT_ABS', INT],
        ['BYTES_LENGTH', BYTES],
        ['TIME_TO_MILLIS', TIME],
        ['TIME_DIFF_MILLIS', types.pair(TIME, TIME)],
        ['LIST_SUM', types.list(INT)],
        ['MAP_SIZE', map],
        ['SET_SIZE', set],
      ];
    case 'bool':
      return [
        ['STRING_CONTAINS', strings],
        ['STRING_STARTS_WITH', strings],
        ['STRING_ENDS_WITH', strings],
        ['LIST_CONTAINS', types.pair(list, item)],
        ['MAP_HAS', types.pair(map, key)],
        ['SET_HAS', types.pair(set, key)],
      ];
    case 'string':
      return [
        ['STRING_JOIN', types.pair(types.list(STRING), STRING)],
        ['STRING_SLICE', types.tuple([STRING, INT, INT])],
        ['STRING_TO_UPPER', STRING],
        ['STRING_TO_LOWER', STRING],
        ['STRING_TRIM', STRING],
        ['STRING_REPEAT', types.pair(STRING, INT)],
        ['BYTES_TO_HEX', BYTES],
      ];
    case 'bytes':
      return [
        ['STRING_TO_BYTES', STRING],
        ['BYTES_SLICE', types.tuple([BYTES, INT, INT])],
        ['BYTES_CONCAT', types.pair(BYTES, BYTES)],
        ['BYTES_FLATTEN', types.list(BYTES)],
      ];
    case 'time':
      return [
        ['TIME_FROM_MILLIS', INT],
        ['TIME_ADD_MILLIS', types.pair(TIME, INT)],
      ];
    case 'list':
      return primitivesToList(types, to, node.item, item, key);
    case 'sum': {
      const payload = node.name === 'Option' ? node.constructors[1].payload : null;
      return payload === null ? [] : primitivesToOption(types, payload, list, item, key);
    }
    case 'map':
      return [
        ['MAP_INSERT', types.tuple([to, node.key, node.value])],
        ['MAP_REMOVE', types.pair(to, node.key)],
        ['MAP_FROM_LIST', types.list(types.pair(node.key, node.value))],
      ];
    case 'set':
      return [
        ['SET_INSERT', types.pair(to, node.item)],
        ['SET_REMOVE', types.pair(to, node.item)],
        ['SET_UNION', types.pair(to, to)],
        ['SET_INTERSECT', types.pair(to, to)],
        ['SET_DIFF', types.pair(to, to)],
        ['SET_FROM_LIST', types.list(node.item)],
      ];
    default:
      return [];
  }
}

function primitivesToList(
  types: TypeTable,
  to: TypeId,
  own: TypeId,
  item: TypeId,
  key: TypeId,
): (readonly [Primitive, TypeId])[] {
  const found: (readonly [Primitive, TypeId])[] = [
    ['LIST_PREPEND', types.pair(to, own)],
    ['LIST_FLATTEN', types.list(to)],
    ['LIST_REVERSE', to],
    ['LIST_TAKE', types.pair(to, INT)],
    ['LIST_DROP', types.pair(to, INT)],
    ['LIST_SELECT', types.list(types.pair(BOOL, own))],
    ['LIST_SORT', types.list(types.pair(key, own))],
    ['MAP_VALUES', types.map(key, own)],
  ];
  if (own === STRING) found.push(['STRING_SPLIT', types.pair(STRING, STRING)]);
  if (isKey(types, own)) found.push(['MAP_KEYS', types.map(own, item)], ['SET_TO_LIST', types.set(own)]);
  const pair = types.node(own);
  if (pair.kind === 'tuple' && pair.items.length === 2) {
    const [left, right] = pair.items;
    found.push(['LIST_ZIP', types.pair(types.list(left), types.list(right))]);
    if (isKey(types, left)) found.push(['MAP_ENTRIES', types.map(left, right)]);
  }
  return found;
}

function primitivesToOption(
  types: TypeTable,
  own: TypeId,
  list: TypeId,
  item: TypeId,
  key: TypeId,
): (readonly [Primitive, TypeId])[] {
  const found: (readonly [Primitive, TypeId])[] = [
    ['LIST_GET', types.pair(types.list(own), INT)],
    ['MAP_GET', types.pair(types.map(key, own), key)],
  ];
  if (own === INT) {
    found.push(['INT_PARSE', STRING], ['STRING_INDEX_OF', types.pair(STRING, STRING)]);
    found.push(['LIST_INDEX_OF', types.pair(list, item)], ['BYTES_GET', types.pair(BYTES, INT)]);
  }
  if (own === STRING) found.push(['BYTES_TO_STRING', BYTES]);
  if (own === BYTES) found.push(['BYTES_FROM_HEX', STRING]);
  const pair = types.node(own);
  const isSplit =
    pair.kind === 'tuple' && pair.items.length === 2 && types.list(pair.items[0]) === pair.items[1];
  if (isSplit) found.push(['LIST_UNCONS', pair.items[1]]);
  return found;
}
