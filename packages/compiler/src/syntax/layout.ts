import { EOF, type TokenType } from 'chevrotain';
import type { Span } from '@smc/protocol';
import { colonBeforeBlock, startsBlock } from '../errors/foreign.ts';
import * as errors from '../errors/syntax.ts';
import { continuesLine, pairBrackets, type Bracket, type Brackets } from './brackets.ts';
import { openBlocks } from './heads.ts';
import type { Report } from './report.ts';
import * as T from './tokens.ts';
import { endOf, virtualToken, type Token } from './tokens.ts';

/**
 * The list of tokens that the grammar reads. Where a line end ends a statement there is a `LineEnd`;
 * brackets that were forgotten are put in, and those that close nothing are left out; the last token is
 * `EOF`. Invariants: brackets are balanced, `partner` links them, `index` is a token's place.
 */
export function layOut(written: readonly Token[], text: string, file: string, report: Report): Token[] {
  const { tokens, braces } = openBlocks(written, text, file, report);
  const brackets = pairBrackets(tokens);
  if (brackets.tooDeep !== null) {
    const token = tokens[brackets.tooDeep]!;
    const refused = brackets.isChain ? errors.chainTooLong : errors.nestedTooDeeply;
    report.add(refused({ file, start: token.startOffset, end: endOf(token) }));
    return new Layout([], { ...brackets, byOpen: new Map() }, braces, text, file, report).run();
  }
  return new Layout(tokens, brackets, braces, text, file, report).run();
}

/** The words that a block belongs to. */
const blockOwners = new Set([
  ...[T.MachineWord, T.OnWord, T.UpgradeWord, T.TestWord, T.IfWord, T.ElseWord, T.CaseWord, T.ProcWord],
]);

const blockStarts = new Set([T.OpenCurly, T.Semicolon]);

/** A bracket that is open in the output. */
interface Open {
  readonly token: Token;
  readonly bracket: Bracket;
}

class Layout {
  private readonly tokens: readonly Token[];
  private readonly brackets: Brackets;
  /** The `{` that were forgotten, which is told. */
  private readonly braces: ReadonlySet<Token>;
  private readonly text: string;
  private readonly file: string;
  private readonly report: Report;
  private readonly output: Token[] = [];
  private readonly stack: Open[] = [];

  constructor(
    tokens: readonly Token[],
    brackets: Brackets,
    braces: ReadonlySet<Token>,
    text: string,
    file: string,
    report: Report,
  ) {
    this.tokens = tokens;
    this.brackets = brackets;
    this.braces = braces;
    this.text = text;
    this.file = file;
    this.report = report;
  }

  run(): Token[] {
    for (let i = 0; i < this.tokens.length; i++) this.step(i, this.tokens[i]!);
    this.closeUnclosed(this.tokens.length);
    this.emit(virtualToken(EOF, this.text.length));
    return this.output;
  }

  private step(i: number, token: Token): void {
    const before = this.output.at(-1);
    if (this.brackets.stray.has(i)) {
      // One that was put in has been told.
      if (token.image !== '') this.report.add(errors.strayCloser(this.spanOf(token), token.image));
      return;
    }
    if (token.fresh && before !== undefined) this.closeAtLineEnd(i, token, before);
    this.closeUnclosed(i);
    const last = this.output.at(-1);
    if (token.fresh && last !== undefined && this.endsStatement(i, token, last)) {
      this.emit(virtualToken(T.LineEnd, endOf(last)));
    }
    const bracket = this.brackets.byOpen.get(i);
    const open = this.stack.at(-1);
    if (bracket !== undefined) this.stack.push({ token: this.emit(token), bracket });
    else if (open !== undefined && open.bracket.closed && open.bracket.end === i) this.close(token);
    else this.emit(token);
  }

  private endsStatement(i: number, token: Token, last: Token): boolean {
    if (this.stack.at(-1)?.bracket.block === false) return false;
    if (T.isA(last, T.Separator) || token.tokenType === T.Semicolon) return false;
    if (last.tokenType === T.OpenCurly) return false;
    if (this.brackets.starts.has(i)) return true;
    if (this.opensLate(i, token)) {
      this.report.add(errors.lineStart(this.spanOf(token), T.describe(token)));
      return false;
    }
    if (last.tokenType === T.Colon) {
      this.refuseColon(last);
      return false;
    }
    return !continuesLine(token, last);
  }

  /** A `:` at the end of a line: of a block, as other languages start it, or of a type that does not follow. */
  private refuseColon(colon: Token): void {
    let first = this.output.length - 1;
    while (first > 0 && !this.output[first]!.fresh && !blockStarts.has(this.output[first - 1]!.tokenType))
      first--;
    const word = this.output[first]!.tokenType.PATTERN;
    const isBlock = typeof word === 'string' && startsBlock(word);
    const span = this.spanOf(colon);
    this.report.add(isBlock ? colonBeforeBlock(span, word) : errors.lineEndAfter(span, '`:`'));
  }

  /** Whether this is the `{` of what the line before starts. */
  private opensLate(i: number, token: Token): boolean {
    const bracket = token.tokenType === T.OpenCurly ? this.brackets.byOpen.get(i) : undefined;
    const owner = bracket?.block === true ? this.tokens[bracket.owner] : undefined;
    return owner !== undefined && blockOwners.has(owner.tokenType);
  }

  /** Forgotten round and square brackets end with their line, unless it is to be continued. */
  private closeAtLineEnd(i: number, token: Token, before: Token): void {
    const open = this.stack.at(-1);
    if (open === undefined || open.bracket.closed || open.bracket.block || open.bracket.end === i) return;
    if (before.tokenType === T.Comma || T.closerOf.has(before.tokenType) || continuesLine(token, before))
      return;
    this.closeForgotten();
    this.closeAtLineEnd(i, token, before);
  }

  /** Closes what has to be closed before a token at the latest. */
  private closeUnclosed(i: number): void {
    const blocks: Open[] = [];
    for (let open = this.stack.at(-1); open !== undefined; open = this.stack.at(-1)) {
      if (open.bracket.closed || open.bracket.end !== i) break;
      if (open.bracket.block) {
        if (!this.braces.has(open.token) && !this.endsInString(open, i)) blocks.push(open);
        this.close(virtualToken(T.CloseCurly, endOf(this.output.at(-1)!)));
      } else this.closeForgotten();
    }
    const first = blocks[0];
    // the message is costly to make, and a text can lack any number of brackets
    if (first === undefined || this.report.full) return;
    const at = this.tokens[i];
    const span =
      at === undefined
        ? { file: this.file, start: this.text.length, end: this.text.length }
        : this.spanOf(at);
    const what = blocks.map((open) => ({ what: this.nameOf(open), span: this.spanOf(open.token) }));
    this.report.add(errors.unclosedBlock(span, at === undefined ? null : T.describe(at), what, this.text));
  }

  /** Whether the `}` of a block is, as far as can be told, in a string that is not closed, which is told. */
  private endsInString({ bracket }: Open, end: number): boolean {
    for (let i = bracket.open; i < end; i++) if (isUnclosedWith(this.tokens[i]!, T.CloseCurly)) return true;
    return false;
  }

  /** Puts in the bracket that closes the innermost one, and says that it was missing. */
  private closeForgotten(): void {
    const open = this.stack.at(-1)!;
    const closer = T.closerOf.get(open.token.tokenType)!;
    const end = endOf(this.output.at(-1)!);
    const span = { file: this.file, start: end, end };
    const before = this.output.at(-1)!;
    if (!isUnclosedWith(before, closer))
      this.report.add(
        errors.unclosedBracket(span, this.nameOf(open), closer.LABEL!, this.spanOf(open.token)),
      );
    this.close(virtualToken(closer, end));
  }

  private close(closer: Token): void {
    const open = this.stack.pop()!;
    this.emit(closer);
    closer.partner = open.token.index;
    open.token.partner = closer.index;
  }

  private emit(token: Token): Token {
    token.index = this.output.length;
    this.output.push(token);
    return token;
  }

  private spanOf(token: Token): Span {
    return { file: this.file, start: token.startOffset, end: endOf(token) };
  }

  /** What a message calls the bracket: `the block of machine M`. */
  private nameOf({ token, bracket }: Open): string {
    if (token.tokenType === T.OpenRound) return 'this `(`';
    if (token.tokenType === T.OpenSquare) return 'this `[`';
    const before = this.tokens[bracket.open - 1];
    const collection = before?.image === 'Map' || before?.image === 'Set';
    if (!bracket.block) return collection ? `this ${before.image}` : 'this record';
    const owner = this.tokens[bracket.owner];
    const name = this.tokens[bracket.owner + 1];
    if (owner === undefined || before?.tokenType === T.To) return 'this block';
    switch (owner.tokenType) {
      case T.MachineWord:
        return `the block of machine ${name?.image ?? ''}`;
      case T.OnWord:
        return `the block of operation ${name?.image ?? ''}`;
      case T.TestWord:
        return `the block of test ${name?.image ?? ''}`;
      case T.UpgradeWord:
        return 'the block of the upgrade';
      case T.FunWord:
      case T.ArrowWord:
      case T.TypeWord:
      case T.InvariantWord:
      case T.StateWord:
        return 'this block';
      default:
        return `the block of this \`${owner.image}\``;
    }
  }
}

/** Whether a token is a string that is not closed, with a bracket in it. */
function isUnclosedWith({ tokenType, image }: Token, closer: TokenType): boolean {
  return (
    tokenType === T.StringLiteral &&
    !(image.length > 1 && image.endsWith('"')) &&
    image.includes(closer.LABEL![1]!)
  );
}
