import type { JitMode } from '@smc/vm';
import type { Command } from 'commander';
import type { Words } from './command.ts';

/** `--no-jit`: machines are interpreted, whatever they run for. */

/** Declares `--no-jit` on a command that runs machines. */
export function declareJit(command: Command): void {
  command.option('--no-jit', 'interpret what runs, and make no JavaScript of it; replies are the same');
}

/** How a machine is to be loaded. */
export const jitOf = (words: Words): JitMode => (words.options['jit'] === false ? 'never' : 'auto');
