import { Dictionary } from './dictionary.ts';
import { Iteration } from './iteration.ts';
import { Slots } from './slots.ts';
import type { UndoLog } from './undo-log.ts';

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
 * - What one change makes many times as large or as small shares nothing with what it was.
 * - Where the dictionary has many keys that a version has not, or will not have, what changes or goes through the version
 *   uses its *twin*: a version with the same entries and a dictionary of its own. It is kept, so that it is made once,
 *   and what is made of it is a copy. Changes that are undone leave no such dictionary.
 *   So keys that came and went take no more memory than those that are there.
 * - An empty version is never changed: what is made of it shares nothing with it.
 * - A version that is *owned* has one holder, who says of a change whether it is used afterwards. If not, and where no
 *   version leads to it, its object becomes the new version: nothing is made, and an `UndoLog` knows the way back.
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
  /** At least the length of the longest way by which versions lead to this one; of a twin, `DIFFERENCES_MAX`. */
  #depth = 0;
  /** Whether one holder has said that it is the only one. */
  #isOwned = false;
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

  /** The slot of a key, for `at` and changes of this version; −1 if none that shares its dictionary has it. */
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

  /** Says that others may hold this version from now on: it stays what it is. */
  share(): void {
    this.#isOwned = false;
  }

  /** Gives a slot back what it had before a change in place, which was the last that was not undone. */
  restore(slot: number, old: V | undefined, size: number): void {
    this.#focus();
    const now = this.#slots!.get(slot);
    const length = this.#length + (old === undefined ? 0 : 1) - (now === undefined ? 0 : 1);
    this.#write(slot, old, length, size);
  }

  /** Lets go of the keys that came with changes in place, now that all are undone. No version leads to this one. */
  trim(): void {
    if (this.#isAtHome) return;
    const { dictionary, slots } = this.#entriesBut(-1, this.#size);
    this.#dictionary = dictionary;
    this.#slots = slots;
    this.#next = null;
  }

  /**
   * This version with a value at the slot of the key (`slotOf`), or without one; `old` is the value that is there
   * now, and one of the two is there. With a log this version is not used afterwards: where it is owned its object
   * becomes the new one, which the log can undo. And what comes out is owned by the caller, until it is shared.
   */
  protected change(
    slot: number,
    key: K,
    value: V | undefined,
    old: V | undefined,
    size: number,
    log: UndoLog | null,
  ): this {
    const length = this.#length + (value === undefined ? 0 : 1) - (old === undefined ? 0 : 1);
    if (log === null) return this.#made(slot, key, value, old, length, size, false);
    if (!this.#isChangeable(slot, length, size)) {
      const made = this.#made(slot, key, value, old, length, size, true);
      made.#isOwned = true;
      return made;
    }
    const own = slot < 0 ? this.#dictionary.add(key, size - this.#size) : slot;
    log.add(this, own, old, this.#size);
    this.#write(own, value, length, size);
    return this;
  }

  /** What is made of each entry, ascending, of the entries of now, whatever is changed while they are gone through. */
  protected each<T>(make: (key: K, value: V) => T): IterableIterator<T> {
    const base = this.#isAtHome ? this : this.#twin(0, this.#length, this.#size);
    base.#focus();
    return new Iteration(base.#dictionary, base.#slots!.fork(), make);
  }

  /** Whether this object can become a version with so many entries. */
  #isChangeable(slot: number, length: number, size: number): boolean {
    if (!this.#isOwned || this.#depth !== 0 || this.#slots === null) return false;
    if (length === this.#length) return true;
    return length !== 0 && this.#length !== 0 && this.#canShare(slot, length, size);
  }

  #write(slot: number, value: V | undefined, length: number, size: number): void {
    this.#slots!.set(slot, value);
    this.#next = null;
    this.#length = length;
    this.#size = size;
  }

  /** A new object for a changed version. `isLast` says that this one is not changed any more. */
  #made(
    slot: number,
    key: K,
    value: V | undefined,
    old: V | undefined,
    length: number,
    size: number,
    isLast: boolean,
  ): this {
    if (length === 0) return this.make(new Dictionary(this.#dictionary.compare), new Slots(), 0, size);
    if (this.#length === 0) return this.#first(key, value!, size);
    if (Math.max(size, this.#size) > bytesMax(Math.min(size, this.#size))) {
      return this.#apart(slot, key, value, length, size);
    }
    const base = this.#canShare(slot, length, size) ? this : this.#twin(slot, length, size);
    const known = base === this ? slot : base.#dictionary.find(key);
    const own = known < 0 ? base.#dictionary.add(key, size - this.#size) : known;
    return base.#changed(own, value, old, length, size, isLast);
  }

  #first(key: K, value: V, size: number): this {
    const dictionary = new Dictionary<K>(this.#dictionary.compare);
    const slots = new Slots<V>();
    slots.set(dictionary.add(key, size - this.#size), value);
    return this.make(dictionary, slots, 1, size);
  }

  #changed(
    slot: number,
    value: V | undefined,
    old: V | undefined,
    length: number,
    size: number,
    isLast: boolean,
  ): this {
    this.#focus();
    // No version leads to a copy. A small one is had for little, and can be changed in place from then on.
    const isCopied = this.#depth >= DIFFERENCES_MAX || (isLast && this.#slots!.isSmall);
    const slots = isCopied ? this.#slots!.fork() : this.#slots!;
    const made = this.make(this.#dictionary, slots, length, size);
    if (!isCopied) {
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
    const slots = head.#slots!.fork();
    for (let i = path.length - 1; i >= 0; i--) slots.set(path[i].#slot, path[i].#old);
    this.#slots = slots;
    this.#next = null;
    this.#old = undefined;
  }

  /** From this version to its head. */
  #path(): this[] {
    const path: this[] = [this];
    for (let i = 0; path[i].#slots === null; i++) path.push(path[i].#next!);
    return path;
  }

  #past(slot: number): V | undefined {
    return this.#slot === slot ? this.#old : this.#next!.at(slot);
  }

  /** Whether this version can share its dictionary, with the key of the slot, with one of this length and size. */
  #canShare(slot: number, length: number, size: number): boolean {
    const { count, bytes } = this.#dictionary;
    const added = slot < 0 ? size - this.#size : 0;
    return (
      count <= keysMax(Math.min(length, this.#length)) &&
      bytes + added <= bytesMax(Math.min(size, this.#size))
    );
  }

  /** Whether the dictionary has few keys that this version has not. */
  get #isAtHome(): boolean {
    return this.#length === 0 || this.#canShare(0, this.#length, this.#size);
  }

  /** A twin that can share its dictionary with such a version. */
  #twin(slot: number, length: number, size: number): this {
    this.#focus();
    if (this.#next === null || !this.#next.#canShare(slot, length, size)) {
      const { dictionary, slots } = this.#entriesBut(-1, this.#size);
      this.#next = this.make(dictionary, slots, this.#length, this.#size);
      this.#next.#depth = DIFFERENCES_MAX;
    }
    return this.#next;
  }

  /** A changed version that shares nothing with this one. */
  #apart(slot: number, key: K, value: V | undefined, length: number, size: number): this {
    this.#focus();
    const { dictionary, slots } = this.#entriesBut(slot, size);
    if (value !== undefined) slots.set(dictionary.add(key, 0), value);
    return this.make(dictionary, slots, length, size);
  }

  /** The entries of this head but that of one slot, in a dictionary of their own with so many bytes. */
  #entriesBut(except: number, bytes: number): { dictionary: Dictionary<K>; slots: Slots<V> } {
    const [dictionary, slots] = [new Dictionary<K>(this.#dictionary.compare, bytes), new Slots<V>()];
    const { keys } = this.#dictionary;
    this.#slots!.forEach((value, slot) => {
      if (slot !== except) slots.set(dictionary.add(keys[slot], 0), value);
    });
    return { dictionary, slots };
  }
}

/** What a dictionary may have, for a version of this length, and of this size. */
const keysMax = (length: number): number => 4 * length + 64;
const bytesMax = (size: number): number => 4 * size + 64 * 1024;

/** At most so many differences lie between a version and its head. */
const DIFFERENCES_MAX = 64;
