import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { JournalError, type Recovered } from '../../ports.ts';
import type { CheckpointHead, CheckpointSlice, KeptSlice, StateSlice } from '../checkpoint.ts';
import type { LogGroup } from '../group.ts';
import { DirectoryLock } from './lock.ts';
import { readStore } from './reading.ts';
import {
  groupChecksum,
  headChecksum,
  keptChecksum,
  machineHeadOf,
  type MachineRow,
  stateChecksum,
} from './rows.ts';
import { APPLICATION_ID, FILES, SCHEMA, SCHEMA_VERSION } from './schema.ts';

/** What a journal keeps of what a checkpoint has made needless. */
export interface HistoryLimits {
  /** Entries older than this go, in milliseconds before the checkpoint; and the oldest beyond so many bytes. */
  readonly historyMillisMax: number;
  readonly historyBytesMax: number;
}

/** Checkpoints that are kept: where one is damaged, there is another. */
const CHECKPOINTS_KEPT = 2;

/** Groups that go in one transaction: what is appended meanwhile waits for it. */
const COMPACTED_GROUPS = 256;

/**
 * A journal in a directory, as one SQLite database in WAL mode: what a call has committed is on disk. It
 * waits for the disk, and so belongs into a thread of its own (`worker.ts`).
 *
 * Invariants: a group is one row, written with its blobs in one transaction. Slices of a checkpoint count
 * once its row says that it is complete. What a kept checkpoint or a replay from it needs is never deleted. After a
 * write that failed nothing is written any more: what is on disk is not known then.
 */
export class Store {
  readonly #lock: DirectoryLock;
  readonly #database: DatabaseSync;
  readonly #history: HistoryLimits;
  readonly #statements = new Map<string, StatementSync>();
  #failure: Error | null = null;
  /** The position of the checkpoint that is being written, and of the oldest that must stay meanwhile. */
  #open: { readonly head: CheckpointHead; readonly oldest: number } | null = null;
  #logBytes = 0;

  private constructor(lock: DirectoryLock, database: DatabaseSync, history: HistoryLimits) {
    this.#lock = lock;
    this.#database = database;
    this.#history = history;
  }

  /** Opens the directory, or makes it. Throws a `JournalError` where it is in use, or no journal. */
  static open(directory: string, history: HistoryLimits): Store {
    makeDirectory(directory);
    const lock = DirectoryLock.take(directory);
    try {
      const database = openDatabase(join(directory, FILES.journal));
      syncDirectory(directory);
      return new Store(lock, database, history);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** What a node is rebuilt from; to be gone through before anything is written. */
  *read(): Generator<Recovered> {
    yield* readStore(this.#database);
    const [{ bytes }] = this.#database.prepare('SELECT sum(length(entries)) AS bytes FROM log').all();
    this.#logBytes = Number(bytes ?? 0);
  }

  append(groups: readonly LogGroup[]): void {
    this.#write(() => {
      for (const { first, count, isStructural, time, bytes, blobs } of groups) {
        for (const blob of blobs) {
          this.#run('INSERT INTO images VALUES (?, ?, ?)', blob.digest, first, blob.bytes);
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
        this.#logBytes += bytes.length;
      }
    });
  }

  beginCheckpoint(head: CheckpointHead): void {
    const kept = this.#positions();
    this.#write(() => {
      const { position, time, refusals } = head;
      const checksum = headChecksum(head);
      this.#run('INSERT INTO checkpoints VALUES (?, ?, 0, ?, ?)', position, time, checksum, refusals);
      for (const { machine, name, inputs, faults, since, keptFirst, keptEnd } of head.machines) {
        const values = [position, machine, name, inputs, faults, since, keptFirst, keptEnd];
        this.#run('INSERT INTO machines VALUES (?, ?, ?, ?, ?, ?, ?, ?)', ...values);
      }
    });
    this.#open = { head, oldest: kept.at(-1) ?? 0 };
  }

  addSlice(slice: CheckpointSlice): void {
    if (this.#open === null) throw new Error('a slice without a checkpoint');
    const { head, oldest } = this.#open;
    this.#write(() => {
      if (slice.kind === 'states') this.#addStates(slice, head.position, oldest);
      else this.#addKept(slice, head.position);
    });
  }

  /** The checkpoint counts from here on. What it makes needless goes in steps, between which others may be served. */
  *endCheckpoint(): Generator<void> {
    if (this.#open === null) throw new Error('the end of a checkpoint that was not begun');
    const { head } = this.#open;
    this.#write(() => this.#run('UPDATE checkpoints SET complete = 1 WHERE position = ?', head.position));
    this.#open = null;
    const positions = this.#positions();
    for (const old of positions.slice(CHECKPOINTS_KEPT)) {
      yield;
      this.#write(() => this.#forget(old));
    }
    const oldest = positions[CHECKPOINTS_KEPT - 1];
    if (oldest === undefined) return;
    for (const machine of this.#machines(oldest)) {
      yield;
      this.#write(() => {
        this.#run(
          'DELETE FROM kept WHERE machine = ? AND first + count <= ?',
          machine.machine,
          machine.keptFirst,
        );
      });
    }
    while (this.#compact(oldest, head.time)) yield;
  }

  close(): void {
    this.#database.close();
    this.#lock.release();
  }

  #addStates(slice: StateSlice, position: number, oldest: number): void {
    const { machine, fingerprint } = slice;
    for (const row of slice.states) {
      const { key, bytes } = row;
      const checksum = stateChecksum(slice, position, row);
      // Of what stood there what the oldest checkpoint has stays, and all that is newer.
      this.#run(
        `DELETE FROM states WHERE machine = ?1 AND key = ?2 AND position <
           (SELECT max(position) FROM states WHERE machine = ?1 AND key = ?2 AND position <= ?3)`,
        machine,
        key,
        oldest,
      );
      this.#run(
        'INSERT INTO states VALUES (?, ?, ?, ?, ?, ?)',
        machine,
        key,
        position,
        fingerprint,
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

  /** The positions of the complete checkpoints, the newest first. */
  #positions(): number[] {
    const rows = this.#statement(
      'SELECT position FROM checkpoints WHERE complete = 1 ORDER BY position DESC',
    ).all();
    return rows.map(({ position }) => Number(position));
  }

  #machines(checkpoint: number): ReturnType<typeof machineHeadOf>[] {
    const rows = this.#statement('SELECT * FROM machines WHERE checkpoint = ?').all(checkpoint);
    return (rows as unknown as MachineRow[]).map(machineHeadOf);
  }

  /** Lets an old checkpoint go, and the states that only it had as a whole. */
  #forget(old: number): void {
    const next = Number(
      this.#statement('SELECT min(position) AS next FROM checkpoints WHERE position > ?').get(old)?.['next'],
    );
    const since = new Map(this.#machines(next).map((each) => [each.machine, each.since]));
    for (const { machine, since: before } of this.#machines(old)) {
      const now = since.get(machine);
      if (now === before) continue;
      this.#run(
        'DELETE FROM states WHERE machine = ? AND position < ?',
        machine,
        now ?? Number.MAX_SAFE_INTEGER,
      );
      if (now === undefined) this.#run('DELETE FROM kept WHERE machine = ?', machine);
    }
    this.#run('DELETE FROM machines WHERE checkpoint = ?', old);
    this.#run('DELETE FROM checkpoints WHERE position = ?', old);
  }

  /** Lets some of the oldest groups go, where there is too much of what is older than a checkpoint. Whether there was. */
  #compact(oldest: number, now: number): boolean {
    const rows = this.#statement(
      `SELECT first, time, length(entries) AS bytes FROM log
         WHERE first <= ? AND structural = 0 ORDER BY first LIMIT ?`,
    ).all(oldest, COMPACTED_GROUPS);
    const before = now - this.#history.historyMillisMax;
    let last = 0;
    let bytes = this.#logBytes;
    for (const row of rows) {
      if (bytes <= this.#history.historyBytesMax && Number(row['time']) >= before) break;
      last = Number(row['first']);
      bytes -= Number(row['bytes']);
    }
    if (last === 0) return false;
    this.#write(() => this.#run('DELETE FROM log WHERE first <= ? AND structural = 0', last));
    this.#logBytes = bytes;
    return true;
  }

  #write(work: () => void): void {
    if (this.#failure !== null) throw this.#failure;
    try {
      this.#statement('BEGIN IMMEDIATE').run();
      work();
      this.#statement('COMMIT').run();
    } catch (error) {
      this.#failure = error as Error;
      throw error;
    }
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

/** Opens a journal, or makes one in a file that is not there; what it is, and of which version, is checked. */
export function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  try {
    // FULL: each commit is synced, and not only that of a checkpoint of SQLite.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF');
    const version = pragma(database, 'user_version');
    const application = pragma(database, 'application_id');
    const isEmpty = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.['tables'] === 0;
    if (isEmpty && version === 0 && application === 0) {
      database.exec(
        `BEGIN; ${SCHEMA} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`,
      );
    } else if (application !== APPLICATION_ID) {
      throw new JournalError(`${file} is no journal of a node`);
    } else if (version !== SCHEMA_VERSION) {
      throw new JournalError(
        `${file} is a journal of version ${version}, and this smc reads version ${SCHEMA_VERSION}: use the smc that wrote it`,
      );
    }
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}

/** A directory is there after a crash once the one around it is synced. */
function makeDirectory(directory: string): void {
  if (existsSync(directory)) return;
  makeDirectory(dirname(directory));
  mkdirSync(directory, { mode: 0o700 });
  syncDirectory(dirname(directory));
}

function syncDirectory(directory: string): void {
  const file = openSync(directory, 'r');
  fsyncSync(file);
  closeSync(file);
}
