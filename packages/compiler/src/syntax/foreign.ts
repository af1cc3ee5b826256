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

/** How far the end of a function in place is looked for, in tokens. */
const LAMBDA_TOKENS_MAX = 512;

/** The tokens with the words that are meant; the others go to the report. */
export function takeForeignWords(
  tokens: readonly Token[],
  text: string,
  file: string,
  report: Report,
): readonly Token[] {
  const output: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    const meant = keywordMeant(tokens, i);
    if (meant !== null) {
      report.add(foreignKeyword(spanOf(token, file), token.image, meant.LABEL ?? ''));
      // `let mut x` has its `let`, and a field of the state needs none.
      if (!withoutWord.has(output.at(-1)?.tokenType) && !startsField(tokens, i))
        output.push(retyped(token, meant));
      continue;
    }
    const lambda = foreignLambdaAt(tokens, i);
    if (lambda === null) {
      output.push(token);
      continue;
    }
    report.add(
      foreignLambda(
        spanOf(token, file),
        token.image,
        lambda.parameters,
        tokens[i - 1]!.tokenType === T.Assign,
      ),
    );
    if (lambda.end === null) continue;
    // Nothing is known of what it was meant to be: a literal that could not be read stands for it.
    const image = text.slice(token.startOffset, endOf(tokens[lambda.end - 1]!));
    output.push({ ...retyped(token, T.IntLiteral), image, payload: null });
    i = lambda.end - 1;
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

const withoutWord: ReadonlySet<TokenType | undefined> = new Set([T.LetWord, T.Comma]);

/** `state { var x: Int = 0 }` */
const startsField = (tokens: readonly Token[], i: number): boolean =>
  tokens[i - 1]?.tokenType === T.OpenCurly && tokens[i - 2]?.tokenType === T.StateWord;

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

/** A function in place with a word before it. */
interface ForeignLambda {
  readonly parameters: readonly string[];
  /** Where it ends, if it is none without the word: the first token that is outside. */
  readonly end: number | null;
}

/** The function in place that starts at a word: `fun x -> e`, `fn(x) -> e`, `lambda x: e`, `function(x) { … }`. */
function foreignLambdaAt(tokens: readonly Token[], i: number): ForeignLambda | null {
  const before = tokens[i - 1];
  // at the start of a line it is rather a declaration, and what is before it lacks its end
  if (before === undefined || tokens[i]!.fresh || !beforeLambda.has(before.tokenType)) return null;
  const next = tokens[i + 1];
  if (next === undefined || next.fresh) return null;
  if (next.tokenType !== T.Lower && next.tokenType !== T.OpenRound && next.tokenType !== T.Colon) return null;
  if (!LAMBDAS.has(tokens[i]!.image)) return null;
  const isBracket = next.tokenType === T.OpenRound;
  const body = isBracket ? bracketEnd(tokens, i + 1) : namesEnd(tokens, i + 1);
  if (body === null) return null;
  const inside = tokens.slice(i + 1, body);
  const parameters = inside
    .filter(({ tokenType }, at) => tokenType === T.Lower && inside[at - 1]?.tokenType !== T.Colon)
    .map(({ image }) => image);
  switch (tokens[body]?.tokenType) {
    case T.To:
      return { parameters, end: null };
    case T.OpenCurly:
      return isBracket ? { parameters, end: bracketEnd(tokens, body) } : null;
    case T.Colon:
    case T.Gives:
      return { parameters, end: itemEnd(tokens, body + 1) };
    default:
      return null;
  }
}

/** The token after a bracket and what it encloses; null where that is too far. */
function bracketEnd(tokens: readonly Token[], open: number): number | null {
  let depth = 0;
  for (let i = open; i < Math.min(tokens.length, open + LAMBDA_TOKENS_MAX); i++) {
    const { tokenType } = tokens[i]!;
    if (T.closerOf.has(tokenType)) depth++;
    else if (closers.has(tokenType)) depth--;
    if (depth === 0) return i + 1;
  }
  return null;
}

/** The token after names with commas between them. */
function namesEnd(tokens: readonly Token[], start: number): number {
  let end = start;
  while (tokens[end]?.tokenType === T.Lower || tokens[end]?.tokenType === T.Comma) end++;
  return end;
}

/** Where an item ends, on its line or in the brackets that are opened there. */
function itemEnd(tokens: readonly Token[], start: number): number {
  let i = start;
  while (i < tokens.length && i < start + LAMBDA_TOKENS_MAX) {
    const { tokenType, fresh } = tokens[i]!;
    if (tokenType === T.Comma || tokenType === T.Semicolon || closers.has(tokenType)) break;
    if (fresh && i > start) break;
    i = (T.closerOf.has(tokenType) ? bracketEnd(tokens, i) : null) ?? i + 1;
  }
  return i;
}

const closers = new Set(T.closerOf.values());

function retyped(token: Token, tokenType: TokenType): Token {
  return { ...token, tokenType, tokenTypeIdx: tokenType.tokenTypeIdx! };
}
