import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { StateRows, StatesPlace, StoredState } from '../../state-rows.ts';
import { BUSY_MILLIS_MAX, isCorrupt, journalError } from './failures.ts';
import {
  condemn,
  condemnNewest,
  countingOn,
  damageFound,
  nameState,
  nextStart,
  type StateRowPlace,
} from './condemn.ts';
import { missingStates, refuseBroken } from './reading.ts';
import { stateChecksum } from './rows.ts';
import { FILES } from './schema.ts';

/** What is read at once, where many are gone through. */
const PAGE_ROWS = 64;
const PAGE_BYTES = 256 * 1024;

/** Pages of the database that are kept in memory, in KiB. */
const CACHE_KIB = 16 * 1024;

/** As a row of these queries comes; the position is null where the checkpoint has none of the key. */
type Row = readonly [key: string, position: number | null, checksum: number, state: Uint8Array | null];

/** A row as it stands there. */
interface PlacedRow extends StateRowPlace {
  readonly checksum: number;
  readonly state: Uint8Array | null;
}

const isWhole = ({ machine, key, position, checksum, state }: PlacedRow): boolean =>
  stateChecksum(machine, position, key, state) === checksum;

/**
 * Reads states of keyed machines, on the thread of the node, by a connection of its own: a reader waits for no writer.
 * The checksum of a row is checked each time.
 */
export class StateReader implements StateRows {
  readonly #directory: string;
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #one: StatementSync;
  readonly #some: StatementSync;
  readonly #before: StatementSync;
  readonly #after: StatementSync;
  /** Whether all rows were looked at since the journal was opened (`Store.check`). */
  isChecked = false;

  /** The directory is one with a journal that is open. */
  constructor(directory: string) {
    this.#directory = directory;
    this.#file = join(directory, FILES.journal);
    this.#database = new DatabaseSync(this.#file, { readOnly: true, timeout: BUSY_MILLIS_MAX });
    this.#database.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
    this.#one = this.#database.prepare(
      `SELECT key, position, checksum, state FROM states
         WHERE machine = ? AND key = ? AND position BETWEEN ? AND ? ORDER BY position DESC LIMIT 1`,
    );
    // With max() the other columns are those of the newest row. The limit is on all keys, of which the checkpoint may have
    // no state: there may be millions of them one after the other.
    this.#some = this.#database.prepare(
      `SELECT key, max(CASE WHEN position BETWEEN ? AND ? THEN position END), checksum, state FROM states
         WHERE machine = ? AND key > ? GROUP BY key ORDER BY key LIMIT ?`,
    );
    // Integers as they are read if they were not damaged: else they may be too large for a number.
    const next = (than: '<' | '>', order: 'ASC' | 'DESC'): StatementSync =>
      this.#database.prepare(
        `SELECT machine + 0.0 AS machine, key, position + 0.0 AS position, checksum + 0.0 AS checksum, state FROM states
           WHERE (machine, key, position) ${than} (?, ?, ?) ORDER BY states.machine ${order}, states.key ${order}, states.position ${order} LIMIT 1`,
      );
    this.#before = next('<', 'DESC');
    this.#after = next('>', 'ASC');
    this.#one.setReturnArrays(true);
    this.#some.setReturnArrays(true);
  }

  read(place: StatesPlace, key: string): Uint8Array | undefined {
    const { machine, since, position } = place;
    let row: Row | undefined;
    try {
      row = this.#one.get(machine, key, since, position) as Row | undefined;
    } catch (error) {
      return this.#notRead(error);
    }
    const state = row === undefined ? undefined : (this.#checked(place, row) ?? undefined);
    if (!this.isChecked) this.#checkNeighbours(place, key, row?.[1] ?? 0);
    return state;
  }

  page(place: StatesPlace, after: string): readonly StoredState[] {
    const { machine, since, position } = place;
    const rows = this.#page(since, position, machine, after);
    return rows.map((row) => ({ key: row[0], state: this.#checked(place, row) }));
  }

  /** Throws a `JournalError` where states are not in order: one that is stored would not be found, and pass for none. */
  checkOrder(): void {
    try {
      refuseBroken(this.#database.prepare("PRAGMA integrity_check('states')").all());
    } catch (error) {
      throw journalError('read', this.#directory, error);
    }
  }

  memoryBytes(): number {
    return 0;
  }

  close(): void {
    this.#database.close();
  }

  /**
   * Rows are in order (`checkOrder`): so one that is not found, or of which an older one is, as its key or position is damaged,
   * still stands next to where it was. A damaged one that stands there may also be needless.
   */
  #checkNeighbours(place: StatesPlace, key: string, position: number): void {
    try {
      for (const next of [this.#before, this.#after]) {
        const row = next.get(place.machine, key, position) as PlacedRow | undefined;
        if (row !== undefined && !isWhole(row)) this.#judge(next, place, key, position);
      }
    } catch (error) {
      this.#notRead(error);
    }
  }

  /** All as of one moment: rows that are not needed any more are deleted meanwhile. */
  #judge(next: StatementSync, place: StatesPlace, key: string, position: number): void {
    this.#database.exec('BEGIN');
    const row = next.get(place.machine, key, position) as PlacedRow | undefined;
    const isDamaged = row !== undefined && !isWhole(row);
    const isNeeded = isDamaged && countingOn(this.#database, row).includes(place.position);
    const missing = isDamaged ? missingStates(this.#database, place.position) : null;
    this.#database.exec('COMMIT');
    if (isNeeded) this.#fail(nameState(row), row);
    if (missing !== null) this.#fail(missing, null);
  }

  #page(...values: SQLInputValue[]): readonly Row[] {
    const rows: Row[] = [];
    let bytes = 0;
    try {
      for (const each of this.#some.iterate(...values, PAGE_ROWS)) {
        const row = each as unknown as Row;
        rows.push(row);
        bytes += row[3]?.length ?? 0;
        if (bytes >= PAGE_BYTES) break;
      }
      return rows;
    } catch (error) {
      return this.#notRead(error);
    }
  }

  #checked({ machine }: StatesPlace, [key, position, checksum, state]: Row): Uint8Array | null {
    if (position === null) return null;
    if (stateChecksum(machine, position, key, state) === checksum) return state;
    return this.#fail(nameState({ machine, key }), { machine, key, position });
  }

  /** What is not damaged, a disk that gives nothing or a journal that is closed, says nothing of a checkpoint. */
  #notRead(error: unknown): never {
    if (isCorrupt(error)) return this.#fail((error as Error).message, null);
    throw journalError('read', this.#directory, error);
  }

  #fail(what: string, row: StateRowPlace | null): never {
    let next: string | null = null;
    try {
      const database = new DatabaseSync(this.#file, { timeout: BUSY_MILLIS_MAX });
      if (row === null) condemnNewest(database);
      else condemn(database, row);
      next = nextStart(database);
      database.close();
    } catch {
      // Where not even that can be written the next start comes upon it as well.
    }
    throw damageFound(what, next);
  }
}
