import { DatabaseSync } from 'node:sqlite';
import { JournalError } from '../error.ts';
import { BUSY_MILLIS_MAX, REPAIR } from './failures.ts';
import { isFilled, makeFile } from './files.ts';
import { APPLICATION_ID, SCHEMA, SCHEMA_VERSION, TABLES } from './schema.ts';
import { walOf } from './wal.ts';

/** What a database says that it is, and of which version. */

/** Pages in the log of SQLite from which on they are brought into the database, in the commit that comes to it: it is that much longer. */
const WAL_PAGES = 256;

/** The write-ahead log of SQLite is cut to this where it grew beyond, as somebody had been reading for long. */
const WAL_BYTES_KEPT = 64 * 1024 * 1024;

/** Opens a journal, or makes one in a file that is not there; what it is, and of which version, is checked. */
export function openDatabase(file: string): DatabaseSync {
  // What is in it is for nobody but the node; the files beside it get the same rights from SQLite.
  makeFile(file);
  const database = new DatabaseSync(file, { timeout: BUSY_MILLIS_MAX });
  try {
    const { tables } = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as {
      tables: number;
    };
    if (tables > 0 || applicationOf(database) !== 0) checkFormat(database, file);
    // Before there is a write-ahead log, so that one which is damaged does not pass for that of a new journal.
    else {
      database.exec(
        `BEGIN; ${SCHEMA} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`,
      );
    }
    // FULL: each commit is synced, and not only that of a checkpoint of SQLite.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF');
    database.exec(`PRAGMA wal_autocheckpoint = ${WAL_PAGES}; PRAGMA journal_size_limit = ${WAL_BYTES_KEPT}`);
    return database;
  } catch (error) {
    closeUnchanged(database);
    throw error;
  }
}

/**
 * Closes a database into which nothing was written, and leaves what it has in its files. Who closes last has SQLite bring the
 * write-ahead log into the database, over pages that a repair may need; a reader does not.
 */
export function closeUnchanged(database: DatabaseSync): void {
  const file = database.location() ?? '';
  let reader: DatabaseSync | null = null;
  try {
    if (isFilled(walOf(file))) reader = new DatabaseSync(file, { readOnly: true });
    // Before that it has nothing open.
    reader?.prepare('SELECT count(*) FROM sqlite_schema').get();
  } catch {
    // What can not be read is not written over either.
  } finally {
    database.close();
    reader?.close();
  }
}

/** Throws a `JournalError` for a database that is no journal, one of another version, or of which a table or index is not as it was made. */
export function checkFormat(database: DatabaseSync, file: string): void {
  if (applicationOf(database) !== APPLICATION_ID) throw new JournalError(`${file} is no journal of a node`);
  checkVersion(database, file);
  const there = new Map(definitionsOf(database).map(({ name, sql }) => [name, sql]));
  for (const { type, name, sql } of definitionsMade()) {
    if (there.get(name) === sql) continue;
    const what = there.has(name) ? `another ${type} ${name} than was made` : `no ${type} ${name}`;
    throw new JournalError(`${file} has ${what}: ${REPAIR}`);
  }
}

interface Definition {
  readonly type: string;
  readonly name: string;
  /** Null for an index that belongs to a table. */
  readonly sql: string | null;
}

function definitionsOf(database: DatabaseSync): readonly Definition[] {
  return database
    .prepare('SELECT type, name, sql FROM sqlite_schema')
    .all() as unknown as readonly Definition[];
}

let definitions: readonly Definition[] | null = null;

/** What a journal is made of, as SQLite keeps it. */
function definitionsMade(): readonly Definition[] {
  if (definitions !== null) return definitions;
  const database = new DatabaseSync(':memory:');
  try {
    database.exec(SCHEMA);
    return (definitions = definitionsOf(database));
  } finally {
    database.close();
  }
}

/**
 * Throws a `JournalError` for what a repair would make something else of: a journal of another version, and a database of
 * another program. One that is damaged may say nothing of what it is, or have lost tables.
 */
export function checkMendable(database: DatabaseSync, file: string): void {
  if (applicationOf(database) === APPLICATION_ID) return checkVersion(database, file);
  const there = tablesOf(database);
  if (TABLES.some(({ table }) => there.includes(table))) return;
  throw new JournalError(
    `${file} is no journal of a node, or nothing of one can be read any more: smc restore takes a backup`,
  );
}

/** 0 for a new database. */
export function applicationOf(database: DatabaseSync): number {
  return pragma(database, 'application_id');
}

function checkVersion(database: DatabaseSync, file: string): void {
  const version = pragma(database, 'user_version');
  if (version === SCHEMA_VERSION) return;
  throw new JournalError(
    `${file} is a journal of version ${version}, and this smc reads version ${SCHEMA_VERSION}: use the smc that wrote it`,
  );
}

function tablesOf(database: DatabaseSync): readonly string[] {
  const rows = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all();
  return rows.map(({ name }) => String(name));
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}
