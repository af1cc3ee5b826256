import { ByteWriter, sizeOf, type Value, writeValue } from '@smc/protocol';
import { type ChangedKeys, type Instances, printKey } from '../instances.ts';
import type { KeyedStates, StatesToWrite } from '../keyed-states.ts';
import type { ForgottenSession, NumberedRequest } from '../kept.ts';
import type { Machine, NodeState } from '../state.ts';
import { encodeForgotten, encodeRefusals, writeKept } from './encoding.ts';
import type { Origin, RefusalEntry } from './entry.ts';

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
  readonly isKeyed: boolean;
  /** Those that are stored; 1 of a machine without keys. */
  readonly instances: number;
  /**
   * The position of the checkpoint that wrote all its states: those of older ones are of another version. The one
   * state of a machine without keys is always written as a whole.
   */
  readonly since: number;
  /** Its kept requests are those of `[keptFirst, keptEnd)`; they are counted from its deployment on. */
  readonly keptFirst: number;
  readonly keptEnd: number;
}

/** A part of a checkpoint: it belongs to the head with it. */
export type CheckpointSlice = StateSlice | KeptSlice | SessionsSlice;

/** What a journal is given of a checkpoint, in order: slices, and at the end the large states, if there are any. */
export type CheckpointPart = CheckpointSlice | LargeStates;

/**
 * States of machines without keys that take long to encode. A journal that keeps the log elsewhere can have
 * them made of it there; from any other they are had on this thread.
 */
export interface LargeStates {
  readonly kind: 'large';
  readonly states: readonly LargeState[];
}

export interface LargeState {
  readonly machine: number;
  /** Of the type of the state, as in the head. */
  readonly fingerprint: string;
  /** Of the state (`sizeOf`): who has made it elsewhere compares. */
  readonly bytes: number;
  /** Made when they are asked for, on this thread: all of the state is encoded before the first. */
  readonly slices: Iterable<StateSlice>;
}

/** States of instances, one behind the other: to hand on each by itself would take longer than to make it. */
export interface StateSlice {
  readonly kind: 'states';
  readonly machine: number;
  /** As in `InputEntry`; of a machine without keys those of the parts of its state (`partKey`), in order. */
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

/**
 * How far the sessions of a machine were of which requests are not kept any more; all of them, in each checkpoint, as of when
 * they are written: that can be later than the rest, and then more is refused as forgotten.
 */
export interface SessionsSlice {
  readonly kind: 'sessions';
  readonly machine: number;
  /** From 0; the slices follow those of the kept requests. */
  readonly part: number;
  /** The sessions (`encodeForgotten`). */
  readonly bytes: Uint8Array;
}

/** After so much a slice ends: others get their turn. The state of an instance of a keyed machine is never parted. */
const SLICE_BYTES = 64 * 1024;
const SLICE_ROWS_MAX = 256;

/** Bytes of a part of the state of a machine without keys: no row grows with it, nor does a transaction. */
export const PART_BYTES = 32 * 1024;

/** Where a part of the state of a machine without keys stands: the first where a short state does, alone. */
export function partKey(part: number): string {
  return part === 0 ? '' : String(part).padStart(PART_DIGITS, '0');
}

/** In the order of numbers and of texts alike. */
const PART_DIGITS = 8;

/** A machine without keys. */
interface Tracked {
  readonly instances: Instances;
  readonly changed: ChangedKeys;
  readonly since: number;
}

/**
 * Knows what changed since the last checkpoint, and makes the next. After an upgrade all instances of a
 * machine are written anew, as their states are of another type then; those of a keyed machine know that themselves
 * (`KeyedStates`).
 */
export class CheckpointTracker {
  /** Machines without keys. One that is not in it has its state in the next checkpoint. */
  readonly #tracked = new Map<Machine, Tracked>();
  /** What the checkpoint that is written has of keyed machines. */
  #begun: KeyedStates[] = [];

  /** Says that a checkpoint holds a machine as it is now. */
  resume(machine: Machine, since: number): void {
    const { instances, kept } = machine;
    if (!instances.isKeyed) this.#tracked.set(machine, { instances, changed: instances.watch(), since });
    kept.takeNew();
  }

  /** Says that the checkpoint that was begun last is complete. */
  end(): void {
    for (const keyed of this.#begun) keyed.endCheckpoint();
    this.#begun = [];
  }

  /**
   * A checkpoint of this moment. Its parts are made when they are asked for, whatever the node does
   * meanwhile; what changes from now on is for the next one. States of machines without keys of at least
   * `largeBytesMin` are given apart.
   */
  begin(
    node: NodeState,
    largeBytesMin = Number.POSITIVE_INFINITY,
  ): { readonly head: CheckpointHead; readonly parts: Iterable<CheckpointPart> } {
    const { position, time } = node;
    const parts: Iterable<CheckpointPart>[] = [];
    const large: LargeState[] = [];
    const machines = Array.from(node.machines.values(), (machine): MachineHead => {
      const { number, name, inputs, faults, instances, kept } = machine;
      const fingerprint = machine.version.fingerprints.state;
      const { keyed, isKeyed, count } = instances;
      let since: number;
      if (keyed !== null) {
        const written = keyed.beginCheckpoint(position);
        ({ since } = written);
        this.#begun.push(keyed);
        parts.push(stateSlices(machine, written.rows));
      } else {
        const own = this.#changed(machine, position);
        ({ since } = own);
        const bytes = sizeOf(instances.get(null));
        const slices = partSlices(machine, instances.get(null));
        if (own.isWritten && bytes < largeBytesMin) parts.push(slices);
        else if (own.isWritten) large.push({ machine: number, fingerprint, bytes, slices });
      }
      parts.push(keptSlices(machine, kept.takeNew()), sessionSlices(number, kept.forgotten()));
      const { first: keptFirst, end: keptEnd } = kept;
      const figures = { inputs, faults, instances: count };
      return { machine: number, name, ...figures, fingerprint, isKeyed, since, keptFirst, keptEnd };
    });
    if (large.length > 0) parts.push([{ kind: 'large', states: large }]);
    for (const [machine, { changed }] of this.#tracked) {
      if (node.machineByNumber.get(machine.number) === machine) continue;
      changed.end();
      this.#tracked.delete(machine);
    }
    const head = { position, time, refusals: encodeRefusals(refusalsOf(node)), machines };
    return { head, parts: concatenated(parts) };
  }

  /** Whether a checkpoint at this position writes the state of a machine without keys, and which one has written it. */
  #changed(machine: Machine, position: number): { readonly since: number; readonly isWritten: boolean } {
    const { instances } = machine;
    const before = this.#tracked.get(machine);
    if (before?.instances === instances && before.changed.take().size === 0) {
      return { since: before.since, isWritten: false };
    }
    const isOther = before?.instances !== instances;
    if (isOther) before?.changed.end();
    const changed = isOther ? instances.watch() : before.changed;
    this.#tracked.set(machine, { instances, changed, since: position });
    return { since: position, isWritten: true };
  }
}

/** The slices of a checkpoint, all made on this thread. */
export function* slicesOf(parts: Iterable<CheckpointPart>): Generator<CheckpointSlice> {
  for (const part of parts) {
    if (part.kind !== 'large') yield part;
    else for (const { slices } of part.states) yield* slices;
  }
}

function* concatenated<T>(parts: readonly Iterable<T>[]): Generator<T> {
  for (const part of parts) yield* part;
}

function* stateSlices(
  { number: machine, version }: Machine,
  rows: StatesToWrite['rows'],
): Generator<StateSlice> {
  const { image } = version;
  const writer = new ByteWriter(SLICE_BYTES);
  let keys: string[] = [];
  let lengths: number[] = [];
  let looked = 0;
  for (const row of rows) {
    looked++;
    if (row !== null) {
      const [key, state] = row;
      const start = writer.length;
      if (state !== undefined) writeValue(writer, image.unit.types, image.state, state);
      keys.push(printKey(key));
      lengths.push(state === undefined ? -1 : writer.length - start);
    }
    if (writer.length < SLICE_BYTES && looked < SLICE_ROWS_MAX) continue;
    // One may have nothing in it: others get their turn all the same.
    yield { kind: 'states', machine, keys, lengths, bytes: writer.take() };
    keys = [];
    lengths = [];
    looked = 0;
  }
  if (keys.length > 0) yield { kind: 'states', machine, keys, lengths, bytes: writer.take() };
}

/** The one state of a machine without keys. */
export function* partSlices(
  { number: machine, version: { image } }: Pick<Machine, 'number' | 'version'>,
  state: Value,
): Generator<StateSlice> {
  const writer = new ByteWriter();
  writeValue(writer, image.unit.types, image.state, state);
  const bytes = writer.take();
  for (let at = 0, part = 0; at < bytes.length || part === 0; at += PART_BYTES, part++) {
    // A copy, since whole buffers cross threads.
    const slice = bytes.slice(at, at + PART_BYTES);
    yield { kind: 'states', machine, keys: [partKey(part)], lengths: [slice.length], bytes: slice };
  }
}

function* keptSlices(machine: Machine, requests: Iterable<NumberedRequest>): Generator<KeptSlice> {
  let writer = new ByteWriter();
  const value = new ByteWriter();
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
    value.clear();
    if (outcome?.kind === 'ok') writeReply(value, machine, outcome.origin, outcome.value);
    writeKept(writer, request, outcome, value);
    count++;
    if (writer.length < SLICE_BYTES && count < SLICE_ROWS_MAX) continue;
    yield slice();
    writer = new ByteWriter();
    count = 0;
  }
  if (count > 0) yield slice();
}

function* sessionSlices(machine: number, sessions: Iterable<ForgottenSession>): Generator<SessionsSlice> {
  let part = 0;
  let some: ForgottenSession[] = [];
  const slice = (): SessionsSlice => {
    const bytes = encodeForgotten(some);
    some = [];
    return { kind: 'sessions', machine, part: part++, bytes };
  };
  for (const session of sessions) {
    some.push(session);
    if (some.length === SLICE_ROWS_MAX) yield slice();
  }
  if (some.length > 0) yield slice();
}

function writeReply(writer: ByteWriter, machine: Machine, origin: Origin, value: Value): void {
  const { image } = machine.interfaces.known[origin.interface].version;
  writeValue(writer, image.unit.types, image.operations[origin.operation].reply, value);
}

/** What the histories still tell of refusals; those of machines that were removed too. */
function refusalsOf(node: NodeState): RefusalEntry[] {
  return Array.from(node.refusals, ([{ position, time, code, message, from }, name]) => {
    return { kind: 'refusal', position, time, code, message, machines: [{ name, running: from }] };
  });
}
