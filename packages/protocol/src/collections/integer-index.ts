/**
 * The slots of integer keys: an open-addressing table, at most half full, probed at triangular distances.
 *
 * The host's Map hashes integers without a secret, and nor is there one here: this package has no
 * source of chance. So that chosen keys make nothing slow, a search looks at `PROBES_MAX` places at most.
 * Where a new key has no place among these, the index is told to be full, and what it serves goes on with another.
 * Of keys that nobody chose for it that happens to one in 2^60.
 */
export class IntegerIndex {
  /** The keys by slot: those of the dictionary. */
  readonly #keys: readonly unknown[];
  /** The slot plus one, 0 where there is none. */
  #places = new Int32Array(32);
  #count = 0;

  constructor(keys: readonly unknown[]) {
    this.#keys = keys;
  }

  /** The slot of a key, or −1. */
  find(key: number): number {
    const places = this.#places;
    const mask = places.length - 1;
    let at = hash(key) & mask;
    for (let step = 1; step <= PROBES_MAX; step++) {
      const slot = places[at] - 1;
      if (slot < 0 || this.#keys[slot] === key) return slot;
      at = (at + step) & mask;
    }
    return -1;
  }

  /** Enters a key that is not in it; false where it has no place. */
  add(key: number, slot: number): boolean {
    if (2 * ++this.#count > this.#places.length && !this.#grow()) return false;
    return this.#enter(key, slot);
  }

  #grow(): boolean {
    const entered = this.#places;
    this.#places = new Int32Array(2 * entered.length);
    return entered.every((place) => place === 0 || this.#enter(this.#keys[place - 1] as number, place - 1));
  }

  #enter(key: number, slot: number): boolean {
    const places = this.#places;
    const mask = places.length - 1;
    let at = hash(key) & mask;
    for (let step = 1; step <= PROBES_MAX; step++) {
      if (places[at] === 0) {
        places[at] = slot + 1;
        return true;
      }
      at = (at + step) & mask;
    }
    return false;
  }
}

const PROBES_MAX = 64;

/** 32 bits of a safe integer, mixed as MurmurHash3 does at its end. */
function hash(key: number): number {
  let mixed = key | 0;
  // What is above 32 bits, or negative.
  if (mixed !== key) mixed ^= Math.imul(Math.floor(key / 0x1_0000_0000), 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
