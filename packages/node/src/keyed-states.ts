import { decodeValue, equal, type Image, sizeOf, type Value } from '@smc/protocol';
import type { LoadedUpgrade } from './upgrade/load.ts';
import { Lineage } from './lineage.ts';
import { ANY_SIZE } from './journal/encoding.ts';
import { JournalError } from './journal/error.ts';
import type { StateRows, StatesPlace } from './state-rows.ts';
import type { StateMemory } from './state-memory.ts';

/** The key of an instance of a keyed machine. */
export type StateKey = string | number;

/** What there is around a state in memory, about: a record, its place in a table and in a list. */
const HELD_BYTES = 160;

/** A state in memory. */
interface Held {
  readonly key: StateKey;
  /** Undefined where the instance is not stored. */
  state: Value | undefined;
  /** The version that it is of; see `Lineage`. */
  version: number;
  /** What it takes, with its key. */
  bytes: number;
  /** When it was put, in the count of checkpoints; 0 where it came of a row. */
  readonly epoch: number;
  /** Whether the checkpoint that is written has an older state of this instance. */
  readonly isWritten: boolean;
  /** Since the hand came by. */
  isUsed: boolean;
}

/** A checkpoint that is being written. */
interface Writing {
  readonly place: StatesPlace;
  readonly isWhole: boolean;
  readonly version: number;
  readonly epoch: number;
  /** What was changed before it; of these no state changes any more. */
  readonly held: readonly Held[];
  readonly bytes: number;
  /** Of these the bytes of states that there are newer ones of. */
  overtakenBytes: number;
}

/**
 * What is gone through of many, one by one; null for one that was looked at and is none of them. There may be any number of
 * these one after the other, so that whoever goes through counts them, and lets others have their turn.
 */
export type Looked<T> = Iterable<T | null>;

/** States by their keys as a checkpoint has them; undefined for what is not stored any more. */
export interface StatesToWrite {
  /** The position of the checkpoint that wrote all states. */
  readonly since: number;
  readonly rows: Looked<readonly [StateKey, Value | undefined]>;
}

/**
 * The states of a keyed machine: in memory what the newest complete checkpoint does not have, and of all else what
 * was used lately; the rest lies in rows of the journal, and is read when it is used.
 *
 * An instance is *stored* unless the last state that it was put in was the initial one, or there was none: it is then
 * in the initial state, as that is migrated from version to version.
 *
 * Invariants: what is dirty never leaves memory: its epoch is later than that of the newest complete
 * checkpoint. A state that a checkpoint is written of is never changed: a new one takes its place. A state in
 * memory of an older version than the rows are of is not used any more: the row is.
 */
export class KeyedStates {
  readonly #kind: 'string' | 'int';
  readonly #machine: number;
  readonly #memory: StateMemory;
  readonly #rows: StateRows;
  readonly #lineage: Lineage;
  readonly #held = new Map<StateKey, Held>();
  #hand: Iterator<Held>;
  #initial: Value;
  #count = 0;
  #bytes = 0;
  #version = 0;
  /** Of what is put now, and of the newest complete checkpoint. */
  #epoch = 1;
  #cleanEpoch = 0;
  /** What was put in this epoch. */
  #fresh: Held[] = [];
  #freshBytes = 0;
  #writing: Writing | null = null;
  /** Whether the machine was removed: nothing is put or asked for any more. */
  #isReleased = false;
  /** The newest complete checkpoint, and the version of its rows; null where it has none of this machine. */
  #place: StatesPlace | null = null;
  #rowVersion = 0;

  constructor(
    {
      key,
      image,
      initial,
    }: { readonly key: 'string' | 'int'; readonly image: Image; readonly initial: Value },
    {
      machine,
      memory,
      rows,
    }: { readonly machine: number; readonly memory: StateMemory; readonly rows: StateRows },
  ) {
    this.#kind = key;
    this.#initial = initial;
    this.#machine = machine;
    this.#memory = memory;
    this.#rows = rows;
    this.#lineage = new Lineage(image);
    this.#hand = this.#held.values();
    memory.join(this);
  }

  /** The state of every instance that is not stored. */
  get initial(): Value {
    return this.#initial;
  }

  /** How many are stored. */
  get count(): number {
    return this.#count;
  }

  /** What those in memory take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Upgrades that not all states have been through. */
  get pendingUpgrades(): number {
    return this.#lineage.length;
  }

  get(key: StateKey): Value {
    const held = this.#hold(key);
    held.isUsed = true;
    return held.state === undefined ? this.#initial : held.state;
  }

  put(key: StateKey, state: Value): void {
    this.#memory.makeRoom();
    const next = equal(state, this.#initial) ? undefined : state;
    const before = this.#hold(key);
    this.#count += (next === undefined ? 0 : 1) - (before.state === undefined ? 0 : 1);
    const bytes = bytesOf(key, next);
    if (before.epoch === this.#epoch) {
      const added = bytes - before.bytes;
      before.state = next;
      before.bytes = bytes;
      before.isUsed = true;
      this.#freshBytes += added;
      this.#account(added, added);
      return;
    }
    const isWritten = before.epoch > this.#cleanEpoch;
    const held = {
      key,
      state: next,
      version: this.#version,
      bytes,
      epoch: this.#epoch,
      isWritten,
      isUsed: true,
    };
    this.#held.set(key, held);
    this.#fresh.push(held);
    this.#freshBytes += bytes;
    this.#account(this.#overtaken(before) + bytes, bytes);
  }

  /** How many bytes more a state of this instance would be. */
  growth(key: StateKey, state: Value): { readonly count: number; readonly dirtyBytes: number } {
    const before = this.#hold(key);
    const isInitial = equal(state, this.#initial);
    const count = (isInitial ? 0 : 1) - (before.state === undefined ? 0 : 1);
    const bytes = bytesOf(key, isInitial ? undefined : state);
    return { count, dirtyBytes: before.epoch === this.#epoch ? bytes - before.bytes : bytes };
  }

  /**
   * All stored instances with their states, in no order. While this is gone through what is put may come with either
   * state, or not at all; and what a checkpoint comes to have, that is over meanwhile, may come twice.
   */
  *entries(): Generator<readonly [StateKey, Value] | null> {
    const fresh = this.#fresh;
    const freshLength = fresh.length;
    const written = this.#writing?.held ?? [];
    for (let i = 0; i < freshLength + written.length; i++) {
      const held = i < freshLength ? fresh[i] : written[i - freshLength];
      const now = this.#held.get(held.key) ?? held;
      // There is a newer one, or a row by now.
      const isElsewhere = now.epoch > held.epoch || now.version < this.#rowVersion;
      const state = isElsewhere ? undefined : this.#stateOf(now);
      yield state === undefined ? null : [held.key, state];
    }
    for (const entry of this.#storedEntries()) {
      const held = entry === null ? undefined : this.#held.get(entry[0]);
      yield held === undefined || held.epoch <= this.#cleanEpoch ? entry : null;
    }
  }

  /** Another version runs: states are migrated when they are used. `initial` is the migrated one. */
  advance(image: Image, upgrade: LoadedUpgrade, initial: Value): void {
    this.#age(() => this.#lineage.advance(image, upgrade));
    this.#version = this.#lineage.last;
    this.#initial = initial;
  }

  /** Goes on from a checkpoint that has so many stored instances, of the version that runs. */
  resume(since: number, position: number, count: number): void {
    this.#place = { machine: this.#machine, since, position };
    this.#rowVersion = this.#version;
    this.#age(() => this.#lineage.forgetBefore(this.#version));
    this.#count = count;
  }

  /** A checkpoint at this position, as of now; it is over with `endCheckpoint`. */
  beginCheckpoint(position: number): StatesToWrite {
    if (this.#writing !== null) throw new Error('a checkpoint while another one goes on');
    const isWhole = this.#place === null || this.#rowVersion !== this.#version;
    const since = this.#place === null || isWhole ? position : this.#place.since;
    const writing: Writing = {
      place: { machine: this.#machine, since, position },
      isWhole,
      version: this.#version,
      epoch: this.#epoch++,
      held: this.#fresh,
      bytes: this.#freshBytes,
      overtakenBytes: 0,
    };
    this.#writing = writing;
    this.#fresh = [];
    this.#freshBytes = 0;
    return { since, rows: this.#rowsToWrite(writing) };
  }

  /** The checkpoint that was begun last is complete. */
  endCheckpoint(): void {
    const writing = this.#writing;
    if (writing === null) return;
    this.#writing = null;
    this.#place = writing.place;
    this.#cleanEpoch = writing.epoch;
    if (writing.isWhole) {
      this.#rowVersion = writing.version;
      this.#age(() => this.#lineage.forgetBefore(writing.version));
    }
    this.#account(-writing.overtakenBytes, -writing.bytes);
    if (this.#isReleased) this.#letGo();
  }

  /**
   * The machine is no more. A checkpoint that is being written is of a moment when it was there, and may be complete
   * before its removal is durable: it gets all states, and they are let go when it has them.
   */
  release(): void {
    this.#isReleased = true;
    if (this.#writing === null) this.#letGo();
  }

  #letGo(): void {
    this.#age(() => this.#lineage.forgetBefore(this.#version));
    this.#memory.leave(this);
    this.#account(-this.#bytes, -this.#freshBytes);
  }

  evictNext(): boolean {
    const next = this.#hand.next();
    if (next.done === true) {
      this.#hand = this.#held.values();
      return false;
    }
    const held = next.value;
    if (held.epoch > this.#cleanEpoch) return true;
    if (held.isUsed) held.isUsed = false;
    else this.#drop(held);
    return true;
  }

  /** What is held of an instance, of the version that runs. */
  #hold(key: StateKey): Held {
    const held = this.#held.get(key);
    if (held !== undefined && held.version === this.#version) return held;
    if (held === undefined) return this.#bring(key);
    if (held.version < this.#rowVersion) {
      this.#drop(held);
      return this.#bring(key);
    }
    return this.#renew(held);
  }

  /** Reads a state that left memory, or was never there. */
  #bring(key: StateKey): Held {
    this.#memory.makeRoom();
    const place = this.#place;
    const bytes = place === null ? undefined : this.#rows.read(place, String(key));
    const state = bytes === undefined ? undefined : this.#migrated(this.#decode(String(key), bytes));
    const held: Held = {
      key,
      state,
      version: this.#version,
      bytes: bytesOf(key, state),
      epoch: 0,
      isWritten: false,
      isUsed: true,
    };
    this.#held.set(key, held);
    this.#account(held.bytes, 0);
    return held;
  }

  /** Migrates what is held; in its place where no checkpoint is written of it. */
  #renew(held: Held): Held {
    const state = this.#stateOf(held);
    const bytes = bytesOf(held.key, state);
    const added = bytes - held.bytes;
    if (held.epoch === this.#epoch) {
      held.state = state;
      held.bytes = bytes;
      held.version = this.#version;
      this.#freshBytes += added;
      this.#account(added, added);
      return held;
    }
    const renewed = { ...held, state, bytes, version: this.#version };
    this.#held.set(held.key, renewed);
    this.#account(this.#overtaken(held) + bytes, 0);
    return renewed;
  }

  /** The bytes that are let go where a newer state takes the place of this one: it may be in a checkpoint yet. */
  #overtaken(held: Held): number {
    if (this.#writing === null || held.epoch <= this.#cleanEpoch) return -held.bytes;
    this.#writing.overtakenBytes += held.bytes;
    return 0;
  }

  #drop(held: Held): void {
    this.#held.delete(held.key);
    this.#account(-held.bytes, 0);
  }

  /** Has the versions changed that there are states of. */
  #age(change: () => void): void {
    const before = this.#lineage.length;
    change();
    this.#memory.outdated += (this.#lineage.length > 0 ? 1 : 0) - (before > 0 ? 1 : 0);
  }

  #account(bytes: number, dirtyBytes: number): void {
    this.#bytes += bytes;
    this.#memory.add(bytes, dirtyBytes);
  }

  /** Of the version that runs; nothing is held that was not. */
  #stateOf({ state, version }: Held): Value | undefined {
    return state === undefined ? undefined : this.#lineage.migrate(state, version, this.#version);
  }

  #migrated(state: Value): Value {
    return this.#lineage.migrate(state, this.#rowVersion, this.#version);
  }

  #decode(key: string, bytes: Uint8Array): Value {
    const { unit, state, name } = this.#lineage.imageOf(this.#rowVersion);
    const decoded = decodeValue(unit.types, state, bytes, ANY_SIZE);
    if (decoded.ok) return decoded.value;
    throw new JournalError(`the state of ${name} ${key} does not decode: ${decoded.malformed.message}`);
  }

  /** What the newest complete checkpoint has, as the version that runs has it. */
  *#storedEntries(): Generator<readonly [StateKey, Value] | null> {
    let after: string | null = '';
    while (after !== null && this.#place !== null) {
      const place: StatesPlace = this.#place;
      const page = this.#rows.page(place, after);
      after = page.at(-1)?.key ?? null;
      for (const { key, state } of page) {
        // The next checkpoint may have another row of it, and of another version.
        const bytes = place === this.#place ? state : (this.#rows.read(this.#place, key) ?? null);
        yield bytes === null ? null : [this.#keyOf(key), this.#migrated(this.#decode(key, bytes))];
      }
    }
  }

  *#rowsToWrite(writing: Writing): Generator<readonly [StateKey, Value | undefined] | null> {
    const { version, epoch, isWhole } = writing;
    const place = this.#place;
    const rowVersion = this.#rowVersion;
    for (const { key, state, version: before } of writing.held) {
      if (state !== undefined) yield [key, this.#lineage.migrate(state, before, version)];
      else yield isWhole ? null : [key, undefined];
    }
    if (!isWhole || place === null) return;
    let after: string | null = '';
    while (after !== null) {
      const page = this.#rows.page(place, after);
      after = page.at(-1)?.key ?? null;
      for (const { key: text, state: bytes } of page) {
        const key = this.#keyOf(text);
        const held = this.#held.get(key);
        const isElsewhere =
          held !== undefined && (held.epoch > epoch ? held.isWritten : held.epoch > this.#cleanEpoch);
        if (bytes === null || isElsewhere) yield null;
        else yield [key, this.#lineage.migrate(this.#decode(text, bytes), rowVersion, version)];
      }
    }
  }

  #keyOf(text: string): StateKey {
    return this.#kind === 'int' ? Number(text) : text;
  }
}

function bytesOf(key: StateKey, state: Value | undefined): number {
  return HELD_BYTES + sizeOf(key) + (state === undefined ? 0 : sizeOf(state));
}
