import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { JournalError } from '../error.ts';
import { isBusy, isCorrupt, journalError } from './failures.ts';
import { makeFile } from './files.ts';
import { FILES } from './schema.ts';

/**
 * The lock on the directory of a node: that of an SQLite database which is held for as long as the process lives. The
 * system takes it back when the process ends, however it ends; a file with the number of a process would stay.
 */
export class DirectoryLock {
  readonly #database: DatabaseSync;
  readonly #owner: string;

  private constructor(database: DatabaseSync, owner: string) {
    this.#database = database;
    this.#owner = owner;
  }

  /** Throws a `JournalError` that names the process which holds it, where that is known. */
  static take(directory: string): DirectoryLock {
    const lock = DirectoryLock.takeIfFree(directory);
    if (lock !== null) return lock;
    const holder = processIn(join(directory, FILES.owner));
    const who = holder === null ? 'another process' : `process ${holder}`;
    throw new JournalError(`${directory} is in use by ${who}: one directory is for one node`);
  }

  /** Null where another process holds it. */
  static takeIfFree(directory: string): DirectoryLock | null {
    const lock = join(directory, FILES.lock);
    const owner = join(directory, FILES.owner);
    // Another user who may open it could lock it.
    let database: DatabaseSync | null = null;
    try {
      makeFile(lock);
      database = new DatabaseSync(lock, { timeout: 0 });
      // Nothing is written: a disk that is full can be looked at too.
      database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    } catch (error) {
      database?.close();
      if (isBusy(error)) return null;
      if (isCorrupt(error))
        throw new JournalError(`${lock} is no lock any more: remove it while no node runs`, { cause: error });
      throw journalError('opened', directory, error);
    }
    try {
      writeFileSync(owner, `${JSON.stringify({ pid: process.pid })}\n`, { mode: 0o600 });
    } catch {
      // It is for people alone: the lock does not depend on it.
    }
    return new DirectoryLock(database, owner);
  }

  release(): void {
    rmSync(this.#owner, { force: true });
    this.#database.close();
  }
}

function processIn(owner: string): number | null {
  try {
    const { pid } = JSON.parse(readFileSync(owner, 'utf8')) as { pid?: unknown };
    return typeof pid === 'number' ? pid : null;
  } catch {
    return null;
  }
}
