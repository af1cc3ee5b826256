import type { Token } from '../tokens.ts';

/**
 * Which token of a text is which of those that are printed of it. Of the text, commas, semicolons, a bar
 * after a `=` and needless brackets may be left out, and others put in; all else is the same, in the same order.
 */
export interface Alignment {
  /** How many tokens are printed. */
  readonly count: number;
  /** The text of a printed token; nothing where there is none. */
  image(printed: number): string | undefined;
  /** The last printed token before a place in the text; -1 where there is none. */
  printedBefore(place: number): number;
  /** The first printed token from a place in the text on; `count` where there is none. */
  printedFrom(place: number): number;
}

/** What may be put in and left out, beside brackets. */
const optional = new Set([',', ';']);

const closerOf: Readonly<Record<string, string>> = { '(': ')', '{': '}', '[': ']' };
const closers = new Set(Object.values(closerOf));

/** Aligns the tokens of a text with the texts of those that are printed. */
export function align(tokens: readonly Token[], printed: readonly string[]): Alignment {
  const source = describe(tokens.map(({ image }) => image));
  const target = describe(printed);
  if (source.fixed.length !== target.fixed.length)
    throw new Error('other tokens are printed than are written');
  const printedAs = tokens.map(() => -1);
  for (const [i, place] of source.fixed.entries()) {
    const other = target.fixed[i]!;
    if (tokens[place]!.image !== printed[other])
      throw new Error(`${printed[other]} is printed for ${tokens[place]!.image}`);
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
  const before: number[] = [-1];
  for (const at of printedAs) before.push(at < 0 ? before.at(-1)! : at);
  const from: number[] = [printed.length];
  for (const at of printedAs.toReversed()) from.push(at < 0 ? from.at(-1)! : at);
  from.reverse();
  return {
    count: printed.length,
    image: (at) => printed[at],
    printedBefore: (place) => before[place]!,
    printedFrom: (place) => from[place]!,
  };
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
    if (closerOf[image] !== undefined) open.push({ place, from: fixed.length });
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
