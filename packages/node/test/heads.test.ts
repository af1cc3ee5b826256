import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backUp, restore } from '../src/journal/disk/backup.ts';
import { repairDirectory } from '../src/journal/disk/repair.ts';
import { JournalError } from '../src/journal/error.ts';
import { account, accountWithFee, toFee } from './accounts.ts';
import { ALL, History, open } from './histories.ts';
import { bundleOf, labelled, upgradeBundle } from './images.ts';

// Journals of which the first page is damaged, which leads to all tables, or that are cut short.

const PAGE_BYTES = 4_096;
/** Of the header: what version a journal is of. */
const VERSION_AT = 60;

let folder: string;
let last: string;
/** A journal as its node left it, and one that was restored from its backup. */
const kinds = ['made', 'restored'] as const;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'smc-heads-'));
  const history = new History(join(folder, 'made'), ALL);
  history.step((core) => core.deploy(bundleOf(account(), labelled())));
  for (let i = 0; i < 30; i++)
    history.step((core) => core.call('Account', 'Deposit(3)', { key: `k${i % 7}` }));
  history.checkpoint();
  history.step((core) => core.deploy(upgradeBundle(accountWithFee(), toFee(account()))));
  for (let i = 0; i < 30; i++)
    history.step((core) => core.call('Account', 'Deposit(3)', { key: `k${i % 9}` }));
  history.close();
  last = history.states.get(history.last)!;
  backUp(join(folder, 'made'), join(folder, 'backup'));
  restore(join(folder, 'backup'), join(folder, 'restored'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** One that something was done to. */
function damaged(kind: (typeof kinds)[number], damage: (bytes: Buffer) => Buffer | void): string {
  const directory = join(folder, 'damaged');
  rmSync(directory, { recursive: true, force: true });
  cpSync(join(folder, kind), directory, { recursive: true });
  const file = join(directory, 'journal.db');
  const bytes = readFileSync(file);
  writeFileSync(file, damage(bytes) ?? bytes);
  return directory;
}

/** What a repair makes of one that something was done to; or why it makes nothing. */
function repaired(...[kind, damage]: Parameters<typeof damaged>): string {
  const directory = damaged(kind, damage);
  repairDirectory(directory, 'now');
  return open(directory).seen;
}

describe.each(kinds)('of a journal that was %s', (kind) => {
  it('no bit of the first page is needed, but what tells the version', () => {
    const places = fc.integer({ min: 0, max: 8 * PAGE_BYTES - 1 });
    fc.assert(
      fc.property(places, (place) => {
        const at = place >> 3;
        fc.pre(at < VERSION_AT || at >= VERSION_AT + 4);
        expect(repaired(kind, (bytes) => void (bytes[at] ^= 1 << (place & 7)))).toBe(last);
      }),
      { numRuns: 60 },
    );
  });

  it('a start goes on from all that there is, or is refused and changes nothing', () => {
    const places = fc.integer({ min: 0, max: 8 * PAGE_BYTES - 1 });
    fc.assert(
      fc.property(places, (place) => {
        const directory = damaged(kind, (bytes) => void (bytes[place >> 3] ^= 1 << (place & 7)));
        const bytes = readFileSync(join(directory, 'journal.db'));
        try {
          expect(open(directory).seen).toBe(last);
        } catch (error) {
          if (!(error instanceof JournalError)) throw error;
          expect(readFileSync(join(directory, 'journal.db')).equals(bytes)).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ['zeroes', (bytes: Buffer) => void bytes.fill(0, 0, PAGE_BYTES)],
    ['noise', (bytes: Buffer) => void bytes.fill('noise', 0, PAGE_BYTES)],
    ['another page', (bytes: Buffer) => void bytes.copy(bytes, 0, PAGE_BYTES, 2 * PAGE_BYTES)],
  ])('all is there where the first page is %s', (_, damage) => {
    expect(repaired(kind, damage)).toBe(last);
  });

  it('all is there where the file is cut short, and what is gone stands elsewhere too', () => {
    const size = readFileSync(join(folder, kind, 'journal.db')).length / PAGE_BYTES;
    for (let pages = size - 1; pages > size - 6; pages--) {
      expect(repaired(kind, (bytes) => bytes.subarray(0, pages * PAGE_BYTES))).toBe(last);
      expect(repaired(kind, (bytes) => bytes.subarray(0, pages * PAGE_BYTES - 100))).toBe(last);
    }
  });
});

it('another version, and another program, are taken for what they say that they are', () => {
  const version = (bytes: Buffer): number => bytes.writeUInt32BE(9, VERSION_AT);
  expect(() => repaired('made', (bytes) => void version(bytes))).toThrow(/is a journal of version 9/);
  const other = new DatabaseSync(join(folder, 'other.db'));
  other.exec('CREATE TABLE cats (name TEXT)');
  other.close();
  const bytes = readFileSync(join(folder, 'other.db'));
  expect(() => repaired('made', () => bytes)).toThrow(/is no journal of a node/);
  expect(() => repaired('made', () => bytes.fill(0, 0, 40))).toThrow(/no node can be rebuilt of it/);
});
