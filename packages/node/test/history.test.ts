import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backUp } from '../src/journal/disk/backup.ts';
import { repairDirectory } from '../src/journal/disk/repair.ts';
import { ALL, History, NONE, open } from './histories.ts';
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
  });

  // There are checkpoints at positions 451 and 601.
  it.each([
    [
      'an entry is damaged',
      "UPDATE log SET entries = x'00' WHERE first = 100",
      'the entry at position 100 is damaged',
    ],
    [
      'a number is damaged',
      'UPDATE log SET checksum = 9007199254740993 WHERE first = 100',
      'the entry at position 100 is damaged',
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
    changeIn(directory, 'PRAGMA secure_delete = ON', sql);
    const backup = (to: string): void => backUp(directory, join(folder, `${name} ${to}`));
    expect(() => backup('before')).toThrow(what);
    const history = new History(directory, ALL);
    expect(history.check()).toEqual([expect.stringContaining(`${what}, where no start needs it now`)]);
    history.close();
    // Which are missing where the repair could not read them.
    const [place] = what.split(/ (?:is|are) /);
    expect(repairDirectory(directory, 'now').findings.join()).toContain(place);
    expect(goOn(directory, ALL)).toEqual([]);
    backup('after');
    expect(repairDirectory(directory, 'later').findings).toEqual([]);
  });

  it('what goes while it is looked at is not missing', () => {
    const directory = long('meanwhile', 3_000);
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

it('a log that ends before a checkpoint ends the start, until a repair has said what is lost', () => {
  const directory = long('short', 300);
  changeIn(directory, 'PRAGMA secure_delete = ON', 'DELETE FROM log WHERE first > 200');
  expect(() => open(directory)).toThrow(
    /^the log ends at position 200, and there was a checkpoint at position 301: smc repair/,
  );
  expect(repairDirectory(directory, 'now').findings).toEqual([
    'the entries from position 201 to 301 are missing, before the checkpoint at position 301, which stands for them',
  ]);
  expect(goOn(directory, ALL)).toEqual([]);
});
