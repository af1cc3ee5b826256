import type { DatabaseSync } from 'node:sqlite';
import { DamagedCheckpoint, JournalError } from '../error.ts';
import type { Recovered, Unusable } from '../../ports.ts';
import { type NamedBlob, sha256 } from '../blobs.ts';
import type { LogGroup } from '../group.ts';
import { isCorrupt, outOfOrder, REPAIR } from './failures.ts';
import { COMPLETENESS } from './schema.ts';
import { beginBeforeCut } from './wal.ts';
import { blobsBeside, removedIn } from './images.ts';
import { cover, lostEntries } from './log-check.ts';
import { END_DAMAGED, noteEnd, notedEnd } from './log-end.ts';
import {
  addChecksum,
  CHECKSUMS,
  type CheckpointRow,
  groupOf,
  type GroupRow,
  headChecksum,
  type ImageRow,
  keptChecksum,
  type KeptRow,
  machineHeadOf,
  type MachineRow,
  sessionsChecksum,
  type SessionsRow,
  stateChecksum,
  type StoredStateRow,
} from './rows.ts';

/** What is cut off at the end of a log without being asked. */
const TAIL_BYTES_MAX = 64 * 1024;

/** So many states of a keyed machine are looked at before a start; of more a check beside the node does it. */
const LOOKED_AT_MAX = 10_000;

/** States that are given at once. */
const ROWS_MAX = 1_024;
const BYTES_MAX = 256 * 1024;

/** What a node was rebuilt from: a checkpoint, by its position; and the sum of the checksums of all structural groups. */
export interface ReadStore {
  readonly start: number;
  readonly structureSum: number;
}

/**
 * What a node is rebuilt from: the newest checkpoint that is whole, and the log after it; returns what that was. It goes
 * through no more of the log: there may be a long one before the checkpoint. A damaged group at the end is cut off once all else was
 * read, and said; one in the middle, or one that is missing, ends with a `JournalError`, as does what would be older than a sealed
 * checkpoint. `damage` is what was found before; `unusable` the checkpoint from which it went on
 * when it was read before, with all that was damaged told then.
 */
export function* readStore(
  database: DatabaseSync,
  damage: readonly string[],
  unusable: Unusable | null = null,
): Generator<Recovered, ReadStore> {
  const notes = [...damage];
  refuseEmptied(database);
  const sealed = sealedReach(database);
  const noted = notedEnd(database);
  if (noted === null) notes.push(END_DAMAGED);
  const read = (): Generator<Recovered, ReadStore> =>
    readNewest(database, notes, { known: damage.length, sealed, unusable });
  const tail = damagedTail(database, Math.max(sealed, groupAt(database, noted ?? 0) - 1));
  if (tail.length === 0) return yield* read();
  checkTrees(database);
  const cutWal = beginBeforeCut(database);
  try {
    notes.push(cutTail(database, tail));
    const found = yield* read();
    cutWal();
    database.exec('COMMIT');
    return found;
  } finally {
    // A start that is refused changes nothing.
    if (database.isTransaction) database.exec('ROLLBACK');
  }
}

/** `known` of the notes are of damage that is no more than it seems. */
function* readNewest(
  database: DatabaseSync,
  notes: string[],
  {
    known,
    sealed,
    unusable,
  }: { readonly known: number; readonly sealed: number; readonly unusable: Unusable | null },
): Generator<Recovered, ReadStore> {
  let told = 0;
  const begin = (checkpoint: number): Recovered => {
    const begun: Recovered = {
      kind: 'begin',
      checkpoint,
      last: lastPosition(database),
      removed: removedBy(database, checkpoint),
      notes: notes.slice(told),
    };
    told = notes.length;
    return begun;
  };
  const reach = Math.max(sealed, notedEnd(database) ?? 0);
  for (const { position } of database
    .prepare('SELECT position FROM checkpoints WHERE complete = ? ORDER BY position DESC')
    .all(COMPLETENESS.damaged)) {
    notes.push(`the checkpoint at position ${String(position)} was found damaged, and does not count`);
  }
  if (unusable !== null) {
    told = notes.length;
    notes.push(`${unusable.message}; it goes on from what is older`);
  }
  const before = unusable?.position ?? Number.POSITIVE_INFINITY;
  for (const start of startsOf(database)) {
    if (start >= before) continue;
    // Else what is rebuilt would be written into trees that do not hold together.
    if (notes.length > known) checkTrees(database);
    checkReach(database, start, reach);
    yield begin(start);
    try {
      const sum = yield* readFrom(database, start);
      checkStructuralIndex(database, sum);
      return { start, structureSum: sum };
    } catch (error) {
      if (!(error instanceof DamagedCheckpoint)) throw error;
      notes.push(`${error.message}; it goes on from what is older`);
    }
  }
  const why = notes.length === 0 ? 'entries are missing at its start' : notes.join('; ');
  throw new JournalError(
    `the journal has no whole checkpoint, and not all that came before: ${why}; ${REPAIR}`,
  );
}

/** A log without a group, where other tables have rows: it was not always so. What was cut off of it is in "aside". */
function refuseEmptied(database: DatabaseSync): void {
  const has = (table: string): boolean =>
    database.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get() !== undefined;
  if (has('log') || has('aside')) return;
  const filled = ['checkpoints', 'machines', 'states', 'kept', 'sessions', 'images'].find(has);
  if (filled !== undefined) {
    throw new JournalError(
      `the log is empty, and yet there are ${filled}: it was lost; smc restore takes a backup`,
    );
  }
}

/** The last position that a sealed checkpoint leads to: all up to it was acknowledged. 0 where there is none. */
function sealedReach(database: DatabaseSync): number {
  const positions = database.prepare('SELECT position FROM checkpoints').all();
  const sealed = positions
    .map(({ position }) => Number(position))
    .filter((each) => isHeadWhole(database, each));
  return Math.max(0, ...sealed);
}

/**
 * The log leads at least as far as its checkpoints, and what was noted of its end, but for what a repair has said to be
 * lost: whoever goes on from the checkpoint that stands for that has it all.
 */
function checkReach(database: DatabaseSync, start: number, reach: number): void {
  const end = logEnd(database);
  const lacking = { first: end + 1, count: reach - end };
  if (lacking.count <= 0 || (start === reach && cover(lostEntries(database), lacking))) return;
  throw new JournalError(
    `the log ends at position ${end}, and led up to position ${reach} before: ${REPAIR}`,
  );
}

/**
 * The index of structural groups is asked for what was deployed: without one of its rows that would be other code. Up to a
 * checkpoint that has the sum of them too; what comes after it was read without the index.
 */
function checkStructuralIndex(database: DatabaseSync, sum: number): void {
  if (structureSum(database, Number.MAX_SAFE_INTEGER) === sum) return;
  throw new JournalError(`the index of what was deployed is damaged: ${REPAIR}`);
}

/** Whether all rows are where they are looked for, and indexes have what tables have. */
function checkTrees(database: DatabaseSync): void {
  refuseBroken(database.prepare('PRAGMA integrity_check').all());
}

/** Findings of SQLite's check of a file at the most. */
const FINDINGS_MAX = 100;

/** What is damaged within a row, for which it has a checksum. */
const WITHIN_ROW = /^(?:non-BLOB value in|NULL value in log\.entries)/;

/** Throws a `JournalError` for what SQLite's check of a file has found, but within rows. */
export function refuseBroken(found: readonly Record<string, unknown>[]): void {
  const broken = brokenIn(found);
  if (broken !== null) throw new JournalError(`the journal is damaged (${broken}): ${REPAIR}`);
}

/** What that has found first, but within rows; null for nothing. */
export function brokenIn(found: readonly Record<string, unknown>[]): string | null {
  const findings = found.map((row) => String(Object.values(row)[0])).filter((each) => each !== 'ok');
  const broken = findings.find((each) => !WITHIN_ROW.test(each));
  // It may have stopped before it came to others.
  return broken ?? (findings.length < FINDINGS_MAX ? null : findings[0]);
}

/** Positions of complete checkpoints, the newest first; and 0, where the log has all from the start. */
export function* startsOf(database: DatabaseSync): Generator<number> {
  const rows = database
    .prepare('SELECT position FROM checkpoints WHERE complete = 1 ORDER BY position DESC')
    .all();
  for (const { position } of rows) yield Number(position);
  // Only then: that goes through the whole log.
  const { entries } = database
    .prepare('SELECT coalesce(sum(count), 0) AS entries FROM log NOT INDEXED')
    .get() as { entries: number };
  if (entries === logEnd(database)) yield 0;
}

/** The last position of the log; 0 where it has none. */
function logEnd(database: DatabaseSync): number {
  const row = database.prepare('SELECT first + count - 1 AS last FROM log ORDER BY first DESC LIMIT 1').get();
  return Number(row?.['last'] ?? 0);
}

/** The position of the first entry of the group that holds a position, or that comes before it. */
function groupAt(database: DatabaseSync, position: number): number {
  const row = database.prepare('SELECT max(first) + 0.0 AS first FROM log WHERE first <= ?').get(position);
  return Number(row?.['first'] ?? 0);
}

/** The last position that the log, or a checkpoint, leads to. */
export function lastPosition(database: DatabaseSync): number {
  const { last } = database
    .prepare('SELECT coalesce(max(position), 0) AS last FROM checkpoints WHERE complete = 1')
    .get() as { last: number };
  return Math.max(last, logEnd(database));
}

/** The last position that a whole group leads to; 0 where there is none. */
export function lastWhole(database: DatabaseSync): number {
  for (const row of fromEnd(database)) {
    const group = groupOf(row);
    if (group !== null) return group.first + group.count - 1;
  }
  return 0;
}

/** The groups of a log, the last first. */
function* fromEnd(database: DatabaseSync): Generator<GroupRow> {
  let before = Number.POSITIVE_INFINITY;
  for (const each of database.prepare('SELECT * FROM log ORDER BY first DESC').iterate()) {
    const row = each as unknown as GroupRow;
    if (row.first >= before) throw outOfOrder();
    before = row.first;
    yield row;
  }
}

interface DamagedGroup {
  readonly first: number;
  readonly count: number;
  /** What is left of its entries. */
  readonly left: Uint8Array | null;
}

/** The damaged groups at the end behind a position, the last first, if they are no more than what one write may have left. */
function damagedTail(database: DatabaseSync, behind: number): readonly DamagedGroup[] {
  const tail: DamagedGroup[] = [];
  let bytes = 0;
  for (const row of fromEnd(database)) {
    if (groupOf(row) !== null) break;
    // More than an end, as is what is more than this below: whoever reads it comes upon it, and stops.
    if (row.first <= behind) return [];
    // What is damaged need not even be bytes.
    const entries: unknown = row.entries;
    const left = entries instanceof Uint8Array ? entries : null;
    tail.push({ first: row.first, count: row.count, left });
    bytes += left?.length ?? 0;
    if (bytes > TAIL_BYTES_MAX) return [];
  }
  if (tail.length === 0) return [];
  // Then more is lost than what is damaged: whoever looks how far it leads comes upon that.
  return tail[0].first + tail[0].count <= (notedEnd(database) ?? 0) ? [] : tail;
}

/** Sets them aside, in a transaction. What there is to say of it. */
function cutTail(database: DatabaseSync, tail: readonly DamagedGroup[]): string {
  for (const { first, count, left } of tail) {
    database
      .prepare(`INSERT INTO aside (reason, source, place, bytes) VALUES ('a damaged end', 'log', ?, ?)`)
      .run(`${first} ${count}`, left);
    database.prepare('DELETE FROM log WHERE first = ?').run(first);
  }
  noteEnd(database, logEnd(database));
  const { first } = tail[tail.length - 1];
  const count = tail.reduce((sum, row) => sum + row.count, 0);
  return `the end of the log is damaged, and was cut off: ${count} entries from position ${first}; what is left of them is in the table "aside"`;
}

/** Returns the sum of the checksums of all structural groups. */
function* readFrom(database: DatabaseSync, start: number): Generator<Recovered, number> {
  const before = yield* readGroups(database, `WHERE ${STRUCTURE}`, start, null);
  if (start > 0) yield* readCheckpoint(database, start, { isThorough: false });
  const after = yield* readGroups(database, 'WHERE first > ?', start, start + 1);
  return addChecksum(before, after);
}

/** What stays of the log up to a position. */
const STRUCTURE = 'first <= ? AND structural = 1';

/** The numbers of the machines that were removed up to a position. What is damaged there is found when it is read. */
function removedBy(database: DatabaseSync, position: number): ReadonlySet<number> {
  const rows = database.prepare(`SELECT * FROM log WHERE ${STRUCTURE} ORDER BY first`).iterate(position);
  return removedIn(groupsOf(rows as Iterable<unknown> as Iterable<GroupRow>));
}

function* groupsOf(rows: Iterable<GroupRow>): Generator<Omit<LogGroup, 'blobs'>> {
  for (const row of rows) {
    const group = groupOf(row);
    if (group !== null) yield group;
  }
}

/**
 * Groups in order, each with all that it names; `next` is the position that has to come first, and null where there may be
 * gaps. Returns the sum of the checksums of the structural ones.
 */
function* readGroups(
  database: DatabaseSync,
  which: string,
  start: number,
  next: number | null,
): Generator<Recovered, number> {
  let expected = next;
  let sum = 0;
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
    if (group.isStructural) sum = addChecksum(sum, row.checksum);
    yield { kind: 'group', group: { ...group, blobs: blobsOf(database, group) } };
  }
  return sum;
}

/** What a group names: the entries say which images are theirs. */
function blobsOf(database: DatabaseSync, group: Omit<LogGroup, 'blobs'>): NamedBlob[] {
  return blobsBeside(group, new Set()).map(({ what, machine, digest, position }) => {
    const find = database.prepare('SELECT bytes FROM images WHERE digest = ?');
    const row = find.get(digest) as Pick<ImageRow, 'bytes'> | undefined;
    const fail = (how: string): never => {
      throw new JournalError(`${what} ${digest} of ${machine} at position ${position} is ${how}: ${REPAIR}`);
    };
    if (row === undefined) return fail('missing');
    return sha256(row.bytes) === digest ? { digest, bytes: row.bytes } : fail('damaged');
  });
}

/** The row of a checkpoint and those of its machines, as they stand there. */
export function headRows(
  database: DatabaseSync,
  position: number,
): { readonly checkpoint: CheckpointRow; readonly machines: readonly MachineRow[] } {
  const checkpoint = database.prepare('SELECT * FROM checkpoints WHERE position = ?').get(position);
  const machines = database
    .prepare('SELECT * FROM machines WHERE checkpoint = ? ORDER BY machine')
    .all(position);
  return {
    checkpoint: checkpoint as unknown as CheckpointRow,
    machines: machines as unknown as readonly MachineRow[],
  };
}

/** The sum of the checksums of the structural groups up to a position. */
export function structureSum(database: DatabaseSync, position: number): number {
  const rows = database.prepare('SELECT checksum FROM log WHERE structural = 1 AND first <= ?').all(position);
  return rows.reduce((sum, { checksum }) => addChecksum(sum, Number(checksum)), 0);
}

/**
 * A checkpoint: its head and its slices, but for the states of keyed machines, which are read when they are used.
 * Throws a `DamagedCheckpoint`. All of its states are looked at, or of many at first only whether they are there.
 */
export function* readCheckpoint(
  database: DatabaseSync,
  position: number,
  { isThorough }: { readonly isThorough: boolean },
): Generator<Recovered> {
  const { checkpoint, machines } = headRows(database, position);
  const { time, refusals, structure_sum, checksum } = checkpoint;
  if (headChecksum(checkpoint, machines) !== checksum) throw damaged(position, 'itself');
  if (structureSum(database, position) !== structure_sum) {
    throw damaged(position, 'what was deployed before it');
  }
  yield { kind: 'checkpoint', head: { position, time, refusals, machines: machines.map(machineHeadOf) } };
  for (const machine of machines) {
    if (machine.keyed === 0) yield* readStates(database, position, machine);
    else if (isThorough || machine.states <= LOOKED_AT_MAX) {
      for (const _ of readStates(database, position, machine));
    } else countStates(database, position, machine);
    yield* readKept(database, position, machine);
    yield* readSessions(database, position, machine);
  }
}

/** The state rows of a machine that count for a checkpoint: of each key the newest. */
export function* stateRows(
  database: DatabaseSync,
  position: number,
  { machine, since }: Pick<MachineRow, 'machine' | 'since'>,
): Generator<StoredStateRow> {
  const rows = database.prepare(
    `SELECT key, position, checksum, state FROM states
       WHERE machine = ? AND position BETWEEN ? AND ? ORDER BY key, position`,
  );
  // There may be millions: an array is made in less time than an object with names.
  rows.setReturnArrays(true);
  let newest: StoredStateRow | null = null;
  for (const each of rows.iterate(machine, since, position)) {
    const [key, written, checksum, state] = each as unknown as [string, number, number, Uint8Array | null];
    const row = { key, position: written, checksum, state };
    if (newest !== null && newest.key !== row.key) yield newest;
    newest = row;
  }
  if (newest !== null) yield newest;
}

/** The states of a machine in a checkpoint. Throws a `DamagedCheckpoint`. */
export function* readStates(
  database: DatabaseSync,
  position: number,
  head: MachineRow,
): Generator<Recovered> {
  const { machine, name } = head;
  let keys: string[] = [];
  let parts: Uint8Array[] = [];
  let bytes = 0;
  let count = 0;
  let sum = 0;
  const slice = (): Recovered => {
    const lengths = parts.map(({ length }) => length);
    return { kind: 'states', machine, keys, lengths, bytes: Buffer.concat(parts) };
  };
  for (const { key, position: written, checksum, state } of stateRows(database, position, head)) {
    if (stateChecksum(machine, written, key, state) !== checksum) {
      throw damaged(position, `the state of ${name}${key === '' ? '' : ` ${JSON.stringify(key)}`}`);
    }
    count++;
    sum = addChecksum(sum, checksum);
    if (state === null) continue;
    keys.push(key);
    parts.push(state);
    bytes += state.length;
    if (keys.length < ROWS_MAX && bytes < BYTES_MAX) continue;
    yield slice();
    keys = [];
    parts = [];
    bytes = 0;
  }
  if (keys.length > 0) yield slice();
  if (count !== head.states || sum !== head.states_sum) {
    throw damaged(position, `states of ${name} are missing`);
  }
}

/** What a checkpoint lacks of its states, or has older ones for; null where it has them all. Damaged ones are there too. */
export function missingStates(database: DatabaseSync, position: number): string | null {
  const lacking = headRows(database, position).machines.find(
    (machine) => !hasStates(database, position, machine),
  );
  return lacking === undefined ? null : `states of ${lacking.name} are missing`;
}

/** Whether the rows of all states are there, and no older ones. Throws a `DamagedCheckpoint`. */
function countStates(database: DatabaseSync, position: number, head: MachineRow): void {
  const { machine, name, since, rows: all, rows_sum } = head;
  // Unless a later checkpoint was begun, or one was set aside, no row has gone that was there: to see that takes half the time.
  const here = database
    .prepare(
      `SELECT count(*) AS rows, coalesce(sum(checksum), 0) % ${CHECKSUMS} AS sum FROM states
         WHERE machine = ? AND position BETWEEN ? AND ?`,
    )
    .get(machine, since, position) as { rows: number; sum: number };
  if (here.rows === all && here.sum === rows_sum) return;
  if (!hasStates(database, position, head)) throw damaged(position, `states of ${name} are missing`);
}

function hasStates(
  database: DatabaseSync,
  position: number,
  { machine, since, states, states_sum }: MachineRow,
): boolean {
  // With max() the other columns are those of the newest row of a key.
  const { rows, sum } = database
    .prepare(
      `SELECT count(*) AS rows, coalesce(sum(checksum), 0) % ${CHECKSUMS} AS sum FROM
         (SELECT checksum, max(position) FROM states WHERE machine = ? AND position BETWEEN ? AND ? GROUP BY key)`,
    )
    .get(machine, since, position) as { rows: number; sum: number };
  return rows === states && sum === states_sum;
}

function* readKept(
  database: DatabaseSync,
  position: number,
  { machine, name, kept_first: keptFirst, kept_end: keptEnd }: MachineRow,
): Generator<Recovered> {
  const rows = database
    .prepare(
      `SELECT machine, first, count, checksum, requests FROM kept
         WHERE machine = ? AND first + count > ? AND first < ? ORDER BY first`,
    )
    .iterate(machine, keptFirst, keptEnd);
  let next = keptFirst;
  for (const each of rows) {
    const { first, count, checksum, requests } = each as unknown as KeptRow;
    const slice = { machine, first, count, bytes: requests };
    if (first > next || keptChecksum(slice) !== checksum) break;
    next = first + count;
    yield { kind: 'kept', ...slice };
  }
  if (next !== keptEnd) throw damaged(position, `the kept requests of ${name}`);
}

function* readSessions(
  database: DatabaseSync,
  position: number,
  { machine, name, sessions }: MachineRow,
): Generator<Recovered> {
  const rows = database
    .prepare('SELECT * FROM sessions WHERE machine = ? AND position = ? ORDER BY part')
    .iterate(machine, position);
  let next = 0;
  for (const each of rows) {
    const { part, checksum, reached } = each as unknown as SessionsRow;
    if (part !== next || sessionsChecksum(machine, position, part, reached) !== checksum) break;
    next++;
    yield { kind: 'sessions', machine, part, bytes: reached };
  }
  if (next !== sessions) throw damaged(position, `what is known of the sessions of ${name}`);
}

const damaged = (position: number, what: string): DamagedCheckpoint =>
  new DamagedCheckpoint(position, `the checkpoint at position ${position} is damaged: ${what}`);

/**
 * Deletes what no checkpoint up to a position counts on: those that were not finished or could not be used, and what is
 * there of one whose row is lost or damaged. All of it is in the log. In a transaction.
 */
export function forgetAfter(database: DatabaseSync, start: number): void {
  const forget = (which: string): void => void database.prepare(`DELETE FROM ${which}`).run();
  forget(`checkpoints WHERE position NOT BETWEEN 1 AND ${start} OR complete <> ${COMPLETENESS.complete}`);
  for (const { position } of database.prepare('SELECT position FROM checkpoints').all()) {
    if (!isHeadWhole(database, Number(position))) forget(`checkpoints WHERE position = ${Number(position)}`);
  }
  forget('machines WHERE checkpoint NOT IN (SELECT position FROM checkpoints)');
  forget(`states WHERE position > ${start}`);
  forget(
    'kept WHERE first + count > coalesce((SELECT max(kept_end) FROM machines WHERE machine = kept.machine), 0)',
  );
  forget('sessions WHERE (position, machine) NOT IN (SELECT checkpoint, machine FROM machines)');
}

function isHeadWhole(database: DatabaseSync, position: number): boolean {
  try {
    const { checkpoint, machines } = headRows(database, position);
    return headChecksum(checkpoint, machines) === checkpoint.checksum;
  } catch (error) {
    if (isCorrupt(error)) return false;
    throw error;
  }
}
