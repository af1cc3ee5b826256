import { constants } from 'node:buffer';
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { type ClientTls, tlsOptions } from './tls.ts';

/** A request over HTTP, and its whole answer. */
export interface HttpParts {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly answerBytesMax: number;
  readonly signal: AbortSignal;
  /** Told when all of it was handed to the system: from then on it may be carried out. */
  readonly onSent: () => void;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
}

export type Exchange = (url: string, parts: HttpParts) => Promise<HttpAnswer>;

const PLAIN = new HttpAgent({ keepAlive: true });
const ENCRYPTED = new HttpsAgent({ keepAlive: true });

/** What a string can hold. */
export const ANSWER_BYTES_MAX = constants.MAX_STRING_LENGTH;

/**
 * Sends requests and takes whole answers; rejects with the error of the system where none comes, or too much. Connections are kept
 * and shared: by all of this process, or by who has certificates of their own. A redirection is an answer.
 */
export function exchangeBy(tls: ClientTls | undefined): Exchange {
  const encrypted = tls === undefined ? ENCRYPTED : new HttpsAgent({ keepAlive: true, ...tlsOptions(tls) });
  return (url, parts) => exchange(url, parts, encrypted);
}

function exchange(
  url: string,
  { body, answerBytesMax, onSent, ...parts }: HttpParts,
  encrypted: HttpsAgent,
): Promise<HttpAnswer> {
  const isEncrypted = url.startsWith('https:');
  return new Promise((resolve, reject) => {
    const take = (response: IncomingMessage): void => {
      const chunks: Buffer[] = [];
      let left = answerBytesMax;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        left -= chunk.length;
        if (left < 0) response.destroy(new Error(`an answer of more than ${answerBytesMax} bytes`));
      });
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, body: new Uint8Array(Buffer.concat(chunks)) });
      });
    };
    const sent = isEncrypted
      ? httpsRequest(url, { ...parts, agent: encrypted }, take)
      : httpRequest(url, { ...parts, agent: PLAIN }, take);
    sent.on('error', reject);
    // No node offers another protocol: an answer like others that are not understood.
    sent.on('upgrade', ({ statusCode: status = 0, headers }, socket) => {
      socket.destroy();
      resolve({ status, headers, body: new Uint8Array() });
    });
    sent.on('finish', onSent);
    sent.end(body);
  });
}
