/**
 * Values by slot, `undefined` where there is none: a vector of leaves, whose copies share what they do not change.
 * Writes are in place where the leaf belongs to this copy alone.
 *
 * Layout: a root of branches of leaves. A leaf has 64 values and a branch 256 leaves, so that of the largest collection
 * that there can be the root is no longer than these: the first write after a fork copies some hundreds of references,
 * however many values there are. Every slot below `extent` has a place. The only leaf of a small vector is as
 * long as it needs.
 *
 * Invariant: a leaf, a branch or the root is written where its owner is the owner of the vector; and who owns a leaf owns what is
 * above it. To fork takes all that a vector has away from it, since no number is given out twice.
 */
export class Slots<V> {
  #branches: (V | undefined)[][][] = [];
  /** Of leaves, by branch. */
  #owners: number[][] = [];
  #branchOwners: number[] = [];
  /** Of the three arrays. */
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
    if (slot >>> 0 >= this.#extent) return undefined;
    return this.#branches[slot >>> BRANCH_BITS][(slot >>> LEAF_BITS) & BRANCH_MASK][slot & LEAF_MASK];
  }

  /** Changes this vector in place, and none that it was forked from or to. */
  set(slot: number, value: V | undefined): void {
    if (slot >= this.#extent) this.#extend(slot);
    const branch = slot >>> BRANCH_BITS;
    const index = (slot >>> LEAF_BITS) & BRANCH_MASK;
    if (this.#owners[branch][index] !== this.#owner) {
      this.#own(branch, index, this.#branches[branch][index].slice());
    }
    this.#branches[branch][index][slot & LEAF_MASK] = value;
  }

  /** A vector with the same values: what is written to one of the two is not seen in the other. */
  fork(): Slots<V> {
    const copy = new Slots<V>();
    copy.#branches = this.#branches;
    copy.#owners = this.#owners;
    copy.#branchOwners = this.#branchOwners;
    copy.#rootOwner = NOBODY;
    copy.#extent = this.#extent;
    this.#owner = ++ownersGiven;
    return copy;
  }

  /** Calls `visit` for each value, by ascending slot. */
  forEach(visit: (value: V, slot: number) => void): void {
    let start = 0;
    for (const branch of this.#branches) {
      for (const leaf of branch) {
        if (leaf !== EMPTY_LEAF) {
          for (const [at, value] of leaf.entries()) if (value !== undefined) visit(value, start + at);
        }
        start += LEAF_WIDTH;
      }
    }
  }

  /** Puts a leaf in its place that belongs to this vector alone, or to all. */
  #own(branch: number, index: number, leaf: (V | undefined)[], owner: number = this.#owner): void {
    if (this.#rootOwner !== this.#owner) {
      this.#branches = this.#branches.slice();
      this.#owners = this.#owners.slice();
      this.#branchOwners = this.#branchOwners.slice();
      this.#rootOwner = this.#owner;
    }
    if (this.#branchOwners[branch] !== this.#owner) {
      this.#branches[branch] = this.#branches[branch]?.slice() ?? [];
      this.#owners[branch] = this.#owners[branch]?.slice() ?? [];
      this.#branchOwners[branch] = this.#owner;
    }
    this.#branches[branch][index] = leaf;
    this.#owners[branch][index] = owner;
  }

  /** Makes places up to this slot. */
  #extend(slot: number): void {
    if (this.#extent < LEAF_WIDTH) {
      const length = Math.min(LEAF_WIDTH, Math.max(4, 2 ** (32 - Math.clz32(slot))));
      const values = this.#extent === 0 ? [] : this.#branches[0][0].slice();
      while (values.length < length) values.push(undefined);
      this.#own(0, 0, values);
      this.#extent = length;
    }
    for (; this.#extent <= slot; this.#extent += LEAF_WIDTH) {
      const index = (this.#extent >>> LEAF_BITS) & BRANCH_MASK;
      this.#own(this.#extent >>> BRANCH_BITS, index, EMPTY_LEAF, NOBODY);
    }
  }
}

const LEAF_BITS = 6;
const LEAF_WIDTH = 1 << LEAF_BITS;
const LEAF_MASK = LEAF_WIDTH - 1;
/** Of a slot: what of it is below its branch. */
const BRANCH_BITS = LEAF_BITS + 8;
const BRANCH_MASK = 255;
const SMALL_MAX = 32;

/** How many owners there were: none has the number of another. */
let ownersGiven = 0;
/** The owner of what all share. */
const NOBODY = 0;
const EMPTY_LEAF: undefined[] = Array.from({ length: LEAF_WIDTH }, () => undefined);
