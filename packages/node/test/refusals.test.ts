import { expect, it } from 'vitest';
import { Refusals } from '../src/access/refusals.ts';
import { type LogFacts, NO_LOG } from '../src/ports.ts';

/** What an operator hears of those who come without the token that they need. */

it('are all counted, and told of once in ten seconds, with the number of the others', () => {
  const told: LogFacts[] = [];
  let now = 1_000;
  const refusals = new Refusals({ ...NO_LOG, warn: (facts) => told.push(facts) }, () => now);
  refusals.add({ protocol: 'http', from: '10.0.0.1', method: 'GET', path: '/Counter/Read' });
  for (let i = 0; i < 1_000_000; i++) refusals.add({ protocol: 'frames', from: `10.0.0.${i % 256}` });
  now += 9_999;
  refusals.add({ protocol: 'lines', from: '10.0.0.2' });
  now += 1;
  refusals.add({ protocol: 'lines', from: undefined });
  refusals.add({ protocol: 'lines', from: '10.0.0.3' });
  expect(told).toEqual([
    { protocol: 'http', from: '10.0.0.1', method: 'GET', path: '/Counter/Read', others: 0 },
    { protocol: 'lines', from: undefined, others: 1_000_001 },
  ]);
  expect(refusals.counts).toEqual({ http: 1, lines: 3, frames: 1_000_000 });
});
