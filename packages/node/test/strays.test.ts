import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repairDirectory } from '../src/journal/disk/repair.ts';
import { groupChecksum, type GroupRow } from '../src/journal/disk/rows.ts';
import { mendWal, walOf } from '../src/journal/disk/wal.ts';
import { account, accountWithFee, toFee } from './accounts.ts';
import type { Core } from './core.ts';
import { ALL, History, NONE, numbers, open, copyKilled } from './histories.ts';
import { bundleOf, labelled, upgradeBundle } from './images.ts';

// Rows that are whole, in a journal of which what leads to them is damaged.

const PAGE_BYTES = 4_096;
const FRAME_BYTES = 24 + PAGE_BYTES;

let folder: string;
/** A journal that keeps all history, and one of which the past is gone. */
let all: History;
let none: History;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'smc-strays-'));
  [all, none] = [ALL, NONE].map((limits, i) =>
    new History(join(folder, `${i}`), limits).fill(numbers(7), { deposits: 40 }),
  );
  for (const history of [all, none]) history.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Changes bytes of a file. */
function change(file: string, work: (bytes: Buffer) => void): void {
  const bytes = readFileSync(file);
  work(bytes);
  writeFileSync(file, bytes);
}

/** The page that the tree of a table or an index begins with. */
function rootOf(file: string, name: string): Buffer {
  const database = new DatabaseSync(file, { readOnly: true });
  const row = database.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').get(name);
  database.close();
  const start = (Number(row?.['rootpage']) - 1) * PAGE_BYTES;
  return readFileSync(file).subarray(start, start + PAGE_BYTES);
}

describe('a repair has all of a journal', () => {
  it.each([
    ['type of the root of the log', (): History => all, 'log', 0, 0x01],
    ['type of the root of the log, the past of which is gone', (): History => none, 'log', 0, 0x01],
    ['number of cells in the root of the log, which is more', (): History => all, 'log', 3, 0xff],
    ['number of cells in the root of the log, which is less', (): History => all, 'log', 4, 0x01],
    ['type of the root of the index of images', (): History => all, 'sqlite_autoindex_images_1', 0, 0x01],
  ])('with damage to the %s', (what, historyOf, name, at, value) => {
    const history = historyOf();
    const directory = join(folder, what);
    cpSync(history.directory, directory, { recursive: true });
    const file = join(directory, 'journal.db');
    const root = rootOf(file, name);
    expect(name !== 'log' || root[0] === 0x05).toBe(true);
    expect(root[at]).not.toBe(value);
    change(file, (bytes) => (bytes[bytes.indexOf(root) + at] = value));
    const { last } = repairDirectory(directory, 'now');
    expect(last).toBe(history.last);
    expect(open(directory).seen).toBe(history.states.get(history.last));
    expect(repairDirectory(directory, 'again').findings).toEqual([]);
  });

  it('with a digest damaged in the index of images', () => {
    const directory = join(folder, 'digest');
    cpSync(all.directory, directory, { recursive: true });
    const file = join(directory, 'journal.db');
    const root = rootOf(file, 'sqlite_autoindex_images_1');
    // The last byte of the page is of the first row that was written, which ends with its number.
    change(file, (bytes) => (bytes[bytes.indexOf(root) + PAGE_BYTES - 10] ^= 1));
    expect(() => open(directory)).toThrow(/smc repair/);
    expect(repairDirectory(directory, 'now')).toMatchObject({
      findings: [expect.stringMatching(/^the file is damaged \(row 1 missing from index/)],
      last: all.last,
    });
    expect(open(directory).seen).toBe(all.states.get(all.last));
  });

  it('with damage to any frame of its write-ahead log', () => {
    const directory = join(folder, 'frames');
    const history = new History(directory, ALL);
    history.step((core) => core.deploy(bundleOf(account())));
    // The log gets more than one leaf.
    for (let i = 0; i < 12; i++) {
      history.step((core) => {
        for (let k = 0; k < 30; k++) core.call('Account', 'Deposit(3)', { key: `k${k}` });
      });
    }
    const crashed = join(folder, 'frames-crashed');
    cpSync(directory, crashed, { recursive: true });
    history.close();
    const log = readFileSync(join(crashed, 'journal.db-wal'));
    const starts = Array.from({ length: (log.length - 32) / FRAME_BYTES }, (_, i) => 32 + FRAME_BYTES * i);
    expect(new Set(starts.map((start) => log.readUInt32BE(start))).size).toBeGreaterThan(6);
    // The last commit may be one that was torn.
    for (const start of starts.slice(0, -1)) {
      // Its checksum, which that of the next goes on from; and a byte of its page that belongs to no row.
      for (const at of [18, 24 + 7]) {
        const place = join(folder, `frame-${start}-${at}`);
        cpSync(crashed, place, { recursive: true });
        change(join(place, 'journal.db-wal'), (bytes) => (bytes[start + at] ^= 4));
        const { last } = repairDirectory(place, 'now');
        expect(last, `byte ${at} at ${start}`).toBe(history.last);
        expect(open(place).seen).toBe(history.states.get(last));
        rmSync(place, { recursive: true });
      }
    }
  });
});

describe('a repair has all states of a journal', () => {
  /** A journal as a crash leaves it, with checkpoints in its write-ahead log; and how long that was before the last so many inputs. */
  function crashedWithStates(
    name: string,
    { before, tail }: { readonly before: readonly string[]; readonly tail: number },
  ): { readonly crashed: string; readonly history: History; readonly logged: number } {
    const directory = join(folder, name);
    const history = new History(directory, NONE);
    history.step((core) => core.deploy(bundleOf(account())));
    const deposit = (...numbers: readonly number[]): void =>
      history.step((core) => {
        for (const number of numbers)
          core.call('Account', 'Deposit(3)', { key: `a key of ${'some length'.repeat(3)} ${number}` });
      });
    for (let i = 0; i < STATES; i++) deposit(i);
    history.checkpoint();
    deposit(0);
    history.checkpoint();
    for (const _ of history.cleaning());
    const database = new DatabaseSync(join(directory, 'journal.db'));
    for (const sql of before) database.exec(sql);
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    database.close();
    // What they change is in the database, in more than one page: such that what leads to these is written anew.
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 6; i++)
        deposit(...[0, 97, 194].map((each) => (53 * i + 7 * round + each) % STATES));
      history.checkpoint();
    }
    deposit(5);
    const logged = readFileSync(join(directory, 'journal.db-wal')).length;
    for (let i = 0; i < tail; i++) deposit(6);
    const crashed = join(folder, `${name} crashed`);
    copyKilled(directory, crashed);
    history.close();
    return { crashed, history, logged };
  }

  it('of which any frame of the write-ahead log is damaged', () => {
    const { crashed, history, logged } = crashedWithStates('many states', { before: [], tail: 1 });
    // But for the last commit, which may be one that was torn.
    const frames = (logged - 32) / FRAME_BYTES;
    expect(frames).toBeGreaterThan(20);
    for (let frame = 0; frame < frames; frame++) {
      const place = join(folder, `many states ${frame}`);
      cpSync(crashed, place, { recursive: true });
      change(join(place, 'journal.db-wal'), (bytes) => (bytes[32 + frame * FRAME_BYTES + 2_000] ^= 1));
      expect(() => open(place)).toThrow(/is damaged, and \d+ commits follow/);
      expect(repairDirectory(place, 'now').last, `frame ${frame}`).toBe(history.last);
      expect(open(place).seen, `frame ${frame}`).toBe(history.states.get(history.last));
    }
  });

  it('or as many states and inputs together as it can, where what stands elsewhere may have been given again', () => {
    const { crashed, history, logged } = crashedWithStates('set aside once', {
      before: ["INSERT INTO aside (reason, source, place) VALUES ('a damaged end', 'log', '7 1')"],
      tail: 120,
    });
    const frames = (logged - 32) / FRAME_BYTES;
    let withoutSome = 0;
    for (let frame = 0; frame < frames; frame++) {
      const place = join(folder, `set aside once ${frame}`);
      cpSync(crashed, place, { recursive: true });
      change(join(place, 'journal.db-wal'), (bytes) => (bytes[32 + frame * FRAME_BYTES + 2_000] ^= 1));
      const { last, findings } = repairDirectory(place, 'now');
      const [, written, there] = /: (\d+) were written, (\d+) are there/.exec(findings.join('\n')) ?? [];
      const states = written === undefined ? 0 : Number(written) - Number(there);
      expect(states + history.last - last, `frame ${frame}`).toBeLessThanOrEqual(130);
      if (states > 0 && last === history.last) withoutSome++;
    }
    expect(withoutSome).toBeGreaterThan(0);
  });

  const STATES = 300;

  it('of which the log has a damaged frame that nothing else makes up for, before a checkpoint', () => {
    const directory = join(folder, 'made up for');
    const history = new History(directory, ALL);
    history.step((core) => core.deploy(bundleOf(labelled())));
    history.reopen();
    // It stands in pages of its own.
    history.step((core) => core.call('Counter', `Label("${'x'.repeat(40_000)}")`));
    history.step((core) => core.call('Counter', 'Label("short")'));
    history.checkpoint();
    history.step((core) => core.call('Counter', 'Incr'));
    const place = join(folder, 'made up for crashed');
    copyKilled(directory, place);
    history.close();
    change(join(place, 'journal.db-wal'), (bytes) => (bytes[bytes.indexOf('x'.repeat(4_092))] ^= 1));
    const { last, findings } = repairDirectory(place, 'now');
    expect(last).toBe(history.last);
    expect(findings).toContainEqual(expect.stringMatching(/^the table log can not be read as a whole/));
    expect(open(place).seen).toBe(history.states.get(history.last));
  });
});

it('a repair takes no number of an image for that of an entry', () => {
  const directory = join(folder, 'more images');
  const history = new History(directory, ALL);
  history.step((core) => core.deploy(bundleOf(labelled())));
  history.reopen();
  history.step((core) => core.call('Counter', 'Incr'));
  history.step((core) => core.deploy(bundleOf(account())));
  history.step((core) => core.deploy(upgradeBundle(accountWithFee(), toFee(account()))));
  history.step((core) => core.call('Counter', 'Incr'));
  const place = join(folder, 'more images crashed');
  copyKilled(directory, place);
  history.close();
  change(join(place, 'journal.db-wal'), (bytes) => (bytes[32 + 2_000] ^= 1));
  const { last, findings } = repairDirectory(place, 'now');
  expect(last).toBe(history.last);
  expect(findings.filter((each) => each.includes('lost'))).toEqual([]);
});

it('rows that a torn page seems to have are not taken for entries', () => {
  const directory = join(folder, 'torn page');
  const history = new History(directory, ALL);
  history.step((core) => core.deploy(bundleOf(account())));
  for (let i = 0; i < 60; i++) history.step((core) => core.call('Account', 'Deposit(3)', { key: `k${i}` }));
  const log = join(directory, 'journal.db-wal');
  const logged = readFileSync(log).length;
  history.checkpoint();
  const place = join(folder, 'torn page crashed');
  copyKilled(directory, place);
  history.close();
  change(join(place, 'journal.db-wal'), (bytes) => {
    const pages = Array.from({ length: (bytes.length - 32) / FRAME_BYTES }, (_, i) =>
      bytes.subarray(32 + FRAME_BYTES * i + 24, 32 + FRAME_BYTES * (i + 1)),
    );
    const leaf = pages.findLast((page) => page[0] === 0x0d && page.readUInt16BE(3) > 30);
    const other = pages.findLast((page) => page[0] === 0x0a);
    expect([leaf, other]).not.toContain(undefined);
    // The first sector is there, of a page of the log; the rest is what stood there before.
    other!.copy(bytes, logged + 24);
    leaf!.copy(bytes, logged + 24, 0, 512);
    const last = leaf!.readUInt16BE(8 + 2 * (leaf!.readUInt16BE(3) - 1));
    // Nine bytes in row 111,873, of three columns.
    bytes.set([9, 0x86, 0xea, 1, 4, 1, 1, 1], logged + 24 + last);
  });
  expect(open(place)).toMatchObject({
    position: history.last,
    seen: history.states.get(history.last),
    notes: [expect.stringMatching(/was cut off: \d+ commits$/)],
  });
});

describe('a write-ahead log that is in the database already', () => {
  it.each([
    ['in the database', false],
    ['in the database, and a group was set aside once', true],
  ])('of which any frame is damaged takes nothing from it (%s)', (name, wasSetAside) => {
    const directory = join(folder, name);
    const history = new History(directory, NONE);
    history.step((core) => core.deploy(bundleOf(account())));
    const key = (i: number): string => `a key of ${'some length'.repeat(3)} ${i}`;
    for (let round = 0; round < 4; round++) {
      history.step((core) => {
        for (let i = 0; i < 300; i += round + 1)
          core.call('Account', 'Deposit(3)', { key: key((97 * i) % 300) });
      });
      history.checkpoint();
    }
    for (const _ of history.cleaning());
    const database = new DatabaseSync(join(directory, 'journal.db'));
    // What stands elsewhere is not taken over then.
    if (wasSetAside)
      database.exec("INSERT INTO aside (reason, source, place) VALUES ('a damaged end', 'log', '7 1')");
    for (let i = 0; i < 4; i++) history.step((core) => core.call('Account', 'Deposit(3)', { key: key(i) }));
    expect(database.prepare('PRAGMA wal_checkpoint(PASSIVE)').get()).toMatchObject({ busy: 0 });
    const crashed = join(folder, `${name} crashed`);
    copyKilled(directory, crashed);
    database.close();
    history.close();
    const wal = readFileSync(join(crashed, 'journal.db-wal'));
    const frames = (wal.length - 32) / FRAME_BYTES;
    expect(frames).toBeGreaterThan(20);
    let refused = 0;
    for (let frame = 0; frame < frames; frame++) {
      const place = join(folder, `${name} ${frame}`);
      const file = join(place, 'journal.db');
      cpSync(crashed, place, { recursive: true });
      change(`${file}-wal`, (bytes) => (bytes[32 + frame * FRAME_BYTES + 2_000] ^= 1));
      const before = readFileSync(file);
      try {
        expect(open(place).position, `frame ${frame}`).toBe(history.last);
      } catch (error) {
        expect((error as Error).message, `frame ${frame}`).toContain('smc repair');
        expect(readFileSync(file).equals(before), `frame ${frame}`).toBe(true);
        expect(repairDirectory(place, 'now').last, `frame ${frame}`).toBe(history.last);
        refused++;
      }
      expect(open(place).seen, `frame ${frame}`).toBe(history.states.get(history.last));
    }
    expect(refused).toBeGreaterThan(frames / 2);
    // The last commit looks as if it was left over from before.
    const place = join(folder, `${name} without its end`);
    cpSync(crashed, place, { recursive: true });
    const end = 32 + (frames - 1) * FRAME_BYTES;
    change(join(place, 'journal.db-wal'), (bytes) => bytes.fill(0, end, end + 24));
    expect(() => open(place)).toThrow(/journal\.db-wal is damaged, or not the one of journal\.db/);
    expect(repairDirectory(place, 'now').last).toBe(history.last);
    expect(open(place).seen).toBe(history.states.get(history.last));
  });
});

it('a write-ahead log of very many frames is mended', () => {
  const file = join(folder, 'many frames.db');
  const database = new DatabaseSync(file);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (bytes BLOB)');
  database.exec(`INSERT INTO t VALUES (zeroblob(${12_000 * PAGE_BYTES}))`);
  const copy = join(folder, 'many frames mended.db');
  cpSync(file, copy);
  mendWal(file, walOf(copy));
  database.close();
  const mended = new DatabaseSync(copy);
  expect(mended.prepare('SELECT length(bytes) AS length FROM t').get()).toEqual({
    length: 12_000 * PAGE_BYTES,
  });
  mended.close();
});

/** A journal as a crash leaves it after some changes of its rows: the pages of before are in its write-ahead log. */
function changed(name: string, ...changes: readonly string[]): { place: string; history: History } {
  const directory = join(folder, name);
  const history = new History(directory, ALL);
  history.step((core) => core.deploy(bundleOf(account())));
  for (let i = 0; i < 9; i++) history.step((core) => core.call('Account', 'Deposit(3)', { key: 'k' }));
  const database = new DatabaseSync(join(directory, 'journal.db'));
  for (const sql of changes) database.exec(sql);
  const place = join(folder, `${name}-crashed`);
  cpSync(directory, place, { recursive: true });
  database.close();
  history.close();
  return { place, history };
}

describe('what a page of before has of the log', () => {
  const damage = "UPDATE log SET entries = x'00' WHERE first = 5";
  const lost = 'DELETE FROM log WHERE first = 7';

  it('takes the place of what is damaged or lost', () => {
    const { place, history } = changed('before', damage, lost);
    const { findings, last } = repairDirectory(place, 'now');
    expect(findings).toEqual([
      '2 groups of entries, or images and the like, were found outside of their table',
    ]);
    expect(last).toBe(history.last);
    expect(open(place).seen).toBe(history.states.get(last));
  });

  it('does not come back where a part was set aside: another may have stood there since', () => {
    const aside = "INSERT INTO aside (reason, source, place) VALUES ('a damaged end', 'log', '7 1')";
    const { place } = changed('aside', aside, lost);
    expect(repairDirectory(place, 'now').last).toBe(6);
    expect(open(place).position).toBe(6);
  });

  it('nor where what was set aside can not be read', () => {
    const { place } = changed('no-aside', 'DROP TABLE aside', lost);
    expect(repairDirectory(place, 'now').last).toBe(6);
  });

  it('nor in a journal that is whole without it', () => {
    const { place } = changed('whole', 'DELETE FROM log WHERE first > 7');
    expect(repairDirectory(place, 'now')).toMatchObject({ findings: [], last: 7 });
  });
});

describe('a group that is older than what stands before it', () => {
  /** With another time than it had. */
  function retimed(name: string, first: number, time: number, ...sql: readonly string[]): string {
    const directory = join(folder, name);
    const history = new History(directory, ALL);
    history.core.time = 1_000;
    history.step((core) => core.deploy(bundleOf(account())));
    for (let i = 0; i < 9; i++) history.step((core) => core.call('Account', 'Deposit(3)', { key: 'k' }));
    history.close();
    const database = new DatabaseSync(join(directory, 'journal.db'));
    const row = database.prepare('SELECT * FROM log WHERE first = ?').get(first) as unknown as GroupRow;
    const checksum = groupChecksum(first, row.count, row.structural, time, row.entries);
    database.prepare('UPDATE log SET time = ?, checksum = ? WHERE first = ?').run(time, checksum, first);
    for (const each of sql) database.exec(each);
    const place = join(folder, `${name} crashed`);
    cpSync(directory, place, { recursive: true });
    database.close();
    return place;
  }

  it('can not have happened: it is set aside, with all that follows', () => {
    const place = retimed('older', 8, 5);
    expect(() => open(place)).toThrow(
      /time 5 after \d+ .*; smc repair sets aside what is damaged, and smc restore/,
    );
    expect(repairDirectory(place, 'now')).toMatchObject({
      last: 7,
      findings: ['the entries from position 8 on are older than those before them: they are set aside'],
    });
    expect(open(place)).toMatchObject({ position: 7, notes: [] });
  });

  it('is not taken over from where it was found', () => {
    // The log of SQLite has the page as it was before; the database has not.
    const sql = ['DELETE FROM log WHERE first > 6', 'PRAGMA wal_checkpoint(PASSIVE)'];
    const place = retimed('younger', 6, 9_000, ...sql);
    const { last, findings } = repairDirectory(place, 'now');
    expect(findings.join()).not.toContain('were found outside of their table');
    expect(last).toBe(6);
    expect(open(place).position).toBe(6);
  });
});

describe('commits that were torn, one after the other', () => {
  /** Has the frames from one place on as they are not whole: of the first of them nothing is there. */
  function tear(wal: string, at: number): void {
    change(wal, (bytes) => bytes.fill(0, at, at + FRAME_BYTES));
  }

  it('are cut off each, and none is taken for one that counted', () => {
    const directory = join(folder, 'torn twice');
    const wal = join(directory, 'journal.db-wal');
    const history = new History(directory, ALL);
    history.step((core) => core.deploy(bundleOf(account(), labelled())));
    for (let i = 0; i < 3; i++) history.step((core) => core.call('Counter', 'Incr'));
    const [{ last }, whole] = [history, readFileSync(wal).length];
    history.step((core) => core.call('Counter', `Label("${'x'.repeat(20_000)}")`));
    const once = join(folder, 'torn once');
    copyKilled(directory, once);
    history.close();
    tear(join(once, 'journal.db-wal'), whole);
    const repaired = join(folder, 'torn and repaired');
    cpSync(once, repaired, { recursive: true });
    expect(repairDirectory(repaired, 'now')).toMatchObject({
      last,
      findings: [expect.stringMatching(/^the end of journal.db-wal .* was cut off: 1 commits$/)],
    });
    const next = new History(once, ALL);
    next.step((core) => core.call('Counter', 'Incr'));
    const twice = join(folder, 'torn once more');
    copyKilled(once, twice);
    next.close();
    // What was left of the first is gone, and the second stands in its place.
    tear(join(twice, 'journal.db-wal'), whole);
    expect(open(twice)).toMatchObject({
      position: last,
      notes: [expect.stringMatching(/cut off: 1 commits$/)],
    });
  });
});

/** A journal as a power failure leaves it: of the first page of the last commit, which begins at `end`, nothing was written. */
function tornOnce(
  name: string,
  work: (core: Core) => void,
): { place: string; history: History; last: number; end: number } {
  const directory = join(folder, name);
  const wal = join(directory, 'journal.db-wal');
  const history = new History(directory, ALL);
  history.step((core) => core.deploy(bundleOf(account(), labelled())));
  for (let i = 0; i < 30; i++) history.step((core) => core.call('Counter', 'Incr'));
  const { last } = history;
  // Something that a repair finds.
  const database = new DatabaseSync(join(directory, 'journal.db'));
  database.exec(`INSERT INTO images VALUES ('zz', 1, zeroblob(100))`);
  database.close();
  const end = readFileSync(wal).length;
  history.step(work);
  const place = join(folder, `${name} crashed`);
  copyKilled(directory, place);
  change(join(place, 'journal.db-wal'), (bytes) => bytes.fill(0, end, end + FRAME_BYTES));
  return { place, history, last, end };
}

describe('what a repair says was cut off', () => {
  it.each([
    ['inputs', (core: Core) => core.call('Counter', `Label("${'x'.repeat(20_000)}")`)],
    ['images', (core: Core) => core.deploy(upgradeBundle(accountWithFee(), toFee(account())))],
  ])('stays away, also of %s', (what, work) => {
    const { place, history, last } = tornOnce(`cut off ${what}`, work);
    history.close();
    const repaired = repairDirectory(place, 'now');
    expect(repaired.last).toBe(last);
    expect(repaired.findings).toHaveLength(2);
    expect(repaired.findings).toContainEqual(expect.stringMatching(/was cut off: 1 commits$/));
    expect(repaired.findings).toContainEqual('the image, upgrade or debug data zz is damaged');
    expect(open(place).position).toBe(last);
  });

  it('is told where a table is gone too', () => {
    const directory = join(folder, 'no table');
    const history = new History(directory, ALL);
    history.step((core) => core.deploy(bundleOf(labelled())));
    for (let i = 0; i < 30; i++) history.step((core) => core.call('Counter', 'Incr'));
    history.close();
    const database = new DatabaseSync(join(directory, 'journal.db'), { defensive: false });
    database.exec('PRAGMA wal_autocheckpoint = 0; PRAGMA writable_schema = ON');
    database.exec("DELETE FROM sqlite_schema WHERE name = 'checkpoints'; PRAGMA writable_schema = RESET");
    database.exec("PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO images VALUES ('zz', 1, zeroblob(20000))");
    const place = join(folder, 'no table crashed');
    copyKilled(directory, place);
    database.close();
    change(join(place, 'journal.db-wal'), (bytes) => bytes.fill(0, 32, 32 + FRAME_BYTES));
    expect(repairDirectory(place, 'now').last).toBe(history.last);
    expect(open(place).seen).toBe(history.states.get(history.last));
  });
});

describe('what is left of a commit that was torn', () => {
  it.each(['whole pages', 'a part of a page'])(
    'is cut off before anything is written, be it %s, and beside a reader',
    (what) => {
      const { place, history, last, end } = tornOnce(what, (core) =>
        core.call('Counter', `Label("${'x'.repeat(40_000)}")`),
      );
      const wal = join(place, 'journal.db-wal');
      history.close();
      if (what === 'a part of a page') truncateSync(wal, end + FRAME_BYTES / 2);
      const before = readFileSync(wal);
      const next = new History(place, ALL);
      const reader = new DatabaseSync(join(place, 'journal.db'), { readOnly: true });
      reader.exec('BEGIN; SELECT count(*) FROM log');
      // Not sooner: a start that comes to nothing changes nothing.
      expect(readFileSync(wal).equals(before)).toBe(true);
      next.step((core) => core.call('Counter', 'Incr'));
      const after = readFileSync(wal);
      expect(after.subarray(0, end).equals(before.subarray(0, end))).toBe(true);
      // A commit of a few pages.
      expect(after.length).toBeLessThan(end + 5 * FRAME_BYTES);
      reader.close();
      next.close();
      expect(open(place)).toMatchObject({ position: last + 1, notes: [] });
    },
  );
});

describe('a repair takes over nothing', () => {
  // Beside somebody who reads, frames of it stay in the write-ahead log behind what is committed next; its positions are given again.
  it.each([1, 3])('of a commit that was torn by a kill, before one of %i inputs', (inputs) => {
    const torn = new History(join(folder, `torn ${inputs}`), ALL);
    torn.step((core) => core.deploy(bundleOf(account(), labelled())));
    for (let i = 0; i < 150; i++) torn.step((core) => core.call('Account', 'Deposit(3)', { key: 'k' }));
    const file = join(torn.directory, 'journal.db');
    const database = new DatabaseSync(file);
    // Something that a repair finds.
    database.exec(`INSERT INTO images VALUES ('zz', 1, zeroblob(100))`);
    database.close();
    torn.step((core) => {
      core.call('Account', 'Deposit(100)', { key: 'k' });
      core.deploy(upgradeBundle(accountWithFee(), toFee(account())));
      core.call('Counter', `Label("${'x'.repeat(20_000)}")`);
      core.call('Account', 'Deposit(200)', { key: 'k' });
    });
    const directory = join(folder, `after ${inputs}`);
    copyKilled(torn.directory, directory);
    torn.close();
    const wal = join(directory, 'journal.db-wal');
    const frames = readFileSync(wal);
    writeFileSync(wal, frames.subarray(0, frames.length - FRAME_BYTES));
    const next = new History(directory, ALL);
    const reader = new DatabaseSync(join(directory, 'journal.db'), { readOnly: true });
    reader.exec('BEGIN; SELECT count(*) FROM log');
    next.step((core) => {
      for (let i = 0; i < inputs; i++) core.call('Account', 'Deposit(1)', { key: 'k' });
    });
    if (inputs > 1) next.step((core) => core.call('Account', 'Deposit(2)', { key: 'k' }));
    const killed = join(folder, `killed ${inputs}`);
    copyKilled(directory, killed);
    reader.close();
    next.close();
    expect(repairDirectory(killed, 'now').last).toBe(next.last);
    expect(open(killed).seen).toBe(next.states.get(next.last));
  });
});
