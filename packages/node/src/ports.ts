import type { CheckpointHead, CheckpointPart, CheckpointSlice } from './journal/checkpoint.ts';
import type { LogGroup } from './journal/group.ts';
import type { StateRows } from './state-rows.ts';

/** What a node needs of the world. All that it does passes through these; see `host.ts`. */

/** Where the time of an event comes from. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

/**
 * The log as a medium keeps it, in groups (`journal/group.ts`), and the newest checkpoints of what
 * the entries led to. It does not look into groups, and notices by itself what was damaged: what it gives
 * back is what it was given.
 */
export interface Journal {
  /** Whether what it keeps is there when it is opened again: then checkpoints shorten a start, else they save memory alone. */
  readonly isLasting: boolean;
  /**
   * All that a node is rebuilt from, in order. To be gone through before anything is appended. Ends
   * with a `JournalError` where acknowledged entries are damaged or missing. It is asked once more where no node can be
   * rebuilt from the checkpoint that it went on from: then from an older one, if there is one.
   */
  read(unusable?: Unusable): AsyncIterable<Recovered> | Iterable<Recovered>;
  /**
   * Appends groups that follow each other, structural ones and others in turn. They are durable, as far as this medium goes,
   * when it returns, or when the promise is fulfilled; if that is rejected, nothing may be acknowledged any more: the node stops.
   * What comes while another append is on its way is done after it.
   */
  append(groups: readonly LogGroup[]): void | Promise<void>;
  /**
   * Keeps a checkpoint, of which the parts are asked for one by one, over many turns; all entries up to it were
   * handed over before. It counts once all of it is durable; then entries up to an older one may go, but for
   * structural ones. One at a time; one that is on its way when the journal is closed does not count.
   */
  checkpoint(head: CheckpointHead, parts: Iterable<CheckpointPart>): Promise<void>;
  /** The states of keyed machines: `read` leaves them out. */
  readonly rows: StateRows;
  /**
   * Looks, beside all else, at what `read` has not looked at, as it is read when it is used. Rejects with a
   * `JournalError` where it is damaged; is fulfilled when it was looked through, or the journal closes.
   */
  check(): Promise<void>;
  /** Bytes that a medium with a log of its own has yet to bring into their place. */
  logBytes?(): number;
  close(): void | Promise<void>;
}

/**
 * A part of what a journal keeps. The order is: `begin`; structural groups up to the checkpoint; its head and
 * its slices, if there is one; all groups after it. Another `begin` says that what was given since the last
 * one is to be forgotten: a part of the checkpoint was damaged, and it goes on from an older one.
 */
export type Recovered =
  | Beginning
  | { readonly kind: 'group'; readonly group: LogGroup }
  | { readonly kind: 'checkpoint'; readonly head: CheckpointHead }
  | CheckpointSlice;

/** A checkpoint that is as it was written, and yet of no use: why, in words. */
export interface Unusable {
  readonly position: number;
  readonly message: string;
}

export interface Beginning {
  readonly kind: 'begin';
  /** The position of the checkpoint, and of the last entry; 0 where there is none. */
  readonly checkpoint: number;
  readonly last: number;
  /** Machines that had been removed by the checkpoint, by number: nothing of them has to run any more. */
  readonly removed?: ReadonlySet<number>;
  /** For the operator: what was damaged, and what was done about it. */
  readonly notes: readonly string[];
}

/** Where a node tells its operator what happens: facts for programs, and a message for people. Pino's loggers are such. */
export interface Log {
  info(facts: LogFacts, message: string): void;
  warn(facts: LogFacts, message: string): void;
  error(facts: LogFacts, message: string): void;
}

export type LogFacts = Readonly<Record<string, unknown>>;

/** A log that nobody reads. */
export const NO_LOG: Log = { info: () => {}, warn: () => {}, error: () => {} };

/** An address that takes connections. */
export interface Listener {
  /** The port it got, where 0 was asked for. */
  readonly port: number;
  /** Tells clients that the node stops, as their protocol has a word for it; what comes is still taken. */
  announceStop(): void;
  /** Takes no further connection or request, sends the replies that are due, then ends the connections. */
  close(): Promise<void>;
}

/** The clock of this computer. */
export const systemClock: Clock = { now: () => Date.now() };
