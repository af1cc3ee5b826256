import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { coverage } from '../../src/types/exhaustiveness.ts';
import { BUILT_IN_SUMS, eitherOf } from '../../src/types/sums.ts';
import { BOOL, INT, STRING, pairOf, recordOf, substitute, UNIT } from '../../src/types/type.ts';
import type { SumDeclaration, Type, TypedPattern } from '../../src/types/typed.ts';

/* The method is compared with looking at every value, on types that have few. */

const span = { file: 'main.sm', start: 0, end: 0 };

const COLOUR: SumDeclaration = {
  identity: 99,
  name: 'Colour',
  parameters: [],
  constructors: [
    { name: 'Red', labels: [], payload: UNIT },
    {
      name: 'Mixed',
      labels: ['a', 'b'],
      payload: recordOf([
        { name: 'a', type: BOOL },
        { name: 'b', type: BOOL },
      ]),
    },
    { name: 'Grey', labels: null, payload: BOOL },
  ],
};

const sum = (declaration: SumDeclaration, ...types: Type[]): Type => ({
  kind: 'sum',
  declaration,
  arguments: types,
});

/** Integers and strings have more values than these, none of which a pattern here names. */
const LITERALS = { int: [0, 1, 2, 3], string: ['', 'a', 'b', 'c'] } as const;
const LITERALS_IN_PATTERNS = 2;

/** A tuple or record is its components behind null, a sum the constructor's index and the payload. */
type Plain = null | boolean | number | string | readonly Plain[];

function valuesOf(type: Type): readonly Plain[] {
  switch (type.kind) {
    case 'unit':
      return [null];
    case 'bool':
      return [false, true];
    case 'int':
      return LITERALS.int;
    case 'string':
      return LITERALS.string;
    case 'tuple':
      return productsOf(type.items);
    case 'record':
      return productsOf(type.fields.map((field) => field.type));
    case 'sum':
      return type.declaration.constructors.flatMap(({ payload }, index) =>
        valuesOf(substitute(payload, type.arguments)).map((value): Plain => [index, value]),
      );
    default:
      throw new Error(`no values of ${type.kind}`);
  }
}

const productsOf = (types: readonly Type[]): readonly Plain[] =>
  types.reduce<readonly (readonly Plain[])[]>(
    (products, type) => products.flatMap((product) => valuesOf(type).map((value) => [...product, value])),
    [[null]],
  );

function partsOf(value: Plain): readonly Plain[] {
  if (typeof value !== 'object' || value === null) throw new Error(`no parts of ${value}`);
  return value;
}

function matches(pattern: TypedPattern, value: Plain): boolean {
  switch (pattern.kind) {
    case 'wildcard':
    case 'bind':
      return true;
    case 'literal':
      return pattern.value === value;
    case 'construct': {
      const [index, payload] = partsOf(value);
      return index === pattern.constructor && matches(pattern.payload, payload);
    }
    case 'tuple':
      return pattern.items.every((item, i) => matches(item, partsOf(value)[i + 1]));
    case 'record': {
      const names = pattern.type.kind === 'record' ? pattern.type.fields.map(({ name }) => name) : [];
      return pattern.fields.every(({ name, pattern: part }) =>
        matches(part, partsOf(value)[names.indexOf(name) + 1]),
      );
    }
    case 'list':
      throw new Error('no type here has lists');
  }
}

const types: fc.Arbitrary<Type> = fc.letrec<{ type: Type }>((tie) => ({
  type: fc.oneof(
    { depthSize: 'small', maxDepth: 2 },
    fc.constantFrom<Type>(BOOL, UNIT, INT, STRING, sum(COLOUR)),
    tie('type').map((inner) => sum(BUILT_IN_SUMS[0], inner)),
    fc.tuple(tie('type'), tie('type')).map(([left, right]) => pairOf(left, right)),
    fc.tuple(tie('type'), tie('type')).map(([left, right]) => eitherOf(left, right)),
    fc.tuple(tie('type'), tie('type')).map(([x, y]) =>
      recordOf([
        { name: 'x', type: x },
        { name: 'y', type: y },
      ]),
    ),
  ),
})).type;

function patternsOf(type: Type): fc.Arbitrary<TypedPattern> {
  const wildcard = fc.constant<TypedPattern>({ kind: 'wildcard', type, span });
  const literal = (values: readonly (number | string | boolean | null)[]) =>
    fc.constantFrom(...values).map((value): TypedPattern => ({ kind: 'literal', value, type, span }));
  const inner = (): fc.Arbitrary<TypedPattern> => {
    switch (type.kind) {
      case 'unit':
        return literal([null]);
      case 'bool':
        return literal([false, true]);
      case 'int':
      case 'string':
        return literal(LITERALS[type.kind].slice(0, LITERALS_IN_PATTERNS));
      case 'tuple':
        return fc.tuple(...type.items.map(patternsOf)).map((items) => ({ kind: 'tuple', items, type, span }));
      case 'record':
        return fc
          .tuple(
            ...type.fields.map(({ name, type: field }) =>
              patternsOf(field).map((pattern) => ({ name, pattern })),
            ),
          )
          .chain((fields) => fc.subarray(fields))
          .map((fields) => ({ kind: 'record', fields, type, span }));
      case 'sum':
        return fc
          .nat(type.declaration.constructors.length - 1)
          .chain((constructor) =>
            patternsOf(substitute(type.declaration.constructors[constructor].payload, type.arguments)).map(
              (payload): TypedPattern => ({ kind: 'construct', constructor, payload, type, span }),
            ),
          );
      default:
        throw new Error(`no patterns of ${type.kind}`);
    }
  };
  return fc.oneof(
    { weight: 1, arbitrary: wildcard },
    { weight: 3, arbitrary: fc.constant(null).chain(inner) },
  );
}

const cases = types
  .filter((type) => valuesOf(type).length <= 300)
  .chain((type) => fc.tuple(fc.constant(type), fc.array(patternsOf(type), { maxLength: 8 })));

test.prop([cases], { numRuns: 500 })(
  'finds what is missing and what is never reached',
  ([type, patterns]) => {
    const values = valuesOf(type);
    const found = coverage(patterns, type);
    if (found === null || found === 'too large') throw new Error(`no coverage: ${found}`);
    const isMissing = values.some((value) => !patterns.some((pattern) => matches(pattern, value)));
    expect(found.missing.length > 0).toBe(isMissing);
    expect(found.example !== null).toBe(isMissing);
    const redundant = patterns.flatMap((pattern, i) =>
      values.some(
        (value) => matches(pattern, value) && !patterns.slice(0, i).some((one) => matches(one, value)),
      )
        ? []
        : [i],
    );
    expect(found.redundant.map(({ arm }) => arm)).toEqual(redundant);
    for (const { arm, by } of found.redundant) {
      const alone = patterns.findIndex(
        (one, i) => i < arm && values.every((value) => !matches(patterns[arm], value) || matches(one, value)),
      );
      expect(by).toBe(alone === -1 ? null : alone);
    }
  },
);
