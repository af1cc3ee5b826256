import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../src/journal/blobs.ts';
import { backUp } from '../src/journal/disk/backup.ts';
import { noteEnd } from '../src/journal/disk/log-end.ts';
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
  const directory = copyIn(history.directory, name);
  for (const each of ['lock', 'lock-journal', 'owner.json']) rmSync(join(directory, each), { force: true });
  changeIn(directory);
  return directory;
}

function copyIn(from: string, name: string): string {
  const directory = join(folder, name);
  cpSync(from, directory, { recursive: true });
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

/** Has the journal say of its log that it ends where it did long before. */
function noteLongBefore(directory: string): void {
  const database = new DatabaseSync(join(directory, 'journal.db'));
  noteEnd(database, 49);
  database.close();
}

const notedIn = (directory: string): number => {
  const database = new DatabaseSync(join(directory, 'journal.db'), { readOnly: true });
  const row = database.prepare('SELECT position FROM log_end').get();
  database.close();
  return Number(row?.['position']);
};

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
    noteLongBefore(directory);
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
    noteLongBefore(directory);
    expect(() => open(directory)).toThrow(/smc repair/);
    expect(backupOf(directory)).toThrow('the index of what was deployed');
    expect(repairDirectory(directory, 'now').findings).toContain(
      `the entries from position ${last} to ${last} at least are lost`,
    );
    expect(open(directory).position).toBe(last - 1);
  });
});

describe('a repair says that no more is lost', () => {
  it('than what follows on a gap, and is set aside', () => {
    const history = logOf('gap', 20);
    history.close();
    changeIn(history.directory, 'DELETE FROM log WHERE first = 10');
    expect(repairDirectory(history.directory, 'now')).toMatchObject({
      last: 9,
      findings: [
        expect.stringMatching(/^entries from position 10 to 10 are lost; those from 11 on are set aside/),
      ],
    });
  });

  it('but all of it, whatever a damaged group says of how many there were', () => {
    for (const count of [1, 65]) {
      const history = logOf(`count ${count}`, 8);
      history.close();
      changeIn(
        history.directory,
        'PRAGMA secure_delete = ON',
        `UPDATE log SET entries = x'00', count = ${count} WHERE first = 5`,
        'DELETE FROM log WHERE first > 5',
      );
      expect(repairDirectory(history.directory, 'now')).toMatchObject({
        last: 4,
        findings: [
          'the group of entries at position 5 is damaged',
          'the entries from position 5 to 9 at least are lost',
        ],
      });
    }
  });

  it('than what is known for sure: an index that lacks a row of the log is not believed', () => {
    const history = logOf('flipped', 20);
    history.step((core) => core.deploy(upgradeBundle(accountWithFee(), toFee(account()))));
    history.close();
    const { directory, last } = history;
    const pages = new Pages(directory);
    const index = pages.page(pages.rootOf('log_structure'));
    // The last cell that was written lies first, and ends with the number of its row.
    const at = index.readUInt16BE(8 + 2);
    const end = at + index[at];
    expect(index[end]).toBe(last);
    index[end] ^= 64;
    pages.write();
    expect(repairDirectory(directory, 'now')).toMatchObject({
      last,
      findings: [expect.stringMatching(/^the file is damaged \(.*log_structure/)],
    });
  });
});

describe('what is noted of the end of a log', () => {
  it('leads up to it when the journal is closed, and not far before it else', () => {
    const history = logOf('noted', 100);
    const crashed = copyOf(history, 'noted crashed');
    history.close();
    expect(notedIn(history.directory)).toBe(101);
    expect(notedIn(crashed)).toBeGreaterThan(101 - 16);
    expect(notedIn(crashed)).toBeLessThan(101);
    expect(open(crashed)).toMatchObject({ position: 101, notes: [] });
    // Nor does a start change what comes to nothing.
    expect(notedIn(crashed)).toBeLessThan(101);
    const next = new History(crashed, ALL);
    expect(next.check()).toEqual([]);
    next.close();
    expect(notedIn(crashed)).toBe(101);
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
    expect(next.check()).toEqual([]);
    next.close();
    expect(open(directory).notes).toEqual([]);
    backupOf(directory)();
  });

  it('keeps what it leads to from being cut off, but for the last group', () => {
    const { directory } = ((history) => (history.close(), history))(logOf('acknowledged', 60));
    const last = copyIn(directory, 'acknowledged last');
    changeIn(last, "UPDATE log SET entries = x'00' WHERE first = 61");
    expect(open(last)).toMatchObject({ position: 60, notes: [expect.stringContaining('was cut off')] });
    changeIn(directory, "UPDATE log SET entries = x'00' WHERE first > 59");
    expect(() => open(directory)).toThrow(
      'the log is damaged at position 60 (1 entries), and goes on after it',
    );
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

/** Images of which a repair is to say something. */
function imagesOf(directory: string): readonly { readonly digest: string; readonly first: number }[] {
  const database = new DatabaseSync(join(directory, 'journal.db'), { readOnly: true });
  const rows = database.prepare('SELECT digest, first FROM images ORDER BY rowid').all();
  database.close();
  return rows as unknown as readonly { digest: string; first: number }[];
}

describe('an image', () => {
  const DAMAGED = /^the image, upgrade or debug data .* is damaged, or its name is, where no start needs it/;

  it('that stands under a damaged name is told, and a repair gives it its name', () => {
    const history = logOf('name', 3);
    history.close();
    const { directory, last } = history;
    const [{ digest }] = imagesOf(directory);
    const pages = new Pages(directory);
    // In the table, and not in its index, by which a start finds it.
    const index = pages.page(pages.rootOf('sqlite_autoindex_images_1'));
    const at = pages.bytes.indexOf(digest);
    expect(Math.floor(at / index.length)).not.toBe(
      Math.floor((index.byteOffset - pages.bytes.byteOffset) / index.length),
    );
    pages.bytes[at + 5] ^= 16;
    pages.write();
    const started = new History(directory, ALL);
    expect(started.check()).toEqual([expect.stringMatching(DAMAGED)]);
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

  it('that stands under the name of another, and the other under its own, has it back', () => {
    const history = logOf('names', 3);
    history.close();
    const { directory, last } = history;
    const [a, b] = imagesOf(directory);
    changeIn(
      directory,
      `UPDATE images SET digest = 'c' WHERE digest = '${a.digest}'`,
      `UPDATE images SET digest = '${a.digest}' WHERE digest = '${b.digest}'`,
      `UPDATE images SET digest = '${b.digest}' WHERE digest = 'c'`,
    );
    expect(repairDirectory(directory, 'now')).toMatchObject({ last });
    expect(open(directory)).toMatchObject({ seen: history.states.get(last), notes: [] });
  });

  /** With images of several pages that nobody needs. */
  function filled(name: string): string {
    const history = logOf(name, 3);
    history.close();
    const database = new DatabaseSync(join(history.directory, 'journal.db'));
    const put = database.prepare('INSERT INTO images VALUES (?, 9, ?)');
    for (let i = 0; i < 40; i++) {
      const bytes = Buffer.alloc(i === 39 ? 20_000 : 500, 1 + i);
      put.run(sha256(bytes), bytes);
    }
    database.close();
    const started = new History(history.directory, ALL);
    expect(started.check()).toEqual([]);
    started.close();
    return history.directory;
  }

  const damages: readonly (readonly [string, (pages: Pages) => void])[] = [
    [
      'that can not be read',
      (pages) => {
        const numbers = Array.from({ length: pages.bytes.length / 4_096 }, (_, i) => i + 1);
        const [, second] = numbers.filter((number) =>
          pages
            .page(number)
            .subarray(4)
            .every((byte) => byte === 40),
        );
        pages.page(second).writeUInt32BE(0);
      },
    ],
    [
      'that comes again and again',
      (pages) => {
        const root = pages.page(pages.rootOf('images'));
        const children = pages.childrenOf(pages.rootOf('images'));
        for (let i = 2; i < children.length - 1; i++)
          root.writeUInt32BE(children[1], root.readUInt16BE(12 + 2 * i));
      },
    ],
  ];
  it.each(damages)('%s, and that nobody needs, is told, and the node goes on', (name, damage) => {
    const directory = filled(name);
    const pages = new Pages(directory);
    damage(pages);
    pages.write();
    const started = new History(directory, ALL);
    expect(started.check()).toEqual([
      expect.stringMatching(/^not all images, upgrades and debug data can be read, where no start needs it/),
    ]);
    started.close();
    expect(backupOf(directory)).toThrow(/smc repair/);
  });
});
