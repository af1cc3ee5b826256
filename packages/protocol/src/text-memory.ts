/**
 * What the host holds for a text. Its parts are views of the whole, and what it joins refers to both sides: either
 * can keep alive many times what the size of a text (`sizeOf`) tells. So what stays, in a state or as a key, is made
 * here: a text in memory of its own, or one with few joints.
 */

/** The host copies a shorter part by itself, and so it does both sides of a shorter text that it joins. */
const COPIED_UNITS_MIN = 13;

/** The same text, in memory of its own: for one that may be a part of a larger one. */
export function detached(text: string): string {
  if (text.length < COPIED_UNITS_MIN) return text;
  // The host copies the items of an array that it joins, where they are two or more.
  return [text.slice(0, 1), text.slice(1)].join('');
}

/** Units between two places where a joined text is written out, at least, as a power of two. */
const STRETCH_LOG2_MIN = 4;

/**
 * Two texts, one after the other. A joint takes the host as much as 16 units by `sizeOf`. So a text is written out, and
 * has no joint, where a multiple of 2ᵏ lies between the length of its longer side and its own; else it has a joint, and
 * those of the longer side, and less than one for each unit of the shorter. A text of n units has thus at most n mod 2ᵏ
 * joints; 2ᵏ is 16 at least, and from 128 units on n / 8 at most. From one power of two to the next a text is written
 * out 8 times, however it grows.
 */
export function joined(left: string, right: string): string {
  const units = left.length + right.length;
  if (units < COPIED_UNITS_MIN) return left + right;
  const longer = Math.max(left.length, right.length);
  const k = Math.max(STRETCH_LOG2_MIN, 28 - Math.clz32(units));
  return longer >> k === units >> k ? left + right : [left, right].join('');
}
