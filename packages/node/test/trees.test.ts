import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DiskJournal } from '../src/journal/disk/journal.ts';
import { lastAlone } from '../src/journal/disk/loss.ts';
import { repairDirectory } from '../src/journal/disk/repair.ts';
import { StateReader } from '../src/journal/disk/state-reader.ts';
import { account, accountWithFee, toFee } from './accounts.ts';
import { ALL, History, NONE, open } from './histories.ts';
import { bundleOf, labelled, upgradeBundle } from './images.ts';
import { changeIn, Pages } from './pages.ts';

// Journals of which rows are whole, and pages or tables are not.

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'smc-trees-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** More than a start looks at one by one. */
const MANY = 12_000;

/** A journal with a checkpoint of so many instances. */
function filled(name: string, instances: number, limits = ALL): History {
  const history = new History(join(folder, name), limits);
  history.step((core) => core.deploy(bundleOf(account(), labelled())));
  history.step((core) => {
    for (let i = 0; i < instances; i++)
      core.call('Account', 'Deposit(3)', { key: `k${String(i).padStart(5, '0')}` });
  });
  history.checkpoint();
  return history;
}

/** Has a group damaged, the last or one so many before it. */
const damagedGroup = (fromEnd: number): string =>
  `UPDATE log SET checksum = checksum + 1
     WHERE first = (SELECT first FROM log ORDER BY first DESC LIMIT 1 OFFSET ${fromEnd - 1})`;

/** The database, and its write-ahead log where there is something in it. */
function filesOf(directory: string): readonly Buffer[] {
  return ['journal.db', 'journal.db-wal']
    .map((name) => join(directory, name))
    .filter((file) => existsSync(file) && statSync(file).size > 0)
    .map((file) => readFileSync(file));
}

/** Opens a journal and reads it as a node does. */
async function readBy(directory: string): Promise<void> {
  const journal = await DiskJournal.open(directory);
  try {
    for await (const _ of journal.read());
  } finally {
    await journal.close();
  }
}

describe('a journal of which all states are there, and not all where they are looked for', () => {
  it.each([
    [
      'as two pages stand in the place of each other',
      (pages: Pages, [a, b]: number[]) => {
        const other = Buffer.from(pages.page(a));
        pages.page(b).copy(pages.page(a));
        other.copy(pages.page(b));
      },
    ],
    [
      'as a bit has changed of what leads to them',
      (pages: Pages) => {
        const root = pages.page(pages.rootOf('states'));
        const key = root.indexOf('k00', root.readUInt16BE(12));
        root[key + 3] ^= 4;
      },
    ],
  ])('%s, ends the start, and is as it was after a repair', async (name, damage) => {
    const history = filled(name, MANY);
    history.close();
    const pages = new Pages(history.directory);
    damage(pages, pages.childrenOf(pages.rootOf('states')));
    pages.write();
    await expect(readBy(history.directory)).rejects.toThrow(
      /not in PRIMARY KEY order for states\): smc repair/,
    );
    repairDirectory(history.directory, 'now');
    await readBy(history.directory);
    expect(open(history.directory).seen).toBe(history.states.get(history.last));
  });

  // Of more than 10,000 a start looks at none by itself.
  it('as the key of one is damaged, ends the node when that is looked for, before all were looked at', () => {
    const history = filled('key', 300, NONE);
    const { last } = history;
    history.close();
    const read = (key: string): Uint8Array | undefined => {
      const reader = new StateReader(history.directory);
      try {
        reader.checkOrder();
        return reader.read({ machine: 0, since: 1, position: last }, key);
      } finally {
        reader.close();
      }
    };
    expect(read('k00050')).toBeDefined();
    expect(read('k00050 ')).toBe(undefined);
    changeIn(history.directory, `UPDATE states SET key = 'k00050!' WHERE key = 'k00050'`);
    expect(() => read('k00050')).toThrow(
      /the state of the instance "k00050!" of machine 0; nothing is answered any more/,
    );
    // And no start goes on from what it is of.
    const { notes, seen } = open(history.directory);
    expect(notes).toEqual([expect.stringMatching(/found damaged, and does not count/)]);
    expect(seen).toBe(history.states.get(last));
  });

  it.each([
    [
      'states that are not where they are looked for',
      (directory: string) => {
        const pages = new Pages(directory);
        const root = pages.page(pages.rootOf('states'));
        root[root.indexOf('k00', root.readUInt16BE(12)) + 3] ^= 4;
        pages.write();
      },
      /not in PRIMARY KEY order/,
    ],
    [
      'a damaged group before it',
      (directory: string) => changeIn(directory, damagedGroup(3)),
      /the log is damaged at position/,
    ],
    [
      'no checkpoint',
      (directory: string) => changeIn(directory, 'DELETE FROM checkpoints; DELETE FROM log WHERE first < 3'),
      /the journal has no whole checkpoint/,
    ],
  ])('and with a damaged end, changes nothing when it starts with %s', async (name, damage, refused) => {
    const history = filled(name, 300, NONE);
    for (let i = 0; i < 3; i++) history.step((core) => core.call('Account', 'Deposit(1)', { key: 'k00000' }));
    history.close();
    changeIn(history.directory, damagedGroup(1));
    damage(history.directory);
    const groups = countIn(history.directory, 'log');
    const files = filesOf(history.directory);
    await expect(readBy(history.directory)).rejects.toThrow(refused);
    expect(filesOf(history.directory)).toEqual(files);
    expect(countIn(history.directory, 'log')).toBe(groups);
    expect(countIn(history.directory, 'aside')).toBe(0);
  });

  it('but for one that is no bytes any more, goes on from what is older', async () => {
    const history = filled('bytes', 3);
    history.close();
    const pages = new Pages(history.directory);
    // What each value is stands right before the first, the number 0, which takes no bytes, and the key.
    const leaf = pages.page(pages.rootOf('states'));
    leaf[leaf.indexOf('k00001') - 1] ^= 1;
    pages.write();
    await readBy(history.directory);
    const { notes, seen } = open(history.directory);
    expect(notes).toEqual([
      expect.stringMatching(/the state of Account "k00001"; it goes on from what is older/),
    ]);
    expect(seen).toBe(history.states.get(history.last));
  });

  it('next to one that nothing needs, is read', () => {
    const history = filled('needless', 3, NONE);
    const { last } = history;
    history.close();
    changeIn(history.directory, `INSERT INTO states VALUES (0, 'k00001!', ${last}, 1, NULL)`);
    const reader = new StateReader(history.directory);
    const place = { machine: 0, since: 1, position: last };
    expect(() => reader.read(place, 'k00001')).toThrow(/"k00001!"/);
    reader.close();
    changeIn(
      history.directory,
      `UPDATE states SET position = ${last + 1} WHERE checksum = 1`,
      'UPDATE checkpoints SET complete = 1',
    );
    const again = new StateReader(history.directory);
    expect(again.read(place, 'k00001')).toBeDefined();
    again.close();
  });
});

it('a log that leads in a circle, without a group that is whole, ends the start', async () => {
  const history = new History(join(folder, 'circle'), ALL);
  history.step((core) => core.deploy(bundleOf(labelled())));
  for (let i = 0; i < 60; i++) history.step((core) => core.call('Counter', `Label("${'l'.repeat(500)}")`));
  history.close();
  // So that it is not seen before: all rows are told to be there, and no bytes to be cut off.
  changeIn(history.directory, 'UPDATE log SET checksum = 0', 'DELETE FROM log_end');
  const pages = new Pages(history.directory);
  const root = pages.page(pages.rootOf('log'));
  const [first, second] = pages.childrenOf(pages.rootOf('log'));
  root.writeUInt32BE(second, root.readUInt16BE(12));
  expect(first).not.toBe(second);
  pages.write();
  expect(lastAlone(join(history.directory, 'journal.db'))).toBe(0);
  await expect(readBy(history.directory)).rejects.toThrow(/rows are not in order/);
});

describe('a journal that lost a write', () => {
  it('of the index of what was deployed, ends the start', async () => {
    const history = filled('index', 3);
    history.close();
    const older = new Pages(history.directory);
    const next = new History(history.directory, ALL);
    next.step((core) =>
      expect(core.deploy(upgradeBundle(accountWithFee(), toFee(account())))).toContain('upgraded'),
    );
    next.close();
    const pages = new Pages(history.directory);
    const root = pages.rootOf('log_structure');
    older.page(root).copy(pages.page(root));
    pages.write();
    await expect(readBy(history.directory)).rejects.toThrow(
      /index of what was deployed is damaged: smc repair/,
    );
    repairDirectory(history.directory, 'now');
    await readBy(history.directory);
    expect(open(history.directory).seen).toBe(next.states.get(next.last));
  });

  it('of states, of which the log has all, is not filled again where they are not found', () => {
    const history = filled('states', 300);
    history.close();
    const older = new Pages(history.directory);
    const next = new History(history.directory, ALL);
    next.step((core) => {
      for (let i = 0; i < 300; i++)
        core.call('Account', 'Deposit(4)', { key: `k${String(i).padStart(5, '0')}more` });
    });
    next.checkpoint();
    next.close();
    const pages = new Pages(history.directory);
    const [leaf] = pages.childrenOf(pages.rootOf('states'));
    older.page(leaf).copy(pages.page(leaf));
    pages.write();
    expect(() => open(history.directory)).toThrow(/the journal is damaged \(.*\): smc repair/);
    repairDirectory(history.directory, 'now');
    expect(open(history.directory).seen).toBe(next.states.get(next.last));
  });
});

describe('a journal with a sealed checkpoint', () => {
  it.each([
    [
      'its last group is damaged',
      'UPDATE log SET checksum = checksum + 1 WHERE first = (SELECT max(first) FROM log)',
    ],
    ['all groups are damaged', 'UPDATE log SET checksum = checksum + 1'],
    ['there is no log', 'DELETE FROM log'],
    ['there is no log, and no checkpoint any more', 'DELETE FROM log; DELETE FROM checkpoints'],
  ])('does not go back to before it where %s', async (name, sql) => {
    const history = filled(`reach ${name}`, 3);
    // Something that a checkpoint needs of the log.
    history.step((core) => core.remove('Counter'));
    history.checkpoint();
    history.close();
    changeIn(history.directory, sql);
    const before = join(folder, `before ${name}`);
    cpSync(history.directory, before, { recursive: true });
    await expect(readBy(history.directory)).rejects.toThrow(/smc re(pair|store)/);
    // And has nothing deleted.
    for (const table of ['log', 'checkpoints', 'machines', 'states', 'images'])
      expect(countIn(history.directory, table)).toBe(countIn(before, table));
  });

  it('does not go on from an older one where the log ends between them', async () => {
    const history = new History(join(folder, 'between'), ALL);
    history.step((core) => core.deploy(bundleOf(account())));
    for (const position of [6, 11]) {
      while (history.last < position)
        history.step((core) => core.call('Account', 'Deposit(3)', { key: 'k' }));
      history.checkpoint();
    }
    history.close();
    // As far as position 7 a node could be made.
    changeIn(
      history.directory,
      'DELETE FROM log WHERE first > 7',
      'UPDATE states SET checksum = checksum + 1 WHERE position = 11',
    );
    await expect(readBy(history.directory)).rejects.toThrow(
      /^the log ends at position 7, and led up to position 11 before/,
    );
    expect(countIn(history.directory, 'checkpoints')).toBe(2);
  });

  it('keeps it, and all states, where no node can be made of them', () => {
    const history = filled('kept', 3);
    history.close();
    changeIn(
      history.directory,
      `INSERT INTO checkpoints VALUES (${history.last + 7}, 0, 0, 0, 0, x'')`,
      `INSERT INTO states VALUES (0, 'later', ${history.last + 7}, 1, NULL)`,
    );
    const tables = ['checkpoints', 'states'];
    const counts = (): number[] => tables.map((table) => countIn(history.directory, table));
    open(history.directory);
    expect(counts()).toEqual([2, 5]);
    // What the next writes goes without them.
    const next = new History(history.directory, ALL);
    next.step((core) => core.call('Counter', 'Incr'));
    next.close();
    expect(counts()).toEqual([1, 4]);
  });
});

function countIn(directory: string, table: string): number {
  const database = new DatabaseSync(join(directory, 'journal.db'), { readOnly: true });
  const row = database.prepare(`SELECT count(*) AS rows FROM ${table}`).get();
  database.close();
  return Number(row?.['rows']);
}
