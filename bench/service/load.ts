import { connect, type Socket } from 'node:net';
import { type Protocol, PROTOCOLS } from './protocols.ts';

/**
 * A closed loop of load, in a process of its own: `load.ts PORT PROTOCOL CONNECTIONS DEPTH SECONDS`. Each connection
 * sends so many increments at once, and as many again when all are answered.
 */

const [port, name, connections, depth, seconds] = process.argv.slice(2);
const DEPTH = Number(depth);

/** Before it is measured: what is compiled late is compiled by then. */
const WARM_MILLIS = 2_000;

/** Milliseconds from the sending of some increments until all of them were answered. */
const latencies: number[] = [];
let measured = 0;
let answered = 0;
let isMeasured = false;

class Connection {
  readonly #socket: Socket;
  readonly #protocol: Protocol;
  #next = 1;
  #waiting = 0;
  #sentAt = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(socket: Socket, protocol: Protocol) {
    this.#socket = socket;
    this.#protocol = protocol;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', (error) => fail(error.message));
    socket.on('close', () => fail('the server closed a connection'));
    socket.write(protocol.greeting());
    this.#send();
  }

  #send(): void {
    this.#sentAt = performance.now();
    this.#socket.write(this.#protocol.increments(this.#next, DEPTH));
    this.#next += DEPTH;
    this.#waiting = DEPTH;
  }

  #take(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const { answers, used } = this.#protocol.take(bytes);
    this.#rest = bytes.subarray(used);
    this.#waiting -= answers;
    answered += answers;
    if (this.#waiting > 0) return;
    if (isMeasured) {
      measured += DEPTH;
      latencies.push(performance.now() - this.#sentAt);
    }
    this.#send();
  }
}

function fail(message: string): never {
  console.error(`the load ends: ${message}`);
  process.exit(1);
}

for (let i = 0; i < Number(connections); i++) {
  const socket = connect({ port: Number(port), host: '127.0.0.1', noDelay: true });
  socket.once('connect', () => new Connection(socket, PROTOCOLS[name]()));
}

const elapsed = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis));

await elapsed(WARM_MILLIS);
isMeasured = true;
process.send!({ kind: 'begin' });
const start = performance.now();
await elapsed(Number(seconds) * 1_000);
isMeasured = false;
const perSecond = (1_000 * measured) / (performance.now() - start);
latencies.sort((a, b) => a - b);
const quantile = (q: number): number =>
  latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))];
const figures = { perSecond, p50: quantile(0.5), p99: quantile(0.99), p999: quantile(0.999), answered };
process.send!({ kind: 'end', figures }, () => process.exit());
