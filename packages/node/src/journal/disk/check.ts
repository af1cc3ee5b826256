import type { DatabaseSync } from 'node:sqlite';
import { sha256 } from '../blobs.ts';
import { DamagedCheckpoint } from '../error.ts';
import { blobsBeside } from './images.ts';
import { readCheckpoint } from './reading.ts';
import { describeDamage, LogCheck, type LogDamage, lostEntries } from './log-check.ts';
import { notedEnd, structuralFirsts } from './log-end.ts';
import { GROUP_COLUMNS, groupOf, type GroupRow, type ImageRow } from './rows.ts';
import { CHECKPOINTS_KEPT } from './schema.ts';

/** Says what is damaged, without saying of which file. */
export class DamagedJournal extends Error {}

function fail(what: string): never {
  throw new DamagedJournal(what);
}

/** Told how many entries of how many were checked. */
export type CheckProgress = (done: number, of: number) => void;

/** Entries after which progress is told. */
const TOLD_ENTRIES = 100_000;

/**
 * Reads all of a journal that is not being written, and compares it with its checksums. Throws a `DamagedJournal` for the
 * first thing that is not as it was written.
 */
export function checkJournal(database: DatabaseSync, progress: CheckProgress): void {
  const wrong = database.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check'];
  if (wrong !== 'ok') fail(String(wrong));
  const digests = new Set<string>();
  for (const row of database.prepare('SELECT digest, bytes FROM images').iterate()) {
    const { digest, bytes } = row as unknown as ImageRow;
    if (sha256(bytes) !== digest) fail(`the image, upgrade or debug data ${digest}`);
    digests.add(digest);
  }
  const checkpoints = database
    .prepare('SELECT position FROM checkpoints WHERE complete = 1 ORDER BY position DESC LIMIT ?')
    .all(CHECKPOINTS_KEPT)
    .map(({ position }) => Number(position));
  checkLog(database, digests, checkpoints, progress);
  for (const position of checkpoints) {
    try {
      for (const _ of readCheckpoint(database, position, { isThorough: true }));
    } catch (error) {
      if (!(error instanceof DamagedCheckpoint)) throw error;
      fail(error.message);
    }
  }
}

/** Groups, what they name, and that none is missing. */
function checkLog(
  database: DatabaseSync,
  digests: ReadonlySet<string>,
  checkpoints: readonly number[],
  progress: CheckProgress,
): void {
  const total = Number(database.prepare('SELECT sum(count) AS entries FROM log').get()?.['entries'] ?? 0);
  const check = new LogCheck(checkpoints.at(-1) ?? 0, lostEntries(database));
  const refuse = ([damage]: readonly LogDamage[]): void => {
    if (damage !== undefined) fail(describeDamage(damage));
  };
  let structural = 0;
  let done = 0;
  let told = 0;
  for (const each of database.prepare(`SELECT ${GROUP_COLUMNS} FROM log ORDER BY log.first`).iterate()) {
    const row = each as unknown as GroupRow;
    const group = groupOf(row);
    refuse(check.row(row, group !== null));
    const [lost] = group === null ? [] : blobsBeside(group, digests);
    if (row.structural === 1) structural++;
    if (lost !== undefined) fail(`${lost.what} of ${lost.machine} at position ${lost.position} is missing`);
    done += row.count;
    if (done - told < TOLD_ENTRIES) continue;
    told = done;
    progress(done, total);
  }
  // SQLite's own check sees that each row is in it, and does not count what else is.
  if (structuralFirsts(database).length > structural) fail('the index of what was deployed');
  const noted = notedEnd(database);
  if (noted === null) fail('what is known of the end of the log');
  refuse(check.end(Math.max(checkpoints[0] ?? 0, noted)));
}
