import { escapeLines } from './text.ts';

/**
 * What a node and its clients say to each other, beside values: errors with their codes, the
 * lines of the line protocol, and the answers of the administration as JSON.
 */

/** The code of each error, and the HTTP status that goes with it. Codes are stable. */
export const ERROR_STATUS = {
  'bad-request': 400,
  unauthorized: 401,
  'unknown-machine': 404,
  'unknown-operation': 404,
  stale: 409,
  busy: 409,
  gone: 410,
  'too-large': 413,
  fault: 422,
  malformed: 422,
  unverified: 422,
  'ill-typed': 422,
  lossy: 422,
  'interface-again': 422,
  'migration-failed': 422,
  invariant: 422,
  'idempotency-mismatch': 422,
  'unknown-interface': 426,
  overloaded: 429,
  internal: 500,
  'in-doubt': 500,
  stalled: 503,
  stopping: 503,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

/** Why a request was refused. */
export interface RequestError {
  readonly code: ErrorCode;
  /** For people: a sentence without a full stop. */
  readonly message: string;
  /** Where in the input, `$.by`, if it is about a place in it. */
  readonly path?: string;
}

/** The body of an HTTP error: `{"error":{"code":…,"message":…,"path":…}}`. */
export function errorToJson({ code, message, path }: RequestError): string {
  return JSON.stringify({ error: path === undefined ? { code, message } : { code, message, path } });
}

/** A reply of the line protocol. A client may know fewer codes than the node. */
export type LineReply =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** A reply as one line, without its end: `ok VALUE` or `error CODE MESSAGE`. */
export function printLineReply(reply: LineReply): string {
  return reply.ok ? `ok ${escapeLines(reply.text)}` : `error ${reply.code} ${escapeLines(reply.message)}`;
}

/** The mirror of `printLineReply`; null for a line that is no reply. */
export function readLineReply(line: string): LineReply | null {
  const [word, rest] = splitWord(line);
  if (word === 'ok') return { ok: true, text: rest };
  if (word !== 'error') return null;
  const [code, message] = splitWord(rest);
  return code === '' ? null : { ok: false, code, message };
}

function splitWord(text: string): [string, string] {
  const end = text.indexOf(' ');
  return end < 0 ? [text, ''] : [text.slice(0, end), text.slice(end + 1)];
}

/** A machine that runs, as `GET /_smc/machines` has it. Fingerprints are 64 digits, types and values as in the source. */
export interface MachineView {
  readonly name: string;
  readonly keyed: boolean;
  readonly code: string;
  readonly state: string;
  readonly interface: string;
  readonly stateType: string;
  readonly operations: readonly OperationView[];
  /** Fingerprints of all interfaces that are served, the running one last. */
  readonly interfaces: readonly string[];
  readonly instances: number;
  /** Inputs in the log: all but those that only read. */
  readonly inputs: number;
  /** How many of these faulted. */
  readonly faults: number;
}

export interface OperationView {
  readonly name: string;
  readonly parameters: readonly ParameterView[];
  readonly reply: string;
  readonly readOnly: boolean;
}

export interface ParameterView {
  readonly name: string;
  readonly type: string;
  /** Absent where the parameter must be given. */
  readonly default?: string;
}

/** What happened to a machine, as `GET /_smc/machines/NAME/history` has it. */
export interface HistoryView {
  readonly kind: 'deployment' | 'upgrade' | 'refusal' | 'removal';
  /** Of its entry in the log. */
  readonly position: number;
  /** As in ISO 8601. */
  readonly time: string;
  /** The code that ran before and that runs after it; null where none does. */
  readonly from: string | null;
  readonly to: string | null;
  /** Of an upgrade: whether it has a way back, so that it can be rolled back. */
  readonly back?: boolean;
  /** Of a refusal: why. */
  readonly code?: string;
  readonly message?: string;
}

/** What a bundle did, or would do, as `PUT /_smc/machines` answers. */
export interface DeployReport {
  readonly dryRun: boolean;
  readonly machines: readonly DeployedMachine[];
}

export interface DeployedMachine {
  readonly name: string;
  readonly result: 'deployed' | 'upgraded' | 'unchanged';
  /** The code before, null for a new machine. */
  readonly from: string | null;
  readonly code: string;
  /** Of an upgrade: whether it can be rolled back. */
  readonly back: boolean;
  readonly notes: readonly string[];
}
