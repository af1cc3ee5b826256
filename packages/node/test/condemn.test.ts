import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DiskJournal } from '../src/journal/disk/journal.ts';
import { repairDirectory } from '../src/journal/disk/repair.ts';
import { StateReader } from '../src/journal/disk/state-reader.ts';
import { Store } from '../src/journal/disk/store.ts';
import { account, accountWithFee, toFee } from './accounts.ts';
import { ALL, History, NONE, open } from './histories.ts';
import { bundleOf, labelled, upgradeBundle } from './images.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'smc-condemn-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const DAMAGE = 'UPDATE states SET checksum = checksum + 1 WHERE key = ? AND position = ?';

function changeIn(directory: string, sql: string, ...values: (string | number)[]): void {
  const database = new DatabaseSync(join(directory, 'journal.db'));
  expect(database.prepare(sql).run(...values).changes).toBeGreaterThan(0);
  database.close();
}

/** The machines and keys that there are rows of states of. */
function statesIn(directory: string): readonly string[] {
  const database = new DatabaseSync(join(directory, 'journal.db'), { readOnly: true });
  const rows = database.prepare('SELECT DISTINCT machine, key FROM states ORDER BY machine, key').all();
  database.close();
  return rows.map(({ machine, key }) => `${String(machine)} ${String(key)}`);
}

/** What a store has to say, as it goes through all that a start does not. */
function* notesOf(store: Store): Generator<string> {
  for (const note of store.check()) if (note !== null) yield note;
}

/** A journal with two checkpoints, and rows that neither, one or both of them count on. */
class Damaged {
  readonly directory: string;
  readonly history: History;
  /** Of the kept checkpoints, and of one that was let go. */
  readonly positions: readonly [gone: number, older: number, newest: number];

  constructor(name: string, limits: typeof ALL) {
    this.directory = join(folder, name);
    this.history = new History(this.directory, limits);
    const { history } = this;
    history.step((core) => core.deploy(bundleOf(account(), labelled())));
    const [gone, older, newest] = [['old', 'both', 'newest'], ['old', 'both'], ['newest']].map((keys) => {
      for (const key of keys) history.step((core) => core.call('Account', 'Deposit(3)', { key }));
      history.step((core) => core.call('Counter', 'Incr'));
      history.checkpoint();
      return history.last;
    });
    this.positions = [gone, older, newest];
    history.close();
  }

  damage(key: string, position: number): void {
    changeIn(this.directory, DAMAGE, key, position);
  }

  /** What a start says, which gives the node as it was, and then a look at all states; what happens between is to be found by that. */
  start(between = (): void => {}): readonly string[] {
    const { position, seen, notes } = open(this.directory);
    expect(position).toBe(this.history.last);
    expect(seen).toBe(this.history.states.get(position));
    const store = Store.open(this.directory, ALL);
    try {
      for (const _ of store.read());
      between();
      return [...notes, ...notesOf(store)];
    } finally {
      store.close();
    }
  }
}

describe('a damaged state that the newest checkpoint does not count on', () => {
  it('and no other, is set aside, and told of once', () => {
    const damaged = new Damaged('none', NONE);
    const [gone] = damaged.positions;
    damaged.damage('old', gone);
    expect(damaged.start()).toEqual([
      `the state of the instance "old" of machine 0 is damaged, as it was at position ${gone}: no checkpoint needs that, and it was set aside`,
    ]);
    expect(damaged.start()).toEqual([]);
    changeIn(damaged.directory, 'DELETE FROM aside WHERE place = ?', `0 ${gone} old`);
  });

  it.each([
    ['of an instance', 'newest', 0],
    ['of a machine without keys', '', 1],
  ])('%s, and the other one does, costs that alone', (_, key, machine) => {
    const damaged = new Damaged(`older ${machine}`, NONE);
    const [gone, older] = damaged.positions;
    const position = machine === 0 ? gone : older;
    damaged.damage(key, position);
    const what = `the state of the instance "${key}" of machine ${machine} is damaged, as it was at position ${position}`;
    expect(damaged.start()).toEqual([
      `${what}: checkpoints that need that (${older}) do not count any more, and the newest does not need it`,
    ]);
    expect(damaged.start()).toEqual([
      `the checkpoint at position ${older} was found damaged, and does not count`,
      `${what}: no checkpoint needs that, and it was set aside`,
    ]);
    expect(damaged.start()).toEqual([]);
  });

  it('is told of by a journal that is open', async () => {
    const damaged = new Damaged('journal', NONE);
    const [gone] = damaged.positions;
    damaged.damage('old', gone);
    const warnings: string[] = [];
    const journal = await DiskJournal.open(damaged.directory, { warn: (message) => warnings.push(message) });
    for await (const _ of journal.read());
    await journal.check();
    await journal.close();
    expect(warnings.join()).toMatch(/"old" of machine 0 is damaged.*it was set aside$/);
  });

  it('is judged together with those that were read with it, whatever goes meanwhile', () => {
    const damaged = new Damaged('together', NONE);
    const [gone, older] = damaged.positions;
    const store = Store.open(damaged.directory, NONE);
    for (const _ of store.read());
    for (const key of ['both', 'old']) damaged.damage(key, gone);
    const notes = notesOf(store);
    expect(notes.next().value).toContain('"both"');
    // As when an instance is back in its initial state.
    changeIn(damaged.directory, `DELETE FROM states WHERE key = 'old' AND position <= ?`, older);
    expect(notes.next().value).toContain('"old"');
    store.close();
  });
});

it('states of a removed machine go, though the checkpoint that would have let them go was found damaged', () => {
  const directory = join(folder, 'removed');
  const history = new History(directory, NONE);
  history.step((core) => core.deploy(bundleOf(account(), labelled())));
  for (const key of ['a', 'b']) history.step((core) => core.call('Account', 'Deposit(3)', { key }));
  history.checkpoint();
  const older = history.last;
  history.step((core) => core.remove('Account'));
  history.step((core) => core.call('Counter', 'Incr'));
  history.checkpoint();
  history.close();
  changeIn(directory, 'UPDATE checkpoints SET complete = 2 WHERE position = ?', older);
  // Its rows stay until a start has deleted the checkpoint: a repair may count it again.
  const before = Store.open(directory, NONE);
  expect([...notesOf(before)]).toEqual([]);
  before.close();
  expect(statesIn(directory)).toEqual(['0 a', '0 b', '1 ']);
  const after = Store.open(directory, NONE);
  for (const _ of after.read());
  expect([...notesOf(after)]).toEqual([]);
  after.close();
  expect(statesIn(directory)).toEqual(['1 ']);
  expect(open(directory).seen).toBe(history.states.get(history.last));
});

describe('a damaged state that the newest checkpoint counts on', () => {
  it('though it says that it is another one, ends the node', () => {
    const damaged = new Damaged('another', NONE);
    const [, older] = damaged.positions;
    const damage = (): void =>
      changeIn(
        damaged.directory,
        `UPDATE states SET key = 'newest' WHERE key = 'both' AND position = ?`,
        older,
      );
    expect(() => damaged.start(damage)).toThrow(
      /damaged: states of Account are missing; nothing is answered/,
    );
    expect(() => damaged.start()).toThrow(/smc repair/);
  });

  it.each([
    [
      'and the older one not',
      NONE,
      'newest',
      /the next start goes on from the checkpoint at position \d+, if/,
    ],
    [
      'as does the older one, beside all of the log',
      ALL,
      'both',
      /the next start goes through all of the log$/,
    ],
  ])('%s, ends the node, and the next start goes on from what is older', (name, limits, key, next) => {
    const damaged = new Damaged(name, limits);
    const [, older, newest] = damaged.positions;
    const damage = (): void => damaged.damage(key, key === 'both' ? older : newest);
    expect(() => damaged.start(damage)).toThrow(next);
    expect(damaged.start().join()).toMatch(/was found damaged, and does not count/);
    expect(damaged.start()).toEqual([]);
  });

  it('as does the older one, without the log before it, ends the node, and needs a repair', () => {
    const damaged = new Damaged('repair', NONE);
    const [since, older, newest] = damaged.positions;
    const read = join(folder, 'read');
    cpSync(damaged.directory, read, { recursive: true });
    const needed = /no whole checkpoint is left, and not all that came before: smc repair/;
    expect(() => damaged.start(() => damaged.damage('both', older))).toThrow(needed);
    expect(() => damaged.start()).toThrow(/no whole checkpoint.*smc repair/);
    // Whoever reads it says the same.
    const reader = new StateReader(read);
    changeIn(read, DAMAGE, 'both', older);
    expect(() => reader.read({ machine: 0, since, position: newest }, 'both')).toThrow(needed);
    reader.close();
    const { findings, last } = repairDirectory(damaged.directory, 'now');
    expect(findings.join()).toMatch(/"both"/);
    // Only that instance is as it was before.
    expect(last).toBe(damaged.history.last);
    const { notes } = open(damaged.directory);
    expect(notes).toEqual([]);
    const whole = new StateReader(damaged.directory);
    const keys = whole
      .page({ machine: 0, since, position: newest }, '')
      .filter(({ state }) => state !== null);
    expect(keys.map(({ key }) => key)).toEqual(['both', 'newest', 'old']);
    whole.close();
  });
});

it('a checkpoint that was found damaged, and is whole, counts again after a repair, which says so', () => {
  const damaged = new Damaged('whole', NONE);
  const [, , newest] = damaged.positions;
  changeIn(damaged.directory, 'UPDATE checkpoints SET complete = 2');
  expect(() => damaged.start()).toThrow(/no whole checkpoint.*smc repair/);
  expect(repairDirectory(damaged.directory, 'now').findings).toEqual([
    `the checkpoint at position ${newest} did not count any more, and is whole as it is read now: it counts again`,
  ]);
  expect(damaged.start()).toEqual([]);
});

it('a node as it was just before damage in the log is better than a checkpoint that is damaged as well', () => {
  const damaged = new Damaged('just before', ALL);
  const { directory, history } = damaged;
  changeIn(directory, 'UPDATE log SET checksum = checksum + 1 WHERE first = ?', history.last);
  changeIn(directory, 'UPDATE states SET checksum = checksum + 1');
  const { last } = repairDirectory(directory, 'now');
  expect(last).toBe(history.last - 1);
  expect(open(directory).seen).toBe(history.states.get(last));
});

it('the states of a machine whose first checkpoint is being written stay, whatever is looked through meanwhile', () => {
  const history = new History(join(folder, 'first checkpoint'), ALL);
  history.step((core) => core.deploy(bundleOf(labelled())));
  history.checkpoint();
  history.step((core) => core.deploy(bundleOf(account())));
  for (const key of ['a', 'b', 'c']) history.step((core) => core.call('Account', 'Deposit(3)', { key }));
  let written: readonly string[] = [];
  for (const _ of history.checkpointing()) {
    expect(history.check()).toEqual([]);
    // What was there once is there to the end.
    const there = statesIn(history.directory);
    expect(there).toEqual(expect.arrayContaining([...written]));
    written = there;
  }
  expect(written).toEqual(expect.arrayContaining(['1 a', '1 b', '1 c']));
  const { last } = history;
  history.close();
  expect(open(history.directory)).toMatchObject({
    position: last,
    seen: history.states.get(last),
    notes: [],
  });
});

it('a checkpoint tells how many rows of states there are, also of a machine that was written anew', () => {
  const history = new History(join(folder, 'rows'), NONE);
  const [A, B] = [account(), accountWithFee()];
  history.step((core) => core.deploy(bundleOf(A)));
  for (let round = 0; round < 4; round++) {
    for (const key of ['a', 'b', 'c', `d${round}`])
      history.step((core) => core.call('Account', round < 2 ? 'Deposit(3)' : 'Deposit(3, "x")', { key }));
    if (round === 1)
      history.step((core) => expect(core.deploy(upgradeBundle(B, toFee(A)))).toBe('Account upgraded'));
    history.checkpoint();
    const database = new DatabaseSync(join(history.directory, 'journal.db'), { readOnly: true });
    const counted = database
      .prepare(
        `SELECT rows, rows_sum, count(*) AS there, sum(states.checksum) % 4294967296 AS sum FROM machines
           JOIN states ON states.machine = machines.machine AND position BETWEEN since AND checkpoint
           WHERE checkpoint = ?`,
      )
      .get(history.last);
    database.close();
    expect(counted).toMatchObject({ rows: counted?.['there'], rows_sum: counted?.['sum'] });
  }
  history.close();
});
