import { describe, expect, test } from 'vitest';
import { parse } from '../../src/syntax/index.ts';

const nested =
  (open: string, inside: string, close: string) =>
  (count: number): string =>
    open.repeat(count) + inside + close.repeat(count);
const body =
  (make: (count: number) => string) =>
  (count: number): string =>
    `fun f() -> T = ${make(count)}`;
const type =
  (make: (count: number) => string) =>
  (count: number): string =>
    `fun f(x: ${make(count)}) -> T = x`;
const arrow =
  (make: (count: number) => string) =>
  (count: number): string =>
    `arrow f : A -> B = ${make(count)}`;
const commands =
  (make: (count: number) => string) =>
  (count: number): string =>
    `machine M { on A { ${make(count)}\n get } }`;

/** Ways to nest, and how deep each can be. */
const forms: Record<string, readonly [number, (count: number) => string]> = {
  parentheses: [120, body(nested('(', '1', ')'))],
  calls: [120, body(nested('f(', '1', ')'))],
  lists: [120, body(nested('[', '1', ']'))],
  records: [120, body(nested('{ a: ', '1', '}'))],
  maps: [120, body(nested('Map { 1: ', '1', '}'))],
  sets: [120, body(nested('Set { ', '1', '}'))],
  lambdas: [100, body(nested('f(x -> ', '1', ')'))],
  branches: [100, body(nested('if a { ', '1', '} else { 2 }'))],
  heads: [100, body(nested('if ', 'a', ' { true } else { false }'))],
  subjects: [100, body(nested('case ', 'a', ' { _ -> 1 }'))],
  arms: [100, body(nested('case a { _ -> ', '1', '}'))],
  'else if': [900, body(nested('if a { 1 } else ', '{ 2 }', ''))],
  'let in let': [100, body(nested('let x = 1 in ', '1', ''))],
  'let of let': [100, body(nested('let x = ', '1', ' in 1'))],
  minuses: [900, body(nested('- ', '1', ''))],
  sums: [900, body(nested('1 + ', '1', ''))],
  'sums on the left': [100, body(nested('(', '1', ' + 1)'))],
  fields: [900, body(nested('', 'a', '.b'))],
  'type arguments': [100, type(nested('List<', 'Int', '>'))],
  functions: [900, type(nested('Int -> ', 'Int', ''))],
  'record types': [120, type(nested('{ a: ', 'Int', '}'))],
  tuples: [120, type(nested('(', 'Int', ', Int)'))],
  compositions: [300, arrow(nested('f >>> ', 'f', ''))],
  'arrows in parentheses': [120, arrow(nested('first (', 'f', ')'))],
  procs: [80, arrow(nested('proc x { ', 'f', ' }'))],
  'nested ifs': [100, commands(nested('if a { ', 'get', ' }'))],
  'nested cases': [50, commands(nested('case a { _ -> { ', 'get', ' } }'))],
  'else if commands': [900, commands(nested('if a { get } else ', '{ get }', ''))],
  patterns: [100, commands((count) => `${nested('(', 'a', ', b)')(count)} <- get`)],
  constructors: [100, commands((count) => `${nested('Id(', 'a', ')')(count)} <- get`)],
};

describe.each(Object.entries(forms))('%s', (_, [count, make]) => {
  const message = count < 300 ? 'this is nested too deeply' : 'this chain is too long';

  test('as deep as anybody needs', () => expect(parse(make(count), 'a.sm').diagnostics).toEqual([]));

  test.each([1100, 20_000])('%d deep: refused', (tooMany) => {
    const { diagnostics } = parse(make(tooMany), 'a.sm');
    expect(diagnostics.map(({ code }) => code)).toEqual(['E0112']);
    expect(diagnostics[0]!.message).toBe(message);
    // at the place where it is too deep; at the start of the file only if the stack was full before
    expect(diagnostics[0]!.labels[0]!.span.start).toBeGreaterThan(0);
  });
});

test('of `let` without `in`, line under line, so many are read as one expression that a stack bears', () => {
  const lets = (count: number): string => `fun f() -> T =\n${'let x = 1\n'.repeat(count)}x\n`;
  const codesOf = (text: string): string[] => parse(text, 'a.sm').diagnostics.map(({ code }) => code);
  expect(codesOf(lets(20))).toEqual(Array.from({ length: 20 }, () => 'E0137'));
  expect(codesOf(lets(20_000))).not.toContain('E0112');
  // What is forgotten in one declaration leaves the bound of the next.
  expect(codesOf(`fun g() -> T = (let x = 1\n)\n`.repeat(40)).length).toBe(40);
  expect(codesOf(lets(20).repeat(2))).toEqual(Array.from({ length: 40 }, () => 'E0137'));
});

test('depth is counted for each declaration anew, and breadth not at all', () => {
  expect(parse(`${forms['sums']![1](900)}\n`.repeat(20), 'a.sm').diagnostics).toEqual([]);
  expect(parse(`fun f() -> T = [${'(1 + 2), '.repeat(5000)}]`, 'a.sm').diagnostics).toEqual([]);
});

test('a caller who left no stack gets a diagnostic, and the next one is served', () => {
  const text = forms['parentheses']![1](120);
  const codes: string[] = [];
  const descend = (): void => {
    try {
      descend();
    } catch {
      // the stack is full up to here: some of the callers on the way back have room for a part of the parse
      if (codes.length < 200) codes.push(...parse(text, 'a.sm').diagnostics.map(({ code }) => code));
    }
  };
  try {
    descend();
  } catch {
    // not even room for the call
  }
  expect(new Set(codes).size).toBeLessThanOrEqual(1);
  expect(parse(text, 'a.sm').diagnostics).toEqual([]);
});
