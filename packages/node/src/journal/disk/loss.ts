import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { JournalError } from '../error.ts';
import { isCorrupt, isOfSqlite, REPAIR } from './failures.ts';
import { isFilled } from './files.ts';
import { brokenIn, lastPosition, lastWhole } from './reading.ts';
import { DRAFT, FILES, SUFFIXES } from './schema.ts';
import { groupsInLog } from './strays.ts';
import { endOfTaken, walDamage, walOf } from './wal.ts';

/** What SQLite would cut off of its write-ahead log without a word, as the log is damaged. */
export interface Loss {
  /** Where the damage is. */
  readonly place: string;
  readonly commits: number;
  /**
   * Whether commits are among them that a node has acknowledged. Only the last that adds to the log may never have been
   * synced: what a crash leaves of it looks the same. Those of checkpoints add nothing, and are made again.
   */
  readonly isAcknowledged: boolean;
  /** The last position that it would lead to, as far as can be told; 0 where nothing can. */
  readonly last: number;
}

/**
 * What would be lost if the database was opened as it is; null for nothing. It is not changed, and to be asked before it is
 * opened for writing. Throws what SQLite says of a database that can not be read.
 */
export function lossOf(file: string): Loss | null {
  const damage = walDamage(file);
  if (damage === null || damage.commits.length === 0) return null;
  const { at, commits } = damage;
  const { last: known, end } = knownOf(file);
  const added = commits.map((reach) => known === null || reach > known);
  // The header is synced before anything that follows it.
  const synced = at > 0 && known !== null ? added.slice(0, -1) : added;
  return {
    place: `${basename(walOf(file))} (at byte ${at})`,
    commits: commits.length,
    // What SQLite has taken before it was damaged counts.
    isAcknowledged: synced.includes(true) || at < end || (known !== null && isOfTwoCommits(file, known)),
    last: Math.max(...commits),
  };
}

export function describeLoss({ place, commits }: Loss): string {
  return `the end of ${place} is damaged, or was not written whole, and was cut off: ${commits} commits`;
}

/**
 * What would be lost, where that is the end of what was being written as a crash came. Throws a `JournalError` where it is
 * more, or the database is gone that the log belongs to.
 */
export function harmlessLossOf(file: string): Loss | null {
  const wal = walOf(file);
  const isThere = isFilled(file);
  // SQLite would make a new database, and delete the log.
  if (!isThere && isFilled(wal)) {
    throw new JournalError(
      `${wal} is there without the ${basename(file)} that it belongs to: put that back, or move ${basename(wal)} away`,
    );
  }
  const loss = isThere ? lossOf(file) : null;
  if (loss?.isAcknowledged === true) {
    throw new JournalError(
      `${loss.place} is damaged, and ${loss.commits} commits follow on that, which were acknowledged: ${REPAIR}`,
    );
  }
  if (isThere && isBehind(file)) {
    throw new JournalError(
      `${wal} is damaged, or not the one of ${basename(file)}, which has more than the two together: ${REPAIR}`,
    );
  }
  if (loss !== null) refuseMixed(file, loss);
  return loss;
}

/**
 * Where the log was brought into the database before it was damaged, what SQLite takes of it is older than what it belongs to.
 * Whoever opens that for writing leaves it so for good.
 */
function refuseMixed(file: string, { place }: Loss): void {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const broken = brokenIn(database.prepare('PRAGMA integrity_check').all());
    if (broken === null) return;
    throw new JournalError(
      `the end of ${place} is damaged, and what is before it does not go with ${basename(file)} (${broken}): ${REPAIR}`,
    );
  } finally {
    database.close();
  }
}

/**
 * Whether a database leads further without the log beside it, of which SQLite takes less than there was: what is brought into the
 * database was synced before. Nothing else tells it where the end of the log looks as if it was left over from before.
 */
export function isBehind(file: string): boolean {
  return isFilled(walOf(file)) && lastAlone(file) > (knownOf(file).last ?? 0);
}

/**
 * The last position that a whole group leads to in a database without the log beside it; 0 where that can not be
 * read: the log may be half in it. A damaged group at its end may have been cut off since.
 */
export function lastAlone(file: string): number {
  const alone = pathToFileURL(file);
  alone.search = 'immutable=1';
  const database = new DatabaseSync(alone, { readOnly: true });
  try {
    return lastWhole(database);
  } catch (error) {
    if (isOfSqlite(error) || isCorrupt(error)) return 0;
    throw error;
  } finally {
    database.close();
  }
}

/**
 * Throws a `JournalError` where a directory had a journal, or was to have one, and has none, or nothing is in it: a node that
 * begins anew there would pass for the one that was.
 */
export function refuseLost(directory: string): void {
  const file = join(directory, FILES.journal);
  if (isFilled(file) || isFilled(walOf(file))) return;
  const draft = `${file}${DRAFT}`;
  if (existsSync(draft)) {
    throw new JournalError(`smc restore was broken off in ${directory}: repeat it, or remove ${draft}`);
  }
  const used = join(directory, FILES.used);
  if (!existsSync(used)) return;
  const what = existsSync(file) ? `nothing is in ${FILES.journal}` : `has no ${FILES.journal}`;
  // Over what is there smc restore would not write.
  const left = SUFFIXES.map((suffix) => `${FILES.journal}${suffix}`).filter((name) =>
    existsSync(join(directory, name)),
  );
  const first = left.length === 0 ? '' : `remove ${left.join(', ')} and `;
  throw new JournalError(
    `${directory} had a journal, and ${what} any more: put it back, or ${first}have smc restore take a backup; without ${used} a node begins anew there`,
  );
}

/**
 * Whether groups behind a position are of more than one commit, also where nothing else is left of the first: those of one
 * commit are structural and not in turn.
 */
function isOfTwoCommits(file: string, position: number): boolean {
  const groups = new Map<number, { readonly next: number; readonly structural: number }>();
  for (const { first, count, structural } of groupsInLog(file, position)) {
    groups.set(first, { next: first + count, structural });
  }
  return [...groups.values()].some(({ next, structural }) => groups.get(next)?.structural === structural);
}

/** What SQLite takes of a journal: the last position, null where there is not even a table, as those are made first; and where its log ends. */
function knownOf(file: string): { readonly last: number | null; readonly end: number } {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const row = database.prepare(`SELECT count(*) AS tables FROM sqlite_schema WHERE name = 'log'`).get();
    const last = row?.['tables'] === 0 ? null : lastPosition(database);
    return { last, end: endOfTaken(database) ?? 0 };
  } finally {
    database.close();
  }
}
