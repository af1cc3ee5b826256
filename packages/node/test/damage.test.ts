import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backUp } from '../src/journal/disk/backup.ts';
import { repairDirectory } from '../src/journal/disk/repair.ts';
import { StateReader } from '../src/journal/disk/state-reader.ts';
import { Store } from '../src/journal/disk/store.ts';
import { PART_BYTES, slicesOf } from '../src/journal/checkpoint.ts';
import { sha256 } from '../src/journal/blobs.ts';
import type { LogGroup } from '../src/journal/group.ts';
import { NODE_LIMITS } from '../src/limits.ts';
import { JournalError } from '../src/journal/error.ts';
import type { Recovered } from '../src/ports.ts';
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
  /** The position that all commits but the newest lead to: that one alone may never have been synced. */
  synced = 0;
  #store: Store;
  #reader: StateReader;
  readonly #groups: LogGroup[] = [];

  constructor(directory: string, history: typeof ALL) {
    this.directory = directory;
    this.#store = Store.open(directory, history);
    expect([...this.#store.read()]).toHaveLength(1);
    this.#reader = new StateReader(directory);
    this.core = new Core(LIMITS, {
      read: (place, key) => this.#reader.read(place, key),
      page: (place, after) => this.#reader.page(place, after),
      memoryBytes: () => 0,
    });
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
    this.synced = this.last;
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

  reopen(): void {
    this.close();
    this.#store = Store.open(this.directory, ALL);
    for (const _ of this.#store.read());
    this.#reader = new StateReader(this.directory);
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

/** The end of the last frame that the write-ahead log of SQLite has: what lies behind it is older. */
function endOfLog(file: string): number {
  const bytes = readFileSync(file);
  let end = 32;
  for (let at = 32; at + FRAME_BYTES <= bytes.length; at += FRAME_BYTES)
    if (bytes.subarray(at + 8, at + 16).equals(bytes.subarray(16, 24))) end = at + FRAME_BYTES;
  return end;
}

const FRAME_BYTES = 24 + 4_096;

interface Damage {
  readonly what: string;
  /** Whether the write-ahead log looks as if its end had not been written. */
  readonly isShortened: boolean;
  /** Whether the damage is in the write-ahead log, and leaves the frames of its last two commits alone. */
  readonly isInMiddle: boolean;
}

/** Damages a file at random: bytes, a sector, a page, or its end. */
function damage(file: string, random: () => number): Damage {
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
  return {
    what: `${kind} at ${at} of ${bytes.length}`,
    isShortened: isLog && (kind === 'end' || endOfLog(file) < end),
    isInMiddle: isLog && kind !== 'end' && at < end - 4 * FRAME_BYTES,
  };
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
      const damaged = damage(join(place, file), random);
      const outcome = outcomeOf(place, history, damaged);
      expect(outcome, `${file}: ${damaged.what}`).not.toMatch(/^wrong/);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      rmSync(place, { recursive: true });
    }
    for (const expected of ['whole', 'cut', 'repaired', 'salvaged'])
      expect(outcomes.get(expected), expected).toBeGreaterThan(0);
  });

  /**
   * In a word; `wrong: …` where an answer could be. A log that just ends sooner looks as it did then: that it was
   * cut later is nowhere to be seen.
   */
  function outcomeOf(place: string, history: History, { isShortened, isInMiddle }: Damage): string {
    try {
      const opened = open(place);
      const { position } = opened;
      // A torn end has no more than one commit of the log behind it.
      if (isInMiddle && position < history.synced) return `wrong: it goes on at ${position}`;
      return judge(opened, history, isShortened ? ['it may be shorter'] : []);
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
      const repaired = open(place);
      const judged = judge(repaired, history, findings);
      if (judged.startsWith('wrong')) return judged;
      // Commits that lie behind what is damaged in the write-ahead log.
      return isInMiddle && repaired.position === history.last ? 'salvaged' : 'repaired';
    } catch (error) {
      // An image, or what was deployed: without it nothing can be made of the rest.
      return error instanceof JournalError ? 'lost' : `wrong: ${(error as Error).stack}`;
    }
  }

  it('a write-ahead log with damage in its middle stops the node; a repair has all that lies behind it', () => {
    const random = numbers(11);
    const directory = join(folder, 'middle');
    const history = new History(directory, ALL);
    history.step((core) => core.deploy(bundleOf(account())));
    // What was deployed is in the database, and nothing but deposits in the log.
    history.reopen();
    for (let i = 0; i < 100; i++)
      history.step((core) => core.call('Account', 'Deposit(3)', { key: `k${i % 3}` }));
    const crashed = join(folder, 'middle-crashed');
    cpSync(directory, crashed, { recursive: true });
    history.close();
    const wal = readFileSync(join(crashed, 'journal.db-wal'));
    const frames = (wal.length - 32) / (24 + 4_096);
    expect(frames).toBeGreaterThanOrEqual(100);
    const outcomes = new Map<string, number>();
    for (let i = 0; i < 42; i++) {
      const place = join(folder, `middle-${i}`);
      cpSync(crashed, place, { recursive: true });
      // The header, a header of a frame, or a page; and not what the last three commits wrote.
      const frame = 32 + Math.floor(random() * (frames - 6)) * (24 + 4_096);
      const at = [() => random() * 32, () => frame + random() * 24, () => frame + 24 + random() * 4_096][
        i % 3
      ]();
      const damaged = Uint8Array.from(wal);
      damaged[Math.floor(at)] ^= 1 << Math.floor(random() * 8);
      writeFileSync(join(place, 'journal.db-wal'), damaged);
      const what = `byte ${Math.floor(at)} of ${wal.length}`;
      const files = contentsOf(place);
      const refused = messageOf(() => open(place));
      if (refused === null) {
        // Fields that nothing reads: the number of the checkpoint, in the header.
        outcomes.set('harmless', (outcomes.get('harmless') ?? 0) + 1);
        expect(open(place).seen, what).toBe(history.states.get(history.last));
        continue;
      }
      expect(refused, what).toMatch(/journal\.db-wal \(at byte \d+\) is damaged.* smc repair/);
      expect(() => backUp(place, join(place, 'backup.smcb')), what).toThrow(/is damaged.* smc repair/);
      expect(contentsOf(place), what).toEqual(files);
      const { findings, copy } = repairDirectory(place, 'now');
      expect(findings[0], what).toMatch(/journal\.db-wal is damaged \(at byte \d+\): \d+ commits/);
      expect(readFileSync(join(copy, 'journal.db-wal')).equals(damaged)).toBe(true);
      const opened = open(place);
      expect(opened.seen, what).toBe(history.states.get(opened.position));
      const outcome = opened.position === history.last ? 'all' : 'less';
      if (outcome === 'less') expect(findings.join(), what).toMatch(/lost/);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      rmSync(place, { recursive: true });
    }
    expect(outcomes.get('all')).toBeGreaterThan(20);
  });

  it('a write-ahead log of which the last commit is torn goes on from the one before, and says so', () => {
    const directory = join(folder, 'torn');
    const history = new History(directory, ALL);
    history.step((core) => core.deploy(bundleOf(account())));
    for (let i = 0; i < 5; i++) history.step((core) => core.call('Account', 'Deposit(3)', { key: 'k' }));
    const crashed = join(folder, 'torn-crashed');
    cpSync(directory, crashed, { recursive: true });
    history.close();
    const file = join(crashed, 'journal.db-wal');
    const wal = readFileSync(file);
    wal[wal.length - 100] ^= 1;
    writeFileSync(file, wal);
    const { position, notes } = open(crashed);
    expect(position).toBe(history.synced);
    expect(notes.join()).toMatch(
      /the end of journal\.db-wal \(at byte \d+\) is damaged, or was not written whole, and was cut off: 1 commits/,
    );
  });

  it('a write-ahead log without its database is not deleted', () => {
    const directory = join(folder, 'alone');
    const history = new History(directory, ALL);
    history.step((core) => core.deploy(bundleOf(account())));
    const crashed = join(folder, 'alone-crashed');
    cpSync(directory, crashed, { recursive: true });
    history.close();
    for (const without of [
      () => rmSync(join(crashed, 'journal.db')),
      () => writeFileSync(join(crashed, 'journal.db'), ''),
    ]) {
      without();
      expect(() => open(crashed)).toThrow(/journal\.db-wal is there without the journal\.db/);
      expect(statSync(join(crashed, 'journal.db-wal')).size).toBeGreaterThan(0);
    }
  });

  /** What a `JournalError` says; null where there is none. */
  function messageOf(work: () => unknown): string | null {
    try {
      work();
      return null;
    } catch (error) {
      if (error instanceof JournalError) return error.message;
      throw error;
    }
  }

  /** The files of a journal with their bytes; what SQLite keeps for those that read together is made anew each time. */
  function contentsOf(place: string): Record<string, string> {
    const names = readdirSync(place).filter((name) => name.startsWith('journal') && !name.endsWith('-shm'));
    return Object.fromEntries(
      names.map((name) => [name, readFileSync(join(place, name)).toString('base64')]),
    );
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
