import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { errorToJson, type LineReply, printLineReply, readLineReply } from '../src/index.ts';

test('an error has its code, its message and maybe its path', () => {
  expect(errorToJson({ code: 'gone', message: 'Note is "gone"' })).toBe(
    '{"error":{"code":"gone","message":"Note is \\"gone\\""}}',
  );
  expect(errorToJson({ code: 'bad-request', message: 'no', path: '$.by' })).toBe(
    '{"error":{"code":"bad-request","message":"no","path":"$.by"}}',
  );
});

describe('replies of the line protocol', () => {
  test('are one line', () => {
    expect(printLineReply({ ok: true, text: '()' })).toBe('ok ()');
    expect(printLineReply({ ok: false, code: 'fault', message: 'refused:\r\nlate\u2028' })).toBe(
      'error fault refused:\\r\\nlate\\u{2028}',
    );
  });

  test('come back', () => {
    const line = fc.string({ unit: 'grapheme' });
    const replies: fc.Arbitrary<LineReply> = fc.oneof(
      line.map((text) => ({ ok: true as const, text })),
      line.map((message) => ({ ok: false as const, code: 'fault', message })),
    );
    fc.assert(
      fc.property(replies, (reply) => {
        const printed = printLineReply(reply);
        expect(printed).not.toMatch(/[\r\n]/);
        expect(printLineReply(readLineReply(printed)!)).toBe(printed);
      }),
    );
  });

  test('something else is none', () => {
    for (const text of ['', 'okay', 'error', 'error ', 'HTTP/1.1 200 OK'])
      expect(readLineReply(text)).toBe(null);
  });
});
