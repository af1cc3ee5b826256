import { JournalError } from '@smc/node';
import type { Command } from 'commander';
import { EXIT, Stop, type ExitStatus } from './exit.ts';

/** The directories of nodes, for the commands that work on them. */

export const DEFAULT_DIRECTORY = './smc-data';

export function declareData(command: Command): void {
  command.option('--data <dir>', `the directory of the node (default: ${DEFAULT_DIRECTORY})`);
}

/** The directory that was named, or that of a node where nothing is named. */
export function dataDirectory(named: unknown): string {
  return typeof named === 'string' ? named : DEFAULT_DIRECTORY;
}

/** Ends the command for what is wrong with a directory or a file. */
export async function onData<T = ExitStatus>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { message, code } = error as Error & { code?: string };
    if (error instanceof JournalError) throw new Stop(EXIT.refused, 'journal', message);
    if (code !== undefined) throw new Stop(EXIT.refused, 'not-done', message);
    throw error;
  }
}
