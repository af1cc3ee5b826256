import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { recover, type RecoveryProgress } from '../src/journal/recover.ts';
import { StateReader } from '../src/journal/disk/state-reader.ts';
import { Store } from '../src/journal/disk/store.ts';
import { slicesOf } from '../src/journal/checkpoint.ts';
import type { LogGroup } from '../src/journal/group.ts';
import { NODE_LIMITS } from '../src/limits.ts';
import type { Journal } from '../src/ports.ts';
import { account, accountWithFee, toFee, toPlain } from './accounts.ts';
import { codeOf, Core, snapshot } from './core.ts';
import { bundleOf, counter, upgradeBundle } from './images.ts';

const [A, B] = [account(), accountWithFee()];
const LIMITS = {
  keptRepliesMax: 6,
  historyRecordsMax: 9,
  refusalRecordsMax: 3,
  refusalRecordsOfAllMax: 4,
};

const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      text: fc.constantFrom('Deposit(1)', 'Deposit(-1)', 'Deposit(200)', 'Close', 'Balance'),
      request: fc.option(fc.constantFrom('r', 's', 't', 'u', 'v', 'w', 'x', 'y'), { freq: 2 }),
    }),
  },
  // Of a session; ids mostly go up, and some are so old that they were forgotten.
  {
    weight: 8,
    arbitrary: fc.record({
      session: fc.constantFrom('5a', '5b', '5c'),
      back: fc.constantFrom(0, 0, 0, 3, 9),
    }),
  },
  { weight: 2, arbitrary: fc.constant('counter' as const) },
  { weight: 2, arbitrary: fc.constant('upgrade' as const) },
  { weight: 1, arbitrary: fc.constant('remove' as const) },
  { weight: 3, arbitrary: fc.constant('checkpoint' as const) },
  { weight: 1, arbitrary: fc.constant('half a checkpoint' as const) },
  { weight: 2, arbitrary: fc.constant('restart' as const) },
);

/** A node on a store, as a host has it, but for the thread. */
class Restartable {
  readonly directory: string;
  readonly history: { historyMillisMax: number; historyBytesMax: number };
  core: Core;
  /** Of all sessions. */
  id = 0;
  #store: Store;
  readonly #reader: StateReader;
  #groups: LogGroup[] = [];
  /** The position of the last that is complete. */
  #checkpoint = 0;

  constructor(directory: string, keepsAll: boolean) {
    const most = keepsAll ? Number.POSITIVE_INFINITY : 0;
    this.directory = directory;
    this.history = { historyMillisMax: most, historyBytesMax: most };
    this.#store = Store.open(directory, this.history);
    for (const _ of this.#store.read());
    this.#reader = new StateReader(directory);
    this.core = new Core(LIMITS, this.#reader);
    this.#watch();
  }

  #watch(): void {
    this.core.journal.append = (groups) => {
      this.#groups.push(...groups);
    };
  }

  append(): void {
    this.#store.append(this.#groups);
    this.#groups = [];
  }

  async checkpoint(isWhole: boolean): Promise<void> {
    // A host makes one when there is something new.
    if (this.core.node.position === this.#checkpoint) return;
    const { head, parts } = this.core.tracker.begin(this.core.node);
    this.#store.beginCheckpoint(head);
    for (const slice of slicesOf(parts)) this.#store.addSlice(slice);
    if (!isWhole) return this.restart();
    for (const _ of this.#store.endCheckpoint());
    this.core.tracker.end();
    this.#checkpoint = head.position;
  }

  /** What was answered is there, as it was. */
  async restart(): Promise<void> {
    this.#store.close();
    const before = seen(this.core);
    this.#store = Store.open(this.directory, this.history);
    const store = this.#store;
    const journal: Journal = {
      isLasting: true,
      read: () => store.read(),
      append: () => {},
      checkpoint: () => Promise.resolve(),
      rows: this.#reader,
      check: () => Promise.resolve(),
      close: () => {},
    };
    const told: RecoveryProgress[] = [];
    const limits = { ...NODE_LIMITS, ...LIMITS };
    const { node, tracker } = await recover(journal, { limits, progress: (progress) => told.push(progress) });
    expect(told.flatMap(({ notes }) => notes)).toEqual([]);
    expect(told[0].last).toBe(node.position);
    const { time } = this.core;
    this.core = Object.assign(new Core(LIMITS), { node, tracker, time });
    this.#watch();
    expect(seen(this.core)).toEqual(before);
  }

  close(): void {
    this.#reader.close();
    this.#store.close();
  }
}

/** Without the time: a read moves it on, and is not in the log. */
function seen({ node }: Core): unknown {
  return { ...(snapshot(node) as object), time: 0 };
}

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** To requests of sessions, by their first word. */
const replies = new Map<string, number>();

async function take(node: Restartable, event: Step): Promise<void> {
  const { core } = node;
  if (event === 'restart') return node.restart();
  if (event === 'checkpoint' || event === 'half a checkpoint') {
    return node.checkpoint(event === 'checkpoint');
  }
  if (event === 'counter') core.call('Counter', 'Incr');
  else if (typeof event === 'object' && 'session' in event) {
    const id = Math.max(event.back === 0 ? ++node.id : node.id - event.back, 1);
    const request = { session: event.session.repeat(16), id, digest: 7 };
    const reply = core.call('Counter', 'Incr', { request });
    replies.set(codeOf(reply), (replies.get(codeOf(reply)) ?? 0) + 1);
  } else if (event === 'upgrade') {
    core.deploy(upgradeBundle(B, toFee(A)), 'upgrade');
    core.deploy(upgradeBundle(A, toPlain(B)), 'upgrade');
    core.deploy(upgradeBundle(B, toFee(A)), 'upgrade');
  } else if (event === 'remove') {
    core.remove('Account');
    core.deploy(bundleOf(A));
  } else {
    const { key, text, request } = event;
    const digest = Buffer.from(`${key}${text}`.padEnd(32)).toString('hex').slice(0, 64);
    core.call('Account', text, { key, request: request === null ? null : { key: request, digest } });
  }
  node.append();
}

it.each([
  ['all history', true],
  ['no history', false],
])('a store that keeps %s gives a node back as it was, after any events', async (_, keepsAll) => {
  const folder = mkdtempSync(join(tmpdir(), 'smc-store-'));
  let runs = 0;
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 70, size: 'max' }), async (steps) => {
        const node = new Restartable(join(folder, String(runs++)), keepsAll);
        node.core.deploy(bundleOf(A));
        node.core.deploy(bundleOf(counter()));
        node.append();
        for (const event of steps) await take(node, event);
        await node.restart();
        node.close();
        rmSync(node.directory, { recursive: true });
      }),
      { numRuns: 60 },
    );
    // The law says nothing of what never happens.
    expect([...replies.keys()].toSorted()).toEqual(['()', 'gone']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('what a checkpoint makes needless goes in portions, between which others may be served', () => {
  const folder = mkdtempSync(join(tmpdir(), 'smc-store-'));
  const directory = join(folder, 'data');
  const store = Store.open(directory, { historyMillisMax: 0, historyBytesMax: 0 });
  for (const _ of store.read());
  const database = new DatabaseSync(join(directory, 'journal.db'), { readOnly: true });
  const rows = (): number[] =>
    ['states', 'kept', 'log'].map((table) =>
      Number(database.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.['rows']),
    );
  const bytes = new Uint8Array(100);
  let position = 0;
  let steps = 0;
  for (let round = 1; round <= 4; round++) {
    const groups = Array.from({ length: 300 }, (): LogGroup => {
      const first = ++position;
      return { isStructural: false, first, count: 1, time: first, bytes, blobs: [] };
    });
    store.append(groups);
    const counts = { inputs: 0, faults: 0, instances: 300 };
    const machine = { machine: 0, name: 'Many', ...counts, fingerprint: '00', isKeyed: true };
    const kept = { keptFirst: 300 * (round - 1), keptEnd: 300 * round };
    // All states are of another version each time.
    const machines = [{ ...machine, since: position, ...kept }];
    store.beginCheckpoint({ position, time: position, refusals: new Uint8Array(0), machines });
    const keys = Array.from({ length: 300 }, (_, i) => `key ${i}`);
    const lengths = keys.map(() => 1);
    store.addSlice({ kind: 'states', machine: 0, keys, lengths, bytes: new Uint8Array(300) });
    for (let i = 0; i < 300; i++) {
      const first = 300 * (round - 1) + i;
      store.addSlice({ kind: 'kept', machine: 0, first, count: 1, bytes: new Uint8Array(16 * 1024) });
    }
    let before = rows();
    for (const _ of store.endCheckpoint()) {
      const now = rows();
      for (const [i, count] of now.entries()) expect(before[i] - count).toBeLessThanOrEqual([64, 8, 64][i]);
      before = now;
      steps++;
    }
  }
  // Two checkpoints are kept.
  expect(rows()).toEqual([600, 600, 300]);
  expect(steps).toBeGreaterThan(75);
  database.close();
  store.close();
  rmSync(folder, { recursive: true });
});

it('what is forgotten of a session is so after a restart too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'smc-store-'));
  const node = new Restartable(join(folder, 'data'), false);
  node.core.deploy(bundleOf(counter()));
  const call = (session: string, id: number): string => {
    const reply = node.core.call('Counter', 'Incr', {
      request: { session: session.repeat(16), id, digest: 7 },
    });
    node.append();
    return codeOf(reply);
  };
  // Of one session all is forgotten in the end, and of the other something.
  expect([call('5a', 1), call('5a', 2)]).toEqual(['()', '()']);
  for (let id = 1; id <= 8; id++) expect(call('5b', id)).toBe('()');
  const ask = (): string[] => [call('5a', 1), call('5a', 2), call('5b', 1), call('5b', 8)];
  expect(ask()).toEqual(['gone', 'gone', 'gone', '()']);
  await node.checkpoint(true);
  await node.restart();
  expect(ask()).toEqual(['gone', 'gone', 'gone', '()']);
  expect([call('5a', 3), call('5b', 9)]).toEqual(['()', '()']);
  node.close();
  rmSync(folder, { recursive: true });
});

it('a store holds no more than two checkpoints need', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'smc-store-'));
  const node = new Restartable(join(folder, 'data'), false);
  node.core.deploy(bundleOf(A));
  node.append();
  const counts: unknown[] = [];
  for (let round = 0; round < 6; round++) {
    for (let i = 0; i < 50; i++) {
      await take(node, { key: 'abcd'[i % 4] as 'a', text: 'Deposit(1)', request: null });
      await take(node, { key: 'a', text: 'Deposit(1)', request: 'rstuvwxy'[(i + round) % 8] as 'r' });
    }
    await take(node, 'upgrade');
    await node.checkpoint(true);
    const database = new DatabaseSync(join(folder, 'data', 'journal.db'), { readOnly: true });
    const count = (table: string): number =>
      Number(database.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.['rows']);
    counts.push([
      count('checkpoints'),
      count('states'),
      count('log WHERE structural = 0') < 250,
      count('kept'),
    ]);
    database.close();
  }
  expect(counts.slice(2)).toEqual(Array.from({ length: 4 }, () => [2, 8, true, 1]));
  node.close();
  rmSync(folder, { recursive: true });
});
