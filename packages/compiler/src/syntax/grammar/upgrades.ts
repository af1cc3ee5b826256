import type { Span } from '@smc/protocol';
import * as errors from '../../errors/syntax.ts';
import * as T from '../tokens.ts';
import type { Argument, Clause, Expression, Name, Pattern, Upgrade } from '../tree.ts';
import { wordOf } from './base.ts';
import { DeclarationGrammar } from './declarations.ts';

type ConvertClause = Extract<Clause, { kind: 'convert' }>;

const WORDS = {
  back: wordOf('back'),
  reply: wordOf('reply'),
  rename: wordOf('rename'),
  drop: wordOf('drop'),
};

/** The words that a clause starts with. */
const CLAUSES = ['state', 'on', 'back', 'rename', 'drop'];

/** Upgrades and their clauses. */
export abstract class UpgradeGrammar extends DeclarationGrammar {
  /** `upgrade old.Counter -> Counter { … }` */
  protected readonly upgrade = this.RULE('upgrade', (): Upgrade => {
    const start = this.CONSUME(T.UpgradeWord);
    const from = this.SUBRULE(this.machinePath);
    this.CONSUME(T.To);
    const to = this.SUBRULE2(this.machinePath);
    const clauses = this.bracketed<Clause[]>(
      T.OpenCurly,
      () => this.sequence(() => this.SUBRULE(this.clause)),
      () => [],
    );
    return this.ACTION(() => ({ kind: 'upgrade', old: from, new: to, clauses, span: this.since(start) }));
  });

  private readonly clause = this.RULE('clause', (): Clause | null => {
    const starts = (image: string) => (): boolean => this.LA(1).image === image;
    return this.OR([
      { ALT: () => this.SUBRULE(this.convertState) },
      { ALT: () => this.SUBRULE(this.convertInput) },
      { GATE: starts('back'), ALT: () => this.SUBRULE(this.back) },
      { GATE: starts('rename'), ALT: () => this.SUBRULE(this.rename) },
      { GATE: starts('drop'), ALT: () => this.SUBRULE(this.drop) },
      { GATE: () => this.typeSubjectFollows(), ALT: () => this.SUBRULE(this.convertType) },
      {
        ALT: () =>
          this.refuse(
            'a clause: `state …`, `on …`, `back …`, `rename …`, `drop …`, or `Type old -> …`',
            CLAUSES,
          ),
      },
    ]);
  });

  /** `back` and then a clause, or a pattern for the whole state. */
  private readonly back = this.RULE('back', (): Clause => {
    const start = this.CONSUME(T.Lower, WORDS.back);
    const clause = this.OR({
      DEF: [
        { ALT: () => this.SUBRULE(this.convertState) },
        { ALT: () => this.SUBRULE(this.convertInput) },
        { GATE: () => this.typeSubjectFollows(), ALT: () => this.SUBRULE(this.convertType) },
        {
          ALT: () => {
            const { pattern, body } = this.SUBRULE(this.conversion);
            return this.ACTION((): ConvertClause => {
              const subject = { kind: 'state' as const, path: [] };
              return { kind: 'convert', direction: 'back', subject, pattern, body, span: this.since(start) };
            });
          },
        },
      ],
      ERR_MSG: 'a pattern, a type or `on`',
    });
    return this.ACTION(() => ({ ...clause, direction: 'back', span: this.since(start) }));
  });

  /**
   * Whether a type comes next, `Item old -> e`, and not a pattern for the whole state: in
   * `back Id(n) -> e`, where the bracket touches, and in `back Id -> e` it is a constructor.
   */
  private typeSubjectFollows(): boolean {
    const qualified = this.nextIs(T.Lower) && this.nextIs(T.Dot, 2) && this.nextIs(T.Upper, 3);
    if (!qualified && !this.nextIs(T.Upper)) return false;
    const name = this.peek(qualified ? 3 : 1);
    const next = this.peek(qualified ? 4 : 2);
    return next.tokenType !== T.To && !(next.tokenType === T.OpenRound && T.endOf(name) === next.startOffset);
  }

  /** `pattern -> e` */
  private readonly conversion = this.RULE('conversion', (): { pattern: Pattern; body: Expression } => {
    const pattern = this.SUBRULE(this.pattern);
    this.CONSUME(T.To, { ERR_MSG: '`->`' });
    const body = this.SUBRULE(this.expression);
    return { pattern, body };
  });

  /** `state old -> e`, `state.price old -> e` */
  private readonly convertState = this.RULE('convertState', (): Clause => {
    const start = this.CONSUME(T.StateWord);
    const path: Name[] = [];
    this.MANY(() => {
      this.CONSUME(T.Dot);
      path.push(this.SUBRULE(this.lowerName));
    });
    const conversion = this.SUBRULE(this.conversion);
    return this.ACTION(() => {
      const subject = { kind: 'state' as const, path };
      return { kind: 'convert', direction: 'forward', subject, ...conversion, span: this.since(start) };
    });
  });

  /** `Item old -> e` */
  private readonly convertType = this.RULE('convertType', (): Clause => {
    const start = this.LA(1);
    const name = this.SUBRULE(this.upperPath, { ARGS: ['a type'] });
    const conversion = this.SUBRULE(this.conversion);
    return this.ACTION(() => {
      const subject = { kind: 'type' as const, name };
      return { kind: 'convert', direction: 'forward', subject, ...conversion, span: this.since(start) };
    });
  });

  // ------------------------------------------------------------------------- inputs

  /** `on Old(p, …) -> New(…) reply r -> e` */
  private readonly convertInput = this.RULE('convertInput', (): Clause => {
    const start = this.CONSUME(T.OnWord);
    const from = this.SUBRULE(this.upperName, { ARGS: ['an operation'] });
    const parameters = this.OPTION(() => this.SUBRULE(this.inputPatterns, { ARGS: [from.text] }));
    this.CONSUME(T.To, { ERR_MSG: '`->` and an operation' });
    const to = this.SUBRULE2(this.upperName, { ARGS: ['an operation'] });
    const items: Argument[] | undefined = this.OPTION2({
      GATE: () => this.callFollows(),
      DEF: () => this.SUBRULE(this.callArguments),
    });
    const reply = this.OPTION3({
      GATE: () => this.LA(1).image === 'reply',
      DEF: () => {
        this.CONSUME(T.Lower, WORDS.reply);
        return this.SUBRULE(this.conversion);
      },
    });
    return this.ACTION(() => {
      const rest = { to, arguments: items ?? [], reply: reply ?? null, span: this.since(start) };
      return { kind: 'on', direction: 'forward', from, parameters: parameters ?? [], ...rest };
    });
  });

  private readonly inputPatterns = this.RULE('inputPatterns', (operation: string): Pattern[] => {
    const types: Span[] = [];
    const patterns = this.bracketed<Pattern[]>(
      T.OpenRound,
      () =>
        this.commaSeparated(() => {
          const pattern = this.SUBRULE(this.pattern);
          if (!this.RECORDING_PHASE && this.nextIs(T.Colon)) types.push(this.skipType());
          return pattern;
        }),
      () => [],
    );
    this.ACTION(() => {
      if (types.length > 0) this.complain(errors.typeInClause(types[0]!, operation, patterns));
    });
    return patterns;
  });

  /** `: Int`, `: Int = 1`: passed over, and where it stands. */
  private skipType(): Span {
    const start = this.LA(1);
    this.SKIP_TOKEN();
    this.SUBRULE(this.type);
    const span = this.since(start);
    if (this.nextIs(T.Assign))
      while (!this.nextIs(T.Comma) && !this.atStatementEnd()) this.skipTo(this.after(this.peek(1)).index);
    return span;
  }

  // -------------------------------------------------------------------------- names

  /** `rename count -> total`, `rename Status.Paid -> Settled` */
  private readonly rename = this.RULE('rename', (): Clause => {
    const start = this.CONSUME(T.Lower, WORDS.rename);
    const from = this.SUBRULE(this.namePath);
    this.CONSUME(T.To, { ERR_MSG: '`->` and a name' });
    const to = this.SUBRULE(this.anyName);
    return this.ACTION(() => {
      const old = from.at(-1)!;
      const span = this.since(start);
      if (isUpper(old.text) === isUpper(to.text)) return { kind: 'rename', from, to, span };
      this.complain(errors.renameOfKind(to.span, old.text, to.text));
      const first = to.text.slice(0, 1);
      const meant = isUpper(old.text) ? first.toUpperCase() : first.toLowerCase();
      return { kind: 'rename', from, to: { ...to, text: meant + to.text.slice(1) }, span };
    });
  });

  /** `drop note`, `drop Item.price`, `drop Reset`, `drop pair.0` */
  private readonly drop = this.RULE('drop', (): Clause => {
    const start = this.CONSUME(T.Lower, WORDS.drop);
    const path = this.SUBRULE(this.dropPath);
    return this.ACTION(() => ({ kind: 'drop', path, span: this.since(start) }));
  });

  private readonly namePath = this.RULE('namePath', (): Name[] => {
    const names = [this.SUBRULE(this.anyName)];
    this.MANY(() => {
      this.CONSUME(T.Dot);
      names.push(this.SUBRULE2(this.anyName));
    });
    return names;
  });

  /** `note`, `Item.price`, `pair.0`: components of tuples by their positions. */
  private readonly dropPath = this.RULE('dropPath', (): Name[] => {
    const steps = [this.SUBRULE(this.step)];
    this.MANY(() => {
      this.CONSUME(T.Dot);
      steps.push(this.SUBRULE2(this.step));
    });
    return this.ACTION(() => steps.flat());
  });

  /** Two positions are one token, as a number with a fraction would be. */
  private readonly step = this.RULE('step', (): Name[] => {
    const token = this.OR({
      DEF: [
        { ALT: () => this.CONSUME(T.Lower) },
        { ALT: () => this.CONSUME(T.Upper) },
        { ALT: () => this.CONSUME(T.IntLiteral) },
      ],
      ERR_MSG: 'a name',
    });
    return this.ACTION(() => {
      const { text, span } = this.nameOf(token);
      return text.split('.').map((part) => ({ text: part, span }));
    });
  });

  private readonly anyName = this.RULE('anyName', (): Name => {
    const token = this.OR({
      DEF: [{ ALT: () => this.CONSUME(T.Lower) }, { ALT: () => this.CONSUME(T.Upper) }],
      ERR_MSG: 'a name',
    });
    return this.ACTION(() => this.nameOf(token));
  });
}

const isUpper = (name: string): boolean => /^[A-Z]/.test(name);
