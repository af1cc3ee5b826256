/**
 * Why a node refuses a request, as a value: a stable code and a sentence for people. Codes and
 * statuses are the table of "Addresses and protocols" in `docs/`.
 */
export interface Problem {
  readonly code: ProblemCode;
  readonly message: string;
  /** Where in the input, `$.by`, if it is about a place in it. */
  readonly path?: string;
}

/** HTTP status by code. */
export const PROBLEM_STATUS = {
  'bad-request': 400,
  unauthorized: 401,
  'unknown-machine': 404,
  'unknown-operation': 404,
  stale: 409,
  busy: 409,
  gone: 410,
  'too-large': 413,
  fault: 422,
  malformed: 422,
  unverified: 422,
  'ill-typed': 422,
  lossy: 422,
  'migration-failed': 422,
  invariant: 422,
  'idempotency-mismatch': 422,
  'unknown-interface': 426,
  overloaded: 429,
  internal: 500,
  stopping: 503,
} as const;

export type ProblemCode = keyof typeof PROBLEM_STATUS;

/** UTF-16 units of a message; the rest is cut off. */
const MESSAGE_LENGTH_MAX = 4_000;

export function problem(code: ProblemCode, message: string, path?: string): Problem {
  const shown = shorten(message, MESSAGE_LENGTH_MAX);
  return path === undefined ? { code, message: shown } : { code, message: shown, path };
}

/** The text, or as much of it as is allowed, with a mark. Well-formed either way. */
export function shorten(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text.toWellFormed() : `${text.slice(0, lengthMax - 1).toWellFormed()}…`;
}
