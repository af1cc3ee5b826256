import fc from 'fast-check';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CheckpointPart, PART_BYTES, type StateSlice } from '../src/journal/checkpoint.ts';
import { DiskJournal } from '../src/journal/disk/journal.ts';
import { ShadowReader } from '../src/journal/disk/shadow-reader.ts';
import { Store } from '../src/journal/disk/store.ts';
import type { LogGroup } from '../src/journal/group.ts';
import { Core, replayed, snapshot } from './core.ts';
import { bundleOf, counter, labelled, toCounter, toLabelled, upgradeBundle } from './images.ts';

const [A, B] = [counter(), labelled()];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'smc-shadow-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const HISTORY = { historyMillisMax: 0, historyBytesMax: 0 };

const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      machine: fc.constantFrom('Counter', 'Counter', 'Other'),
      text: fc.constantFrom('Incr', 'Incr', 'Read', 'Divide(by: 0)', 'Refuse("no")'),
    }),
  },
  // Of more than one part, and of less.
  { weight: 3, arbitrary: fc.record({ label: fc.constantFrom(0, 10, PART_BYTES / 2, 2 * PART_BYTES) }) },
  { weight: 3, arbitrary: fc.constantFrom('upgrade' as const, 'back' as const) },
  { weight: 1, arbitrary: fc.constantFrom('remove' as const, 'deploy' as const) },
  {
    weight: 5,
    arbitrary: fc.record({
      largeBytesMin: fc.constantFrom(0, 0, 0, 200, 50_000, Number.POSITIVE_INFINITY),
      isNewThread: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant('restart' as const) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A node on a store, with what makes large states beside it, but for the threads. */
class Shadowed {
  readonly directory: string;
  readonly core = new Core();
  #store: Store;
  #reader: ShadowReader;
  readonly #groups: LogGroup[] = [];
  #checkpoint = 0;
  /** States that were compared. */
  compared = 0;

  constructor(directory: string) {
    this.directory = directory;
    this.#store = Store.open(directory, HISTORY);
    for (const _ of this.#store.read());
    this.#reader = new ShadowReader({ directory, jit: 'auto' });
    this.core.journal.append = (groups) => void this.#groups.push(...groups);
  }

  take(event: Step): void {
    if (event === 'restart') return this.#restart();
    if (typeof event === 'object' && 'largeBytesMin' in event) {
      this.#makeCheckpoint(event.largeBytesMin, event.isNewThread);
      return;
    }
    this.#handle(event);
    this.#store.append(this.#groups.splice(0));
  }

  #handle(event: Step): void {
    const { core } = this;
    if (event === 'upgrade') core.deploy(upgradeBundle(B, toLabelled(A)), 'upgrade');
    else if (event === 'back') core.deploy(upgradeBundle(A, toCounter(B)), 'upgrade');
    else if (event === 'remove') core.remove('Counter');
    else if (event === 'deploy') core.deploy(bundleOf(A, counter({ name: 'Other' })));
    else if (typeof event === 'object' && 'label' in event)
      core.call('Counter', `Label("${'é'.repeat(event.label / 2)}")`);
    else if (typeof event === 'object' && 'text' in event) core.call(event.machine, event.text);
  }

  /** Large states are those that the node itself would have written. */
  #makeCheckpoint(largeBytesMin: number, isNewThread: boolean): void {
    const { node, tracker } = this.core;
    if (node.position === this.#checkpoint) return;
    if (isNewThread) {
      this.#reader.close();
      this.#reader = new ShadowReader({ directory: this.directory, jit: 'never' });
    }
    const { head, parts } = tracker.begin(node, largeBytesMin);
    this.#store.beginCheckpoint(head);
    for (const part of parts) {
      if (part.kind === 'large') this.#add(part.states, head.position);
      else this.#store.addSlice(part);
    }
    for (const _ of this.#store.endCheckpoint());
    this.#checkpoint = head.position;
  }

  #add(states: Extract<CheckpointPart, { kind: 'large' }>['states'], position: number): void {
    this.#reader.follow(
      position,
      states.map(({ machine }) => machine),
    );
    for (const state of states) {
      const slices: StateSlice[] = [...this.#reader.slices(state)];
      expect(slices).toEqual([...state.slices]);
      for (const slice of slices) this.#store.addSlice(slice);
      this.compared++;
    }
  }

  #restart(): void {
    this.#store.close();
    this.#store = Store.open(this.directory, HISTORY);
    expect(seen(replayed(this.#store.read()))).toEqual(seen(this.core.node));
  }

  close(): void {
    this.#restart();
    this.#reader.close();
    this.#store.close();
  }
}

/** Without the time: a read moves it on, and is not in the log. */
function seen(node: Core['node']): unknown {
  return { ...(snapshot(node) as object), time: 0 };
}

describe('large states that are made of checkpoint and log', () => {
  it('are those of the node, after any events', () => {
    let runs = 0;
    let compared = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const node = new Shadowed(join(folder, String(runs++)));
        node.take('deploy');
        for (const event of steps) node.take(event);
        node.close();
        compared += node.compared;
        rmSync(node.directory, { recursive: true });
      }),
      { numRuns: 30 },
    );
    // The law says nothing if there are none.
    expect(compared).toBeGreaterThan(60);
  });
});

describe('a checkpoint of large states', () => {
  /** A checkpoint of a state of three parts; gives what is told, and the node that is there afterwards. */
  async function checkpointed(
    name: string,
    prepare: (directory: string) => () => void,
    change: (parts: CheckpointPart[]) => CheckpointPart[] = (parts) => parts,
  ): Promise<{ readonly told: readonly string[]; readonly rows: number; readonly isSame: boolean }> {
    const directory = join(folder, name);
    const told: string[] = [];
    const journal = await DiskJournal.open(directory, { warn: (message) => told.push(message) });
    for await (const _ of journal.read());
    const core = new Core();
    core.journal.append = (groups) => void journal.append(groups);
    core.deploy(bundleOf(A));
    core.deploy(upgradeBundle(B, toLabelled(A)), 'upgrade');
    core.call('Counter', `Label("${'x'.repeat(2.5 * PART_BYTES)}")`);
    core.call('Counter', 'Incr');
    const undo = prepare(directory);
    const { head, parts } = core.tracker.begin(core.node, 1_000);
    await journal.checkpoint(head, change([...parts]));
    undo();
    await journal.close();
    const database = new DatabaseSync(join(directory, 'journal.db'), { readOnly: true });
    const { rows } = database.prepare('SELECT count(*) AS rows FROM states').get() as { rows: number };
    database.close();
    const store = Store.open(directory, HISTORY);
    const isSame = JSON.stringify(seen(replayed(store.read()))) === JSON.stringify(seen(core.node));
    store.close();
    return { told, rows, isSame };
  }

  it('is made by a thread of its own', async () => {
    // What is made on the node's thread would be nothing.
    const without = (parts: CheckpointPart[]): CheckpointPart[] =>
      parts.map((part) =>
        part.kind === 'large'
          ? { ...part, states: part.states.map((state) => ({ ...state, slices: [] })) }
          : part,
      );
    expect(await checkpointed('apart', () => () => {}, without)).toEqual({ told: [], rows: 3, isSame: true });
  });

  it('is made on the thread of the node where the other one ends', async () => {
    const hide = (directory: string): (() => void) => {
      const file = join(directory, 'journal.db');
      renameSync(file, `${file}.hidden`);
      return () => renameSync(`${file}.hidden`, file);
    };
    const { told, rows, isSame } = await checkpointed('ended', hide);
    expect(told).toEqual([
      expect.stringMatching(/^large states are made on the thread of the node this time: /),
    ]);
    expect([rows, isSame]).toEqual([3, true]);
  });

  it('is made on the thread of the node where the other one has another state', async () => {
    const other = (parts: CheckpointPart[]): CheckpointPart[] =>
      parts.map((part) =>
        part.kind === 'large'
          ? { ...part, states: part.states.map((state) => ({ ...state, bytes: state.bytes + 1 })) }
          : part,
      );
    const { told, rows, isSame } = await checkpointed('another', () => () => {}, other);
    expect(told).toEqual([expect.stringMatching(/the state of Counter is another one: \d+ bytes, not \d+/)]);
    expect([rows, isSame]).toEqual([3, true]);
  });

  it('is made on the thread of the node from the start where the other one ends half-way', async () => {
    // Twice the same machine: the second time it is asked for another state.
    const twice = (parts: CheckpointPart[]): CheckpointPart[] =>
      parts.map((part) => {
        if (part.kind !== 'large') return part;
        const [state] = part.states;
        return { kind: 'large', states: [state, { ...state, fingerprint: '00' }] };
      });
    const { told, rows, isSame } = await checkpointed('half-way', () => () => {}, twice);
    expect(told).toHaveLength(1);
    expect([rows, isSame]).toEqual([3, true]);
  });
});
