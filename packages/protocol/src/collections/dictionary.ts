import { textOfUnits } from '../utf8.ts';
import { IntegerIndex } from './integer-index.ts';
import { HASHED_UNITS_MAX, LongTexts } from './long-texts.ts';

/**
 * The keys of all versions of a collection, each with its slot: 0, 1, … as they came. Keys are only ever
 * added, so versions share one dictionary, and whether a version has a key is said by its `Slots`.
 *
 * Few keys are searched one by one. Of more there is an index: the host's Map for strings, whose hash has
 * a secret; a table of our own for integers; the host's Map by a text that says all of a key for any other, and for
 * integers that were chosen to collide. Texts that the Map does not hash are not in it, but in `LongTexts`.
 */
export class Dictionary<K> {
  /** The order of the keys; 0 means equal. */
  readonly compare: (a: K, b: K) => number;
  /** By slot. */
  readonly keys: readonly K[];
  readonly #keys: K[] = [];
  #bytes: number;
  #texts: Map<string, number> | null = null;
  #longTexts: LongTexts | null = null;
  #integers: IntegerIndex | null = null;
  /** The slots of the first keys by the order of these; the keys that came since are not in it. */
  #sorted: readonly number[] = [];

  /** `bytes` is what entries take that are added without. */
  constructor(compare: (a: K, b: K) => number, bytes = 0) {
    this.compare = compare;
    this.keys = this.#keys;
    this.#bytes = bytes;
  }

  /** How many keys there are: slots are below. */
  get count(): number {
    return this.#keys.length;
  }

  /** What the entries took with which the keys came. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The slot of a key, or −1. */
  find(key: K): number {
    if (this.#texts !== null) {
      const text = typeof key === 'string' ? key : textOf(key);
      return this.#texts.get(text) ?? this.#longTexts?.find(text) ?? -1;
    }
    if (this.#integers !== null) return this.#integers.find(key as number);
    return this.#search(key);
  }

  /** The slot of a key that is not in it till now; `bytes` is what its entry takes (`sizeOf`). */
  add(key: K, bytes: number): number {
    this.#bytes += bytes;
    const slot = this.#keys.push(key) - 1;
    if (this.#texts !== null) this.#addText(textOf(key), slot);
    else if (this.#integers !== null) {
      if (!this.#integers.add(key as number, slot)) this.#indexTexts();
    } else if (slot >= SEARCHED_MAX) this.#index();
    return slot;
  }

  /** All slots by the order of their keys, as of now: the array is never changed. */
  ascending(): readonly number[] {
    const count = this.#keys.length;
    if (this.#sorted.length < count) {
      const added: number[] = [];
      for (let slot = this.#sorted.length; slot < count; slot++) added.push(slot);
      added.sort((a, b) => this.compare(this.#keys[a], this.#keys[b]));
      this.#sorted = this.#merged(this.#sorted, added);
    }
    return this.#sorted;
  }

  /** Compares little where few are added to many. */
  #merged(sorted: readonly number[], added: readonly number[]): readonly number[] {
    if (sorted.length === 0) return added;
    const merged: number[] = [];
    let from = 0;
    for (const slot of added) {
      const end = this.#placeOf(this.#keys[slot], sorted, from);
      while (from < end) merged.push(sorted[from++]);
      merged.push(slot);
    }
    while (from < sorted.length) merged.push(sorted[from++]);
    return merged;
  }

  /** The index of the first in `sorted`, at or behind `from`, whose key is greater. */
  #placeOf(key: K, sorted: readonly number[], from: number): number {
    let [low, high] = [from, sorted.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.compare(this.#keys[sorted[middle]], key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #search(key: K): number {
    const keys = this.#keys;
    if (typeof key === 'object') {
      for (let slot = 0; slot < keys.length; slot++) if (this.compare(keys[slot], key) === 0) return slot;
    } else {
      for (let slot = 0; slot < keys.length; slot++) if (keys[slot] === key) return slot;
    }
    return -1;
  }

  #index(): void {
    if (typeof this.#keys[0] !== 'number') return this.#indexTexts();
    this.#integers = new IntegerIndex(this.#keys);
    for (let slot = 0; slot < this.#keys.length; slot++) {
      if (!this.#integers.add(this.#keys[slot] as number, slot)) return this.#indexTexts();
    }
  }

  #indexTexts(): void {
    this.#integers = null;
    this.#texts = new Map();
    for (const [slot, key] of this.#keys.entries()) this.#addText(textOf(key), slot);
  }

  #addText(text: string, slot: number): void {
    if (text.length <= HASHED_UNITS_MAX) this.#texts!.set(text, slot);
    else (this.#longTexts ??= new LongTexts()).add(text, slot);
  }
}

/** Keys that are searched without an index. */
const SEARCHED_MAX = 8;

/**
 * A text that two keys of one type share only where they are equal: a string is its own; of any other each part
 * says where it ends. The recursion is as deep as the type.
 */
function textOf(key: unknown): string {
  return typeof key === 'string' ? key : partText(key);
}

function partText(key: unknown): string {
  if (typeof key === 'number') return `${key};`;
  if (typeof key === 'string') return `${key.length};${key}`;
  if (typeof key === 'boolean') return key ? 't' : 'f';
  if (key instanceof Uint8Array) return `${key.length};${textOfUnits(key)}`;
  if (Array.isArray(key)) return key.map(partText).join('');
  if (key === null) return '';
  const { tag, value } = key as { readonly tag: number; readonly value: unknown };
  return `${tag};${partText(value)}`;
}
