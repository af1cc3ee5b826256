import type { Diagnostic } from '@smc/protocol';
import type * as tree from '../syntax/tree.ts';
import { importMissing } from '../errors/imports.ts';
import { importCycle } from '../errors/modules.ts';
import { duplicate } from '../errors/names.ts';
import { nestedTooDeeply } from '../errors/syntax.ts';
import { notSupportedYet } from '../errors/unsupported.ts';
import { declareTypes } from './declarations.ts';
import { checkDefinition, checkUses, declareFunctions } from './functions.ts';
import { order } from './graph.ts';
import { checkMachine, constantOf, declareMachine } from './machines.ts';
import { tooDeep } from './nesting.ts';
import { Report } from './report.ts';
import { emptyModule, type ModuleScope, type Use } from './scope.ts';
import { SharedSums } from './sums.ts';
import type { TypedModule, TypedUpgrade } from './typed.ts';
import { checkTests, constantInference } from './tests.ts';
import { checkUpgrade } from './upgrades.ts';

/** The file that an import in `from` stands for. */
export type Resolve = (from: string, path: string) => string;

/** What checking a program gives. */
export interface CheckedModules {
  /** The entry, where there is no error in any file. */
  readonly module: TypedModule | null;
  /** Those of imported files first, each file's in the order of their places. */
  readonly diagnostics: Diagnostic[];
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
): CheckedModules {
  const root = modules.get(entry);
  if (root === undefined) throw new Error(`the entry ${entry} is not among the modules`);
  const report = new Report();
  const files = new Files(modules, resolve);
  const { sorted, cycles } = order([root], (module) => files.importsOf(module).map(({ target }) => target));
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
  const scopes = new Map<tree.Module, ModuleScope>();
  const sums = new SharedSums();
  let checked: TypedModule | null = null;
  for (const module of sorted) {
    const scope = emptyModule(module.file);
    declareImports(module, scope, files, scopes, report);
    scopes.set(module, scope);
    checked = checkModule(module, scope, sums, report);
    report.endModule();
  }
  const diagnostics = report.list();
  return { module: diagnostics.length === 0 ? checked : null, diagnostics };
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

  importsOf(module: tree.Module): readonly ImportedFile[] {
    const known = this.#imports.get(module);
    if (known !== undefined) return known;
    const found = module.imports.flatMap((node) => {
      const { source } = node;
      if (source.kind !== 'path' || source.path.endsWith('.smb')) return [];
      const target = this.#modules.get(this.#resolve(module.file, source.path));
      return target === undefined ? [] : [{ node, target }];
    });
    this.#imports.set(module, found);
    return found;
  }
}

function declareImports(
  module: tree.Module,
  scope: ModuleScope,
  files: Files,
  scopes: ReadonlyMap<tree.Module, ModuleScope>,
  report: Report,
): void {
  const found = new Map(files.importsOf(module).map(({ node, target }) => [node, target] as const));
  const first = new Map<string, tree.Name>();
  for (const node of module.imports) {
    const { alias, source, sourceSpan } = node;
    const target = found.get(node);
    const earlier = first.get(alias.text);
    if (earlier !== undefined) report.add(duplicate(alias.span, 'the import', alias.text, earlier.span));
    if (source.kind === 'deployed') report.add(notSupportedYet(sourceSpan, '`import deployed`'));
    else if (source.path.endsWith('.smb')) report.add(notSupportedYet(sourceSpan, 'importing bytecode'));
    else if (target === undefined) report.add(importMissing(sourceSpan, source.path));
    first.set(alias.text, earlier ?? alias);
    // In a circle of imports the scope of one is not there yet: the circle has been reported.
    const imported = target === undefined ? null : (scopes.get(target) ?? null);
    if (earlier === undefined) scope.imports.set(alias.text, imported);
  }
}

/** Declares all that is in a file by its signature, then checks what is in it. */
function checkModule(module: tree.Module, scope: ModuleScope, sums: SharedSums, report: Report): TypedModule {
  const declarations = module.declarations.filter((declaration) => isShallow(declaration, report));
  const of = <K extends tree.Declaration['kind']>(kind: K) =>
    declarations.filter(
      (declaration): declaration is tree.Declaration & { kind: K } => declaration.kind === kind,
    );
  declareTypes(of('type'), scope, sums, report);
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
  for (const { name, type, typeSpan, of: byDefault } of scope.defaults) {
    const inference = constantInference(scope, uses, report);
    byDefault.typed = constantOf(byDefault.node, type, name, typeSpan, inference);
  }
  const definitions = [scope, ...machines].flatMap((owner) => [...owner.definitions.values()]);
  for (const definition of definitions) checkDefinition(definition, scope, report);
  for (const machine of machines) checkMachine(machine, scope, uses, report);
  const upgrades = of('upgrade').map((node) => checkUpgrade(node, scope, uses, report));
  const tests = checkTests(of('test'), scope, uses, report);
  checkUses(definitions, uses, report);
  return {
    file: module.file,
    machines: machines.map(({ typed }) => typed),
    upgrades: upgrades.filter((upgrade): upgrade is TypedUpgrade => upgrade !== null),
    tests,
  };
}

/** Functions, machines and upgrades see to their nesting themselves, so that their names are known. */
function isShallow(declaration: tree.Declaration, report: Report): boolean {
  if (declaration.kind !== 'type' && declaration.kind !== 'test') return true;
  const deep = tooDeep(declaration);
  if (deep !== null) report.add(nestedTooDeeply(deep));
  return deep === null;
}
