import type { JitMode } from '@smc/vm';
import type { Recovered, Unusable } from '../../ports.ts';
import type { CheckpointHead, CheckpointSlice, LargeState } from '../checkpoint.ts';
import type { LogGroup } from '../group.ts';
import type { HistoryLimits } from './history.ts';

/** What a journal is opened with. */
export interface StoreOptions extends HistoryLimits {
  readonly directory: string;
}

/** What it is asked to do; each is answered, in order. The first is answered when the directory is open. */
export type StoreRequest =
  | { readonly kind: 'open'; readonly options: StoreOptions }
  | { readonly kind: 'read'; readonly unusable: Unusable | undefined }
  /** For what comes next of what is read. */
  | { readonly kind: 'next' }
  | { readonly kind: 'append'; readonly groups: readonly LogGroup[] }
  | { readonly kind: 'begin'; readonly head: CheckpointHead }
  | { readonly kind: 'slice'; readonly slice: CheckpointSlice }
  /** The checkpoint counts. What it makes needless is left, and goes with each `clean`. */
  | { readonly kind: 'end' }
  | { readonly kind: 'clean' }
  /** Looks at some more of the states. */
  | { readonly kind: 'check' }
  | { readonly kind: 'close' };

export interface StoreAnswer {
  /** Of a `read` or `next`, what comes next; none at the end. */
  readonly items: readonly Recovered[];
  /** Of an `end`, `clean` or `check`: whether nothing is left to do. */
  readonly isOver: boolean;
  /** Of a `check`: what the operator is told, if there is anything. */
  readonly note: string | null;
}

/** What the thread is started with that makes large states. */
export interface ShadowOptions {
  readonly directory: string;
  readonly jit: JitMode;
}

/** What it is asked to do; each is answered, in order. */
export type ShadowRequest =
  /** To have the states of these machines as of the position of the checkpoint that is being written. */
  | { readonly kind: 'follow'; readonly position: number; readonly machines: readonly number[] }
  /** For the next slice of one of these states; null at the end. */
  | ({ readonly kind: 'next' } & Omit<LargeState, 'slices'>);
