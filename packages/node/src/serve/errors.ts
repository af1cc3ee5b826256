import type { FastifyError, FastifyReply } from 'fastify';
import type { Host } from '../host.ts';
import { problem, type Problem } from '../problem.ts';
import { INTERNAL, Refused } from '../refused.ts';
import { NOT_ENCODED } from './parameters.ts';

/** A body that is refused while it is read. */
export class BodyError extends Error {
  readonly statusCode = 400;
}

/** A body that is sent in an encoding: it is refused, and not taken for what it is not. */
export class EncodedError extends Error {
  readonly statusCode = 415;
}

/** Why a request is refused, and the status where the code has another one. */
interface Refusal {
  readonly problem: Problem;
  readonly status?: number;
}

const NOT_PLAIN = problem('bad-request', 'a body is sent as it is: with no content-encoding, or identity');

/** A defect after which nobody can tell how far a request came. */
const BROKEN_OFF = problem('in-doubt', 'a defect of the node; it is not known whether this was carried out');

/**
 * Why a request is refused: its address or body could not be read, or what serves it failed. `wrongType` is about a body of a
 * type that is not taken there.
 */
export function refusalOf(host: Host, error: FastifyError, reply: FastifyReply, wrongType: Problem): Refusal {
  if (error instanceof EncodedError) {
    void reply.header('accept-encoding', 'identity');
    return { problem: NOT_PLAIN, status: error.statusCode };
  }
  return { problem: problemOf(host, error, reply, wrongType) };
}

function problemOf(host: Host, error: FastifyError, reply: FastifyReply, wrongType: Problem): Problem {
  const status = error.statusCode ?? 500;
  if (status === 413) {
    // The rest of the body is read and thrown away, within the time of a request: were the connection closed, whoever
    // is still sending would find it broken, and not read the answer.
    reply.removeHeader('connection');
    const { bodyLimit } = reply.request.routeOptions;
    return problem('too-large', `the body has more than ${bodyLimit} bytes`);
  }
  if (status === 415) return wrongType;
  if (error.code === 'FST_ERR_BAD_URL') return NOT_ENCODED;
  if (status < 500) return problem('bad-request', error.message);
  if (error instanceof Refused) return error.problem;
  host.report(error);
  return reply.request.method === 'GET' ? INTERNAL.problem : BROKEN_OFF;
}
