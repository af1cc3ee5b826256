import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { JournalError } from '../error.ts';
import { isCorrupt, isOfSqlite } from './failures.ts';
import { checkMendable, openDatabase } from './format.ts';
import { PAGE_BYTES } from './wal.ts';

/**
 * The first page of a journal: the header of the database, and where each table is. What it says is the same for all
 * journals that a node has made, and for all that were restored from a backup, whose tables stand in another order; so
 * one that is damaged is no loss.
 */
export const JOURNAL_HEADS = ['made', 'restored'] as const;
type JournalHead = (typeof JOURNAL_HEADS)[number];

/** Where it says whether there may be a log beside it, to who reads and to who writes. */
const MODES_AT = 18;
const WAL_MODE = 2;

/** Where it says how many times it was changed (https://sqlite.org/fileformat.html, section 1.3); where it says so again the file tells how many pages there are, if the two differ. */
const CHANGES_AT = 24;
const CHANGES_AGAIN_AT = 92;

/**
 * Whether SQLite reads where all tables are, and they are where they should be; also true of what is no journal of this version, as it
 * says so itself. `scratch` is a directory to be made and removed.
 */
export function isHeadWhole(file: string, scratch: string): boolean {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    checkMendable(database, file);
    const schema = schemaOf(database);
    return JOURNAL_HEADS.some((head) => withNew(head, scratch, schemaIn) === schema);
  } catch (error) {
    if (error instanceof JournalError) return true;
    if (isCorrupt(error) || isOfSqlite(error)) return false;
    throw error;
  } finally {
    database.close();
  }
}

/** Has a database begin with the first page of a new journal, and be no shorter than that: what is not there is damaged then, and that alone. */
export function putHead(file: string, head: JournalHead, scratch: string): void {
  const journal = withNew(head, scratch, (other) => readFileSync(other));
  const page = journal.subarray(0, PAGE_BYTES);
  page.fill(WAL_MODE, MODES_AT, MODES_AT + 2);
  page.writeUInt32BE(page.readUInt32BE(CHANGES_AT) + 1, CHANGES_AGAIN_AT);
  const target = openSync(file, 'r+');
  try {
    writeSync(target, page, 0, page.length, 0);
    if (fstatSync(target).size < journal.length) ftruncateSync(target, journal.length);
  } finally {
    closeSync(target);
  }
}

/** Does something with the file of a journal that was just made, or restored from the backup of one. */
function withNew<T>(head: JournalHead, scratch: string, work: (file: string) => T): T {
  mkdirSync(scratch, { mode: 0o700 });
  try {
    const [made, restored] = [join(scratch, 'made.db'), join(scratch, 'restored.db')];
    const database = openDatabase(made);
    try {
      if (head === 'restored') database.prepare('VACUUM INTO ?').run(restored);
    } finally {
      // It has nothing beside it then.
      database.close();
    }
    return work(head === 'made' ? made : restored);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function schemaIn(file: string): string {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return schemaOf(database);
  } finally {
    database.close();
  }
}

function schemaOf(database: DatabaseSync): string {
  const rows = database
    .prepare('SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema ORDER BY name')
    .all();
  return JSON.stringify(rows);
}
