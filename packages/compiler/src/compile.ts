import {
  decodeUpgradeBody,
  encodeUpgradeBody,
  fingerprints,
  KEY_BYTES_MAX,
  refusalOf,
  utf8Length,
} from '@smc/protocol';
import type { Bundle, Checked, Diagnostic, Image, ImageDebug, Upgrade } from '@smc/protocol';
import { simplify } from './combinators/laws.ts';
import type { MachineTerms, UpgradeTerms } from './combinators/term.ts';
import { translateMachine, translateTest, translateUpgrade } from './combinators/translate/translate.ts';
import type { TestTerms } from './combinators/translate/translate.ts';
import { debugOf } from './emit/debug.ts';
import { emitMachine } from './emit/emit.ts';
import { upgradeOfImported } from './errors/judgement.ts';
import { keyOutOfBounds } from './errors/machines.ts';
import { duplicate } from './errors/names.ts';
import { programTooLarge, testOfImported } from './errors/translation.ts';
import { loadSources } from './sources.ts';
import type { SourceHost } from './sources.ts';
import { checkModules } from './types/check.ts';
import type { CompiledMachine, TypedMachine, TypedModule, TypedUpgrade } from './types/typed.ts';
import { makeUpgrade, withIdentities } from './upgrade/upgrade.ts';

/** Source to bundle: the phases of the compiler, one after the other. */

/** What compiling gives: a bundle, or what is wrong. */
export interface Compilation {
  /** In the order in which they were found; those about syntax first. */
  readonly diagnostics: readonly Diagnostic[];
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

/** Compiles a file, which must be there, with what it imports. A mistake in it is a diagnostic. */
export function compile(entry: string, host: SourceHost): Compilation {
  const { modules, sources, bundles, diagnostics: unread } = loadSources(entry, host);
  const code = new Map<TypedMachine, Checked<MachineCode>>();
  const codeOf = (machine: TypedMachine): Checked<MachineCode> => {
    const made = code.get(machine) ?? compileMachine(machine, sources);
    code.set(machine, made);
    return made;
  };
  const resolve = (from: string, path: string): string => host.resolve(from, path);
  const { module, diagnostics: unsound } = checkModules(modules, entry, resolve, {
    ...bundles,
    givesCode(machine, image) {
      // What can not be compiled is told below, and says nothing of the upgrade.
      if (unread.length > 0) return true;
      const made = codeOf(machine);
      return !made.ok || fingerprints(made.value.image).code === fingerprints(image).code;
    },
  });
  const refused = (diagnostics: readonly Diagnostic[]): Compilation => ({
    diagnostics,
    sources,
    bundle: null,
    terms: null,
    tests: [],
  });
  if (module === null || unread.length > 0) return refused([...unread, ...unsound]);
  const machines = all(module.machines.map(codeOf));
  if (!machines.ok) return refused(machines.diagnostics);
  const upgrades = compileUpgrades(module, machines.value, codeOf);
  if (!upgrades.ok) return refused(upgrades.diagnostics);
  const tests = compileTests(module);
  if (!tests.ok) return refused(tests.diagnostics);
  return {
    diagnostics: [],
    sources,
    bundle: {
      images: machines.value.map(({ image }) => image),
      debug: machines.value.map(({ debug }) => debug),
      upgrades: upgrades.value.map(({ upgrade }) => upgrade),
    },
    terms: {
      machines: machines.value.map(({ terms }) => terms),
      upgrades: upgrades.value.map(({ terms }) => terms),
    },
    tests: tests.value,
  };
}

interface MachineCode {
  readonly terms: MachineTerms;
  readonly image: Image;
  readonly debug: ImageDebug;
}

/** Typed tree to combinators, combinators made simpler, combinators to bytecode. */
function compileMachine(machine: TypedMachine, sources: ReadonlyMap<string, string>): Checked<MachineCode> {
  const translated = translateMachine(machine);
  if (!translated.ok) return translated;
  const terms = { ...translated.value, definitions: simplify(translated.value).definitions };
  const { image, places } = emitMachine(terms);
  // What a node would not decode is too large: nothing else can be wrong with it.
  const refusal = refusalOf(image);
  if (refusal !== null)
    return { ok: false, diagnostics: [programTooLarge(machine.nameSpan, refusal.message)] };
  return { ok: true, value: { terms, image, debug: debugOf(terms, places, sources) }, diagnostics: [] };
}

interface CompiledUpgrade {
  readonly terms: UpgradeTerms;
  readonly upgrade: Upgrade;
}

function compileUpgrades(
  module: TypedModule,
  machines: readonly MachineCode[],
  codeOf: (machine: TypedMachine) => Checked<MachineCode>,
): Checked<CompiledUpgrade[]> {
  const first = new Map<number, TypedUpgrade>();
  return all(
    module.upgrades.map((node) => {
      const image = module.machines.indexOf(node.new);
      const earlier = first.get(image);
      first.set(image, node);
      const { name, nameSpan } = node.new;
      if (image < 0) return { ok: false, diagnostics: [upgradeOfImported(node.span, name, nameSpan)] };
      if (earlier !== undefined) {
        return { ok: false, diagnostics: [duplicate(node.span, 'the upgrade of', name, earlier.span)] };
      }
      const old = imageOf(node.old, codeOf);
      return old.ok ? compileUpgrade(node, old.value, machines[image].image, image) : old;
    }),
  );
}

/** What runs: it came as bytecode, or is compiled here. */
function imageOf(
  machine: TypedMachine | CompiledMachine,
  codeOf: (machine: TypedMachine) => Checked<MachineCode>,
): Checked<Image> {
  if (machine.image !== null) return { ok: true, value: machine.image, diagnostics: [] };
  const compiled = codeOf(machine);
  return compiled.ok ? { ...compiled, value: compiled.value.image } : compiled;
}

function compileUpgrade(
  checked: TypedUpgrade,
  old: Image,
  next: Image,
  image: number,
): Checked<CompiledUpgrade> {
  const node = withIdentities(checked, old, next);
  const translated = translateUpgrade(node);
  if (!translated.ok) return translated;
  const { types, definitions } = translated.value;
  const terms = {
    ...translated.value,
    definitions: simplify({ types, state: null, definitions }).definitions,
  };
  const made = makeUpgrade(node, terms, old, next, image);
  if (!made.ok) return made;
  const upgrade = made.value;
  const decoded = decodeUpgradeBody(upgrade, encodeUpgradeBody(upgrade));
  if (!decoded.ok) return { ok: false, diagnostics: [programTooLarge(node.span, decoded.malformed.message)] };
  return { ok: true, value: { terms, upgrade }, diagnostics: [] };
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

/** All values, or all diagnostics. */
function all<T>(results: readonly Checked<T>[]): Checked<T[]> {
  const diagnostics = results.flatMap((result) => result.diagnostics);
  const values = results.flatMap((result) => (result.ok ? [result.value] : []));
  return values.length === results.length
    ? { ok: true, value: values, diagnostics }
    : { ok: false, diagnostics };
}
