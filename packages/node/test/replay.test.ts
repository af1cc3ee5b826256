import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprints } from '@smc/protocol';
import { encodeRefusals } from '../src/journal/encoding.ts';
import type { RefusalEntry } from '../src/journal/entry.ts';
import { JournalError } from '../src/journal/error.ts';
import type { CallEvent } from '../src/event.ts';
import { NODE_LIMITS } from '../src/limits.ts';
import type { Recovered } from '../src/ports.ts';
import { codeOf, Core, replayed, snapshot } from './core.ts';
import { bundleOf, counter, labelled, sameShape, toCounter, toLabelled, upgradeBundle } from './images.ts';

const A = counter();
const A2 = counter({ step: 2 });
const B = labelled();

/** What may happen to a node; each is done whatever it is worth at that time. */
const BUNDLES: readonly (readonly [Uint8Array, 'deploy' | 'upgrade'])[] = [
  [bundleOf(A), 'deploy'],
  [bundleOf(B), 'deploy'],
  [bundleOf(counter({ name: 'Other' })), 'deploy'],
  [upgradeBundle(B, toLabelled(A)), 'upgrade'],
  [upgradeBundle(B, toLabelled(A2)), 'upgrade'],
  [upgradeBundle(A, toCounter(B)), 'upgrade'],
  [upgradeBundle(A2, sameShape(A)), 'upgrade'],
  [upgradeBundle(A, sameShape(A2)), 'upgrade'],
];
const INPUTS = [
  'Incr',
  'Incr(by: 3)',
  'Read',
  'Divide(by: 0)',
  'Refuse("no")',
  'Refuse("gone")',
  'Label("é\\u{1F600}")',
  'Dance',
];
const INTERFACES = [null, fingerprints(A).interface, fingerprints(B).interface];

const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      input: fc.constantFrom(...INPUTS),
      machine: fc.constantFrom('Counter', 'Counter', 'Counter', 'Other'),
      spoken: fc.constantFrom(...INTERFACES),
      key: fc.option(fc.constantFrom('a', 'b', 'c', 'd'), { freq: 3 }),
      later: fc.integer({ min: -50, max: 200 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ bundle: fc.nat({ max: BUNDLES.length - 1 }) }) },
  { weight: 1, arbitrary: fc.record({ remove: fc.constantFrom('Counter', 'Other') }) },
  { weight: 1, arbitrary: fc.record({ checkpoint: fc.constant(true) }) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function run(core: Core, steps: readonly Step[]): Promise<string[]> {
  const shown: string[] = [];
  for (const event of steps) shown.push(await take(core, event));
  return shown;
}

async function take(core: Core, event: Step): Promise<string> {
  if ('bundle' in event) {
    const [bundle, mode] = BUNDLES[event.bundle];
    return core.deploy(bundle, mode);
  }
  if ('remove' in event) return core.remove(event.remove);
  if ('checkpoint' in event) {
    await core.checkpoint();
    return 'checkpoint';
  }
  core.time += event.later;
  const { input, key, spoken } = event;
  return core.call(event.machine, input, {
    interfaces: spoken === null ? null : [spoken],
    request:
      key === null
        ? null
        : { key, digest: Buffer.from(input.padEnd(32).slice(0, 32)).toString('hex').slice(0, 64) },
  });
}

describe('the log is the truth', () => {
  it('a node rebuilt from its journal is the node that wrote it, after any events', async () => {
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60, size: 'max' }),
        fc.array(step, { maxLength: 10 }),
        async (before, after) => {
          // So few that some are forgotten.
          const core = new Core({ historyRecordsMax: 9, refusalRecordsMax: 3, refusalRecordsOfAllMax: 4 });
          core.deploy(bundleOf(A));
          for (const shown of await run(core, before)) {
            const kind = shown.split(/[: ]/)[0];
            seen.set(kind, (seen.get(kind) ?? 0) + 1);
          }
          const rebuilt = core.replay();
          expect(strip(snapshot(rebuilt))).toEqual(strip(snapshot(core.node)));
          // The same, and behaves the same from there on.
          const other = new Core();
          other.time = core.time;
          Object.assign(other, { node: rebuilt });
          rebuilt.time = core.node.time;
          expect(await run(other, after)).toEqual(await run(core, after));
          expect(snapshot(other.node)).toEqual(snapshot(core.node));
        },
      ),
      { numRuns: 100 },
    );
    // The law says nothing if the events do nothing.
    const kinds = ['()', 'fault', 'stale', 'gone', 'removed', 'Counter', 'unknown-interface'];
    expect(kinds.filter((kind) => (seen.get(kind) ?? 0) <= 5)).toEqual([]);
  });

  it('also through two upgrades, with the behaviour of each', () => {
    const core = new Core();
    core.deploy(bundleOf(A));
    for (let i = 0; i < 5; i++) core.call('Counter', 'Incr');
    expect(core.deploy(upgradeBundle(B, toLabelled(A)))).toBe('Counter upgraded');
    core.call('Counter', 'Label("two")');
    core.call('Counter', 'Incr(by: 10)');
    expect(core.deploy(upgradeBundle(A, toCounter(B)))).toBe('Counter upgraded');
    core.call('Counter', 'Refuse("x")');
    core.call('Counter', 'Incr');
    const rebuilt = new Core();
    Object.assign(rebuilt, { node: core.replay() });
    expect(snapshot(rebuilt.node)).toEqual(snapshot(core.node));
    expect(rebuilt.call('Counter', 'Read')).toBe('16');
    const old = { interfaces: [fingerprints(B).interface] };
    expect(rebuilt.call('Counter', 'Incr(by: 4)', old)).toBe('0');
    expect(rebuilt.call('Counter', 'Label("x")', old)).toMatch(/^gone/);
    expect(rebuilt.call('Counter', 'Read')).toBe('17');
  });

  it('and a checkpoint may take its place: what is then held does not grow with inputs or refusals', async () => {
    const core = new Core({ refusalRecordsMax: 10 });
    core.deploy(bundleOf(A));
    const sizes: number[] = [];
    for (const rounds of [10, 100, 1_000]) {
      for (let i = 0; i < rounds; i++) core.call('Counter', 'Incr');
      for (let i = 0; i < rounds; i++) expect(core.deploy(bundleOf(B))).toMatch(/^stale/);
      await core.checkpoint();
      sizes.push(core.journalBytes);
    }
    // Numbers get longer.
    expect(sizes[2] - sizes[0]).toBeLessThan(30);
    expect(snapshot(core.replay())).toEqual(snapshot(core.node));
  });
});

describe('a journal of a node that kept', () => {
  const FEW = 4_000;
  const MANY = NODE_LIMITS.keptBytesMax;
  const digest = '00'.repeat(32);
  const ofKey = (key: string): Partial<CallEvent> => ({ request: { key, digest } });
  const ofSession = (id: number): Partial<CallEvent> => ({
    request: { session: '5e'.repeat(16), id, digest: 7 },
  });

  it.each([
    ['less', FEW, MANY, 'before'],
    ['less', FEW, MANY, 'after'],
    ['less', FEW, MANY, 'nowhere'],
    ['more', MANY, FEW, 'before'],
    ['more', MANY, FEW, 'after'],
    ['more', MANY, FEW, 'nowhere'],
  ])('%s gives that node (%i bytes, then %i; a checkpoint %s)', async (_, then, now, checkpoint) => {
    const core = new Core({ keptBytesMax: then });
    core.deploy(bundleOf(B));
    const first = core.call('Counter', 'Incr(by: 1000)', ofKey('a'));
    core.call('Counter', 'Incr', ofSession(5));
    if (checkpoint === 'before') await core.checkpoint();
    for (let i = 0; i < 30; i++) core.call('Counter', 'Incr', ofKey(`b${i}`));
    // Who keeps less does one again that was forgotten; who keeps more does one that came late.
    const again = core.call('Counter', 'Incr(by: 1000)', ofKey('a'));
    const late = core.call('Counter', 'Incr', ofSession(3));
    const isLess = then === FEW;
    expect([again === first, codeOf(late) === 'gone']).toEqual([!isLess, isLess]);
    if (checkpoint === 'after') await core.checkpoint();
    core.call('Counter', 'Incr', ofKey('c'));
    const rebuilt = new Core({ keptBytesMax: now });
    const node = replayed(core.journal.read(), rebuilt.node.limits, core.journal.rows);
    Object.assign(rebuilt, { node });
    expect(rebuilt.call('Counter', 'Read')).toBe(core.call('Counter', 'Read'));
    // Of what there is twice the newest counts, until that is forgotten.
    const last = isLess ? ofKey('a') : ofSession(3);
    expect(rebuilt.call('Counter', 'Incr(by: 1000)', last)).toBe(isLess ? again : late);
    for (let i = 0; i < 30; i++) rebuilt.call('Counter', 'Incr', ofKey(`d${i}`));
    expect(node.machines.get('Counter')!.kept.find(last.request!).kind).toBe(isLess ? 'known' : 'forgotten');
  });
});

/** Without the time: a read moves it on, and is not in the log. */
function strip(seen: unknown): unknown {
  return { ...(seen as object), time: 0 };
}

describe('a checkpoint of a version that bounded refusals for each machine alone', () => {
  it('is read, however many there are, and the newest are told', async () => {
    const core = new Core();
    core.deploy(bundleOf(A));
    core.node.position = 90_000;
    await core.checkpoint();
    const refusals = Array.from({ length: 70_000 }, (_, i): RefusalEntry => {
      // Not in the order of their positions.
      const position = 2 + ((i * 3) % 70_000);
      const machines = [{ name: 'Counter', running: '00'.repeat(32) }];
      return { kind: 'refusal', position, time: 1_000, code: 'stale', message: 'no', machines };
    });
    const items = [...core.journal.read()].map((item): Recovered => {
      if (item.kind !== 'checkpoint') return item;
      return { ...item, head: { ...item.head, refusals: encodeRefusals(refusals) } };
    });
    const node = replayed(items, { ...NODE_LIMITS, refusalRecordsMax: 100_000, refusalRecordsOfAllMax: 3 });
    expect(node.histories.get('Counter')!.map(({ position }) => position)).toEqual([
      1, 69_999, 70_000, 70_001,
    ]);
  });
});

describe('a journal that is wrong', () => {
  const good = (): Recovered[] => {
    const core = new Core();
    core.deploy(bundleOf(A));
    core.call('Counter', 'Incr');
    core.deploy(upgradeBundle(B, toLabelled(A)));
    core.call('Counter', 'Incr(by: 2)');
    return [...core.journal.read()];
  };
  const withBytes = (item: Recovered, bytes: Uint8Array): Recovered =>
    item.kind === 'group' ? { kind: 'group', group: { ...item.group, bytes } } : item;

  it('is refused, with the place', () => {
    const items = good();
    expect(replayed(items).position).toBe(4);
    expect(() => replayed(items.slice(2))).toThrow(JournalError);
    expect(() => replayed(items.slice(2))).toThrow(/position 2 is wrong: it follows position 0/);
    expect(() => replayed([...items, items[4]])).toThrow(/position 4 is wrong: it follows position 4/);
    expect(() => replayed([...items.slice(0, 4), withBytes(items[4], new Uint8Array(0))])).toThrow(
      /the group at position 4 is wrong: it does not decode: unexpected end/,
    );
    expect(() => replayed([...items.slice(0, 4), withBytes(items[4], Uint8Array.of(99, 0))])).toThrow(
      /kind 99/,
    );
    expect(() =>
      replayed([{ kind: 'begin', checkpoint: 2, last: 4, notes: [] }, ...items.slice(1, 2)]),
    ).toThrow(/there is no checkpoint at position 2/);
  });

  it('is refused as such, wherever it is damaged, if it can be told at all', async () => {
    const core = new Core();
    core.deploy(bundleOf(A));
    core.call('Counter', 'Incr', { request: { key: 'k', digest: '00'.repeat(32) } });
    core.deploy(bundleOf(B));
    await core.checkpoint();
    let journalErrors = 0;
    const others: unknown[] = [];
    for (const items of [good(), [...core.journal.read()]]) {
      for (const [index, item] of items.entries()) {
        const bytes = damageable(item);
        for (let at = 0; at < bytes.length; at++) {
          const damaged = bytes.slice();
          damaged[at] ^= 0x15;
          try {
            replayed(items.map((other, i) => (i === index ? withDamage(item, damaged) : other)));
          } catch (error) {
            if (error instanceof JournalError) journalErrors++;
            else others.push((error as Error).stack);
          }
        }
      }
    }
    expect(journalErrors).toBeGreaterThan(0);
    expect(others).toEqual([]);
  });
});

function damageable(item: Recovered): Uint8Array {
  switch (item.kind) {
    case 'begin':
      return new Uint8Array(0);
    case 'group':
      return item.group.bytes;
    case 'checkpoint':
      return item.head.refusals;
    case 'states':
    case 'kept':
    case 'sessions':
      return item.bytes;
  }
}

function withDamage(item: Recovered, bytes: Uint8Array): Recovered {
  switch (item.kind) {
    case 'begin':
      return item;
    case 'group':
      return { kind: 'group', group: { ...item.group, bytes } };
    case 'checkpoint':
      return { kind: 'checkpoint', head: { ...item.head, refusals: bytes } };
    case 'states':
    case 'kept':
    case 'sessions':
      return { ...item, bytes };
  }
}
