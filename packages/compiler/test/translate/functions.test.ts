import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { compileFiles } from '../compiled.ts';

/* What the checker lets through of functions, the translation knows: whatever is written where. */

const declarations = `fun inc(n: Int) -> Int = n + 1
fun twice(f: Int -> Int, n: Int) -> Int = f(f(n))
fun call(k: (Int -> Int, Int) -> Int) -> Int = k(inc, 3)
fun hand(k: (Int -> Int) -> Int) -> Int = k(inc)
fun same<a>(x: a, y: a) -> Bool = x == y
fun apply<a, b>(x: a, f: a -> b) -> b = f(x)
fun give<a>(f: a -> Int) -> Int = 0
`;

const call = (name: string, ...items: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...items).map((written) => `${name}(${written.join(', ')})`);

/** Values and functions side by side, mostly of types that fit. */
const { value: anyValue } = fc.letrec<{ value: string; unary: string; list: string }>((tie) => {
  const value = tie('value');
  const unary = tie('unary');
  return {
    unary: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom('g', 'inc', 'id', 'Int.abs', 'hand', 'call', 'give', 'List.map'),
      fc
        .tuple(fc.constantFrom('n', 'g', 'p', '_', '(n, g)', '(f, n)'), value)
        .map(([p, e]) => `${p} -> ${e}`),
      fc.tuple(unary, unary).map(([a, b]) => `if n == 1 { ${a} } else { ${b} }`),
    ),
    list: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom('[]', 'xs'),
      value.map((item) => `[${item}]`),
      call('List.map', tie('list'), unary),
    ),
    value: fc.oneof(
      { maxDepth: 3 },
      { arbitrary: fc.constantFrom('1', 'n', 'n', 'g', 'inc', 'p'), weight: 3 },
      call('twice', unary, value),
      call('apply', value, unary),
      call('call', unary),
      call('hand', unary),
      call('give', unary),
      call('g', value),
      call('fst', value),
      call('Some', value),
      call('List.length', tie('list')),
      call('List.fold', tie('list'), value, unary),
      call('', value, value),
      fc.tuple(value, value).map(([a, b]) => `let p = ${a} in ${b}`),
      fc.tuple(value, value).map(([a, b]) => `case ${a} { (n, g) -> ${b} }`),
      fc.tuple(value, value).map(([a, b]) => `{ a: ${a}, b: ${b} }.b`),
    ),
  };
});

const RUNS = 1_500;
const tally = { accepted: 0, refused: 0 };

test.prop([anyValue], { numRuns: RUNS })('is known or refused', (value) => {
  const text = (isUsed: boolean): string => `${declarations}
fun f(g: Int -> Int, n: Int, xs: List<Int>) -> Bool = let r = ${value} in same(r, r)
machine M {
  on Go(n: Int) -> Bool { return -< ${isUsed ? 'f(Int.abs, n, [n])' : 'true'} }
}
`;
  const used = compileFiles({ 'main.sm': text(true) });
  const codes = used.diagnostics.map(({ code }) => code);
  // Used or not, the same is said of it.
  expect(compileFiles({ 'main.sm': text(false) }).diagnostics.map(({ code }) => code)).toEqual(codes);
  if (used.bundle === null) tally.refused++;
  else tally.accepted++;
});

test('both happens', () => {
  expect(tally.accepted).toBeGreaterThan(RUNS / 20);
  expect(tally.refused).toBeGreaterThan(RUNS / 20);
});
