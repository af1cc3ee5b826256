import { equal, MapValue, SetValue } from '@smc/protocol';
import { expect } from 'vitest';

const isCollection = (value: unknown): value is MapValue | SetValue =>
  value instanceof MapValue || value instanceof SetValue;

// A map is equal to one with the same entries, whatever nodes its tree has.
expect.addEqualityTesters([
  (a: unknown, b: unknown) => (isCollection(a) && isCollection(b) ? equal(a, b) : undefined),
]);
