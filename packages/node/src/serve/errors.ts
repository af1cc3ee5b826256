import type { FastifyError, FastifyReply } from 'fastify';
import type { Host } from '../host.ts';
import { problem, type Problem } from '../problem.ts';
import { INTERNAL, Refused } from '../refused.ts';
import { NOT_ENCODED } from './parameters.ts';

/** A body that is refused while it is read. */
export class BodyError extends Error {
  readonly statusCode = 400;
}

/** A defect after which nobody can tell how far a request came. */
const BROKEN_OFF = problem('in-doubt', 'a defect of the node; it is not known whether this was carried out');

/**
 * Why a request is refused: its address or body could not be read, or what serves it failed. `wrongType` is about a body of a
 * type that is not taken there.
 */
export function problemOf(host: Host, error: FastifyError, reply: FastifyReply, wrongType: Problem): Problem {
  const status = error.statusCode ?? 500;
  if (status === 413) {
    // The rest of the body is read and thrown away, within the time of a request: were the connection closed, whoever
    // is still sending would find it broken, and not read the answer.
    reply.removeHeader('connection');
    return problem('too-large', 'the body is too large');
  }
  if (status === 415) return wrongType;
  if (error.code === 'FST_ERR_BAD_URL') return NOT_ENCODED;
  if (status < 500) return problem('bad-request', error.message);
  if (error instanceof Refused) return error.problem;
  host.report(error);
  return reply.request.method === 'GET' ? INTERNAL.problem : BROKEN_OFF;
}
