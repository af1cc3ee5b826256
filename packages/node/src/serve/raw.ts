import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { ERROR_STATUS, errorToJson } from '@smc/protocol';
import type { FastifyRequest } from 'fastify';
import { HEADER_BYTES_MAX, type NodeLimits } from '../limits.ts';
import type { Metrics } from '../metrics.ts';
import { problem, type Problem } from '../problem.ts';
import { STOPPING } from '../refused.ts';
import { isCall, JSON_TYPE } from './reply.ts';

/** What is refused on a connection for HTTP before there is a request that a route could answer. */

/** What connections need that are answered here. */
export interface RawService {
  readonly metrics: Metrics;
  readonly limits: NodeLimits;
}

/** Answers what is no request, or did not come in time, and ends the connection. `partial` is that of which the headers came. */
export function answerClientError(
  service: RawService,
  error: NodeJS.ErrnoException,
  socket: Socket,
  partial: FastifyRequest | null,
): void {
  const { status, message } = describe(error, service.limits);
  answer(service, socket, { problem: problem('bad-request', message), status }, partial);
}

/** What the parser of HTTP found, by its code: which bound it is, where it is a request but for that. */
function describe(
  { code, message }: NodeJS.ErrnoException,
  { headersMillisMax, requestMillisMax }: NodeLimits,
): { readonly status: number; readonly message: string } {
  const headers = 'the headers of a request, with its address,';
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return {
        status: 431,
        message: `${headers} have at most ${HEADER_BYTES_MAX / 1024} KiB, and are at most about 1,000`,
      };
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return { status: 413, message: 'the extensions of chunks are too long' };
    case 'ERR_HTTP_REQUEST_TIMEOUT': {
      const all = `all of it within ${requestMillisMax / 1000} s`;
      return { status: 408, message: `${headers} come within ${headersMillisMax / 1000} s, and ${all}` };
    }
    default:
      return { status: 400, message: `this is no HTTP request: ${message}` };
  }
}

/** Refuses a request of which the body has not come whole, as the node is about to end, and ends the connection. */
export function refusePartial(service: RawService, socket: Socket, partial: FastifyRequest): void {
  const { problem: refused } = STOPPING;
  answer(service, socket, { problem: refused, status: ERROR_STATUS[refused.code] }, partial);
}

const NO_TUNNEL = problem('unknown-operation', 'there is no CONNECT here: a node is no proxy');

/** Answers who asks for a tunnel, and ends the connection, which HTTP has let go of. */
export function answerConnect(service: RawService, socket: Socket): void {
  answer(service, socket, { problem: NO_TUNNEL, status: ERROR_STATUS[NO_TUNNEL.code] }, null);
}

function answer(
  { metrics, limits }: RawService,
  socket: Socket,
  { problem: refused, status }: { readonly problem: Problem; readonly status: number },
  partial: FastifyRequest | null,
): void {
  if (!socket.writable) return;
  if (partial === null || isCall(partial)) metrics.refuse(refused.code);
  const body = errorToJson(refused);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-type: ${JSON_TYPE}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  // The peer may never end its side.
  const force = setTimeout(() => socket.destroy(), limits.closeMillisMax);
  socket.once('close', () => clearTimeout(force));
}
