import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { slicesOf } from '../src/journal/checkpoint.ts';
import { backUp, restore } from '../src/journal/disk/backup.ts';
import { noteEnd } from '../src/journal/disk/log-end.ts';
import { repairDirectory } from '../src/journal/disk/repair.ts';
import { replaceJournal } from '../src/journal/disk/salvage.ts';
import { Store } from '../src/journal/disk/store.ts';
import { exposedTo, WalWatch } from '../src/journal/disk/watch.ts';
import { account, accountWithFee, toFee } from './accounts.ts';
import { Core, replayed } from './core.ts';
import { bundleOf, counter, upgradeBundle } from './images.ts';

const ALL = { historyMillisMax: Number.POSITIVE_INFINITY, historyBytesMax: Number.POSITIVE_INFINITY };

let folder: string;
let directory: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'smc-files-'));
  directory = join(folder, 'data');
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** A store that holds a machine, an upgrade of it, another machine, and some inputs: each a commit. */
function filled(core = new Core()): Store {
  const store = Store.open(directory, ALL);
  for (const _ of store.read());
  const { journal } = core;
  journal.append = (groups) => store.append(groups);
  core.deploy(bundleOf(account()));
  core.call('Account', 'Deposit(3)', { key: 'a' });
  core.deploy(upgradeBundle(accountWithFee(), toFee(account())));
  core.deploy(bundleOf(counter()));
  for (let i = 0; i < 5; i++) core.call('Counter', 'Incr');
  return store;
}

/** The position that a node comes to. */
function position(place = directory): number {
  const store = Store.open(place, ALL);
  try {
    return replayed([...store.read()]).position;
  } finally {
    store.close();
  }
}

function change(sql: string): void {
  const database = new DatabaseSync(join(directory, 'journal.db'));
  database.exec(sql);
  database.close();
}

/** What stays of a store when its process is killed, in a directory of its own. */
function killed(store: Store): string {
  const place = join(folder, 'killed');
  mkdirSync(place);
  for (const name of ['journal.db', 'journal.db-wal']) copyFileSync(join(directory, name), join(place, name));
  store.close();
  return place;
}

/** By whoever opens it. */
function refusedWith(told: string): void {
  expect(() => Store.open(directory, ALL)).toThrow(told);
  expect(() => backUp(directory, join(folder, 'backup'))).toThrow(told);
  expect(() => repairDirectory(directory, 'now')).toThrow(told);
}

describe('the files of a journal', () => {
  it('are synced with each commit that is acknowledged, and with no other', () => {
    const levels: string[] = [];
    const { prepare } = DatabaseSync.prototype as {
      prepare: (this: DatabaseSync, sql: string) => StatementSync;
    };
    vi.spyOn(DatabaseSync.prototype, 'prepare').mockImplementation(function (this: DatabaseSync, sql) {
      const statement = prepare.call(this, sql);
      if (sql !== 'COMMIT') return statement;
      const run = statement.run.bind(statement) as () => ReturnType<StatementSync['run']>;
      statement.run = () => {
        const mode = prepare.call(this, 'PRAGMA journal_mode').get()?.['journal_mode'];
        const level = prepare.call(this, 'PRAGMA synchronous').get()?.['synchronous'];
        levels.push(`${String(mode)} ${String(level)}`);
        return run();
      };
      return statement;
    });
    const core = new Core();
    const store = filled(core);
    // FULL in WAL mode: https://sqlite.org/pragma.html#pragma_synchronous
    expect(levels).toEqual(Array.from({ length: 9 }, () => 'wal 2'));
    const { head, parts } = core.tracker.begin(core.node);
    store.beginCheckpoint(head);
    for (const slice of slicesOf(parts)) store.addSlice(slice);
    const slices = levels.splice(0).slice(9);
    expect(slices.length).toBeGreaterThan(1);
    // They count with the commit that seals them.
    expect(new Set(slices)).toEqual(new Set(['wal 1']));
    core.call('Counter', 'Incr');
    expect(levels.splice(0)).toEqual(['wal 2']);
    store.endCheckpoint().next();
    expect(levels).toEqual(['wal 2']);
    store.close();
  });

  it('are for their owner alone', () => {
    const store = filled();
    const modes = readdirSync(directory).map(
      (name) => `${name} ${(statSync(join(directory, name)).mode & 0o777).toString(8)}`,
    );
    expect(modes.toSorted()).toEqual([
      'journal.db 600',
      'journal.db-shm 600',
      'journal.db-wal 600',
      'lock 600',
      'owner.json 600',
      'used 600',
    ]);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    const file = join(folder, 'backup.smcb');
    backUp(directory, file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    store.close();
    expect(exposedTo(directory)).toBe(null);
    chmodSync(join(directory, 'journal.db'), 0o644);
    expect(exposedTo(directory)).toBe(null);
    chmodSync(directory, 0o755);
    expect(exposedTo(directory)).toMatch(/other users .* chmod 700 /);
  });

  it('are taken as they are where the log has more than a process can take at once', () => {
    const place = killed(filled());
    // A hole: what a long reader leaves is as large, and as quickly read over.
    truncateSync(join(place, 'journal.db-wal'), 2 ** 31 + 2 ** 24);
    expect(position(place)).toBe(9);
  });

  it('are waited for while another program has them locked, and where that takes too long it is said', async () => {
    const store = filled();
    const group = { isStructural: false, first: 10, count: 1, time: 0, bytes: new Uint8Array(1), blobs: [] };
    // Another process: this one stands still until it has the lock.
    const script = `const { DatabaseSync } = require('node:sqlite');
      const database = new DatabaseSync(process.argv[1]);
      database.exec('BEGIN IMMEDIATE');
      console.log('locked');
      setTimeout(() => database.exec('ROLLBACK'), 500);`;
    const holder = spawn(process.execPath, ['-e', script, join(directory, 'journal.db')]);
    await once(holder.stdout, 'data');
    store.append([group]);
    const other = new DatabaseSync(join(directory, 'journal.db'));
    other.exec('BEGIN IMMEDIATE');
    const message =
      /^the journal can not be written \(database is locked\): another program has held .*journal\.db for 5 seconds; fuser /;
    expect(() => store.append([{ ...group, first: 11 }])).toThrow(message);
    other.close();
    // What is on disk is not known to it any more.
    expect(() => store.append([{ ...group, first: 11 }])).toThrow(message);
    store.close();
  });

  it('are watched for a log that grows', () => {
    mkdirSync(directory);
    const warned: string[] = [];
    const watch = new WalWatch(directory, (message) => warned.push(message), 1_000);
    expect(watch.bytes).toBe(0);
    const look = (): void => {
      for (let i = 0; i < 1_024; i++) watch.appended();
    };
    for (const bytes of [999, 1_000, 1_500, 2_500, 3_900, 4_000]) {
      writeFileSync(join(directory, 'journal.db-wal'), new Uint8Array(bytes));
      look();
    }
    expect(warned).toHaveLength(3);
    expect(warned[0]).toMatch(/journal\.db-wal has 0 MiB: .* fuser -v .*journal\.db-wal tells which/);
  });

  it.each([
    ['a file', () => writeFileSync(directory, ''), /^\S+ is a file and no directory$/],
    ['a link to nothing', () => symlinkSync('nothing', directory), /is not a directory: --data takes one/],
    ['where no directory can be', () => (directory = '/proc/x'), /no directory can be made at \/proc\/x/],
  ])('are not made in %s', (_, make, message) => {
    make();
    expect(() => Store.open(directory, ALL)).toThrow(message);
  });
});

it('what a repair left that was broken off goes with the next start', () => {
  filled().close();
  const left = ['before', 'before-wal', 'around', 'alone'].map((name) =>
    join(directory, `journal.db.repairing-${name}`),
  );
  for (const name of left) writeFileSync(name, 'x');
  mkdirSync(join(directory, 'journal.db.repairing'));
  Store.open(directory, ALL).close();
  for (const name of [...left, join(directory, 'journal.db.repairing')])
    expect(existsSync(name), name).toBe(false);
});

describe('a directory that has lost its journal', () => {
  const remove = (): void => rmSync(join(directory, 'journal.db'));

  it.each([
    ['gone', 'has no journal\\.db', remove],
    ['empty', 'nothing is in journal\\.db', (): void => writeFileSync(join(directory, 'journal.db'), '')],
  ])('that is %s does not pass for a new one', (_, what, lose) => {
    filled().close();
    lose();
    const lost = new RegExp(
      `^\\S+ had a journal, and ${what} any more: put it back, or (remove journal\\.db and )?have smc restore`,
    );
    for (let i = 0; i < 2; i++) expect(() => Store.open(directory, ALL)).toThrow(lost);
    expect(() => Store.open(directory, ALL)).toThrow(
      existsSync(join(directory, 'journal.db')) ? 'remove journal.db and have' : 'or have',
    );
    rmSync(join(directory, 'used'));
    Store.open(directory, ALL).close();
  });

  it('does not pass for a new one either beside what a start leaves that was killed before it wrote', () => {
    filled().close();
    writeFileSync(join(directory, 'journal.db-wal'), '');
    for (const [lose, left] of [
      [() => writeFileSync(join(directory, 'journal.db'), ''), 'journal.db, journal.db-wal'],
      [remove, 'journal.db-wal'],
    ] as const) {
      lose();
      expect(() => Store.open(directory, ALL)).toThrow(`put it back, or remove ${left} and have smc restore`);
    }
  });

  it('nor where it had that of a backup, and never a start', () => {
    filled().close();
    backUp(directory, join(folder, 'backup'));
    directory = join(folder, 'restored');
    restore(join(folder, 'backup'), directory);
    remove();
    expect(() => Store.open(directory, ALL)).toThrow(/ had a journal, and has no journal\.db any more/);
  });

  it('is not left open where it can not be marked as one', () => {
    filled().close();
    rmSync(join(directory, 'used'));
    symlinkSync('/nowhere/used', join(directory, 'used'));
    expect(() => Store.open(directory, ALL)).toThrow(/ENOENT/);
    const open = readdirSync('/proc/self/fd').flatMap((name) => {
      const file = `/proc/self/fd/${name}`;
      return existsSync(file) ? [readlinkSync(file)] : [];
    });
    expect(open.filter((file) => file.startsWith(directory))).toEqual([]);
  });

  it('is none where a first start was broken off', () => {
    mkdirSync(directory);
    for (const name of ['lock', 'journal.db']) writeFileSync(join(directory, name), '');
    Store.open(directory, ALL).close();
  });

  it('is not looked for behind a link: its log would be elsewhere', () => {
    filled().close();
    const journal = join(directory, 'journal.db');
    renameSync(journal, join(folder, 'elsewhere'));
    symlinkSync(join(folder, 'elsewhere'), journal);
    refusedWith(`${journal} is a symbolic link: link the directory that the file is in, or name that`);
    renameSync(directory, join(folder, 'moved'));
    symlinkSync(join(folder, 'moved'), directory);
    rmSync(journal);
    renameSync(join(folder, 'elsewhere'), journal);
    expect(position()).toBeGreaterThan(0);
  });

  it('is not looked for by one of two names: each would have its own log', () => {
    filled().close();
    const journal = join(directory, 'journal.db');
    linkSync(journal, join(folder, 'other'));
    refusedWith(`${journal} has another name (a hard link), by which it can be written too`);
    rmSync(join(folder, 'other'));
    expect(position()).toBe(9);
  });

  it('takes a backup, of which another one into the same file is not a part', () => {
    filled().close();
    const file = join(folder, 'twice');
    const killed = `${file}.draft-4194304`;
    writeFileSync(killed, 'what is left of one that was killed');
    const other = `${file}.draft-1`;
    writeFileSync(other, 'what another process writes');
    const own = `${file}.draft-2024-notes`;
    writeFileSync(own, 'of the user');
    backUp(directory, file);
    expect([killed, other, own].map((each) => existsSync(each))).toEqual([false, true, true]);
    expect(() => backUp(directory, file)).toThrow(`${file} is there already`);
  });

  it('takes a backup', () => {
    filled().close();
    backUp(directory, join(folder, 'backup'));
    const before = position();
    rmSync(join(directory, 'journal.db'));
    restore(join(folder, 'backup'), directory);
    expect(position()).toBe(before);
  });

  it('is told where a restore was broken off, which can be repeated', () => {
    filled().close();
    const before = position();
    backUp(directory, join(folder, 'backup'));
    const other = join(folder, 'other');
    mkdirSync(other);
    copyFileSync(join(folder, 'backup'), join(other, 'journal.db.draft'));
    expect(() => Store.open(other, ALL)).toThrow(
      /^smc restore was broken off in \S+: repeat it, or remove \S+draft$/,
    );
    restore(join(folder, 'backup'), other);
    expect(position(other)).toBe(before);
  });

  it('is none where a restore came to nothing', () => {
    mkdirSync(directory);
    writeFileSync(join(folder, 'no backup'), 'x'.repeat(5_000));
    expect(() => restore(join(folder, 'no backup'), directory)).toThrow(/is no journal of a node/);
    Store.open(directory, ALL).close();
  });
});

describe('a log of which groups are damaged', () => {
  const damage = (...firsts: readonly number[]): void =>
    change(`UPDATE log SET checksum = checksum + 1 WHERE first IN (${firsts.join()})`);
  /** Of the groups that are left, and of those that were set aside. */
  const places = (): readonly unknown[] => {
    const database = new DatabaseSync(join(directory, 'journal.db'), { readOnly: true });
    const log = database.prepare('SELECT first FROM log ORDER BY first').all();
    const aside = database.prepare('SELECT place FROM aside ORDER BY place').all();
    database.close();
    return [log.map(({ first }) => first), aside.map(({ place }) => place)];
  };

  /** As a crash leaves it, long after it was noted where it ends. */
  const crashed = (): void => {
    filled().close();
    const database = new DatabaseSync(join(directory, 'journal.db'));
    noteEnd(database, 1);
    database.close();
  };

  it('is cut at the last that is whole, and at no other', () => {
    crashed();
    damage(8, 9);
    expect(position()).toBe(7);
    expect(places()).toEqual([
      [1, 2, 3, 4, 5, 6, 7],
      ['8 1', '9 1'],
    ]);
    damage(5, 7);
    // What is whole behind damage was acknowledged.
    expect(() => position()).toThrow(/the log is damaged at position 5 .*, and goes on after it: smc repair/);
    // Nor is an end cut off by a start that is refused.
    expect(places()).toEqual([
      [1, 2, 3, 4, 5, 6, 7],
      ['8 1', '9 1'],
    ]);
  });

  it('is not cut where that is more than one write may leave behind', () => {
    crashed();
    change('UPDATE log SET entries = zeroblob(40000) WHERE first >= 8');
    expect(() => position()).toThrow(/the log is damaged at position 8 /);
    expect(places()).toEqual([[1, 2, 3, 4, 5, 6, 7, 8, 9], []]);
  });
});

describe('a backup', () => {
  it('is compared with its checksums when it is made, and when it is restored', () => {
    filled().close();
    const file = join(folder, 'backup.smcb');
    backUp(directory, file);
    const other = join(folder, 'other');
    const told: number[] = [];
    restore(file, other, (done) => told.push(done));
    expect(position(other)).toBe(9);
    change("UPDATE log SET entries = x'00' WHERE first = 6");
    expect(() => backUp(directory, join(folder, 'second'))).toThrow(
      /journal\.db is damaged: the group of entries at position 6 is damaged; smc repair/,
    );
    expect(readdirSync(folder).toSorted()).toEqual(['backup.smcb', 'data', 'other']);
  });

  it('is a file, and there', () => {
    filled().close();
    const other = join(folder, 'other');
    expect(() => restore(directory, other)).toThrow(
      /data is a directory, and a backup is a file: smc backup/,
    );
    expect(() => restore(join(folder, 'gone'), other)).toThrow(/^there is no .*gone$/);
    expect(readdirSync(folder)).toEqual(['data']);
  });

  it('that passes its checks can be started, whatever is said of where an image came first', () => {
    filled().close();
    change('UPDATE images SET first = first + 1000');
    const file = join(folder, 'backup.smcb');
    backUp(directory, file);
    restore(file, join(folder, 'other'));
    expect(position(join(folder, 'other'))).toBe(9);
    expect(position()).toBe(9);
    expect(repairDirectory(directory, 'now').findings).toEqual([]);
  });

  it.each([
    [
      'an entry',
      "UPDATE log SET entries = x'00' WHERE first = 6",
      /the group of entries at position 6 is damaged/,
    ],
    ['a gap', 'DELETE FROM log WHERE first = 6', /the entry at position 6 is missing/],
    ['an image', "UPDATE images SET bytes = x'00' WHERE first = 3", /the image, upgrade or debug data/],
    ['a lost image', 'DELETE FROM images WHERE first = 3', /of Account at position 3 is missing/],
    ['a table', 'DROP TABLE kept', /has no table kept/],
  ])('with %s damaged is not restored, and nothing is left of it', (_, sql, message) => {
    filled().close();
    change(sql);
    const other = join(folder, 'other');
    const file = join(directory, 'journal.db');
    expect(() => restore(file, other)).toThrow(message);
    expect(existsSync(other)).toBe(false);
    mkdirSync(other);
    expect(() => restore(file, other)).toThrow(message);
    expect(readdirSync(other).filter((name) => name.startsWith('journal'))).toEqual([]);
  });

  it('is not made where it can not be written', () => {
    filled().close();
    const file = join(folder, 'nowhere', 'backup.smcb');
    expect(() => backUp(directory, file)).toThrow(
      /nowhere\/backup\.smcb can not be written: there is no directory \S+nowhere$/,
    );
  });

  it('is no file of another kind', () => {
    const file = join(folder, 'text');
    writeFileSync(file, 'hello\n'.repeat(1_000));
    expect(() => restore(file, directory)).toThrow(
      /text is no journal of a node, or its beginning is damaged/,
    );
  });

  it('is no journal with a log beside it', () => {
    const store = filled();
    expect(() => restore(join(directory, 'journal.db'), join(folder, 'other'))).toThrow(
      /journal\.db-wal is there, so that .* is no backup but a journal.*smc backup/,
    );
    store.close();
  });

  it('is not restored beside what is left of another journal', () => {
    const file = join(folder, 'backup.smcb');
    const store = filled();
    backUp(directory, file);
    const place = killed(store);
    const before = readFileSync(join(place, 'journal.db-wal'));
    renameSync(join(place, 'journal.db'), join(place, 'old.db'));
    expect(() => restore(file, place)).toThrow(/has a part of a journal \(journal\.db-wal\) already/);
    expect(readFileSync(join(place, 'journal.db-wal')).equals(before)).toBe(true);
    expect(() => restore(file, directory)).toThrow(/has a journal already/);
  });

  it('leaves the log of a node that was killed where it is', () => {
    const place = killed(filled());
    const before = readFileSync(join(place, 'journal.db-wal'));
    const file = join(folder, 'backup.smcb');
    backUp(place, file);
    expect(readFileSync(join(place, 'journal.db-wal')).equals(before)).toBe(true);
    restore(file, join(folder, 'other'));
    expect(position(join(folder, 'other'))).toBe(9);
  });
});

describe('a repair', () => {
  const images = 'FROM images WHERE first = 3 AND digest = (SELECT min(digest) FROM images WHERE first = 3)';

  it.each([
    [
      'damaged',
      `UPDATE images SET bytes = x'00' WHERE digest = (SELECT digest ${images})`,
      /is damaged: smc repair/,
    ],
    ['gone', `DELETE ${images}`, /of Account at position 3 is missing: smc repair/],
  ])('says of an image that is %s which machine needs it, and sets aside what does', (_, sql, message) => {
    filled().close();
    change(sql);
    expect(() => position()).toThrow(message);
    const { findings, last } = repairDirectory(directory, 'now');
    expect(findings.join('\n')).toMatch(
      /the (image|upgrade|debug data) [0-9a-f]{64} is lost, which the version of Account at position 3 is of/,
    );
    expect(last).toBe(2);
    expect(position()).toBe(2);
    const database = new DatabaseSync(join(directory, 'journal.db'), { readOnly: true });
    const { left } = database.prepare("SELECT count(*) AS left FROM aside WHERE source = 'log'").get() ?? {};
    expect(left).toBe(7);
    database.close();
    expect(repairDirectory(directory, 'again').findings).toEqual([]);
    // What was sent with the deployment that is gone can be sent again.
    const store = Store.open(directory, ALL);
    const core = Object.assign(new Core(), { node: replayed([...store.read()]) });
    core.journal.append = (groups) => store.append(groups);
    expect(core.deploy(upgradeBundle(accountWithFee(), toFee(account())))).toBe('Account upgraded');
    store.close();
    expect(position()).toBe(3);
  });

  it.each(['aside', 'kept', 'sessions', 'checkpoints', 'states', 'machines'])(
    'makes the table %s anew where it is gone',
    (table) => {
      filled().close();
      change(`DROP TABLE ${table}`);
      expect(() => position()).toThrow(new RegExp(`has no table ${table}: smc repair`));
      const { findings, last } = repairDirectory(directory, 'now');
      expect(findings).toEqual([`the table ${table} can not be read as a whole: no such table: ${table}`]);
      expect(last).toBe(9);
      expect(position()).toBe(9);
    },
  );

  it.each([
    [
      'a later version',
      'PRAGMA user_version = 5; ALTER TABLE kept ADD COLUMN shard INTEGER',
      /of version 5, and/,
    ],
    [
      'an earlier version',
      'PRAGMA user_version = 3',
      /of version 3, and this smc reads version 4: use the smc/,
    ],
  ])('leaves a journal of %s as it is', (_, sql, message) => {
    filled().close();
    change(sql);
    const before = readFileSync(join(directory, 'journal.db'));
    expect(() => repairDirectory(directory, 'now')).toThrow(message);
    expect(readFileSync(join(directory, 'journal.db')).equals(before)).toBe(true);
    expect(existsSync(join(directory, 'journal.db.repairing-before'))).toBe(false);
  });

  it('leaves a database of another program as it is, and mends a journal that has lost what it says it is', () => {
    filled().close();
    change('PRAGMA application_id = 7');
    expect(repairDirectory(directory, 'now').last).toBe(9);
    expect(position()).toBe(9);
    rmSync(join(directory, 'journal.db'));
    change('CREATE TABLE customers (name TEXT)');
    expect(() => repairDirectory(directory, 'again')).toThrow(
      /journal\.db is no journal of a node, or nothing of one/,
    );
  });

  it('is whole where a crash came in the middle of it', () => {
    const place = killed(filled());
    const repaired = join(folder, 'journal.db.repairing-before');
    copyFileSync(join(place, 'journal.db'), repaired);
    copyFileSync(join(place, 'journal.db-wal'), `${repaired}-wal`);
    const database = new DatabaseSync(repaired);
    database.exec('DELETE FROM log WHERE first > 8; PRAGMA journal_mode = DELETE');
    database.close();
    // As at a crash: the log is still that of the other one.
    renameSync(repaired, join(place, 'journal.db.repaired'));
    expect(position(place)).toBe(8);
    expect(existsSync(join(place, 'journal.db.repaired'))).toBe(false);
    const again = join(folder, 'journal.db.repairing-before');
    copyFileSync(join(place, 'journal.db'), again);
    appendFileSync(join(place, 'journal.db-wal'), 'what is not of it');
    replaceJournal(place, again);
    expect(readdirSync(place).filter((name) => name.startsWith('journal'))).toEqual(['journal.db']);
    expect(position(place)).toBe(8);
  });
});
