import type { Access } from '../access/access.ts';
import type { Refusals } from '../access/refusals.ts';
import type { Host } from '../host.ts';
import type { NodeLimits } from '../limits.ts';
import type { Log } from '../ports.ts';
import type { HeldBytes } from './held.ts';
import type { ReadingTurns } from './reading.ts';

/** What all listeners of a node have in common. */
export interface Service {
  readonly host: Host;
  readonly access: Access;
  readonly limits: NodeLimits;
  readonly log: Log;
  readonly refusals: Refusals;
  readonly held: HeldBytes;
  readonly reading: ReadingTurns;
}
