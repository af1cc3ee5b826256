import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import {
  ByteWriter,
  encodeCall,
  FRAME_MAGIC,
  interfaceFingerprint,
  UNIT,
  writeCall,
  writeHello,
  writeMachine,
} from '@smc/protocol';
import { imageOf } from '../workloads/workload.ts';

/**
 * A closed loop of load: `load.ts PORT echo|node CONNECTIONS DEPTH SECONDS`. Each connection sends so
 * many increments at once, and as many again when all are answered. It reads no more of a frame than its
 * length and kind, so that it takes little of the computer.
 */

const [port, kind, connections, depth, seconds] = process.argv.slice(2);
const DEPTH = Number(depth);
const REPLY = 0x83;
const CALL = 0x03;
/** What an answered request comes back as. */
const ANSWER = kind === 'echo' ? CALL : REPLY;

const counter = imageOf('counter.sm');
const operation = counter.operations.findIndex(({ name }) => name === 'Incr');
const body = encodeCall(counter.unit.types, UNIT, { key: null, operation, input: null });
const latencies: number[] = [];
let answered = 0;
let isMeasured = false;

class Connection {
  readonly #socket: Socket;
  readonly #writer = new ByteWriter();
  #id = 0;
  #waiting = 0;
  #sentAt = 0;
  #rest: Buffer = Buffer.alloc(0);
  #isGreeted = kind === 'echo';

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', (error) => fail(error.message));
    socket.on('close', () => fail('the server closed a connection'));
    if (kind !== 'echo') {
      this.#writer.raw(FRAME_MAGIC);
      writeHello(this.#writer, randomBytes(16).toString('hex'), '');
      writeMachine(this.#writer, { name: 'Counter', interface: interfaceFingerprint(counter) });
    }
    this.#send();
  }

  #send(): void {
    for (let i = 0; i < DEPTH; i++) {
      writeCall(this.#writer, { id: ++this.#id, deadlineMillis: 0, machine: 0, body });
    }
    this.#waiting = DEPTH;
    this.#sentAt = performance.now();
    this.#socket.write(this.#writer.bytes());
    this.#writer.clear();
  }

  #take(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    if (!this.#isGreeted) {
      if (bytes.length < FRAME_MAGIC.length) return void (this.#rest = bytes);
      bytes = bytes.subarray(FRAME_MAGIC.length);
      this.#isGreeted = true;
    }
    let at = 0;
    while (bytes.length - at >= 5) {
      const end = at + 4 + bytes.readUInt32BE(at);
      if (end > bytes.length) break;
      const frame = bytes[at + 4];
      if (frame === ANSWER) this.#waiting--;
      else if (frame === 0x85) fail(bytes.toString('latin1', at, end));
      at = end;
    }
    this.#rest = bytes.subarray(at);
    if (this.#waiting > 0) return;
    if (isMeasured) {
      answered += DEPTH;
      latencies.push(performance.now() - this.#sentAt);
    }
    this.#send();
  }
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

for (let i = 0; i < Number(connections); i++) {
  const socket = connect({ port: Number(port), host: '127.0.0.1', noDelay: true });
  socket.once('connect', () => new Connection(socket));
}

// What compiles later is compiled by then.
setTimeout(() => {
  isMeasured = true;
  process.send!({ kind: 'begin' });
  const start = performance.now();
  setTimeout(
    () => {
      const elapsed = performance.now() - start;
      latencies.sort((a, b) => a - b);
      const quantile = (q: number): number =>
        latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))];
      const figures = {
        perSecond: (1_000 * answered) / elapsed,
        p50: quantile(0.5),
        p99: quantile(0.99),
        max: quantile(1),
      };
      process.send!({ kind: 'end', figures }, () => process.exit());
    },
    Number(seconds) * 1_000,
  );
}, 2_000);
