import {
  type ByteReader,
  codeFingerprint,
  decodeUpgradeBody,
  decodeValue,
  decoding,
  type Malformed,
  takeValue,
  type Value,
} from '@smc/protocol';
import { FAILED, type JitMode } from '@smc/vm';
import { type InstanceKey, readKey } from '../instances.ts';
import { translateReply } from '../interfaces.ts';
import type { FirstOutcome } from '../kept.ts';
import type { NodeLimits } from '../limits.ts';
import { migrateState } from '../lineage.ts';
import type { Beginning, Recovered } from '../ports.ts';
import { DamagedCheckpoint, JournalError, whyNow } from './error.ts';
import { NO_ROWS, type StateRows } from '../state-rows.ts';
import { type Machine, NodeState, remember } from '../state.ts';
import { loadUpgrade, type Loaded, type LoadedUpgrade, loadVersion } from '../upgrade/load.ts';
import { applyChange, applyRefusal, applyRemoval, rememberRemoval } from '../upgrade/swap.ts';
import { sha256 } from './blobs.ts';
import {
  type CheckpointHead,
  CheckpointTracker,
  type KeptSlice,
  partKey,
  type SessionsSlice,
  type StateSlice,
} from './checkpoint.ts';
import {
  ANY_SIZE,
  type InputFields,
  type InputHead,
  isInput,
  isStructural,
  readEntry,
  readForgotten,
  readInputHead,
  readKept,
  readRefusals,
} from './encoding.ts';
import type { ChangeEntry, ChangePart, Entry, KeptReply, RefusalEntry } from './entry.ts';
import type { LogGroup } from './group.ts';

type KnownBlobs = Parameters<typeof readEntry>[3];

/**
 * Rebuilds a node from what its journal keeps, in order. Programs are verified again; steps
 * and migrations have no fuel limit, since they ended when they were recorded.
 *
 * A migration waits until its state is needed, that of the one state of a machine without keys too: the entries of
 * upgrades that came before a checkpoint stand before the states that they led to, and the states between are not there.
 */
export class Replay {
  readonly node: NodeState;
  readonly #tracker = new CheckpointTracker();
  readonly #pending = new Map<Machine, LoadedUpgrade[]>();
  /** The checkpoint that is, or was, gone through; its slices are not over until a group comes. */
  #checkpoint: { readonly head: CheckpointHead; isOpen: boolean } | null = null;
  /** What there is so far of the state of a machine without keys. */
  #partial: { readonly machine: Machine; readonly parts: Uint8Array[]; count: number } | null = null;
  /** Where the checkpoint stands; structural entries alone come before it. */
  readonly #start: number;
  /** Of these machines, by number, only the history is told: they were removed before the checkpoint. */
  readonly #removed: ReadonlySet<number>;
  /** Those of them that would run here, by name, with the fingerprint of their code. */
  readonly #passed = new Map<string, string>();
  /** For messages: the entry that is handled. */
  #at = 'the journal';

  /**
   * `start` is the position of the checkpoint; 0 where there is none. `rows` has what it has of keyed machines, and
   * `removed` are those that had been removed by then.
   */
  constructor(
    limits: NodeLimits,
    jit: JitMode = 'auto',
    start = 0,
    rows: StateRows = NO_ROWS,
    removed: ReadonlySet<number> = new Set(),
  ) {
    this.node = new NodeState(limits, jit, rows);
    this.#start = start;
    this.#removed = removed;
  }

  /** Throws a `JournalError` for what cannot be, a `DamagedCheckpoint` where that is in one; the node is of no use then. */
  add(item: Exclude<Recovered, Beginning>): void {
    for (const _ of this.adding(item, () => false));
  }

  /**
   * The same, in parts: an entry may take any time, and a group has any number of them. After each entry it is asked
   * whether the turn is over; where it is, others have theirs before the next part.
   */
  *adding(item: Exclude<Recovered, Beginning>, isOver: () => boolean): Generator<void, void> {
    if (item.kind !== 'states' || item.machine !== this.#partial?.machine.number) this.#endPartial();
    switch (item.kind) {
      case 'group':
        return yield* this.#group(item.group, isOver);
      case 'checkpoint':
        return this.#head(item.head);
      case 'states':
        return this.#states(item);
      case 'kept':
        return this.#kept(item);
      case 'sessions':
        return this.#sessions(item);
    }
  }

  /** The node, when all was added, and what knows how it differs from its last checkpoint. */
  finish(): { readonly node: NodeState; readonly tracker: CheckpointTracker } {
    this.#endPartial();
    this.#endCheckpoint();
    for (const machine of this.node.machines.values()) this.#migrate(machine);
    return { node: this.node, tracker: this.#tracker };
  }

  *#group(group: LogGroup, isOver: () => boolean): Generator<void, void> {
    const { isStructural: structural, first, count, time, bytes, blobs } = group;
    const { node } = this;
    if (first > this.#start) this.#endCheckpoint();
    this.#at = `the group at position ${first}`;
    const last = first + count - 1;
    const isInPlace =
      last <= this.#start
        ? structural && first > node.position && this.#checkpoint === null
        : first === node.position + 1;
    if (!isInPlace) this.#fail(`it follows position ${node.position}`);
    const fresh = new Map<string, Uint8Array>();
    for (const { digest, bytes: blob } of blobs) {
      if (sha256(blob) !== digest) this.#fail(`the image or upgrade ${digest} is another one`);
      fresh.set(digest, blob);
    }
    const known = {
      get: (digest: string, machine: string): Uint8Array | undefined => {
        const blob = fresh.get(digest) ?? node.blobs.get(digest);
        if (blob !== undefined) node.blobs.add(digest, blob, machine);
        return blob;
      },
    };
    if (time < node.time) this.#fail(`time ${time} after ${node.time}`);
    node.time = time;
    let position = first;
    let offset = 0;
    do {
      let over = false;
      const part = (reader: ByteReader): number => {
        while (position <= last && !over) {
          this.#entry(reader, position++, structural, known);
          over = isOver();
        }
        const end = reader.offset;
        // The other entries are those of the next part.
        if (position <= last) reader.skip(reader.remaining);
        return end;
      };
      const read = decoding(bytes, part, offset);
      if (!read.ok) return this.#malformed(read.malformed);
      offset = read.value;
      if (over) yield;
    } while (position <= last);
  }

  #entry(reader: ByteReader, position: number, structural: boolean, known: KnownBlobs): void {
    const { node } = this;
    if (!structural && isInput(reader)) {
      const head = readInputHead(reader, node.time);
      node.position = position;
      node.time = head.time;
      return this.#input(reader, head);
    }
    const entry = readEntry(reader, position, node.time, known);
    node.position = position;
    node.time = entry.time;
    if (isStructural(entry) !== structural) this.#fail(`a ${entry.kind} is in a group of others`);
    this.#apply(entry);
  }

  #apply(entry: Entry): void {
    switch (entry.kind) {
      case 'input':
        return this.#fail('an input is in a group of structural entries');
      case 'change':
        return this.#change(entry);
      case 'removal': {
        const passed = this.#passed.get(entry.machine);
        if (passed !== undefined) {
          this.#passed.delete(entry.machine);
          rememberRemoval(this.node, entry.machine, passed);
          return this.node.keptChanges.add(entry.request);
        }
        const machine = this.node.machines.get(entry.machine);
        if (machine === undefined) return this.#fail(`the removal of ${entry.machine}, which does not run`);
        this.#pending.delete(machine);
        applyRemoval(this.node, machine);
        return this.node.keptChanges.add(entry.request);
      }
      case 'refusal':
        return this.#refusal(entry);
    }
  }

  /** One of a checkpoint is older than what stands before it. */
  #refusal(entry: RefusalEntry): void {
    for (const { name } of entry.machines) {
      if (!this.node.histories.has(name)) this.#fail(`a refusal about ${name}, which never ran`);
    }
    applyRefusal(this.node, entry);
  }

  #head(head: CheckpointHead): void {
    const { node } = this;
    this.#at = `the checkpoint at position ${head.position}`;
    if (this.#checkpoint !== null || head.position !== this.#start) this.#fail('it is not expected here');
    this.#checkpoint = { head, isOpen: true };
    if (head.time < node.time) this.#fail(`time ${head.time} after ${node.time}`);
    node.position = head.position;
    node.time = head.time;
    const refusals = decoding(head.refusals, readRefusals);
    if (!refusals.ok) return this.#malformed(refusals.malformed);
    // Versions before this one wrote them machine by machine.
    for (const refusal of refusals.value.toSorted((a, b) => a.position - b.position)) this.#refusal(refusal);
    if (head.machines.length !== node.machines.size) this.#fail('it has other machines than the log');
    for (const {
      machine: number,
      inputs,
      faults,
      fingerprint,
      instances,
      since,
      keptFirst,
    } of head.machines) {
      const machine = this.#machine(number);
      if (fingerprint !== machine.version.fingerprints.state) {
        this.#fail(`the states of ${machine.name} are of another type than the log says`);
      }
      this.#pending.delete(machine);
      machine.instances.keyed?.resume(since, head.position, instances);
      machine.inputs = inputs;
      machine.faults = faults;
      machine.kept.startAt(keptFirst);
    }
  }

  /** From here on the node differs from the checkpoint. */
  #endCheckpoint(): void {
    if (this.#checkpoint === null) {
      if (this.#start > 0) this.#fail(`there is no checkpoint at position ${this.#start}`);
      return;
    }
    if (!this.#checkpoint.isOpen) return;
    for (const { machine: number, since, keptEnd } of this.#checkpoint.head.machines) {
      const machine = this.#machine(number);
      if (machine.kept.end !== keptEnd) this.#fail(`${machine.name} has kept ${machine.kept.end} requests`);
      this.#tracker.resume(machine, since);
    }
    this.#checkpoint.isOpen = false;
  }

  #change(entry: ChangeEntry): void {
    for (const part of entry.parts) {
      if (this.#passes(part)) continue;
      const version = this.#loaded(loadVersion(part.machine, part.image, part.debug, this.node.jit));
      if (part.upgrade === null) {
        applyChange(this.node, { version, upgrade: null });
        continue;
      }
      const machine = this.node.machines.get(part.machine);
      if (machine === undefined) return this.#fail(`an upgrade of ${part.machine}, which does not run`);
      const upgrade = this.#loaded(loadUpgrade(headerOf(part, machine), part.upgrade, this.node.jit));
      const { keyed } = machine.instances;
      // The one state of a machine stands still, of the older type, until it is migrated.
      const state = keyed === null ? machine.instances.get(null) : migrateState(upgrade, keyed.initial);
      if (keyed === null) this.#pending.set(machine, [...(this.#pending.get(machine) ?? []), upgrade]);
      applyChange(this.node, { version, upgrade: { ...upgrade, state } });
    }
    this.node.keptChanges.add(entry.request);
  }

  /** Whether nothing of it has to run: that it was is remembered. */
  #passes({ machine, image, upgrade }: ChangePart): boolean {
    const { node } = this;
    const { position, time, deployments } = node;
    if (upgrade === null ? !this.#removed.has(deployments) : !this.#passed.has(machine)) return false;
    const from = this.#passed.get(machine) ?? null;
    const to = codeFingerprint(image);
    if (upgrade === null || from === null) {
      node.deployments++;
      remember(node, machine, { kind: 'deployment', position, time, from: null, to });
    } else {
      const old = { code: from, state: '', interface: '' };
      const decoded = decodeUpgradeBody({ machine, old, oldEmit: 0, image: 0 }, upgrade);
      if (!decoded.ok) return this.#malformed(decoded.malformed);
      const back = decoded.value.back !== null;
      remember(node, machine, { kind: 'upgrade', position, time, from, to, back });
    }
    this.#passed.set(machine, to);
    return true;
  }

  #migrate(machine: Machine): void {
    const upgrades = this.#pending.get(machine);
    if (upgrades === undefined) return;
    this.#pending.delete(machine);
    const { instances } = machine;
    let state = instances.get(null);
    for (const upgrade of upgrades) state = migrateState(upgrade, state);
    instances.put(null, state);
  }

  #input(reader: ByteReader, entry: InputHead): void {
    const machine = this.#machine(entry.machine);
    if (this.#pending.size > 0) this.#migrate(machine);
    machine.inputs++;
    const { outcome, request } = entry;
    if (outcome.kind !== 'ok') {
      reader.skip(entry.inputBytes);
      machine.faults++;
      if (request !== null) machine.kept.add(request, outcome);
      return;
    }
    const reply = this.#step(machine, reader, entry);
    if (request === null) return;
    machine.kept.add(request, this.#firstOutcome(machine, entry, reply));
  }

  #step(machine: Machine, reader: ByteReader, entry: InputHead): Value {
    const { program } = machine.version;
    const key = this.#key(machine, entry.instance);
    const before = machine.instances.get(key);
    const instance = program.instance(before, key);
    const operation = program.operations[entry.operation];
    if (operation === undefined) this.#fail(`${machine.name} has no operation ${entry.operation}`);
    const end = reader.offset + entry.inputBytes;
    const input = takeValue(reader, program.types, operation.input, ANY_SIZE);
    if (reader.offset !== end) reader.fail('an input of another length');
    const reply = program.step(instance, entry.operation, input, entry.time, Number.POSITIVE_INFINITY);
    if (reply === FAILED)
      this.#fail(`an input of ${machine.name} that was ok fails: ${whyNow(program.failure)}`);
    const { state } = instance;
    if (state !== before) machine.instances.put(key, state);
    return reply;
  }

  #firstOutcome(machine: Machine, entry: InputFields, reply: Value): FirstOutcome {
    const { origin } = entry;
    const known = machine.interfaces.known[origin.interface];
    const way = known && machine.interfaces.find(known.fingerprint)?.ways[origin.operation];
    if (way?.kind !== 'open' || way.operation !== entry.operation) {
      return this.#fail(`interface ${origin.interface} of ${machine.name} does not lead to the operation`);
    }
    const value = translateReply(way.chain, reply, Number.POSITIVE_INFINITY);
    if (!value.ok) this.#fail(`an adapter fails on a reply: ${whyNow(value.failure)}`);
    return { kind: 'ok', origin, value: value.value };
  }

  #key(machine: Machine, text: string): InstanceKey {
    if (text === '' && !machine.instances.isKeyed) return null;
    const read = readKey(machine.version.image, machine.instances.isKeyed ? text : text || null);
    return read.ok ? read.key : this.#fail(read.problem.message);
  }

  #states({ machine: number, keys, bytes }: StateSlice): void {
    const machine = this.#machine(number);
    const partial = (this.#partial ??= { machine, parts: [], count: 0 });
    for (const key of keys) {
      if (key !== partKey(partial.count++)) this.#fail(`${machine.name} has no part ${key} of a state here`);
    }
    partial.parts.push(bytes);
  }

  #endPartial(): void {
    const partial = this.#partial;
    if (partial === null) return;
    this.#partial = null;
    const { image } = partial.machine.version;
    const state = decodeValue(image.unit.types, image.state, Buffer.concat(partial.parts), ANY_SIZE);
    if (!state.ok) return this.#malformed(state.malformed);
    partial.machine.instances.put(null, state.value);
  }

  #kept({ machine: number, first, count, bytes }: KeptSlice): void {
    const machine = this.#machine(number);
    const { kept, name } = machine;
    const read = decoding(bytes, (reader) => {
      for (let i = first; i < first + count; i++) {
        const { request, reply } = readKept(reader);
        // Older ones have made room for others since.
        if (i < kept.end) continue;
        if (i > kept.end) this.#fail(`a request that ${name} has kept is missing`);
        kept.add(request, reply === null ? null : this.#decodeReply(machine, reply));
      }
    });
    if (!read.ok) this.#malformed(read.malformed);
  }

  #sessions({ machine: number, bytes }: SessionsSlice): void {
    const { kept } = this.#machine(number);
    const sessions = decoding(bytes, readForgotten);
    if (!sessions.ok) return this.#malformed(sessions.malformed);
    for (const session of sessions.value) kept.forgetUpTo(session);
  }

  #decodeReply(machine: Machine, reply: KeptReply): FirstOutcome {
    if (reply.kind !== 'ok') return reply;
    const image = machine.interfaces.known[reply.origin.interface]?.version.image;
    const operation = image?.operations[reply.origin.operation];
    if (operation === undefined) this.#fail(`${machine.name} has no such reply`);
    const value = decodeValue(image.unit.types, operation.reply, reply.value, ANY_SIZE);
    if (!value.ok) this.#fail(`a kept reply does not decode: ${value.malformed.message}`);
    return { ...reply, value: value.value };
  }

  #machine(number: number): Machine {
    return this.node.machineByNumber.get(number) ?? this.#fail(`no machine has the number ${number}`);
  }

  #loaded<T>(loaded: Loaded<T>): T {
    return loaded.ok ? loaded.value : this.#fail(loaded.problem.message);
  }

  #malformed({ message, offset }: Malformed): never {
    return this.#fail(`it does not decode: ${message} (at byte ${offset})`);
  }

  #fail(what: string): never {
    const message = `${this.#at} is wrong: ${what} (after position ${this.node.position})`;
    throw this.#checkpoint?.isOpen === true
      ? new DamagedCheckpoint(this.#start, message)
      : new JournalError(`${message}; ${ADVICE}`);
  }
}

/** What is as it was written, and can not have happened, may be what never counted. */
const ADVICE = 'smc repair sets aside what is damaged, and smc restore takes a backup';

function headerOf(part: ChangePart, { version }: Machine): Parameters<typeof loadUpgrade>[0] {
  return { machine: part.machine, old: version.fingerprints, oldEmit: version.image.emit, image: 0 };
}
