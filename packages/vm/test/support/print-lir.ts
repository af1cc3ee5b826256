import { Sum, instructionName } from '@smc/protocol';
import type { Lowered, Operation, Routine } from '../../src/lower/lir.ts';

/** The routines of a unit as text, in the form that `lirOf` reads but for constants that JSON has not. */
export function printLir(lowered: Lowered): string {
  return lowered.routines.map((routine) => printRoutine(lowered, routine)).join('\n');
}

function printRoutine(lowered: Lowered, { name, parameters, fuel, operations }: Routine): string {
  let depth = 1;
  const lines = [`routine ${name} ${parameters} fuel ${fuel}`];
  for (const operation of operations) {
    if (operation.name === 'END' || operation.name === 'NEXT') depth--;
    lines.push('  '.repeat(depth) + printOperation(lowered, operation));
    if (operation.name === 'BLOCK' || operation.name === 'LOOP') depth++;
  }
  return lines.join('\n');
}

/** Operations for which 0 means something. */
const NUMBERED = new Set(['BLOCK', 'END', 'BR', 'STATE', 'COMMIT', 'COMPONENT', 'SUM', 'CALL', 'CLOSURE']);

function printOperation(lowered: Lowered, operation: Operation): string {
  const { name, target, operands, immediate, pending, labels } = operation;
  const isNumbered = immediate !== 0 || NUMBERED.has(name) || name.startsWith('BR_');
  const number = name === 'BUILT_IN' || name === 'CHANGE' ? instructionName(immediate) : immediate;
  const words = [
    ...(target < 0 ? [] : [`r${target} =`]),
    isNumbered && name !== 'BR_TABLE' ? `${name}.${number}` : name,
    ...operands.map((operand) => printOperand(lowered, operand)),
    ...(labels.length === 0 ? [] : [`[${labels.join(' ')}]`]),
    ...(pending === 0 ? [] : [`!${pending}`]),
  ];
  return words.join(' ');
}

function printOperand({ constants }: Lowered, operand: number): string {
  if (operand >= 0) return `r${operand}`;
  const value = constants[~operand];
  if (value === null) return 'unit';
  return value instanceof Sum ? `$${value.tag}(${JSON.stringify(value.value)})` : JSON.stringify(value);
}
