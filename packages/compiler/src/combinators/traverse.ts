import type { Term } from './term.ts';

/**
 * Walking terms without recursion: a term may be nested as deeply as a program is long, and
 * the stack of the host is not. Composition counts as n-ary here, since that is how it grows.
 */

const NONE: readonly Term[] = [];

/** The parts of a term in the order in which they run; of a composition, its stages. */
export function partsOfTerm(term: Term): readonly Term[] {
  switch (term.kind) {
    case 'compose':
      return stages(term);
    case 'fork':
      return term.parts;
    case 'list':
      return term.items;
    case 'case':
      return term.arms;
    case 'if':
      return [term.then, term.else];
    case 'curry':
    case 'fold':
    case 'map':
      return [term.body];
    default:
      return NONE;
  }
}

/** A composition, nested in any way, as the terms that it runs one after the other; any other term alone. */
export function stages(term: Term): Term[] {
  const found: Term[] = [];
  const pending = [term];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (next.kind === 'compose') pending.push(next.second, next.first);
    else found.push(next);
  }
  return found;
}

/**
 * The result of `combine` for a term, given the results of its parts; each term is visited
 * once. Results, never undefined, are kept in `memo`, which may be used again for other terms.
 */
export function bottomUp<T>(
  root: Term,
  memo: Map<Term, T>,
  combine: (term: Term, parts: readonly T[]) => T,
): T {
  const known = memo.get(root);
  if (known !== undefined) return known;
  const pending = [root];
  while (pending.length > 0) {
    const length = pending.length;
    const term = pending[length - 1];
    if (!memo.has(term)) {
      const results: T[] = [];
      for (const part of partsOfTerm(term)) {
        const result = memo.get(part);
        if (result === undefined) pending.push(part);
        else results.push(result);
      }
      if (pending.length > length) continue;
      memo.set(term, combine(term, results));
    }
    pending.pop();
  }
  return memo.get(root) as T;
}
