import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Host } from '../src/host.ts';
import { DiskJournal } from '../src/journal/disk/journal.ts';
import { StateReader } from '../src/journal/disk/state-reader.ts';
import { NODE_LIMITS, type NodeLimits } from '../src/limits.ts';
import type { Journal } from '../src/ports.ts';
import { viewState } from '../src/serve/views.ts';
import { account, accountWithFee, toFee, toPlain } from './accounts.ts';
import { codeOf, Core, show, snapshot } from './core.ts';
import { bundleOf, upgradeBundle } from './images.ts';
import { Stored } from './stored.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'smc-memory-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const A = account();
const B = accountWithFee();
/** No balance is as high. */
const FAULT = 1_000;
const UPGRADES = [upgradeBundle(B, toFee(A, { fault: FAULT })), upgradeBundle(A, toPlain(B))];

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
  { weight: 4, arbitrary: fc.constant('part of a checkpoint' as const) },
  { weight: 2, arbitrary: fc.constant('checkpoint' as const) },
  { weight: 3, arbitrary: fc.constant('part of an upgrade' as const) },
  { weight: 2, arbitrary: fc.constant('upgrade' as const) },
  { weight: 2, arbitrary: fc.constant('removal, or deployment' as const) },
  { weight: 1, arbitrary: fc.constant('restart' as const) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** More than a slice of a checkpoint holds. */
const MANY = Array.from({ length: 300 }, (_, i) => `k${i}`);

/** What the source says of an account; null for the fee of one that has none. */
interface Plain {
  readonly balance: number;
  readonly fee: number | null;
}

/** Accounts as a plain map: nothing leaves memory, and an upgrade goes through all of them. */
class Model {
  readonly #states = new Map<string, Plain>();
  #unwritten: Plain = { balance: 0, fee: null };

  /** Whether they have no fee. */
  get isPlain(): boolean {
    return this.#unwritten.fee === null;
  }

  /** As it is written. */
  state(key: string): string {
    const { balance, fee } = this.#at(key);
    return fee === null ? `{ balance: ${balance} }` : `{ balance: ${balance}, fee: ${fee} }`;
  }

  /** The reply; null where the operation is not there in this form. */
  call(key: string, text: string): string | null {
    const { balance, fee } = this.#at(key);
    const put = (state: Plain, reply: string): string => {
      this.#states.set(key, state);
      return reply;
    };
    const [operation, n, note] = /^(\w+)(?:\((-?\d+)(, "x")?\))?$/.exec(text)?.slice(1) ?? [];
    const sum = balance + Number(n);
    if (operation === 'Balance') return String(balance);
    if (operation === 'Close') return put({ balance: 0, fee: this.isPlain ? null : 3 }, '()');
    if (operation === 'SetFee') return this.isPlain ? null : put({ balance, fee: Number(n) }, '()');
    return (note === undefined) === this.isPlain ? put({ balance: sum, fee }, String(sum)) : null;
  }

  /** To the other of the two versions. */
  upgrade(): void {
    const migrate = ({ balance, fee }: Plain): Plain => ({
      balance,
      fee: fee === null ? Math.floor((7 * FAULT) / (FAULT - balance)) : null,
    });
    for (const [key, state] of this.#states) this.#states.set(key, migrate(state));
    this.#unwritten = migrate(this.#unwritten);
  }

  #at(key: string): Plain {
    return this.#states.get(key) ?? this.#unwritten;
  }
}

/** Without the time: a read moves it on, and is not in the log. Refused events take positions of their own. */
function seen(core: Core): unknown {
  return { ...(snapshot(core.node) as object), time: 0 };
}

/** A node whose states leave memory, one where all stay, and what both should be. */
class Compared {
  readonly small: Stored;
  readonly large = new Core();
  /** Null while the machine is not deployed. */
  model: Model | null = null;
  upgrades = 0;
  evictions = 0;
  refusals = 0;
  /** While a checkpoint is written. */
  removals = 0;

  constructor(small: Stored) {
    this.small = small;
    this.#deployOrRemove();
  }

  take(event: Step): void {
    if (event === 'restart') this.small.restart();
    else if (event === 'checkpoint') this.#checkpoint();
    else if (event === 'part of a checkpoint') this.small.goOn();
    else if (event === 'removal, or deployment') this.#deployOrRemove();
    else if (typeof event === 'object') this.call(event.key, event.text);
    else this.#upgrade(event === 'upgrade');
    const { bytes } = this.small.memory;
    const count = this.small.core.node.machines.get('Account')?.instances.count ?? 0;
    if (bytes > 0 && bytes < 200 * count) this.evictions++;
  }

  call(key: string, text: string): void {
    const { small } = this;
    let reply = small.core.call('Account', text, { key });
    for (let i = 0; codeOf(reply) === 'overloaded' && i < 2; i++) {
      this.refusals++;
      small.checkpoint();
      reply = small.core.call('Account', text, { key });
    }
    expect(reply).toBe(this.large.call('Account', text, { key }));
    const expected = this.model?.call(key, text) ?? null;
    if (expected !== null) expect(reply).toBe(expected);
    else
      expect(codeOf(reply)).toMatch(
        this.model === null ? /^unknown-machine$/ : /^(bad-request|unknown-operation)$/,
      );
  }

  check(): void {
    expect(seen(this.small.core)).toEqual(seen(this.large));
    const machine = this.small.core.node.machines.get('Account');
    expect(machine === undefined).toBe(this.model === null);
    if (machine === undefined) return;
    for (const key of MANY) expect(viewState(machine, key, 'text')).toBe(this.model?.state(key));
  }

  /** Nothing is counted that is not there: where a checkpoint has all of them, and all have left, memory is empty. */
  #checkpoint(): void {
    const { small } = this;
    // What goes on, and one of what has changed since.
    small.checkpoint();
    small.checkpoint();
    const keyed = small.core.node.machines.get('Account')?.instances.keyed;
    // To the end from where the last that left was; then one that was used goes when it is come by again.
    for (let round = 0; round < 3; round++) while (keyed?.evictNext());
    const { bytes, dirtyBytes } = small.memory;
    expect({ bytes, dirtyBytes }).toEqual({ bytes: 0, dirtyBytes: 0 });
  }

  #deployOrRemove(): void {
    if (this.model === null) {
      for (const core of [this.small.core, this.large]) core.deploy(bundleOf(A));
      this.model = new Model();
    } else {
      if (this.small.isWriting) this.removals++;
      this.small.remove();
      this.large.remove('Account');
      this.model = null;
    }
  }

  /** A part of one, or one that is not interrupted. */
  #upgrade(isWhole: boolean): void {
    if (this.model === null) return;
    const bundle = UPGRADES[this.model.isPlain ? 0 : 1];
    let reply = this.small.deploy(bundle);
    while (isWhole && reply === null) reply = this.small.deploy(bundle);
    if (reply === null) return;
    expect(reply).toBe('Account upgraded');
    expect(this.large.deploy(bundle, 'upgrade')).toBe(reply);
    this.model.upgrade();
    this.upgrades++;
  }
}

describe('states that leave memory', () => {
  it('can not be told from those that stay, after any events', () => {
    let runs = 0;
    const happened = { upgrades: 0, evictions: 0, refusals: 0, removals: 0 };
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 100, size: 'max' }),
        fc.integer({ min: 1_000, max: 4_000 }),
        fc.boolean(),
        (steps, bytesMax, isMany) => {
          const small = new Stored(join(folder, String(runs++)), isMany ? 10 * bytesMax : bytesMax);
          const compared = new Compared(small);
          if (isMany) for (const key of MANY) compared.call(key, 'Deposit(1)');
          for (const event of steps) compared.take(event);
          compared.check();
          small.restart();
          compared.check();
          // Nothing is counted that is not there, when what was removed is written.
          small.goOn();
          if (compared.model !== null) compared.take('removal, or deployment');
          small.checkpoint();
          const { bytes, dirtyBytes, outdated } = small.memory;
          expect({ bytes, dirtyBytes, outdated }).toEqual({ bytes: 0, dirtyBytes: 0, outdated: 0 });
          small.close();
          rmSync(small.directory, { recursive: true });
          happened.upgrades += compared.upgrades;
          happened.evictions += compared.evictions;
          happened.refusals += compared.refusals;
          happened.removals += compared.removals;
        },
      ),
      { numRuns: 25 },
    );
    for (const times of Object.values(happened)) expect(times).toBeGreaterThan(10);
  });
});

it('what is written and what is read again keeps to the limit on states in memory', () => {
  const bytesMax = 20_000;
  const stored = new Stored(join(folder, 'limit'), bytesMax);
  stored.core.deploy(bundleOf(A));
  const keys = Array.from({ length: 600 }, (_, i) => `k${i}`);
  let most = 0;
  const call = (key: string, text: string): void => {
    expect(stored.core.call('Account', text, { key })).toBe('1');
    most = Math.max(most, stored.memory.bytes);
  };
  for (const [i, key] of keys.entries()) {
    call(key, 'Deposit(1)');
    if (i % 20 === 19) stored.checkpoint();
  }
  for (let round = 0; round < 3; round++) for (const key of keys) call(key, 'Balance');
  // All of them would take several times as much. Where all were just used, the first that leaves is looked for in steps.
  expect(most).toBeGreaterThan(bytesMax / 2);
  expect(most).toBeLessThan(1.25 * bytesMax);
  stored.close();
});

it.each([
  ['say that they are in their initial state', [(stored: Stored) => stored.checkpoint()]],
  [
    'are of the version before',
    [
      (stored: Stored) => expect(stored.core.deploy(UPGRADES[0], 'upgrade')).toBe('Account upgraded'),
      (stored: Stored) => stored.checkpoint(),
    ],
  ],
])('instances whose rows %s are gone through in slices like others', (name, events) => {
  const stored = new Stored(join(folder, name), 1_000_000);
  const keys = Array.from({ length: 300 }, (_, i) => `k${i}`);
  stored.core.deploy(bundleOf(A));
  for (const key of [...keys, 'z']) stored.core.call('Account', 'Deposit(1)', { key });
  stored.checkpoint();
  for (const key of keys) stored.core.call('Account', 'Close', { key });
  for (const event of events) event(stored);
  const pages = vi.spyOn(StateReader.prototype, 'page');
  /** Goes on to the end; gives the steps, and the pages that the largest has read. */
  const goThrough = (step: () => boolean): { steps: number; pagesMost: number } => {
    let most = 0;
    for (let steps = 1; ; steps++) {
      pages.mockClear();
      const isOver = step();
      most = Math.max(most, pages.mock.calls.length);
      for (const { value } of pages.mock.results) expect(value.length).toBeLessThanOrEqual(64);
      if (isOver) return { steps, pagesMost: most };
    }
  };
  const prepared = goThrough(() => stored.deploy(UPGRADES[events.length - 1]) !== null);
  expect(prepared.steps).toBeGreaterThan(300);
  expect(prepared.pagesMost).toBe(1);
  const written = goThrough(() => stored.goOn());
  // It begins, looks at 256 and at the others, and is complete.
  expect(written.steps).toBe(4);
  expect(written.pagesMost).toBeLessThanOrEqual(5);
  pages.mockRestore();
  expect(stored.core.call('Account', 'Balance', { key: 'z' })).toBe('1');
  stored.close();
});

it.each([
  [
    'another state',
    // With so much it could not be migrated.
    `Deposit(${FAULT})`,
    (stored: Stored) => stored.core.call('Account', 'Deposit(-5)', { key: 'k7' }),
    UPGRADES[0],
  ],
  [
    'another version',
    'Deposit(7)',
    (stored: Stored) => stored.core.deploy(UPGRADES[0], 'upgrade'),
    UPGRADES[1],
  ],
])('a row that comes to have %s while all are gone through is read again', (name, first, change, upgrade) => {
  const stored = new Stored(join(folder, name), 1_000_000);
  const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
  stored.core.deploy(bundleOf(A));
  for (const key of keys) stored.core.call('Account', key === 'k7' ? first : 'Deposit(1)', { key });
  stored.checkpoint();
  change(stored);
  const balances = (): string[] => keys.map((key) => stored.core.call('Account', 'Balance', { key }));
  const before = balances();
  // A page of rows is read with the first of them.
  expect(stored.deploy(upgrade)).toBe(null);
  stored.core.call('Account', 'Close', { key: 'k9' });
  stored.checkpoint();
  let reply: string | null = null;
  while (reply === null) reply = stored.deploy(upgrade);
  expect(reply).toBe('Account upgraded');
  expect(balances()).toEqual(before.with(9, '0'));
  stored.close();
});

describe('a checkpoint of a machine that goes on', () => {
  const change = (text: string) => (stored: Stored) => {
    for (const key of MANY) expect(codeOf(stored.core.call('Account', text, { key }))).toMatch(/^\d+$/);
  };
  const again = (stored: Stored): string => stored.core.deploy(bundleOf(A));
  const upgrade = (stored: Stored): string => stored.core.deploy(UPGRADES[1], 'upgrade');
  it.each([
    ['removed', [(stored) => stored.remove()]],
    ['removed and deployed again', [(stored) => stored.remove(), again, change('Deposit(7)')]],
    ['changed', [change('Deposit(7, "x")')]],
    ['upgraded', [upgrade]],
    ['upgraded and changed', [upgrade, change('Deposit(7)')]],
    ['upgraded and removed', [upgrade, (stored) => stored.remove()]],
    [
      'removed while an upgrade is prepared',
      [(stored) => stored.deploy(UPGRADES[1]), (stored) => stored.remove()],
    ],
  ] satisfies [string, ((stored: Stored) => unknown)[]][])(
    'has what there was when it began, though it is %s',
    (name, events) => {
      for (const slices of [0, 1, 2]) {
        const stored = new Stored(join(folder, `${name} ${slices}`), 1_000_000);
        const balances = (): string[] => MANY.map((key) => stored.core.call('Account', 'Balance', { key }));
        stored.core.deploy(bundleOf(A));
        change('Deposit(1)')(stored);
        stored.checkpoint();
        expect(stored.core.deploy(UPGRADES[0], 'upgrade')).toBe('Account upgraded');
        for (const key of MANY.slice(0, 20)) stored.core.call('Account', 'Deposit(2, "x")', { key });
        const before = balances();
        // It is written anew, as its states are of another version.
        for (let i = 0; i <= slices; i++) expect(stored.goOn()).toBe(false);
        for (const event of events) event(stored);
        const after = seen(stored.core);
        stored.checkpoint();
        expect(seen(stored.core)).toEqual(after);
        // It counts before any of that is durable.
        const groups = stored.take();
        stored.restart();
        expect(balances()).toEqual(before);
        stored.append(groups);
        stored.restart();
        expect(seen(stored.core)).toEqual(after);
        stored.close();
      }
    },
  );
});

/** A node on a directory, with its journal on disk. */
async function hostOn(directory: string, notes: string[] = [], stateBytesMax = 2_000): Promise<Host> {
  return openHost(await DiskJournal.open(directory), { stateBytesMax, checkpointBytesMin: 1 }, notes);
}

function openHost(journal: Journal, limits: Partial<NodeLimits>, notes: string[] = []): Promise<Host> {
  let time = 1_000;
  return Host.open(journal, {
    clock: { now: () => time++ },
    limits: { ...NODE_LIMITS, ...limits },
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
    expect(answer).toMatch(/^in-doubt:/);
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

  it('makes a checkpoint when it starts, though nothing comes that it could hand over', async () => {
    const stored = new Stored(join(folder, 'full at first'), 1_000_000);
    stored.core.deploy(bundleOf(A));
    for (const key of MANY) stored.core.call('Account', 'Deposit(5)', { key });
    stored.append();
    stored.close();
    const journal = await DiskJournal.open(stored.directory);
    const checkpoint = vi.spyOn(journal, 'checkpoint');
    const host = await openHost(journal, { stateBytesMax: 2_000 });
    expect(checkpoint).toHaveBeenCalledTimes(1);
    await checkpoint.mock.results[0].value;
    expect(await call(host, 'new', 'Deposit(5)')).toBe('5');
    await host.stop();
  });

  it('makes one when it has refused what there is room for afterwards', async () => {
    const journal = await DiskJournal.open(join(folder, 'full for one'));
    const checkpoint = vi.spyOn(journal, 'checkpoint');
    const host = await openHost(journal, { stateBytesMax: 1_000 });
    await host.deploy(bundleOf(A), 'deploy', false);
    const [short, long] = ['k', 'k'.repeat(350)];
    expect(await call(host, short, 'Deposit(5)')).toBe('5');
    // Less than a part of the limit that would ask for one.
    expect(checkpoint).not.toHaveBeenCalled();
    expect(codeOf(await call(host, long, 'Deposit(5)'))).toBe('overloaded');
    expect(checkpoint).toHaveBeenCalledTimes(1);
    await checkpoint.mock.results[0].value;
    expect(await call(host, long, 'Deposit(5)')).toBe('5');
    await host.stop();
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
      /^too-large: states of 2000 bytes are all that the node takes \(--memory-limit\): nothing was changed/,
    );
  });
});
