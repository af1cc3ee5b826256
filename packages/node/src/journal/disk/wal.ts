import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { varint, viewOf } from './leaves.ts';

/**
 * The write-ahead log of an SQLite database as it lies on disk (https://sqlite.org/fileformat.html, section 4): a header,
 * then frames, each a page with a header of its own, and a checksum that goes on from the frame before. SQLite takes
 * the frames up to the last commit that is whole, and says nothing of those after it: commits that were synced long ago
 * would be lost without a word where one byte before them is damaged.
 */
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const MAGIC = 0x377f0682;
const FORMAT = 3_007_000;
/** Of the databases that a node makes; for a log of which the header is damaged. */
export const PAGE_BYTES = 4_096;

/** Those that SQLite takes. */
const PAGE_SIZES: ReadonlySet<number> = new Set(Array.from({ length: 8 }, (_, i) => 512 << i));

/** Bytes that are read at once, more or less: the log may be larger than what memory takes. */
const PIECE_BYTES = 1024 * 1024;

/** What lies behind the first frame, or the header, that is not as it was written. */
export interface WalDamage {
  /** Where it is, in bytes. */
  readonly at: number;
  /**
   * Of each commit from there on, in order: the greatest row number in the leaves of tables that it wrote; 0 where
   * there is none. An entry of the log stands in the row of its position, so this tells which commits added to the log.
   */
  readonly commits: readonly number[];
}

/** The file of a database's write-ahead log. */
export function walOf(database: string): string {
  return `${database}-wal`;
}

/** What is wrong with the log beside a database; null where all is well, or it just ends. */
export function walDamage(database: string): WalDamage | null {
  const file = walOf(database);
  if (!existsSync(file)) return null;
  const log = Log.open(file);
  if (log === null) return null;
  try {
    return damageIn(log);
  } finally {
    log.close();
  }
}

/**
 * Writes the log beside a database into another file without the frames that are damaged, such that SQLite takes all
 * others: those that go on from what is written before them. Pages may be missing in it, so what is read with it is to be
 * checked row by row.
 */
export function mendWal(database: string, mended: string): void {
  const log = Log.open(walOf(database));
  if (log === null) return;
  const target = openSync(mended, 'w', 0o600);
  try {
    const checksum = new Checksum(log.isLittleEndian);
    writeSync(target, bytesOf(log.headerAnew(checksum)));
    for (const frame of log.frames()) {
      if (!frame.isOfThisLog || !frame.goesOn) continue;
      const { view } = frame;
      view.setUint32(8, log.salts[0]);
      view.setUint32(12, log.salts[1]);
      checksum.addFrame(view);
      checksum.writeAt(view, 16);
      writeSync(target, bytesOf(view));
    }
    fsyncSync(target);
  } finally {
    closeSync(target);
    log.close();
  }
}

/**
 * Where what SQLite takes of the log ends, in bytes; null where it has none. It may have read it before a part was damaged, and
 * whoever reads the journal keeps what it knows then. Not in a transaction.
 */
export function endOfTaken(database: DatabaseSync): number | null {
  // https://sqlite.org/pragma.html#pragma_wal_checkpoint: this one writes nothing, and tells how many frames there are.
  const { log } = database.prepare('PRAGMA wal_checkpoint(NOOP)').get() as { log: number };
  if (log < 0) return null;
  const { page_size: pageBytes } = database.prepare('PRAGMA page_size').get() as { page_size: number };
  return log === 0 ? 0 : HEADER_BYTES + log * (FRAME_HEADER_BYTES + pageBytes);
}

/**
 * Begins a transaction in which nobody else writes. What it gives cuts off what lies in the log behind what SQLite takes of it, where no
 * reader looks: to be called before the commit. On disk when that returns.
 */
export function beginBeforeCut(database: DatabaseSync): () => void {
  const version = (): unknown => database.prepare('PRAGMA data_version').get()?.['data_version'];
  for (;;) {
    const before = version();
    const end = endOfTaken(database);
    database.exec('BEGIN IMMEDIATE');
    if (version() === before) {
      return () => {
        if (end !== null) cutAt(walOf(database.location() ?? ''), end);
      };
    }
    // Another program has written meanwhile.
    database.exec('ROLLBACK');
  }
}

function cutAt(file: string, end: number): void {
  if (!existsSync(file)) return;
  const target = openSync(file, 'r+');
  try {
    if (fstatSync(target).size <= end) return;
    ftruncateSync(target, end);
    fsyncSync(target);
  } finally {
    closeSync(target);
  }
}

/**
 * The pages that were written into the log beside a database since that was begun anew, in order, also damaged ones, and where
 * they lie in it; but those behind the last commit, where it `isCut` there, or none behind damage shows that there was
 * more: they were never committed. The bytes are good until the next page is asked for.
 */
export function* walPages(
  database: string,
  isCut: boolean,
): Generator<{ readonly page: number; readonly at: number; readonly bytes: Uint8Array }> {
  const file = walOf(database);
  const log = existsSync(file) ? Log.open(file) : null;
  if (log === null) return;
  try {
    const damage = damageIn(log);
    const hasMore = !isCut && damage !== null && damage.commits.length > 0;
    const end = hasMore ? Number.POSITIVE_INFINITY : endOfCommits(log);
    for (const { isOfThisLog, page, at, view } of log.frames()) {
      if (at >= end) return;
      if (!isOfThisLog) continue;
      const start = view.byteOffset + FRAME_HEADER_BYTES;
      const bytes = new Uint8Array(view.buffer, start, view.byteLength - FRAME_HEADER_BYTES);
      yield { page, at: at + FRAME_HEADER_BYTES, bytes };
    }
  } finally {
    log.close();
  }
}

/** Where the last commit ends of those that SQLite takes; where there is none, the header. */
function endOfCommits(log: Log): number {
  let end = HEADER_BYTES;
  for (const { at, view, isCommit, goesOn, hasItsSalts } of log.frames()) {
    if (!goesOn || !hasItsSalts) break;
    if (isCommit) end = at + view.byteLength;
  }
  return end;
}

function damageIn(log: Log): WalDamage | null {
  let at: number | null = log.isHeaderWhole ? null : 0;
  const commits: number[] = [];
  let reach = 0;
  /** The page that is damaged: whether it is one of the log shows where it was written anew. */
  let page = 0;
  let isOver = false;
  /** In which commits it was, with its greatest row and the one before that. */
  const anew: { readonly commit: number; readonly greatest: number; readonly before: number }[] = [];
  for (const frame of log.frames()) {
    if (at === null && frame.goesOn && frame.hasItsSalts && !isOver) continue;
    // Those of another salt are left over from before the log was begun anew. One of them in between is damage.
    if (!frame.isOfThisLog) {
      isOver = true;
      continue;
    }
    if (at === null) {
      at = frame.at;
      page = frame.page;
    }
    const greatest = greatestRow(frame.view);
    if (greatest > 0 && frame.page === page && commits.length > 0)
      anew.push({ commit: commits.length, greatest, before: greatestRow(frame.view, 1) });
    reach = Math.max(reach, greatest);
    if (!frame.isCommit) continue;
    commits.push(reach);
    reach = 0;
  }
  for (const { commit, greatest, before } of anew) {
    // The last may never have been synced: its own row says nothing of those before it.
    commits[0] = Math.max(commits[0], commit < commits.length - 1 ? greatest : before);
  }
  return at === null ? null : { at, commits };
}

/** Node refuses a view after some thousand of them. */
function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

interface Frame {
  readonly at: number;
  /** All of it; good until the next one is asked for. */
  readonly view: DataView;
  readonly page: number;
  readonly isCommit: boolean;
  /** Whether it was written since the log was begun anew, which its salts tell; half of them will do, one may be damaged. */
  readonly isOfThisLog: boolean;
  readonly hasItsSalts: boolean;
  /** Whether its checksum is that of its bytes, and of what the frame before it says of all before. */
  readonly goesOn: boolean;
}

/** A log that is open, and what its header says; where that is damaged, what the frames do. */
class Log {
  readonly isHeaderWhole: boolean;
  readonly isLittleEndian: boolean;
  readonly salts: readonly [number, number];
  readonly #file: number;
  readonly #header: DataView;
  readonly #pageBytes: number;

  private constructor(file: number, header: DataView) {
    this.#file = file;
    this.#header = header;
    const magic = header.getUint32(0);
    const isLittleEndian = (magic & 1) === 0;
    const checksum = new Checksum(isLittleEndian);
    checksum.add(header, 0, 24);
    this.isHeaderWhole =
      (magic & ~1) === MAGIC && checksum.isAt(header, 24) && PAGE_SIZES.has(header.getUint32(8));
    this.isLittleEndian = !this.isHeaderWhole || isLittleEndian;
    this.#pageBytes = this.isHeaderWhole ? header.getUint32(8) : PAGE_BYTES;
    this.salts = [header.getUint32(16), header.getUint32(20)];
    if (!this.isHeaderWhole) this.salts = this.#saltsOfFrames();
  }

  /** Null for a file without a frame. */
  static open(name: string): Log | null {
    const file = openSync(name, 'r');
    const bytes = readUpTo(file, new Uint8Array(HEADER_BYTES + FRAME_HEADER_BYTES), 0);
    if (bytes.length === HEADER_BYTES + FRAME_HEADER_BYTES) return new Log(file, viewOf(bytes));
    closeSync(file);
    return null;
  }

  /** Those of the first frame that goes on from the one before it, so that its own header is not damaged. */
  #saltsOfFrames(): readonly [number, number] {
    for (const { view, goesOn } of this.frames()) {
      if (goesOn) return [view.getUint32(8), view.getUint32(12)];
    }
    return [this.#header.getUint32(HEADER_BYTES + 8), this.#header.getUint32(HEADER_BYTES + 12)];
  }

  close(): void {
    closeSync(this.#file);
  }

  *frames(): Generator<Frame> {
    const frameBytes = FRAME_HEADER_BYTES + this.#pageBytes;
    const pieceBytes = frameBytes * Math.ceil(PIECE_BYTES / frameBytes);
    const checksum = new Checksum(this.isLittleEndian);
    checksum.goOnFrom(this.#header, 24);
    const buffer = new Uint8Array(pieceBytes);
    for (let start = HEADER_BYTES; ; start += pieceBytes) {
      const piece = readUpTo(this.#file, buffer, start);
      for (let at = 0; at + frameBytes <= piece.length; at += frameBytes) {
        const view = viewOf(piece.subarray(at, at + frameBytes));
        const salts = [view.getUint32(8) === this.salts[0], view.getUint32(12) === this.salts[1]];
        const [isOfThisLog, hasItsSalts] = [salts[0] || salts[1], salts[0] && salts[1]];
        const [page, isCommit] = [view.getUint32(0), view.getUint32(4) > 0];
        // What is left over from before may be gigabytes.
        if (isOfThisLog || !this.isHeaderWhole) checksum.addFrame(view);
        const goesOn = checksum.isAt(view, 16);
        checksum.goOnFrom(view, 16);
        yield { at: start + at, view, page, isCommit, isOfThisLog, hasItsSalts, goesOn };
      }
      if (piece.length < pieceBytes) return;
    }
  }

  /** A header for a copy of this log, with its checksum, from which that of the frames goes on. */
  headerAnew(checksum: Checksum): DataView {
    const header = new DataView(new ArrayBuffer(HEADER_BYTES));
    header.setUint32(0, MAGIC + (this.isLittleEndian ? 0 : 1));
    header.setUint32(4, FORMAT);
    header.setUint32(8, this.#pageBytes);
    header.setUint32(16, this.salts[0]);
    header.setUint32(20, this.salts[1]);
    checksum.add(header, 0, 24);
    checksum.writeAt(header, 24);
    return header;
  }
}

/**
 * The greatest row number of a frame's page but for so many, where that is a leaf of a table (section 1.6) with rows of as many
 * columns as those of the log have; else 0. In a page that was torn, what seems to be a row is hardly ever one of these.
 */
function greatestRow(frame: DataView, but = 0): number {
  const TABLE_LEAF = 0x0d;
  const start = FRAME_HEADER_BYTES;
  const cells = frame.getUint16(start + 3) - but;
  const pointer = start + 8 + 2 * (cells - 1);
  if (frame.getUint8(start) !== TABLE_LEAF || cells < 1 || pointer + 2 > frame.byteLength) return 0;
  // A cell begins with the length of its content; the number of the row follows.
  const [, next] = varint(frame, start + frame.getUint16(pointer));
  const [row, content] = varint(frame, next);
  return Number.isSafeInteger(row) && columnsAt(frame, content) === LOG_COLUMNS ? row : 0;
}

/** Images are numbered as they come, and may be more than there are positions. */
const LOG_COLUMNS = 6;

/** How many columns a row has, which begins with the length of what says so, and the type of each. */
function columnsAt(frame: DataView, start: number): number {
  const [length, first] = varint(frame, start);
  let columns = 0;
  for (let at = first; at < start + length && at < frame.byteLength; columns++) [, at] = varint(frame, at);
  return columns;
}

/** Fills a buffer from there on; the part that is filled, which is shorter at the end of the file. */
export function readUpTo(file: number, buffer: Uint8Array, start: number): Uint8Array {
  let length = 0;
  while (length < buffer.length) {
    const read = readSync(file, buffer, length, buffer.length - length, start + length);
    if (read === 0) break;
    length += read;
  }
  return buffer.subarray(0, length);
}

/** The running checksum of the format: two sums over pairs of words. */
class Checksum {
  readonly #isLittleEndian: boolean;
  #first = 0;
  #second = 0;

  constructor(isLittleEndian: boolean) {
    this.#isLittleEndian = isLittleEndian;
  }

  add(view: DataView, start: number, end: number): void {
    let [first, second] = [this.#first | 0, this.#second | 0];
    if (this.#isLittleEndian) {
      for (let at = start; at < end; at += 8) {
        first = (first + view.getInt32(at, true) + second) | 0;
        second = (second + view.getInt32(at + 4, true) + first) | 0;
      }
    } else {
      for (let at = start; at < end; at += 8) {
        first = (first + view.getInt32(at) + second) | 0;
        second = (second + view.getInt32(at + 4) + first) | 0;
      }
    }
    [this.#first, this.#second] = [first >>> 0, second >>> 0];
  }

  addFrame(frame: DataView): void {
    this.add(frame, 0, 8);
    this.add(frame, FRAME_HEADER_BYTES, frame.byteLength);
  }

  /** Whether it is what stands at this place. */
  isAt(view: DataView, at: number): boolean {
    return view.getUint32(at) === this.#first && view.getUint32(at + 4) === this.#second;
  }

  /** Takes what stands at this place for the sum of all before it. */
  goOnFrom(view: DataView, at: number): void {
    this.#first = view.getUint32(at);
    this.#second = view.getUint32(at + 4);
  }

  writeAt(view: DataView, at: number): void {
    view.setUint32(at, this.#first);
    view.setUint32(at + 4, this.#second);
  }
}
