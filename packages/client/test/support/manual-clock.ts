import type { ClientClock } from '@smc/client';

/** A clock that stands still until time is said to pass. */
export class ManualClock implements ClientClock {
  #now = 0;
  readonly #timers = new Set<{ at: number; action: () => void }>();

  now(): number {
    return this.#now;
  }

  after(millis: number, action: () => void): () => void {
    const timer = { at: this.#now + millis, action };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  pass(millis: number): void {
    this.#now += millis;
    for (const timer of [...this.#timers]) {
      // One that went off may have called off another.
      if (timer.at > this.#now || !this.#timers.delete(timer)) continue;
      timer.action();
    }
  }
}
