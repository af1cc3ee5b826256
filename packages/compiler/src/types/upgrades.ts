import type { Diagnostic, Span } from '@smc/protocol';
import type * as tree from '../syntax/tree.ts';
import * as names from '../errors/names.ts';
import { nestedTooDeeply } from '../errors/syntax.ts';
import * as errors from '../errors/upgrades.ts';
import { sameInterface, type NoWay, type OperationRules, Ways } from '../upgrade/adapters.ts';
import { type Conversion, Converter, type NoConversion, type Rules } from '../upgrade/convert.ts';
import { Nodes } from '../upgrade/nodes.ts';
import { type Clauses, readClauses, type Version } from './clauses.ts';
import { checkUses } from './functions.ts';
import { tooDeep } from './nesting.ts';
import { Report } from './report.ts';
import type { MachineScope, ModuleScope, Use } from './scope.ts';
import { suggest } from './suggest.ts';
import { hasError, prune } from './type.ts';
import type {
  CompiledMachine,
  MachineSignature,
  OperationSignature,
  Type,
  TypedConversion,
  TypedExpression,
  TypedMachine,
  TypedUpgrade,
  TypedWay,
} from './typed.ts';
import { differ } from './unify.ts';

/** `upgrade old.M -> M { … }`: the written clauses, and what is derived around them. */

/** Whether an upgrade has been carried out: what it leads from is what it leads to. */
export type IsApplied = (old: CompiledMachine, next: TypedMachine) => boolean;

/** An upgrade of a file, with the two versions that it names. */
export interface DeclaredUpgrade {
  readonly node: tree.Upgrade;
  readonly older: Version;
  readonly newer: Version;
  /** Null where it is refused, or carried out already: then its clauses speak of a version that is no more. */
  readonly typed: TypedUpgrade | null;
  /** What its clauses say, as far as they could be read; null where they were not looked at. */
  readonly clauses: Clauses | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** An upgrade as it is written; null where a side of it is not known, which is said in `report` alone. */
export function checkUpgrade(
  node: tree.Upgrade,
  module: ModuleScope,
  isApplied: IsApplied,
  report: Report,
): DeclaredUpgrade | null {
  const deep = tooDeep(node);
  if (deep !== null) {
    report.add(nestedTooDeeply(deep));
    return null;
  }
  const older = versionOf(node.old, module, report);
  const newer = versionOf(node.new, module, report);
  if (older === null || newer === null) return null;
  const [before, after] = [older.machine, newer.machine];
  const own = new Report();
  const checked = (): DerivedUpgrade => {
    const isOne = before.name === after.name;
    if (isOne && after.image !== null) {
      own.add(errors.toBytecode(node.new.span, after.name, after.nameSpan));
      return { typed: null, clauses: null };
    }
    const isDone = isOne && before.image !== null && after.image === null && isApplied(before, after);
    return isDone ? { typed: null, clauses: null } : deriveUpgrade(node, older, newer, module, own);
  };
  const made = checked();
  const diagnostics = own.list();
  for (const diagnostic of diagnostics) report.add(diagnostic);
  return { node, older, newer, ...made, diagnostics };
}

/** A typed upgrade and what its clauses say: as `DeclaredUpgrade` has them. */
export type DerivedUpgrade = Pick<DeclaredUpgrade, 'typed' | 'clauses'>;

/**
 * The upgrade that leads from one version to the other by the clauses of `node`, which are read in
 * `module`, and by what is derived around them; null where it has been refused.
 */
export function deriveUpgrade(
  node: tree.Upgrade,
  older: Version,
  newer: Version,
  module: ModuleScope,
  report: Report,
): DerivedUpgrade {
  const [before, after] = [older.machine, newer.machine];
  const places = [before.nameSpan, after.nameSpan] as const;
  if (before.name !== after.name) {
    report.add(errors.otherMachine(node.new.span, before.name, after.name, places));
    return { typed: null, clauses: null };
  }
  const errorsBefore = report.count;
  const uses: Use[] = [];
  const clauses = readClauses(node, older, newer, module, uses, report);
  const refused = { typed: null, clauses };
  if (before === after) {
    report.add(errors.sameMachine(node.span, after.name, after.nameSpan));
    return refused;
  }
  if (before.key !== after.key) {
    report.add(errors.otherKey(node.new.span, after.name, ...places));
    return refused;
  }
  if (report.count > errorsBefore || hasError(before.state) || hasError(after.state)) return refused;
  const typed = new Derivation(node, older, newer, clauses, report).run();
  checkUses([], uses, report);
  return report.count > errorsBefore ? refused : { typed, clauses };
}

/** The machine that a name stands for; null after a diagnostic. */
export function machineOf(
  path: tree.Path,
  module: ModuleScope,
  report: Report,
): MachineScope | CompiledMachine | null {
  const { qualifier, name } = path;
  const scope = qualifier === null ? module : module.imports.get(qualifier.text);
  if (scope === undefined && qualifier !== null) {
    const near = suggest(qualifier.text, module.imports.keys());
    report.add(names.unknownImport(qualifier.span, qualifier.text, near));
  }
  if (!scope) return null;
  const known = scope.machines.get(name.text) ?? scope.compiled.get(name.text);
  if (known !== undefined) return known;
  const where = qualifier === null ? 'this file' : scope.file;
  const near = suggest(name.text, [...scope.machines.keys(), ...scope.compiled.keys()]);
  report.add(names.unknownMachine(name.span, name.text, where, near));
  return null;
}

/** The version of a machine that a name stands for; null after a diagnostic. */
function versionOf(path: tree.Path, module: ModuleScope, report: Report): Version | null {
  const found = machineOf(path, module, report);
  if (found === null) return null;
  const scope = path.qualifier === null ? module : module.imports.get(path.qualifier.text);
  return { machine: 'typed' in found ? found.typed : found, module: scope ?? module };
}

class Derivation {
  readonly #node: tree.Upgrade;
  readonly #older: Version['machine'];
  readonly #newer: Version['machine'];
  readonly #clauses: Clauses;
  readonly #modules: readonly ModuleScope[];
  readonly #report: Report;
  readonly #nodes: Nodes;
  readonly #forward: Converter;
  readonly #back: Converter;

  constructor(node: tree.Upgrade, older: Version, newer: Version, clauses: Clauses, report: Report) {
    this.#node = node;
    this.#older = older.machine;
    this.#newer = newer.machine;
    this.#modules = [older.module, newer.module];
    this.#clauses = clauses;
    this.#report = report;
    this.#nodes = new Nodes(node.span);
    this.#forward = new Converter(rulesOf(clauses, 'forward'), this.#nodes);
    this.#back = new Converter(rulesOf(clauses, 'back'), this.#nodes);
  }

  run(): TypedUpgrade | null {
    const before = this.#report.count;
    const migration = this.#clauses.migration ?? this.#migration();
    const back =
      this.#clauses.back === null ? this.#wayBack() : { conversion: this.#clauses.back, fails: [] };
    this.#checkNeeded();
    const operations = this.#operations();
    const backOperations = this.#backOperations();
    if (migration === null || this.#report.count > before) return null;
    return {
      old: this.#older,
      new: this.#newer,
      migration,
      back: back?.conversion ?? null,
      backFails: back?.fails ?? [],
      operations,
      backOperations,
      clauses: this.#clauses.told,
      span: this.#node.span,
    };
  }

  /** The head of the upgrade, for what no clause is there for. */
  get #head(): Span {
    return { ...this.#node.span, end: Math.max(this.#node.new.span.end, this.#node.span.start) };
  }

  // --------------------------------------------------------------------------- state

  #migration(): TypedConversion | null {
    const found = this.#state(this.#forward, this.#older, this.#newer, 'forward');
    if (found.ok) return this.#nodes.conversion(this.#older.state, found.apply);
    const state = prune(this.#newer.state);
    if (state.kind !== 'record') this.#refuseState(found);
    else {
      // Each field for itself: one that has no answer says nothing of the others.
      for (const field of state.fields) {
        const only = { ...this.#newer, state: { kind: 'record', fields: [field] } as const };
        const own = this.#state(this.#forward, this.#older, only, 'forward');
        if (!own.ok) this.#refuseState(own);
      }
    }
    return null;
  }

  /** Null where there is none: nothing is refused for that. */
  #wayBack(): { readonly conversion: TypedConversion; readonly fails: readonly string[] } | null {
    if (this.#clauses.migration !== null || !this.#hasCounterparts()) return null;
    const found = this.#state(this.#back, this.#newer, this.#older, 'back');
    if (!found.ok) return null;
    return { conversion: this.#nodes.conversion(this.#newer.state, found.apply), fails: found.fails };
  }

  /**
   * Whether each field of the old state has its counterpart in the new one, or is dropped. What a
   * clause made another field of has none: nothing is known that would lead back.
   */
  #hasCounterparts(): boolean {
    const { stateFields, stateRenames, told } = this.#clauses;
    const after = fieldNames(this.#newer.state);
    return fieldNames(this.#older.state).every((name) => {
      const other = stateRenames.find(({ source }) => source === name)?.target ?? name;
      if (after.includes(other)) return !stateFields.has(other);
      const isDropped = told.some(({ kind, path: [, field] }) => kind === 'drop' && field === name);
      return isDropped || stateFields.size === 0;
    });
  }

  /** A field that is new takes its initial value. */
  #state(
    converter: Converter,
    from: MachineSignature,
    to: MachineSignature,
    direction: Rules['direction'],
  ): Conversion | NoConversion {
    const [source, target] = [prune(from.state), prune(to.state)];
    if (source.kind !== 'record' || target.kind !== 'record') return converter.of(source, target);
    const given = new Map<string, (state: TypedExpression) => TypedExpression>();
    if (direction === 'forward') {
      for (const [name, conversion] of this.#clauses.stateFields) given.set(name, applied(conversion));
    }
    for (const rename of this.#clauses.stateRenames) {
      const [own, other] =
        direction === 'forward' ? [rename.source, rename.target] : [rename.target, rename.source];
      const part = source.fields.find(({ name }) => name === own);
      const made = target.fields.find(({ name }) => name === other);
      if (part === undefined || made === undefined || given.has(other)) continue;
      const found = converter.of(part.type, made.type);
      if (!found.ok) return { ...found, path: [other, ...found.path] };
      given.set(other, (state) => found.apply(this.#nodes.field(state, own, part.type)));
    }
    const initial = initialFields(to);
    return converter.fields(source, target, (name) => initial.get(name) ?? null, given);
  }

  #refuseState({ path, why, from, to }: NoConversion): void {
    const [field = null] = path;
    const places = [this.#older, this.#newer].map(
      ({ statePlaces, stateSpan }) => statePlaces.get(field ?? '') ?? stateSpan,
    );
    const gone = fieldNames(this.#older.state).filter(
      (name) => !fieldNames(this.#newer.state).includes(name),
    );
    this.#report.add(
      errors.needsClause({
        what: `\`state${path.map((step) => `.${step}`).join('')}\` ${why}`,
        old: places[0],
        new: places[1],
        types: from === null || to === null ? null : [from, to],
        clause: this.#typeClause(from, to) ?? (field === null ? 'state old -> …' : `state.${field} old -> …`),
        renamed: from === null && field !== null && gone.length > 0 ? [gone[0], field] : null,
      }),
    );
  }

  /** The clause for a type of this name in both versions; null where it is none. */
  #typeClause(from: Type | null, to: Type | null): string | null {
    if (from?.kind !== 'sum' || to?.kind !== 'sum' || from.declaration.name !== to.declaration.name)
      return null;
    const { name } = from.declaration;
    const isNamed = [from, to].every((type, i) => {
      const declared = this.#modules[i].types.get(name);
      return declared?.parameters === 0 && !differ(declared.type, type);
    });
    return isNamed ? `${name} old -> case old { … }` : null;
  }

  // ---------------------------------------------------------------------- operations

  #operations(): readonly TypedWay[] {
    const rules: OperationRules = {
      dropped: this.#clauses.droppedOperations,
      renamed: new Map(this.#clauses.operationRenames.map(({ source, target }) => [source, target])),
      parameters: this.#clauses.parameterRenames,
      droppedParameters: this.#clauses.droppedParameters,
      written: this.#clauses.ways,
    };
    const ways = new Ways(this.#older, this.#newer, rules, this.#forward, this.#back, this.#nodes);
    const gone: string[] = [];
    const found = ways.all().flatMap((way) => {
      if (!('part' in way)) return [way];
      if (way.to === null) gone.push(way.operation.name);
      else this.#refuseWay(way, way.to);
      return [];
    });
    if (gone.length > 0) this.#refuseGone(gone);
    return found;
  }

  /** What an older version can not serve it does not: no clause is needed. */
  #backOperations(): readonly TypedWay[] {
    const rules: OperationRules = {
      dropped: new Set(),
      renamed: new Map(this.#clauses.operationRenames.map(({ source, target }) => [target, source])),
      parameters: this.#clauses.parameterRenames.map(({ operation, source, target }) => ({
        operation:
          this.#clauses.operationRenames.find((each) => each.source === operation)?.target ?? operation,
        source: target,
        target: source,
      })),
      droppedParameters: this.#newer.operations.flatMap(({ name, parameters }) =>
        parameters.map((parameter) => ({ operation: name, name: parameter.name })),
      ),
      written: this.#clauses.backWays,
    };
    const ways = new Ways(this.#newer, this.#older, rules, this.#back, this.#forward, this.#nodes);
    return ways.all().filter((way): way is TypedWay => !('part' in way));
  }

  #refuseGone(gone: readonly string[]): void {
    const added = this.#newer.operations
      .map(({ name }) => name)
      .filter((name) => !this.#older.operations.some((each) => each.name === name));
    const operations = gone.map((name) => ({
      name,
      span: operationPlace(this.#older, name),
      near: suggest(name, added),
    }));
    this.#report.add(errors.goneOperations(this.#head, this.#newer.nameSpan, operations));
  }

  #refuseWay({ operation, part, reason, parameter }: NoWay, to: OperationSignature): void {
    const named =
      part === 'unread'
        ? `the parameter \`${parameter}\` of \`${operation.name}\` is gone`
        : part === 'request'
          ? `the parameter \`${(reason?.path ?? []).join('.')}\` of \`${to.name}\` ${reason?.why ?? ''}`
          : `the reply of \`${operation.name}\` ${reason?.why ?? ''}`;
    const given = operation.parameters.map(({ name }) => name).join(', ');
    const taken = to.parameters.map(({ name }) => `${name}: …`).join(', ');
    this.#report.add(
      errors.needsClause({
        what: named,
        old: operationPlace(this.#older, operation.name),
        new: operationPlace(this.#newer, to.name),
        types: reason?.from && reason.to ? [reason.from, reason.to] : null,
        clause:
          part === 'unread'
            ? `drop ${operation.name}.${parameter}`
            : `on ${operation.name}(${given}) -> ${to.name}(${taken})${part === 'reply' ? ' reply r -> …' : ''}`,
        renamed: null,
      }),
    );
  }

  /** Where both interfaces are equal, old and new clients can not be told apart. */
  #checkNeeded(): void {
    const [before, after] = [this.#older.operations, this.#newer.operations];
    const isEqual =
      before.length === after.length &&
      before.every((operation) => {
        const other = after.find(({ name }) => name === operation.name);
        return other !== undefined && sameInterface(operation, other);
      });
    if (!isEqual) return;
    for (const clause of this.#node.clauses) {
      if (clause.kind === 'on') this.#report.add(errors.needlessAdapter(clause.span));
    }
  }
}

/** Where the name of an operation is declared. */
function operationPlace({ operations, nameSpan }: MachineSignature, name: string): Span {
  return operations.find((each) => each.name === name)?.nameSpan ?? nameSpan;
}

function rulesOf(clauses: Clauses, direction: Rules['direction']): Rules {
  const turned = <T extends { source: unknown; target: unknown }>(each: T): T =>
    direction === 'forward' ? each : { ...each, source: each.target, target: each.source };
  return {
    direction,
    written: clauses.types.filter((clause) => clause.direction === direction),
    oneWay:
      direction === 'forward'
        ? []
        : clauses.types.flatMap((clause) =>
            clause.direction === 'forward' ? [{ from: clause.to, to: clause.from }] : [],
          ),
    fields: clauses.fieldRenames.map(turned),
    constructors: clauses.constructorRenames.map(turned),
    types: clauses.typeRenames.map(turned),
  };
}

/** A written conversion as a function of the whole state. */
function applied({ pattern, body, span }: TypedConversion): (state: TypedExpression) => TypedExpression {
  return (state) => ({ kind: 'let', pattern, value: state, body, type: body.type, span });
}

/** The initial value of each field of a state. */
function initialFields({ initial, state }: MachineSignature): ReadonlyMap<string, TypedExpression> {
  const record = prune(state);
  if (record.kind !== 'record') return new Map();
  return new Map(
    record.fields.map(({ name, type }): [string, TypedExpression] => {
      const own = initial.kind === 'record' ? initial.fields.find((field) => field.name === name) : undefined;
      return [name, own?.value ?? { kind: 'field', record: initial, name, type, span: initial.span }];
    }),
  );
}

function fieldNames(state: Type): readonly string[] {
  const own = prune(state);
  return own.kind === 'record' ? own.fields.map(({ name }) => name) : [];
}
