import type { Image, Operation, OperationParameter } from '../image.ts';
import { printOperation, printType } from '../text.ts';
import { type TypeId, type TypeNode, type TypeTable, partsOf } from '../type.ts';
import { equal } from '../value.ts';
import { ITEM_STEP } from './reads.ts';

/**
 * What differs between two versions of a machine, as data: for the judge, and for people who
 * ask before they upgrade.
 */
export interface Difference {
  readonly kind: 'added' | 'removed' | 'changed';
  /** Steps by name: `state`, `items`, `[]`, `price`; or an operation, then `reply` or a parameter. */
  readonly path: readonly string[];
  /** What was there, as in the source; null where nothing was. */
  readonly old: string | null;
  readonly new: string | null;
}

export interface Comparison {
  readonly state: readonly Difference[];
  readonly operations: readonly Difference[];
}

/** At most this many differences of a state or an interface are listed. */
export const DIFFERENCES_MAX = 1_000;

/** All differences between the state types and the interfaces of two images. */
export function compareImages(old: Image, next: Image): Comparison {
  return {
    state: new TypeComparison(old.unit.types, next.unit.types).differences(old.state, next.state, ['state']),
    operations: compareOperations(old, next),
  };
}

/** Whether types of two tables are the same type. Takes time linear in the table of `a`. */
export function sameType(
  aTypes: TypeTable,
  a: TypeId,
  bTypes: TypeTable,
  b: TypeId,
  known: Map<TypeId, TypeId> = new Map(),
): boolean {
  // Types are interned: if `a` was found equal to another type than `b`, it is not equal to `b`.
  const other = known.get(a);
  if (other !== undefined) return other === b;
  const [left, right] = [aTypes.node(a), bTypes.node(b)];
  if (!sameShape(left, right)) return false;
  const [leftParts, rightParts] = [partsOf(left), partsOf(right)];
  const same =
    leftParts.length === rightParts.length &&
    leftParts.every((part, i) => sameType(aTypes, part, bTypes, rightParts[i], known));
  if (same) known.set(a, b);
  return same;
}

/** Whether two nodes differ at most in their parts. */
function sameShape(a: TypeNode, b: TypeNode): boolean {
  if (a.kind === 'record' && b.kind === 'record') {
    return a.fields.length === b.fields.length && a.fields.every(({ name }, i) => name === b.fields[i].name);
  }
  if (a.kind === 'sum' && b.kind === 'sum') {
    return (
      a.name === b.name &&
      a.arguments.length === b.arguments.length &&
      a.constructors.length === b.constructors.length &&
      a.constructors.every(({ name, labels }, i) => {
        const other = b.constructors[i];
        return name === other.name && JSON.stringify(labels) === JSON.stringify(other.labels);
      })
    );
  }
  return a.kind === b.kind;
}

/** Whether an operation of two images has the same parameters, defaults and reply. */
export function sameOperation(
  old: Image,
  oldOperation: Operation,
  next: Image,
  newOperation: Operation,
): boolean {
  const parameters = oldOperation.parameters;
  return (
    parameters.length === newOperation.parameters.length &&
    parameters.every((parameter, i) => sameParameter(old, parameter, next, newOperation.parameters[i])) &&
    sameType(old.unit.types, oldOperation.reply, next.unit.types, newOperation.reply)
  );
}

function sameParameter(old: Image, a: OperationParameter, next: Image, b: OperationParameter): boolean {
  if (a.name !== b.name || !sameType(old.unit.types, a.type, next.unit.types, b.type)) return false;
  if (a.default === null || b.default === null) return a.default === b.default;
  return equal(old.unit.constants[a.default].value, next.unit.constants[b.default].value);
}

function compareOperations(old: Image, next: Image): Difference[] {
  const differences: Difference[] = [];
  const added = new Map(next.operations.map((operation) => [operation.name, operation]));
  for (const operation of old.operations) {
    const { name } = operation;
    const other = added.get(name);
    added.delete(name);
    if (other === undefined) {
      differences.push({ kind: 'removed', path: [name], old: printOperation(old, operation), new: null });
    } else if (!sameOperation(old, operation, next, other)) {
      differences.push({
        kind: 'changed',
        path: [name],
        old: printOperation(old, operation),
        new: printOperation(next, other),
      });
    }
  }
  for (const [name, operation] of added) {
    differences.push({ kind: 'added', path: [name], old: null, new: printOperation(next, operation) });
  }
  return differences;
}

/** Finds the places at which two types differ, as deep as their structure is the same. */
class TypeComparison {
  readonly #oldTypes: TypeTable;
  readonly #newTypes: TypeTable;
  readonly #same = new Map<TypeId, TypeId>();
  readonly #found: Difference[] = [];

  constructor(oldTypes: TypeTable, newTypes: TypeTable) {
    this.#oldTypes = oldTypes;
    this.#newTypes = newTypes;
  }

  differences(old: TypeId, next: TypeId, path: readonly string[]): readonly Difference[] {
    this.#compare(old, next, path);
    return this.#found;
  }

  #compare(old: TypeId, next: TypeId, path: readonly string[]): void {
    if (sameType(this.#oldTypes, old, this.#newTypes, next, this.#same)) return;
    const [a, b] = [this.#oldTypes.node(old), this.#newTypes.node(next)];
    if (a.kind === 'record' && b.kind === 'record') return this.#compareNamed(a.fields, b.fields, path);
    if (a.kind === 'list' && b.kind === 'list') return this.#compare(a.item, b.item, [...path, ITEM_STEP]);
    if (a.kind === 'sum' && b.kind === 'sum' && a.name === b.name) {
      const payloads = (node: typeof a): { name: string; type: TypeId }[] =>
        node.constructors.map(({ name, payload }) => ({ name, type: payload }));
      const before = this.#found.length;
      this.#compareNamed(payloads(a), payloads(b), path);
      // Without a difference in a constructor, they stand in another order, or are labelled otherwise.
      if (this.#found.length > before) return;
    }
    if (a.kind === 'tuple' && b.kind === 'tuple' && a.items.length === b.items.length) {
      return a.items.forEach((item, i) => this.#compare(item, b.items[i], [...path, String(i)]));
    }
    this.#add('changed', path, old, next);
  }

  #compareNamed(
    old: readonly { readonly name: string; readonly type: TypeId }[],
    next: readonly { readonly name: string; readonly type: TypeId }[],
    path: readonly string[],
  ): void {
    const added = new Map(next.map(({ name, type }) => [name, type]));
    for (const { name, type } of old) {
      const other = added.get(name);
      added.delete(name);
      if (other === undefined) this.#add('removed', [...path, name], type, null);
      else this.#compare(type, other, [...path, name]);
    }
    for (const [name, type] of added) this.#add('added', [...path, name], null, type);
  }

  #add(kind: Difference['kind'], path: readonly string[], old: TypeId | null, next: TypeId | null): void {
    if (this.#found.length >= DIFFERENCES_MAX) return;
    this.#found.push({
      kind,
      path,
      old: old === null ? null : printType(this.#oldTypes, old),
      new: next === null ? null : printType(this.#newTypes, next),
    });
  }
}
