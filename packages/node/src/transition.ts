import { call } from './call.ts';
import type { Actions, CallEvent, DeployEvent, NodeEvent, RemoveEvent } from './event.ts';
import { encodeEntry } from './journal/encoding.ts';
import { problem } from './problem.ts';
import { advance, type NodeState } from './state.ts';
import { Deployment } from './upgrade/deployment.ts';
import { applyRemoval } from './upgrade/swap.ts';

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

/** All of a deployment at once; a host takes it in slices (`Deployment`). */
function deploy(node: NodeState, event: DeployEvent): Actions {
  const deployment = new Deployment(node, event);
  deployment.work(() => false);
  return deployment.finish();
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
  const entry = { kind: 'removal', ...advance(node, event.time), machine: machine.name } as const;
  const append = encodeEntry(entry, node.blobs);
  applyRemoval(node, machine);
  return { append, reply: { kind: 'removed' } };
}
