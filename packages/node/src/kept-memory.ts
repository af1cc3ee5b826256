/**
 * What is kept, what is missed least first: replies, without which a request is refused when it comes again; how far sessions
 * were of which nothing else is kept, without which an id of one passes for a new one; keys, without which a request is done again.
 */
export const KEPT = { replies: 0, sessions: 1, keys: 2 } as const;

export type KeptKind = (typeof KEPT)[keyof typeof KEPT];

/** The part of the memory that is that of a kind in any case. */
const PARTS = [1 / 4, 1 / 16, 11 / 16] as const;

/** Bytes of each kind: places of an array, as they change several times with each request. */
export class KeptBytes {
  readonly #bytes = new Float64Array(PARTS.length);

  of(kind: KeptKind): number {
    return this.#bytes[kind];
  }

  get sum(): number {
    return this.#bytes[KEPT.replies] + this.#bytes[KEPT.sessions] + this.#bytes[KEPT.keys];
  }

  add(kind: KeptKind, bytes: number): void {
    this.#bytes[kind] += bytes;
  }
}

/** The kept requests of a machine. */
export interface KeptMember {
  /** About what those of a kind take in memory. */
  bytesOf(kind: KeptKind): number;
  /** Whether there is one of a kind beside what the newest request needs. */
  hasOlder(kind: KeptKind): boolean;
  /** The oldest of a kind, or some; there must be one. */
  forgetOldest(kind: KeptKind): void;
}

/**
 * What the kept requests of all machines take in memory, and the limit for it. Where it is full, the first kind gives way that
 * has more than its part: the oldest of it go, of the machine that adds one, if it has as much as its share, and else of the
 * one that has the most.
 */
export class KeptMemory {
  readonly #bytesMax: number;
  readonly #members = new Set<KeptMember>();
  readonly #bytes = new KeptBytes();

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Of all kinds. */
  get bytes(): number {
    return this.#bytes.sum;
  }

  join(member: KeptMember): void {
    this.#members.add(member);
  }

  leave(member: KeptMember): void {
    if (!this.#members.delete(member)) return;
    for (const kind of Object.values(KEPT)) this.#bytes.add(kind, -member.bytesOf(kind));
  }

  /** More, or less, is kept. */
  add(kind: KeptKind, bytes: number): void {
    this.#bytes.add(kind, bytes);
  }

  /** Has the oldest forgotten where there is too much, when a member has added one; that one stays in any case. */
  makeRoom(member: KeptMember): void {
    for (let kind = this.#excess(); kind !== null; kind = this.#excess()) {
      const left = this.#bytesMax - this.bytes + this.#bytes.of(kind);
      const share = Math.max(left, 0) / this.#members.size;
      const greedy = member.bytesOf(kind) > share ? member : this.#largest(kind);
      do {
        if (greedy === member && !greedy.hasOlder(kind)) return;
        greedy.forgetOldest(kind);
      } while (this.#excess() === kind && greedy.bytesOf(kind) > share);
    }
  }

  /** What there is too much of. */
  #excess(): KeptKind | null {
    if (this.bytes <= this.#bytesMax) return null;
    if (this.#isMore(KEPT.replies)) return KEPT.replies;
    return this.#isMore(KEPT.sessions) ? KEPT.sessions : KEPT.keys;
  }

  /** Than its part. */
  #isMore(kind: KeptKind): boolean {
    return this.#bytes.of(kind) > PARTS[kind] * this.#bytesMax;
  }

  #largest(kind: KeptKind): KeptMember {
    let largest: KeptMember | null = null;
    for (const member of this.#members) {
      if (member.bytesOf(kind) > (largest?.bytesOf(kind) ?? 0)) largest = member;
    }
    if (largest === null) throw new Error(`nobody keeps ${this.#bytes.of(kind)} bytes`);
    return largest;
  }
}
