import {
  INSTRUCTIONS,
  OP,
  TypeTable,
  UNIT,
  type Constant,
  type FunctionCode,
  type Image,
  type InstructionName,
  type TypeId,
  type Unit,
  type Value,
} from '@smc/protocol';

/**
 * A small assembler. The source has an instruction on each line, its operands after it; what
 * they are is read off the instruction table. `name:` on a line is a label, for targets; any
 * other operand is a number, or the name of something that was defined.
 */
export class Assembly {
  readonly types = new TypeTable();
  readonly constants: Constant[] = [];
  readonly functions: FunctionCode[] = [];
  readonly #names = new Map<string, number>();

  /** Names a type, so that instructions can refer to it. */
  type(name: string, id: TypeId): TypeId {
    this.#names.set(name, id);
    return id;
  }

  constant(name: string, type: TypeId, value: Value): number {
    this.#names.set(name, this.constants.length);
    return this.constants.push({ type, value }) - 1;
  }

  function(name: string, from: TypeId, to: TypeId, source: string): number {
    this.#names.set(name, this.functions.length);
    return this.functions.push({ from, to, code: this.#assemble(source) }) - 1;
  }

  unit(): Unit {
    return { types: this.types, constants: this.constants, functions: this.functions };
  }

  #assemble(source: string): Int32Array {
    const labels = new Map<string, number>();
    const words: (number | string)[] = [];
    for (const line of source.split(/[\n;]/)) {
      const [first, ...operands] = line.trim().split(/\s+/);
      if (first.endsWith(':')) labels.set(first.slice(0, -1), words.length);
      else if (first !== '') words.push(...instruction(first, operands));
    }
    return Int32Array.from(words, (word) => {
      if (typeof word === 'number') return word;
      const value = labels.get(word) ?? this.#names.get(word);
      if (value === undefined) throw new Error(`nothing is called ${word}`);
      return value;
    });
  }
}

function instruction(name: string, operands: readonly string[]): (number | string)[] {
  const row = INSTRUCTIONS[name as InstructionName];
  if (row === undefined) throw new Error(`no instruction is called ${name}`);
  const words: (number | string)[] = [OP[name as InstructionName]];
  let next = 0;
  for (const { kind } of row.operands) {
    if (kind === 'targets') words.push(operands.length - next);
    const count = kind === 'targets' ? operands.length - next : 1;
    for (let i = 0; i < count; i++) words.push(wordOf(name, operands[next++]));
  }
  if (next !== operands.length) throw new Error(`${name} has ${operands.length} operands`);
  return words;
}

function wordOf(name: string, operand: string | undefined): number | string {
  if (operand === undefined) throw new Error(`${name} lacks an operand`);
  return /^-?\d+$/.test(operand) ? Number(operand) : operand;
}

/** An operation `Run` with one parameter of type `from`, whose body is the function `main`. */
export interface MachineSketch {
  readonly assembly: Assembly;
  readonly from: TypeId;
  readonly to: TypeId;
  readonly state?: TypeId;
  readonly initial?: Value;
}

/** An image with the operation `Run`, whose body is the last function. */
export function imageOf({ assembly, from, to, state = UNIT, initial = null }: MachineSketch): Image {
  const unit = assembly.unit();
  const constants = [...unit.constants, { type: state, value: initial }];
  return {
    emit: 1,
    name: 'Sketch',
    key: 'none',
    unit: { ...unit, constants },
    state,
    initial: constants.length - 1,
    operations: [
      {
        name: 'Run',
        parameters: [{ name: 'x', type: from, default: null }],
        reply: to,
        body: unit.functions.length - 1,
      },
    ],
    invariants: [],
    defaults: [],
  };
}
