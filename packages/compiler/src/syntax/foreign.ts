import type { TokenType } from 'chevrotain';
import type { Span } from '@smc/protocol';
import { foreignKeyword, foreignLambda } from '../errors/foreign.ts';
import type { Report } from './report.ts';
import * as T from './tokens.ts';
import { endOf, type Token } from './tokens.ts';

/**
 * Words that other languages start a declaration, a `let` or a function in place with. They are refused
 * before the layout, and taken for the word that is meant: what follows them is then read as usual. Each
 * is a name like any other where it is not followed by what it would declare.
 */

/** By the word: what is meant, and the kind of name that it declares. */
const KEYWORDS: ReadonlyMap<string, readonly [meant: TokenType, declares: TokenType]> = new Map([
  ...['fn', 'def', 'func', 'function'].map((word) => [word, [T.FunWord, T.Lower]] as const),
  ...['var', 'val', 'const', 'mut'].map((word) => [word, [T.LetWord, T.Lower]] as const),
  ...['Machine', 'class', 'actor', 'object'].map((word) => [word, [T.MachineWord, T.Upper]] as const),
  ...['data', 'newtype'].map((word) => [word, [T.TypeWord, T.Upper]] as const),
]);

/** Words before the parameters of a function in place. */
const LAMBDAS: ReadonlySet<string> = new Set(['fun', 'fn', 'func', 'function', 'lambda']);

/** How far the end of the parameters of a function in place is looked for, in tokens. */
const PARAMETERS_TOKENS_MAX = 64;

/** The tokens with the words that are meant; the others go to the report. */
export function takeForeignWords(tokens: readonly Token[], file: string, report: Report): readonly Token[] {
  const output: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    const meant = keywordMeant(tokens, i);
    if (meant !== null) {
      report.add(foreignKeyword(spanOf(token, file), token.image, meant.LABEL ?? ''));
      // `let mut x` has its `let`
      if (output.at(-1)?.tokenType !== T.LetWord) output.push(retyped(token, meant));
    } else if (isForeignLambda(tokens, i)) report.add(foreignLambda(spanOf(token, file), token.image));
    else output.push(token);
  }
  return output;
}

const spanOf = (token: Token, file: string): Span => ({ file, start: token.startOffset, end: endOf(token) });

function keywordMeant(tokens: readonly Token[], i: number): TokenType | null {
  const next = tokens[i + 1];
  // A name after another is rare: to look each word up takes its time.
  if (next === undefined || next.fresh || (next.tokenType !== T.Lower && next.tokenType !== T.Upper))
    return null;
  const known = KEYWORDS.get(tokens[i]!.image);
  if (known === undefined || next.tokenType !== known[1]) return null;
  return startsStatement(tokens, i) || tokens[i - 1]!.tokenType === T.LetWord ? known[0] : null;
}

function startsStatement(tokens: readonly Token[], i: number): boolean {
  const before = tokens[i - 1];
  return (
    before === undefined ||
    tokens[i]!.fresh ||
    before.tokenType === T.OpenCurly ||
    before.tokenType === T.Semicolon
  );
}

const beforeLambda = new Set([T.OpenRound, T.Comma, T.Colon, T.Assign]);

/** Whether a word stands before a function in place: `fun x -> e`, `fn(x) -> e`. */
function isForeignLambda(tokens: readonly Token[], i: number): boolean {
  const before = tokens[i - 1];
  // at the start of a line it is rather a declaration, and what is before it lacks its end
  if (before === undefined || tokens[i]!.fresh || !beforeLambda.has(before.tokenType)) return false;
  const next = tokens[i + 1];
  if (next?.tokenType !== T.Lower && next?.tokenType !== T.OpenRound) return false;
  if (!LAMBDAS.has(tokens[i]!.image)) return false;
  if (next.tokenType === T.Lower) return !next.fresh;
  let depth = 0;
  for (let end = i + 1; end < Math.min(tokens.length, i + PARAMETERS_TOKENS_MAX); end++) {
    if (tokens[end]!.tokenType === T.OpenRound) depth++;
    else if (tokens[end]!.tokenType === T.CloseRound) depth--;
    if (depth === 0) return tokens[end + 1]?.tokenType === T.To;
  }
  return false;
}

function retyped(token: Token, tokenType: TokenType): Token {
  return { ...token, tokenType, tokenTypeIdx: tokenType.tokenTypeIdx! };
}
