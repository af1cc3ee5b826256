import { resolve } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { setTimeout } from 'node:timers/promises';
import type { JitMode } from '@smc/vm';
import type { Journal, Recovered, Unusable } from '../../ports.ts';
import type { StateRows } from '../../state-rows.ts';
import type {
  CheckpointHead,
  CheckpointPart,
  CheckpointSlice,
  LargeState,
  StateSlice,
} from '../checkpoint.ts';
import type { LogGroup } from '../group.ts';
import { beginThread } from './begin-thread.ts';
import { journalError } from './failures.ts';
import { StateReader } from './state-reader.ts';
import type { ShadowOptions, ShadowRequest, StoreAnswer, StoreOptions, StoreRequest } from './messages.ts';
import { Thread } from './thread.ts';
import { exposedTo, WalWatch } from './watch.ts';

export interface DiskJournalOptions {
  /**
   * What is kept of the inputs that a checkpoint has made needless: those of so many milliseconds before it, and no more than
   * so many bytes. Infinity for all.
   */
  readonly historyMillisMax?: number;
  readonly historyBytesMax?: number;
  /** How machines are loaded of which the states are made beside the node. */
  readonly jit?: JitMode;
  /** A thread that was begun for this (`beginThread`), by who had something else to do meanwhile. */
  readonly thread?: Worker;
  /** Told what went wrong, and needs nothing to be done about it. */
  readonly warn?: (message: string) => void;
}

export const HISTORY_MILLIS_MAX = 7 * 24 * 60 * 60 * 1_000;
export const HISTORY_BYTES_MAX = 1024 * 1024 * 1024;

/** How long a checkpoint rests at a time. */
const REST_MILLIS_MAX = 10;

/**
 * A journal in a directory (`docs/journal.md`): what was appended is there after any crash. A thread of its own waits for
 * the disk. Large states are made for a checkpoint by another one (`shadow-worker.ts`), which there is as long as
 * checkpoints have such; where it fails, on the thread of the node.
 */
export class DiskJournal implements Journal {
  readonly isLasting = true;
  readonly #store: Thread<StoreRequest, StoreAnswer>;
  readonly #shadowOptions: ShadowOptions;
  readonly #warn: (message: string) => void;
  readonly #watch: WalWatch;
  #shadow: Thread<ShadowRequest, StateSlice | null> | null = null;
  #reader: StateReader | null = null;
  #isBusy = false;
  /** What checkpoints have left to do. */
  #cleaning: Promise<void> | null = null;
  /** Since a checkpoint has looked. */
  #hasAppended = false;
  #closing: Promise<void> | null = null;

  private constructor(directory: string, { jit = 'auto', warn = () => {}, thread }: DiskJournalOptions) {
    this.#store = new Thread('the journal', thread ?? beginThread('worker'));
    this.#shadowOptions = { directory, jit };
    this.#warn = warn;
    this.#watch = new WalWatch(directory, warn);
  }

  /**
   * Opens the directory, which is made where it is not there, and keeps others from it until `close`. Rejects with
   * a `JournalError` where another process has it, it can not be used, and where what is there is no journal, or one of
   * another version.
   */
  static async open(directory: string, options: DiskJournalOptions = {}): Promise<DiskJournal> {
    const { historyMillisMax = HISTORY_MILLIS_MAX, historyBytesMax = HISTORY_BYTES_MAX } = options;
    const store: StoreOptions = { directory: resolve(directory), historyMillisMax, historyBytesMax };
    const journal = new DiskJournal(store.directory, options);
    try {
      await journal.#store.ask({ kind: 'open', options: store });
      const exposed = exposedTo(directory);
      if (exposed !== null) journal.#warn(exposed);
      journal.#reader = new StateReader(store.directory);
      return journal;
    } catch (error) {
      await journal.#store.end();
      throw journalError('opened', store.directory, error);
    }
  }

  get rows(): StateRows {
    if (this.#reader === null) throw new Error('the journal is closed');
    return this.#reader;
  }

  async *read(unusable?: Unusable): AsyncGenerator<Recovered> {
    // The thread reads on while what it has read is gone through.
    let next = this.#store.ask({ kind: 'read', unusable });
    next.catch(() => {});
    // Here, while the thread counts them.
    if (unusable === undefined) this.#reader?.checkOrder();
    for (;;) {
      const { items } = await next;
      if (items.length === 0) return;
      next = this.#store.ask({ kind: 'next' });
      // It is awaited in any case but where who reads has ended before.
      next.catch(() => {});
      yield* items;
    }
  }

  async append(groups: readonly LogGroup[]): Promise<void> {
    this.#hasAppended = true;
    const buffers = groups.map(({ bytes }) => bytes.buffer as ArrayBuffer);
    await this.#store.ask({ kind: 'append', groups }, buffers);
    this.#watch.appended();
  }

  logBytes(): number {
    return this.#watch.bytes;
  }

  async checkpoint(head: CheckpointHead, parts: Iterable<CheckpointPart>): Promise<void> {
    if (this.#isBusy) throw new Error('a checkpoint while another one goes on');
    this.#isBusy = true;
    try {
      // At once: what is appended later is not of it.
      await this.#store.ask({ kind: 'begin', head });
      await this.#cleaning;
      let hasLarge = false;
      for (const part of parts) {
        hasLarge ||= part.kind === 'large';
        for await (const slice of this.#slices(part, head.position)) {
          await this.#unhurried(() => this.#add(slice));
        }
      }
      if (!hasLarge) await this.#endShadow();
      const { isOver } = await this.#store.ask({ kind: 'end' });
      if (isOver) return;
      this.#clean();
    } finally {
      this.#isBusy = false;
    }
  }

  async check(): Promise<void> {
    // What the node before had left to do: short runs would never come to it.
    this.#clean();
    await this.#goThrough('check');
    if (this.#reader !== null) this.#reader.isChecked = true;
    // What is too much of the log is known by now; a checkpoint that is made sees to it itself.
    await this.#cleaning;
    if (!this.#isBusy) this.#clean();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#endShadow();
    // Who closes last has SQLite tidy up, which a reader can not.
    this.#reader?.close();
    this.#reader = null;
    try {
      await this.#store.ask({ kind: 'close' });
    } catch {
      // It has ended, or could not write: what is on disk is as it is after a crash.
    }
    await this.#store.end();
  }

  #clean(): void {
    this.#cleaning = this.#goThrough('clean');
    // Whoever asks for more is told.
    this.#cleaning.catch(() => {});
  }

  /** Has the thread do in steps what is left, or is to be looked at, while others ask for more. */
  async #goThrough(kind: 'clean' | 'check'): Promise<void> {
    while (this.#closing === null) {
      const { isOver, note } = await this.#unhurried(() => this.#store.ask({ kind }));
      if (note !== null) this.#warn(note);
      if (isOver) return;
    }
  }

  /** Does something for a checkpoint, and rests as long as that took where commits come: they have the disk half of the time. */
  async #unhurried<T>(work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    this.#hasAppended = false;
    const done = await work();
    if (this.#hasAppended) await setTimeout(Math.min(performance.now() - start, REST_MILLIS_MAX));
    return done;
  }

  #add(slice: CheckpointSlice): Promise<StoreAnswer> {
    const { buffer, byteLength } = slice.bytes;
    // What is a part of something larger is copied with all of it.
    const isOwn = buffer.byteLength === byteLength;
    return this.#store.ask({ kind: 'slice', slice }, isOwn ? [buffer as ArrayBuffer] : []);
  }

  async *#slices(part: CheckpointPart, position: number): AsyncGenerator<CheckpointSlice> {
    if (part.kind !== 'large') return yield part;
    const { states } = part;
    try {
      const machines = states.map(({ machine }) => machine);
      await this.#shadowed({ kind: 'follow', position, machines });
    } catch (error) {
      await this.#giveUp(error as Error);
    }
    for (const state of states) yield* this.#largeSlices(state);
  }

  async *#largeSlices({ slices, ...state }: LargeState): AsyncGenerator<CheckpointSlice> {
    try {
      while (this.#shadow !== null) {
        const slice = await this.#shadowed({ kind: 'next', ...state });
        if (slice === null) return;
        yield slice;
      }
    } catch (error) {
      await this.#giveUp(error as Error);
    }
    // All of it: what came before is written over with the same.
    yield* slices;
  }

  #shadowed(request: ShadowRequest): Promise<StateSlice | null> {
    if (this.#closing !== null) throw new Error('the journal is closed');
    this.#shadow ??= new Thread('large states', beginThread('shadow-worker', this.#shadowOptions));
    return this.#shadow.ask(request);
  }

  /** The next checkpoint tries again. */
  async #giveUp(error: Error): Promise<void> {
    await this.#endShadow();
    if (this.#closing !== null) throw error;
    this.#warn(`large states are made on the thread of the node this time: ${error.message}`);
  }

  async #endShadow(): Promise<void> {
    const shadow = this.#shadow;
    this.#shadow = null;
    await shadow?.end();
  }
}
