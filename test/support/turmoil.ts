import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  connectFrames,
  type FrameClient,
  type FrameReply,
  type MachineClient,
  machineOf,
  type Result,
} from '@smc/client';
import { fingerprints } from '@smc/protocol';
import { expect } from 'vitest';
import { type Answer, metric, send } from './http.ts';
import { GUESTBOOK, NOTEBOOK } from './notebook.ts';
import { AFTER_KILL, type NodeProcess, startNodeProcess } from './process.ts';

/** Of the states of all instances: most of them are on disk alone, and are read when they are used. */
const LIMIT_BYTES = 128 * 1024;
/** So small that checkpoints are made all the time, and most kills come in the middle of one. */
const OPTIONS = ['--memory-limit', String(LIMIT_BYTES), '--checkpoint-bytes', '32KiB'];
/** Clients for frames, half of each interface; writers of each of them, and for HTTP; instances of each writer. */
const FRAMED = 4;
const WRITERS = 6;
const WEB = 4;
const NOTES = 40;
const GUESTS = 4;
const TEXT_LENGTH_MAX = 1_000;
/** Of the large state, at the least. */
const LARGE_BYTES = 1024 * 1024;
const WORDS = 20_000;
const FILL = 5_000;
/** Between one request to it and the next, which would else take all the time that there is. */
const INDEX_MILLIS = 10;
/** At entries of it, when all is over. */
const LOOKS = 100;
/** Answers between one kill and the next, at the most. */
const ANSWERS_MAX = 400;
/** Before what a node did not answer, or put off, is sent again. */
const RETRY_MILLIS = 20;

/** Asks an instance of `Note`, by the names of `plain`; gives the value, or an error with its `code`. */
type Ask = (instance: string, operation: 'Read' | 'Add' | 'Clear', input: object) => Promise<unknown>;

/**
 * Ends nodes on one directory, one after the other, at random moments, most by a kill, while instances leave memory
 * and come back, upgrades go there and back under clients of both interfaces, a large state is encoded beside the inputs,
 * and a machine is removed and deployed anew. Each instance is written by one client, which knows what each
 * reply must be; so what is lost, done twice or adapted wrongly is told by the next reply. At the end, and after another
 * kill and an orderly end, all states are as the clients know them.
 */
export async function killInTurmoil(kills: number, random: () => number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'smc-turmoil-'));
  const turmoil = new Turmoil(directory, random);
  try {
    await turmoil.begin();
    const load = turmoil.load();
    for (let i = 0; i < kills; i++) {
      await Promise.race([load, turmoil.answered(Math.floor(random() * ANSWERS_MAX))]);
      await turmoil.restart(random() < 0.85 ? 'SIGKILL' : 'SIGTERM');
    }
    turmoil.end();
    await load;
    await turmoil.check();
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      await turmoil.restart(signal);
      expect(turmoil.node.log()).toMatch(AFTER_KILL);
      await turmoil.check();
    }
    expect(turmoil.upgrades).toBeGreaterThan(kills / 2);
  } finally {
    turmoil.close();
    rmSync(directory, { recursive: true });
  }
}

class Turmoil {
  node!: NodeProcess;
  upgrades = 0;
  readonly #directory: string;
  readonly #random: () => number;
  readonly #clients: FrameClient[] = [];
  #plainIndex!: MachineClient;
  #widerIndex!: MachineClient;
  /** What all must be. */
  readonly #totals = new Map<string, number>();
  readonly #pages = new Map<string, number>();
  readonly #visits = new Map<string, number>();
  #changes = 0;
  #faults = 0;
  #answers = 0;
  #sent = 0;
  #state: 'running' | 'ending' | 'closed' = 'running';

  constructor(directory: string, random: () => number) {
    this.#directory = directory;
    this.#random = random;
  }

  /** Both interfaces are known when the load begins, and the index is large. */
  async begin(): Promise<void> {
    this.node = await this.#start();
    const client = this.#connect();
    this.#plainIndex = client.machine(machineOf(NOTEBOOK.plain.bundle, 'Index'));
    this.#widerIndex = client.machine(machineOf(NOTEBOOK.wider.bundle, 'Index'));
    await this.#change('PUT', '', NOTEBOOK.plain.encoded);
    await this.#change('PUT', '', GUESTBOOK.encoded);
    for (let first = 0; first < WORDS; first += FILL) await this.#fill(first);
    await this.#change('PUT', '', NOTEBOOK.wider.encoded);
    await this.#change('PUT', '', NOTEBOOK.again.encoded);
    expect(await metric(this.node, 'smc_state_size_bytes', 'machine="Index"')).toBeGreaterThan(LARGE_BYTES);
  }

  /** Fulfilled when all have ended, and rejected with the first reply that is wrong. */
  load(): Promise<unknown> {
    const framed = Array.from({ length: FRAMED }, (_, i) => {
      const ask = i % 2 === 0 ? this.#plain() : this.#wider();
      return Array.from({ length: WRITERS }, (_, j) => this.#write(ask, `f${i}.${j}`));
    });
    const load = Promise.all([
      ...framed.flat(),
      ...Array.from({ length: WEB }, (_, i) => this.#write(this.#web(), `w${i}`)),
      this.#index(),
      this.#operate(),
    ]);
    load.catch(() => {});
    return load;
  }

  async answered(count: number): Promise<void> {
    const goal = this.#answers + count;
    while (this.#answers < goal && this.#state === 'running') await pause(1);
  }

  /** Ends the node, and starts the next, where the clients look for it. */
  async restart(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    expect(await this.node.stop(signal)).toBe(signal === 'SIGKILL' ? null : 0);
    this.node = await this.#start('--tcp', String(this.node.tcpPort));
  }

  end(): void {
    this.#state = 'ending';
  }

  close(): void {
    this.#state = 'closed';
    for (const client of this.#clients) client.close();
    this.node.child.kill('SIGKILL');
  }

  /** That all is as it should be. */
  async check(): Promise<void> {
    const ask = this.#plain();
    const read = Array.from(this.#totals.keys(), async (key) => [key, await ask(key, 'Read', {})] as const);
    expect(new Map(await Promise.all(read))).toEqual(this.#totals);
    for (let i = 0; i < LOOKS; i++) await this.#look();
    const view = await fetch(`${this.node.url}/_smc/machines/Note`);
    // What is as it was at the beginning is not stored.
    const instances = [...this.#totals.values()].filter((total) => total > 0).length;
    expect(await view.json()).toMatchObject({ instances, faults: this.#faults });
    // Some are on disk alone: a letter takes two bytes, and a text has half as many as it may.
    const held = await metric(this.node, 'smc_keyed_states_bytes');
    expect(held).toBeLessThan(0.75 * instances * TEXT_LENGTH_MAX);
  }

  #start(...more: string[]): Promise<NodeProcess> {
    return startNodeProcess(['--data', join(this.#directory, 'data'), ...OPTIONS, ...more]);
  }

  /** Writes to instances of its own. */
  async #write(ask: Ask, own: string): Promise<void> {
    while (this.#state === 'running') {
      const key = `${own}.${this.#below(NOTES)}`;
      const total = this.#totals.get(key) ?? 0;
      const draw = this.#random();
      if (draw < 0.1) expect(await ask(key, 'Read', {})).toBe(total);
      else if (draw < 0.15) {
        expect(await ask(key, 'Add', { by: 0, text: '' })).toMatchObject({ code: 'fault' });
        this.#faults++;
      } else if (draw < 0.25) {
        expect(await ask(key, 'Clear', {})).toBe(total);
        this.#totals.set(key, 0);
      } else {
        const by = 1 + this.#below(9);
        expect(await ask(key, 'Add', { by, text: this.#text() })).toBe(total + by);
        this.#totals.set(key, total + by);
      }
      this.#answers++;
    }
  }

  #connect(): FrameClient {
    const options = { deadlineMillis: 120_000, backoffMillisMax: 100 };
    const client = connectFrames(`127.0.0.1:${this.node.tcpPort}`, options);
    this.#clients.push(client);
    return client;
  }

  #plain(): Ask {
    const notes = this.#connect().machine(machineOf(NOTEBOOK.plain.bundle, 'Note'));
    return async (instance, operation, input) => shown(await notes.instance(instance).call(operation, input));
  }

  /** It has another name for `Add`, which answers with the other sign. */
  #wider(): Ask {
    const notes = this.#connect().machine(machineOf(NOTEBOOK.wider.bundle, 'Note'));
    return async (instance, operation, input) => {
      const note = notes.instance(instance);
      if (operation !== 'Add') return shown(await note.call(operation, input));
      const reply = shown(await note.call('Plus', input));
      return typeof reply === 'number' ? -reply : reply;
    };
  }

  /** Over HTTP, as `plain`; some are sent twice at once, and some again when they were answered long ago. */
  #web(): Ask {
    const answered: (readonly [() => Promise<Answer>, Answer])[] = [];
    return async (instance, operation, input) => {
      const once = this.#once('POST', `/Note/${instance}/${operation}`, JSON.stringify(input));
      const [answer, twin] = await Promise.all(this.#random() < 0.3 ? [once(), once()] : [once()]);
      if (twin !== undefined) expect(twin).toEqual(answer);
      answered.push([once, answer]);
      if (this.#random() < 0.1) {
        const [again, before] = answered[this.#below(answered.length)];
        expect(await again()).toEqual(before);
      }
      const told: unknown = JSON.parse(answer.body);
      return answer.status === 200 ? told : (told as { error: unknown }).error;
    };
  }

  async #index(): Promise<void> {
    while (this.#state === 'running') {
      await pause(INDEX_MILLIS);
      const draw = this.#random();
      if (draw < 0.02) await this.#fill(this.#below(WORDS));
      else if (draw < 0.2) await this.#look();
      else {
        const [word, page] = [`word ${this.#below(WORDS + FILL)}`, this.#below(1_000)];
        expect(shown(await this.#plainIndex.call('Put', { word, page }))).toBe(++this.#changes);
        this.#pages.set(word, page);
      }
    }
  }

  async #fill(first: number): Promise<void> {
    expect(shown(await this.#plainIndex.call('Fill', { first, count: FILL }))).toBe(++this.#changes);
    for (let i = first; i < first + FILL; i++) this.#pages.set(`word ${i}`, i);
  }

  async #look(): Promise<void> {
    const word = `word ${this.#below(WORDS + FILL)}`;
    const seen = [this.#pages.get(word) ?? null, this.#pages.size, this.#changes];
    expect(shown(await this.#widerIndex.call('Look', { word }))).toEqual(seen);
  }

  /** Upgrades, and has a machine go and come back. */
  async #operate(): Promise<void> {
    const guests = this.#connect().machine(machineOf(GUESTBOOK.bundle, 'Guest'));
    const visit = async (name: string): Promise<unknown> =>
      shown(await guests.instance(name).call('Visit', { text: this.#text() }));
    while (this.#state === 'running') {
      await this.#change('PUT', '', (this.upgrades % 2 === 0 ? NOTEBOOK.wider : NOTEBOOK.again).encoded);
      this.upgrades++;
      const name = `g${this.#below(GUESTS)}`;
      const visits = (this.#visits.get(name) ?? 0) + 1;
      expect(await visit(name)).toBe(visits);
      this.#visits.set(name, visits);
      if (this.upgrades % 4 > 0) continue;
      await this.#change('DELETE', '/Guest');
      this.#visits.clear();
      expect(await visit(name)).toMatchObject({ code: 'unknown-machine' });
      await this.#change('PUT', '', GUESTBOOK.encoded);
    }
  }

  async #change(method: string, path: string, body: Uint8Array | string = ''): Promise<void> {
    expect(await this.#once(method, `/_smc/machines${path}`, body)()).toMatchObject({ status: 200 });
  }

  /** A request that may be sent again and again, with one key: each time until a node answers, and does not put it off. */
  #once(method: string, path: string, body: string | Uint8Array): () => Promise<Answer> {
    const headers = {
      'idempotency-key': `r${this.#sent++}`,
      'content-type': typeof body === 'string' ? 'application/json' : 'application/octet-stream',
      'smc-interface': PLAIN_INTERFACE,
    };
    return async () => {
      for (;;) {
        try {
          const answer = await send(this.node, path, method, headers, body);
          if (answer.status !== 429 && answer.status !== 503) return answer;
        } catch (error) {
          // The node is no more, and may have done it.
          if (this.#state === 'closed') throw error;
        }
        await pause(RETRY_MILLIS);
      }
    };
  }

  #below(count: number): number {
    return Math.floor(this.#random() * count);
  }

  #text(): string {
    return 'x'.repeat(this.#below(TEXT_LENGTH_MAX));
  }
}

const PLAIN_INTERFACE = fingerprints(NOTEBOOK.plain.bundle.images[0]).interface;

const pause = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis));

function shown(reply: Result<FrameReply<unknown>>): unknown {
  return reply.ok ? reply.value.value : reply.error;
}
