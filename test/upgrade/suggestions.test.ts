// What a diagnostic suggests as clauses can be pasted: it parses, and is not refused for what it says.
import { compile, parse } from '@smc/compiler';
import type { Diagnostic } from '@smc/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Choices, tapes } from '../support/choices.ts';
import { randomVersions } from '../support/versions.ts';

/** Codes of a clause that speaks of what is not there, has no effect, or says what another one says. */
const REFUSED_CLAUSE = /^E0(405|406|407|408|409|410)$|^E0[12]/;
const ROUNDS_MAX = 60;

const sourceOf = (next: string, clauses: readonly string[]): string =>
  `import "./old.sm" as old\n${next}\nupgrade old.M -> M {\n${clauses.join('\n')}\n}\n`;

function diagnosticsOf(old: string, next: string, clauses: readonly string[]): readonly Diagnostic[] {
  const files: Readonly<Record<string, string>> = { 'old.sm': old, 'new.sm': sourceOf(next, clauses) };
  return compile('new.sm', {
    read: (file) => files[file] ?? null,
    readBundle: () => null,
    readDeployed: () => null,
    resolve: (_from, path) => path.replace(/^\.\//, ''),
  }).diagnostics;
}

/** Takes one suggestion after the other, until nothing more is suggested; gives all that were taken. */
function follow(
  old: string,
  next: string,
  choose: (clauses: readonly string[]) => string,
): readonly string[] {
  let taken: readonly string[] = [];
  const all: string[] = [];
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const diagnostics = diagnosticsOf(old, next, taken);
    const refused = diagnostics.filter(({ code }) => REFUSED_CLAUSE.test(code));
    const text = sourceOf(next, taken);
    // A clause may say what one before it said, and more: then that one has no effect any more.
    const latest = text.lastIndexOf(taken.at(-1) ?? '');
    const isEarlier = ({ code, labels: [{ span }] }: Diagnostic): boolean =>
      code === 'E0405' && span.file === 'new.sm' && span.start < latest;
    const wrong = refused.flatMap((each) => (isEarlier(each) ? [] : [`${each.code} ${each.message}`]));
    expect({ old, next, taken, wrong }).toEqual({ old, next, taken, wrong: [] });
    if (refused.length > 0) {
      const needless = refused.map(({ labels: [{ span }] }) => text.slice(span.start, span.end));
      expect(taken).toEqual(expect.arrayContaining(needless));
      taken = taken.filter((clause) => !needless.includes(clause));
      continue;
    }
    const [choices] = diagnostics.flatMap(({ clauses = [] }) => clauses);
    if (choices === undefined) return all;
    const clause = choose(choices).replaceAll('…', 'fail("not said")');
    const { diagnostics: syntax } = parse(`upgrade old.M -> M {\n${clause}\n}\n`, 'upgrade.sm');
    expect({ clause, syntax }).toEqual({ clause, syntax: [] });
    taken = [...taken, clause];
    all.push(clause);
  }
  throw new Error(`more is suggested without end: ${all.join('\n')}`);
}

const ways = [
  { name: 'the first', choose: (clauses: readonly string[]) => clauses[0] },
  { name: 'the last', choose: (clauses: readonly string[]) => clauses[clauses.length - 1] },
];

const generic = (fields: string): string =>
  `type R<a> = { ${fields} }\nmachine M {\n  state { r: R<Int> = { ${fields.includes('xx') ? 'xx' : 'x'}: 1${fields.includes('y') ? ', y: ""' : ''} }, l: List<R<R<Int>>> = [] }\n}`;
const machine = (types: string, body: string): string => `${types}\nmachine M {\n${body}\n}`;
const state = (type: string, value: string): string => `  state { s: ${type} = ${value} }`;

describe.each(ways)('$name of what is suggested', ({ choose }) => {
  it.each([
    ['a generic record, renamed', generic('x: a'), generic('xx: a')],
    ['less of it', generic('x: a, y: String'), generic('x: a')],
    ['more of it', generic('x: a'), generic('x: a, y: String')],
    ['an operation', machine('', '  on Add(n: Int) { }'), machine('', '  on Put(n: Int) { }')],
    ['a parameter', machine('', '  on Add(q: Int) { }'), machine('', '  on Add(qq: Int) { }')],
    [
      'both',
      machine('', '  on Add(q: Int) -> Int { fail -< "" }'),
      machine('', '  on Put(qq: Int) -> Int { fail -< "" }'),
    ],
    [
      'an operation with the name of a type',
      machine('type Add = { n: Int }', '  on Add(n: Int) { }\n  on B(a: Add) { }'),
      machine('type Add = { m: Int }', '  on Put(n: Int) { }\n  on B(a: Add) { }'),
    ],
    [
      'a built-in sum',
      machine('', state('Either<Int, String>', 'Left(1)')),
      machine('', state('Result<Int, String>', 'Ok(1)')),
    ],
    ['an option', machine('', state('Option<Int>', 'None')), machine('', state('Result<Int, Int>', 'Ok(1)'))],
    [
      'a reply',
      machine('', '  on G -> Option<{ a: Int }> { fail -< "" }'),
      machine('', '  on G -> Option<{ b: Int }> { fail -< "" }'),
    ],
    [
      'a parameter of a type that the state has, too',
      machine('type I = { a: Int, b: Int }', `${state('List<I>', '[]')}\n  on Add(i: I) { }`),
      machine('type I = { a: Int }', `${state('List<I>', '[]')}\n  on Add(i: I) { }`),
    ],
    [
      'the argument of a constructor that stays',
      machine('type R = { a: Int = 0 }\ntype S = B | C(R)', '  state { s: S = B }'),
      machine('type R = { b: Int = 0 }\ntype S = B | C(R)', '  state { s: S = B, n: Int = 0 }'),
    ],
    [
      'a record with the structure of the state',
      machine('type R = { s: Int, t: Int }', '  state { s: Int = 1, t: Int = 2 }\n  on G -> R { get }'),
      machine('type R = { s: Int, u: Int }', '  state { s: Int = 1, u: Int = 2 }\n  on G -> R { get }'),
    ],
  ])('can be pasted: of %s', (_what, old, next) => {
    expect(follow(old, next, choose).length).toBeGreaterThan(0);
  });

  it('can be pasted, of random versions', () => {
    let suggested = 0;
    fc.assert(
      fc.property(tapes(200), (tape) => {
        const { old, new: next } = randomVersions(new Choices(tape));
        if (diagnosticsOf(old, next, []).some(({ code }) => REFUSED_CLAUSE.test(code))) return;
        suggested += follow(old, next, choose).length;
      }),
      { numRuns: 150 },
    );
    // Some 110 of the first, and 210 of the last: far less would be too little to be told of.
    expect(suggested).toBeGreaterThan(50);
  });
});
