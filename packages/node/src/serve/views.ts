import { type HistoryView, type MachineView, printType, printValue, valueToJson } from '@smc/protocol';
import type { HistoryRecord, Machine, NodeState } from '../state.ts';

/** A machine as the administration shows it. */
export function viewMachine({ name, version, interfaces, inputs, faults }: Machine): MachineView {
  const { image, program, fieldOrder } = version;
  const { types, constants } = image.unit;
  return {
    name,
    keyed: image.key !== 'none',
    code: version.fingerprints.code,
    state: version.fingerprints.state,
    interface: version.fingerprints.interface,
    stateType: printType(types, image.state, fieldOrder),
    operations: image.operations.map((operation, index) => ({
      name: operation.name,
      parameters: operation.parameters.map((parameter) => ({
        name: parameter.name,
        type: printType(types, parameter.type, fieldOrder),
        ...(parameter.default !== null && {
          default: printValue(types, parameter.type, constants[parameter.default].value, fieldOrder),
        }),
      })),
      reply: printType(types, operation.reply, fieldOrder),
      readOnly: program.operations[index].readOnly,
    })),
    interfaces: Array.from(interfaces.served(), (served) => served.fingerprint),
    instances: 1,
    inputs,
    faults,
  };
}

export function viewMachines(node: NodeState): MachineView[] {
  return [...node.machines.values()].map(viewMachine).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The state of a machine, as JSON or as in the source. */
export function viewState({ version, instance }: Machine, form: 'json' | 'text'): string {
  const { image, fieldOrder } = version;
  const { types } = image.unit;
  return form === 'json'
    ? valueToJson(types, image.state, instance.state)
    : printValue(types, image.state, instance.state, fieldOrder);
}

/** Oldest first. */
export function viewHistory(history: readonly HistoryRecord[]): HistoryView[] {
  return history.map((record) => ({ ...record, time: new Date(record.time).toISOString() }));
}
