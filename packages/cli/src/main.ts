import { readFileSync } from 'node:fs';
import { smc } from './program.ts';

/** The end of a pipe that nobody reads any more (`smc … | head`) is not an error of ours. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** From the call on, the first SIGINT or SIGTERM asks for a graceful end; a second one ends the process. */
const untilEnded = (): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => resolve();
    process.once('SIGINT', end);
    process.once('SIGTERM', end);
  });

/** Runs the command that the words of the process name. */
async function main(): Promise<void> {
  const written = new Set<NodeJS.WriteStream>([process.stdout]);
  try {
    process.exitCode = await smc(process.argv.slice(2), manifest.version, {
      // Node makes a stream when it is first asked for, which takes its time.
      get stdin() {
        return process.stdin;
      },
      stdout: process.stdout,
      get stderr() {
        written.add(process.stderr);
        return process.stderr;
      },
      environment: process.env,
      untilEnded,
    });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    process.stderr.write(
      `internal error: ${text}\n  This is a mistake of smc ${manifest.version}, not yours. ` +
        'Please report it, with the command and the files that it was given.\n',
    );
    process.exitCode = 1;
    written.add(process.stderr);
  }
  // Once all is written: to take down a large heap, or to wait for an idle connection, is of no use.
  await Promise.all([...written].map((stream) => new Promise((resolve) => stream.write('', resolve))));
  process.exit();
}

void main();
