import type { Dictionary } from './dictionary.ts';
import type { Slots } from './slots.ts';

/**
 * Goes through the entries that have a value among `values`, by the order of their keys. It is exact for as long
 * as nobody writes to these, whatever is added to the dictionary. A generator would take twice as long.
 */
export class Iteration<K, V, T> implements IterableIterator<T> {
  readonly #keys: readonly K[];
  readonly #values: Slots<V>;
  readonly #make: (key: K, value: V) => T;
  readonly #slots: readonly number[];
  #at = 0;

  /** `make` says what comes out for each entry. */
  constructor(dictionary: Dictionary<K>, values: Slots<V>, make: (key: K, value: V) => T) {
    this.#keys = dictionary.keys;
    this.#values = values;
    this.#make = make;
    this.#slots = dictionary.ascending();
  }

  next(): IteratorResult<T, undefined> {
    while (this.#at < this.#slots.length) {
      const slot = this.#slots[this.#at++];
      const value = this.#values.get(slot);
      if (value !== undefined) return { done: false, value: this.#make(this.#keys[slot], value) };
    }
    return { done: true, value: undefined };
  }

  [Symbol.iterator](): this {
    return this;
  }
}
