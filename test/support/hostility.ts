import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createConnection, type Socket } from 'node:net';
import { connectFrames, type FrameClient, machineOf } from '@smc/client';
import { expect } from 'vitest';
import { below, malformedFrames, malformedHttp, malformedLines, type Random } from './malformed.ts';
import { LineConnection, type NodeProcess } from './process.ts';
import { TALLY } from './tally.ts';

/** Attacks on a real node, and those who work with it meanwhile. */

/** Between two requests of a good client: the attack has the processor too. */
const PAUSE_MILLIS = 2;

/** Memory that a process has, in bytes, as the system counts it. */
export function residentBytes({ child: { pid } }: NodeProcess): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1_024;
}

/**
 * Three clients of a node, over HTTP, lines and frames, each on one connection that it keeps. Each adds 1 to a tally of
 * its own, one request after the other; `wrong` has whatever was not the next total, and connections that broke.
 */
export class GoodClients {
  readonly wrong: string[] = [];
  readonly totals = { http: 0, lines: 0, frames: 0 };
  /** The most memory that the node had meanwhile. */
  residentBytesMax = 0;
  /** Of all in this process: their tallies are their own. */
  static #count = 0;
  readonly #name = `good-${GoodClients.#count++}`;
  readonly #node: NodeProcess;
  readonly #lines: LineConnection;
  readonly #frames: FrameClient;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #running: Promise<void>[];
  #dialed = 0;
  #isEnding = false;

  private constructor(node: NodeProcess, lines: LineConnection) {
    this.#node = node;
    this.#lines = lines;
    this.#frames = connectFrames(`127.0.0.1:${node.tcpPort}`, {
      dial: (host, port) => {
        this.#dialed++;
        return createConnection({ host, port, noDelay: true });
      },
    });
    const machine = this.#frames.machine<{ Add: { input: { by: number }; reply: number } }>(
      machineOf(TALLY.plain.bundle, 'Tally'),
    );
    const good = machine.instance(`${this.#name}-frames`);
    this.#running = [
      this.#run('http', () => this.#post()),
      this.#run('lines', () => lines.ask(`Tally/${this.#name}-lines Add(1)`)),
      this.#run('frames', async () => {
        const reply = await good.call('Add', { by: 1 });
        return reply.ok ? `ok ${reply.value.value}` : reply.error.message;
      }),
      this.#watch(),
    ];
  }

  static async start(node: NodeProcess): Promise<GoodClients> {
    return new GoodClients(node, await LineConnection.open(node.tcpPort));
  }

  /** Until each has had so many more replies. */
  async served(replies: number): Promise<void> {
    const goals = Object.entries(this.totals).map(([name, total]) => [name, total + replies] as const);
    const isServed = (): boolean =>
      goals.every(([name, goal]) => this.totals[name as keyof typeof this.totals] >= goal);
    while (!isServed() && this.wrong.length === 0) await pause();
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await Promise.all(this.#running);
    if (this.#dialed !== 1) this.wrong.push(`${this.#dialed} connections for frames`);
    this.#lines.close();
    this.#frames.close();
    this.#agent.destroy();
  }

  async #run(name: keyof typeof this.totals, add: () => Promise<string>): Promise<void> {
    while (!this.#isEnding && this.wrong.length === 0) {
      try {
        const reply = await add();
        if (reply === `ok ${this.totals[name] + 1}`) this.totals[name]++;
        else this.wrong.push(`${name}: ${reply}, and not ${this.totals[name] + 1}`);
      } catch (error) {
        this.wrong.push(`${name}: ${String(error)}`);
      }
      await pause();
    }
  }

  async #watch(): Promise<void> {
    while (!this.#isEnding) {
      this.residentBytesMax = Math.max(this.residentBytesMax, residentBytes(this.#node));
      await pause(20);
    }
  }

  #post(): Promise<string> {
    const url = new URL(`/Tally/${this.#name}-http/Add`, this.#node.url);
    const headers = { 'content-type': 'application/json', 'content-length': '8' };
    return new Promise((resolve, reject) => {
      const sent = request(url, { method: 'POST', agent: this.#agent, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () =>
          resolve(`${response.statusCode === 200 ? 'ok' : response.statusCode} ${text}`),
        );
      });
      if (this.totals.http > 0 && !sent.reusedSocket) this.wrong.push('http: another connection');
      sent.on('error', reject);
      sent.end('{"by":1}');
    });
  }
}

export function pause(millis = PAUSE_MILLIS): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis));
}

/** A connection; it is there, and breaks without a word. */
export function dial(port: number, allowHalfOpen = false): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}

export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) return resolve();
    socket.once('close', () => resolve());
  });
}

/**
 * Opens so many connections, some at once, and sends on each what `next` gives. Some break off; of the others the node
 * has to end each, which is waited for.
 */
export async function storm(
  port: number,
  count: number,
  random: Random,
  next: () => Buffer,
): Promise<{ readonly answered: number }> {
  const parallel = 64;
  let left = count;
  let answered = 0;
  const attacker = async (): Promise<void> => {
    while (left-- > 0) {
      const socket = await dial(port);
      let isAnswered = false;
      socket.on('data', () => (isAnswered = true));
      const bytes = next();
      if (below(random, 16) === 0) {
        socket.write(bytes, () => socket.resetAndDestroy());
      } else {
        socket.end(bytes);
      }
      await closed(socket);
      if (isAnswered) answered++;
    }
  };
  await Promise.all(Array.from({ length: parallel }, attacker));
  return { answered };
}

/** Memory that a node may take for whoever attacks it, in bytes, beside what it had before. */
const ATTACK_BYTES_MAX = 512 * 1024 * 1024;

/**
 * Has something done to a node, with good clients beside it: they see nothing of it, and the node takes no more
 * memory than it may.
 */
export async function withGoodClients(node: NodeProcess, attack: () => Promise<void>): Promise<void> {
  const before = residentBytes(node);
  const clients = await GoodClients.start(node);
  try {
    await clients.served(5);
    await attack();
    await clients.served(20);
  } finally {
    await clients.end();
  }
  expect(clients.wrong).toEqual([]);
  expect(clients.residentBytesMax - before).toBeLessThan(ATTACK_BYTES_MAX);
}

/** As many malformed connections over each of HTTP, lines and frames. */
export async function malformedStorms(node: NodeProcess, count: number, random: Random): Promise<void> {
  const image = TALLY.plain.bundle.images[0];
  await withGoodClients(node, async () => {
    const storms = [
      await storm(portOf(node), count, random, () => malformedHttp(random)),
      await storm(node.tcpPort, count, random, () => malformedLines(random)),
      await storm(node.tcpPort, count, random, () => malformedFrames(random, image)),
    ];
    // They were heard: most are answered, with what is wrong.
    for (const { answered } of storms) expect(answered).toBeGreaterThan(count / 2);
  });
}

export function portOf({ url }: NodeProcess): number {
  return Number(new URL(url).port);
}
