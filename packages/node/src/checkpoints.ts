import type { CheckpointTracker } from './journal/checkpoint.ts';
import type { Journal } from './ports.ts';
import type { NodeState } from './state.ts';

/** How many times as long as a checkpoint took the next one is put off at least, where only time asks for it. */
const REST_FACTOR = 20;

/** The longest that a timer of the host waits; it takes more for nothing. */
const TIMER_MILLIS_MAX = 2 ** 31 - 1;

export interface CheckpointsOptions {
  readonly node: NodeState;
  readonly journal: Journal;
  readonly tracker: CheckpointTracker;
  /** Milliseconds from some moment on. */
  readonly stopwatch: () => number;
  /** Whether all entries so far were handed to the journal, which takes more. */
  readonly isHandedOver: () => boolean;
  /** Told how long one took. */
  readonly took: (seconds: number) => void;
  /** Takes why a checkpoint could not be kept; the journal is of no use then. */
  readonly fail: (error: unknown) => void;
  /** Bytes of the log that are replayed if the node ends now. */
  readonly bytes: number;
}

/**
 * When checkpoints are made: after so many bytes of the log; after some time, if there was anything since the last, and
 * not much more often than they take; and at the end. One at a time.
 */
export class Checkpoints {
  readonly #options: CheckpointsOptions;
  /** Of the log, since the last one began. */
  #bytes: number;
  /** By the stopwatch: from when on one is due that only time asks for. */
  #dueAt: number;
  #timer: NodeJS.Timeout | null = null;
  /** Pending while one is written. */
  #running: Promise<void> | null = null;
  /** No more are made, and how the one ends that is written does not matter. */
  #isOver = false;

  constructor(options: CheckpointsOptions) {
    this.#options = options;
    this.#bytes = options.bytes;
    this.#dueAt = options.stopwatch() + options.node.limits.checkpointMillisMax;
    this.#arm();
  }

  /** Says that so much of the log was handed over. */
  add(bytes: number): void {
    this.#bytes += bytes;
  }

  /**
   * To be asked when entries were handed to the journal, and when memory is short. A checkpoint is of this moment: where
   * more entries are gathered, these are handed over soon, and it is asked again.
   */
  beginIfDue(): void {
    const { node, stopwatch, isHandedOver } = this.#options;
    // Without entries since the last there is nothing that the next could free.
    if (this.#running !== null || this.#isOver || this.#bytes === 0 || !isHandedOver()) return;
    const isMuch =
      this.#bytes >= node.limits.checkpointBytesMin || node.memory.isCrowded || node.memory.outdated > 0;
    if (isMuch || (this.#options.journal.isLasting && stopwatch() >= this.#dueAt)) {
      this.#begin(node.limits.largeStateBytesMin);
    } else this.#arm();
  }

  /** The last one, so that the next start has nothing to replay; no more are made. Waits for it so long at the most. */
  async finish(millisMax: number): Promise<void> {
    const { stopwatch, journal } = this.#options;
    const end = stopwatch() + millisMax;
    await this.#within(millisMax);
    if (this.#running === null && !this.#isOver && journal.isLasting && this.#bytes > 0) {
      // Here also what is large: elsewhere it would first have to catch up with the log.
      this.#begin(Number.POSITIVE_INFINITY);
      await this.#within(end - stopwatch());
    }
    this.end();
  }

  /** What is not complete does not count. */
  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer ?? undefined);
    this.#timer = null;
  }

  #begin(largeBytesMin: number): void {
    const { journal, tracker, node, stopwatch } = this.#options;
    this.#bytes = 0;
    node.memory.isShort = false;
    const start = stopwatch();
    const { head, parts } = tracker.begin(node, largeBytesMin);
    const over = (): void => {
      const millis = stopwatch() - start;
      tracker.end();
      this.#running = null;
      this.#options.took(millis / 1_000);
      this.#dueAt = start + Math.max(node.limits.checkpointMillisMax, REST_FACTOR * millis);
      this.beginIfDue();
    };
    this.#running = journal.checkpoint(head, parts).then(over, (error: unknown) => {
      this.#running = null;
      if (!this.#isOver) this.#options.fail(error);
    });
  }

  /** Has it asked when one may be due, also where nothing comes any more. */
  #arm(): void {
    if (this.#timer !== null || this.#isOver || !this.#options.journal.isLasting) return;
    const millis = Math.min(Math.max(this.#dueAt - this.#options.stopwatch(), 0) + 1, TIMER_MILLIS_MAX);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.beginIfDue();
    }, millis).unref();
  }

  /** Waits for the one that is written, so long at the most. */
  async #within(millis: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.max(millis, 0));
    });
    await Promise.race([this.#running, late]);
    clearTimeout(timer);
  }
}
