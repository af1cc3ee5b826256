import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { JournalError } from '../../ports.ts';
import { DirectoryLock } from './lock.ts';
import {
  DamagedCheckpoint,
  forgetAfter,
  headRows,
  readCheckpoint,
  stateRows,
  structureSum,
} from './reading.ts';
import {
  addChecksum,
  groupOf,
  type GroupRow,
  headChecksum,
  keptChecksum,
  type KeptRow,
  type MachineRow,
  sessionsChecksum,
  type SessionsRow,
  stateChecksum,
  type StoredStateRow,
} from './rows.ts';
import { COMPLETENESS, FILES } from './schema.ts';
import { openDatabase, sealCheckpoint, syncDirectory } from './store.ts';

/** What a repair found and did. */
export interface RepairReport {
  /** Where everything lies as it was before. */
  readonly copy: string;
  /** What is damaged, missing or lost, a sentence each; none where all is whole. */
  readonly findings: readonly string[];
  /** The position that a node goes on from. */
  readonly last: number;
}

/** The tables, each with its key; all that is whole is taken over. */
const TABLES: readonly { readonly table: string; readonly key: readonly string[] }[] = [
  { table: 'images', key: ['digest'] },
  { table: 'log', key: ['first'] },
  { table: 'checkpoints', key: ['position'] },
  { table: 'machines', key: ['checkpoint', 'machine'] },
  { table: 'states', key: ['machine', 'key', 'position'] },
  { table: 'kept', key: ['machine', 'first'] },
  { table: 'sessions', key: ['machine', 'position', 'part'] },
  { table: 'aside', key: ['number'] },
];

/**
 * Makes a journal that a node can start from of one that is damaged. What can be read is written into a new file;
 * damaged rows, and groups that nothing leads to any more, are set aside in it (table `aside`), and the directory keeps
 * a copy of all files as they were, under a name with `stamp`. Nothing is deleted. Throws a `JournalError` where a node
 * runs, and where nothing can be read.
 */
export function repairDirectory(directory: string, stamp: string): RepairReport {
  if (!existsSync(join(directory, FILES.journal))) throw new JournalError(`${directory} has no journal`);
  const lock = DirectoryLock.take(directory);
  try {
    const copy = keepCopy(directory, stamp);
    const draft = join(directory, 'repaired.db');
    rmSync(draft, { force: true });
    const database = openDatabase(draft);
    const findings: string[] = [];
    try {
      takeOver(join(directory, FILES.journal), database, findings);
      const last = makeWhole(database, findings);
      // One file, without a log of its own beside it.
      database.exec('PRAGMA journal_mode = DELETE');
      database.close();
      replace(directory, draft);
      return { copy, findings, last };
    } finally {
      if (database.isOpen) database.close();
    }
  } finally {
    lock.release();
  }
}

function keepCopy(directory: string, stamp: string): string {
  const copy = join(directory, `before-repair-${stamp}`);
  mkdirSync(copy);
  for (const suffix of ['', '-wal', '-shm']) {
    const file = `${FILES.journal}${suffix}`;
    if (existsSync(join(directory, file))) copyFileSync(join(directory, file), join(copy, file));
  }
  syncDirectory(copy);
  return copy;
}

function replace(directory: string, draft: string): void {
  const journal = join(directory, FILES.journal);
  for (const suffix of ['-wal', '-shm']) rmSync(`${journal}${suffix}`, { force: true });
  renameSync(draft, journal);
  syncDirectory(directory);
}

/** Writes every row that can be read into the new database. */
function takeOver(file: string, target: DatabaseSync, findings: string[]): void {
  const source = new DatabaseSync(file, { readOnly: true });
  try {
    target.exec('BEGIN IMMEDIATE');
    for (const { table, key } of TABLES) {
      const lost = copyTable(source, target, table, key);
      if (lost !== null) findings.push(`the table ${table} can not be read as a whole: ${lost}`);
    }
    target.exec('COMMIT');
  } catch (error) {
    const { message } = error as Error;
    throw new JournalError(`nothing of ${file} can be read: ${message}; smc restore takes a backup`, {
      cause: error,
    });
  } finally {
    source.close();
  }
}

/**
 * Copies the rows of a table; where the database is damaged those that are found from either end. Gives why others were
 * not.
 */
function copyTable(
  source: DatabaseSync,
  target: DatabaseSync,
  table: string,
  key: readonly string[],
): string | null {
  const where = key.map((column) => `${column} = ?`).join(' AND ');
  const byKey = source.prepare(`SELECT * FROM ${table} WHERE ${where}`);
  const found = new Map<string, readonly SQLInputValue[]>();
  let why = findKeys(source, table, key, 'ASC', found);
  if (why !== null) findKeys(source, table, key, 'DESC', found);
  for (const keys of found.values()) {
    try {
      const row = byKey.get(...keys);
      if (row === undefined) why ??= 'a row is not where it should be';
      else insert(target, table, Object.values(row) as SQLInputValue[]);
    } catch (error) {
      why = (error as Error).message;
    }
  }
  return why;
}

/** Adds the keys of the rows that are found in this order; gives why it ended before the last. */
function findKeys(
  source: DatabaseSync,
  table: string,
  key: readonly string[],
  order: 'ASC' | 'DESC',
  found: Map<string, readonly SQLInputValue[]>,
): string | null {
  const ordered = key.map((column) => `${column} ${order}`).join(', ');
  const here = new Set<string>();
  try {
    for (const row of source
      .prepare(`SELECT ${key.join(', ')} FROM ${table} ORDER BY ${ordered}`)
      .iterate()) {
      const keys = Object.values(row) as SQLInputValue[];
      const name = JSON.stringify(keys);
      // A damaged tree may lead in a circle.
      if (here.has(name)) return 'a row is found twice';
      here.add(name);
      found.set(name, keys);
    }
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

function insert(target: DatabaseSync, table: string, values: readonly SQLInputValue[]): void {
  target.prepare(`INSERT INTO ${table} VALUES (${values.map(() => '?').join(', ')})`).run(...values);
}

/** Sets aside what a node can not be rebuilt from; gives the last position that one can. */
function makeWhole(database: DatabaseSync, findings: string[]): number {
  database.exec('BEGIN IMMEDIATE');
  for (const each of database.prepare('SELECT * FROM log ORDER BY first').all()) {
    const row = each as unknown as GroupRow;
    if (groupOf(row) !== null) continue;
    setGroupAside(database, row, 'damaged');
    findings.push(`${row.count} entries from position ${row.first} are damaged`);
  }
  const start = bestStart(database, findings);
  forgetAfter(database, start);
  const last = cutAtGap(database, start, findings);
  database.exec('COMMIT');
  return last;
}

/** The position of the newest checkpoint that is whole, or can be made so; else 0, where the log has its start. */
function bestStart(database: DatabaseSync, findings: string[]): number {
  const rows = database
    .prepare('SELECT position FROM checkpoints WHERE complete <> ? ORDER BY position DESC')
    .all(COMPLETENESS.draft);
  const positions = rows.map(({ position }) => Number(position));
  for (const position of positions) {
    const why = damageOf(database, position);
    if (why === null) {
      const mark = database.prepare('UPDATE checkpoints SET complete = ? WHERE position = ?');
      mark.run(COMPLETENESS.complete, position);
      return position;
    }
    findings.push(why);
  }
  const first = database.prepare('SELECT min(first) AS first FROM log').get()?.['first'];
  if (first === 1) return 0;
  // Nothing else is left: better a checkpoint without what is damaged in it than none.
  for (const position of positions) {
    const { checkpoint, machines } = headRows(database, position);
    if (headChecksum(checkpoint, machines) !== checkpoint.checksum) continue;
    if (structureSum(database, position) !== checkpoint.structure_sum) continue;
    setPartsAside(database, findings);
    sealCheckpoint(
      database,
      checkpoint,
      machines.map((machine) => recounted(database, position, machine, findings)),
    );
    return position;
  }
  throw new JournalError(`no node can be rebuilt of it: ${findings.join('; ')}; smc restore takes a backup`);
}

/** A machine of a checkpoint with what is there of it. */
function recounted(
  database: DatabaseSync,
  position: number,
  machine: MachineRow,
  findings: string[],
): MachineRow {
  let rows = [...stateRows(database, position, machine)];
  let sum = rows.reduce((before, { checksum }) => addChecksum(before, checksum), 0);
  if (rows.length !== machine.states || sum !== machine.states_sum) {
    findings.push(
      `${machine.name} has lost states: ${machine.states} were written, ${rows.length} are there; some of these may be older ones`,
    );
    if (machine.keyed === 0) {
      // Parts of one state, which is nothing without the others.
      const { since } = machine;
      const left = 'states WHERE machine = ? AND position BETWEEN ? AND ?';
      setAside(database, left, 'state', machine.machine, since, position);
      rows = [];
      sum = 0;
    }
  }
  const here = 'sessions WHERE machine = ? AND position = ?';
  const { found } = database
    .prepare(`SELECT count(*) AS found FROM ${here}`)
    .get(machine.machine, position) as { found: number };
  if (found !== machine.sessions) {
    setAside(database, here, 'reached', machine.machine, position);
    findings.push(
      `${machine.name} has forgotten how far sessions were: old requests, sent again, are done again`,
    );
  }
  const kept = database
    .prepare(
      'SELECT min(first) AS first, max(first + count) AS end FROM kept WHERE machine = ? AND first < ?',
    )
    .get(machine.machine, machine.kept_end) as { first: number | null; end: number | null };
  const isKept = kept.first !== null && kept.end === machine.kept_end;
  const keptFirst = isKept ? Math.max(machine.kept_first, kept.first ?? 0) : machine.kept_end;
  if (keptFirst > machine.kept_first) {
    findings.push(
      `${machine.name} has forgotten ${keptFirst - machine.kept_first} kept requests: sent again, they are done again`,
    );
  }
  const sessions = found === machine.sessions ? found : 0;
  const instances = machine.keyed === 0 ? 1 : rows.filter(({ state }) => state !== null).length;
  const states = { states: rows.length, states_sum: sum, instances };
  return { ...machine, ...states, kept_first: keptFirst, sessions };
}

/** Sets whole rows of a table aside that are nothing without others; `which` begins with the table. */
function setAside(database: DatabaseSync, which: string, column: string, ...values: number[]): void {
  const [table] = which.split(' ');
  database
    .prepare(
      `INSERT INTO aside (reason, source, place, bytes)
         SELECT 'nothing without what is lost', '${table}', machine || ' ' || position, ${column} FROM ${which}`,
    )
    .run(...values);
  database.prepare(`DELETE FROM ${which}`).run(...values);
}

function damageOf(database: DatabaseSync, position: number): string | null {
  try {
    for (const _ of readCheckpoint(database, position, { isThorough: true }));
    return null;
  } catch (error) {
    if (error instanceof DamagedCheckpoint) return error.message;
    throw error;
  }
}

/** Sets damaged states and sessions aside, and damaged kept requests with all older ones. */
function setPartsAside(database: DatabaseSync, findings: string[]): void {
  const aside = database.prepare('INSERT INTO aside (reason, source, place, bytes) VALUES (?, ?, ?, ?)');
  for (const each of database.prepare('SELECT * FROM states').all()) {
    const row = each as unknown as StoredStateRow & { readonly machine: number };
    const { machine, key, position, state, checksum } = row;
    if (stateChecksum(machine, position, key, state) === checksum) continue;
    aside.run('damaged', 'states', `${machine} ${position} ${key}`, state);
    database
      .prepare('DELETE FROM states WHERE machine = ? AND key = ? AND position = ?')
      .run(machine, key, position);
    findings.push(`the state of the instance ${JSON.stringify(key)} of machine ${machine} is damaged`);
  }
  for (const each of database.prepare('SELECT * FROM sessions').all()) {
    const { machine, position, part, reached, checksum } = each as unknown as SessionsRow;
    if (sessionsChecksum(machine, position, part, reached) === checksum) continue;
    aside.run('damaged', 'sessions', `${machine} ${position} ${part}`, reached);
    database
      .prepare('DELETE FROM sessions WHERE machine = ? AND position = ? AND part = ?')
      .run(machine, position, part);
  }
  for (const each of database.prepare('SELECT * FROM kept').all()) {
    const { machine, first, count, requests, checksum } = each as unknown as KeptRow;
    if (keptChecksum({ machine, first, count, bytes: requests }) === checksum) continue;
    for (const old of database
      .prepare('SELECT * FROM kept WHERE machine = ? AND first <= ?')
      .all(machine, first)) {
      const row = old as unknown as KeptRow;
      aside.run('damaged, or before what is', 'kept', `${machine} ${row.first} ${row.count}`, row.requests);
    }
    database.prepare('DELETE FROM kept WHERE machine = ? AND first <= ?').run(machine, first);
  }
}

/** Sets aside the groups after the first gap behind a position. */
function cutAtGap(database: DatabaseSync, start: number, findings: string[]): number {
  let next = start + 1;
  let missing: number | null = null;
  for (const each of database.prepare('SELECT * FROM log WHERE first > ? ORDER BY first').all(start)) {
    const row = each as unknown as GroupRow;
    if (missing === null && row.first === next) {
      next += row.count;
      continue;
    }
    if (missing === null) {
      missing = next;
      findings.push(
        `entries from position ${next} to ${row.first - 1} are lost; those from ${row.first} on are set aside, as they follow on what is not there`,
      );
    }
    setGroupAside(database, row, 'after a gap');
  }
  return next - 1;
}

function setGroupAside(database: DatabaseSync, row: GroupRow, reason: string): void {
  const { first, count, structural, time, checksum, entries } = row;
  database
    .prepare(`INSERT INTO aside (reason, source, place, bytes) VALUES (?, 'log', ?, ?)`)
    .run(reason, `${first} ${count} ${structural} ${time} ${checksum}`, entries);
  database.prepare('DELETE FROM log WHERE first = ?').run(first);
}
