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
  const open: { readonly term: Term; readonly parts: readonly Term[]; readonly results: T[] }[] = [];
  const enter = (term: Term): void => void open.push({ term, parts: partsOfTerm(term), results: [] });
  enter(root);
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const { term, parts, results } = top;
    let missing: Term | null = null;
    while (missing === null && results.length < parts.length) {
      const part = parts[results.length];
      const result = memo.get(part);
      if (result === undefined) missing = part;
      else results.push(result);
    }
    if (missing === null) {
      memo.set(term, combine(term, results));
      open.pop();
    } else enter(missing);
  }
  return memo.get(root) as T;
}
