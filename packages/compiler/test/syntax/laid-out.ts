import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { lex } from '../../src/syntax/lexer.ts';
import { format, parse } from '../../src/syntax/index.ts';
import { Report } from '../../src/syntax/report.ts';

const root = new URL('../../../../', import.meta.url).pathname;

/** One that is not laid out: with brackets, commas and blocks that are left out. */
const untidy = readFileSync(new URL('layout/untidy.sm', import.meta.url), 'utf8');

/** Whole programs that parse, by their names: the conformance cases, the examples, and an untidy one. */
export const programs: readonly (readonly [name: string, text: string])[] = [
  ...['test/conformance', 'test/conformance/upgrade', 'test/conformance/bad', 'examples']
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(folder, name)))
    .filter((name) => name.endsWith('.sm'))
    .map((name) => [name, readFileSync(join(root, name), 'utf8')] as const)
    .filter(([, text]) => isProgram(text)),
  ['untidy.sm', untidy],
];

export function isProgram(text: string): boolean {
  return parse(text, 'a.sm').diagnostics.length === 0;
}

/** The one layout of a text without mistakes. */
export function laidOut(text: string): string {
  const formatted = format(text, 'a.sm');
  if (!formatted.ok) throw new Error(JSON.stringify(formatted.diagnostics));
  return formatted.text;
}

/** What a text says: its tree without places and without comments, on many lines. */
function meaning(text: string): string {
  const { module, diagnostics } = parse(text, 'a.sm');
  expect(diagnostics).toEqual([]);
  return JSON.stringify(
    module,
    (key, value: unknown) => (key.toLowerCase().endsWith('span') || key === 'doc' ? undefined : value),
    1,
  );
}

/** What the layout may put in and leave out. */
const optional = new Set([',', ';', '|', '(', ')', '{', '}']);

/** All comments, and the tokens that stay, in their order, one a line. */
function sequenceOf(text: string): string {
  const { tokens, comments } = lex(text, 'a.sm', new Report());
  const kept = tokens.filter(({ image }) => !optional.has(image));
  return [
    ...kept.map(({ image, startOffset }) => [startOffset, image] as const),
    ...comments.map((comment) => [comment.span.start, comment.text.replaceAll('\r', '').trimEnd()] as const),
  ]
    .sort(([a], [b]) => a - b)
    .map(([, image]) => image)
    .join('\n');
}

/** Lays a text out, and expects that this changes neither what it says nor its comments, nor itself again. */
export function expectLaidOut(text: string): string {
  const once = laidOut(text);
  expect(meaning(once)).toBe(meaning(text));
  expect(sequenceOf(once)).toBe(sequenceOf(text));
  expect(laidOut(once)).toBe(once);
  return once;
}
