import type { Span } from '@smc/protocol';

/**
 * The nesting of a syntax tree, found without recursion: what is deeper than `NESTING_MAX` is
 * refused before anything walks it recursively, here and in the phases that follow.
 */

/** Levels of the tree: an expression, a pattern, a command, a block is one each. */
export const NESTING_MAX = 1_000;

/** More levels than this are never made of one character of source. */
export const LEVELS_OF_CHARACTER_MAX = 8;

/** The first place that is nested too deeply, or null. */
export function tooDeep(root: object): Span | null {
  const nodes = [root];
  const depths = [0];
  for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
    const span = 'span' in node ? (node.span as Span) : null;
    const isLevel = span !== null && ('kind' in node || 'commands' in node);
    const below = depths.pop()! + (isLevel ? 1 : 0);
    if (below > NESTING_MAX) return span;
    // Most of a program is too short to be deep: only what is long is looked into.
    if (span !== null && below + (span.end - span.start) * LEVELS_OF_CHARACTER_MAX <= NESTING_MAX) continue;
    const parts: readonly unknown[] = Array.isArray(node) ? node : Object.values(node);
    for (const part of parts) {
      if (typeof part !== 'object' || part === null || part === span) continue;
      nodes.push(part);
      depths.push(below);
    }
  }
  return null;
}
