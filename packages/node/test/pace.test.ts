import { describe, expect, test } from 'vitest';
import { oncePerTurn, Pace } from '../src/pace.ts';

/** When turns end, by clocks of the test. */

describe('a turn', () => {
  let now = 0;
  let readings = 0;
  const stopwatch = (): number => {
    readings++;
    return now;
  };

  /** Does things that take so long each until the turn is over; gives how many. */
  function turn(pace: Pace, millis: (index: number) => number): number {
    pace.begin();
    for (let done = 1; ; done++) {
      now += millis(done);
      if (pace.isOver()) return done;
    }
  }

  test('ends with the first thing beyond its time, where each takes some of it', () => {
    const pace = new Pace(stopwatch, 10);
    expect(turn(pace, () => 3)).toBe(4);
    expect(turn(pace, () => 50)).toBe(1);
    expect(pace.last).toBe(now);
  });

  test('reads the clock after some things that take next to nothing, and ends soon after them', () => {
    const pace = new Pace(stopwatch, 10);
    readings = 0;
    const done = turn(pace, () => 1 / 1024);
    expect(done).toBeGreaterThanOrEqual(10 * 1024);
    expect(done).toBeLessThan(10 * 1024 + 8);
    expect(readings).toBeLessThan(done / 8 + 8);
  });

  test('is not longer by more than eight things when they become slow, and then by one', () => {
    const pace = new Pace(stopwatch, 10);
    expect(turn(pace, (index) => (index < 100 ? 0 : 1_000))).toBeLessThan(108);
    expect(turn(pace, () => 1_000)).toBe(1);
  });
});

test('what is read once for a turn is the same until the turn is over', async () => {
  let now = 1;
  const read = oncePerTurn(() => now);
  expect(read()).toBe(1);
  now = 2;
  await Promise.resolve();
  expect(read()).toBe(1);
  await new Promise((resolve) => setImmediate(resolve));
  expect(read()).toBe(2);
});
