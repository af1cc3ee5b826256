import type { DatabaseSync } from 'node:sqlite';
import { headRows } from './reading.ts';
import { type CheckpointRow, headChecksum, type MachineRow, stateChecksum, takeChecksum } from './rows.ts';

/**
 * A row of `states` without a state, a *tombstone*, stands for older ones of its key: once no kept checkpoint needs
 * these it says nothing any more, and goes with them.
 */
export interface Tombstone {
  readonly machine: number;
  readonly key: string;
  readonly position: number;
}

/** What a machine in a checkpoint says of its rows. */
export type CountedRow = { -readonly [K in keyof MachineRow]: MachineRow[K] };

/** A checkpoint that counts on rows: one that is kept, or the one that is being written. */
export interface Counting {
  readonly checkpoint: Pick<CheckpointRow, 'position'>;
  readonly machines: ReadonlyMap<number, CountedRow>;
}

/** A checkpoint that is complete. */
export interface Sealed extends Counting {
  readonly checkpoint: CheckpointRow;
}

/** Null where it is damaged: what it says is left as it is, for the next start to find. */
export function sealedAt(database: DatabaseSync, position: number): Sealed | null {
  const { checkpoint, machines } = headRows(database, position);
  if (headChecksum(checkpoint, machines) !== checkpoint.checksum) return null;
  return { checkpoint, machines: new Map(machines.map((row) => [row.machine, { ...row }])) };
}

/** Some tombstones behind one, in order. */
export function tombstonesAfter(
  database: DatabaseSync,
  { machine, key, position }: Tombstone,
  rowsMax: number,
): readonly Tombstone[] {
  const rows = database
    .prepare(
      `SELECT machine, key, position FROM states INDEXED BY states_gone
         WHERE state IS NULL AND (machine, key, position) > (?, ?, ?) ORDER BY machine, key, position LIMIT ?`,
    )
    .all(machine, key, position, rowsMax);
  return rows as unknown as readonly Tombstone[];
}

/**
 * Deletes tombstones, and what is older of their keys, up to the oldest kept checkpoint; those that count on
 * the rows are told. In a transaction.
 */
export function deleteTombstones(
  database: DatabaseSync,
  tombstones: readonly Tombstone[],
  sealed: readonly Sealed[],
  draft: Counting | null,
): void {
  const counting = draft === null ? sealed : [...sealed, draft];
  const select = database.prepare(
    `SELECT position, checksum, state IS NULL AS gone FROM states WHERE machine = ? AND key = ? ORDER BY position`,
  );
  const forget = database.prepare('DELETE FROM states WHERE machine = ? AND key = ? AND position <= ?');
  const changed = new Set<number>();
  for (const { machine, key, position } of tombstones) {
    const rows = select.all(machine, key) as unknown as readonly KeyRow[];
    const own = rows.find((row) => row.position === position);
    // One that is damaged may have been a state.
    if (own?.gone !== 1 || own.checksum !== stateChecksum(machine, position, key, null)) continue;
    for (const { checkpoint, machines } of counting) {
      const row = machines.get(machine);
      if (row !== undefined) uncount(row, rows, checkpoint.position, position);
    }
    forget.run(machine, key, position);
    changed.add(machine);
  }
  for (const each of sealed) reseal(database, each, changed);
}

/** A row of one key. */
interface KeyRow {
  readonly position: number;
  readonly checksum: number;
  readonly gone: number;
}

/** Takes out of the figures of a machine, in the checkpoint at `end`, the rows of a key up to `last`. */
function uncount(head: CountedRow, rows: readonly KeyRow[], end: number, last: number): void {
  const counted = rows.filter(({ position }) => position >= head.since && position <= end);
  for (const { position, checksum } of counted) {
    if (position > last) break;
    head.rows--;
    head.rows_sum = takeChecksum(head.rows_sum, checksum);
  }
  const newest = counted.at(-1);
  if (newest === undefined || newest.position > last) return;
  head.states--;
  head.states_sum = takeChecksum(head.states_sum, newest.checksum);
}

function reseal(
  database: DatabaseSync,
  { checkpoint, machines }: Sealed,
  changed: ReadonlySet<number>,
): void {
  const update = database.prepare(
    'UPDATE machines SET states = ?, states_sum = ?, rows = ?, rows_sum = ? WHERE checkpoint = ? AND machine = ?',
  );
  for (const machine of changed) {
    const row = machines.get(machine);
    if (row === undefined) continue;
    const { states, states_sum, rows, rows_sum } = row;
    update.run(states, states_sum, rows, rows_sum, checkpoint.position, machine);
  }
  // Not that it is complete: somebody may have found it damaged meanwhile.
  database
    .prepare('UPDATE checkpoints SET checksum = ? WHERE position = ?')
    .run(headChecksum(checkpoint, [...machines.values()]), checkpoint.position);
}
