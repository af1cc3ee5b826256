import type { LogGroup } from '../src/journal/group.ts';
import { MemoryJournal } from '../src/journal/memory.ts';
import type { Journal } from '../src/ports.ts';
import type { StateRows } from '../src/state-rows.ts';

/** A journal in memory whose groups are there when it is told so. */
export class WaitingJournal implements Journal {
  readonly isLasting = false;
  readonly #journal = new MemoryJournal();
  #ready = Promise.resolve();
  #wasHanded: () => void = () => {};

  /** From now on until what this gives is called; with an error, they fail. */
  wait(): (error?: Error) => void {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#ready = promise;
    return (error) => (error === undefined ? resolve() : reject(error));
  }

  /** Fulfilled when it is handed the next. */
  handed(): Promise<void> {
    return new Promise((resolve) => (this.#wasHanded = resolve));
  }

  async append(groups: readonly LogGroup[]): Promise<void> {
    this.#wasHanded();
    await this.#ready;
    this.#journal.append(groups);
  }

  read(): ReturnType<Journal['read']> {
    return this.#journal.read();
  }

  checkpoint(...parts: Parameters<Journal['checkpoint']>): ReturnType<Journal['checkpoint']> {
    return this.#journal.checkpoint(...parts);
  }

  get rows(): StateRows {
    return this.#journal.rows;
  }

  check(): Promise<void> {
    return this.#journal.check();
  }

  close(): ReturnType<Journal['close']> {
    return this.#journal.close();
  }
}
