import { createConnection, type Socket } from 'node:net';
import { type LineReply, readLineReply } from '@smc/protocol';
import { ANSWER_BYTES_MAX } from './exchange.ts';

/**
 * A connection of the line protocol. Requests may be sent before the replies to earlier ones
 * are there; replies come in order.
 */
export class LineClient {
  readonly #socket: Socket;
  readonly #waiting: ((reply: LineReply) => void)[] = [];
  /** Of a line that has not come to its end. */
  #received: string[] = [];
  #receivedLength = 0;
  #closed: LineReply | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => this.#take(chunk));
    socket.on('error', (error) => this.#close(error.message));
    socket.on('close', () => this.#close('the connection was closed'));
  }

  /** Connects; rejects with the error of the system where that fails. */
  static connect(port: number, host = '127.0.0.1'): Promise<LineClient> {
    return new Promise((resolve, reject) => {
      const socket = createConnection({ port, host, noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new LineClient(socket));
      });
    });
  }

  /** Whether the connection is still there. */
  get open(): boolean {
    return this.#closed === null;
  }

  /** Sends one line; a connection that is closed answers with the code `disconnected`. */
  request(line: string): Promise<LineReply> {
    if (/[\r\n]/.test(line)) throw new Error(`a request is one line: ${JSON.stringify(line)}`);
    if (this.#closed !== null) return Promise.resolve(this.#closed);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#socket.write(`${line}\n`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: string): void {
    const [end, ...lines] = chunk.split('\n');
    this.#receivedLength += end.length;
    if (this.#receivedLength > ANSWER_BYTES_MAX) {
      this.#socket.destroy(new Error(`an answer of more than ${ANSWER_BYTES_MAX} characters`));
      return;
    }
    this.#received.push(end);
    for (const line of lines) {
      this.#settle(this.#received.join(''));
      this.#received = [line];
      this.#receivedLength = line.length;
    }
  }

  #settle(line: string): void {
    this.#waiting.shift()?.(readLineReply(line) ?? { ok: false, code: 'unexpected', message: line });
  }

  #close(message: string): void {
    this.#closed ??= { ok: false, code: 'disconnected', message };
    for (const settle of this.#waiting.splice(0)) settle(this.#closed);
  }
}
