import {
  CASE_IGNORABLE,
  CASED,
  LOWER_RUNS,
  LOWER_SPECIALS,
  UPPER_RUNS,
  UPPER_SPECIALS,
  WHITE_SPACE,
} from './tables.ts';

/**
 * Upper and lower case and white space as Unicode 16.0 has them, in any host: full mappings
 * (SpecialCasing.txt) without those of a language, and the final sigma. The tables are read
 * when they are first used.
 */

/** The full upper case of a string. */
export function toUpperCase(text: string): string {
  if (isAscii(text)) return text.toUpperCase();
  UPPER ??= mappingOf(UPPER_RUNS, UPPER_SPECIALS);
  let result = '';
  for (const character of text) result += UPPER.get(character) ?? character;
  return result;
}

const SIGMA = 'Σ';
const FINAL_SIGMA = 'ς';

/** The full lower case of a string. */
export function toLowerCase(text: string): string {
  if (isAscii(text)) return text.toLowerCase();
  LOWER ??= mappingOf(LOWER_RUNS, LOWER_SPECIALS);
  const characters = Array.from(text);
  let result = '';
  for (const [i, character] of characters.entries()) {
    if (character === SIGMA && isFinal(characters, i)) result += FINAL_SIGMA;
    else result += LOWER.get(character) ?? character;
  }
  return result;
}

/** A string without the white space at both ends. */
export function trim(text: string): string {
  SPACES ??= rangesOf(WHITE_SPACE);
  // All white space is in the basic plane: each is one unit.
  let start = 0;
  let end = text.length;
  while (start < end && SPACES.has(text.charCodeAt(start))) start++;
  while (end > start && SPACES.has(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

let UPPER: ReadonlyMap<string, string> | null = null;
let LOWER: ReadonlyMap<string, string> | null = null;
let CASED_POINTS: ReadonlySet<number> | null = null;
let IGNORABLE_POINTS: ReadonlySet<number> | null = null;
let SPACES: ReadonlySet<number> | null = null;

// oxlint-disable-next-line no-control-regex -- all of ASCII, control characters too
const isAscii = (text: string): boolean => /^[\u0000-\u007f]*$/.test(text);

/** Whether a sigma ends a word: a cased character stands before it, and none after it. */
function isFinal(characters: readonly string[], at: number): boolean {
  return meetsCased(characters, at, -1) && !meetsCased(characters, at, 1);
}

/** Whether the first character in a direction that is not ignored is a cased one. */
function meetsCased(characters: readonly string[], at: number, step: 1 | -1): boolean {
  CASED_POINTS ??= rangesOf(CASED);
  IGNORABLE_POINTS ??= rangesOf(CASE_IGNORABLE);
  for (let i = at + step; i >= 0 && i < characters.length; i += step) {
    const point = characters[i].codePointAt(0)!;
    // Some characters are both: they are passed by.
    if (!IGNORABLE_POINTS.has(point)) return CASED_POINTS.has(point);
  }
  return false;
}

/** From runs `start,count,step,delta` and specials `from:to,to`. */
function mappingOf(runs: string, specials: string): ReadonlyMap<string, string> {
  const mapping = new Map<string, string>();
  for (const run of runs.split(' ')) {
    const [start, count, step, delta] = run.split(',').map(Number);
    for (let i = 0; i < count; i++) {
      const point = start + i * step;
      mapping.set(String.fromCodePoint(point), String.fromCodePoint(point + delta));
    }
  }
  for (const special of specials.split(' ')) {
    const [from, to] = special.split(':');
    mapping.set(String.fromCodePoint(Number(from)), String.fromCodePoint(...to.split(',').map(Number)));
  }
  return mapping;
}

/** From ranges `first,end`, the end exclusive. */
function rangesOf(ranges: string): ReadonlySet<number> {
  const points = new Set<number>();
  for (const range of ranges.split(' ')) {
    const [first, end] = range.split(',').map(Number);
    for (let point = first; point < end; point++) points.add(point);
  }
  return points;
}
