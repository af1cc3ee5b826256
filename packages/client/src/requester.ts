import type { SpokenMachine } from './frame-connection.ts';
import type { Result } from './result.ts';

/** How a call is made. */
export interface RequestOptions {
  /** Instead of the client's, in milliseconds. */
  readonly deadlineMillis?: number;
  /** Gives the call up: whether it is carried out is not known then. */
  readonly signal?: AbortSignal;
}

/** The value of a reply as bytes, and the code that runs. */
export type RawResult = Result<{ readonly bytes: Uint8Array; readonly code: string }>;

/** Until when a call is waited for, with all requests that are made for it. */
export interface CallLimits {
  /** By the clock of the requester. */
  readonly deadlineAt: number;
  readonly signal?: AbortSignal;
}

/** Sends the bytes of calls. */
export interface Requester {
  /** The limits of a call that begins now; refused where its deadline is no number. */
  begin(options: RequestOptions): Result<CallLimits>;
  request(machine: SpokenMachine, body: Uint8Array, limits: CallLimits): Promise<RawResult>;
}
