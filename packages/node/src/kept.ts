import { sizeOf, type Value } from '@smc/protocol';
import type { Origin, RequestKey } from './journal/entry.ts';

/** The first outcome of a request with a key. */
export type FirstOutcome =
  | { readonly kind: 'ok'; readonly origin: Origin; readonly value: Value }
  | { readonly kind: 'fault' | 'exhausted'; readonly message: string };

/**
 * What is known of a request with a key: nothing, its first outcome, that the key is of another request, or
 * that its reply is not kept any more: it was there, or may have been.
 */
export type Kept =
  | { readonly kind: 'new' }
  | { readonly kind: 'forgotten' }
  | { readonly kind: 'other' }
  | { readonly kind: 'known'; readonly outcome: FirstOutcome };

/** A request with its number: how many the machine had kept before it. */
export interface NumberedRequest {
  readonly number: number;
  readonly request: RequestKey;
  /** Null where the reply is not kept any more. */
  readonly outcome: FirstOutcome | null;
}

/** A session of which requests are not kept any more: ids up to the greatest of these may have been there. */
export interface ForgottenSession {
  /** 32 hex digits. */
  readonly session: string;
  readonly id: number;
}

/**
 * What is kept, what is missed least first, each with the part of the memory that is its own in any case: replies, without
 * which a request is refused when it comes again; keys, without which it is done again.
 */
const PARTS = { replies: 1 / 2, keys: 1 / 2 } as const;

export type KeptKind = keyof typeof PARTS;

const KINDS = Object.keys(PARTS) as KeptKind[];

/** Of each kind, about. */
export type KeptBytes = Readonly<Record<KeptKind, number>>;

/**
 * What the kept requests of all machines take in memory, and the limit for it. Where it is full, the first kind gives way that
 * has more than its part: the oldest of it go, of the machine that adds one, if it has as much as its share, and else of the
 * one that has the most.
 */
export class KeptMemory {
  readonly #bytesMax: number;
  readonly #members = new Set<KeptRequests>();
  readonly #bytes: Record<KeptKind, number> = { replies: 0, keys: 0 };

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Of all kinds. */
  get bytes(): number {
    return sumOf(this.#bytes);
  }

  join(member: KeptRequests): void {
    this.#members.add(member);
  }

  leave(member: KeptRequests): void {
    if (!this.#members.delete(member)) return;
    for (const kind of KINDS) this.#bytes[kind] -= member.bytes[kind];
  }

  /** More, or less, is kept. */
  add(kind: KeptKind, bytes: number): void {
    this.#bytes[kind] += bytes;
  }

  /** Has the oldest forgotten where there is too much, when a member has added one; that one stays in any case. */
  makeRoom(member: KeptRequests): void {
    for (let kind = this.#excess(); kind !== null; kind = this.#excess()) {
      const left = this.#bytesMax - this.bytes + this.#bytes[kind];
      const share = Math.max(left, 0) / this.#members.size;
      const greedy = member.bytes[kind] > share ? member : this.#largest(kind);
      do {
        if (greedy === member && !greedy.hasOlder(kind)) return;
        greedy.forgetOldest(kind);
      } while (this.#excess() === kind && greedy.bytes[kind] > share);
    }
  }

  /** What there is too much of. */
  #excess(): KeptKind | null {
    if (this.bytes <= this.#bytesMax) return null;
    return KINDS.find((kind) => this.#bytes[kind] > PARTS[kind] * this.#bytesMax) ?? 'keys';
  }

  #largest(kind: KeptKind): KeptRequests {
    let largest: KeptRequests | null = null;
    for (const member of this.#members) {
      if (member.bytes[kind] > (largest?.bytes[kind] ?? 0)) largest = member;
    }
    if (largest === null) throw new Error(`nobody keeps ${this.#bytes[kind]} bytes of ${kind}`);
    return largest;
  }
}

function sumOf({ replies, keys }: KeptBytes): number {
  return replies + keys;
}

/** What a kept request takes beside texts and reply, about. */
const OVERHEAD_BYTES = 128;

/** Requests of one segment. */
const SEGMENT_LENGTH = 1_024;

/** More than an image has operations: an origin is one number, `interface × ORIGIN_BASE + operation`. */
const ORIGIN_BASE = 65_536;
/** In place of an origin. */
const FAULT = -1;
const EXHAUSTED = -2;
const NO_REPLY = -3;

/** In place of the id of a request that is not of a session. */
const NO_ID = 0;

/** Sessions of which nothing is kept but how far they were. */
const SESSIONS_EMPTY_MAX = 65_536;

const NEW: Kept = { kind: 'new' };
const FORGOTTEN: Kept = { kind: 'forgotten' };
const OTHER: Kept = { kind: 'other' };

/**
 * The replies to requests with a key, so that each happens once. Bounded by number, and by the bytes of those of all
 * machines: the oldest go first, and the reply before the key.
 *
 * Requests are numbered in the order in which they were added, and stand in columns, in segments that
 * come and go whole: with an object for each of a million requests, the collector of garbage would do
 * more than the machines.
 *
 * Invariants: those with the numbers `[first, end)` are kept, and the indices have these alone, of those with one key
 * the newest; of these `[firstReplied, end)` have a reply; segments begin at multiples of their length, the first segment with that of `first`. What a checkpoint has yet to
 * go through stands where it is, also if it is forgotten meanwhile.
 */
export class KeptRequests {
  readonly #countMax: number;
  readonly #memory: KeptMemory;
  /** Numbers, by `Idempotency-Key`. */
  readonly #keys = new Map<string, number>();
  readonly #sessions = new Map<string, Session>();
  /** Those of which all is forgotten, the longest ago first: what they ask again must not pass for new. */
  readonly #emptySessions = new Map<string, Session>();
  #first = 0;
  #firstReplied = 0;
  #end = 0;
  /** Those before it were taken. */
  #taken = 0;
  readonly #bytes: Record<KeptKind, number> = { replies: 0, keys: 0 };
  readonly #segments: Segment[] = [];
  /** The number of the first request of the first segment. */
  #base = 0;
  /** Those that were taken last. */
  #taking: Taken | null = null;

  constructor(countMax: number, memory: KeptMemory) {
    this.#countMax = countMax;
    this.#memory = memory;
    memory.join(this);
  }

  /** About what they take in memory. */
  get bytes(): KeptBytes {
    return this.#bytes;
  }

  /** The numbers of those that are kept are `[first, end)`. */
  get first(): number {
    return this.#first;
  }

  get end(): number {
    return this.#end;
  }

  /** Of these the ones in `[firstReplied, end)` have a reply. */
  get firstReplied(): number {
    return this.#firstReplied;
  }

  /** Says what the number of the first is, where nothing was added yet. */
  startAt(number: number): void {
    if (this.#end !== 0) throw new Error(`${this.#end} requests were kept already`);
    this.#first = number;
    this.#firstReplied = number;
    this.#end = number;
    this.#taken = number;
    this.#base = number - (number % SEGMENT_LENGTH);
  }

  find(request: RequestKey): Kept {
    const number =
      'session' in request ? this.#numberOf(request.session, request.id) : this.#keys.get(request.key);
    if (number === undefined) return NEW;
    if (number < this.#first) return FORGOTTEN;
    const segment = this.#segmentOf(number);
    const at = number % SEGMENT_LENGTH;
    if (segment.digests[at] !== request.digest) return OTHER;
    const outcome = number < this.#firstReplied ? null : segment.outcome(at);
    return outcome === null ? FORGOTTEN : { kind: 'known', outcome };
  }

  /**
   * Keeps a request, in the place of one with the same key: the log has that where a node has written it that kept less,
   * and had forgotten the older one. Where it has no reply, none before it has.
   */
  add(request: RequestKey, outcome: FirstOutcome | null): void {
    const number = this.#end++;
    const at = number % SEGMENT_LENGTH;
    if (at === 0 || this.#segments.length === 0) this.#segments.push(new Segment());
    const segment = this.#segmentOf(number);
    if ('session' in request) {
      let session = this.#sessions.get(request.session);
      if (session === undefined) {
        session = this.#emptySessions.get(request.session) ?? new Session();
        this.#emptySessions.delete(request.session);
        this.#sessions.set(request.session, session);
      }
      session.add(request.id, number);
      segment.names[at] = request.session;
      segment.ids[at] = request.id;
    } else {
      this.#keys.set(request.key, number);
      segment.names[at] = request.key;
      segment.ids[at] = NO_ID;
    }
    segment.digests[at] = request.digest;
    segment.putOutcome(at, outcome);
    this.#count('keys', segment.keyBytesAt(at));
    this.#count('replies', segment.replyBytesAt(at));
    if (outcome === null) while (this.#firstReplied < this.#end) this.forgetOldest('replies');
    while (this.#end - this.#first > this.#countMax) this.forgetOldest('keys');
    this.#memory.makeRoom(this);
  }

  #count(kind: KeptKind, bytes: number): void {
    this.#bytes[kind] += bytes;
    this.#memory.add(kind, bytes);
  }

  /** Whether there is one beside the newest. */
  hasOlder(kind: KeptKind): boolean {
    return (kind === 'replies' ? this.#firstReplied : this.#first) < this.#end - 1;
  }

  /** There must be one. */
  forgetOldest(kind: KeptKind): void {
    if (kind === 'replies') return this.#forgetReply();
    if (this.#firstReplied === this.#first) this.#forgetReply();
    this.#forgetKey();
  }

  #forgetReply(): void {
    const number = this.#firstReplied++;
    const segment = this.#segmentOf(number);
    const at = number % SEGMENT_LENGTH;
    this.#count('replies', -segment.replyBytesAt(at));
    if (this.#taking?.isToCome(number) !== true) segment.clearReply(at);
  }

  #forgetKey(): void {
    const number = this.#first++;
    const segment = this.#segmentOf(number);
    const at = number % SEGMENT_LENGTH;
    const name = segment.names[at];
    const id = segment.ids[at];
    this.#count('keys', -segment.keyBytesAt(at));
    if (this.#taking?.isToCome(number) !== true) segment.clear(at);
    if (at === SEGMENT_LENGTH - 1) {
      this.#segments.shift();
      this.#base += SEGMENT_LENGTH;
    }
    if (id === NO_ID) {
      if (this.#keys.get(name) === number) this.#keys.delete(name);
      return;
    }
    const session = this.#sessions.get(name);
    if (session?.forget(id, number) !== 0) return;
    this.#sessions.delete(name);
    this.#emptySessions.set(name, session);
    if (this.#emptySessions.size <= SESSIONS_EMPTY_MAX) return;
    for (const oldest of this.#emptySessions.keys()) {
      this.#emptySessions.delete(oldest);
      return;
    }
  }

  /** How far sessions were of which something is forgotten, those of which all is last, the longest ago first. */
  forgotten(): ForgottenSession[] {
    const found: ForgottenSession[] = [];
    for (const sessions of [this.#sessions, this.#emptySessions]) {
      for (const [session, { forgotten: id }] of sessions) if (id > 0) found.push({ session, id });
    }
    return found;
  }

  /** The mirror of `forgotten`, once all that is kept was added. */
  forgetUpTo({ session: name, id }: ForgottenSession): void {
    let session = this.#sessions.get(name) ?? this.#emptySessions.get(name);
    if (session === undefined) this.#emptySessions.set(name, (session = new Session()));
    session.forgotten = Math.max(session.forgotten, id);
    session.last = Math.max(session.last, id);
  }

  /** From the oldest. Nothing may be added meanwhile. */
  *entries(): Generator<NumberedRequest> {
    for (let number = this.#first; number < this.#end; number++) {
      const entry = this.#segmentOf(number).entry(number);
      yield number < this.#firstReplied ? { ...entry, outcome: null } : entry;
    }
  }

  /**
   * Those that were added since they were taken last, from the oldest, as of now: whatever is added and forgotten while
   * they are gone through, which is once. What was taken before is not gone through any more.
   */
  takeNew(): Iterable<NumberedRequest> {
    this.#taking?.end();
    const start = Math.max(this.#taken, this.#first);
    this.#taken = this.#end;
    const base = start - (start % SEGMENT_LENGTH);
    const segments = this.#segments.slice((base - this.#base) / SEGMENT_LENGTH);
    this.#taking = new Taken(this, segments, start, this.#end);
    return this.#taking;
  }

  /** Of a request of a session; -1 for one that was perhaps forgotten. */
  #numberOf(name: string, id: number): number | undefined {
    const session = this.#sessions.get(name) ?? this.#emptySessions.get(name);
    // Most often: a session goes on with a greater id.
    if (session === undefined || id > session.last) return undefined;
    const number = session.find(id, (each) => this.#segmentOf(each).ids[each % SEGMENT_LENGTH]);
    return number ?? (id <= session.forgotten ? -1 : undefined);
  }

  #segmentOf(number: number): Segment {
    return this.#segments[Math.floor((number - this.#base) / SEGMENT_LENGTH)];
  }
}

/** Numbers of a session that were forgotten and lie there still. */
const FORGOTTEN_MAX = 1_024;

/**
 * The numbers of the requests of a session. Its ids ascend, but for those that were put off by a node and come
 * later: so the numbers lie in a list that is in the order of ids too, and only those few others in a map.
 */
class Session {
  /** The greatest id, and the greatest of those that were forgotten. */
  last = 0;
  forgotten = 0;
  #numbers: number[] = [];
  #start = 0;
  /** Numbers by id, of those that came after a greater id, or again. */
  readonly #late = new Map<number, number>();

  /** `idOf` gives the id of a number. */
  find(id: number, idOf: (number: number) => number): number | undefined {
    const late = this.#late.get(id);
    if (late !== undefined) return late;
    let low = this.#start;
    let high = this.#numbers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (idOf(this.#numbers[middle]) < id) low = middle + 1;
      else high = middle;
    }
    const number = this.#numbers[low];
    return number !== undefined && idOf(number) === id ? number : undefined;
  }

  /** The number must be greater than all before it. */
  add(id: number, number: number): void {
    if (id > this.last) {
      this.last = id;
      this.#numbers.push(number);
    } else {
      this.#late.set(id, number);
    }
  }

  /** Of its numbers the least. Gives how many are left. */
  forget(id: number, number: number): number {
    this.forgotten = Math.max(this.forgotten, id);
    if (this.#numbers[this.#start] === number) this.#start++;
    else if (this.#late.get(id) === number) this.#late.delete(id);
    if (this.#start > FORGOTTEN_MAX && this.#start > this.#numbers.length / 2) {
      this.#numbers = this.#numbers.slice(this.#start);
      this.#start = 0;
    }
    return this.#numbers.length - this.#start + this.#late.size;
  }
}

/** Requests that a checkpoint goes through: those to come stay where they are. */
class Taken implements Iterable<NumberedRequest> {
  readonly #kept: Pick<KeptRequests, 'first' | 'firstReplied'>;
  /** The first is that of the next request. */
  readonly #segments: Segment[];
  #next: number;
  readonly #end: number;

  /** Those with the numbers `[start, end)`. */
  constructor(
    kept: Pick<KeptRequests, 'first' | 'firstReplied'>,
    segments: Segment[],
    start: number,
    end: number,
  ) {
    this.#kept = kept;
    this.#segments = segments;
    this.#next = start;
    this.#end = end;
  }

  isToCome(number: number): boolean {
    return number >= this.#next && number < this.#end;
  }

  /** None of those is to come. */
  end(): void {
    while (this.#next < this.#end) this.#pass();
  }

  *[Symbol.iterator](): Generator<NumberedRequest> {
    while (this.#next < this.#end) {
      const entry = this.#segments[0].entry(this.#next);
      this.#pass();
      yield entry;
    }
  }

  #pass(): void {
    const number = this.#next++;
    const at = number % SEGMENT_LENGTH;
    if (number < this.#kept.firstReplied) this.#segments[0].clearReply(at);
    if (number < this.#kept.first) this.#segments[0].clear(at);
    if (at === SEGMENT_LENGTH - 1) this.#segments.shift();
  }
}

/** What is kept of requests, each at one place of every column. */
class Segment {
  /** The key, or the session. */
  readonly names: string[] = [];
  readonly ids = new Float64Array(SEGMENT_LENGTH);
  readonly digests: (string | number)[] = [];
  readonly #origins = new Float64Array(SEGMENT_LENGTH);
  /** The value of the reply, or the message of the failure. */
  readonly #results: Value[] = [];

  entry(number: number): NumberedRequest {
    const at = number % SEGMENT_LENGTH;
    const name = this.names[at];
    const digest = this.digests[at];
    const request =
      typeof digest === 'string' ? { key: name, digest } : { session: name, id: this.ids[at], digest };
    return { number, request, outcome: this.outcome(at) };
  }

  outcome(at: number): FirstOutcome | null {
    const origin = this.#origins[at];
    if (origin === NO_REPLY) return null;
    const result = this.#results[at];
    if (origin === FAULT || origin === EXHAUSTED) {
      return { kind: origin === FAULT ? 'fault' : 'exhausted', message: result as string };
    }
    const operation = origin % ORIGIN_BASE;
    return {
      kind: 'ok',
      origin: { interface: (origin - operation) / ORIGIN_BASE, operation },
      value: result,
    };
  }

  putOutcome(at: number, outcome: FirstOutcome | null): void {
    if (outcome === null) this.clearReply(at);
    else if (outcome.kind === 'ok') {
      this.#origins[at] = outcome.origin.interface * ORIGIN_BASE + outcome.origin.operation;
      this.#results[at] = outcome.value;
    } else {
      this.#origins[at] = outcome.kind === 'fault' ? FAULT : EXHAUSTED;
      this.#results[at] = outcome.message;
    }
  }

  clearReply(at: number): void {
    this.#origins[at] = NO_REPLY;
    this.#results[at] = null;
  }

  /** What is left beside the reply. */
  clear(at: number): void {
    this.names[at] = '';
    this.digests[at] = 0;
  }

  keyBytesAt(at: number): number {
    return OVERHEAD_BYTES + 2 * this.names[at].length;
  }

  replyBytesAt(at: number): number {
    return sizeOf(this.#results[at]);
  }
}
