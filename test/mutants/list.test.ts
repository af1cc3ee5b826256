import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { INSTRUCTIONS } from '@smc/protocol';
import { parseSync } from 'oxc-parser';
import { expect, it } from 'vitest';
import { MUTANTS } from './list.ts';
import { VERIFIER_FILES, mutated } from './mutant.ts';
import { changes, rulesOf } from './rules.ts';

// Whether each mutant is killed is another question, which `npm run mutants` answers: it takes minutes. Here it is asked of one.

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

it('has a mutant of each rule', () => {
  const rules = [...sources].flatMap(([file, source]) =>
    rulesOf(file, source).map((rule) => ({
      rule: rule.name,
      mutants: MUTANTS.filter((mutant) => changes(mutant, source, rule)).length,
    })),
  );
  expect(rules.length).toBeGreaterThan(200);
  expect(rules.filter(({ mutants }) => mutants === 0).map(({ rule }) => rule)).toEqual([]);
});

it('finds a rule that has no mutant', () => {
  const source = `class Reader {
    #instruction(name) {
      switch (name) {
        case 'A':
        case 'B':
          this.#takes(INT);
          return this.#give(INT);
      }
    }
    #give(type) { this.type = type; }
    #takes(type) { if (this.type !== type) this.#refuse('another'); }
  }
  function defect(type) { if (!type) return 'no type'; return null; }`;
  const rules = rulesOf('verify.ts', source);
  expect(rules.map(({ name }) => name)).toEqual([
    `verify.ts: case 'A': case 'B': this.#takes(INT);`,
    `verify.ts: if (this.type !== type) this.#refuse('another');`,
    `verify.ts: if (!type) return 'no type';`,
  ]);
  const changed = (text: string): readonly boolean[] =>
    rules.map((rule) => changes({ name: '', file: 'verify.ts', text, replacement: '' }, source, rule));
  expect(changed(`case 'B':`)).toEqual([true, false, false]);
  expect(changed('this.type !== type')).toEqual([false, true, false]);
  expect(changed('return this.#give(INT);')).toEqual([false, false, false]);
});

it('has a mutant of each instruction', () => {
  const text = MUTANTS.map(({ name }) => name).join('\n');
  expect(Object.keys(INSTRUCTIONS).filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([]);
});

it('kills a mutant that it is run for', () => {
  const file = fileURLToPath(new URL('run.ts', import.meta.url));
  // It starts tests of its own, and must not take itself for one of these.
  const { PATH } = process.env;
  const words = ['--conditions=source', file, 'limits: one slot too few'];
  const { stdout, stderr } = spawnSync(process.execPath, words, { env: { PATH }, encoding: 'utf8' });
  expect(stdout, stderr).toMatch(/^1\/1 limits: one slot too few: killed by \d+\n1 mutants, 1 killed\n$/);
});
