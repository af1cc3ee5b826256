import {
  entryFuel,
  instructionName,
  keyOrder,
  wordsAt,
  type KeyOrder,
  type TypeNode,
  type TypeTable,
  type Unit,
  type Value,
} from '@smc/protocol';
import type { FunctionFacts, Verified } from './verify.ts';

/**
 * All functions of a verified unit in one array, as the interpreter runs them: one after the
 * other, each instruction with the words that it had, so that a position is that of the
 * bytecode plus the start of its function. Some words are resolved:
 *
 * - a jump is a position in this array;
 * - the type that RECORD names is replaced by the number of its fields;
 * - the type that CUR names is replaced by the fuel of its body;
 * - the type that LIST_SORT, MAP_FROM_LIST or SET_FROM_LIST names is replaced by a number of `orders`;
 * - the NEXT of a MAP becomes `MAP_NEXT`, since it is not that of a FOLD.
 */
export interface Layout {
  readonly code: Int32Array;
  readonly constants: readonly Value[];
  /** The orders of keys that the code makes use of. */
  readonly orders: readonly KeyOrder[];
  /** By the index of the function: its start, and the fuel of entering it. */
  readonly entries: Int32Array;
  readonly entryFuels: Int32Array;
  readonly facts: readonly FunctionFacts[];
}

export function layOut(unit: Unit, verified: Verified): Layout {
  const { functions } = unit;
  const entries = new Int32Array(functions.length);
  let length = 0;
  for (const [index, { code }] of functions.entries()) {
    entries[index] = length;
    length += code.length;
  }
  const code = new Int32Array(length);
  const orders = new Orders(unit.types);
  for (const [index, { code: words }] of functions.entries()) {
    code.set(words, entries[index]);
    relocate(unit, code, entries[index], entries[index] + words.length, orders);
  }
  return {
    code,
    constants: unit.constants.map((constant) => constant.value),
    orders: orders.list,
    entries,
    entryFuels: Int32Array.from(functions, (each) => entryFuel(each.code.length)),
    facts: verified.functions,
  };
}

/** Follows the codes of the table, which are bytes. */
export const MAP_NEXT = 0x100;

/** The orders of key types, each once. */
class Orders {
  readonly list: KeyOrder[] = [];
  readonly #types: TypeTable;
  readonly #numbers = new Map<number, number>();

  constructor(types: TypeTable) {
    this.#types = types;
  }

  numberOf(type: number): number {
    let number = this.#numbers.get(type);
    if (number === undefined) {
      number = this.list.push(keyOrder(this.#types, type)) - 1;
      this.#numbers.set(type, number);
    }
    return number;
  }
}

/** The type of the keys of a map or set. */
function keyOf(node: TypeNode): number {
  if (node.kind === 'map') return node.key;
  if (node.kind === 'set') return node.item;
  throw new Error(`a ${node.kind} has no keys`);
}

function relocate(unit: Unit, code: Int32Array, start: number, end: number, orders: Orders): void {
  const mapEnds: number[] = [];
  for (let pc = start; pc < end; pc += wordsAt(code, pc)) {
    switch (instructionName(code[pc])) {
      case 'JUMP':
      case 'FOLD':
        code[pc + 1] += start;
        break;
      case 'MAP':
        code[pc + 1] += start;
        mapEnds.push(code[pc + 1] - 1);
        break;
      case 'LIST_SORT':
        code[pc + 1] = orders.numberOf(code[pc + 1]);
        break;
      case 'MAP_FROM_LIST':
      case 'SET_FROM_LIST':
        code[pc + 1] = orders.numberOf(keyOf(unit.types.node(code[pc + 1])));
        break;
      case 'BRANCH':
        code[pc + 1] += start;
        code[pc + 2] += start;
        break;
      case 'SWITCH':
        code[pc + 1] += start;
        for (let arm = 0; arm < code[pc + 2]; arm++) code[pc + 3 + arm] += start;
        break;
      case 'CUR':
        code[pc + 2] += start;
        code[pc + 1] = entryFuel(code[pc + 2] - pc - 3);
        break;
      case 'RECORD':
        code[pc + 1] = unit.types.components(code[pc + 1])!.length;
        break;
      default:
    }
  }
  for (const pc of mapEnds) code[pc] = MAP_NEXT;
}
