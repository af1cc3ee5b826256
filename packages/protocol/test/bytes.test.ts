import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { ByteWriter, decoding } from '../src/bytes.ts';

const safe = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer(),
  // About where the form grows by a byte, and where the host's small integers end.
  fc
    .tuple(fc.integer({ min: 0, max: 52 }), fc.integer({ min: -2, max: 2 }), fc.boolean())
    .map(([bits, off, isNegative]) => (isNegative ? -1 : 1) * (2 ** bits + off))
    .map((value) => value + 0),
);

/** Of an integer, by its definition: the sign and six bits, then seven bits each, all but the last with the highest bit. */
function bytesOf(value: number): number[] {
  const magnitude = BigInt(value < 0 ? -value - 1 : value);
  const bytes = [Number(magnitude % 64n) * 2 + (value < 0 ? 1 : 0)];
  for (let rest = magnitude / 64n; rest > 0n; rest /= 128n) {
    bytes[bytes.length - 1] |= 0x80;
    bytes.push(Number(rest % 128n));
  }
  return bytes;
}

describe('a writer of bytes', () => {
  test.prop([safe])('writes each integer in the one form that there is of it', (value) => {
    const writer = new ByteWriter();
    writer.integer(value);
    expect([...writer.bytes()]).toEqual(bytesOf(value));
    expect(decoding(writer.bytes(), (reader) => reader.integer())).toEqual({ ok: true, value });
  });

  test.prop([fc.uint8Array({ maxLength: 8 }), fc.uint8Array({ maxLength: 200 })])(
    'takes over what another one has written, of any length',
    (before, bytes) => {
      const other = new ByteWriter();
      other.raw(bytes);
      const writer = new ByteWriter();
      writer.raw(before);
      writer.written(other);
      writer.byte(7);
      expect([...writer.bytes()]).toEqual([...before, ...bytes, 7]);
      expect([...other.bytes()]).toEqual([...bytes]);
    },
  );
});
