import { ByteWriter, encodeValue, writeValue } from '@smc/protocol';
import { type ChangedKeys, type InstanceKey, type Instances, printKey } from '../instances.ts';
import type { FirstOutcome, NumberedRequest } from '../kept.ts';
import type { Machine, NodeState } from '../state.ts';
import { encodeRefusals, writeKept } from './encoding.ts';
import type { KeptReply, RefusalEntry } from './entry.ts';

/**
 * What the entries of the log up to a position led to. A checkpoint holds what changed since the one before:
 * the states of instances, the kept requests; all the rest is as it was written then. Structural entries
 * are not in it, since they stay in the log.
 */
export interface CheckpointHead {
  /** Of the last entry that it holds; it has a time of its own, since what only reads moves that on. */
  readonly position: number;
  readonly time: number;
  /** Those that histories tell (`encodeRefusals`). */
  readonly refusals: Uint8Array;
  readonly machines: readonly MachineHead[];
}

/** One of the machines that run. */
export interface MachineHead {
  readonly machine: number;
  readonly name: string;
  readonly inputs: number;
  readonly faults: number;
  /** Of its state type, 64 hex digits. */
  readonly fingerprint: string;
  /** The position of the checkpoint that wrote all its states: those of older ones are of another version. */
  readonly since: number;
  /** Its kept requests are those of `[keptFirst, keptEnd)`; they are counted from its deployment on. */
  readonly keptFirst: number;
  readonly keptEnd: number;
}

/** A part of a checkpoint: it belongs to the head with it. */
export type CheckpointSlice = StateSlice | KeptSlice;

/** States of instances, one behind the other: to hand on each by itself would take longer than to make it. */
export interface StateSlice {
  readonly kind: 'states';
  readonly machine: number;
  /** As in `InputEntry`. */
  readonly keys: readonly string[];
  /** Of each state, in bytes; -1 for an instance that is not stored any more, as it is in its initial state. */
  readonly lengths: readonly number[];
  /** The states, encoded by their type. */
  readonly bytes: Uint8Array;
}

export interface KeptSlice {
  readonly kind: 'kept';
  readonly machine: number;
  /** The number of the first request. */
  readonly first: number;
  readonly count: number;
  /** The requests (`writeKept`). */
  readonly bytes: Uint8Array;
}

/** After so much a slice ends: others get their turn. */
const SLICE_BYTES = 64 * 1024;
const SLICE_ROWS_MAX = 1_024;

interface Tracked {
  readonly instances: Instances;
  readonly changed: ChangedKeys;
  readonly since: number;
}

/**
 * Knows what changed since the last checkpoint, and makes the next. After an upgrade all instances of a
 * machine are written anew, as their states are of another type then.
 */
export class CheckpointTracker {
  /** By machine. One that is not in it has all its states in the next checkpoint. */
  readonly #tracked = new Map<Machine, Tracked>();

  /** Says that a checkpoint holds a machine as it is now. */
  resume(machine: Machine, since: number): void {
    const { instances } = machine;
    this.#tracked.set(machine, { instances, changed: instances.watch(), since });
    machine.kept.takeNew();
  }

  /**
   * A checkpoint of this moment. Its slices are made when they are asked for, whatever the node does
   * meanwhile; what changes from now on is for the next one.
   */
  begin(node: NodeState): { readonly head: CheckpointHead; readonly slices: Iterable<CheckpointSlice> } {
    const { position, time } = node;
    const slices: Iterable<CheckpointSlice>[] = [];
    const machines = Array.from(node.machines.values(), (machine): MachineHead => {
      const { number, name, inputs, faults, instances, kept } = machine;
      const before = this.#tracked.get(machine);
      const isWhole = before?.instances !== instances;
      const keys = isWhole ? null : before.changed.take();
      if (isWhole) {
        before?.changed.end();
        this.#tracked.set(machine, { instances, changed: instances.watch(), since: position });
      }
      slices.push(stateSlices(machine, rowsOf(instances, keys)), keptSlices(machine, kept.takeNew()));
      const since = isWhole ? position : before.since;
      const { first: keptFirst, end: keptEnd } = kept;
      const fingerprint = machine.version.fingerprints.state;
      return { machine: number, name, inputs, faults, fingerprint, since, keptFirst, keptEnd };
    });
    for (const [machine, { changed }] of this.#tracked) {
      if (node.machineByNumber.get(machine.number) === machine) continue;
      changed.end();
      this.#tracked.delete(machine);
    }
    const head = { position, time, refusals: encodeRefusals(refusalsOf(node)), machines };
    return { head, slices: concatenated(slices) };
  }
}

function* concatenated<T>(parts: readonly Iterable<T>[]): Generator<T> {
  for (const part of parts) yield* part;
}

/** States by key, as of now: of all that are stored, or of these keys; undefined for what is not stored. */
function rowsOf(
  instances: Instances,
  keys: ReadonlySet<InstanceKey> | null,
): Iterable<readonly [InstanceKey, ReturnType<Instances['get']> | undefined]> {
  if (keys === null) return instances.entries();
  const stored = instances.snapshot();
  return (function* () {
    for (const key of keys) yield [key, stored(key)] as const;
  })();
}

function* stateSlices(
  { number: machine, version }: Machine,
  rows: ReturnType<typeof rowsOf>,
): Generator<StateSlice> {
  const { image } = version;
  const writer = new ByteWriter(SLICE_BYTES);
  let keys: string[] = [];
  let lengths: number[] = [];
  for (const [key, state] of rows) {
    const start = writer.length;
    if (state !== undefined) writeValue(writer, image.unit.types, image.state, state);
    keys.push(printKey(key));
    lengths.push(state === undefined ? -1 : writer.length - start);
    if (writer.length < SLICE_BYTES && keys.length < SLICE_ROWS_MAX) continue;
    yield { kind: 'states', machine, keys, lengths, bytes: writer.take() };
    keys = [];
    lengths = [];
  }
  if (keys.length > 0) yield { kind: 'states', machine, keys, lengths, bytes: writer.take() };
}

function* keptSlices(machine: Machine, requests: Iterable<NumberedRequest>): Generator<KeptSlice> {
  let writer = new ByteWriter();
  let first = 0;
  let count = 0;
  const slice = (): KeptSlice => ({
    kind: 'kept',
    machine: machine.number,
    first,
    count,
    bytes: writer.bytes(),
  });
  for (const { number, request, outcome } of requests) {
    if (count === 0) first = number;
    writeKept(writer, { request, reply: replyOf(machine, outcome) });
    count++;
    if (writer.length < SLICE_BYTES && count < SLICE_ROWS_MAX) continue;
    yield slice();
    writer = new ByteWriter();
    count = 0;
  }
  if (count > 0) yield slice();
}

function replyOf(machine: Machine, outcome: FirstOutcome): KeptReply {
  if (outcome.kind !== 'ok') return outcome;
  const { image } = machine.interfaces.known[outcome.origin.interface].version;
  const { reply } = image.operations[outcome.origin.operation];
  return { ...outcome, value: encodeValue(image.unit.types, reply, outcome.value) };
}

/** What the histories still tell of refusals; those of machines that were removed too. */
function refusalsOf(node: NodeState): RefusalEntry[] {
  const refusals: RefusalEntry[] = [];
  for (const [name, history] of node.histories) {
    for (const record of history) {
      if (record.kind !== 'refusal') continue;
      const { position, time, code, message, from } = record;
      const machines = [{ name, running: from }];
      refusals.push({ kind: 'refusal', position, time, code, message, machines });
    }
  }
  return refusals;
}
