import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CODES } from '../../src/errors/codes.ts';
import { render } from '../../src/errors/render.ts';
import { checkSources } from './check-sources.ts';

/*
 * Golden files: a program, then all that the checker says about it. `CODE-what.golden` is an
 * example of CODE. `UPDATE_GOLDENS=1` writes the output anew.
 */

const folder = new URL('./errors/', import.meta.url);
const files = readdirSync(folder).sort();
const OUTPUT = 'output';

/** Sections, each after a line `=== NAME`. */
function sectionsOf(text: string): Map<string, string> {
  const sections = new Map<string, string>();
  for (const part of text.split(/^=== /m).slice(1)) {
    const end = part.indexOf('\n');
    sections.set(part.slice(0, end), part.slice(end + 1));
  }
  return sections;
}

test.each(files)('%s', (name) => {
  const place = new URL(name, folder);
  const text = readFileSync(place, 'utf8');
  const sections = sectionsOf(text);
  const expected = sections.get(OUTPUT) ?? '';
  sections.delete(OUTPUT);
  const { syntax, diagnostics } = checkSources(sections);
  expect(syntax).toEqual([]);
  expect(diagnostics.map(({ code }) => code)).toContain(name.split('-')[0]);
  const lookup = (file: string): string | null => sections.get(file) ?? null;
  const output = diagnostics.map((diagnostic) => render(diagnostic, lookup, { color: false })).join('\n');
  if (process.env['UPDATE_GOLDENS'] === '1') {
    const inputs = [...sections].map(([file, source]) => `=== ${file}\n${source}`).join('');
    writeFileSync(place, `${inputs}=== ${OUTPUT}\n${output}`);
    return;
  }
  expect(output).toBe(expected);
});

test('each code of the checker has a golden file, and each golden file a code', () => {
  const own = Object.keys(CODES).filter((code) => code.startsWith('E02'));
  const shown = new Set(files.map((name) => name.split('-')[0]));
  expect([...shown].sort()).toEqual(own.sort());
});
