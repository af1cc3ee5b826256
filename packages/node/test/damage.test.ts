import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repairDirectory } from '../src/journal/disk/repair.ts';
import { StateReader } from '../src/journal/disk/state-reader.ts';
import { Store } from '../src/journal/disk/store.ts';
import { PART_BYTES, slicesOf } from '../src/journal/checkpoint.ts';
import { sha256 } from '../src/journal/blobs.ts';
import type { LogGroup } from '../src/journal/group.ts';
import { NODE_LIMITS } from '../src/limits.ts';
import { JournalError, type Recovered } from '../src/ports.ts';
import type { NodeState } from '../src/state.ts';
import { account, accountWithFee, toFee, toPlain } from './accounts.ts';
import { Core, replayed, snapshot } from './core.ts';
import { bundleOf, labelled, upgradeBundle } from './images.ts';

const ALL = { historyMillisMax: Number.POSITIVE_INFINITY, historyBytesMax: Number.POSITIVE_INFINITY };
const NONE = { historyMillisMax: 0, historyBytesMax: 0 };

/** So few that some are forgotten. */
const LIMITS = { ...NODE_LIMITS, keptRepliesMax: 12 };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'smc-damage-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A node with a history, and its journal in a directory; what it was after each entry is remembered. */
class History {
  readonly directory: string;
  readonly states = new Map<number, string>();
  readonly core: Core;
  readonly #store: Store;
  readonly #reader: StateReader;
  readonly #groups: LogGroup[] = [];

  constructor(directory: string, history: typeof ALL) {
    this.directory = directory;
    this.#store = Store.open(directory, history);
    expect([...this.#store.read()]).toHaveLength(1);
    this.#reader = new StateReader(directory);
    this.core = new Core(LIMITS, this.#reader);
    const { journal } = this.core;
    const append = journal.append.bind(journal);
    journal.append = (groups) => {
      this.#groups.push(...groups);
      this.states.set(this.last, seen(this.core.node));
      append(groups);
    };
  }

  get last(): number {
    return this.core.node.position;
  }

  /** What happens, in one commit. */
  step(work: (core: Core) => void): void {
    work(this.core);
    this.#store.append(this.#groups.splice(0));
  }

  checkpoint(): void {
    const { head, parts } = this.core.tracker.begin(this.core.node);
    this.#store.beginCheckpoint(head);
    for (const slice of slicesOf(parts)) this.#store.addSlice(slice);
    for (const _ of this.#store.endCheckpoint());
    this.core.tracker.end();
  }

  close(): void {
    this.#reader.close();
    this.#store.close();
  }

  /** A history of deposits, upgrades and checkpoints. */
  fill(random: () => number): this {
    const [A, B] = [account(), accountWithFee()];
    this.step((core) => core.deploy(bundleOf(A, labelled())));
    for (let round = 0; round < 6; round++) {
      for (let i = 0; i < 20; i++) {
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
      if (round < 4) this.step((core) => expect(core.deploy(upgrade)).toBe('Account upgraded'));
      if (round < 5) this.checkpoint();
    }
    return this;
  }
}

/** Without the time: a read moves it on, and is not in the log. */
function seen(node: NodeState): string {
  return sha256(JSON.stringify({ ...(snapshot(node) as object), time: 0 }));
}

interface Opened {
  readonly position: number;
  readonly seen: string;
  readonly notes: readonly string[];
}

function open(directory: string): Opened {
  const store = Store.open(directory, ALL);
  const reader = new StateReader(directory);
  try {
    const items: Recovered[] = [...store.read()];
    const notes = items.flatMap((item) => (item.kind === 'begin' ? item.notes : []));
    const node = replayed(items, LIMITS, reader);
    return { position: node.position, seen: seen(node), notes };
  } finally {
    reader.close();
    store.close();
  }
}

function numbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

/** The end of the write-ahead log of SQLite: of its last frame, of which the salt is that of the header. */
function endOfLog(file: string): number {
  const bytes = readFileSync(file);
  const frameBytes = 24 + bytes.readUInt32BE(8);
  let end = 32;
  for (let at = 32; at + frameBytes <= bytes.length; at += frameBytes)
    if (bytes.subarray(at + 8, at + 16).equals(bytes.subarray(16, 24))) end = at + frameBytes;
  return end;
}

/**
 * Damages a file at random: bytes, a sector, a page, or its end. Gives what it did, and whether the end of the
 * write-ahead log looks as if it had not been written: the last frame is not told from what was there before.
 */
function damage(
  file: string,
  random: () => number,
): { readonly what: string; readonly isShortened: boolean } {
  const isLog = file.endsWith('-wal');
  const end = isLog ? endOfLog(file) : 0;
  const bytes = readFileSync(file);
  const at = Math.floor(random() * bytes.length);
  const kind = ['byte', 'sector', 'page', 'end'][Math.floor(random() * 4)];
  if (kind === 'end') truncateSync(file, at);
  else {
    const length = { byte: 1, sector: 512, page: 4_096 }[kind as 'byte' | 'sector' | 'page'];
    const start = at - (at % length);
    for (let i = start; i < Math.min(start + length, bytes.length); i++)
      bytes[i] ^= 1 + Math.floor(random() * 255);
    writeFileSync(file, bytes);
  }
  const isShortened = isLog && (kind === 'end' || endOfLog(file) < end);
  return { what: `${kind} at ${at} of ${bytes.length}`, isShortened };
}

describe('a journal whose files are damaged', () => {
  it.each([
    ['that keeps all history', 'all', ALL],
    ['of which the past is gone', 'none', NONE],
  ])('%s gives what it was, says what is lost, or stops and can be repaired', (_, name, limits) => {
    const random = numbers(7);
    const directory = join(folder, name);
    const history = new History(directory, limits).fill(random);
    // As a crash leaves it: with the write-ahead log of SQLite.
    const crashed = join(folder, `${name}-crashed`);
    cpSync(directory, crashed, { recursive: true });
    history.close();
    expect(open(directory).seen).toBe(history.states.get(history.last));
    const outcomes = new Map<string, number>();
    for (let i = 0; i < 150; i++) {
      const place = join(folder, `${name}-${i}`);
      const file = ['journal.db', 'journal.db-wal'][i % 2];
      cpSync(i % 3 === 0 && file === 'journal.db' ? directory : crashed, place, { recursive: true });
      const { what, isShortened } = damage(join(place, file), random);
      const outcome = outcomeOf(place, history, isShortened);
      expect(outcome, `${file}: ${what}`).not.toMatch(/^wrong/);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      rmSync(place, { recursive: true });
    }
    for (const expected of ['whole', 'cut', 'repaired'])
      expect(outcomes.get(expected), expected).toBeGreaterThan(0);
  });

  /**
   * In a word; `wrong: …` where an answer could be. A log that just ends sooner looks as it did then: that it was
   * cut later is nowhere to be seen.
   */
  function outcomeOf(place: string, history: History, isShortened: boolean): string {
    try {
      return judge(open(place), history, isShortened ? ['it may be shorter'] : []);
    } catch (error) {
      if (!(error instanceof JournalError)) return `wrong: ${(error as Error).stack}`;
    }
    let findings: readonly string[];
    try {
      ({ findings } = repairDirectory(place, 'now'));
    } catch (error) {
      if (
        error instanceof JournalError &&
        /nothing of .* can be read|no node can be rebuilt/.test(error.message)
      )
        return 'unreadable';
      return `wrong: ${(error as Error).stack}`;
    }
    try {
      const judged = judge(open(place), history, findings);
      return judged.startsWith('wrong') ? judged : 'repaired';
    } catch (error) {
      // An image, or what was deployed: without it nothing can be made of the rest.
      return error instanceof JournalError ? 'lost' : `wrong: ${(error as Error).stack}`;
    }
  }

  function judge(
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
});
