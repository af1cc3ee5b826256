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
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backUp } from '../src/journal/disk/backup.ts';
import { repairDirectory } from '../src/journal/disk/repair.ts';
import { JournalError } from '../src/journal/error.ts';
import { account, accountWithFee, toFee } from './accounts.ts';
import { ALL, History, judge, NONE, numbers, open } from './histories.ts';
import { bundleOf, upgradeBundle } from './images.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'smc-damage-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

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
    for (let i = 0; i < 75; i++) {
      const place = join(folder, `${name}-${i}`);
      const file = ['journal.db', 'journal.db-wal'][i % 2];
      cpSync(i % 3 === 0 && file === 'journal.db' ? directory : crashed, place, { recursive: true });
      const damaged = damage(join(place, file), random);
      const outcome = outcomeOf(place, history, damaged);
      expect(outcome, `${file}: ${damaged.what}`).not.toMatch(/^wrong/);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      rmSync(place, { recursive: true });
    }
    for (const expected of ['whole', 'cut', 'salvaged'])
      expect(outcomes.get(expected), expected).toBeGreaterThan(0);
  });

  /**
   * In a word; `wrong: …` where an answer could be. A log that just ends sooner looks as it did then: that it was
   * cut later is nowhere to be seen.
   */
  function outcomeOf(place: string, history: History, { isShortened, isInMiddle }: Damage): string {
    const files = contentsOf(place);
    try {
      const opened = open(place);
      const { position } = opened;
      // A torn end has no more than one commit of the log behind it.
      if (isInMiddle && position < history.synced) return `wrong: it goes on at ${position}`;
      return judge(opened, history, isShortened ? ['it may be shorter'] : []);
    } catch (error) {
      if (!(error instanceof JournalError)) return `wrong: ${(error as Error).stack}`;
      if (!isDeepStrictEqual(contentsOf(place), files))
        return `wrong: changed though refused: ${error.message}`;
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
    for (let i = 0; i < 24; i++) {
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
    expect(outcomes.get('all')).toBeGreaterThan(10);
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

  it('a write-ahead log of which any frames of the last commit were not written goes on from the one before', () => {
    const directory = join(folder, 'holes');
    const history = new History(directory, ALL);
    history.step((core) => core.deploy(bundleOf(account())));
    const calls = (core: History['core']): void => {
      for (let k = 0; k < 100; k++) core.call('Account', 'Deposit(3)', { key: `k${k}` });
    };
    for (let i = 0; i < 3; i++) history.step(calls);
    const file = join(directory, 'journal.db-wal');
    const start = endOfLog(file);
    // Several groups, and more than one leaf of the log.
    history.step((core) => {
      calls(core);
      core.deploy(upgradeBundle(accountWithFee(), toFee(account())));
      calls(core);
    });
    const crashed = join(folder, 'holes-crashed');
    cpSync(directory, crashed, { recursive: true });
    history.close();
    const wal = readFileSync(join(crashed, 'journal.db-wal'));
    const frames = (wal.length - start) / FRAME_BYTES;
    expect(frames).toBeGreaterThan(4);
    const random = numbers(13);
    for (let i = 0; i < 20; i++) {
      const place = join(folder, `holes-${i}`);
      cpSync(crashed, place, { recursive: true });
      const torn = Uint8Array.from(wal);
      const lost = Math.floor(random() * frames);
      for (let frame = 0; frame < frames; frame++) {
        const at = start + frame * FRAME_BYTES;
        if (frame === lost || random() < 0.4) torn.fill(0, at, at + FRAME_BYTES);
      }
      writeFileSync(join(place, 'journal.db-wal'), torn);
      expect(open(place).position).toBe(history.synced);
      rmSync(place, { recursive: true });
    }
  });

  it('a write-ahead log of which a commit looks as if it was never written, and the one after it is whole, stops the node', () => {
    const directory = join(folder, 'hole');
    const history = new History(directory, ALL);
    history.step((core) => core.deploy(bundleOf(account())));
    for (let i = 0; i < 5; i++) {
      history.step((core) => {
        for (let k = 0; k < 3; k++) core.call('Account', 'Deposit(3)', { key: `k${k}` });
      });
    }
    const crashed = join(folder, 'hole-crashed');
    cpSync(directory, crashed, { recursive: true });
    history.close();
    const file = join(crashed, 'journal.db-wal');
    const wal = readFileSync(file);
    // The last two commits have a frame each.
    wal.fill(0, wal.length - 2 * FRAME_BYTES, wal.length - FRAME_BYTES);
    writeFileSync(file, wal);
    expect(() => open(crashed)).toThrow(
      /journal\.db-wal \(at byte \d+\) is damaged, and 1 commits follow on that, which were acknowledged: smc repair/,
    );
    expect(repairDirectory(crashed, 'now').last).toBe(history.last);
    expect(open(crashed).seen).toBe(history.states.get(history.last));
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
});
