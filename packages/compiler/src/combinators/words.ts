import { INSTRUCTIONS } from '@smc/protocol';
import type { TypeTable } from '@smc/protocol';
import type { Term } from './term.ts';
import { bottomUp } from './traverse.ts';

/**
 * How many words of bytecode a term becomes: what entering it costs in fuel. It says by
 * itself what `emit` must come to, and `emit` asserts that it did.
 */
export class WordCount {
  readonly types: TypeTable;
  readonly #memo = new Map<Term, number>();

  constructor(types: TypeTable) {
    this.types = types;
  }

  /** The words of a term, without what ends the function or body that it is. */
  of(term: Term): number {
    return bottomUp(term, this.#memo, (node, parts) => {
      let words = this.#own(node);
      for (const part of parts) words += part;
      return words;
    });
  }

  /** The words of a function or a body: the term and its RETURN or NEXT. */
  ofBody(term: Term): number {
    return this.of(term) + 1;
  }

  /** The words of the term's own instructions, beside those of its parts. */
  #own(term: Term): number {
    switch (term.kind) {
      case 'identity':
      case 'compose':
        return 0;
      // PUSH and SWAP around each part but the last; CONS, or TUPLE and RECORD with an operand.
      case 'fork':
        return 2 * (term.parts.length - 1) + (this.#isPair(term.to) ? 1 : 2);
      // The same, then LIST with a type and a count.
      case 'list':
        return 2 * (term.items.length - 1) + 3;
      case 'project':
        return this.#isPair(term.from) ? 1 : 2;
      case 'inject':
        return 3;
      // SWITCH, its join and the count of its targets; for each arm but one a target and a JUMP.
      case 'case':
        return 3 + 3 * (term.arms.length - 1);
      // BRANCH with two targets, and a JUMP.
      case 'if':
        return 5;
      // CUR with two operands, and RETURN.
      case 'curry':
        return 4;
      // FOLD with one, and NEXT.
      case 'fold':
        return 3;
      // MAP likewise.
      case 'map':
        return 3;
      // Three of them name a type.
      case 'primitive':
        return 1 + INSTRUCTIONS[term.instruction].operands.length;
      case 'constant':
      case 'call':
      case 'fail':
        return 2;
      default:
        return 1;
    }
  }

  #isPair(type: number): boolean {
    const node = this.types.node(type);
    return node.kind === 'tuple' && node.items.length === 2;
  }
}
