import type { JitMode } from '@smc/vm';
import { Instances } from './instances.ts';
import { Interfaces } from './interfaces.ts';
import { BlobStore } from './journal/blobs.ts';
import { KeptChanges } from './kept-changes.ts';
import { KeptMemory } from './kept-memory.ts';
import { KeptRequests } from './kept.ts';
import type { NodeLimits } from './limits.ts';
import { NO_ROWS, type StateRows } from './state-rows.ts';
import { StateMemory } from './state-memory.ts';
import type { Version } from './version.ts';

/**
 * What a node holds. It is changed in place, by what `transition` and `Replay` call and by nothing
 * else, and only as the events and entries say: two nodes with the same log hold the same.
 */
export class NodeState {
  readonly limits: NodeLimits;
  /** How what is deployed is loaded; what a step gives does not depend on it. */
  readonly jit: JitMode;
  /** What its checkpoints have of keyed machines; what is in memory of that decides nothing. */
  readonly rows: StateRows;
  readonly memory: StateMemory;
  readonly keptMemory: KeptMemory;
  readonly keptChanges: KeptChanges;
  /** By name: those that run. */
  readonly machines = new Map<string, Machine>();
  /** The same by their number in the log. */
  readonly machineByNumber = new Map<number, Machine>();
  /** By name of machine, of removed ones too. */
  readonly histories = new Map<string, HistoryRecord[]>();
  /** The refusals in these, the oldest first, each with the name of the machine. */
  readonly refusals = new Map<RefusalRecord, string>();
  readonly blobs = new BlobStore();
  /** Of the last entry of the log; 0 where there is none. */
  position = 0;
  /** The time of the last event: `now` never goes back. */
  time = Number.NEGATIVE_INFINITY;
  /** Deployments so far: the number of the next machine. */
  deployments = 0;

  constructor(limits: NodeLimits, jit: JitMode = 'auto', rows: StateRows = NO_ROWS) {
    this.limits = limits;
    this.jit = jit;
    this.rows = rows;
    this.memory = new StateMemory(limits.stateBytesMax, rows);
    this.keptMemory = new KeptMemory(limits.keptBytesMax);
    this.keptChanges = new KeptChanges(limits.keptChangesMax);
  }
}

/** The next position of the log, and its time. */
export function advance(node: NodeState, time: number): { position: number; time: number } {
  node.time = Math.max(node.time, time);
  node.position++;
  return { position: node.position, time: node.time };
}

/** A machine that runs. */
export class Machine {
  readonly number: number;
  readonly name: string;
  readonly interfaces: Interfaces;
  readonly kept: KeptRequests;
  version: Version;
  instances: Instances;
  /** Inputs in the log, and how many of these faulted. */
  inputs = 0;
  faults = 0;

  constructor(number: number, version: Version, { limits, memory, keptMemory, rows }: NodeState) {
    this.number = number;
    this.name = version.image.name;
    this.interfaces = new Interfaces(version);
    this.kept = new KeptRequests(limits.keptRepliesMax, keptMemory);
    this.version = version;
    this.instances = new Instances(version, { machine: number, memory, rows });
  }
}

/** What happened to a machine, for people. */
export type HistoryRecord = ChangeRecord | RefusalRecord;

interface Told {
  readonly position: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

export interface ChangeRecord extends Told {
  readonly kind: 'deployment' | 'upgrade' | 'removal';
  /** The code that ran before and that runs after it; null where none does. */
  readonly from: string | null;
  readonly to: string | null;
  /** Of an upgrade: whether it has a way back, so that it can be rolled back. */
  readonly back?: boolean;
}

export interface RefusalRecord extends Told {
  readonly kind: 'refusal';
  /** The code that ran before it, and after it. */
  readonly from: string;
  readonly to: string;
  /** Why. */
  readonly code: string;
  readonly message: string;
}

/**
 * Adds to the history of a machine, in the order of positions: a checkpoint tells refusals, in their order, after what
 * came later. The oldest goes where there is too much of what was done, or of refusals. What is left depends on
 * what was added, and not on the order of these two.
 */
export function remember(node: NodeState, machine: string, record: HistoryRecord): void {
  let history = node.histories.get(machine);
  if (history === undefined) node.histories.set(machine, (history = []));
  let at = history.length;
  while (at > 0 && history[at - 1].position > record.position) at--;
  history.splice(at, 0, record);
  const { historyRecordsMax, refusalRecordsMax, refusalRecordsOfAllMax } = node.limits;
  if (record.kind !== 'refusal') {
    if (history.length <= historyRecordsMax) return;
    const changes = history.filter(({ kind }) => kind !== 'refusal');
    if (changes.length > historyRecordsMax) history.splice(history.indexOf(changes[0]), 1);
    return;
  }
  node.refusals.set(record, machine);
  const refusals = history.filter((each) => each.kind === 'refusal');
  if (refusals.length > refusalRecordsMax) forgetRefusal(node, refusals[0]);
  const [oldest] = node.refusals.keys();
  if (node.refusals.size > refusalRecordsOfAllMax) forgetRefusal(node, oldest);
}

function forgetRefusal({ refusals, histories }: NodeState, refusal: RefusalRecord): void {
  const history = histories.get(refusals.get(refusal)!)!;
  history.splice(history.indexOf(refusal), 1);
  refusals.delete(refusal);
}
