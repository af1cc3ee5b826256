import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { isCorrupt, REPAIR } from './failures.ts';
import { PORTION_ROWS, portionOf } from './portion.ts';

/** What a journal keeps of what a checkpoint has made needless. */
export interface HistoryLimits {
  /** Entries older than this go, in milliseconds before the checkpoint; and the oldest beyond so many bytes. */
  readonly historyMillisMax: number;
  readonly historyBytesMax: number;
}

/** Groups that are counted at once, of which nothing but their length is looked at. */
const COUNTED_ROWS = 2_048;

/**
 * How long the log is, and what is too much of it. No start goes through all of it: what was there before is counted
 * afterwards, in steps.
 *
 * Invariant: `#bytes` is of all groups but those between `#counted` and `#end`; what goes of these uncounted was never in it.
 */
export class History {
  readonly #limits: HistoryLimits;
  readonly #lengths: StatementSync;
  readonly #oldest: StatementSync;
  #bytes = 0;
  #counted = 0;
  #end = 0;
  #isDamaged = false;

  constructor(database: DatabaseSync, limits: HistoryLimits) {
    this.#limits = limits;
    this.#lengths = database.prepare(
      `SELECT max(first) AS last, sum(bytes) AS bytes FROM
         (SELECT first, length(entries) AS bytes FROM log WHERE first > ? AND first <= ? ORDER BY first LIMIT ?)`,
    );
    this.#oldest = database.prepare(
      `SELECT first, time, length(entries) AS bytes FROM log
         WHERE first <= ? AND structural = 0 ORDER BY first LIMIT ?`,
    );
  }

  /** The log that is there ends at this position. */
  found(end: number): void {
    this.#end = end;
  }

  added(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Gives what there is to say: of a log that is damaged where no start reads it, nothing goes any more. */
  *count(): Generator<string | null> {
    while (this.#counted < this.#end) {
      const [portion] = this.#read(this.#lengths, this.#counted, this.#end, COUNTED_ROWS);
      if (portion === undefined) {
        return yield `the log is damaged after position ${this.#counted}, where no start needs it, and nothing of it is deleted any more: ${REPAIR}`;
      }
      this.#bytes += Number(portion['bytes']);
      this.#counted = Number(portion['last'] ?? this.#end);
      yield null;
    }
  }

  /**
   * Up to which position the oldest groups that are too much reach, some at a time; null where none is. Whoever asks deletes
   * them. `oldest` is the position of a checkpoint that needs none of those before it, `now` the time of the newest.
   */
  takeSurplus(oldest: number, now: number): number | null {
    if (this.#isDamaged) return null;
    const { historyMillisMax, historyBytesMax } = this.#limits;
    const rows = this.#read(this.#oldest, oldest, PORTION_ROWS);
    let last: number | null = null;
    for (const row of rows.slice(0, portionOf(rows))) {
      if (this.#bytes <= historyBytesMax && Number(row['time']) >= now - historyMillisMax) break;
      last = Number(row['first']);
      const isCounted = last <= this.#counted || last > this.#end;
      if (isCounted) this.#bytes -= Number(row['bytes']);
    }
    return last;
  }

  /** None where it is damaged. */
  #read(statement: StatementSync, ...values: number[]): readonly Record<string, SQLOutputValue>[] {
    try {
      return statement.all(...values);
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      this.#isDamaged = true;
      return [];
    }
  }
}
