import { entryFuel, instructionName, wordsAt, type Unit, type Value } from '@smc/protocol';
import type { FunctionFacts, Verified } from './verify.ts';

/**
 * All functions of a verified unit in one array, as the interpreter runs them: one after the
 * other, each instruction with the words that it had, so that a position is that of the
 * bytecode plus the start of its function. Three kinds of operands are resolved:
 *
 * - a jump is a position in this array;
 * - the type that RECORD names is replaced by the number of its fields;
 * - the type that CUR names is replaced by the fuel of its body.
 */
export interface Layout {
  readonly code: Int32Array;
  readonly constants: readonly Value[];
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
  for (const [index, { code: words }] of functions.entries()) {
    code.set(words, entries[index]);
    relocate(unit, code, entries[index], entries[index] + words.length);
  }
  return {
    code,
    constants: unit.constants.map((constant) => constant.value),
    entries,
    entryFuels: Int32Array.from(functions, (each) => entryFuel(each.code.length)),
    facts: verified.functions,
  };
}

function relocate(unit: Unit, code: Int32Array, start: number, end: number): void {
  for (let pc = start; pc < end; pc += wordsAt(code, pc)) {
    switch (instructionName(code[pc])) {
      case 'JUMP':
      case 'FOLD':
        code[pc + 1] += start;
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
}
