/**
 * What takes part. A hosted peer runs in a process of Node that it has to itself, with all its workloads loaded, and
 * is timed there by benny (`worker.ts`); a peer with a host of its own is a program that times itself.
 */

/** A machine that is ready to run. Its inputs are fed in laps, and a lap in passes of equal length. */
export interface Prepared {
  readonly stepsOfPass: number;
  readonly passesOfLap: number;
  /** Feeds the next inputs, and gives the sum of the digests of the replies. */
  readonly pass: () => number;
}

/** Runs in a process of Node. */
export interface HostedPeer {
  /** Of workloads; those that it does. */
  readonly workloads: readonly string[];
  readonly prepare: (workload: string) => Prepared | Promise<Prepared>;
}

/** A program outside of Node, which is there or not. */
export interface ProgramPeer {
  readonly workloads: readonly string[];
  /** Its version; null where it is not installed. */
  readonly version: () => string | null;
  /**
   * Prepares it in a folder of its own, and gives the command that takes a workload and seconds as its last words and
   * prints nanoseconds a step and the checksum of the first lap.
   */
  readonly build: (folder: string) => readonly string[];
}

/** What one measurement of a workload gave. */
export interface Measurement {
  readonly nanoseconds: number;
  /** Of the first lap from the initial state: equal for all that do the same work. */
  readonly checksum: number;
}

/** The workloads that `inplace.js` has. */
export const GIVEN = ['counter', 'pair', 'ledger', 'foldSmall', 'foldLarge'] as const;
/** Those that are in `twins.js`. */
export const TWINS = ['record', 'ledgerFails', 'text', 'protocol'] as const;
/** All that are written by hand: in JavaScript, and again in the languages of peers with a host of their own. */
export const BY_HAND = [...GIVEN, ...TWINS] as const;

/** The name of what all are compared to. */
export const IN_PLACE = 'in place';
