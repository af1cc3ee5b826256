import type { FastifyRequest } from 'fastify';
import { keyOfCaller } from '../access/access.ts';
import type { HeaderRequestKey } from '../journal/entry.ts';
import { REQUEST_KEY_LENGTH_MAX } from '../limits.ts';
import { problem, type Problem } from '../problem.ts';

type ReadKey =
  | { readonly ok: true; readonly key: HeaderRequestKey | null }
  | { readonly ok: false; readonly problem: Problem };

/** The `Idempotency-Key` of a request; `digest` gives what makes it the same as another one with that key. */
export function readRequestKey(request: FastifyRequest, digest: () => string): ReadKey {
  const key = headerOf(request, KEY_HEADER);
  if (key === null) return NO_KEY;
  // One header with both is all that is left of two, and would be a key that nobody sends again.
  if (request.raw.headersDistinct[KEY_HEADER]?.length !== 1) return TWO_KEYS;
  if (key.length > 0 && key.length <= REQUEST_KEY_LENGTH_MAX) {
    return { ok: true, key: { key: keyOfCaller(request.caller, key), digest: digest() } };
  }
  const message = `an Idempotency-Key has 1 to ${REQUEST_KEY_LENGTH_MAX} characters`;
  return { ok: false, problem: problem('bad-request', message) };
}

const KEY_HEADER = 'idempotency-key';

const NO_KEY: ReadKey = { ok: true, key: null };
const TWO_KEYS: ReadKey = {
  ok: false,
  problem: problem('bad-request', 'a request has one Idempotency-Key'),
};

export function headerOf(request: FastifyRequest, name: string): string | null {
  const value = request.headers[name];
  return value === undefined ? null : [value].flat().join(', ');
}
