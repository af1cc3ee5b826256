import type { DatabaseSync } from 'node:sqlite';
import { type CheckpointRow, headChecksum, MACHINE_COLUMNS, type MachineRow } from './rows.ts';
import { COMPLETENESS } from './schema.ts';

/** Says that a checkpoint is complete, and seals it and its machines with a checksum. In a transaction. */
export function sealCheckpoint(
  database: DatabaseSync,
  checkpoint: Omit<CheckpointRow, 'checksum'>,
  machines: readonly MachineRow[],
): void {
  const { position } = checkpoint;
  const places = MACHINE_COLUMNS.map(() => '?').join(', ');
  const insert = database.prepare(
    `INSERT OR REPLACE INTO machines (checkpoint, ${MACHINE_COLUMNS.join(', ')}) VALUES (?, ${places})`,
  );
  for (const row of machines) insert.run(position, ...MACHINE_COLUMNS.map((column) => row[column]));
  const ordered = machines.toSorted((a, b) => a.machine - b.machine);
  database
    .prepare(`UPDATE checkpoints SET complete = ${COMPLETENESS.complete}, checksum = ? WHERE position = ?`)
    .run(headChecksum(checkpoint, ordered), position);
}
