import { Report } from './report.ts';
import { lex } from './lexer.ts';
import { CloseCurly, CloseRound, CloseSquare, Comma, Lower, Semicolon, Upper } from './tokens.ts';

/** A text as it is read, whatever its layout and comments. */

/** A token. */
export interface Word {
  readonly text: string;
  /** `lower`, `upper`: a name that starts so. */
  readonly kind: 'lower' | 'upper' | 'other';
}

/** The tokens of a part of a source, without what layout may add: ends of statements, commas at the end of a list. */
export function wordsOf(text: string): readonly Word[] {
  const { tokens } = lex(text, '', new Report());
  const closers: readonly unknown[] = [CloseRound, CloseSquare, CloseCurly];
  return tokens.flatMap(({ image, tokenType }, i): Word[] => {
    if (tokenType === Semicolon) return [];
    if (tokenType === Comma && closers.includes(tokens.at(i + 1)?.tokenType)) return [];
    return [{ text: image, kind: tokenType === Lower ? 'lower' : tokenType === Upper ? 'upper' : 'other' }];
  });
}
