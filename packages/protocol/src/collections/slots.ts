/**
 * Values by slot, `undefined` where there is none: a vector of three levels, whose copies share what
 * they do not change. Writes are in place where the leaf belongs to this copy alone.
 *
 * Layout: a root of blocks, of 32 leaves each, of 32 values each. Every slot below `extent` has a place.
 *
 * Invariant: what has an owner that is not the owner of a vector is never written through it. To fork takes
 * all that a vector has away from it, since no number is given out twice.
 */
export class Slots<V> {
  #root: Block<V>[];
  /** The owner of the root. */
  #rootOwner: number;
  /** What carries this number is reached from here alone. */
  #owner: number;
  #extent: number;

  /** Without a value. */
  constructor() {
    this.#root = [];
    this.#owner = ++ownersGiven;
    this.#rootOwner = this.#owner;
    this.#extent = 0;
  }

  /** The value of a slot; undefined also for −1. */
  get(slot: number): V | undefined {
    if (slot >>> 0 >= this.#extent) return undefined;
    return this.#root[slot >>> BLOCK_BITS].leaves[(slot >>> LEAF_BITS) & MASK].values[slot & MASK];
  }

  /** Changes this vector in place, and none that it was forked from or to. */
  set(slot: number, value: V | undefined): void {
    if (slot >= this.#extent) this.#extend(slot);
    let leaf = this.#root[slot >>> BLOCK_BITS].leaves[(slot >>> LEAF_BITS) & MASK];
    if (leaf.owner !== this.#owner) leaf = this.#ownLeaf(slot);
    leaf.values[slot & MASK] = value;
  }

  /** A vector with the same values: what is written to one of the two is not seen in the other. */
  fork(): Slots<V> {
    const copy = new Slots<V>();
    copy.#root = this.#root;
    copy.#rootOwner = NOBODY;
    copy.#extent = this.#extent;
    this.#owner = ++ownersGiven;
    return copy;
  }

  /** Calls `visit` for each value, by ascending slot. What has no value at all is skipped as a whole. */
  forEach(visit: (value: V, slot: number) => void): void {
    let start = 0;
    for (const block of this.#root) {
      if (block !== EMPTY_BLOCK) {
        for (const [i, leaf] of block.leaves.entries()) {
          if (leaf === EMPTY_LEAF) continue;
          for (const [j, value] of leaf.values.entries()) {
            if (value !== undefined) visit(value, start + i * WIDTH + j);
          }
        }
      }
      start += BLOCK_WIDTH;
    }
  }

  #ownRoot(): Block<V>[] {
    if (this.#rootOwner !== this.#owner) {
      this.#root = this.#root.slice();
      this.#rootOwner = this.#owner;
    }
    return this.#root;
  }

  #ownBlock(index: number): Block<V> {
    const root = this.#ownRoot();
    if (root[index].owner !== this.#owner) root[index] = new Block(this.#owner, root[index].leaves.slice());
    return root[index];
  }

  #ownLeaf(slot: number): Leaf<V> {
    const { leaves } = this.#ownBlock(slot >>> BLOCK_BITS);
    const index = (slot >>> LEAF_BITS) & MASK;
    const leaf = leaves[index];
    if (leaf.owner === this.#owner) return leaf;
    return (leaves[index] = new Leaf(this.#owner, leaf.values.slice()));
  }

  /** Makes places up to this slot. */
  #extend(slot: number): void {
    const root = this.#ownRoot();
    if (this.#extent < WIDTH) {
      // The only leaf of a small collection is as long as it needs, to the next power of two.
      const length = Math.min(WIDTH, Math.max(4, 2 ** (32 - Math.clz32(slot))));
      const values = this.#extent === 0 ? [] : root[0].leaves[0].values.slice();
      while (values.length < length) values.push(undefined);
      root[0] = new Block(this.#owner, [new Leaf(this.#owner, values)]);
      this.#extent = length;
    }
    while (this.#extent <= slot) {
      if ((this.#extent & BLOCK_MASK) !== 0) {
        this.#ownBlock(root.length - 1).leaves.push(EMPTY_LEAF);
        this.#extent += WIDTH;
      } else if (slot - this.#extent >= BLOCK_WIDTH) {
        root.push(EMPTY_BLOCK);
        this.#extent += BLOCK_WIDTH;
      } else {
        root.push(new Block<V>(this.#owner, [EMPTY_LEAF]));
        this.#extent += WIDTH;
      }
    }
  }
}

class Block<V> {
  readonly owner: number;
  readonly leaves: Leaf<V>[];

  constructor(owner: number, leaves: Leaf<V>[]) {
    this.owner = owner;
    this.leaves = leaves;
  }
}

class Leaf<V> {
  readonly owner: number;
  readonly values: (V | undefined)[];

  constructor(owner: number, values: (V | undefined)[]) {
    this.owner = owner;
    this.values = values;
  }
}

const LEAF_BITS = 5;
const BLOCK_BITS = 2 * LEAF_BITS;
const WIDTH = 1 << LEAF_BITS;
const MASK = WIDTH - 1;
const BLOCK_WIDTH = 1 << BLOCK_BITS;
const BLOCK_MASK = BLOCK_WIDTH - 1;

/** How many owners there were: none has the number of another. */
let ownersGiven = 0;
/** The owner of what all share. */
const NOBODY = 0;
const EMPTY_LEAF = new Leaf<never>(
  NOBODY,
  Array.from({ length: WIDTH }, () => undefined),
);
const EMPTY_BLOCK = new Block<never>(
  NOBODY,
  Array.from({ length: WIDTH }, () => EMPTY_LEAF),
);
