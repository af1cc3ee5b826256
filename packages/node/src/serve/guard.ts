import type { FastifyRequest, onRequestHookHandler } from 'fastify';
import type { Authorized } from '../access/access.ts';
import { sendProblem } from './reply.ts';

/**
 * Lets a request pass whose token allows it. A hook of the scope of its routes, and not a look at the
 * address, of which there are many ways to write it.
 */
export function guard(authorize: (token: string | null) => Authorized): onRequestHookHandler {
  return (request, reply, done) => {
    const authorized = authorize(tokenOf(request));
    if (authorized.ok) return done();
    void reply.header('www-authenticate', 'Bearer');
    sendProblem(reply, authorized.problem);
  };
}

/** The token that a request shows, `Authorization: Bearer TOKEN`; null where it shows none. */
export function tokenOf({ headers }: FastifyRequest): string | null {
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? null;
}
