import { PRODUCT_HEADER_BYTES, VALUE_LIMITS, type TypeId } from '@smc/protocol';
import type { TypeSizes } from '../values/size.ts';
import { component } from './shapes.ts';
import type { Symbolic } from './symbolic.ts';

/** What has to be looked at to know the size of a value: so many bytes, and the sizes of some of its parts. */
export interface SizeTerms {
  bytes: number;
  readonly parts: Symbolic[];
}

/** The terms of a value that can be too large; null where no value of its type is. */
export function sizeTerms(sizes: TypeSizes, type: TypeId, value: Symbolic): SizeTerms | null {
  if (sizes.max(type) <= VALUE_LIMITS.valueBytesMax) return null;
  const terms: SizeTerms = { bytes: 0, parts: [] };
  // Only what was put together is taken apart; it may be of any number of parts, as one can be in it many times.
  const open: { readonly type: TypeId; readonly value: Symbolic }[] = [{ type, value }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const size = sizes.ofAll(next.type);
    const parts = next.value.kind === 'product' ? sizes.types.components(next.type) : null;
    if (size !== null) terms.bytes += size;
    else if (parts === null || terms.parts.length + open.length > PARTS_MAX) terms.parts.push(next.value);
    else {
      terms.bytes += PRODUCT_HEADER_BYTES;
      for (const [i, part] of parts.entries()) open.push({ type: part, value: component(next.value, i) });
    }
  }
  return terms;
}

/** Parts that are looked at by themselves; products beyond them are measured as wholes. */
const PARTS_MAX = 64;
