import type { Worker } from 'node:worker_threads';
import { beginThread } from '@smc/node/begin-thread';

/** The thread of a journal takes a while to begin: it does so while what else makes up a node is loaded. */

let begun: Worker | null = null;

export function beginJournalThread(): void {
  begun ??= beginThread('worker');
}

/** The thread that was begun, for who uses it; undefined where none was. */
export function takeJournalThread(): Worker | undefined {
  const thread = begun ?? undefined;
  begun = null;
  return thread;
}
