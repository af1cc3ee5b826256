import { call } from './call.ts';
import type { Actions, CallEvent, DeployEvent, NodeEvent, RemoveEvent } from './event.ts';
import { encodeEntry } from './journal/encoding.ts';
import type { RefusalEntry, StructuralEntry } from './journal/entry.ts';
import { problem, type Problem } from './problem.ts';
import type { NodeState } from './state.ts';
import { plan } from './upgrade/plan.ts';
import { applyChange, applyRefusal, applyRemoval } from './upgrade/swap.ts';

/**
 * The core of a node: what an event does. Deterministic: the state after it, the record for
 * the log and the reply are a function of the state before it and of the event. It reads no
 * clock and no chance, and does nothing outside `node`.
 */
export function transition(node: NodeState, event: NodeEvent): Actions {
  switch (event.kind) {
    case 'call':
      return call(node, event);
    case 'deploy':
      return deploy(node, event);
    case 'remove':
      return remove(node, event);
  }
}

/**
 * The event with the interface that is current where the caller named none: to be called when
 * a request is received, so that a swap that overtakes it has it adapted.
 */
export function stamp(node: NodeState, event: CallEvent): CallEvent {
  if (event.interfaces !== null) return event;
  const machine = node.machines.get(event.machine);
  return machine === undefined ? event : { ...event, interfaces: [machine.interfaces.current.fingerprint] };
}

function deploy(node: NodeState, event: DeployEvent): Actions {
  const planned = plan(node, event);
  if (!planned.ok) return refuseDeploy(node, event, planned.problem, planned.about);
  const { changes, machines } = planned;
  const reply = { kind: 'deployed', report: { dryRun: event.dryRun, machines } } as const;
  if (event.dryRun || changes.length === 0) return { append: null, reply };
  const parts = changes.map(({ version, upgrade }) => ({
    machine: version.image.name,
    image: version.bytes,
    debug: version.debugBytes,
    upgrade: upgrade === null ? null : upgrade.body,
  }));
  const append = record(node, { kind: 'change', ...advance(node, event), parts });
  for (const change of changes) applyChange(node, change);
  return { append, reply };
}

function refuseDeploy(
  node: NodeState,
  event: DeployEvent,
  refused: Problem,
  machines: readonly string[],
): Actions {
  const reply = { kind: 'refused', problem: refused, version: null } as const;
  if (event.dryRun || machines.length === 0) return { append: null, reply };
  const { code, message } = refused;
  const told = machines.map((name) => ({ name, running: runningCode(node, name) }));
  const refusal = { ...advance(node, event), code, message, machines: told };
  const append = record(node, { kind: 'refusal', ...refusal });
  applyRefusal(node, refusal);
  return { append, reply };
}

function runningCode(node: NodeState, name: string): string {
  const machine = node.machines.get(name);
  if (machine === undefined) throw new Error(`a refusal about ${name}, which does not run`);
  return machine.version.fingerprints.code;
}

function remove(node: NodeState, event: RemoveEvent): Actions {
  const machine = node.machines.get(event.machine);
  if (machine === undefined) {
    const message = `there is no machine ${JSON.stringify(event.machine)}`;
    return {
      append: null,
      reply: { kind: 'refused', problem: problem('unknown-machine', message), version: null },
    };
  }
  const append = record(node, { kind: 'removal', ...advance(node, event), machine: machine.name });
  applyRemoval(node, machine);
  return { append, reply: { kind: 'removed' } };
}

/** The next position of the log, and its time. */
function advance(node: NodeState, event: NodeEvent): { position: number; time: number } {
  node.time = Math.max(node.time, event.time);
  node.position++;
  return { position: node.position, time: node.time };
}

function record(node: NodeState, entry: StructuralEntry | RefusalEntry): Uint8Array {
  return encodeEntry(entry, node.blobs);
}
