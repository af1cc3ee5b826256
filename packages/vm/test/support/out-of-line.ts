import type { InstructionName } from '@smc/protocol';

/** Built-ins that the dispatch of the interpreter has an arm for. */
const IN_LINE: readonly InstructionName[] = [
  'INT_TO_STRING',
  'STRING_CONCAT',
  'STRING_LENGTH',
  'LIST_APPEND',
  'LIST_CONCAT',
  'LIST_LENGTH',
  'LIST_RANGE',
];

/** Whether an instruction is a built-in that stands out of line in the interpreter. */
export function isOutOfLine(name: InstructionName): boolean {
  return /^(INT|STRING|LIST|BYTES|TIME|MAP|SET)_/.test(name) && !IN_LINE.includes(name);
}
