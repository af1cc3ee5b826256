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
