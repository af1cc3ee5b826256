import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { BUILT_IN_SUMS } from '../../src/types/sums.ts';
import {
  BOOL,
  display,
  ERROR,
  foldType,
  INT,
  listOf,
  pairOf,
  recordOf,
  settledNode,
  STRING,
  UNIT,
} from '../../src/types/type.ts';
import type { Type } from '../../src/types/typed.ts';
import { difference, unify } from '../../src/types/unify.ts';

const unknown = (id: number): Type => ({ kind: 'unknown', cell: { id, solution: null } });

/** How to build a type: its unknowns are new each time, those of one number the same. */
type Build = (unknowns: readonly Type[]) => Type;

const UNKNOWNS = 3;
const builds: fc.Arbitrary<Build> = fc.letrec<{ build: Build }>((tie) => ({
  build: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    fc.constantFrom<Build>(
      () => INT,
      () => STRING,
      () => BOOL,
      () => UNIT,
    ),
    fc.nat(UNKNOWNS - 1).map(
      (index): Build =>
        (unknowns) =>
          unknowns[index],
    ),
    tie('build').map(
      (inner): Build =>
        (unknowns) =>
          listOf(inner(unknowns)),
    ),
    fc.tuple(tie('build'), tie('build')).map(
      ([left, right]): Build =>
        (u) =>
          pairOf(left(u), right(u)),
    ),
    fc.tuple(tie('build'), tie('build')).map(
      ([x, y]): Build =>
        (u) =>
          recordOf([
            { name: 'x', type: x(u) },
            { name: 'y', type: y(u) },
          ]),
    ),
    tie('build').map((inner): Build => (u) => ({
      kind: 'sum',
      declaration: BUILT_IN_SUMS[0],
      arguments: [inner(u)],
    })),
  ),
})).build;

const fresh = (): Type[] => Array.from({ length: UNKNOWNS }, (_, id) => unknown(id));

test.prop([builds, builds])('what is unified is the same after, what is not is as before', (left, right) => {
  const unknowns = fresh();
  const [a, b] = [left(unknowns), right(unknowns)];
  const before = [display(a), display(b)];
  const outcome = unify(a, b);
  if (outcome === 'same') {
    const memo = new Map<Type, Type>();
    expect(display(foldType(a, memo, settledNode))).toBe(display(foldType(b, memo, settledNode)));
  } else expect([display(a), display(b)]).toEqual(before);
});

test.prop([builds, builds])('the order does not matter', (left, right) => {
  const [one, two] = [fresh(), fresh()];
  expect(unify(left(one), right(one))).toBe(unify(right(two), left(two)));
});

test.prop([builds])('a type is what it is', (build) => {
  const unknowns = fresh();
  expect(unify(build(unknowns), build(unknowns))).toBe('same');
  expect(unify(build(fresh()), ERROR)).toBe('same');
});

test('nothing contains itself', () => {
  const a = unknown(0);
  expect(unify(a, listOf(a))).toBe('different');
  expect(unify(pairOf(a, INT), pairOf(listOf(a), INT))).toBe('different');
});

test('a difference is found inside', () => {
  const record = (count: Type): Type => recordOf([{ name: 'count', type: pairOf(INT, count) }]);
  const { path, expected, actual } = difference(record(INT), record(STRING));
  expect(path).toEqual([
    { kind: 'field', name: 'count' },
    { kind: 'component', index: 1 },
  ]);
  expect([expected, actual]).toEqual([INT, STRING]);
});
