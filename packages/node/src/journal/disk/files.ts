import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { JournalError } from '../error.ts';

/** Files and directories that are there after a crash. */

/** Whether there is one. Throws a `JournalError` where something else has its name. */
export function hasDirectory(directory: string): boolean {
  const there = statSync(directory, { throwIfNoEntry: false });
  if (there === undefined || there.isDirectory()) return there !== undefined;
  throw new JournalError(`${directory} is a file and no directory`);
}

/** Whether there is a file, with anything in it. */
export function isFilled(file: string): boolean {
  return (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

/**
 * SQLite has its log beside the name by which a database is opened, or that a link leads to: of two names of one file each would have its own.
 * Throws a `JournalError` for a symbolic link, and for a file with another name.
 */
export function refuseLink(file: string): void {
  const there = lstatSync(file, { throwIfNoEntry: false });
  if (there?.isSymbolicLink() === true)
    throw new JournalError(
      `${file} is a symbolic link: link the directory that the file is in, or name that`,
    );
  if (there !== undefined && there.nlink > 1)
    throw new JournalError(
      `${file} has another name (a hard link), by which it can be written too: make a copy of it, and put that in its place`,
    );
}

/** Makes a directory and those around it, for its owner alone; one is there after a crash once the one around it is synced. */
export function makeDirectory(directory: string): void {
  if (hasDirectory(directory)) return;
  makeDirectory(dirname(directory));
  mkdirSync(directory, { mode: 0o700 });
  syncDirectory(dirname(directory));
}

/**
 * Makes a file for its owner alone, if there is none. One that is there is not opened: when it is closed again, the system
 * takes back all locks that this process has on it (POSIX), those of SQLite too. But it must be one that can be
 * written, as SQLite would take it all the same, and lock nothing.
 */
export function makeFile(name: string): void {
  try {
    closeSync(openSync(name, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (existsSync(name)) return accessSync(name, constants.R_OK | constants.W_OK);
    // A link to a file that is not there.
    closeSync(openSync(name, 'a', 0o600));
  }
}

/** What was made, renamed or removed in a directory is so after a crash once that is synced. */
export function syncDirectory(directory: string): void {
  syncFile(directory);
}

/** What was written to a file is there after a crash once it is synced. */
export function syncFile(name: string): void {
  const file = openSync(name, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
