import type { TypedExpression } from '../types/typed.ts';

/** Whether two defaults are written alike; others may be equal too, as their values will tell. */
export function sameDefault(a: TypedExpression | null, b: TypedExpression | null): boolean {
  if (a === null || b === null) return a === b;
  return JSON.stringify(a, withoutPlaces) === JSON.stringify(b, withoutPlaces);
}

function withoutPlaces(key: string, value: unknown): unknown {
  if (key === 'span' || key === 'type' || key === 'fun' || key === 'arrow') return undefined;
  return value instanceof Uint8Array ? [...value] : value;
}
