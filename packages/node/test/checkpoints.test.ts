import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Checkpoints } from '../src/checkpoints.ts';
import { CheckpointTracker } from '../src/journal/checkpoint.ts';
import { NODE_LIMITS } from '../src/limits.ts';
import type { Journal } from '../src/ports.ts';
import { NO_ROWS } from '../src/state-rows.ts';
import { NodeState } from '../src/state.ts';

const LIMITS = { ...NODE_LIMITS, checkpointBytesMin: 1_000, checkpointMillisMax: 60_000 };

/** Checkpoints of a node without machines, in a journal where they take so long; times are those of a fake clock. */
class Watched {
  readonly begun: number[] = [];
  readonly failures: unknown[] = [];
  isHandedOver = true;
  readonly checkpoints: Checkpoints;

  constructor({ millis = 0, isLasting = true, bytes = 0, fails = false, limits = LIMITS } = {}) {
    const journal: Journal = {
      isLasting,
      read: () => [],
      append: () => {},
      checkpoint: () => {
        this.begun.push(performance.now());
        return new Promise((resolve, reject) =>
          setTimeout(fails ? () => reject(new Error('no space')) : resolve, millis),
        );
      },
      rows: NO_ROWS,
      check: () => Promise.resolve(),
      close: () => {},
    };
    this.checkpoints = new Checkpoints({
      node: new NodeState(limits),
      journal,
      tracker: new CheckpointTracker(),
      stopwatch: () => performance.now(),
      isHandedOver: () => this.isHandedOver,
      took: () => {},
      fail: (error) => this.failures.push(error),
      bytes,
    });
  }

  /** So much of the log is handed over. */
  append(bytes: number): void {
    this.checkpoints.add(bytes);
    this.checkpoints.beginIfDue();
  }
}

describe('checkpoints', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 0 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('are made after so many bytes of the log, one at a time', async () => {
    const watched = new Watched({ millis: 500 });
    watched.append(999);
    expect(watched.begun).toEqual([]);
    watched.append(1);
    watched.append(5_000);
    expect(watched.begun).toEqual([0]);
    await vi.advanceTimersByTimeAsync(500);
    watched.append(1);
    expect(watched.begun).toEqual([0, 500]);
  });

  it('are made after some time, if there was anything since', async () => {
    const watched = new Watched();
    await vi.advanceTimersByTimeAsync(200_000);
    expect(watched.begun).toEqual([]);
    watched.append(1);
    expect(watched.begun).toEqual([200_000]);
    await vi.advanceTimersByTimeAsync(10_000);
    watched.append(1);
    // Nothing comes any more.
    await vi.advanceTimersByTimeAsync(300_000);
    expect(watched.begun).toEqual([200_000, 260_001]);
  });

  it('are made after longer than a timer can wait', async () => {
    const timers = vi.spyOn(globalThis, 'setTimeout');
    const watched = new Watched({ bytes: 1, limits: { ...LIMITS, checkpointMillisMax: 2 ** 32 } });
    await vi.advanceTimersByTimeAsync(2 ** 32);
    expect([watched.begun, timers.mock.calls.length]).toEqual([[], 3]);
    await vi.advanceTimersByTimeAsync(1);
    expect(watched.begun).toEqual([2 ** 32 + 1]);
  });

  it('are made after some time of what a start has replayed', async () => {
    const watched = new Watched({ bytes: 1 });
    await vi.advanceTimersByTimeAsync(300_000);
    expect(watched.begun).toEqual([60_001]);
  });

  it('wait for what is gathered', async () => {
    const watched = new Watched({ bytes: 1 });
    watched.isHandedOver = false;
    await vi.advanceTimersByTimeAsync(100_000);
    watched.append(1);
    expect(watched.begun).toEqual([]);
    watched.isHandedOver = true;
    watched.append(1);
    expect(watched.begun).toEqual([100_000]);
  });

  it('that only time asks for are not much more often than they take', async () => {
    const watched = new Watched({ bytes: 1, millis: 10_000 });
    for (let i = 0; i < 500; i++) {
      watched.append(1);
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(watched.begun).toEqual([60_000, 260_000, 460_000]);
  });

  it('are made by bytes alone where nothing lasts', async () => {
    const watched = new Watched({ isLasting: false });
    watched.append(1);
    await vi.advanceTimersByTimeAsync(300_000);
    watched.append(1);
    const finished = watched.checkpoints.finish(1_000);
    await vi.advanceTimersByTimeAsync(1_000);
    await finished;
    expect(watched.begun).toEqual([]);
    watched.append(1_000);
    expect(watched.begun).toEqual([]);
  });

  it('end with one of what was since the last, which may take so long', async () => {
    const watched = new Watched({ millis: 3_000 });
    watched.append(1_000);
    watched.append(1);
    const start = performance.now();
    const finished = watched.checkpoints.finish(5_000).then(() => performance.now() - start);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(watched.begun).toEqual([0, 3_000]);
    expect(await finished).toBe(5_000);
    watched.append(5_000);
    await vi.advanceTimersByTimeAsync(300_000);
    expect(watched.begun).toEqual([0, 3_000]);
  });

  it('that fail are told, but not once all is over', async () => {
    const early = new Watched({ fails: true });
    early.append(1_000);
    await vi.advanceTimersByTimeAsync(1);
    expect(early.failures).toHaveLength(1);
    const late = new Watched({ fails: true, millis: 10_000 });
    late.append(1_000);
    const finished = late.checkpoints.finish(100);
    await vi.advanceTimersByTimeAsync(20_000);
    await finished;
    expect(late.failures).toEqual([]);
  });
});
