import { crc32 } from 'node:zlib';
import type { KeptSlice, MachineHead } from '../checkpoint.ts';
import type { LogGroup } from '../group.ts';

/**
 * What stands in the tables, and its checksums: the CRC-32 of the other columns as text, gone on with over the bytes. So
 * a row is told from one that was damaged, and from one that was moved.
 */
export interface GroupRow {
  readonly first: number;
  readonly count: number;
  readonly structural: number;
  readonly time: number;
  readonly checksum: number;
  readonly entries: Uint8Array;
}

export interface ImageRow {
  readonly digest: string;
  readonly bytes: Uint8Array;
}

export interface CheckpointRow {
  readonly position: number;
  readonly time: number;
  readonly structure_sum: number;
  readonly checksum: number;
  readonly refusals: Uint8Array;
}

export interface MachineRow {
  readonly machine: number;
  readonly name: string;
  readonly inputs: number;
  readonly faults: number;
  readonly instances: number;
  readonly fingerprint: string;
  readonly keyed: number;
  readonly since: number;
  readonly kept_first: number;
  readonly kept_end: number;
  readonly sessions: number;
  readonly states: number;
  readonly states_sum: number;
  readonly rows: number;
  readonly rows_sum: number;
}

/** A `GroupRow` that may be damaged, with integers as they are if it is not: others may be too large for a number. */
export const GROUP_COLUMNS = `first + 0.0 AS first, count + 0.0 AS count, structural + 0.0 AS structural, time + 0.0 AS time,
  checksum + 0.0 AS checksum, entries`;

/** In the order of their checksum. */
export const MACHINE_COLUMNS = [
  'machine',
  'inputs',
  'faults',
  'instances',
  'fingerprint',
  'keyed',
  'since',
  'kept_first',
  'kept_end',
  'sessions',
  'states',
  'states_sum',
  'rows',
  'rows_sum',
  'name',
] as const satisfies readonly (keyof MachineRow)[];

export interface StoredStateRow {
  readonly key: string;
  readonly position: number;
  readonly checksum: number;
  readonly state: Uint8Array | null;
}

export interface KeptRow {
  readonly machine: number;
  readonly first: number;
  readonly count: number;
  readonly checksum: number;
  readonly requests: Uint8Array;
}

export interface SessionsRow {
  readonly machine: number;
  readonly position: number;
  readonly part: number;
  readonly checksum: number;
  readonly reached: Uint8Array;
}

export function groupChecksum(
  first: number,
  count: number,
  structural: number,
  time: number,
  bytes: Uint8Array,
): number {
  return checksumOf(bytes, `log ${first} ${count} ${structural} ${time}`);
}

/** `bytes` is null for an instance that is not stored any more. */
export function stateChecksum(
  machine: number,
  position: number,
  key: string,
  bytes: Uint8Array | null,
): number {
  return checksumOf(bytes ?? NONE, `state ${machine} ${position} ${bytes === null ? 0 : 1} ${key}`);
}

export function keptChecksum({ machine, first, count, bytes }: Omit<KeptSlice, 'kind'>): number {
  return checksumOf(bytes, `kept ${machine} ${first} ${count}`);
}

export function sessionsChecksum(machine: number, position: number, part: number, bytes: Uint8Array): number {
  return checksumOf(bytes, `sessions ${machine} ${position} ${part}`);
}

export function endChecksum(position: number): number {
  return checksumOf(NONE, `log end ${position}`);
}

export function headChecksum(
  { position, time, structure_sum, refusals }: Omit<CheckpointRow, 'checksum'>,
  machines: readonly MachineRow[],
): number {
  const lines = machines.map((row) => `\n${MACHINE_COLUMNS.map((column) => row[column]).join(' ')}`);
  return checksumOf(refusals, `checkpoint ${position} ${time} ${structure_sum}${lines.join('')}`);
}

/**
 * A sum of the checksums of rows, whatever their order: it tells that one is missing, or that an older one stands in for
 * it, and is kept up to date row by row.
 */
export function addChecksum(sum: number, checksum: number): number {
  return (sum + checksum) % CHECKSUMS;
}

export function takeChecksum(sum: number, checksum: number): number {
  return (sum + CHECKSUMS - checksum) % CHECKSUMS;
}

/** Sums are modulo this. */
export const CHECKSUMS = 2 ** 32;

const NONE = new Uint8Array(0);

/** Where a file is damaged, a column may hold what is no bytes at all: no checksum is that of such a row. */
function checksumOf(bytes: unknown, place: string): number {
  return bytes instanceof Uint8Array ? crc32(bytes, crc32(place)) : -1;
}

/** The group that a row holds; null where the row is damaged. Blobs stand elsewhere. */
export function groupOf(row: GroupRow): Omit<LogGroup, 'blobs'> | null {
  const { first, count, structural, time, checksum, entries } = row;
  if (groupChecksum(first, count, structural, time, entries) !== checksum) return null;
  return { isStructural: structural === 1, first, count, time, bytes: entries };
}

export function machineHeadOf(row: MachineRow): MachineHead {
  const { machine, name, inputs, faults, instances, fingerprint, since } = row;
  const figures = { inputs, faults, instances };
  const kept = { keptFirst: row.kept_first, keptEnd: row.kept_end };
  return { machine, name, ...figures, fingerprint, isKeyed: row.keyed === 1, since, ...kept };
}
