import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repairDirectory } from '../src/journal/disk/repair.ts';
import { account } from './accounts.ts';
import { ALL, copyKilled, History, open } from './histories.ts';
import { bundleOf, labelled } from './images.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'smc-outlived-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Of SQLite's log. */
const FRAME_BYTES = 24 + 4_096;

describe('a reader that outlives its node', () => {
  /** A journal whose node was killed beside a reader, who knows what SQLite has taken of the log. */
  function killedBeside(name: string): { directory: string; history: History; reader: DatabaseSync } {
    const running = join(folder, name);
    const history = new History(running, ALL);
    history.step((core) => core.deploy(bundleOf(account(), labelled())));
    for (let i = 0; i < 30; i++) history.step((core) => core.call('Counter', 'Incr'));
    const directory = join(folder, `${name} killed`);
    copyKilled(running, directory);
    const reader = new DatabaseSync(join(directory, 'journal.db'), { readOnly: true });
    reader.exec('BEGIN; SELECT count(*) FROM log');
    return { directory, history, reader };
  }

  it('has no commit cut off that was acknowledged, though it is damaged by now', () => {
    const { directory, history, reader } = killedBeside('outlived');
    const wal = join(directory, 'journal.db-wal');
    const before = readFileSync(wal);
    before[32 + 20 * FRAME_BYTES + 2_000] ^= 1;
    writeFileSync(wal, before);
    expect(() => open(directory)).toThrow(
      /is damaged, and \d+ commits follow on that, which were acknowledged/,
    );
    expect(readFileSync(wal).equals(before)).toBe(true);
    reader.close();
    expect(repairDirectory(directory, 'now').last).toBe(history.last);
    expect(open(directory).seen).toBe(history.states.get(history.last));
    history.close();
  });

  it('has cut off what it does not know, though it is whole', () => {
    const { directory, history, reader } = killedBeside('unknown');
    const wal = join(directory, 'journal.db-wal');
    const end = readFileSync(wal).length;
    history.step((core) => core.call('Counter', `Label("${'x'.repeat(40_000)}")`));
    // Whole, and not counted: its node was killed before that.
    writeFileSync(wal, readFileSync(join(history.directory, 'journal.db-wal')));
    history.close();
    const next = new History(directory, ALL);
    expect(next.last).toBe(history.last - 1);
    next.step((core) => core.call('Counter', 'Incr'));
    expect(readFileSync(wal).length).toBeLessThan(end + 5 * FRAME_BYTES);
    reader.close();
    next.close();
    expect(open(directory).seen).toBe(next.states.get(next.last));
  });
});
