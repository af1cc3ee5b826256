import { fingerprints, KEY_BYTES_MAX, utf8Length } from '@smc/protocol';
import type { Bundle, Checked, Diagnostic, Image, Span } from '@smc/protocol';
import { all, Codes, compileUpgrade, type CompiledUpgrade } from './code.ts';
import type { MachineTerms, UpgradeTerms } from './combinators/term.ts';
import { translateTest } from './combinators/translate/translate.ts';
import type { TestTerms } from './combinators/translate/translate.ts';
import { upgradeOfImported } from './errors/judgement.ts';
import { keyOutOfBounds } from './errors/machines.ts';
import { testOfImported } from './errors/translation.ts';
import { forgottenUpgrade } from './errors/upgrades.ts';
import { withoutConsequences } from './misread.ts';
import { loadSources } from './sources.ts';
import type { LoadedBundles, SourceHost } from './sources.ts';
import type * as tree from './syntax/tree.ts';
import { checkModules } from './types/check.ts';
import type { TypedModule } from './types/typed.ts';
import { carriedOutClauses, clausesToRemember } from './upgrade/carried-out.ts';

/** Source to bundle: the phases of the compiler, one after the other. */

/** What compiling gives: a bundle, or what is wrong. */
export interface Compilation {
  /** In the order in which they were found; those about syntax first. */
  readonly diagnostics: readonly Diagnostic[];
  /** Whether there is more that is wrong: of a file only so much is said. */
  readonly isCut: boolean;
  /** The text of each file that was read, by name. */
  readonly sources: ReadonlyMap<string, string>;
  /** Null where a diagnostic is an error. */
  readonly bundle: Bundle | null;
  /** The machines and upgrades of the bundle as combinators; null where there is none. */
  readonly terms: {
    readonly machines: readonly MachineTerms[];
    readonly upgrades: readonly UpgradeTerms[];
  } | null;
  /** The tests of the file, with their values; none where there is no bundle. */
  readonly tests: readonly CompiledTest[];
}

/** A test, ready to run. */
export interface CompiledTest extends TestTerms {
  /** The index of its machine among the images of the bundle. */
  readonly machine: number;
}

/** What is wrong with a program, or nothing. */
export type Checking = Pick<Compilation, 'diagnostics' | 'isCut' | 'sources'>;

/** A file that was checked, as it was read: where it is wrong its tree has `missing` nodes. */
export interface CheckedFile extends Checking {
  readonly tree: tree.Module;
}

/** Compiles a file, which must be there, with what it imports. A mistake in it is a diagnostic. */
export function compile(entry: string, host: SourceHost): Compilation {
  const checked = checkFile(entry, host);
  const { sources } = checked;
  const refused = (diagnostics: readonly Diagnostic[]): Compilation => ({
    diagnostics,
    isCut: checked.isCut,
    sources,
    bundle: null,
    terms: null,
    tests: [],
  });
  if (checked.program === null) return refused(checked.diagnostics);
  const { module, codes } = checked.program;
  const machines = all(module.machines.map((machine) => codes.of(machine)));
  if (!machines.ok) return refused(machines.diagnostics);
  const rest = compileRest(checked.program);
  if (!rest.ok) return refused(rest.diagnostics);
  const { upgrades, tests } = rest.value;
  return {
    diagnostics: [],
    isCut: false,
    sources,
    bundle: {
      images: machines.value.map(({ image }) => image),
      debug: machines.value.map(({ image, debug }) => ({
        ...debug,
        carriedOut: carriedOutBefore(image, checked.program!),
      })),
      upgrades: upgrades.map(({ upgrade }) => upgrade),
    },
    terms: {
      machines: machines.value.map(({ terms }) => terms),
      upgrades: upgrades.map(({ terms }) => terms),
    },
    tests,
  };
}

/** What `compile` would find wrong, found with less work: code is made where an upgrade is about it. */
export function check(entry: string, host: SourceHost): CheckedFile {
  const { program, ...file } = checkFile(entry, host);
  if (program === null) return file;
  const wrong = program.module.machines.flatMap((machine) => program.codes.check(machine));
  return { ...file, diagnostics: wrong.length > 0 ? wrong : compileRest(program).diagnostics };
}

/** A program whose types are sound. */
interface SoundProgram {
  readonly module: TypedModule;
  readonly tree: tree.Module;
  readonly sources: Compilation['sources'];
  readonly codes: Codes;
  readonly baseline: Baseline | null;
}

/** What was deployed, of a file that imports it. */
interface Baseline {
  readonly bundle: Bundle;
  readonly alias: string;
  readonly span: Span;
}

function baselineOf({ imports }: tree.Module, { deployed }: LoadedBundles): Baseline | null {
  const place = imports.find(({ source }) => source.kind === 'deployed');
  const bundle = deployed?.bundle ?? null;
  return place === undefined || bundle === null
    ? null
    : { bundle, alias: place.alias.text, span: place.sourceSpan };
}

function checkFile(entry: string, host: SourceHost): CheckedFile & { readonly program: SoundProgram | null } {
  const read = loadSources({ kind: 'file', file: entry }, host);
  const { modules, sources, bundles, diagnostics: unread } = read;
  const codes = new Codes(sources);
  const resolve = (from: string, path: string): string => host.resolve(from, path);
  const checked = checkModules(modules, entry, resolve, {
    ...bundles,
    givesCode(machine, image) {
      // What can not be compiled is told below, and says nothing of the upgrade.
      if (unread.length > 0) return true;
      const made = codes.of(machine);
      return !made.ok || fingerprints(made.value.image).code === fingerprints(image).code;
    },
    carriedOut: (upgrade) => carriedOutClauses(upgrade, bundles.deployed?.bundle ?? null, sources),
    ofCarriedOut: 'refused',
  });
  const { module } = checked;
  const isCut = read.isCut || checked.isCut;
  const tree = modules.get(entry)!;
  if (module === null || unread.length > 0) {
    const unsound = withoutConsequences(modules, sources, unread, checked.diagnostics);
    return { program: null, diagnostics: [...unread, ...unsound], isCut, sources, tree };
  }
  const program = { module, tree, sources, codes, baseline: baselineOf(tree, bundles) };
  return { program, diagnostics: [], isCut, sources, tree };
}

/** What follows on the machines of a program, each of which can be compiled. */
function compileRest({ module, codes, baseline }: SoundProgram): Checked<{
  readonly upgrades: readonly CompiledUpgrade[];
  readonly tests: readonly CompiledTest[];
}> {
  const upgrades = compileUpgrades(module, codes);
  if (!upgrades.ok) return upgrades;
  const forgotten = baseline === null ? [] : forgottenUpgrades(module, codes, upgrades.value, baseline);
  if (forgotten.length > 0) return { ok: false, diagnostics: forgotten };
  const tests = compileTests(module);
  return tests.ok
    ? { ok: true, value: { upgrades: upgrades.value, tests: tests.value }, diagnostics: [] }
    : tests;
}

function compileUpgrades(module: TypedModule, codes: Codes): Checked<CompiledUpgrade[]> {
  return all(
    module.upgrades.map((node) => {
      const image = module.machines.findIndex((machine) => machine === node.new);
      const { name, nameSpan } = node.new;
      if (image < 0) return { ok: false, diagnostics: [upgradeOfImported(node.span, name, nameSpan)] };
      const old = codes.imageOf(node.old);
      if (!old.ok) return old;
      const next = codes.imageOf(node.new);
      return next.ok ? compileUpgrade(node, old.value, next.value, image) : next;
    }),
  );
}

/** What an image remembers of the upgrade that led to it: what is deployed already does so itself. */
function carriedOutBefore(
  image: Image,
  { baseline, tree: module, sources }: SoundProgram,
): readonly string[] {
  const { images = [], debug = [] } = baseline?.bundle ?? {};
  const index = images.findIndex(({ name }) => name === image.name);
  return index >= 0 && fingerprints(images[index]).code === fingerprints(image).code
    ? debug[index].carriedOut
    : clausesToRemember(image.name, module, sources);
}

/** Machines that are not what was deployed, in a file that imports that: a node would refuse them. */
function forgottenUpgrades(
  { machines }: TypedModule,
  codes: Codes,
  upgrades: readonly CompiledUpgrade[],
  { bundle: { images }, alias, span }: Baseline,
): readonly Diagnostic[] {
  return machines.flatMap((machine, i) => {
    const { name, nameSpan } = machine;
    const deployed = images.find((image) => image.name === name);
    if (deployed === undefined) return [];
    const { code } = fingerprints(deployed);
    if (upgrades.some(({ upgrade }) => upgrade.image === i && upgrade.old.code === code)) return [];
    const made = codes.imageOf(machine);
    const isThere = !made.ok || fingerprints(made.value).code === code;
    return isThere ? [] : [forgottenUpgrade(nameSpan, name, span, alias)];
  });
}

/** The values of what stands in the tests; each is of a machine of the same file. */
function compileTests(module: TypedModule): Checked<CompiledTest[]> {
  return all(
    module.tests.map((node) => {
      const machine = module.machines.indexOf(node.machine);
      const { name, nameSpan } = node.machine;
      if (machine < 0) return { ok: false, diagnostics: [testOfImported(node.span, name, nameSpan)] };
      const translated = translateTest(node);
      if (!translated.ok) return translated;
      const bytes = typeof translated.value.key === 'string' ? utf8Length(translated.value.key) : null;
      if (bytes === 0 || (bytes !== null && bytes > KEY_BYTES_MAX)) {
        return { ok: false, diagnostics: [keyOutOfBounds(node.key?.span ?? node.span, name, bytes)] };
      }
      return { ...translated, value: { ...translated.value, machine } };
    }),
  );
}
