import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { JournalError } from '../error.ts';
import { checkJournal, type CheckProgress, DamagedJournal } from './check.ts';
import { BUSY_MILLIS_MAX, isCorrupt, isFull, isUnreadable, journalError, REPAIR } from './failures.ts';
import { hasDirectory, makeDirectory, makeFile, refuseLink, syncDirectory, syncFile } from './files.ts';
import { checkFormat } from './format.ts';
import { DirectoryLock } from './lock.ts';
import { harmlessLossOf } from './loss.ts';
import { refuseBroken } from './reading.ts';
import { finishReplacing } from './salvage.ts';
import { DRAFT, FILES, SUFFIXES, SUFFIXES_BESIDE } from './schema.ts';

/**
 * Writes the journal of a directory into a file, as of one moment, also while a node runs there: what it has
 * answered before is in it. Throws a `JournalError` where there is no journal, it is damaged, or the file is there already.
 */
export function backUp(directory: string, file: string, progress: CheckProgress = () => {}): void {
  const journal = join(directory, FILES.journal);
  if (
    !hasDirectory(directory) ||
    ![journal, join(directory, FILES.repaired)].some((each) => existsSync(each))
  )
    throw new JournalError(`${directory} has no journal`);
  refuseLink(journal);
  checkNoNode(directory);
  if (existsSync(file)) throw new JournalError(`${file} is there already`);
  // One of its own: two backups into one file at once must not write into each other's.
  withDraft(`${file}${DRAFT}-${process.pid}`, (draft) => {
    makeDraft(draft, file);
    removeLeft(file);
    const database = new DatabaseSync(journal, { readOnly: true, timeout: BUSY_MILLIS_MAX });
    try {
      checkFormat(database, journal);
      // Of pages that are in no tree any more a copy does not tell.
      refuseBroken(database.prepare('PRAGMA quick_check').all());
      database.prepare('VACUUM INTO ?').run(draft);
    } catch (error) {
      if (isFull(error)) throw new JournalError(`${file} can not be written: there is no space left for it`);
      if (isUnreadable(error)) {
        const { message } = error as Error;
        throw new JournalError(
          `${journal} can not be read, or ${file} not be written (${message}): the log of the system says why, or a limit on the size of files is reached`,
          { cause: error },
        );
      }
      throw journalError('read', directory, error);
    } finally {
      database.close();
    }
    // SQLite does not look at the checksums of its log when it reads: what was damaged there shows in the rows.
    checkDraft(draft, journal, REPAIR, progress);
    if (existsSync(file)) throw new JournalError(`${file} is there already`);
    finish(draft, file);
  });
}

/** Removes what is left of backups into a file that were killed. */
function removeLeft(file: string): void {
  const directory = dirname(resolve(file));
  const begin = `${basename(file)}${DRAFT}-`;
  for (const name of readdirSync(directory)) {
    const process = name.startsWith(begin) ? DRAFT_END.exec(name.slice(begin.length)) : null;
    if (process !== null && !isAlive(Number(process[1]))) rmSync(join(directory, name), { force: true });
  }
}

/** The number of a process, and what SQLite has beside a database. */
const DRAFT_END = /^(\d{1,10})(?:-journal|-wal|-shm)?$/;

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // That of another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** An empty file, for its owner alone: all that customers have will be in it. */
function makeDraft(draft: string, file: string): void {
  try {
    closeSync(openSync(draft, 'w', 0o600));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? `there is no directory ${dirname(file)}` : message;
    throw new JournalError(`${file} can not be written: ${why}`, { cause: error });
  }
}

/** What a node would stop at, or go on from without what is lost, must not be the last word of a backup. */
function checkNoNode(directory: string): void {
  const lock = DirectoryLock.takeIfFree(directory);
  // A node that runs has looked when it was started.
  if (lock === null) return;
  try {
    finishReplacing(directory);
  } catch (error) {
    throw journalError('read', directory, error);
  } finally {
    // To look may take long, and a node may be about to start.
    lock.release();
  }
  try {
    harmlessLossOf(join(directory, FILES.journal));
  } catch (error) {
    // One that has started meanwhile writes what was looked at, and has looked itself.
    const free = DirectoryLock.takeIfFree(directory);
    if (free === null) return;
    free.release();
    throw journalError('read', directory, error);
  }
}

/**
 * Makes the directory of a node of a backup, all of which is compared with its checksums. Throws a `JournalError` where a
 * journal, or a part of one, is there already, and where the file is damaged or no backup.
 */
export function restore(file: string, directory: string, progress: CheckProgress = () => {}): void {
  const there = statSync(file, { throwIfNoEntry: false });
  if (there === undefined) throw new JournalError(`there is no ${file}`);
  if (there.isDirectory()) {
    throw new JournalError(
      `${file} is a directory, and a backup is a file: smc backup makes one of a directory`,
    );
  }
  for (const suffix of SUFFIXES_BESIDE) {
    if (!existsSync(`${file}${suffix}`)) continue;
    throw new JournalError(
      `${file}${suffix} is there, so that ${file} is no backup but a journal, of which that is a part: smc backup makes a backup of it`,
    );
  }
  const isNew = !hasDirectory(directory);
  makeDirectory(directory);
  const journal = join(directory, FILES.journal);
  let lock: DirectoryLock | null = null;
  let isDone = false;
  try {
    lock = DirectoryLock.take(directory);
    checkEmpty(directory);
    withDraft(`${journal}${DRAFT}`, (draft) => {
      copyBackup(file, draft, directory);
      checkDraft(draft, file, 'another backup may be whole', progress);
      finish(draft, journal);
    });
    isDone = true;
    makeFile(join(directory, FILES.used));
    syncDirectory(directory);
  } finally {
    lock?.release();
    if (!isDone && isNew) {
      rmSync(join(directory, FILES.lock), { force: true });
      rmdirSync(directory);
    }
  }
}

function copyBackup(file: string, draft: string, directory: string): void {
  try {
    copyFileSync(file, draft);
    chmodSync(draft, 0o600);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOSPC' || code === 'EDQUOT' ? 'there is no space left for it' : message;
    throw new JournalError(`${file} can not be copied into ${directory}: ${why}`, { cause: error });
  }
}

/** What is left of another journal would be taken for a part of this one. */
function checkEmpty(directory: string): void {
  for (const name of [...SUFFIXES.map((suffix) => `${FILES.journal}${suffix}`), FILES.repaired]) {
    if (!existsSync(join(directory, name))) continue;
    const what = name === FILES.journal ? 'a journal' : `a part of a journal (${name})`;
    throw new JournalError(
      `${directory} has ${what} already: restore takes a directory without one; smc repair mends one that is damaged`,
    );
  }
}

/** Compares all of a draft with its checksums; `advice` is for who has to do with the file `name`, which it is a copy of. */
function checkDraft(draft: string, name: string, advice: string, progress: CheckProgress): void {
  const database = new DatabaseSync(draft);
  try {
    checkFormat(database, name);
    checkJournal(database, progress);
  } catch (error) {
    throw ofDraft(name, advice, error);
  } finally {
    database.close();
  }
}

/** What SQLite says of a draft, as what is wrong with the file that it is a copy of. */
function ofDraft(name: string, advice: string, error: unknown): unknown {
  const { errcode, message } = error as Error & { errcode?: number };
  if (error instanceof DamagedJournal) return new JournalError(`${name} is damaged: ${message}; ${advice}`);
  if (errcode === undefined && !isCorrupt(error)) return error;
  const isForeign = errcode === SQLITE_NOTADB;
  const what = isForeign ? 'is no journal of a node, or its beginning is damaged' : `is damaged: ${message}`;
  return new JournalError(`${name} ${what}; ${advice}`, { cause: error });
}

const SQLITE_NOTADB = 26;

/** Leaves no draft behind, nor what SQLite has beside one. */
function withDraft(draft: string, work: (draft: string) => void): void {
  const remove = (): void => {
    for (const suffix of SUFFIXES) rmSync(`${draft}${suffix}`, { force: true });
  };
  remove();
  try {
    work(draft);
  } finally {
    remove();
  }
}

function finish(draft: string, file: string): void {
  syncFile(draft);
  renameSync(draft, file);
  syncDirectory(dirname(resolve(file)));
}
