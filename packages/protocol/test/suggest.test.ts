import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { editDistance, suggest } from '../src/suggest.ts';

test('what is near is suggested, what is not is not', () => {
  expect(suggest('cuont', ['amount', 'count', 'counter'])).toBe('count');
  expect(suggest('toStirng', ['toString', 'parse'])).toBe('toString');
  expect(suggest('read', ['Read'])).toBe('Read');
  expect(suggest('x', ['y', 'n'])).toBeNull();
  expect(suggest('total', ['count', 'name'])).toBeNull();
  expect(suggest('a'.repeat(1_000), ['a'.repeat(999)])).toBeNull();
});

const words = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 });

test.prop([words, words])('the distance is symmetric, and zero only of a word from itself', (a, b) => {
  expect(editDistance(a, b)).toBe(editDistance(b, a));
  expect(editDistance(a, b) === 0).toBe(a === b);
});

test.prop([words, fc.nat(7), fc.constantFrom('a', 'b', 'c')])(
  'one change is one step',
  (word, at, letter) => {
    const place = Math.min(at, word.length);
    expect(editDistance(word, word.slice(0, place) + letter + word.slice(place))).toBe(1);
  },
);
