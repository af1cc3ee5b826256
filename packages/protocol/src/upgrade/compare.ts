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

/**
 * Whether an operation of two images has the same parameters, defaults and reply. `types`, of
 * their two tables, may be kept for all operations. The fields that inputs may leave out need not
 * be the same: an input is read by the interface that it was written for, and is whole from then on.
 */
export function sameOperation(
  old: Image,
  oldOperation: Operation,
  next: Image,
  newOperation: Operation,
  types: TypeComparison = new TypeComparison(old.unit.types, next.unit.types),
): boolean {
  const sameDefault = (a: OperationParameter, b: OperationParameter): boolean => {
    if (a.default === null || b.default === null) return a.default === b.default;
    return equal(old.unit.constants[a.default].value, next.unit.constants[b.default].value);
  };
  const parameters = oldOperation.parameters;
  return (
    parameters.length === newOperation.parameters.length &&
    parameters.every((a, i) => {
      const b = newOperation.parameters[i];
      return a.name === b.name && types.same(a.type, b.type) && sameDefault(a, b);
    }) &&
    types.same(oldOperation.reply, newOperation.reply)
  );
}
