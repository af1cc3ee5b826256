import type { DatabaseSync } from 'node:sqlite';
import { JournalError, type Recovered } from '../../ports.ts';
import type { CheckpointHead, StateRow } from '../checkpoint.ts';
import type { NamedBlob } from '../blobs.ts';
import type { LogGroup } from '../group.ts';
import {
  type CheckpointRow,
  groupOf,
  type GroupRow,
  headChecksum,
  type ImageRow,
  keptChecksum,
  type KeptRow,
  machineHeadOf,
  type MachineRow,
  stateChecksum,
  type StoredStateRow,
} from './rows.ts';

/** A part of a checkpoint that is not as it was written: an older one may do. */
class DamagedCheckpoint extends Error {}

const REPAIR = 'smc repair sets aside what is damaged, and says what is lost with it';

/** What is cut off at the end of a log without being asked. */
const TAIL_BYTES_MAX = 64 * 1024;

/** States that are given at once. */
const ROWS_MAX = 1_024;
const BYTES_MAX = 256 * 1024;

/**
 * What a node is rebuilt from: the newest checkpoint that is whole, and the log after it. A damaged group at the end
 * is cut off, and said; one in the middle, or one that is missing, ends with a `JournalError`. When all
 * was given, what no checkpoint counts on any more is deleted.
 */
export function* readStore(database: DatabaseSync): Generator<Recovered> {
  const notes: string[] = [];
  let told = 0;
  const begin = (checkpoint: number): Recovered => {
    const begun: Recovered = {
      kind: 'begin',
      checkpoint,
      last: lastPosition(database),
      notes: notes.slice(told),
    };
    told = notes.length;
    return begun;
  };
  try {
    cutTail(database, notes);
    for (const start of startsOf(database)) {
      yield begin(start);
      try {
        yield* readFrom(database, start);
      } catch (error) {
        if (!(error instanceof DamagedCheckpoint)) throw error;
        notes.push(`${error.message}; it goes on from what is older`);
        continue;
      }
      forgetAfter(database, start);
      return;
    }
  } catch (error) {
    if (error instanceof JournalError) throw error;
    throw new JournalError(`the journal can not be read: ${(error as Error).message}; ${REPAIR}`, {
      cause: error,
    });
  }
  const why = notes.length === 0 ? 'entries are missing at its start' : notes.join('; ');
  throw new JournalError(
    `the journal has no whole checkpoint, and not all that came before: ${why}; ${REPAIR}`,
  );
}

/** Positions of complete checkpoints, the newest first; and 0, where the log has all from the start. */
function startsOf(database: DatabaseSync): number[] {
  const rows = database
    .prepare('SELECT position FROM checkpoints WHERE complete = 1 ORDER BY position DESC')
    .all();
  const { entries, last } = database
    .prepare('SELECT sum(count) AS entries, max(first + count) - 1 AS last FROM log')
    .get() as { entries: number | null; last: number | null };
  return [...rows.map(({ position }) => Number(position)), ...(entries === last ? [0] : [])];
}

function lastPosition(database: DatabaseSync): number {
  const { last } = database
    .prepare(
      `SELECT max(coalesce((SELECT first + count - 1 FROM log ORDER BY first DESC LIMIT 1), 0),
                  coalesce((SELECT max(position) FROM checkpoints WHERE complete = 1), 0)) AS last`,
    )
    .get() as { last: number };
  return last;
}

/** Sets damaged groups at the end aside, if they are no more than what one write may have left. */
function cutTail(database: DatabaseSync, notes: string[]): void {
  const cut: GroupRow[] = [];
  let bytes = 0;
  for (const each of database.prepare('SELECT * FROM log ORDER BY first DESC').iterate()) {
    const row = each as unknown as GroupRow;
    if (groupOf(row) !== null) break;
    cut.push(row);
    bytes += row.entries.length;
    // More than an end: whoever reads it comes upon it, and stops.
    if (bytes > TAIL_BYTES_MAX) return;
  }
  if (cut.length === 0) return;
  database.exec('BEGIN IMMEDIATE');
  for (const { first, count, entries } of cut) {
    database
      .prepare(`INSERT INTO aside (reason, source, place, bytes) VALUES ('a damaged end', 'log', ?, ?)`)
      .run(`${first} ${count}`, entries);
    database.prepare('DELETE FROM log WHERE first = ?').run(first);
  }
  database.exec('COMMIT');
  const { first } = cut[cut.length - 1];
  const count = cut.reduce((sum, row) => sum + row.count, 0);
  notes.push(
    `the end of the log is damaged, and was cut off: ${count} entries from position ${first}; what is left of them is in the table "aside"`,
  );
}

function* readFrom(database: DatabaseSync, start: number): Generator<Recovered> {
  yield* readGroups(database, 'WHERE first <= ? AND structural = 1', start, null);
  if (start > 0) yield* readCheckpoint(database, start);
  yield* readGroups(database, 'WHERE first > ?', start, start + 1);
}

/** Groups in order; `next` is the position that has to come first, and null where there may be gaps. */
function* readGroups(
  database: DatabaseSync,
  which: string,
  start: number,
  next: number | null,
): Generator<Recovered> {
  let expected = next;
  for (const each of database.prepare(`SELECT * FROM log ${which} ORDER BY first`).iterate(start)) {
    const row = each as unknown as GroupRow;
    const group = groupOf(row);
    if (group === null) {
      throw new JournalError(
        `the log is damaged at position ${row.first} (${row.count} entries), and goes on after it: ${REPAIR}`,
      );
    }
    if (expected !== null && row.first !== expected) {
      throw new JournalError(`the log has nothing from position ${expected} to ${row.first - 1}: ${REPAIR}`);
    }
    if (expected !== null) expected += row.count;
    const blobs = group.isStructural ? blobsOf(database, group) : [];
    yield { kind: 'group', group: { ...group, blobs } };
  }
}

function blobsOf(database: DatabaseSync, { first, count }: Omit<LogGroup, 'blobs'>): NamedBlob[] {
  const rows = database
    .prepare('SELECT digest, bytes FROM images WHERE first BETWEEN ? AND ?')
    .all(first, first + count - 1);
  return rows as unknown as ImageRow[];
}

function* readCheckpoint(database: DatabaseSync, position: number): Generator<Recovered> {
  const row = database.prepare('SELECT * FROM checkpoints WHERE position = ?').get(position);
  const { time, refusals, checksum } = row as unknown as CheckpointRow;
  const machines = database
    .prepare('SELECT * FROM machines WHERE checkpoint = ? ORDER BY machine')
    .all(position);
  const head: CheckpointHead = {
    position,
    time,
    refusals,
    machines: (machines as unknown as MachineRow[]).map(machineHeadOf),
  };
  if (headChecksum(head) !== checksum) throw damaged(position, 'itself');
  yield { kind: 'checkpoint', head };
  for (const machine of head.machines) {
    yield* readStates(database, position, machine);
    yield* readKept(database, position, machine);
  }
}

function* readStates(
  database: DatabaseSync,
  position: number,
  { machine, name, since }: CheckpointHead['machines'][number],
): Generator<Recovered> {
  const rows = database
    .prepare(
      `SELECT key, position, fingerprint, checksum, state FROM states
         WHERE machine = ? AND position BETWEEN ? AND ? ORDER BY key, position`,
    )
    .iterate(machine, since, position);
  let states: StateRow[] = [];
  let bytes = 0;
  let fingerprint = '';
  let newest: StoredStateRow | null = null;
  const take = (row: StoredStateRow): void => {
    const state = { key: row.key, bytes: row.state };
    if (stateChecksum({ machine, fingerprint: row.fingerprint }, row.position, state) !== row.checksum) {
      throw damaged(position, `the state of ${name}${row.key === '' ? '' : ` ${JSON.stringify(row.key)}`}`);
    }
    if (state.bytes === null) return;
    fingerprint = row.fingerprint;
    states.push(state);
    bytes += state.bytes.length;
  };
  for (const each of rows) {
    const row = each as unknown as StoredStateRow;
    // The last of a key counts.
    if (newest !== null && newest.key !== row.key) take(newest);
    newest = row;
    if (states.length < ROWS_MAX && bytes < BYTES_MAX) continue;
    yield { kind: 'states', machine, fingerprint, states };
    states = [];
    bytes = 0;
  }
  if (newest !== null) take(newest);
  if (states.length > 0) yield { kind: 'states', machine, fingerprint, states };
}

function* readKept(
  database: DatabaseSync,
  position: number,
  { machine, name, keptFirst, keptEnd }: CheckpointHead['machines'][number],
): Generator<Recovered> {
  const rows = database
    .prepare('SELECT * FROM kept WHERE machine = ? AND first + count > ? AND first < ? ORDER BY first')
    .iterate(machine, keptFirst, keptEnd);
  for (const each of rows) {
    const { first, count, checksum, requests } = each as unknown as KeptRow;
    const slice = { machine, first, count, bytes: requests };
    if (keptChecksum(slice) !== checksum) throw damaged(position, `the kept requests of ${name}`);
    yield { kind: 'kept', ...slice };
  }
}

const damaged = (position: number, what: string): DamagedCheckpoint =>
  new DamagedCheckpoint(`the checkpoint at position ${position} is damaged: ${what}`);

/** Deletes checkpoints that were not finished, or could not be used; all of it is in the log. */
function forgetAfter(database: DatabaseSync, start: number): void {
  const { left } = database
    .prepare('SELECT count(*) AS left FROM checkpoints WHERE position > ?')
    .get(start) as {
    left: number;
  };
  if (left === 0) return;
  database.exec('BEGIN IMMEDIATE');
  for (const [table, column] of [
    ['states', 'position'],
    ['kept', 'position'],
    ['machines', 'checkpoint'],
    ['checkpoints', 'position'],
  ]) {
    database.prepare(`DELETE FROM ${table} WHERE ${column} > ?`).run(start);
  }
  database.exec('COMMIT');
}
