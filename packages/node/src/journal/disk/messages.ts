import type { Recovered } from '../../ports.ts';
import type { CheckpointHead, CheckpointSlice } from '../checkpoint.ts';
import type { LogGroup } from '../group.ts';
import type { HistoryLimits } from './store.ts';

/** What the thread of a journal is started with. */
export interface WorkerOptions extends HistoryLimits {
  readonly directory: string;
}

/** What it is asked to do; each is answered, in order. The first is answered when the directory is open. */
export type StoreRequest =
  | { readonly kind: 'open' }
  | { readonly kind: 'read' }
  | { readonly kind: 'append'; readonly groups: readonly LogGroup[] }
  | { readonly kind: 'begin'; readonly head: CheckpointHead }
  | { readonly kind: 'slice'; readonly slice: CheckpointSlice }
  | { readonly kind: 'end' }
  | { readonly kind: 'close' };

/** `items`: of a `read`, what comes next; none at the end. */
export type StoreAnswer =
  | { readonly ok: true; readonly items: readonly Recovered[] }
  /** `isJournal`: it is a `JournalError`. */
  | { readonly ok: false; readonly message: string; readonly isJournal: boolean };
