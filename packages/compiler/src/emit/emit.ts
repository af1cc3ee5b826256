import { EMIT } from '@smc/protocol';
import type { Constant, FunctionCode, Image, TypeId, TypeTable, Unit } from '@smc/protocol';
import type { Definition, MachineTerms, OperationTerms, UpgradeTerms } from '../combinators/term.ts';
import { WordCount } from '../combinators/words.ts';
import { codeOf } from './code.ts';
import type { Code } from './code.ts';

/**
 * Combinators to bytecode. Each definition becomes the function of the same index; the
 * encoding of an image numbers them anew, leaves out those that nothing calls and makes equal
 * ones one.
 */

/** The name of each function and where its code comes from, for debug data. */
export type FunctionPlaces = readonly { readonly name: string; readonly places: Code['places'] }[];

/** The image of a machine; it has a function for each definition. */
export function emitMachine(machine: MachineTerms): { image: Image; places: FunctionPlaces } {
  const unit = new UnitEmitter(machine.types, machine.definitions);
  const { name, key, state, invariants } = machine;
  const image: Image = {
    emit: EMIT,
    name,
    key,
    state,
    initial: unit.constant(state, machine.initial),
    operations: machine.operations.toSorted(byName).map((operation) => ({
      name: operation.name,
      parameters: operation.parameters.map((parameter) => ({
        name: parameter.name,
        type: parameter.type,
        default: parameter.default === undefined ? null : unit.constant(parameter.type, parameter.default),
      })),
      reply: operation.reply,
      body: operation.body,
    })),
    invariants,
    defaults: machine.defaults.map(({ type, field, value }) => ({
      type,
      field,
      constant: unit.constant(fieldTypeOf(machine.types, type, field), value),
    })),
    unit: unit.finish(),
  };
  return { image, places: unit.places };
}

function fieldTypeOf(types: TypeTable, record: TypeId, field: number): TypeId {
  const node = types.node(record);
  if (node.kind !== 'record') throw new Error(`a default of a field of a ${node.kind}`);
  return node.fields[field].type;
}

/** By UTF-16 code units, as the image has its operations. */
const byName = (a: OperationTerms, b: OperationTerms): number => (a.name < b.name ? -1 : 1);

/** The unit of an upgrade's functions, whose indices are those of the definitions. */
export function emitUpgrade(upgrade: UpgradeTerms): Unit {
  return new UnitEmitter(upgrade.types, upgrade.definitions).finish();
}

class UnitEmitter {
  readonly places: FunctionPlaces;
  readonly #types: TypeTable;
  readonly #functions: FunctionCode[] = [];
  readonly #constants: Constant[] = [];

  constructor(types: TypeTable, definitions: readonly Definition[]) {
    this.#types = types;
    const words = new WordCount(types);
    this.places = definitions.map(({ name, body }) => {
      const code = codeOf(types, body, (type, value) => this.constant(type, value));
      const expected = words.ofBody(body);
      if (code.words.length !== expected) {
        throw new Error(`${name} has ${code.words.length} words of code, not ${expected}`);
      }
      this.#functions.push({ from: body.from, to: body.to, code: code.words });
      return { name, places: code.places };
    });
  }

  constant(type: Constant['type'], value: Constant['value']): number {
    return this.#constants.push({ type, value }) - 1;
  }

  finish(): Unit {
    return { types: this.#types, constants: this.#constants, functions: this.#functions };
  }
}
