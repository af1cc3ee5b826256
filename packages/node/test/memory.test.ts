import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeployEvent } from '../src/event.ts';
import { slicesOf } from '../src/journal/checkpoint.ts';
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
    const event: DeployEvent = { kind: 'deploy', time: this.core.time, bundle, mode: 'upgrade', dryRun: false };
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
      text: fc.constantFrom('Deposit(1)', 'Deposit(7)', 'Deposit(-1)', 'Close', 'Balance', 'Deposit(2, "x")', 'SetFee(7)'),
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
    const take = (small: Stored, large: Core, event: typeof step extends fc.Arbitrary<infer T> ? T : never): void => {
      if (event === 'restart') small.restart();
      else if (event === 'checkpoint') small.checkpoint();
      else if (event === 'part of a checkpoint') small.goOn();
      else if (event === 'upgrade' || event === 'part of an upgrade') {
        const bundle = UPGRADES[large.node.machines.get('Account')!.version.image.operations.length === 4 ? 0 : 1];
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
      fc.property(fc.array(step, { maxLength: 100, size: 'max' }), fc.integer({ min: 1_000, max: 4_000 }), (steps, bytesMax) => {
        const small = new Stored(join(folder, String(runs++)), bytesMax);
        const large = new Core();
        for (const core of [small.core, large]) core.deploy(bundleOf(A));
        for (const event of steps) {
          take(small, large, event);
          if (small.memory.bytes > 0 && small.memory.bytes < 200 * small.core.node.machines.get('Account')!.instances.count) evictions++;
        }
        expect(seen(small.core)).toEqual(seen(large));
        small.restart();
        expect(seen(small.core)).toEqual(seen(large));
        small.close();
        rmSync(small.directory, { recursive: true });
      }),
      { numRuns: 100 },
    );
    for (const happened of [upgrades, evictions, refusals]) expect(happened).toBeGreaterThan(20);
  });
});
