import { Dictionary } from './dictionary.ts';
import { Iteration } from './iteration.ts';
import { Slots } from './slots.ts';

/**
 * One version of a map or set. A version never changes in meaning, and yet an insert is in place, as nearly
 * always only the newest version is used.
 *
 * Layout: all versions that were made of each other share a `Dictionary`, which gives each key its slot. A version
 * is either a *head*, with the values of the slots, or it is one difference away from a newer
 * version, in one slot, and that leads to a head (Baker, Shallow Binding Makes Functional Arrays Fast, 1991). A change of a head
 * makes a new head of the same values, and the old one a difference.
 *
 * - A version is at most `DIFFERENCES_MAX` from its head. To read one value of it is a walk over these.
 * - To change or go through a version that is no head makes it one: it gets a copy of the values, which shares all
 *   but what differs (`Slots`). So nobody is slowed down by changing two versions in turn.
 * - A head that `DIFFERENCES_MAX` lead to is not changed in place: the new version gets a copy likewise.
 *   So old versions hold on to few newer ones.
 * - Where the dictionary has many keys that a version has not, what changes or goes through the version uses its
 *   *twin*: a version with the same entries and a dictionary of its own. It is kept, so that it is made once.
 *   So keys that came and went take no more memory than those that are there.
 * - An empty version is never changed: what is made of it shares nothing with it.
 *
 * None of this shows, but in time: an iteration is in the order of the keys, whatever the slots are.
 */
export abstract class Collection<K, V> {
  #dictionary: Dictionary<K>;
  /** Of a head, else null. */
  #slots: Slots<V> | null;
  /** The newer version that this one differs from. Of a head, its twin, if it was made. */
  #next: this | null = null;
  /** Where it differs, and the value there. */
  #slot = 0;
  #old: V | undefined;
  /** At least the length of the longest way by which versions lead to this one, twins among them. */
  #depth = 0;
  #length: number;
  #size: number;

  protected constructor(dictionary: Dictionary<K>, slots: Slots<V>, length: number, size: number) {
    this.#dictionary = dictionary;
    this.#slots = slots;
    this.#old = undefined;
    this.#length = length;
    this.#size = size;
  }

  /** A new head of the same class. */
  protected abstract make(dictionary: Dictionary<K>, slots: Slots<V>, length: number, size: number): this;

  /** The number of entries. */
  get length(): number {
    return this.#length;
  }

  /** In bytes, as `sizeOf` counts. */
  get size(): number {
    return this.#size;
  }

  /** The order of the keys. */
  get compare(): (a: K, b: K) => number {
    return this.#dictionary.compare;
  }

  /** What slots are of: versions with the same one have the same slot for a key. */
  get slotSpace(): object {
    return this.#dictionary;
  }

  /** The slot of a key, for `at` and `withAt` of versions with the same `slotSpace`; −1 if none of them has it. */
  slotOf(key: K): number {
    return this.#dictionary.find(key);
  }

  /** What this version has at a slot; undefined where it has no such key, and for −1. */
  at(slot: number): V | undefined {
    return this.#slots === null ? this.#past(slot) : this.#slots.get(slot);
  }

  has(key: K): boolean {
    return this.at(this.#dictionary.find(key)) !== undefined;
  }

  /**
   * Takes over what `newer` is, which was made of this version by some changes, and gives back the object
   * to go on with: this one, or `newer` where older versions still lead here. In a long row of changes the
   * object that lives long stays the same, and the others die young; the host's collector would
   * otherwise keep dead versions for long.
   *
   * The caller is the only holder of both, and holds none of the versions between: they are gone.
   */
  adopt(newer: this): this {
    if (this.#depth !== 0 || newer.#slots === null || newer === this) return newer;
    this.#dictionary = newer.#dictionary;
    this.#slots = newer.#slots;
    this.#next = newer.#next;
    this.#old = undefined;
    this.#length = newer.#length;
    this.#size = newer.#size;
    newer.#slots = null;
    newer.#next = null;
    return this;
  }

  /** Puts a value in the place of another one, in this very object; false where older versions may lead here. */
  protected overwrite(slot: number, value: V, size: number): boolean {
    if (this.#depth !== 0 || this.#slots === null) return false;
    this.#slots.set(slot, value);
    this.#next = null;
    this.#size = size;
    return true;
  }

  /**
   * Makes this version a head again by taking back, in place, what was changed since it was one. The caller knows
   * that it was a head (`isHead`) at some time since which all that was made of it is gone.
   */
  revert(): void {
    if (this.#slots !== null) return;
    const path = this.#path();
    const head = path.pop()!;
    this.#become(head.#slots!, path);
    head.#slots = null;
    head.#next = null;
  }

  /** Whether it is read without a walk, and changed in place. */
  get isHead(): boolean {
    return this.#slots !== null;
  }

  /** This version with a value at the slot of the key, −1 if it has none; `old` is the value that is there now. */
  protected put(slot: number, key: K, value: V, old: V | undefined, size: number): this {
    if (this.#length === 0) return this.#first(key, value, size);
    const length = old === undefined ? this.#length + 1 : this.#length;
    const base = this.#twinIfSparse();
    const known = base === this ? slot : base.#dictionary.find(key);
    const own = known < 0 ? base.#dictionary.add(key, size - this.#size) : known;
    return base.#changed(own, value, old, length, size);
  }

  /** This version without `old`, which it has at the slot. */
  protected drop(slot: number, old: V, size: number): this {
    if (this.#length === 1) {
      return this.make(new Dictionary(this.#dictionary.compare), new Slots(), 0, size);
    }
    const base = this.#twinIfSparse();
    const own = base === this ? slot : base.#dictionary.find(this.#dictionary.keys[slot]);
    return base.#changed(own, undefined, old, this.#length - 1, size);
  }

  /** What is made of each entry, ascending, of the entries of now, whatever is changed while they are gone through. */
  protected each<T>(make: (key: K, value: V) => T): IterableIterator<T> {
    const base = this.#twinIfSparse();
    base.#focus();
    return new Iteration(base.#dictionary, base.#slots!.fork(), make);
  }

  #first(key: K, value: V, size: number): this {
    const dictionary = new Dictionary<K>(this.#dictionary.compare);
    const slots = new Slots<V>();
    slots.set(dictionary.add(key, size - this.#size), value);
    return this.make(dictionary, slots, 1, size);
  }

  #changed(slot: number, value: V | undefined, old: V | undefined, length: number, size: number): this {
    this.#focus();
    const isFull = this.#depth >= DIFFERENCES_MAX;
    const slots = isFull ? this.#slots!.fork() : this.#slots!;
    const made = this.make(this.#dictionary, slots, length, size);
    if (!isFull) {
      this.#slots = null;
      this.#next = made;
      this.#slot = slot;
      this.#old = old;
      made.#depth = this.#depth + 1;
    }
    slots.set(slot, value);
    return made;
  }

  /** Makes this version a head. */
  #focus(): void {
    if (this.#slots !== null) return;
    const path = this.#path();
    const head = path.pop()!;
    this.#become(head.#slots!.fork(), path);
  }

  /** From this version to its head. */
  #path(): this[] {
    const path: this[] = [this];
    for (let i = 0; path[i].#slots === null; i++) path.push(path[i].#newer());
    return path;
  }

  /** A head with these values, in which the differences of this version and of those behind it are undone. */
  #become(slots: Slots<V>, differences: readonly this[]): void {
    for (let i = differences.length - 1; i >= 0; i--) slots.set(differences[i].#slot, differences[i].#old);
    this.#slots = slots;
    this.#next = null;
    this.#old = undefined;
  }

  #past(slot: number): V | undefined {
    const newer = this.#newer();
    return this.#slot === slot ? this.#old : newer.at(slot);
  }

  #newer(): this {
    if (this.#next === null) throw new Error('a version is used that was adopted or reverted');
    return this.#next;
  }

  /** Whether a new dictionary is due, as most of what is in it belongs to other versions. */
  get #isSparse(): boolean {
    const { count, bytes } = this.#dictionary;
    return count > 4 * this.#length + SPARE_KEYS || bytes > 4 * this.#size + SPARE_BYTES;
  }

  #twinIfSparse(): this {
    if (!this.#isSparse || this.#length === 0) return this;
    this.#focus();
    if (this.#next === null || this.#next.#isSparse) this.#next = this.#copy();
    return this.#next;
  }

  #copy(): this {
    const [dictionary, slots] = [new Dictionary<K>(this.#dictionary.compare), new Slots<V>()];
    const { keys } = this.#dictionary;
    // The bytes of all together count as those of one.
    let bytes = this.#size;
    this.#slots!.forEach((value, slot) => {
      slots.set(dictionary.add(keys[slot], bytes), value);
      bytes = 0;
    });
    const copy = this.make(dictionary, slots, this.#length, this.#size);
    copy.#depth = this.#depth + 1;
    return copy;
  }
}

/** What a dictionary may have beside four times what a version has. */
const SPARE_KEYS = 64;
const SPARE_BYTES = 64 * 1024;

/** At most so many differences lie between a version and its head. */
const DIFFERENCES_MAX = 64;
