import type { Reply } from './event.ts';
import { problem, type Problem } from './problem.ts';

/** What cannot be looked at now, and why. */
export class Refused extends Error {
  readonly problem: Problem;

  constructor(refused: Problem) {
    super(refused.message);
    this.problem = refused;
  }
}

export type RefusedReply = Reply & { readonly kind: 'refused' };

const refused = (
  code: 'overloaded' | 'stalled' | 'stopping' | 'internal' | 'in-doubt' | 'busy',
  message: string,
): RefusedReply => ({
  kind: 'refused',
  problem: problem(code, message),
  version: null,
});
export const OVERLOADED = refused('overloaded', 'too many requests wait for their turn; try again later');
export const EXPIRED = refused('overloaded', 'the request waited too long for its turn: nothing was done');
export const GONE = refused('overloaded', 'its connection ended before its turn: nothing was done');
export const STALLED = refused('stalled', 'the disk takes long for a commit, and all replies wait for it');
export const STOPPING = refused('stopping', 'the node is stopping');
export const BUSY = refused('busy', 'another deployment is prepared; try again when it is done');
/** Whether it is in the journal is not known; who repeats it with the same id learns it. */
export const GAVE_UP = refused(
  'in-doubt',
  'the node gave up before it knew whether this was done: send it again, with the same id, when it runs again',
);
/** What broke off before anything was changed. */
export const INTERNAL = refused('internal', 'a defect of the node; its log says more: nothing was changed');
