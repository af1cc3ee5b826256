/**
 * UTF-8, strict both ways: a lone surrogate is a broken precondition when writing, and an
 * overlong form, a surrogate or a number past U+10FFFF is refused when reading.
 */

/** From so many units, or bytes, on the call of what the engine has takes less time than a loop here. */
export const LONG = 128;

// Of all environments (https://encoding.spec.whatwg.org), though not of the language.
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(encoding: 'utf-8', options: { readonly fatal: true; readonly ignoreBOM: true });
  decode(bytes: Uint8Array): string;
}
const ENCODER = new TextEncoder();
const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The number of bytes of a well-formed string. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) length += unit < 0x800 ? 1 : 2;
    // A pair of surrogates is 4 bytes: 2 for its units, and 2 for the first being past U+0800.
    if (unit >= 0xd800 && unit < 0xdc00) i++;
  }
  return length;
}

/** The bytes of a well-formed string. */
export function encodeUtf8(text: string): Uint8Array {
  if (text.length >= LONG) {
    requireWellFormed(text);
    return ENCODER.encode(text);
  }
  const bytes = new Uint8Array(utf8Length(text));
  writeUtf8(text, bytes, 0);
  return bytes;
}

/** Writes a string at an offset of `bytes`, which has room for it; returns the offset after it. */
export function writeUtf8(text: string, bytes: Uint8Array, offset: number): number {
  requireWellFormed(text);
  let at = offset;
  for (let i = 0; i < text.length; i++) {
    let scalar = text.charCodeAt(i);
    if (scalar < 0x80) {
      bytes[at++] = scalar;
      continue;
    }
    if (scalar >= 0xd800 && scalar < 0xdc00) {
      scalar = 0x10000 + ((scalar - 0xd800) << 10) + (text.charCodeAt(++i) - 0xdc00);
      bytes[at++] = 0xf0 | (scalar >> 18);
      bytes[at++] = 0x80 | ((scalar >> 12) & 0x3f);
      bytes[at++] = 0x80 | ((scalar >> 6) & 0x3f);
    } else if (scalar >= 0x800) {
      bytes[at++] = 0xe0 | (scalar >> 12);
      bytes[at++] = 0x80 | ((scalar >> 6) & 0x3f);
    } else {
      bytes[at++] = 0xc0 | (scalar >> 6);
    }
    bytes[at++] = 0x80 | (scalar & 0x3f);
  }
  return at;
}

function requireWellFormed(text: string): void {
  if (!text.isWellFormed()) throw new Error(`a string with a lone surrogate: ${JSON.stringify(text)}`);
}

/** Units that are made into a string at once: few enough for the arguments of a call. */
const CHUNK_UNITS = 8_192;

/** The string of these UTF-16 units; not well-formed where they are not. */
export function textOfUnits(units: Uint8Array | Uint16Array): string {
  // A view for each of many short texts would take longer than the texts.
  if (units.length <= CHUNK_UNITS) return String.fromCharCode.apply(null, units as unknown as number[]);
  let text = '';
  for (let at = 0; at < units.length; at += CHUNK_UNITS) {
    const chunk = units.subarray(at, at + CHUNK_UNITS);
    text += String.fromCharCode.apply(null, chunk as unknown as number[]);
  }
  return text;
}

/** The string of the bytes in `[start, end)`, or the offset of the first byte that is not UTF-8. */
export function readUtf8(bytes: Uint8Array, start: number, end: number): string | number {
  if (end - start >= LONG) {
    try {
      return DECODER.decode(bytes.subarray(start, end));
    } catch {
      // It does not say where.
    }
  }
  const units = new Uint16Array(Math.min(end - start, CHUNK_UNITS + 1));
  let text = '';
  let count = 0;
  let at = start;
  while (at < end) {
    const lead = bytes[at];
    if (lead < 0x80) {
      units[count++] = lead;
      at++;
    } else {
      const width = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
      const scalar = scalarAt(bytes, at, width, end);
      if (scalar < 0) return at;
      if (scalar >= 0x10000) units[count++] = 0xd800 + ((scalar - 0x10000) >> 10);
      units[count++] = scalar >= 0x10000 ? 0xdc00 + ((scalar - 0x10000) & 0x3ff) : scalar;
      at += width;
    }
    if (count >= CHUNK_UNITS) {
      text += textOfUnits(units.subarray(0, count));
      count = 0;
    }
  }
  return text + textOfUnits(units.subarray(0, count));
}

/** The least scalar value that needs 2, 3 and 4 bytes. */
const LEAST = [0, 0, 0x80, 0x800, 0x10000];

/** The scalar value of a sequence of `width` bytes, or −1. */
function scalarAt(bytes: Uint8Array, at: number, width: number, end: number): number {
  const lead = bytes[at];
  if (lead < 0xc2 || lead > 0xf4 || at + width > end) return -1;
  let scalar = lead & (0x7f >> width);
  for (let i = 1; i < width; i++) {
    const next = bytes[at + i];
    if ((next & 0xc0) !== 0x80) return -1;
    scalar = (scalar << 6) | (next & 0x3f);
  }
  if (scalar < LEAST[width] || scalar > 0x10ffff || (scalar >= 0xd800 && scalar < 0xe000)) return -1;
  return scalar;
}
