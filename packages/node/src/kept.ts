import { sizeOf, type Value } from '@smc/protocol';
import type { Origin } from './journal/entry.ts';

/** The first outcome of a request with a key. */
export type FirstOutcome =
  | { readonly kind: 'ok'; readonly origin: Origin; readonly value: Value }
  | { readonly kind: 'fault' | 'exhausted'; readonly message: string };

export interface KeptRequest {
  /** SHA-256 of the request: another one with the same key is refused. */
  readonly digest: string;
  readonly outcome: FirstOutcome;
}

/** What a kept request takes beside key and reply, about. */
const OVERHEAD_BYTES = 256;

/**
 * The replies to requests with a key, so that each happens once. Bounded by number and bytes:
 * the oldest goes first.
 */
export class KeptRequests {
  readonly #requests = new Map<string, { readonly request: KeptRequest; readonly number: number }>();
  readonly #countMax: number;
  readonly #bytesMax: number;
  #bytes = 0;
  /** How many there ever were: the number of the next. */
  #added = 0;

  constructor(countMax: number, bytesMax: number) {
    this.#countMax = countMax;
    this.#bytesMax = bytesMax;
  }

  get(key: string): KeptRequest | undefined {
    return this.#requests.get(key)?.request;
  }

  /** The key must be new. */
  add(key: string, request: KeptRequest): void {
    if (this.#requests.has(key)) throw new Error(`the key ${JSON.stringify(key)} is kept already`);
    this.#requests.set(key, { request, number: this.#added++ });
    this.#bytes += bytesOf(key, request);
    for (const [oldest, { request: dropped }] of this.#requests) {
      if (this.#requests.size <= this.#countMax && this.#bytes <= this.#bytesMax) return;
      this.#requests.delete(oldest);
      this.#bytes -= bytesOf(oldest, dropped);
    }
  }

  /**
   * Those of this moment, from the oldest, whatever is added while they are gone through. Those
   * that make room for others meanwhile may be left out.
   */
  entries(): Iterable<readonly [string, KeptRequest]> {
    return entriesUntil(this.#requests, this.#added);
  }
}

function* entriesUntil(
  requests: ReadonlyMap<string, { readonly request: KeptRequest; readonly number: number }>,
  end: number,
): Generator<readonly [string, KeptRequest]> {
  for (const [key, { request, number }] of requests) {
    if (number >= end) return;
    yield [key, request];
  }
}

function bytesOf(key: string, { outcome }: KeptRequest): number {
  const reply = outcome.kind === 'ok' ? sizeOf(outcome.value) : 2 * outcome.message.length;
  return OVERHEAD_BYTES + 2 * key.length + reply;
}
