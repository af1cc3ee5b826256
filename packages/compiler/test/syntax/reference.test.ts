import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Span } from '@smc/protocol';
import { grammarRules, type Phrase } from '../../src/syntax/grammar/reference.ts';
import { layOut } from '../../src/syntax/layout.ts';
import { lex } from '../../src/syntax/lexer.ts';
import { parse } from '../../src/syntax/parse.ts';
import { Report } from '../../src/syntax/report.ts';
import * as T from '../../src/syntax/tokens.ts';
import { LEVELS_OF_CHARACTER_MAX } from '../../src/types/nesting.ts';

/** The grammar that the page shows says the same as the parser: what one takes, the other does. */

const rules = grammarRules();

// ------------------------------------------------------- what the grammar makes is parsed

/** Of what the page says in words and not in rules. */
const IN_WORDS = ['E0130', 'E0144', 'E0155'];

const WORDS = new Map([
  [T.Lower, ['a', 'b2', 'value', 'get']],
  [T.Upper, ['Int', 'Some', 'Item']],
  [T.IntLiteral, ['0', '7', '1_000']],
  [T.StringLiteral, ['"text"', '""', '"\\u{1F600}"']],
  [T.BytesLiteral, ['0x"00ff"']],
  [T.TimeLiteral, ['@1000', '@2026-11-20T21:41:25Z']],
]);

/** Random choices, used up one by one; each 0 once there are none left, and what is first is small. */
class Choices {
  readonly #numbers: readonly number[];
  #used = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  below(count: number): number {
    return (this.#numbers[this.#used++] ?? 0) % count;
  }

  get isSpent(): boolean {
    return this.#used >= this.#numbers.length;
  }
}

/** How many rules deep the smallest sentence of each rule is. */
const heights = new Map<string, number>();
for (let found = true; found;) {
  found = false;
  for (const [name, phrase] of rules) {
    const height = heightOf(phrase) + 1;
    if (height >= (heights.get(name) ?? Infinity)) continue;
    heights.set(name, height);
    found = true;
  }
}

function heightOf(phrase: Phrase): number {
  switch (phrase.kind) {
    case 'rule':
      return heights.get(phrase.name) ?? Infinity;
    case 'sequence':
      return Math.max(...phrase.parts.map(heightOf));
    case 'choice':
      return Math.min(...phrase.alternatives.map(heightOf));
    default:
      return 0;
  }
}

function sentence(phrase: Phrase, choices: Choices): string {
  const times = (part: Phrase, separator: string): string =>
    Array.from({ length: choices.isSpent ? 0 : choices.below(3) }, () => sentence(part, choices)).join(
      separator,
    );
  switch (phrase.kind) {
    case 'token': {
      const words = WORDS.get(phrase.type);
      if (phrase.text.startsWith('"')) return phrase.text.slice(1, -1);
      return words === undefined ? '' : words[choices.below(words.length)]!;
    }
    case 'rule': {
      const text = sentence(rules.get(phrase.name)!, choices);
      // In a clause a bracket that touches is of a constructor, and else a pattern after a type; a `-`
      // that does not touch goes on with the line before.
      if (phrase.name === 'namePattern' || phrase.name === 'negativePattern') return text.replaceAll(' ', '');
      return phrase.name === 'head' ? `(${text})` : text;
    }
    case 'sequence':
      return phrase.parts.map((part) => sentence(part, choices)).join(' ');
    case 'choice': {
      const lowest = phrase.alternatives.toSorted((a, b) => heightOf(a) - heightOf(b));
      const chosen = choices.isSpent
        ? lowest[0]!
        : phrase.alternatives[choices.below(phrase.alternatives.length)]!;
      const text = sentence(chosen, choices);
      // After the `->` of an arm a `{` starts a block, and no pattern of a record.
      const isCommand =
        phrase === rules.get('armBody') && chosen.kind === 'rule' && chosen.name === 'command';
      return isCommand && text.startsWith('{') ? `{ ${text} }` : text;
    }
    case 'optional':
      return choices.below(2) === 0 ? '' : sentence(phrase.part, choices);
    case 'repeated':
      return times(phrase.part, ' ');
    case 'list':
      return times(phrase.item, ', ');
    case 'lines':
      return `\n${times(phrase.item, '\n')}\n`;
  }
}

test('what the grammar makes is parsed', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000), { minLength: 20, maxLength: 300 }), (numbers) => {
      const text = sentence(rules.get('module')!, new Choices(numbers));
      const { module, diagnostics } = parse(text, 'a.sm');
      const wrong = diagnostics.filter(({ code }) => !IN_WORDS.includes(code));
      expect(
        wrong.map(({ code, message }) => `${code} ${message}`),
        text,
      ).toEqual([]);
      expectLevelsFit(module);
    }),
    { numRuns: 2_000 },
  );
});

/** That no node has more levels in it than what looks for deep ones takes its text to have at most. */
function expectLevelsFit(node: object): number {
  const levels = Object.values(node).map((part: unknown) =>
    typeof part === 'object' && part !== null ? expectLevelsFit(part) : 0,
  );
  const below = Math.max(0, ...levels);
  if (!('span' in node) || !('kind' in node || 'commands' in node)) return below;
  const { start, end } = node.span as Span;
  expect(below).toBeLessThanOrEqual((end - start) * LEVELS_OF_CHARACTER_MAX);
  return below + 1;
}

// ------------------------------------------------------- what is parsed the grammar makes

/** The places after what a phrase can be, from a place on. The grammar has no left recursion. */
class Recogniser {
  readonly #tokens: readonly T.Token[];
  readonly #known = new Map<string, ReadonlySet<number>>();
  /** The furthest place that a token was found at. */
  furthest = 0;

  constructor(tokens: readonly T.Token[]) {
    this.#tokens = tokens;
  }

  ends(phrase: Phrase, start: number): ReadonlySet<number> {
    switch (phrase.kind) {
      case 'token':
        return this.#token(phrase, start);
      case 'rule':
        return this.#rule(phrase.name, start);
      case 'sequence':
        return phrase.parts.reduce((ends, part) => this.#after(ends, part), only(start));
      case 'choice':
        return union(phrase.alternatives.map((each) => this.ends(each, start)));
      case 'optional':
        return union([only(start), this.ends(phrase.part, start)]);
      case 'repeated':
        return this.#closure(start, (from) => this.ends(phrase.part, from));
      case 'list': {
        const items = this.#closure(start, (from) => this.#all(this.ends(phrase.item, from), this.#comma));
        return union([items, this.#after(items, phrase.item)]);
      }
      case 'lines': {
        const items = this.#closure(this.#separated(start), (from) =>
          this.#all(this.ends(phrase.item, from), (end) =>
            this.#isAt(end, T.Separator) ? [this.#separated(end)] : [],
          ),
        );
        return union([items, this.#after(items, phrase.item)]);
      }
    }
  }

  readonly #comma = (place: number): number[] => (this.#isAt(place, T.Comma) ? [place + 1] : []);

  #isAt(place: number, kind: (typeof T)['Comma']): boolean {
    const token = this.#tokens[place];
    return token !== undefined && T.isA(token, kind);
  }

  #separated(place: number): number {
    let next = place;
    while (this.#isAt(next, T.Separator)) next++;
    return next;
  }

  #all(places: ReadonlySet<number>, next: (place: number) => number[]): ReadonlySet<number> {
    return new Set([...places].flatMap(next));
  }

  #after(places: ReadonlySet<number>, phrase: Phrase): ReadonlySet<number> {
    return union([...places].map((place) => this.ends(phrase, place)));
  }

  #closure(start: number, step: (from: number) => ReadonlySet<number>): ReadonlySet<number> {
    const found = new Set([start]);
    for (const place of found) for (const next of step(place)) found.add(next);
    return found;
  }

  #token({ type, text }: Phrase & { kind: 'token' }, start: number): ReadonlySet<number> {
    const token = this.#tokens[start];
    if (token === undefined || !T.isA(token, type)) return new Set();
    // `>>>` is three tokens.
    const length = text === '">>>"' ? 3 : 1;
    const image = this.#tokens
      .slice(start, start + length)
      .map((each) => each.image)
      .join('');
    if (text.startsWith('"') && `"${image}"` !== text) return new Set();
    this.furthest = Math.max(this.furthest, start + length);
    return only(start + length);
  }

  #rule(name: string, start: number): ReadonlySet<number> {
    const key = `${name} ${start}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const phrase = rules.get(name)!;
    // A line end may stand around the expression of a branch.
    const ends =
      name === 'branch'
        ? this.#all(this.#rule('expression', this.#separated(start + 1)), (end) => {
            const close = this.#separated(end);
            return this.#isAt(start, T.OpenCurly) && this.#isAt(close, T.CloseCurly) ? [close + 1] : [];
          })
        : this.ends(phrase, start);
    this.#known.set(key, ends);
    return ends;
  }
}

const only = (place: number): ReadonlySet<number> => new Set([place]);

function union(sets: readonly ReadonlySet<number>[]): ReadonlySet<number> {
  return sets.length === 1 ? sets[0]! : new Set(sets.flatMap((set) => [...set]));
}

const programs = new URL('../../../../test/', import.meta.url);
const files = readdirSync(programs, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.sm'))
  .map((name) => ({ name, text: readFileSync(new URL(name, programs), 'utf8') }))
  .filter(({ name, text }) => parse(text, name).diagnostics.length === 0);

test('there are programs', () => {
  expect(files.length).toBeGreaterThan(30);
});

test.each(files)('$name is of the grammar', ({ name, text }) => {
  const report = new Report();
  const tokens = layOut(lex(text, name, report).tokens, text, name, report);
  const recogniser = new Recogniser(tokens);
  const ends = recogniser.ends(rules.get('module')!, 0);
  const at = tokens[recogniser.furthest]?.startOffset ?? text.length;
  expect([...ends], `it stops at: ${text.slice(at, at + 80)}`).toContain(tokens.length);
});
