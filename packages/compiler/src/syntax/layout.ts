import { EOF, type TokenType } from 'chevrotain';
import type { Span } from '@smc/protocol';
import * as errors from '../errors/syntax.ts';
import { continuesLine, pairBrackets, type Bracket, type Brackets } from './brackets.ts';
import type { Report } from './report.ts';
import * as T from './tokens.ts';
import { endOf, type Token } from './tokens.ts';

/**
 * The list of tokens that the grammar reads. Where a line end ends a statement there is a `LineEnd`;
 * brackets that were forgotten are put in, and those that close nothing are left out; the last token is
 * `EOF`. Invariants: brackets are balanced, `partner` links them, `index` is a token's place.
 */
export function layOut(written: readonly Token[], text: string, file: string, report: Report): Token[] {
  const tokens = openForgotten(written, file, report);
  const brackets = pairBrackets(tokens);
  if (brackets.tooDeep !== null) {
    const token = tokens[brackets.tooDeep]!;
    const refused = brackets.isChain ? errors.chainTooLong : errors.nestedTooDeeply;
    report.add(refused({ file, start: token.startOffset, end: endOf(token) }));
    return new Layout([], { ...brackets, byOpen: new Map() }, text, file, report).run();
  }
  return new Layout(tokens, brackets, text, file, report).run();
}

/** The words whose block may have lost its `{`, and what follows them. */
const HEADED: ReadonlyMap<TokenType, readonly TokenType[]> = new Map([
  [T.MachineWord, [T.Upper]],
  [T.OnWord, [T.Upper]],
  [T.UpgradeWord, [T.Upper, T.Lower]],
  [T.TestWord, [T.StringLiteral]],
]);

/**
 * Puts in the `{` that was forgotten at the end of the line of a `machine`, an `on`, a `test`, where what
 * stands in the next line can only be in its block: without it, all brackets that follow would be wrong.
 */
function openForgotten(tokens: readonly Token[], file: string, report: Report): readonly Token[] {
  const output: Token[] = [];
  let head: Token | null = null;
  let around: TokenType | null = null;
  let depth = 0;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (head === null && !token.fresh && i > 0) {
      output.push(token);
      continue;
    }
    const last = output.at(-1);
    const isNewLine = token.fresh && depth === 0 && !continuesLine(token, last);
    if (head !== null && last !== undefined && isNewLine) {
      if (startsInside(token, head)) {
        const end = endOf(last);
        const name = output[head.index + 1]?.image ?? '';
        const what = head.tokenType === T.OnWord ? 'operation' : head.image;
        report.add(errors.unopenedBlock({ file, start: end, end }, `${what} ${name}`));
        output.push(virtual(T.OpenCurly, end));
      }
      head = null;
    }
    if (token.fresh || i === 0) {
      const next = tokens[i + 1];
      if (next !== undefined && HEADED.get(token.tokenType)?.includes(next.tokenType) === true) {
        if (token.tokenType !== T.OnWord) around = token.tokenType;
        // An `on` of an upgrade has no block.
        head = token.tokenType === T.OnWord && around !== T.MachineWord ? null : token;
        token.index = output.length;
        depth = 0;
      }
    }
    const before = output.at(-1);
    if (
      head?.tokenType === T.MachineWord &&
      token.tokenType === T.OpenRound &&
      before?.tokenType === T.Upper
    ) {
      const next = tokens[i + 1];
      if (next?.fresh === true && memberWords.has(next.tokenType)) {
        const span = { file, start: token.startOffset, end: endOf(token) };
        report.add(errors.roundBlock(span, before.image));
        output.push({ ...virtual(T.OpenCurly, token.startOffset), image: '{' });
        head = null;
        continue;
      }
    }
    if (head !== null) {
      if (token.tokenType === T.OpenCurly) head = null;
      else if (T.closerOf.has(token.tokenType)) depth++;
      else if (closers.has(token.tokenType)) depth--;
    }
    output.push(token);
  }
  return output;
}

const closers = new Set(T.closerOf.values());

/** The words that a block belongs to. */
const blockOwners = new Set([
  ...[T.MachineWord, T.OnWord, T.UpgradeWord, T.TestWord, T.IfWord, T.ElseWord, T.CaseWord, T.ProcWord],
]);

/** Whether what starts a line is in the block that a word opens, and not beside it. */
function startsInside({ tokenType: kind }: Token, head: Token): boolean {
  const isName = kind === T.Lower || kind === T.Upper;
  switch (head.tokenType) {
    case T.MachineWord:
      return memberWords.has(kind);
    case T.OnWord:
      return isName || commandWords.has(kind);
    default:
      return isName || kind === T.StateWord || (kind === T.OnWord && head.tokenType === T.UpgradeWord);
  }
}

const memberWords = new Set([T.StateWord, T.OnWord, T.FunWord, T.ArrowWord, T.TypeWord, T.InvariantWord]);
const commandWords = new Set([T.LetWord, T.IfWord, T.CaseWord]);

/** A bracket that is open in the output. */
interface Open {
  readonly token: Token;
  readonly bracket: Bracket;
}

class Layout {
  private readonly tokens: readonly Token[];
  private readonly brackets: Brackets;
  private readonly text: string;
  private readonly file: string;
  private readonly report: Report;
  private readonly output: Token[] = [];
  private readonly stack: Open[] = [];

  constructor(tokens: readonly Token[], brackets: Brackets, text: string, file: string, report: Report) {
    this.tokens = tokens;
    this.brackets = brackets;
    this.text = text;
    this.file = file;
    this.report = report;
  }

  run(): Token[] {
    for (let i = 0; i < this.tokens.length; i++) this.step(i, this.tokens[i]!);
    this.closeUnclosed(this.tokens.length);
    this.emit(virtual(EOF, this.text.length));
    return this.output;
  }

  private step(i: number, token: Token): void {
    const before = this.output.at(-1);
    if (this.brackets.stray.has(i)) {
      this.report.add(errors.strayCloser(this.spanOf(token), token.image));
      return;
    }
    if (token.fresh && before !== undefined) this.closeAtLineEnd(i, token, before);
    this.closeUnclosed(i);
    const last = this.output.at(-1);
    if (token.fresh && last !== undefined && this.endsStatement(i, token, last)) {
      this.emit(virtual(T.LineEnd, endOf(last)));
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
      this.report.add(errors.lineEndAfter(this.spanOf(last), '`:`'));
      return false;
    }
    return !continuesLine(token, last);
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
        blocks.push(open);
        this.close(virtual(T.CloseCurly, endOf(this.output.at(-1)!)));
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

  /** Puts in the bracket that closes the innermost one, and says that it was missing. */
  private closeForgotten(): void {
    const open = this.stack.at(-1)!;
    const closer = T.closerOf.get(open.token.tokenType)!;
    const end = endOf(this.output.at(-1)!);
    const span = { file: this.file, start: end, end };
    this.report.add(errors.unclosedBracket(span, this.nameOf(open), closer.LABEL!, this.spanOf(open.token)));
    this.close(virtual(closer, end));
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

function virtual(tokenType: TokenType, offset: number): Token {
  const tokenTypeIdx = tokenType.tokenTypeIdx!;
  return {
    image: '',
    startOffset: offset,
    tokenType,
    tokenTypeIdx,
    payload: undefined,
    index: -1,
    partner: -1,
    fresh: false,
    spaced: true,
    doc: null,
  };
}
