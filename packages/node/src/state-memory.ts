import type { StateRows } from './state-rows.ts';

/** What gives way when memory is short: the states of one keyed machine. */
export interface Evictable {
  /** Goes on by one state, which is let go if it is clean and was not used; false behind the last. */
  evictNext(): boolean;
}

/** How many states are looked at for each that comes: so no step takes long, and more go than come. */
const LOOKS = 16;

/** A part of the limit: with so much that is in no checkpoint the next is begun. */
const CROWDED = 1 / 4;

/**
 * What the states of all keyed machines take in memory (`sizeOf`, with what there is around each), and the limit for
 * it. *Dirty* is what the newest complete checkpoint does not have: it stays until the next has it. All else can
 * leave, the longest unused about first. It decides what is in memory, and never what a step gives.
 */
export class StateMemory {
  readonly bytesMax: number;
  /** What takes memory beside these, and can not leave: rows of a journal in memory. */
  readonly #others: Pick<StateRows, 'memoryBytes'>;
  readonly #members: Evictable[] = [];
  #next = 0;
  /** Members of which there are states of an older version: each is migrated when it is used, until all are written anew. */
  outdated = 0;
  /** Whether a state was refused, since the last checkpoint began, that there is room for after one. */
  isShort = false;
  #bytes = 0;
  #dirtyBytes = 0;

  constructor(bytesMax: number, others: Pick<StateRows, 'memoryBytes'>) {
    this.bytesMax = bytesMax;
    this.#others = others;
  }

  /** All of them, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  get dirtyBytes(): number {
    return this.#dirtyBytes;
  }

  /** Whether so much is in no checkpoint that the next one is due. */
  get isCrowded(): boolean {
    return this.isShort || this.#dirtyBytes > this.bytesMax * CROWDED;
  }

  join(member: Evictable): void {
    this.#members.push(member);
  }

  leave(member: Evictable): void {
    const at = this.#members.indexOf(member);
    if (at >= 0) this.#members.splice(at, 1);
  }

  /**
   * Whether so many bytes more of what is in no checkpoint are within the limit: now, after one, which is due then, or
   * never.
   */
  roomFor(bytes: number): 'now' | 'later' | 'never' {
    const others = this.#others.memoryBytes();
    if (bytes <= 0 || this.#dirtyBytes + others + bytes <= this.bytesMax) return 'now';
    if (others + bytes > this.bytesMax) return 'never';
    this.isShort = true;
    return 'later';
  }

  /** More, or less, is held, and of that is dirty. */
  add(bytes: number, dirtyBytes: number): void {
    this.#bytes += bytes;
    this.#dirtyBytes += dirtyBytes;
  }

  /** Has some of what is clean leave, where there is too much; to be called before more comes. */
  makeRoom(): void {
    let turns = 0;
    for (let looks = 0; looks < LOOKS && turns <= this.#members.length; looks++) {
      if (this.#bytes + this.#others.memoryBytes() <= this.bytesMax) return;
      if (this.#members[this.#next]?.evictNext() === true) continue;
      this.#next = this.#next + 1 < this.#members.length ? this.#next + 1 : 0;
      turns++;
    }
  }
}
