import type { Failure } from '@smc/vm';

/** A journal that a node cannot be rebuilt from, or that takes nothing any more: what is wrong with it, where, and what to do. */
export class JournalError extends Error {}

/** A checkpoint of which a part is not as it was written, or makes no sense: an older one may do. */
export class DamagedCheckpoint extends JournalError {
  readonly position: number;

  constructor(position: number, message: string) {
    super(message);
    this.position = position;
  }
}

/** Why what was done before fails when it is done again. It has any fuel then, but no more size than at first. */
export function whyNow({ kind, message }: Failure): string {
  return kind === 'exhausted' ? `${message}: ${PASSED_BEFORE}` : message;
}

const PASSED_BEFORE =
  'the version of smc that wrote this did not measure it; start that version once more and end it, ' +
  'so that it writes a checkpoint, from which this one goes on';
