import { type ByteReader, decodeValue, decoding, sizeOf, takeValue } from '@smc/protocol';
import { FAILED, type Instance, type JitMode } from '@smc/vm';
import { loadUpgrade, type Loaded, loadVersion } from '../upgrade/load.ts';
import type { Version } from '../version.ts';
import type { BlobStore } from './blobs.ts';
import { type LargeState, partSlices, type StateSlice } from './checkpoint.ts';
import { ANY_SIZE, type InputHead, isInput, readEntry, readInputHead } from './encoding.ts';
import type { ChangePart } from './entry.ts';
import type { LogGroup } from './group.ts';

/** A machine that runs; of one that is not followed it is known what it runs, and that is not loaded. */
interface Running {
  readonly number: number;
  readonly name: string;
  image: Uint8Array;
  /** What it runs, and its one instance, which is stepped on and on. */
  copy: { readonly version: Version; readonly instance: Instance } | null;
}

/**
 * The states of some machines without keys, rebuilt from a checkpoint and the log after it, beside the node that wrote
 * them: so a large state can be encoded as it was at a position, while the node goes on. It does what a replay
 * does (`replay.ts`), but for all that is no state: what other machines did is passed over, replies are not kept.
 *
 * Invariants: every group up to `position` was added, from the start or from a checkpoint on the structural ones
 * alone. A state is that of its machine at `position`. What throws is of no use afterwards.
 */
export class Shadow {
  readonly #jit: JitMode;
  readonly #blobs: Pick<BlobStore, 'get'>;
  readonly #wanted: Set<number>;
  readonly #running = new Map<string, Running>();
  readonly #runningByNumber = new Map<number, Running>();
  #deployments = 0;
  #position = 0;

  /** `wanted` are the machines that are followed, by number, also those that are deployed later. */
  constructor(wanted: Iterable<number>, blobs: Pick<BlobStore, 'get'>, jit: JitMode) {
    this.#wanted = new Set(wanted);
    this.#blobs = blobs;
    this.#jit = jit;
  }

  /** Of the last entry that it knows. */
  get position(): number {
    return this.#position;
  }

  /** Goes on with no more than these machines; whether it has followed all of them. */
  narrow(machines: readonly number[]): boolean {
    if (!machines.every((machine) => this.#wanted.has(machine))) return false;
    for (const machine of this.#wanted) {
      if (machines.includes(machine)) continue;
      this.#wanted.delete(machine);
      const running = this.#runningByNumber.get(machine);
      if (running !== undefined) running.copy = null;
    }
    return true;
  }

  /** Adds what was deployed, upgraded and removed before a checkpoint; `start` comes when all of it was added. */
  addBefore(group: Omit<LogGroup, 'blobs'>): void {
    this.#read(group);
  }

  /** Goes on from a checkpoint, with the encoded states in it of those followed that ran then. */
  start(position: number, stateOf: (machine: number) => Uint8Array): void {
    for (const running of this.#runningByNumber.values()) {
      if (!this.#wanted.has(running.number)) continue;
      const version = this.#version(running.name, running.image);
      const { image, program } = version;
      const state = decodeValue(image.unit.types, image.state, stateOf(running.number), ANY_SIZE);
      if (!state.ok) return this.#fail(`the state of ${running.name} does not decode`);
      running.copy = { version, instance: program.instance(state.value) };
    }
    this.#position = position;
  }

  /** Adds the next group. */
  add(group: Omit<LogGroup, 'blobs'>): void {
    if (group.first !== this.#position + 1) this.#fail(`a group at ${group.first}`);
    this.#read(group);
  }

  /** The state of a machine as it is now, in parts. Throws where it is another than the node says. */
  slices({ machine, fingerprint, bytes }: Omit<LargeState, 'slices'>): Iterable<StateSlice> {
    const copy = this.#runningByNumber.get(machine)?.copy;
    if (copy === undefined || copy === null) return this.#fail(`the machine ${machine} is not followed`);
    const { version, instance } = copy;
    const { state } = instance;
    if (version.fingerprints.state !== fingerprint || sizeOf(state) !== bytes) {
      this.#fail(`the state of ${version.image.name} is another one: ${sizeOf(state)} bytes, not ${bytes}`);
    }
    return partSlices({ number: machine, version }, state);
  }

  #read({ isStructural, first, count, time: groupTime, bytes }: Omit<LogGroup, 'blobs'>): void {
    let time = groupTime;
    const read = decoding(bytes, (reader) => {
      for (let position = first; position < first + count; position++) {
        if (!isStructural && isInput(reader)) {
          const head = readInputHead(reader, time);
          this.#input(reader, head);
          ({ time } = head);
        } else {
          const entry = readEntry(reader, position, time, this.#blobs);
          if (entry.kind === 'change') for (const part of entry.parts) this.#change(part);
          if (entry.kind === 'removal') this.#remove(entry.machine);
          ({ time } = entry);
        }
        this.#position = position;
      }
    });
    if (!read.ok) this.#fail(`it does not decode: ${read.malformed.message}`);
  }

  #change({ machine: name, image, upgrade }: ChangePart): void {
    const running = this.#running.get(name);
    if (upgrade === null) {
      const number = this.#deployments++;
      const made: Running = { number, name, image, copy: null };
      this.#running.set(name, made);
      this.#runningByNumber.set(number, made);
      // Before a checkpoint states are in no log: `start` has them.
      if (!this.#wanted.has(number)) return;
      const version = this.#version(name, image);
      made.copy = { version, instance: version.program.instance() };
      return;
    }
    if (running === undefined) return this.#fail(`an upgrade of ${name}, which does not run`);
    running.image = image;
    if (running.copy !== null) this.#migrate(running, upgrade, this.#version(name, image));
  }

  #migrate(running: Running, body: Uint8Array, version: Version): void {
    const { version: before, instance } = running.copy!;
    const { name: machine } = running;
    const header = { machine, old: before.fingerprints, oldEmit: before.image.emit, image: 0 };
    const { functions, upgrade } = this.#loaded(loadUpgrade(header, body, this.#jit));
    const result = functions.run(upgrade.migration, instance.state, Number.POSITIVE_INFINITY);
    if (!result.ok) return this.#fail(`a migration of ${machine} fails: ${result.failure.message}`);
    running.copy = { version, instance: version.program.instance(result.value) };
  }

  #remove(name: string): void {
    const running = this.#running.get(name);
    if (running === undefined) return this.#fail(`the removal of ${name}, which does not run`);
    this.#running.delete(name);
    this.#runningByNumber.delete(running.number);
  }

  #input(reader: ByteReader, entry: InputHead): void {
    const copy = this.#runningByNumber.get(entry.machine)?.copy;
    const end = reader.offset + entry.inputBytes;
    if (copy === undefined || copy === null || entry.outcome.kind !== 'ok') {
      reader.raw(entry.inputBytes);
      return;
    }
    const { version, instance } = copy;
    const { program } = version;
    const operation = program.operations[entry.operation];
    if (operation === undefined) return this.#fail(`there is no operation ${entry.operation}`);
    const input = takeValue(reader, program.types, operation.input, ANY_SIZE);
    if (reader.offset !== end) reader.fail('an input of another length');
    const reply = program.step(instance, entry.operation, input, entry.time, Number.POSITIVE_INFINITY);
    if (reply === FAILED) this.#fail(`an input that was ok fails: ${program.failure.message}`);
  }

  #version(name: string, image: Uint8Array): Version {
    return this.#loaded(loadVersion(name, image, NO_DEBUG, this.#jit));
  }

  #loaded<T>(loaded: Loaded<T>): T {
    return loaded.ok ? loaded.value : this.#fail(loaded.problem.message);
  }

  #fail(what: string): never {
    throw new Error(`after position ${this.#position}: ${what}`);
  }
}

const NO_DEBUG = new Uint8Array(0);
