import type { Diagnostic } from '@smc/protocol';

/** At most this many diagnostics are given for a file: nobody reads more, and none are worth the time. */
export const diagnosticsMax = 100;

/**
 * The diagnostics of one parse. Invariants: at most `diagnosticsMax` are given, and at most one whose main label
 * starts at a place, for what is said later about the same place follows from what was said first.
 */
export class Report {
  private readonly found: Diagnostic[] = [];
  private readonly places = new Set<number>();

  /** Whether there are more than are given: there is no point in going on. */
  get full(): boolean {
    return this.found.length > diagnosticsMax;
  }

  /** How many there are so far. */
  get count(): number {
    return this.found.length;
  }

  /** Whether there is one with its place in a part of the text, or right after it. */
  hasWithin(start: number, end: number): boolean {
    for (const place of this.places) if (place >= start && place <= end) return true;
    return false;
  }

  /** Takes a diagnostic, unless there is one at its place already. */
  add(diagnostic: Diagnostic): void {
    const place = diagnostic.labels[0]?.span.start ?? 0;
    if (this.full || this.places.has(place)) return;
    this.places.add(place);
    this.found.push(diagnostic);
  }

  /** Leaves out what was found in a part of the text that is refused as a whole, behind its start. */
  forget(start: number, end: number): void {
    for (let i = this.found.length - 1; i >= 0; i--) {
      const place = this.found[i]!.labels[0]?.span.start ?? 0;
      if (place > start && place < end) this.found.splice(i, 1);
    }
  }

  /** In the order of their places. */
  list(): Diagnostic[] {
    const placeOf = ({ labels }: Diagnostic): number => labels[0]?.span.start ?? 0;
    return this.found.toSorted((a, b) => placeOf(a) - placeOf(b)).slice(0, diagnosticsMax);
  }
}
