import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { lineStarts, positionAt } from '@smc/protocol';
import { parse } from '../../src/syntax/index.ts';

const root = new URL('../../../../test/conformance/', import.meta.url);

/** What is wrong with the syntax of a program; all others are well formed, also those that a later phase refuses. */
const faulty: Record<string, string> = {
  'bad/int-too-large.sm': '3:16 this integer does not fit; the largest Int is 9007199254740991',
  'bad/unclosed.sm': '8:1 the block of machine M, opened at 2:11, is not closed',
};

const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .map((name) => name.replaceAll('\\', '/'))
  .filter((name) => name.endsWith('.sm'));

describe('conformance programs', () => {
  test('are there', () =>
    expect(files).toEqual(expect.arrayContaining(['counter.sm', ...Object.keys(faulty)])));

  test.each(files)('%s', (name) => {
    const text = readFileSync(new URL(name, root), 'utf8');
    const { module, diagnostics } = parse(text, name);
    const found = diagnostics.map(({ message, labels }) => {
      const { line, column } = positionAt(text, lineStarts(text), labels[0]!.span.start);
      return `${line}:${column} ${message}`;
    });
    expect(found).toEqual(name in faulty ? [faulty[name]] : []);
    expect(module.declarations.length).toBeGreaterThan(0);
  });
});
