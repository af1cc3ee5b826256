import { expect, it } from 'vitest';
import { NODE_LIMITS } from '../src/limits.ts';
import { HeldBytes, type Holder } from '../src/serve/held.ts';

/** What connections hold together, and which of them ends where that is too much. */

const limits = { ...NODE_LIMITS, partialBytesMax: 100, outputBytesMax: 100, outputBytesOfAllMax: 150 };

/** Connections of these names, and what was given up of them. */
function holders(...names: string[]): { readonly of: Record<string, Holder>; readonly given: string[] } {
  const given: string[] = [];
  const of = Object.fromEntries(
    names.map((name) => [name, { giveUp: (what: string) => void given.push(`${name} ${what}`) }]),
  );
  return { of, given };
}

it('who holds most ends where replies of all together are too much, whoever asks for more', () => {
  const { of, given } = holders('small', 'large', 'other');
  const held = new HeldBytes(limits);
  held.set(of.large, 0, 90);
  held.set(of.small, 0, 60);
  expect(given).toEqual([]);
  held.set(of.small, 0, 61);
  expect(given).toEqual(['large output']);
  // What it held is there for others.
  held.set(of.other, 0, 89);
  expect(given).toEqual(['large output']);
  held.set(of.other, 0, 90);
  expect(given).toEqual(['large output', 'other output']);
});

it('who holds too much by itself ends, however little others do', () => {
  const { of, given } = holders('greedy', 'small');
  const held = new HeldBytes(limits);
  held.set(of.small, 0, 1);
  held.set(of.greedy, 0, 100);
  expect(given).toEqual([]);
  held.set(of.greedy, 0, 101);
  expect(given).toEqual(['greedy output']);
});

it('input and output are bounded apart', () => {
  const { of, given } = holders('sends', 'takes');
  const held = new HeldBytes(limits);
  held.set(of.sends, 99, 0);
  held.set(of.takes, 1, 100);
  expect(given).toEqual([]);
  held.set(of.takes, 2, 100);
  expect(given).toEqual(['sends input']);
});
