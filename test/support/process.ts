import { spawn, type ChildProcess } from 'node:child_process';
import { createConnection, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

/** Real `smc` processes, built, as a user runs them. */

const smcPath = fileURLToPath(new URL('../../packages/cli/bin/smc.js', import.meta.url));

/** What a node may say that is started after a kill: how far it is, and that the commit that was being written is cut off. */
export const AFTER_KILL =
  /^(?:warning: recovery: the end of journal\.db-wal .*, and was cut off: 1 commits\n)?(?:recovery(?: done=|: opening the journal|: reading the checkpoint).*\n)*$/;

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SmcOptions {
  readonly cwd?: string;
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Flags of node itself. */
  readonly host?: readonly string[];
}

/** Runs `smc` to its end. */
export function smc(words: readonly string[], options: SmcOptions = {}): Promise<Ended> {
  const child = spawn(process.execPath, [...(options.host ?? []), smcPath, ...words], {
    cwd: options.cwd,
    env: { ...process.env, NO_COLOR: '1', ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  // A command that ends without reading its input closes the pipe: not a failure of the test.
  child.stdin.on('error', () => {});
  child.stdin.end(options.stdin ?? '');
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout: stdout(), stderr: stderr() }));
  });
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
}

/** A node process on ports of its own, with nothing on it. */
export interface NodeProcess {
  readonly url: string;
  readonly tcpPort: number;
  readonly child: ChildProcess;
  /** What it has written to stderr so far. */
  log(): string;
  /** Deploys an encoded bundle; status and body of the answer, `200 {…}`. */
  put(bundle: Uint8Array, query?: string): Promise<string>;
  /** Ends it with SIGTERM, or another signal, and gives its exit status. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/**
 * Starts `smc node`, with flags of node itself, and waits for the line that says it is ready. It keeps nothing, if
 * its words say nothing of `--data`.
 */
export async function startNodeProcess(
  more: readonly string[] = [],
  host: readonly string[] = [],
): Promise<NodeProcess> {
  const keeping = more.includes('--data') ? [] : ['--memory'];
  const child = spawn(
    process.execPath,
    [...host, smcPath, 'node', ...keeping, '--http', '0', '--tcp', '0', '--json', ...more],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1' } },
  );
  const log = collect(child.stderr);
  const closed = new Promise<number | null>((resolve) => child.once('close', (status) => resolve(status)));
  const ready = await firstLine(child, log);
  const { http, tcp } = JSON.parse(ready) as { http: string; tcp: { port: number } };
  return {
    url: http,
    tcpPort: tcp.port,
    child,
    log,
    put: async (bundle, query = '') => {
      const response = await fetch(`${http}/_smc/machines${query}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/octet-stream' },
        body: bundle as Uint8Array<ArrayBuffer>,
      });
      return `${response.status} ${await response.text()}`;
    },
    stop: (signal = 'SIGTERM') => {
      child.kill(signal);
      return closed;
    },
  };
}

function firstLine(child: ChildProcess, log: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      const end = text.indexOf('\n');
      if (end !== -1) resolve(text.slice(0, end));
    });
    child.once('close', (status) => reject(new Error(`the node ended with ${status}: ${log()}`)));
  });
}

/** Shorter than a test may take. */
const UNTIL_MILLIS_MAX = 600_000;

/** A process that says what it does while it runs: what it has written is waited for. */
export class TalkingProcess {
  /** Its exit status. */
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;
  /** What it has written to both streams, from where `until` left off. */
  #said = '';
  #wake = (): void => {};
  #isOverdue = false;

  /** Starts `smc` with these words; what stdin gets is written by `type`. */
  constructor(words: readonly string[], cwd: string) {
    // Both streams into one pipe: the order in which two are read is not that in which they were written.
    this.#child = spawn('/bin/sh', ['-c', 'exec "$@" 2>&1', 'sh', process.execPath, smcPath, ...words], {
      cwd,
      env: { ...process.env, NO_COLOR: '1' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#said += chunk.toString('utf8');
      this.#wake();
    });
    this.ended = new Promise((resolve) => this.#child.once('close', (status) => resolve(status)));
    void this.ended.then(() => this.#wake());
  }

  /** Waits until it has written what matches, and gives all up to there; what follows is left for the next. */
  async until(pattern: RegExp): Promise<string> {
    // So that a test which waits for what never comes says what came instead.
    const deadline = setTimeout(() => {
      this.#isOverdue = true;
      this.#wake();
    }, UNTIL_MILLIS_MAX);
    try {
      return await this.#next(pattern);
    } finally {
      clearTimeout(deadline);
    }
  }

  async #next(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.#said);
      if (found !== null) {
        const end = found.index + found[0].length;
        const text = this.#said.slice(0, end);
        this.#said = this.#said.slice(end);
        return text;
      }
      const { exitCode } = this.#child;
      if (exitCode !== null || this.#isOverdue) {
        const why = exitCode === null ? 'it goes on' : `it ended with ${exitCode}`;
        throw new Error(`${why}, and has not said ${String(pattern)}, but: ${this.#said}`);
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }
}

/** A line connection: requests are answered in order, so each reply belongs to the oldest request. */
export class LineConnection {
  readonly #socket: Socket;
  readonly #waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  #text = '';
  #closed: Error | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#take(chunk.toString('utf8')));
    const fail = (error: Error): void => {
      this.#closed ??= error;
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    };
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('the connection was closed')));
  }

  static open(port: number): Promise<LineConnection> {
    return new Promise((resolve, reject) => {
      const socket = createConnection({ host: '127.0.0.1', port });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new LineConnection(socket));
      });
    });
  }

  /** Whether the peer closed it, or it broke. */
  get closed(): boolean {
    return this.#closed !== null;
  }

  #take(text: string): void {
    this.#text += text;
    for (let end = this.#text.indexOf('\n'); end !== -1; end = this.#text.indexOf('\n')) {
      const line = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 1);
      this.#waiting.shift()?.resolve(line);
    }
  }

  ask(line: string): Promise<string> {
    if (this.#closed !== null) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(`${line}\n`);
    });
  }

  close(): void {
    this.#closed ??= new Error('closed by the test');
    this.#socket.destroy();
  }
}
