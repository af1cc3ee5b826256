import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { JitMode } from '@smc/vm';
import type { LargeState, StateSlice } from '../checkpoint.ts';
import type { LogGroup } from '../group.ts';
import { Shadow } from '../shadow.ts';
import type { ShadowOptions } from './messages.ts';
import { headRows, readStates } from './reading.ts';
import { groupOf, type GroupRow } from './rows.ts';
import { FILES } from './schema.ts';

/** Groups that are read at once: between them nothing keeps the log of SQLite from starting anew. */
const PAGE_GROUPS = 16;

/** How long a read waits where the database is opened or changed by others, which is seldom. */
const BUSY_MILLIS = 5_000;

/**
 * Large states, made of the checkpoint and the log that stand in a directory, for the checkpoint that is being written. It
 * only reads, on a connection of its own. What it has at the end of a checkpoint it goes on from at the next.
 */
export class ShadowReader {
  readonly #database: DatabaseSync;
  readonly #jit: JitMode;
  #shadow: Shadow | null = null;

  constructor({ directory, jit }: ShadowOptions) {
    const options = { readOnly: true, timeout: BUSY_MILLIS };
    this.#database = new DatabaseSync(join(directory, FILES.journal), options);
    this.#jit = jit;
  }

  /**
   * Has the states of these machines as of the position of a checkpoint, of which the log is there. Throws where it can
   * not; what it had is gone then.
   */
  follow(position: number, machines: readonly number[]): void {
    const { newest } = this.#database
      .prepare('SELECT max(position) AS newest FROM checkpoints WHERE complete = 1')
      .get() as { newest: number | null };
    const start = newest ?? 0;
    const before = this.#shadow;
    this.#shadow = null;
    const goesOn = before !== null && before.position === start && before.narrow(machines);
    const shadow = goesOn ? before : this.#begun(start, machines);
    while (shadow.position < position) {
      const groups = this.#groups('first > ? AND first <= ?', shadow.position, position);
      if (groups.length === 0) throw new Error(`the log has nothing after position ${shadow.position}`);
      for (const group of groups) shadow.add(group);
    }
    this.#shadow = shadow;
  }

  /** See `Shadow.slices`. */
  slices(state: Omit<LargeState, 'slices'>): Iterable<StateSlice> {
    if (this.#shadow === null) throw new Error('no machine is followed');
    return this.#shadow.slices(state);
  }

  close(): void {
    this.#database.close();
  }

  #begun(start: number, machines: readonly number[]): Shadow {
    const select = this.#database.prepare('SELECT bytes FROM images WHERE digest = ?');
    const blobs = { get: (digest: string) => select.get(digest)?.['bytes'] as Uint8Array | undefined };
    const shadow = new Shadow(machines, blobs, this.#jit);
    if (start === 0) return shadow;
    for (let groups = this.#structure(0, start); groups.length > 0;) {
      for (const group of groups) shadow.addBefore(group);
      groups = this.#structure(shadow.position, start);
    }
    const { machines: rows } = headRows(this.#database, start);
    shadow.start(start, (machine) => {
      const row = rows.find((each) => each.machine === machine);
      if (row === undefined) throw new Error(`the machine ${machine} is in no checkpoint`);
      const parts: Uint8Array[] = [];
      for (const item of readStates(this.#database, start, row))
        if (item.kind === 'states') parts.push(item.bytes);
      return Buffer.concat(parts);
    });
    return shadow;
  }

  #structure(from: number, to: number): readonly Omit<LogGroup, 'blobs'>[] {
    return this.#groups('structural = 1 AND first > ? AND first <= ?', from, to);
  }

  #groups(which: string, from: number, to: number): readonly Omit<LogGroup, 'blobs'>[] {
    const rows = this.#database
      .prepare(`SELECT * FROM log WHERE ${which} ORDER BY first LIMIT ${PAGE_GROUPS}`)
      .all(from, to);
    return rows.map((row) => {
      const group = groupOf(row as unknown as GroupRow);
      if (group === null) throw new Error(`the log is damaged at position ${String(row['first'])}`);
      return group;
    });
  }
}
