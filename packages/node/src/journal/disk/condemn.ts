import type { DatabaseSync } from 'node:sqlite';
import { JournalError } from '../error.ts';
import { COMPLETENESS } from './schema.ts';

/**
 * Says of the checkpoints that count on a row of states that they are damaged, so that no start goes on from them;
 * where it is not known which row it is, of the newest. Gives how many there are.
 */
export function condemn(
  database: DatabaseSync,
  row: { readonly machine: number; readonly position: number } | null,
): number {
  const which =
    row === null
      ? 'position = (SELECT max(position) FROM checkpoints WHERE complete = ?)'
      : `complete = ? AND position >= ? AND EXISTS
           (SELECT 1 FROM machines WHERE checkpoint = checkpoints.position AND machine = ? AND since <= ?)`;
  const values = row === null ? [] : [row.position, row.machine, row.position];
  const { changes } = database
    .prepare(`UPDATE checkpoints SET complete = ${COMPLETENESS.damaged} WHERE ${which}`)
    .run(COMPLETENESS.complete, ...values);
  return Number(changes);
}

/** Why a node ends that has come upon a damaged state. */
export function damagedState(machine: number, key: string): JournalError {
  return damageFound(`the state of the instance ${JSON.stringify(key)} of machine ${machine}`);
}

export function damageFound(what: string): JournalError {
  return new JournalError(
    `the journal is damaged: ${what}; nothing is answered any more, and the next start goes on from an older checkpoint`,
  );
}
