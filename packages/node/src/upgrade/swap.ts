import type { Value } from '@smc/protocol';
import { Instances } from '../instances.ts';
import { Machine, type NodeState, remember } from '../state.ts';
import type { RefusalEntry } from '../journal/entry.ts';
import type { Version } from '../version.ts';
import type { LoadedUpgrade } from './load.ts';

/** A machine that is to be deployed, or upgraded to what was prepared before. */
export interface Change {
  readonly version: Version;
  /** Null for a deployment. `state` is the one state as the new version has it; of a keyed machine the initial one. */
  readonly upgrade: (LoadedUpgrade & { readonly state: Value }) | null;
}

/**
 * The swap of one machine, when its entry is the last of the log: code, interfaces and state
 * change together, between two inputs. Nothing here can be refused any more. The states of a keyed machine are
 * migrated when they are used: that can not be seen.
 */
export function applyChange(node: NodeState, change: Change): void {
  const { version, upgrade } = change;
  const { name } = version.image;
  const { position, time } = node;
  const to = version.fingerprints.code;
  if (upgrade === null) {
    const machine = new Machine(node.deployments++, version, node);
    node.machines.set(name, machine);
    node.machineByNumber.set(machine.number, machine);
    remember(node, name, { kind: 'deployment', position, time, from: null, to });
    return;
  }
  const machine = node.machines.get(name);
  if (machine === undefined) throw new Error(`an upgrade of ${name}, which does not run`);
  const from = machine.version.fingerprints.code;
  machine.interfaces.advance(version, upgrade.upgrade.operations, upgrade.functions);
  machine.version = version;
  const { keyed } = machine.instances;
  if (keyed === null) {
    machine.instances = new Instances(version, {
      machine: machine.number,
      memory: node.memory,
      rows: node.rows,
    });
    machine.instances.put(null, upgrade.state);
  } else keyed.advance(version.image, upgrade, upgrade.state);
  const back = upgrade.upgrade.back !== null;
  remember(node, name, { kind: 'upgrade', position, time, from, to, back });
}

/** Takes a machine off, when the entry of that is the last of the log. Its history stays. */
export function applyRemoval(node: NodeState, machine: Machine): void {
  node.machines.delete(machine.name);
  node.machineByNumber.delete(machine.number);
  machine.instances.keyed?.release();
  node.keptMemory.leave(machine.kept);
  rememberRemoval(node, machine.name, machine.version.fingerprints.code);
}

/** What is left of a machine that is removed: its history. */
export function rememberRemoval(node: NodeState, name: string, from: string): void {
  // A journal in memory has the code of all machines that there were.
  if (node.rows.isInMemory !== true) node.blobs.release(name);
  const { position, time } = node;
  remember(node, name, { kind: 'removal', position, time, from, to: null });
}

/** Writes a refusal into the histories of the machines that it was about. */
export function applyRefusal(node: NodeState, refusal: Omit<RefusalEntry, 'kind'>): void {
  const { position, time, code, message } = refusal;
  for (const { name, running } of refusal.machines) {
    remember(node, name, { kind: 'refusal', position, time, from: running, to: running, code, message });
  }
}
