import type { JitMode } from '@smc/vm';
import type { NodeLimits } from '../limits.ts';
import { Pace, type Stopwatch, systemStopwatch } from '../pace.ts';
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

/**
 * When progress is told, and others get their turn: what runs may take any time, whatever its bytes, and what is
 * decoded takes longer the more they are.
 */
const TURN_MILLIS = 50;
const TURN_BYTES = 256 * 1024;

interface RecoveryOptions {
  readonly limits: NodeLimits;
  readonly jit?: JitMode;
  readonly stopwatch?: Stopwatch;
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
  { limits, jit = 'auto', stopwatch = systemStopwatch, progress = () => {} }: RecoveryOptions,
  unusable: DamagedCheckpoint | null,
): Promise<Recovery> {
  const { rows } = journal;
  let replay = new Replay(limits, jit, 0, rows);
  let from = 0;
  let last = 0;
  let bytes = 0;
  /** Of images, states and what is kept, since the last turn. */
  let work = 0;
  const pace = new Pace(stopwatch, TURN_MILLIS);
  const isOver = (): boolean => pace.isOver();
  const endTurn = async (): Promise<void> => {
    work = 0;
    progress({ from, at: Math.max(from, replay.node.position), last, notes: [] });
    await new Promise((resolve) => setImmediate(resolve));
    pace.begin();
  };
  pace.begin();
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
    for (const _ of replay.adding(item, isOver)) await endTurn();
    if (item.kind === 'group') {
      if (item.group.first > from) bytes += item.group.bytes.length;
      for (const blob of item.group.blobs) work += blob.bytes.length;
    } else if (item.kind !== 'checkpoint') work += item.bytes.length;
    if (work >= TURN_BYTES) await endTurn();
  }
  return { ...replay.finish(), bytes };
}
