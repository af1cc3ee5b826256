import type { Value } from '@smc/protocol';
import { BUILT_INS } from '../builtins/table.ts';
import type { Operation, OperationName, Routine } from '../lower/lir.ts';

/**
 * Which registers of a routine hold integers (or times). The interpreter has those in a file of
 * doubles, so that they are neither boxed nor tested, and all others in a file of references.
 *
 * LIR has no types, but it was typed: a register that some operation takes as an integer, or gives
 * one to, holds one always; and so do those that it is moved to or compared with. The exception is
 * an optional integer, which is `undefined` or one. It has both: a reference that says which, and
 * the integer for those that take it as one.
 */
export interface Integers {
  /** By register: whether it is in the file of doubles. */
  readonly isInteger: readonly boolean[];
  /** By register: whether it is in the file of references. */
  readonly isReference: readonly boolean[];
}

/** Operations that give an integer, whatever they are given. */
const GIVING: ReadonlySet<OperationName> = new Set<OperationName>([
  'LOOP',
  'NOW',
  'ADD',
  'SUB',
  'MUL',
  'DIV',
  'REM',
  'NEG',
  'MIN',
  'MAX',
  'ABS',
  'OFFSET',
  'ORDER',
  'TAG',
  'LENGTH',
  'RANGE_LENGTH',
  'COUNT',
]);

/** Operations that take integers, by the operands that are. */
const TAKING: Partial<Record<OperationName, readonly number[]>> = {
  BR_LESS: [0, 1],
  BR_NOT_GREATER: [0, 1],
  BR_TABLE: [0],
  LOOP: [0],
  ADD: [0, 1],
  SUB: [0, 1],
  MUL: [0, 1],
  DIV: [0, 1],
  REM: [0, 1],
  NEG: [0],
  MIN: [0, 1],
  MAX: [0, 1],
  ABS: [0],
  OFFSET: [0, 1],
  INT_TO_STRING: [0],
  LESS: [0, 1],
  NOT_GREATER: [0, 1],
  ITEM: [1],
  FIND_ITEM: [1],
  RANGE_LENGTH: [0, 1],
  RANGE: [0, 1],
};

/** Operations that say of two registers that they hold the same type. */
const ALIKE: ReadonlySet<OperationName> = new Set<OperationName>([
  'BR_SAME',
  'BR_DIFFERENT',
  'SAME',
  'DIFFERENT',
]);

/** Whether an operation gives an integer whatever it is given. */
export const givesInteger = (name: OperationName): boolean => GIVING.has(name);

/** Whether it gives an optional: a reference, also where it is one of integers. */
const givesOptional = ({ name, immediate }: Operation): boolean =>
  name === 'FIND_ITEM' || (name === 'BUILT_IN' && BUILT_INS[immediate]!.isOptional);

export function integersOf({ registers, operations }: Routine, constants: readonly Value[]): Integers {
  const groups = new Groups(registers);
  const integers = new Uint8Array(registers);
  const optionals = new Uint8Array(registers);
  const isInteger = (operand: number): boolean => operand < 0 && typeof constants[~operand] === 'number';
  const mark = (marks: Uint8Array, register: number): void => {
    if (register >= 0) marks[register] = 1;
  };
  for (const operation of operations) {
    const { name, target, operands } = operation;
    if (GIVING.has(name)) mark(integers, target);
    if (givesOptional(operation)) mark(optionals, target);
    for (const index of TAKING[name] ?? []) mark(integers, operands[index]);
    const alike = name === 'MOVE' ? [target, operands[0]] : ALIKE.has(name) ? operands : [];
    if (alike.length === 0) continue;
    const [left, right] = alike;
    if (left >= 0 && right >= 0) groups.unite(left, right);
    else if (isInteger(left) || isInteger(right)) mark(integers, Math.max(left, right));
  }
  for (let register = 0; register < registers; register++) {
    const group = groups.of(register);
    integers[group] |= integers[register];
    optionals[group] |= optionals[register];
  }
  const all = Array.from({ length: registers }, (_, register) => groups.of(register));
  return {
    isInteger: all.map((group) => integers[group] === 1),
    isReference: all.map((group) => integers[group] === 0 || optionals[group] === 1),
  };
}

/** Registers that hold the same type. */
class Groups {
  readonly #parents: Int32Array;

  constructor(registers: number) {
    this.#parents = Int32Array.from({ length: registers }, (_, register) => register);
  }

  of(register: number): number {
    let root = register;
    for (let parent = this.#parents[root]; parent !== root; parent = this.#parents[root]) {
      this.#parents[root] = this.#parents[parent];
      root = parent;
    }
    return root;
  }

  unite(left: number, right: number): void {
    this.#parents[this.of(left)] = this.of(right);
  }
}
