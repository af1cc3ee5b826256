import { JournalError } from '../error.ts';

/** What went wrong with the files of a journal, as what it means for the operator, and what to do about it. */

export const REPAIR = 'smc repair sets aside what is damaged, and says what is lost with it';

/** How long is waited for another program that holds the journal; then a node gives up. */
export const BUSY_MILLIS_MAX = 5_000;

/** What is done with a journal, in the words of a message. */
type Doing = 'opened' | 'read' | 'written' | 'repaired';

/** Primary result codes of SQLite (https://sqlite.org/rescode.html). */
const SQLITE = {
  permission: 3,
  busy: 5,
  locked: 6,
  readOnly: 8,
  inputOutput: 10,
  corrupt: 11,
  full: 13,
  canNotOpen: 14,
  notADatabase: 26,
} as const;

/**
 * A `JournalError` for what the system or SQLite says of the files in a directory; any other error, which is a mistake of ours,
 * as it is.
 */
export function journalError(doing: Doing, directory: string, error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  if (error instanceof JournalError) return error;
  const { code, errcode, message } = error as Error & { code?: unknown; errcode?: unknown };
  if (typeof code !== 'string') return error;
  const ofOthers = (): string | null =>
    typeof errcode === 'number'
      ? ofSqlite(doing, directory, errcode & 0xff)
      : ofSystem(doing, directory, code);
  const what = isCorrupt(error) ? REPAIR : ofOthers();
  const advice = what === null ? '' : `: ${what}`;
  return new JournalError(`the journal can not be ${doing} (${message})${advice}`, { cause: error });
}

/** Whether the disk that is written to has no space left. */
export function isFull(error: unknown): boolean {
  return (error as { errcode?: number }).errcode === SQLITE.full;
}

/** Whether it is a disk, or a limit on what is written to it, that did not take something; what is read is another matter. */
export function isUnwritten(error: unknown): boolean {
  const { code, errcode } = error as { code?: unknown; errcode?: number };
  if (errcode === undefined) return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
  return isFull(error) || (isUnreadable(error) && !READING.has(errcode));
}

/** SQLITE_IOERR_READ and _CORRUPTFS. */
const READING: ReadonlySet<number> = new Set([266, 8_458]);

/** SQLITE_IOERR_SHORT_READ: a file has less than it should, and the disk does all that it should. */
const SHORT_READ = 522;

/** Whether it is a disk that does not give, or take, what it should. */
export function isUnreadable(error: unknown): boolean {
  const { errcode } = error as { errcode?: number };
  return errcode !== undefined && errcode !== SHORT_READ && (errcode & 0xff) === SQLITE.inputOutput;
}

/** Whether it is a program that has the database locked. */
export function isBusy(error: unknown): boolean {
  return (error as { errcode?: number }).errcode === SQLITE.busy;
}

/** Whether SQLite says it. */
export function isOfSqlite(error: unknown): boolean {
  return (error as { errcode?: number }).errcode !== undefined;
}

/** Whether it is the database that is damaged. */
export function isCorrupt(error: unknown): boolean {
  const { code, errcode } = error as { code?: unknown; errcode?: number };
  if (errcode === undefined) return code === TOO_LARGE;
  return (
    errcode === SHORT_READ || [SQLITE.corrupt, SQLITE.notADatabase].some((each) => each === (errcode & 0xff))
  );
}

/** As SQLite would say it, which gives rows as they come: a damaged tree may lead to the same ones again and again. */
export function outOfOrder(): Error {
  const message = 'rows are not in order';
  return Object.assign(new Error(message), { code: 'ERR_SQLITE_ERROR', errcode: SQLITE.corrupt });
}

/** What is said of a number in a column that no node has written, as none is that large. */
const TOO_LARGE = 'ERR_OUT_OF_RANGE';

function ofSqlite(doing: Doing, directory: string, code: number): string | null {
  switch (code) {
    case SQLITE.full:
      return noSpace(doing, directory);
    case SQLITE.inputOutput:
      return isWriting(doing) ? notTaken(doing, directory) : `the disk under ${directory} fails: ${WHY}`;
    case SQLITE.busy:
    case SQLITE.locked:
      return `another program has held ${directory}/journal.db for ${BUSY_MILLIS_MAX / 1000} seconds; fuser ${directory}/journal.db tells which; ${leftAs(doing)}`;
    case SQLITE.permission:
    case SQLITE.readOnly:
    case SQLITE.canNotOpen:
      return notAllowed(directory);
    default:
      return isWriting(doing) ? null : REPAIR;
  }
}

const isWriting = (doing: Doing): boolean => doing === 'written' || doing === 'repaired';

function ofSystem(doing: Doing, directory: string, code: string): string | null {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return noSpace(doing, directory);
    case 'EFBIG':
      return notTaken(doing, directory);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return notAllowed(directory);
    case 'EEXIST':
    case 'ENOTDIR':
      return `${directory} is not a directory: --data takes one, which is made where it is not there`;
    case 'ENOENT':
      return `no directory can be made at ${directory}: --data takes one where files can be written`;
    default:
      return null;
  }
}

const WHY = 'the log of the system says why, or a limit on the size of files is reached';

/** What there is after it. */
const leftAs = (doing: Doing): string =>
  doing === 'repaired'
    ? 'its files are as they were'
    : 'all that was acknowledged is there when the node is started again';

const notTaken = (doing: Doing, directory: string): string =>
  `the disk under ${directory} did not take it: ${WHY}; ${leftAs(doing)}`;

const noSpace = (doing: Doing, directory: string): string =>
  `the disk under ${directory} is full: make room there; ${leftAs(doing)}`;

const notAllowed = (directory: string): string =>
  `the user of this process must be able to write ${directory} and the files in it: change their owner, or name another directory with --data`;
