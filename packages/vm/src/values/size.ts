import {
  PRODUCT_HEADER_BYTES,
  SUM_HEADER_BYTES,
  SCALAR_BYTES,
  STRING_HEADER_BYTES,
  VALUE_LIMITS,
  type TypeId,
  type TypeTable,
} from '@smc/protocol';

/**
 * The largest size (`sizeOf`, in bytes) of a value of a type of data, given that its strings
 * and lists are within their limits. Where it is within the limit of a value, that of a state
 * or a reply needs no check.
 */
export function sizeMax(types: TypeTable, type: TypeId): number {
  const node = types.node(type);
  switch (node.kind) {
    case 'string':
      return STRING_HEADER_BYTES + 2 * VALUE_LIMITS.stringLengthMax;
    case 'tuple':
      return node.items.reduce((sum, item) => sum + sizeMax(types, item), PRODUCT_HEADER_BYTES);
    case 'record':
      return node.fields.reduce((sum, field) => sum + sizeMax(types, field.type), PRODUCT_HEADER_BYTES);
    case 'sum':
      return node.constructors.reduce(
        (max, { payload }) => Math.max(max, SUM_HEADER_BYTES + sizeMax(types, payload)),
        0,
      );
    case 'bytes':
      return STRING_HEADER_BYTES + VALUE_LIMITS.valueBytesMax;
    case 'list':
    case 'map':
    case 'set':
    case 'function':
      return VALUE_LIMITS.valueBytesMax;
    default:
      return SCALAR_BYTES;
  }
}
