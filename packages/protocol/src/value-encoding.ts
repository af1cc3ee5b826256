import { type ByteReader, ByteWriter, type Decoded, decoding } from './bytes.ts';
import { type KeyOrder, keyOrder } from './key-order.ts';
import type { TypeId, TypeNode, TypeTable } from './type.ts';
import { List, MapValue, SetValue, sizeOf, Sum, TIME_MAX, type Value, VALUE_LIMITS } from './value.ts';

/**
 * The compact encoding of a value whose type is known: constants in images, states and
 * inputs in a log, frames on the wire. It carries no types, and each value has one form:
 *
 * | type          | encoding                                                            |
 * |---------------|---------------------------------------------------------------------|
 * | unit          | the byte 0                                                          |
 * | Bool          | the byte 0 or 1                                                     |
 * | Int, Time     | integer                                                             |
 * | String        | string                                                              |
 * | Bytes         | unsigned length, the bytes                                          |
 * | tuple, record | the components, the fields in the order of their names              |
 * | list          | unsigned count, the items                                           |
 * | sum           | unsigned constructor, its payload, if it takes an argument          |
 * | map           | unsigned count, the entries, each its key and value, keys ascending |
 * | set           | unsigned count, the items, ascending                                |
 *
 * Every value takes a byte or more, so that a count is bounded by the bytes
 * there are. Recursion follows the type, whose depth is bounded (`TYPE_LIMITS`).
 */

/** The encoding of a value of a first-order type; a value of another type is a broken precondition. */
export function encodeValue(types: TypeTable, type: TypeId, value: Value): Uint8Array {
  const writer = new ByteWriter();
  writeValue(writer, types, type, value);
  return writer.bytes();
}

/**
 * The value of a first-order type that the bytes, all of them, encode; within `VALUE_LIMITS`. Who has written it
 * himself, and has to go on with it, gives another limit for its size (`sizeOf`).
 */
export function decodeValue(
  types: TypeTable,
  type: TypeId,
  bytes: Uint8Array,
  bytesMax: number = VALUE_LIMITS.valueBytesMax,
): Decoded<Value> {
  return decoding(bytes, (reader) => takeValue(reader, types, type, bytesMax));
}

export function writeValue(writer: ByteWriter, types: TypeTable, type: TypeId, value: Value): void {
  const node = types.node(type);
  switch (node.kind) {
    case 'unit':
      return value === null ? writer.byte(0) : mismatch(node, type, value);
    case 'bool':
      return typeof value === 'boolean' ? writer.byte(value ? 1 : 0) : mismatch(node, type, value);
    case 'int':
    case 'time':
      return typeof value === 'number' ? writer.integer(value) : mismatch(node, type, value);
    case 'string':
      return typeof value === 'string' ? writer.string(value) : mismatch(node, type, value);
    case 'bytes':
      if (!(value instanceof Uint8Array)) return mismatch(node, type, value);
      writer.unsigned(value.length);
      return writer.raw(value);
    case 'tuple':
    case 'record': {
      const parts = types.components(type)!;
      if (!Array.isArray(value) || value.length !== parts.length) return mismatch(node, type, value);
      return parts.forEach((part, i) => writeValue(writer, types, part, value[i]));
    }
    case 'list':
      if (!(value instanceof List)) return mismatch(node, type, value);
      writer.unsigned(value.items.length);
      return value.items.forEach((item) => writeValue(writer, types, node.item, item));
    case 'sum': {
      const constructor = value instanceof Sum ? node.constructors[value.tag] : undefined;
      if (!(value instanceof Sum) || constructor === undefined) return mismatch(node, type, value);
      writer.unsigned(value.tag);
      if (constructor.labels?.length !== 0) writeValue(writer, types, constructor.payload, value.value);
      return;
    }
    case 'map':
      if (!(value instanceof MapValue)) return mismatch(node, type, value);
      writer.unsigned(value.length);
      for (const [key, item] of value.entries()) {
        writeValue(writer, types, node.key, key);
        writeValue(writer, types, node.value, item);
      }
      return;
    case 'set':
      if (!(value instanceof SetValue)) return mismatch(node, type, value);
      writer.unsigned(value.length);
      for (const item of value.items()) writeValue(writer, types, node.item, item);
      return;
    case 'function':
      throw new Error(`a value of a ${node.kind} type has no encoding (type ${type})`);
  }
}

function mismatch({ kind }: TypeNode, type: TypeId, value: Value): never {
  throw new Error(`a value that is no ${kind} (type ${type}): ${JSON.stringify(value)}`);
}

/** Mirror of `writeValue`, with the limit of `decodeValue`. */
export function takeValue(
  reader: ByteReader,
  types: TypeTable,
  type: TypeId,
  bytesMax: number = VALUE_LIMITS.valueBytesMax,
): Value {
  const start = reader.offset;
  const value = takePart(reader, types, type);
  if (sizeOf(value) > bytesMax) reader.fail('value too large', start);
  return value;
}

function takePart(reader: ByteReader, types: TypeTable, type: TypeId): Value {
  const node = types.node(type);
  const start = reader.offset;
  switch (node.kind) {
    case 'unit':
      if (reader.byte() !== 0) reader.fail('expected unit', start);
      return null;
    case 'bool': {
      const byte = reader.byte();
      if (byte > 1) reader.fail('expected a Bool', start);
      return byte === 1;
    }
    case 'int':
      return reader.integer();
    case 'time': {
      const time = reader.integer();
      if (Math.abs(time) > TIME_MAX) reader.fail('time out of range', start);
      return time;
    }
    case 'string': {
      const text = reader.string(3 * VALUE_LIMITS.stringLengthMax);
      if (text.length > VALUE_LIMITS.stringLengthMax) reader.fail('string too long', start);
      return text;
    }
    case 'bytes':
      return reader.raw(reader.count('bytes', VALUE_LIMITS.valueBytesMax)).slice();
    case 'tuple':
    case 'record':
      return types.components(type)!.map((part) => takePart(reader, types, part));
    case 'list': {
      const count = reader.count('items', VALUE_LIMITS.valueBytesMax);
      const items: Value[] = [];
      for (let i = 0; i < count; i++) items.push(takePart(reader, types, node.item));
      return List.of(items);
    }
    case 'sum': {
      const tag = reader.index('constructor', node.constructors.length);
      const { labels, payload } = node.constructors[tag];
      return new Sum(tag, labels?.length === 0 ? null : takePart(reader, types, payload));
    }
    case 'map': {
      const keys = ascendingKeys(reader, types, node.key);
      const count = reader.count('entries', VALUE_LIMITS.valueBytesMax);
      const entries: [Value, Value][] = [];
      for (let i = 0; i < count; i++) entries.push([keys.next(), takePart(reader, types, node.value)]);
      return MapValue.of(entries, keys.order);
    }
    case 'set': {
      const keys = ascendingKeys(reader, types, node.item);
      const count = reader.count('items', VALUE_LIMITS.valueBytesMax);
      const items: Value[] = [];
      for (let i = 0; i < count; i++) items.push(keys.next());
      return SetValue.of(items, keys.order);
    }
    case 'function':
      return reader.fail(`a value of a ${node.kind} type has no encoding`);
  }
}

/** Takes keys, each greater than the one before: a map has one encoding. */
function ascendingKeys(
  reader: ByteReader,
  types: TypeTable,
  type: TypeId,
): { order: KeyOrder; next: () => Value } {
  const order = keyOrder(types, type);
  let last: Value | undefined;
  const next = (): Value => {
    const start = reader.offset;
    const key = takePart(reader, types, type);
    if (last !== undefined && order(last, key) >= 0) reader.fail('keys must ascend', start);
    last = key;
    return key;
  };
  return { order, next };
}
