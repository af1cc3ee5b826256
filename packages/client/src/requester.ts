import type { SpokenMachine } from './frame-connection.ts';
import type { Result } from './result.ts';

/** How one request is made. */
export interface RequestOptions {
  /** Instead of the client's, in milliseconds. */
  readonly deadlineMillis?: number;
  /** Gives the request up: whether it is carried out is not known then. */
  readonly signal?: AbortSignal;
}

/** The value of a reply as bytes, and the code that runs. */
export type RawResult = Result<{ readonly bytes: Uint8Array; readonly code: string }>;

/** Sends the bytes of a call. */
export interface Requester {
  request(machine: SpokenMachine, body: Uint8Array, options: RequestOptions): Promise<RawResult>;
}
