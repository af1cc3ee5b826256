import { Lexer, type ILexingError, type IToken, type TokenType } from 'chevrotain';
import type { Span } from '@smc/protocol';
import { foreignPath } from '../errors/foreign.ts';
import * as errors from '../errors/lexical.ts';
import { readBytes, readInt, readString, readTime, type Read } from './literals.ts';
import type { Report } from './report.ts';
import {
  BlockComment,
  BytesLiteral,
  DocComment,
  Dot,
  endOf,
  ForeignAssign,
  ForeignComment,
  ForeignCons,
  ForeignDiamond,
  ForeignNot,
  ForeignSlash,
  ForeignEqual,
  ForeignPipe,
  ForeignUnequal,
  Greater,
  IntLiteral,
  lexed,
  Lower,
  QuotedLiteral,
  StrayCommentEnd,
  StringLiteral,
  TimeLiteral,
  Unknown,
  Upper,
  Wildcard,
  type Token,
} from './tokens.ts';

/** A comment as written, for the formatter. */
export interface Comment {
  readonly kind: 'line' | 'block' | 'doc';
  readonly text: string;
  readonly span: Span;
}

/** A text in tokens. A literal's value is the token's `payload`, null where there is none. */
export interface Lexed {
  readonly tokens: Token[];
  readonly comments: readonly Comment[];
}

const spaces = ' \t\r\n';

/** The vocabulary is looked over by a test, and not at each start. */
export const lexerOptions = {
  positionTracking: 'onlyOffset',
  ensureOptimizations: true,
  skipValidations: true,
} as const;

let shared: Lexer | null = null;

/**
 * Splits a text into tokens; what it cannot read goes to the report, and a token stands in its place.
 * Never throws.
 */
export function lex(text: string, file: string, report: Report): Lexed {
  shared ??= new Lexer([...lexed], lexerOptions);
  const result = shared.tokenize(text);
  const trivia = result.groups['comments'] ?? [];
  for (const comment of trivia) judgeComment(comment, file, report);
  const docs = trivia.filter((comment) => comment.tokenType === DocComment);
  const tokens: Token[] = [];
  let nextLineEnd = text.indexOf('\n');
  let docsTaken = 0;
  let before = 0;
  let last: Token | undefined;
  for (const found of withUnknown(result.tokens, result.errors, text)) {
    if (report.full) break;
    if (judged.has(found.tokenType) && !isPosition(found, last)) judgeToken(found, last, file, report);
    if (last !== undefined && continuesName(found, last)) {
      last.image += found.image;
      before = endOf(found);
      continue;
    }
    while (nextLineEnd !== -1 && nextLineEnd < before) nextLineEnd = text.indexOf('\n', nextLineEnd + 1);
    const fresh = nextLineEnd !== -1 && nextLineEnd < found.startOffset;
    const docsFrom = docsTaken;
    while (docsTaken < docs.length && docs[docsTaken]!.startOffset < found.startOffset) docsTaken++;
    const doc = docsTaken === docsFrom ? null : docText(docs.slice(docsFrom, docsTaken));
    const spaced = spaces.includes(text[endOf(found)] ?? ' ');
    const { image, startOffset, tokenType, tokenTypeIdx } = found;
    const payload: unknown = found.payload;
    // One object of one shape for each token: the parser reads them faster than extended ones.
    last = {
      image,
      startOffset,
      tokenType,
      tokenTypeIdx,
      payload,
      index: tokens.length,
      partner: -1,
      fresh,
      spaced,
      doc,
    };
    tokens.push(last);
    before = endOf(found);
  }
  return { tokens, comments: trivia.map((comment) => commentOf(comment, file)) };
}

/** The tokens, and one for each stretch of characters that the lexer could not match. */
function withUnknown(
  tokens: readonly IToken[],
  errors: readonly ILexingError[],
  text: string,
): readonly IToken[] {
  if (errors.length === 0) return tokens;
  const unknown = errors.map(({ offset, length }) => plainToken(Unknown, text, offset, offset + length));
  return [...tokens, ...unknown].sort((a, b) => a.startOffset - b.startOffset);
}

function plainToken(tokenType: TokenType, text: string, start: number, end: number): IToken {
  return {
    image: text.slice(start, end),
    startOffset: start,
    tokenType,
    tokenTypeIdx: tokenType.tokenTypeIdx!,
  };
}

/**
 * Whether a token is the middle or the end of a name with foreign letters (`caf|é`, `caf|é|s`): it
 * belongs to the one before, so that the grammar sees one name and not two.
 */
function continuesName(token: IToken, before: IToken | undefined): boolean {
  if (before === undefined || endOf(before) !== token.startOffset) return false;
  const named = before.tokenType === Lower || before.tokenType === Upper;
  if (token.tokenType === Unknown) return named && /^\p{L}+$/u.test(token.image);
  return named && (token.tokenType === Lower || token.tokenType === Upper);
}

/** Whether a number is a step of a path, `drop pair.0.1`: there two of them are no fraction. */
function isPosition({ tokenType }: IToken, before: IToken | undefined): boolean {
  if (tokenType !== IntLiteral || before === undefined) return false;
  return before.tokenType === Dot || before.image === 'drop';
}

function spanOf(token: IToken, file: string): Span {
  return { file, start: token.startOffset, end: endOf(token) };
}

function commentOf(token: IToken, file: string): Comment {
  const kind = token.tokenType === DocComment ? 'doc' : token.tokenType === BlockComment ? 'block' : 'line';
  return { kind, text: token.image, span: spanOf(token, file) };
}

/** The lines of doc comments without their `--|` and the space after it. */
function docText(lines: readonly IToken[]): string {
  return lines.map((line) => line.image.replace(/^--\| ?/, '').trimEnd()).join('\n');
}

function judgeComment(token: IToken, file: string, report: Report): void {
  const span = spanOf(token, file);
  if (token.payload === 'unclosed') report.add(errors.unclosedComment({ ...span, end: span.start + 2 }));
  if (token.tokenType === StrayCommentEnd) report.add(errors.strayCommentEnd(span));
  if (token.tokenType === ForeignComment) {
    const start = token.image.startsWith('#') ? '#' : token.image.slice(0, 2);
    report.add(errors.foreignComment({ ...span, end: span.start + start.length }, start));
  }
}

/** The kinds of token that `judgeToken` has something to say about. */
const judged = new Set([
  ...[StringLiteral, QuotedLiteral, IntLiteral, BytesLiteral, TimeLiteral, Wildcard, Unknown],
  ...[ForeignEqual, ForeignUnequal, ForeignAssign, ForeignPipe, ForeignCons],
  ...[ForeignSlash, ForeignDiamond, ForeignNot],
]);

/** Reads what a token says, which stands after `last`, into its payload; the faults go to the report. */
function judgeToken(token: IToken, last: IToken | undefined, file: string, report: Report): void {
  const span = spanOf(token, file);
  const keep = (read: Read<unknown>): void => {
    token.payload = read.value;
    if (read.ok) return;
    for (const fault of read.faults) {
      const at = { file, start: span.start + fault.start, end: span.start + fault.end };
      report.add(errors.badLiteral(at, fault));
    }
  };
  switch (token.tokenType) {
    case StringLiteral:
      if (token.payload === 'unclosed') report.add(errors.unclosedString(span));
      return keep(readString(token.image));
    case QuotedLiteral:
      report.add(errors.otherQuotes(span, token.image));
      return keep({ ok: true, value: token.image.slice(1, -1) });
    case IntLiteral:
      return keep(readInt(token.image));
    case BytesLiteral:
      return keep(readBytes(token.image));
    case TimeLiteral:
      return keep(readTime(token.image));
    case ForeignCons:
      if (
        last !== undefined &&
        endOf(last) === span.start &&
        (last.tokenType === Upper || last.tokenType === Lower)
      )
        return report.add(foreignPath(span));
      return report.add(errors.foreignOperator(span, token.image));
    case ForeignEqual:
    case ForeignUnequal:
    case ForeignAssign:
    case ForeignPipe:
    case ForeignSlash:
    case ForeignDiamond:
    case ForeignNot:
      return report.add(errors.foreignOperator(span, token.image));
    case Wildcard:
      if (token.image !== '_') report.add(errors.underscoreName(span, token.image));
      return;
    case Unknown: {
      // one message for a stretch of them, at its first
      const character = String.fromCodePoint(token.image.codePointAt(0) ?? 0);
      const touches = last !== undefined && endOf(last) === span.start;
      const type = touches && last.tokenType === Upper ? last.image : null;
      const applied = touches && last.tokenType === Greater ? '…' : null;
      const at = { ...span, end: span.start + character.length };
      return report.add(errors.unknownCharacter(at, character, type ?? applied));
    }
  }
}
