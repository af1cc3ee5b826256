import type { Diagnostic } from '@smc/protocol';
import { printer } from 'prettier/doc';
import { lex } from '../lexer.ts';
import { parse } from '../parse.ts';
import { Report } from '../report.ts';
import { align } from './alignment.ts';
import { placeComments } from './comments.ts';
import { itemsOf } from './lists.ts';
import { Printer } from './printer.ts';
import { tokensOf, weave } from './weave.ts';

/** The longest line that is not broken, where it can be. */
export const LINE_WIDTH = 100;

/** The one layout of a text, or what is wrong with it. */
export type Formatted =
  | { readonly ok: true; readonly text: string }
  | {
      readonly ok: false;
      readonly diagnostics: readonly Diagnostic[];
      /** Whether there is more that is wrong. */
      readonly isCut: boolean;
    };

/**
 * Lays out the text of a file in the one format. Only line ends, spaces, commas at the end of a
 * list and needless brackets change: what it says, and all its comments, stay. A text with a
 * mistake in its syntax is refused. The layout is by Prettier's document printer (Wadler, A
 * prettier printer, 2003).
 */
export function format(text: string, file: string): Formatted {
  const { module, diagnostics, isCut, comments, groups } = parse(text, file);
  if (diagnostics.length > 0) return { ok: false, diagnostics, isCut };
  const printed = new Printer(text, comments, groups).module(itemsOf(module));
  const { tokens } = lex(text, file, new Report());
  const tokensPrinted = tokensOf(printed);
  const placed = placeComments(comments, text, tokens, align(tokens, tokensPrinted), tokensPrinted);
  const { formatted } = printer.printDocToString(weave(printed, placed), {
    printWidth: LINE_WIDTH,
    tabWidth: 2,
    useTabs: false,
  });
  return { ok: true, text: formatted };
}
