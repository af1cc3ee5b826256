import { describe, expect, it } from 'vitest';
import { WordCount } from '../../src/combinators/words.ts';
import { compileFiles, run } from '../compiled.ts';

/* Blocks that name more than a few values: each is found again, and the code stays short. */

const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n');

const machine = (body: string, reply = 'Int'): string =>
  `machine M {\n  state: Int = 0\n  on Go(v0: Int) -> ${reply} {\n${body}\n  }\n}`;

const sumTo = (n: number): number => (n * (n + 1)) / 2;

describe('many names', () => {
  const counts = [14, 15, 16, 17, 30, 31, 32, 33, 100, 255, 256, 257, 300];

  it.each(counts)('%i that are all used in the end', (n) => {
    const sum = Array.from({ length: n + 1 }, (_, i) => `v${i}`).join(' + ');
    const text = machine(`${lines(n, (i) => `let v${i + 1} = v${i} + 1`)}\nreturn -< ${sum}`);
    expect(run(text, 'Go(0)')[0]).toBe(String(sumTo(n)));
  });

  it.each(counts)('%i of which each is used once', (n) => {
    const text = machine(`${lines(n, (i) => `let v${i + 1} = v${i} + 1`)}\nreturn -< v${n}`);
    expect(run(text, 'Go(3)')[0]).toBe(String(n + 3));
  });

  it.each(counts)('%i from commands and patterns', (n) => {
    const commands = lines(
      n,
      (i) => `let (v${i + 1}, { a: w${i}, b: _ }) = (v${i} + 1, { a: v${i}, b: v0 })
        x${i} <- get
        put -< x${i} + w${i}`,
    );
    const text = machine(`${commands}\nreturn -< v${n} + w0 + w${n - 1} + x0 + x${n - 1}`);
    const stateBefore = sumTo(n - 2);
    expect(run(text, 'Go(0)')).toEqual([String(n + (n - 1) + stateBefore), String(sumTo(n - 1))]);
  });

  it.each([20, 40])('%i in arms, each within the one before', (n) => {
    const nested = Array.from(
      { length: n },
      (_, i) => `case Some(v${i} + 1) { None -> 0\nSome(v${i + 1}) -> v0 + `,
    ).join('');
    const text = machine(`return -< ${nested} v${n} ${'}'.repeat(n)}`);
    expect(run(text, 'Go(2)')[0]).toBe(String(n * 2 + n + 2));
  });
});

describe('code grows with the source', () => {
  const wordsOf = (n: number): number => {
    const sum = Array.from({ length: n + 1 }, (_, i) => `v${i}`).join(' + ');
    const text = machine(`${lines(n, (i) => `let v${i + 1} = v${i} + 1`)}\nreturn -< ${sum}`);
    const { terms } = compileFiles({ 'main.sm': text });
    const [{ types, definitions }] = terms!.machines;
    const words = new WordCount(types);
    return definitions.reduce((total, { body }) => total + words.ofBody(body), 0);
  };

  it('and not with its square', () => {
    expect(wordsOf(800) / 800).toBeLessThan(1.5 * (wordsOf(200) / 200));
  });
});
