import type { Diagnostic } from '@smc/protocol';

/** At most this many diagnostics are given for a file: nobody reads more, and none are worth the time. */
export const diagnosticsMax = 100;

/**
 * The diagnostics of one parse. Invariants: at most `diagnosticsMax`, and at most one whose main label
 * starts at a place, for what is said later about the same place follows from what was said first.
 */
export class Report {
  private readonly found: Diagnostic[] = [];
  private readonly places = new Set<number>();

  /** Whether there was more to say than the bound allows: not all is looked for then. */
  isCut = false;

  /** Whether the bound is reached: there is no point in going on. */
  get full(): boolean {
    return this.found.length >= diagnosticsMax;
  }

  /** How many there are so far. */
  get count(): number {
    return this.found.length;
  }

  /** Takes a diagnostic, unless there is one at its place already. */
  add(diagnostic: Diagnostic): void {
    const place = diagnostic.labels[0]?.span.start ?? 0;
    if (this.places.has(place)) return;
    if (this.full) {
      this.isCut = true;
      return;
    }
    this.places.add(place);
    this.found.push(diagnostic);
  }

  /** All of them, in the order of their places. */
  list(): Diagnostic[] {
    return this.found.toSorted((a, b) => (a.labels[0]?.span.start ?? 0) - (b.labels[0]?.span.start ?? 0));
  }
}
