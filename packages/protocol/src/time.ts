import { TIME_MAX } from './value.ts';

/** A time as text: `2026-11-20T21:41:25.000Z`; years past 9999 and before 0 have a sign and six digits. */
export function printTime(millis: number): string {
  return new Date(millis).toISOString();
}

/**
 * The milliseconds of `6000`, `-5`, `1_000`, `2026-11-20T21:41:25Z` or `2026-11-20T21:41:25.123Z`;
 * null for what is no time, or out of range.
 */
export function parseTime(text: string): number | null {
  const digits = text.startsWith('-') ? text.slice(1) : text;
  const magnitude = parseDigits(digits);
  if (magnitude !== null) {
    if (magnitude > TIME_MAX) return null;
    return text.startsWith('-') ? 0 - magnitude : magnitude;
  }
  if (text.length > CALENDAR_LENGTH_MAX || !text.endsWith('Z')) return null;
  const dot = text.indexOf('.');
  const full = dot < 0 ? `${text.slice(0, -1)}.000Z` : text;
  const millis = Date.parse(full);
  // Hosts differ in what else they parse, and some take a 30th of February: only the one form counts.
  return Number.isNaN(millis) || printTime(millis) !== full ? null : millis;
}

const CALENDAR_LENGTH_MAX = '+275760-09-13T00:00:00.000Z'.length;

/** The number of `42` or `1_000_000`: digits with single `_` between them; null for other text. */
export function parseDigits(text: string): number | null {
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === UNDERSCORE && i > 0 && i < text.length - 1 && text.charCodeAt(i - 1) !== UNDERSCORE)
      continue;
    if (unit < ZERO || unit > NINE) return null;
    // Past 2⁵³ this is inexact, but stays too large.
    value = value * 10 + (unit - ZERO);
  }
  return text === '' ? null : value;
}

const ZERO = 0x30;
const NINE = 0x39;
const UNDERSCORE = 0x5f;
