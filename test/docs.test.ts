// Every example of the documentation compiles without a word, and its tests pass.
import { readdirSync, readFileSync } from 'node:fs';
import { CODES, compile, render, type Compilation } from '@smc/compiler';
import { encodeBundle, equal } from '@smc/protocol';
import { describe, expect, it } from 'vitest';
import { Session } from './support/sessions.ts';

const text = readFileSync(new URL('../docs/language.md', import.meta.url), 'utf8');

interface Example {
  readonly file: string;
  readonly source: string;
}

/** Blocks marked `sm`; one that others import has a name of its own. */
const examples: readonly Example[] = [...text.matchAll(/^```sm(?: file=(\S+))?\n(.*?)^```$/gms)].map(
  ([, name, source], i) => ({ file: name ?? `example-${i + 1}.sm`, source }),
);

const sources = new Map(examples.map(({ file, source }) => [file, source]));

describe.each(examples)('$file of docs/language.md', ({ file }) => {
  const compilation = compile(file, {
    read: (name) => sources.get(name) ?? null,
    readBundle: () => null,
    readDeployed: () => null,
    resolve: (_from, path) => path.replace(/^\.\//, ''),
  });

  it('compiles', () => {
    const said = compilation.diagnostics.map((each) =>
      render(each, (name) => sources.get(name) ?? null, { color: false }),
    );
    expect(said).toEqual([]);
  });

  it.each(compilation.tests.map((test) => [test.title, test] as const))('%s', (_title, test) => {
    const session = new Session(
      compilation.bundle!.images[test.machine],
      compilation.terms!.machines[test.machine],
      test.key,
    );
    let now = 0;
    for (const line of test.lines) {
      if (line.kind === 'now') now = line.time;
      else if (line.kind === 'state') expect(equal(session.state, line.expected)).toBe(true);
      else {
        const result = session.step(line.operation, line.input, now);
        if (line.expected === 'fault') expect(result).toHaveProperty('fault');
        else expect(result).toEqual(line.expected);
        expect(session.isSound).toBe(true);
      }
    }
  });
});

// ------------------------------------------------------------------ pages of diagnostics

const pages = readdirSync(new URL('../docs/errors/', import.meta.url)).map((name) => {
  const page = readFileSync(new URL(`../docs/errors/${name}`, import.meta.url), 'utf8');
  const [refused, instead = ''] = page.split(/^Instead:$/m);
  return { code: name.replace('.md', ''), refused: blocksOf(refused), instead: blocksOf(instead) };
});

function blocksOf(part: string): Readonly<Record<string, string>> {
  const found = [...part.matchAll(/^```(?:sm|text(?= file=))(?: file=(\S+))?\n(.*?)^```$/gms)];
  return Object.fromEntries(found.map(([, name = 'main.sm', source]) => [name, inFull(source)]));
}

/** A source with what a page has short: `⟨1 + ×2000⟩` for a repetition, `⟨U+D83D⟩` for half of a surrogate pair. */
function inFull(source: string): string {
  return source
    .replaceAll(/⟨(.*?)×(\d+)⟩/g, (_all, part: string, count: string) => part.repeat(Number(count)))
    .replaceAll(/⟨U\+(\w+)⟩/g, (_all, unit: string) => String.fromCharCode(Number.parseInt(unit, 16)));
}

/** The codes of what is said of `main.sm`; `deployed.sm` is what was deployed, if there is one. */
function codesOf(files: Readonly<Record<string, string>>): readonly string[] {
  return compileOf('main.sm', files).diagnostics.map(({ code }) => code);
}

function compileOf(file: string, files: Readonly<Record<string, string>>): Compilation {
  return compile(file, {
    read: (name) => files[name] ?? null,
    readBundle: (name) => (name in files ? new TextEncoder().encode(files[name]) : null),
    readDeployed: () => {
      const bundle = 'deployed.sm' in files ? compileOf('deployed.sm', files).bundle : null;
      return bundle === null ? null : { file: 'deployed.smb', bytes: encodeBundle(bundle) };
    },
    resolve: (_from, path) => path.replace(/^\.\//, ''),
  });
}

describe.each(pages)('the page of $code', ({ code, refused, instead }) => {
  it('has an example that is refused by it, and by nothing else', () => {
    expect([...new Set(codesOf(refused))]).toEqual([code]);
  });

  it('has one that is right', () => {
    expect(instead).toHaveProperty(['main.sm']);
    expect(codesOf({ ...refused, ...instead })).toEqual([]);
  });
});

it('has a page for each diagnostic, and none for what is none', () => {
  expect(pages.map(({ code }) => code).sort()).toEqual(Object.keys(CODES).sort());
});

// -------------------------------------------------------------------- rules of upgrades

const rules = readFileSync(new URL('../docs/upgrade-rules.md', import.meta.url), 'utf8');
const [, oldVersion] = /^```sm file=old\.sm\n(.*?)^```$/ms.exec(rules)!;
const sections = rules.split(/^## /m).slice(1);

describe.each(sections.map((section) => [section.slice(0, section.indexOf('\n')), section]))(
  '%s',
  (_title, section) => {
    const [, code, refused] = /^```sm refused=(\S+)\n(.*?)^```$/ms.exec(section)!;
    const [, accepted] = /^```sm accepted\n(.*?)^```$/ms.exec(section)!;
    const own = /^```sm file=old\.sm\n(.*?)^```$/ms.exec(section)?.[1] ?? oldVersion;

    it('refuses', () => {
      expect(codesOf({ 'main.sm': refused, 'old.sm': own })).toContain(code);
    });

    it('lets through', () => {
      expect(codesOf({ 'main.sm': accepted, 'old.sm': own })).toEqual([]);
    });
  },
);

it('has examples with tests', () => {
  expect(examples.length).toBeGreaterThan(5);
});
