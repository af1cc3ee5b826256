import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { render } from '../../src/errors/render.ts';
import { compileFiles } from '../compiled.ts';

/*
 * One mistake of syntax, as people make it who come from another language, gives one error, which says
 * what to write: golden files of a program, a line of dashes, and what is said about it by all phases.
 * `UPDATE_GOLDENS=1` writes the output anew.
 */

const folder = new URL('./mistakes/', import.meta.url);
const names = readdirSync(folder).sort();
const divider = `${'-'.repeat(80)}\n`;

test.each(names)('%s', (name) => {
  const place = new URL(name, folder);
  const [program, expected] = readFileSync(place, 'utf8').split(divider);
  const { diagnostics } = compileFiles({ 'a.sm': program });
  const output = diagnostics.map((each) => render(each, () => program, { color: false })).join('\n');
  expect(diagnostics.map(({ code }) => code)).toHaveLength(1);
  if (process.env['UPDATE_GOLDENS'] === '1') writeFileSync(place, `${program}${divider}${output}`);
  else expect(output).toBe(expected);
});

describe('beside a mistake of syntax', () => {
  const codes = (program: string): string[] =>
    compileFiles({ 'a.sm': program }).diagnostics.map(({ code }) => code);

  it('what is wrong elsewhere is told', () => {
    const wrong = 'fun g() -> Int = "a"\n';
    expect(codes(`fun f() -> Int = not 1\n${wrong}`)).toEqual(['E0120', 'E0220']);
    expect(codes(`${wrong}fun f() -> Int = not 1\n`)).toEqual(['E0120', 'E0220']);
    expect(
      codes('machine M {\n  state { n: Int = 0 }\n  on A { 1 }\n  on B -> Int { return -< "a" }\n}\n'),
    ).toEqual(['E0140', 'E0220']);
  });

  const linesOf = (program: string): string[] =>
    compileFiles({ 'a.sm': program }).diagnostics.map(
      ({ code, labels: [{ span }] }) => `${code} ${program.slice(0, span.start).split('\n').length}`,
    );

  it.each([
    'fun 3() -> Int = 1',
    'fun = 1',
    'type = A | B',
    'machine {\n  state { n: Int = 0 }\n  on A { }\n}',
    'test for M { A => () }',
    'foo',
    'invariant s -> true',
  ])('a declaration of which nothing can be read leaves those around it: %j', (damaged) => {
    const after = damaged.split('\n').length + 2;
    const program = `fun f() -> Int = "a"\n${damaged}\nfun g() -> Int = "a"\n`;
    expect(linesOf(program)).toEqual([
      expect.stringMatching(/^E0120 2$|^E0127 2$/),
      'E0220 1',
      `E0220 ${after}`,
    ]);
  });

  it.each(['on 18 {}', 'on -> Int { return -< 1 }', 'foo', 'invariant', 'stat { }', ')'])(
    'a member of which nothing can be read leaves those around it: %j',
    (damaged) => {
      const [before, after] = ['A', 'B'].map((name) => `  on ${name} -> Int { return -< "a" }\n`);
      const machine = `machine M {\n  state { n: Int = 0 }\n${before}  ${damaged}\n${after}}\n`;
      expect(linesOf(machine)).toEqual([
        expect.stringMatching(/^E0120 4$|^E0111 4$|^E0120 5$/),
        'E0220 3',
        'E0220 5',
      ]);
    },
  );

  it('a block that is not closed leaves what comes after it', () => {
    const program =
      'machine M {\n  state { n: Int = 0 }\n  on A -> Int {\n    return -< "a"\n  on B -> Int { return -< "b" }\n}\n';
    expect(linesOf(program)).toEqual(['E0110 5', 'E0220 5']);
  });

  it('what is declared where nothing could be read is not missed elsewhere', () => {
    const uses = 'fun g(t: T) -> Int = case t { A -> f(1)\nB -> h(2) }\n';
    expect(linesOf(`type T<1> = A | B\nfun f<1>(n: Int) -> Int = n\n${uses}`)).toEqual([
      'E0120 1',
      'E0120 2',
      'E0201 4',
    ]);
    expect(linesOf('import ./a as a\nfun f() -> Int = a.f(1)\n')).toEqual(['E0120 1']);
  });

  it('what is indented deeper, or can not start a line, belongs to the part before', () => {
    for (const rest of ['  foo', '-2', '(2)', '-< 2']) {
      expect(linesOf(`fun f() -> Int = "a"\n${rest}\n`)).toEqual([expect.stringMatching(/^E012[67] 2$/)]);
    }
  });

  it('what is wrong in the same part waits', () => {
    expect(codes('fun f(x: Int) -> Int = g(not x)\n')).toEqual(['E0121']);
  });

  it('what needs what could not be read is not told', () => {
    expect(codes('machine M {\n  state { xs: List<Int = [] }\n}\n')).toEqual(['E0120']);
    expect(codes('machine M {\n  state: Int = 0\n  on 3\n}\ntest "t" for M {\n  A => ()\n}\n')).toEqual([
      'E0120',
    ]);
  });

  it('that there is more than is told is said', () => {
    const many = (body: string): string => `fun f() -> Int = ${body}\n`.repeat(150);
    for (const body of [')', '"a"']) {
      let count = 0;
      const program = many(body).replaceAll(/f(?=\()/g, () => `f${++count}`);
      expect(compileFiles({ 'a.sm': program })).toMatchObject({ isCut: true });
    }
    expect(compileFiles({ 'a.sm': '$ '.repeat(101) })).toMatchObject({ isCut: true });
    expect(compileFiles({ 'a.sm': '$ '.repeat(100) })).toMatchObject({ isCut: false });
    expect(compileFiles({ 'a.sm': 'fun f() -> Int = )\n' })).toMatchObject({ isCut: false });
  });
});
