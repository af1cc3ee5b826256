import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { encodeBundle } from '@smc/protocol';
import { expect, test } from 'vitest';
import { CODES } from '../../src/errors/codes.ts';
import { render } from '../../src/errors/render.ts';
import { compileFiles } from '../compiled.ts';

/*
 * Golden files of the diagnostics of the phases after the checker: files, each after a line
 * `=== NAME`, then all that is said about them; `deployed.sm` is what was deployed. `UPDATE_GOLDENS=1` writes the output anew.
 */

const folder = new URL('./errors/', import.meta.url);
const names = readdirSync(folder).sort();
const OUTPUT = '=== output\n';

test.each(names)('%s', (name) => {
  const place = new URL(name, folder);
  const [input, expected] = readFileSync(place, 'utf8').split(OUTPUT);
  const files = input
    .split(/^=== /m)
    .slice(1)
    .map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1)] as const);
  const baseline = files.find(([file]) => file === 'deployed.sm');
  const bundle =
    baseline && compileFiles({ [baseline[0]]: baseline[1], ...Object.fromEntries(files) }).bundle;
  const { diagnostics, sources } = compileFiles(
    Object.fromEntries(files),
    bundle ? { deployed: encodeBundle(bundle) } : {},
  );
  const lookup = (file: string): string | null => sources.get(file) ?? null;
  const output = diagnostics.map((diagnostic) => render(diagnostic, lookup, { color: false })).join('\n');
  expect([...new Set(diagnostics.map(({ code }) => code))]).toEqual([name.split('-')[0]]);
  if (process.env['UPDATE_GOLDENS'] === '1') writeFileSync(place, `${input}${OUTPUT}${output}`);
  else expect(output).toBe(expected);
});

test('each code of these phases has a golden file, and each golden file a code', () => {
  const own = Object.keys(CODES).filter((code) => /^E0[34]/.test(code));
  expect([...new Set(names.map((name) => name.split('-')[0]))]).toEqual(own.sort());
});
