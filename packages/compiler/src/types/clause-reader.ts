import { suggest } from '@smc/protocol';
import type * as tree from '../syntax/tree.ts';
import * as errors from '../errors/upgrades.ts';
import { display, packedOf, prune } from './type.ts';
import {
  type BothNames,
  hasPart,
  hasPath,
  ownerOf,
  type Version,
  type VersionNames,
} from './clause-names.ts';
import { matchArguments, unitAt } from './calls.ts';
import { checkIrrefutable } from './choice.ts';
import { inferExpression } from './expressions.ts';
import { noEffects } from './functions.ts';
import { Inference } from './inference.ts';
import { inferPattern } from './patterns.ts';
import type { Report } from './report.ts';
import { Locals, type ModuleScope, type Use } from './scope.ts';
import type { OperationSignature, Type, TypedConversion, TypedExpression } from './typed.ts';
import { Clauses } from './clauses.ts';
import type { Rename } from '../upgrade/renames.ts';

/** The clauses of an upgrade are read: each is checked, and told what it speaks of. */

/** Checks the clauses of an upgrade. */
export function readClauses(
  node: tree.Upgrade,
  names: BothNames,
  module: ModuleScope,
  uses: Use[],
  report: Report,
): Clauses {
  const reader = new Reader(node, names, module, uses, report);
  for (const clause of node.clauses.toSorted((a, b) => rank(a) - rank(b))) reader.read(clause);
  return reader.clauses;
}

/** Other clauses use new names, of wholes first; whether a constructor may be dropped depends on conversions. */
function rank(clause: tree.Clause): number {
  if (clause.kind === 'rename') return clause.from.length;
  return Number.MAX_SAFE_INTEGER - (clause.kind === 'drop' ? 0 : 1);
}

class Reader {
  readonly clauses = new Clauses();
  readonly #node: tree.Upgrade;
  readonly #older: Version;
  readonly #newer: Version;
  readonly #module: ModuleScope;
  readonly #uses: Use[];
  readonly #report: Report;
  readonly #first = new Map<string, tree.Clause>();
  /** Of types: also of records, whose name means nothing to a conversion. */
  readonly #renamedTypes: ({ readonly qualifier: string | null } & Rename)[] = [];
  readonly #oldNames: VersionNames;
  readonly #newNames: VersionNames;

  constructor(node: tree.Upgrade, names: BothNames, module: ModuleScope, uses: Use[], report: Report) {
    this.#oldNames = names.old;
    this.#newNames = names.new;
    this.#node = node;
    this.#older = names.old.version;
    this.#newer = names.new.version;
    this.#module = module;
    this.#uses = uses;
    this.#report = report;
  }

  read(clause: tree.Clause): void {
    switch (clause.kind) {
      case 'convert':
        return clause.subject.kind === 'state'
          ? this.#state(clause, clause.subject.path)
          : this.#type(clause, clause.subject.name);
      case 'on':
        return this.#on(clause);
      case 'rename':
        return this.#rename(clause);
      case 'drop':
        return this.#drop(clause);
    }
  }

  /** False, after a diagnostic, where another clause says the same thing. */
  #isFirst(key: string, clause: tree.Clause): boolean {
    const earlier = this.#first.get(key);
    if (earlier === undefined) this.#first.set(key, clause);
    else this.#report.add(errors.clauseTwice(clause.span, earlier.span));
    return earlier === undefined;
  }

  // --------------------------------------------------------------------- conversions

  #state(clause: tree.Clause & { kind: 'convert' }, path: readonly tree.Name[]): void {
    const [older, newer] = [this.#older.machine, this.#newer.machine];
    const isBack = clause.direction === 'back';
    const key = `${clause.direction} state.${path.map(({ text }) => text).join('.')}`;
    if (!this.#isFirst(key, clause)) return;
    const [from, to] = isBack ? [newer, older] : [older, newer];
    if (path.length === 0) {
      const age = isBack ? 'old' : 'new';
      const made = this.#conversion(clause, { type: from.state, span: from.stateSpan }, to.state, {
        what: `the ${age} state`,
        statement: isBack ? 'the way back gives the old state' : 'the migration gives the new state',
        declared: to.stateSpan,
      });
      this.clauses.used.add(clause);
      if (isBack) this.clauses.back = made;
      else this.clauses.migration = made;
      return;
    }
    const state = prune(to.state);
    const [name] = path;
    const field = state.kind === 'record' ? state.fields.find((each) => each.name === name.text) : undefined;
    if (isBack || path.length > 1 || field === undefined) {
      const known = state.kind === 'record' ? state.fields.map((each) => each.name) : [];
      this.#report.add(
        errors.unknownSubject(
          name.span,
          `state.${name.text}`,
          'a field of the new state',
          suggest(name.text, known),
        ),
      );
      return;
    }
    const made = this.#conversion(clause, { type: from.state, span: from.stateSpan }, field.type, {
      what: `the field \`${name.text}\``,
      statement: `the field \`${name.text}\` of the new state is`,
      declared: newer.statePlaces.get(name.text) ?? newer.stateSpan,
    });
    this.clauses.stateFields.set(name.text, { ...made, clause });
  }

  #type(clause: tree.Clause & { kind: 'convert' }, path: tree.Path): void {
    const { text, span } = path.name;
    const qualifier = path.qualifier?.text ?? null;
    const [oldName, newName] = this.#namesOfType(text, qualifier);
    const found = [this.#oldNames.typesOf(oldName, qualifier), this.#newNames.typesOf(newName, qualifier)];
    // Bytecode does not have the other names of what is nobody's own: the version that has it tells.
    const known = found.map(({ types: [type] }) => type).filter((type) => type !== undefined);
    if (known.length > 0 && !known.some(isDeclared)) {
      this.#report.add(errors.convertedAlias(span, text, known[known.length - 1]));
      return;
    }
    if (found.some(({ types }) => types.length === 0)) {
      const names = this.#oldNames
        .all()
        .filter((name) => this.#newNames.typesOf(name, null).types.length > 0);
      this.#report.add(errors.unknownSubject(span, text, 'a type of both versions', suggest(text, names)));
      return;
    }
    if (found.some(({ types, isGeneric }) => isGeneric || types.length > 1)) {
      this.#report.add(errors.severalTypes(span, text));
      return;
    }
    if (!this.#isFirst(`${clause.direction} type ${qualifier ?? ''}.${text}`, clause)) return;
    const [before, after] = found.map(({ types: [type] }) => prune(type));
    const [from, to] = clause.direction === 'forward' ? [before, after] : [after, before];
    const conversion = this.#conversion(clause, { type: from, span }, to, {
      what: `the ${clause.direction === 'forward' ? 'new' : 'old'} \`${text}\``,
      statement: `the ${clause.direction === 'forward' ? 'new' : 'old'} \`${text}\` is`,
      declared: span,
    });
    this.clauses.types.push({ direction: clause.direction, from, to, conversion, clause });
  }

  /** The names of a type in both versions, for either of them. */
  #namesOfType(name: string, qualifier: string | null): readonly [string, string] {
    const renamed = this.#renamedTypes.find(
      (each) =>
        (each.source === name || each.target === name) &&
        (each.qualifier === qualifier || each.qualifier === null || qualifier === null),
    );
    if (renamed === undefined) return [name, name];
    this.clauses.used.add(renamed.clause);
    return [renamed.source, renamed.target];
  }

  #conversion(
    { pattern, body, span }: Pick<tree.Clause & { kind: 'convert' }, 'pattern' | 'body' | 'span'>,
    input: { readonly type: Type; readonly span: tree.Name['span'] },
    output: Type,
    words: { readonly what: string; readonly statement: string; readonly declared: tree.Name['span'] },
  ): TypedConversion {
    const inference = this.#inference();
    const locals = new Locals(null);
    const typed = inferPattern(pattern, input, locals, inference);
    checkIrrefutable(typed, inference);
    const value = inferExpression(body, locals, inference, { type: output, what: words.what });
    inference.fit(value, output, {
      statement: (type) => `${words.statement}${words.statement.endsWith('is') ? ' ' : ', '}${type}`,
      declared: { span: words.declared, text: 'declared here' },
      help: [],
    });
    inference.finish();
    return { pattern: typed, body: value, span };
  }

  #inference(): Inference {
    const place = {
      module: this.#module,
      machine: null,
      typeParameters: new Map(),
      uses: this.#uses,
      effects: noEffects(),
      mayFail: true,
      isConstant: false,
    };
    return new Inference(place, this.#report);
  }

  // ---------------------------------------------------------------------- operations

  #on(clause: tree.Clause & { kind: 'on' }): void {
    const isBack = clause.direction === 'back';
    const [from, to] = isBack ? [this.#newer, this.#older] : [this.#older, this.#newer];
    const operation = this.#operation(clause.from, from, isBack ? 'new' : 'old');
    const other = this.#operation(clause.to, to, isBack ? 'old' : 'new');
    if (operation === null || other === null) return;
    if (!this.#isFirst(`${clause.direction} on ${operation.name}`, clause)) return;
    if (!isBack && !this.#isRenamedTo(clause, operation.name, other.name)) return;
    const request = this.#request(clause, operation, other);
    if (request === null) return;
    const { reply } = clause;
    const typedReply =
      reply === null
        ? null
        : this.#conversion(
            { ...reply, span: clause.span },
            { type: other.reply, span: other.span },
            operation.reply,
            {
              what: `the reply of \`${operation.name}\``,
              statement: `the reply of \`${operation.name}\` is`,
              declared: operation.span,
            },
          );
    const ways = isBack ? this.clauses.backWays : this.clauses.ways;
    ways.set(operation.name, { to: other.name, request, reply: typedReply });
  }

  /** False, after a diagnostic, where a rename leads to another operation. */
  #isRenamedTo(clause: tree.Clause, source: string, target: string): boolean {
    const rename = this.clauses.operationRenames.find((each) => each.source === source);
    if (rename === undefined || rename.target === target) return true;
    this.#report.add(errors.clauseTwice(clause.span, rename.clause.span));
    return false;
  }

  #operation(name: tree.Name, { machine }: Version, age: string): OperationSignature | null {
    const known = machine.operations.find((each) => each.name === name.text);
    if (known !== undefined) return known;
    const near = suggest(
      name.text,
      machine.operations.map((each) => each.name),
    );
    this.#report.add(errors.unknownSubject(name.span, name.text, `an operation of the ${age} version`, near));
    return null;
  }

  #request(
    clause: tree.Clause & { kind: 'on' },
    operation: OperationSignature,
    other: OperationSignature,
  ): TypedConversion | null {
    const inference = this.#inference();
    const locals = new Locals(null);
    if (clause.parameters.length !== operation.parameters.length) {
      this.#report.add(
        errors.clauseParameters(
          clause.from.span,
          operation.name,
          operation.parameters.length,
          clause.parameters.length,
        ),
      );
      return null;
    }
    const patterns = clause.parameters.map((pattern, i) => {
      const typed = inferPattern(
        pattern,
        { ...operation.parameters[i], span: pattern.span },
        locals,
        inference,
      );
      checkIrrefutable(typed, inference);
      return typed;
    });
    const given = clause.arguments.map(({ value }) => inferExpression(value, locals, inference));
    const parameters = other.parameters.map(({ name, type, default: byDefault }) => ({
      name,
      type,
      span: null,
      hasDefault: byDefault !== null,
    }));
    const taker = { what: `the operation \`${other.name}\``, name: other.name, parameters };
    const matched = matchArguments(taker, clause.arguments, given, clause.to.span, inference);
    inference.finish();
    if (matched === null) return null;
    const items = other.parameters.map(({ name, default: byDefault }): TypedExpression => {
      const value = matched.find((each) => each.name === name)?.value ?? byDefault;
      return value ?? unitAt(clause.span, inference);
    });
    const { span } = clause;
    const types = operation.parameters.map(({ type }) => type);
    const pattern: TypedConversion['pattern'] =
      patterns.length === 0
        ? { kind: 'wildcard', type: packedOf([]), span }
        : patterns.length === 1
          ? patterns[0]
          : { kind: 'tuple', items: patterns, type: packedOf(types), span };
    const body: TypedExpression =
      items.length === 0
        ? unitAt(span, inference)
        : items.length === 1
          ? items[0]
          : { kind: 'tuple', items, type: packedOf(items.map(({ type }) => type)), span };
    return { pattern, body, span };
  }

  // ------------------------------------------------------------------------- renames

  #rename(clause: tree.Clause & { kind: 'rename' }): void {
    const { names, qualifier } = this.#pathOf(clause.from);
    if (!this.#isFirst(`old ${qualifier ?? ''}.${names.join('.')}`, clause)) return;
    if (names[names.length - 1] === clause.to.text) {
      this.#report.add(errors.withoutEffect(clause.span, false));
      return;
    }
    const [first, ...rest] = names;
    if (!isUpper(first)) return this.#renameState(clause, names);
    const operation = this.#older.machine.operations.find(({ name }) => name === first);
    const { types } = this.#oldNames.typesOf(first, qualifier);
    if (rest.length === 0) {
      if (operation === undefined) return this.#renameType(clause, first, types, qualifier);
      if (types.length === 0) return this.#renameOperation(clause, first);
      this.#report.add(errors.ambiguousSubject(clause.from[0].span, first, clause.to.text));
      return;
    }
    const owners = types.filter((type) => this.#renamePart(clause, type, rest, qualifier));
    const isParameter =
      rest.length === 1 && operation?.parameters.some(({ name }) => name === rest[0]) === true;
    if (isParameter && owners.length > 0)
      this.#report.add(errors.ambiguousSubject(clause.from[0].span, names.join('.'), clause.to.text));
    else if (isParameter) this.#renameParameter(clause, operation, rest[0]);
    else if (owners.length === 0)
      this.#unknown(clause, 'a field, a constructor, an argument of one or a parameter of the old version');
    else this.#checkPartTarget(clause, this.#namesOfType(first, qualifier)[1], qualifier, rest);
  }

  #renameState(clause: tree.Clause & { kind: 'rename' }, names: readonly string[]): void {
    const target = clause.to.text;
    const has = (version: Version, field: string): boolean => {
      const state = prune(version.machine.state);
      return state.kind === 'record' && state.fields.some((each) => each.name === field);
    };
    const [source] = names;
    const owner = names.length > 1 ? ownerOf(this.#older.machine.state, names) : null;
    if (owner !== null) {
      const [place, part] = [names.join('.'), names[names.length - 1]];
      const name = this.#oldNames.nameOf(owner);
      this.#report.add(errors.renamedInside(clause.from[0].span, place, part, target, name));
      return;
    }
    if (names.length > 1 || !has(this.#older, source))
      return this.#unknown(clause, 'a field of the old state');
    if (!has(this.#newer, target)) return this.#unknownTarget(clause, 'a field of the new state');
    if (!this.#isOnlyTarget(clause, 'state')) return;
    this.clauses.stateRenames.push({ source, target, clause });
    this.#tell(clause, null, ['state', source]);
  }

  #renameOperation(clause: tree.Clause & { kind: 'rename' }, source: string): void {
    const target = clause.to.text;
    const known = this.#newer.machine.operations.some((each) => each.name === target);
    if (!known) return this.#unknownTarget(clause, 'an operation of the new version');
    if (!this.#isOnlyTarget(clause, 'operation')) return;
    this.clauses.operationRenames.push({ source, target, clause });
    this.#tell(clause, null, [source]);
  }

  #renameParameter(
    clause: tree.Clause & { kind: 'rename' },
    { name: operation }: OperationSignature,
    source: string,
  ): void {
    const target = clause.to.text;
    const served =
      this.clauses.operationRenames.find((each) => each.source === operation)?.target ?? operation;
    const other = this.#newer.machine.operations.find(({ name }) => name === served);
    if (other !== undefined && !other.parameters.some(({ name }) => name === target))
      return this.#unknownTarget(clause, `a parameter of the new \`${served}\``);
    if (!this.#isOnlyTarget(clause, `parameter of ${operation}`)) return;
    this.clauses.parameterRenames.push({ operation, source, target, clause });
    this.#tell(clause, null, [operation, source]);
  }

  #renameType(
    clause: tree.Clause & { kind: 'rename' },
    source: string,
    types: readonly Type[],
    qualifier: string | null,
  ): void {
    const target = clause.to.text;
    const renamed = this.#newNames.typesOf(target, qualifier).types;
    if (types.length === 0) return this.#unknown(clause, 'a type or an operation of the old version');
    if (renamed.length === 0) return this.#unknownTarget(clause, 'a type of the new version');
    if (!this.#isOnlyTarget(clause, `type of ${qualifier ?? ''}`)) return;
    this.#renamedTypes.push({ source, target, qualifier, clause });
    for (const before of types) {
      this.#tell(clause, before, []);
      // A record type is its structure: its name means nothing but to other clauses.
      if (before.kind !== 'sum') this.clauses.used.add(clause);
      for (const after of renamed) {
        if (before.kind !== 'sum' || after.kind !== 'sum') continue;
        this.clauses.typeRenames.push({ source: before.declaration, target: after.declaration, clause });
      }
    }
  }

  /** Whether a type has this part: a field, a constructor, or a named argument of one. */
  #renamePart(
    clause: tree.Clause & { kind: 'rename' },
    type: Type,
    names: readonly string[],
    qualifier: string | null,
  ): boolean {
    const [source, argument, ...more] = names;
    if (more.length > 0 || !hasPart(type, names)) return false;
    const target = clause.to.text;
    const owner = `of ${qualifier ?? ''}.${display(type)} ${names.slice(0, -1).join('.')}`;
    const isOnly = (): boolean => this.#isOnlyTarget(clause, owner);
    if (type.kind === 'record' && argument === undefined) {
      if (!isOnly()) return true;
      const [, name] = this.#namesOfType(clause.from.at(-2)!.text, qualifier);
      const targets = this.#newNames.typesOf(name, qualifier).types;
      this.clauses.fieldRenames.push({ owner: type, source, target, targets, clause });
    } else if (type.kind === 'sum' && argument === undefined) {
      if (isOnly() && !this.#takesConstructor(clause, type, source))
        this.clauses.constructorRenames.push({ owner: type.declaration, source, target, clause });
    } else if (type.kind === 'sum' && isOnly()) {
      const rename = { source: argument, target, clause };
      this.clauses.argumentRenames.push({ owner: type.declaration, constructor: source, ...rename });
    }
    this.#tell(clause, type, names);
    return true;
  }

  /** Whether the new name is that of another constructor, which keeps it: two would become one. */
  #takesConstructor(
    clause: tree.Clause & { kind: 'rename' },
    type: Type & { kind: 'sum' },
    source: string,
  ): boolean {
    const target = clause.to.text;
    const isThere = target !== source && hasPart(type, [target]);
    const prefix = clause.from.slice(0, -1).map(({ text }) => text);
    const isMoved = this.#node.clauses.some(
      (other) =>
        other.kind === 'rename' &&
        other.from.map(({ text }) => text).join('.') === [...prefix, target].join('.'),
    );
    if (!isThere || isMoved) return false;
    this.#report.add(errors.mergedConstructors(clause.to.span, prefix.join('.'), source, target));
    return true;
  }

  /** False, after a diagnostic, where another rename leads to the same name: two would become one. */
  #isOnlyTarget(clause: tree.Clause & { kind: 'rename' }, owner: string): boolean {
    const key = `new ${owner} ${clause.to.text}`;
    const first = this.#first.get(key);
    if (first === undefined) this.#first.set(key, clause);
    // Of the instances of a generic type, which may be called the same, one rename speaks at once.
    const isOnly = first === undefined || first === clause;
    if (!isOnly) this.#report.add(errors.renamedToOne(clause.to.span, clause.to.text, first.span));
    return isOnly;
  }

  #checkPartTarget(
    clause: tree.Clause & { kind: 'rename' },
    name: string,
    qualifier: string | null,
    names: readonly string[],
  ): void {
    const { types } = this.#newNames.typesOf(name, qualifier);
    const [constructor, argument] = names;
    const renamed = this.clauses.constructorRenames.find(
      ({ source, clause: by }) =>
        source === constructor && by.kind === 'rename' && by.from.length < clause.from.length,
    );
    const path = argument === undefined ? [clause.to.text] : [renamed?.target ?? constructor, clause.to.text];
    if (types.length === 0 || types.some((type) => hasPart(type, path))) return;
    const what = argument !== undefined ? 'an argument' : isUpper(constructor) ? 'a constructor' : 'a field';
    this.#unknownTarget(clause, `${what} of the new \`${name}\``);
  }

  // --------------------------------------------------------------------------- drops

  #drop(clause: tree.Clause & { kind: 'drop' }): void {
    const { names, qualifier } = this.#pathOf(clause.path);
    if (!this.#isFirst(`old ${qualifier ?? ''}.${names.join('.')}`, clause)) return;
    const [first, ...rest] = names;
    const { machine } = this.#older;
    if (!isUpper(first)) {
      if (!hasPath(machine.state, names)) return this.#unknown(clause, 'a part of the old state');
      return this.#tell(clause, null, ['state', ...names]);
    }
    const operation = machine.operations.find(({ name }) => name === first);
    const { types } = this.#oldNames.typesOf(first, qualifier);
    if (operation !== undefined && rest.length === 0) return this.#dropOperation(clause, first);
    const parameter = operation?.parameters.find(({ name }) => name === rest[0]);
    if (parameter !== undefined && hasPath(parameter.type, rest.slice(1))) {
      if (rest.length === 1) this.clauses.droppedParameters.push({ operation: first, name: rest[0] });
      return this.#tell(clause, null, names);
    }
    if (types.length === 0 || rest.length === 0)
      return this.#unknown(clause, 'a field or an operation of the old version');
    const owners = types.filter((type) => hasPath(type, rest));
    if (owners.length === 0) return this.#unknown(clause, `a part of the old \`${first}\``);
    const [owner] = owners;
    const isConstructor = owner.kind === 'sum' && rest.length === 1;
    if (isConstructor && !this.#isConverting) {
      this.#report.add(errors.droppedConstructor(clause.span, first, rest[0]));
      return;
    }
    for (const type of owners) this.#tell(clause, type, rest);
  }

  #dropOperation(clause: tree.Clause & { kind: 'drop' }, name: string): void {
    const first = this.#first.get(`forward on ${name}`);
    if (first === undefined) this.clauses.droppedOperations.add(name);
    else this.#report.add(errors.clauseTwice(clause.span, first.span));
  }

  /**
   * Whether clauses convert anything, of any type: what is around a constructor or in it may leave its argument
   * unread, which is what a drop then speaks of. Whether that is lost is seen when all is converted.
   */
  get #isConverting(): boolean {
    const { migration, stateFields, types, ways } = this.clauses;
    const isAnyType = types.some(({ direction }) => direction === 'forward');
    return migration !== null || stateFields.size > 0 || isAnyType || ways.size > 0;
  }

  // --------------------------------------------------------------------------- names

  /** A path without the name of the import that its type is from. */
  #pathOf(path: readonly tree.Name[]): {
    readonly names: readonly string[];
    readonly qualifier: string | null;
  } {
    const names = path.map(({ text }) => text);
    const [first, second] = names;
    const state = prune(this.#older.machine.state);
    const isField = state.kind === 'record' && state.fields.some(({ name }) => name === first);
    const isQualified = !isField && !isUpper(first) && second !== undefined && isUpper(second);
    return isQualified ? { names: names.slice(1), qualifier: first } : { names, qualifier: null };
  }

  #tell(clause: tree.Clause & { kind: 'rename' | 'drop' }, type: Type | null, path: readonly string[]): void {
    const { span } = clause;
    if (clause.kind === 'drop') this.clauses.told.push({ kind: 'drop', type, path, span });
    else this.clauses.told.push({ kind: 'rename', type, path, to: clause.to.text, span });
  }

  #unknown(clause: tree.Clause & { kind: 'rename' | 'drop' }, what: string): void {
    const path = clause.kind === 'drop' ? clause.path : clause.from;
    const text = path.map((name) => name.text).join('.');
    const [first, ...rest] = path.map((name) => name.text);
    const near = rest.length === 0 ? [] : this.#oldNames.importedWith(first, rest);
    const meant = near.length === 0 ? null : [near[0], ...rest].join('.');
    this.#report.add(errors.unknownSubject(path[0].span, text, what, meant));
  }

  #unknownTarget(clause: tree.Clause & { kind: 'rename' }, what: string): void {
    this.#report.add(errors.unknownSubject(clause.to.span, clause.to.text, what, null));
  }
}

const isUpper = (name: string): boolean => /^[A-Z]/.test(name);

/** Whether a type is one of its own, and not another name for what many things are. */
const isDeclared = ({ kind }: Type): boolean => kind === 'sum' || kind === 'record';
