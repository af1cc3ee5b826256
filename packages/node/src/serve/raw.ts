import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { ERROR_STATUS, errorToJson } from '@smc/protocol';
import type { NodeLimits } from '../limits.ts';
import type { Metrics } from '../metrics.ts';
import { problem, type Problem } from '../problem.ts';
import { JSON_TYPE } from './reply.ts';

/** What is refused on a connection for HTTP before there is a request that a route could answer. */

/** What connections need that are answered here. */
export interface RawService {
  readonly metrics: Metrics;
  readonly limits: NodeLimits;
}

/** By the code of what the parser of HTTP found. */
const CLIENT_STATUS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** Answers what is no request, or did not come in time, and ends the connection. */
export function answerClientError(service: RawService, error: NodeJS.ErrnoException, socket: Socket): void {
  const status = CLIENT_STATUS[error.code ?? ''];
  answer(service, socket, problem('bad-request', `this is no HTTP request: ${error.message}`), status);
}

function answer(
  { metrics, limits }: RawService,
  socket: Socket,
  refused: Problem,
  status: number = ERROR_STATUS[refused.code],
): void {
  if (!socket.writable) return;
  metrics.refuse(refused.code);
  const body = errorToJson(refused);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-type: ${JSON_TYPE}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  // The peer may never end its side.
  const force = setTimeout(() => socket.destroy(), limits.closeMillisMax);
  socket.once('close', () => clearTimeout(force));
}
