/** What every request gives: a value, or why there is none. Nothing is thrown for what a node or a network does. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: ClientError };

export type ClientError = Refused | Unreachable;

/** The node answered, and refused. */
export interface Refused {
  readonly kind: 'refused';
  /** The code of the node, `unknown-machine`; `unexpected` for an answer that no node gives. */
  readonly code: string;
  readonly message: string;
  /** HTTP status. */
  readonly status: number;
  /** Where in the input, `$.by`, if it is about a place in it. */
  readonly path?: string;
  /** This does not tell what became of a call or a change, which went out before: it may have been carried out, or may still be. */
  readonly mayBeDone?: boolean;
}

/** No answer came: nothing listens there, the connection broke, or the deadline passed. */
export interface Unreachable {
  readonly kind: 'unreachable';
  readonly message: string;
  /** A deadline passed; over frames also where a request that went out was given up. */
  readonly timedOut: boolean;
  /** Over HTTP: a node is there, and no authority of its certificate is trusted. */
  readonly isUntrusted?: boolean;
  /** Over HTTP: all of the request went out. */
  readonly wasSent?: boolean;
  /** What went out is a call or a change, which may have been carried out, or may still be. */
  readonly mayBeDone?: boolean;
}

/** Refusals without a look at what became of the same request before, or after which that is not known any more. */
const UNTOLD_CODES: ReadonlySet<string> = new Set([
  'gone',
  'overloaded',
  'stopping',
  'too-large',
  'unauthorized',
  'unexpected',
  // It may have been removed since, and all that was kept with it.
  'unknown-machine',
]);

/** Whether a request that is refused may be carried out all the same: by itself, or as it was sent before. */
export function leavesOpen({ code, status }: Refused, isRepeated: boolean): boolean {
  if (isRepeated && UNTOLD_CODES.has(code)) return true;
  return code === 'in-doubt' || (code === 'unexpected' && (status < 200 || status >= 500));
}

/** Of an answer that does not tell what became of a call or a change. */
export function maybeDone<E extends ClientError>(error: E): { readonly ok: false; readonly error: E } {
  return { ok: false, error: { ...error, mayBeDone: true } };
}
