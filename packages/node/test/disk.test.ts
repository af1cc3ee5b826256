import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { beginThread } from '../src/journal/disk/begin-thread.ts';
import { backUp } from '../src/journal/disk/backup.ts';
import { DiskJournal } from '../src/journal/disk/journal.ts';
import { repairDirectory } from '../src/journal/disk/repair.ts';
import type { LogGroup } from '../src/journal/group.ts';
import { recover, type RecoveryProgress } from '../src/journal/recover.ts';
import { Replay } from '../src/journal/replay.ts';
import { NODE_LIMITS } from '../src/limits.ts';
import { JournalError } from '../src/journal/error.ts';
import type { Recovered } from '../src/ports.ts';
import { advance, type NodeState } from '../src/state.ts';
import { NO_ROWS } from '../src/state-rows.ts';
import { account } from './accounts.ts';
import { Core, snapshot } from './core.ts';
import { bundleOf, counter, labelled, toLabelled, upgradeBundle } from './images.ts';

/** So that turns of a recovery end by bytes alone. */
const STILL = (): number => 0;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'smc-disk-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

async function rebuilt(journal: DiskJournal): Promise<NodeState> {
  let replay = new Replay(NODE_LIMITS);
  for await (const item of journal.read()) {
    if (item.kind === 'begin') replay = new Replay(NODE_LIMITS, 'auto', item.checkpoint);
    else replay.add(item);
  }
  return replay.finish().node;
}

async function contents(journal: DiskJournal): Promise<Recovered[]> {
  const items: Recovered[] = [];
  for await (const item of journal.read()) items.push(item);
  return items;
}

describe('a journal on disk', () => {
  it('gives back what was appended', async () => {
    const core = new Core();
    const first = await DiskJournal.open(join(directory, 'a/b'));
    expect(await contents(first)).toMatchObject([{ kind: 'begin', checkpoint: 0, last: 0, notes: [] }]);
    core.deploy(bundleOf(counter()));
    for (let i = 0; i < 10; i++) core.call('Counter', 'Incr');
    core.deploy(upgradeBundle(labelled(), toLabelled(counter())));
    core.call('Counter', 'Label("x")');
    for (const item of core.journal.read()) if (item.kind === 'group') await first.append([copy(item.group)]);
    await first.close();
    const second = await DiskJournal.open(join(directory, 'a/b'));
    expect(snapshot(await rebuilt(second))).toEqual(snapshot(core.node));
    await second.close();
  });

  it('takes a thread that was begun for it', async () => {
    const thread = beginThread('worker');
    const ended = once(thread, 'exit');
    const journal = await DiskJournal.open(join(directory, 'begun'), { thread });
    expect(await contents(journal)).toMatchObject([{ kind: 'begin', last: 0 }]);
    await journal.close();
    await ended;
    await expect(DiskJournal.open(join(directory, 'begun'), { thread })).rejects.toThrow('has ended');
  });

  it('has checkpoints of their moment, whatever is left to do of the one before and comes meanwhile', async () => {
    const core = new Core();
    const groups: LogGroup[] = [];
    core.journal.append = (more) => void groups.push(...more);
    const journal = await DiskJournal.open(directory, { historyMillisMax: 0, historyBytesMax: 0 });
    await contents(journal);
    core.deploy(bundleOf(counter()));
    let written = Promise.resolve();
    let position = 0;
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 1_000; i++) core.call('Counter', 'Incr');
      await journal.append(groups.splice(0));
      ({ position } = core.node);
      const { head, parts } = core.tracker.begin(core.node);
      written = journal.checkpoint(head, parts);
      if (round < 3) await written;
      core.tracker.end();
    }
    // The groups of two rounds are still to be deleted.
    expect(core.deploy(upgradeBundle(labelled(), toLabelled(counter())))).toBe('Counter upgraded');
    await journal.append(groups.splice(0));
    await written;
    await journal.close();
    const second = await DiskJournal.open(directory);
    const begins = (await contents(second)).filter(({ kind }) => kind === 'begin');
    expect(begins).toMatchObject([{ kind: 'begin', checkpoint: position, last: position + 1, notes: [] }]);
    await second.close();
  });

  it('gives back the history of machines that were removed, and loads nothing of what they ran', async () => {
    const core = new Core({}, NO_ROWS);
    const groups: LogGroup[] = [];
    core.journal.append = (more) => void groups.push(...more);
    const first = await DiskJournal.open(directory);
    await contents(first);
    const upgrade = upgradeBundle(labelled(), toLabelled(counter()));
    core.deploy(bundleOf(counter({ name: 'Stays' })));
    for (let i = 0; i < 2; i++) {
      core.deploy(bundleOf(counter()));
      expect(core.deploy(upgrade)).toBe('Counter upgraded');
      core.remove('Counter');
    }
    // One that could not be loaded.
    const { node: before, log, time } = core;
    const debug = new Uint8Array(512 * 1024);
    const gone = [{ machine: 'Gone', image: Uint8Array.of(1), debug, upgrade: null }];
    log.entry({ kind: 'change', ...advance(before, time), parts: gone, request: null }, before.blobs);
    log.entry({ kind: 'removal', ...advance(before, time), machine: 'Gone', request: null }, before.blobs);
    before.blobs.release('Gone');
    before.deployments++;
    core.deploy(bundleOf(counter()));
    core.call('Counter', 'Incr');
    await first.append(groups.splice(0));
    const { head, parts } = core.tracker.begin(core.node);
    await first.checkpoint(head, parts);
    core.remove('Stays');
    await first.append(groups.splice(0));
    await first.close();
    const second = await DiskJournal.open(directory);
    const told: RecoveryProgress[] = [];
    const progress = (each: RecoveryProgress): void => void told.push(each);
    const { node } = await recover(second, { limits: NODE_LIMITS, stopwatch: STILL, progress });
    // What takes long is code here, before the checkpoint.
    expect(told.map(({ from, at }) => at - from)).toEqual([0, 0]);
    expect(node.histories.get('Gone')!.map(({ kind }) => kind)).toEqual(['deployment', 'removal']);
    node.histories.delete('Gone');
    expect(snapshot(node)).toEqual(snapshot(core.node));
    expect(node.histories).toEqual(core.node.histories);
    expect(node.blobs.bytes).toBe(core.node.blobs.bytes);
    await second.close();
  });

  it('goes on from an older checkpoint where the newest is as it was written, and does not decode', async () => {
    const core = new Core();
    const groups: LogGroup[] = [];
    core.journal.append = (more) => void groups.push(...more);
    const write = async (journal: DiskJournal, refusals: Uint8Array | null): Promise<void> => {
      core.call('Counter', 'Incr');
      await journal.append(groups.splice(0));
      const { head, parts } = core.tracker.begin(core.node);
      await journal.checkpoint(refusals === null ? head : { ...head, refusals }, parts);
      core.tracker.end();
    };
    const history = { historyMillisMax: 0, historyBytesMax: 0 };
    const first = await DiskJournal.open(directory, history);
    await contents(first);
    core.deploy(bundleOf(counter()));
    await write(first, null);
    await write(first, Uint8Array.of(9));
    await first.close();
    const told: RecoveryProgress[] = [];
    const progress = (each: RecoveryProgress): number => told.push(each);
    const options = { limits: NODE_LIMITS, stopwatch: STILL, progress };
    const second = await DiskJournal.open(directory, history);
    const { node } = await recover(second, options);
    expect(snapshot(node)).toEqual(snapshot(core.node));
    expect(told).toMatchObject([
      { from: 3, notes: [] },
      { from: 2, notes: [expect.stringMatching(/^the checkpoint at position 3 is wrong: .*older$/)] },
    ]);
    // It is forgotten then. Where there is no older one, and not all of the log, it ends.
    await contents(second);
    for (let i = 0; i < 3; i++) await write(second, Uint8Array.of(9));
    await second.close();
    const third = await DiskJournal.open(directory, history);
    await expect(recover(third, options)).rejects.toThrow(/no whole checkpoint.*position 5 is wrong/);
    await third.close();
  });

  it.each([
    ['holds no more than the next one finds', 3],
    ['can be backed up, also where none has tidied up', 6],
  ])('of runs that end before they have tidied up %s', async (_, checkpoints) => {
    const core = new Core();
    const groups: LogGroup[] = [];
    core.journal.append = (more) => void groups.push(...more);
    core.deploy(bundleOf(account()));
    for (let run = 0; run < 6; run++) {
      const journal = await DiskJournal.open(directory);
      await contents(journal);
      const checked = checkpoints === 3 ? journal.check() : Promise.resolve();
      for (const key of ['a', 'b']) core.call('Account', 'Deposit(1)', { key });
      await journal.append(groups.splice(0));
      const { head, parts } = core.tracker.begin(core.node);
      await journal.checkpoint(head, parts);
      core.tracker.end();
      await journal.close();
      await checked;
      const database = new DatabaseSync(join(directory, 'journal.db'));
      const { kept } = database.prepare('SELECT count(*) AS kept FROM checkpoints').get() as { kept: number };
      expect(kept).toBeLessThanOrEqual(checkpoints);
      database.close();
      // What an older one counted on may have gone.
      backUp(directory, join(directory, `backup-${run}`));
    }
  });

  it('is not said to be damaged where its lock is', async () => {
    await (await DiskJournal.open(directory)).close();
    const lock = join(directory, 'lock');
    writeFileSync(lock, 'no lock'.repeat(100));
    const told = `${lock} is no lock any more: remove it while no node runs`;
    await expect(DiskJournal.open(directory)).rejects.toThrow(told);
    expect(() => backUp(directory, join(directory, 'backup'))).toThrow(told);
    expect(() => repairDirectory(directory, 'now')).toThrow(told);
    rmSync(lock);
    await (await DiskJournal.open(directory)).close();
  });

  it('is for nobody who can not write its lock', () => {
    writeFileSync(join(directory, 'lock'), '');
    chmodSync(join(directory, 'lock'), 0o444);
    chmodSync(directory, 0o777);
    const words = ['--conditions=source', '--input-type=module', '-e', TAKING, directory];
    const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
    expect([status, stderr]).toEqual([1, expect.stringContaining('EACCES')]);
  });

  it('is for one at a time', async () => {
    const first = await DiskJournal.open(directory);
    const taken = DiskJournal.open(directory);
    await expect(taken).rejects.toThrow(JournalError);
    await expect(taken).rejects.toThrow(new RegExp(`${directory} is in use by process ${process.pid}`));
    // What this process opens and closes again must not take its lock away (POSIX).
    backUp(directory, join(directory, 'backup'));
    const other = spawnSync(process.execPath, ['-e', LOCKING, join(directory, 'lock')], { encoding: 'utf8' });
    expect(other.stderr).toContain('database is locked');
    await first.close();
    await (await DiskJournal.open(directory)).close();
    expect(spawnSync(process.execPath, ['-e', LOCKING, join(directory, 'lock')]).status).toBe(0);
  });
});

/** Takes the lock of a directory, as a program of somebody who is not root. */
const TAKING = `
  import { DirectoryLock } from ${JSON.stringify(new URL('../src/journal/disk/lock.ts', import.meta.url).href)};
  if (process.getuid() === 0) process.setuid(65534);
  DirectoryLock.take(process.argv[1]);`;

/** The same by SQLite alone. */
const LOCKING = `new (require('node:sqlite').DatabaseSync)(process.argv[1]).exec('BEGIN EXCLUSIVE')`;

/** Bytes that are appended are given away. */
function copy<T extends { readonly bytes: Uint8Array }>(group: T): T {
  return { ...group, bytes: group.bytes.slice() };
}
