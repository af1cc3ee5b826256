import type { OperationName, Routine } from '../lower/lir.ts';

/** Operations that give an integer, a time or a truth value whatever they are given. */
const SCALAR: ReadonlySet<OperationName> = new Set<OperationName>([
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
  'SAME',
  'DIFFERENT',
  'LESS',
  'NOT_GREATER',
  'NOT',
  'EQUAL',
  'ORDER',
  'TAG',
  'LENGTH',
  'RANGE_LENGTH',
  'COUNT',
]);

/**
 * The registers of a routine that may hold more than a scalar: those that are cleared after a
 * run, so that no value stays alive because some program has once seen it.
 */
export function mayHoldReferences({ parameters, registers, operations }: Routine): number[] {
  const holds = Array.from({ length: registers }, (_, register) => register < parameters);
  const movedTo = new Map<number, number[]>();
  const found: number[] = [];
  const mark = (register: number): void => {
    if (!holds[register]) found.push(register);
    holds[register] = true;
  };
  const targetsOf = (register: number): number[] => {
    let targets = movedTo.get(register);
    if (targets === undefined) {
      targets = [];
      movedTo.set(register, targets);
    }
    return targets;
  };
  for (const { name, target, operands } of operations) {
    if (name === 'MOVE') {
      // What is a constant stays alive anyway.
      if (operands[0] >= 0) targetsOf(operands[0]).push(target);
    } else if (target >= 0 && !SCALAR.has(name)) mark(target);
  }
  for (let register = 0; register < parameters; register++) found.push(register);
  for (const register of found) for (const target of targetsOf(register)) mark(target);
  return found;
}
