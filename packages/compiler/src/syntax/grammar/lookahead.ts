import {
  Alternation,
  type Alternative,
  type ILookaheadStrategy,
  type IOrAlt,
  type IProduction,
  type IToken,
  NonTerminal,
  Option,
  Repetition,
  type Rule,
  Terminal,
} from 'chevrotain';

/** Where a choice is made, a token is looked up in a table of the alternatives that it can start. */
type Choice = (
  this: { LA(ahead: number): IToken },
  alternatives?: readonly IOrAlt<unknown>[],
) => number | undefined;

/** The numbers of the kinds of token that something starts with, and whether it can be empty. */
interface Starts {
  readonly kinds: ReadonlySet<number>;
  readonly empty: boolean;
}

/**
 * The look ahead of an LL(1) grammar by its FIRST sets, each of which is computed once (Aho, Sethi, Ullman,
 * Compilers, 1986, section 4.4). Chevrotain's own, for any number of tokens, walks the grammar anew for each
 * choice, which takes longer than to parse a small program; and at a choice with gates it tries one
 * alternative after the other.
 */
export class FirstSets implements ILookaheadStrategy {
  readonly #choices = new Map<Rule, readonly IProduction[]>();
  readonly #rules = new Map<Rule, Starts>();

  validate(): [] {
    return [];
  }

  initialize({ rules }: { rules: Rule[] }): void {
    for (const rule of rules) this.#choices.set(rule, rule.definition.flatMap(choicesIn));
  }

  buildLookaheadForAlternation(at: { prodOccurrence: number; rule: Rule; hasPredicates: boolean }): Choice {
    const choice = this.#find(at.rule, Alternation, at.prodOccurrence);
    const alternatives: number[][] = [];
    alternativesOf(choice).forEach(({ definition }, i) => {
      const { kinds, empty } = this.#ofSequence(definition);
      if (empty) throw new Error(`an alternative of ${at.rule.name} can be empty`);
      for (const kind of kinds) (alternatives[kind] ??= []).push(i);
    });
    if (at.hasPredicates) {
      return function (gated) {
        return alternatives[this.LA(1).tokenTypeIdx]?.find((i) => gated?.[i]?.GATE?.call(this) !== false);
      };
    }
    const first = alternatives.map((possible) => possible[0]!);
    return function () {
      return first[this.LA(1).tokenTypeIdx];
    };
  }

  buildLookaheadForOptional(at: { prodOccurrence: number; prodType: string; rule: Rule }): () => boolean {
    const type = at.prodType === 'Option' ? Option : Repetition;
    const { kinds } = this.#ofSequence(this.#find(at.rule, type, at.prodOccurrence).definition);
    return function (this: { LA(ahead: number): IToken }) {
      return kinds.has(this.LA(1).tokenTypeIdx);
    };
  }

  #find<P extends Alternation | Option | Repetition>(
    rule: Rule,
    type: new (...options: never[]) => P,
    index: number,
  ): P {
    const found = this.#choices
      .get(rule)!
      .find((part): part is P => part instanceof type && (part as P).idx === index);
    if (found === undefined) throw new Error(`${rule.name} has no ${type.name} ${index}`);
    return found;
  }

  #ofRule(rule: Rule): Starts {
    const known = this.#rules.get(rule) ?? this.#ofSequence(rule.definition);
    this.#rules.set(rule, known);
    return known;
  }

  #ofSequence(parts: readonly IProduction[]): Starts {
    const kinds = new Set<number>();
    for (const part of parts) {
      const starts = this.#of(part);
      for (const kind of starts.kinds) kinds.add(kind);
      if (!starts.empty) return { kinds, empty: false };
    }
    return { kinds, empty: true };
  }

  #of(part: IProduction): Starts {
    if (part instanceof NonTerminal) return this.#ofRule(part.referencedRule);
    if (part instanceof Terminal) {
      const { tokenTypeIdx, categoryMatches } = part.terminalType;
      return { kinds: new Set([tokenTypeIdx!, ...(categoryMatches ?? [])]), empty: false };
    }
    if (part instanceof Alternation) {
      const all = alternativesOf(part).map(({ definition }) => this.#ofSequence(definition));
      return {
        kinds: new Set(all.flatMap(({ kinds }) => [...kinds])),
        empty: all.some(({ empty }) => empty),
      };
    }
    if (part instanceof Option || part instanceof Repetition) {
      return { kinds: this.#ofSequence(part.definition).kinds, empty: true };
    }
    throw new Error(`the grammar has a ${part.constructor.name}`);
  }
}

const alternativesOf = (choice: Alternation): readonly Alternative[] => choice.definition as Alternative[];

/** All places in a part of a rule where it is decided how to go on. */
function choicesIn(part: IProduction): IProduction[] {
  if (part instanceof Alternation) {
    return [part, ...alternativesOf(part).flatMap(({ definition }) => definition.flatMap(choicesIn))];
  }
  return part instanceof Option || part instanceof Repetition
    ? [part, ...part.definition.flatMap(choicesIn)]
    : [];
}
