import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Journal, JournalError, type Recovered } from '../../ports.ts';
import type { CheckpointHead, CheckpointSlice } from '../checkpoint.ts';
import type { LogGroup } from '../group.ts';
import type { StoreAnswer, StoreRequest, WorkerOptions } from './messages.ts';

export interface DiskJournalOptions {
  /**
   * What is kept of the inputs that a checkpoint has made needless: those of so many milliseconds before it, and no more than
   * so many bytes. Infinity for all.
   */
  readonly historyMillisMax?: number;
  readonly historyBytesMax?: number;
}

export const HISTORY_MILLIS_MAX = 7 * 24 * 60 * 60 * 1_000;
export const HISTORY_BYTES_MAX = 1024 * 1024 * 1024;

/** The sources run as they are, and what is built from them beside them. */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);

interface Waiting {
  readonly resolve: (items: readonly Recovered[]) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A journal in a directory (`docs/journal.md`): what was appended is there after any crash. A thread of its own waits for
 * the disk.
 */
export class DiskJournal implements Journal {
  readonly #worker: Worker;
  /** Requests on their way, in order. */
  readonly #waiting: Waiting[] = [];
  #failure: Error | null = null;
  #isBusy = false;
  #closing: Promise<void> | null = null;

  private constructor(options: WorkerOptions) {
    this.#worker = new Worker(WORKER, { workerData: options, execArgv: [] });
    this.#worker.on('message', (answer: StoreAnswer) => this.#take(answer));
    this.#worker.on('error', (error: Error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('the thread of the journal has ended')));
  }

  /**
   * Opens the directory, which is made where it is not there, and keeps others from it until `close`. Rejects with
   * a `JournalError` where another process has it, and where what is there is no journal, or one of another version.
   */
  static async open(directory: string, options: DiskJournalOptions = {}): Promise<DiskJournal> {
    const { historyMillisMax = HISTORY_MILLIS_MAX, historyBytesMax = HISTORY_BYTES_MAX } = options;
    const journal = new DiskJournal({ directory: resolve(directory), historyMillisMax, historyBytesMax });
    try {
      await journal.#ask({ kind: 'open' });
      return journal;
    } catch (error) {
      await journal.#worker.terminate();
      throw error;
    }
  }

  async *read(): AsyncGenerator<Recovered> {
    // The thread reads on while what it has read is gone through.
    let next = this.#ask({ kind: 'read' });
    for (;;) {
      const items = await next;
      if (items.length === 0) return;
      next = this.#ask({ kind: 'read' });
      // It is awaited in any case but where who reads has ended before.
      next.catch(() => {});
      yield* items;
    }
  }

  async append(groups: readonly LogGroup[]): Promise<void> {
    await this.#ask(
      { kind: 'append', groups },
      groups.map(({ bytes }) => bytes.buffer as ArrayBuffer),
    );
  }

  async checkpoint(head: CheckpointHead, slices: Iterable<CheckpointSlice>): Promise<void> {
    if (this.#isBusy) throw new Error('a checkpoint while another one goes on');
    this.#isBusy = true;
    try {
      await this.#ask({ kind: 'begin', head });
      for (const slice of slices) await this.#ask({ kind: 'slice', slice });
      await this.#ask({ kind: 'end' });
    } finally {
      this.#isBusy = false;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#ask({ kind: 'close' });
    } catch {
      // It has ended, or could not write: what is on disk is as it is after a crash.
    }
    await this.#worker.terminate();
  }

  #ask(request: StoreRequest, transfer: readonly ArrayBuffer[] = []): Promise<readonly Recovered[]> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure);
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(request, transfer);
    });
  }

  #take(answer: StoreAnswer): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) throw new Error('the thread of the journal answers what nobody asked');
    if (answer.ok) waiting.resolve(answer.items);
    else waiting.reject(answer.isJournal ? new JournalError(answer.message) : new Error(answer.message));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
