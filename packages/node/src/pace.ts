/** Milliseconds from some moment on; never goes back. It decides when things happen, never what. */
export type Stopwatch = () => number;

/** The one of this computer. */
export const systemStopwatch: Stopwatch = () => performance.now();

/**
 * Tells when a turn of the event loop has lasted long enough. To read a clock can take as long as a step: where things take little
 * it is read after some of them.
 *
 * Invariant: it is read after `STRIDE_MAX` things at the latest, and after the first one once they have become slow.
 */
export class Pace {
  readonly #stopwatch: Stopwatch;
  readonly #millis: number;
  #start = 0;
  #last = 0;
  /** Things between two readings, and how many of these are to come. */
  #stride = 1;
  #left = 1;

  constructor(stopwatch: Stopwatch, millis: number) {
    this.#stopwatch = stopwatch;
    this.#millis = millis;
  }

  /** When it was read last, by the stopwatch. */
  get last(): number {
    return this.#last;
  }

  /** To be called when a turn begins; gives when that is. */
  begin(): number {
    this.#start = this.#stopwatch();
    this.#last = this.#start;
    return this.#start;
  }

  /** Whether the turn should end: to be asked after each thing that was done. */
  isOver(): boolean {
    if (--this.#left > 0) return false;
    const now = this.#stopwatch();
    const isShort = now - this.#last < this.#millis * SHORT;
    this.#stride = isShort ? Math.min(2 * this.#stride, STRIDE_MAX) : 1;
    this.#left = this.#stride;
    this.#last = now;
    return now - this.#start >= this.#millis;
  }
}

const STRIDE_MAX = 8;
/** Of a turn: what took less since the last reading took little. */
const SHORT = 0.01;

/** What gives the same time for all that happens in one turn of the event loop, as it was at the first of it. */
export function oncePerTurn(read: () => number): () => number {
  let now: number | null = null;
  const forget = (): void => {
    now = null;
  };
  return () => {
    if (now === null) {
      now = read();
      setImmediate(forget);
    }
    return now;
  };
}
