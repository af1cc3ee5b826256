import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { isCorrupt, outOfOrder, REPAIR } from './failures.ts';
import { describeDamage, LogCheck, type LogDamage, lostEntries } from './log-check.ts';
import { PORTION_BYTES, PORTION_ROWS, portionOf } from './portion.ts';
import { GROUP_COLUMNS, groupOf, type GroupRow } from './rows.ts';

/** What a journal keeps of what a checkpoint has made needless. */
export interface HistoryLimits {
  /** Entries older than this go, in milliseconds before the checkpoint; and the oldest beyond so many bytes. */
  readonly historyMillisMax: number;
  readonly historyBytesMax: number;
}

/** What a group takes. What is damaged need not even be bytes. */
const BYTES = 'coalesce(length(entries), 0) AS bytes';

interface CountedRow extends GroupRow {
  readonly bytes: number;
}

/** Groups that are looked at at once, if they are small. */
const LOOKED_AT_ROWS = 1_024;

/**
 * How long the log is, and what is too much of it. No start goes through all of it: what was there before is looked at
 * afterwards, in steps.
 *
 * Invariant: `#bytes` is of all groups but those between `#counted` and `#end`; what goes of these uncounted was never in it.
 */
export class History {
  readonly #database: DatabaseSync;
  readonly #limits: HistoryLimits;
  readonly #rows: StatementSync;
  readonly #oldest: StatementSync;
  #bytes = 0;
  #counted = 0;
  #end = 0;
  #isDamaged = false;
  #check: LogCheck;

  constructor(database: DatabaseSync, limits: HistoryLimits) {
    this.#database = database;
    this.#limits = limits;
    this.#check = new LogCheck(0, []);
    this.#rows = database.prepare(
      `SELECT ${GROUP_COLUMNS}, ${BYTES} FROM log WHERE log.first > ? AND log.first <= ? ORDER BY log.first LIMIT ?`,
    );
    this.#oldest = database.prepare(
      `SELECT first, count + 0.0 AS count, time + 0.0 AS time, ${BYTES} FROM log
         WHERE first <= ? AND structural = 0 AND first < (SELECT max(first) FROM log) ORDER BY first LIMIT ?`,
    );
  }

  /** What was read leads up to a position; `needed` is that of the oldest checkpoint that is kept. */
  found(end: number, needed: number): void {
    this.#end = end;
    this.#check = new LogCheck(needed, lostEntries(this.#database));
  }

  added(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Looks at what was there when it was read; gives what there is to say of it, once. */
  *look(): Generator<string | null> {
    let damage: LogDamage | undefined;
    while (this.#counted < this.#end) {
      const rows = this.#portion();
      if (rows === null) {
        return yield `the log can not be read after position ${this.#counted}, where no start needs it, and nothing of it is deleted any more: ${REPAIR}`;
      }
      for (const row of rows) damage ??= this.#check.row(row, groupOf(row) !== null)[0];
      this.#bytes += rows.reduce((sum, { bytes }) => sum + bytes, 0);
      this.#counted = rows.at(-1)?.first ?? this.#end;
      yield null;
    }
    damage ??= this.#check.end(this.#end)[0];
    if (damage !== undefined) {
      yield `${describeDamage(damage)}, where no start needs it now; a backup does not take that: ${REPAIR}`;
    }
  }

  /** What should go is not found where it is looked for: there would be no end of it. */
  foundDamaged(): void {
    this.#isDamaged = true;
  }

  /**
   * Up to which position the oldest groups that are too much reach, some at a time; null where none is. Whoever asks deletes
   * them. The newest group stays: where a log ends that has lost its end, the next start knows by what a repair has
   * said. `oldest` is the position of a checkpoint that needs none of those before it, `now` the time of the newest.
   */
  takeSurplus(oldest: number, now: number): number | null {
    if (this.#isDamaged) return null;
    const { historyMillisMax, historyBytesMax } = this.#limits;
    const rows = this.#read(() => this.#oldest.all(oldest, PORTION_ROWS)) ?? [];
    let last: number | null = null;
    for (const row of rows.slice(0, portionOf(rows))) {
      if (last !== null && Number(row['first']) <= last) {
        this.#isDamaged = true;
        return null;
      }
      if (this.#bytes <= historyBytesMax && Number(row['time']) >= now - historyMillisMax) break;
      last = Number(row['first']);
      const isCounted = last <= this.#counted || last > this.#end;
      if (isCounted) this.#bytes -= Number(row['bytes']);
      else this.#check.gone(last + Number(row['count']) - 1);
    }
    return last;
  }

  /** Rows that come next, of not much more than so many bytes; null where they can not be read. */
  #portion(): readonly CountedRow[] | null {
    return this.#read(() => {
      const rows: CountedRow[] = [];
      let bytes = 0;
      let last = this.#counted;
      for (const each of this.#rows.iterate(this.#counted, this.#end, LOOKED_AT_ROWS)) {
        const row = each as unknown as CountedRow;
        if (row.first <= last) throw outOfOrder();
        last = row.first;
        rows.push(row);
        bytes += row.bytes;
        if (bytes >= PORTION_BYTES) break;
      }
      return rows;
    });
  }

  #read<T>(read: () => T): T | null {
    try {
      return read();
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      this.#isDamaged = true;
      return null;
    }
  }
}
