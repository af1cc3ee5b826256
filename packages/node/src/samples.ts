import {
  keyOrder,
  type KeyOrder,
  List,
  MapValue,
  SetValue,
  sizeOf,
  Sum,
  type TypeId,
  type TypeTable,
  type Value,
} from '@smc/protocol';

/**
 * A few values of a type that differ wherever they can: what gives each of them back unchanged is
 * taken for the identity. Each constructor is there, if there are not too many of them.
 */

const SAMPLES_MAX = 64;
/** By `sizeOf`: parts are shared, and what is large is large only where it is walked. */
const SAMPLE_BYTES_MAX = 256 * 1024;

/** Samples of a first-order type; the same each time. None where all are too large. */
export function samplesOf(types: TypeTable, type: TypeId): readonly Value[] {
  return new Samples(types).of(type).filter((value) => sizeOf(value) <= SAMPLE_BYTES_MAX);
}

class Samples {
  readonly #types: TypeTable;
  /** Counts the scalars, so that two of one type can be told apart. */
  #scalars = 0;

  constructor(types: TypeTable) {
    this.#types = types;
  }

  of(type: TypeId): readonly Value[] {
    const types = this.#types;
    const node = types.node(type);
    switch (node.kind) {
      case 'unit':
        return [null];
      case 'bool':
        return this.#scalars++ % 2 === 0 ? [true, false] : [false, true];
      case 'int':
      case 'time':
        // Odd and even, and of both signs: what is rounded is not given back.
        return [3, 4, -5, 0].map((each) => each * 10 + (each === 0 ? 0 : this.#scalars++ * 100 + each));
      case 'string':
        return [`sample ${this.#scalars++}`, ''];
      case 'bytes':
        return [new Uint8Array([7, this.#scalars++ % 256]), new Uint8Array(0)];
      case 'tuple':
        return zipped(node.items.map((item) => this.of(item)));
      case 'record':
        return zipped(node.fields.map((field) => this.of(field.type)));
      case 'list': {
        const items = this.of(node.item);
        return [List.of(items), List.of([])];
      }
      case 'set': {
        const order = this.#orderOf(node.item);
        return [SetValue.of(this.of(node.item), order), SetValue.empty(order)];
      }
      case 'map': {
        const order = this.#orderOf(node.key);
        const values = this.of(node.value);
        const entries = this.of(node.key).map((key, i) => [key, values[i % values.length]] as const);
        return [MapValue.of(entries, order), MapValue.empty(order)];
      }
      case 'sum':
        return node.constructors
          .flatMap(({ payload }, tag) => this.of(payload).map((value) => new Sum(tag, value)))
          .slice(0, SAMPLES_MAX);
      case 'function':
        throw new Error('a sample of a function');
    }
  }

  #orderOf(type: TypeId): KeyOrder {
    return keyOrder(this.#types, type);
  }
}

/** As many products as the longest column is long; shorter ones start anew. */
function zipped(columns: readonly (readonly Value[])[]): readonly Value[] {
  const count = Math.max(1, ...columns.map((column) => column.length));
  return Array.from({ length: count }, (_, i) => columns.map((column) => column[i % column.length]));
}
