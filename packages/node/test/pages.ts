import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'vitest';

// Journals of which pages are to be damaged.

const PAGE_BYTES = 4_096;
/** The first byte of such a page; a table without row ids is kept as an index. */
const INTERIOR = { index: 2, table: 5 } as const;

/** Runs SQL on the journal in a directory, and has all of it in its one file afterwards. */
export function changeIn(directory: string, ...sql: string[]): void {
  const database = new DatabaseSync(join(directory, 'journal.db'));
  for (const each of sql) database.exec(each);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
}

/** The pages of the journal in a directory, by their numbers from 1. */
export class Pages {
  readonly #file: string;
  readonly bytes: Buffer;

  constructor(directory: string) {
    changeIn(directory);
    this.#file = join(directory, 'journal.db');
    this.bytes = readFileSync(this.#file);
  }

  page(number: number): Buffer {
    return this.bytes.subarray((number - 1) * PAGE_BYTES, number * PAGE_BYTES);
  }

  rootOf(name: string): number {
    const database = new DatabaseSync(this.#file, { readOnly: true });
    const row = database.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').get(name);
    database.close();
    return Number(row?.['rootpage']);
  }

  /** What an interior page leads to (https://sqlite.org/fileformat2.html). */
  childrenOf(number: number): number[] {
    const page = this.page(number);
    expect([INTERIOR.index, INTERIOR.table]).toContain(page[0]);
    const cells = Array.from({ length: page.readUInt16BE(3) }, (_, i) => page.readUInt16BE(12 + 2 * i));
    return [...cells.map((cell) => page.readUInt32BE(cell)), page.readUInt32BE(8)];
  }

  write(): void {
    writeFileSync(this.#file, this.bytes);
  }
}
