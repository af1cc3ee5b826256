/** The number of the bytes that follow it, at the head of a frame. */
const LENGTH_BYTES = 4;

/** What is set aside at first for a frame that did not come whole: its length may be a lie. */
const PARTIAL_BYTES_MIN = 1_024;

/**
 * Cuts a stream of bytes into frames. Each `next` that gives true has the next frame in `bytes`, from
 * `start` to `end`, without its length; they hold until `push` is called. Where a frame lies
 * within a chunk it is not copied; of one that does not, no more memory is taken than twice what came of it.
 *
 * Who stops asking before `next` gives false may go on later: what is left is kept, so nothing
 * more should be pushed meanwhile than what was on its way.
 */
export class FrameSplitter {
  readonly #frameBytesMax: number;
  bytes: Uint8Array = NOTHING;
  start = 0;
  end = 0;
  /** Why there are no further frames: a length that no frame has. Null as long as all is well. */
  malformed: string | null = null;
  #chunk: Uint8Array = NOTHING;
  #at = 0;
  /** What came of a frame that is not whole, its length first; the first `#filled` bytes count. */
  #partial: Uint8Array = NOTHING;
  #filled = 0;

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Memory that is held: for a frame that is not whole, and for what was not asked for yet. */
  get heldBytes(): number {
    return this.#partial.length + (this.#at < this.#chunk.length ? this.#chunk.length : 0);
  }

  /** Forgets what came; nothing may be pushed after it. */
  clear(): void {
    this.#chunk = NOTHING;
    this.#at = 0;
    this.#drop();
  }

  /** The next bytes of the stream. The splitter keeps them as they are: nobody may change them. */
  push(chunk: Uint8Array): void {
    const left = this.#chunk.length - this.#at;
    if (left === 0) {
      this.#chunk = chunk;
    } else {
      const both = new Uint8Array(left + chunk.length);
      both.set(this.#chunk.subarray(this.#at));
      both.set(chunk, left);
      this.#chunk = both;
    }
    this.#at = 0;
  }

  /** Goes to the next frame; false where there is none yet, or none any more (`malformed`). */
  next(): boolean {
    if (this.malformed !== null) return false;
    if (this.#filled > 0) return this.#nextPartial();
    const chunk = this.#chunk;
    const at = this.#at;
    if (chunk.length - at < LENGTH_BYTES) return this.#setAside();
    const length = lengthAt(chunk, at);
    if (!this.#isLength(length)) return false;
    const start = at + LENGTH_BYTES;
    if (chunk.length - start < length) return this.#setAside();
    this.#at = start + length;
    return this.#give(chunk, start, this.#at);
  }

  #give(bytes: Uint8Array, start: number, end: number): true {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    return true;
  }

  #isLength(length: number): boolean {
    if (length >= 1 && length <= this.#frameBytesMax) return true;
    this.malformed = `a frame of ${length} bytes, where it has 1 to ${this.#frameBytesMax}`;
    this.clear();
    return false;
  }

  /** The rest of the chunk is the start of a frame. */
  #setAside(): false {
    const left = this.#chunk.length - this.#at;
    if (left > 0) {
      this.#fill(left);
    }
    this.#chunk = NOTHING;
    this.#at = 0;
    return false;
  }

  #nextPartial(): boolean {
    this.#fill(LENGTH_BYTES - this.#filled);
    if (this.#filled < LENGTH_BYTES) return false;
    const length = lengthAt(this.#partial, 0);
    if (!this.#isLength(length)) return false;
    const whole = LENGTH_BYTES + length;
    this.#fill(whole - this.#filled);
    if (this.#filled < whole) return false;
    const bytes = this.#partial;
    this.#drop();
    return this.#give(bytes, LENGTH_BYTES, whole);
  }

  /** Takes so many bytes of the chunk, or all that it has, to those of the frame that is not whole. */
  #fill(wanted: number): void {
    const taken = Math.min(wanted, this.#chunk.length - this.#at);
    if (taken <= 0) return;
    const needed = this.#filled + taken;
    if (needed > this.#partial.length) {
      const grown = new Uint8Array(Math.max(needed, PARTIAL_BYTES_MIN, 2 * this.#partial.length));
      grown.set(this.#partial.subarray(0, this.#filled));
      this.#partial = grown;
    }
    this.#partial.set(this.#chunk.subarray(this.#at, this.#at + taken), this.#filled);
    this.#filled = needed;
    this.#at += taken;
  }

  #drop(): void {
    this.#partial = NOTHING;
    this.#filled = 0;
  }
}

const NOTHING = new Uint8Array(0);

function lengthAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}
