import fc from 'fast-check';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { closeUnchanged } from '../src/journal/disk/format.ts';
import { repairDirectory } from '../src/journal/disk/repair.ts';
import { beginBeforeCut } from '../src/journal/disk/wal.ts';
import { account, accountWithFee, toFee, toPlain } from './accounts.ts';
import type { Core } from './core.ts';
import { ALL, History, NONE, numbers, open, type Opened } from './histories.ts';
import { bundleOf, labelled, upgradeBundle } from './images.ts';
import { Disk } from './power.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'smc-power-loss-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const LOSSES = 12;

/** A node whose power is lost, again and again. */
class Run {
  readonly #random: () => number;
  readonly #limits: typeof ALL;
  /** How likely it is in each commit. */
  readonly #rate: number;
  readonly #folder: string;
  #history: History;
  #disk: Disk;
  /** What a node was at each position. */
  #states = new Map<number, string>();
  /** The position of what was acknowledged last. */
  #acknowledged = 0;
  #checkpointed = 0;
  #losses = 0;

  constructor(seed: number) {
    this.#random = numbers(1 + seed);
    // The first of these are small where the seed is.
    for (let i = 0; i < 10; i++) this.#random();
    this.#limits = this.#isIn(0.5) ? ALL : NONE;
    this.#rate = [0.1, 0.4, 0.8][this.#below(3)];
    this.#folder = mkdtempSync(join(folder, 'run-'));
    this.#history = new History(join(this.#folder, 'new'), this.#limits);
    this.#disk = new Disk(this.#history.directory, this.#random);
    this.#append((core) => core.deploy(bundleOf(account(), labelled())));
    this.#disk.written(true);
  }

  lose(losses: number): void {
    while (this.#losses < losses) {
      for (const isSynced of this.#work()) {
        if (this.#isIn(this.#rate) && this.#loses()) break;
        this.#disk.written(isSynced);
        if (isSynced) this.#acknowledged = this.#history.last;
      }
    }
    this.#history.close();
    rmSync(this.#folder, { recursive: true });
  }

  #below(end: number): number {
    return Math.floor(this.#random() * end);
  }

  #isIn(part: number): boolean {
    return this.#random() < part;
  }

  #append(work: (core: Core) => void): void {
    this.#history.step(work);
    for (const [position, state] of this.#history.states) this.#states.set(position, state);
  }

  /** Commits of the log, and of a checkpoint with some of the log in between: whether each was synced. */
  *#work(): Generator<boolean> {
    for (let i = this.#below(20); i >= 0; i--) {
      this.#append((core) => this.#groups(core));
      yield true;
    }
    if (this.#history.last === this.#checkpointed) return;
    this.#checkpointed = this.#history.last;
    for (const isSynced of this.#history.checkpointing()) {
      yield isSynced;
      if (!this.#isIn(0.3)) continue;
      this.#append((core) => this.#inputs(core));
      yield true;
    }
  }

  #groups(core: Core): void {
    for (let groups = this.#below(3); groups >= 0; groups--) {
      this.#inputs(core);
      if (!this.#isIn(0.15)) continue;
      const [A, B] = [account(), accountWithFee()];
      core.deploy(hasFee(core) ? upgradeBundle(A, toPlain(B)) : upgradeBundle(B, toFee(A)));
    }
  }

  #inputs(core: Core): void {
    for (let inputs = this.#below(5); inputs >= 0; inputs--) {
      const kind = this.#below(10);
      const id = core.node.position + 1;
      if (kind < 5) core.call('Account', 'Deposit(3)', { key: `k${this.#below(8)}` });
      else if (kind < 8)
        core.call('Counter', `Label("${'l'.repeat(this.#below(kind === 7 ? 20_000 : 500))}")`);
      else core.call('Counter', 'Incr', { request: { session: '5e'.repeat(16), id, digest: 7 } });
    }
  }

  /** Whether the power is lost in the commit that was made last: the node goes on from what is left. */
  #loses(): boolean {
    const place = join(this.#folder, String(this.#losses));
    mkdirSync(place);
    writeFileSync(join(place, 'used'), '');
    if (!this.#disk.fail(place)) return false;
    const { last } = this.#history;
    this.#history.close();
    const [copy, repaired, cut] = ['looked at', 'repaired', 'cut'].map((what) => `${place} ${what}`);
    for (const each of [copy, repaired, cut]) cpSync(place, each, { recursive: true });
    const { position } = this.#expectWhole(open(copy), this.#acknowledged, last);
    repairDirectory(repaired, 'now');
    this.#expectWhole(open(repaired), position, last);
    for (const each of this.#states.keys()) if (each > position) this.#states.delete(each);
    this.#history = new History(place, this.#limits);
    // That is on disk before anything else is written.
    const database = new DatabaseSync(join(cut, 'journal.db'));
    beginBeforeCut(database)();
    database.exec('ROLLBACK');
    closeUnchanged(database);
    this.#disk = new Disk(place, this.#random, cut);
    this.#acknowledged = position;
    this.#checkpointed = position;
    this.#losses++;
    return true;
  }

  /** It has all that was acknowledged, and nothing but what was being written. */
  #expectWhole(opened: Opened, least: number, last: number): Opened {
    expect(opened.position).toBeGreaterThanOrEqual(least);
    expect(opened.position).toBeLessThanOrEqual(last);
    expect(opened.seen).toBe(this.#states.get(opened.position));
    return opened;
  }
}

function hasFee(core: Core): boolean {
  const machine = [...core.node.machines.values()].find(({ name }) => name === 'Account');
  return machine?.version.image.operations.some(({ name }) => name === 'Fee') === true;
}

it('a node whose power is lost while it writes starts with all that was acknowledged, and so after a repair', () => {
  fc.assert(
    fc.property(fc.noShrink(fc.nat()), (seed) => new Run(seed).lose(LOSSES)),
    { numRuns: 25 },
  );
});
