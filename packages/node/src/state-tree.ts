import {
  COLLECTION_HEADER_BYTES,
  ENTRY_HEADER_BYTES,
  type KeyOrder,
  sizeOf,
  type Value,
} from '@smc/protocol';
import sortedBTree from 'sorted-btree';

// The package is CommonJS: what is imported are its exports, or with some bundlers its default export.
const BTree = ('default' in sortedBTree ? sortedBTree.default : sortedBTree) as typeof sortedBTree.default;

/**
 * The stored states of a keyed machine, by their keys, and what they take in memory: a B+ tree (sorted-btree),
 * changed in place, whose copies share all nodes that they do not change.
 *
 * It is no `MapValue`, which sorts its keys only when it is gone through: this is gone through while it is large
 * and inputs change it, in slices over many turns, none of which may do more than a slice.
 */
export class StateTree {
  readonly #states;
  #bytes = COLLECTION_HEADER_BYTES;

  constructor(order: KeyOrder) {
    this.#states = new BTree<Value, Value>(undefined, order);
  }

  /** The number of states. */
  get length(): number {
    return this.#states.size;
  }

  /** The size of all keys and states, counted as that of a map of them (`sizeOf`). */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: Value): Value | undefined {
    return this.#states.get(key);
  }

  set(key: Value, state: Value): void {
    const old = this.#states.get(key);
    this.#bytes += sizeOf(state) + (old === undefined ? ENTRY_HEADER_BYTES + sizeOf(key) : -sizeOf(old));
    this.#states.set(key, state);
  }

  delete(key: Value): void {
    const old = this.#states.get(key);
    if (old === undefined) return;
    this.#bytes -= ENTRY_HEADER_BYTES + sizeOf(key) + sizeOf(old);
    this.#states.delete(key);
  }

  /** Gives the states of now by their keys, whatever is changed later. */
  snapshot(): (key: Value) => Value | undefined {
    const states = this.#states.clone();
    return (key) => states.get(key);
  }

  /** Keys with states as of now, ascending, whatever is changed while they are gone through. */
  entries(): IterableIterator<[Value, Value]> {
    return this.#states.clone().entries();
  }
}
