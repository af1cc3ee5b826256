import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from '../../src/syntax/index.ts';
import { lex } from '../../src/syntax/lexer.ts';
import { Report } from '../../src/syntax/report.ts';
import { expectLaidOut, isProgram, laidOut, programs } from './laid-out.ts';

/** A declaration, and where its tokens start. */
interface Piece {
  readonly text: string;
  readonly places: readonly number[];
}

/** Small pieces, so that many can be tried: declarations, and machines and upgrades with one thing in them. */
const pieces: readonly Piece[] = [...new Set(programs.flatMap(([, text]) => cut(text)))].map((text) => ({
  text,
  places: lex(text, 'a.sm', new Report()).tokens.map(({ startOffset }) => startOffset),
}));

function cut(text: string): string[] {
  const { imports, declarations } = parse(text, 'a.sm').module;
  const textOf = ({ span }: { span: { start: number; end: number } }): string =>
    `${text.slice(span.start, span.end)}\n`;
  return [...imports, ...declarations].flatMap((node) => {
    const parts = node.kind === 'machine' ? node.members : node.kind === 'upgrade' ? node.clauses : [];
    const [first] = parts;
    if (first === undefined) return [textOf(node)];
    const head = text.slice(node.span.start, first.span.start).trimEnd();
    return parts.map((part) => `${head}\n${textOf(part)}}\n`);
  });
}

/** Comments on the line of what is before, of what is behind, of both, and of neither; and line ends. */
const inserted = fc.constantFrom(
  ...[' {- c -} ', ' -- c\n', '\n-- c\n', '\n\n-- c\n\n', '\n{- c -} ', ' {- c -}\n'],
  ...['\n{- c\n d -}\n', ' {- c\n d -} ', '\n--| c\n', '\n\n', '   '],
);

/** How many tokens further on something is put in: what goes wrong are comments close to each other. */
const step = fc.oneof(fc.nat(3), fc.nat());

/** A piece with things put in; what ends a statement that can not end there is left out again. */
const commented = fc
  .tuple(fc.constantFrom(...pieces), fc.array(fc.tuple(step, inserted), { minLength: 1, maxLength: 6 }))
  .map(([{ text, places }, insertions]) => {
    let place = 0;
    const parts = insertions.map(([by, what], i) => {
      place = (place + by) % places.length;
      return { at: places[place]!, what: what.replace('c', `c${i}`) };
    });
    parts.sort((a, b) => b.at - a.at);
    return parts.reduce((changed, { at, what }) => {
      const next = changed.slice(0, at) + what + changed.slice(at);
      return isProgram(next) ? next : changed;
    }, text);
  });

describe('comments', () => {
  it('stay, and change nothing, wherever they and line ends stand', () => {
    fc.assert(
      fc.property(commented, (text) => void expectLaidOut(text)),
      { numRuns: 2000 },
    );
  });

  it('stand beside what they stood beside', () => {
    const text = readFileSync(new URL('layout/comments.sm', import.meta.url), 'utf8');
    const golden = new URL('layout/comments.golden', import.meta.url);
    expectLaidOut(text);
    if (process.env['UPDATE_GOLDENS'] === '1') writeFileSync(golden, laidOut(text));
    expect(laidOut(text)).toBe(readFileSync(golden, 'utf8'));
  });

  it.each([
    ['upgrade old\n{- a -} .M -> -- b\nM {}', 'upgrade old {- a -}.M -> -- b\nM {}\n'],
    [
      'machine M {\non A -> List\n{- a -} < -- b\nInt> { f } }',
      'machine M {\n  on A -> List {- a -} < -- b\n  Int> { f }\n}\n',
    ],
    [
      'arrow f : Either<Int -- a\n {- b\n c -}, Int> -> Int = g',
      'arrow f : Either<Int, -- a\n{- b\n c -} Int> -> Int = g\n',
    ],
    ['fun f() -> Int = (s. -- a\nx)', 'fun f() -> Int =\n  (\n    s. -- a\n    x\n  )\n'],
    [
      'fun f() -> Int = if x { 1 } else { (if y { 2 } else -- a\n{ 3 }) }',
      'fun f() -> Int = if x {\n  1\n} else {\n  (\n    if y {\n      2\n    } else -- a\n    {\n      3\n    }\n  )\n}\n',
    ],
    [
      'fun f() -> T = (1, 2 -- a\n, {- b -} )',
      'fun f() -> T =\n  (\n    1,\n    2, -- a\n    {- b -}\n  )\n',
    ],
    ['type T = -- a\n| -- b\nA', 'type T\n  = -- a\n  |\n  -- b\n  A\n'],
    ['type T =\n{- a -} {- b\n c -} { x: Int }', 'type T = {- a -} {- b\n c -} { x: Int }\n'],
    [
      'fun f() -> Int = if {- a -} (\nx) { 1 } else { 2 }',
      'fun f() -> Int = if {- a -} x { 1 } else { 2 }\n',
    ],
    [
      'fun f() -> Int = case x { 1 -> 2; - 1 -> 3; - {- a -} 2 -> 4 }',
      'fun f() -> Int = case x {\n  1 -> 2\n  -1 -> 3\n  (- {- a -} 2) -> 4\n}\n',
    ],
    [
      'upgrade old.M -> M { on A -> B -- a\n on C {- b -} -> D }',
      'upgrade old.M -> M {\n  on A() -> B() -- a\n  on C() {- b -} -> D()\n}\n',
    ],
    [
      'machine M { -- a\non A { f -< { b: toString(n) } }\n}',
      'machine M { -- a\n  on A { f -< { b: toString(n) } }\n}\n',
    ],
    [
      'fun f() -> T = L -- a\n.map(\n{- b -} g(x), (w, c) -> { w: w, t: c })',
      'fun f() -> T =\n  L -- a\n  .map({- b -} g(x), (w, c) -> { w: w, t: c })\n',
    ],
    [
      'fun f() -> Int = {- a -} (case b { _ -> 1 })',
      'fun f() -> Int = {- a -}\n  case b {\n    _ -> 1\n  }\n',
    ],
  ])('in %j', (written, expected) => {
    expect(expectLaidOut(written)).toBe(expected);
  });
});

describe('the shape of a text does not matter', () => {
  const [, text] = programs.find(([name]) => name.endsWith('bank.sm'))!;

  it.each([
    ['CRLF', text.replaceAll('\n', '\r\n')],
    ['tabs', text.replaceAll('  ', '\t')],
    ['a byte order mark', `\uFEFF${text}`],
    ['spaces at the ends of lines', text.replaceAll('\n', '  \t\n')],
    ['no line end at the end', text.trimEnd()],
  ])('%s', (_name, written) => {
    expect(expectLaidOut(written)).toBe(laidOut(text));
  });

  it.each([
    ['', ''],
    [' \t\n\n', ''],
    ['\uFEFF-- a', '-- a\n'],
    ['-- a \n\n\n-- b\n{- c -}', '-- a\n\n-- b\n{- c -}\n'],
    ['{- a\r\n b -}\r\n-- c\r\nimport "a" as a -- d\r\n', '{- a\n b -}\n-- c\nimport "a" as a -- d\n'],
  ])('%j', (written, expected) => {
    expect(expectLaidOut(written)).toBe(expected);
  });

  it.each([
    ['a long comment', `{- ${'c'.repeat(10_000)} -} `],
    ['a comment of many lines', `{- ${'c\n'.repeat(10_000)} -} `],
    ['many comments', '-- c\n'.repeat(10_000)],
    ['many comments on a line', '{- c -} '.repeat(10_000)],
  ])('%s', (_name, comments) => {
    for (const program of ['#', 'fun f() -> List< #Int> = #[1, #2 #]\n#']) {
      expectLaidOut(program.replaceAll('#', comments));
    }
  });
});
