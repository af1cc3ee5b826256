import { existsSync, readFileSync } from 'node:fs';

/**
 * The write-ahead log of an SQLite database as it lies on disk (https://sqlite.org/fileformat.html, section 4): a header,
 * then frames, each a page with a header of its own, and a checksum over all before it. SQLite takes the frames up
 * to the last commit that is whole, and says nothing of those after it: a commit that was
 * damaged later would be lost without a word.
 */
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const MAGIC = 0x377f0682;

/**
 * How many commits lie behind damage in the log beside a database, and are cut off with it; 0 where all is well. A commit
 * whose last frame is not whole counts too: SQLite writes the header of a frame before its page, so that this can be one
 * that was being written when the process was killed, and nobody can tell it from one that was damaged.
 */
export function commitsBehindDamage(database: string): number {
  const file = `${database}-wal`;
  if (!existsSync(file)) return 0;
  const bytes = readFileSync(file);
  if (bytes.length < HEADER_BYTES + FRAME_HEADER_BYTES) return 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const pageBytes = view.getUint32(8);
  const isValidHeader = (view.getUint32(0) & ~1) === MAGIC && pageBytes >= 512 && pageBytes <= 65_536;
  // Where not even this can be read, nothing can be told of the rest.
  if (!isValidHeader) return 1;
  const sum = new Checksum(view, (view.getUint32(0) & 1) === 0);
  sum.add(0, 24);
  let isWhole = sum.isAt(24);
  let lost = isWhole ? 0 : 1;
  const frameBytes = FRAME_HEADER_BYTES + pageBytes;
  for (let at = HEADER_BYTES; at + frameBytes <= bytes.length; at += frameBytes) {
    // Those of another salt are left over from before the log was begun anew.
    const isOfThisLog =
      view.getUint32(at + 8) === view.getUint32(16) && view.getUint32(at + 12) === view.getUint32(20);
    if (isWhole) {
      if (!isOfThisLog) {
        isWhole = false;
        continue;
      }
      sum.add(at, 8);
      sum.add(at + FRAME_HEADER_BYTES, pageBytes);
      isWhole = sum.isAt(at + 16);
      if (isWhole) continue;
    }
    const isCommit = view.getUint32(at + 4) > 0;
    if (isOfThisLog && isCommit) lost++;
  }
  return lost;
}

/** The running checksum of the format: two sums over pairs of words. */
class Checksum {
  readonly #view: DataView;
  readonly #isLittleEndian: boolean;
  #first = 0;
  #second = 0;

  constructor(view: DataView, isLittleEndian: boolean) {
    this.#view = view;
    this.#isLittleEndian = isLittleEndian;
  }

  add(start: number, bytes: number): void {
    for (let at = start; at < start + bytes; at += 8) {
      this.#first = (this.#first + this.#view.getUint32(at, this.#isLittleEndian) + this.#second) >>> 0;
      this.#second = (this.#second + this.#view.getUint32(at + 4, this.#isLittleEndian) + this.#first) >>> 0;
    }
  }

  /** Whether it is what stands at this place. */
  isAt(at: number): boolean {
    return this.#view.getUint32(at) === this.#first && this.#view.getUint32(at + 4) === this.#second;
  }
}
