import {
  type HistoryView,
  type MachineView,
  printType,
  printValue,
  type TypeId,
  type Form,
  writtenValue,
} from '@smc/protocol';
import type { InstanceKey } from '../instances.ts';
import { WRITTEN_LENGTH_MAX } from '../limits.ts';
import type { HistoryRecord, Machine, NodeState } from '../state.ts';
import type { Version } from '../version.ts';

/** What is the same of a machine for as long as it runs one version. */
type VersionView = Pick<MachineView, 'stateType' | 'operations'>;

/** Versions never change: each is printed once, when somebody looks at it for the first time. */
const versionViews = new WeakMap<Version, VersionView>();

/** UTF-16 units of the JSON of a list of machines, after which a page ends. */
const PAGE_LENGTH_MAX = 4 * 1024 * 1024;

/** A machine as the administration shows it. */
export function viewMachine({ name, version, instances, interfaces, inputs, faults }: Machine): MachineView {
  const { image, fingerprints } = version;
  return {
    name,
    keyed: image.key !== 'none',
    code: fingerprints.code,
    state: fingerprints.state,
    interface: fingerprints.interface,
    ...viewVersion(version),
    interfaces: Array.from(interfaces.served(), (served) => served.fingerprint),
    instances: instances.count,
    inputs,
    faults,
  };
}

function viewVersion(version: Version): VersionView {
  let view = versionViews.get(version);
  if (view === undefined) versionViews.set(version, (view = printVersion(version)));
  return view;
}

/** The length of all this is bounded where an image is decoded. */
function printVersion({ image, program, fieldOrder }: Version): VersionView {
  const { types, constants } = image.unit;
  const print = (type: TypeId): string => printType(types, type, fieldOrder);
  return {
    stateType: print(image.state),
    operations: image.operations.map((operation, index) => ({
      name: operation.name,
      parameters: operation.parameters.map((parameter) => ({
        name: parameter.name,
        type: print(parameter.type),
        ...(parameter.default !== null && {
          default: printValue(types, parameter.type, constants[parameter.default].value, fieldOrder),
        }),
      })),
      reply: print(operation.reply),
      readOnly: program.operations[index].readOnly,
    })),
  };
}

/** As many machines as a page holds: one at the least. */
export interface MachinesPage {
  readonly json: string;
  /** The name of the last, where others follow it. */
  readonly last: string | null;
}

/** The machines in the order of their names, from the one that follows `after`. */
export function viewMachines(node: NodeState, after: string, lengthMax = PAGE_LENGTH_MAX): MachinesPage {
  const names = [...node.machines.keys()].filter((name) => name > after).sort();
  const views: string[] = [];
  let length = 0;
  for (const name of names) {
    const view = JSON.stringify(viewMachine(node.machines.get(name)!));
    length += view.length + 1;
    if (views.length > 0 && length > lengthMax) break;
    views.push(view);
  }
  const last = views.length < names.length ? names[views.length - 1] : null;
  return { json: `[${views.join(',')}]`, last };
}

/** The state of an instance, as JSON or as in the source; null where that is too long. */
export function viewState({ version, instances }: Machine, key: InstanceKey, form: Form): string | null {
  const { image, fieldOrder } = version;
  const options = { form, fieldOrder, lengthMax: WRITTEN_LENGTH_MAX };
  return writtenValue(image.unit.types, image.state, instances.get(key), options);
}

/** Oldest first. */
export function viewHistory(history: readonly HistoryRecord[]): HistoryView[] {
  return history.map((record) => ({ ...record, time: new Date(record.time).toISOString() }));
}
