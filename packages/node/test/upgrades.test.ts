import { createConnection, type Socket } from 'node:net';
import { fingerprints, type Image, type Upgrade } from '@smc/protocol';
import { afterEach, expect, it } from 'vitest';
import { MemoryJournal } from '../src/journal/memory.ts';
import { type RunningNode, startNode } from '../src/node.ts';
import { replayed } from './core.ts';
import { bundleOf, counter, labelled, sameShape, toCounter, toLabelled, upgradeBundle } from './images.ts';
import { put, send } from './requests.ts';

let node: RunningNode;
afterEach(() => node.close());

const CONNECTIONS = 20;
const UPGRADES = 50;

/** A client that keeps a few increments in flight until it is told to end; it must never see an error. */
class Incrementer {
  acknowledged = 0;
  readonly wrong: string[] = [];
  readonly done: Promise<void>;
  #sent = 0;
  #replies = 0;
  #ending = false;
  readonly #socket: Socket;

  constructor(port: number, first: string | null) {
    this.#socket = createConnection({ port, host: '127.0.0.1' });
    if (first !== null) this.#socket.write(`${first}\n`);
    const preamble = first === null ? 0 : 1;
    let received = '';
    this.done = new Promise((resolve) => {
      this.#socket.on('error', (error) => this.wrong.push(String(error)));
      this.#socket.on('close', () => {
        if (this.#replies !== this.#sent + preamble)
          this.wrong.push(`${this.#sent} sent, ${this.#replies} replies`);
        resolve();
      });
      this.#socket.on('data', (chunk: Buffer) => {
        const lines = (received + chunk.toString()).split('\n');
        received = lines.pop()!;
        for (const line of lines) {
          this.#replies++;
          if (line !== 'ok ()') this.wrong.push(line);
          else if (this.#replies > preamble) this.acknowledged++;
        }
        this.#go(preamble);
      });
    });
    this.#go(preamble);
  }

  end(): void {
    this.#ending = true;
  }

  #go(preamble: number): void {
    if (this.#ending) {
      if (!this.#socket.writableEnded) this.#socket.end();
      return;
    }
    while (this.#sent + preamble - this.#replies < 8) {
      this.#sent++;
      this.#socket.write('Counter Incr\n');
    }
  }
}

/** Upgrades back and forth, a whole reply after the other, while the connections go on. */
async function alternate(there: Uint8Array, back: Uint8Array): Promise<void> {
  for (let i = 0; i < UPGRADES; i++) {
    const reply = await put(node, i % 2 === 0 ? there : back, '?mode=upgrade');
    expect(`${reply.status} ${reply.body}`).toMatch(/^200 /);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function underLoad(
  there: [Image, Upgrade],
  back: [Image, Upgrade],
  first: string | null,
): Promise<void> {
  const journal = new MemoryJournal();
  node = await startNode({ httpPort: 0, linesPort: 0, journal });
  await put(node, bundleOf(back[0]));
  const clients = Array.from({ length: CONNECTIONS }, () => new Incrementer(node.linesPort!, first));
  await alternate(upgradeBundle(...there), upgradeBundle(...back));
  for (const client of clients) client.end();
  await Promise.all(clients.map(({ done }) => done));
  expect(clients.flatMap(({ wrong }) => wrong)).toEqual([]);
  const acknowledged = clients.reduce((sum, client) => sum + client.acknowledged, 0);
  expect(Math.min(...clients.map((client) => client.acknowledged))).toBeGreaterThan(0);
  expect(acknowledged).toBeGreaterThan(UPGRADES * CONNECTIONS);
  expect((await send(node, '/Counter/Read')).body).toBe(String(acknowledged));
  const history = JSON.parse((await send(node, '/_smc/machines/Counter/history')).body) as { kind: string }[];
  expect(history.filter(({ kind }) => kind === 'upgrade')).toHaveLength(UPGRADES);
  expect(replayed(journal.read()).machines.get('Counter')!.instances.get(null)).toMatchObject([acknowledged]);
}

it('fifty upgrades under twenty connections lose nothing, drop nothing and fail nothing', () => {
  const [A, B] = [counter(), counter({ roundabout: true })];
  return underLoad([B, sameShape(A)], [A, sameShape(B)], null);
});

it('also where the interface changes and each client goes through adapters', () => {
  const [A, B] = [counter(), labelled()];
  return underLoad([B, toLabelled(A)], [A, toCounter(B)], `interface ${fingerprints(A).interface}`);
});
