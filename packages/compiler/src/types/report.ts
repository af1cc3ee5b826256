import type { Diagnostic, Span } from '@smc/protocol';

const DIAGNOSTICS_MAX = 100;

/**
 * The diagnostics of a program, module by module. Invariants: at most `DIAGNOSTICS_MAX`, and at
 * most one whose main label starts at a place: what is said later about the same place follows
 * from what was said first. An empty place is that of a bundle, which has none inside; and what
 * clauses settle is said of each part of it, all of which may have one place.
 */
export class Report {
  readonly #found: Diagnostic[] = [];
  readonly #places = new Set<string>();
  #sortedFrom = 0;

  get count(): number {
    return this.#found.length;
  }

  /** Whether more is found than is shown, so that a costly hint is not worth its time. */
  get isFull(): boolean {
    return this.#found.length >= DIAGNOSTICS_MAX;
  }

  add(diagnostic: Diagnostic): void {
    const { file, start, end } = diagnostic.labels[0].span;
    const isOfParts = start === end || (diagnostic.clauses ?? []).length > 0;
    const place = `${start} ${file}${isOfParts ? ` ${diagnostic.message}` : ''}`;
    if (this.#places.has(place)) return;
    this.#places.add(place);
    this.#found.push(diagnostic);
  }

  /** Whether something in a part of a text has been refused. */
  hasWithin({ file, start, end }: Span): boolean {
    return this.#found.some(({ labels }) => {
      const { span } = labels[0];
      return span.file === file && span.start >= start && span.end <= end;
    });
  }

  /** Ends a module: its diagnostics are put in the order of their places. */
  endModule(): void {
    const own = this.#found.splice(this.#sortedFrom);
    own.sort((a, b) => a.labels[0].span.start - b.labels[0].span.start);
    for (const each of own) this.#found.push(each);
    this.#sortedFrom = this.#found.length;
  }

  /** Whether there are more than `list` gives. */
  get isCut(): boolean {
    return this.#found.length > DIAGNOSTICS_MAX;
  }

  list(): Diagnostic[] {
    return this.#found.slice(0, DIAGNOSTICS_MAX);
  }
}
