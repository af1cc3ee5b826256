import { readdirSync, readFileSync } from 'node:fs';
import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { checkText } from './check-sources.ts';

/* Programs with words of theirs exchanged, left out and doubled: each gets an answer. */

const folder = new URL('../../../../test/conformance/', import.meta.url);
const programs = readdirSync(folder)
  .filter((name) => name.endsWith('.sm'))
  .map((name) => readFileSync(new URL(name, folder), 'utf8').match(/\s+|\w+|[-=<>&|+*.]+|./gs) ?? []);

const place = fc.nat(10_000);
const edits = fc.array(fc.tuple(fc.constantFrom('drop', 'double', 'exchange', 'replace'), place, place), {
  minLength: 1,
  maxLength: 4,
});

function edited(program: readonly string[], changes: readonly (readonly [string, number, number])[]): string {
  const tokens = [...program];
  for (const [change, a, b] of changes) {
    const [at, other] = [a % tokens.length, b % tokens.length];
    const [one, two] = [tokens[at], tokens[other]];
    if (change === 'drop' && tokens.length > 1) tokens.splice(at, 1);
    else if (change === 'double') tokens.splice(at, 0, two);
    else if (change === 'replace') tokens[at] = two;
    else [tokens[at], tokens[other]] = [two, one];
  }
  return tokens.join('');
}

test.prop([fc.constantFrom(...programs), edits], { numRuns: 300 })(
  'is checked or refused',
  (program, changes) => {
    const { module, syntax, diagnostics } = checkText(edited(program, changes));
    if (syntax.length === 0) expect(module === null).toBe(diagnostics.length > 0);
  },
);
