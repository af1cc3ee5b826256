import type { Diagnostic, Image, Span } from '@smc/protocol';
import type * as tree from '../syntax/tree.ts';
import { bundleDamaged, importMissing, nothingDeployed } from '../errors/imports.ts';
import { importCycle } from '../errors/modules.ts';
import { duplicate } from '../errors/names.ts';
import { nestedTooDeeply } from '../errors/syntax.ts';
import {
  isBytecode,
  sourceFileOf,
  type LoadedBundle,
  type LoadedBundles,
  type VersionSource,
} from '../sources.ts';
import { sameTypes } from '../upgrade/adapters.ts';
import { BundleDefect, bundleModule } from './bundles.ts';
import { declareTypes } from './declarations.ts';
import { checkDefinition, checkUses, declareFunctions } from './functions.ts';
import { order } from './graph.ts';
import { checkMachine, constantOf, declareMachine } from './machines.ts';
import { tooDeep } from './nesting.ts';
import { recordNames } from './record-names.ts';
import { Report } from './report.ts';
import { emptyModule, type ModuleScope, type Use } from './scope.ts';
import { SumIdentities } from './sums.ts';
import { checkTests, constantInference } from './tests.ts';
import type { CompiledMachine, TypedMachine, TypedModule } from './typed.ts';
import { differ } from './unify.ts';
import { checkUpgrade, machineOf, type DeclaredUpgrade, type IsApplied } from './upgrades.ts';

/** The file that an import in `from` stands for. */
export type Resolve = (from: string, path: string) => string;

/** What a program imports beside sources. */
export interface CompiledImports extends LoadedBundles {
  /** Whether compiling a machine, in which there is no error, gives this code. */
  readonly givesCode: (machine: TypedMachine, image: Image) => boolean;
  /** The clauses of an upgrade from what is deployed that have been carried out: they led to it. */
  readonly carriedOut: (upgrade: tree.Upgrade) => readonly tree.Clause[];
  /** What becomes of these. Where they are left out, so is an upgrade of what is not deployed. */
  readonly ofCarriedOut: 'refused' | 'left out';
}

const NOTHING_COMPILED: CompiledImports = {
  files: new Map(),
  deployed: null,
  givesCode: () => false,
  carriedOut: () => [],
  ofCarriedOut: 'refused',
};

/** What checking a program gives. */
export interface CheckedModules {
  /** The entry, where there is no error in any file. */
  readonly module: TypedModule | null;
  /** Those of imported files first, each file's in the order of their places. */
  readonly diagnostics: Diagnostic[];
  /** Whether there is more that is wrong. */
  readonly isCut: boolean;
}

/** An entry of a program, checked. */
export interface CheckedEntry {
  /** What its names stand for, and its machines. */
  readonly scope: ModuleScope;
  /** Null where it is bytecode. */
  readonly module: TypedModule | null;
  /** Those of its upgrades that lead from a machine to a machine, refused or not. */
  readonly upgrades: readonly DeclaredUpgrade[];
}

/** What checking several entries together gives: types of one name and definition are the same in all. */
export interface CheckedProgram {
  /** In their order; null where there is an error in any file, but for those inside of upgrades. */
  readonly entries: readonly CheckedEntry[] | null;
  readonly diagnostics: Diagnostic[];
  /** Whether there is more that is wrong. */
  readonly isCut: boolean;
}

/**
 * Checks a file and all that it imports: each file once, those that it imports before it.
 * `modules` has the files by name, `entry` among them; one that is not there is reported where
 * it is imported. Takes any tree that the parser gives, and never throws for one.
 */
export function checkModules(
  modules: ReadonlyMap<string, tree.Module>,
  entry: string,
  resolve: Resolve,
  compiled: CompiledImports = NOTHING_COMPILED,
): CheckedModules {
  const found = checkProgram(modules, [{ kind: 'file', file: entry }], resolve, compiled);
  const { entries, diagnostics, isCut } = found;
  return { module: diagnostics.length === 0 ? (entries?.[0].module ?? null) : null, diagnostics, isCut };
}

/** The same for several entries, which may be bytecode. */
export function checkProgram(
  modules: ReadonlyMap<string, tree.Module>,
  entries: readonly VersionSource[],
  resolve: Resolve,
  compiled: CompiledImports,
): CheckedProgram {
  const report = new Report();
  const files = new Files(modules, resolve);
  const roots = entries.flatMap((entry) => {
    const file = sourceFileOf(entry);
    const module = file === null ? null : modules.get(file);
    if (module === null) return [];
    if (module === undefined) throw new Error(`the entry ${file} is not among the modules`);
    return [module];
  });
  const { sorted, cycles } = order(roots, (module) => files.importsOf(module).map(({ target }) => target));
  for (const cycle of cycles) {
    const places = cycle.map((module, i) => {
      const next = cycle[(i + 1) % cycle.length];
      const found = files.importsOf(module).find(({ target }) => target === next);
      return found?.node.sourceSpan ?? module.span;
    });
    report.add(
      importCycle(
        places,
        cycle.map(({ file }) => file),
      ),
    );
  }
  let isSound = report.count === 0;
  const scopes = new Map<tree.Module, ModuleScope>();
  const sums = new SumIdentities();
  const bundles = new Bundles(compiled, sums, report);
  const checked = new Map<string, CheckedEntry>();
  for (const module of sorted) {
    const before = report.count;
    const scope = emptyModule(module.file);
    declareImports(module, scope, files, scopes, bundles, report);
    scopes.set(module, scope);
    const { machines, tests } = checkModule(module, scope, sums, report);
    isSound &&= report.count === before;
    const nodes = module.declarations.filter((each) => each.kind === 'upgrade');
    isSound &&= !refuseRepeated(nodes, report);
    const leadsNowhere = (node: tree.Upgrade): boolean =>
      compiled.ofCarriedOut === 'left out' && isFromDeployed(node, module) && !bundles.isDeployed(node);
    for (const node of nodes.filter(leadsNowhere))
      if (machineOf(node.new, scope, report) === null) isSound = false;
    // Only now it is known whether the machines are sound: an upgrade may ask for their code.
    const found = nodes
      .filter((node) => !leadsNowhere(node))
      .map((node) => {
        const carriedOut = isFromDeployed(node, module) ? compiled.carriedOut(node) : [];
        if (compiled.ofCarriedOut === 'refused')
          return checkUpgrade(node, carriedOut, scope, bundles.isApplied, report);
        const clauses = node.clauses.filter((clause) => !carriedOut.includes(clause));
        return checkUpgrade({ ...node, clauses }, [], scope, bundles.isApplied, report);
      });
    isSound &&= !found.includes(null);
    const upgrades = found.filter((upgrade) => upgrade !== null);
    const typed = upgrades.map((upgrade) => upgrade.typed).filter((upgrade) => upgrade !== null);
    checked.set(module.file, {
      scope,
      module: { file: module.file, machines, upgrades: typed, tests },
      upgrades,
    });
    report.endModule();
  }
  const own = entries.map((entry) => {
    const file = sourceFileOf(entry);
    if (file !== null) return checked.get(file) ?? null;
    const scope = bundles.entry(entry);
    return scope && { scope, module: null, upgrades: [] };
  });
  const known = own.filter((entry) => entry !== null);
  return {
    entries: isSound && known.length === own.length ? known : null,
    diagnostics: report.list(),
    isCut: report.isCut,
  };
}

/** Refuses a second upgrade of a machine; whether there was one. */
function refuseRepeated(upgrades: readonly tree.Upgrade[], report: Report): boolean {
  const before = report.count;
  const first = new Map<string, tree.Upgrade>();
  for (const node of upgrades) {
    const { qualifier, name } = node.new;
    if (qualifier !== null) continue;
    const earlier = first.get(name.text);
    if (earlier === undefined) first.set(name.text, node);
    else report.add(duplicate(node.span, 'the upgrade of', name.text, earlier.span));
  }
  return report.count > before;
}

/** Whether an upgrade leads from what `import deployed` stands for. */
function isFromDeployed({ old }: tree.Upgrade, { imports }: tree.Module): boolean {
  return imports.some(
    ({ alias, source }) => source.kind === 'deployed' && alias.text === old.qualifier?.text,
  );
}

interface ImportedFile {
  readonly node: tree.Import;
  readonly target: tree.Module;
}

/** What each file imports, as far as it is there. */
class Files {
  readonly #modules: ReadonlyMap<string, tree.Module>;
  readonly #resolve: Resolve;
  readonly #imports = new Map<tree.Module, readonly ImportedFile[]>();

  constructor(modules: ReadonlyMap<string, tree.Module>, resolve: Resolve) {
    this.#modules = modules;
    this.#resolve = resolve;
  }

  /** The file that an import stands for. */
  fileOf({ file }: tree.Module, path: string): string {
    return this.#resolve(file, path);
  }

  importsOf(module: tree.Module): readonly ImportedFile[] {
    const known = this.#imports.get(module);
    if (known !== undefined) return known;
    const found = module.imports.flatMap((node) => {
      const { source } = node;
      if (source.kind !== 'path' || isBytecode(source.path)) return [];
      const target = this.#modules.get(this.fileOf(module, source.path));
      return target === undefined ? [] : [{ node, target }];
    });
    this.#imports.set(module, found);
    return found;
  }
}

/** The bundles of a program, each a module once it is imported. */
class Bundles {
  readonly #compiled: CompiledImports;
  readonly #sums: SumIdentities;
  readonly #report: Report;
  readonly #modules = new Map<LoadedBundle, ModuleScope | null>();
  readonly #deployed: ReadonlySet<Image>;

  constructor(compiled: CompiledImports, sums: SumIdentities, report: Report) {
    this.#compiled = compiled;
    this.#sums = sums;
    this.#report = report;
    this.#deployed = new Set(compiled.deployed?.bundle?.images);
  }

  /** What an import of bytecode stands for; null after a diagnostic. */
  moduleOf({ source, sourceSpan }: tree.Import, file: string | null): ModuleScope | null {
    if (file === null) {
      const { deployed } = this.#compiled;
      if (deployed !== null) return this.#open(deployed, sourceSpan);
      this.#report.add(nothingDeployed(sourceSpan));
      return null;
    }
    const loaded = this.#compiled.files.get(file);
    if (loaded !== undefined && (loaded.bundle !== null || loaded.defect !== null))
      return this.#open(loaded, sourceSpan);
    this.#report.add(importMissing(sourceSpan, source.kind === 'path' ? source.path : file));
    return null;
  }

  /** What a bundle stands for that is an entry itself; null after a diagnostic. */
  entry(source: VersionSource): ModuleScope | null {
    const loaded =
      source.kind === 'deployed' ? this.#compiled.deployed : this.#compiled.files.get(source.file);
    const place = { file: loaded?.file ?? 'deployed', start: 0, end: 0 };
    if (loaded) return this.#open(loaded, place);
    this.#report.add(nothingDeployed(place));
    return null;
  }

  #open(loaded: LoadedBundle, place: Span): ModuleScope | null {
    const known = this.#modules.get(loaded);
    if (known !== undefined) return known;
    const found = this.#moduleOf(loaded, place);
    if (typeof found === 'string') this.#report.add(bundleDamaged(place, loaded.file, found));
    const module = typeof found === 'string' ? null : found;
    this.#modules.set(loaded, module);
    return module;
  }

  #moduleOf(loaded: LoadedBundle, place: Span): ModuleScope | string {
    if (loaded.bundle === null) return loaded.defect ?? 'it is not there';
    try {
      return bundleModule(loaded.bundle, loaded.file, place, this.#sums);
    } catch (error) {
      if (error instanceof BundleDefect) return error.message;
      throw error;
    }
  }

  /** Whether there is anything deployed that an upgrade could lead from. */
  isDeployed({ new: { name } }: tree.Upgrade): boolean {
    return [...this.#deployed].some((image) => image.name === name.text);
  }

  /**
   * After a deployment the baseline is what the file says: its upgrade has been carried out.
   * While there are errors, a machine of the same shape is taken for the same.
   */
  readonly isApplied: IsApplied = (old, next) =>
    this.#deployed.has(old.image) &&
    sameShape(old, next) &&
    (this.#report.count > 0 || this.#compiled.givesCode(next, old.image));
}

function sameShape(old: CompiledMachine, next: TypedMachine): boolean {
  return (
    old.key === next.key &&
    !differ(old.state, next.state) &&
    old.operations.length === next.operations.length &&
    old.operations.every((operation) => {
      const other = next.operations.find(({ name }) => name === operation.name);
      return other !== undefined && sameTypes(operation, other);
    })
  );
}

function declareImports(
  module: tree.Module,
  scope: ModuleScope,
  files: Files,
  scopes: ReadonlyMap<tree.Module, ModuleScope>,
  bundles: Bundles,
  report: Report,
): void {
  const found = new Map(files.importsOf(module).map(({ node, target }) => [node, target] as const));
  const first = new Map<string, tree.Name>();
  for (const node of module.imports) {
    const { alias, source, sourceSpan } = node;
    const earlier = first.get(alias.text);
    if (earlier !== undefined) report.add(duplicate(alias.span, 'the import', alias.text, earlier.span));
    first.set(alias.text, earlier ?? alias);
    const imported = (): ModuleScope | null => {
      if (source.kind === 'deployed') return bundles.moduleOf(node, null);
      if (isBytecode(source.path)) return bundles.moduleOf(node, files.fileOf(module, source.path));
      const target = found.get(node);
      if (target === undefined) report.add(importMissing(sourceSpan, source.path));
      // In a circle of imports the scope of one is not there yet: the circle has been reported.
      return target === undefined ? null : (scopes.get(target) ?? null);
    };
    const opened = imported();
    if (earlier === undefined) scope.imports.set(alias.text, opened);
  }
}

/** Declares all that is in a file by its signature, then checks what is in it, but for its upgrades. */
function checkModule(
  module: tree.Module,
  scope: ModuleScope,
  sums: SumIdentities,
  report: Report,
): Pick<TypedModule, 'machines' | 'tests'> {
  const declarations = module.declarations.filter((declaration) => isShallow(declaration, report));
  const of = <K extends tree.Declaration['kind']>(kind: K) =>
    declarations.filter(
      (declaration): declaration is tree.Declaration & { kind: K } => declaration.kind === kind,
    );
  // Those in a machine are refused where they stand: here too, they would be unknown wherever they are used.
  const misplaced = of('machine').flatMap(({ members }) => members.filter((each) => each.kind === 'type'));
  declareTypes([...of('type'), ...misplaced], scope, sums, report);
  const functions = declarations.filter((each) => each.kind === 'fun' || each.kind === 'arrow');
  for (const [name, definition] of declareFunctions(functions, scope, () => null, report)) {
    scope.definitions.set(name, definition);
  }
  const uses: Use[] = [];
  const machines = of('machine').map((node) => declareMachine(node, scope, report));
  for (const machine of machines) {
    const { text, span } = machine.node.name;
    const first = scope.machines.get(text);
    if (first !== undefined) report.add(duplicate(span, 'the machine', text, first.node.name.span));
    else scope.machines.set(text, machine);
  }
  for (const { name, type, typeSpan, node, of: byDefault } of scope.defaults) {
    const inference = constantInference(scope, uses, report);
    byDefault.typed = constantOf(node, type, name, typeSpan, inference);
  }
  const definitions = [scope, ...machines].flatMap((owner) => [...owner.definitions.values()]);
  for (const definition of definitions) checkDefinition(definition, scope, report);
  const records = recordNames(scope);
  for (const machine of machines) checkMachine(machine, scope, records, uses, report);
  const tests = checkTests(of('test'), scope, uses, report);
  checkUses(definitions, uses, report);
  return { machines: machines.map(({ typed }) => typed), tests };
}

/** Functions, machines and upgrades see to their nesting themselves, so that their names are known. */
function isShallow(declaration: tree.Declaration, report: Report): boolean {
  if (declaration.kind !== 'type' && declaration.kind !== 'test') return true;
  const deep = tooDeep(declaration);
  if (deep !== null) report.add(nestedTooDeeply(deep));
  return deep === null;
}
