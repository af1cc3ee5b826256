import { equal, type Value } from '@smc/protocol';
import { valueOfConstant } from '../combinators/translate/translate.ts';
import type { Clauses } from '../types/clauses.ts';
import {
  defaultsOf,
  display,
  displayConstructor,
  orderOf,
  partsOf,
  prune,
  substitute,
} from '../types/type.ts';
import type { MachineSignature, OperationSignature, Type, TypedExpression } from '../types/typed.ts';
import { differ } from '../types/unify.ts';
import { type Rename, Renames, renamesOfRecord } from './renames.ts';
import { valueSource } from './value-source.ts';

/** What changed between two versions of a machine, in its state and in its interface, at any depth. */

/** One change. What is gone has no `new`, what is added no `old`. */
export interface Change {
  readonly what: 'field' | 'constructor' | 'type' | 'parameter' | 'initial' | 'default' | 'order';
  /** `converted`: by a clause, though the type is the same. */
  readonly kind: 'added' | 'gone' | 'renamed' | 'changed' | 'converted';
  /** `items.price`, as a clause has it: from the state, the parameter or the reply; empty where the whole is meant. */
  readonly path: string;
  /** As it is written: a type with its default, a constructor, a value, a name. */
  readonly old: string | null;
  readonly new: string | null;
}

/** What became of an operation of one version or the other. */
export interface OperationChange {
  /** `replaced`: another operation serves its clients. */
  readonly kind: 'added' | 'gone' | 'renamed' | 'replaced' | 'changed';
  readonly name: string;
  /** `Add(name: String, price: Int) -> Int`; null where the version has none. */
  readonly old: string | null;
  readonly new: string | null;
  readonly parameters: readonly Change[];
  readonly reply: readonly Change[];
}

/** What changed in the state. */
export function stateChanges(
  older: MachineSignature,
  newer: MachineSignature,
  clauses: Clauses | null,
): readonly Change[] {
  const isDerived = clauses !== null && clauses.migration === null;
  const comparison = new Comparison(clauses, isDerived);
  const [from, to] = [prune(older.state), prune(newer.state)];
  const [before, after] = [older, newer].map(({ initial }) => valueOf(initial));
  if (from.kind !== 'record' || to.kind !== 'record') {
    comparison.types('', from, to);
    if (!differ(from, to)) comparison.values('initial', '', from, before, after);
    return comparison.found;
  }
  const renames = clauses?.renamesOfState(from, to) ?? [];
  const side = (type: Type & { kind: 'record' }, value: Value | undefined): Side => ({
    type,
    valueOf: (name) =>
      (value as readonly Value[] | undefined)?.[type.fields.findIndex((field) => field.name === name)],
  });
  comparison.converted('', from, to);
  comparison.fields('', side(from, before), side(to, after), renames, 'initial');
  return comparison.found;
}

/** What changed in the operations, by name; those that are as they were are left out. */
export function operationChanges(
  older: MachineSignature,
  newer: MachineSignature,
  clauses: Clauses | null,
): readonly OperationChange[] {
  const found: OperationChange[] = [];
  const served = new Set<string>();
  for (const operation of older.operations) {
    const { name } = operation;
    const renamed = clauses?.operationRenames.find(({ source }) => source === name)?.target;
    const isDropped = clauses?.droppedOperations.has(name) ?? false;
    const target = renamed ?? (isDropped ? undefined : clauses?.ways.get(name)?.to) ?? name;
    const other = newer.operations.find((each) => each.name === target);
    const before = signatureText(operation);
    if (other === undefined) {
      found.push({ kind: 'gone', name, old: before, new: null, parameters: [], reply: [] });
      continue;
    }
    if (renamed !== undefined || target === name) served.add(target);
    const parts = operationParts(operation, other, clauses);
    const kind = target === name ? 'changed' : renamed === undefined ? 'replaced' : 'renamed';
    if (kind === 'changed' && parts.parameters.length + parts.reply.length === 0) continue;
    found.push({ kind, name, old: before, new: signatureText(other), ...parts });
  }
  for (const operation of newer.operations) {
    if (served.has(operation.name)) continue;
    const { name } = operation;
    found.push({ kind: 'added', name, old: null, new: signatureText(operation), parameters: [], reply: [] });
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function operationParts(
  older: OperationSignature,
  newer: OperationSignature,
  clauses: Clauses | null,
): Pick<OperationChange, 'parameters' | 'reply'> {
  const written = clauses?.ways.get(older.name);
  const given = new Comparison(clauses, written === undefined);
  const renames = new Map(
    clauses?.parameterRenames.flatMap(({ operation, source, target }) =>
      operation === older.name ? [[source, target]] : [],
    ),
  );
  const names = (operation: OperationSignature): string =>
    operation.parameters.map(({ name }) => name).join();
  for (const { name, type, default: byDefault } of older.parameters) {
    const target = renames.get(name) ?? name;
    const other = newer.parameters.find((each) => each.name === target);
    if (other === undefined) {
      given.add('parameter', 'gone', name, typeText(type, valueOf(byDefault)), null);
      continue;
    }
    if (target !== name) given.add('parameter', 'renamed', name, name, target);
    given.types(target, type, other.type);
    if (!differ(type, other.type))
      given.values('default', target, type, valueOf(byDefault), valueOf(other.default));
  }
  const kept = new Set(older.parameters.map(({ name }) => renames.get(name) ?? name));
  for (const { name, type, default: byDefault } of newer.parameters)
    if (!kept.has(name)) given.add('parameter', 'added', name, null, typeText(type, valueOf(byDefault)));
  if (given.found.length === 0 && names(older) !== names(newer))
    given.add('order', 'changed', '', names(older), names(newer));
  const reply = new Comparison(clauses, !written?.reply);
  reply.types('', older.reply, newer.reply);
  return { parameters: given.found, reply: reply.found };
}

/** A record of one version, with the values of its fields that are known: initial ones, or defaults. */
interface Side {
  readonly type: Type & { kind: 'record' };
  readonly valueOf: (name: string) => Value | undefined;
}

/** Collects what differs. Types have few nodes written out as trees (`TYPE_LIMITS`), so each is walked as one. */
class Comparison {
  readonly found: Change[] = [];
  readonly #clauses: Clauses | null;
  readonly #isDerived: boolean;
  /** A sum that occurs often is told once, where it is met first; with other arguments it is another one. */
  readonly #sums: { readonly from: Type; readonly to: Type }[] = [];

  /** `isDerived`: no clause says what becomes of the whole, so that those for types count. */
  constructor(clauses: Clauses | null, isDerived: boolean) {
    this.#clauses = clauses;
    this.#isDerived = isDerived;
  }

  add(
    what: Change['what'],
    kind: Change['kind'],
    path: string,
    before: string | null,
    after: string | null,
  ): void {
    this.found.push({ what, kind, path, old: before, new: after });
  }

  values(
    what: 'initial' | 'default',
    path: string,
    type: Type,
    before: Value | undefined,
    after: Value | undefined,
  ): void {
    if (before === undefined && after === undefined) return;
    if (before !== undefined && after !== undefined && equal(before, after)) return;
    const text = (value: Value | undefined): string | null =>
      value === undefined ? null : valueText(value, type);
    const kind = before === undefined ? 'added' : after === undefined ? 'gone' : 'changed';
    this.add(what, kind, path, text(before), text(after));
  }

  types(path: string, from: Type, to: Type): void {
    const [older, newer] = [prune(from), prune(to)];
    if (this.converted(path, older, newer)) return;
    if (older.kind === 'record' && newer.kind === 'record') return this.#records(path, older, newer);
    if (older.kind === 'sum' && newer.kind === 'sum') return this.#sumTypes(path, older, newer);
    if (older.kind === 'tuple' && newer.kind === 'tuple' && older.items.length === newer.items.length)
      return older.items.forEach((item, i) => this.types(step(path, String(i)), item, newer.items[i]));
    if (older.kind === newer.kind && ['list', 'set', 'map'].includes(older.kind)) {
      const [before, after] = [older, newer].map(partsOf);
      // Items, keys and values have no name: what they were is told with what they are in.
      const isRetyped = before.some(
        (part, i) => !isDivided(prune(part), prune(after[i])) && differ(part, after[i]),
      );
      if (!isRetyped) return before.forEach((part, i) => this.types(path, part, after[i]));
    }
    if (differ(older, newer)) this.#retyped(path, older, newer);
  }

  /** Whether a clause converts what has the same type in both versions. */
  converted(path: string, older: Type, newer: Type): boolean {
    const isConverted =
      this.#isDerived &&
      !differ(older, newer) &&
      this.#clauses?.types.some(({ direction, from, to }) => {
        const [before, after] = direction === 'forward' ? [from, to] : [to, from];
        return !differ(before, older) && !differ(after, newer);
      }) === true;
    if (isConverted) this.add('type', 'converted', path, display(older), display(newer));
    return isConverted;
  }

  #retyped(path: string, from: Type, to: Type): void {
    this.add('type', 'changed', path, display(from), display(to));
  }

  #records(path: string, from: Type & { kind: 'record' }, to: Type & { kind: 'record' }): void {
    const renames = renamesOfRecord(this.#clauses?.fieldRenames ?? [], from, to);
    const side = (type: Type & { kind: 'record' }): Side => {
      const defaults = defaultsOf(type);
      return { type, valueOf: (name) => valueOf(defaults?.get(name)?.typed ?? null) };
    };
    this.fields(path, side(from), side(to), renames, 'default');
  }

  fields(path: string, from: Side, to: Side, renamed: readonly Rename[], what: 'initial' | 'default'): void {
    const [before, after] = [from, to].map(
      ({ type }) => new Map(type.fields.map((field) => [field.name, field.type])),
    );
    const renames = new Renames(renamed, [...before.keys()], [...after.keys()], new Set());
    for (const name of orderOf(from.type)) {
      const type = before.get(name)!;
      const target = renames.targetOf(name);
      const other = target === null ? undefined : after.get(target);
      if (target === null || other === undefined) {
        this.add('field', 'gone', step(path, name), typeText(type, from.valueOf(name)), null);
        continue;
      }
      if (target !== name) this.add('field', 'renamed', step(path, name), name, target);
      if (what === 'initial' && this.#clauses?.stateFields.has(target) && !differ(type, other))
        this.add('type', 'converted', step(path, target), display(type), display(other));
      else this.types(step(path, target), type, other);
      if (!differ(type, other))
        this.values(what, step(path, target), type, from.valueOf(name), to.valueOf(target));
    }
    for (const name of orderOf(to.type))
      if (!before.has(renames.sourceOf(name) ?? ''))
        this.add('field', 'added', step(path, name), null, typeText(after.get(name)!, to.valueOf(name)));
  }

  #sumTypes(path: string, from: Type & { kind: 'sum' }, to: Type & { kind: 'sum' }): void {
    const [older, newer] = [from.declaration, to.declaration];
    const renamed = this.#clauses?.typeRenames.find(
      ({ source }) => source.identity === older.identity,
    )?.target;
    if (renamed === undefined ? older.name !== newer.name : renamed.identity !== newer.identity)
      return this.#retyped(path, from, to);
    // One declaration: what differs is in its arguments.
    if (older === newer && from.arguments.length === 0) return;
    if (this.#sums.some((known) => !differ(known.from, from) && !differ(known.to, to))) return;
    if (older.name !== newer.name) this.add('type', 'renamed', path, older.name, newer.name);
    this.#sums.push({ from, to });
    this.#constructors(path, from, to);
  }

  #constructors(path: string, from: Type & { kind: 'sum' }, to: Type & { kind: 'sum' }): void {
    const [older, newer] = [from.declaration, to.declaration];
    const renames = new Renames(
      this.#clauses?.constructorRenames.filter(({ owner }) => owner.identity === older.identity) ?? [],
      older.constructors.map(({ name }) => name),
      newer.constructors.map(({ name }) => name),
      new Set(),
    );
    const kept: string[] = [];
    for (const [i, { name, labels }] of older.constructors.entries()) {
      const target = renames.targetOf(name);
      const index = newer.constructors.findIndex((each) => each.name === target);
      if (target === null || index < 0) {
        this.add('constructor', 'gone', path, constructorText(from, i), null);
        continue;
      }
      kept.push(target);
      if (target !== name) this.add('constructor', 'renamed', path, name, target);
      if (formOf(labels) !== formOf(newer.constructors[index].labels)) {
        this.add('constructor', 'changed', path, constructorText(from, i), constructorText(to, index));
        continue;
      }
      // What is in an option takes no step, as in a clause.
      this.#payload(older.name === 'Option' ? path : step(path, target), from, i, to, index);
    }
    for (const [i, { name }] of newer.constructors.entries())
      if (!kept.includes(name)) this.add('constructor', 'added', path, null, constructorText(to, i));
    const names = newer.constructors.map(({ name }) => name);
    this.#order(
      path,
      kept,
      names.filter((name) => kept.includes(name)),
    );
  }

  /** What a constructor takes, in the same form in both versions. */
  #payload(
    path: string,
    from: Type & { kind: 'sum' },
    tag: number,
    to: Type & { kind: 'sum' },
    index: number,
  ): void {
    const [older, newer] = [from.declaration.constructors[tag], to.declaration.constructors[index]];
    const own = prune(substitute(older.payload, from.arguments));
    const other = prune(substitute(newer.payload, to.arguments));
    const isNamed = older.labels !== null && newer.labels !== null;
    if (!isNamed || own.kind !== 'record' || other.kind !== 'record') return this.types(path, own, other);
    // Named arguments are no record of a type that could have a clause, and have no defaults.
    const renames =
      this.#clauses?.argumentRenames.filter(
        ({ owner, constructor }) =>
          owner.identity === from.declaration.identity && constructor === older.name,
      ) ?? [];
    const side = (type: Side['type']): Side => ({ type, valueOf: () => undefined });
    this.fields(path, side(own), side(other), renames, 'default');
    const targetOf = (name: string): string => renames.find(({ source }) => source === name)?.target ?? name;
    this.#order(path, older.labels.map(targetOf), newer.labels);
  }

  /** Of the same names in another order. */
  #order(path: string, before: readonly string[], after: readonly string[]): void {
    const isSameSet = before.toSorted().join() === after.toSorted().join();
    if (isSameSet && before.join() !== after.join())
      this.add('order', 'changed', path, before.join(', '), after.join(', '));
  }
}

/** Whether what differs in two types can be told of their parts. */
const isDivided = (older: Type, newer: Type): boolean =>
  older.kind === newer.kind && ['record', 'sum', 'tuple', 'list', 'set', 'map'].includes(older.kind);

const step = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

function formOf(labels: readonly string[] | null): 'one' | 'none' | 'named' {
  return labels === null ? 'one' : labels.length === 0 ? 'none' : 'named';
}

/** A value as it is written where its types are declared. */
function valueText(value: Value, type: Type): string {
  return valueSource(value, type, ({ constructors }, index) => constructors[index].name) ?? '…';
}

function valueOf(node: TypedExpression | null): Value | undefined {
  return node === null ? undefined : valueOfConstant(node)?.value;
}

/** `Int = 1` */
function typeText(type: Type, value: Value | undefined): string {
  return value === undefined ? display(type) : `${display(type)} = ${valueText(value, type)}`;
}

const constructorText = ({ declaration, arguments: given }: Type & { kind: 'sum' }, index: number): string =>
  displayConstructor(declaration.constructors[index], given);

/** `Add(price: Int, quantity: Int = 1) -> Int`; a reply `()` is left out, as where it is declared. */
function signatureText({ name, parameters, reply }: OperationSignature): string {
  const given = parameters.map(
    (parameter) => `${parameter.name}: ${typeText(parameter.type, valueOf(parameter.default))}`,
  );
  const list = given.length === 0 ? '' : `(${given.join(', ')})`;
  return `${name}${list}${prune(reply).kind === 'unit' ? '' : ` -> ${display(reply)}`}`;
}
