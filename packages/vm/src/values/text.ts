import { detached } from '@smc/protocol';

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

/** A part of a string as a value: small as it may be, a view of the string would keep all of it alive. */
export function ownPart(part: string, whole: string): string {
  return part.length < whole.length ? detached(part) : part;
}
