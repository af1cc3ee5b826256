import { JournalError } from '@smc/node';
import type { Command } from 'commander';
import { EXIT, Stop, type ExitStatus } from './exit.ts';
import type { Output } from './output.ts';

/** The directories of nodes, for the commands that work on them. */

export const DEFAULT_DIRECTORY = './smc-data';

export function declareData(command: Command): void {
  command.option('--data <dir>', `the directory of the node (default: ${DEFAULT_DIRECTORY})`);
}

/** The directory that was named, or that of a node where nothing is named. */
export function dataDirectory(named: unknown): string {
  if (named === '') {
    throw new Stop(
      EXIT.usage,
      'usage',
      'the directory of the node has no name',
      'A variable of a shell may be empty.',
    );
  }
  return typeof named === 'string' ? named : DEFAULT_DIRECTORY;
}

/** Between two lines that tell how far it is. */
const PROGRESS_MILLIS = 1_000;

/** Tells how many entries of a backup were compared with their checksums, where that takes long. */
export function checkedOn(output: Output): (done: number, of: number) => void {
  let toldAt = performance.now();
  return (done, of) => {
    if (performance.now() - toldAt < PROGRESS_MILLIS) return;
    toldAt = performance.now();
    output.note(`checked: ${done} of ${of} entries`);
  };
}

/** Ends the command for what is wrong with a directory or a file. */
export async function onData<T = ExitStatus>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Stop) throw error;
    const { message, code } = error as Error & { code?: string };
    if (error instanceof JournalError) throw new Stop(EXIT.refused, 'journal', message);
    if (code !== undefined) throw new Stop(EXIT.refused, 'not-done', message);
    throw error;
  }
}
