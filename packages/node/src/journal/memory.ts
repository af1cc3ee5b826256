import sortedBTree from 'sorted-btree';
import type { Beginning, Journal, Recovered } from '../ports.ts';
import type { StatesPlace, StateRows, StoredState } from '../state-rows.ts';
import {
  type CheckpointHead,
  type CheckpointPart,
  type CheckpointSlice,
  type KeptSlice,
  type MachineHead,
  type SessionsSlice,
  slicesOf,
  type StateSlice,
} from './checkpoint.ts';
import type { LogGroup } from './group.ts';

// The package is CommonJS: what is imported are its exports, or with some bundlers its default export.
const BTree = ('default' in sortedBTree ? sortedBTree.default : sortedBTree) as typeof sortedBTree.default;

/** States that are read at once. */
const PAGE_ROWS = 64;

/** What a state takes beside its bytes, about. */
const ROW_BYTES = 160;

/** Encoded states by their keys, in whose order they are gone through. */
class EncodedStates {
  readonly #tree = new BTree<string, Uint8Array>();
  #bytes = 0;

  /** What all of them take. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Uint8Array | undefined {
    return this.#tree.get(key);
  }

  set(key: string, state: Uint8Array): void {
    this.delete(key);
    this.#tree.set(key, state);
    this.#bytes += ROW_BYTES + key.length + state.length;
  }

  delete(key: string): void {
    const state = this.#tree.get(key);
    if (state === undefined) return;
    this.#tree.delete(key);
    this.#bytes -= ROW_BYTES + key.length + state.length;
  }

  /** As many as are read at once. */
  *after(key: string): Generator<StoredState> {
    let count = 0;
    for (const [next, state] of this.#tree.entries(key)) {
      if (next === key) continue;
      yield { key: next, state };
      if (++count === PAGE_ROWS) return;
    }
  }

  values(): Uint8Array[] {
    return [...this.#tree.values()];
  }

  keys(): string[] {
    return [...this.#tree.keys()];
  }
}

/** What one machine has in the checkpoint. */
interface MachineBase {
  readonly head: MachineHead;
  readonly states: EncodedStates;
  readonly kept: KeptSlice[];
  readonly sessions: SessionsSlice[];
}

/**
 * A log in memory: it lasts as long as the process, and a node with it keeps nothing.
 *
 * Structural groups stay; a checkpoint takes the place of the others, so what it holds is bounded by
 * the upgrades there were and by the state, not by the inputs.
 */
export class MemoryJournal implements Journal {
  readonly isLasting = false;
  #groups: LogGroup[] = [];
  #head: CheckpointHead | null = null;
  #machines = new Map<number, MachineBase>();
  /** Of the checkpoint before: it is asked for until it is known that there is a newer one. */
  #before = new Map<number, MachineBase>();
  #isBusy = false;

  readonly rows: StateRows = {
    isInMemory: true,
    read: (place, key) => this.#statesOf(place)?.get(key),
    page: (place, after) => [...(this.#statesOf(place)?.after(after) ?? [])],
    memoryBytes: () => {
      const all = [...this.#machines.values(), ...this.#before.values()].map(({ states }) => states);
      return [...new Set(all)].reduce((sum, { bytes }) => sum + bytes, 0);
    },
  };

  *read(): Generator<Recovered> {
    const start = this.#head?.position ?? 0;
    const { first, count } = this.#groups.at(-1) ?? { first: 1, count: 0 };
    const last = Math.max(start, first + count - 1);
    yield { kind: 'begin', checkpoint: start, last, notes: [] } satisfies Beginning;
    const after = this.#groups.findIndex((group) => group.first > start);
    const until = after < 0 ? this.#groups.length : after;
    for (const group of this.#groups.slice(0, until)) yield { kind: 'group', group };
    if (this.#head !== null) yield { kind: 'checkpoint', head: this.#head };
    for (const [machine, { head, states, kept, sessions }] of this.#machines) {
      yield* kept;
      yield* sessions;
      if (head.isKeyed) continue;
      const parts = states.values();
      const lengths = parts.map(({ length }) => length);
      const bytes = Buffer.concat(parts);
      yield { kind: 'states', machine, keys: states.keys(), lengths, bytes } satisfies StateSlice;
    }
    for (const group of this.#groups.slice(until)) yield { kind: 'group', group };
  }

  append(groups: readonly LogGroup[]): void {
    // Copies, since the bytes of a group may lie in much larger ones.
    for (const group of groups) this.#groups.push({ ...group, bytes: group.bytes.slice() });
  }

  async checkpoint(head: CheckpointHead, parts: Iterable<CheckpointPart>): Promise<void> {
    if (this.#isBusy) throw new Error('a checkpoint while another one goes on');
    this.#isBusy = true;
    const taken: CheckpointSlice[] = [];
    for (const slice of slicesOf(parts)) {
      taken.push(slice);
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#before = this.#machines;
    this.#machines = new Map(head.machines.map((each) => [each.machine, this.#baseOf(each)]));
    for (const slice of taken) this.#add(slice);
    this.#head = head;
    this.#groups = this.#groups.filter(({ isStructural, first }) => isStructural || first > head.position);
    this.#isBusy = false;
  }

  check(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {}

  #statesOf({ machine, since }: StatesPlace): EncodedStates | undefined {
    const bases = [this.#machines.get(machine), this.#before.get(machine)];
    return bases.find((base) => base?.head.since === since)?.states;
  }

  /** What the checkpoint before has of a machine that this one goes on from. */
  #baseOf(head: MachineHead): MachineBase {
    const before = this.#machines.get(head.machine);
    const isWhole = before === undefined || before.head.since !== head.since;
    const kept = (before?.kept ?? []).filter(({ first, count }) => first + count > head.keptFirst);
    return {
      head,
      states: isWhole ? new EncodedStates() : before.states,
      kept,
      sessions: [],
    };
  }

  #add(slice: CheckpointSlice): void {
    const base = this.#machines.get(slice.machine);
    if (base === undefined)
      throw new Error(`a slice of the machine ${slice.machine}, which is not in the head`);
    if (slice.kind === 'kept') return void base.kept.push(slice);
    if (slice.kind === 'sessions') return void base.sessions.push(slice);
    let at = 0;
    for (const [i, key] of slice.keys.entries()) {
      const length = slice.lengths[i];
      if (length < 0) base.states.delete(key);
      else base.states.set(key, slice.bytes.slice(at, (at += length)));
    }
  }
}
