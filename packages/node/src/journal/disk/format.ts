import type { DatabaseSync } from 'node:sqlite';
import { JournalError } from '../error.ts';
import { REPAIR } from './failures.ts';
import { APPLICATION_ID, SCHEMA_VERSION, TABLES } from './schema.ts';

/** What a database says that it is, and of which version. */

/** Throws a `JournalError` for a database that is no journal, one of another version, or without a table. */
export function checkFormat(database: DatabaseSync, file: string): void {
  if (applicationOf(database) !== APPLICATION_ID) throw new JournalError(`${file} is no journal of a node`);
  checkVersion(database, file);
  const there = new Set(tablesOf(database));
  for (const { table } of TABLES) {
    if (!there.has(table)) throw new JournalError(`${file} has no table ${table}: ${REPAIR}`);
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
