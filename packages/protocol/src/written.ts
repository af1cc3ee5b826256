import { valueToJson } from './json.ts';
import { type FieldOrder, printValue } from './text.ts';
import type { TypeId, TypeTable } from './type.ts';
import type { List, MapValue, Product, SetValue, Sum, Value } from './value.ts';

/**
 * Values written out. A value is bounded by the memory that it takes, and its text may be many
 * times that, as it names every field of every record: so the length is bounded before any text
 * is built.
 */
export type Form = 'json' | 'text';

/** The text of a value; null if it may have more UTF-16 units than are allowed. */
export function writtenValue(
  types: TypeTable,
  type: TypeId,
  value: Value,
  { form, fieldOrder, lengthMax }: { form: Form; fieldOrder: FieldOrder; lengthMax: number },
): string | null {
  if (lengthBound(types, type, value, lengthMax) > lengthMax) return null;
  return form === 'json' ? valueToJson(types, type, value) : printValue(types, type, value, fieldOrder);
}

/** Of what stands around a part: quotes, colon, comma, brackets, blanks. */
const PUNCTUATION_LENGTH = 4;
const SCALAR_LENGTH = 5;
const TIME_LENGTH = 32;
/** Of a sum as JSON, `{"tag":"","value":}`, and of what stands around the items of a set or map. */
const SUM_LENGTH = 20;

/**
 * A length that neither form of a value exceeds; for strings it is about theirs, for small values
 * some times the true one. What is above `lengthMax` is not looked at any further, so that the work is bounded by it. Recursion follows
 * the type, whose depth is bounded.
 */
export function lengthBound(types: TypeTable, type: TypeId, value: Value, lengthMax: number): number {
  const node = types.node(type);
  switch (node.kind) {
    case 'unit':
    case 'bool':
      return SCALAR_LENGTH;
    case 'int':
      return String(value as number).length;
    case 'time':
      return TIME_LENGTH;
    case 'string':
      return stringBound(value as string, lengthMax);
    case 'bytes':
      return PUNCTUATION_LENGTH + 2 * (value as Uint8Array).length;
    case 'list': {
      let length = PUNCTUATION_LENGTH;
      for (const item of (value as List).items) {
        if (length > lengthMax) break;
        length += 2 + lengthBound(types, node.item, item, lengthMax - length);
      }
      return length;
    }
    case 'tuple': {
      let length = PUNCTUATION_LENGTH;
      for (const [i, item] of node.items.entries()) {
        length += 2 + lengthBound(types, item, (value as Product)[i], lengthMax - length);
      }
      return length;
    }
    case 'record': {
      let length = PUNCTUATION_LENGTH;
      for (const [i, field] of node.fields.entries()) {
        length += PUNCTUATION_LENGTH + field.name.length;
        length += lengthBound(types, field.type, (value as Product)[i], lengthMax - length);
      }
      return length;
    }
    case 'sum': {
      const { tag, value: payload } = value as Sum;
      const constructor = node.constructors[tag];
      const length = SUM_LENGTH + constructor.name.length;
      return length + lengthBound(types, constructor.payload, payload, lengthMax - length);
    }
    case 'set': {
      let length = SUM_LENGTH;
      for (const item of (value as SetValue).items()) {
        if (length > lengthMax) break;
        length += 2 + lengthBound(types, node.item, item, lengthMax - length);
      }
      return length;
    }
    case 'map': {
      let length = SUM_LENGTH;
      for (const [key, entry] of (value as MapValue).entries()) {
        if (length > lengthMax) break;
        length += 2 * PUNCTUATION_LENGTH + lengthBound(types, node.key, key, lengthMax - length);
        length += lengthBound(types, node.value, entry, lengthMax - length);
      }
      return length;
    }
    case 'function':
      throw new Error(`a value of a ${node.kind} type is not written`);
  }
}

/** Of a string with its quotes: what is escaped takes up to six units, as `\u001f` does. */
function stringBound(text: string, lengthMax: number): number {
  let length = PUNCTUATION_LENGTH + text.length;
  for (let i = 0; i < text.length && length <= lengthMax; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0x22 || unit === 0x5c) length += 1;
    else if (unit < 0x20 || (unit >= 0x7f && unit < 0xa0)) length += 5;
  }
  return length;
}
