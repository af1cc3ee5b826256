import type { Span } from '@smc/protocol';
import { foreignCommand, insteadOf } from '../../errors/foreign.ts';
import * as errors from '../../errors/syntax.ts';
import * as T from '../tokens.ts';
import { endOf, isA, type Token } from '../tokens.ts';
import type { ArrowExpression, Block, Command, Expression, Pattern } from '../tree.ts';
import { ArrowGrammar } from './arrows.ts';
import { REFUSED } from './base.ts';
import { elifs } from './expressions.ts';

/**
 * What a command is, as far as the symbols outside of its brackets tell. The last six are mistakes: a value
 * alone, `x = e`, `f -> e`, `elif c { … }`, `for x in xs { … }`, and `s.x = e` or `x += e`.
 */
type Shape = 'bind' | 'feed' | 'alone' | 'value' | 'assign' | 'turned' | 'elif' | 'update';

interface CommandArm {
  readonly pattern: Pattern;
  readonly body: Block;
  readonly span: Span;
}

/** Blocks of commands: the arrow notation. */
export abstract class CommandGrammar extends ArrowGrammar {
  /** `{ … }` */
  protected override readonly block = this.RULE('block', (): Block => {
    const start = this.LA(1);
    const commands = this.bracketed<Command[]>(
      T.OpenCurly,
      () => this.sequence(() => this.SUBRULE(this.command)),
      () => [],
    );
    return this.ACTION(() => {
      const last = commands.at(-1);
      // After it may have been what could not be read.
      if (last?.kind === 'let' || last?.kind === 'bind')
        this.complainOfMissing(
          { ...last.span, end: endOf(this.LA(0)) - 1 },
          errors.blockWithoutEnd(last.span, last.kind),
        );
      return { commands, span: this.since(start) };
    });
  });

  private readonly commandChoices = {
    DEF: [
      { ALT: (): Command | null => this.SUBRULE(this.letCommand) },
      { ALT: (): Command | null => this.SUBRULE(this.ifCommand) },
      { ALT: (): Command | null => this.SUBRULE(this.caseCommand) },
      { ALT: (): Command | null => this.SUBRULE(this.plainCommand) },
      { ALT: (): Command | null => this.refuse('a command') },
    ],
    ERR_MSG: 'a command',
  };

  private readonly command = this.RULE('command', (): Command | null =>
    this.RECORDING_PHASE ? this.OR(this.commandChoices) : (this.foreign() ?? this.OR(this.commandChoices)),
  );

  /** `for x in xs { … }`, `throw e`: refused, and skipped. A name like any other where it is fed or bound. */
  private foreign(): Command | null {
    const start = this.peek(1);
    const instead = start.tokenType === T.Lower ? insteadOf('command', start.image) : null;
    if (instead === null) return null;
    const next = this.peek(2);
    if (next.fresh || !isA(next, T.Starter) || this.shapeOf() === 'feed') return null;
    this.complain(foreignCommand(this.spanOf(start), start.image, instead));
    this.skipItem(start);
    return { kind: 'missing', span: this.since(start) };
  }

  private readonly plainCommand = this.RULE('plainCommand', (): Command => {
    if (this.RECORDING_PHASE) this.recordPlainCommand();
    switch (this.RECORDING_PHASE ? 'alone' : this.shapeOf()) {
      case 'bind':
        return this.SUBRULE(this.bindCommand);
      case 'assign':
        return this.SUBRULE(this.assignCommand);
      case 'value':
        return this.SUBRULE(this.valueCommand);
      case 'elif':
        return this.SUBRULE(this.elifCommand);
      case 'update':
        return this.fieldUpdate();
      case 'feed':
      case 'alone':
      case 'turned':
        return this.SUBRULE(this.feedCommand);
    }
  });

  /** The choice above, for the analysis of the grammar. */
  private recordPlainCommand(): void {
    this.OR([
      { ALT: () => this.SUBRULE2(this.bindCommand) },
      { ALT: () => this.SUBRULE2(this.assignCommand, REFUSED), IGNORE_AMBIGUITIES: true },
      { ALT: () => this.SUBRULE2(this.valueCommand, REFUSED), IGNORE_AMBIGUITIES: true },
      { ALT: () => this.SUBRULE2(this.feedCommand), IGNORE_AMBIGUITIES: true },
    ]);
  }

  /** Looks over the rest of the statement, and over each bracket in one step. */
  private shapeOf(): Shape {
    const first = this.peek(1);
    let operator = false;
    for (let token = first; !isA(token, T.Separator) && !isCloser(token); token = this.after(token)) {
      const kind = token.tokenType;
      if (kind === T.Comma) break;
      if (kind === T.Bind) return 'bind';
      if (kind === T.Feed) return 'feed';
      if (kind === T.Assign || kind === T.ForeignAssign) {
        const isCompound = isA(this.tokenAt(token.index - 1), T.Infix);
        return isCompound || this.isField(first, token) ? 'update' : 'assign';
      }
      if (kind === T.To) return 'turned';
      if (kind === T.Greater && this.isComposition(token)) token = this.after(this.after(token));
      else if (kind === T.ProcWord && this.nextAfterIsMinus(token)) token = this.after(token);
      else if (isA(token, T.Infix)) operator = true;
    }
    if (elifs.has(first.image) && this.tokenAt(first.index + 1).tokenType !== T.Dot) return 'elif';
    return operator || this.isValueStart(first) ? 'value' : 'alone';
  }

  /** Whether `s.x`, `s.x.y`, … stands before a token. */
  private isField(first: Token, end: Token): boolean {
    const count = end.index - first.index;
    if (count < 3 || count % 2 === 0) return false;
    for (let i = 0; i < count; i++) {
      if (this.tokenAt(first.index + i).tokenType !== (i % 2 === 0 ? T.Lower : T.Dot)) return false;
    }
    return true;
  }

  /** `s.x = …`, `s.x += …`, `n += …`: refused, and skipped. */
  private fieldUpdate(): Command {
    const start = this.peek(1);
    const path = [start.image];
    for (let i = start.index + 2; this.tokenAt(i - 1).tokenType === T.Dot; i += 2)
      path.push(this.tokenAt(i).image);
    const end = endOf(this.tokenAt(start.index + 2 * path.length - 2));
    this.complain(errors.assignedField({ ...this.spanOf(start), end }, path));
    this.skipTo(this.itemEnd(start));
    return { kind: 'missing', span: this.since(start) };
  }

  /** Whether the pattern of a `proc` is a negative number, whose sign is no operator. */
  private nextAfterIsMinus(token: Token): boolean {
    return this.after(token).tokenType === T.Minus;
  }

  private isComposition(token: Token): boolean {
    const [second, third] = [this.after(token), this.after(this.after(token))];
    return second.tokenType === T.Greater && third.tokenType === T.Greater;
  }

  /** Whether only a value starts so, and no arrow. */
  private isValueStart(token: Token): boolean {
    if (token.tokenType === T.Upper) return this.after(token).tokenType !== T.Dot;
    if (isA(token, T.Literal) || isA(token, T.Prefix)) return true;
    if (token.tokenType === T.OpenSquare || token.tokenType === T.OpenCurly) return true;
    if (token.tokenType !== T.OpenRound) return false;
    let inside = this.tokenAt(token.index + 1);
    if (inside.index === token.partner) return true;
    if (this.after(inside).index === token.partner && this.isValueStart(inside)) return true;
    for (; inside.index < token.partner; inside = this.after(inside))
      if (inside.tokenType === T.Comma) return true;
    return false;
  }

  // ------------------------------------------------------------------ simple commands

  /** `arrow -< e`, `arrow` */
  private readonly feedCommand = this.RULE('feedCommand', (): Command => {
    const start = this.peek(1);
    const arrow = this.SUBRULE(this.arrowExpression);
    const argument = this.OPTION(() => {
      this.CONSUME(T.Feed);
      return this.last(this.expression, start, () => this.hole());
    });
    const turned = this.OPTION2(() => {
      const token = this.CONSUME(T.To, REFUSED);
      this.complain(errors.turnedFeed(this.spanOf(token)));
      return this.SUBRULE2(this.expression);
    });
    const unfed = this.OPTION3({
      GATE: () => argument === undefined && turned === undefined && !this.atStatementEnd(),
      DEF: () => {
        const at = this.LA(1);
        if (this.RECORDING_PHASE) return this.SUBRULE3(this.expression, REFUSED);
        this.refuseUnfed(arrow, at as Token);
        if (!this.callFollows()) return this.SUBRULE3(this.expression);
        // Arguments may be functions, which are no expressions. What they are fed to is said elsewhere.
        this.SUBRULE3(this.callArguments);
        return this.hole();
      },
    });
    return this.ACTION(() => {
      return { kind: 'feed', arrow, argument: argument ?? turned ?? unfed ?? null, span: this.since(start) };
    });
  });

  private refuseUnfed(arrow: ArrowExpression, at: Token): void {
    const path = arrow.kind === 'name' ? arrow.path : null;
    const name =
      path &&
      [path.qualifier, path.name]
        .map((part) => part?.text ?? [])
        .flat()
        .join('.');
    this.complain(errors.missingFeed(this.spanOf(at), name, at.tokenType === T.OpenRound, arrow.span));
  }

  /** `pattern <- command` */
  private readonly bindCommand = this.RULE('bindCommand', (): Command => {
    const start = this.peek(1);
    const pattern = this.SUBRULE(this.pattern);
    const token = this.CONSUME(T.Bind);
    const command = this.last(this.boundCommand, start, () => this.hole());
    return this.ACTION(() => {
      if (command.kind === 'bind') this.complain(errors.chainedBind(command.span, this.spanOf(token)));
      return { kind: 'bind', pattern, command, span: this.since(start) };
    });
  });

  private readonly boundCommand = this.RULE('boundCommand', (): Command =>
    this.OR({
      DEF: [
        { ALT: () => this.SUBRULE(this.ifCommand) },
        { ALT: () => this.SUBRULE(this.caseCommand) },
        { ALT: () => this.SUBRULE(this.plainCommand) },
      ],
      ERR_MSG: 'a command',
    }),
  );

  /** `x = e`: refused, and taken for a `let`. */
  private readonly assignCommand = this.RULE('assignCommand', (): Command => {
    const start = this.LA(1);
    const pattern = this.SUBRULE(this.pattern);
    const token = this.OR([
      { ALT: () => this.CONSUME(T.Assign) },
      { ALT: () => this.CONSUME(T.ForeignAssign) },
    ]);
    const first = this.LA(1);
    const takesNothing = first.image === 'get' || first.image === 'now';
    const isAlone = takesNothing && this.isStatementEnd(this.peek(2));
    const fed = !this.RECORDING_PHASE && (isAlone || this.shapeOf() === 'feed');
    const name = pattern.kind === 'bind' ? pattern.name.text : 'x';
    const command = takesNothing ? first.image : `${first.image} -< …`;
    // The lexer has refused a `:=`.
    if (token.tokenType === T.Assign)
      this.complain(errors.equalsForBind(this.spanOf(token), name, fed ? command : null));
    return this.OR1({
      ERR_MSG: 'an expression',
      DEF: [
        {
          GATE: () => fed,
          ALT: () => {
            const command = this.SUBRULE(this.feedCommand);
            return this.ACTION((): Command => ({ kind: 'bind', pattern, command, span: this.since(start) }));
          },
        },
        {
          ALT: () => {
            const value = this.SUBRULE(this.expression);
            return this.ACTION((): Command => ({
              kind: 'let',
              pattern,
              type: null,
              value,
              span: this.since(start),
            }));
          },
        },
      ],
    });
  });

  /** A value alone: refused, and taken for `return -< value`. */
  private readonly valueCommand = this.RULE('valueCommand', (): Command => {
    const start = this.LA(1);
    const value = this.SUBRULE(this.expression);
    return this.ACTION(() => {
      const span = this.since(start);
      const constructed = value.kind === 'construct' ? value.constructor.name.text : null;
      this.complain(errors.valueAsCommand(span, T.describe(start), constructed));
      // What is said of it here is said for an operation too, which as a constructor is not known.
      const argument = constructed === null ? value : this.hole();
      const name = { text: 'return', span: { ...span, end: span.start } };
      const path = { qualifier: null, name, span: name.span };
      return { kind: 'feed', arrow: { kind: 'name', path, span: name.span }, argument, span };
    });
  });

  /** `let p = e`, `let p: T = e` */
  private readonly letCommand = this.RULE('letCommand', (): Command => {
    const start = this.CONSUME(T.LetWord) as Token;
    const pattern = this.SUBRULE(this.pattern);
    const type = this.OPTION(() => {
      this.CONSUME(T.Colon);
      return this.SUBRULE(this.type);
    });
    const sign = this.OR({
      DEF: [
        { ALT: () => this.CONSUME(T.Assign) },
        { ALT: () => this.CONSUME(T.Bind, REFUSED) },
        { ALT: () => this.CONSUME(T.ForeignAssign, REFUSED) },
      ],
      ERR_MSG: '`=`',
    });
    const value = this.last<Expression>(this.expression, start, () => this.hole());
    return this.ACTION(() => {
      const isFed = this.nextIs(T.Feed);
      if (sign.tokenType === T.Bind || isFed) {
        this.complain(errors.letWithArrow(this.spanOf(sign.tokenType === T.Bind ? sign : this.LA(1))));
        this.skipTo(this.itemEnd(start));
        // It names no value: nothing more is said about it.
        return { kind: 'missing', span: this.since(start) };
      }
      return { kind: 'let', pattern, type: type ?? null, value, span: this.since(start) };
    });
  });

  // ------------------------------------------------------------------------- choices

  /** `if e { … }`, `… else { … }`, `… else if e { … }` */
  private readonly ifCommand = this.RULE('ifCommand', (): Command => {
    const { branches, last } = this.branches(this.block);
    return this.ACTION(() => {
      const { end } = this.since(branches[0].start);
      let result: Command | null = null;
      for (const branch of branches.toReversed()) {
        const otherwise: Block | null = result === null ? last : { commands: [result], span: result.span };
        const span = { file: this.file, start: branch.start.startOffset, end };
        result = { kind: 'if', condition: branch.condition, then: branch.then, else: otherwise, span };
      }
      return result!;
    });
  });

  /** `elif e { … }` at the start of a line: refused, and taken for an `if`. */
  private readonly elifCommand = this.RULE('elifCommand', (): Command => {
    const start = this.CONSUME(T.Lower);
    this.complain(errors.elif(this.spanOf(start), start.image));
    const condition = this.SUBRULE(this.head);
    const then = this.SUBRULE(this.block);
    return this.ACTION(() => ({ kind: 'if', condition, then, else: null, span: this.since(start) }));
  });

  /** `case e { Pat -> command … }` */
  private readonly caseCommand = this.RULE('caseCommand', (): Command => {
    const start = this.CONSUME(T.CaseWord);
    const subject = this.SUBRULE(this.head);
    if (!this.RECORDING_PHASE && this.LA(1).image === 'of') return this.refuseOf(start as Token);
    const arms = this.armsOf(() => this.SUBRULE(this.commandArm));
    return this.ACTION(() => ({ kind: 'case', subject, arms, span: this.since(start) }));
  });

  private readonly commandArm = this.RULE('commandArm', (): CommandArm | null => {
    const start = this.peek(1);
    return this.OR([
      {
        ALT: () => {
          const pattern = this.SUBRULE(this.pattern);
          this.SUBRULE(this.armSign);
          const body = this.last<Block>(this.armBody, start, () => ({
            commands: [],
            span: this.hole().span,
          }));
          return this.ACTION(() => ({ pattern, body, span: this.since(start) }));
        },
      },
      { ALT: () => this.refuse('an arm, `Pattern -> …`') },
    ]);
  });

  /** A block, or one command. */
  private readonly armBody = this.RULE('armBody', (): Block => {
    return this.OR({
      DEF: [
        { ALT: () => this.SUBRULE(this.block) },
        {
          ALT: () => {
            const command = this.SUBRULE(this.command);
            return this.ACTION((): Block => {
              const span = command?.span ?? this.hole().span;
              if (command?.kind === 'let' || command?.kind === 'bind')
                this.complain(errors.blockWithoutEnd(span, command.kind));
              return { commands: command === null ? [] : [command], span };
            });
          },
        },
      ],
      ERR_MSG: 'a command',
    });
  });
}

function isCloser(token: Token): boolean {
  return (
    token.tokenType === T.CloseCurly ||
    token.tokenType === T.CloseRound ||
    token.tokenType === T.CloseSquare ||
    token.image === ''
  );
}
