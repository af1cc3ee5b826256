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

/** A request with its number: how many the machine had kept before it. */
export interface NumberedRequest {
  readonly number: number;
  readonly key: string;
  readonly request: KeptRequest;
}

/**
 * The replies to requests with a key, so that each happens once. Bounded by number and bytes:
 * the oldest goes first.
 */
export class KeptRequests {
  readonly #requests = new Map<string, KeptRequest>();
  readonly #countMax: number;
  readonly #bytesMax: number;
  #bytes = 0;
  /** Those added since they were taken: for the next checkpoint, which comes long before they are too many. */
  #new: NumberedRequest[] = [];
  #end = 0;

  constructor(countMax: number, bytesMax: number) {
    this.#countMax = countMax;
    this.#bytesMax = bytesMax;
  }

  /** The numbers of those that are kept are `[first, end)`. */
  get first(): number {
    return this.#end - this.#requests.size;
  }

  get end(): number {
    return this.#end;
  }

  get(key: string): KeptRequest | undefined {
    return this.#requests.get(key);
  }

  /** Says what the number of the first is, where nothing was added yet. */
  startAt(number: number): void {
    if (this.#end !== 0) throw new Error(`${this.#end} requests were kept already`);
    this.#end = number;
  }

  /** The key must be new. */
  add(key: string, request: KeptRequest): void {
    if (this.#requests.has(key)) throw new Error(`the key ${JSON.stringify(key)} is kept already`);
    this.#requests.set(key, request);
    this.#new.push({ number: this.#end++, key, request });
    this.#bytes += bytesOf(key, request);
    for (const [oldest, dropped] of this.#requests) {
      if (this.#requests.size <= this.#countMax && this.#bytes <= this.#bytesMax) return;
      this.#requests.delete(oldest);
      this.#bytes -= bytesOf(oldest, dropped);
    }
  }

  /** From the oldest. */
  entries(): Iterable<readonly [string, KeptRequest]> {
    return this.#requests;
  }

  /** Those that were added since they were taken last, and are kept still. */
  takeNew(): readonly NumberedRequest[] {
    const { first } = this;
    const taken = this.#new.filter(({ number }) => number >= first);
    this.#new = [];
    return taken;
  }
}

function bytesOf(key: string, { outcome }: KeptRequest): number {
  const reply = outcome.kind === 'ok' ? sizeOf(outcome.value) : 2 * outcome.message.length;
  return OVERHEAD_BYTES + 2 * key.length + reply;
}
