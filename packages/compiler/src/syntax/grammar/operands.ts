import type { IToken } from 'chevrotain';
import type { Diagnostic, Span } from '@smc/protocol';
import {
  expressionInBraces,
  foreignIndex,
  juxtaposed,
  lambdaInBraces,
  lambdaWithGives,
  lambdaWithType,
} from '../../errors/foreign.ts';
import * as errors from '../../errors/syntax.ts';
import * as T from '../tokens.ts';
import type { Token } from '../tokens.ts';
import type { Argument, Expression, FieldNode, Name, Path } from '../tree.ts';
import { OPTIONAL, REFUSED, REQUIRED, type Rule } from './base.ts';
import { PatternGrammar } from './patterns.ts';

interface Entry {
  readonly key: Expression;
  readonly value: Expression;
}

/** What an expression is put together from: names, calls, constructors, tuples, records, collections. */
export abstract class OperandGrammar extends PatternGrammar {
  protected abstract readonly ifExpression: Rule<Expression>;
  protected abstract readonly caseExpression: Rule<Expression>;
  protected abstract readonly letExpression: Rule<Expression>;

  /** Made once: a choice that is made anew each time costs time, and much of the stack. */
  private readonly operandChoices = {
    DEF: [
      { ALT: (): Expression => this.SUBRULE(this.lowerValue) },
      { ALT: (): Expression => this.SUBRULE(this.upperValue) },
      { ALT: (): Expression => this.SUBRULE(this.literal) },
      { ALT: (): Expression => this.SUBRULE(this.group) },
      { GATE: () => this.recordMayFollow(), ALT: (): Expression => this.SUBRULE(this.record) },
      { ALT: (): Expression => this.SUBRULE(this.list) },
      { ALT: (): Expression => this.SUBRULE(this.ifExpression) },
      { ALT: (): Expression => this.SUBRULE(this.caseExpression) },
      { ALT: (): Expression => this.SUBRULE(this.letExpression) },
      { ALT: (): Expression => this.SUBRULE(this.planned, REFUSED) },
    ],
    ERR_MSG: 'an expression',
  };

  /** An operand with what stands before it (`-`, `!`) and after it (`.field`). */
  protected readonly operand = this.RULE('operand', (): Expression => {
    const start = this.LA(1);
    const prefixes: IToken[] = [];
    if (this.mayFollow(T.Prefix)) {
      this.MANY(() => {
        prefixes.push(this.CONSUME(T.Prefix));
      });
    }
    const first = this.LA(1);
    let operand: Expression = this.OR(this.operandChoices);
    if (this.mayFollow(T.Dot)) {
      this.MANY2(() => {
        this.CONSUME(T.Dot);
        const name = this.SUBRULE(this.lowerName);
        const record = operand;
        this.ACTION(() => {
          operand = { kind: 'field', record, name, span: this.since(first) };
        });
      });
    }
    if (this.RECORDING_PHASE || this.callFollows()) {
      const span = this.since(first);
      this.SUBRULE(this.callArguments, REFUSED);
      if (!isMissing(operand)) this.complain(this.calleeOf(operand, span));
      // Of a chain of them the first is told.
      while (!this.RECORDING_PHASE && (this.callFollows() || this.nextIs(T.Dot)))
        this.skipTo(this.after(this.peek(1)).index + (this.nextIs(T.Dot) ? 1 : 0));
      if (operand.kind === 'field') operand = this.hole();
    }
    this.ACTION(() => {
      if (this.refuseApplication(operand)) operand = { kind: 'missing', span: this.since(first) };
    });
    if (prefixes.length === 0) return operand;
    return this.ACTION(() => {
      const end = this.since(start).end;
      return prefixes.reduceRight<Expression>((inner, prefix) => {
        if (prefix.tokenType === T.ForeignNot) return { kind: 'missing', span: inner.span };
        const operator = prefix.tokenType === T.Not ? '!' : '-';
        return {
          kind: 'unary',
          operator,
          operand: inner,
          span: { file: this.file, start: prefix.startOffset, end },
        };
      }, operand);
    });
  });

  /** `xs[0]`, `List.length xs`, `Some 1`: refused, and skipped. */
  private refuseApplication(operand: Expression): boolean {
    const first = this.peek(1);
    if (first.fresh) return false;
    const isIndex = first.tokenType === T.OpenSquare && !this.peek(0).spaced;
    const name = functionName(operand);
    if (!isIndex && (name === null || !this.isJuxtaposed(first, operand.kind === 'construct'))) return false;
    const given: string[] = [];
    let token = first;
    do {
      const goesOn = token.tokenType === T.Dot || this.tokenAt(token.index - 1).tokenType === T.Dot;
      const text = token.partner > token.index ? '…' : token.image;
      if (goesOn && given.length > 0) given.push(given.pop() + text);
      else given.push(text);
      token = this.after(token);
    } while (!token.fresh && (token.tokenType === T.Dot || this.isArgument(token)));
    const span = this.spanOf(first);
    this.complain(isIndex ? foreignIndex(span) : juxtaposed(span, name!, given));
    this.skipTo(token.index);
    return true;
  }

  /** Whether a token that follows a name starts an argument of it, and is no field or word of its own. */
  private isJuxtaposed(token: Token, toConstructor: boolean): boolean {
    // what follows a constructor in upper case is rather the next item
    if (token.tokenType === T.Upper) return !toConstructor;
    if (token.tokenType !== T.Lower) return T.isA(token, T.Literal);
    return this.after(token).tokenType !== T.Colon && !joiningWords.has(token.image);
  }

  private isArgument(token: Token): boolean {
    const isBracket = token.tokenType === T.OpenRound || token.tokenType === T.OpenSquare;
    return isBracket || this.isJuxtaposed(token, false);
  }

  /** `send …`, `after …`, `pipeline …`: not there yet, in the place of an expression or an arrow. */
  protected readonly planned = this.RULE('planned', () => {
    const token = this.CONSUME(T.Planned) as Token;
    return this.ACTION(() => {
      if (!this.wasRefused(token)) {
        this.complain(errors.notSupported(this.spanOf(token), token.image));
        this.skipTo(this.itemEnd(token));
      }
      return { kind: 'missing' as const, span: this.since(token) };
    });
  });

  // -------------------------------------------------------------------------- names

  /** `x`, `f(a)`, `q.f(a)`, `q.Ctor(a)`; `x.y` without a call is a field, see `operand`. */
  private readonly lowerValue = this.RULE('lowerValue', (): Expression => {
    const start = this.LA(1);
    const first = this.CONSUME(T.Lower);
    const second = this.mayFollow(T.Dot)
      ? this.OPTION({
          GATE: () => this.nextIs(T.Upper, 2) || (this.nextIs(T.Lower, 2) && this.callFollows(3)),
          DEF: () => {
            this.CONSUME(T.Dot);
            const DEF = [{ ALT: () => this.CONSUME2(T.Lower) }, { ALT: () => this.CONSUME(T.Upper) }];
            return this.OR({ DEF, ERR_MSG: 'a name' });
          },
        })
      : undefined;
    const items =
      this.RECORDING_PHASE || this.callFollows() ? this.SUBRULE(this.callArguments, OPTIONAL) : null;
    return this.ACTION(() => {
      const path = second === undefined ? this.pathOf(null, first) : this.pathOf(first, second);
      return this.applied(path, items, start, (second ?? first).tokenType === T.Upper);
    });
  });

  /** `Ctor`, `Ctor(a)`, `List.map`, `List.map(xs, f)`, `Map { … }`, `Set { … }` */
  private readonly upperValue = this.RULE('upperValue', (): Expression => {
    // all three start with the same token, which is all that the analysis of the grammar needs to see
    if (this.RECORDING_PHASE) return this.SUBRULE(this.constructed);
    if (this.collectionFollows('Map')) return this.SUBRULE(this.map);
    return this.collectionFollows('Set') ? this.SUBRULE(this.set) : this.SUBRULE(this.constructed);
  });

  private readonly constructed = this.RULE('constructed', (): Expression => {
    const start = this.LA(1);
    const first = this.CONSUME(T.Upper);
    const second = this.mayFollow(T.Dot)
      ? this.OPTION(() => {
          this.CONSUME(T.Dot);
          const DEF = [{ ALT: () => this.CONSUME(T.Lower) }, { ALT: () => this.CONSUME2(T.Upper) }];
          return this.OR({ DEF, ERR_MSG: 'a name' });
        })
      : undefined;
    const items =
      this.RECORDING_PHASE || this.callFollows() ? this.SUBRULE(this.callArguments, OPTIONAL) : null;
    return this.ACTION(() => {
      if (second === undefined) return this.applied(this.pathOf(null, first), items, start, true);
      if (second.tokenType === T.Lower) return this.applied(this.pathOf(first, second), items, start, false);
      this.complain(errors.constructorOfType(this.since(first), first.image, second.image));
      return this.applied(this.pathOf(null, second), items, start, true);
    });
  });

  private applied(path: Path, items: Argument[] | null, start: IToken, upper: boolean): Expression {
    const span = this.since(start);
    if (upper) return { kind: 'construct', constructor: path, arguments: items ?? [], span };
    return items === null
      ? { kind: 'variable', path, span }
      : { kind: 'call', callee: path, arguments: items, span };
  }

  // ---------------------------------------------------------------------- arguments

  protected readonly callArguments = this.RULE('callArguments', (): Argument[] =>
    this.bracketed<Argument[]>(
      T.OpenRound,
      () => this.commaSeparated(() => this.argument()),
      () => {
        const { span } = this.hole();
        return [{ name: null, value: { kind: 'missing', span }, span }];
      },
    ),
  );

  /** `e`, `name: e`, and a lambda, which stands nowhere else. A part of `callArguments`. */
  private argument(): Argument {
    const start = this.LA(1);
    const named = this.nextIs(T.Lower) && (this.nextIs(T.Colon, 2) || this.nextIs(T.Assign, 2));
    let name: Name | null = null;
    if (this.RECORDING_PHASE || named) {
      const token = this.CONSUME(T.Lower);
      this.SUBRULE(this.colon);
      name = this.ACTION(() => this.nameOf(token));
    }
    if (this.RECORDING_PHASE) this.SUBRULE(this.lambda);
    const value = this.RECORDING_PHASE
      ? this.SUBRULE(this.expression)
      : (this.foreignLambda() ??
        (this.lambdaFollows() ? this.SUBRULE(this.lambda) : this.SUBRULE(this.expression)));
    return this.ACTION(() => ({ name, value, span: this.since(start) }));
  }

  /** `(x: Int) -> e`, `{ x -> e }`: refused, and skipped. */
  private foreignLambda(): Expression | null {
    const open = this.peek(1);
    if (open.tokenType !== T.OpenRound && open.tokenType !== T.OpenCurly) return null;
    if (!this.nextIs(T.Lower, 2)) return null;
    const third = this.peek(3);
    const isTyped = open.tokenType === T.OpenRound && third.tokenType === T.Colon;
    const isBlock =
      open.tokenType === T.OpenCurly && (third.tokenType === T.To || third.tokenType === T.Gives);
    if (!isTyped && !isBlock) return null;
    this.complain(isTyped ? lambdaWithType(this.spanOf(third)) : lambdaInBraces(this.spanOf(open)));
    let token = open;
    while (!this.isStatementEnd(token) && token.tokenType !== T.Comma) token = this.after(token);
    this.skipTo(token.index);
    return { kind: 'missing', span: this.since(open) };
  }

  private readonly colonChoices = {
    DEF: [{ ALT: () => this.CONSUME(T.Colon) }, { ALT: () => this.CONSUME(T.Assign, REFUSED) }],
    ERR_MSG: '`:`',
  };

  /** The `:` of a field or a named argument; a `=` is refused and taken for it. */
  private readonly colon = this.RULE('colon', () => {
    const token = this.OR(this.colonChoices);
    this.ACTION(() => {
      if (token.tokenType === T.Assign) this.complain(errors.equalsForColon(this.spanOf(token)));
    });
  });

  /** `x -> e`, `(a, b) -> e` */
  private readonly lambda = this.RULE('lambda', (): Expression => {
    const start = this.LA(1);
    const pattern = this.SUBRULE(this.pattern);
    if (!this.RECORDING_PHASE && this.nextIs(T.Gives)) {
      this.complain(lambdaWithGives(this.spanOf(this.LA(1))));
      this.SKIP_TOKEN();
    } else this.CONSUME(T.To);
    const body = (this.RECORDING_PHASE ? null : this.blockBody()) ?? this.SUBRULE(this.expression);
    return this.ACTION(() => ({ kind: 'lambda', pattern, body, span: this.since(start) }));
  });

  /** `x -> { let y = x; y }`, `x -> { x + 1 }`: the block is refused, and skipped. */
  private blockBody(): Expression | null {
    const open = this.peek(1);
    if (open.tokenType !== T.OpenCurly || this.nextIs(T.Spread, 2) || this.nextIs(T.CloseCurly, 2))
      return null;
    const isNamed = this.nextIs(T.Lower, 2) || this.nextIs(T.StringLiteral, 2);
    if (isNamed && fieldSigns.has(this.LA(3).tokenType)) return null;
    // Of a `=>` it is said already how it is written.
    if (this.peek(0).tokenType === T.To) this.complain(errors.lambdaWithBlock(this.spanOf(open)));
    this.skipTo(this.after(open).index);
    return { kind: 'missing', span: this.since(open) };
  }

  // ----------------------------------------------------------------------- brackets

  /** `()`, `(e)`, `(a, b)` */
  private readonly group = this.RULE('group', (): Expression => {
    const start = this.LA(1);
    const items = this.bracketed<Expression[]>(
      T.OpenRound,
      () => this.commaSeparated(() => this.SUBRULE(this.expression)),
      () => [this.hole()],
    );
    return this.ACTION(() => {
      const span = this.since(start);
      if (items.length === 0) return { kind: 'unit', span };
      return items.length === 1 ? this.grouped(items[0]!, span) : { kind: 'tuple', items, span };
    });
  });

  private readonly list = this.RULE('list', (): Expression => {
    const start = this.LA(1);
    const items = this.bracketed<Expression[] | null>(
      T.OpenSquare,
      () => this.commaSeparated(() => this.SUBRULE(this.expression)),
      () => null,
    );
    return this.ACTION(() => {
      const span = this.since(start);
      return items === null ? { kind: 'missing', span } : { kind: 'list', items, span };
    });
  });

  /** `{ x: 1, y: 2 }`, `{ ...r, x: 3 }` */
  private readonly record = this.RULE('record', (): Expression => {
    const start = this.LA(1);
    this.ACTION(() => {
      if (this.inHead) this.complain(errors.literalInHead(this.spanOf(start), 'record'));
    });
    const inside = this.bracketed<{ base: Expression | null; fields: FieldNode[] } | null>(
      T.OpenCurly,
      () => {
        if (!this.RECORDING_PHASE && (this.refuseUpdate(start as Token) || this.refuseBraces(start as Token)))
          return null;
        const base = this.OPTION2(() => this.SUBRULE(this.spread));
        const fields = this.commaSeparated(() => this.SUBRULE(this.field));
        return { base: base ?? null, fields };
      },
      () => null,
    );
    return this.ACTION(() => {
      const span = this.since(start);
      return inside === null ? { kind: 'missing', span } : { kind: 'record', ...inside, span };
    });
  });

  /** `{ r | x = 1 }` and `{ r with x: 1 }`: refused, and skipped. */
  private refuseUpdate(open: Token): boolean {
    if (!this.nextIs(T.Lower) || !(this.nextIs(T.Bar, 2) || this.LA(2).image === 'with')) return false;
    this.complain(errors.foreignUpdate(this.spanOf(this.LA(2)), this.LA(1).image));
    this.skipTo(open.partner);
    return true;
  }

  /** `{ x * 2 }`, `{ let y = x; y }`: refused, and skipped. */
  private refuseBraces(open: Token): boolean {
    const [first, second] = [this.peek(1), this.peek(2)];
    const isName = first.tokenType === T.Lower;
    const isExpression = isName
      ? expressionSigns.has(second.tokenType) || T.isA(second, T.Infix)
      : expressionWords.has(first.tokenType) && second.tokenType !== T.Colon;
    if (!isExpression) return false;
    this.complain(expressionInBraces(this.spanOf(open), second.tokenType === T.Comma));
    this.skipTo(open.partner);
    return true;
  }

  /** `...r,` */
  private readonly spread = this.RULE('spread', (): Expression => {
    this.CONSUME(T.Spread);
    const base = this.SUBRULE(this.expression);
    this.OPTION(() => this.CONSUME(T.Comma));
    return base;
  });

  private readonly field = this.RULE('field', (): FieldNode => {
    const start = this.LA(1);
    const name = this.OR({
      DEF: [
        { ALT: () => this.SUBRULE(this.lowerName) },
        { ALT: () => this.SUBRULE(this.quotedName, REFUSED) },
      ],
      ERR_MSG: 'the name of a field',
    });
    const value = this.OPTION(() => {
      this.SUBRULE(this.colon, REQUIRED);
      return this.SUBRULE(this.expression);
    });
    return this.ACTION(() => {
      if (value !== undefined) return { name, value, span: this.since(start) };
      this.complain(errors.fieldWithoutValue(name.span, name.text));
      const path = { qualifier: null, name, span: name.span };
      return { name, value: { kind: 'variable', path, span: name.span }, span: name.span };
    });
  });

  /** `"x"` where the name of a field is due: refused, and taken for it. */
  private readonly quotedName = this.RULE('quotedName', () => {
    const token = this.CONSUME(T.StringLiteral);
    this.complain(errors.quotedField(this.spanOf(token), token.image));
    return { text: String(token.payload), span: this.spanOf(token) };
  });

  // -------------------------------------------------------------------- collections

  private readonly map = this.RULE('map', (): Expression => {
    const start = this.collectionStart();
    const entries = this.bracketed<Entry[] | null>(
      T.OpenCurly,
      () => this.commaSeparated(() => this.SUBRULE(this.entry)),
      () => null,
    );
    return this.ACTION(() => {
      const span = this.since(start);
      return entries === null ? { kind: 'missing', span } : { kind: 'map', entries, span };
    });
  });

  private readonly entry = this.RULE('entry', (): Entry => {
    const key = this.SUBRULE(this.expression);
    this.CONSUME(T.Colon);
    const value = this.SUBRULE2(this.expression);
    return { key, value };
  });

  private readonly set = this.RULE('set', (): Expression => {
    const start = this.collectionStart();
    const items = this.bracketed<Expression[] | null>(
      T.OpenCurly,
      () => this.commaSeparated(() => this.SUBRULE(this.expression)),
      () => null,
    );
    return this.ACTION(() => {
      const span = this.since(start);
      return items === null ? { kind: 'missing', span } : { kind: 'set', items, span };
    });
  });

  private collectionStart(): IToken {
    const start = this.CONSUME(T.Upper);
    this.ACTION(() => {
      if (this.inHead)
        this.complain(errors.literalInHead(this.since(start), start.image === 'Map' ? 'map' : 'set'));
    });
    return start;
  }

  // -------------------------------------------------------------------------- heads

  /**
   * Whether a `{` here is a record. In a head it is the block, unless it looks like a record: then that
   * is what was meant, and is refused with the better words.
   */
  private recordMayFollow(): boolean {
    if (!this.inHead) return true;
    if (this.nextIs(T.Spread, 2)) return true;
    return this.nextIs(T.Lower, 2) && (this.nextIs(T.Colon, 3) || this.nextIs(T.Comma, 3));
  }

  /** What is wrong with a callee that is no name. */
  private calleeOf(operand: Expression, span: Span): Diagnostic {
    const names: string[] = [];
    let seen = operand;
    for (; seen.kind === 'field'; seen = seen.record) names.unshift(seen.name.text);
    if (seen.kind === 'variable') {
      const { qualifier, name } = seen.path;
      names.unshift(...(qualifier === null ? [name.text] : [qualifier.text, name.text]));
      if (this.aliases.has(names[0]!)) return errors.importHandedOn(span, names);
    }
    return errors.calleeNoName(span, operand.kind === 'field');
  }

  private collectionFollows(name: string): boolean {
    if (this.LA(1).image !== name || !this.nextIs(T.OpenCurly, 2)) return false;
    // `case Map { … } {`: only a second block tells that the first was a literal
    return !this.inHead || this.headGoesOn(this.after(this.peek(2)).index);
  }

  private headGoesOn(place: number): boolean {
    const next = this.tokenAt(place);
    return next.tokenType === T.OpenCurly || T.isA(next, T.Infix);
  }
}

/** Whether an operand, or what its fields are of, could not be read. */
function isMissing(operand: Expression): boolean {
  let seen = operand;
  while (seen.kind === 'field') seen = seen.record;
  return seen.kind === 'missing';
}

/** What follows a name where it starts an expression, and no field. */
const expressionSigns = new Set([T.Dot, T.OpenRound, T.Bind, T.Feed, T.Semicolon, T.LineEnd]);

/** What an expression starts with, and no field. */
const expressionWords = new Set([T.IfWord, T.CaseWord, T.LetWord, T.OpenRound, T.IntLiteral]);

/** What follows the name of a field, also where it is written otherwise. */
const fieldSigns = new Set([T.Colon, T.Comma, T.Assign, T.Bar]);

/** What other languages write between two expressions: it is told of by name. */
const joiningWords = new Set(['and', 'or', 'then', 'of', 'with', 'when', 'where', 'mod', 'div', 'is', 'do']);

/** The function or constructor that an operand without arguments names: `List.length`, `Some`. */
function functionName(operand: Expression): string | null {
  if (operand.kind === 'construct') {
    const { constructor: path, span } = operand;
    return path.qualifier === null && span.end === path.span.end ? path.name.text : null;
  }
  if (operand.kind !== 'variable' || operand.path.qualifier === null) return null;
  const { qualifier, name } = operand.path;
  return /^[A-Z]/.test(qualifier.text) ? `${qualifier.text}.${name.text}` : null;
}
