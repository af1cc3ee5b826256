/**
 * Values by slot, `undefined` where there is none: a vector of leaves, whose copies share what they do not change.
 * Writes are in place where the leaf belongs to this copy alone.
 *
 * Layout: leaves of 64 values each: so few that a copy costs little, and so many that the array of them is small. Every slot below
 * `extent` has a place. The only leaf of a small vector is as long as it needs.
 *
 * Invariant: a leaf, or the array of all, is written where its owner is the owner of the vector. To fork takes all that a
 * vector has away from it, since no number is given out twice.
 */
export class Slots<V> {
  #leaves: (V | undefined)[][] = [];
  /** By leaf. */
  #owners: number[] = [];
  /** Of the two arrays. */
  #rootOwner: number;
  /** What carries this number is reached from here alone. */
  #owner: number;
  #extent = 0;

  /** Without a value. */
  constructor() {
    this.#owner = ++ownersGiven;
    this.#rootOwner = this.#owner;
  }

  /** Whether a copy takes little. */
  get isSmall(): boolean {
    return this.#extent <= SMALL_MAX;
  }

  /** The value of a slot; undefined also for −1. */
  get(slot: number): V | undefined {
    return slot >>> 0 < this.#extent ? this.#leaves[slot >>> LEAF_BITS][slot & MASK] : undefined;
  }

  /** Changes this vector in place, and none that it was forked from or to. */
  set(slot: number, value: V | undefined): void {
    if (slot >= this.#extent) this.#extend(slot);
    const index = slot >>> LEAF_BITS;
    if (this.#owners[index] !== this.#owner) this.#own(index, this.#leaves[index].slice());
    this.#leaves[index][slot & MASK] = value;
  }

  /** A vector with the same values: what is written to one of the two is not seen in the other. */
  fork(): Slots<V> {
    const copy = new Slots<V>();
    copy.#leaves = this.#leaves;
    copy.#owners = this.#owners;
    copy.#rootOwner = NOBODY;
    copy.#extent = this.#extent;
    this.#owner = ++ownersGiven;
    return copy;
  }

  /** Calls `visit` for each value, by ascending slot. */
  forEach(visit: (value: V, slot: number) => void): void {
    for (const [index, leaf] of this.#leaves.entries()) {
      if (leaf === EMPTY_LEAF) continue;
      for (const [at, value] of leaf.entries()) if (value !== undefined) visit(value, index * WIDTH + at);
    }
  }

  /** Puts a leaf in its place that belongs to this vector alone. */
  #own(index: number, leaf: (V | undefined)[]): void {
    if (this.#rootOwner !== this.#owner) {
      this.#leaves = this.#leaves.slice();
      this.#owners = this.#owners.slice();
      this.#rootOwner = this.#owner;
    }
    this.#leaves[index] = leaf;
    this.#owners[index] = this.#owner;
  }

  /** Makes places up to this slot. */
  #extend(slot: number): void {
    if (this.#extent < WIDTH) {
      const length = Math.min(WIDTH, Math.max(4, 2 ** (32 - Math.clz32(slot))));
      const values = this.#extent === 0 ? [] : this.#leaves[0].slice();
      while (values.length < length) values.push(undefined);
      this.#own(0, values);
      this.#extent = length;
    }
    for (; this.#extent <= slot; this.#extent += WIDTH) {
      const index = this.#leaves.length;
      this.#own(index, EMPTY_LEAF);
      this.#owners[index] = NOBODY;
    }
  }
}

const LEAF_BITS = 6;
const WIDTH = 1 << LEAF_BITS;
const MASK = WIDTH - 1;
const SMALL_MAX = 32;

/** How many owners there were: none has the number of another. */
let ownersGiven = 0;
/** The owner of what all share. */
const NOBODY = 0;
const EMPTY_LEAF: undefined[] = Array.from({ length: WIDTH }, () => undefined);
