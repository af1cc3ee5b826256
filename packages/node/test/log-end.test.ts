import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backUp } from '../src/journal/disk/backup.ts';
import { repairDirectory } from '../src/journal/disk/repair.ts';
import { account, accountWithFee, toFee } from './accounts.ts';
import { ALL, History, open } from './histories.ts';
import { bundleOf, labelled, upgradeBundle } from './images.ts';
import { changeIn, Pages } from './pages.ts';

// Logs of which the end is lost, so that nothing that is left of them has a gap.

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'smc-log-end-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const LABEL = `Label("${'label '.repeat(100)}")`;

/** A journal of so many inputs, without a checkpoint; its file has all of it. */
function logOf(name: string, inputs: number): History {
  const history = new History(join(folder, name), ALL);
  history.step((core) => core.deploy(bundleOf(account(), labelled())));
  for (let i = 0; i < inputs; i++) history.step((core) => core.call('Counter', LABEL));
  return history;
}

/** The same directory as it is now. */
function copyOf(history: History, name: string): string {
  const directory = join(folder, name);
  cpSync(history.directory, directory, { recursive: true });
  for (const each of ['lock', 'lock-journal', 'owner.json']) rmSync(join(directory, each), { force: true });
  changeIn(directory);
  return directory;
}

/** Puts a page of the file of an older journal in its place in that of a newer one. */
function putBack(from: string, to: string, pageOf: (pages: Pages) => number): void {
  const [older, newer] = [new Pages(from), new Pages(to)];
  const number = pageOf(older);
  expect(newer.page(number).equals(older.page(number))).toBe(false);
  older.page(number).copy(newer.page(number));
  newer.write();
}

const rootOfLog = (pages: Pages): number => pages.rootOf('log');
const lastLeaf = (pages: Pages): number => pages.childrenOf(rootOfLog(pages)).at(-1) ?? 0;

const backupOf = (directory: string): (() => void) => {
  return () => backUp(directory, join(folder, `backup of ${Math.random()}`));
};

describe('a log with an older inner page', () => {
  it('does not start where its end was noted, and a repair has all of it', () => {
    const history = logOf('inner', 60);
    const older = copyOf(history, 'inner before');
    for (let i = 0; i < 20; i++) history.step((core) => core.call('Counter', LABEL));
    history.close();
    const { directory, last } = history;
    putBack(older, directory, rootOfLog);
    expect(() => open(directory)).toThrow(
      /^the log ends at position \d+, and led up to position 81 before: smc repair/,
    );
    expect(backupOf(directory)).toThrow(/^the journal is damaged \(.*Page \d+: never used\): smc repair/s);
    const report = repairDirectory(directory, 'now');
    expect(report).toMatchObject({ last });
    expect(report.findings).toEqual([
      expect.stringMatching(/^the file is damaged \(.*Page \d+: never used/s),
      expect.stringMatching(/^\d+ groups of entries.* were found outside of their table/),
    ]);
    expect(open(directory)).toMatchObject({ seen: history.states.get(last), notes: [] });
    backupOf(directory)();
    expect(repairDirectory(directory, 'again').findings).toEqual([]);
  });

  it('has all of it after a repair also where its end was noted long before', () => {
    const history = logOf('unnoted', 60);
    const older = copyOf(history, 'unnoted before');
    for (let i = 0; i < 20; i++) history.step((core) => core.call('Counter', LABEL));
    const directory = copyOf(history, 'unnoted after');
    const { last } = history;
    history.close();
    putBack(older, directory, rootOfLog);
    changeIn(directory, 'DELETE FROM log_end');
    expect(backupOf(directory)).toThrow(/never used/);
    expect(repairDirectory(directory, 'now').last).toBe(last);
    expect(open(directory).seen).toBe(history.states.get(last));
  });
});

describe('a log with an older last page', () => {
  /** With a deployment at the end. */
  function older(name: string): History {
    const history = logOf(name, 60);
    const before = copyOf(history, `${name} before`);
    history.step((core) => core.deploy(upgradeBundle(accountWithFee(), toFee(account()))));
    history.close();
    putBack(before, history.directory, lastLeaf);
    return history;
  }

  it('does not start, and a repair says what is lost', () => {
    const history = older('leaf');
    const { directory, last } = history;
    expect(() => open(directory)).toThrow(
      `the log ends at position ${last - 1}, and led up to position ${last} before`,
    );
    expect(backupOf(directory)).toThrow('the index of what was deployed');
    expect(repairDirectory(directory, 'now')).toMatchObject({
      last: last - 1,
      findings: [`the entries from position ${last} to ${last} at least are lost`],
    });
    expect(open(directory)).toMatchObject({ seen: history.states.get(last - 1), notes: [] });
    backupOf(directory)();
  });

  it('of which the end was noted long before is told by what was deployed', () => {
    const { directory, last } = older('indexed');
    const database = new DatabaseSync(join(directory, 'journal.db'));
    expect(database.prepare('DELETE FROM log_end').run().changes).toBe(1);
    database.close();
    expect(() => open(directory)).toThrow(/smc repair/);
    expect(backupOf(directory)).toThrow('the index of what was deployed');
    expect(repairDirectory(directory, 'now').findings).toContain(
      `the entries from position ${last} to ${last} at least are lost`,
    );
    expect(open(directory).position).toBe(last - 1);
  });
});

describe('what is noted of the end of a log', () => {
  it('leads up to it when the journal is closed, and not far before it else', () => {
    const history = logOf('noted', 100);
    const crashed = copyOf(history, 'noted crashed');
    history.close();
    const noted = (directory: string): number => {
      const database = new DatabaseSync(join(directory, 'journal.db'), { readOnly: true });
      const row = database.prepare('SELECT position FROM log_end').get();
      database.close();
      return Number(row?.['position']);
    };
    expect(noted(history.directory)).toBe(101);
    expect(noted(crashed)).toBeGreaterThan(101 - 16);
    expect(open(crashed)).toMatchObject({ position: 101, notes: [] });
  });

  it.each([
    ['damaged', 'UPDATE log_end SET position = position + 1'],
    ['gone', 'DELETE FROM log_end'],
    ['there twice', 'INSERT INTO log_end SELECT 2, position, checksum FROM log_end'],
  ])('is written anew where it is %s', (what, sql) => {
    const history = logOf(`note ${what}`, 3);
    history.close();
    const { directory, last } = history;
    changeIn(directory, sql);
    expect(backupOf(directory)).toThrow('what is known of the end of the log');
    const repaired = copyOf(history, `note ${what} repaired`);
    expect(repairDirectory(repaired, 'now')).toMatchObject({
      last,
      findings: ['what is known of the end of the log is damaged, and written anew'],
    });
    expect(open(repaired).notes).toEqual([]);
    expect(open(directory)).toMatchObject({
      position: last,
      notes: ['what is known of the end of the log is damaged, and written anew'],
    });
    const next = new History(directory, ALL);
    next.step((core) => core.call('Counter', LABEL));
    next.close();
    expect(open(directory).notes).toEqual([]);
    backupOf(directory)();
  });

  it('goes back with an end that is cut off, and keeps one from being cut off that had more', () => {
    const cut = logOf('cut', 5);
    cut.close();
    changeIn(cut.directory, "UPDATE log SET entries = x'00' WHERE first = 6");
    expect(open(cut.directory)).toMatchObject({
      position: 5,
      notes: [expect.stringContaining('was cut off')],
    });
    expect(open(cut.directory)).toMatchObject({ position: 5, notes: [] });
    const more = logOf('more', 5);
    more.close();
    changeIn(
      more.directory,
      "UPDATE log SET entries = x'00' WHERE first = 5",
      'DELETE FROM log WHERE first = 6',
    );
    expect(() => open(more.directory)).toThrow('the log ends at position 5, and led up to position 6 before');
    expect(repairDirectory(more.directory, 'now')).toMatchObject({
      last: 4,
      findings: [
        'the group of entries at position 5 is damaged',
        'the entries from position 5 to 6 at least are lost',
      ],
    });
  });
});

describe('an image that stands under a damaged name', () => {
  it('is told, and a repair gives it its name', () => {
    const history = logOf('name', 3);
    history.close();
    const { directory, last } = history;
    const pages = new Pages(directory);
    const database = new DatabaseSync(join(directory, 'journal.db'), { readOnly: true });
    const { digest } = database.prepare('SELECT digest FROM images ORDER BY first LIMIT 1').get() as {
      digest: string;
    };
    database.close();
    // In the table, and not in its index, by which a start finds it.
    const index = pages.page(pages.rootOf('sqlite_autoindex_images_1'));
    const at = pages.bytes.indexOf(digest);
    expect(
      at >= index.byteOffset - pages.bytes.byteOffset &&
        at < index.byteOffset - pages.bytes.byteOffset + index.length,
    ).toBe(false);
    pages.bytes[at + 5] ^= 16;
    pages.write();
    const started = new History(directory, ALL);
    expect(started.check()).toEqual([
      expect.stringMatching(/^the image, upgrade or debug data .* is damaged, or its name is/),
    ]);
    started.close();
    expect(backupOf(directory)).toThrow(/smc repair/);
    expect(repairDirectory(directory, 'now')).toMatchObject({
      last,
      findings: expect.arrayContaining([
        `the image, upgrade or debug data ${digest} stood under a damaged name, and is whole`,
      ]) as unknown,
    });
    expect(open(directory)).toMatchObject({ seen: history.states.get(last), notes: [] });
    backupOf(directory)();
    expect(repairDirectory(directory, 'again').findings).toEqual([]);
  });
});
