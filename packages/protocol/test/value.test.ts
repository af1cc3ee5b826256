// Sizes, equality and order of values: what fuel is counted by, and what it pays for.
import { compareStrings, equal, List, sizeOf, sizeWithin, Sum, type Value } from '@smc/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const values = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<Value>(null, true, false, 0, 7),
    fc.string({ maxLength: 4 }),
    fc.uint8Array({ maxLength: 3 }),
    fc.array(tie('value'), { minLength: 2, maxLength: 3 }),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => List.of(items)),
    tie('value').map((value) => new Sum(1, value)),
  ),
})).value;

describe('the size of a value', () => {
  it.each<[string, Value, number]>([
    ['a scalar', 7, 8],
    ['a string', 'abc', 32 + 6],
    ['bytes', new Uint8Array(5), 32 + 5],
    ['a pair of scalars', [1, true], 48 + 16],
    ['a sum', new Sum(0, 1), 32 + 8],
    ['an empty list', List.of([]), 88],
    ['a list of records of one field', List.of([[null], [null]]), 88 + 2 * 56],
  ])('%s', (_title, value, expected) => {
    expect(sizeOf(value)).toBe(expected);
  });

  it('is exact up to the most that is asked for, and above it where it is more', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: -100, max: 1_000 }), (value, max) => {
        const size = sizeOf(value);
        const found = sizeWithin(value, max);
        if (size <= max) expect(found).toBe(size);
        else expect(found).toBeGreaterThan(max);
      }),
      { numRuns: 2_000 },
    );
  });

  it('takes no walk beyond the most that is asked for', () => {
    // A tree of 2 ** 200 leaves, of 200 nodes.
    let value: Value = 1;
    for (let i = 0; i < 200; i++) value = [value, value];
    expect(sizeWithin(value, 100_000)).toBeGreaterThan(100_000);
  });
});

describe('equality', () => {
  it('is that of what a value is made of', () => {
    const copy = (value: Value): Value => {
      if (value instanceof Uint8Array) return value.slice();
      if (value instanceof List) return List.of(value.items.map(copy));
      if (value instanceof Sum) return new Sum(value.tag, copy(value.value));
      return Array.isArray(value) ? (value as readonly Value[]).map(copy) : value;
    };
    const textOf = (value: Value): string =>
      JSON.stringify(value, (_key, part: unknown) => (part instanceof Sum ? { sum: part.value } : part));
    fc.assert(
      fc.property(values, values, (a, b) => {
        expect(equal(a, copy(a))).toBe(true);
        expect(equal(a, b)).toBe(textOf(a) === textOf(b));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the order of strings', () => {
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', '\uffff', '😀', '😁'), maxLength: 6 });

  it('is that of their scalar values, also behind a long part that is equal', () => {
    const byScalars = (a: string, b: string): number => {
      const [x, y] = [a, b].map((text) => Array.from(text, (scalar) => scalar.codePointAt(0)!));
      const at = x.findIndex((scalar, i) => scalar !== y[i]);
      return at === -1 || at >= y.length ? x.length - y.length : x[at] - y[at];
    };
    fc.assert(
      fc.property(fc.nat(500), texts, texts, fc.nat(500), (before, a, b, after) => {
        const around = (text: string): string => 'é'.repeat(before) + text + 'z'.repeat(after);
        expect(Math.sign(compareStrings(around(a), around(b)))).toBe(
          Math.sign(byScalars(around(a), around(b))),
        );
      }),
      { numRuns: 2_000 },
    );
  });
});
