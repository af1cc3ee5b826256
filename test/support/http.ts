import { type Agent, request } from 'node:http';
import type { NodeProcess } from './process.ts';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Sends one request; rejects where the node is gone before the answer. */
export function send(
  node: NodeProcess,
  path: string,
  method: string,
  headers: Record<string, string> | null,
  body: string | Uint8Array,
  agent?: Agent,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { method, headers: { 'content-type': 'application/json', ...headers }, agent };
    const sent = request(new URL(path, node.url), options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** One figure of a node; of whatever labels, if nothing is said. */
export async function metric({ url }: NodeProcess, name: string, labels = '[^}]*'): Promise<number> {
  const text = await (await fetch(`${url}/_smc/metrics`)).text();
  return Number(new RegExp(`^${name}(?:\\{${labels}\\})? (\\S+)$`, 'm').exec(text)?.[1]);
}
