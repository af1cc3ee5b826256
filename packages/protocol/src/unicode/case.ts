import { detached, joined } from '../text-memory.ts';
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
  const mapping = (UPPER ??= mappingOf(UPPER_RUNS, UPPER_SPECIALS));
  return mapped(text, (point) => mapping.get(point));
}

const SIGMA = 0x3a3;
const FINAL_SIGMA = 'ς';

/** The full lower case of a string. */
export function toLowerCase(text: string): string {
  if (isAscii(text)) return text.toLowerCase();
  const mapping = (LOWER ??= mappingOf(LOWER_RUNS, LOWER_SPECIALS));
  return mapped(text, (point, at) =>
    point === SIGMA && isFinal(text, at) ? FINAL_SIGMA : mapping.get(point),
  );
}

/** A string with other characters in place of those, by number and place, for which there are such. */
function mapped(text: string, mapping: (point: number, at: number) => string | undefined): string {
  let result = '';
  let copied = 0;
  for (let at = 0, end = 0; at < text.length; at = end) {
    const point = text.codePointAt(at)!;
    end = at + (point > 0xffff ? 2 : 1);
    const to = mapping(point, at);
    if (to === undefined) continue;
    result = joined(joined(result, text.slice(copied, at)), to);
    copied = end;
  }
  return copied === 0 ? text : detached(joined(result, text.slice(copied)));
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

let UPPER: ReadonlyMap<number, string> | null = null;
let LOWER: ReadonlyMap<number, string> | null = null;
let CASED_POINTS: ReadonlySet<number> | null = null;
let IGNORABLE_POINTS: ReadonlySet<number> | null = null;
let SPACES: ReadonlySet<number> | null = null;

// oxlint-disable-next-line no-control-regex -- all of ASCII, control characters too
const isAscii = (text: string): boolean => /^[\u0000-\u007f]*$/.test(text);

/** Whether a sigma ends a word: a cased character stands before it, and none after it. */
function isFinal(text: string, at: number): boolean {
  return meetsCased(text, at, -1) && !meetsCased(text, at, 1);
}

/** Whether the first character in a direction that is not ignored is a cased one. */
function meetsCased(text: string, at: number, step: 1 | -1): boolean {
  CASED_POINTS ??= rangesOf(CASED);
  IGNORABLE_POINTS ??= rangesOf(CASE_IGNORABLE);
  for (let i = at + step; i >= 0 && i < text.length; i += step) {
    // The second half of a character, which is met at the first.
    if ((text.charCodeAt(i) & 0xfc00) === 0xdc00) continue;
    const point = text.codePointAt(i)!;
    // Some characters are both: they are passed by.
    if (!IGNORABLE_POINTS.has(point)) return CASED_POINTS.has(point);
  }
  return false;
}

/** From runs `start,count,step,delta` and specials `from:to,to`. */
function mappingOf(runs: string, specials: string): ReadonlyMap<number, string> {
  const mapping = new Map<number, string>();
  for (const run of runs.split(' ')) {
    const [start, count, step, delta] = run.split(',').map(Number);
    for (let i = 0; i < count; i++) {
      const point = start + i * step;
      mapping.set(point, String.fromCodePoint(point + delta));
    }
  }
  for (const special of specials.split(' ')) {
    const [from, to] = special.split(':');
    mapping.set(Number(from), String.fromCodePoint(...to.split(',').map(Number)));
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
