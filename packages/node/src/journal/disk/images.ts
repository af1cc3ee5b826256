import type { DatabaseSync } from 'node:sqlite';
import { BlobStore, sha256 } from '../blobs.ts';
import { decodeGroup } from '../encoding.ts';
import type { LogGroup } from '../group.ts';
import { isCorrupt, outOfOrder, REPAIR } from './failures.ts';

/** An image, an upgrade or debug data, as an entry names it. */
export interface BlobName {
  readonly what: 'the image' | 'the debug data' | 'the upgrade';
  readonly machine: string;
  readonly digest: string;
  readonly position: number;
}

/** Gives for each digest the digest itself: who only wants to know what is named needs no bytes of it. */
class Digests extends BlobStore {
  override get(digest: string): Uint8Array {
    return Buffer.from(digest, 'hex');
  }
}

/** What the entries of a whole group name and is not among these images, upgrades and debug data. */
export function blobsBeside(
  group: Omit<LogGroup, 'blobs'>,
  digests: ReadonlySet<string>,
): readonly BlobName[] {
  if (!group.isStructural) return [];
  const decoded = decodeGroup({ ...group, blobs: [] }, new Digests());
  // What stands in a group that is as it was written is for who replays it.
  if (!decoded.ok) return [];
  const beside = new Map<string, BlobName>();
  for (const entry of decoded.value) {
    if (entry.kind !== 'change') continue;
    const { position } = entry;
    for (const { machine, image, debug, upgrade } of entry.parts) {
      const named = { 'the image': image, 'the debug data': debug, 'the upgrade': upgrade };
      for (const what of ['the image', 'the debug data', 'the upgrade'] as const) {
        const bytes = named[what];
        if (bytes === null) continue;
        const digest = Buffer.from(bytes).toString('hex');
        if (!digests.has(digest) && !beside.has(digest))
          beside.set(digest, { what, machine, digest, position });
      }
    }
  }
  return [...beside.values()];
}

/** The time of the last entry of a whole group. */
export function lastTimeOf(group: Omit<LogGroup, 'blobs'>): number {
  const decoded = decodeGroup({ ...group, blobs: [] }, new Digests());
  return (decoded.ok ? decoded.value.at(-1)?.time : undefined) ?? group.time;
}

/** The numbers of the machines that were deployed and removed in these groups, which are all structural ones up to some position. */
export function removedIn(groups: Iterable<Omit<LogGroup, 'blobs'>>): ReadonlySet<number> {
  const removed = new Set<number>();
  const running = new Map<string, number>();
  let deployments = 0;
  for (const group of groups) {
    const decoded = decodeGroup({ ...group, blobs: [] }, new Digests());
    if (!decoded.ok) break;
    for (const entry of decoded.value) {
      if (entry.kind === 'removal') removed.add(running.get(entry.machine) ?? -1);
      if (entry.kind !== 'change') continue;
      for (const { machine, upgrade } of entry.parts)
        if (upgrade === null) running.set(machine, deployments++);
    }
  }
  return removed;
}

/**
 * Looks at one image after the other as it lies in its table; gives what there is to say of each. A start finds those that it
 * needs by an index, and does not see the name that stands beside the bytes.
 */
export function* lookAtImages(database: DatabaseSync): Generator<string | null> {
  const next = database.prepare(
    'SELECT rowid + 0.0 AS number, digest, bytes FROM images NOT INDEXED WHERE rowid > ? ORDER BY rowid LIMIT 1',
  );
  let last = Number.MIN_SAFE_INTEGER;
  try {
    for (let row = next.get(last); row !== undefined; row = next.get(last)) {
      const { number, digest, bytes } = row;
      if (Number(number) <= last) throw outOfOrder();
      last = Number(number);
      const isWhole = bytes instanceof Uint8Array && sha256(bytes) === digest;
      yield isWhole
        ? null
        : noteOf(`the image, upgrade or debug data ${String(digest)} is damaged, or its name is`);
    }
  } catch (error) {
    if (!isCorrupt(error)) throw error;
    // Those that a start needs it has read.
    yield noteOf('not all images, upgrades and debug data can be read');
  }
}

const noteOf = (what: string): string =>
  `${what}, where no start needs it; a backup does not take that: ${REPAIR}`;
