/* Long because what is refused is said beside what derives it: both know the same clauses. */
import { showPath, type Diagnostic, type Span, suggest } from '@smc/protocol';
import type * as tree from '../syntax/tree.ts';
import * as names from '../errors/names.ts';
import { nestedTooDeeply } from '../errors/syntax.ts';
import * as errors from '../errors/upgrades.ts';
import { TOLD_MAX } from '../errors/upgrades.ts';
import { sameInterface, sameTypes, type NoWay, type OperationRules, Ways } from '../upgrade/adapters.ts';
import {
  type Conversion,
  Converter,
  IS_NEW,
  mayBeRenamed,
  type NoConversion,
  ONE_WAY,
  type Rules,
} from '../upgrade/convert.ts';
import { Nodes } from '../upgrade/nodes.ts';
import { turned } from '../upgrade/renames.ts';
import { Subjects } from '../upgrade/subjects.ts';
import { lossyUpgrades } from '../upgrade/lost.ts';
import { type BothNames, bothNames, type Version } from './clause-names.ts';
import { readClauses } from './clause-reader.ts';
import type { Clauses } from './clauses.ts';
import { checkUses } from './functions.ts';
import { tooDeep } from './nesting.ts';
import { Report } from './report.ts';
import { type MachineScope, type ModuleScope, scopeOfMachine, type Use } from './scope.ts';
import { hasError, prune } from './type.ts';
import type {
  CompiledMachine,
  MachineSignature,
  OperationSignature,
  PartSubject,
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

/**
 * An upgrade as it is written, refused where a clause has been carried out; null where a side of it is
 * not known, which is said in `report` alone.
 */
export function checkUpgrade(
  node: tree.Upgrade,
  carriedOut: readonly tree.Clause[],
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
    if (isDone) return { typed: null, clauses: null };
    for (const { span } of carriedOut) own.add(errors.carriedOutClause(span));
    return carriedOut.length > 0
      ? { typed: null, clauses: null }
      : deriveUpgrade(node, older, newer, module, own);
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
  const alias = node.old.qualifier?.text ?? null;
  const names = bothNames(older, newer, alias, module);
  const clauses = readClauses(node, names, withVersion(node, older, module), uses, report);
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
  const typed = new Derivation(node, names, clauses, report).run();
  checkUses([], uses, report);
  return report.count > errorsBefore ? refused : { typed, clauses };
}

/** The file with the names of this machine's older version under the alias of that. */
function withVersion({ old }: tree.Upgrade, older: Version, module: ModuleScope): ModuleScope {
  const { qualifier } = old;
  if (qualifier === null) return module;
  return { ...module, imports: new Map([...module.imports, [qualifier.text, older.module]]) };
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
  const { name } = path;
  return {
    machine: 'typed' in found ? found.typed : found,
    module: scopeOfMachine(scope ?? module, name.text),
  };
}

class Derivation {
  readonly #node: tree.Upgrade;
  readonly #older: Version['machine'];
  readonly #newer: Version['machine'];
  readonly #clauses: Clauses;
  readonly #names: BothNames;
  readonly #subjects: Subjects;
  /** Clauses that have been shown, and settle all that they speak of. */
  readonly #settled = new Set<string>();
  /** What the derived migration leaves out, as steps from the state. */
  #lost: NoConversion['lost'] = [];
  /** Clauses for what is not told one by one, of each its choices. */
  readonly #more: (readonly string[])[] = [];
  #told = 0;
  readonly #report: Report;
  readonly #nodes: Nodes;
  readonly #forward: Converter;
  readonly #back: Converter;

  constructor(node: tree.Upgrade, names: BothNames, clauses: Clauses, report: Report) {
    this.#node = node;
    this.#older = names.old.version.machine;
    this.#newer = names.new.version.machine;
    this.#names = names;
    this.#subjects = new Subjects(names);
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
    const operations = this.#operations();
    const backOperations = this.#backOperations();
    if (migration === null || this.#report.count > before) {
      this.#tellLost();
      this.#tellMore();
      return null;
    }
    this.#checkNeeded([...operations, ...backOperations]);
    this.#checkUsed(back !== null);
    if (this.#report.count > before) return null;
    return {
      old: this.#older,
      new: this.#newer,
      migration,
      back: back?.conversion ?? null,
      backFails: back?.fails ?? [],
      operations,
      backOperations,
      clauses: this.#clauses.told,
      subjectOf: (path) => this.#subjects.at(path),
      span: this.#node.span,
    };
  }

  /** What would be lost beside what was refused: the judge, who tells else, has no upgrade to judge. */
  #tellLost(): void {
    const written = new Set(
      this.#node.clauses.flatMap((clause) =>
        clause.kind === 'drop' ? [clause.path.map(({ text }) => text).join('.')] : [],
      ),
    );
    const settled = new Set<string>();
    const parts = this.#lost.flatMap((steps) => {
      const path = ['state', ...steps];
      const subject = this.#subjects.at(path);
      const { drop, whole } = subject;
      const isWritten = [drop, whole].some((clause) => clause !== null && written.has(clause));
      if (isWritten || drop === null || settled.has(drop)) return [];
      settled.add(drop);
      return [{ path, subject }];
    });
    const { span } = this.#node;
    for (const each of lossyUpgrades(
      { old: this.#older, new: this.#newer, conversionAt: () => span },
      parts,
      null,
    ))
      this.#report.add(each);
  }

  /** What is left when enough was told one by one. */
  #tellMore(): void {
    if (this.#more.length > 0)
      this.#report.add(errors.moreNeeded(this.#head, this.#newer.nameSpan, this.#more));
  }

  /** The head of the upgrade, for what no clause is there for. */
  get #head(): Span {
    return { ...this.#node.span, end: Math.max(this.#node.new.span.end, this.#node.span.start) };
  }

  // --------------------------------------------------------------------------- state

  #migration(): TypedConversion | null {
    for (const { clause } of this.#clauses.stateFields.values()) this.#clauses.used.add(clause);
    const [older, newer] = [this.#older.state, this.#newer.state];
    const isSettled = this.#forward.settled(prune(older), prune(newer)) !== null;
    const ambiguous = isSettled ? null : this.#clauses.ambiguousOfState(older, newer);
    if (ambiguous !== null) {
      const { source, target } = ambiguous;
      this.#refuseState(mayBeRenamed(ambiguous, older, newer), `rename ${source} -> ${target}`);
      return null;
    }
    const found = this.#state(this.#forward, this.#older, this.#newer, 'forward');
    // A clause may read what it likes.
    if (this.#clauses.stateFields.size === 0) this.#lost = found.lost;
    if (found.ok) return this.#nodes.conversion(this.#older.state, found.apply);
    for (const each of [found, ...found.others]) this.#refuseState(each);
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
    const { stateFields } = this.#clauses;
    const { state } = this.#older;
    const renames = this.#clauses.renamesOfState(state, this.#newer.state);
    const after = fieldNames(this.#newer.state);
    return fieldNames(state).every((name) => {
      const other = renames.find(({ source }) => source === name)?.target ?? name;
      if (after.includes(other)) return !stateFields.has(other);
      return this.#clauses.dropsField(state, name) || stateFields.size === 0;
    });
  }

  /**
   * A field that is new takes its initial value. A record type is its structure: clauses for one that has
   * that of the state convert the state, too.
   */
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
    const whole = converter.settled(source, target);
    if (whole !== null && (!whole.ok || given.size === 0)) return whole;
    if (whole?.ok)
      for (const { name, type } of target.fields)
        if (!given.has(name)) given.set(name, (state) => this.#nodes.field(whole.apply(state), name, type));
    const renames = turned(this.#clauses.renamesOfState(this.#older.state, this.#newer.state), direction);
    const initial = initialFields(to);
    return converter.fields(source, target, renames, (name) => initial.get(name) ?? null, given);
  }

  #refuseState(reason: NoConversion, otherwise: string | null = null): void {
    const { path, why } = reason;
    const [field = null] = path;
    const [old, now] = [this.#older, this.#newer].map(
      ({ statePlaces, stateSpan }) => statePlaces.get(field ?? '') ?? stateSpan,
    );
    const steps = ['state', ...path];
    const what = `\`${showPath(steps)}\` ${why}`;
    const clause = otherwise ?? (field === null ? 'state old -> …' : `state.${field} old -> …`);
    this.#refuse(what, [old, now], reason, this.#subjects.at(steps), clause, 'forward');
  }

  /** Says that a clause is needed, `otherwise` (which may continue one that is there) where none is for its type; those that one clause for a type would settle are said once. */
  #refuse(
    what: string,
    [old, now]: readonly Span[],
    { path, why, from, to, shared }: NoConversion,
    { convert, type, renames, places }: PartSubject,
    otherwise: string,
    direction: Rules['direction'],
    isContinued = false,
  ): void {
    const [older, newer] = direction === 'forward' ? [from, to] : [to, from];
    const isOneWay = why === ONE_WAY[direction] && older !== null;
    const name = isOneWay ? this.#names.old.nameOf(older) : convert;
    const clause =
      name === null ? otherwise : direction === 'back' ? `back ${name} new -> …` : `${name} old -> …`;
    if (name !== null && this.#settled.has(clause)) return;
    // A part that may have been renamed is settled by that alone.
    const key = renames.length === 0 ? clause : renames.join();
    if (name !== null && this.#settled.has(key)) return;
    this.#settled.add(key);
    this.#told++;
    if (this.#told > TOLD_MAX) {
      this.#more.push([...renames.slice(0, 1), clause]);
      return;
    }
    const isRecordField = type !== null && /^[a-z]/.test(path[path.length - 1] ?? '');
    const isNew = direction === 'forward' && why === IS_NEW && (isRecordField || path.length === 1);
    this.#report.add(
      errors.needsClause({
        what,
        old,
        new: now,
        places,
        types: older === null || newer === null ? null : [older, newer],
        clause,
        isOneWay,
        isContinued: isContinued && name === null,
        back: name !== null && direction === 'forward' && !isOneWay ? `back ${name} new -> …` : null,
        takesDefault: isNew ? path[path.length - 1] : null,
        shared: shared === undefined || name === shared ? null : shared,
        renames: [...renames, ...this.#typeRenames(older, newer)],
      }),
    );
  }

  /** A sum under another name. */
  #typeRenames(older: Type | null, newer: Type | null): readonly string[] {
    if (older?.kind !== 'sum' || newer?.kind !== 'sum') return [];
    const [source, target] = [this.#names.old.nameOf(older), this.#names.new.nameOf(newer)];
    if (source === null || target === null) return [];
    const isKept =
      this.#names.new.typesNamed(source).types.length > 0 ||
      this.#names.old.typesNamed(target).types.length > 0;
    // Of an operation and a type of one name it would not be clear which is renamed.
    const isAmbiguous = this.#older.operations.some(({ name }) => name === source);
    // The new name is one of the import that the old one is of.
    const [before, after] = [source, target].map((name) => name.split('.').slice(0, -1).join());
    const isElsewhere = after !== before && after !== '';
    return isKept || isAmbiguous || isElsewhere ? [] : [`rename ${source} -> ${newer.declaration.name}`];
  }

  // ---------------------------------------------------------------------- operations

  #operations(): readonly TypedWay[] {
    const rules: OperationRules = {
      dropped: this.#clauses.droppedOperations,
      renamed: this.#clauses.operationRenames,
      parameters: this.#clauses.parameterRenames,
      droppedParameters: this.#clauses.droppedParameters,
      written: this.#clauses.ways,
      used: this.#clauses.used,
    };
    const ways = new Ways(this.#older, this.#newer, rules, this.#forward, this.#back, this.#nodes);
    const gone: string[] = [];
    const found = ways.all().flatMap((way) => {
      if ('kind' in way) return [way];
      for (const each of way) {
        if (each.to === null) gone.push(each.operation.name);
        else this.#refuseWay(each, each.to);
      }
      return [];
    });
    if (gone.length > 0) this.#refuseGone(gone);
    return found;
  }

  /** What an older version can not serve it does not: no clause is needed. */
  #backOperations(): readonly TypedWay[] {
    const rules: OperationRules = {
      dropped: new Set(),
      renamed: turned(this.#clauses.operationRenames, 'back'),
      parameters: turned(this.#clauses.parameterRenames, 'back').map((rename) => ({
        ...rename,
        operation:
          this.#clauses.operationRenames.find(({ source }) => source === rename.operation)?.target ??
          rename.operation,
      })),
      droppedParameters: this.#newer.operations.flatMap(({ name, parameters }) =>
        parameters.map((parameter) => ({ operation: name, name: parameter.name })),
      ),
      written: this.#clauses.backWays,
      used: this.#clauses.used,
    };
    const ways = new Ways(this.#newer, this.#older, rules, this.#back, this.#forward, this.#nodes);
    return ways.all().filter((way): way is TypedWay => 'kind' in way);
  }

  #refuseGone(gone: readonly string[]): void {
    const operations = gone.map((name) => ({
      name,
      span: operationPlace(this.#older, name),
      renames: this.#operationRenames(name),
      isTaken: this.#newer.operations.some((each) => each.name === name),
    }));
    this.#report.add(errors.goneOperations(this.#head, this.#newer.nameSpan, operations));
  }

  /** What an operation may have become: one that is new and takes and gives the same, as it is now, or with a name like its own. */
  #operationRenames(name: string): readonly string[] {
    // Of an operation and a type of one name it would not be clear which is renamed.
    if (this.#names.old.typesOf(name, null).types.length > 0) return [];
    const isTaken = (target: string): boolean =>
      this.#older.operations.some((each) => each.name === target) ||
      this.#clauses.operationRenames.some((rename) => rename.target === target);
    const added = this.#newer.operations.filter((each) => !isTaken(each.name));
    const own = this.#older.operations.find((each) => each.name === name);
    const alike = added.filter((each) => own !== undefined && this.#isVersion(own, each));
    const near = suggest(
      name,
      added.map((each) => each.name),
    );
    const targets = new Set([...(near === null ? [] : [near]), ...alike.map((each) => each.name)]);
    return [...targets].map((target) => `rename ${name} -> ${target}`);
  }

  /** Whether an operation could serve the clients of another under its name alone. */
  #isVersion(older: OperationSignature, newer: OperationSignature): boolean {
    if (sameTypes(older, newer)) return true;
    const { parameters } = older;
    return (
      parameters.length === newer.parameters.length &&
      parameters.every(({ name, type }, i) => {
        const other = newer.parameters[i];
        return name === other.name && this.#forward.of(type, other.type).ok;
      }) &&
      this.#back.of(newer.reply, older.reply).ok
    );
  }

  #refuseWay({ operation, part, reason, parameter }: NoWay, to: OperationSignature): void {
    const { name } = operation;
    const places = [operationPlace(this.#older, name), operationPlace(this.#newer, to.name)];
    if (reason === null) {
      const gone = [name, parameter ?? ''];
      const { renames } = this.#subjects.at(gone, to.name);
      const what = `the parameter \`${parameter}\` of \`${name}\` is gone`;
      const clause = `drop ${gone.join('.')}`;
      const [old, now] = places;
      const none = {
        types: null,
        places: [],
        back: null,
        takesDefault: null,
        shared: null,
        isOneWay: false,
        isContinued: false,
      };
      this.#report.add(errors.needsClause({ what, old, new: now, clause, renames, ...none }));
      return;
    }
    const { path, why } = reason;
    const given = operation.parameters.map((each) => each.name).join(', ');
    const taken = to.parameters.map((each) => {
      const own = operation.parameters.find((other) => other.name === each.name);
      return `${each.name}: ${own === undefined || differ(own.type, each.type) ? '…' : each.name}`;
    });
    const clause = `on ${name}(${given}) -> ${to.name}(${taken.join(', ')})`;
    const replying = 'reply r -> …';
    if (part === 'request') {
      const [first] = path;
      const what =
        path.length === 1
          ? `the parameter \`${first}\` of \`${to.name}\` ${why}`
          : `\`${showPath(path)}\`, in a parameter of \`${to.name}\`, ${why}`;
      const whole = this.#needsReply(operation, to) ? `${clause} ${replying}` : clause;
      this.#refuse(what, places, reason, this.#subjects.at([name, ...path], to.name), whole, 'forward');
      return;
    }
    const where = path.length === 0 ? '' : `, at \`${showPath(path)}\`,`;
    const subject = this.#subjects.follow(operation.reply, to.reply, path);
    const what = `the reply of \`${name}\`${where} ${why}`;
    const isWritten = this.#clauses.ways.has(name);
    const whole = isWritten ? replying : `${clause} ${replying}`;
    this.#refuse(what, places, reason, subject, whole, 'back', isWritten);
  }

  /** Whether a clause for an operation says what becomes of its reply, too: no clause for a type would. */
  #needsReply(operation: OperationSignature, to: OperationSignature): boolean {
    const reply = this.#back.of(to.reply, operation.reply);
    if (reply.ok || reply.why === ONE_WAY.back) return false;
    return this.#subjects.follow(operation.reply, to.reply, reply.path).convert === null;
  }

  /** Where both interfaces are equal, old and new clients can not be told apart. */
  #checkNeeded(ways: readonly TypedWay[]): void {
    const [before, after] = [this.#older.operations, this.#newer.operations];
    const isEqual =
      before.length === after.length &&
      before.every((operation) => {
        const other = after.find(({ name }) => name === operation.name);
        return other !== undefined && sameInterface(operation, other);
      });
    if (!isEqual) return;
    const needless = new Map<Span, string | null>();
    for (const way of ways) {
      if (way.kind === 'identity') continue;
      const own = this.#node.clauses.find((clause) => speaksOf(clause, way.name));
      const [place, name] = own === undefined ? [this.#converting(), way.name] : [own.span, null];
      if (!needless.has(place)) needless.set(place, name);
    }
    for (const [place, name] of needless) this.#report.add(errors.needlessAdapter(place, name));
  }

  /** A clause that converts values of types, in operations too. */
  #converting(): Span {
    const own = this.#node.clauses.find(
      (clause) =>
        (clause.kind === 'convert' && clause.subject.kind === 'type') ||
        (clause.kind === 'rename' && clause.from.length > 1),
    );
    return own?.span ?? this.#head;
  }

  /** A clause that nothing was done by says something that is not so. */
  #checkUsed(hasBack: boolean): void {
    for (const clause of this.#node.clauses) {
      const isTracked = clause.kind === 'convert' || clause.kind === 'rename';
      if (!isTracked || this.#clauses.used.has(clause)) continue;
      const isBack = clause.kind === 'convert' && clause.direction === 'back';
      this.#report.add(errors.withoutEffect(clause.span, isBack && !hasBack));
    }
  }
}

/** Whether a clause names an operation. */
function speaksOf(clause: tree.Clause, operation: string): boolean {
  if (clause.kind === 'on') return clause.from.text === operation;
  const path = clause.kind === 'rename' ? clause.from : clause.kind === 'drop' ? clause.path : [];
  return path[0]?.text === operation;
}

/** Where the name of an operation is declared. */
function operationPlace({ operations, nameSpan }: MachineSignature, name: string): Span {
  return operations.find((each) => each.name === name)?.nameSpan ?? nameSpan;
}

function rulesOf(clauses: Clauses, direction: Rules['direction']): Rules {
  return {
    direction,
    written: clauses.types.filter((clause) => clause.direction === direction),
    oneWay: clauses.types.flatMap((clause) => {
      // Forward, what changed may be derived beside a written way back; what did not would stay as it is.
      const isDerived = direction === 'forward' && differ(clause.from, clause.to);
      return clause.direction === direction || isDerived ? [] : [{ from: clause.to, to: clause.from }];
    }),
    fields: clauses.fieldRenames,
    constructors: turned(clauses.constructorRenames, direction),
    arguments: turned(clauses.argumentRenames, direction),
    types: turned(clauses.typeRenames, direction),
    used: clauses.used,
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
