// An upgrade that is written out is the upgrade: its source compiles beside the new version, and its
// conversions give the same. And it is the same upgrade from the bytecode of the old version as from its source.
import { readdirSync, readFileSync } from 'node:fs';
import { compareVersions, compile, parse, reportOf, type Compilation, type SourceHost } from '@smc/compiler';
import {
  encodeBundle,
  fingerprints,
  inputType,
  type Image,
  type OperationWay,
  type TypeId,
  type Upgrade,
} from '@smc/protocol';
import { loadUnit } from '@smc/vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Choices, tapes } from '../support/choices.ts';
import '../support/equality.ts';
import { randomValue } from '../support/values.ts';
import { randomVersions } from '../support/versions.ts';

const FUEL = 10_000_000;

type Sources = Readonly<Record<string, string>>;

/** Of sources by name, and of one bundle under any name and as what was deployed. */
const hostOf = (sources: Sources, bytes: Uint8Array | null = null): SourceHost => ({
  read: (file) => sources[file] ?? null,
  readBundle: () => bytes,
  readDeployed: () => bytes && { file: 'deployed.smb', bytes },
  resolve: (_from, path) => path.replace(/^\.\//, ''),
});

/** The file without its upgrades, and with this one. */
function pasted(text: string, upgrade: string, alias: string, old: string): string {
  const { module } = parse(text, 'new.sm');
  let rest = text;
  for (const { kind, span } of module.declarations.toReversed())
    if (kind === 'upgrade') rest = rest.slice(0, span.start) + rest.slice(span.end);
  const isImported = module.imports.some((node) => node.alias.text === alias);
  return `${isImported ? '' : `import "./${old}" as ${alias}\n`}${rest}\n${upgrade}`;
}

/** Compares the upgrades of two versions with what their sources give; the number of them. */
function checkSource(sources: Sources, old: string, next: string, choices: Choices): number {
  const compared = compareVersions(
    { kind: 'file', file: old },
    { kind: 'file', file: next },
    hostOf(sources),
  );
  const { machines } = reportOf(compared);
  const upgraded = compared.machines.filter((pair, i) => {
    const { upgrade } = machines[i];
    if (upgrade === null) return false;
    count(upgrade.derived);
    const text = pasted(sources[next], upgrade.source, upgrade.alias, old);
    const { bundle, diagnostics } = compile(next, hostOf({ ...sources, [next]: text }));
    expect({ text: upgrade.source, diagnostics }).toEqual({ text: upgrade.source, diagnostics: [] });
    const made = bundle!.upgrades.find(({ machine }) => machine === pair.name)!;
    compareUpgrades([pair.old!.image, pair.new!.image], [pair.upgrade!.upgrade, made], choices);
    return true;
  });
  return upgraded.length;
}

/** The same on random values; where several faults are possible, either may come first. */
function compareUpgrades(
  [old, next]: readonly [Image, Image],
  [derived, made]: readonly [Upgrade, Upgrade],
  choices: Choices,
): void {
  expect(made.clauses).toEqual(derived.clauses);
  const [left, right] = [derived, made].map(({ unit }) => {
    const loaded = loadUnit(unit);
    if (!loaded.ok) throw new Error(loaded.invalid.message);
    return loaded.functions;
  });
  const compare = (image: Image, type: TypeId, a: number | null, b: number | null, what: string): void => {
    expect(b === null, what).toBe(a === null);
    if (a === null || b === null) return;
    for (let i = 0; i < 4; i++) {
      const value = randomValue(choices, image.unit.types, type);
      const [x, y] = [left.run(a, value, FUEL), right.run(b, value, FUEL)];
      expect(y.ok ? y.value : 'fault', what).toEqual(x.ok ? x.value : 'fault');
    }
  };
  compare(old, old.state, derived.migration, made.migration, 'migration');
  compare(next, next.state, derived.back, made.back, 'back');
  const compareWays = (
    from: Image,
    to: Image,
    a: readonly OperationWay[],
    b: readonly OperationWay[],
  ): void => {
    const shape = (way: OperationWay) => [way.kind, way.name, way.kind === 'adapter' ? way.to : null];
    expect(b.map(shape)).toEqual(a.map(shape));
    a.forEach((way, i) => {
      const other = b[i];
      if (way.kind !== 'adapter' || other.kind !== 'adapter') return;
      const operation = from.operations.find(({ name }) => name === way.name)!;
      const input = inputType(from.unit.types, operation.parameters);
      compare(from, input, way.request, other.request, `request of ${way.name}`);
      const target = to.operations.find(({ name }) => name === way.to)!;
      compare(to, target.reply, way.reply, other.reply, `reply of ${way.name}`);
    });
  };
  compareWays(old, next, derived.operations, made.operations);
  compareWays(next, old, derived.backOperations, made.backOperations);
}

/**
 * Compares what the versions give by the source of the old one with what they give by its bytecode, in the form of
 * `imported`: both the same upgrade, or both refused. What came of it; null where a version is refused itself.
 */
function checkBytecode(
  versions: { readonly old: string; readonly new: string; readonly clauses: readonly string[] },
  imported: string,
  choices: Choices,
): 'upgraded' | 'refused' | null {
  // One may have been forgotten.
  const clauses = choices.oneIn(3) ? versions.clauses.slice(1) : versions.clauses;
  const [old, next] = [versions.old, versions.new].map(withAllInInputs);
  const [before, after] = [old, next].map((text) => compile('v.sm', hostOf({ 'v.sm': text })).bundle);
  if (before === null || after === null) return null;
  const [image, newer] = [before.images[0], after.images[0]];
  // From what is deployed there is nothing left to do then.
  if (fingerprints(image).code === fingerprints(newer).code) return null;
  const compiled = (source: string): Compilation => {
    const text = `import ${source} as old\n${next}upgrade old.M -> M {\n${clauses.join('\n')}\n}\n`;
    return compile('new.sm', hostOf({ 'old.sm': old, 'new.sm': text }, encodeBundle(before)));
  };
  const [bySource, byBytecode] = ['"./old.sm"', imported].map(compiled);
  const text = [old, next, ...clauses].join('\n');
  if (bySource.bundle === null || byBytecode.bundle === null) {
    // Both versions are sound, so it can only be the upgrade. Of types that look alike bytecode knows one, and none
    // that has no use, so that it may be told in other words.
    for (const { diagnostics } of [bySource, byBytecode]) {
      const why = [...new Set(diagnostics.map(({ code }) => code.slice(0, 3)))];
      expect({ text, why }).toEqual({ text, why: ['E04'] });
    }
    return 'refused';
  }
  for (const { images } of [bySource.bundle, byBytecode.bundle])
    expect(fingerprints(images[0])).toEqual(fingerprints(newer));
  const [[made], [other]] = [bySource.bundle.upgrades, byBytecode.bundle.upgrades];
  compareUpgrades([image, newer], [made, other], choices);
  return 'upgraded';
}

/** With each declared type in an input: of what is in none, bytecode has no defaults. */
function withAllInInputs(text: string): string {
  const names = [...text.matchAll(/^type (\w+) =/gm)].map(([, name], i) => `p${i}: ${name}`);
  return text.replace(/\}\n$/, `  on All(${names.join(', ')}) -> Int { fail -< "not run" }\n}\n`);
}

/** How often each kind of clause was derived. */
const derived = new Map<string, number>();

function count(clauses: readonly string[]): void {
  for (const clause of clauses) {
    const kind = /^(state\.|state|back on|on|back [A-Z]|back|[A-Z])/.exec(clause)?.[1] ?? clause;
    derived.set(kind, (derived.get(kind) ?? 0) + 1);
  }
}

describe('the source of an upgrade is the upgrade', () => {
  it('of random versions', () => {
    let upgrades = 0;
    fc.assert(
      fc.property(tapes(400), (tape) => {
        const choices = new Choices(tape);
        const versions = randomVersions(choices);
        const upgrade =
          versions.clauses.length === 0
            ? ''
            : `import "./old.sm" as old\nupgrade old.M -> M {\n${versions.clauses.join('\n')}\n}\n`;
        const sources = { 'old.sm': versions.old, 'new.sm': upgrade + versions.new };
        upgrades += checkSource(sources, 'old.sm', 'new.sm', choices);
      }),
      { numRuns: 200 },
    );
    // Else the law would be about nothing.
    expect(upgrades).toBeGreaterThan(40);
    for (const kind of ['state', 'state.', 'back', 'S', 'back S', 'R', 'back R', 'on', 'back on'])
      expect([kind, (derived.get(kind) ?? 0) > 0]).toEqual([kind, true]);
  });

  it.each(['"./old.smb"', 'deployed'])('of random versions from `%s`', (imported) => {
    const outcomes = { upgraded: 0, refused: 0 };
    fc.assert(
      fc.property(tapes(400), (tape) => {
        const choices = new Choices(tape);
        const outcome = checkBytecode(randomVersions(choices), imported, choices);
        if (outcome !== null) outcomes[outcome]++;
      }),
      { numRuns: 200 },
    );
    expect(outcomes.upgraded).toBeGreaterThan(40);
    expect(outcomes.refused).toBeGreaterThan(10);
  });

  const folder = new URL('../conformance/upgrade/', import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith('.sm'));
  const programs = Object.fromEntries(
    files.map((name) => [name, readFileSync(new URL(name, folder), 'utf8')]),
  );
  const imports = files.flatMap((name) =>
    [...programs[name].matchAll(/^import "\.\/(.*)" as/gm)].map(([, old]) => [old, name] as const),
  );
  const right = imports.filter(([, name]) => !name.includes('bad'));

  it.each(right)('of %s to %s', (old, next) => {
    expect(checkSource(programs, old, next, new Choices(TAPE))).toBe(1);
  });

  const rules = readFileSync(new URL('../../docs/upgrade-rules.md', import.meta.url), 'utf8');
  const [, oldVersion] = /^```sm file=old\.sm\n(.*?)^```$/ms.exec(rules)!;
  const accepted = rules
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [, own] = /^```sm file=old\.sm\n(.*?)^```$/ms.exec(section) ?? [];
      const [, text] = /^```sm accepted\n(.*?)^```$/ms.exec(section)!;
      return [section.slice(0, section.indexOf('\n')), text, own ?? oldVersion] as const;
    });

  it.each(accepted)('of the rule "%s"', (_title, text, old) => {
    const sources = { 'old.sm': old, 'new.sm': text };
    expect(checkSource(sources, 'old.sm', 'new.sm', new Choices(TAPE))).toBe(1);
  });

  it('of enough examples', () => {
    expect(right.length).toBeGreaterThanOrEqual(4);
    expect(accepted.length).toBeGreaterThan(8);
  });
});

const TAPE = Array.from({ length: 4_000 }, (_, i) => (i * 7_919) % 65_521);
