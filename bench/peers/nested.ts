import {
  INT_MAX,
  INT_MIN,
  OP,
  instructionName,
  wordsAt,
  type Image,
  type InstructionName,
  type Value,
} from '@smc/protocol';

/**
 * A categorical abstract machine as a textbook writes it: instructions are objects, the arms
 * of a choice and the body of a loop are lists of them nested inside, and an interpreter calls
 * itself for these. It runs the images of the workloads, and knows no more instructions than
 * they use.
 */
export interface NestedMachine {
  state: Value;
  step(operation: number, input: Value): Value;
}

interface Instruction {
  readonly name: InstructionName;
  readonly operand: number;
  readonly constant: Value;
  /** The arms of a BRANCH, the body of a FOLD. */
  readonly blocks: readonly (readonly Instruction[])[];
}

/** A machine in its initial state. */
export function nest(image: Image): NestedMachine {
  const bodies = image.operations.map(({ body }) => blockOf(image, image.unit.functions[body].code, 0, null));
  const machine: NestedMachine = {
    state: image.unit.constants[image.initial].value,
    step: (operation, input) => execute(bodies[operation], input, [], machine),
  };
  return machine;
}

/** The instructions from `pc` up to `end`, or up to what ends their block. */
function blockOf(image: Image, code: Int32Array, pc: number, end: number | null): Instruction[] {
  const block: Instruction[] = [];
  while (end === null || pc < end) {
    const name = instructionName(code[pc])!;
    if (name === 'RETURN' || name === 'NEXT' || name === 'JUMP') break;
    const operand = code[pc + 1];
    const constant = name === 'QUOTE' ? image.unit.constants[operand].value : null;
    let next = pc + wordsAt(code, pc);
    const blocks: Instruction[][] = [];
    if (name === 'BRANCH') {
      const join = code[pc + 2];
      blocks.push(blockOf(image, code, next, operand), blockOf(image, code, operand, join));
      next = join;
    }
    if (name === 'FOLD') {
      blocks.push(blockOf(image, code, next, operand));
      next = operand;
    }
    block.push({ name, operand, constant, blocks });
    pc = next;
  }
  return block;
}

function execute(block: readonly Instruction[], input: Value, stack: Value[], machine: NestedMachine): Value {
  let accumulator = input;
  for (const instruction of block) {
    switch (instruction.name) {
      case 'FST':
        accumulator = (accumulator as Value[])[0];
        break;
      case 'SND':
        accumulator = (accumulator as Value[])[1];
        break;
      case 'PROJECT':
        accumulator = (accumulator as Value[])[instruction.operand];
        break;
      case 'PUSH':
        stack.push(accumulator);
        break;
      case 'SWAP': {
        const other = stack.pop()!;
        stack.push(accumulator);
        accumulator = other;
        break;
      }
      case 'CONS':
        accumulator = [stack.pop()!, accumulator];
        break;
      case 'TUPLE':
        accumulator = [...stack.splice(1 - instruction.operand), accumulator];
        break;
      case 'QUOTE':
        accumulator = instruction.constant;
        break;
      case 'GET':
        accumulator = machine.state;
        break;
      case 'PUT':
        machine.state = accumulator;
        accumulator = null;
        break;
      case 'BRANCH': {
        const [environment, condition] = accumulator as Value[];
        accumulator = execute(instruction.blocks[condition === true ? 0 : 1], environment, stack, machine);
        break;
      }
      case 'FOLD': {
        const [environment, initial, list] = accumulator as Value[];
        accumulator = initial;
        for (const item of list as Value[]) {
          accumulator = execute(instruction.blocks[0], [environment, accumulator, item], stack, machine);
        }
        break;
      }
      case 'LIST_RANGE': {
        const [start, end] = accumulator as number[];
        accumulator = Array.from({ length: end - start }, (_, i) => start + i);
        break;
      }
      case 'LT': {
        const [left, right] = accumulator as number[];
        accumulator = left < right;
        break;
      }
      default:
        accumulator = arithmetic(instruction.name, accumulator as number[]);
    }
  }
  return accumulator;
}

function arithmetic(name: InstructionName, [left, right]: number[]): number {
  const result =
    name === 'ADD'
      ? left + right
      : name === 'MUL'
        ? left * right
        : name === 'REM'
          ? left % right
          : Number.NaN;
  if (Number.isNaN(result)) throw new Error(`${name} (${OP[name]}) is in no workload`);
  if (result > INT_MAX || result < INT_MIN) throw new RangeError('integer overflow');
  return result;
}
