import { existsSync, realpathSync, statSync, watch, type FSWatcher, type Stats } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { EXIT, Stop } from './exit.ts';
import { reason } from './files.ts';

/** An editor writes a file in several steps; a file that has not changed for this time is complete. */
const SETTLE_MILLIS = 50;

interface Folder {
  readonly watcher: FSWatcher;
  /** What tells it from another folder of its name that came later. */
  readonly inode: number | undefined;
}

/**
 * Changes of the files that were read, seen through their folders: an editor may put a new file in
 * the place of the old one, and a file that is not there yet may come.
 *
 * It goes in rounds: `begin`, the files are read, `watch`, `next`. A change that comes after its
 * file was read, however early, ends the round; one that comes before belongs to it.
 */
export class Changes {
  /** What was looked for in this round, by absolute path, with the version that was there; '' for none. */
  readonly #files = new Map<string, string>();
  readonly #folders = new Map<string, Folder>();
  readonly #takesNewSources: boolean;
  #hasNewSource = false;
  /** Pending while somebody waits for a change. */
  #next: Promise<void> | null = null;
  #wake: (() => void) | null = null;

  /** `newSources`: whether a source beside them, that was not looked for, is a change. */
  constructor({ newSources }: { readonly newSources: boolean }) {
    this.#takesNewSources = newSources;
  }

  /** How many files were looked for. */
  get count(): number {
    return this.#files.size;
  }

  /** Begins a round. To be told of every file before it is read, whether it is there or not. */
  begin(): (file: string) => void {
    this.#files.clear();
    this.#hasNewSource = false;
    return (file) => {
      const path = resolve(file);
      if (!this.#files.has(path)) this.#files.set(path, versionOf(path));
    };
  }

  /** Watches the files of this round, and no others. */
  watch(): void {
    const wanted = new Set([...this.#files.keys()].flatMap(foldersOf));
    for (const [path, { watcher, inode }] of this.#folders) {
      if (wanted.has(path) && statOf(path)?.ino === inode) continue;
      watcher.close();
      this.#folders.delete(path);
    }
    for (const path of wanted) if (!this.#folders.has(path)) this.#watchFolder(path);
  }

  /** Resolves when the next change is complete, or the one that has come in this round. */
  next(): Promise<void> {
    this.#next ??= this.#settled().finally(() => {
      this.#next = null;
    });
    return this.#next;
  }

  /** The files of this round that are not as they were read, by absolute path. */
  changed(): readonly string[] {
    return [...this.#files].flatMap(([file, version]) => (versionOf(file) === version ? [] : [file]));
  }

  close(): void {
    this.#files.clear();
    this.watch();
  }

  /** Events tell when to look, and nothing more: they may come late, and may be about something else. */
  async #settled(): Promise<void> {
    for (;;) {
      if (!this.#hasChanged()) {
        await new Promise<void>((wake) => {
          this.#wake = wake;
        });
      }
      const before = this.#current();
      await setTimeout(SETTLE_MILLIS);
      // A folder may have come that was waited for.
      this.watch();
      if (this.#hasChanged() && this.#current() === before) return;
    }
  }

  /** What tells all that is there now from what was there at another time. */
  #current(): string {
    return [...this.#files.keys()].map(versionOf).join();
  }

  // What changed before anybody watched is told by nobody: the versions say it.
  #hasChanged(): boolean {
    return this.#hasNewSource || this.changed().length > 0;
  }

  #watchFolder(path: string): void {
    try {
      const watcher = watch(path, (_, name) => {
        const isSource = this.#takesNewSources && name !== null && name.endsWith('.sm');
        this.#hasNewSource ||= isSource && !this.#files.has(resolve(path, name));
        this.#wake?.();
      });
      watcher.on('error', () => this.#wake?.());
      this.#folders.set(path, { watcher, inode: statOf(path)?.ino });
    } catch (error) {
      // It was there a moment ago: that it went is a change of what was in it.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return this.#wake?.();
      throw new Stop(EXIT.refused, 'not-watched', `${path} can not be watched: ${reason(error)}`);
    }
  }
}

/** What tells one content of a file from the next. */
function versionOf(path: string): string {
  const found = statOf(path);
  return found === null ? '' : `${found.mtimeMs} ${found.size} ${found.ino}`;
}

/** Null for what is not there, or can not be looked at. */
function statOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

/** Where changes of a file show: in its folder, or in the nearest above it that is there; and where a link leads. */
function foldersOf(file: string): readonly string[] {
  let nearest = dirname(file);
  while (!existsSync(nearest) && dirname(nearest) !== nearest) nearest = dirname(nearest);
  try {
    return [nearest, dirname(realpathSync(file))];
  } catch {
    return [nearest];
  }
}
