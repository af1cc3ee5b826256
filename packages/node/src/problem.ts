import type { ErrorCode, RequestError } from '@smc/protocol';

/** Why a node refuses a request: a stable code and a sentence for people. */
export type Problem = RequestError;

/** UTF-16 units of a message; the rest is cut off. */
const MESSAGE_LENGTH_MAX = 4_000;

/** `path` is the place in the input, `$.by`, if it is about one. */
export function problem(code: ErrorCode, message: string, path?: string): Problem {
  const shown = shorten(message, MESSAGE_LENGTH_MAX);
  return path === undefined ? { code, message: shown } : { code, message: shown, path };
}

/** The text, or as much of it as is allowed, with a mark. Well-formed either way. */
export function shorten(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text.toWellFormed() : `${text.slice(0, lengthMax - 1).toWellFormed()}…`;
}
