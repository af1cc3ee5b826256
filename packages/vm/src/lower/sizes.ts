import {
  PRODUCT_HEADER_BYTES,
  SUM_HEADER_BYTES,
  SCALAR_BYTES,
  VALUE_LIMITS,
  type TypeId,
  type TypeTable,
} from '@smc/protocol';
import { sizeMax } from '../values/size.ts';
import { component } from './shapes.ts';
import type { Symbolic } from './symbolic.ts';

/** What has to be looked at to know the size of a value: so many bytes, and the sizes of some of its parts. */
export interface SizeTerms {
  bytes: number;
  readonly parts: Symbolic[];
}

/** The terms of a value that can be too large; null where no value of its type is. */
export function sizeTerms(types: TypeTable, type: TypeId, value: Symbolic): SizeTerms | null {
  if (sizeMax(types, type) <= VALUE_LIMITS.valueBytesMax) return null;
  const terms: SizeTerms = { bytes: 0, parts: [] };
  // Only what was put together is taken apart, so that this ends with what was.
  const open: { readonly type: TypeId; readonly value: Symbolic }[] = [{ type, value }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const size = sizeOfAll(types, next.type);
    const parts = next.value.kind === 'product' ? types.components(next.type) : null;
    if (size !== null) terms.bytes += size;
    else if (parts === null || open.length > PARTS_MAX) terms.parts.push(next.value);
    else {
      terms.bytes += PRODUCT_HEADER_BYTES;
      for (const [i, part] of parts.entries()) open.push({ type: part, value: component(next.value, i) });
    }
  }
  return terms;
}

/** Parts that are looked at by themselves; products beyond them are measured as wholes. */
const PARTS_MAX = 64;

/** The size that all values of a type have, or null where they differ. */
function sizeOfAll(types: TypeTable, type: TypeId): number | null {
  const node = types.node(type);
  switch (node.kind) {
    case 'unit':
    case 'bool':
    case 'int':
    case 'time':
      return SCALAR_BYTES;
    case 'tuple':
    case 'record':
      return types
        .components(type)!
        .reduce<number | null>((sum, part) => plus(sum, sizeOfAll(types, part)), PRODUCT_HEADER_BYTES);
    case 'sum': {
      const sizes = new Set(node.constructors.map(({ payload }) => sizeOfAll(types, payload)));
      const [size] = sizes;
      return sizes.size === 1 ? plus(SUM_HEADER_BYTES, size) : null;
    }
    default:
      return null;
  }
}

const plus = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a + b);
