import type { TypedExpression } from '../types/typed.ts';

/**
 * Whether two defaults are written alike; others may be equal too, as their values will tell. They may be of machines
 * in which there are errors, and have no values then.
 */
export function sameDefault(a: TypedExpression | null, b: TypedExpression | null): boolean {
  if (a === null || b === null) return a === b;
  return JSON.stringify(a, withoutPlaces) === JSON.stringify(b, withoutPlaces);
}

function withoutPlaces(key: string, value: unknown): unknown {
  if (key === 'span' || key === 'type') return undefined;
  if (key === 'fun' || key === 'arrow') return (value as { readonly name: string }).name;
  return value instanceof Uint8Array ? [...value] : value;
}
