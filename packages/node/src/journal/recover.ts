import type { JitMode } from '@smc/vm';
import type { NodeLimits } from '../limits.ts';
import type { Journal } from '../ports.ts';
import type { NodeState } from '../state.ts';
import type { CheckpointTracker } from './checkpoint.ts';
import { DamagedCheckpoint } from './error.ts';
import { Replay } from './replay.ts';

/** How far a recovery is. Positions; it begins with `from`, the position of its checkpoint. */
export interface RecoveryProgress {
  readonly from: number;
  readonly at: number;
  readonly last: number;
  /** What was damaged, and what was done about it: told once each. */
  readonly notes: readonly string[];
}

export interface Recovery {
  readonly node: NodeState;
  readonly tracker: CheckpointTracker;
  /** Of the entries after the checkpoint. */
  readonly bytes: number;
}

/** Bytes of entries, images and states after which progress is told, and others get their turn. */
const TURN_BYTES = 256 * 1024;

interface RecoveryOptions {
  readonly limits: NodeLimits;
  readonly jit?: JitMode;
  readonly progress?: (progress: RecoveryProgress) => void;
}

/** Rebuilds a node from its journal. Throws a `JournalError` for one that is wrong. */
export async function recover(journal: Journal, options: RecoveryOptions): Promise<Recovery> {
  for (let unusable: DamagedCheckpoint | null = null; ;) {
    try {
      return await recoverFrom(journal, options, unusable);
    } catch (error) {
      // Each is older than the one before.
      if (!(error instanceof DamagedCheckpoint) || error === unusable) throw error;
      unusable = error;
    }
  }
}

async function recoverFrom(
  journal: Journal,
  { limits, jit = 'auto', progress = () => {} }: RecoveryOptions,
  unusable: DamagedCheckpoint | null,
): Promise<Recovery> {
  const { rows } = journal;
  let replay = new Replay(limits, jit, 0, rows);
  let from = 0;
  let last = 0;
  let bytes = 0;
  let work = 0;
  const older = unusable === null ? undefined : { position: unusable.position, message: unusable.message };
  for await (const item of journal.read(older)) {
    if (item.kind === 'begin') {
      // A journal that has no older one.
      if (unusable !== null && item.checkpoint >= unusable.position) throw unusable;
      replay = new Replay(limits, jit, item.checkpoint, rows, item.removed);
      from = item.checkpoint;
      last = item.last;
      bytes = 0;
      progress({ from, at: from, last, notes: item.notes });
      continue;
    }
    replay.add(item);
    if (item.kind === 'group') {
      if (item.group.first > from) bytes += item.group.bytes.length;
      work += item.group.bytes.length;
      // What is in an image takes longer than what is in an entry.
      for (const blob of item.group.blobs) work += blob.bytes.length;
    } else if (item.kind !== 'checkpoint') work += item.bytes.length;
    if (work < TURN_BYTES) continue;
    work = 0;
    progress({ from, at: Math.max(from, replay.node.position), last, notes: [] });
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { ...replay.finish(), bytes };
}
