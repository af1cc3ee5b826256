import { encodeValue } from '@smc/protocol';
import { printKey } from '../instances.ts';
import type { FirstOutcome } from '../kept.ts';
import type { Machine, NodeState } from '../state.ts';
import { encodeEntry } from './encoding.ts';
import type { KeptReply, RefusalEntry } from './entry.ts';

/**
 * Where the machines of a node stand when this is called, as records of the log: they take the
 * place of all the inputs and refusals so far. Each is written when it is asked for, whatever the
 * node does meanwhile. See `Journal.fold`.
 */
export function baseRecords(node: NodeState): Iterable<Uint8Array> {
  const { position, time, blobs } = node;
  // All that changes is taken now: the records are written in many turns.
  const refusals = refusalsOf(node);
  const machines = [...node.machines.values()].map((machine) => ({
    machine,
    image: machine.version.image,
    totals: { inputs: machine.inputs, faults: machine.faults },
    states: machine.instances.entries(),
    kept: machine.kept.entries(),
  }));
  return (function* (): Generator<Uint8Array> {
    for (const refusal of refusals) yield encodeEntry(refusal, blobs);
    for (const { machine, image, totals, states, kept } of machines) {
      const { number } = machine;
      yield encodeEntry({ kind: 'machine', position, time, machine: number, ...totals }, blobs);
      for (const [key, value] of states) {
        const state = encodeValue(image.unit.types, image.state, value);
        yield encodeEntry({ kind: 'state', machine: number, instance: printKey(key), state }, blobs);
      }
      for (const { request, outcome } of kept) {
        const reply = encodeOutcome(machine, outcome);
        yield encodeEntry({ kind: 'kept', machine: number, request, reply }, blobs);
      }
    }
  })();
}

/** What the histories still tell of refusals; those of machines that were removed too. */
function refusalsOf(node: NodeState): RefusalEntry[] {
  const refusals: RefusalEntry[] = [];
  for (const [name, history] of node.histories) {
    for (const record of history) {
      if (record.kind !== 'refusal') continue;
      const { position, time, code, message, from } = record;
      const machines = [{ name, running: from }];
      refusals.push({ kind: 'refusal', position, time, code, message, machines });
    }
  }
  return refusals;
}

function encodeOutcome(machine: Machine, outcome: FirstOutcome): KeptReply {
  if (outcome.kind !== 'ok') return outcome;
  const { image } = machine.interfaces.known[outcome.origin.interface].version;
  const { reply } = image.operations[outcome.origin.operation];
  return { ...outcome, value: encodeValue(image.unit.types, reply, outcome.value) };
}
