import {
  ByteWriter,
  encodeCall,
  FRAME_MAGIC,
  type Image,
  interfaceFingerprint,
  writeCall,
  writeHello,
  writeMachine,
} from '@smc/protocol';

/** What nobody should send to a node, by chance: each gives the bytes of one connection. */

/** From 0 up to 1, without it. */
export type Random = () => number;

export const below = (random: Random, count: number): number => Math.floor(random() * count);
const oneOf = <T>(random: Random, items: readonly T[]): T => items[below(random, items.length)];

/** Bytes with some of them changed, left out, put in or repeated, or cut off. */
export function mutate(random: Random, bytes: Buffer): Buffer {
  let mutant = bytes;
  for (let left = 1 + below(random, 4); left > 0; left--) {
    const at = below(random, mutant.length + 1);
    const [before, after] = [mutant.subarray(0, at), mutant.subarray(at)];
    switch (below(random, 5)) {
      case 0:
        mutant = Buffer.concat([before, Buffer.of(below(random, 256)), after.subarray(1)]);
        break;
      case 1:
        mutant = Buffer.concat([before, after.subarray(1 + below(random, 4))]);
        break;
      case 2:
        mutant = Buffer.concat([before, noise(random, 1 + below(random, 8)), after]);
        break;
      case 3:
        mutant = Buffer.concat([before, after.subarray(0, below(random, 40)), after]);
        break;
      default:
        mutant = before;
    }
  }
  return mutant;
}

function noise(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => below(random, 256)));
}

const HOST = 'Host: 127.0.0.1\r\n';
const JSON_TYPE = 'Content-Type: application/json\r\n';

/** A whole request; it adds to `mallory`, who may have any total. */
function request(headers: string, body: string, path = '/Tally/mallory/Add'): string {
  return `POST ${path} HTTP/1.1\r\n${HOST}${JSON_TYPE}${headers}\r\n${body}`;
}

const ADD = '{"by":1}';
const CHUNKED = 'Transfer-Encoding: chunked\r\n';

/** Requests that are right: what is malformed is made of these. */
const REQUESTS: readonly string[] = [
  request(`Content-Length: ${ADD.length}\r\n`, ADD),
  request(`Content-Length: ${ADD.length}\r\nIdempotency-Key: k\r\n`, ADD),
  request(CHUNKED, `4\r\n{"by\r\n4;x=y\r\n":1}\r\n0\r\n\r\n`),
  request(`Expect: 100-continue\r\nContent-Length: ${ADD.length}\r\n`, ADD),
  request(`Content-Length: ${ADD.length}\r\n`, ADD).repeat(3),
  `GET /Tally/mallory/Read?x=%20 HTTP/1.1\r\n${HOST}\r\n`,
  `GET /_smc/machines?after=A HTTP/1.1\r\n${HOST}Accept: */*\r\n\r\n`,
  `PUT /_smc/machines?mode=upgrade HTTP/1.1\r\n${HOST}Content-Type: application/octet-stream\r\nContent-Length: 4\r\n\r\n\0smb`,
];

/** That which no server should take for the second of two requests. */
const HIDDEN = request(`Content-Length: ${ADD.length}\r\n`, ADD, '/Tally/smuggled/Add');

/**
 * Requests that two readers could understand in two ways, each with another one behind that or inside: none of the other
 * may be carried out.
 */
export const SMUGGLED: readonly string[] = [
  // Two lengths, or a length and chunks.
  request(`Content-Length: 0\r\nContent-Length: ${HIDDEN.length}\r\n`, HIDDEN),
  request(`Content-Length: 0, ${HIDDEN.length}\r\n`, HIDDEN),
  request(`Content-Length: 5\r\n${CHUNKED}`, `0\r\n\r\n${HIDDEN}`),
  request(`${CHUNKED}Content-Length: 5\r\n`, `0\r\n\r\n${HIDDEN}`),
  // A length that is none.
  ...['+0', '-0', '0x0', '0 0', '', ' ', '1e1', '00000000000000000000000000', '99999999999999999999'].map(
    (length) =>
      request(`Content-Length: ${length}\r\n`, length === '00000000000000000000000000' ? 'x' : HIDDEN),
  ),
  // Encodings that are not chunked, or not said so that everybody sees it.
  ...[
    'xchunked',
    'chunked, identity',
    'identity',
    'chunked chunked',
    '\x0bchunked',
    'chunked;q=1',
    '"chunked"',
  ].map((encoding) => request(`Transfer-Encoding: ${encoding}\r\n`, `0\r\n\r\n${HIDDEN}`)),
  request(`Transfer-Encoding : chunked\r\n`, `0\r\n\r\n${HIDDEN}`),
  request(
    `Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n`,
    `0\r\n\r\n${HIDDEN}`,
  ),
  request(`X: y\rTransfer-Encoding: chunked\r\n`, `0\r\n\r\n${HIDDEN}`),
  request(`X: y\nTransfer-Encoding: chunked\nContent-Length: 3\r\n`, `0\r\n\r\n${HIDDEN}`),
  request(`Content-Length : ${HIDDEN.length}\r\n`, HIDDEN),
  request(`Content-Length\0: ${HIDDEN.length}\r\n`, HIDDEN),
  // Chunks whose size is none.
  ...['-1', '0x1', '1 ', '+1', 'g', '', 'FFFFFFFFFFFFFFFFF', '1\n', '1;\r', '1;a\nb'].map((size) =>
    request(CHUNKED, `${size}\r\nx\r\n0\r\n\r\n${HIDDEN}`),
  ),
  request(CHUNKED, `1\r\nxy\r\n0\r\n\r\n${HIDDEN}`),
  request(CHUNKED, `1\r\nx0\r\n\r\n${HIDDEN}`),
  // Ends of lines that are none.
  `POST /Tally/mallory/Add HTTP/1.1\n${HOST}Content-Length: ${HIDDEN.length}\n\n${HIDDEN}`,
  `POST /Tally/mallory/Add HTTP/1.1\r\n${HOST}\r\r\n${HIDDEN}`,
  `GET /Tally/mallory/Read HTTP/1.1\r\n${HOST}X: \r\n ${HIDDEN}`,
  // Another protocol, another version, or a tunnel.
  `GET /Tally/mallory/Read HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n${HIDDEN}`,
  `CONNECT 127.0.0.1:80 HTTP/1.1\r\n${HOST}\r\n${HIDDEN}`,
  `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${HIDDEN}`,
  `POST /Tally/mallory/Add HTTP/9.9\r\n${HOST}\r\n${HIDDEN}`,
  `POST /Tally/mallory/Add\r\n\r\n${HIDDEN}`,
];

/** One connection for HTTP. */
export function malformedHttp(random: Random): Buffer {
  const whole = oneOf(random, REQUESTS);
  const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');
  switch (below(random, 12)) {
    case 0:
      return noise(random, 1 + below(random, 200));
    case 1:
      return ascii(oneOf(random, SMUGGLED));
    case 2:
      // By chance the second request may be one.
      return mutate(random, ascii(oneOf(random, SMUGGLED).replaceAll('smuggled', 'mallory')));
    case 3:
      // A flood of headers, one of them long, or a long address.
      return ascii(request('X-Flood: y\r\n'.repeat(below(random, 3_000)), ADD));
    case 4:
      return ascii(request(`X-Long: ${'y'.repeat(below(random, 60_000))}\r\n`, ADD));
    case 5:
      return ascii(`GET /${'a/'.repeat(below(random, 8_000))} HTTP/1.1\r\n${HOST}\r\n`);
    case 6:
      // A body that is shorter than it should be, or longer.
      return ascii(request(`Content-Length: ${below(random, 20)}\r\n`, ADD));
    case 7:
      return ascii(request(CHUNKED, `8;${'x'.repeat(below(random, 40_000))}\r\n${ADD}\r\n0\r\n\r\n`));
    case 8:
      return ascii(request(CHUNKED, `8\r\n${ADD}\r\n0\r\n${'X: y\r\n'.repeat(below(random, 4_000))}\r\n`));
    default:
      return mutate(random, ascii(whole));
  }
}

const LINES: readonly string[] = [
  'Tally/mallory Add(1)\n',
  'Tally/"mallory" Add(by: 1)\nTally/mallory Read\n',
  'interface 0123456789abcdef\nTally/mallory Read()\n',
  'auth 0123456789abcdef\nTally/mallory Add(-- ?\n',
  `Tally/mallory Add(${'('.repeat(2_000)}\n`,
  'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
  'EHLO x\r\n',
];

/** One connection for lines. */
export function malformedLines(random: Random): Buffer {
  const text = Array.from({ length: 1 + below(random, 4) }, () => oneOf(random, LINES)).join('');
  switch (below(random, 10)) {
    case 0:
      // Not of frames, which begin with a zero byte.
      return Buffer.concat([Buffer.of(1 + below(random, 255)), noise(random, below(random, 300))]);
    case 1:
      return Buffer.from(`Tally/mallory Add(${'9'.repeat(below(random, 70_000))})\n`);
    default: {
      const mutant = mutate(random, Buffer.from(text));
      return mutant[0] === 0 ? mutant.subarray(1) : mutant;
    }
  }
}

/** One connection for frames, about a machine with a String for a key. */
export function malformedFrames(random: Random, image: Image): Buffer {
  const writer = new ByteWriter();
  writer.raw(FRAME_MAGIC);
  writeHello(writer, noise(random, 16).toString('hex'), '');
  writeMachine(writer, { name: image.name, interface: interfaceFingerprint(image) });
  const operation = image.operations.findIndex(({ name }) => name === 'Read');
  for (let id = 1 + below(random, 3); id > 0; id--) {
    const body = encodeCall(image.unit.types, 0, { key: 'mallory', operation, input: null });
    writeCall(writer, { id, deadlineMillis: 0, machine: 0, body });
  }
  const whole = Buffer.from(writer.bytes());
  switch (below(random, 6)) {
    case 0:
      return Buffer.concat([whole, noise(random, 1 + below(random, 60))]);
    case 1: {
      const bytes = noise(random, 1 + below(random, 60));
      return Buffer.concat([whole, Buffer.of(0, 0, 0, bytes.length), bytes]);
    }
    case 2:
      return Buffer.concat([Buffer.from(FRAME_MAGIC), noise(random, 1 + below(random, 60))]);
    default:
      return Buffer.concat([Buffer.of(0), mutate(random, whole.subarray(1))]);
  }
}
