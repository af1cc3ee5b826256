import { sizeOf, type Value } from '@smc/protocol';
import type { Origin, RequestKey } from './journal/entry.ts';
import { KEPT, KeptBytes, type KeptKind, type KeptMember, type KeptMemory } from './kept-memory.ts';

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
 * What things take in memory, about, beside replies: a request its places in columns; one with a key of its own a place in a
 * map, key and digest; a session with its name such a place and its numbers, and for each of these that came late, which
 * may be alone in a map; one of which all is forgotten its name and a place.
 */
const BYTES = { request: 64, key: 160, session: 256, late: 192, empty: 64 } as const;

/** Of the sessions of which all is forgotten one in so many is forgotten itself at once. */
const EMPTY_PARTS = 256;

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
 * the newest; of these `[firstReplied, end)` have a reply; segments begin at multiples of their length, the first segment
 * with that of `first`. A session is in one of `sessions` and `emptySessions`. What a checkpoint has yet to go through
 * stands where it is, also if it is forgotten meanwhile.
 */
export class KeptRequests implements KeptMember {
  readonly #countMax: number;
  readonly #memory: KeptMemory;
  /** Numbers, by `Idempotency-Key`. */
  readonly #keys = new Map<string, number>();
  readonly #sessions = new Map<string, Session>();
  /** Of these those of which something is forgotten. */
  readonly #wornSessions = new Map<string, Session>();
  /** How far those were of which all is forgotten, the longest ago first: what they ask again must not pass for new. */
  readonly #emptySessions = new Map<string, number>();
  /** How far those were of the empty ones that came back while all are gone through. */
  #revivedSessions: Map<string, number> | null = null;
  #first = 0;
  #firstReplied = 0;
  #end = 0;
  /** Those before it were taken. */
  #taken = 0;
  readonly #bytes = new KeptBytes();
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

  bytesOf(kind: KeptKind): number {
    return this.#bytes.of(kind);
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
      const session = this.#sessions.get(request.session) ?? this.#newSession(request.session);
      const before = session.bytes;
      session.add(request.id, number);
      this.#count(KEPT.keys, session.bytes - before);
      segment.names[at] = session.name;
      segment.ids[at] = request.id;
    } else {
      this.#keys.set(request.key, number);
      segment.names[at] = request.key;
      segment.ids[at] = NO_ID;
    }
    segment.digests[at] = request.digest;
    segment.putOutcome(at, outcome);
    this.#count(KEPT.keys, segment.keyBytesAt(at));
    this.#count(KEPT.replies, segment.replyBytesAt(at));
    if (outcome === null) while (this.#firstReplied < this.#end) this.forgetOldest(KEPT.replies);
    while (this.#end - this.#first > this.#countMax) this.forgetOldest(KEPT.keys);
    this.#memory.makeRoom(this);
  }

  #newSession(name: string): Session {
    const forgotten = this.#emptySessions.get(name);
    const session = new Session(name, forgotten);
    this.#sessions.set(name, session);
    this.#count(KEPT.keys, session.bytes);
    if (forgotten === undefined) return session;
    this.#wornSessions.set(name, session);
    this.#revivedSessions?.set(name, forgotten);
    this.#forgetEmpty(name);
    return session;
  }

  #count(kind: KeptKind, bytes: number): void {
    this.#bytes.add(kind, bytes);
    this.#memory.add(kind, bytes);
  }

  hasOlder(kind: KeptKind): boolean {
    switch (kind) {
      case KEPT.replies:
        return this.#firstReplied < this.#end - 1;
      case KEPT.sessions:
        return this.#emptySessions.size > 0;
      case KEPT.keys:
        return this.#first < this.#end - 1;
    }
  }

  forgetOldest(kind: KeptKind): void {
    switch (kind) {
      case KEPT.replies:
        return this.#forgetReply();
      case KEPT.sessions:
        return this.#forgetEmptySessions();
      case KEPT.keys:
        if (this.#firstReplied === this.#first) this.#forgetReply();
        return this.#forgetKey();
    }
  }

  #forgetReply(): void {
    const number = this.#firstReplied++;
    const segment = this.#segmentOf(number);
    const at = number % SEGMENT_LENGTH;
    this.#count(KEPT.replies, -segment.replyBytesAt(at));
    if (this.#taking?.isToCome(number) !== true) segment.clearReply(at);
  }

  #forgetKey(): void {
    const number = this.#first++;
    const segment = this.#segmentOf(number);
    const at = number % SEGMENT_LENGTH;
    const name = segment.names[at];
    const id = segment.ids[at];
    this.#count(KEPT.keys, -segment.keyBytesAt(at));
    if (this.#taking?.isToCome(number) !== true) segment.clear(at);
    if (at === SEGMENT_LENGTH - 1) {
      this.#segments.shift();
      this.#base += SEGMENT_LENGTH;
    }
    if (id === NO_ID) {
      if (this.#keys.get(name) === number) this.#keys.delete(name);
      return;
    }
    this.#forgetId(name, id, number);
  }

  #forgetId(name: string, id: number, number: number): void {
    const session = this.#sessions.get(name);
    if (session === undefined) throw new Error(`nothing is kept of the session ${name}`);
    const before = session.bytes;
    if (session.forgotten === 0) this.#wornSessions.set(name, session);
    const left = session.forget(id, number);
    this.#count(KEPT.keys, (left === 0 ? 0 : session.bytes) - before);
    if (left > 0) return;
    this.#sessions.delete(name);
    this.#wornSessions.delete(name);
    this.#addEmpty(name, session.forgotten);
  }

  /** Several at once: a map is gone through from its start each time, also where all that was there is deleted. */
  #forgetEmptySessions(): void {
    let left = Math.ceil(this.#emptySessions.size / EMPTY_PARTS);
    for (const name of this.#emptySessions.keys()) {
      this.#forgetEmpty(name);
      if (--left === 0) return;
    }
  }

  #addEmpty(name: string, forgotten: number): void {
    this.#emptySessions.set(name, forgotten);
    this.#count(KEPT.sessions, BYTES.empty + 2 * name.length);
  }

  #forgetEmpty(name: string): void {
    this.#emptySessions.delete(name);
    this.#count(KEPT.sessions, -(BYTES.empty + 2 * name.length));
  }

  /**
   * How far sessions were of which something is forgotten, those of which all is last, the longest ago first. Once at a time,
   * and whatever is added and forgotten meanwhile: a session may then be there as of later, and twice.
   */
  *forgotten(): Generator<ForgottenSession> {
    const revived = new Map<string, number>();
    this.#revivedSessions = revived;
    // Those that are here now come before all that are added.
    let left = this.#wornSessions.size;
    for (const [session, { forgotten: id }] of this.#wornSessions) {
      if (left-- === 0) break;
      yield { session, id };
    }
    left = this.#emptySessions.size;
    for (const [session, id] of this.#emptySessions) {
      if (left-- === 0) break;
      yield { session, id };
    }
    this.#revivedSessions = null;
    for (const [session, id] of revived) yield { session, id };
  }

  /** The mirror of `forgotten`, once all that is kept was added. */
  forgetUpTo({ session: name, id }: ForgottenSession): void {
    const session = this.#sessions.get(name);
    if (session === undefined) {
      const known = this.#emptySessions.get(name);
      if (known === undefined) this.#addEmpty(name, id);
      else this.#emptySessions.set(name, Math.max(known, id));
    } else {
      session.forgetUpTo(id);
      this.#wornSessions.set(name, session);
    }
    this.#memory.makeRoom(this);
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
    const session = this.#sessions.get(name);
    if (session === undefined) return id <= (this.#emptySessions.get(name) ?? 0) ? -1 : undefined;
    // Most often: a session goes on with a greater id.
    if (id > session.last) return undefined;
    const number = session.find(id, (each) => this.#segmentOf(each).ids[each % SEGMENT_LENGTH]);
    return number ?? (id <= session.forgotten ? -1 : undefined);
  }

  #segmentOf(number: number): Segment {
    return this.#segments[Math.floor((number - this.#base) / SEGMENT_LENGTH)];
  }
}

/** Numbers up to which a list is copied to be longer: one that is pushed to has room for 17 at once. */
const COPIED_MAX = 8;

const NO_NUMBERS: number[] = [];

/**
 * The numbers of the requests of a session. Its ids ascend, but for those that were put off by a node and come
 * later: so the numbers lie in a list that is in the order of ids too, and only those few others in a map. There may be
 * as many sessions as requests: one with a single request takes no more than it has to.
 */
class Session {
  /** The same string for all requests. */
  readonly name: string;
  /** The greatest id, and the greatest of those that were forgotten. */
  last: number;
  forgotten: number;
  #numbers = NO_NUMBERS;
  #start = 0;
  /** Numbers by id, of those that came after a greater id, or again; null where there are none. */
  #late: Map<number, number> | null = null;

  constructor(name: string, forgotten = 0) {
    this.name = name;
    this.last = forgotten;
    this.forgotten = forgotten;
  }

  /** About what it takes in memory beside what is counted for each request. */
  get bytes(): number {
    return BYTES.session + (this.#late === null ? 0 : this.#late.size * BYTES.late);
  }

  /** `idOf` gives the id of a number. */
  find(id: number, idOf: (number: number) => number): number | undefined {
    const late = this.#late?.get(id);
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
    if (id <= this.last) {
      this.#late ??= new Map();
      this.#late.set(id, number);
      return;
    }
    this.last = id;
    if (this.#numbers.length < COPIED_MAX) this.#numbers = this.#numbers.concat(number);
    else this.#numbers.push(number);
  }

  /** Of its numbers the least. Gives how many are left. */
  forget(id: number, number: number): number {
    this.forgotten = Math.max(this.forgotten, id);
    if (this.#numbers[this.#start] === number) this.#start++;
    else if (this.#late?.get(id) === number) this.#late.delete(id);
    if (this.#late?.size === 0) this.#late = null;
    if (this.#start > this.#numbers.length / 2) {
      this.#numbers = this.#numbers.slice(this.#start);
      this.#start = 0;
    }
    return this.#numbers.length - this.#start + (this.#late?.size ?? 0);
  }

  forgetUpTo(id: number): void {
    this.forgotten = Math.max(this.forgotten, id);
    this.last = Math.max(this.last, id);
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
    // No variable has an entry while others are waited for: it would stay in memory.
    while (this.#next < this.#end) yield this.#takeNext();
  }

  #takeNext(): NumberedRequest {
    const entry = this.#segments[0].entry(this.#next);
    this.#pass();
    return entry;
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
    return BYTES.request + (this.ids[at] === NO_ID ? BYTES.key + 2 * this.names[at].length : 0);
  }

  replyBytesAt(at: number): number {
    return sizeOf(this.#results[at]);
  }
}
