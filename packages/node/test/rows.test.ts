import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backUp, restore } from '../src/journal/disk/backup.ts';
import { repairDirectory } from '../src/journal/disk/repair.ts';
import { JournalError } from '../src/journal/error.ts';
import { goesOn, History, judge, NONE, numbers, open } from './histories.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'smc-rows-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Of so many nodes that a damage does not stop, one is made to go on. */
const GO_ON_EACH = 4;

/** A change of one row, which is damage. */
interface Damage {
  readonly what: string;
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

/** Each column of each table of a database, in its first and its last row; and these rows themselves. */
function damagesOf(database: DatabaseSync): readonly Damage[] {
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  return tables.flatMap(({ name }) => damagesIn(database, String(name)));
}

function damagesIn(database: DatabaseSync, table: string): readonly Damage[] {
  const columns = database.prepare('SELECT name, pk FROM pragma_table_info(?)').all(table);
  const keys = columns.filter(({ pk }) => pk !== 0).map(({ name }) => String(name));
  const rows = database.prepare(`SELECT * FROM ${table} ORDER BY ${keys.join(', ')}`).all();
  expect(rows.length, `${table} has rows`).toBeGreaterThan(0);
  const where = keys.map((key) => `${key} = ?`).join(' AND ');
  return [...new Set([0, rows.length - 1])].flatMap((at) => {
    const much = at === 0 ? 2n ** 62n : 1_000_000;
    const row = rows[at];
    const place = keys.map((key) => row[key]);
    const what = `${table} ${place.join(' ')}`;
    const changes = columns.flatMap(({ name }) =>
      others(row[String(name)], much).map((value) => ({
        what: `${what}: ${String(name)} ${shown(row[String(name)])} -> ${shown(value)}`,
        sql: `UPDATE OR IGNORE ${table} SET ${String(name)} = ? WHERE ${where}`,
        values: [value, ...place],
      })),
    );
    return [...changes, { what: `${what}: gone`, sql: `DELETE FROM ${table} WHERE ${where}`, values: place }];
  });
}

/** What may stand in place of a value; of a number a little more or less, or much more, which a node may not even be able to read. */
function others(value: SQLInputValue, much: number | bigint): readonly SQLInputValue[] {
  if (typeof value === 'number') return [value % 2 === 0 ? value + 1 : value - 1, much];
  if (typeof value === 'string') return [`${value}x`, value.slice(0, -1)].filter((other) => other !== value);
  if (value === null) return [new Uint8Array(1)];
  const bytes = Uint8Array.from(value as Uint8Array);
  const middle = bytes.length >> 1;
  return [bytes.length === 0 ? new Uint8Array(1) : bytes.with(middle, bytes[middle] ^ 1)];
}

const shown = (value: unknown): string => (value instanceof Uint8Array ? 'bytes' : String(value));

describe('a journal of which a row is damaged, in any column, or gone', () => {
  it('gives what it was, says what is lost, or stops and can be repaired', () => {
    const directory = join(folder, 'whole');
    // Without the past: nothing but its rows makes up for a checkpoint.
    const history = new History(directory, NONE).fill(numbers(7), { rounds: 4, deposits: 6 });
    history.close();
    const database = new DatabaseSync(join(directory, 'journal.db'));
    database.exec("INSERT INTO aside (reason, source, place) VALUES ('damaged', 'log', '1')");
    const damages = damagesOf(database);
    database.close();
    const wrong: string[] = [];
    const outcomes = new Map<string, number>();
    for (const [i, { what, sql, values }] of damages.entries()) {
      // A log that just ends sooner looks as it did then.
      if (what === `log ${history.synced + 1}: gone`) continue;
      const place = join(folder, 'damaged');
      const damage = (): boolean => {
        rmSync(place, { recursive: true, force: true });
        cpSync(directory, place, { recursive: true });
        const damaged = new DatabaseSync(join(place, 'journal.db'));
        const { changes } = damaged.prepare(sql).run(...values);
        damaged.close();
        return changes !== 0;
      };
      // Another row may have that key.
      if (!damage()) continue;
      const outcome = [backedUp(place, history), started(place, history, i % GO_ON_EACH === 0)];
      if (outcome[1] === 'stopped') {
        damage();
        outcome.push(repaired(place, history));
      }
      for (const each of outcome) {
        if (each.startsWith('wrong')) wrong.push(`${what}: ${each}`);
        outcomes.set(each, (outcomes.get(each) ?? 0) + 1);
      }
    }
    expect(wrong).toEqual([]);
    for (const expected of ['whole', 'cut', 'stopped', 'repaired'])
      expect(outcomes.get(expected), expected).toBeGreaterThan(0);
  });

  /** In a word; `wrong: …` for a backup that can not be started, or is of another state. */
  function backedUp(place: string, history: History): string {
    const file = join(folder, 'backup.smcb');
    const restored = join(folder, 'restored');
    try {
      backUp(place, file);
    } catch (error) {
      return stopped(error);
    }
    try {
      restore(file, restored);
      return judge(open(restored), history, []);
    } catch (error) {
      return `wrong: a backup that passed its checks: ${(error as Error).stack}`;
    } finally {
      rmSync(file);
      rmSync(restored, { recursive: true, force: true });
    }
  }

  function started(place: string, history: History, isToGoOn: boolean): string {
    try {
      const outcome = judge(open(place), history, []);
      return outcome.startsWith('wrong') || !isToGoOn ? outcome : (goesOn(place) ?? outcome);
    } catch (error) {
      return stopped(error);
    }
  }

  function repaired(place: string, history: History): string {
    try {
      const { findings } = repairDirectory(place, 'now');
      const outcome = judge(open(place), history, findings);
      return outcome.startsWith('wrong') ? outcome : (goesOn(place) ?? 'repaired');
    } catch (error) {
      const { message, stack } = error as Error;
      // What was deployed is gone, and with it all that would be replayed on it.
      return /no node can be rebuilt .* smc restore/.test(message) ? 'lost' : `wrong: ${stack}`;
    }
  }

  /** It says what is wrong, and what to do about it. */
  function stopped(error: unknown): string {
    const { message, stack } = error as Error;
    return error instanceof JournalError && /smc repair/.test(message) ? 'stopped' : `wrong: ${stack}`;
  }
});
