import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { recover, type RecoveryProgress } from '../src/journal/recover.ts';
import { headRows, readCheckpoint } from '../src/journal/disk/reading.ts';
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
  { weight: 1, arbitrary: fc.constant('restart from the older checkpoint' as const) },
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
  /** What that has left to do. */
  #cleaning: Iterator<void> | null = null;

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
    this.clean();
    for (const slice of slicesOf(parts)) this.#store.addSlice(slice);
    if (!isWhole) return this.restart();
    this.#cleaning = this.#store.endCheckpoint();
    this.clean(1);
    this.core.tracker.end();
    this.#checkpoint = head.position;
    // What is left is done when there is the next, or after a restart, or not at all.
    this.clean(head.position % 8);
    expectCounted(this.directory);
  }

  /** Does so many steps of what is left to do; all, where nothing is said. */
  clean(steps = Number.POSITIVE_INFINITY): void {
    for (let i = 0; i < steps && this.#cleaning?.next().done === false; i++);
  }

  /** What was answered is there, as it was; also where the newest checkpoint is found damaged, and there is another. */
  async restart(isDamaged = false): Promise<void> {
    if (isDamaged) this.clean();
    this.#store.close();
    const damaged = isDamaged ? condemnNewest(this.directory) : 0;
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
    expect(told.flatMap(({ notes }) => notes)).toHaveLength(damaged);
    expect([...store.check()].filter((note) => note !== null)).toEqual([]);
    this.#checkpoint = told[0].from;
    expect(told[0].last).toBe(node.position);
    const { time } = this.core;
    this.core = Object.assign(new Core(LIMITS), { node, tracker, time });
    this.#watch();
    expect(seen(this.core)).toEqual(before);
    this.#cleaning = this.#store.clean();
    this.clean(node.position % 8);
  }

  close(): void {
    this.#reader.close();
    this.#store.close();
  }
}

/** Says of the newest of two checkpoints that it is damaged; gives how many these are. */
function condemnNewest(directory: string): number {
  const database = new DatabaseSync(join(directory, 'journal.db'));
  const { changes } = database
    .prepare(
      `UPDATE checkpoints SET complete = 2 WHERE position = (SELECT max(position) FROM checkpoints)
         AND 1 < (SELECT count(*) FROM checkpoints WHERE complete = 1)`,
    )
    .run();
  database.close();
  return Number(changes);
}

/** What the kept checkpoints say of their rows is so: of the newest also how many there are that others stand for. */
function expectCounted(directory: string): void {
  const database = new DatabaseSync(join(directory, 'journal.db'), { readOnly: true });
  const kept = database
    .prepare('SELECT position FROM checkpoints WHERE complete = 1 ORDER BY position DESC LIMIT 2')
    .all();
  for (const [age, { position }] of kept.entries()) {
    for (const _ of readCheckpoint(database, Number(position), { isThorough: true }));
    if (age > 0) continue;
    for (const { machine, since, rows, rows_sum } of headRows(database, Number(position)).machines) {
      const here = database
        .prepare(
          `SELECT count(*) AS rows, coalesce(sum(checksum), 0) % 4294967296 AS rows_sum FROM states
             WHERE machine = ? AND position BETWEEN ? AND ?`,
        )
        .get(machine, since, Number(position));
      expect(here).toEqual({ rows, rows_sum });
    }
  }
  database.close();
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
  if (event === 'restart from the older checkpoint') return node.restart(true);
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
      { numRuns: 20 },
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
    node.clean();
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

it('of instances that are in their initial state again nothing stays', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'smc-store-'));
  const directory = join(folder, 'data');
  const node = new Restartable(directory, true);
  node.core.deploy(bundleOf(A));
  const counts: unknown[] = [];
  const round = async (text: string, count: number): Promise<void> => {
    for (let i = 0; i < count; i++) node.core.call('Account', text, { key: `k${i}` });
    node.core.call('Account', 'Deposit(1)', { key: 'stays' });
    node.append();
    await node.checkpoint(true);
    node.clean();
    expectCounted(directory);
    const database = new DatabaseSync(join(directory, 'journal.db'), { readOnly: true });
    counts.push(database.prepare('SELECT count(*) AS all_, count(state) AS states FROM states').get());
    database.close();
  };
  await round('Deposit(1)', 200);
  await round('Close', 200);
  // A checkpoint later they are of both that are kept, where there are no others by then.
  await round('Deposit(1)', 100);
  await round('Close', 100);
  await round('Balance', 0);
  await round('Balance', 0);
  expect(counts.map((each) => Object.values(each as object))).toEqual([
    [201, 201],
    [402, 202],
    [103, 103],
    [203, 103],
    [3, 3],
    [3, 3],
  ]);
  node.close();
  rmSync(folder, { recursive: true });
});
