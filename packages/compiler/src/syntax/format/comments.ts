import type { Comment } from '../lexer.ts';
import type { Token } from '../tokens.ts';
import { endOf } from '../tokens.ts';
import type { Alignment, PrintedToken } from './alignment.ts';

/**
 * Where the comments of a file stand when it is laid out anew: between the same two tokens. Whether one
 * shares its line with the token before it, with the one after it, with both or with none stays, too:
 * so what is laid out twice is laid out in the same way.
 */
export interface PlacedComments {
  /** On the line of a token, behind it, by the index of the token among those that are printed. */
  readonly behind: ReadonlyMap<number, readonly PlacedComment[]>;
  /** Before a token; at the end of the file by the number of tokens. */
  readonly before: ReadonlyMap<number, readonly PlacedComment[]>;
}

/** A comment, and how it stands. */
export interface PlacedComment {
  readonly comment: Comment;
  /** Whether a line starts with it. */
  readonly startsLine: boolean;
  /** Whether a line ends with it. */
  readonly endsLine: boolean;
  /** Whether an empty line is before it, and after it. */
  readonly isApart: boolean;
  readonly setsApart: boolean;
}

/** What is printed right behind what is before it, and with it: comments stand before or after both. */
const separators = new Set([',', ';']);
const closers = new Set([')', ']', '}']);
const brackets = new Set(['(', '[', '{', ...closers]);
const openers = new Set(['(', '[', '{', ',', ';', '|']);

/** A place between two tokens that are printed, in the text and, by their indexes, in the list of those. */
interface Gap {
  readonly start: number;
  readonly end: number;
  readonly after: number;
  readonly follows: number;
}

/** A comment in a gap, with the token before it: tokens that are left out are none. */
interface Found {
  readonly comment: Comment;
  readonly last: string;
}

/** Finds the place of each comment among the tokens that are printed. */
export function placeComments(
  comments: readonly Comment[],
  text: string,
  tokens: readonly Token[],
  { printedAs }: Alignment,
  printed: readonly PrintedToken[],
): PlacedComments {
  const placed: Placed = { behind: new Map(), before: new Map() };
  let found: Found[] = [];
  let taken = 0;
  let [start, after, last] = [0, -1, ''];
  let end: number | null = null;
  for (let place = 0; taken < comments.length || found.length > 0; place++) {
    const token = tokens[place];
    const tokenStart = token?.startOffset ?? text.length;
    for (; taken < comments.length && comments[taken]!.span.start < tokenStart; taken++) {
      found.push({ comment: comments[taken]!, last });
      end = null;
    }
    const follows = token === undefined ? printed.length : printedAs[place]!;
    if (token !== undefined && (follows >= 0 || separators.has(token.image))) last = token.image;
    if (follows < 0) {
      // A line end on the far side of brackets that are left out is none.
      if (!brackets.has(token!.image)) continue;
      if (found.length === 0) start = endOf(token!);
      else end ??= tokenStart;
      continue;
    }
    if (found.length > 0)
      placeInGap(found, { start, end: end ?? tokenStart, after, follows }, text, printed, placed);
    found = [];
    end = null;
    after = follows;
    if (token !== undefined) start = endOf(token);
  }
  return placed;
}

interface Placed {
  readonly behind: Map<number, PlacedComment[]>;
  readonly before: Map<number, PlacedComment[]>;
}

function placeInGap(
  found: readonly Found[],
  { start, end, after, follows }: Gap,
  text: string,
  printed: readonly PrintedToken[],
  { behind, before }: Placed,
): void {
  // What stands before each comment, and behind the last.
  const gaps = found.map(({ comment }, i) =>
    text.slice(i === 0 ? start : found[i - 1]!.comment.span.end, comment.span.start),
  );
  gaps.push(text.slice(found.at(-1)!.comment.span.end, end));
  const lastLineEnd = gaps.findLastIndex((gap) => gap.includes('\n'));
  const next = printed[follows];
  // What is put in behind a token, as `()`, stands with it.
  let home = after;
  for (let i = after + 1; i < follows && brackets.has(printed[i]!.text); i++)
    if (closers.has(printed[i]!.text)) home = i;
  let startsLine = after < 0;
  for (const [i, { comment, last }] of found.entries()) {
    startsLine ||= gaps[i]!.includes('\n');
    const endsLine = comment.kind !== 'block' || next === undefined || lastLineEnd > i;
    // It can start a line on its own, or where one can start with the token behind it.
    const isForNext = endsLine
      ? startsLine
      : openers.has(last) || (startsLine && next?.canStartLine === true);
    const isInside = !endsLine && closers.has(next?.text ?? '');
    // Nothing stands behind a comment that ends its line.
    const isCutOff = startsLine && behind.get(home)?.at(-1)?.endsLine === true;
    const isBefore = after < 0 || (isForNext && !isInside) || isCutOff || before.has(follows);
    const placed: PlacedComment = {
      comment,
      startsLine,
      // A closing bracket is not for it to start.
      endsLine: endsLine || (isInside && isCutOff),
      isApart: isEmptyLineIn(gaps[i]!),
      setsApart: isEmptyLineIn(gaps[i + 1]!),
    };
    if (isBefore) push(before, follows, placed);
    else push(behind, home, placed);
  }
}

/** Whether an empty line is in a text without tokens. */
export const isEmptyLineIn = (gap: string): boolean => /\n[ \t\r]*\n/.test(gap);

function push<K>(map: Map<K, PlacedComment[]>, key: K, comment: PlacedComment): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [comment]);
  else known.push(comment);
}
