import { expect } from 'vitest';
import type { DeployEvent } from '../src/event.ts';
import { slicesOf } from '../src/journal/checkpoint.ts';
import { StateReader } from '../src/journal/disk/state-reader.ts';
import { Store } from '../src/journal/disk/store.ts';
import type { LogGroup } from '../src/journal/group.ts';
import { Replay } from '../src/journal/replay.ts';
import { NODE_LIMITS } from '../src/limits.ts';
import { Deployment } from '../src/upgrade/deployment.ts';
import { Core, show } from './core.ts';
import { NONE } from './histories.ts';

/** A node with a store on disk, whose checkpoints and deployments go on slice by slice between its inputs. */
export class Stored {
  core: Core;
  readonly directory: string;
  readonly #limits: { readonly stateBytesMax: number };
  readonly #reader: StateReader;
  #store: Store;
  #groups: LogGroup[] = [];
  #checkpoint: Iterator<unknown> | null = null;
  /** Of the checkpoint that was begun last, and that was completed last. */
  #begun = 0;
  #complete = 0;
  #deployment: Deployment | null = null;

  constructor(directory: string, stateBytesMax: number) {
    this.directory = directory;
    this.#limits = { stateBytesMax };
    this.#store = Store.open(directory, NONE);
    for (const _ of this.#store.read());
    this.#reader = new StateReader(directory);
    this.core = new Core(this.#limits, this.#reader);
    this.#watch();
  }

  /** What is in memory. */
  get memory(): Core['node']['memory'] {
    return this.core.node.memory;
  }

  #watch(): void {
    this.core.journal.append = (groups) => {
      this.#groups.push(...groups);
    };
  }

  get isWriting(): boolean {
    return this.#checkpoint !== null;
  }

  /** What is not on disk yet. */
  take(): LogGroup[] {
    return this.#groups.splice(0);
  }

  append(groups = this.take()): void {
    this.#store.append(groups);
  }

  /** A step of a checkpoint, which is begun where none goes on; whether it is complete. */
  goOn(): boolean {
    const { tracker, node } = this.core;
    if (this.#checkpoint === null) {
      // A host makes one where there is something new.
      if (node.position === this.#begun) return true;
      this.append();
      this.#begun = node.position;
      const { head, parts } = tracker.begin(node);
      this.#store.beginCheckpoint(head);
      this.#checkpoint = slicesOf(parts)[Symbol.iterator]();
      return false;
    }
    const next = this.#checkpoint.next() as IteratorResult<Parameters<Store['addSlice']>[0]>;
    if (next.done !== true) {
      this.#store.addSlice(next.value);
      return false;
    }
    for (const _ of this.#store.endCheckpoint());
    tracker.end();
    this.#complete = this.#begun;
    this.#checkpoint = null;
    return true;
  }

  checkpoint(): void {
    while (!this.goOn());
  }

  /** Prepares a deployment, one instance at a time; gives the reply when it is done. */
  deploy(bundle: Uint8Array): string | null {
    const event: DeployEvent = {
      kind: 'deploy',
      time: this.core.time,
      bundle,
      mode: 'upgrade',
      dryRun: false,
      request: null,
    };
    this.#deployment ??= new Deployment(this.core.node, event);
    if (!this.#deployment.work(() => true)) return null;
    const reply = show(this.#deployment.finish(this.core.log));
    this.core.journal.append(this.core.log.take());
    this.#deployment = null;
    return reply;
  }

  /** What is prepared of it is never done. */
  remove(): void {
    expect(this.core.remove('Account')).toBe('removed');
    this.#deployment?.work(() => true);
    this.#deployment?.abandon();
    this.#deployment = null;
  }

  /** What went on is gone, as after a crash. */
  restart(): void {
    this.append();
    this.#store.close();
    this.#store = Store.open(this.directory, NONE);
    const limits = { ...NODE_LIMITS, ...this.#limits };
    let replay = new Replay(limits);
    for (const item of this.#store.read()) {
      if (item.kind === 'begin') replay = new Replay(limits, 'auto', item.checkpoint, this.#reader);
      else replay.add(item);
    }
    const { node, tracker } = replay.finish();
    const { time } = this.core;
    this.core = Object.assign(new Core(this.#limits, this.#reader), { node, tracker, time });
    this.#checkpoint = null;
    this.#deployment = null;
    this.#begun = this.#complete;
    this.#watch();
  }

  close(): void {
    this.#reader.close();
    this.#store.close();
  }
}
