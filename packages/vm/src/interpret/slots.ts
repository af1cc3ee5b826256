import type { Operation, Routine } from '../lower/lir.ts';

/** Where the registers of a routine are in its window. */
export interface Slots {
  /** By register. */
  readonly slots: Int32Array;
  /** How many there are. */
  readonly count: number;
}

/**
 * Gives one slot to registers that are never in use at the same time, so that there are few to clear
 * after a run. Control goes forward but for loops: a register is in use from where it is first
 * mentioned to where it is last, or to the end of the outermost loop in which it is mentioned and
 * that began after it was. Parameters have the first slots.
 */
export function slotsOf({ parameters, registers, operations }: Routine): Slots {
  const lasts = lastMentions(operations, parameters, registers);
  const slots = new Int32Array(registers).fill(-1);
  const free: number[] = [];
  let count = 0;
  const take = (register: number): void => {
    if (register < 0 || slots[register] >= 0) return;
    slots[register] = free.pop() ?? count++;
  };
  const ending = new Map<number, number[]>();
  for (const [register, last] of lasts.entries()) {
    const registersThere = ending.get(last);
    if (registersThere === undefined) ending.set(last, [register]);
    else registersThere.push(register);
  }
  for (let parameter = 0; parameter < parameters; parameter++) take(parameter);
  for (const [at, { target }] of operations.entries()) {
    const ended = ending.get(at) ?? [];
    // What is read for the last time is read before the result is written.
    for (const register of ended) if (register !== target) free.push(slots[register]);
    take(target);
    if (target >= 0 && lasts[target] === at) free.push(slots[target]);
  }
  return { slots, count };
}

interface OpenLoop {
  readonly at: number;
  /** Registers that are in use up to its end. */
  readonly kept: number[];
}

/** By register: the last operation at which it is in use. */
function lastMentions(operations: readonly Operation[], parameters: number, registers: number): Int32Array {
  const firsts = new Int32Array(registers).fill(operations.length);
  const lasts = new Int32Array(registers).fill(-1);
  firsts.fill(-1, 0, parameters);
  /** Outermost first. */
  const open: OpenLoop[] = [];
  const mention = (register: number, at: number): void => {
    if (register < 0) return;
    firsts[register] = Math.min(firsts[register], at);
    lasts[register] = at;
    const outer = outermostAfter(open, firsts[register]);
    if (outer < open.length) open[outer].kept.push(register);
  };
  for (const [at, { name, target, operands }] of operations.entries()) {
    for (const operand of operands) mention(operand, at);
    mention(target, at);
    if (name === 'LOOP') open.push({ at, kept: operands[0] >= 0 ? [target, operands[0]] : [target] });
    if (name === 'NEXT') for (const register of open.pop()!.kept) lasts[register] = at;
  }
  return lasts;
}

/** The index of the first loop that began after an operation; the number of loops where none did. */
function outermostAfter(open: readonly OpenLoop[], at: number): number {
  let low = 0;
  let high = open.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (open[middle].at <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
