import { PRIMITIVE_ROWS } from './primitive.ts';
import type { Definition, Term } from './term.ts';
import { bottomUp } from './traverse.ts';

/**
 * What running a term can do beside giving a value, as a set of bits. Running out of fuel is
 * not among them: fuel is counted on the code that is emitted, after all simplification.
 */
export type Effects = number;

/** The bit of an effect: reads the state. */
export const READS = 1;
/** The bit of an effect: writes the state. */
export const WRITES = 2;
/** The bit of an effect: reads the clock. */
export const CLOCK = 4;
/** The bit of an effect: may fault. */
export const FAULTS = 8;

/** Finds the effects of the terms of one program; each term is visited once. */
export class EffectAnalysis {
  readonly #definitions: readonly Definition[];
  readonly #memo = new Map<Term, Effects>();

  /** Definitions may be added later, as long as those before them stay as they are. */
  constructor(definitions: readonly Definition[]) {
    this.#definitions = definitions;
  }

  /** All that can happen while the term runs; what a closure does counts where it is applied. */
  of(term: Term): Effects {
    return bottomUp(term, this.#memo, (node, parts) => {
      let effects = this.#own(node);
      if (node.kind !== 'curry') for (const part of parts) effects |= part;
      return effects;
    });
  }

  /** Whether it can be left out where its value is not needed: reading leaves no trace. */
  isDiscardable(term: Term): boolean {
    return (this.of(term) & (WRITES | FAULTS)) === 0;
  }

  #own(term: Term): Effects {
    switch (term.kind) {
      case 'get':
        return READS;
      case 'put':
        return WRITES;
      case 'now':
        return CLOCK;
      case 'fail':
        return FAULTS;
      // The body is not known here, but for that it uses neither state nor clock.
      case 'apply':
        return FAULTS;
      // A list can be larger than a value may be.
      case 'list':
      case 'map':
        return FAULTS;
      case 'primitive':
        return PRIMITIVE_ROWS[term.instruction].faults ? FAULTS : 0;
      case 'call':
        return this.of(this.#definitions[term.definition].body);
      default:
        return 0;
    }
  }
}
