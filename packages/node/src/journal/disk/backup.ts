import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { JournalError } from '../../ports.ts';
import { DirectoryLock } from './lock.ts';
import { FILES } from './schema.ts';
import { checkFormat, syncDirectory } from './store.ts';

/**
 * Writes the journal of a directory into a file, as of one moment, also while a node runs there: what it has
 * answered before is in it. Throws a `JournalError` where there is no journal, or the file is there already.
 */
export function backUp(directory: string, file: string): void {
  const journal = join(directory, FILES.journal);
  if (!existsSync(journal)) throw new JournalError(`${directory} has no journal`);
  if (existsSync(file)) throw new JournalError(`${file} is there already`);
  const draft = `${file}.draft`;
  rmSync(draft, { force: true });
  const database = new DatabaseSync(journal);
  try {
    checkFormat(database, journal);
    database.prepare('VACUUM INTO ?').run(draft);
  } finally {
    database.close();
  }
  finish(draft, file);
}

/** Makes the directory of a node of a backup. Throws a `JournalError` where a journal is there already. */
export function restore(file: string, directory: string): void {
  if (!existsSync(file)) throw new JournalError(`there is no ${file}`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const journal = join(directory, FILES.journal);
  if (existsSync(journal)) {
    throw new JournalError(`${directory} has a journal already: restore takes a directory without one`);
  }
  const lock = DirectoryLock.take(directory);
  try {
    const draft = `${journal}.draft`;
    copyFileSync(file, draft);
    const database = new DatabaseSync(draft);
    try {
      checkFormat(database, file);
      const wrong = database.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check'];
      if (wrong !== 'ok') throw new JournalError(`${file} is damaged: ${String(wrong)}`);
    } finally {
      database.close();
    }
    finish(draft, journal);
  } finally {
    lock.release();
  }
}

function finish(draft: string, file: string): void {
  const written = openSync(draft, 'r');
  fsyncSync(written);
  closeSync(written);
  renameSync(draft, file);
  syncDirectory(dirname(resolve(file)));
}
