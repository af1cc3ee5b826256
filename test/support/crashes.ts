import { mkdtempSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Answer, send } from './http.ts';
import { AFTER_KILL, startNodeProcess, type NodeProcess } from './process.ts';
import { replayByReference, TALLY, upgradeFrom } from './tally.ts';

const CLIENTS = 16;
const KEYS = 5;
/** Answers that a node gives before it is killed, at the most. */
const ANSWERS_MAX = 300;
/** So small that several checkpoints are made between two kills, and some kills come in the middle of one. */
const CHECKPOINT_BYTES = 8_192;

/** A request that is sent, with one request key, until it is answered. */
interface Request {
  readonly id: string;
  readonly key: string;
  readonly by: number;
}

/**
 * Kills nodes on one directory, one after the other, at random moments while clients add and upgrades go back and
 * forth. A client sends what was not answered again to the next node. At the end every request was done once: the
 * replies for each key are 1, 2, … up to its total; requests that are repeated get the reply that they got before;
 * and the log says the same by the reference evaluator.
 */
export async function killUnderLoad(kills: number, random: () => number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'smc-crash-'));
  const load = new Load(random);
  const start = (): Promise<NodeProcess> =>
    startNodeProcess(['--data', directory, '--checkpoint-bytes', String(CHECKPOINT_BYTES)]);
  let node = await start();
  try {
    expect(await node.put(TALLY.plain.encoded)).toMatch(/^200 /);
    for (let i = 0; i < kills; i++) {
      await load.until(node, Math.floor(random() * ANSWERS_MAX));
      expect(await node.stop('SIGKILL')).toBe(null);
      await load.stopped();
      node = await start();
      expect(node.log()).toMatch(AFTER_KILL);
    }
    await load.finish(node);
    await load.repeat(node);
    const totals = new Map<string, number>();
    for (const [key, replies] of load.replies()) {
      expect(replies.toSorted((a, b) => a - b)).toEqual(Array.from(replies, (_, i) => i + 1));
      totals.set(key, replies.length);
      const read = await send(node, `/Tally/${key}/Read`, 'GET', null, '');
      expect(read).toEqual({ status: 200, body: String(replies.length) });
    }
    expect(await node.stop()).toBe(0);
    const told = replayByReference(join(directory, 'journal.db'));
    expect(told.totals).toEqual(totals);
    expect(new Set(told.requests.values())).toEqual(new Set([1]));
    expect(told.requests.size).toBe(load.answers.size);
    // The load was one.
    expect(told.upgrades).toBeGreaterThan(kills / 2);
    expect(told.faults).toBeGreaterThan(kills / 2);
    expect(load.sentAgain).toBeGreaterThan(kills);
  } finally {
    node.child.kill('SIGKILL');
    rmSync(directory, { recursive: true });
  }
}

class Load {
  readonly answers = new Map<string, { readonly request: Request; readonly answer: Answer }>();
  /** Requests that a killed node may or may not have done. */
  sentAgain = 0;
  readonly #random: () => number;
  readonly #left: Request[] = [];
  #sent = 0;
  #clients: Promise<void>[] = [];
  #isEnding = false;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Has clients and upgrades work on a node until it has given so many answers; they go on. */
  async until(node: NodeProcess, answers: number): Promise<void> {
    this.#isEnding = false;
    const goal = this.answers.size + answers;
    const clients = Array.from({ length: CLIENTS }, () => this.#client(node));
    this.#clients = [...clients, this.#upgrades(node)];
    while (this.answers.size < goal) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  /** Waits until all have noticed that the node is no more. */
  async stopped(): Promise<void> {
    this.#isEnding = true;
    await Promise.all(this.#clients);
  }

  /** Sends what was not answered. */
  async finish(node: NodeProcess): Promise<void> {
    this.#isEnding = true;
    await this.#client(node);
    expect(this.#left).toEqual([]);
  }

  /** Sends some that were answered, by this node or by another one, again. */
  async repeat(node: NodeProcess): Promise<void> {
    const all = [...this.answers.values()];
    for (let i = 0; i < 200; i++) {
      const { request: asked, answer } = all[Math.floor(this.#random() * all.length)];
      expect(await add(node, asked, undefined)).toEqual(answer);
    }
  }

  /** By key what was answered to the requests that were carried out. */
  replies(): Map<string, number[]> {
    const replies = new Map<string, number[]>();
    for (const { request: asked, answer } of this.answers.values()) {
      if (asked.by === 0) {
        expect(answer).toMatchObject({
          status: 422,
          body: expect.stringContaining('nothing to add') as string,
        });
        continue;
      }
      expect(answer.status).toBe(200);
      replies.set(asked.key, [...(replies.get(asked.key) ?? []), Number(answer.body)]);
    }
    return replies;
  }

  /** One connection: what is left first, then new requests, until the node is gone. */
  async #client(node: NodeProcess): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (;;) {
      const next = this.#left.pop() ?? (this.#isEnding ? null : this.#make());
      if (next === null) break;
      try {
        const answer = await add(node, next, agent);
        this.answers.set(next.id, { request: next, answer });
      } catch {
        this.#left.push(next);
        this.sentAgain++;
        break;
      }
    }
    agent.destroy();
  }

  #make(): Request {
    const key = `k${Math.floor(this.#random() * KEYS)}`;
    return { id: `r${this.#sent++}`, key, by: this.#random() < 0.05 ? 0 : 1 };
  }

  /** Upgrades, one after the other, until the node is gone. */
  async #upgrades(node: NodeProcess): Promise<void> {
    while (!this.#isEnding) {
      try {
        const view = await fetch(`${node.url}/_smc/machines/Tally`);
        const { code } = (await view.json()) as { code: string };
        const answer = await node.put(upgradeFrom(code).encoded, '?mode=upgrade');
        if (!answer.startsWith('200 ')) throw new Refusal(answer);
      } catch (error) {
        if (error instanceof Refusal) throw error;
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** An upgrade that should have been taken. */
class Refusal extends Error {}

function add(node: NodeProcess, { id, key, by }: Request, agent: Agent | undefined): Promise<Answer> {
  return send(node, `/Tally/${key}/Add`, 'POST', { 'idempotency-key': id }, JSON.stringify({ by }), agent);
}
