import {
  INT_MAX,
  INT_MIN,
  List,
  OP,
  Sum,
  instructionName,
  wordsAt,
  type Image,
  type InstructionName,
  type MapValue,
  type Product,
  type Value,
} from '@smc/protocol';
import { WORKLOADS, imageOf, stepsOf, workloadOf } from '../workloads/workload.ts';
import { makePass } from './pass.ts';
import type { HostedPeer } from './peer.ts';

/**
 * A categorical abstract machine as a textbook writes it: instructions are objects, the arms
 * of a choice and the body of a loop are lists of them nested inside, and an interpreter calls
 * itself for these. It runs the images of the workloads, and knows no more instructions than
 * they use. It has no fuel, and no limits.
 */
export class NestedMachine {
  state: Value;
  readonly #bodies: NestedBodies;
  /** The key of a keyed machine, else null. */
  readonly #key: Value;

  constructor(bodies: NestedBodies, state: Value, key: Value = null) {
    this.#bodies = bodies;
    this.state = state;
    this.#key = key;
  }

  /** What a failing step gives is `fault`; where that is null none may fail. */
  step(operation: number, argument: Value, fault: Value): Value {
    const before = this.state;
    const input = this.#key === null ? argument : [this.#key, argument];
    try {
      return execute(this.#bodies[operation], input, [], this);
    } catch (error) {
      if (fault === null || !(error instanceof Fault)) throw error;
      this.state = before;
      return fault;
    }
  }
}

/** What all machines of an image share: a block for each operation. */
export type NestedBodies = readonly (readonly Instruction[])[];

export function nestedBodies(image: Image): NestedBodies {
  return image.operations.map(({ body }) => blockOf(image, image.unit.functions[body].code, 0, null));
}

export const initialState = (image: Image): Value => image.unit.constants[image.initial].value;

/** What FAIL throws. */
class Fault extends Error {}

export const nested: HostedPeer = {
  workloads: WORKLOADS.map(({ name }) => name),
  prepare: (name) => {
    const workload = workloadOf(name);
    const image = imageOf(workload.file);
    const machine = new NestedMachine(nestedBodies(image), initialState(image));
    const { digest, fault } = workload;
    const scope = { inputs: stepsOf(workload, image.operations), digest, fault, machine };
    return makePass(`nested, ${name}`, scope, 'machine.step(input.operation, input.argument, fault)');
  },
};

interface Instruction {
  readonly name: InstructionName;
  readonly operand: number;
  /** The constructor of an INJECT, the fields of a RECORD. */
  readonly second: number;
  readonly constant: Value;
  /** The arms of a BRANCH or SWITCH, the body of a FOLD or MAP. */
  readonly blocks: readonly (readonly Instruction[])[];
}

/** The instructions from `pc` up to `end`, or up to what ends their block. */
function blockOf(image: Image, code: Int32Array, pc: number, end: number | null): Instruction[] {
  const block: Instruction[] = [];
  while (end === null || pc < end) {
    const name = instructionName(code[pc])!;
    if (name === 'RETURN' || name === 'NEXT' || name === 'JUMP') break;
    const operand = code[pc + 1];
    const second = name === 'RECORD' ? image.unit.types.components(operand)!.length : code[pc + 2];
    const constant = name === 'QUOTE' ? image.unit.constants[operand].value : null;
    const start = pc + wordsAt(code, pc);
    const ends = endsOf(name, code, pc);
    const blocks = ends.map((each, i) => blockOf(image, code, i === 0 ? start : ends[i - 1], each));
    block.push({ name, operand, second, constant, blocks });
    pc = ends.at(-1) ?? start;
  }
  return block;
}

/** Where the blocks of an instruction end; one starts where the one before ends. */
function endsOf(name: InstructionName, code: Int32Array, pc: number): number[] {
  if (name === 'BRANCH') return [code[pc + 1], code[pc + 2]];
  if (name === 'SWITCH') return [...code.subarray(pc + 3, pc + 3 + code[pc + 2]), code[pc + 1]];
  return name === 'FOLD' || name === 'MAP' ? [code[pc + 1]] : [];
}

function execute(block: readonly Instruction[], input: Value, stack: Value[], machine: NestedMachine): Value {
  let accumulator = input;
  for (const instruction of block) {
    switch (instruction.name) {
      case 'FST':
        accumulator = (accumulator as Product)[0];
        break;
      case 'SND':
        accumulator = (accumulator as Product)[1];
        break;
      case 'PROJECT':
        accumulator = (accumulator as Product)[instruction.operand];
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
        accumulator = [...stack.splice(stack.length + 1 - instruction.operand), accumulator];
        break;
      case 'RECORD':
        accumulator = [...stack.splice(stack.length + 1 - instruction.second), accumulator];
        break;
      case 'INJECT':
        accumulator = new Sum(instruction.second, accumulator);
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
      case 'FAIL':
        throw new Fault(accumulator as string);
      case 'BRANCH': {
        const [environment, condition] = accumulator as Product;
        accumulator = execute(instruction.blocks[condition === true ? 0 : 1], environment, stack, machine);
        break;
      }
      case 'SWITCH': {
        const [environment, sum] = accumulator as [Value, Sum];
        accumulator = execute(instruction.blocks[sum.tag], [environment, sum.value], stack, machine);
        break;
      }
      case 'FOLD': {
        const [environment, initial, list] = accumulator as [Value, Value, List];
        accumulator = initial;
        for (const item of list.items) {
          accumulator = execute(instruction.blocks[0], [environment, accumulator, item], stack, machine);
        }
        break;
      }
      case 'MAP': {
        const [environment, list] = accumulator as [Value, List];
        accumulator = listOf(
          list.items.map((item) => execute(instruction.blocks[0], [environment, item], stack, machine)),
        );
        break;
      }
      default:
        accumulator = builtIn(instruction.name, accumulator);
    }
  }
  return accumulator;
}

/** A list without its size, which nothing here asks for. */
const listOf = (items: readonly Value[]): List => new List(items, 0);

const integer = (result: number): number => {
  if (result > INT_MAX || result < INT_MIN) throw new RangeError('integer overflow');
  return result;
};

const itemsOf = (list: Value): readonly Value[] => (list as List).items;

/** What arithmetic and built-ins give; pairs are taken apart as they are. */
function builtIn(name: InstructionName, accumulator: Value): Value {
  const pair = accumulator as Product;
  const left = pair[0] as number;
  const right = pair[1] as number;
  switch (name) {
    case 'ADD':
      return integer(left + right);
    case 'SUB':
      return integer(left - right);
    case 'MUL':
      return integer(left * right);
    case 'REM':
      return left % right;
    case 'LT':
      return left < right;
    case 'GT':
      return left > right;
    case 'EQ':
      return left === right;
    case 'INT_MIN':
      return Math.min(left, right);
    case 'INT_MAX':
      return Math.max(left, right);
    case 'STRING_CONCAT':
      return (pair[0] as string) + (pair[1] as string);
    case 'STRING_LENGTH':
      return [...(accumulator as string)].length;
    case 'STRING_CONTAINS':
      return (pair[0] as string).includes(pair[1] as string);
    case 'STRING_JOIN':
      return (itemsOf(pair[0]) as readonly string[]).join(pair[1] as string);
    case 'STRING_SLICE': {
      const [text, start, end] = pair as readonly [string, number, number];
      return [...text].slice(start, end).join('');
    }
    case 'STRING_TO_UPPER':
      return (accumulator as string).toUpperCase();
    case 'LIST_RANGE':
      return listOf(Array.from({ length: right - left }, (_, i) => left + i));
    case 'LIST_APPEND':
      return listOf([...itemsOf(pair[0]), pair[1]]);
    case 'LIST_LENGTH':
      return itemsOf(accumulator).length;
    case 'LIST_DROP':
      return listOf(itemsOf(pair[0]).slice(right));
    case 'LIST_TAKE':
      return listOf(itemsOf(pair[0]).slice(0, right));
    case 'LIST_REVERSE':
      return listOf(itemsOf(accumulator).toReversed());
    case 'LIST_SELECT':
      return listOf(
        itemsOf(accumulator)
          .filter((item) => (item as Product)[0] === true)
          .map((item) => (item as Product)[1]),
      );
    case 'MAP_GET': {
      const found = (pair[0] as MapValue).get(pair[1]);
      return found === undefined ? new Sum(0, null) : new Sum(1, found);
    }
    case 'MAP_INSERT':
      return (pair[0] as MapValue).with(pair[1], pair[2]);
    default:
      throw new Error(`${name} (${OP[name]}) is in no workload`);
  }
}
