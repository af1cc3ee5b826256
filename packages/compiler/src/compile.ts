import { fingerprints, KEY_BYTES_MAX, utf8Length } from '@smc/protocol';
import type { Bundle, Checked, Diagnostic } from '@smc/protocol';
import { all, Codes, compileUpgrade, type CompiledUpgrade, type MachineCode } from './code.ts';
import type { MachineTerms, UpgradeTerms } from './combinators/term.ts';
import { translateTest } from './combinators/translate/translate.ts';
import type { TestTerms } from './combinators/translate/translate.ts';
import { upgradeOfImported } from './errors/judgement.ts';
import { keyOutOfBounds } from './errors/machines.ts';
import { testOfImported } from './errors/translation.ts';
import { loadSources } from './sources.ts';
import type { SourceHost } from './sources.ts';
import { checkModules } from './types/check.ts';
import type { TypedModule } from './types/typed.ts';

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
  const { modules, sources, bundles, diagnostics: unread } = loadSources({ kind: 'file', file: entry }, host);
  const codes = new Codes(sources);
  const resolve = (from: string, path: string): string => host.resolve(from, path);
  const { module, diagnostics: unsound } = checkModules(modules, entry, resolve, {
    ...bundles,
    givesCode(machine, image) {
      // What can not be compiled is told below, and says nothing of the upgrade.
      if (unread.length > 0) return true;
      const made = codes.of(machine);
      return !made.ok || fingerprints(made.value.image).code === fingerprints(image).code;
    },
    isCarriedOut: () => false,
  });
  const refused = (diagnostics: readonly Diagnostic[]): Compilation => ({
    diagnostics,
    sources,
    bundle: null,
    terms: null,
    tests: [],
  });
  if (module === null || unread.length > 0) return refused([...unread, ...unsound]);
  const machines = all(module.machines.map((machine) => codes.of(machine)));
  if (!machines.ok) return refused(machines.diagnostics);
  const upgrades = compileUpgrades(module, machines.value, codes);
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

function compileUpgrades(
  module: TypedModule,
  machines: readonly MachineCode[],
  codes: Codes,
): Checked<CompiledUpgrade[]> {
  return all(
    module.upgrades.map((node) => {
      const image = module.machines.findIndex((machine) => machine === node.new);
      const { name, nameSpan } = node.new;
      if (image < 0) return { ok: false, diagnostics: [upgradeOfImported(node.span, name, nameSpan)] };
      const old = codes.imageOf(node.old);
      return old.ok ? compileUpgrade(node, old.value, machines[image].image, image) : old;
    }),
  );
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
