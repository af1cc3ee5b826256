import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeployEvent } from '../src/event.ts';
import { Host } from '../src/host.ts';
import { slicesOf } from '../src/journal/checkpoint.ts';
import { DiskJournal } from '../src/journal/disk/journal.ts';
import { StateReader } from '../src/journal/disk/state-reader.ts';
import { Store } from '../src/journal/disk/store.ts';
import type { LogGroup } from '../src/journal/group.ts';
import { Replay } from '../src/journal/replay.ts';
import { NODE_LIMITS } from '../src/limits.ts';
import { Deployment } from '../src/upgrade/deployment.ts';
import { account, accountWithFee, toFee, toPlain } from './accounts.ts';
import { codeOf, Core, show, snapshot } from './core.ts';
import { bundleOf, upgradeBundle } from './images.ts';

const HISTORY = { historyMillisMax: 0, historyBytesMax: 0 };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'smc-memory-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A node with a store on disk, whose checkpoints and deployments go on slice by slice between its inputs. */
class Stored {
  core: Core;
  readonly directory: string;
  readonly #limits: { readonly stateBytesMax: number };
  readonly #reader: StateReader;
  #store: Store;
  #groups: LogGroup[] = [];
  #checkpoint: Iterator<unknown> | null = null;
  /** Of the checkpoint that was begun last, and that was completed last. */
  #begun = 0;
  #complete = 0;
  #deployment: Deployment | null = null;

  constructor(directory: string, stateBytesMax: number) {
    this.directory = directory;
    this.#limits = { stateBytesMax };
    this.#store = Store.open(directory, HISTORY);
    for (const _ of this.#store.read());
    this.#reader = new StateReader(directory);
    this.core = new Core(this.#limits, this.#reader);
    this.#watch();
  }

  /** What is in memory. */
  get memory(): Core['node']['memory'] {
    return this.core.node.memory;
  }

  #watch(): void {
    this.core.journal.append = (groups) => {
      this.#groups.push(...groups);
    };
  }

  append(): void {
    this.#store.append(this.#groups.splice(0));
  }

  /** A step of a checkpoint, which is begun where none goes on; whether it is complete. */
  goOn(): boolean {
    const { tracker, node } = this.core;
    if (this.#checkpoint === null) {
      // A host makes one where there is something new.
      if (node.position === this.#begun) return true;
      this.append();
      this.#begun = node.position;
      const { head, parts } = tracker.begin(node);
      this.#store.beginCheckpoint(head);
      this.#checkpoint = slicesOf(parts)[Symbol.iterator]();
    }
    const next = this.#checkpoint.next() as IteratorResult<Parameters<Store['addSlice']>[0]>;
    if (next.done !== true) {
      this.#store.addSlice(next.value);
      return false;
    }
    for (const _ of this.#store.endCheckpoint());
    tracker.end();
    this.#complete = this.#begun;
    this.#checkpoint = null;
    return true;
  }

  checkpoint(): void {
    while (!this.goOn());
  }

  /** Prepares a deployment, one instance at a time; gives the reply when it is done. */
  deploy(bundle: Uint8Array): string | null {
    const event: DeployEvent = {
      kind: 'deploy',
      time: this.core.time,
      bundle,
      mode: 'upgrade',
      dryRun: false,
    };
    this.#deployment ??= new Deployment(this.core.node, event);
    if (!this.#deployment.work(() => true)) return null;
    const reply = show(this.#deployment.finish(this.core.log));
    this.core.journal.append(this.core.log.take());
    this.#deployment = null;
    return reply;
  }

  /** What went on is gone, as after a crash. */
  restart(): void {
    this.append();
    this.#store.close();
    this.#store = Store.open(this.directory, HISTORY);
    const limits = { ...NODE_LIMITS, ...this.#limits };
    let replay = new Replay(limits);
    for (const item of this.#store.read()) {
      if (item.kind === 'begin') replay = new Replay(limits, 'auto', item.checkpoint, this.#reader);
      else replay.add(item);
    }
    const { node, tracker } = replay.finish();
    const { time } = this.core;
    this.core = Object.assign(new Core(this.#limits, this.#reader), { node, tracker, time });
    this.#checkpoint = null;
    this.#deployment = null;
    this.#begun = this.#complete;
    this.#watch();
  }

  close(): void {
    this.#reader.close();
    this.#store.close();
  }
}

const A = account();
const B = accountWithFee();
const UPGRADES = [upgradeBundle(B, toFee(A, { fault: 1_000 })), upgradeBundle(A, toPlain(B))];

const step = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      key: fc.integer({ min: 0, max: 30 }).map((i) => `k${i}`),
      text: fc.constantFrom(
        'Deposit(1)',
        'Deposit(7)',
        'Deposit(-1)',
        'Close',
        'Balance',
        'Deposit(2, "x")',
        'SetFee(7)',
      ),
    }),
  },
  { weight: 6, arbitrary: fc.constant('part of a checkpoint' as const) },
  { weight: 2, arbitrary: fc.constant('checkpoint' as const) },
  { weight: 3, arbitrary: fc.constant('part of an upgrade' as const) },
  { weight: 1, arbitrary: fc.constant('upgrade' as const) },
  { weight: 1, arbitrary: fc.constant('restart' as const) },
);

/** Without the time: a read moves it on, and is not in the log. Refused events take positions of their own. */
function seen(core: Core): unknown {
  return { ...(snapshot(core.node) as object), time: 0 };
}

describe('states that leave memory', () => {
  it('can not be told from those that stay, after any events', () => {
    let runs = 0;
    let upgrades = 0;
    let evictions = 0;
    let refusals = 0;
    const take = (
      small: Stored,
      large: Core,
      event: typeof step extends fc.Arbitrary<infer T> ? T : never,
    ): void => {
      if (event === 'restart') small.restart();
      else if (event === 'checkpoint') small.checkpoint();
      else if (event === 'part of a checkpoint') small.goOn();
      else if (event === 'upgrade' || event === 'part of an upgrade') {
        const bundle =
          UPGRADES[large.node.machines.get('Account')!.version.image.operations.length === 4 ? 0 : 1];
        let reply = small.deploy(bundle);
        while (event === 'upgrade' && reply === null) reply = small.deploy(bundle);
        if (reply === null) return;
        expect(reply).toBe('Account upgraded');
        expect(large.deploy(bundle, 'upgrade')).toBe(reply);
        upgrades++;
      } else {
        let reply = small.core.call('Account', event.text, { key: event.key });
        for (let i = 0; codeOf(reply) === 'overloaded' && i < 2; i++) {
          refusals++;
          small.checkpoint();
          reply = small.core.call('Account', event.text, { key: event.key });
        }
        expect(reply).toBe(large.call('Account', event.text, { key: event.key }));
      }
    };
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 100, size: 'max' }),
        fc.integer({ min: 1_000, max: 4_000 }),
        (steps, bytesMax) => {
          const small = new Stored(join(folder, String(runs++)), bytesMax);
          const large = new Core();
          for (const core of [small.core, large]) core.deploy(bundleOf(A));
          for (const event of steps) {
            take(small, large, event);
            if (
              small.memory.bytes > 0 &&
              small.memory.bytes < 200 * small.core.node.machines.get('Account')!.instances.count
            )
              evictions++;
          }
          expect(seen(small.core)).toEqual(seen(large));
          small.restart();
          expect(seen(small.core)).toEqual(seen(large));
          small.close();
          rmSync(small.directory, { recursive: true });
        },
      ),
      { numRuns: 50 },
    );
    for (const happened of [upgrades, evictions, refusals]) expect(happened).toBeGreaterThan(10);
  });
});

/** A node on a directory, with its journal on disk. */
async function hostOn(directory: string, notes: string[] = [], stateBytesMax = 2_000): Promise<Host> {
  let time = 1_000;
  return Host.open(await DiskJournal.open(directory), {
    clock: { now: () => time++ },
    limits: { ...NODE_LIMITS, stateBytesMax, checkpointBytesMin: 1 },
    report: () => {},
    progress: (progress) => notes.push(...progress.notes),
  });
}

function call(host: Host, key: string, text: string): Promise<string> {
  const body = { form: 'text', text, start: 0 } as const;
  const request = { machine: 'Account', key, body, interfaces: null, request: null, readOnly: false };
  return new Promise((resolve) =>
    host.call(request, (reply) => resolve(show(reply)), { caller: host.caller() }),
  );
}

/** Puts instances, so many at once that few of them stay in memory; some are refused at first. */
async function deposit(host: Host, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    while (codeOf(await call(host, `k${i}`, `Deposit(${i})`)) === 'overloaded')
      await new Promise((resolve) => setImmediate(resolve));
  }
}

function change(directory: string, sql: string): void {
  const database = new DatabaseSync(join(directory, 'journal.db'), { timeout: 5_000 });
  expect(database.prepare(sql).run().changes).toBeGreaterThan(0);
  database.close();
}

const DAMAGE = `UPDATE states SET state = X'7f' WHERE key = 'k7'`;

describe('a state that is damaged', () => {
  it('when it is read ends the node, and the next start goes on from what is whole', async () => {
    const directory = join(folder, 'read');
    const host = await hostOn(directory);
    await host.deploy(bundleOf(A), 'deploy', false);
    await deposit(host, 100);
    // It left memory long ago.
    change(directory, DAMAGE);
    const answer = await call(host, 'k7', 'Deposit(1)');
    expect(answer).toMatch(/^internal:/);
    expect((await host.failure).message).toMatch(/the journal is damaged: the state of the instance "k7"/);
    await host.stop();
    const notes: string[] = [];
    const next = await hostOn(directory, notes);
    expect(notes.join()).toMatch(/was found damaged, and does not count/);
    for (const i of [7, 8, 99]) expect(await call(next, `k${i}`, 'Balance')).toBe(String(i));
    await next.stop();
  });

  it('is found by a look at all of them, also where nobody reads it', async () => {
    const directory = join(folder, 'check');
    const host = await hostOn(directory, [], 1024 ** 3);
    await host.deploy(bundleOf(A), 'deploy', false);
    // More than are looked at before a start.
    await Promise.all(Array.from({ length: 10_100 }, (_, i) => call(host, `k${i}`, `Deposit(${i})`)));
    await host.stop();
    change(directory, DAMAGE);
    const ended = await hostOn(directory);
    expect((await ended.failure).message).toMatch(
      /the state of the instance "k7" of machine 0; nothing is answered/,
    );
    await ended.stop();
    const notes: string[] = [];
    const next = await hostOn(directory, notes);
    expect(notes.join()).toMatch(/was found damaged/);
    expect(await call(next, 'k7', 'Balance')).toBe('7');
    await next.stop();
  });

  it.each([
    ['that is missing', `DELETE FROM states WHERE key = 'k7'`],
    [
      'of which an older one stands in',
      `UPDATE states SET position = position - 1, checksum = 4711 WHERE key = 'k7'`,
    ],
  ])('or one %s, is told of before a start, of however many', async (name, sql) => {
    const directory = join(folder, name);
    const host = await hostOn(directory, [], 1024 ** 3);
    await host.deploy(bundleOf(A), 'deploy', false);
    await Promise.all(Array.from({ length: 10_100 }, (_, i) => call(host, `k${i}`, `Deposit(${i})`)));
    await host.stop();
    change(directory, sql);
    const notes: string[] = [];
    const next = await hostOn(directory, notes);
    expect(notes.join()).toMatch(/is damaged: states of Account are missing; it goes on from what is older/);
    expect(await call(next, 'k7', 'Balance')).toBe('7');
    await next.stop();
  });
});

describe('a node whose memory is full', () => {
  it('refuses what would add to it until there is a checkpoint, and goes on', async () => {
    const stored = new Stored(join(folder, 'full'), 2_000);
    stored.core.deploy(bundleOf(A));
    const refused = Array.from({ length: 30 }, (_, i) =>
      stored.core.call('Account', 'Deposit(5)', { key: `k${i}` }),
    ).findIndex((reply) => reply !== '5');
    expect(refused).toBeGreaterThan(3);
    const key = `k${refused}`;
    expect(stored.core.call('Account', 'Deposit(5)', { key })).toMatch(
      /^overloaded: too many states wait to be written to disk; try again later: nothing was changed/,
    );
    // What adds nothing goes on, and nothing was changed.
    expect(stored.core.call('Account', 'Deposit(1)', { key: 'k0' })).toBe('6');
    expect(stored.core.call('Account', 'Balance', { key })).toBe('0');
    stored.checkpoint();
    expect(stored.core.call('Account', 'Deposit(5)', { key })).toBe('5');
    stored.close();
  });

  it('that has its journal in memory too refuses for good what that has no room for', async () => {
    const core = new Core({ stateBytesMax: 2_000 });
    core.deploy(bundleOf(A));
    let reply = '5';
    for (let i = 0; i < 30 && reply === '5'; i++) {
      reply = core.call('Account', 'Deposit(5)', { key: `k${i}` });
      await core.checkpoint();
    }
    expect(reply).toMatch(
      /^too-large: states of 2000 bytes are all that the node takes: nothing was changed/,
    );
  });
});
