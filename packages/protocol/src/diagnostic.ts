import type { Span } from './span.ts';

/**
 * What the compiler has to say about a program. A diagnostic is data: it holds every
 * fact that its message needs, and rendering (terminal, JSON, editor) is elsewhere.
 */
export interface Diagnostic {
  /** Stable, `E` and four digits; `smc explain CODE` has its page. */
  readonly code: string;
  readonly severity: 'error' | 'warning';
  /** One sentence, in the user's terms, without a full stop. */
  readonly message: string;
  /** The places it is about; the first is the main one. */
  readonly labels: readonly Label[];
  /** Why, and what to do about it: sentences. */
  readonly help: readonly string[];
  /**
   * Where clauses of an upgrade would settle it: for each thing that is to be said, the clauses of which
   * one says it, the likeliest first. `…` stands for what is to be filled in.
   */
  readonly clauses?: readonly (readonly string[])[];
}

/** A marked place and the words beside the mark (which may be empty). */
export interface Label {
  readonly span: Span;
  readonly text: string;
}

/** A result that is a value or the reasons why there is none. */
export type Checked<T> =
  | { readonly ok: true; readonly value: T; readonly diagnostics: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };
