import type { DeployReport, TypeId, TypeTable, Value } from '@smc/protocol';
import type { HeaderRequestKey, RequestKey } from './journal/entry.ts';
import type { Problem } from './problem.ts';
import type { Version } from './version.ts';

/**
 * What can happen to a node, as data: `transition` is a function of these alone. The time of
 * an event is that of the clock when it was received, in milliseconds since the epoch.
 */
export type NodeEvent = CallEvent | DeployEvent | RemoveEvent;

/** An input for a machine. */
export interface CallEvent {
  readonly kind: 'call';
  readonly time: number;
  readonly machine: string;
  /** The key of the instance as text; null where none was given. A query may have it as `key`, a binary body has it. */
  readonly key: string | null;
  /**
   * The fingerprints (or prefixes) of the interfaces that the caller speaks, of which the first that
   * the machine serves counts, and it must serve one; or null: the one that was current when the request was received, by `stamp`.
   */
  readonly interfaces: readonly string[] | null;
  readonly body: RequestBody;
  readonly request: RequestKey | null;
  /** The caller may not change anything: an operation that can is refused. */
  readonly readOnly: boolean;
}

/** An operation and its argument as they were received: they are read by the interface spoken. */
export type RequestBody = WrittenBody | BinaryBody;

/** One that is text. */
export type WrittenBody =
  /** A JSON object of the parameters; empty where nothing was sent. */
  | { readonly form: 'json'; readonly operation: string; readonly text: string }
  /** Names and values of parameters in a URL. */
  | {
      readonly form: 'query';
      readonly operation: string;
      readonly pairs: readonly (readonly [string, string])[];
    }
  /** `Incr(by: 1)`, from an offset of a line. */
  | { readonly form: 'text'; readonly text: string; readonly start: number };

/** The bytes in `[start, end)` of what was received: key, operation and input (`decodeCall`). Nobody changes them. */
export interface BinaryBody {
  readonly form: 'binary';
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** A bundle, to deploy what is new and to upgrade what differs: all, or nothing. */
export interface DeployEvent {
  readonly kind: 'deploy';
  readonly time: number;
  readonly bundle: Uint8Array;
  /** `upgrade`: each machine must run already, and is upgraded even where the code is equal. */
  readonly mode: 'deploy' | 'upgrade';
  /** Judge and prepare, and change nothing. */
  readonly dryRun: boolean;
  readonly request: HeaderRequestKey | null;
}

export interface RemoveEvent {
  readonly kind: 'remove';
  readonly time: number;
  readonly machine: string;
  readonly request: HeaderRequestKey | null;
}

export type Reply = (
  | ValueReply
  | { readonly kind: 'deployed'; readonly report: DeployReport }
  | { readonly kind: 'removed' }
  /** `version`: what runs of the machine that was asked for, where there is one. */
  | { readonly kind: 'refused'; readonly problem: Problem; readonly version: Version | null }
) & {
  /** Of a change that is sent again with its key: the reply is that of the first, which alone is counted and told. */
  readonly isRepeated?: boolean;
};

/** The reply of an operation, with its type in the interface that the caller speaks. */
export interface ValueReply {
  readonly kind: 'value';
  readonly types: TypeTable;
  readonly type: TypeId;
  readonly value: Value;
  readonly fieldOrder: Version['fieldOrder'];
  /** What runs. */
  readonly version: Version;
}
