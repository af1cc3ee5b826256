import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { StateReader } from '../src/journal/disk/state-reader.ts';
import { Store } from '../src/journal/disk/store.ts';
import { PART_BYTES, slicesOf } from '../src/journal/checkpoint.ts';
import { sha256 } from '../src/journal/blobs.ts';
import type { LogGroup } from '../src/journal/group.ts';
import { NODE_LIMITS } from '../src/limits.ts';
import type { Recovered } from '../src/ports.ts';
import type { NodeState } from '../src/state.ts';
import type { StateRows } from '../src/state-rows.ts';
import { account, accountWithFee, toFee, toPlain } from './accounts.ts';
import { Core, recovered, snapshot } from './core.ts';
import { bundleOf, labelled, upgradeBundle } from './images.ts';

// Nodes with a past, of which the journal is to be damaged.

export const ALL = { historyMillisMax: Number.POSITIVE_INFINITY, historyBytesMax: Number.POSITIVE_INFINITY };
export const NONE = { historyMillisMax: 0, historyBytesMax: 0 };

/** So few that some are forgotten. */
export const LIMITS = { ...NODE_LIMITS, keptRepliesMax: 12 };

/** A node and its journal in a directory, which may be there; what it was after each commit is remembered. */
export class History {
  readonly directory: string;
  readonly states = new Map<number, string>();
  readonly core: Core;
  /** The position that all commits but the newest lead to: that one alone may never have been synced. */
  synced = 0;
  #store: Store;
  #reader: StateReader;
  readonly #take: () => readonly LogGroup[];

  constructor(directory: string, history: typeof ALL) {
    this.directory = directory;
    this.#store = Store.open(directory, history);
    const items = [...this.#store.read()];
    this.#reader = new StateReader(directory);
    const rows: StateRows = {
      read: (place, key) => this.#reader.read(place, key),
      page: (place, after) => this.#reader.page(place, after),
      memoryBytes: () => 0,
    };
    this.core = Object.assign(new Core(LIMITS, rows), recovered(items, LIMITS, rows));
    const { log } = this.core;
    // As those of a node are: gathered until they are appended.
    this.#take = log.take.bind(log);
    log.take = () => [];
  }

  get last(): number {
    return this.core.node.position;
  }

  /** What happens, in one commit. */
  step(work: (core: Core) => void): void {
    this.synced = this.last;
    work(this.core);
    this.states.set(this.last, seen(this.core.node));
    this.#store.append(this.#take());
  }

  checkpoint(): void {
    for (const _ of this.checkpointing());
  }

  /** The same, in steps: whether what is written is on disk after each. */
  *checkpointing(): Generator<boolean> {
    const { head, parts } = this.core.tracker.begin(this.core.node);
    this.#store.beginCheckpoint(head);
    yield false;
    for (const slice of slicesOf(parts)) {
      this.#store.addSlice(slice);
      yield false;
    }
    let isSealed = false;
    for (const _ of this.#store.endCheckpoint()) {
      yield !isSealed;
      isSealed = true;
    }
    this.core.tracker.end();
  }

  close(): void {
    this.#reader.close();
    this.#store.close();
  }

  /** Looks at all that a start does not; gives what there is to say of it. */
  check(): readonly string[] {
    return [...this.looking()].filter((note) => note !== null);
  }

  /** The same, in steps. */
  looking(): Generator<string | null> {
    return this.#store.check();
  }

  /** Lets go what no checkpoint needs, in steps. */
  cleaning(): Generator<void> {
    return this.#store.clean();
  }

  reopen(): void {
    this.close();
    this.#store = Store.open(this.directory, ALL);
    for (const _ of this.#store.read());
    this.#reader = new StateReader(this.directory);
  }

  /** A history of deposits, upgrades and checkpoints. */
  fill(random: () => number, { rounds = 6, deposits = 20 } = {}): this {
    const [A, B] = [account(), accountWithFee()];
    this.step((core) => core.deploy(bundleOf(A, labelled())));
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < deposits; i++) {
        this.step((core) => {
          const key = `k${Math.floor(random() * 8)}`;
          const digest = '00'.repeat(32);
          const request = i % 3 === 0 ? { key: `r${round}-${i}`, digest } : null;
          core.call('Account', 'Deposit(3)', { key, request });
          core.call('Account', 'Deposit(4)', { key });
        });
      }
      const upgrade = round % 2 === 0 ? upgradeBundle(B, toFee(A)) : upgradeBundle(A, toPlain(B));
      // A state of several parts, and a session of which requests are forgotten.
      this.step((core) => {
        core.call('Counter', `Label("${String(round).repeat(2.5 * PART_BYTES)}")`);
        const session = '5e'.repeat(16);
        for (let id = 1; id <= 5; id++)
          core.call('Counter', 'Incr', { request: { session, id: 5 * round + id, digest: 7 } });
      });
      if (round < rounds - 2) this.step((core) => expect(core.deploy(upgrade)).toBe('Account upgraded'));
      if (round < rounds - 1) this.checkpoint();
    }
    return this;
  }
}

/** Without the time: a read moves it on, and is not in the log. */
export function seen(node: NodeState): string {
  return sha256(JSON.stringify({ ...(snapshot(node) as object), time: 0 }));
}

export interface Opened {
  readonly position: number;
  readonly seen: string;
  readonly notes: readonly string[];
}

export function open(directory: string): Opened {
  const store = Store.open(directory, ALL);
  const reader = new StateReader(directory);
  try {
    const items: Recovered[] = [...store.read()];
    const notes = items.flatMap((item) => (item.kind === 'begin' ? item.notes : []));
    const node = recovered(items, LIMITS, reader).node;
    return { position: node.position, seen: seen(node), notes };
  } finally {
    reader.close();
    store.close();
  }
}

export function numbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

/** In a word, what came of a journal that was damaged: `wrong: …` for another state, or a loss that nobody was told of. */
export function judge(
  { position, seen: state, notes }: Opened,
  history: History,
  findings: readonly string[],
): string {
  const isTold = notes.length + findings.length > 0;
  if (findings.some((finding) => /has lost states|has forgotten/.test(finding))) return 'in part';
  const expected = position === 0 ? undefined : history.states.get(position);
  if (position > 0 && state !== expected) return `wrong: another state at ${position}`;
  if (position === history.last) return isTold ? 'cut' : 'whole';
  return isTold ? 'cut' : `wrong: only ${position} of ${history.last}, and nothing is said`;
}

/**
 * Has a node go on from a journal and make a checkpoint; `wrong: …` where it is another after the next start. Throws a
 * `JournalError` where it stops.
 */
export function goesOn(directory: string): string | null {
  const history = new History(directory, ALL);
  let before: string;
  try {
    // It may have lost what was deployed.
    history.step((core) => core.deploy(bundleOf(labelled())));
    const request = { key: 'new', digest: '00'.repeat(32) };
    history.step((core) => core.call('Counter', 'Incr', { request }));
    history.checkpoint();
    history.step((core) => core.call('Counter', 'Incr'));
    before = seen(history.core.node);
  } finally {
    history.close();
  }
  const { seen: after, notes } = open(directory);
  if (notes.length > 0) return `wrong: what it wrote is damaged: ${notes.join()}`;
  return after === before ? null : 'wrong: it is another after the next start';
}

/** What is left of a journal whose node is killed. */
export function copyKilled(from: string, to: string): void {
  cpSync(from, to, { recursive: true });
  for (const name of ['journal.db-shm', 'lock', 'lock-journal', 'owner.json'])
    rmSync(join(to, name), { force: true });
}
