import { request } from 'node:http';
import type { RunningNode } from '../src/node.ts';

/** An HTTP reply, whole. */
export interface HttpReply {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

export interface HttpParts {
  readonly method?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string | Uint8Array;
}

/** Sends a request exactly as it is said here: `fetch` would not let `Host` and `Origin` be set. */
export function send(node: RunningNode, path: string, parts: HttpParts = {}): Promise<HttpReply> {
  const { method = 'GET', headers = {}, body } = parts;
  return new Promise((resolve, reject) => {
    const sent = request(
      { port: node.httpPort!, host: '127.0.0.1', path, method, headers, agent: false },
      (reply) => {
        const chunks: Buffer[] = [];
        reply.on('data', (chunk: Buffer) => chunks.push(chunk));
        reply.on('error', reject);
        reply.on('end', () => {
          resolve({
            status: reply.statusCode ?? 0,
            headers: reply.headers,
            body: Buffer.concat(chunks).toString(),
          });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Calls an operation; without a body where none is given. */
export function post(
  node: RunningNode,
  path: string,
  body?: string,
  headers: Record<string, string | string[]> = {},
): Promise<HttpReply> {
  const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
  return send(node, path, {
    method: 'POST',
    headers: { ...type, ...headers },
    ...(body !== undefined && { body }),
  });
}

/** Deploys a bundle. */
export function put(node: RunningNode, bundle: Uint8Array, query = ''): Promise<HttpReply> {
  const headers = { 'content-type': 'application/octet-stream' };
  return send(node, `/_smc/machines${query}`, { method: 'PUT', headers, body: bundle });
}
