/** What can be changed in place, and changed back. */
interface Restorable {
  restore(slot: number, old: unknown, size: number): void;
  /** When all is restored. */
  trim(): void;
}

interface Entry {
  collection: Restorable | null;
  slot: number;
  /** What was there, undefined for nothing. */
  old: unknown;
  /** Of the whole collection, in bytes. */
  size: number;
}

/**
 * The changes of maps and sets that were made in place (`Collection`) and may have to be undone, in order. It is as
 * long as the changes of one step are many; its entries are used again, and hold nothing between two steps.
 */
export class UndoLog {
  readonly #entries: Entry[] = [];
  #count = 0;

  /** Called before the change. */
  add(collection: Restorable, slot: number, old: unknown, size: number): void {
    if (this.#count === this.#entries.length) {
      this.#entries.push({ collection: null, slot: 0, old: undefined, size: 0 });
    }
    const entry = this.#entries[this.#count++];
    entry.collection = collection;
    entry.slot = slot;
    entry.old = old;
    entry.size = size;
  }

  /** The changes stay. */
  clear(): void {
    while (this.#count > 0) this.#take();
    if (this.#entries.length > ENTRIES_KEPT_MAX) this.#entries.length = ENTRIES_KEPT_MAX;
  }

  /** Takes all changes back, the last first. */
  undo(): void {
    for (let i = this.#count - 1; i >= 0; i--) {
      const { collection, slot, old, size } = this.#entries[i];
      collection!.restore(slot, old, size);
    }
    for (let i = 0; i < this.#count; i++) this.#entries[i].collection!.trim();
    this.clear();
  }

  #take(): void {
    const entry = this.#entries[--this.#count];
    entry.collection = null;
    entry.old = undefined;
  }
}

/** Entries that are not made anew for each step. */
const ENTRIES_KEPT_MAX = 64;
