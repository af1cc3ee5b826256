import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// What a loss of power leaves of the files of a journal: all that was synced, and of what was written since some blocks, in any order.

const DATABASE = 'journal.db';
const LOG = 'journal.db-wal';
/** Of SQLite's log: with other salts in it, it was begun anew. It is synced before what follows. */
const HEADER_BYTES = 32;
const FRAME_BYTES = 24 + 4_096;
/** From so many frames on SQLite brings them into the database (`WAL_PAGES` of `format.ts`). */
const FRAMES = 256;

type Name = typeof DATABASE | typeof LOG;
type Files = Readonly<Record<Name, Buffer>>;

/** What is written into a file before anything else is. */
interface Step {
  readonly name: Name;
  readonly from: Buffer;
  readonly to: Buffer;
}

/** The disk under a journal. */
export class Disk {
  readonly #directory: string;
  readonly #random: () => number;
  #synced: Files;

  /** `synced` is a directory with what is on it before a journal is written in the other one. */
  constructor(directory: string, random: () => number, synced = directory) {
    this.#directory = directory;
    this.#random = random;
    this.#synced = filesIn(synced);
  }

  /** After a commit: whether it was synced. */
  written(isSynced: boolean): void {
    const now = filesIn(this.#directory);
    // What is brought into the database was synced in its log before, and is synced itself.
    if (isSynced || !now[DATABASE].equals(this.#synced[DATABASE])) this.#synced = now;
  }

  /** Writes what is left where the power is lost in a commit into a directory; false where it is not known in which order it wrote. */
  fail(directory: string): boolean {
    const steps = stepsBetween(this.#synced, filesIn(this.#directory));
    if (steps === null) return false;
    const left: Record<Name, Buffer> = { ...this.#synced };
    const last = Math.floor(this.#random() * steps.length);
    for (const { name, to } of steps.slice(0, last)) left[name] = to;
    left[steps[last].name] = this.#torn(steps[last]);
    for (const name of [DATABASE, LOG] as const) writeFileSync(join(directory, name), left[name]);
    return true;
  }

  /** A file of which some blocks are written, and none behind a place. */
  #torn({ from, to }: Step): Buffer {
    const blockBytes = this.#random() < 0.5 ? 512 : 4_096;
    const part = [0, 0.1, 0.5, 0.9, 1][Math.floor(this.#random() * 5)];
    const end = this.#random() < 0.3 ? this.#random() * to.length : to.length;
    const file = Buffer.alloc(Math.max(from.length, to.length));
    from.copy(file);
    let length = from.length;
    for (let start = 0; start < end; start += blockBytes) {
      const next = Math.min(start + blockBytes, to.length);
      if (to.subarray(start, next).equals(from.subarray(start, next)) || this.#random() >= part) continue;
      to.copy(file, start, start, next);
      length = Math.max(length, next);
    }
    return file.subarray(0, length);
  }
}

function filesIn(directory: string): Files {
  const read = (name: Name): Buffer => {
    const file = join(directory, name);
    return existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
  };
  return { [DATABASE]: read(DATABASE), [LOG]: read(LOG) };
}

/** In which order SQLite writes; null where it did more than that between the two. */
function stepsBetween(from: Files, to: Files): readonly Step[] | null {
  const header = to[LOG].subarray(0, HEADER_BYTES);
  const isAnew = !from[LOG].subarray(0, HEADER_BYTES).equals(header);
  const inDatabase: Step[] = from[DATABASE].equals(to[DATABASE])
    ? []
    : [{ name: DATABASE, from: from[DATABASE], to: to[DATABASE] }];
  if (!isAnew) return [{ name: LOG, from: from[LOG], to: to[LOG] }, ...inDatabase];
  const isEmptied = inDatabase.length > 0;
  if (isEmptied && to[LOG].length > FRAMES * FRAME_BYTES) return null;
  const before = isEmptied ? Buffer.alloc(0) : from[LOG];
  const begun = Buffer.concat([header, before.subarray(HEADER_BYTES)]);
  return [...inDatabase, { name: LOG, from: before, to: begun }, { name: LOG, from: begun, to: to[LOG] }];
}
