import { readFileSync } from 'node:fs';
import { INSTRUCTIONS } from '@smc/protocol';
import { parseSync } from 'oxc-parser';
import { expect, it } from 'vitest';
import { MUTANTS } from './list.ts';
import { VERIFIER_FILES, mutated } from './mutant.ts';

// Whether each mutant is killed is another question, which `npm run mutants` answers: it takes minutes.

const sources = new Map(
  VERIFIER_FILES.map((file) => [
    file,
    readFileSync(new URL(`../../packages/vm/src/${file}`, import.meta.url), 'utf8'),
  ]),
);

it('has mutants that apply, each another', () => {
  const seen = new Set<string>();
  for (const mutant of MUTANTS) seen.add(`${mutant.file}\n${mutated(sources.get(mutant.file)!, mutant)}`);
  expect(seen.size).toBe(MUTANTS.length);
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
});

it('has mutants that can be parsed', () => {
  const broken = MUTANTS.filter(
    (mutant) => parseSync(mutant.file, mutated(sources.get(mutant.file)!, mutant)).errors.length > 0,
  );
  expect(broken.map(({ name }) => name)).toEqual([]);
});

it('has a mutant of each instruction', () => {
  const text = MUTANTS.map(({ name }) => name).join('\n');
  expect(Object.keys(INSTRUCTIONS).filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([]);
});
