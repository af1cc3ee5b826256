import { statSync } from 'node:fs';
import { join } from 'node:path';
import { FILES } from './schema.ts';
import { walOf } from './wal.ts';

/** Appends between two looks at the size of the write-ahead log: some mebibytes, with small ones. */
const APPENDS = 1_024;

/** From this size on somebody is told; and again where it has doubled. */
const WARNED_BYTES = 1024 * 1024 * 1024;

/** What the system lets a group, and all others, do with a file, or in a directory. */
const READ_BY_OTHERS = 0o044;
const ENTER_BY_OTHERS = 0o011;

/**
 * Watches the size of SQLite's write-ahead log, which is emptied only when nobody reads the journal: a program that
 * was forgotten in a terminal makes it grow until the disk is full.
 */
export class WalWatch {
  readonly #file: string;
  readonly #warn: (message: string) => void;
  #appends = 0;
  #warnAt: number;

  constructor(directory: string, warn: (message: string) => void, warnAt = WARNED_BYTES) {
    this.#file = walOf(join(directory, FILES.journal));
    this.#warn = warn;
    this.#warnAt = warnAt;
  }

  /** 0 where there is none. */
  get bytes(): number {
    return statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** To be told of each append. */
  appended(): void {
    if (this.#appends++ % APPENDS !== 0) return;
    const { bytes } = this;
    if (bytes < this.#warnAt) return;
    while (this.#warnAt <= bytes) this.#warnAt *= 2;
    const mebibytes = Math.floor(bytes / 1024 / 1024);
    this.#warn(
      `${this.#file} has ${mebibytes} MiB: it can not be emptied while a program reads the journal; fuser -v ${this.#file} tells which`,
    );
  }
}

/** What to tell where other users of this computer can read the journal; null where they can not. */
export function exposedTo(directory: string): string | null {
  const modeOf = (name: string): number => statSync(name, { throwIfNoEntry: false })?.mode ?? 0;
  const isOpen = (modeOf(directory) & ENTER_BY_OTHERS) !== 0;
  if (!isOpen || (modeOf(join(directory, FILES.journal)) & READ_BY_OTHERS) === 0) return null;
  return `other users of this computer can read ${join(directory, FILES.journal)}, and so all states: chmod 700 ${directory}`;
}
