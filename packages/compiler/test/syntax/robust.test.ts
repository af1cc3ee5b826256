import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { render, toJson } from '../../src/errors/render.ts';
import { SYNTAX_CODES } from '../../src/errors/syntax-codes.ts';
import { diagnosticsMax, parse, sourceLengthMax } from '../../src/syntax/index.ts';

const root = new URL('../../../../test/conformance/', import.meta.url);
const programs = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.sm'))
  .map((name) => readFileSync(new URL(name, root), 'utf8'));
const codes = new Set<string>(Object.keys(SYNTAX_CODES));

/** Whether a tree has a hole, or a span that is none. */
function check(node: unknown, length: number): { holes: number } {
  const found = { holes: 0 };
  const waiting: unknown[] = [node];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next !== 'object' || next === null || next instanceof Uint8Array) continue;
    if ('kind' in next && next.kind === 'missing') found.holes++;
    if ('start' in next && 'end' in next) {
      const { start, end } = next as { start: number; end: number };
      expect(start >= 0 && start <= end && end <= length, `span ${start}..${end} of ${length}`).toBe(true);
    }
    waiting.push(...(Object.values(next) as unknown[]).filter((part) => part !== undefined));
  }
  return found;
}

/** Everything that holds for any text. */
function judge(text: string): void {
  const { module, diagnostics } = parse(text, 'a.sm');
  const { holes } = check(module, text.length);
  expect(diagnostics.length).toBeLessThanOrEqual(diagnosticsMax);
  if (holes > 0) expect(diagnostics).not.toEqual([]);
  let last = 0;
  for (const diagnostic of diagnostics) {
    expect(codes).toContain(diagnostic.code);
    for (const { span } of diagnostic.labels)
      expect(span.start >= 0 && span.end <= text.length && span.start <= span.end).toBe(true);
    expect(diagnostic.labels[0]!.span.start).toBeGreaterThanOrEqual(last);
    last = diagnostic.labels[0]!.span.start;
    // what is said holds no character that would change the terminal
    expect(render(diagnostic, () => text, { color: false })).toMatch(/^(?:[^\p{Cc}\p{Cs}]|\n)*$/u);
    expect(toJson(diagnostic, () => text).start?.offset).toBe(diagnostic.labels[0]!.span.start);
  }
}

const words = [
  ...'machine state on fun arrow type import as upgrade test invariant let in if else case proc true false pipeline send'.split(
    ' ',
  ),
  ...'after get put return now fail first back reply drop rename for deployed elif x y f M Op Map Set List Some'.split(
    ' ',
  ),
  ...'( ) [ ] { } < > >>> <<< ||| +++ &&& *** => == != <= >= <- || && ++ -> -< + - * / % ! = | . , : ; ... _ @5'.split(
    ' ',
  ),
  ...[
    '"s"',
    '"',
    '0x"00"',
    '1',
    '99999999999999999999',
    '@',
    '\\',
    '--',
    '{-',
    '-}',
    '--| d\n',
    '\n',
    '\n\n',
    '\t',
    '#',
    '===',
    "'",
  ],
];

const token = fc.constantFrom(...words);
const tokens = fc
  .array(fc.tuple(token, fc.constantFrom('', ' ', ' ', '\n')), { maxLength: 60 })
  .map((list) => list.flat().join(''));

/** A program with a few places where tokens are taken out, put in, or doubled. */
const mutants = fc
  .tuple(
    fc.constantFrom(...programs),
    fc.array(
      fc.tuple(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.constantFrom('cut', 'double', 'insert', 'end'),
        token,
      ),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
  )
  .map(([program, edits]) => {
    const parts = program.split(/(\b|\s+)/).filter((part) => part !== '');
    for (const [where, edit, word] of edits) {
      const at = Math.floor(where * parts.length);
      if (edit === 'cut') parts.splice(at, 1);
      else if (edit === 'double') parts.splice(at, 0, parts[at] ?? '');
      else if (edit === 'insert') parts.splice(at, 0, ` ${word} `);
      else if (where > 0.5) parts.length = at;
    }
    return parts.join('');
  });

describe('any text gives a module and diagnostics, and never an exception', () => {
  test('random characters', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 80 }), judge), { numRuns: 600 });
  });

  test('random code units, with halves of surrogate pairs', () => {
    const unit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
    fc.assert(
      fc.property(
        fc.array(fc.oneof(unit, token), { maxLength: 40 }).map((all) => all.join('')),
        judge,
      ),
      { numRuns: 600 },
    );
  });

  test('random tokens', () => {
    fc.assert(fc.property(tokens, judge), { numRuns: 2000 });
  });

  test('random tokens where commands stand', () => {
    const inside = tokens.map((text) => `machine M {\n  on A {\n${text}\n  }\n}\nfun f() -> T = 1\n`);
    fc.assert(fc.property(inside, judge), { numRuns: 1000 });
  });

  test('programs with mistakes', () => {
    fc.assert(fc.property(mutants, judge), { numRuns: 1000 });
  });

  test('programs that end too early', () => {
    const cut = fc
      .tuple(fc.constantFrom(...programs), fc.double({ min: 0, max: 1, noNaN: true }))
      .map(([text, where]) => {
        return text.slice(0, Math.floor(where * text.length));
      });
    fc.assert(fc.property(cut, judge), { numRuns: 300 });
  });
});

test('what is parsed before a mistake and after it does not depend on it', () => {
  fc.assert(
    fc.property(tokens, (text) => {
      // a token that reaches over line ends, or a bracket, may take what follows with it
      fc.pre(!/["'`“”„‘’‚\\]|\{-|\/\*|[[\](){}]/.test(text));
      const { module } = parse(`type A = B\n${text}\nmachine M {\n  on A { get }\n}\n`, 'a.sm');
      const names = module.declarations.map((node) => ('name' in node ? node.name.text : ''));
      expect(names).toContain('A');
      expect(names).toContain('M');
    }),
    { numRuns: 1000 },
  );
});

test('at most so many diagnostics, and an end', () => {
  expect(parse('$ '.repeat(100_000), 'a.sm').diagnostics).toHaveLength(diagnosticsMax);
  expect(parse('fun \n'.repeat(50_000), 'a.sm').diagnostics).toHaveLength(diagnosticsMax);
  expect(parse(`machine M {\n${'on a {\n'.repeat(3000)}`, 'a.sm').diagnostics.length).toBeGreaterThan(0);
});

test('a text that is too long is refused', () => {
  const found = parse(' '.repeat(sourceLengthMax + 1), 'a.sm').diagnostics;
  expect(found.map(({ code }) => code)).toEqual(['E0113']);
  expect(parse(' '.repeat(sourceLengthMax), 'a.sm').diagnostics).toEqual([]);
});
