import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { sha256 } from '../src/journal/blobs.ts';
import { type LeafRow, leafRows } from '../src/journal/disk/leaves.ts';
import { numbers } from './histories.ts';

const PAGE_BYTES = 4_096;

/** Where a row begins to go on in other pages, and where it takes one more of them. */
const LENGTHS = [0, 1, 480, 4_050, 4_056, 4_060, 4_070, 4_092, 4_540, 8_150, 8_640, 40_000];

/** Shorter to compare. */
function line(key: number, columns: readonly unknown[]): string {
  const shown = columns.map((column) => (column instanceof Uint8Array ? sha256(column) : column));
  return JSON.stringify([key, ...shown]);
}

it('the rows in the pages of a table are those that SQLite reads', () => {
  const folder = mkdtempSync(join(tmpdir(), 'smc-leaves-'));
  const file = join(folder, 'some.db');
  const database = new DatabaseSync(file);
  database.exec(
    'CREATE TABLE some (number INTEGER PRIMARY KEY, whole INTEGER, text TEXT, bytes BLOB) STRICT; BEGIN',
  );
  const insert = database.prepare('INSERT INTO some VALUES (?, ?, ?, ?)');
  const random = numbers(3);
  const upTo = (most: number): number => Math.floor(random() * most);
  let number = 0;
  for (let i = 0; i < 600; i++) {
    number += 1 + upTo(2 ** (i % 40));
    const whole = [null, 0, 1, (random() - 0.5) * 2 ** (i % 54)][i % 4];
    const length = i % 3 === 0 ? LENGTHS[upTo(LENGTHS.length)] + upTo(20) : upTo(300);
    const text = i % 5 === 0 ? null : 'ä'.repeat(upTo(20));
    const bytes = Uint8Array.from({ length }, () => upTo(256));
    insert.run(number, whole === null ? null : Math.trunc(whole), text, bytes);
  }
  database.exec('COMMIT');
  const rows = database.prepare('SELECT * FROM some ORDER BY number').all();
  const expected = rows.map(({ number: key, whole, text, bytes }) =>
    line(Number(key), [null, whole, text, bytes]),
  );
  database.close();
  const pages = readFileSync(file);
  const read = (page: number): Uint8Array => pages.subarray((page - 1) * PAGE_BYTES, page * PAGE_BYTES);
  const found: LeafRow[] = [];
  for (let page = 1; page * PAGE_BYTES <= pages.length; page++)
    found.push(...leafRows(read(page), read, pages.length));
  rmSync(folder, { recursive: true });
  const inOrder = found.toSorted((a, b) => a.number - b.number);
  expect(inOrder.map((row) => line(row.number, row.columns))).toEqual(expected);
});

it('a page that is damaged, and chains that lead nowhere, or in a circle, have an end', () => {
  const random = numbers(5);
  const page = new Uint8Array(PAGE_BYTES);
  let asked = 0;
  for (let i = 0; i < 300; i++) {
    for (let at = 0; at < PAGE_BYTES; at++) page[at] = Math.floor(random() * 256);
    page[0] = 0x0d;
    const read = (number: number): Uint8Array | null => {
      asked++;
      return number % 2 === 0 ? null : page;
    };
    for (const { columns } of leafRows(page, read, 64 * PAGE_BYTES)) expect(columns).toBeInstanceOf(Array);
  }
  expect(asked).toBeGreaterThan(0);
});

it('all rows of a page read no more than there is, also where each leads in a circle', () => {
  const page = new Uint8Array(PAGE_BYTES);
  const view = new DataView(page.buffer);
  const cells = 100;
  page[0] = 0x0d;
  view.setUint16(3, cells);
  // Each is the same: a length, of which 489 bytes are here and the rest fills 32 pages, and the number 1.
  for (let i = 0; i < cells; i++) view.setUint16(8 + 2 * i, 1_000);
  page.set([0x88, 0x82, 0x69, 0x01], 1_000);
  view.setUint32(1_004 + 489, 7);
  let asked = 0;
  const circle = new Uint8Array(PAGE_BYTES);
  const pages = 64;
  for (const _ of leafRows(page, () => (asked++, circle.fill(1)), pages * PAGE_BYTES));
  expect(asked).toBeGreaterThan(0);
  expect(asked).toBeLessThanOrEqual(pages);
});
