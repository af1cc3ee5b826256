// Whatever the compiler is given, it answers with diagnostics or with a program that the virtual machine takes.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { check, compile, type Compilation, type SourceHost } from '@smc/compiler';
import { decodeImage, decodeUpgradeBody, encodeImage, encodeUpgradeBody } from '@smc/protocol';
import { load, loadUnit } from '@smc/vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Choices, tapes } from './support/choices.ts';

const INPUTS = 5_000;
const root = new URL('./', import.meta.url).pathname;

function programsIn(folder: string): string[] {
  return readdirSync(root + folder).flatMap((name) => {
    const path = `${folder}/${name}`;
    if (statSync(root + path).isDirectory()) return programsIn(path);
    return name.endsWith('.sm') ? [readFileSync(root + path, 'utf8')] : [];
  });
}

const programs = [...programsIn('conformance'), ...programsIn('language')];

/** About the tokens of the language: what is cut out, doubled and exchanged. */
const TOKEN =
  /--[^\n]*|"(?:[^"\\\n]|\\.)*"|[A-Za-z_][A-Za-z0-9_]*|\d[\d_]*|@[0-9TZ:.-]+|>>>|<<<|&&&|\*\*\*|[-<=>!&|+*.]{2,3}|\s+|./gsu;

const tokensOf = (text: string): string[] => text.match(TOKEN) ?? [];

/** What kind of token it is: one is exchanged for another of its kind most of the time. */
function kindOf(token: string): string {
  if (/^[a-z_]/.test(token)) return 'lower';
  if (/^[A-Z]/.test(token)) return 'upper';
  if (/^\d/.test(token)) return 'number';
  if (token.startsWith('"')) return 'string';
  return /^\s/.test(token) ? 'space' : 'symbol';
}

const vocabulary = new Map<string, string[]>();
for (const token of new Set(programs.flatMap(tokensOf))) {
  const kind = kindOf(token);
  vocabulary.set(kind, [...(vocabulary.get(kind) ?? []), token]);
}
const everything = [...vocabulary.values()].flat();

/** One token is another, is gone, is there twice, or is somewhere else. */
function changeOne(choices: Choices, tokens: string[], other: readonly string[]): void {
  const at = choices.below(tokens.length);
  switch (choices.below(16)) {
    case 0:
      tokens.splice(at, 1);
      return;
    case 1:
      tokens.splice(at, 0, tokens[at]);
      return;
    case 2:
      tokens[at] = choices.of(everything);
      return;
    case 3: {
      // A stretch of another program.
      const start = choices.below(other.length);
      tokens.splice(at, choices.below(6), ...other.slice(start, start + choices.below(12)));
      return;
    }
    default: {
      // A name or literal: what else there is has few that can stand for it.
      const words = tokens.flatMap((token, i) => (/^[\w"]/.test(token) ? [i] : []));
      const word = words.length === 0 ? at : choices.of(words);
      tokens[word] = choices.of(vocabulary.get(kindOf(tokens[word])) ?? everything);
    }
  }
}

function fuzzed(choices: Choices): string {
  switch (choices.below(10)) {
    case 0:
      return Array.from({ length: choices.below(60) }, () => choices.of(everything)).join(' ');
    case 1:
      return Array.from({ length: choices.below(200) }, () =>
        String.fromCharCode(choices.below(0x10000)),
      ).join('');
    default: {
      const tokens = tokensOf(choices.of(programs));
      const other = tokensOf(choices.of(programs));
      for (let i = 0; i <= choices.below(4) && tokens.length > 0; i++) changeOne(choices, tokens, other);
      return tokens.join('');
    }
  }
}

const hostOf = (text: string): SourceHost => ({
  // An import is a program of the corpus, by chance the right one.
  read: (name) => (name === 'main.sm' ? text : (programs[name.length % programs.length] ?? null)),
  readBundle: () => null,
  readDeployed: () => null,
  resolve: (_from, path) => path,
});

const compileText = (text: string): Compilation => compile('main.sm', hostOf(text));

describe('random inputs', () => {
  it('get diagnostics, or a program that verifies', () => {
    const tally = { parsed: 0, accepted: 0 };
    fc.assert(
      fc.property(tapes(300), (tape) => {
        const text = fuzzed(new Choices(tape));
        const compilation = compileText(text);
        expect(check('main.sm', hostOf(text)).diagnostics).toEqual(compilation.diagnostics);
        const isSyntax = compilation.diagnostics.some(({ code }) => code.startsWith('E01'));
        if (!isSyntax) tally.parsed++;
        for (const { labels, message } of compilation.diagnostics) {
          expect(message).not.toBe('');
          expect(labels.length).toBeGreaterThan(0);
        }
        const { bundle } = compilation;
        expect(bundle === null).toBe(compilation.diagnostics.length > 0);
        if (bundle === null) return;
        tally.accepted++;
        for (const image of bundle.images) {
          const decoded = decodeImage(encodeImage(image));
          if (!decoded.ok) throw new Error(`malformed: ${decoded.malformed.message}`);
          const loaded = load(decoded.value);
          if (!loaded.ok) throw new Error(`refused: ${JSON.stringify(loaded.invalid)}`);
        }
        for (const upgrade of bundle.upgrades) {
          const decoded = decodeUpgradeBody(upgrade, encodeUpgradeBody(upgrade));
          if (!decoded.ok) throw new Error(`malformed: ${decoded.malformed.message}`);
          const loaded = loadUnit(decoded.value.unit);
          if (!loaded.ok) throw new Error(`refused: ${JSON.stringify(loaded.invalid)}`);
        }
      }),
      { numRuns: INPUTS },
    );
    expect(tally.parsed).toBeGreaterThan(INPUTS / 3);
    expect(tally.accepted).toBeGreaterThan(INPUTS / 60);
  });
});
