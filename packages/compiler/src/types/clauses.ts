import type { UpgradeClause } from '@smc/protocol';
import type * as tree from '../syntax/tree.ts';
import * as errors from '../errors/upgrades.ts';
import { packedOf, prune, substitute } from './type.ts';
import { matchArguments, unitAt } from './calls.ts';
import { checkIrrefutable } from './choice.ts';
import { inferExpression } from './expressions.ts';
import { noEffects } from './functions.ts';
import { Inference } from './inference.ts';
import { inferPattern } from './patterns.ts';
import type { Report } from './report.ts';
import { Locals, type ModuleScope, type Use } from './scope.ts';
import { suggest } from './suggest.ts';
import type {
  CompiledMachine,
  MachineSignature,
  OperationSignature,
  SumDeclaration,
  Type,
  TypedConversion,
  TypedExpression,
  TypedMachine,
} from './typed.ts';
import { differ } from './unify.ts';
import type { WrittenWay } from '../upgrade/adapters.ts';

/** The clauses of an upgrade: each checked, and told what it speaks of. */

/** One of the two versions that an upgrade is about. */
export interface Version {
  readonly machine: TypedMachine | CompiledMachine;
  /** What its types are called by, in its own file. */
  readonly module: ModuleScope;
}

type Named<K extends string> = { readonly [key in K]: string } & {
  readonly source: string;
  readonly target: string;
};

/** What the clauses say. */
export class Clauses {
  migration: TypedConversion | null = null;
  back: TypedConversion | null = null;
  /** Fields of the new state, each from the whole old state. */
  readonly stateFields = new Map<string, TypedConversion>();
  readonly types: { direction: 'forward' | 'back'; from: Type; to: Type; conversion: TypedConversion }[] = [];
  readonly ways = new Map<string, WrittenWay>();
  readonly backWays = new Map<string, WrittenWay>();
  /** By names of the old version to those of the new one. */
  readonly stateRenames: { source: string; target: string }[] = [];
  readonly fieldRenames: { owner: Type; source: string; target: string }[] = [];
  readonly constructorRenames: { owner: SumDeclaration; source: string; target: string }[] = [];
  readonly typeRenames: { source: SumDeclaration; target: SumDeclaration }[] = [];
  readonly operationRenames: { source: string; target: string }[] = [];
  readonly parameterRenames: Named<'operation'>[] = [];
  readonly droppedOperations = new Set<string>();
  readonly droppedParameters: { operation: string; name: string }[] = [];
  /** As the node is told. */
  readonly told: UpgradeClause[] = [];
}

/** Checks the clauses of an upgrade. */
export function readClauses(
  node: tree.Upgrade,
  older: Version,
  newer: Version,
  module: ModuleScope,
  uses: Use[],
  report: Report,
): Clauses {
  const reader = new Reader(older, newer, module, uses, report);
  // Renames first: other clauses may use the new names.
  const isRename = (clause: tree.Clause): boolean => clause.kind === 'rename';
  for (const clause of node.clauses.filter(isRename)) reader.read(clause);
  for (const clause of node.clauses.filter((each) => !isRename(each))) reader.read(clause);
  return reader.clauses;
}

class Reader {
  readonly clauses = new Clauses();
  readonly #older: Version;
  readonly #newer: Version;
  readonly #module: ModuleScope;
  readonly #uses: Use[];
  readonly #report: Report;
  readonly #first = new Map<string, tree.Clause>();

  constructor(older: Version, newer: Version, module: ModuleScope, uses: Use[], report: Report) {
    this.#older = older;
    this.#newer = newer;
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
    this.clauses.stateFields.set(name.text, made);
  }

  #type(clause: tree.Clause & { kind: 'convert' }, path: tree.Path): void {
    const { text, span } = path.name;
    const [oldName, newName] = this.#namesOfType(text);
    const before = this.#typeNamed(this.#older, oldName);
    const after = this.#typeNamed(this.#newer, newName);
    if (before === null || after === null) {
      const known = [...this.#older.module.types.keys()].filter((name) => this.#newer.module.types.has(name));
      this.#report.add(errors.unknownSubject(span, text, 'a type of both versions', suggest(text, known)));
      return;
    }
    if (!this.#isFirst(`${clause.direction} type ${text}`, clause)) return;
    const [from, to] = clause.direction === 'forward' ? [before, after] : [after, before];
    const conversion = this.#conversion(clause, { type: from, span }, to, {
      what: `the ${clause.direction === 'forward' ? 'new' : 'old'} \`${text}\``,
      statement: `the ${clause.direction === 'forward' ? 'new' : 'old'} \`${text}\` is`,
      declared: span,
    });
    this.clauses.types.push({ direction: clause.direction, from, to, conversion });
  }

  /** The names of a type in both versions, for either of them. */
  #namesOfType(name: string): readonly [string, string] {
    const renamed = this.clauses.typeRenames.find(
      ({ source, target }) => source.name === name || target.name === name,
    );
    return renamed === undefined ? [name, name] : [renamed.source.name, renamed.target.name];
  }

  #typeNamed({ module }: Version, name: string): Type | null {
    const declared = module.types.get(name);
    return declared === undefined || declared.parameters > 0 ? null : declared.type;
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
    const { from, to } = clause;
    if (!this.#isFirst(`rename ${from.map(({ text }) => text).join('.')}`, clause)) return;
    const [first, ...rest] = from;
    const target = to.text;
    if (rest.length > 1)
      return this.#unknown(clause, 'a field of the state, a type, an operation, or a part of one');
    const isUpper = /^[A-Z]/.test(first.text);
    if (!isUpper) return this.#renameState(clause, first, target);
    const operation = this.#older.machine.operations.find(({ name }) => name === first.text);
    const type = this.#typeNamed(this.#older, first.text);
    if (operation !== undefined && type !== null && rest.length === 0) {
      this.#report.add(errors.ambiguousSubject(first.span, first.text));
      return;
    }
    if (rest.length === 0) return this.#renameWhole(clause, first, target, operation !== undefined, type);
    const [part] = rest;
    if (/^[A-Z]/.test(part.text)) return this.#renameConstructor(clause, first, part, target, type);
    if (operation?.parameters.some(({ name }) => name === part.text) === true) {
      this.clauses.parameterRenames.push({ operation: operation.name, source: part.text, target });
      this.clauses.told.push({ kind: 'rename', path: [operation.name, part.text], to: target });
      return;
    }
    const record = type === null ? null : prune(type);
    if (record?.kind === 'record' && record.fields.some(({ name }) => name === part.text)) {
      this.clauses.fieldRenames.push({ owner: record, source: part.text, target });
      for (const path of occurrencesOf(record, this.#older.machine))
        this.clauses.told.push({ kind: 'rename', path: [...path, part.text], to: target });
      return;
    }
    this.#unknown(clause, 'a field, a constructor or a parameter of the old version');
  }

  #renameState(clause: tree.Clause & { kind: 'rename' }, name: tree.Name, target: string): void {
    const has = (version: Version, field: string): boolean => {
      const state = prune(version.machine.state);
      return state.kind === 'record' && state.fields.some((each) => each.name === field);
    };
    if (clause.from.length > 1 || !has(this.#older, name.text))
      return this.#unknown(clause, 'a field of the old state');
    if (!has(this.#newer, target)) return this.#unknownTarget(clause, 'a field of the new state');
    this.clauses.stateRenames.push({ source: name.text, target });
    this.clauses.told.push({ kind: 'rename', path: ['state', name.text], to: target });
  }

  #renameWhole(
    clause: tree.Clause & { kind: 'rename' },
    name: tree.Name,
    target: string,
    isOperation: boolean,
    type: Type | null,
  ): void {
    if (isOperation) {
      const known = this.#newer.machine.operations.some((each) => each.name === target);
      if (!known) return this.#unknownTarget(clause, 'an operation of the new version');
      this.clauses.operationRenames.push({ source: name.text, target });
      this.clauses.told.push({ kind: 'rename', path: [name.text], to: target });
      return;
    }
    const [before, after] = [type === null ? null : prune(type), this.#typeNamed(this.#newer, target)];
    const renamed = after === null ? null : prune(after);
    if (before === null) return this.#unknown(clause, 'a type or an operation of the old version');
    if (renamed === null) return this.#unknownTarget(clause, 'a type of the new version');
    // A record type is its structure: its name means nothing.
    if (before.kind !== 'sum' || renamed.kind !== 'sum') return;
    this.clauses.typeRenames.push({ source: before.declaration, target: renamed.declaration });
    this.clauses.told.push({ kind: 'rename', path: [name.text], to: target });
  }

  #renameConstructor(
    clause: tree.Clause & { kind: 'rename' },
    name: tree.Name,
    part: tree.Name,
    target: string,
    type: Type | null,
  ): void {
    const sum = type === null ? null : prune(type);
    const isKnown =
      sum?.kind === 'sum' &&
      sum.declaration.constructors.some((constructor) => constructor.name === part.text);
    if (!isKnown) return this.#unknown(clause, 'a constructor of the old version');
    this.clauses.constructorRenames.push({ owner: sum.declaration, source: part.text, target });
    this.clauses.told.push({ kind: 'rename', path: [name.text, part.text], to: target });
  }

  // --------------------------------------------------------------------------- drops

  #drop(clause: tree.Clause & { kind: 'drop' }): void {
    const names = clause.path.map(({ text }) => text);
    if (!this.#isFirst(`drop ${names.join('.')}`, clause)) return;
    const [first, ...rest] = names;
    const { machine } = this.#older;
    if (!/^[A-Z]/.test(first)) {
      if (!hasPath(machine.state, names)) return this.#unknown(clause, 'a field of the old state');
      this.clauses.told.push({ kind: 'drop', path: ['state', ...names] });
      return;
    }
    const operation = machine.operations.find(({ name }) => name === first);
    const type = this.#typeNamed(this.#older, first);
    if (operation !== undefined && rest.length === 0) {
      this.clauses.droppedOperations.add(first);
      return;
    }
    if (operation?.parameters.some(({ name }) => name === rest[0]) === true && rest.length === 1) {
      this.clauses.droppedParameters.push({ operation: first, name: rest[0] });
      this.clauses.told.push({ kind: 'drop', path: names });
      return;
    }
    const own = type === null ? null : prune(type);
    if (own === null || rest.length === 0)
      return this.#unknown(clause, 'a field or an operation of the old version');
    if (own.kind === 'sum') {
      const constructor = own.declaration.constructors.find(({ name }) => name === rest[0]);
      if (rest.length === 1 && constructor !== undefined) {
        this.#report.add(errors.droppedConstructor(clause.span, first, rest[0]));
        return;
      }
      this.clauses.told.push({ kind: 'drop', path: names });
      return;
    }
    if (!hasPath(own, rest)) return this.#unknown(clause, `a field of the old \`${first}\``);
    for (const path of occurrencesOf(own, machine))
      this.clauses.told.push({ kind: 'drop', path: [...path, ...rest] });
  }

  #unknown(clause: tree.Clause & { kind: 'rename' | 'drop' }, what: string): void {
    const path = clause.kind === 'drop' ? clause.path : clause.from;
    const text = path.map((name) => name.text).join('.');
    this.#report.add(errors.unknownSubject(path[0].span, text, what, null));
  }

  #unknownTarget(clause: tree.Clause & { kind: 'rename' }, what: string): void {
    this.#report.add(errors.unknownSubject(clause.to.span, clause.to.text, what, null));
  }
}

function hasPath(type: Type, path: readonly string[]): boolean {
  const [first, ...rest] = path;
  if (first === undefined) return true;
  const own = inside(type);
  const field = own.kind === 'record' ? own.fields.find(({ name }) => name === first) : undefined;
  return field !== undefined && hasPath(field.type, rest);
}

/** Past what takes no step in a path: lists, sets, options, the values of maps. */
function inside(type: Type): Type {
  let own = prune(type);
  for (;;) {
    if (own.kind === 'list' || own.kind === 'set') own = prune(own.item);
    else if (own.kind === 'map') own = prune(own.value);
    else if (own.kind === 'sum' && own.declaration.name === 'Option') own = prune(own.arguments[0]);
    else return own;
  }
}

/** The paths to all occurrences of a record type in the state and in parameters, or in a declared sum on the way. */
function occurrencesOf(
  record: Type,
  { state, operations }: MachineSignature,
): readonly (readonly string[])[] {
  const found: string[][] = [];
  const sums = new Set<SumDeclaration>();
  const walk = (type: Type, path: string[]): void => {
    const own = inside(type);
    if (!differ(own, record)) found.push(path);
    if (own.kind === 'record') for (const { name, type: part } of own.fields) walk(part, [...path, name]);
    if (own.kind === 'tuple') own.items.forEach((item, i) => walk(item, [...path, String(i)]));
    if (own.kind !== 'sum' || sums.has(own.declaration)) return;
    sums.add(own.declaration);
    for (const { name, payload } of own.declaration.constructors)
      walk(substitute(payload, own.arguments), [own.declaration.name, name]);
  };
  walk(state, ['state']);
  for (const { name, parameters } of operations)
    for (const parameter of parameters) walk(parameter.type, [name, parameter.name]);
  return found;
}
