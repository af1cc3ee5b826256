import type { Command } from 'commander';
import { Changes } from './changes.ts';
import type { Environment, Words } from './command.ts';
import { EXIT, Refused, Stop, type ExitStatus } from './exit.ts';
import type { Output } from './output.ts';

/** `--watch`: a command that runs again whenever a file changes that it has read. */

const CLEAR = '\x1b[2J\x1b[3J\x1b[H';

/** Declares `--watch` on a command that reads source files. */
export function declareWatch(command: Command): void {
  command.option('--watch', 'run again whenever one of the files changes; Ctrl-C ends it');
}

/** Runs once, or with `--watch` until the command is ended. `run` tells of every file that it looks for. */
export async function watching(
  words: Words,
  output: Output,
  environment: Environment,
  run: (onRead: (file: string) => void) => ExitStatus,
): Promise<ExitStatus> {
  if (words.options['watch'] !== true) return run(() => {});
  // A new source may be one that a command is for which takes all of a folder.
  const changes = new Changes({ newSources: true });
  let isEnded = false;
  const ended = environment.untilEnded().then(() => {
    isEnded = true;
  });
  while (!isEnded) {
    if (environment.stdout.isTTY === true && !output.json) environment.stdout.write(CLEAR);
    const onRead = changes.begin();
    runOnce(() => run(onRead), output);
    changes.watch();
    output.note(`watching ${changes.count === 1 ? 'one file' : `${changes.count} files`}; Ctrl-C ends this`);
    await Promise.race([ended, changes.next()]);
  }
  changes.close();
  return EXIT.done;
}

/** What would end the command is said, and the next change is waited for. */
function runOnce(run: () => ExitStatus, output: Output): void {
  try {
    run();
  } catch (error) {
    if (error instanceof Refused) return;
    if (!(error instanceof Stop)) throw error;
    output.stopped(error);
  }
}
