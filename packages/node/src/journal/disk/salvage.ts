import { chmodSync, copyFileSync, existsSync, linkSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { sha256 } from '../blobs.ts';
import { JournalError } from '../error.ts';
import { checkJournal, DamagedJournal } from './check.ts';
import { isCorrupt, isOfSqlite, isUnwritten } from './failures.ts';
import { syncDirectory, syncFile } from './files.ts';
import { checkMendable } from './format.ts';
import { isHeadWhole, JOURNAL_HEADS, putHead } from './heads.ts';
import type { LogGroup } from '../group.ts';
import { lastTimeOf } from './images.ts';
import { describeLoss, isBehind, lastAlone, type Loss, lossOf } from './loss.ts';
import { notedEnd, structuralFirsts } from './log-end.ts';
import { brokenIn } from './reading.ts';
import { groupOf, type GroupRow } from './rows.ts';
import { FILES, SUFFIXES, SUFFIXES_BESIDE, TABLES } from './schema.ts';
import { type Stray, straysIn } from './strays.ts';
import { mendWal, walDamage, walOf } from './wal.ts';

/** Rows of a table that can not be read, before the rest of it is given up: a damaged tree may have no end. */
const UNREADABLE_MAX = 100_000;

/** SQLITE_CONSTRAINT_PRIMARYKEY, _UNIQUE and _ROWID. */
const TWICE: ReadonlySet<number> = new Set([1_555, 2_067, 2_579]);

/** Keeps all files of a journal as they are, under a name with `stamp`; on disk when it returns. */
export function keepCopy(directory: string, stamp: string): string {
  const copy = join(directory, `before-repair-${stamp}`);
  mkdirSync(copy, { mode: 0o700 });
  orRemove(copy, () => {
    for (const suffix of SUFFIXES) {
      const file = `${FILES.journal}${suffix}`;
      if (!existsSync(join(directory, file))) continue;
      copyFileSync(join(directory, file), join(copy, file));
      syncFile(join(copy, file));
    }
    syncDirectory(copy);
    syncDirectory(directory);
  });
  return copy;
}

/** Does something; a copy of files that are still as they were goes where that fails: the disk may be full. */
export function orRemove<T>(copy: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    rmSync(copy, { recursive: true, force: true });
    throw error;
  }
}

/**
 * Puts a journal, which has nothing beside it, in the place of the one in a directory. What is beside the old one must not
 * be taken for that of the new one, nor be gone while the old one counts: once the new one is there under the name
 * `FILES.repaired` it counts, and who opens the directory next ends what a crash broke off.
 */
export function replaceJournal(directory: string, draft: string): void {
  syncFile(draft);
  renameSync(draft, join(directory, FILES.repaired));
  syncDirectory(directory);
  finishReplacing(directory);
}

/** Where a repair makes a journal, by the way in which it reads the old one. */
export function draftOf({ log, head }: Reading): string {
  return `${FILES.journal}.repairing-${log}${head === 'own' ? '' : `-${head}`}`;
}

/** Removes what a repair made that does not count, or was broken off. */
export function removeDrafts(directory: string): void {
  for (const head of HEADS) for (const log of LOGS) removeDraft(join(directory, draftOf({ log, head })));
  for (const made of [MENDED, SCRATCH]) rmSync(join(directory, made), { recursive: true, force: true });
}

export function removeDraft(draft: string): void {
  for (const suffix of SUFFIXES) rmSync(`${draft}${suffix}`, { force: true });
}

/** Directories that a repair reads the old journal in, and makes a new one in to compare. */
const MENDED = `${FILES.journal}.repairing`;
const SCRATCH = `${FILES.journal}.repairing-scratch`;

/** Ends what `replaceJournal` began, where a crash came in between. To be called with the lock on the directory. */
export function finishReplacing(directory: string): void {
  removeDrafts(directory);
  const repaired = join(directory, FILES.repaired);
  if (!existsSync(repaired)) return;
  const journal = join(directory, FILES.journal);
  for (const suffix of SUFFIXES_BESIDE) rmSync(`${journal}${suffix}`, { force: true });
  syncDirectory(directory);
  renameSync(repaired, journal);
  syncDirectory(directory);
}

/**
 * What is read of a log of SQLite that is damaged: what SQLite takes, up to there, all frames but the damaged ones, or nothing: what
 * was in it may be in the database.
 */
const LOGS = ['before', 'around', 'alone'] as const;

/** The first page of a database, which leads to all tables: its own one, or that of a new journal in its place. */
const HEADS = ['own', ...JOURNAL_HEADS] as const;

/** A way in which a journal can be read. */
export interface Reading {
  readonly log: (typeof LOGS)[number];
  readonly head: (typeof HEADS)[number];
}

/** In which ways a journal can be read that has this copy: the first is that of one which is whole. */
export function readingsOf(copy: string): readonly Reading[] {
  const file = join(copy, FILES.journal);
  const heads = isHeadWhole(file, join(dirname(copy), SCRATCH)) ? (['own'] as const) : HEADS;
  return heads.flatMap((head) => logsOf(file).map((log) => ({ log, head })));
}

function logsOf(file: string): readonly Reading['log'][] {
  if ((walDamage(file)?.commits.length ?? 0) === 0)
    return orNull(() => isBehind(file)) === true ? ['before', 'alone'] : ['before'];
  // What was never acknowledged is cut off.
  return harmlessCut(file) === null ? LOGS : ['before', 'alone'];
}

/** Gives what is read of a journal in one of these ways: a database in a directory of its own, but where it is read as it is. */
function readable(file: string, { log, head }: Reading, directory: string): string {
  if (log === 'before' && head === 'own') return file;
  mkdirSync(directory, { mode: 0o700 });
  const database = join(directory, FILES.journal);
  if (head === 'own') linkOrCopy(file, database);
  else {
    copyFileSync(file, database);
    chmodSync(database, 0o600);
    putHead(database, head, join(dirname(directory), SCRATCH));
  }
  if (log === 'around') mendWal(file, walOf(database));
  else if (log === 'before' && existsSync(walOf(file))) copyFileSync(walOf(file), walOf(database));
  return database;
}

/**
 * Writes every row that can be read of the journal in the directory `copy` into a new database; gives the last position that
 * there are traces of in what is damaged, 0 for none. Throws a `JournalError` where nothing can be read, and for what is no
 * journal of this version.
 */
export function takeOver(copy: string, target: DatabaseSync, findings: string[], reading: Reading): number {
  const file = join(copy, FILES.journal);
  const mended = join(dirname(copy), MENDED);
  rmSync(mended, { recursive: true, force: true });
  const damage = walDamage(file);
  const cut = harmlessCut(file);
  if (cut === null && damage !== null && damage.commits.length > 0) {
    findings.push(
      `${FILES.journal}-wal is damaged (at byte ${damage.at}): ${damage.commits.length} commits from there on, of which what can be read is taken over`,
    );
  }
  let source: DatabaseSync | null = null;
  try {
    source = new DatabaseSync(readable(file, reading, mended), { readOnly: true });
    checkMendable(source, join(dirname(copy), FILES.journal));
    const broken = brokenPlace(source);
    if (broken !== null) findings.push(`the file is damaged (${broken})`);
    if (reading.head !== 'own')
      findings.push(
        'the first page of the file is damaged, or the file is cut short: all was read with the first page of a new journal',
      );
    target.exec('BEGIN IMMEDIATE');
    const torn = new Set<string>();
    for (const { table, key } of TABLES) {
      const lost = new TableCopy(source, target, table, key).run();
      if (lost === null) continue;
      torn.add(table);
      findings.push(`the table ${table} can not be read as a whole: ${lost}`);
    }
    if (findings.length > 0 || !isWhole(target)) {
      const wasCut = torn.has('aside') || hasSetGroupsAside(target);
      const gone = torn.has('log') ? 0 : goneBefore(target);
      const found = takeStrays(file, target, wasCut ? ['image'] : ['image', 'group'], gone, cut !== null);
      if (found > 0)
        findings.push(
          `${found} groups of entries, or images and the like, were found outside of their table`,
        );
    }
    target.exec('COMMIT');
    if (cut !== null) findings.push(describeLoss(cut));
    const commits = cut === null ? (damage?.commits ?? []) : [];
    return Math.max(notedEnd(target) ?? 0, lastStructural(source, target), lastAlone(file), ...commits);
  } catch (error) {
    if (isUnwritten(error) || !(isOfSqlite(error) || isCorrupt(error))) throw error;
    const { message } = error as Error;
    throw new JournalError(`nothing of ${file} can be read: ${message}; smc restore takes a backup`, {
      cause: error,
    });
  } finally {
    source?.close();
    rmSync(mended, { recursive: true, force: true });
  }
}

/** What a start would cut off of SQLite's log, as it was never acknowledged; null for nothing, and where that can not be told. */
function harmlessCut(file: string): Loss | null {
  const loss = orNull(() => lossOf(file));
  return loss?.isAcknowledged === false ? loss : null;
}

/** What is read; null where SQLite can not. */
function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (isCorrupt(error) || isOfSqlite(error)) return null;
    throw error;
  }
}

/** Where pages do not make up what they should. Rows of a tree that holds together may have been taken out of it: no row tells. */
function brokenPlace(source: DatabaseSync): string | null {
  try {
    return brokenIn(source.prepare('PRAGMA integrity_check').all());
  } catch (error) {
    if (isCorrupt(error)) return (error as Error).message;
    throw error;
  }
}

/** The position of the last structural group that the index knows of; 0 where it lacks one that the log has, and so is not to be believed. */
function lastStructural(source: DatabaseSync, target: DatabaseSync): number {
  try {
    const known = new Set(structuralFirsts(source));
    const rows = target.prepare('SELECT first FROM log WHERE structural = 1').all();
    return rows.every(({ first }) => known.has(Number(first))) ? Math.max(0, ...known) : 0;
  } catch (error) {
    if (isCorrupt(error)) return 0;
    throw error;
  }
}

function isWhole(target: DatabaseSync): boolean {
  try {
    checkJournal(target, () => {});
    return true;
  } catch (error) {
    if (error instanceof DamagedJournal) return false;
    throw error;
  }
}

/** Positions of such a log may have been given again. What stood there before is in no table, and may be in some page. */
function hasSetGroupsAside(target: DatabaseSync): boolean {
  return (
    target.prepare(`SELECT 1 FROM aside WHERE source = 'log' AND reason <> 'lost' LIMIT 1`).get() !==
    undefined
  );
}

/** The position before which groups of inputs have gone, as checkpoints made them needless; pages may have them still. */
function goneBefore(target: DatabaseSync): number {
  const { position } = target
    .prepare(
      `SELECT min(coalesce((SELECT min(first) FROM log WHERE structural = 0), ${Number.MAX_SAFE_INTEGER}),
                  coalesce((SELECT min(position) FROM checkpoints), 0) + 1) AS position`,
    )
    .get() as { position: number };
  return position;
}

/**
 * Takes over what is not in its table, or damaged there, and stands whole elsewhere, but for groups of inputs before a position;
 * gives how much it is.
 */
function takeStrays(
  database: string,
  target: DatabaseSync,
  kinds: readonly Stray['kind'][],
  gone: number,
  isCut: boolean,
): number {
  const around = target.prepare(
    'SELECT * FROM log WHERE first < ?2 AND first >= coalesce((SELECT max(first) FROM log WHERE first <= ?1), 0)',
  );
  const findImage = target.prepare('SELECT bytes FROM images WHERE digest = ?');
  const putGroup = target.prepare('INSERT OR REPLACE INTO log VALUES (?, ?, ?, ?, ?, ?)');
  const putImage = target.prepare('INSERT OR REPLACE INTO images VALUES (?, ?, ?)');
  let found = 0;
  for (const where of ['database', 'log'] as const) {
    for (const stray of straysIn(database, where, isCut)) {
      if (!kinds.includes(stray.kind)) continue;
      if (stray.kind === 'group') {
        const { first, count, structural, time, checksum, entries } = stray.row;
        if (structural === 0 && first < gone) continue;
        // One that stands whole in its place, or in a part of it, was written later: a position is given again where a commit was torn.
        const there = around.all(first, first + count) as unknown as GroupRow[];
        if (there.some((row) => row.first + row.count > first && groupOf(row) !== null)) continue;
        if (!isInTime(target, stray.row)) continue;
        putGroup.run(first, count, structural, time, checksum, entries);
      } else {
        const { digest, first, bytes } = stray.row;
        const there = findImage.get(digest);
        if (there !== undefined && sha256(there['bytes'] as Uint8Array) === digest) continue;
        putImage.run(digest, first, bytes);
      }
      found++;
    }
  }
  return found;
}

/** Whether a group is not older than the one before its place, nor younger than the one behind: then it was torn, and never counted. */
function isInTime(target: DatabaseSync, row: GroupRow): boolean {
  const neighbour = (which: string): Omit<LogGroup, 'blobs'> | null => {
    const found = target.prepare(`SELECT * FROM log WHERE first ${which} LIMIT 1`).get(row.first);
    return found === undefined ? null : groupOf(found as unknown as GroupRow);
  };
  const [group, before, after] = [
    groupOf(row),
    neighbour('< ? ORDER BY first DESC'),
    neighbour('> ? ORDER BY first'),
  ];
  if (group === null) return false;
  const isAfter = before === null || lastTimeOf(before) <= group.time;
  return isAfter && (after === null || lastTimeOf(group) <= after.time);
}

/** The same file, which is only read. */
function linkOrCopy(file: string, other: string): void {
  try {
    linkSync(file, other);
  } catch {
    // Not every file system has links.
    copyFileSync(file, other);
  }
}

/** The copy of a table, row by row. */
class TableCopy {
  readonly #source: DatabaseSync;
  readonly #target: DatabaseSync;
  readonly #table: string;
  readonly #key: readonly string[];
  /** Why not all of it could be read. */
  #why: string | null = null;
  #unreadable = 0;

  constructor(source: DatabaseSync, target: DatabaseSync, table: string, key: readonly string[]) {
    this.#source = source;
    this.#target = target;
    this.#table = table;
    this.#key = key;
  }

  /** Copies what is found from the start on, and where that ends too soon from the end on; gives why it did. */
  run(): string | null {
    try {
      const columns = this.#target.prepare(`SELECT name FROM pragma_table_info(?)`).all(this.#table);
      const names = columns.map(({ name }) => `"${String(name)}"`);
      const where = this.#key.map((column) => `${column} = ?`).join(' AND ');
      const read = this.#source.prepare(`SELECT ${names.join(', ')} FROM ${this.#table} WHERE ${where}`);
      const places = names.map(() => '?').join(', ');
      const write = this.#target.prepare(`INSERT INTO ${this.#table} VALUES (${places})`);
      if (!this.#copy('ASC', read, write)) this.#copy('DESC', read, write);
    } catch (error) {
      if (isUnwritten(error)) throw error;
      this.#why ??= (error as Error).message;
    }
    return this.#why;
  }

  /** Whether it came to the end. */
  #copy(order: 'ASC' | 'DESC', read: StatementSync, write: StatementSync): boolean {
    const ordered = this.#key.map((column) => `${column} ${order}`).join(', ');
    const keys = this.#source.prepare(
      `SELECT ${this.#key.join(', ')} FROM ${this.#table} ORDER BY ${ordered}`,
    );
    try {
      for (const each of keys.iterate()) {
        const isNew = this.#row(Object.values(each) as SQLInputValue[], read, write);
        // It met the other end, or a damaged tree leads in a circle.
        if (!isNew || this.#unreadable > UNREADABLE_MAX) return false;
      }
      return true;
    } catch (error) {
      if (isUnwritten(error)) throw error;
      this.#why ??= (error as Error).message;
      return false;
    }
  }

  /** Copies a row, if that can be done; whether it was not there before. */
  #row(key: readonly SQLInputValue[], read: StatementSync, write: StatementSync): boolean {
    try {
      const row = read.get(...key);
      if (row === undefined) throw new Error('a row is not where it should be');
      write.run(...(Object.values(row) as SQLInputValue[]));
    } catch (error) {
      if (isUnwritten(error)) throw error;
      const { errcode, message } = error as Error & { errcode?: number };
      this.#why ??= message;
      if (errcode !== undefined && TWICE.has(errcode)) return false;
      this.#unreadable++;
    }
    return true;
  }
}
