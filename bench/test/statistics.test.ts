import { describe, expect, it } from 'vitest';
import { median, spreadOf } from '../statistics.ts';

describe('the median', () => {
  const cases: [what: string, numbers: readonly number[], median: number][] = [
    ['of one number is that number', [7], 7],
    ['of an odd count is the one in the middle', [9, 1, 4], 4],
    ['of an even count is the mean of the two in the middle', [8, 1, 2, 5], 3.5],
    ['of two is no nearer to the worst than to the best', [30, 10], 20],
    ['is of numbers, which are not sorted as texts', [100, 9, 20], 20],
  ];
  it.each(cases)('%s', (_, numbers, expected) => expect(median(numbers)).toBe(expected));
});

it('has the least and the most beside the median, and leaves what it is given as it is', () => {
  const rounds = Object.freeze([3, 1, 2, 6]);
  expect(spreadOf(rounds)).toEqual({ median: 2.5, least: 1, most: 6 });
});
