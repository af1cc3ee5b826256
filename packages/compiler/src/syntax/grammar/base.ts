import {
  EmbeddedActionsParser,
  EOF,
  type IParserErrorMessageProvider,
  type IToken,
  type ParserMethod,
  type TokenType,
} from 'chevrotain';
import { suggest, type Diagnostic, type Span } from '@smc/protocol';
import { comprehension } from '../../errors/foreign.ts';
import * as errors from '../../errors/syntax.ts';
import type { Report } from '../report.ts';
import * as T from '../tokens.ts';
import { endOf, isA, type Token } from '../tokens.ts';
import type { Expression, Name, Path } from '../tree.ts';
import { FirstSets } from './lookahead.ts';

/** A rule of the grammar, and what it gives. */
export type Rule<R> = ParserMethod<[], R>;

/*
 * Labels for the page of the grammar (`reference.ts`), which is made from what the analysis of the
 * grammar records. What starts with a label is meant by it.
 */
/** Taken only to be refused in better words: no part of the language. */
export const REFUSED = { LABEL: 'refused' } as const;
/** May be left out only to be asked for in better words. */
export const REQUIRED = { LABEL: 'required' } as const;
/** Recorded as always there, for a condition decides instead of the analysis. */
export const OPTIONAL = { LABEL: 'optional' } as const;
/** A name that is a certain word here, and a name elsewhere. */
export const wordOf = (text: string): { readonly LABEL: string } => ({ LABEL: `"${text}"` });

/** What is to be reported of a failed expectation goes through the message of chevrotain's exception. */
const messageProvider: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected }) => expected.LABEL ?? expected.name,
  buildNoViableAltMessage: ({ customUserDescription }) => customUserDescription ?? 'something else',
  buildEarlyExitMessage: ({ customUserDescription }) => customUserDescription ?? 'something else',
  buildNotAllInputParsedMessage: () => 'the end of the file',
};

/** What one parse reads and writes. */
export interface Source {
  readonly file: string;
  readonly tokens: Token[];
  readonly report: Report;
  /** What stands in parentheses that the tree does not keep, with their place: the outermost ones. */
  readonly groups: Map<object, Span>;
}

/**
 * What the chapters of the grammar share. The grammar is one chevrotain parser in a chain of classes,
 * each a chapter that builds on those before: types, patterns, operands, expressions, commands,
 * declarations, upgrades, module.
 *
 * It is LL(1); where one token is not enough, a gate looks further, over brackets in one step, for the
 * layout has paired them. Repetitions and the choices on the way into a bracket are plain loops and
 * conditions, which only the analysis of the grammar sees as chevrotain's: its own take five calls
 * each, and the depth of the stack bounds how deep brackets can be nested (see `brackets.ts`).
 *
 * Chevrotain's own error recovery is off: it resynchronises by token alone, which leads out of and into
 * brackets. `guarded` and its kind recover by the structure that the layout guarantees: an item ends at
 * the next separator outside of brackets, and a bracket at its partner.
 *
 * Invariants: `report` says everything that is wrong; a rule either returns a node or throws to the
 * next of these; `inHead` is true in the head of an `if` or `case`, where `{` ends an expression.
 */
export abstract class BaseGrammar extends EmbeddedActionsParser {
  protected abstract readonly expression: Rule<Expression>;
  private source: Source | null = null;
  protected inHead = false;
  /** Reserved words that were refused as names: uses of them follow from that, and need no word. */
  private readonly refusedNames = new Set<string>();
  /** The names of the imports so far. */
  protected readonly aliases = new Set<string>();
  /** Items of `parts` of which nothing could be read. */
  protected readonly unread: Span[] = [];

  constructor() {
    super([...T.parsed], {
      recoveryEnabled: false,
      lookaheadStrategy: new FirstSets(),
      errorMessageProvider: messageProvider,
      skipValidations: true,
    });
  }

  /** Parses a source by a rule. */
  protected read<R>(source: Source, rule: () => R): R {
    this.source = source;
    this.inHead = false;
    this.refusedNames.clear();
    this.aliases.clear();
    this.unread.length = 0;
    this.input = source.tokens;
    try {
      return rule();
    } finally {
      // the parser stays, and the tokens of a long text are many
      this.source = null;
      this.input = [];
    }
  }

  // ------------------------------------------------------------------------- tokens

  /** The token that many ahead; 0 is the last one that was consumed. */
  protected peek(ahead: number): Token {
    return this.LA(ahead) as Token;
  }

  protected nextIs(kind: TokenType, ahead = 1): boolean {
    return this.LA(ahead).tokenType === kind;
  }

  /**
   * Whether a part that starts with this kind of token can be there: for parts that seldom are, since to
   * find that out by chevrotain's `OPTION` or `MANY` takes some calls, and makes functions.
   */
  protected mayFollow(kind: TokenType): boolean {
    return this.RECORDING_PHASE || isA(this.LA(1), kind);
  }

  /** The token after a bracket (and what it encloses), or after any other token. */
  protected after(token: Token): Token {
    const tokens = this.source!.tokens;
    return tokens[Math.max(token.partner, token.index) + 1] ?? tokens.at(-1)!;
  }

  protected tokenAt(place: number): Token {
    return this.source!.tokens[place]!;
  }

  /** Whether there is a `(` that can be that of a call: on the line of its callee. */
  protected callFollows(ahead = 1): boolean {
    return this.nextIs(T.OpenRound, ahead) && !this.peek(ahead).fresh;
  }

  /** Whether a bracket, or the file, ends here. */
  private atCloser(): boolean {
    return closers.has(this.LA(1).tokenType);
  }

  /** Whether nothing of the statement is left. */
  protected atStatementEnd(): boolean {
    return this.isStatementEnd(this.LA(1));
  }

  protected isStatementEnd(token: IToken): boolean {
    return closers.has(token.tokenType) || isA(token, T.Separator);
  }

  /**
   * Whether the line ends here, without the sign that should be there, and what belongs behind that starts the
   * next line: an item of its own would have a sign that no expression has.
   */
  protected goesOnBelow(): boolean {
    if (this.RECORDING_PHASE || !this.nextIs(T.LineEnd)) return false;
    let token = this.peek(2);
    if (!isA(token, T.Starter) || token.tokenType === T.OpenCurly) return false;
    for (; !this.isStatementEnd(token); token = this.after(token))
      if (itemSigns.has(token.tokenType)) return false;
    return true;
  }

  /** Refuses that a sign is missing at the end of the line, and goes on in the next one. */
  protected goOnBelow(missing: (at: Span) => Diagnostic): void {
    this.complain(missing(this.spanAfter(this.LA(0))));
    this.SKIP_TOKEN();
  }

  // -------------------------------------------------------------------------- nodes

  /** From a token to the last one that was consumed. */
  protected since(start: IToken): Span {
    const end = endOf(this.LA(0));
    return { file: this.file, start: start.startOffset, end: Math.max(end, start.startOffset) };
  }

  protected spanOf(token: IToken): Span {
    return { file: this.file, start: token.startOffset, end: endOf(token) };
  }

  protected nameOf(token: IToken): Name {
    return { text: token.image, span: this.spanOf(token) };
  }

  protected pathOf(qualifier: IToken | null, token: IToken): Path {
    const name = this.nameOf(token);
    if (qualifier === null) return { qualifier: null, name, span: name.span };
    const span = { file: this.file, start: qualifier.startOffset, end: name.span.end };
    return { qualifier: this.nameOf(qualifier), name, span };
  }

  /** What stands in parentheses alone. */
  protected grouped<N extends object>(node: N, span: Span): N {
    this.source!.groups.set(node, span);
    return node;
  }

  /** A hole between the last token and the next. */
  protected hole(): { readonly kind: 'missing'; readonly span: Span } {
    const at = endOf(this.LA(0));
    return { kind: 'missing', span: { file: this.file, start: at, end: at } };
  }

  protected get file(): string {
    return this.source?.file ?? '';
  }

  // ------------------------------------------------------------------------- errors

  /** Refuses a reserved word where a name is declared. */
  protected refuseName(token: IToken): void {
    if (!this.wasRefused(token)) this.complain(errors.reservedName(this.spanOf(token), token.image));
    this.refusedNames.add(token.image);
  }

  protected wasRefused(token: IToken): boolean {
    return isA(token, T.Reserved) && this.refusedNames.has(token.image);
  }

  /** Skips an item that was refused as a whole: what is wrong inside follows from that. */
  protected skipItem(start: Token): void {
    this.skipTo(this.itemEnd(start));
    this.source!.report.forget(start.startOffset, endOf(this.LA(0)));
  }

  /** Whether something in a part of the text, or right after it, has been refused. */
  protected isRefused({ start, end }: Span): boolean {
    return this.source?.report.hasWithin(start, end) ?? false;
  }

  /** Says that something is missing behind a part of the text, unless something is there that could not be read. */
  protected complainOfMissing(behind: Span, diagnostic: Diagnostic): void {
    if (!this.isRefused(behind)) this.complain(diagnostic);
  }

  protected complain(diagnostic: Diagnostic): void {
    if (!this.RECORDING_PHASE) this.source!.report.add(diagnostic);
  }

  /**
   * Runs a part of a rule. Where it fails, says so, goes on at `end()` and gives the hole; `end` is
   * only called then, and gives the place of a token.
   */
  protected guarded<R>(part: () => R, hole: () => R, end: () => number): R {
    if (this.RECORDING_PHASE) return part();
    const { inHead } = this;
    try {
      return part();
    } catch (failure) {
      this.inHead = inHead;
      this.recover(failure, end);
      return hole();
    }
  }

  private recover(failure: unknown, end: () => number): void {
    if (!isFailure(failure)) throw failure;
    this.explain(failure.token as Token, failure.message, failure.context.ruleStack.at(-1) ?? '');
    this.skipTo(this.source!.report.full ? this.source!.tokens.length - 1 : end());
  }

  /** Says that something else is there than was expected, in the rule of that name. */
  protected explain(found: Token, expected: string, rule: string): void {
    const next = found.tokenType === T.LineEnd ? this.tokenAt(found.index + 1) : found;
    if (next !== found && lineStarters.has(next.tokenType)) {
      return this.complain(errors.lineStart(this.spanOf(next), T.describe(next)));
    }
    if (this.wasRefused(found)) return;
    const previous = found.index > 0 ? this.tokenAt(found.index - 1) : null;
    const words = {
      expected,
      found: T.describe(found),
      previous: previous === null ? '' : T.describe(previous),
    };
    const atEnd = found.tokenType === T.LineEnd || found.tokenType === EOF;
    // at the end of a line, the mark stands behind what was written last
    const span = atEnd && previous !== null ? this.spanAfter(previous) : this.spanOf(found);
    this.complain(errors.unexpected(span, { ...words, rule, reserved: isA(found, T.Reserved), near: null }));
  }

  private spanAfter(token: IToken): Span {
    return { file: this.file, start: endOf(token), end: endOf(token) };
  }

  /** Goes on at the token at a place that is not behind, and gives it. */
  protected skipTo(place: number): Token {
    while (this.peek(1).index < place) this.SKIP_TOKEN();
    return this.peek(1);
  }

  /** Where the item ends that starts at `start`, or, if the parser is beyond that, the one it is in. */
  protected itemEnd(start: Token): number {
    const tokens = this.source!.tokens;
    const here = this.peek(1).index;
    let i = start.index;
    for (; i < tokens.length - 1; i++) {
      const token = tokens[i]!;
      if (closers.has(token.tokenType)) break;
      if (isA(token, T.Separator) && i >= here) break;
      if (token.partner > i) i = token.partner;
    }
    return Math.max(i, here);
  }

  /**
   * The last part of the item that starts at `start`: what is before it stays, even if this part is
   * wrong. Once in a rule.
   */
  protected last<R>(rule: Rule<R>, start: Token, hole: () => R): R {
    if (this.RECORDING_PHASE) return this.SUBRULE9(rule);
    const { inHead } = this;
    try {
      const result = this.SUBRULE9(rule);
      // What is left over belongs to it in some way: of what is there of it nothing follows.
      return this.atStatementEnd() || this.inHead ? result : hole();
    } catch (failure) {
      this.inHead = inHead;
      this.recover(failure, () => this.itemEnd(start));
      return hole();
    }
  }

  // --------------------------------------------------------------------- repetitions

  /**
   * Items each of which stands alone, ended by line ends or `;`: commands, members, arms, … They reach
   * to the end of what is around them. What `isStray` refuses between them is left out. To be called once in
   * a rule.
   */
  protected sequence<R>(
    item: () => R | null,
    isStray: (token: Token) => boolean = never,
    skipped: (start: Token) => void = () => {},
  ): R[] {
    const items: R[] = [];
    if (this.RECORDING_PHASE)
      this.MANY(() => this.OR([{ ALT: () => this.CONSUME(T.Separator) }, { ALT: item }]));
    while (!this.atCloser()) {
      const start = this.peek(1);
      if (isA(start, T.Separator) || isStray(start)) {
        this.SKIP_TOKEN();
        continue;
      }
      const found = this.guarded<R | null>(item, nothing, () => this.itemEnd(start));
      if (found !== null) items.push(found);
      if (!isStray(this.peek(1))) this.endItem(start);
      if (found === null) skipped(start);
    }
    return items;
  }

  /** The declarations of a file or the members of a machine: as `sequence`, and keeps in mind what could not be read. */
  protected parts<R>(item: () => R | null): R[] {
    return this.sequence(item, never, (start) => {
      // What can not start a line was meant to go on with the part before.
      const goesOn = lineStarters.has(start.tokenType) || start.tokenType === T.Minus;
      if (!goesOn && !this.source!.report.full) this.unread.push(this.since(start));
    });
  }

  /** Says what is left of an item, and skips it. */
  private endItem(start: Token): void {
    if (this.atStatementEnd()) return;
    const found = this.peek(1);
    this.complain(errors.leftOver(this.spanOf(found), T.describe(found), T.describe(this.peek(0))));
    this.skipTo(this.itemEnd(start));
  }

  /**
   * Any token, where an item can not start with it: says what is due there, and skips the item. `words`
   * are those that an item starts with.
   */
  protected refuse(expected: string, words: readonly string[] = []): null {
    const token = this.CONSUME(T.Any) as Token;
    this.ACTION(() => {
      // The line before has been read without it: of what is wrong there nothing follows.
      if (token.fresh && lineStarters.has(token.tokenType)) {
        this.complain(errors.lineStart(this.spanOf(token), T.describe(token)));
        return this.skipItem(token);
      }
      const isName = token.tokenType === T.Lower || token.tokenType === T.Upper;
      const near = isName ? suggest(token.image, words) : null;
      const facts = { expected, found: T.describe(token), previous: '', rule: '', reserved: false, near };
      this.complain(errors.unexpected(this.spanOf(token), facts));
      this.skipItem(token);
    });
    return null;
  }

  /**
   * Items with commas between them, and perhaps one after the last, up to a closing bracket or `end`. To
   * be called once in a rule.
   */
  protected commaSeparated<R>(item: () => R, end: TokenType | null = null): R[] {
    const items: R[] = [];
    if (this.RECORDING_PHASE) {
      this.MANY(() => {
        item();
        this.OPTION(() => this.CONSUME(T.Comma));
      });
    }
    while (!this.atCloser() && !(end !== null && this.nextIs(end))) {
      if (items.length > 0 && !this.nextIs(T.Comma, 0)) {
        const [next, last] = [this.LA(1), this.LA(0)];
        if (next.image === 'for') {
          this.complain(comprehension(this.spanOf(next)));
          while (!this.atCloser()) this.skipTo(this.after(this.peek(1)).index);
          break;
        }
        this.complain(errors.missingComma(this.spanOf(next), T.describe(next), T.describe(last)));
      }
      items.push(item());
      if (this.nextIs(T.Comma)) this.SKIP_TOKEN();
      else if (this.endsEarly()) break;
    }
    return items;
  }

  /** Whether what follows an item is not the start of another one, with its comma forgotten. */
  private endsEarly(): boolean {
    return !isA(this.LA(1), T.Starter);
  }

  /** A bracket, what it encloses, and its end; where the inside is wrong, what `hole` gives. Once in a rule. */
  protected bracketed<R>(opener: TokenType, inside: () => R, hole: () => R): R {
    const open = this.CONSUME(opener) as Token;
    const closer = T.closerOf.get(opener)!;
    const expected = { ERR_MSG: `\`,\` or ${closer.LABEL}` };
    if (this.RECORDING_PHASE) {
      inside();
      this.CONSUME(closer);
      return hole();
    }
    const { inHead } = this;
    this.inHead = false;
    try {
      const result = inside();
      this.CONSUME(closer, expected);
      return result;
    } catch (failure) {
      // That it is not closed has been told, and what is wrong in it may follow from that.
      if (isFailure(failure) && this.tokenAt(open.partner).image === '') this.skipTo(open.partner + 1);
      else this.recover(failure, () => open.partner + 1);
      return hole();
    } finally {
      this.inHead = inHead;
    }
  }
}

/** What chevrotain throws where the input does not fit. */
interface Failure extends Error {
  readonly token: IToken;
  readonly context: { readonly ruleStack: readonly string[] };
}

function isFailure(thrown: unknown): thrown is Failure {
  return thrown instanceof Error && 'token' in thrown && 'context' in thrown;
}

/** What can not start a line, and was most likely meant to go on with the one before. */
const lineStarters = new Set<TokenType>([
  ...[T.To, T.Feed, T.Bind, T.Gives, T.Colon, T.AsWord, T.OpenCurly, T.OpenRound],
]);

/** What stands in arms, lines of tests and commands, and in no expression outside of brackets. */
const itemSigns = new Set<TokenType>([T.To, T.Gives, T.Feed, T.Bind]);

const nothing = (): null => null;
const never = (): boolean => false;

const closers = new Set<TokenType>([T.CloseCurly, T.CloseRound, T.CloseSquare, EOF]);
