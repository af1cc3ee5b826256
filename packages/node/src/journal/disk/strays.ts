import { closeSync, existsSync, fstatSync, openSync } from 'node:fs';
import { sha256 } from '../blobs.ts';
import { type LeafRow, leafRows } from './leaves.ts';
import { groupOf, type GroupRow, type ImageRow } from './rows.ts';
import { PAGE_BYTES, readUpTo, walOf, walPages } from './wal.ts';

/** Bytes of a database that are read at once. */
const PIECE_BYTES = 256 * PAGE_BYTES;

/** A group, or an image with the position that it came with. */
export type Stray =
  | { readonly kind: 'group'; readonly row: GroupRow }
  | { readonly kind: 'image'; readonly row: ImageRow & { readonly first: number } };

/**
 * The groups and images that stand whole in any leaf of a database, or of the log beside it, also where no tree of tables leads
 * to it: in a page that was left out of one, was written over since, or is damaged elsewhere. Their checksums tell that
 * they are what was written once. In the order in which they lie there. `isCut` is of `walPages`.
 */
export function* straysIn(database: string, where: 'database' | 'log', isCut = false): Generator<Stray> {
  for (const row of rowsIn(database, where, isCut)) {
    const stray = groupIn(row) ?? imageIn(row);
    if (stray !== null) yield stray;
  }
}

/** Those of groups in the log that begin behind a position, each as often as it was written. */
export function* groupsInLog(database: string, position: number): Generator<GroupRow> {
  for (const row of rowsIn(database, 'log', false, position)) {
    const stray = groupIn(row);
    if (stray?.kind === 'group') yield stray.row;
  }
}

function* rowsIn(
  database: string,
  where: 'database' | 'log',
  isCut: boolean,
  after?: number,
): Generator<LeafRow> {
  const pages = new Pages(database, isCut);
  const read = (number: number): Uint8Array | null => pages.read(number);
  const bytesMax = pages.bytes;
  try {
    for (const page of where === 'log' ? pages.ofLog() : pages.ofDatabase())
      yield* leafRows(page, read, bytesMax, after);
  } finally {
    pages.close();
  }
}

function groupIn({ number, columns }: LeafRow): Stray | null {
  if (columns.length !== 6 || columns[0] !== null) return null;
  const [, count, structural, time, checksum, entries] = columns;
  const row = { first: number, count, structural, time, checksum, entries } as GroupRow;
  return groupOf(row) === null ? null : { kind: 'group', row };
}

function imageIn({ columns }: LeafRow): Stray | null {
  const [digest, first, bytes] = columns;
  if (columns.length !== 3 || !(bytes instanceof Uint8Array) || sha256(bytes) !== digest) return null;
  // That is for people alone, and may be damaged.
  return { kind: 'image', row: { digest, first: Number.isSafeInteger(first) ? Number(first) : 0, bytes } };
}

/** The pages of a database, and of the log beside it. */
class Pages {
  readonly #database: number;
  readonly #log: number | null;
  readonly #name: string;
  readonly #isCut: boolean;
  /** Where the newest of a page lies in the log. */
  readonly #newest = new Map<number, number>();

  constructor(database: string, isCut: boolean) {
    this.#name = database;
    this.#isCut = isCut;
    const log = walOf(database);
    for (const { page, at } of walPages(database, isCut)) this.#newest.set(page, at);
    this.#database = openSync(database, 'r');
    this.#log = existsSync(log) ? openSync(log, 'r') : null;
  }

  close(): void {
    closeSync(this.#database);
    if (this.#log !== null) closeSync(this.#log);
  }

  /** What all of them take. */
  get bytes(): number {
    return fstatSync(this.#database).size + PAGE_BYTES * this.#newest.size;
  }

  *ofDatabase(): Generator<Uint8Array> {
    const buffer = new Uint8Array(PIECE_BYTES);
    for (let start = 0; ; start += PIECE_BYTES) {
      const piece = readUpTo(this.#database, buffer, start);
      for (let at = 0; at + PAGE_BYTES <= piece.length; at += PAGE_BYTES)
        yield piece.subarray(at, at + PAGE_BYTES);
      if (piece.length < PIECE_BYTES) return;
    }
  }

  *ofLog(): Generator<Uint8Array> {
    for (const { bytes } of walPages(this.#name, this.#isCut)) yield bytes;
  }

  /** The newest of a page. */
  read(number: number): Uint8Array | null {
    const at = this.#newest.get(number);
    const buffer = new Uint8Array(PAGE_BYTES);
    const page =
      at === undefined || this.#log === null
        ? readUpTo(this.#database, buffer, (number - 1) * PAGE_BYTES)
        : readUpTo(this.#log, buffer, at);
    return page.length < PAGE_BYTES ? null : page;
  }
}
