import type { NamedBlob } from './blobs.ts';

/** Entries that follow each other, as a journal keeps them: all structural, or none. */
export interface LogGroup {
  readonly isStructural: boolean;
  /** The position of the first entry; the others have those that follow. */
  readonly first: number;
  /** How many entries there are: one or more. */
  readonly count: number;
  /** The time of the first; each entry says how much later than the one before it is. */
  readonly time: number;
  /** The entries, one behind the other (`encoding.ts`). */
  readonly bytes: Uint8Array;
  /** Images, upgrades and debug data that no group before this one had. */
  readonly blobs: readonly NamedBlob[];
}
