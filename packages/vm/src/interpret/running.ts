import type { Product, Value } from '@smc/protocol';
import type { Meter } from '../builtins/meter.ts';
import type { Builder } from '../builtins/operations.ts';
import type { Encoded } from './encode.ts';

/** A closure: a routine, and what it is over. */
export class Closure {
  readonly routine: number;
  readonly over: Datum;

  constructor(routine: number, over: Datum) {
    this.routine = routine;
    this.over = over;
  }
}

/** What a register holds; `undefined` is the None of an optional. */
export type Datum = Value | undefined | Closure | Builder;

/** What the instructions of a unit work on. */
export interface Running {
  readonly encoded: Encoded;
  readonly code: Int32Array;
  readonly registers: Datum[];
  readonly meter: Meter;
}

/** The values of a list of operands. */
export function operandsOf({ registers, encoded: { lists } }: Running, list: number): Product {
  const count = lists[list];
  if (count === 2) return [registers[lists[list + 1]] as Value, registers[lists[list + 2]] as Value];
  const operands: Value[] = [];
  // At once: an array that grows takes more than it holds.
  operands.length = count;
  for (let i = 0; i < count; i++) operands[i] = registers[lists[list + 1 + i]] as Value;
  return operands;
}
