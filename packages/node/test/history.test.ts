import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALL, History, NONE, open } from './histories.ts';
import { bundleOf, labelled } from './images.ts';
import { Pages } from './pages.ts';

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

  it('no start reads what is before its checkpoint: damage there is told, and nothing is deleted any more', () => {
    const directory = long('damaged', 300);
    const pages = new Pages(directory);
    const children = pages.childrenOf(pages.rootOf('log'));
    pages.page(children[Math.floor(children.length / 2)]).fill(0xff);
    pages.write();
    const notes = goOn(directory, NONE);
    expect(notes).toEqual([
      expect.stringMatching(
        /^the log is damaged after position \d+, where no start needs it, and nothing of it is deleted any more: smc repair/,
      ),
    ]);
    expect(goOn(directory, NONE)).toEqual(notes);
  });
});
