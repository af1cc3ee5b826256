import type { FastifyRequest } from 'fastify';
import { problem, type Problem } from '../problem.ts';

export const NOT_ENCODED = problem('bad-request', 'the address is not UTF-8 in percent-encoding');

/** What reads the query passes over what is wrong there, and something else would be meant. */
export function isEncoded({ url }: FastifyRequest): boolean {
  const start = url.indexOf('?');
  if (start < 0) return true;
  try {
    decodeURIComponent(url.slice(start));
    return true;
  } catch {
    return false;
  }
}

type Read<Name extends string> =
  | { readonly ok: true; readonly values: Readonly<Partial<Record<Name, string>>> }
  | { readonly ok: false; readonly problem: Problem };

/**
 * The parameters of an address below `/_smc/`, which takes those of these names. Any other is refused, and so is one
 * that is there twice: to pass over it would answer another question.
 */
export function readParameters<Name extends string>(
  request: FastifyRequest,
  ...names: readonly Name[]
): Read<Name> {
  if (!isEncoded(request)) return { ok: false, problem: NOT_ENCODED };
  const values: Partial<Record<Name, string>> = {};
  for (const [given, value] of Object.entries(request.query as Record<string, string | string[]>)) {
    const name = names.find((each) => each === given);
    if (name === undefined)
      return refuse(`there is no parameter ${JSON.stringify(given)} here${those(names)}`);
    if (typeof value !== 'string') return refuse(`the parameter "${name}" is there twice`);
    values[name] = value;
  }
  return { ok: true, values };
}

const those = (names: readonly string[]): string =>
  names.length === 0 ? '' : `; there is ${names.map((name) => JSON.stringify(name)).join(' and ')}`;

const refuse = (message: string): Read<never> => ({ ok: false, problem: problem('bad-request', message) });
