import { join } from 'node:path';
import { type DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { Recovered, Unusable } from '../../ports.ts';
import type { CheckpointHead, CheckpointSlice, KeptSlice, SessionsSlice, StateSlice } from '../checkpoint.ts';
import type { LogGroup } from '../group.ts';
import { isCorrupt, journalError } from './failures.ts';
import { isFilled, makeDirectory, makeFile, refuseLink, syncDirectory } from './files.ts';
import { closeUnchanged, openDatabase } from './format.ts';
import { DirectoryLock } from './lock.ts';
import { describeLoss, harmlessLossOf, type Loss, refuseLost } from './loss.ts';
import { History, type HistoryLimits } from './history.ts';
import { noteEnd, notedEnd } from './log-end.ts';
import { lookAtImages } from './images.ts';
import { forgetAfter, lastPosition, missingStates, readStore } from './reading.ts';
import { PORTION_BYTES, PORTION_ROWS, portionOf } from './portion.ts';
import {
  addChecksum,
  type CheckpointRow,
  groupChecksum,
  keptChecksum,
  type MachineRow,
  sessionsChecksum,
  stateChecksum,
  type StoredStateRow,
  takeChecksum,
} from './rows.ts';
import { condemn, condemnNewest, damageFound, nameState, nextStart, setStateAside } from './condemn.ts';
import { finishReplacing } from './salvage.ts';
import { sealCheckpoint } from './seal.ts';
import { CHECKPOINTS_KEPT, FILES } from './schema.ts';
import {
  type CountedRow,
  type Counting,
  deleteTombstones,
  sealedAt,
  type Tombstone,
  tombstonesAfter,
} from './tombstones.ts';
import { beginBeforeCut, walOf } from './wal.ts';

/** Commits of the log for one of which it is noted where it ends: that is one more page to write. */
const NOTED_COMMITS = 16;

const NOT_NOTED = -1;

/** A checkpoint of which the states are counted while they are written. */
interface Draft extends Counting {
  readonly checkpoint: Omit<CheckpointRow, 'checksum'>;
  /** The position of the oldest checkpoint that must stay meanwhile. */
  readonly oldest: number;
}

/** A row that is compared with its checksum. */
interface CheckedRow extends StoredStateRow {
  readonly machine: number;
}

/**
 * A journal in a directory, as one SQLite database in WAL mode: what a call has committed is on disk. It
 * waits for the disk, and so belongs into a thread of its own (`worker.ts`).
 *
 * Invariants: a group is one row, written with its blobs in one transaction. Slices of a checkpoint count
 * once its row says that it is complete. What a kept checkpoint or a replay from it needs is never deleted. After a
 * write that failed nothing is written any more: what is on disk is not known then. No transaction grows with what there
 * is, but with the largest instance of a machine with keys, which is one row: 64 MiB as a value (`VALUE_LIMITS`). Those of a checkpoint are synced with whatever is synced next, the last of them itself: a log of writes is lost from its
 * end on, so that what is synced is never without what came before.
 */
export class Store {
  readonly #lock: DirectoryLock;
  readonly #database: DatabaseSync;
  readonly #history: History;
  readonly #statements = new Map<string, StatementSync>();
  #failure: Error | null = null;
  /** Whether a commit is on disk when it returns. */
  #isSyncing = true;
  /** The checkpoint that is being written. */
  #draft: Draft | null = null;
  /** Of all structural groups. */
  #structureSum = 0;
  #commits = 0;
  /** Where the log ends, and the end of it that was noted last. */
  #end = 0;
  #noted = 0;
  /** The checkpoint that was read, where what it does not count on is still there: the first transaction deletes that. */
  #unsettled: number | null = null;
  /** Whether a node was made of what was read. */
  #hasWritten = false;
  readonly #directory: string;
  /** What was cut off as the write-ahead log of SQLite is damaged at its end. */
  readonly #loss: Loss | null;
  /** Whether there was a write-ahead log, and it is as it was found. */
  #hasFoundLog: boolean;

  private constructor(
    directory: string,
    lock: DirectoryLock,
    database: DatabaseSync,
    limits: HistoryLimits,
    found: { readonly loss: Loss | null; readonly hasLog: boolean },
  ) {
    this.#directory = directory;
    this.#loss = found.loss;
    this.#hasFoundLog = found.hasLog;
    this.#lock = lock;
    this.#database = database;
    this.#history = new History(database, limits);
  }

  /** Opens the directory, or makes it. Throws a `JournalError` where it is in use, can not be used, or is no journal. */
  static open(directory: string, history: HistoryLimits): Store {
    let lock: DirectoryLock | null = null;
    let database: DatabaseSync | null = null;
    try {
      makeDirectory(directory);
      lock = DirectoryLock.take(directory);
      finishReplacing(directory);
      refuseLink(join(directory, FILES.journal));
      refuseLost(directory);
      const file = join(directory, FILES.journal);
      const found = { loss: harmlessLossOf(file), hasLog: isFilled(walOf(file)) };
      database = openDatabase(file);
      makeFile(join(directory, FILES.used));
      syncDirectory(directory);
      return new Store(directory, lock, database, history, found);
    } catch (error) {
      if (database !== null) closeUnchanged(database);
      lock?.release();
      throw journalError('opened', directory, error);
    }
  }

  /** What a node is rebuilt from (`Journal.read`); to be gone through before anything is written. */
  *read(unusable?: Unusable): Generator<Recovered> {
    const notes = this.#loss === null ? [] : [describeLoss(this.#loss)];
    try {
      this.#unsettled = null;
      const { start, structureSum } = yield* readStore(this.#database, notes, unusable);
      this.#unsettled = start;
      this.#structureSum = structureSum;
      this.#end = lastPosition(this.#database);
      this.#noted = notedEnd(this.#database) ?? NOT_NOTED;
      this.#history.found(this.#end, this.#positions().slice(0, CHECKPOINTS_KEPT).at(-1) ?? 0);
    } catch (error) {
      throw journalError('read', this.#directory, error);
    }
  }

  append(groups: readonly LogGroup[]): void {
    this.#write(() => {
      for (const { first, count, isStructural, time, bytes, blobs } of groups) {
        for (const blob of blobs) {
          // It may be left over of a group that was cut off, or set aside.
          this.#run('INSERT OR REPLACE INTO images VALUES (?, ?, ?)', blob.digest, first, blob.bytes);
        }
        const structural = isStructural ? 1 : 0;
        const checksum = groupChecksum(first, count, structural, time, bytes);
        this.#run(
          'INSERT INTO log VALUES (?, ?, ?, ?, ?, ?)',
          first,
          count,
          structural,
          time,
          checksum,
          bytes,
        );
        this.#history.added(bytes.length);
        if (isStructural) this.#structureSum = addChecksum(this.#structureSum, checksum);
        this.#end = first + count - 1;
      }
      if (this.#commits++ % NOTED_COMMITS === 0) this.#noteEnd();
    });
  }

  beginCheckpoint(head: CheckpointHead): void {
    this.#settle();
    // There may be more, which are to be let go.
    const [newest, oldest] = this.#positions().slice(0, CHECKPOINTS_KEPT);
    const before = new Map(this.#machines(newest ?? 0).map((row) => [row.machine, row]));
    const machines = head.machines.map(({ isKeyed, keptFirst, keptEnd, ...machine }): CountedRow => {
      const row = before.get(machine.machine);
      const goesOn = row?.since === machine.since;
      return {
        ...machine,
        keyed: isKeyed ? 1 : 0,
        kept_first: keptFirst,
        kept_end: keptEnd,
        sessions: 0,
        states: goesOn ? row.states : 0,
        states_sum: goesOn ? row.states_sum : 0,
        rows: goesOn ? row.rows : 0,
        rows_sum: goesOn ? row.rows_sum : 0,
      };
    });
    const { position, time, refusals } = head;
    const checkpoint = { position, time, refusals, structure_sum: this.#structureSum };
    this.#writeUnsynced(() =>
      this.#run(
        'INSERT INTO checkpoints VALUES (?, ?, 0, ?, 0, ?)',
        position,
        time,
        this.#structureSum,
        refusals,
      ),
    );
    const draft = new Map(machines.map((row) => [row.machine, row]));
    this.#draft = { checkpoint, machines: draft, oldest: oldest ?? newest ?? 0 };
  }

  /** One that was there already is written over: who made it may have ended half-way. */
  addSlice(slice: CheckpointSlice): void {
    const draft = this.#draft;
    const machine = draft?.machines.get(slice.machine);
    if (draft === null || machine === undefined) throw new Error('a slice of what is in no checkpoint');
    this.#writeUnsynced(() => {
      switch (slice.kind) {
        case 'states':
          return this.#addStates(slice, draft, machine);
        case 'kept':
          return this.#addKept(slice, draft.checkpoint.position);
        case 'sessions':
          return this.#addSessions(slice, draft.checkpoint.position, machine);
      }
    });
  }

  /** The checkpoint counts from here on. What it makes needless goes in steps, between which others may be served. */
  *endCheckpoint(): Generator<void> {
    const draft = this.#draft;
    if (draft === null) throw new Error('the end of a checkpoint that was not begun');
    this.#write(() => sealCheckpoint(this.#database, draft.checkpoint, [...draft.machines.values()]));
    this.#draft = null;
    yield;
    yield* this.clean();
  }

  /** Deletes what the newest checkpoint makes needless, in steps; also what was left of that when the node ended. */
  *clean(): Generator<void> {
    this.#settle();
    try {
      const positions = this.#positions();
      for (const old of positions.slice(CHECKPOINTS_KEPT)) yield* this.#forget(old);
      const [newest, oldest] = positions;
      if (oldest === undefined) return;
      for (const { machine, kept_first } of this.#machines(oldest))
        yield* this.#deleteKept(machine, kept_first);
      yield* this.#deleteTombstones([newest, oldest]);
      const time = Number(
        this.#statement('SELECT time FROM checkpoints WHERE position = ?').get(newest)?.['time'],
      );
      while (this.#compact(oldest, time)) yield;
    } catch (error) {
      throw journalError('read', this.#directory, error);
    }
  }

  /**
   * Looks in steps at what a start does not go through: the log, and all rows of states, which are read only when they are
   * used. Gives what there is to say of damage; throws a `JournalError` where the newest checkpoint counts on a row of states
   * that is damaged.
   */
  *check(): Generator<string | null> {
    this.#settle();
    try {
      yield* this.#history.look();
      yield* lookAtImages(this.#database);
    } catch (error) {
      throw journalError('read', this.#directory, error);
    }
    yield* this.#checkStates();
  }

  /**
   * Those of machines that are in no checkpoint any more go: the last that had them was found damaged, and nobody asked for
   * them since.
   */
  *#checkStates(): Generator<string | null> {
    const select = this.#statement(
      `SELECT machine, key, position, checksum, state FROM states
         WHERE (machine, key, position) > (?, ?, ?) ORDER BY machine, key, position LIMIT ?`,
    );
    for (let from: readonly [number, string, number] = [-1, '', -1]; ;) {
      const rows = this.#checkedRows(select, from);
      const last = rows.at(-1);
      if (last === undefined) return;
      const isWhole = ({ machine, key, position, checksum, state }: CheckedRow): boolean =>
        stateChecksum(machine, position, key, state) === checksum;
      const [whole, damaged] = [rows.filter(isWhole), rows.filter((row) => !isWhole(row))];
      from = [last.machine, last.key, last.position];
      // All before anything else is done: then they are as they were read.
      if (damaged.length > 0) yield* this.#foundDamaged(damaged);
      this.#deleteRemoved(whole);
      yield null;
    }
  }

  close(): void {
    try {
      const isWell = this.#failure === null && this.#hasWritten;
      if (isWell && this.#noted < this.#end) this.#write(() => this.#noteEnd());
    } finally {
      // A start that came to nothing changes nothing.
      if (this.#hasWritten) this.#database.close();
      else closeUnchanged(this.#database);
      this.#lock.release();
    }
  }

  #noteEnd(): void {
    noteEnd(this.#database, this.#end);
    this.#noted = this.#end;
  }

  /** Has what the checkpoint that was read does not count on deleted, where it is still there. */
  #settle(): void {
    if (this.#unsettled !== null) this.#writeUnsynced(() => {});
  }

  /** What there is to say of damaged rows, but for those of the checkpoint that is being written. */
  #foundDamaged(rows: readonly CheckedRow[]): readonly string[] {
    const [newest = 0] = this.#positions();
    let counting: readonly (readonly number[])[] = [];
    this.#write(() => (counting = rows.map((row) => condemn(this.#database, row))));
    const needed = rows.find((_, i) => counting[i].includes(newest));
    if (needed !== undefined) throw damageFound(nameState(needed), nextStart(this.#database));
    // One may be another than it says, which is missing where it was.
    const missing = newest === 0 ? null : missingStates(this.#database, newest);
    if (missing !== null) {
      this.#write(() => condemnNewest(this.#database));
      throw damageFound(missing, nextStart(this.#database));
    }
    const notes: string[] = [];
    this.#write(() => {
      for (const [i, row] of rows.entries()) {
        if (row.position > newest) continue;
        const older = `${nameState(row)} is damaged, as it was at position ${row.position}`;
        if (counting[i].length === 0) {
          setStateAside(this.#database, row, row.state);
          notes.push(`${older}: no checkpoint needs that, and it was set aside`);
        } else {
          const which = `checkpoints that need that (${counting[i].join(', ')}) do not count any more`;
          notes.push(`${older}: ${which}, and the newest does not need it`);
        }
      }
    });
    return notes;
  }

  #checkedRows(select: StatementSync, from: readonly [number, string, number]): readonly CheckedRow[] {
    const rows: CheckedRow[] = [];
    let bytes = 0;
    try {
      for (const row of select.iterate(...from, PORTION_ROWS)) {
        rows.push(row as unknown as CheckedRow);
        bytes += rows[rows.length - 1].state?.length ?? 0;
        if (bytes >= PORTION_BYTES) break;
      }
      return rows;
    } catch (error) {
      if (isCorrupt(error)) this.#write(() => condemnNewest(this.#database));
      throw journalError('read', this.#directory, error);
    }
  }

  /** Deletes those of these rows whose machines are in no checkpoint, but for what one that is being written may count on. */
  #deleteRemoved(rows: readonly CheckedRow[]): void {
    const [newest = 0] = this.#positions();
    const known = new Set(
      this.#statement('SELECT DISTINCT machine FROM machines')
        .all()
        .map((row) => Number(row['machine'])),
    );
    const removed = rows.filter(({ machine, position }) => position <= newest && !known.has(machine));
    if (removed.length === 0) return;
    this.#writeUnsynced(() => {
      for (const { machine, key, position } of removed)
        this.#run(
          'DELETE FROM states WHERE machine = ? AND key = ? AND position = ?',
          machine,
          key,
          position,
        );
    });
  }

  #addStates(slice: StateSlice, { checkpoint: { position }, oldest }: Draft, head: CountedRow): void {
    const { machine } = slice;
    let at = 0;
    for (const [i, key] of slice.keys.entries()) {
      const length = slice.lengths[i];
      const bytes = length < 0 ? null : slice.bytes.subarray(at, (at += length));
      const before = this.#statement(
        `SELECT checksum FROM states WHERE machine = ? AND key = ? AND position >= ? ORDER BY position DESC LIMIT 1`,
      ).get(machine, key, head.since)?.['checksum'];
      if (before === undefined) head.states++;
      else head.states_sum = takeChecksum(head.states_sum, Number(before));
      const checksum = stateChecksum(machine, position, key, bytes);
      head.states_sum = addChecksum(head.states_sum, checksum);
      head.rows++;
      head.rows_sum = addChecksum(head.rows_sum, checksum);
      // Of what stood there what the oldest checkpoint has stays, and all that is newer.
      const needless = this.#statement(
        `DELETE FROM states WHERE machine = ?1 AND key = ?2 AND position <
           (SELECT max(position) FROM states WHERE machine = ?1 AND key = ?2 AND position <= ?3)
           RETURNING position, checksum`,
      ).all(machine, key, oldest);
      for (const row of needless) {
        if (Number(row['position']) < head.since) continue;
        head.rows--;
        head.rows_sum = takeChecksum(head.rows_sum, Number(row['checksum']));
      }
      this.#run(
        'INSERT OR REPLACE INTO states VALUES (?, ?, ?, ?, ?)',
        machine,
        key,
        position,
        checksum,
        bytes,
      );
    }
  }

  #addKept(slice: KeptSlice, position: number): void {
    const { machine, first, count, bytes } = slice;
    const checksum = keptChecksum(slice);
    this.#run('INSERT INTO kept VALUES (?, ?, ?, ?, ?, ?)', machine, first, position, count, checksum, bytes);
  }

  #addSessions(slice: SessionsSlice, position: number, head: CountedRow): void {
    const { machine, part, bytes } = slice;
    const checksum = sessionsChecksum(machine, position, part, bytes);
    this.#run('INSERT INTO sessions VALUES (?, ?, ?, ?, ?)', machine, position, part, checksum, bytes);
    head.sessions++;
  }

  /** The positions of the complete checkpoints, the newest first. */
  #positions(): number[] {
    const rows = this.#statement(
      'SELECT position FROM checkpoints WHERE complete = 1 ORDER BY position DESC',
    ).all();
    return rows.map(({ position }) => Number(position));
  }

  #machines(checkpoint: number): readonly MachineRow[] {
    const rows = this.#statement('SELECT * FROM machines WHERE checkpoint = ?').all(checkpoint);
    return rows as unknown as readonly MachineRow[];
  }

  /** Lets an old checkpoint go, and the states that only it had as a whole; it goes last, so that this can be done again. */
  *#forget(old: number): Generator<void> {
    const next = Number(
      this.#statement('SELECT min(position) AS next FROM checkpoints WHERE position > ?').get(old)?.['next'],
    );
    const since = new Map(this.#machines(next).map((each) => [each.machine, each.since]));
    for (const { machine, since: before } of this.#machines(old)) {
      const now = since.get(machine);
      if (now !== before) yield* this.#deleteStates(machine, now ?? Number.MAX_SAFE_INTEGER);
      if (now === undefined) yield* this.#deleteKept(machine, Number.MAX_SAFE_INTEGER);
      this.#writeUnsynced(() =>
        this.#run('DELETE FROM sessions WHERE machine = ? AND position = ?', machine, old),
      );
      yield;
    }
    this.#writeUnsynced(() => {
      this.#run('DELETE FROM machines WHERE checkpoint = ?', old);
      this.#run('DELETE FROM checkpoints WHERE position = ?', old);
    });
    yield;
  }

  /** Deletes the states of a machine that were written before a position, in the order of their keys. */
  *#deleteStates(machine: number, position: number): Generator<void> {
    const select = this.#statement(
      `SELECT key, position, coalesce(length(state), 0) AS bytes FROM states
         WHERE machine = ? AND (key, position) > (?, ?) ORDER BY key, position LIMIT ?`,
    );
    for (let from: readonly [string, number] = ['', -1]; ;) {
      const rows = select.all(machine, ...from, PORTION_ROWS);
      const last = rows[portionOf(rows) - 1];
      if (last === undefined) return;
      const to = [String(last['key']), Number(last['position'])] as const;
      this.#writeUnsynced(() =>
        this.#run(
          `DELETE FROM states
             WHERE machine = ? AND (key, position) > (?, ?) AND (key, position) <= (?, ?) AND position < ?`,
          machine,
          ...from,
          ...to,
          position,
        ),
      );
      from = to;
      yield;
    }
  }

  /** Deletes the kept requests of a machine that stand in slices before a number. */
  *#deleteKept(machine: number, end: number): Generator<void> {
    const select = this.#statement(
      `SELECT first, length(requests) AS bytes FROM kept
         WHERE machine = ? AND first + count <= ? ORDER BY first LIMIT ?`,
    );
    for (;;) {
      const rows = select.all(machine, end, PORTION_ROWS);
      const last = rows[portionOf(rows) - 1];
      if (last === undefined) return;
      this.#writeUnsynced(() =>
        this.#run('DELETE FROM kept WHERE machine = ? AND first <= ?', machine, Number(last['first'])),
      );
      yield;
    }
  }

  /** Deletes the tombstones that are as old as the older of the two kept checkpoints. */
  *#deleteTombstones(kept: readonly [number, number]): Generator<void> {
    const sealed = kept.flatMap((position) => sealedAt(this.#database, position) ?? []);
    if (sealed.length < kept.length) return;
    const [, oldest] = kept;
    for (let last: Tombstone = { machine: -1, key: '', position: -1 }; ;) {
      const tombstones = tombstonesAfter(this.#database, last, PORTION_ROWS);
      if (tombstones.length === 0) return;
      last = tombstones[tombstones.length - 1];
      const old = tombstones.filter(({ position }) => position <= oldest);
      if (old.length > 0)
        this.#writeUnsynced(() => deleteTombstones(this.#database, old, sealed, this.#draft));
      yield;
    }
  }

  /** Lets some of the oldest groups go, where there is too much of what is older than a checkpoint. Whether there was. */
  #compact(oldest: number, now: number): boolean {
    const last = this.#history.takeSurplus(oldest, now);
    if (last === null) return false;
    this.#writeUnsynced(() => {
      const { changes } = this.#statement('DELETE FROM log WHERE first <= ? AND structural = 0').run(last);
      if (changes === 0) this.#history.foundDamaged();
    });
    return true;
  }

  /** In a transaction that is on disk when it returns. */
  #write(work: () => void): void {
    this.#transact(work, true);
  }

  /** In a transaction that is on disk when the next is that is synced. */
  #writeUnsynced(work: () => void): void {
    this.#transact(work, false);
  }

  #transact(work: () => void, isSynced: boolean): void {
    if (this.#failure !== null) throw this.#failure;
    try {
      if (isSynced !== this.#isSyncing) {
        this.#database.exec(`PRAGMA synchronous = ${isSynced ? 'FULL' : 'NORMAL'}`);
        this.#isSyncing = isSynced;
      }
      this.#begin();
      // Not sooner: a start that fails, as no node could be made of what was read, leaves all that a repair can go on from.
      if (this.#unsettled !== null) forgetAfter(this.#database, this.#unsettled);
      this.#unsettled = null;
      this.#hasWritten = true;
      work();
      this.#statement('COMMIT').run();
    } catch (error) {
      this.#failure = journalError('written', this.#directory, error);
      throw this.#failure;
    }
  }

  /**
   * What is left in SQLite's log of a commit that was torn, if only a part of a page, has the salts of what is written next: where
   * that was torn too, the two would look like commits that were acknowledged. It goes with the first transaction, and no sooner.
   */
  #begin(): void {
    if (this.#hasFoundLog) beginBeforeCut(this.#database)();
    else this.#statement('BEGIN IMMEDIATE').run();
    this.#hasFoundLog = false;
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    this.#statement(sql).run(...values);
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, (statement = this.#database.prepare(sql)));
    return statement;
  }
}
