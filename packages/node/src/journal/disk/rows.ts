import { crc32 } from 'node:zlib';
import type { CheckpointHead, KeptSlice, MachineHead, StateRow, StateSlice } from '../checkpoint.ts';
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
  readonly checksum: number;
  readonly refusals: Uint8Array;
}

export interface MachineRow {
  readonly machine: number;
  readonly name: string;
  readonly inputs: number;
  readonly faults: number;
  readonly since: number;
  readonly kept_first: number;
  readonly kept_end: number;
}

export interface StoredStateRow {
  readonly key: string;
  readonly position: number;
  readonly fingerprint: string;
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

export function groupChecksum(
  first: number,
  count: number,
  structural: number,
  time: number,
  bytes: Uint8Array,
): number {
  return crc32(bytes, crc32(`log ${first} ${count} ${structural} ${time}`));
}

export function stateChecksum(
  { machine, fingerprint }: Pick<StateSlice, 'machine' | 'fingerprint'>,
  position: number,
  { key, bytes }: StateRow,
): number {
  return crc32(
    bytes ?? NONE,
    crc32(`state ${machine} ${position} ${fingerprint} ${bytes === null ? 0 : 1} ${key}`),
  );
}

export function keptChecksum({ machine, first, count, bytes }: Omit<KeptSlice, 'kind'>): number {
  return crc32(bytes, crc32(`kept ${machine} ${first} ${count}`));
}

export function headChecksum({ position, time, refusals, machines }: CheckpointHead): number {
  const lines = machines.map(
    ({ machine, name, inputs, faults, since, keptFirst, keptEnd }) =>
      `\n${machine} ${inputs} ${faults} ${since} ${keptFirst} ${keptEnd} ${name}`,
  );
  return crc32(refusals, crc32(`checkpoint ${position} ${time}${lines.join('')}`));
}

const NONE = new Uint8Array(0);

/** The group that a row holds; null where the row is damaged. Blobs stand elsewhere. */
export function groupOf(row: GroupRow): Omit<LogGroup, 'blobs'> | null {
  const { first, count, structural, time, checksum, entries } = row;
  if (groupChecksum(first, count, structural, time, entries) !== checksum) return null;
  return { isStructural: structural === 1, first, count, time, bytes: entries };
}

export function machineHeadOf(row: MachineRow): MachineHead {
  const { machine, name, inputs, faults, since, kept_first: keptFirst, kept_end: keptEnd } = row;
  return { machine, name, inputs, faults, since, keptFirst, keptEnd };
}
