import { existsSync, statSync, watch, type FSWatcher } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import type { Command } from 'commander';
import type { Environment, Words } from './command.ts';
import { EXIT, Refused, Stop, type ExitStatus } from './exit.ts';
import type { Output } from './output.ts';

/** `--watch`: a command that runs again whenever a file changes that it has read. */

/** An editor writes a file in several steps; what follows within this time is one change. */
const SETTLE_MILLIS = 50;
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
  const changes = new Changes();
  let isEnded = false;
  const ended = environment.untilEnded().then(() => {
    isEnded = true;
  });
  while (!isEnded) {
    if (environment.stdout.isTTY === true && !output.json) environment.stdout.write(CLEAR);
    const files = new Map<string, string>();
    changes.forget();
    runOnce(run, files, output);
    changes.watch(files);
    output.note(`watching ${files.size === 1 ? 'one file' : `${files.size} files`}; Ctrl-C ends this`);
    await Promise.race([ended, changes.next()]);
  }
  changes.close();
  return EXIT.done;
}

/** What would end the command is said, and the next change is waited for. */
function runOnce(
  run: (onRead: (file: string) => void) => ExitStatus,
  files: Map<string, string>,
  output: Output,
): void {
  try {
    run((file) => {
      const path = resolve(file);
      if (!files.has(path)) files.set(path, versionOf(path));
    });
  } catch (error) {
    if (error instanceof Refused) return;
    if (!(error instanceof Stop)) throw error;
    output.stopped(error);
  }
}

/** What tells one content of a file from the next; the same for all that can not be read. */
function versionOf(path: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(path);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return '';
  }
}

/**
 * Changes of files, seen through their folders: an editor may put a new file in the place of the
 * old one, and a file that is not there yet may come.
 */
class Changes {
  #files: ReadonlyMap<string, string> = new Map();
  readonly #folders = new Map<string, FSWatcher>();
  #hasChanged = false;
  #timer: NodeJS.Timeout | null = null;
  #wake: (() => void) | null = null;

  /** What has changed so far has been seen by whoever reads now. */
  forget(): void {
    this.#hasChanged = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  /** Watches these files, and no others; each with the version that was read. */
  watch(files: ReadonlyMap<string, string>): void {
    this.#files = files;
    const folders = new Set([...files.keys()].map((file) => nearestFolder(dirname(file))));
    for (const [folder, watcher] of this.#folders) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.#folders.delete(folder);
    }
    for (const folder of folders) {
      if (this.#folders.has(folder)) continue;
      const watcher = watch(folder, (_, name) => this.#take(folder, name));
      // A folder that goes away is a change of what was in it.
      watcher.on('error', () => this.#take(folder, null));
      this.#folders.set(folder, watcher);
    }
    // What changed before anybody watched is told by nobody.
    for (const [file, version] of files) if (versionOf(file) !== version) this.#hasChanged = true;
  }

  /** Resolves after the next change, at once where there was one since `forget`. */
  async next(): Promise<void> {
    if (this.#hasChanged) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = null;
  }

  close(): void {
    for (const watcher of this.#folders.values()) watcher.close();
    this.#folders.clear();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #take(folder: string, name: string | null): void {
    const path = name === null ? null : resolve(folder, name);
    const isOurs =
      path === null ||
      // A new source may be one that is looked for.
      path.endsWith('.sm') ||
      [...this.#files.keys()].some((file) => file === path || file.startsWith(path + sep));
    if (!isOurs) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#hasChanged = true;
      this.#wake?.();
    }, SETTLE_MILLIS);
  }
}

/** The folder, or the nearest above it that is there. */
function nearestFolder(folder: string): string {
  let nearest = folder;
  while (!existsSync(nearest) && dirname(nearest) !== nearest) nearest = dirname(nearest);
  return nearest;
}
