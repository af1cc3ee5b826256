import {
  INT_MAX,
  INT_MIN,
  LIST_HEADER_BYTES,
  List,
  MapValue,
  SetValue,
  Sum,
  TIME_MAX,
  VALUE_LIMITS,
  keyOrder,
  sizeOf,
  type TypeId,
  type TypeTable,
  type Value,
} from '@smc/protocol';

/**
 * Whether a value is one of a first-order type, within the limits of values. It looks at all
 * of the value; the depth of the recursion is that of the type.
 */
export function conforms(types: TypeTable, type: TypeId, value: Value): boolean {
  const node = types.node(type);
  switch (node.kind) {
    case 'unit':
      return value === null;
    case 'bool':
      return typeof value === 'boolean';
    case 'int':
      return isInteger(value, INT_MIN, INT_MAX);
    case 'time':
      return isInteger(value, -TIME_MAX, TIME_MAX);
    case 'string':
      return (
        typeof value === 'string' && value.length <= VALUE_LIMITS.stringLengthMax && value.isWellFormed()
      );
    case 'bytes':
      return value instanceof Uint8Array && value.length <= VALUE_LIMITS.valueBytesMax;
    case 'tuple':
      return (
        areParts(value, node.items.length) && node.items.every((part, i) => conforms(types, part, value[i]))
      );
    case 'record':
      return (
        areParts(value, node.fields.length) &&
        node.fields.every((field, i) => conforms(types, field.type, value[i]))
      );
    case 'list':
      return value instanceof List && isList(types, node.item, value);
    case 'sum':
      return (
        value instanceof Sum &&
        node.constructors[value.tag] !== undefined &&
        conforms(types, node.constructors[value.tag].payload, value.value)
      );
    case 'map':
      return value instanceof MapValue && isMap(types, node, value);
    case 'set':
      return value instanceof SetValue && isSet(types, node.item, value);
    case 'function':
      return false;
    default:
      return node satisfies never;
  }
}

function isInteger(value: Value, min: number, max: number): boolean {
  return Number.isInteger(value) && !Object.is(value, -0) && Number(value) >= min && Number(value) <= max;
}

function areParts(value: Value, count: number): value is readonly Value[] {
  return Array.isArray(value) && value.length === count;
}

function isMap(types: TypeTable, { key, value }: { key: TypeId; value: TypeId }, map: MapValue): boolean {
  if (!isAscending(types, key, map.keys())) return false;
  for (const item of map.values()) if (!conforms(types, value, item)) return false;
  return isMeasured(map, MapValue.of(map.entries(), map.compare));
}

function isSet(types: TypeTable, item: TypeId, set: SetValue): boolean {
  return isAscending(types, item, set.items()) && isMeasured(set, SetValue.of(set.items(), set.compare));
}

/** Of maps and sets the order is checked too: that of the type, and not of another. */
function isAscending(types: TypeTable, type: TypeId, keys: Iterable<Value>): boolean {
  const order = keyOrder(types, type);
  let last: Value | undefined;
  for (const key of keys) {
    if (!conforms(types, type, key) || (last !== undefined && order(last, key) >= 0)) return false;
    last = key;
  }
  return true;
}

const isMeasured = (collection: MapValue | SetValue, copy: MapValue | SetValue): boolean =>
  collection.size === copy.size && collection.size <= VALUE_LIMITS.valueBytesMax;

/** Of a list, the size that it keeps is checked too: the limits are counted by it. */
function isList(types: TypeTable, item: TypeId, list: List): boolean {
  if (!list.items.every((part) => conforms(types, item, part))) return false;
  const size = list.items.reduce<number>((sum, part) => sum + sizeOf(part), LIST_HEADER_BYTES);
  return list.size === size && size <= VALUE_LIMITS.valueBytesMax;
}
