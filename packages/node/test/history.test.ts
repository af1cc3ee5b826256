import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backUp } from '../src/journal/disk/backup.ts';
import { DiskJournal } from '../src/journal/disk/journal.ts';
import { leafRows } from '../src/journal/disk/leaves.ts';
import { repairDirectory } from '../src/journal/disk/repair.ts';
import { groupChecksum, type GroupRow } from '../src/journal/disk/rows.ts';
import { ALL, History, NONE, numbers, open } from './histories.ts';
import { account } from './accounts.ts';
import { bundleOf, labelled } from './images.ts';
import { changeIn, Pages } from './pages.ts';

// Logs that are long before the checkpoint that a start goes on from.

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'smc-history-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const LABEL = `Label("${'label '.repeat(100)}")`;

/** The directory of a journal with a checkpoint after so many groups of half a kibibyte or more. */
function long(name: string, groups: number): string {
  const history = new History(join(folder, name), ALL);
  history.step((core) => core.deploy(bundleOf(labelled())));
  for (let i = 0; i < groups; i++) history.step((core) => core.call('Counter', LABEL));
  history.checkpoint();
  history.close();
  return history.directory;
}

/** Runs SQL on a journal as damage does: whatever its tables want, and so that nothing is left of what it deletes. */
function damageLog(directory: string, sql: string): void {
  const inDatabase = (work: (database: DatabaseSync) => void): void => {
    const database = new DatabaseSync(join(directory, 'journal.db'), { defensive: false });
    database.exec('PRAGMA writable_schema = ON; PRAGMA secure_delete = ON');
    work(database);
    database.exec('PRAGMA writable_schema = RESET; PRAGMA wal_checkpoint(TRUNCATE)');
    database.close();
  };
  let strict = '';
  const declare = (database: DatabaseSync, text: string): void =>
    void database.prepare(`UPDATE sqlite_schema SET sql = ? WHERE name = 'log'`).run(text);
  inDatabase((database) => {
    strict = String(database.prepare(`SELECT sql FROM sqlite_schema WHERE name = 'log'`).get()?.['sql']);
    declare(database, strict.replaceAll(/ STRICT| NOT NULL/g, ''));
  });
  inDatabase((database) => {
    expect(database.prepare(sql).run().changes).toBeGreaterThan(0);
    declare(database, strict);
  });
}

/** Gives a group another time than it had. */
function retime(directory: string, first: number, time: number): void {
  const database = new DatabaseSync(join(directory, 'journal.db'));
  const row = database.prepare('SELECT * FROM log WHERE first = ?').get(first) as unknown as GroupRow;
  const checksum = groupChecksum(first, row.count, row.structural, time, row.entries);
  database.prepare('UPDATE log SET time = ?, checksum = ? WHERE first = ?').run(time, checksum, first);
  database.close();
}

/** What is in the log but for what was deployed. */
function logOf(directory: string): { readonly groups: number; readonly bytes: number } {
  const database = new DatabaseSync(join(directory, 'journal.db'), { readOnly: true });
  const row = database
    .prepare('SELECT count(*) AS groups, sum(length(entries)) AS bytes FROM log WHERE structural = 0')
    .get();
  database.close();
  return row as { groups: number; bytes: number };
}

/** Goes on with a node until checkpoints have let go what they need not; gives what there was to say. */
function goOn(
  directory: string,
  limits: typeof ALL,
  { time = 1_000, inputs = 1, isCounted = true } = {},
): readonly string[] {
  const history = new History(directory, limits);
  history.core.time = time;
  const notes = isCounted ? history.check() : [];
  for (let i = 0; i < 2; i++) {
    for (let j = 0; j < inputs; j++) history.step((core) => core.call('Counter', LABEL));
    history.checkpoint();
  }
  history.close();
  expect(open(directory).seen).toBe(history.states.get(history.last));
  return notes;
}

describe('of a log that was there before', () => {
  it('as much is kept as there may be, once it was counted', () => {
    const directory = long('counted', 3_000);
    const limits = { ...ALL, historyBytesMax: 100_000 };
    goOn(directory, limits, { isCounted: false });
    expect(logOf(directory).groups).toBe(3_002);
    goOn(directory, limits);
    expect(logOf(directory).bytes).toBeLessThanOrEqual(100_000);
    expect(logOf(directory).bytes).toBeGreaterThan(99_000);
  });

  it('what goes for its age before it was counted is not taken from what came since', () => {
    const directory = long('aged', 3_000);
    const limits = { historyMillisMax: 5_000, historyBytesMax: 10_000 };
    goOn(directory, limits, { time: 10_000, inputs: 50, isCounted: false });
    // Those that the older of two checkpoints does not have, which are more than there may be.
    expect(logOf(directory).groups).toBe(50);
  });

  it('what is older than is kept goes, and nothing that is not', () => {
    const directory = join(folder, 'older than is kept');
    const limits = { historyMillisMax: 5_000, historyBytesMax: Number.POSITIVE_INFINITY };
    const history = new History(directory, limits);
    history.core.time = 1_000;
    history.step((core) => core.deploy(bundleOf(labelled())));
    for (const time of [5_999, 6_000, 10_000, 11_000]) {
      history.core.time = time;
      history.step((core) => core.call('Counter', LABEL));
    }
    history.checkpoint();
    history.step((core) => core.call('Counter', LABEL));
    history.checkpoint();
    for (const _ of history.cleaning());
    history.close();
    const database = new DatabaseSync(join(directory, 'journal.db'), { readOnly: true });
    const firsts = database.prepare('SELECT first FROM log ORDER BY first').all();
    database.close();
    // What was deployed stays.
    expect(firsts.map(({ first }) => first)).toEqual([1, 3, 4, 5, 6]);
  });

  it('a page of it that can not be read is told, and nothing is deleted any more', () => {
    const directory = long('unreadable', 300);
    const pages = new Pages(directory);
    const children = pages.childrenOf(pages.rootOf('log'));
    pages.page(children[Math.floor(children.length / 2)]).fill(0xff);
    pages.write();
    const notes = goOn(directory, NONE);
    expect(notes).toEqual([
      expect.stringMatching(
        /^the log can not be read after position \d+, where no start needs it, and nothing of it is deleted any more: smc repair/,
      ),
    ]);
    expect(goOn(directory, NONE)).toEqual(notes);
    const database = new DatabaseSync(join(directory, 'journal.db'), { readOnly: true });
    const row = database.prepare('SELECT count(*) AS groups FROM log WHERE first <= 10').get();
    database.close();
    expect(row?.['groups']).toBe(10);
  });

  it('pages of it that lead to the same rows again are told, and looked at once', () => {
    const directory = long('circle', 300);
    const pages = new Pages(directory);
    const root = pages.page(pages.rootOf('log'));
    const children = pages.childrenOf(pages.rootOf('log'));
    // The second half of the cells, each of which begins with the number of a page.
    for (let i = Math.floor(children.length / 2); i < children.length - 1; i++)
      root.writeUInt32BE(children[1], root.readUInt16BE(12 + 2 * i));
    pages.write();
    const history = new History(directory, ALL);
    expect(history.check()).toEqual([
      expect.stringMatching(/^the log can not be read after position \d+, where/),
    ]);
    history.close();
  });

  it('what is not where it is looked for stays, and is not let go again and again', () => {
    const history = new History(join(folder, 'again and again'), { ...NONE, historyMillisMax: -1 });
    history.step((core) => core.deploy(bundleOf(labelled())));
    const inputs = (count: number): void => {
      for (let i = 0; i < count; i++) history.step((core) => core.call('Counter', LABEL));
    };
    inputs(20);
    for (let i = 0; i < 20; i++) {
      history.step((core) => core.remove('Counter'));
      history.step((core) => core.deploy(bundleOf(labelled())));
    }
    const leavesOf = (pages: Pages): readonly { page: Buffer; first: number }[] =>
      pages.childrenOf(pages.rootOf('log')).map((number) => {
        const [row] = leafRows(pages.page(number), () => null, 4_096);
        return { page: pages.page(number), first: row.number };
      });
    const [, { page: early, first }] = leavesOf(new Pages(history.directory));
    expect(first).toBeLessThan(20);
    const checkpoints: number[] = [];
    for (let i = 0; i < 2; i++) {
      inputs(40);
      history.checkpoint();
      checkpoints.push(history.last);
    }
    history.close();
    // All inputs before the first checkpoint have gone; some that have come back stand behind what was deployed.
    const behind = (pages: Pages): { page: Buffer; first: number } =>
      leavesOf(pages).filter((each) => each.first > checkpoints[0])[0];
    const place = behind(new Pages(history.directory)).first;
    changeIn(history.directory, `DELETE FROM log WHERE structural = 0 AND first < ${place}`);
    const pages = new Pages(history.directory);
    early.copy(behind(pages).page);
    pages.write();
    const next = new History(history.directory, { ...NONE, historyMillisMax: -1 });
    let steps = 0;
    for (const _ of next.cleaning()) expect(steps++).toBeLessThan(100);
    next.close();
  });

  // There are checkpoints at positions 451 and 601. What a repair can not read is missing to it.
  it.each([
    [
      'bytes are damaged',
      "UPDATE log SET entries = x'00' WHERE first = 100",
      'the group of entries at position 100 is damaged',
    ],
    [
      'a number is damaged',
      'UPDATE log SET checksum = 9007199254740993 WHERE first = 100',
      'the group of entries at position 100 is damaged',
    ],
    [
      'a time is damaged',
      'UPDATE log SET time = 9007199254740993 WHERE first = 100',
      'the group of entries at position 100 is damaged',
    ],
    [
      'no bytes are there',
      'UPDATE log SET entries = NULL WHERE first = 100',
      'the group of entries at position 100 is damaged',
    ],
    [
      'a number stands for the bytes',
      'UPDATE log SET entries = 5 WHERE first = 100',
      'the group of entries at position 100 is damaged',
    ],
    [
      'entries are missing',
      'DELETE FROM log WHERE first BETWEEN 100 AND 120',
      'the entries from position 100 to 120 are missing',
    ],
    [
      'the first that the older checkpoint leads to are missing',
      'DELETE FROM log WHERE first BETWEEN 2 AND 460',
      'the entries from position 452 to 460 are missing',
    ],
    [
      'those between the checkpoints are missing',
      'DELETE FROM log WHERE first BETWEEN 400 AND 600',
      'the entries from position 400 to 600 are missing',
    ],
  ])('%s: it is told, a backup does not take it, and a repair has it said once', (name, sql, what) => {
    const directory = long(name, 300);
    goOn(directory, ALL, { inputs: 150 });
    damageLog(directory, sql);
    const backup = (to: string): void => backUp(directory, join(folder, `${name} ${to}`));
    expect(() => backup('before')).toThrow(/is damaged: .*; smc repair/);
    const history = new History(directory, ALL);
    expect(history.check()).toEqual([expect.stringContaining(`${what}, where no start needs it now`)]);
    history.close();
    expect(repairDirectory(directory, 'now').findings.join()).toMatch(
      / at position 100 |from position (?:100|452|400) /,
    );
    expect(goOn(directory, ALL)).toEqual([]);
    backup('after');
    expect(repairDirectory(directory, 'later').findings).toEqual([]);
  });

  it.each(['NULL', '5'])('no other goes where one has %s in the place of its bytes', (value) => {
    const directory = long(value, 300);
    damageLog(directory, `UPDATE log SET entries = ${value} WHERE first = 100`);
    goOn(directory, ALL);
    expect(logOf(directory).groups).toBe(302);
  });

  it('what is damaged goes with the rest', () => {
    const directory = long('old', 300);
    damageLog(
      directory,
      'UPDATE log SET time = 9007199254740993, checksum = 9007199254740993 WHERE first = 100',
    );
    const limits = { ...ALL, historyBytesMax: 1_000 };
    expect(goOn(directory, limits)).toHaveLength(1);
    expect(goOn(directory, limits)).toEqual([]);
    expect(logOf(directory).bytes).toBeLessThanOrEqual(1_000);
  });

  it('what is too much goes though no checkpoint follows', async () => {
    const directory = long('idle', 3_000);
    goOn(directory, ALL, { inputs: 10 });
    const journal = await DiskJournal.open(directory, { ...ALL, historyBytesMax: 100_000 });
    for await (const _ of journal.read());
    await journal.check();
    await expect.poll(() => logOf(directory).bytes).toBeLessThanOrEqual(100_000);
    await journal.close();
  });

  it('what goes while it is looked at is not missing', () => {
    const directory = long('meanwhile', 1_000);
    const filled = new History(directory, ALL);
    filled.step((core) => core.deploy(bundleOf(account())));
    for (let i = 0; i < 1_000; i++) filled.step((core) => core.call('Counter', LABEL));
    filled.checkpoint();
    filled.close();
    const history = new History(directory, NONE);
    const notes = history.looking();
    notes.next();
    for (let i = 0; i < 2; i++) {
      history.step((core) => core.call('Counter', LABEL));
      history.checkpoint();
    }
    expect(logOf(directory).groups).toBe(1);
    expect([...notes].filter((note) => note !== null)).toEqual([]);
    history.close();
  });
});

describe('a repair', () => {
  it('says what a journal lacks that has one checkpoint, and all of the log before it is gone', () => {
    const directory = long('alone', 20);
    damageLog(directory, 'DELETE FROM log WHERE structural = 0');
    expect(() => open(directory)).toThrow('the log ends at position 1, and led up to position 21 before');
    expect(() => backUp(directory, join(folder, 'alone before'))).toThrow(
      'from position 2 to 21 are missing',
    );
    expect(repairDirectory(directory, 'now').findings).toEqual([
      'the entries from position 2 to 21 are missing, before the checkpoint at position 21, which stands for them',
    ]);
    expect(goOn(directory, ALL)).toEqual([]);
    backUp(directory, join(folder, 'alone after'));
    // What is lost after that is looked for in all pages.
    goOn(directory, ALL, { inputs: 30 });
    changeIn(directory, 'DELETE FROM log WHERE first BETWEEN 30 AND 70');
    expect(repairDirectory(directory, 'later').findings[0]).toMatch(
      /^\d+ groups of entries.* were found outside/,
    );
  });

  it('of all that is left after what has gone is damaged', () => {
    const directory = long('little', 20);
    goOn(directory, { ...NONE, historyMillisMax: -1 });
    expect(logOf(directory).groups).toBe(1);
    damageLog(directory, "UPDATE log SET entries = x'00' WHERE structural = 0");
    repairDirectory(directory, 'now');
    expect(goOn(directory, ALL)).toEqual([]);
    expect(repairDirectory(directory, 'later').findings).toEqual([]);
  });

  it('takes over nothing that has gone, from pages that have it still', () => {
    const directory = long('pages', 300);
    goOn(directory, { ...ALL, historyBytesMax: 10_000 });
    const { groups } = logOf(directory);
    damageLog(directory, "UPDATE log SET entries = x'00' WHERE first = 302");
    expect(repairDirectory(directory, 'now').findings).toEqual([
      'the group of entries at position 302 is damaged',
    ]);
    expect(logOf(directory).groups).toBe(groups - 1);
  });

  it('says of the older of two checkpoints too that it is damaged', () => {
    const directory = long('older', 20);
    goOn(directory, ALL, { inputs: 5 });
    damageLog(directory, 'UPDATE checkpoints SET checksum = checksum + 1 WHERE position = 26');
    expect(() => backUp(directory, join(folder, 'older before'))).toThrow(
      'the checkpoint at position 26 is damaged',
    );
    expect(repairDirectory(directory, 'now').findings).toEqual([
      'the checkpoint at position 26 is damaged: itself; a newer one is whole',
    ]);
    backUp(directory, join(folder, 'older after'));
    expect(goOn(directory, ALL)).toEqual([]);
  });
});

describe('a repair says what is lost', () => {
  it('also where a checkpoint led further than the log does, and is damaged', () => {
    const history = new History(join(folder, 'led further'), ALL);
    history.step((core) => core.deploy(bundleOf(labelled())));
    for (const inputs of [20, 40]) {
      for (let i = 0; i < inputs; i++) history.step((core) => core.call('Counter', 'Incr'));
      history.checkpoint();
    }
    history.close();
    damageLog(history.directory, 'DELETE FROM log WHERE first > 30');
    changeIn(history.directory, 'UPDATE checkpoints SET checksum = checksum + 1 WHERE position = 61');
    const { last, findings } = repairDirectory(history.directory, 'now');
    expect(last).toBe(30);
    expect(findings).toContainEqual('the entries from position 31 to 61 at least are lost');
  });
});

describe('a repair leaves nothing for the next to find', () => {
  it('where a checkpoint is made whole without what is damaged in it', () => {
    const history = new History(join(folder, 'salvaged'), NONE).fill(numbers(3));
    history.close();
    const { directory } = history;
    changeIn(directory, "UPDATE kept SET requests = x'00'");
    expect(repairDirectory(directory, 'now').findings.join()).toMatch(/has forgotten \d+ kept requests/);
    backUp(directory, join(folder, 'salvaged after'));
    expect(repairDirectory(directory, 'later').findings).toEqual([]);
  });

  it('where what is left of a log that has lost its end is too much', async () => {
    const directory = long('left', 20);
    goOn(directory, ALL, { inputs: 5 });
    damageLog(directory, 'DELETE FROM log WHERE first > 15');
    expect(repairDirectory(directory, 'now').findings).toHaveLength(1);
    const journal = await DiskJournal.open(directory, { historyMillisMax: -1, historyBytesMax: 0 });
    for await (const _ of journal.read());
    await journal.check();
    await expect.poll(() => logOf(directory).groups).toBe(1);
    await journal.close();
    expect(open(directory)).toMatchObject({ position: 31, notes: [] });
    backUp(directory, join(folder, 'left after'));
    expect(repairDirectory(directory, 'later').findings).toEqual([]);
  });

  it('where a group before the checkpoint is older than what stands before it', () => {
    const directory = long('time', 20);
    retime(directory, 10, 5);
    const told = 'the group of entries at position 10 is older than what stands before it';
    expect(goOn(directory, ALL)).toEqual([expect.stringContaining(told)]);
    expect(() => backUp(directory, join(folder, 'time before'))).toThrow(told);
    expect(repairDirectory(directory, 'now').findings).toEqual([told]);
    backUp(directory, join(folder, 'time after'));
    expect(repairDirectory(directory, 'later').findings).toEqual([]);
    expect(goOn(directory, ALL)).toEqual([]);
  });

  it.each([
    ['inputs', false],
    ['something that was deployed', true],
  ])('where a group before the checkpoint is younger than it, and %s followed', (what, isDeployed) => {
    const history = new History(join(folder, `younger than ${what}`), ALL);
    history.step((core) => core.deploy(bundleOf(labelled())));
    const inputs = (count: number): void => {
      for (let i = 0; i < count; i++) history.step((core) => core.call('Counter', 'Incr'));
    };
    inputs(20);
    if (isDeployed) history.step((core) => core.deploy(bundleOf(account())));
    history.checkpoint();
    const { directory, last: start } = history;
    inputs(5);
    history.close();
    retime(directory, 10, 9_000_000_000_000);
    expect(repairDirectory(directory, 'now')).toMatchObject({
      last: history.last,
      findings: [
        `the group of entries at position 10 is younger than the checkpoint at position ${start}, which stands for it`,
      ],
    });
    expect(open(directory)).toMatchObject({ seen: history.states.get(history.last), notes: [] });
    backUp(directory, join(folder, `younger than ${what} after`));
    expect(repairDirectory(directory, 'later').findings).toEqual([]);
  });

  it('where a group is younger than what was deployed after it, and not than the checkpoint', () => {
    const history = new History(join(folder, 'younger than a deployment'), ALL);
    history.core.time = 1_000;
    history.step((core) => core.deploy(bundleOf(labelled())));
    for (let i = 0; i < 20; i++) history.step((core) => core.call('Counter', 'Incr'));
    history.step((core) => core.deploy(bundleOf(account())));
    history.core.time = 5_000;
    history.step((core) => core.call('Counter', 'Incr'));
    history.checkpoint();
    history.step((core) => core.call('Counter', 'Incr'));
    history.close();
    const { directory, last } = history;
    retime(directory, 10, 4_000);
    const { findings } = repairDirectory(directory, 'now');
    expect(findings).toEqual([
      'the group of entries at position 10 is younger than what was deployed at position 22; the checkpoint at position 23 stands for it',
    ]);
    expect(open(directory)).toMatchObject({ seen: history.states.get(last), notes: [] });
    backUp(directory, join(folder, 'younger than a deployment after'));
    expect(repairDirectory(directory, 'later').findings).toEqual([]);
  });

  it('where a newer checkpoint is damaged, and an older one', () => {
    const directory = long('three', 20);
    goOn(directory, ALL);
    changeIn(
      directory,
      'UPDATE machines SET inputs = inputs + 1 WHERE checkpoint = 22',
      'INSERT INTO checkpoints SELECT 24, time, 1, structure_sum, checksum, refusals FROM checkpoints WHERE position = 23',
    );
    expect(repairDirectory(directory, 'now').findings).toEqual([
      'the checkpoint at position 24 is damaged: itself',
      'the checkpoint at position 22 is damaged: itself; a newer one is whole',
    ]);
    backUp(directory, join(folder, 'three after'));
    expect(repairDirectory(directory, 'later').findings).toEqual([]);
  });

  it('where a row of states is damaged that no checkpoint needs', () => {
    const history = new History(join(folder, 'needless'), ALL).fill(numbers(3));
    history.close();
    const { directory, last } = history;
    changeIn(
      directory,
      `INSERT INTO states SELECT machine, key, position - 1, checksum, state FROM states
         WHERE key LIKE 'k%' ORDER BY position LIMIT 1`,
    );
    expect(repairDirectory(directory, 'now')).toMatchObject({
      last,
      findings: [
        expect.stringMatching(
          /^the state of the instance "k\d" of machine 0 is damaged.*: no checkpoint needs that$/,
        ),
      ],
    });
    const next = new History(directory, ALL);
    expect(next.check()).toEqual([]);
    next.close();
  });
});

describe('a log that ends before a checkpoint', () => {
  const ended = (last: number, checkpoint: number): RegExp =>
    new RegExp(`^the log ends at position ${last}, and led up to position ${checkpoint} before: smc repair`);

  it('ends the start, until a repair has said what is lost', () => {
    const directory = long('short', 300);
    damageLog(directory, 'DELETE FROM log WHERE first > 200');
    expect(() => open(directory)).toThrow(ended(200, 301));
    expect(repairDirectory(directory, 'now').findings).toEqual([
      'the entries from position 201 to 301 are missing, before the checkpoint at position 301, which stands for them',
    ]);
    expect(goOn(directory, ALL)).toEqual([]);
  });

  it('does so where what was set aside before stood at the same positions', () => {
    const directory = long('again', 20);
    const cut = new History(directory, ALL);
    for (let i = 0; i < 5; i++) cut.step((core) => core.call('Counter', LABEL));
    cut.close();
    damageLog(directory, "UPDATE log SET entries = x'00' WHERE first = 26");
    // That end is cut off, and other entries come to stand there.
    goOn(directory, ALL, { inputs: 3 });
    damageLog(directory, 'DELETE FROM log WHERE first > 21');
    expect(() => open(directory)).toThrow(ended(21, 31));
    damageLog(directory, "UPDATE states SET state = x'00' WHERE position = 31");
    expect(() => open(directory)).toThrow(ended(21, 31));
  });

  it('does so where the checkpoint that stands for what was lost is damaged too', () => {
    const directory = long('twice', 20);
    goOn(directory, ALL);
    damageLog(directory, 'DELETE FROM log WHERE first > 22');
    expect(repairDirectory(directory, 'now').findings).toHaveLength(1);
    expect(open(directory).position).toBe(23);
    damageLog(directory, "UPDATE states SET state = x'00' WHERE position = 23");
    expect(() => open(directory)).toThrow(ended(22, 23));
    // The position is given again, so that it is missing where it is lost once more.
    repairDirectory(directory, 'later');
    goOn(directory, ALL);
    damageLog(directory, 'DELETE FROM log WHERE first > 22');
    expect(() => open(directory)).toThrow(ended(22, 24));
  });
});
