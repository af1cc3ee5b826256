import type { DeployedMachine } from '@smc/protocol';

/**
 * The entries of the log, as data. The log is the truth: what a node runs, holds and remembers
 * is what `replay` makes of them. `encoding.ts` says how they are written.
 *
 * *Structural* entries (what was deployed, upgraded, removed) stay for ever. The others (inputs,
 * refusals) may go once a checkpoint holds what they led to.
 */
export type Entry = StructuralEntry | InputEntry | RefusalEntry;

export type StructuralEntry = ChangeEntry | RemovalEntry;

interface Placed {
  /** Counts up by one with each entry. */
  readonly position: number;
  /** Milliseconds since the epoch; never less than that of the entry before it. */
  readonly time: number;
}

/** What a bundle changed, all at once: between two inputs. */
export interface ChangeEntry extends Placed {
  readonly kind: 'change';
  readonly parts: readonly ChangePart[];
  /** Null where it came without a key. */
  readonly request: ChangeRequest | null;
}

/** The request for a change that came with a key, and how it was answered. */
export interface ChangeRequest extends HeaderRequestKey {
  /** What was reported of the machines; null for a removal. */
  readonly machines: readonly DeployedMachine[] | null;
}

/** One machine of a change. Its number in the log is the count of deployments before it. */
export interface ChangePart {
  readonly machine: string;
  /** The encoded image that runs from here on. */
  readonly image: Uint8Array;
  /** The encoded debug data that came with it. */
  readonly debug: Uint8Array;
  /** The encoded upgrade record; null for a deployment. */
  readonly upgrade: Uint8Array | null;
}

/** A bundle that was refused, for each running machine that it was for: nothing changed. */
export interface RefusalEntry extends Placed {
  readonly kind: 'refusal';
  readonly code: string;
  readonly message: string;
  readonly machines: readonly RefusedMachine[];
}

export interface RefusedMachine {
  readonly name: string;
  /** Fingerprint of the code that ran, and went on. */
  readonly running: string;
}

export interface RemovalEntry extends Placed {
  readonly kind: 'removal';
  readonly machine: string;
  readonly request: ChangeRequest | null;
}

export type Outcome =
  | { readonly kind: 'ok' }
  /** Raised by the program (fault), or by a limit (exhausted); the step was undone. */
  | { readonly kind: 'fault' | 'exhausted'; readonly message: string };

/** A step of a machine. One with an outcome other than ok is skipped in a replay. */
export interface InputEntry extends Placed {
  readonly kind: 'input';
  /** The number of the machine; see `ChangePart`. */
  readonly machine: number;
  /** The key of the instance, an Int in decimal; empty where the machine is not keyed. */
  readonly instance: string;
  readonly request: RequestKey | null;
  readonly origin: Origin;
  /** An operation of the running image, by index. */
  readonly operation: number;
  /** As translated for the running image, encoded by the type of its input; empty if no adapter gave one. */
  readonly input: Uint8Array;
  readonly outcome: Outcome;
}

/** How an input came, before it was translated for the running image. */
export interface Origin {
  /** The interface: a number, in the order in which the machine got its interfaces. */
  readonly interface: number;
  /** An operation of that interface, by index. */
  readonly operation: number;
}

/** What makes a request one that happens once. Another request with the same is refused, by its digest. */
export type RequestKey = HeaderRequestKey | SessionRequestKey;

/** An `Idempotency-Key`. */
export interface HeaderRequestKey {
  readonly key: string;
  /** SHA-256 of the request, 64 hex digits. */
  readonly digest: string;
}

/** A request of the framed protocol. */
export interface SessionRequestKey {
  /** What the client drew at random, 32 hex digits. */
  readonly session: string;
  /** From 1. */
  readonly id: number;
  /** 32 bits, signed: a client that gives two requests one id harms nobody else. */
  readonly digest: number;
}

/** A request with a key as a checkpoint keeps it, with the reply as it was first sent; null where that is not kept any more. */
export interface KeptEntry {
  readonly request: RequestKey;
  readonly reply: KeptReply | null;
}

export type KeptReply =
  /** `value` is encoded by the reply type of the operation that was asked for. */
  | { readonly kind: 'ok'; readonly origin: Origin; readonly value: Uint8Array }
  | { readonly kind: 'fault' | 'exhausted'; readonly message: string };
