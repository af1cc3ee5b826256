import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { render } from '../../src/errors/render.ts';
import { SYNTAX_CODES } from '../../src/errors/syntax-codes.ts';
import { parse } from '../../src/syntax/index.ts';

/**
 * Golden files: a program, a line of dashes, and what is said about it. `UPDATE_GOLDENS=1` in
 * the environment writes what is said now.
 */
const root = new URL('errors/', import.meta.url);
const divider = '--------------------------------------------------------------------------------\n';
const write = process.env['UPDATE_GOLDENS'] === '1';

function judge(program: string): string {
  const { diagnostics } = parse(program, 'a.sm');
  return diagnostics.map((diagnostic) => render(diagnostic, () => program, { color: false })).join('\n');
}

const files = readdirSync(root).filter((name) => name.endsWith('.golden'));

describe('syntax errors', () => {
  test.each(files)('%s', (name) => {
    const golden = readFileSync(new URL(name, root), 'utf8');
    const [program = ''] = golden.split(divider);
    const now = `${program}${divider}${judge(program)}`;
    if (write) writeFileSync(new URL(name, root), now);
    expect(write ? now : golden).toBe(now);
    expect(now.includes('error[')).toBe(true);
  });

  // These need more text, or stranger text, than a golden file is good for: see the other tests.
  const elsewhere: string[] = ['E0113', 'E0112', 'E0109'];

  test.each(Object.keys(SYNTAX_CODES))('%s has a golden file', (code) => {
    const all = files.map((name) => readFileSync(new URL(name, root), 'utf8'));
    expect(all.some((golden) => golden.includes(`error[${code}]`))).toBe(!elsewhere.includes(code));
  });
});
