import type { Diagnostic } from '@smc/protocol';
import { printer } from 'prettier/doc';
import { parse } from '../parse.ts';
import { attach } from './comments.ts';
import { itemsOf, listsOf } from './lists.ts';
import { Printer } from './printer.ts';

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
  const { module, diagnostics, isCut, comments } = parse(text, file);
  if (diagnostics.length > 0) return { ok: false, diagnostics, isCut };
  const items = itemsOf(module);
  const attached = attach(module, comments, text, (node) => listsOf(node, items));
  const print = new Printer(text, attached);
  const document = print.module(items);
  if (print.commentsPrinted !== comments.length) {
    throw new Error(`of ${comments.length} comments in ${file}, ${print.commentsPrinted} were printed`);
  }
  const { formatted } = printer.printDocToString(document, {
    printWidth: LINE_WIDTH,
    tabWidth: 2,
    useTabs: false,
  });
  return { ok: true, text: formatted };
}
