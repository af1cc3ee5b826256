import type { TokenType } from 'chevrotain';
import type { Span } from '@smc/protocol';
import { colonBeforeBlock } from '../errors/foreign.ts';
import * as errors from '../errors/syntax.ts';
import { continuesLine } from './brackets.ts';
import type { Report } from './report.ts';
import * as T from './tokens.ts';
import { endOf, virtualToken, type Token } from './tokens.ts';

/**
 * The blocks of machines, operations, upgrades and tests that are not opened with a `{`: it is forgotten at the end of
 * the line, or something else stands there, as in other languages. It is put in before brackets are paired: without
 * it, all that follow would be wrong.
 */

/** Tokens, of which some were put in. */
export interface Opened {
  readonly tokens: readonly Token[];
  /** The `{` that were put in: they may have no `}`, of which nothing needs to be said. */
  readonly braces: ReadonlySet<Token>;
}

/** Puts in the `{` that a block lacks, where what follows can only stand in the block. */
export function openBlocks(tokens: readonly Token[], text: string, file: string, report: Report): Opened {
  return new Heads(tokens, text, file, report).run();
}

/** The words whose block may have lost its `{`, and what follows them. */
const HEADED: ReadonlyMap<TokenType, readonly TokenType[]> = new Map([
  [T.MachineWord, [T.Upper]],
  [T.OnWord, [T.Upper]],
  [T.UpgradeWord, [T.Upper, T.Lower]],
  [T.TestWord, [T.StringLiteral]],
]);

const closers = new Set(T.closerOf.values());
const memberWords = new Set([T.StateWord, T.OnWord, T.FunWord, T.ArrowWord, T.TypeWord, T.InvariantWord]);
const branchWords = new Set([T.IfWord, T.ElseWord, T.CaseWord]);
const commandWords = new Set([T.LetWord, T.IfWord, T.CaseWord]);

class Heads {
  private readonly tokens: readonly Token[];
  private readonly text: string;
  private readonly file: string;
  private readonly report: Report;
  private readonly output: Token[] = [];
  private readonly braces = new Set<Token>();
  /** The `)` of blocks that were opened with a `(`. */
  private readonly ends = new Set<number>();
  /** The index of the word whose `{` is not there yet, or -1, and how many brackets are open after it. */
  private head = -1;
  private depth = 0;
  /** The columns of the lines whose block is told by its indentation, as in `if c:`. */
  private readonly columns: number[] = [];
  /** The last of these words that is none of a member. */
  private around: TokenType | null = null;

  constructor(tokens: readonly Token[], text: string, file: string, report: Report) {
    this.tokens = tokens;
    this.text = text;
    this.file = file;
    this.report = report;
  }

  run(): Opened {
    for (let i = 0; i < this.tokens.length; i++) {
      const token = this.tokens[i]!;
      if (token.fresh || i === 0) this.startLine(i, token);
      if (this.ends.size > 0 && this.ends.has(i)) this.output.push(asBrace(token, T.CloseCurly));
      else if (this.head < 0) this.output.push(token);
      else this.goOn(i, token);
    }
    this.closeIndented(0);
    return { tokens: this.output, braces: this.braces };
  }

  private startLine(i: number, token: Token): void {
    if (this.columns.length > 0) this.closeIndented(this.columnOf(token));
    if (this.output.at(-1)?.tokenType === T.Colon && this.head < 0) this.openIndented(token);
    if (this.head >= 0 && this.depth === 0) {
      const last = this.output.at(-1);
      if (last?.tokenType !== T.Assign && continuesLine(token, last)) return;
      if (this.startsInside(token)) this.openAtLineEnd();
      this.head = -1;
    }
    const next = this.tokens[i + 1];
    if (next === undefined || HEADED.get(token.tokenType)?.includes(next.tokenType) !== true) return;
    if (token.tokenType !== T.OnWord) this.around = token.tokenType;
    // An `on` of an upgrade has no block.
    this.head = token.tokenType === T.OnWord && this.around !== T.MachineWord ? -1 : i;
    this.depth = 0;
  }

  /** Between the word and its block. */
  private goOn(i: number, token: Token): void {
    const kind = token.tokenType;
    if (this.depth === 0) {
      if (kind === T.OpenCurly && !this.isRecordType(i)) this.head = -1;
      else if (this.isSign(i, kind)) {
        this.report.add(errors.signBeforeBlock(this.spanOf(token), token.image, this.name()));
        return;
      } else if (kind === T.OpenRound && this.isRoundBlock(i)) return this.openRound(i, token);
    }
    if (T.closerOf.has(kind)) this.depth++;
    else if (closers.has(kind)) this.depth--;
    this.output.push(token);
  }

  /** Whether what starts a line is in the block, and not beside it. */
  private startsInside({ tokenType: kind }: Token): boolean {
    const isName = kind === T.Lower || kind === T.Upper;
    const head = this.tokens[this.head]!.tokenType;
    if (head === T.MachineWord) return memberWords.has(kind);
    if (head === T.OnWord) return isName || commandWords.has(kind);
    return isName || kind === T.StateWord || (kind === T.OnWord && head === T.UpgradeWord);
  }

  private openAtLineEnd(): void {
    const last = this.output.at(-1)!;
    // As in `machine M:`; what is written there is due to be a `{`.
    const isSign = last.tokenType === T.Colon || last.tokenType === T.Assign;
    if (isSign) this.output.pop();
    const end = endOf(last);
    const span = isSign ? this.spanOf(last) : { file: this.file, start: end, end };
    this.report.add(errors.unopenedBlock(span, this.name(), isSign));
    this.put(virtualToken(T.OpenCurly, end));
  }

  /** `if c:`, with the branch in the lines below: its block ends with its indentation. */
  private openIndented(token: Token): void {
    const colon = this.output.at(-1)!;
    let word: Token | null = null;
    let first = this.output.length - 1;
    for (; first > 0 && !this.output[first]!.fresh; first--)
      if (branchWords.has(this.output[first]!.tokenType)) word ??= this.output[first]!;
    const start = this.output[first]!;
    if (branchWords.has(start.tokenType)) word ??= start;
    const column = this.columnOf(start);
    if (word === null || this.columnOf(token) <= column) return;
    this.report.add(colonBeforeBlock(this.spanOf(colon), word.image));
    this.output.pop();
    this.put(asBrace(colon, T.OpenCurly));
    this.columns.push(column);
  }

  private closeIndented(column: number): void {
    for (let open = this.columns.at(-1); open !== undefined && column <= open; open = this.columns.at(-1)) {
      this.columns.pop();
      this.output.push(virtualToken(T.CloseCurly, endOf(this.output.at(-1)!)));
    }
  }

  private columnOf({ startOffset }: Token): number {
    return startOffset - this.text.lastIndexOf('\n', startOffset) - 1;
  }

  /** `machine M = {`, `test "t" for M: {` */
  private isSign(i: number, kind: TokenType): boolean {
    if (kind !== T.Assign && kind !== T.Colon) return false;
    const next = this.tokens[i + 1];
    return next?.tokenType === T.OpenCurly && !next.fresh && !this.isFieldAt(i + 2);
  }

  /** Whether the `{` is that of a type: `on Op -> { x: Int } {` */
  private isRecordType(i: number): boolean {
    return this.isFieldAt(i + 1) && this.tokens[i - 1]?.tokenType !== T.CloseCurly;
  }

  private isFieldAt(i: number): boolean {
    return this.tokens[i]?.tokenType === T.Lower && this.tokens[i + 1]?.tokenType === T.Colon;
  }

  /** Whether a `(` at the end of its line was meant to open the block: not the one of parameters. */
  private isRoundBlock(i: number): boolean {
    const next = this.tokens[i + 1];
    if (next?.fresh !== true) return false;
    const second = this.tokens[i + 2]?.tokenType;
    switch (this.tokens[this.head]!.tokenType) {
      case T.MachineWord:
        return memberWords.has(next.tokenType);
      case T.OnWord:
        return commandWords.has(next.tokenType) || second === T.Bind || second === T.Feed;
      case T.TestWord:
        return next.tokenType === T.Upper && (second === T.Gives || second === T.OpenRound);
      default:
        return false;
    }
  }

  private openRound(i: number, token: Token): void {
    this.report.add(errors.roundBlock(this.spanOf(token), this.name()));
    this.put(asBrace(token, T.OpenCurly));
    this.head = -1;
    const end = this.roundEnd(i);
    if (end !== null) this.ends.add(end);
  }

  /** The `)` that belongs to a `(`, not beyond the next machine, upgrade or test; null where there is none. */
  private roundEnd(open: number): number | null {
    let depth = 0;
    for (let i = open; i < this.tokens.length; i++) {
      const { tokenType, fresh } = this.tokens[i]!;
      if (fresh && tokenType !== T.OnWord && HEADED.has(tokenType)) return null;
      if (T.closerOf.has(tokenType)) depth++;
      else if (closers.has(tokenType)) depth--;
      if (depth === 0) return tokenType === T.CloseRound ? i : null;
    }
    return null;
  }

  private put(brace: Token): void {
    this.braces.add(brace);
    this.output.push(brace);
  }

  /** What a message calls the owner of the block: `machine M`. */
  private name(): string {
    const [word, name] = [this.tokens[this.head]!, this.tokens[this.head + 1]];
    return `${word.tokenType === T.OnWord ? 'operation' : word.image} ${name?.image ?? ''}`;
  }

  private spanOf(token: Token): Span {
    return { file: this.file, start: token.startOffset, end: endOf(token) };
  }
}

function asBrace(token: Token, tokenType: TokenType): Token {
  const image = tokenType === T.OpenCurly ? '{' : '}';
  return { ...token, image, tokenType, tokenTypeIdx: tokenType.tokenTypeIdx! };
}
