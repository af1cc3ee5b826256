import { randomUUID } from 'node:crypto';
import { type Patience, type Result, systemClock } from '@smc/client';
import type { Environment } from './command.ts';
import { Stop } from './exit.ts';
import type { Output } from './output.ts';
import { stopFor } from './target.ts';

/** How long a node may take for a change: an upgrade takes longer the more instances there are. */
const PATIENCE_MILLIS = 3_600_000;

/** Between two lines that say that it is still waited. */
const TOLD_MILLIS = 10_000;

/** How a wait ends early, and what tells the time. */
export type Waiting = Pick<Environment, 'untilEnded' | 'clock'>;

/** What people are told of a change that is waited for. */
export interface Telling {
  /** What to do where it is not known what became of it. */
  readonly hint: string;
  /** What Ctrl-C ends. */
  readonly ends?: string;
}

/** Ends a command, or a step of one, of whose change it is not known what became. */
export class MayBeDone extends Stop {}

/**
 * Asks a node for a change, and waits until it is answered, for an hour at the most or until the command is told to
 * end. Ends the command then, and where the answer does not tell what became of it, as `MayBeDone`. With a key: where
 * the answer is lost it is asked for again, and a second upgrade would be stale.
 */
export async function carriedOut<T>(
  change: (patience: Patience) => Promise<Result<T>>,
  { hint, ends = 'the wait, and not what the node does' }: Telling,
  output: Output,
  { untilEnded, clock = systemClock }: Waiting,
): Promise<Result<T>> {
  const ended = new AbortController();
  const over = new AbortController();
  void untilEnded(over.signal).then(() => ended.abort());
  const begin = clock.now();
  const tell = (): void => {
    const seconds = Math.round((clock.now() - begin) / 1_000);
    output.note(`still waiting for the node, for ${seconds} s; Ctrl-C ends ${ends}`);
    cancel = clock.after(TOLD_MILLIS, tell);
  };
  let cancel = clock.after(TOLD_MILLIS, tell);
  try {
    const result = await change({
      key: randomUUID(),
      patienceMillis: PATIENCE_MILLIS,
      signal: ended.signal,
    });
    if (result.ok || result.error.mayBeDone !== true) return result;
    const { status, code, message, showsCode } = stopFor(result.error);
    throw new MayBeDone(status, code, message, hint, showsCode);
  } finally {
    cancel();
    over.abort();
  }
}
