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
 * not fill the log, but of the newest, with the number of the others. A line tells of all since the one before.
 */
export class Refusals {
  readonly counts: Record<Protocol, number> = { http: 0, lines: 0, frames: 0 };
  readonly #log: Log;
  /** The newest that was not told, and how many others were not. */
  #newest: Refusal | null = null;
  #others = 0;
  /** Until something may be told again; null where it may be now. */
  #pause: NodeJS.Timeout | null = null;

  constructor(log: Log) {
    this.#log = log;
  }

  add(refusal: Refusal): void {
    this.counts[refusal.protocol]++;
    if (this.#newest !== null) this.#others++;
    this.#newest = refusal;
    if (this.#pause === null) this.#tell();
  }

  /** Tells of the rest: nobody else is turned away. */
  end(): void {
    this.#tell();
    if (this.#pause !== null) clearTimeout(this.#pause);
  }

  #tell(): void {
    if (this.#pause !== null) clearTimeout(this.#pause);
    this.#pause = null;
    if (this.#newest === null) return;
    const { protocol, from, ...asked } = this.#newest;
    this.#log.warn({ protocol, from, ...asked, others: this.#others }, 'unauthorized');
    this.#newest = null;
    this.#others = 0;
    this.#pause = setTimeout(() => this.#tell(), TOLD_MILLIS_MIN);
    this.#pause.unref();
  }
}
