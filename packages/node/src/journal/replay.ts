import { decodeValue, type Value } from '@smc/protocol';
import { FAILED, type JitMode } from '@smc/vm';
import { type InstanceKey, Instances, readKey } from '../instances.ts';
import { translateReply } from '../interfaces.ts';
import type { FirstOutcome } from '../kept.ts';
import { type Machine, NodeState } from '../state.ts';
import type { NodeLimits } from '../limits.ts';
import { loadUpgrade, type Loaded, type LoadedUpgrade, loadVersion } from '../upgrade/load.ts';
import { applyChange, applyRefusal, applyRemoval } from '../upgrade/swap.ts';
import { decodeEntry } from './encoding.ts';
import type {
  ChangeEntry,
  ChangePart,
  Entry,
  InputEntry,
  KeptEntry,
  MachineEntry,
  RefusalEntry,
  RequestKey,
  StateEntry,
} from './entry.ts';

/** A log that a node cannot be rebuilt from: what is wrong with it, and where. */
export class JournalError extends Error {}

/**
 * Rebuilds a node from the records of its log, in order. Programs are verified again; steps
 * and migrations have no fuel limit, since they ended when they were recorded.
 *
 * A migration waits until its state is needed: in a log that was folded, the entries of
 * upgrades stand before the state that they led to, and the states between are not there.
 */
export class Replay {
  readonly node: NodeState;
  readonly #pending = new Map<Machine, LoadedUpgrade[]>();
  #records = 0;

  constructor(limits: NodeLimits, jit: JitMode = 'auto') {
    this.node = new NodeState(limits, jit);
  }

  /** Throws a `JournalError` for a record that cannot be; the node is of no use then. */
  add(record: Uint8Array): void {
    const decoded = decodeEntry(record, this.node.blobs);
    if (!decoded.ok) {
      const { message, offset } = decoded.malformed;
      this.#fail(`it does not decode: ${message} (at byte ${offset})`);
    }
    const entry = decoded.value;
    if ((entry.kind === 'header') !== (this.#records === 0))
      this.#fail('a header is the first record, and only that');
    this.#apply(entry);
    this.#records++;
  }

  /** The node, when all records were added. */
  finish(): NodeState {
    for (const machine of this.node.machines.values()) this.#migrate(machine);
    return this.node;
  }

  #apply(entry: Entry): void {
    const { node } = this;
    if (entry.kind === 'header') return;
    if (entry.kind === 'kept') return this.#keep(entry);
    if (entry.kind === 'state') return this.#state(entry);
    if (entry.kind === 'refusal') return this.#refusal(entry);
    const isNext =
      entry.kind === 'machine' ? entry.position >= node.position : entry.position > node.position;
    if (!isNext) this.#fail(`position ${entry.position} after ${node.position}`);
    if (entry.time < node.time) this.#fail(`time ${entry.time} after ${node.time}`);
    node.position = entry.position;
    node.time = entry.time;
    switch (entry.kind) {
      case 'change':
        return this.#change(entry);
      case 'removal': {
        const machine = node.machines.get(entry.machine);
        if (machine === undefined) return this.#fail(`the removal of ${entry.machine}, which does not run`);
        this.#pending.delete(machine);
        return applyRemoval(node, machine);
      }
      case 'input':
        return this.#input(entry);
      case 'machine':
        return this.#machineBase(entry);
    }
  }

  /** One of a base is older than what stands before it in the log. */
  #refusal(entry: RefusalEntry): void {
    const { node } = this;
    for (const { name } of entry.machines) {
      const history = node.histories.get(name);
      if (history === undefined) this.#fail(`a refusal about ${name}, which never ran`);
      const before = history.findLast(({ position }) => position <= entry.position);
      if (before?.position === entry.position) this.#fail(`position ${entry.position} is there twice`);
    }
    node.position = Math.max(node.position, entry.position);
    node.time = Math.max(node.time, entry.time);
    applyRefusal(node, entry);
  }

  #change(entry: ChangeEntry): void {
    for (const part of entry.parts) {
      const version = this.#loaded(loadVersion(part.machine, part.image, part.debug, this.node.jit));
      if (part.upgrade === null) {
        applyChange(this.node, { version, upgrade: null });
        continue;
      }
      const machine = this.node.machines.get(part.machine);
      if (machine === undefined) return this.#fail(`an upgrade of ${part.machine}, which does not run`);
      const upgrade = this.#loaded(loadUpgrade(headerOf(part, machine), part.upgrade, this.node.jit));
      this.#pending.set(machine, [...(this.#pending.get(machine) ?? []), upgrade]);
      // The states stand still, of the older type, until they are migrated.
      const { instances } = machine;
      applyChange(this.node, { version, upgrade: { ...upgrade, instances } });
    }
  }

  #migrate(machine: Machine): void {
    const upgrades = this.#pending.get(machine);
    if (upgrades === undefined) return;
    const { instances } = machine;
    this.#base(machine);
    for (const [key, state] of instances.entries()) {
      machine.instances.put(key, this.#migrated(machine, upgrades, state));
    }
  }

  /** The machine with no instance stored: what those are by now is known of the upgrades alone. */
  #base(machine: Machine): void {
    const upgrades = this.#pending.get(machine) ?? [];
    this.#pending.delete(machine);
    const { keyKind, isKeyed, initial } = machine.instances;
    // Of a machine that is not keyed nobody ever sees it, and the state that it is of may not be there.
    const migrated = isKeyed ? this.#migrated(machine, upgrades, initial) : initial;
    machine.instances = new Instances(keyKind, migrated);
  }

  #migrated(machine: Machine, upgrades: readonly LoadedUpgrade[], before: Value): Value {
    let state = before;
    for (const { functions, upgrade } of upgrades) {
      const result = functions.run(upgrade.migration, state, Number.POSITIVE_INFINITY);
      if (!result.ok) this.#fail(`a migration of ${machine.name} fails: ${result.failure.message}`);
      state = result.value;
    }
    return state;
  }

  #input(entry: InputEntry): void {
    const machine = this.#machine(entry.machine);
    this.#migrate(machine);
    machine.inputs++;
    const { outcome, request } = entry;
    if (request !== null) this.#checkNew(machine, request);
    if (outcome.kind !== 'ok') {
      machine.faults++;
      if (request !== null) machine.kept.add(request, outcome);
      return;
    }
    const reply = this.#step(machine, entry);
    if (request === null) return;
    machine.kept.add(request, this.#firstOutcome(machine, entry, reply));
  }

  #step(machine: Machine, entry: InputEntry): Value {
    const { program } = machine.version;
    const key = this.#key(machine, entry.instance);
    const before = machine.instances.get(key);
    const instance = program.instance(before, key);
    const operation = program.operations[entry.operation];
    if (operation === undefined) this.#fail(`${machine.name} has no operation ${entry.operation}`);
    const input = decodeValue(program.types, operation.input, entry.input);
    if (!input.ok) this.#fail(`the input does not decode: ${input.malformed.message}`);
    const reply = program.step(instance, entry.operation, input.value, entry.time, Number.POSITIVE_INFINITY);
    if (reply === FAILED)
      this.#fail(`an input of ${machine.name} that was ok fails: ${program.failure.message}`);
    if (instance.state !== before) machine.instances.put(key, instance.state);
    return reply;
  }

  #firstOutcome(machine: Machine, entry: InputEntry, reply: Value): FirstOutcome {
    const { origin } = entry;
    const known = machine.interfaces.known[origin.interface];
    const way = known && machine.interfaces.find(known.fingerprint)?.ways[origin.operation];
    if (way?.kind !== 'open' || way.operation !== entry.operation) {
      return this.#fail(`interface ${origin.interface} of ${machine.name} does not lead to the operation`);
    }
    const value = translateReply(way.chain, reply, Number.POSITIVE_INFINITY);
    if (!value.ok) this.#fail(`an adapter fails on a reply: ${value.failure.message}`);
    return { kind: 'ok', origin, value: value.value };
  }

  #machineBase(entry: MachineEntry): void {
    const machine = this.#machine(entry.machine);
    this.#base(machine);
    machine.inputs = entry.inputs;
    machine.faults = entry.faults;
  }

  #key(machine: Machine, text: string): InstanceKey {
    const read = readKey(machine.version.image, machine.instances.isKeyed ? text : text || null);
    return read.ok ? read.key : this.#fail(read.problem.message);
  }

  #state(entry: StateEntry): void {
    const machine = this.#machine(entry.machine);
    const { image } = machine.version;
    const state = decodeValue(image.unit.types, image.state, entry.state);
    if (!state.ok) this.#fail(`the state of ${machine.name} does not decode: ${state.malformed.message}`);
    machine.instances.put(this.#key(machine, entry.instance), state.value);
  }

  #keep({ machine: number, request, reply }: KeptEntry): void {
    const machine = this.#machine(number);
    this.#checkNew(machine, request);
    machine.kept.add(request, this.#decodeReply(machine, reply));
  }

  #checkNew(machine: Machine, request: RequestKey): void {
    if (machine.kept.find(request).kind === 'new') return;
    this.#fail(
      `the request ${'session' in request ? request.id : JSON.stringify(request.key)} is there twice`,
    );
  }

  #decodeReply(machine: Machine, reply: KeptEntry['reply']): FirstOutcome {
    if (reply.kind !== 'ok') return reply;
    const image = machine.interfaces.known[reply.origin.interface]?.version.image;
    const operation = image?.operations[reply.origin.operation];
    if (operation === undefined) this.#fail(`${machine.name} has no such reply`);
    const value = decodeValue(image.unit.types, operation.reply, reply.value);
    if (!value.ok) this.#fail(`a kept reply does not decode: ${value.malformed.message}`);
    return { ...reply, value: value.value };
  }

  #machine(number: number): Machine {
    return this.node.machineByNumber.get(number) ?? this.#fail(`no machine has the number ${number}`);
  }

  #loaded<T>(loaded: Loaded<T>): T {
    return loaded.ok ? loaded.value : this.#fail(loaded.problem.message);
  }

  #fail(what: string): never {
    throw new JournalError(`record ${this.#records} of the journal is wrong: ${what}`);
  }
}

function headerOf(part: ChangePart, { version }: Machine): Parameters<typeof loadUpgrade>[0] {
  return { machine: part.machine, old: version.fingerprints, oldEmit: version.image.emit, image: 0 };
}
