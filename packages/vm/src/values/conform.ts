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
  equal,
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

/** Of maps and sets the order is checked too: that of the type, and not of another. */
function isMap(types: TypeTable, { key, value }: { key: TypeId; value: TypeId }, map: MapValue): boolean {
  const copy = MapValue.of(map.entries(), keyOrder(types, key));
  for (const [each, item] of map.entries()) {
    if (!conforms(types, key, each) || !conforms(types, value, item)) return false;
  }
  return equal(copy, map) && map.size === copy.size && map.size <= VALUE_LIMITS.valueBytesMax;
}

function isSet(types: TypeTable, item: TypeId, set: SetValue): boolean {
  const copy = SetValue.of(set.items(), keyOrder(types, item));
  for (const each of set.items()) if (!conforms(types, item, each)) return false;
  return equal(copy, set) && set.size === copy.size && set.size <= VALUE_LIMITS.valueBytesMax;
}

/** Of a list, the size that it keeps is checked too: the limits are counted by it. */
function isList(types: TypeTable, item: TypeId, list: List): boolean {
  if (!list.items.every((part) => conforms(types, item, part))) return false;
  const size = list.items.reduce<number>((sum, part) => sum + sizeOf(part), LIST_HEADER_BYTES);
  return list.size === size && size <= VALUE_LIMITS.valueBytesMax;
}
