import type { SQLOutputValue } from 'node:sqlite';

/** What is looked at, and deleted at the most, in one transaction: what is appended meanwhile waits for it. */
export const PORTION_ROWS = 64;
export const PORTION_BYTES = 128 * 1024;

/** How many of these rows make a portion: at least one, and not much more than so many bytes. */
export function portionOf(rows: readonly Record<string, SQLOutputValue>[]): number {
  let bytes = 0;
  let count = 0;
  while (count < rows.length && bytes < PORTION_BYTES) bytes += Number(rows[count++]['bytes']);
  return count;
}
