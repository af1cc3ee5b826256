import { call } from './call.ts';
import type { CallEvent, DeployEvent, NodeEvent, RemoveEvent, Reply } from './event.ts';
import type { LogWriter } from './journal/writer.ts';
import { problem } from './problem.ts';
import { advance, type NodeState } from './state.ts';
import { Deployment } from './upgrade/deployment.ts';
import { applyRemoval } from './upgrade/swap.ts';

/**
 * The core of a node: what an event does. Deterministic: the state after it, the entry for
 * the log and the reply are a function of the state before it and of the event. It reads no
 * clock and no chance, and does nothing outside `node` but to write the entry, if there is one, to `log`. The
 * reply is to be sent when all that was written there so far is durable.
 */
export function transition(node: NodeState, event: NodeEvent, log: LogWriter): Reply {
  switch (event.kind) {
    case 'call':
      return call(node, event, log);
    case 'deploy':
      return node.keptChanges.replyTo(event.request) ?? deploy(node, event, log);
    case 'remove':
      return node.keptChanges.replyTo(event.request) ?? remove(node, event, log);
  }
}

/** A call without what the node knows: when it came. */
export type CallRequest = Omit<CallEvent, 'kind' | 'time'>;

/**
 * The event of a request, with the interface that is current where the caller named none: to be called when
 * it is received, so that a swap that overtakes it has it adapted.
 */
export function stamp(node: NodeState, request: CallRequest, time: number): CallEvent {
  const { machine, key, body, readOnly, request: once } = request;
  const current = request.interfaces === null ? node.machines.get(machine)?.interfaces.current : undefined;
  const interfaces = current === undefined ? request.interfaces : [current.fingerprint];
  return { kind: 'call', time, machine, key, interfaces, body, request: once, readOnly };
}

/** All of a deployment at once; a host takes it in slices (`Deployment`). */
function deploy(node: NodeState, event: DeployEvent, log: LogWriter): Reply {
  const deployment = new Deployment(node, event);
  deployment.work(() => false);
  return deployment.finish(log);
}

function remove(node: NodeState, event: RemoveEvent, log: LogWriter): Reply {
  const machine = node.machines.get(event.machine);
  if (machine === undefined) {
    const message = `there is no machine ${JSON.stringify(event.machine)}`;
    return { kind: 'refused', problem: problem('unknown-machine', message), version: null };
  }
  const request = event.request === null ? null : { ...event.request, machines: null };
  log.entry({ kind: 'removal', ...advance(node, event.time), machine: machine.name, request }, node.blobs);
  applyRemoval(node, machine);
  node.keptChanges.add(request);
  return { kind: 'removed' };
}
