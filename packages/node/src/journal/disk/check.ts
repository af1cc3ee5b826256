import type { DatabaseSync } from 'node:sqlite';
import { sha256 } from '../blobs.ts';
import { DamagedCheckpoint } from '../error.ts';
import { blobsBeside } from './images.ts';
import { readCheckpoint } from './reading.ts';
import { groupOf, type GroupRow, type ImageRow } from './rows.ts';
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
  checkLog(database, digests, checkpoints[0] ?? 0, progress);
  for (const position of checkpoints) {
    try {
      for (const _ of readCheckpoint(database, position, { isThorough: true }));
    } catch (error) {
      if (!(error instanceof DamagedCheckpoint)) throw error;
      fail(error.message);
    }
  }
}

/** Groups, what they name, and that behind a position none is missing. */
function checkLog(
  database: DatabaseSync,
  digests: ReadonlySet<string>,
  start: number,
  progress: CheckProgress,
): void {
  const total = Number(database.prepare('SELECT sum(count) AS entries FROM log').get()?.['entries'] ?? 0);
  let done = 0;
  let told = 0;
  let next = start + 1;
  for (const each of database.prepare('SELECT * FROM log ORDER BY first').iterate()) {
    const row = each as unknown as GroupRow;
    const group = groupOf(row);
    if (group === null) return fail(`the entries from position ${row.first} on`);
    const [lost] = blobsBeside(group, digests);
    if (lost !== undefined) fail(`${lost.what} of ${lost.machine} at position ${lost.position} is missing`);
    if (row.first > start) {
      if (row.first !== next) fail(`the entries from position ${next} to ${row.first - 1} are missing`);
      next = row.first + row.count;
    }
    done += row.count;
    if (done - told < TOLD_ENTRIES) continue;
    told = done;
    progress(done, total);
  }
}
