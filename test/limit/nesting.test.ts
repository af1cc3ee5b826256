import { compile, format, render, toJson } from '@smc/compiler';
import { decodeBundle, disassemble, encodeBundle } from '@smc/protocol';
import { load } from '@smc/vm';
import { describe, expect, test } from 'vitest';

/**
 * Programs that nest deeply or grow fast, through all phases and the formatter: each gives a result or a
 * diagnostic. An exception, such as an overflow of the stack, fails a test.
 */

/** What became of a program: its codes, or `ok` once the machine is loaded and shown. */
function outcomeOf(text: string): string {
  const { bundle, diagnostics, sources } = compile('a.sm', {
    read: (file) => (file === 'a.sm' ? text : null),
    readBundle: () => null,
    readDeployed: () => null,
    resolve: (_, path) => path,
  });
  const laidOut = format(text, 'a.sm');
  if (laidOut.ok) expect(laidOut.text.length).toBeGreaterThan(0);
  for (const diagnostic of diagnostics) {
    const textOf = (file: string): string | null => sources.get(file) ?? null;
    expect(render(diagnostic, textOf, { color: false }).length).toBeLessThan(20_000);
    expect(JSON.stringify(toJson(diagnostic, textOf)).length).toBeLessThan(100_000);
  }
  if (bundle === null) {
    expect(diagnostics).not.toEqual([]);
    return [...new Set(diagnostics.map(({ code }) => code))].join(' ');
  }
  const decoded = decodeBundle(encodeBundle(bundle));
  if (!decoded.ok) throw new Error(decoded.malformed.message);
  decoded.value.images.forEach((image, i) => {
    const loaded = load(image);
    if (!loaded.ok) throw new Error(loaded.invalid.message);
    expect(disassemble(image, decoded.value.debug[i])).toContain('RETURN');
  });
  return 'ok';
}

const nested =
  (open: string, inside: string, close: string) =>
  (count: number): string =>
    open.repeat(count) + inside + close.repeat(count);

const machine = (member: string, before = ''): string =>
  `${before}\nmachine M {\n  state: Int = 0\n  ${member}\n}\n`;
const reply = (expression: string, before = ''): string =>
  machine(`on A(n: Int, c: Bool) -> Int { return -< ${expression} }`, before);
const value = (expression: string, before = ''): string =>
  machine(`on A(n: Int, c: Bool) { let x = ${expression}\n put -< n }`, before);
const type = (text: string): string => machine(`on A(x: ${text}) { put -< 1 }`);
const commands = (text: string): string => machine(`on A(n: Int, c: Bool) { ${text} }`);
const wrong = (text: string): string => machine(`on A(n: Int) -> Int { return -< ${text} }`);

/** Each form at any depth; all but the last group are well typed. */
const forms: Record<string, (count: number) => string> = {
  parentheses: (n) => reply(nested('(', 'n', ')')(n)),
  calls: (n) => reply(nested('f(', 'n', ')')(n), 'fun f(n: Int) -> Int = n + 1'),
  'built-in calls': (n) => reply(nested('Int.abs(', 'n', ')')(n)),
  lists: (n) => value(nested('[', 'n', ']')(n)),
  tuples: (n) => value(nested('(', 'n', ', 1)')(n)),
  records: (n) => value(nested('{ a: ', 'n', ' }')(n)),
  'record updates': (n) => value(`{ a: 1 }.a + ${nested('{ ...', '{ a: n }', ', a: 2 }')(n)}.a`),
  maps: (n) => value(nested('Map { 1: ', 'n', ' }')(n)),
  constructors: (n) => value(nested('Some(', 'n', ')')(n)),
  ifs: (n) => reply(nested('if c { ', 'n', ' } else { 2 }')(n)),
  'else ifs': (n) => reply(nested('if c { 1 } else ', '{ n }', '')(n)),
  heads: (n) => reply(`if ${nested('if ', 'c', ' { true } else { false }')(n)} { 1 } else { 2 }`),
  cases: (n) => reply(nested('case n { _ -> ', 'n', ' }')(n)),
  subjects: (n) => reply(nested('case ', 'n', ' { _ -> n }')(n)),
  lets: (n) => reply(nested('let x = n in ', 'n', '')(n)),
  'lets of lets': (n) => reply(nested('let x = ', 'n', ' in x')(n)),
  lambdas: (n) => reply(nested('List.fold([1], n, (a, b) -> ', 'a + b', ')')(n)),
  'lambdas of a fun': (n) => reply(nested('f(y -> ', 'n', ')')(n), 'fun f(g: Int -> Int) -> Int = g(1)'),
  sums: (n) => reply(nested('1 + ', 'n', '')(n)),
  'sums on the left': (n) => reply(nested('(', 'n', ' + 1)')(n)),
  conjunctions: (n) => value(nested('c && ', 'c', '')(n)),
  minuses: (n) => reply(nested('- ', 'n', '')(n)),
  negations: (n) => value(nested('!', 'c', '')(n)),
  appending: (n) => value(nested('"a" ++ ', '"b"', '')(n)),
  fields: (n) => reply(`${nested('(', nested('{ a: ', 'n', ' }')(n), '.a)')(n)}`),
  'type arguments': (n) => type(nested('List<', 'Int', '>')(n)),
  options: (n) => type(nested('Option<', 'Int', '>')(n)),
  'map types': (n) => type(nested('Map<Int, ', 'Int', '>')(n)),
  'record types': (n) => type(nested('{ a: ', 'Int', ' }')(n)),
  'tuple types': (n) => type(nested('(', 'Int', ', Int)')(n)),
  'declared types': (n) =>
    `${Array.from({ length: n }, (_, i) => `type T${i} = C${i}(${i === 0 ? 'Int' : `T${i - 1}`})`).join('\n')}\n${type(`T${n - 1}`)}`,
  'chains of aliases': (n) =>
    `${Array.from({ length: n }, (_, i) => `type T${i} = ${i === 0 ? '(Int, Int)' : `List<T${i - 1}>`}`).join('\n')}\n${type(`T${n - 1}`)}`,
  'chains of functions': (n) =>
    reply(
      `f${n - 1}(n)`,
      Array.from(
        { length: n },
        (_, i) => `fun f${i}(n: Int) -> Int = ${i === 0 ? 'n' : `f${i - 1}(n) + 1`}`,
      ).join('\n'),
    ),
  'nested ifs': (n) => commands(nested('if c { ', 'put -< 1', ' }')(n)),
  'nested cases': (n) => commands(nested('case n { _ -> { ', 'put -< 1', ' } }')(n)),
  blocks: (n) => commands(`${'x <- return -< n\n'.repeat(n)} put -< x`),
  patterns: (n) =>
    commands(`${nested('(', 'a', ', _)')(n)} <- return -< ${nested('(', 'n', ', 1)')(n)}\n put -< a`),
  'patterns of constructors': (n) =>
    commands(
      `case ${nested('Some(', 'n', ')')(n)} { ${nested('Some(', 'a', ')')(n)} -> put -< a\n _ -> put -< 1 }`,
    ),
  'compositions of arrows': (n) => commands(`${nested('id >>> ', 'put', '')(n)} -< n`),
  'arrows in parentheses': (n) => commands(`${nested('(', 'put', ')')(n)} -< n`),
  'fan-outs': (n) => commands(`x <- ${nested('id &&& (', 'id', ')')(n)} -< n\n put -< n`),
  procs: (n) => commands(`${nested('proc x { ', 'put -< n', ' }')(n)} -< n`),
  comments: (n) => `${nested('{- ', '', ' -}')(n)}\n${reply('n')}`,
  // What is wrong, so that a message shows a deep type or place.
  'a wrong list': (n) => wrong(nested('[', 'n', ']')(n)),
  'a wrong tuple': (n) => wrong(nested('(', 'n', ', 1)')(n)),
  'a wrong record': (n) => wrong(nested('{ a: ', 'n', ' }')(n)),
  'brackets that stay open': (n) => wrong('('.repeat(n)),
  'blocks that stay open': (n) => `machine M { on A { ${'if true { '.repeat(n)}`,
};

const UPGRADE = (count: number): string => {
  const state = (inner: string): string => nested('Option<', inner, '>')(count);
  return `machine Old { state: ${state('{ a: Int }')} = None }
machine New { state: ${state('{ a: Int, b: Int }')} = None }
upgrade Old -> New { }
`;
};

describe.each(Object.entries({ ...forms, upgrades: UPGRADE }))('%s', (_, make) => {
  test('a few levels compile, or are wrong for another reason than their depth', () => {
    expect(outcomeOf(make(5))).not.toMatch(/E0112|E0301/);
  });

  test.each([60, 500, 2_000, 5_000])('%d levels give a result or a diagnostic', (count) => {
    expect(outcomeOf(make(count))).toMatch(/^ok$|^E\d{4}( E\d{4})*$/);
  });
});

// ------------------------------------------------------------------------- what grows fast

const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n');

/** A `case` over a tuple of 16 truth values, whose rows say something about two columns each. */
function columns(last: string): string {
  const names = Array.from({ length: 16 }, (_, i) => `b${i}`);
  const row = (i: number, value: boolean): string =>
    `(${names.map((_, j) => (j === i || j === i + 1 ? String(value) : '_')).join(', ')}) -> ${i}`;
  const rows = lines(8, (i) => `${row(2 * i, true)}\n${row(2 * i, false)}`);
  const parameters = names.map((name) => `${name}: Bool`).join(', ');
  return machine(
    `on A(${parameters}) -> Int { return -< case (${names.join(', ')}) {\n${rows}\n${last}\n} }`,
  );
}

/** Programs of a size that doubles with each line, written out, and what becomes of them. */
const growing: Record<string, [string, string]> = {
  'the case by columns': [columns('_ -> 99'), 'ok'],
  'the case by columns, without its last row': [columns(''), 'E0240'],
  'lists in lists': [
    reply(
      'f([])',
      `fun f(xs: List<List<Bool>>) -> Int = case xs {\n${lines(
        12,
        (i) =>
          `[${Array.from({ length: 12 }, (_, j) => (i === j ? '[true, ..._]' : '_')).join(', ')}] -> ${i}`,
      )}\n_ -> 99\n}`,
    ),
    'E0301',
  ],
  'pairs of pairs': [
    commands(`let x0 = n\n${lines(30, (i) => `let x${i + 1} = (x${i}, x${i})`)}\nput -< n`),
    'E0221',
  ],
  'pairs of what is not known': [
    commands(`let x0 = []\n${lines(30, (i) => `let x${i + 1} = (x${i}, x${i})`)}\nput -< n`),
    'E0221',
  ],
  'pairs by a function': [
    `fun pair<a>(x: a) -> (a, a) = (x, x)\n${reply(`List.length([${'pair('.repeat(30)}n${')'.repeat(30)}])`)}`,
    'E0221',
  ],
  'records of records': [
    `type R0 = { a: Int }\n${lines(30, (i) => `type R${i + 1} = { a: R${i}, b: R${i} }`)}\n${type('R30')}`,
    'E0221',
  ],
  'a function for two types': [
    `fun f0<a>(x: a) -> Int = 1\n${lines(
      30,
      (i) => `fun f${i + 1}<a>(x: a) -> Int = f${i}((x, 1)) + f${i}((x, true))`,
    )}\n${reply('f30(n)')}`,
    'E0301',
  ],
  'a function for two functions': [
    `fun f0(g: Int -> Int) -> Int = g(1)\n${lines(
      30,
      (i) => `fun f${i + 1}(g: Int -> Int) -> Int = f${i}(x -> g(x)) + f${i}(x -> g(g(x)))`,
    )}\n${reply('f30(x -> x)')}`,
    'E0301',
  ],
  'calls of one function': [
    `fun f0(x: Int) -> Int = x\n${lines(60, (i) => `fun f${i + 1}(x: Int) -> Int = f${i}(x) + f${i}(x)`)}\n${reply('f60(n)')}`,
    'ok',
  ],
  'a constant without end': [
    `fun f0(x: Int) -> Int = x\n${lines(60, (i) => `fun f${i + 1}(x: Int) -> Int = f${i}(x) + f${i}(x)`)}\nmachine M { state: Int = f60(1) }\n`,
    'E0302',
  ],
  'compositions of an arrow': [
    `arrow a0 : Int -> Int = id\n${lines(60, (i) => `arrow a${i + 1} : Int -> Int = a${i} >>> a${i}`)}\n${commands('x <- a60 -< n\nput -< x')}`,
    'ok',
  ],
};

test.each(Object.entries(growing))('%s: answered within bounds', (_, [text, outcome]) => {
  expect(outcomeOf(text)).toBe(outcome);
});
