import type { Value } from '@smc/protocol';

/** A closure: what CUR made, APP enters. */
export class Closure {
  readonly environment: Datum;
  readonly entry: number;
  readonly fuel: number;

  constructor(environment: Datum, entry: number, fuel: number) {
    this.environment = environment;
    this.entry = entry;
    this.fuel = fuel;
  }
}

/** What the accumulator and the stack hold: a value, or within a run a closure. */
export type Datum = Value | Closure;

/** Slots, and frames, that are kept from one run to the next. */
export const KEPT_SLOTS = 256;

/**
 * The two stacks of the interpreter, which all programs share, since only one runs at a time:
 * so what a program takes for its stacks, it takes while it runs. They grow to what a run
 * really uses, which the verifier has bounded, by the host's own rule for arrays that grow at
 * their end: in proportion to their length.
 */
class Stacks {
  readonly values: Datum[] = Array.from({ length: KEPT_SLOTS }, () => null);
  /** Positions to return to. */
  readonly returns: number[] = Array.from({ length: KEPT_SLOTS }, () => 0);
  #isTaken = false;

  /** Takes both for a run; a run within a run is a mistake of the caller. */
  take(): void {
    if (this.#isTaken) throw new Error('a run of a program within a run: their stacks are one');
    this.#isTaken = true;
  }

  /** Gives them back. `sweeps` says that no slot may keep its value. */
  give(sweeps: boolean): void {
    const isSmall = this.values.length <= KEPT_SLOTS;
    if (!isSmall) this.values.length = KEPT_SLOTS;
    if (sweeps || !isSmall) this.values.fill(null);
    if (this.returns.length > KEPT_SLOTS) this.returns.length = KEPT_SLOTS;
    this.#isTaken = false;
  }
}

export const STACKS = new Stacks();
