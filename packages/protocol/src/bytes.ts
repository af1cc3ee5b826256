import { INT_MAX } from './value.ts';
import { encodeUtf8, LONG, readUtf8, utf8Length, writeUtf8 } from './utf8.ts';

/**
 * The primitive forms of every encoding: bytes, numbers and strings. Each value has exactly
 * one form, and the reader refuses all others.
 *
 * - *unsigned*: 0 … 2³²−1, LEB128 (7 bits a byte, least first), in as few bytes as possible;
 * - *integer*: an Int or Time, as the unsigned LEB128 of 2n for n ≥ 0 and −2n−1 for n < 0;
 * - *string*: the unsigned number of its bytes, then strict UTF-8.
 */

/** Bytes that are no encoding of what they should be: why, and at which offset. */
export interface Malformed {
  readonly message: string;
  /** In bytes from the start of what was decoded. */
  readonly offset: number;
}

/** What decoding gives. */
export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly malformed: Malformed };

/** How a `ByteReader` gives up; `decoding` makes a value of it, so that it never leaves a decoder. */
class MalformedError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/**
 * Runs a decoder over the bytes in `[start, end)`, all of them if nothing is said, which it must use up to the last one. `by` is what
 * it decodes by: for one that is run often, and should not be made anew each time.
 */
export function decoding<T, By = undefined>(
  bytes: Uint8Array,
  decode: (reader: ByteReader, by: By) => T,
  start = 0,
  end: number = bytes.length,
  by: By = undefined as By,
): Decoded<T> {
  const reader = new ByteReader(bytes, start, end);
  try {
    const value = decode(reader, by);
    if (reader.remaining > 0) reader.fail(`${reader.remaining} bytes after the end`);
    return { ok: true, value };
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return { ok: false, malformed: { message: error.message, offset: error.offset } };
  }
}

/** Of a number in 7 bits a byte: it is below 2⁵³. */
const REST_BYTES_MAX = 8;

/** Appends the primitive forms to a buffer that grows. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;
  readonly #capacityBytes: number;

  /** Most of what is written is short, and a short buffer costs the host much less than a longer one. */
  constructor(capacityBytes = 64) {
    this.#bytes = new Uint8Array(capacityBytes);
    this.#capacityBytes = capacityBytes;
  }

  /** A copy of what was written. */
  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** What was written, without a copy: it belongs to the caller, and the writer starts anew. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = new Uint8Array(this.#capacityBytes);
    this.#length = 0;
    return taken;
  }

  /** Forgets what was written. */
  clear(): void {
    this.#length = 0;
  }

  get length(): number {
    return this.#length;
  }

  /** A view of a part of what was written: not to be used any more once something else is. */
  view(start: number, end: number): Uint8Array {
    return this.#bytes.subarray(start, end);
  }

  /** Forgets what was written from an offset on; what it was written to is kept for what follows. */
  truncate(length: number): void {
    if (!(length >= 0 && length <= this.#length)) throw new Error(`${length} of ${this.#length} bytes`);
    this.#length = length;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** An unsigned 32-bit integer in four bytes, the most significant first: over those at `offset`, or behind all. */
  fixed(value: number, offset: number = this.#length): void {
    if (value !== value >>> 0) throw new Error(`not an unsigned 32-bit integer: ${value}`);
    if (offset === this.#length) {
      this.#reserve(4);
      this.#length += 4;
    }
    if (offset + 4 > this.#length) throw new Error(`four bytes at ${offset} of ${this.#length}`);
    this.#bytes[offset] = value >>> 24;
    this.#bytes[offset + 1] = value >>> 16;
    this.#bytes[offset + 2] = value >>> 8;
    this.#bytes[offset + 3] = value;
  }

  raw(bytes: Uint8Array): void {
    this.#copy(bytes, bytes.length);
  }

  /** What another writer has written. */
  written(writer: ByteWriter): void {
    this.#copy(writer.#bytes, writer.#length);
  }

  /** The bytes that lower-case hexadecimal digits stand for, two each. */
  hexadecimal(digits: string): void {
    this.#reserve(digits.length >> 1);
    let units = 0;
    let values = 0;
    for (let i = 0; i < digits.length; i += 2) {
      const first = digits.charCodeAt(i);
      const second = digits.charCodeAt(i + 1);
      const high = DIGITS[first & 0x7f];
      const low = DIGITS[second & 0x7f];
      units |= first | second;
      values |= high | low;
      this.#bytes[this.#length++] = (high << 4) | low;
    }
    if (units > 0x7f || values < 0 || digits.length % 2 !== 0) {
      throw new Error(`not in lower-case hexadecimal: ${digits}`);
    }
  }

  /** An integer from 0 to 2³²−1. */
  unsigned(value: number): void {
    if (value !== value >>> 0) throw new Error(`not an unsigned 32-bit integer: ${value}`);
    this.#rest(value);
  }

  /** A safe integer. */
  integer(value: number): void {
    // Nearly all: the host has these without a fraction.
    if ((value & 0x3fff_ffff) === value) {
      if (value < 64) return this.byte(value << 1);
      this.byte(0x80 | ((value & 0x3f) << 1));
      return this.#rest(value >>> 6);
    }
    if (!Number.isSafeInteger(value)) throw new Error(`not a safe integer: ${value}`);
    const sign = value < 0 ? 1 : 0;
    const magnitude = value < 0 ? -value - 1 : value;
    // 2 × magnitude may be past 2⁵³: the sign and the lowest 6 bits go first, apart.
    const first = (magnitude % 64) * 2 + sign;
    if (magnitude < 64) return this.byte(first);
    this.byte(0x80 | first);
    return this.#rest(Math.floor(magnitude / 64));
  }

  string(text: string): void {
    if (text === '') return this.byte(0);
    if (text.length >= LONG) {
      const bytes = encodeUtf8(text);
      this.unsigned(bytes.length);
      this.#reserve(bytes.length);
      this.#bytes.set(bytes, this.#length);
      this.#length += bytes.length;
      return;
    }
    const length = utf8Length(text);
    this.unsigned(length);
    this.#reserve(length);
    this.#length = writeUtf8(text, this.#bytes, this.#length);
  }

  #rest(value: number): void {
    this.#reserve(REST_BYTES_MAX);
    const bytes = this.#bytes;
    let at = this.#length;
    let rest = value;
    while (rest > 0x7fff_ffff) {
      bytes[at++] = 0x80 | (rest % 0x80);
      rest = Math.floor(rest / 0x80);
    }
    while (rest >= 0x80) {
      bytes[at++] = 0x80 | (rest & 0x7f);
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.#length = at;
  }

  /** The first so many of some bytes. */
  #copy(bytes: Uint8Array, count: number): void {
    this.#reserve(count);
    if (count <= COPIED_MAX) {
      const own = this.#bytes;
      let at = this.#length;
      for (let i = 0; i < count; i++) own[at++] = bytes[i];
    } else {
      this.#bytes.set(count === bytes.length ? bytes : bytes.subarray(0, count), this.#length);
    }
    this.#length += count;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

/** Bytes that are copied one by one: a call of the host takes as long. */
const COPIED_MAX = 32;

/** The values of hexadecimal digits, by their UTF-16 unit; others are -1. */
const DIGITS = Int8Array.from({ length: 128 }, (_, unit) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(unit)),
);

/** Reads the primitive forms, in the context of `decoding`: what is wrong ends the decoder. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #end: number;
  #offset: number;
  /** What to say at the end, where a bound ends the reader before its bytes do. */
  #bound: string | null = null;

  /** Reads the bytes in `[start, end)`; offsets are those of `bytes`. */
  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#offset = start;
    this.#end = end;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#end - this.#offset;
  }

  /** Gives up: the bytes at `offset` (here, if not said) are malformed. */
  fail(message: string, offset: number = this.#offset): never {
    throw new MalformedError(message, offset);
  }

  /** The next byte, or one so many behind it, which is not read yet; -1 at the end. */
  peek(ahead = 0): number {
    const at = this.#offset + ahead;
    return at < this.#end ? this.#bytes[at] : -1;
  }

  /** Whether these bytes come next. */
  startsWith(bytes: Uint8Array): boolean {
    if (bytes.length > this.remaining) return false;
    for (let i = 0; i < bytes.length; i++) if (this.#bytes[this.#offset + i] !== bytes[i]) return false;
    return true;
  }

  byte(): number {
    if (this.#offset >= this.#end) this.fail(this.#bound ?? 'unexpected end');
    return this.#bytes[this.#offset++];
  }

  /** Leaves bytes out. */
  skip(length: number): void {
    if (length > this.remaining) {
      this.fail(this.#bound ?? `${length} bytes expected, ${this.remaining} left`);
    }
    this.#offset += length;
  }

  /** A view of the next bytes. */
  raw(length: number): Uint8Array {
    this.skip(length);
    return this.#bytes.subarray(this.#offset - length, this.#offset);
  }

  unsigned(): number {
    const start = this.#offset;
    // Nearly all.
    if (start < this.#end && this.#bytes[start] < 0x80) return this.#bytes[this.#offset++];
    const value = this.#rest(start, 5);
    if (value > 0xffff_ffff) this.fail('number too large', start);
    return value;
  }

  integer(): number {
    const start = this.#offset;
    const first = this.byte();
    const low = (first >> 1) & 0x3f;
    if (first < 0x80) return (first & 1) === 0 ? low : -low - 1;
    const high = this.#rest(start, 7);
    if (high === 0) this.fail('number not in its shortest form', start);
    const magnitude = high * 64 + low;
    const value = (first & 1) === 0 ? magnitude : -magnitude - 1;
    if (magnitude > INT_MAX || value < -INT_MAX) this.fail('number too large', start);
    return value;
  }

  /** A number of things that follow, each of at least one byte: so a count is proven before it is used. */
  count(what: string, max: number): number {
    const start = this.#offset;
    const count = this.unsigned();
    if (count > max) this.fail(`${count} ${what}, at most ${max}`, start);
    if (count > this.remaining) {
      this.fail(
        this.#bound ?? `${count} ${what} should follow, and only ${this.remaining} bytes are left`,
        start,
      );
    }
    return count;
  }

  /** Reads something that has at most so many bytes, and gives up where it has more. Bounds do not nest. */
  bounded<T>(what: string, bytesMax: number, take: () => T): T {
    const end = this.#end;
    if (this.remaining > bytesMax) {
      this.#end = this.#offset + bytesMax;
      this.#bound = `${what} of more than ${bytesMax} bytes`;
    }
    const taken = take();
    this.#end = end;
    this.#bound = null;
    return taken;
  }

  /** An index of a table of `length`. */
  index(what: string, length: number): number {
    const start = this.#offset;
    const index = this.unsigned();
    if (index >= length) this.fail(`${what} ${index} of ${length}`, start);
    return index;
  }

  string(bytesMax: number, what = 'a string'): string {
    const length = this.count(`bytes of ${what}`, bytesMax);
    if (length === 0) return '';
    const start = this.#offset;
    const text = readUtf8(this.#bytes, start, start + length);
    if (typeof text === 'number') this.fail('not UTF-8', text);
    this.#offset += length;
    return text;
  }

  #rest(start: number, bytesMax: number): number {
    let value = 0;
    let scale = 1;
    const end = this.#offset + bytesMax;
    while (this.#offset < end) {
      const next = this.byte();
      value += (next & 0x7f) * scale;
      if (next < 0x80) {
        if (next === 0 && scale > 1) this.fail('number not in its shortest form', start);
        return value;
      }
      scale *= 0x80;
    }
    return this.fail('number too large', start);
  }
}
