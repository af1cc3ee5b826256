import type { FastifyRequest, onRequestHookHandler } from 'fastify';
import type { Authorized } from '../access/access.ts';
import type { Log } from '../ports.ts';
import { sendProblem } from './reply.ts';

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
  refusals: Refusals,
): onRequestHookHandler {
  return (request, reply, done) => {
    const authorized = authorize(tokenOf(request));
    if (authorized.ok) return done();
    refusals.log(request);
    void reply.header('www-authenticate', 'Bearer');
    sendProblem(reply, authorized.problem);
  };
}

/** The token that a request shows, `Authorization: Bearer TOKEN`; null where it shows none. */
export function tokenOf({ headers }: FastifyRequest): string | null {
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? null;
}

/** Between two lines of the log about requests that were turned away. */
const REFUSAL_MILLIS = 10_000;

/** Tells the operator of requests without the token that they need: not of each, for whoever tries must not fill the log. */
export class Refusals {
  readonly #log: Log;
  #toldAt = Number.NEGATIVE_INFINITY;
  /** Since then. */
  #untold = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  log({ ip, method, url }: FastifyRequest): void {
    const now = performance.now();
    if (now - this.#toldAt < REFUSAL_MILLIS) {
      this.#untold++;
      return;
    }
    // What was asked for may hold what is secret: the path alone.
    const path = url.split('?')[0].slice(0, 200);
    this.#log.warn({ from: ip, method, path, others: this.#untold }, 'unauthorized');
    this.#toldAt = now;
    this.#untold = 0;
  }
}
