import type { Product, Value } from '@smc/protocol';
import type { Meter } from '../builtins/meter.ts';
import type { Builder } from '../builtins/operations.ts';
import { normal } from '../values/integer.ts';
import type { Encoded, Site } from './encode.ts';

/** A closure: a routine, and what it is over. */
export class Closure {
  readonly routine: number;
  readonly over: Datum;

  constructor(routine: number, over: Datum) {
    this.routine = routine;
    this.over = over;
  }
}

/** What a register of the file of references holds; `undefined` is the None of an optional. */
export type Datum = Value | undefined | Closure | Builder;

/** What the instructions of a unit work on. */
export interface Running {
  readonly encoded: Encoded;
  readonly code: Int32Array;
  readonly sites: readonly Site[];
  readonly isProduct: boolean;
  /** The two files of registers. */
  readonly references: Datum[];
  readonly integers: Float64Array;
  /** Of routines that are entered and not left: the position to return to, and the register for the result. */
  readonly frames: Int32Array;
  readonly meter: Meter;
  /** Says that a routine is entered: what its registers hold is to be cleared. */
  enter(routine: number): void;
}

/** An operand of either file: a position in that of references, or `~` of one in that of integers. */
export function valueOf({ references, integers }: Running, operand: number): Datum {
  return operand >= 0 ? references[operand] : normal(integers[~operand]);
}

/** The values of a list of operands. */
export function operandsOf(p: Running, list: number): Product {
  const { lists } = p.encoded;
  const count = lists[list];
  // Literals, since the host takes much longer to make an array of a length.
  if (count === 1) return [operandOf(p, list + 1)];
  if (count === 2) return [operandOf(p, list + 1), operandOf(p, list + 2)];
  if (count === 3) return [operandOf(p, list + 1), operandOf(p, list + 2), operandOf(p, list + 3)];
  const operands: Value[] = [];
  // At once: an array that grows takes more than it holds.
  operands.length = count;
  for (let i = 0; i < count; i++) operands[i] = operandOf(p, list + 1 + i);
  return operands;
}

const operandOf = (p: Running, at: number): Value => valueOf(p, p.encoded.lists[at]) as Value;
