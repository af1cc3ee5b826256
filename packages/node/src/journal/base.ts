import { encodeValue } from '@smc/protocol';
import type { KeptRequest } from '../kept.ts';
import type { Machine, NodeState } from '../state.ts';
import { encodeEntry } from './encoding.ts';
import type { KeptReply } from './entry.ts';

/**
 * Where the machines of a node stand, as records of the log: they take the place of all the
 * inputs and refusals so far. See `Journal.fold`.
 */
export function* baseRecords(node: NodeState): Generator<Uint8Array> {
  yield* refusalRecords(node);
  for (const machine of node.machines.values()) {
    const { image } = machine.version;
    yield encodeEntry(
      {
        kind: 'state',
        position: node.position,
        time: node.time,
        machine: machine.number,
        state: encodeValue(image.unit.types, image.state, machine.instance.state),
        inputs: machine.inputs,
        faults: machine.faults,
      },
      node.blobs,
    );
    for (const [key, request] of machine.kept.entries()) {
      const reply = encodeOutcome(machine, request);
      const named = { key, digest: request.digest };
      yield encodeEntry({ kind: 'kept', machine: machine.number, request: named, reply }, node.blobs);
    }
  }
}

/** What the histories still tell of refusals; those of machines that were removed too. */
function* refusalRecords(node: NodeState): Generator<Uint8Array> {
  for (const [name, history] of node.histories) {
    for (const record of history) {
      if (record.kind !== 'refusal') continue;
      const { position, time, code, message, from } = record;
      const machines = [{ name, running: from }];
      yield encodeEntry({ kind: 'refusal', position, time, code, message, machines }, node.blobs);
    }
  }
}

function encodeOutcome(machine: Machine, { outcome }: KeptRequest): KeptReply {
  if (outcome.kind !== 'ok') return outcome;
  const { image } = machine.interfaces.known[outcome.origin.interface].version;
  const { reply } = image.operations[outcome.origin.operation];
  return { ...outcome, value: encodeValue(image.unit.types, reply, outcome.value) };
}
