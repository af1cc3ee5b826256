import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ByteWriter,
  type ClientFrame,
  decodeCall,
  decodeClientFrame,
  decodeNodeFrame,
  encodeCall,
  FRAME_LIMITS,
  FRAME_MAGIC,
  FRAME_VERSION,
  FrameSplitter,
  INT,
  type NodeFrame,
  STRING,
  TypeTable,
  UNIT,
  writeCall,
  writeCode,
  writeError,
  writeGoodbye,
  writeHello,
  writeMachine,
  writeMachineAnswer,
  writePing,
  writePong,
  writeReply,
  writeWelcome,
} from '../src/index.ts';

const TYPES = new TypeTable();
const FRAME_BYTES_MAX = 64 * 1024;

const digits = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });
const text = fc.string({ unit: 'binary', maxLength: 20 });
const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const unsigned = fc.integer({ min: 0, max: 0xffff_ffff });
const bytes = fc.uint8Array({ maxLength: 200 });

/** A frame with how it is written; of a call and a reply, what is in the bytes. */
interface Written<T> {
  readonly frame: T;
  readonly content?: Uint8Array;
  readonly write: (writer: ByteWriter) => void;
}

const clientFrames: fc.Arbitrary<Written<ClientFrame>> = fc.oneof(
  fc.tuple(digits(32), text).map(([session, token]): Written<ClientFrame> => ({
    frame: { kind: 'hello', version: FRAME_VERSION, session, token },
    write: (writer) => writeHello(writer, session, token),
  })),
  fc.tuple(text, digits(64)).map(([name, fingerprint]): Written<ClientFrame> => ({
    frame: { kind: 'machine', name, interface: fingerprint },
    write: (writer) => writeMachine(writer, { name, interface: fingerprint }),
  })),
  fc
    .tuple(id, unsigned, unsigned, bytes)
    .map(([number, deadlineMillis, machine, body]): Written<ClientFrame> => ({
      frame: { kind: 'call', id: number, deadlineMillis, machine, start: 0, end: 0 },
      content: body,
      write: (writer) => writeCall(writer, { id: number, deadlineMillis, machine, body }),
    })),
  fc.constant<Written<ClientFrame>>({ frame: { kind: 'ping' }, write: writePing }),
);

const nodeFrames: fc.Arbitrary<Written<NodeFrame>> = fc.oneof(
  fc.tuple(unsigned, unsigned).map(([inFlightMax, frameBytesMax]): Written<NodeFrame> => {
    const welcome = { version: FRAME_VERSION, inFlightMax, frameBytesMax };
    return { frame: { kind: 'welcome', ...welcome }, write: (writer) => writeWelcome(writer, welcome) };
  }),
  fc
    .tuple(unsigned, fc.option(fc.tuple(digits(64), digits(64))), fc.option(text))
    .map(([number, fingerprints, message]): Written<NodeFrame> => {
      const answer = {
        number,
        running: fingerprints && { code: fingerprints[0], interface: fingerprints[1] },
        refused: message === null ? null : { code: 'unknown-machine' as const, message },
      };
      return { frame: { kind: 'machine', ...answer }, write: (writer) => writeMachineAnswer(writer, answer) };
    }),
  fc.tuple(id, text).map(([number, value]): Written<NodeFrame> => {
    const content = new ByteWriter();
    content.string(value);
    return {
      frame: { kind: 'reply', id: number, start: 0, end: 0 },
      content: content.bytes(),
      write: (writer) => expect(writeReply(writer, number, TYPES, STRING, value)).toBe(true),
    };
  }),
  fc
    .tuple(fc.oneof(id, fc.constant(0)), text, fc.option(text), unsigned)
    .map(([number, message, path, retryMillis]): Written<NodeFrame> => {
      const error = { id: number, code: 'overloaded', message, path, retryMillis };
      return { frame: { kind: 'error', ...error }, write: (writer) => writeError(writer, error) };
    }),
  fc.tuple(unsigned, digits(64)).map(([machine, code]): Written<NodeFrame> => ({
    frame: { kind: 'code', machine, code },
    write: (writer) => writeCode(writer, machine, code),
  })),
  fc.constant<Written<NodeFrame>>({ frame: { kind: 'pong' }, write: writePong }),
  fc.constant<Written<NodeFrame>>({ frame: { kind: 'goodbye' }, write: writeGoodbye }),
);

/** The bytes in pieces, cut at these fractions. */
function cut(stream: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [
    0,
    ...cuts.map((each) => Math.floor(each * stream.length)).sort((a, b) => a - b),
    stream.length,
  ];
  return places.slice(1).map((end, i) => stream.slice(places[i], end));
}

const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });

/** What a splitter and a decoder make of a stream that comes in pieces. */
function read<T extends ClientFrame | NodeFrame>(
  pieces: readonly Uint8Array[],
  decode: (bytes: Uint8Array, start: number, end: number) => { ok: boolean; value?: T },
): unknown[] {
  const splitter = new FrameSplitter(FRAME_BYTES_MAX);
  const frames = [];
  for (const piece of pieces) {
    splitter.push(piece);
    while (splitter.next()) {
      const { value } = decode(splitter.bytes, splitter.start, splitter.end);
      if (value !== undefined && 'start' in value) {
        const content = splitter.bytes.slice(value.start, value.end);
        frames.push({ frame: { ...value, start: 0, end: 0 }, content });
      } else {
        frames.push({ frame: value });
      }
    }
  }
  expect(splitter.malformed).toBeNull();
  return frames;
}

function mirrors<T extends ClientFrame | NodeFrame>(
  written: fc.Arbitrary<Written<T>>,
  decode: Parameters<typeof read<T>>[1],
): void {
  fc.assert(
    fc.property(fc.array(written, { maxLength: 12 }), cuts, (frames, places) => {
      const writer = new ByteWriter();
      for (const { write } of frames) write(writer);
      const expected = frames.map(({ frame, content }) =>
        content === undefined ? { frame } : { frame, content },
      );
      expect(read(cut(writer.bytes(), places), decode)).toEqual(expected);
    }),
    { numRuns: 500 },
  );
}

describe('frames', () => {
  it('of a client are read as they were written, however the stream is cut', () => {
    mirrors(clientFrames, decodeClientFrame);
  });

  it('of a node are read as they were written, however the stream is cut', () => {
    mirrors(nodeFrames, decodeNodeFrame);
  });

  it('are those of docs/frames.md', () => {
    const writer = new ByteWriter();
    writer.raw(FRAME_MAGIC);
    writeHello(writer, '0'.repeat(32), '');
    writeMachine(writer, { name: 'Counter', interface: 'ab'.repeat(32) });
    for (const operation of [0, 1]) {
      const body = encodeCall(TYPES, UNIT, { key: null, operation, input: null });
      writeCall(writer, { id: operation + 1, deadlineMillis: 0, machine: 0, body });
    }
    const shown = readFileSync(new URL('../../../docs/frames.md', import.meta.url), 'utf8')
      .split('\n')
      .filter((line) => /^[0-9a-f]{2} /.test(line))
      .join(' ')
      .replace(/\(.*?\)/, 'ab '.repeat(32));
    expect(Buffer.from(shown.replaceAll(' ', ''), 'hex')).toEqual(Buffer.from(writer.bytes()));
  });

  it('have one form each', () => {
    const writer = new ByteWriter();
    writeCall(writer, { id: 300, deadlineMillis: 5, machine: 0, body: Uint8Array.of(9) });
    const longer = writer.bytes().slice();
    // The deadline in two bytes where one is enough.
    const padded = Uint8Array.of(...longer.slice(0, 7), 0x85, 0x00, ...longer.slice(8));
    expect(decodeClientFrame(longer, 4, longer.length)).toMatchObject({
      ok: true,
      value: { deadlineMillis: 5 },
    });
    expect(decodeClientFrame(padded, 4, padded.length)).toMatchObject({ ok: false });
  });

  it('that are mutated, cut off or made longer are refused or read, a hundred thousand of them', () => {
    let [read, refused, held] = [0, 0, 0];
    const mutation = fc.tuple(
      fc.oneof(
        clientFrames.map((written) => ({ written, decode: decodeClientFrame })),
        nodeFrames.map((written) => ({
          written: written as Written<ClientFrame | NodeFrame>,
          decode: decodeNodeFrame,
        })),
      ),
      fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 }), fc.constantFrom('set', 'insert', 'remove')), {
        minLength: 1,
        maxLength: 4,
      }),
    );
    fc.assert(
      fc.property(mutation, ([{ written, decode }, changes]) => {
        const writer = new ByteWriter();
        written.write(writer);
        const mutant = [...writer.bytes()];
        for (const [at, byte, what] of changes) {
          const place = at % (mutant.length + 1);
          if (what === 'set') mutant[Math.min(place, mutant.length - 1)] = byte;
          else mutant.splice(place, what === 'remove' ? 1 : 0, ...(what === 'insert' ? [byte] : []));
        }
        const splitter = new FrameSplitter(FRAME_BYTES_MAX);
        splitter.push(Uint8Array.from(mutant));
        // Each byte is in one frame at most.
        let rounds = 0;
        while (splitter.next()) {
          expect(++rounds).toBeLessThanOrEqual(mutant.length);
          expect(splitter.end).toBeLessThanOrEqual(splitter.bytes.length);
          const decoded = decode(splitter.bytes, splitter.start, splitter.end);
          if (decoded.ok) read++;
          else refused++;
        }
        if (splitter.malformed !== null) refused++;
        else if (splitter.heldBytes > 0) held++;
        expect(splitter.heldBytes).toBeLessThanOrEqual(1_024 + 2 * mutant.length);
      }),
      { numRuns: 100_000 },
    );
    expect(Math.min(read, refused, held)).toBeGreaterThan(1_000);
  });

  it('are no longer than is allowed, and no memory is taken for what was only announced', () => {
    for (const length of [0, FRAME_BYTES_MAX + 1, 0x4000_0000, 0xffff_ffff]) {
      const splitter = new FrameSplitter(FRAME_BYTES_MAX);
      const writer = new ByteWriter();
      writer.fixed(length);
      // Byte by byte: it is known with the fourth.
      for (const byte of writer.bytes()) {
        splitter.push(Uint8Array.of(byte));
        expect(splitter.next()).toBe(false);
      }
      expect(splitter.malformed).toBe(`a frame of ${length} bytes, where it has 1 to ${FRAME_BYTES_MAX}`);
      expect(splitter.heldBytes).toBe(0);
    }
    const splitter = new FrameSplitter(FRAME_BYTES_MAX);
    const writer = new ByteWriter();
    writer.fixed(FRAME_BYTES_MAX);
    splitter.push(writer.bytes());
    expect(splitter.next()).toBe(false);
    expect(splitter.heldBytes).toBeLessThanOrEqual(1_024);
  });

  it('that are left for later are kept', () => {
    const splitter = new FrameSplitter(FRAME_BYTES_MAX);
    const writer = new ByteWriter();
    for (let number = 1; number <= 3; number++) {
      writeCall(writer, { id: number, deadlineMillis: 0, machine: 0, body: new Uint8Array(10) });
    }
    splitter.push(writer.bytes().slice(0, -3));
    const ids: number[] = [];
    const take = (): void => {
      const frame = decodeClientFrame(splitter.bytes, splitter.start, splitter.end);
      if (frame.ok && frame.value.kind === 'call') ids.push(frame.value.id);
    };
    expect(splitter.next()).toBe(true);
    take();
    splitter.push(writer.bytes().slice(-3));
    while (splitter.next()) take();
    expect(ids).toEqual([1, 2, 3]);
  });

  it('with a reply that is too large are not written', () => {
    const writer = new ByteWriter();
    writePong(writer);
    const before = writer.bytes();
    const large = 'x'.repeat(FRAME_LIMITS.replyBytesMax);
    expect(writeReply(writer, 1, TYPES, STRING, large)).toBe(false);
    expect(writer.bytes()).toEqual(before);
  });
});

describe('digits', () => {
  it('stand for bytes where they are lower-case hexadecimal, in pairs', () => {
    const bytesOf = (digits: string): number[] => {
      const writer = new ByteWriter();
      writer.hexadecimal(digits);
      return [...writer.bytes()];
    };
    expect(bytesOf('00ff9a')).toEqual([0x00, 0xff, 0x9a]);
    for (const wrong of ['0', '0g', 'FF', '0/', ':0', '\u01300', '0\u0130', '-1']) {
      expect(() => bytesOf(wrong), wrong).toThrow('not in lower-case hexadecimal');
    }
  });
});

describe('the bytes of a call', () => {
  const operations = [{ input: INT }, { input: STRING }];

  it.each([
    ['none', null],
    ['string', 'alice'],
    ['int', -7],
  ] as const)('are read as they were written, with a key of kind %s', (kind, key) => {
    const body = encodeCall(TYPES, STRING, { key, operation: 1, input: 'hello' });
    const framed = Uint8Array.of(1, 2, ...body, 3);
    const decoded = decodeCall({ key: kind, types: TYPES, operations }, framed, 2, 2 + body.length);
    expect(decoded).toEqual({ ok: true, value: { key, operation: 1, input: 'hello' } });
  });

  it('are refused where they are of something else', () => {
    const refused = (kind: 'none' | 'string' | 'int', ...body: number[]): unknown => {
      const decoded = decodeCall(
        { key: kind, types: TYPES, operations },
        Uint8Array.from(body),
        0,
        body.length,
      );
      return decoded.ok ? decoded.value : decoded.malformed.message;
    };
    expect(refused('none', 2, 0)).toBe('operation 2 of 2');
    expect(refused('none', 0)).toBe('unexpected end');
    expect(refused('none', 0, 0, 0)).toBe('1 bytes after the end');
    expect(refused('string', 0, 0, 0)).toBe('a key has at least one byte');
    expect(refused('string', 1, 0xff, 0, 0)).toBe('not UTF-8');
  });
});
