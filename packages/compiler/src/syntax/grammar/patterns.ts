import { EOF } from 'chevrotain';
import type { Literal, Name, Path, Pattern } from '../tree.ts';
import * as T from '../tokens.ts';
import { OPTIONAL } from './base.ts';
import { TypeGrammar } from './types.ts';

type PatternArgument = {
  readonly name: Name | null;
  readonly pattern: Pattern;
  readonly span: Pattern['span'];
};
type PatternField = { readonly name: Name; readonly pattern: Pattern; readonly span: Pattern['span'] };

/** Literals, and patterns: what stands left of `<-`, `=` and `->`. */
export abstract class PatternGrammar extends TypeGrammar {
  /** A literal of one token; a faulty one, which the lexer has told, is a hole. */
  protected readonly literal = this.RULE(
    'literal',
    (): Literal | { kind: 'missing'; span: Literal['span'] } => {
      const token = this.CONSUME(T.Literal);
      return this.ACTION(() => {
        const span = this.spanOf(token);
        const value: unknown = token.payload;
        if (token.tokenType === T.TrueWord) return { kind: 'bool', value: true, span };
        if (token.tokenType === T.FalseWord) return { kind: 'bool', value: false, span };
        if (typeof value === 'string') return { kind: 'string', value, span };
        if (value instanceof Uint8Array) return { kind: 'bytes', value, span };
        if (typeof value !== 'number') return { kind: 'missing', span };
        return { kind: token.tokenType === T.TimeLiteral ? 'time' : 'int', value, span };
      });
    },
  );

  private readonly patternChoices = {
    DEF: [
      { ALT: (): Pattern => this.SUBRULE(this.namePattern) },
      { ALT: (): Pattern => this.SUBRULE(this.groupPattern) },
      { ALT: (): Pattern => this.SUBRULE(this.literal) },
      { ALT: (): Pattern => this.SUBRULE(this.negativePattern) },
      { ALT: (): Pattern => this.SUBRULE(this.recordPattern) },
      { ALT: (): Pattern => this.SUBRULE(this.listPattern) },
    ],
    ERR_MSG: 'a pattern',
  };

  protected readonly pattern = this.RULE('pattern', (): Pattern => this.OR(this.patternChoices));

  private readonly nameChoices = [
    { ALT: () => this.CONSUME(T.Wildcard) },
    { ALT: () => this.CONSUME(T.Lower) },
    { ALT: () => this.CONSUME(T.Upper) },
  ];

  /** `_`, `x`, `Ctor`, `Ctor(p)`, `q.Ctor(name: p)` */
  private readonly namePattern = this.RULE('namePattern', (): Pattern => {
    const start = this.LA(1);
    const first = this.OR(this.nameChoices);
    const second = this.mayFollow(T.Dot)
      ? this.OPTION({
          GATE: () => this.LA(0).tokenType === T.Lower,
          DEF: () => {
            this.CONSUME(T.Dot);
            return this.CONSUME2(T.Upper, { ERR_MSG: 'the name of a constructor' });
          },
        })
      : undefined;
    const applied = this.nextIs(T.Upper, 0) && this.callFollows();
    const items = this.RECORDING_PHASE || applied ? this.SUBRULE(this.patternArguments, OPTIONAL) : undefined;
    return this.ACTION(() => {
      const span = this.since(start);
      if (first.tokenType === T.Wildcard) return { kind: 'wildcard', span };
      if (second === undefined && first.tokenType === T.Lower)
        return { kind: 'bind', name: this.nameOf(first), span };
      const constructor: Path = second === undefined ? this.pathOf(null, first) : this.pathOf(first, second);
      return { kind: 'construct', constructor, arguments: items ?? [], span };
    });
  });

  private readonly patternArguments = this.RULE('patternArguments', (): PatternArgument[] =>
    this.bracketed<PatternArgument[]>(
      T.OpenRound,
      () => this.commaSeparated(() => this.SUBRULE(this.patternArgument)),
      () => [],
    ),
  );

  /** `p`, `name: p` */
  private readonly patternArgument = this.RULE('patternArgument', (): PatternArgument => {
    const start = this.LA(1);
    const name = this.OPTION({
      GATE: () => this.nextIs(T.Colon, 2),
      DEF: () => {
        const token = this.CONSUME(T.Lower);
        this.CONSUME(T.Colon);
        return this.nameOf(token);
      },
    });
    const pattern = this.SUBRULE(this.pattern);
    return this.ACTION(() => ({ name: name ?? null, pattern, span: this.since(start) }));
  });

  /** `()`, `(p)`, `(p, q)` */
  private readonly groupPattern = this.RULE('groupPattern', (): Pattern => {
    const start = this.LA(1);
    const items = this.bracketed<Pattern[]>(
      T.OpenRound,
      () => this.commaSeparated(() => this.SUBRULE(this.pattern)),
      () => [this.hole()],
    );
    return this.ACTION(() => {
      const span = this.since(start);
      if (items.length === 0) return { kind: 'unit', span };
      return items.length === 1 ? this.grouped(items[0]!, span) : { kind: 'tuple', items, span };
    });
  });

  /** `-7` */
  private readonly negativePattern = this.RULE('negativePattern', (): Pattern => {
    const start = this.CONSUME(T.Minus);
    const token = this.CONSUME(T.IntLiteral);
    return this.ACTION(() => {
      const span = this.since(start);
      // 0 - n, for there is no −0
      return typeof token.payload === 'number'
        ? { kind: 'int', value: 0 - token.payload, span }
        : { kind: 'missing', span };
    });
  });

  /** `{ x, y: p }` */
  private readonly recordPattern = this.RULE('recordPattern', (): Pattern => {
    const start = this.LA(1);
    const fields = this.bracketed<PatternField[] | null>(
      T.OpenCurly,
      () => this.commaSeparated(() => this.SUBRULE(this.fieldPattern)),
      () => null,
    );
    return this.ACTION(() => {
      const span = this.since(start);
      return fields === null ? { kind: 'missing', span } : { kind: 'record', fields, span };
    });
  });

  private readonly fieldPattern = this.RULE('fieldPattern', (): PatternField => {
    const start = this.LA(1);
    const name = this.SUBRULE(this.lowerName);
    const pattern = this.OPTION(() => {
      this.CONSUME(T.Colon);
      return this.SUBRULE(this.pattern);
    });
    return this.ACTION(() => {
      return { name, pattern: pattern ?? { kind: 'bind', name, span: name.span }, span: this.since(start) };
    });
  });

  /** `[]`, `[p, q]`, `[p, ...rest]` */
  private readonly listPattern = this.RULE('listPattern', (): Pattern => {
    const start = this.LA(1);
    const inside = this.bracketed<{ items: Pattern[]; rest: Pattern | 'closed' } | null>(
      T.OpenSquare,
      () => {
        const items = this.commaSeparated(() => this.SUBRULE(this.pattern), T.Spread);
        const rest = this.OPTION2(() => {
          this.CONSUME(T.Spread);
          const pattern = this.SUBRULE2(this.pattern);
          this.OPTION3(() => this.CONSUME2(T.Comma));
          return pattern;
        });
        return { items, rest: rest ?? 'closed' };
      },
      () => null,
    );
    return this.ACTION(() => {
      const span = this.since(start);
      return inside === null ? { kind: 'missing', span } : { kind: 'list', ...inside, span };
    });
  });

  /** Whether a pattern and a `->` (or a `=>`, which is refused) come next: the start of a lambda, as far as brackets tell. */
  protected lambdaFollows(): boolean {
    const qualified = this.nextIs(T.Lower) && this.nextIs(T.Dot, 2) && this.nextIs(T.Upper, 3);
    const first = this.peek(qualified ? 3 : 1);
    if (first.tokenType === EOF) return false;
    const next = this.after(first);
    if (next.tokenType === T.To || next.tokenType === T.Gives) return isPatternStart.has(first.tokenType);
    return (
      first.tokenType === T.Upper && next.tokenType === T.OpenRound && this.after(next).tokenType === T.To
    );
  }
}

const isPatternStart = new Set([T.Wildcard, T.Lower, T.Upper, T.OpenRound, T.OpenCurly, T.OpenSquare]);
