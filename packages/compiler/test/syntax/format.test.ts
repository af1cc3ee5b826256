import { describe, expect, it } from 'vitest';
import { format } from '../../src/syntax/index.ts';
import { expectLaidOut, laidOut, programs } from './laid-out.ts';

describe('the one layout', () => {
  it.each(programs)('of %s says the same, keeps its comments, and is stable', (_name, text) => {
    expectLaidOut(text);
  });

  it.each([
    ['(a + b) * c - (d - e)', '(a + b) * c - (d - e)'],
    ['-(-(x))', '-(-x)'],
    ['!(a && b) || c', '!(a && b) || c'],
    ['(a == b) == c', '(a == b) == c'],
    ['a == (b == c)', 'a == (b == c)'],
    ['(if a { 1 } else { 2 }) + 1', '(if a { 1 } else { 2 }) + 1'],
    ['(let x = 1 in x).y', '(let x = 1 in x).y'],
    ['if ({x: 1}).x == 1 { 1 } else { 2 }', 'if ({ x: 1 }.x == 1) { 1 } else { 2 }'],
    ['f ( x->x+1 )', 'f(x -> x + 1)'],
    ['{...r,x:1_000}', '{ ...r, x: 1_000 }'],
    ['Map{ "a":1 }', 'Map { "a": 1 }'],
  ])('of the expression %s is %s', (written, expected) => {
    expect(laidOut(`fun f() -> Int = ${written}`)).toBe(`fun f() -> Int = ${expected}\n`);
  });

  it.each(['type T = | B\n', 'type T = | Int\n', 'type T = B(Int)\n', 'type T = A | B\n'])(
    'keeps the bar of a single constructor: %s',
    (text) => {
      expectLaidOut(text);
      expect(laidOut(text)).toBe(text);
    },
  );

  it('breaks long lines', () => {
    const text = `fun total(first: Int, second: Int) -> Int = first * 1000000 + second * 1000000 + first * second + 12345678`;
    expect(laidOut(text)).toBe(
      'fun total(first: Int, second: Int) -> Int =\n' +
        '  first * 1000000 + second * 1000000 + first * second + 12345678\n',
    );
    expect(
      laidOut(
        'type A = ' +
          'ABCDEFGHIJKL'
            .split('')
            .map((c) => c.repeat(12))
            .join('|'),
      ),
    ).toMatch(/^type A\n {2}= A{12}\n {2}\| B{12}\n/);
  });

  it('refuses a text with a mistake, and changes nothing', () => {
    const formatted = format('machine M {', 'a.sm');
    expect(formatted.ok).toBe(false);
  });
});
