import type { FastifyRequest, onRequestHookHandler } from 'fastify';
import type { Authorized } from '../access/access.ts';
import { refuseRequest } from './reply.ts';
import type { Service } from './service.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The name of whoever sent it, where the token has one; empty before the guard let it pass. */
    caller: string;
  }
}

/** What a route is added with, so that it is guarded. */
export interface Guarded {
  readonly onRequest: onRequestHookHandler;
}

/**
 * Lets a request pass whose token allows it. A hook of each route, and not a look at the address, of which there are
 * many ways to write it.
 */
export function guard(
  authorize: (token: string | null) => Authorized,
  { host, refusals }: Pick<Service, 'host' | 'refusals'>,
): onRequestHookHandler {
  return (request, reply, done) => {
    const authorized = authorize(tokenOf(request));
    if (authorized.ok) {
      request.caller = authorized.caller;
      return done();
    }
    const { ip, method, url } = request;
    // What was asked for may hold what is secret: the path alone.
    const path = url.split('?')[0].slice(0, 200);
    refusals.add({ protocol: 'http', from: ip, method, path });
    void reply.header('www-authenticate', 'Bearer');
    refuseRequest(host.metrics, reply, authorized.problem);
  };
}

/** The token that a request shows, `Authorization: Bearer TOKEN`; null where it shows none. */
function tokenOf({ headers }: FastifyRequest): string | null {
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? null;
}
