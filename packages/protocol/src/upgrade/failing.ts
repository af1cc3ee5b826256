import type { Unit } from '../image.ts';
import { OP, wordsAt } from '../instructions.ts';

/**
 * For each function of a verified unit whether it may come to a FAIL, in its own code or in that
 * of a function that it calls. Verified code has no position that nothing leads to. What any
 * arithmetic may do, to overflow or to divide by zero, is not counted.
 */
export function failingFunctions({ functions }: Unit): readonly boolean[] {
  const failing: boolean[] = [];
  // A verified function calls only those before it.
  for (const { code } of functions) {
    let fails = false;
    for (let pc = 0; pc < code.length && !fails; pc += wordsAt(code, pc)) {
      fails = code[pc] === OP.FAIL || (code[pc] === OP.CALL && failing[code[pc + 1]]);
    }
    failing.push(fails);
  }
  return failing;
}
