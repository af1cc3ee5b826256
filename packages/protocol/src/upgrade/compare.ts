import { FieldDefaults } from '../defaults.ts';
import type { Image, Operation, OperationParameter } from '../image.ts';
import { type TypeId, type TypeNode, type TypeTable, partsOf } from '../type.ts';
import { equal } from '../value.ts';

/**
 * Tells whether types of two tables are the same type. What was found is kept: all questions
 * together that are answered with yes take time linear in the first table.
 */
export class TypeComparison {
  readonly #aTypes: TypeTable;
  readonly #bTypes: TypeTable;
  readonly #same = new Map<TypeId, TypeId>();

  constructor(aTypes: TypeTable, bTypes: TypeTable) {
    this.#aTypes = aTypes;
    this.#bTypes = bTypes;
  }

  /** Whether a type of the first table is that of the second. */
  same(a: TypeId, b: TypeId): boolean {
    // Types are interned: if `a` was found equal to another type than `b`, it is not equal to `b`.
    const other = this.#same.get(a);
    if (other !== undefined) return other === b;
    const [left, right] = [this.#aTypes.node(a), this.#bTypes.node(b)];
    if (!sameShape(left, right)) return false;
    const [leftParts, rightParts] = [partsOf(left), partsOf(right)];
    const same =
      leftParts.length === rightParts.length && leftParts.every((part, i) => this.same(part, rightParts[i]));
    if (same) this.#same.set(a, b);
    return same;
  }
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

/** Tells whether operations of two images have the same parameters, defaults and reply. */
export class OperationComparison {
  readonly #old: Image;
  readonly #next: Image;
  readonly #types: TypeComparison;
  /** Types of the first image whose records have the same defaults in both. */
  readonly #sameDefaults = new Set<TypeId>();

  constructor(old: Image, next: Image) {
    this.#old = old;
    this.#next = next;
    this.#types = new TypeComparison(old.unit.types, next.unit.types);
  }

  /** Whether an operation of the first image is that of the second. */
  same(a: Operation, b: Operation): boolean {
    return (
      a.parameters.length === b.parameters.length &&
      a.parameters.every((parameter, i) => this.#sameParameter(parameter, b.parameters[i])) &&
      this.#types.same(a.reply, b.reply)
    );
  }

  #sameParameter(a: OperationParameter, b: OperationParameter): boolean {
    return (
      a.name === b.name &&
      this.#types.same(a.type, b.type) &&
      this.#sameDefault(a.default, b.default) &&
      this.#sameFieldDefaults(a.type, b.type)
    );
  }

  #sameDefault(a: number | null, b: number | null): boolean {
    if (a === null || b === null) return a === b;
    return equal(this.#old.unit.constants[a].value, this.#next.unit.constants[b].value);
  }

  /** Of one type in both images: whether inputs may leave out the same fields, for the same values. */
  #sameFieldDefaults(a: TypeId, b: TypeId): boolean {
    if (this.#sameDefaults.has(a)) return true;
    const [left, right] = [FieldDefaults.of(this.#old).of(a), FieldDefaults.of(this.#next).of(b)];
    if ((left?.size ?? 0) !== (right?.size ?? 0)) return false;
    for (const [field, value] of left ?? []) {
      const other = right?.get(field);
      if (other === undefined || !equal(value, other)) return false;
    }
    const parts = partsOf(this.#next.unit.types.node(b));
    const same = partsOf(this.#old.unit.types.node(a)).every((part, i) =>
      this.#sameFieldDefaults(part, parts[i]),
    );
    if (same) this.#sameDefaults.add(a);
    return same;
  }
}

/** Whether one operation of two images is the same; for many of them there is `OperationComparison`. */
export function sameOperation(old: Image, a: Operation, next: Image, b: Operation): boolean {
  return new OperationComparison(old, next).same(a, b);
}
