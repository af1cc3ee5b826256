import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprints } from '@smc/protocol';
import { baseRecords } from '../src/journal/base.ts';
import { MemoryJournal } from '../src/journal/memory.ts';
import { JournalError, Replay } from '../src/journal/replay.ts';
import { NODE_LIMITS } from '../src/limits.ts';
import type { NodeState } from '../src/state.ts';
import { Core, snapshot } from './core.ts';
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
  { weight: 1, arbitrary: fc.record({ fold: fc.constant(true) }) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function run(core: Core, steps: readonly Step[]): string[] {
  return steps.map((event) => {
    if ('bundle' in event) {
      const [bundle, mode] = BUNDLES[event.bundle];
      return core.deploy(bundle, mode);
    }
    if ('remove' in event) return core.remove(event.remove);
    if ('fold' in event) {
      void core.journal.fold(baseRecords(core.node));
      return 'folded';
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
  });
}

describe('the log is the truth', () => {
  it('a node rebuilt from its journal is the node that wrote it, after any events', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60, size: 'max' }),
        fc.array(step, { maxLength: 10 }),
        (before, after) => {
          // So few that some are forgotten.
          const core = new Core({ historyRecordsMax: 9, refusalRecordsMax: 3 });
          core.deploy(bundleOf(A));
          for (const shown of run(core, before)) {
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
          expect(run(other, after)).toEqual(run(core, after));
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

  it('and may be folded: what it then holds does not grow with inputs or refusals', () => {
    const core = new Core({ refusalRecordsMax: 10 });
    core.deploy(bundleOf(A));
    const sizes = [10, 100, 1_000].map((rounds) => {
      for (let i = 0; i < rounds; i++) core.call('Counter', 'Incr');
      for (let i = 0; i < rounds; i++) expect(core.deploy(bundleOf(B))).toMatch(/^stale/);
      void core.journal.fold(baseRecords(core.node));
      return [...core.journal.read()].reduce((sum, record) => sum + record.length, 0);
    });
    // Numbers get longer.
    expect(sizes[2] - sizes[0]).toBeLessThan(30);
    expect(snapshot(core.replay())).toEqual(snapshot(core.node));
  });
});

/** Without the time: a read moves it on, and is not in the log. */
function strip(seen: unknown): unknown {
  return { ...(seen as object), time: 0 };
}

describe('a journal that is wrong', () => {
  const good = (): Uint8Array[] => {
    const core = new Core();
    core.deploy(bundleOf(A));
    core.call('Counter', 'Incr');
    core.deploy(upgradeBundle(B, toLabelled(A)));
    core.call('Counter', 'Incr(by: 2)');
    return [...core.journal.read()];
  };
  const replay = (records: readonly Uint8Array[]): NodeState => {
    const rebuilding = new Replay(NODE_LIMITS);
    for (const record of records) rebuilding.add(record);
    return rebuilding.finish();
  };

  it('is refused, with the record', () => {
    const records = good();
    expect(replay(records).position).toBe(4);
    expect(() => replay(records.slice(1))).toThrow(/record 0 .*header/);
    expect(() => replay([records[0], ...records])).toThrow(/record 1 .*header/);
    expect(() => replay([records[0], ...records.slice(2)])).toThrow(JournalError);
    expect(() => replay([...records, records[4]])).toThrow(/position 4 after 4/);
    expect(() => replay([...records, new Uint8Array(0)])).toThrow(/record 5 .*unexpected end/);
    expect(() => replay([...records, Uint8Array.of(99, 20, 200, 1)])).toThrow(/record 5 .*kind 99/);
    const refused = new Core();
    refused.deploy(bundleOf(A));
    refused.deploy(bundleOf(B));
    const [header, deployment, refusal] = refused.journal.read();
    expect(() => replay([header, deployment, refusal, refusal])).toThrow(
      /record 3 .*position 2 is there twice/,
    );
    expect(() => replay([header, refusal])).toThrow(/record 1 .*about Counter, which never ran/);
    const newer = records[0].slice();
    newer[newer.length - 1]++;
    expect(() => replay([newer])).toThrow(/version 2, and this node reads version 1/);
  });

  it('is refused as such, wherever it is damaged, if it can be told at all', () => {
    const records = good();
    const errors = new Set<string>();
    for (const [index, record] of records.entries()) {
      for (let at = 0; at < record.length; at++) {
        const damaged = record.slice();
        damaged[at] ^= 0x15;
        try {
          replay(records.map((other, i) => (i === index ? damaged : other)));
        } catch (error) {
          errors.add((error as Error).constructor.name);
        }
      }
    }
    expect([...errors]).toEqual([JournalError.name]);
  });
});

describe('a journal in memory', () => {
  it('gives back what it was given, in order', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 })), (records) => {
        const journal = new MemoryJournal();
        for (const record of records) journal.append([record]);
        expect([...journal.read()].map((record) => [...record])).toEqual(
          records.map((record) => [...record]),
        );
      }),
    );
  });

  it('takes records larger than its chunks', () => {
    const journal = new MemoryJournal();
    const large = new Uint8Array(3 * 1024 * 1024).fill(7);
    journal.append([Uint8Array.of(1), large, Uint8Array.of(2)]);
    expect([...journal.read()].map((record) => record.length)).toEqual([1, large.length, 1]);
  });
});
