import { randomBytes } from 'node:crypto';
import {
  ByteWriter,
  encodeCall,
  FRAME_MAGIC,
  INT,
  interfaceFingerprint,
  UNIT,
  writeCall,
  writeHello,
  writeMachine,
} from '@smc/protocol';
import { imageOf } from '../workloads/workload.ts';

/** How the load speaks to a server: it asks for increments, and looks at no more of an answer than that it is one. */
export interface Protocol {
  /** What a connection begins with. */
  readonly greeting: () => Uint8Array;
  /** So many increments; `first` is the number of the first, which the connection has not used. */
  readonly increments: (first: number, count: number) => Uint8Array;
  /** How many answers are whole in what came, and how many bytes they take; throws for one that is none. */
  readonly take: (bytes: Buffer) => { readonly answers: number; readonly used: number };
}

const NOTHING = new Uint8Array(0);

/** Redis serialization protocol: `INCR n`, answered with `:1`. */
const redis: Protocol = {
  greeting: () => NOTHING,
  increments: (_, count) => Buffer.from('*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n'.repeat(count)),
  take: (bytes) => {
    let answers = 0;
    let used = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, used)) {
      if (bytes[used] !== 0x3a) throw new Error(bytes.toString('latin1', used, end));
      answers++;
      used = end + 1;
    }
    return { answers, used };
  },
};

const REPLY = 0x83;
const REFUSAL = 0x84;
const CLOSING = 0x85;

/** Our frames: four bytes of length, one of kind. Calls an operation of a machine that takes nothing, or a number. */
function framed(file: string, name: string, inputOf: () => number | null): Protocol {
  const image = imageOf(file);
  const operation = image.operations.findIndex((each) => each.name === name);
  const type = inputOf() === null ? UNIT : INT;
  const bodyOf = (): Uint8Array =>
    encodeCall(image.unit.types, type, { key: null, operation, input: inputOf() });
  const writer = new ByteWriter();
  const written = (): Uint8Array => {
    const bytes = writer.bytes();
    writer.clear();
    return bytes;
  };
  let greeted = 0;
  return {
    greeting: () => {
      writer.raw(FRAME_MAGIC);
      writeHello(writer, randomBytes(16).toString('hex'), '');
      writeMachine(writer, { name: image.name, interface: interfaceFingerprint(image) });
      return written();
    },
    increments: (first, count) => {
      for (let id = first; id < first + count; id++)
        writeCall(writer, { id, deadlineMillis: 0, machine: 0, body: bodyOf() });
      return written();
    },
    take: (bytes) => {
      let answers = 0;
      let used = 0;
      // The magic comes back once on each connection, and begins with no length.
      if (bytes.length >= FRAME_MAGIC.length && FRAME_MAGIC.every((byte, i) => bytes[i] === byte)) {
        used = FRAME_MAGIC.length;
        greeted++;
      }
      while (bytes.length - used >= 5) {
        const end = used + 4 + bytes.readUInt32BE(used);
        if (end > bytes.length) break;
        const kind = bytes[used + 4];
        if (kind === REPLY) answers++;
        if (kind === REFUSAL || kind === CLOSING) throw new Error(bytes.toString('latin1', used, end));
        used = end;
      }
      if (answers > 0 && greeted === 0) throw new Error('frames without their magic');
      return { answers, used };
    },
  };
}

/** HTTP 1.1: a request without a body, answered with `200`. */
function http(path: string): Protocol {
  const request = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 0\r\n\r\n`;
  const HEAD_END = '\r\n\r\n';
  return {
    greeting: () => NOTHING,
    increments: (_, count) => Buffer.from(request.repeat(count)),
    take: (bytes) => {
      let answers = 0;
      let used = 0;
      for (let end = bytes.indexOf(HEAD_END); end >= 0; end = bytes.indexOf(HEAD_END, used)) {
        const head = bytes.toString('latin1', used, end);
        if (!head.startsWith('HTTP/1.1 200')) throw new Error(head);
        const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1]);
        if (end + HEAD_END.length + length > bytes.length) break;
        answers++;
        used = end + HEAD_END.length + length;
      }
      return { answers, used };
    },
  };
}

/** What comes back is what was sent. */
const echo: Protocol = {
  greeting: () => NOTHING,
  increments: (_, count) => Buffer.alloc(count * ECHO_BYTES, 1),
  take: (bytes) => {
    const answers = Math.floor(bytes.length / ECHO_BYTES);
    return { answers, used: answers * ECHO_BYTES };
  },
};

/** As long as a framed call. */
const ECHO_BYTES = 16;

/** Entries of the map whose entries are counted up at random. */
export const TALLY_KEYS = 1_000_000;

export const PROTOCOLS: Readonly<Record<string, () => Protocol>> = {
  redis: () => redis,
  frames: () => framed('counter.sm', 'Incr', () => null),
  tally: () => framed('tally.sm', 'Add', () => Math.floor(Math.random() * TALLY_KEYS)),
  http: () => http('/Counter/Incr'),
  echo: () => echo,
};
