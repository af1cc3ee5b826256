import type { DatabaseSync } from 'node:sqlite';
import type { GroupRow } from './rows.ts';

/** What is wrong with a log: a group that stands at a position, also as it can not come after the one before it, or entries that are missing. */
export type LogDamage =
  | { readonly kind: 'damaged'; readonly first: number }
  | { readonly kind: 'older'; readonly first: number }
  | ({ readonly kind: 'missing' } & Entries);

export interface Entries {
  readonly first: number;
  readonly count: number;
}

/**
 * Goes through a log in order, and finds what is damaged in it and what is missing. What checkpoints make needless goes from
 * its beginning on, but for structural groups: so from the first other group on there is no gap, but for what is known
 * to be lost.
 */
export class LogCheck {
  readonly #lost: readonly Entries[];
  /** All from here on is needed. */
  #needed: number;
  /** The position that has to come next; null where there may be gaps. */
  #next: number | null = null;
  /** What was seen, or has gone, leads up to this position. */
  #last = 0;
  /** Time goes on in a log: that of the last group that is whole. */
  #time = Number.NEGATIVE_INFINITY;

  /** `needed` is the position of a checkpoint that is kept: what comes after it never goes. */
  constructor(needed: number, lost: readonly Entries[]) {
    this.#needed = needed + 1;
    this.#lost = lost;
  }

  /** All up to a position has gone by now, but for structural groups. */
  gone(position: number): void {
    this.#needed = position + 1;
    this.#next = null;
    this.#last = Math.max(this.#last, position);
  }

  /** What there is to say of the next row, and of what comes before it. */
  row(row: GroupRow, isWhole: boolean): readonly LogDamage[] {
    const { first, count } = row;
    const missing = this.#missing(this.#next ?? this.#needed, first - 1);
    const isFollowed = this.#next !== null || row.structural === 0 || first >= this.#needed;
    if (isFollowed) this.#next = first + count;
    this.#last = Math.max(this.#last, first + count - 1);
    if (!isWhole) return [...missing, { kind: 'damaged', first }];
    const isOlder = row.time < this.#time;
    this.#time = Math.max(this.#time, row.time);
    return isOlder ? [...missing, { kind: 'older', first }] : missing;
  }

  /** The same of a log of which there are no more rows, and that has to lead up to the position of a checkpoint. */
  end(position: number): readonly LogDamage[] {
    return this.#missing(this.#last + 1, position);
  }

  #missing(first: number, last: number): readonly LogDamage[] {
    const entries = { first, count: last + 1 - first };
    return first > last || cover(this.#lost, entries) ? [] : [{ kind: 'missing', ...entries }];
  }
}

/** What a repair has found that the log lacks, and a checkpoint stands for. */
export function lostEntries(database: DatabaseSync): readonly Entries[] {
  return database
    .prepare(`SELECT place FROM aside WHERE source = 'log' AND reason = 'lost'`)
    .all()
    .map(({ place }) => {
      const [first, count] = String(place).split(' ').map(Number);
      return { first, count };
    })
    .toSorted((a, b) => a.first - b.first);
}

/** Whether all of these entries are among others, which are in order. */
export function cover(parts: readonly Entries[], { first, count }: Entries): boolean {
  let next = first;
  for (const part of parts) if (part.first <= next) next = Math.max(next, part.first + part.count);
  return next >= first + count;
}

export function describeDamage(damage: LogDamage): string {
  const { first } = damage;
  if (damage.kind === 'damaged') return `the group of entries at position ${first} is damaged`;
  if (damage.kind === 'older')
    return `the group of entries at position ${first} is older than what stands before it`;
  const last = first + damage.count - 1;
  return last === first
    ? `the entry at position ${first} is missing`
    : `the entries from position ${first} to ${last} are missing`;
}
