import type { DatabaseSync } from 'node:sqlite';
import type { GroupRow } from './rows.ts';

/** What is wrong with a log, from a position on. */
export interface LogDamage {
  readonly kind: 'damaged' | 'missing';
  readonly first: number;
  readonly count: number;
}

/**
 * Goes through a log in order, and finds what is damaged in it and what is missing. What checkpoints make needless goes from
 * its beginning on, but for structural groups: so from the first other group on there is no gap, but for what was set aside.
 */
export class LogCheck {
  readonly #database: DatabaseSync;
  /** All from here on is needed. */
  #needed: number;
  /** The position that has to come next; null where there may be gaps. */
  #next: number | null = null;

  /** `needed` is the position of a checkpoint that is kept: what comes after it never goes. */
  constructor(database: DatabaseSync, needed: number) {
    this.#database = database;
    this.#needed = needed + 1;
  }

  /** All up to a position has gone by now, but for structural groups. */
  gone(position: number): void {
    this.#needed = position + 1;
    this.#next = null;
  }

  /** What there is to say of the next row, and of what comes before it. */
  row(row: GroupRow, isWhole: boolean): readonly LogDamage[] {
    const { first, count } = row;
    const missing = this.end(first - 1);
    const isFollowed = this.#next !== null || row.structural === 0 || first >= this.#needed;
    if (isFollowed) this.#next = first + count;
    return isWhole ? missing : [...missing, { kind: 'damaged', first, count }];
  }

  /** The same of a log that has to lead up to a position, and of which there are no more rows. */
  end(last: number): readonly LogDamage[] {
    const first = this.#next ?? this.#needed;
    if (first > last || isSetAside(this.#database, first, last)) return [];
    return [{ kind: 'missing', first, count: last + 1 - first }];
  }
}

/** Whether all entries from a position to another were set aside, or are known to be lost. */
export function isSetAside(database: DatabaseSync, first: number, last: number): boolean {
  const ranges = database
    .prepare(`SELECT place FROM aside WHERE source = 'log'`)
    .all()
    .map(({ place }) => String(place).split(' ').map(Number))
    .toSorted(([a], [b]) => a - b);
  let next = first;
  for (const [from, count] of ranges) if (from <= next) next = Math.max(next, from + count);
  return next > last;
}

export function describeDamage({ kind, first, count }: LogDamage): string {
  const which =
    count === 1
      ? `the entry at position ${first}`
      : `the entries from position ${first} to ${first + count - 1}`;
  return `${which} ${count === 1 ? 'is' : 'are'} ${kind}`;
}
