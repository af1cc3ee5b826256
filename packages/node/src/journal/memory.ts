import type { Journal } from '../ports.ts';
import { isFoldable } from './encoding.ts';

const CHUNK_BYTES = 1024 * 1024;

/** Of a fold, in bytes written, after which others get their turn; and what a record is beside its bytes. */
const TURN_WORK_MAX = 512 * 1024;
const RECORD_WORK = 512;

/**
 * A log in memory: it lasts as long as the process, and a node with it keeps nothing.
 *
 * Structural records stay; a fold replaces the others by a base, so what it holds is bounded by
 * the upgrades there were and by the state, not by the inputs. Records lie one behind the other
 * in large chunks, since a small array for each would take many times its bytes.
 */
export class MemoryJournal implements Journal {
  /** Structural records from before the base. */
  readonly #structural = new RecordChunks();
  #base = new RecordChunks();
  /** What a fold replaces, while it goes on; it stands between base and tail. */
  #folded: RecordChunks | null = null;
  /** All that came after that. */
  #tail = new RecordChunks();
  #foldableBytes = 0;

  get foldableBytes(): number {
    return this.#foldableBytes;
  }

  *read(): Generator<Uint8Array> {
    yield* this.#structural.records();
    yield* this.#base.records();
    if (this.#folded !== null) yield* this.#folded.records();
    yield* this.#tail.records();
  }

  append(records: readonly Uint8Array[]): void {
    for (const record of records) {
      this.#tail.add(record);
      if (isFoldable(record)) this.#foldableBytes += record.length;
    }
  }

  async fold(base: Iterable<Uint8Array>): Promise<void> {
    if (this.#folded !== null) throw new Error('a fold while another one goes on');
    const folded = this.#tail;
    this.#folded = folded;
    this.#tail = new RecordChunks();
    this.#foldableBytes = 0;
    const written = new RecordChunks();
    let work = 0;
    for (const record of base) {
      written.add(record);
      work += RECORD_WORK + record.length;
      if (work < TURN_WORK_MAX) continue;
      work = 0;
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const record of folded.records()) if (!isFoldable(record)) this.#structural.add(record);
    this.#base = written;
    this.#folded = null;
  }

  close(): void {}
}

/** Records in chunks; each is its length in four bytes and its bytes, and lies within one chunk. */
class RecordChunks {
  readonly #chunks: { bytes: Uint8Array; length: number }[] = [];

  add(record: Uint8Array): void {
    const needed = 4 + record.length;
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || chunk.length + needed > chunk.bytes.length) {
      chunk = { bytes: new Uint8Array(Math.max(CHUNK_BYTES, needed)), length: 0 };
      this.#chunks.push(chunk);
    }
    new DataView(chunk.bytes.buffer).setUint32(chunk.length, record.length);
    chunk.bytes.set(record, chunk.length + 4);
    chunk.length += needed;
  }

  *records(): Generator<Uint8Array> {
    for (const { bytes, length } of this.#chunks) {
      const view = new DataView(bytes.buffer);
      let at = 0;
      while (at < length) {
        const end = at + 4 + view.getUint32(at);
        yield bytes.subarray(at + 4, end);
        at = end;
      }
    }
  }
}
