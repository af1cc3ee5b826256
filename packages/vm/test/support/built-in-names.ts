import type { InstructionName } from '@smc/protocol';

/** Those that `instructions.test.ts` has its examples of, as it has of all that are no built-ins. */
const WITH_OTHERS: readonly InstructionName[] = [
  'INT_TO_STRING',
  'STRING_CONCAT',
  'STRING_LENGTH',
  'LIST_APPEND',
  'LIST_CONCAT',
  'LIST_LENGTH',
  'LIST_RANGE',
];

/** Whether an instruction is a built-in that `built-ins.test.ts` is about. */
export function isBuiltIn(name: InstructionName): boolean {
  return /^(INT|STRING|LIST|BYTES|TIME|MAP|SET)_/.test(name) && !WITH_OTHERS.includes(name);
}
