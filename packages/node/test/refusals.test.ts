import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Refusals } from '../src/access/refusals.ts';
import { type LogFacts, NO_LOG } from '../src/ports.ts';

/** What an operator hears of those who come without the token that they need. */

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('are all counted, and told of once in ten seconds, with the number of the others', () => {
  const told: LogFacts[] = [];
  const refusals = new Refusals({ ...NO_LOG, warn: (facts) => told.push(facts) });
  refusals.add({ protocol: 'http', from: '10.0.0.1', method: 'GET', path: '/Counter/Read' });
  const first = { protocol: 'http', from: '10.0.0.1', method: 'GET', path: '/Counter/Read', others: 0 };
  expect(told.splice(0)).toEqual([first]);
  for (let i = 0; i < 100_000; i++) refusals.add({ protocol: 'frames', from: `10.0.0.${i % 256}` });
  vi.advanceTimersByTime(9_999);
  refusals.add({ protocol: 'lines', from: '10.0.0.2' });
  expect(told).toEqual([]);
  // Also where nobody else comes.
  vi.advanceTimersByTime(1);
  expect(told.splice(0)).toEqual([{ protocol: 'lines', from: '10.0.0.2', others: 100_000 }]);
  refusals.add({ protocol: 'lines', from: undefined });
  expect(told).toEqual([]);
  vi.advanceTimersByTime(10_000);
  expect(told.splice(0)).toEqual([{ protocol: 'lines', from: undefined, others: 0 }]);
  vi.advanceTimersByTime(60_000);
  expect(told).toEqual([]);
  refusals.add({ protocol: 'lines', from: '10.0.0.3' });
  expect(told.splice(0)).toEqual([{ protocol: 'lines', from: '10.0.0.3', others: 0 }]);
  expect(refusals.counts).toEqual({ http: 1, lines: 3, frames: 100_000 });
});

it('are told of before the node ends, and nothing is waited for then', () => {
  const told: LogFacts[] = [];
  const refusals = new Refusals({ ...NO_LOG, warn: (facts) => told.push(facts) });
  for (let i = 0; i < 11; i++) refusals.add({ protocol: 'lines', from: `10.0.0.${i}` });
  refusals.end();
  expect(told.map(({ from, others }) => [from, others])).toEqual([
    ['10.0.0.0', 0],
    ['10.0.0.10', 9],
  ]);
  expect(vi.getTimerCount()).toBe(0);
});
