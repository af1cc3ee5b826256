/** The number of Unicode scalar values of a well-formed string. */
export function scalarCount(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xdc00) count--;
  return count;
}

/** The unit at which the scalar value of a position, from 0, starts; the length past the last. */
export function indexOfScalar(text: string, position: number): number {
  if (position >= text.length) return text.length;
  let at = 0;
  for (let passed = 0; passed < position && at < text.length; passed++) {
    at += (text.charCodeAt(at) & 0xfc00) === 0xd800 ? 2 : 1;
  }
  return at;
}

/**
 * A part of a string, so that it keeps no more than twice its own length alive: the host's
 * parts are views, and a small one would hold all of a large string for as long as it is in a
 * state, which its size does not tell.
 */
export function detached(part: string, whole: string): string {
  if (2 * part.length >= whole.length) return part;
  // The host copies what it joins.
  return [part.slice(0, 1), part.slice(1)].join('');
}
