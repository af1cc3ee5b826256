import type { NodeLimits } from '../limits.ts';

/** What of a connection is in order, or not yet, when it is looked at. */
export interface Progress {
  /** The peer takes no replies. */
  readonly isBlocked: boolean;
  /** The peer has said what it has to say before all else. */
  readonly isGreeted: boolean;
  /** A request came in part. */
  readonly isPartial: boolean;
  /** No request waits for its reply. */
  readonly isIdle: boolean;
}

/**
 * For how long a connection for lines or frames keeps the node waiting. Its clock goes on when it is looked at, now and
 * then, so that what happens on a connection costs nothing.
 */
export class Patience {
  readonly #limits: NodeLimits;
  #now: number;
  readonly #openSince: number;
  #activeSince: number;
  #partialSince: number;
  #blockedSince: number;

  /** `nowMillis` is by the clock of `late`. */
  constructor(limits: NodeLimits, nowMillis: number) {
    this.#limits = limits;
    this.#now = nowMillis;
    this.#openSince = nowMillis;
    this.#activeSince = nowMillis;
    this.#partialSince = nowMillis;
    this.#blockedSince = nowMillis;
  }

  /** Something came. */
  active(): void {
    this.#activeSince = this.#now;
  }

  /** What came in part, if anything did, began only now. */
  partial(): void {
    this.#partialSince = this.#now;
  }

  blocked(): void {
    this.#blockedSince = this.#now;
  }

  /** What is late by now; null where nothing is. */
  late(nowMillis: number, progress: Progress): 'blocked' | 'greeting' | 'partial' | 'idle' | null {
    this.#now = nowMillis;
    const { helloMillisMax, stalledMillisMax, idleMillisMax } = this.#limits;
    if (progress.isBlocked) return nowMillis - this.#blockedSince > stalledMillisMax ? 'blocked' : null;
    if (!progress.isGreeted) return nowMillis - this.#openSince > helloMillisMax ? 'greeting' : null;
    if (progress.isPartial) return nowMillis - this.#partialSince > stalledMillisMax ? 'partial' : null;
    return progress.isIdle && nowMillis - this.#activeSince > idleMillisMax ? 'idle' : null;
  }
}
