import type { Reply } from './event.ts';
import type { ChangeRequest } from './journal/entry.ts';
import { problem } from './problem.ts';

/**
 * Changes that came with a key (deployments, upgrades, removals), with the reply that each got first: the newest of
 * them. Their entries stay in the log for ever, so that a replay has them all.
 */
export class KeptChanges {
  readonly #countMax: number;
  /** By key, the oldest first. */
  readonly #byKey = new Map<string, ChangeRequest>();

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  /** What a request is answered with that has this key: null where it is new, or has none. */
  replyTo(request: Pick<ChangeRequest, 'key' | 'digest'> | null): Reply | null {
    const known = request === null ? undefined : this.#byKey.get(request.key);
    if (request === null || known === undefined) return null;
    if (known.digest !== request.digest) return mismatch(request.key);
    if (known.machines === null) return { kind: 'removed', isRepeated: true };
    return { kind: 'deployed', report: { dryRun: false, machines: known.machines }, isRepeated: true };
  }

  add(request: ChangeRequest | null): void {
    if (request === null) return;
    this.#byKey.delete(request.key);
    this.#byKey.set(request.key, request);
    if (this.#byKey.size <= this.#countMax) return;
    const [oldest] = this.#byKey.keys();
    this.#byKey.delete(oldest);
  }
}

/** What a request is answered with that has the key of another one. */
export function mismatch(key: string): Reply {
  const message = `the key ${JSON.stringify(key)} was used for another request before`;
  return { kind: 'refused', problem: problem('idempotency-mismatch', message), version: null };
}
