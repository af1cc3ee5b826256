import {
  PRODUCT_HEADER_BYTES,
  SUM_HEADER_BYTES,
  SCALAR_BYTES,
  STRING_HEADER_BYTES,
  VALUE_LIMITS,
  type TypeId,
  type TypeTable,
} from '@smc/protocol';

/** What is known of the sizes (`sizeOf`, in bytes) of values by their types, each found out once. */
export class TypeSizes {
  readonly types: TypeTable;
  readonly #max = new Map<TypeId, number>();
  readonly #all = new Map<TypeId, number | null>();

  constructor(types: TypeTable) {
    this.types = types;
  }

  /**
   * The largest size of a value of a type of data, given that its strings and lists are within
   * their limits. Where it is within the limit of a value, that of a state or a reply needs no check.
   */
  max(type: TypeId): number {
    const known = this.#max.get(type);
    if (known !== undefined) return known;
    const size = this.#findMax(type);
    this.#max.set(type, size);
    return size;
  }

  /** The size that all values of a type have, or null where they differ. */
  ofAll(type: TypeId): number | null {
    const known = this.#all.get(type);
    if (known !== undefined) return known;
    const size = this.#findAll(type);
    this.#all.set(type, size);
    return size;
  }

  #findMax(type: TypeId): number {
    const node = this.types.node(type);
    switch (node.kind) {
      case 'string':
        return STRING_HEADER_BYTES + 2 * VALUE_LIMITS.stringLengthMax;
      case 'tuple':
      case 'record':
        return this.types.components(type)!.reduce((sum, part) => sum + this.max(part), PRODUCT_HEADER_BYTES);
      case 'sum':
        return node.constructors.reduce(
          (max, { payload }) => Math.max(max, SUM_HEADER_BYTES + this.max(payload)),
          0,
        );
      case 'bytes':
        return STRING_HEADER_BYTES + VALUE_LIMITS.valueBytesMax;
      case 'list':
      case 'map':
      case 'set':
      case 'function':
        return VALUE_LIMITS.valueBytesMax;
      default:
        return SCALAR_BYTES;
    }
  }

  #findAll(type: TypeId): number | null {
    const node = this.types.node(type);
    switch (node.kind) {
      case 'unit':
      case 'bool':
      case 'int':
      case 'time':
        return SCALAR_BYTES;
      case 'tuple':
      case 'record':
        return this.types
          .components(type)!
          .reduce<number | null>((sum, part) => plus(sum, this.ofAll(part)), PRODUCT_HEADER_BYTES);
      case 'sum': {
        const sizes = new Set(node.constructors.map(({ payload }) => this.ofAll(payload)));
        const [size] = sizes;
        return sizes.size === 1 ? plus(SUM_HEADER_BYTES, size) : null;
      }
      default:
        return null;
    }
  }
}

const plus = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a + b);
