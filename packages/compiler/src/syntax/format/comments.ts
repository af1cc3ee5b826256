import type { Comment } from '../lexer.ts';
import type { Token } from '../tokens.ts';
import { endOf } from '../tokens.ts';
import type { Alignment } from './alignment.ts';

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

const separators = new Set([',', ';']);
const closers = new Set([')', ']', '}']);
const openers = new Set(['(', '[', '{', ',', ';', '|']);

/** Finds the place of each comment among the tokens that are printed. */
export function placeComments(
  comments: readonly Comment[],
  text: string,
  tokens: readonly Token[],
  alignment: Alignment,
): PlacedComments {
  const behind = new Map<number, PlacedComment[]>();
  const before = new Map<number, PlacedComment[]>();
  let next = 0;
  for (const [i, comment] of comments.entries()) {
    const { start, end } = comment.span;
    while (next < tokens.length && tokens[next]!.startOffset < end) next++;
    const last = next === 0 ? null : tokens[next - 1]!;
    const lastEnd = last === null ? 0 : endOf(last);
    const nextStart = tokens[next]?.startOffset ?? text.length;
    // What separates is printed right behind what is before it: it does not stand between.
    let leader = next - 1;
    while (separators.has(tokens[leader]?.image ?? '')) leader--;
    let follower = next;
    while (separators.has(tokens[follower]?.image ?? '')) follower++;
    const followerStart = tokens[follower]?.startOffset ?? text.length;
    const startsLine = leader < 0 || hasLineEnd(comments, i - 1, -1, endOf(tokens[leader]!), start, text);
    const endsLine =
      comment.kind !== 'block' ||
      follower === tokens.length ||
      hasLineEnd(comments, i + 1, 1, end, followerStart, text);
    const gapBefore = text.slice(Math.max(lastEnd, comments[i - 1]?.span.end ?? 0), start);
    const gapAfter = text.slice(end, Math.min(nextStart, comments[i + 1]?.span.start ?? text.length));
    const placed: PlacedComment = {
      comment,
      startsLine,
      endsLine,
      isApart: isEmptyLineIn(gapBefore),
      setsApart: isEmptyLineIn(gapAfter),
    };
    const after = alignment.printedBefore(next);
    const follows = alignment.printedFrom(next);
    const isForNext = startsLine || (!endsLine && last !== null && openers.has(last.image));
    const isInside = !endsLine && closers.has(alignment.image(follows) ?? '');
    const isCutOff = gapBefore.includes('\n') && behind.get(after)?.at(-1)?.endsLine === true;
    if (after < 0 || (isForNext && !isInside) || isCutOff || before.has(follows))
      push(before, follows, placed);
    else push(behind, after, placed);
  }
  return { behind, before };
}

/** Whether a line ends between two places, and not within a comment: those from `index` on, by `step`, are there. */
function hasLineEnd(
  comments: readonly Comment[],
  index: number,
  step: 1 | -1,
  from: number,
  to: number,
  text: string,
): boolean {
  let [start, end] = [from, to];
  for (let i = index; start < end; i += step) {
    const span = comments[i]?.span;
    const isBetween = span !== undefined && start <= span.start && span.end <= end;
    const gap = !isBetween ? [start, end] : step === 1 ? [start, span.start] : [span.end, end];
    if (text.slice(...gap).includes('\n')) return true;
    if (!isBetween) return false;
    if (step === 1) start = span.end;
    else end = span.start;
  }
  return false;
}

const isEmptyLineIn = (gap: string): boolean => /\n[ \t\r]*\n/.test(gap);

function push<K>(map: Map<K, PlacedComment[]>, key: K, comment: PlacedComment): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [comment]);
  else known.push(comment);
}
