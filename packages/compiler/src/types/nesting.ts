import type { Span } from '@smc/protocol';

/**
 * The nesting of a syntax tree, found without recursion: what is deeper than `NESTING_MAX` is
 * refused before anything walks it recursively, here and in the phases that follow.
 */

/** Levels of the tree: an expression, a pattern, a command, a block is one each. */
export const NESTING_MAX = 1_000;

/** The first place that is nested too deeply, or null. */
export function tooDeep(root: object): Span | null {
  const open: { node: object; depth: number }[] = [{ node: root, depth: 0 }];
  while (open.length > 0) {
    const { node, depth } = open.pop() as { node: object; depth: number };
    const span = spanOf(node);
    const isLevel = span !== null && ('kind' in node || 'commands' in node);
    const below = isLevel ? depth + 1 : depth;
    if (below > NESTING_MAX) return span;
    const parts: readonly unknown[] = Array.isArray(node) ? node : Object.values(node);
    for (const part of parts)
      if (typeof part === 'object' && part !== null) open.push({ node: part, depth: below });
  }
  return null;
}

function spanOf(node: object): Span | null {
  if (!('span' in node)) return null;
  return node.span as Span;
}
