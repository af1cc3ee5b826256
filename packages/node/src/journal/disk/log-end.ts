import type { DatabaseSync } from 'node:sqlite';
import { endChecksum } from './rows.ts';

/** What the journal says beside the log of where that ends: pages of its end that are lost, or older than others, leave no gap. */

export const END_DAMAGED = 'what is known of the end of the log is damaged, and written anew';

/** Says that the log leads up to a position. In a transaction. */
export function noteEnd(database: DatabaseSync, position: number): void {
  database.prepare('DELETE FROM log_end').run();
  database.prepare('INSERT INTO log_end VALUES (1, ?, ?)').run(position, endChecksum(position));
}

/** The position that the log leads up to at least, 0 where none was noted; null where what was noted is damaged, or gone. */
export function notedEnd(database: DatabaseSync): number | null {
  // What is damaged there may be too large for a number.
  const rows = database
    .prepare('SELECT position + 0.0 AS position, checksum + 0.0 AS checksum FROM log_end')
    .all();
  if (rows.length === 0) return database.prepare('SELECT 1 FROM log LIMIT 1').get() === undefined ? 0 : null;
  const [{ position, checksum }] = rows;
  return rows.length === 1 && endChecksum(Number(position)) === checksum ? Number(position) : null;
}

/** The positions of structural groups as their index has them, also where the log does not have them any more. */
export function structuralFirsts(database: DatabaseSync): readonly number[] {
  return database
    .prepare('SELECT first + 0.0 AS first FROM log INDEXED BY log_structure WHERE structural = 1')
    .all()
    .map(({ first }) => Number(first));
}
