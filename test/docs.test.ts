// Every example of the documentation compiles without a word, and its tests pass.
import { readdirSync, readFileSync } from 'node:fs';
import { CODES, compile, render, type Compilation } from '@smc/compiler';
import { encodeBundle, equal, judge } from '@smc/protocol';
import type { Bundle, Image, OperationWay, Upgrade } from '@smc/protocol';
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

/** A row of the table: a rule, the code of the compiler, and that of the node where bytes can break the rule. */
const rows = [...rules.matchAll(/^\| (.+) \| \[(E\d+)\]\((.+)\) \| (?:`(.+)`)? *\|$/gm)].map(
  ([, title, code, page, ofNode = null]) => ({ title, code, page, ofNode }),
);

const sections = rules
  .split(/^## /m)
  .slice(1)
  .map((text) => {
    const block = (mark: string): string | undefined =>
      new RegExp(`^\`\`\`sm ${mark}\\n(.*?)^\`\`\`$`, 'ms').exec(text)?.[1];
    return {
      title: text.slice(0, text.indexOf('\n')),
      code: /^```sm refused=(\S+)$/m.exec(text)?.[1],
      old: block('file=old\\.sm') ?? oldVersion,
      refused: block('refused=\\S+') ?? '',
      accepted: block('accepted') ?? '',
    };
  });

/** An image and an upgrade to it, as a node gets them. */
interface Sent {
  readonly image: Image;
  readonly upgrade: Upgrade;
}

/** Of a section: what runs, the machine that is refused, and what is let through. */
interface Versions {
  readonly running: Image;
  readonly next: Image;
  readonly right: Sent;
}

const withoutClauses = ({ next, right }: Versions): Sent => ({
  image: next,
  upgrade: { ...right.upgrade, clauses: [] },
});

/** By rule, what breaks it, as the compiler makes none: it is made of what is let through. */
const broken: Readonly<Record<string, (versions: Versions) => Sent>> = {
  'No field of the state is lost without a word': withoutClauses,
  'Nor is one inside, at any depth': withoutClauses,
  'Every old request has a way forward': ({ next, right: { upgrade } }) => {
    const operations = upgrade.operations.filter(({ kind }) => kind !== 'dropped');
    return { image: next, upgrade: { ...upgrade, operations } };
  },
  'A clause has an effect': ({ right: { image, upgrade } }) => {
    const needless = { kind: 'drop', type: null, path: ['state', 'status'] } as const;
    return { image, upgrade: { ...upgrade, clauses: [...upgrade.clauses, needless] } };
  },
  'Clients are told apart by the interface': ({ right: { image, upgrade } }) => {
    const operations = upgrade.operations.map(({ name }): OperationWay => ({
      kind: 'adapter',
      name,
      to: name,
      request: 0,
      reply: 0,
    }));
    return { image, upgrade: { ...upgrade, operations } };
  },
  'An upgrade leads to other code': ({ running, right: { upgrade } }) => ({ image: running, upgrade }),
  'A machine keeps its key': ({ next, right: { upgrade } }) => ({ image: next, upgrade }),
};

it('has a row for each rule of upgrades, and a rule for each row', () => {
  expect(rows.map(({ title, code }) => [title, code])).toEqual(
    sections.map(({ title, code }) => [title, code]),
  );
  for (const { code, page } of rows) expect(page).toBe(`errors/${code}.md`);
  expect(rows.filter(({ ofNode }) => ofNode !== null).map(({ title }) => title)).toEqual(Object.keys(broken));
});

describe.each(sections)('$title', ({ code, old, refused, accepted }) => {
  it('refuses, by its code alone', () => {
    expect([...new Set(codesOf({ 'main.sm': refused, 'old.sm': old }))]).toEqual([code]);
  });

  it('lets through', () => {
    expect(codesOf({ 'main.sm': accepted, 'old.sm': old })).toEqual([]);
  });
});

describe.each(rows.filter(({ ofNode }) => ofNode !== null))('a node, too: $title', ({ title, ofNode }) => {
  it('refuses', () => {
    const { old, refused, accepted } = sections.find((section) => section.title === title)!;
    const bundleOf = (text: string): Bundle =>
      compileOf('main.sm', { 'main.sm': text, 'old.sm': old }).bundle!;
    const [running] = bundleOf(old).images;
    const { images, upgrades } = bundleOf(accepted);
    const right = { image: images[0], upgrade: upgrades[0] };
    expect(judge(running, right.image, right.upgrade)).toMatchObject({ ok: true });
    const [next] = bundleOf(refused.slice(0, refused.indexOf('upgrade '))).images;
    const { image, upgrade } = broken[title]({ running, next, right });
    expect(judge(running, image, upgrade)).toMatchObject({ ok: false, code: ofNode });
  });
});

it('has examples with tests', () => {
  expect(examples.length).toBeGreaterThan(5);
});
