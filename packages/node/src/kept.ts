import { sizeOf, type Value } from '@smc/protocol';
import type { Origin, RequestKey } from './journal/entry.ts';

/** The first outcome of a request with a key. */
export type FirstOutcome =
  | { readonly kind: 'ok'; readonly origin: Origin; readonly value: Value }
  | { readonly kind: 'fault' | 'exhausted'; readonly message: string };

/** What is known of a request with a key: nothing, its first outcome, or that the key is of another request. */
export type Kept =
  | { readonly kind: 'new' }
  | { readonly kind: 'other' }
  | { readonly kind: 'known'; readonly outcome: FirstOutcome };

export interface KeptRequest {
  readonly request: RequestKey;
  readonly outcome: FirstOutcome;
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

/** In place of the id of a request that is not of a session. */
const NO_ID = 0;

const NEW: Kept = { kind: 'new' };
const OTHER: Kept = { kind: 'other' };

/**
 * The replies to requests with a key, so that each happens once. Bounded by number and bytes:
 * the oldest goes first.
 *
 * Requests are numbered in the order in which they were added, and stand in columns, in segments that
 * come and go whole: with an object for each of a million requests, the collector of garbage would do
 * more than the machines.
 *
 * Invariant: numbers from `#oldest` up to `#added` are kept, and the indices have these alone; the first
 * segment has the oldest.
 */
export class KeptRequests {
  readonly #countMax: number;
  readonly #bytesMax: number;
  /** Numbers, by `Idempotency-Key`. */
  readonly #keys = new Map<string, number>();
  /** Numbers by id, by session. */
  readonly #sessions = new Map<string, Map<number, number>>();
  #oldest = 0;
  #added = 0;
  #bytes = 0;
  readonly #segments: Segment[] = [];
  /** The number of the first request of the first segment. */
  #base = 0;

  constructor(countMax: number, bytesMax: number) {
    this.#countMax = countMax;
    this.#bytesMax = bytesMax;
  }

  find(request: RequestKey): Kept {
    const number =
      'session' in request
        ? this.#sessions.get(request.session)?.get(request.id)
        : this.#keys.get(request.key);
    if (number === undefined) return NEW;
    const segment = this.#segmentOf(number);
    const at = number % SEGMENT_LENGTH;
    if (segment.digests[at] !== request.digest) return OTHER;
    return { kind: 'known', outcome: segment.outcome(at) };
  }

  /** The request must be new. */
  add(request: RequestKey, outcome: FirstOutcome): void {
    const number = this.#added++;
    const at = number % SEGMENT_LENGTH;
    if (at === 0) this.#segments.push(new Segment());
    const segment = this.#segmentOf(number);
    if ('session' in request) {
      let numbers = this.#sessions.get(request.session);
      if (numbers === undefined) this.#sessions.set(request.session, (numbers = new Map()));
      if (numbers.has(request.id)) throw new Error(`the request ${request.id} of a session is kept already`);
      numbers.set(request.id, number);
      segment.names[at] = request.session;
      segment.ids[at] = request.id;
    } else {
      if (this.#keys.has(request.key))
        throw new Error(`the key ${JSON.stringify(request.key)} is kept already`);
      this.#keys.set(request.key, number);
      segment.names[at] = request.key;
      segment.ids[at] = NO_ID;
    }
    segment.digests[at] = request.digest;
    segment.putOutcome(at, outcome);
    this.#bytes += segment.bytesAt(at);
    while (this.#added - this.#oldest > this.#countMax || this.#bytes > this.#bytesMax) {
      this.#forget(this.#oldest++);
    }
  }

  #forget(number: number): void {
    const segment = this.#segmentOf(number);
    const at = number % SEGMENT_LENGTH;
    const name = segment.names[at];
    const id = segment.ids[at];
    this.#bytes -= segment.bytesAt(at);
    segment.clear(at);
    if (at === SEGMENT_LENGTH - 1) {
      this.#segments.shift();
      this.#base += SEGMENT_LENGTH;
    }
    if (id === NO_ID) {
      this.#keys.delete(name);
      return;
    }
    const numbers = this.#sessions.get(name);
    numbers?.delete(id);
    if (numbers?.size === 0) this.#sessions.delete(name);
  }

  /**
   * Those of this moment, from the oldest, whatever is added while they are gone through. Those
   * that make room for others meanwhile may be left out.
   */
  entries(): Iterable<KeptRequest> {
    return this.#entriesUntil(this.#oldest, this.#added);
  }

  *#entriesUntil(start: number, end: number): Generator<KeptRequest> {
    for (let number = start; number < end; number++) {
      number = Math.max(number, this.#oldest);
      if (number >= end) return;
      const segment = this.#segmentOf(number);
      const at = number % SEGMENT_LENGTH;
      const name = segment.names[at];
      const id = segment.ids[at];
      const digest = segment.digests[at];
      const request = typeof digest === 'string' ? { key: name, digest } : { session: name, id, digest };
      yield { request, outcome: segment.outcome(at) };
    }
  }

  #segmentOf(number: number): Segment {
    return this.#segments[Math.floor((number - this.#base) / SEGMENT_LENGTH)];
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

  outcome(at: number): FirstOutcome {
    const origin = this.#origins[at];
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

  putOutcome(at: number, outcome: FirstOutcome): void {
    if (outcome.kind === 'ok') {
      this.#origins[at] = outcome.origin.interface * ORIGIN_BASE + outcome.origin.operation;
      this.#results[at] = outcome.value;
    } else {
      this.#origins[at] = outcome.kind === 'fault' ? FAULT : EXHAUSTED;
      this.#results[at] = outcome.message;
    }
  }

  clear(at: number): void {
    this.names[at] = '';
    this.digests[at] = 0;
    this.#results[at] = null;
  }

  bytesAt(at: number): number {
    return OVERHEAD_BYTES + 2 * this.names[at].length + sizeOf(this.#results[at]);
  }
}
