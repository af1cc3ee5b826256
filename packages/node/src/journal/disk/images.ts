import { BlobStore } from '../blobs.ts';
import { decodeGroup } from '../encoding.ts';
import type { LogGroup } from '../group.ts';

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
