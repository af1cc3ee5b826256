import type { Token } from '../tokens.ts';

/** A token of a document. */
export interface PrintedToken {
  readonly text: string;
  /** Whether the document has a place before it where a line can end. */
  readonly canStartLine: boolean;
}

/**
 * Which token of a text is which of those that are printed of it. Of the text, commas, semicolons, a bar
 * after a `=` and needless brackets may be left out, and others put in; all else is the same, in the same order.
 */
export interface Alignment {
  /**
   * The index of the printed token by that of the one in the text, ascending; -1 for one that is left out, and for
   * commas and semicolons.
   */
  readonly printedAs: readonly number[];
}

/** What may be put in and left out, beside brackets. */
const optional = new Set([',', ';']);

const openers = new Set(['(', '{', '[']);
const closers = new Set([')', '}', ']']);

/** Aligns the tokens of a text with those that are printed. */
export function align(tokens: readonly Token[], printed: readonly PrintedToken[]): Alignment {
  const source = describe(tokens.map(({ image }) => image));
  const target = describe(printed.map((token) => token.text));
  if (source.fixed.length !== target.fixed.length)
    throw new Error('other tokens are printed than are written');
  const printedAs = tokens.map(() => -1);
  for (const [i, place] of source.fixed.entries()) {
    const other = target.fixed[i]!;
    if (tokens[place]!.image !== printed[other]!.text)
      throw new Error(`${printed[other]!.text} is printed for ${tokens[place]!.image}`);
    printedAs[place] = other;
  }
  for (const [key, pairs] of source.pairs) {
    for (const [i, [open, close]] of (target.pairs.get(key) ?? []).entries()) {
      const pair = pairs[i];
      if (pair === undefined) break;
      printedAs[pair[0]] = open;
      printedAs[pair[1]] = close;
    }
  }
  return { printedAs };
}

type Pair = readonly [open: number, close: number];

/**
 * The places of the tokens that stay, and the pairs of brackets by their kind and what they enclose of
 * those, the outer ones first.
 */
function describe(images: readonly string[]): {
  readonly fixed: readonly number[];
  readonly pairs: ReadonlyMap<string, readonly Pair[]>;
} {
  const fixed: number[] = [];
  const open: { readonly place: number; readonly from: number }[] = [];
  const found: { readonly key: string; readonly pair: Pair }[] = [];
  for (const [place, image] of images.entries()) {
    if (openers.has(image)) open.push({ place, from: fixed.length });
    else if (closers.has(image)) {
      const { place: opener, from } = open.pop()!;
      found.push({ key: `${image} ${from} ${fixed.length}`, pair: [opener, place] });
    } else if (!optional.has(image) && !(image === '|' && images[place - 1] === '=')) fixed.push(place);
  }
  found.sort((a, b) => a.pair[0] - b.pair[0]);
  const pairs = new Map<string, Pair[]>();
  for (const { key, pair } of found) {
    const known = pairs.get(key);
    if (known === undefined) pairs.set(key, [pair]);
    else known.push(pair);
  }
  return { fixed, pairs };
}
