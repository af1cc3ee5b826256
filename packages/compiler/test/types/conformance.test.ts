import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkSources, places } from './check-sources.ts';

/* The conformance programs, as far as the checker is concerned. */

const folder = new URL('../../../../test/conformance/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');

/** A refused program says on its first line where and what: `-- error at 5:15: …`. */
const refused = readdirSync(new URL('bad/', folder))
  .filter((name) => name.endsWith('.sm'))
  .map((name) => `bad/${name}`);

test.each(refused)('%s is refused at the place that it says', (name) => {
  const text = read(name);
  const [, place] = /^-- error at (\d+:\d+)/.exec(text) ?? [];
  const [first] = places(text);
  expect(first?.split(' ')[1]).toBe(place);
});

const accepted = [
  ['counter.sm'],
  ['arrows.sm'],
  ['faults.sm'],
  ['upgrade/counter-v1.sm'],
  ['upgrade/counter-v2.sm', 'upgrade/counter-v1.sm'],
  ['upgrade/counter-v3.sm', 'upgrade/counter-v2.sm', 'upgrade/counter-v1.sm'],
  ['upgrade/pair-v2.sm', 'upgrade/pair-v1.sm'],
];

/** Imports are between files of one folder. */
const load = (names: readonly string[]) =>
  checkSources(new Map(names.map((name) => [name.replace(/^upgrade\//, ''), read(name)])));

test.each(accepted)('%s is accepted', (...names) => {
  const { module, syntax, diagnostics } = load(names);
  expect([...syntax, ...diagnostics]).toEqual([]);
  expect(module?.machines).not.toEqual([]);
});

test('a migration to another type than that of the state is refused', () => {
  const { module, diagnostics } = load(['upgrade/counter-v2-bad-migration.sm', 'upgrade/counter-v1.sm']);
  expect(module).toBeNull();
  expect(diagnostics.map(({ code }) => code)).toEqual(['E0220']);
});
