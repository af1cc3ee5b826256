import {
  BOOL,
  BYTES,
  INT,
  INT_MAX,
  INT_MIN,
  keyOrder,
  List,
  MapValue,
  SetValue,
  STRING,
  Sum,
  TIME,
  TIME_MAX,
  type TypeId,
  TypeTable,
  UNIT,
  type Value,
} from '@smc/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lengthBound, writtenValue } from '../src/written.ts';

/** How much longer than the text a bound may be. */
const SLACK = 4;
const SLACK_LENGTH = 32;

const types = new TypeTable();

interface Sample {
  readonly type: TypeId;
  readonly values: fc.Arbitrary<Value>;
}

const BASES: readonly Sample[] = [
  { type: UNIT, values: fc.constant(null) },
  { type: BOOL, values: fc.boolean() },
  { type: INT, values: fc.constantFrom(0, 7, -1, 1_000, INT_MAX, INT_MIN) },
  { type: TIME, values: fc.constantFrom(0, -1, TIME_MAX, -TIME_MAX) },
  {
    type: STRING,
    values: fc.string({ unit: fc.constantFrom('a', '"', '\\', '\n', '\u0001', '\u009f', 'é') }),
  },
  { type: BYTES, values: fc.uint8Array({ maxLength: 20 }) },
];

/** What is made of samples: maps, a set, a list, a tuple, a record, and a sum of each form of constructor. */
function compose(parts: readonly Sample[]): Sample[] {
  const [first] = parts;
  const product = fc.tuple(...parts.map(({ values }) => values)) as fc.Arbitrary<Value>;
  const record = types.record(parts.map(({ type }, i) => ({ name: `f${i}`, type })));
  const labels = parts.map((_, i) => `f${i}`);
  const sum = types.intern({
    kind: 'sum',
    name: 'S',
    arguments: [],
    constructors: [
      { name: 'None', labels: [], payload: UNIT },
      { name: 'Some', labels: null, payload: first.type },
      { name: 'All', labels, payload: record },
    ],
  });
  const sums = fc.oneof(
    fc.constant(new Sum(0, null)),
    first.values.map((value) => new Sum(1, value)),
    product.map((value) => new Sum(2, value)),
  );
  const lists = fc.array(first.values, { maxLength: 6 }).map((items) => List.of(items));
  const keys = types.tuple([INT, STRING]);
  const key = fc.tuple(fc.integer(), fc.string({ unit: fc.constantFrom('a', '"', '\n') }));
  const byKey = keyOrder(types, keys);
  const byName = keyOrder(types, STRING);
  const maps = fc.array(fc.tuple(key, first.values), { maxLength: 6 }).map((all) => MapValue.of(all, byKey));
  const objects = fc.array(fc.tuple(fc.string(), first.values)).map((all) => MapValue.of(all, byName));
  const sets = fc.array(key, { maxLength: 6 }).map((items) => SetValue.of(items, byKey));
  return [
    { type: types.map(keys, first.type), values: maps },
    { type: types.map(STRING, first.type), values: objects },
    { type: types.set(keys), values: sets },
    { type: types.list(first.type), values: lists },
    { type: types.tuple(parts.map(({ type }) => type)), values: product },
    { type: record, values: product },
    { type: sum, values: sums },
  ];
}

const composed = compose(BASES);
const samples = [
  ...BASES,
  ...BASES.flatMap((base) => compose([base, BASES[2]])),
  ...composed,
  ...composed.flatMap((sample) => compose([sample, BASES[4]])),
];

describe('a value that is written', () => {
  it('is bounded before: no form is longer than the bound, and the bound is not much longer', () => {
    for (const { type, values } of samples) {
      fc.assert(
        fc.property(values, (value) => {
          const bound = lengthBound(types, type, value, Number.POSITIVE_INFINITY);
          const options = { fieldOrder: [], lengthMax: Number.POSITIVE_INFINITY };
          const json = writtenValue(types, type, value, { form: 'json', ...options })!.length;
          const text = writtenValue(types, type, value, { form: 'text', ...options })!.length;
          expect(bound).toBeGreaterThanOrEqual(json);
          expect(bound).toBeGreaterThanOrEqual(text);
          expect(bound).toBeLessThanOrEqual(SLACK * Math.max(json, text) + SLACK_LENGTH);
        }),
        { numRuns: 30 },
      );
    }
  });

  it('is not looked at beyond what is allowed', () => {
    let looked = 0;
    const items = new Proxy(
      Array.from({ length: 1_000_000 }, () => 1),
      {
        get: (target, key) => {
          if (typeof key === 'string' && /^\d+$/.test(key)) looked++;
          return Reflect.get(target, key) as unknown;
        },
      },
    );
    const list = new List(items, 8_000_016);
    const options = { form: 'json', fieldOrder: [], lengthMax: 1_000 } as const;
    expect(writtenValue(types, types.list(INT), list, options)).toBe(null);
    expect(looked).toBeGreaterThan(100);
    expect(looked).toBeLessThan(1_000);
  });

  it('may be just as long as is allowed', () => {
    const bound = lengthBound(types, STRING, 'abc', 100);
    const options = { form: 'json', fieldOrder: [] } as const;
    expect(writtenValue(types, STRING, 'abc', { ...options, lengthMax: bound })).toBe('"abc"');
    expect(writtenValue(types, STRING, 'abc', { ...options, lengthMax: bound - 1 })).toBe(null);
  });
});
