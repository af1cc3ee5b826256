import type { Unit } from '../image.ts';
import { OP, wordsAt } from '../instructions.ts';

/** For each function of a verified unit whether it may change the state, by itself or by one that it calls. */
export function writingFunctions({ functions }: Unit): readonly boolean[] {
  const writing: boolean[] = [];
  // A verified function calls only those before it.
  for (const { code } of functions) {
    let writes = false;
    for (let pc = 0; pc < code.length && !writes; pc += wordsAt(code, pc)) {
      writes = code[pc] === OP.PUT || (code[pc] === OP.CALL && writing[code[pc + 1]]);
    }
    writing.push(writes);
  }
  return writing;
}
