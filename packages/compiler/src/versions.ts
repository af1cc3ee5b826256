import {
  fingerprints,
  judgeStale,
  type Bundle,
  type Diagnostic,
  type Image,
  type ImageDebug,
} from '@smc/protocol';
import { Codes, compileUpgrade, type CompiledUpgrade } from './code.ts';
import { withoutConsequences } from './misread.ts';
import {
  loadSources,
  sourceFileOf,
  type LoadedSources,
  type SourceHost,
  type VersionSource,
} from './sources.ts';
import type * as tree from './syntax/tree.ts';
import { checkProgram, type CheckedEntry } from './types/check.ts';
import type { Version } from './types/clause-names.ts';
import type { Clauses } from './types/clauses.ts';
import { Report } from './types/report.ts';
import { type ModuleScope, scopeOfMachine } from './types/scope.ts';
import { deriveUpgrade, type DeclaredUpgrade, type DerivedUpgrade } from './types/upgrades.ts';
import { carriedOutClauses, clausesToRemember } from './upgrade/carried-out.ts';

/**
 * Two versions of a program, and what leads from one to the other. The older one is looked at
 * without its upgrades and tests: they speak of what was before it.
 */

/** What comparing two versions gives. */
export interface ComparedVersions {
  /** All that is wrong; what is wrong with an upgrade is told with its machine, too. */
  readonly diagnostics: readonly Diagnostic[];
  /** Whether there is more that is wrong. */
  readonly isCut: boolean;
  /** The text of each source file that was read, by name. */
  readonly sources: ReadonlyMap<string, string>;
  /**
   * The newer version, with an upgrade for each machine that is in both and differs; null where a
   * diagnostic is an error.
   */
  readonly bundle: Bundle | null;
  /** By name; none where one of the versions has errors of its own. */
  readonly machines: readonly MachinePair[];
}

/** A machine in both versions, or in one of them. */
export interface MachinePair {
  readonly name: string;
  readonly old: MachineVersion | null;
  readonly new: MachineVersion | null;
  /** `unchanged`: the code is the same. `refused`: it changed in a way that `diagnostics` are about. */
  readonly change: 'added' | 'removed' | 'unchanged' | 'upgraded' | 'refused';
  /** What leads from the one to the other; null unless it is `upgraded`. */
  readonly upgrade: CompiledUpgrade | null;
  /** The upgrade of the newer file whose clauses count; null where all is derived, or nothing. */
  readonly written: tree.Upgrade | null;
  /** What the clauses say; null where none could be read. */
  readonly clauses: Clauses | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** One version of a machine. */
export interface MachineVersion extends Version {
  readonly image: Image;
  readonly debug: ImageDebug;
}

/** What is known of the two versions beside what is in them. */
export interface ComparisonOptions {
  /**
   * What becomes of clauses from what is deployed that have been carried out; refused where nothing is
   * said. Where they are left out, so is an upgrade of a machine that is not deployed.
   */
  readonly ofCarriedOut?: 'refused' | 'left out';
}

/**
 * Compares two versions; a source file must be there. Where the newer file has an upgrade from the
 * very code that the older version has (as a node would tell by the judge's `stale`), that is the
 * upgrade. Else one is derived, as if `upgrade old.M -> M {}` had been written; and where that is
 * refused, it is tried with the clauses that the newer file has for the machine, which lead from
 * another version: what they say may hold for this one, too.
 */
export function compareVersions(
  old: VersionSource,
  next: VersionSource,
  host: SourceHost,
  { ofCarriedOut = 'refused' }: ComparisonOptions = {},
): ComparedVersions {
  const read = [loadSources(old, host, withoutUpgrades), loadSources(next, host)] as const;
  const [older, newer] = read;
  const merged = <T>(of: (loaded: LoadedSources) => ReadonlyMap<string, T>): Map<string, T> =>
    new Map(read.flatMap((loaded) => [...of(loaded)]));
  const sources = merged((loaded) => loaded.sources);
  const files = merged((loaded) => loaded.bundles.files);
  const deployed = newer.bundles.deployed ?? older.bundles.deployed;
  const codes = new Codes(sources);
  const unread = [...older.diagnostics, ...newer.diagnostics];
  const modules = merged((loaded) => loaded.modules);
  const checked = checkProgram(modules, [old, next], (from, path) => host.resolve(from, path), {
    files,
    deployed,
    givesCode(machine, image) {
      if (unread.length > 0) return true;
      const made = codes.of(machine);
      return !made.ok || fingerprints(made.value.image).code === fingerprints(image).code;
    },
    carriedOut: (upgrade) => carriedOutClauses(upgrade, deployed?.bundle ?? null, sources),
    ofCarriedOut,
  });
  const { entries } = checked;
  const isCut = older.isCut || newer.isCut || checked.isCut;
  if (entries === null || unread.length > 0) {
    const unsound = withoutConsequences(modules, sources, unread, checked.diagnostics);
    return { diagnostics: [...unread, ...unsound], isCut, sources, bundle: null, machines: [] };
  }
  const bundles = [...files.values(), ...(deployed === null ? [] : [deployed])];
  const debugOf = (image: Image): ImageDebug => {
    const found = bundles.find(({ bundle }) => bundle?.images.includes(image))?.bundle;
    if (!found) throw new Error(`no bundle has the image of ${image.name}`);
    return found.debug[found.images.indexOf(image)];
  };
  const made = entries.map((entry) => versionsOf(entry, codes, debugOf));
  const [oldVersions, newVersions] = made.map(({ versions }) => versions);
  const refused = made.flatMap(({ diagnostics }) => diagnostics);
  if (refused.length > 0) return { diagnostics: refused, isCut, sources, bundle: null, machines: [] };
  const [, entry] = entries;
  const names = [...new Set([...oldVersions.keys(), ...newVersions.keys()])].sort();
  const machines = names.map((name): MachinePair => {
    const pair = { name, old: oldVersions.get(name) ?? null, new: newVersions.get(name) ?? null };
    const none = { upgrade: null, written: null, clauses: null, diagnostics: [] };
    if (pair.old === null) return { ...pair, ...none, change: 'added' };
    if (pair.new === null) return { ...pair, ...none, change: 'removed' };
    if (fingerprints(pair.old.image).code === fingerprints(pair.new.image).code)
      return { ...pair, ...none, change: 'unchanged' };
    const found = upgradeOf(pair.old, pair.new, entry, codes);
    return { ...pair, ...found, change: found.upgrade === null ? 'refused' : 'upgraded' };
  });
  const diagnostics = machines.flatMap((machine) => machine.diagnostics);
  if (diagnostics.length > 0) return { diagnostics, isCut, sources, machines, bundle: null };
  const file = sourceFileOf(next);
  const module = file === null ? null : (newer.modules.get(file) ?? null);
  const bundle = bundleOf(machines, (name) => module && clausesToRemember(name, module, sources));
  return { diagnostics, isCut, sources, machines, bundle };
}

/** The machines of an entry by name, compiled. */
function versionsOf(
  { scope, module }: CheckedEntry,
  codes: Codes,
  debugOf: (image: Image) => ImageDebug,
): { readonly versions: ReadonlyMap<string, MachineVersion>; readonly diagnostics: readonly Diagnostic[] } {
  const versions = new Map<string, MachineVersion>();
  const diagnostics: Diagnostic[] = [];
  for (const machine of module?.machines ?? []) {
    const code = codes.of(machine);
    for (const each of code.diagnostics) diagnostics.push(each);
    if (code.ok) versions.set(machine.name, { machine, module: scope, ...code.value });
  }
  for (const [name, machine] of scope.compiled) {
    const { image } = machine;
    versions.set(name, { machine, module: scopeOfMachine(scope, name), image, debug: debugOf(image) });
  }
  return { versions, diagnostics };
}

type Found = Pick<MachinePair, 'upgrade' | 'written' | 'clauses' | 'diagnostics'>;

function upgradeOf(old: MachineVersion, next: MachineVersion, entry: CheckedEntry, codes: Codes): Found {
  const declared = entry.upgrades.filter(({ newer }) => newer.machine === next.machine);
  const exact = declared.find((upgrade) => leadsFrom(upgrade, old, codes));
  if (exact !== undefined) {
    return { ...compiled(exact, exact.diagnostics, old, next), written: exact.node };
  }
  const derived = tried(emptyUpgrade(next), old, next, entry.scope);
  if (derived.upgrade !== null) return { ...derived, written: null };
  for (const { node } of declared) {
    const found = tried(node, old, next, entry.scope);
    if (found.upgrade !== null) return { ...found, written: node };
  }
  return { ...derived, written: null };
}

/** Whether a node that runs this version would take an upgrade. */
function leadsFrom({ older }: DeclaredUpgrade, { image }: MachineVersion, codes: Codes): boolean {
  const from = codes.imageOf(older.machine);
  if (!from.ok) return false;
  const { name: machine, emit: oldEmit } = from.value;
  const running = { fingerprints: fingerprints(image), emit: image.emit };
  return judgeStale(running, { machine, old: fingerprints(from.value), oldEmit }).ok;
}

type Tried = Omit<Found, 'written'>;

function tried(node: tree.Upgrade, old: MachineVersion, next: MachineVersion, scope: ModuleScope): Tried {
  const report = new Report();
  const derived = deriveUpgrade(node, old, next, scope, report);
  return compiled(derived, report.list(), old, next);
}

function compiled(
  { typed, clauses }: DerivedUpgrade,
  diagnostics: readonly Diagnostic[],
  old: MachineVersion,
  next: MachineVersion,
): Tried {
  if (typed === null) return { upgrade: null, clauses, diagnostics };
  const made = compileUpgrade(typed, old.image, next.image, 0);
  return { upgrade: made.ok ? made.value : null, clauses, diagnostics: made.diagnostics };
}

/** `upgrade old.M -> M {}`, at the place of the new machine's name. */
function emptyUpgrade({ machine: { name, nameSpan } }: MachineVersion): tree.Upgrade {
  // An object of its own, by which what is derived is known.
  const span = { ...nameSpan };
  const path: tree.Path = { qualifier: null, name: { text: name, span }, span };
  return { kind: 'upgrade', old: path, new: path, clauses: [], span };
}

/**
 * The new version; each machine that is upgraded with its upgrade. `clausesOf` gives the clauses that a
 * machine is to remember where it is not as it was; null where it came as bytecode.
 */
function bundleOf(
  machines: readonly MachinePair[],
  clausesOf: (machine: string) => readonly string[] | null,
): Bundle {
  const made = machines.flatMap(({ name, old, new: next, change, upgrade }) => {
    if (next === null) return [];
    const before = change === 'unchanged' ? old?.debug.carriedOut : clausesOf(name);
    return [{ next, upgrade, debug: { ...next.debug, carriedOut: before ?? next.debug.carriedOut } }];
  });
  return {
    images: made.map(({ next }) => next.image),
    debug: made.map(({ debug }) => debug),
    upgrades: made.flatMap(({ upgrade }, image) => (upgrade === null ? [] : [{ ...upgrade.upgrade, image }])),
  };
}

// ------------------------------------------------------------------------ the older version

/** A file without its upgrades and tests, and without the imports that nothing else mentions. */
function withoutUpgrades(module: tree.Module): tree.Module {
  const declarations = module.declarations.filter(({ kind }) => kind !== 'upgrade' && kind !== 'test');
  const mentioned = qualifiersIn(declarations);
  const imports = module.imports.filter(({ alias }) => mentioned.has(alias.text));
  return { ...module, declarations, imports };
}

/** The names that stand before a dot. A tree may be deeper than a stack. */
function qualifiersIn(root: object): ReadonlySet<string> {
  const found = new Set<string>();
  const open: object[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if ('qualifier' in node && node.qualifier !== null) found.add((node.qualifier as tree.Name).text);
    for (const part of Object.values(node) as unknown[])
      if (typeof part === 'object' && part !== null) open.push(part);
  }
  return found;
}
