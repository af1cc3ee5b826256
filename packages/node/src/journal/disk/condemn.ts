import type { DatabaseSync } from 'node:sqlite';
import { JournalError } from '../error.ts';
import { REPAIR } from './failures.ts';
import { startsOf } from './reading.ts';
import { COMPLETENESS } from './schema.ts';

/** Where a row of states stands. */
export interface StateRowPlace {
  readonly machine: number;
  readonly key: string;
  readonly position: number;
}

/**
 * Says of the checkpoints that count on a row of states that they are damaged, so that no start goes on from them. Gives
 * their positions.
 */
export function condemn(database: DatabaseSync, row: StateRowPlace): readonly number[] {
  const counting = countingOn(database, row);
  for (const each of counting) markDamaged(database, each);
  return counting;
}

/**
 * The positions of checkpoints that count on a row of states, also where they were found damaged. Of each key one counts on
 * the newest row that it has: damage in a row that others stand for does no harm to it.
 */
export function countingOn(
  database: DatabaseSync,
  { machine, key, position }: StateRowPlace,
): readonly number[] {
  return database
    .prepare(
      `SELECT position FROM checkpoints
         WHERE complete <> ${COMPLETENESS.draft} AND position >= ?3
           AND EXISTS (SELECT 1 FROM machines WHERE checkpoint = checkpoints.position AND machine = ?1 AND since <= ?3)
           AND NOT EXISTS (SELECT 1 FROM states
             WHERE machine = ?1 AND key = ?2 AND states.position > ?3 AND states.position <= checkpoints.position)
         ORDER BY position`,
    )
    .all(machine, key, position)
    .map((row) => Number(row['position']));
}

/** Says so of the newest checkpoint, where it is not known which row it is. */
export function condemnNewest(database: DatabaseSync): void {
  const [newest] = database
    .prepare(`SELECT max(position) AS position FROM checkpoints WHERE complete = ${COMPLETENESS.complete}`)
    .all();
  markDamaged(database, Number(newest['position']));
}

function markDamaged(database: DatabaseSync, position: number): void {
  database
    .prepare('UPDATE checkpoints SET complete = ? WHERE position = ?')
    .run(COMPLETENESS.damaged, position);
}

/** Takes a damaged row of states out, and keeps what is left of it. */
export function setStateAside(
  database: DatabaseSync,
  { machine, key, position }: StateRowPlace,
  state: unknown,
): void {
  // What is damaged need not even be bytes.
  const left = state instanceof Uint8Array ? state : null;
  database
    .prepare(`INSERT INTO aside (reason, source, place, bytes) VALUES ('damaged', 'states', ?, ?)`)
    .run(`${machine} ${position} ${key}`, left);
  database
    .prepare('DELETE FROM states WHERE machine = ? AND key = ? AND position = ?')
    .run(machine, key, position);
}

export function nameState({ machine, key }: Omit<StateRowPlace, 'position'>): string {
  return `the state of the instance ${JSON.stringify(key)} of machine ${machine}`;
}

/** Why a node ends that has come upon damage, and what the next start does; null where that is not known. */
export function damageFound(what: string, next: string | null): JournalError {
  const ends = next === null ? 'nothing is answered any more' : `nothing is answered any more, and ${next}`;
  return new JournalError(`the journal is damaged: ${what}; ${ends}`);
}

/** What the next start does, as far as the checkpoints that are left say. */
export function nextStart(database: DatabaseSync): string {
  const [start] = startsOf(database);
  if (start === undefined) return `no whole checkpoint is left, and not all that came before: ${REPAIR}`;
  if (start === 0) return 'the next start goes through all of the log';
  return `the next start goes on from the checkpoint at position ${start}, if that is whole`;
}
