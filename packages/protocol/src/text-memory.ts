/**
 * What the host holds for a text. Its parts are views of the whole, and what it joins refers to both sides: either
 * can keep alive many times what the size of a text (`sizeOf`) tells. So what stays, in a state or as a key, is a
 * text in memory of its own.
 */

/** The host copies a shorter part by itself. */
const VIEW_UNITS_MIN = 13;

/** The same text, in memory of its own: for one that may be a part of a larger one. */
export function detached(text: string): string {
  if (text.length < VIEW_UNITS_MIN) return text;
  // The host copies the items of an array that it joins, where they are two or more.
  return [text.slice(0, 1), text.slice(1)].join('');
}
