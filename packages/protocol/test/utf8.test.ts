import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../src/bytes.ts';
import { encodeUtf8, LONG, readUtf8, utf8Length } from '../src/utf8.ts';

// Short texts, which are gone through here, and long ones, which the engine takes.

/** Units that need one byte, two, three, and four with the next. */
const scalars = fc.constantFrom(
  'a',
  '\u0000',
  '\u007f',
  'é',
  '\u07ff',
  '日',
  '\ufeff',
  '\uffff',
  '😀',
  '\u{10ffff}',
);
const texts = fc.oneof(
  fc.array(scalars, { maxLength: 20 }).map((parts) => parts.join('')),
  fc.array(scalars, { minLength: LONG - 3, maxLength: 2 * LONG }).map((parts) => parts.join('')),
  fc.tuple(scalars, fc.integer({ min: LONG - 2, max: 3 * LONG })).map(([part, times]) => part.repeat(times)),
);

describe('UTF-8', () => {
  it('is as others have it', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const bytes = Uint8Array.from(Buffer.from(text));
        expect(encodeUtf8(text)).toEqual(bytes);
        expect(encodeUtf8(text).buffer.byteLength).toBe(bytes.length);
        expect(utf8Length(text)).toBe(bytes.length);
        expect(readUtf8(Uint8Array.of(0xff, ...bytes, 0xff), 1, 1 + bytes.length)).toBe(text);
      }),
    );
  });

  it('stands in a message behind its length', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const [writer, other] = [new ByteWriter(), new ByteWriter()];
        writer.string(text);
        other.unsigned(utf8Length(text));
        expect(writer.bytes()).toEqual(Uint8Array.from([...other.bytes(), ...Buffer.from(text)]));
      }),
    );
  });

  it.each([5, LONG - 1, LONG, 3 * LONG])(
    'of %i units is refused at the first byte that is none',
    (length) => {
      const bytes = new Uint8Array(length).fill(0x61);
      for (const [wrong, at] of [
        [[0xff], 0],
        [[0xc0, 0x80], 1],
        [[0xed, 0xa0, 0x80], 2],
        [[0xe6, 0x97], length - 2],
      ] as const) {
        const damaged = Uint8Array.from(bytes);
        damaged.set(wrong, at);
        expect(readUtf8(damaged, 0, length)).toBe(at);
      }
    },
  );

  it.each([1, LONG])('of %i units is not made of half a pair', (length) => {
    const text = `${'a'.repeat(length - 1)}\ud800`;
    expect(() => encodeUtf8(text)).toThrow('a string with a lone surrogate');
    expect(() => new ByteWriter().string(text)).toThrow('a string with a lone surrogate');
  });
});
