import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { smc } from './program.ts';

let isDetached = false;

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (isDetached) return;
  // The end of a pipe that nobody reads any more (`smc … | head`) is not an error of ours.
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

/** What is meant for people may find nobody there, or a full disk: a node goes on, and other commands end as they would. */
function openStderr(): NodeJS.WriteStream {
  return process.stderr.on('error', () => {});
}

/** For readers that take nothing, once the process was asked to end. */
const LAST_WRITES_MILLIS_MAX = 1_000;

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Whoever ends a process may signal it, and its group: what comes within so long of the first is the same wish. */
const ONE_WISH_MILLIS = 1_000;

/** When the process was asked to end, first of all. */
let askedAt: number | null = null;

/**
 * From the call on, SIGINT or SIGTERM asks for a graceful end; a later one ends the process, as does any once it is
 * `over`, when nobody would hear that.
 */
const untilEnded = (over?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const hear = (name: (typeof SIGNALS)[number]): void => {
      const now = performance.now();
      askedAt ??= now;
      resolve();
      if (now - askedAt >= ONE_WISH_MILLIS) endBy(name);
    };
    for (const name of SIGNALS) {
      process.on(name, hear);
      over?.addEventListener('abort', () => {
        // Where it was asked to end it is about to, and what comes then may be the same wish.
        if (askedAt === null) process.off(name, hear);
      });
    }
  });

/** Ends the process at once, as the signal does where nobody hears it. */
function endBy(name: (typeof SIGNALS)[number]): void {
  // First: the next signal may end it as soon as nobody hears that.
  openStderr().write(`ended at once, by a second signal: ${name}\n`);
  for (const each of SIGNALS) process.removeAllListeners(each);
  process.kill(process.pid, name);
  // The first process of a container is not ended by a signal that it does not hear.
  process.exit(128 + constants.signals[name]);
}

/** Runs the command that the words of the process name. */
async function main(): Promise<void> {
  const written: NodeJS.WriteStream[] = [process.stdout];
  let stderr: NodeJS.WriteStream | null = null;
  try {
    process.exitCode = await smc(process.argv.slice(2), manifest.version, {
      // Node makes a stream when it is first asked for, which takes its time.
      get stdin() {
        return process.stdin;
      },
      stdout: process.stdout,
      get stderr() {
        if (stderr === null) written.push((stderr = openStderr()));
        return stderr;
      },
      environment: process.env,
      untilEnded,
      detachStdout: () => {
        isDetached = true;
      },
    });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    openStderr().write(
      `internal error: ${text}\n  This is a mistake of smc ${manifest.version}, not yours. ` +
        'Please report it, with the command and the files that it was given.\n',
    );
    process.exitCode = 1;
    written.push(process.stderr);
  }
  if (askedAt !== null) setTimeout(() => process.exit(), LAST_WRITES_MILLIS_MAX);
  // Once all is written: to take down a large heap, or to wait for an idle connection, is of no use.
  await Promise.all(written.map((stream) => new Promise((resolve) => stream.write('', resolve))));
  process.exit();
}

void main();
