import type { IToken } from 'chevrotain';
import * as errors from '../../errors/syntax.ts';
import { COMPOSE_PRECEDENCE, type ComposeOperator } from '../precedence.ts';
import * as T from '../tokens.ts';
import type { ArrowExpression, Block } from '../tree.ts';
import { REFUSED, type Rule } from './base.ts';
import { ExpressionGrammar } from './expressions.ts';

type PrefixOperator = Extract<ArrowExpression, { kind: 'prefix' }>['operator'];

interface Operator {
  readonly text: ComposeOperator;
  readonly token: IToken;
}

const prefixes: ReadonlySet<string> = new Set<PrefixOperator>(['first', 'second', 'left', 'right']);

/** Arrow expressions: names, `proc`, composition. */
export abstract class ArrowGrammar extends ExpressionGrammar {
  protected abstract readonly block: Rule<Block>;

  protected readonly arrowExpression = this.RULE('arrowExpression', (): ArrowExpression => {
    const operands = [this.SUBRULE(this.arrowOperand)];
    const operators: Operator[] = [];
    this.MANY(() => {
      operators.push(this.SUBRULE(this.composeOperator));
      operands.push(this.SUBRULE2(this.arrowOperand));
    });
    return this.ACTION(() => this.compose(operands, operators));
  });

  /** Builds the tree from the right, all operators being right associative. */
  private compose(operands: readonly ArrowExpression[], operators: readonly Operator[]): ArrowExpression {
    const values: ArrowExpression[] = [operands.at(-1)!];
    const waiting: Operator[] = [];
    const apply = (): void => {
      const { text, token } = waiting.pop()!;
      const left = values.pop()!;
      const right = values.pop()!;
      const operatorSpan = {
        file: this.file,
        start: token.startOffset,
        end: token.startOffset + text.length,
      };
      const span = { file: this.file, start: left.span.start, end: right.span.end };
      values.push({ kind: 'compose', operator: text, operatorSpan, left, right, span });
    };
    for (let i = operators.length - 1; i >= 0; i--) {
      const operator = operators[i]!;
      while (
        waiting.length > 0 &&
        COMPOSE_PRECEDENCE[waiting.at(-1)!.text] >= COMPOSE_PRECEDENCE[operator.text]
      )
        apply();
      waiting.push(operator);
      values.push(operands[i]!);
    }
    while (waiting.length > 0) apply();
    return values[0]!;
  }

  private readonly composeOperator = this.RULE('composeOperator', (): Operator => {
    const token = this.OR([
      { ALT: () => this.CONSUME(T.Compose) },
      { ALT: () => this.SUBRULE(this.composeForward) },
    ]);
    if (this.RECORDING_PHASE || this.lineGoesOn()) this.CONSUME(T.LineEnd, REFUSED);
    return this.ACTION(() => {
      const text = token.tokenType === T.Greater ? '>>>' : (token.image as ComposeOperator);
      return { text, token };
    });
  });

  /** `>>>`, three tokens that touch. */
  private readonly composeForward = this.RULE('composeForward', (): IToken => {
    const first = this.CONSUME(T.Greater, { ERR_MSG: '`>>>`' });
    const second = this.CONSUME2(T.Greater, { ERR_MSG: '`>>>`' });
    const third = this.CONSUME3(T.Greater, { ERR_MSG: '`>>>`' });
    this.ACTION(() => {
      const touch =
        second.startOffset === first.startOffset + 1 && third.startOffset === second.startOffset + 1;
      if (!touch) this.complain(errors.brokenOperator(this.since(first)));
    });
    return first;
  });

  private readonly arrowChoices = {
    DEF: [
      { GATE: () => this.prefixFollows(), ALT: (): ArrowExpression => this.SUBRULE(this.prefixedArrow) },
      { ALT: (): ArrowExpression => this.SUBRULE(this.arrowName) },
      { ALT: (): ArrowExpression => this.SUBRULE(this.arrowGroup) },
      { ALT: (): ArrowExpression => this.SUBRULE(this.proc) },
      { ALT: (): ArrowExpression => this.SUBRULE(this.planned, REFUSED) },
    ],
    ERR_MSG: 'an arrow',
  };

  private readonly arrowOperand = this.RULE('arrowOperand', (): ArrowExpression =>
    this.OR(this.arrowChoices),
  );

  /** Whether the next word is `first` and its kind, and not a name: an operand stands beside it. */
  private prefixFollows(): boolean {
    if (!this.nextIs(T.Lower) || !prefixes.has(this.LA(1).image)) return false;
    const next = this.LA(2).tokenType;
    return next === T.Lower || next === T.Upper || next === T.OpenRound || next === T.ProcWord;
  }

  /** `first f`, `second (f >>> g)` */
  private readonly prefixedArrow: Rule<ArrowExpression> = this.RULE('prefixedArrow', (): ArrowExpression => {
    const start = this.CONSUME(T.Lower);
    const first = this.LA(1);
    const operand = this.OR({
      DEF: [
        { GATE: () => this.prefixFollows(), ALT: (): ArrowExpression => this.SUBRULE(this.prefixedArrow) },
        { ALT: () => this.SUBRULE(this.arrowName) },
        { ALT: () => this.SUBRULE(this.arrowGroup) },
        { ALT: () => this.SUBRULE(this.proc) },
      ],
      ERR_MSG: 'an arrow',
    });
    return this.ACTION(() => {
      const isAlone = first.tokenType === T.OpenRound || operand.kind === 'name';
      if (!isAlone) this.complain(errors.prefixOperand(operand.span, start.image, first.image));
      return { kind: 'prefix', operator: start.image as PrefixOperator, operand, span: this.since(start) };
    });
  });

  /** `f`, `List.length`, `v1.area` */
  private readonly arrowName = this.RULE('arrowName', (): ArrowExpression => {
    const start = this.LA(1);
    const first = this.OR([{ ALT: () => this.CONSUME(T.Lower) }, { ALT: () => this.CONSUME(T.Upper) }]);
    const second = this.OPTION(() => {
      this.CONSUME(T.Dot);
      const DEF = [{ ALT: () => this.CONSUME2(T.Lower) }, { ALT: () => this.CONSUME2(T.Upper) }];
      return this.OR2({ DEF, ERR_MSG: 'a name' });
    });
    return this.ACTION(() => {
      const span = this.since(start);
      return {
        kind: 'name',
        path: second === undefined ? this.pathOf(null, first) : this.pathOf(first, second),
        span,
      };
    });
  });

  /** `(f >>> g)` */
  private readonly arrowGroup = this.RULE('arrowGroup', (): ArrowExpression => {
    const start = this.LA(1);
    const inside = this.bracketed<ArrowExpression>(
      T.OpenRound,
      () => this.SUBRULE(this.arrowExpression),
      () => this.hole(),
    );
    return this.ACTION(() => this.grouped(inside, this.since(start)));
  });

  /** `proc pattern { … }` */
  private readonly proc = this.RULE('proc', (): ArrowExpression => {
    const start = this.CONSUME(T.ProcWord);
    const pattern = this.SUBRULE(this.pattern);
    const body = this.SUBRULE(this.block);
    return this.ACTION(() => ({ kind: 'proc', pattern, body, span: this.since(start) }));
  });
}
