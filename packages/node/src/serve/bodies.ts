import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { NodeLimits } from '../limits.ts';
import { problem } from '../problem.ts';
import { sendProblem } from './reply.ts';

/**
 * Bounds what the bodies of all requests take together, from their first byte until they are
 * answered: what would be too much is refused before it is read, however many connections there are
 * and however slowly they send.
 */
export function boundBodies(app: FastifyInstance, { bodyBytesMax }: NodeLimits): void {
  let bytes = 0;
  app.addHook('onRequest', (request, reply, done) => {
    const most = bytesOf(request);
    if (bytes + most > bodyBytesMax) return sendProblem(reply, OVERLOADED);
    bytes += most;
    // Also where the connection is gone before all of it came.
    if (most > 0) reply.raw.once('close', () => (bytes -= most));
    done();
  });
}

const OVERLOADED = problem('overloaded', 'too many bodies are on their way; try again later');

/** The most that the body of a request may take. One that is larger than its route allows is never read. */
function bytesOf({ headers, routeOptions }: FastifyRequest): number {
  const { bodyLimit } = routeOptions;
  if (headers['transfer-encoding'] !== undefined) return bodyLimit;
  const length = Number(headers['content-length'] ?? 0);
  return length <= bodyLimit ? length : 0;
}
