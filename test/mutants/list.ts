import { BLOCK_MUTANTS } from './blocks.ts';
import { IMAGE_MUTANTS } from './images.ts';
import { INSTRUCTION_MUTANTS } from './instructions.ts';
import type { Mutant } from './mutant.ts';
import { TABLE_MUTANTS } from './tables.ts';

/** All mutants of the verifier. */
export const MUTANTS: readonly Mutant[] = [
  ...INSTRUCTION_MUTANTS,
  ...BLOCK_MUTANTS,
  ...TABLE_MUTANTS,
  ...IMAGE_MUTANTS,
];
