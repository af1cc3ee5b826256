import type { Log } from '../ports.ts';

/** What somebody without the token that is needed spoke. */
export const PROTOCOLS = ['http', 'lines', 'frames'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** Who was turned away, and from what, as far as the protocol tells. */
export interface Refusal {
  readonly protocol: Protocol;
  /** The address of the peer; undefined where it is gone. */
  readonly from: string | undefined;
  readonly method?: string;
  readonly path?: string;
}

/** Between two lines of the log. */
const TOLD_MILLIS_MIN = 10_000;

/**
 * Counts who was turned away as they lack a token, and tells the operator: not of each, for whoever tries must
 * not fill the log.
 */
export class Refusals {
  readonly counts: Record<Protocol, number> = { http: 0, lines: 0, frames: 0 };
  readonly #log: Log;
  readonly #now: () => number;
  #toldAt = Number.NEGATIVE_INFINITY;
  /** Since then. */
  #untold = 0;

  /** `now` gives milliseconds, and never goes back. */
  constructor(log: Log, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  add({ protocol, from, ...asked }: Refusal): void {
    this.counts[protocol]++;
    const now = this.#now();
    if (now - this.#toldAt < TOLD_MILLIS_MIN) {
      this.#untold++;
      return;
    }
    this.#log.warn({ protocol, from, ...asked, others: this.#untold }, 'unauthorized');
    this.#toldAt = now;
    this.#untold = 0;
  }
}
