import { ifLet } from '../../errors/foreign.ts';
import * as errors from '../../errors/syntax.ts';
import { EOF, type IToken, type TokenType } from 'chevrotain';
import { OPERATOR_PRECEDENCE } from '../precedence.ts';
import * as T from '../tokens.ts';
import type { Token } from '../tokens.ts';
import type { BinaryOperator, Expression, Pattern } from '../tree.ts';
import type { Span } from '@smc/protocol';
import { REFUSED, type Rule } from './base.ts';
import { OperandGrammar } from './operands.ts';

const comparison = OPERATOR_PRECEDENCE['=='];

/** Where an expression that is skipped ends, beside the end of its statement. */
const expressionEnds = new Set<TokenType>([
  ...[T.Comma, T.InWord, T.To, T.CloseRound, T.CloseSquare, T.CloseCurly, EOF],
]);

/** What other languages write for `else if`. */
export const elifs: ReadonlySet<string> = new Set(['elif', 'elseif', 'elsif']);

/** The layout does not count what nests because an `in` is forgotten: of so many the rest is read. */
const LETS_BELOW_MAX = 32;

interface ExpressionArm {
  readonly pattern: Pattern;
  readonly body: Expression;
  readonly span: Span;
}

interface Branch<B> {
  /** Its `if`, or what stands for it. */
  readonly start: IToken;
  readonly condition: Expression;
  readonly then: B;
}

interface Branches<B> {
  /** At least one. */
  readonly branches: readonly Branch<B>[];
  /** What is behind the last `else`; null where there is none. */
  readonly last: B | null;
}

/** Expressions: operators, `if`, `case`, `let`. */
export abstract class ExpressionGrammar extends OperandGrammar {
  /** What has been refused in the arms of the innermost `case`. */
  private refusedInArms = new Set<TokenType>();

  /** How many `let` without `in` are around what is read. */
  private letsBelow = 0;

  protected override readonly expression = this.RULE('expression', (): Expression => {
    const operands = [this.SUBRULE(this.operand)];
    if (!this.mayFollow(T.Joint) && !this.mayFollow(T.Compose)) return operands[0]!;
    const operators: IToken[] = [];
    this.MANY({
      GATE: () => this.composition() === null,
      DEF: () => {
        const token = this.CONSUME(T.Joint);
        if (token.tokenType === T.Assign) this.complain(errors.equalsForComparison(this.spanOf(token)));
        if (token.tokenType === T.Bind) this.complain(errors.bindInExpression(this.spanOf(token)));
        operators.push(token);
        if (this.RECORDING_PHASE || this.lineGoesOn()) this.CONSUME(T.LineEnd, REFUSED);
        operands.push(this.SUBRULE2(this.operand));
      },
    });
    return this.ACTION(() => {
      const operator = this.composition();
      if (operator !== null) return this.refuseComposition(operator, operands[0]!.span);
      return operators.length === 0 ? operands[0]! : this.combine(operands, operators);
    });
  });

  /** The operator on arrows that comes next, if one does. */
  private composition(): string | null {
    const first = this.LA(1);
    if (T.isA(first, T.Compose)) return first.image;
    if (first.tokenType !== T.Greater || !this.nextIs(T.Greater, 2) || !this.nextIs(T.Greater, 3))
      return null;
    return this.LA(3).startOffset === first.startOffset + 2 ? '>>>' : null;
  }

  /** Arrows composed in an expression: refused as a whole, up to where the expression ends. */
  private refuseComposition(operator: string, { start }: Span): Expression {
    const at = this.LA(1).startOffset;
    const span = { file: this.file, start: at, end: at + operator.length };
    this.complain(errors.composeInExpression(span, operator));
    let token = this.peek(1);
    while (!this.atExpressionEnd(token)) token = this.after(token);
    this.skipTo(token.index);
    return { kind: 'missing', span: { ...span, start, end: T.endOf(this.LA(0)) } };
  }

  private atExpressionEnd(token: Token): boolean {
    if (T.isA(token, T.Separator) || expressionEnds.has(token.tokenType)) return true;
    return this.inHead && token.tokenType === T.OpenCurly;
  }

  /** Whether the line end after a `>`, which the layout can not tell from the end of a type, is none. */
  protected lineGoesOn(): boolean {
    return this.nextIs(T.LineEnd) && (T.isA(this.LA(2), T.Starter) || T.isA(this.LA(2), T.Prefix));
  }

  /** Builds the tree of `a + b * c` by operator precedence; no recursion, for a chain can be long. */
  private combine(operands: readonly Expression[], operators: readonly IToken[]): Expression {
    const values: Expression[] = [operands[0]!];
    const waiting: IToken[] = [];
    // Of `<>` it is not known what was meant.
    let isRefused = operators.some(({ tokenType }) => tokenType === T.ForeignDiamond);
    const apply = (): void => {
      const token = waiting.pop()!;
      const right = values.pop()!;
      const left = values.pop()!;
      const span = { file: this.file, start: left.span.start, end: right.span.end };
      values.push({
        kind: 'binary',
        operator: operatorOf(token),
        operatorSpan: this.spanOf(token),
        left,
        right,
        span,
      });
    };
    operators.forEach((token, i) => {
      const level = OPERATOR_PRECEDENCE[operatorOf(token)];
      while (waiting.length > 0 && OPERATOR_PRECEDENCE[operatorOf(waiting.at(-1)!)] >= level) {
        const last = waiting.at(-1)!;
        if (level === comparison && OPERATOR_PRECEDENCE[operatorOf(last)] === comparison) {
          this.complain(errors.chainedComparison(this.spanOf(token), token.image, this.spanOf(last)));
          isRefused = true;
        }
        apply();
      }
      waiting.push(token);
      values.push(operands[i + 1]!);
    });
    while (waiting.length > 0) apply();
    const [result] = values;
    // What was meant by a chain has other types: nothing more is said about it.
    return isRefused ? { kind: 'missing', span: result!.span } : result!;
  }

  /** The expression between `if` or `case` and the `{`. */
  protected readonly head = this.RULE('head', (): Expression => {
    const { inHead } = this;
    this.inHead = true;
    const start = this.peek(1);
    const head =
      (this.RECORDING_PHASE ? null : this.refusePattern(start)) ??
      this.last<Expression>(this.expression, start, () => this.hole());
    this.inHead = inHead;
    this.ACTION(() => {
      // Of an `of` more is said where it is known that it is one of a `case`.
      if (this.nextIs(T.OpenCurly) || this.LA(1).image === 'of') return;
      this.explain(this.peek(1), '`{`', 'head');
      this.skipTo(this.nextBlock());
    });
    return head;
  });

  /** `if let Some(x) = e {`: refused, and skipped. */
  private refusePattern(start: Token): Expression | null {
    if (start.tokenType !== T.LetWord) return null;
    const end = this.nextBlock();
    for (let i = start.index; i < end; i++) if (this.tokenAt(i).tokenType === T.InWord) return null;
    this.complain(ifLet(this.spanOf(start)));
    this.skipTo(end);
    return this.hole();
  }

  /** The place of the next `{` of the statement, or of the next token if there is none. */
  private nextBlock(): number {
    const here = this.peek(1);
    let token = here;
    while (token.tokenType !== T.OpenCurly && !T.isA(token, T.Separator) && this.after(token) !== token)
      token = this.after(token);
    return token.tokenType === T.OpenCurly ? token.index : here.index;
  }

  /** `if c { a } else { b }` */
  protected override readonly ifExpression = this.RULE('ifExpression', (): Expression => {
    const { branches, last } = this.branches(this.branch);
    return this.ACTION(() => {
      if (last === null) this.complain(errors.ifWithoutElse(this.spanOf(branches[0].start)));
      return branches.reduceRight<Expression>(
        (otherwise, { start, condition, then }) => ({
          kind: 'if',
          condition,
          then,
          else: otherwise,
          span: this.since(start),
        }),
        last ?? this.hole(),
      );
    });
  });

  /** The branches of an `if`, of a command or an expression; `rule` is that of what stands in them. A part of the rule that calls it. */
  protected branches<B>(rule: Rule<B>): Branches<B> {
    const branches: Branch<B>[] = [];
    let last: B | null = null;
    const start = this.CONSUME(T.IfWord);
    const condition = this.SUBRULE(this.head);
    branches.push({ start, condition, then: this.SUBRULE(rule) });
    this.MANY({
      GATE: () => last === null && this.elseFollows(),
      DEF: () => {
        const elif = this.SUBRULE(this.elseWord);
        this.OR([
          {
            GATE: () => elif || this.nextIs(T.IfWord),
            ALT: () => {
              const start = this.LA(1);
              this.OPTION(() => this.CONSUME2(T.IfWord));
              const condition = this.SUBRULE2(this.head);
              branches.push({ start, condition, then: this.SUBRULE2(rule) });
            },
          },
          {
            ALT: () => {
              last = this.SUBRULE3(rule);
            },
          },
        ]);
      },
    });
    return { branches, last };
  }

  private elseFollows(): boolean {
    return this.nextIs(T.ElseWord) || elifs.has(this.LA(1).image);
  }

  /** `else`; an `elif`, which gives true, is refused and taken for `else if`. */
  protected readonly elseWord = this.RULE('elseWord', (): boolean => {
    const token = this.OR([
      { ALT: () => this.CONSUME(T.ElseWord) },
      { ALT: () => this.CONSUME(T.Lower, REFUSED) },
    ]);
    const elif = token.tokenType === T.Lower;
    if (elif) this.complain(errors.elif(this.spanOf(token), token.image));
    return elif;
  });

  /** `{ e }` */
  private readonly branch = this.RULE('branch', (): Expression =>
    this.bracketed<Expression>(
      T.OpenCurly,
      () => {
        this.MANY(() => this.CONSUME(T.Separator));
        const value = this.SUBRULE(this.expression);
        this.MANY2(() => this.CONSUME2(T.Separator));
        return value;
      },
      () => this.hole(),
    ),
  );

  /** `case e { Pat -> e … }` */
  protected override readonly caseExpression = this.RULE('caseExpression', (): Expression => {
    const start = this.CONSUME(T.CaseWord);
    const subject = this.SUBRULE(this.head);
    if (!this.RECORDING_PHASE && this.LA(1).image === 'of') return this.refuseOf(start as Token);
    const arms = this.armsOf(() => this.SUBRULE(this.expressionArm));
    return this.ACTION(() => ({ kind: 'case', subject, arms, span: this.since(start) }));
  });

  /** The arms of a `case`. Once in a rule. */
  protected armsOf<A>(arm: () => A | null): A[] {
    const { refusedInArms } = this;
    this.refusedInArms = new Set();
    const arms = this.bracketed<A[]>(
      T.OpenCurly,
      () => this.sequence(arm, (token) => this.isStrayInArms(token)),
      () => [],
    );
    this.refusedInArms = refusedInArms;
    return arms;
  }

  /** A `,` or `|` between arms: refused, once for all arms. */
  private isStrayInArms(token: Token): boolean {
    if (token.tokenType !== T.Comma && token.tokenType !== T.Bar) return false;
    this.refuseInArms(token);
    return true;
  }

  private refuseInArms(token: IToken): void {
    if (this.refusedInArms.has(token.tokenType)) return;
    this.refusedInArms.add(token.tokenType);
    this.complain(errors.foreignArm(this.spanOf(token), token.image));
  }

  /** The `->` of an arm; a `=>` is refused, and taken for it. */
  protected readonly armSign = this.RULE('armSign', (): void => {
    const token = this.OR({
      DEF: [{ ALT: () => this.CONSUME(T.To) }, { ALT: () => this.CONSUME(T.Gives, REFUSED) }],
      ERR_MSG: '`->`',
    });
    this.ACTION(() => {
      if (token.tokenType === T.Gives) this.refuseInArms(token);
    });
  });

  /** `case x of`, with the arms in the lines below: refused, and skipped. */
  protected refuseOf(start: Token): { readonly kind: 'missing'; readonly span: Span } {
    this.complain(errors.caseOf(this.spanOf(this.LA(1))));
    let place = this.itemEnd(start);
    while (this.tokenAt(place).tokenType === T.LineEnd && this.isArm(this.tokenAt(place + 1)))
      place = this.itemEnd(this.skipTo(place + 1));
    this.skipTo(place);
    return { kind: 'missing', span: this.since(start) };
  }

  /** Whether what starts a line looks like an arm: no declaration, and a `->` outside of brackets. */
  private isArm(start: Token): boolean {
    if (T.isA(start, T.Reserved) && !T.isA(start, T.Literal)) return false;
    for (let token = start; !this.isStatementEnd(token); token = this.after(token))
      if (token.tokenType === T.To) return true;
    return false;
  }

  private readonly expressionArm = this.RULE('expressionArm', (): ExpressionArm | null => {
    const start = this.peek(1);
    return this.OR([
      {
        ALT: () => {
          const pattern = this.SUBRULE(this.pattern);
          this.SUBRULE(this.armSign);
          const body = this.last<Expression>(this.expression, start, () => this.hole());
          return this.ACTION(() => ({ pattern, body, span: this.since(start) }));
        },
      },
      { ALT: () => this.refuse('an arm, `Pattern -> …`') },
    ]);
  });

  /** `let p = e in e` */
  protected override readonly letExpression = this.RULE('letExpression', (): Expression => {
    const start = this.CONSUME(T.LetWord);
    const pattern = this.SUBRULE(this.pattern);
    const type = this.OPTION(() => {
      this.CONSUME(T.Colon);
      return this.SUBRULE(this.type);
    });
    this.CONSUME(T.Assign);
    const value = this.SUBRULE(this.expression);
    const isBelow = this.letsBelow < LETS_BELOW_MAX && this.goesOnBelow();
    if (isBelow) this.goOnBelow(errors.letWithoutIn);
    else this.CONSUME(T.InWord, { ERR_MSG: '`in`' });
    const body = this.nestedIn(isBelow, () => this.SUBRULE2(this.expression));
    return this.ACTION(() => ({
      kind: 'let',
      pattern,
      type: type ?? null,
      value,
      body,
      span: this.since(start),
    }));
  });

  /** Reads the rest of a `let`, which `isBelow` if its `in` was forgotten. */
  private nestedIn(isBelow: boolean, rest: () => Expression): Expression {
    if (!isBelow) return rest();
    this.letsBelow++;
    try {
      return rest();
    } finally {
      this.letsBelow--;
    }
  }
}

/** Of what was written for an operator, the one that was meant. */
function operatorOf(token: IToken): BinaryOperator {
  if (token.tokenType === T.ForeignEqual || token.tokenType === T.Assign) return '==';
  if (token.tokenType === T.Bind) return '<';
  if (token.tokenType === T.ForeignDiamond) return '++';
  const unequal = token.tokenType === T.ForeignUnequal || token.tokenType === T.ForeignSlash;
  return unequal ? '!=' : (token.image as BinaryOperator);
}
