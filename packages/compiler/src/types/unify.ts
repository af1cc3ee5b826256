import { ERROR, partsOf, prune, substitute, TYPE_DEPTH_MAX, TYPE_NODES_MAX } from './type.ts';
import type { Type, UnknownCell } from './typed.ts';

/**
 * Unification (Robinson 1965; Milner 1978), by a list of pairs instead of recursion, with a
 * bound on the work: two types of bounded size are unified within it, and what exceeds it is
 * too large for the bytecode anyway.
 */

/** What came of making two types the same. */
export type Unification = 'same' | 'different' | 'too large';

const PAIRS_MAX = 4 * TYPE_NODES_MAX;

/** Makes two types the same by solving unknowns; where that fails, none is solved. */
export function unify(left: Type, right: Type): Unification {
  const solved: UnknownCell[] = [];
  const outcome = unifyPairs(left, right, solved);
  if (outcome !== 'same') for (const cell of solved) cell.solution = null;
  return outcome;
}

function unifyPairs(left: Type, right: Type, solved: UnknownCell[]): Unification {
  const pending: [Type, Type][] = [[left, right]];
  for (let count = 0; pending.length > 0; count++) {
    if (count > PAIRS_MAX) return 'too large';
    const pair = pending.pop() as [Type, Type];
    const a = prune(pair[0]);
    const b = prune(pair[1]);
    if (a === b) continue;
    if (a.kind === 'unknown' && a !== ERROR) {
      const outcome = solve(a.cell, b, solved);
      if (outcome !== 'same') return outcome;
    } else if (b.kind === 'unknown' && b !== ERROR) {
      const outcome = solve(b.cell, a, solved);
      if (outcome !== 'same') return outcome;
    } else if (a !== ERROR && b !== ERROR) {
      const payloads = sameNode(a, b) ? [] : payloadsOf(a, b);
      if (payloads === null) return 'different';
      // The arguments are looked at first. One by one: a tuple may have any number of components here.
      for (const each of payloads) pending.push(each);
      for (const each of pairs(partsOf(a), partsOf(b))) pending.push(each);
    }
  }
  return 'same';
}

const pairs = (left: readonly Type[], right: readonly Type[]): [Type, Type][] =>
  left.map((part, i) => [part, right[i]]);

/**
 * The arguments of the constructors of two sums that are declared alike but for them; null
 * where they are not. Declarations of one meaning have one identity, but for what bytecode has of
 * generic ones: their instances.
 */
function payloadsOf(a: Type, b: Type): [Type, Type][] | null {
  if (a.kind !== 'sum' || b.kind !== 'sum') return null;
  const [left, right] = [a.declaration, b.declaration];
  const isAlike =
    left.name === right.name &&
    a.arguments.length === b.arguments.length &&
    left.constructors.length === right.constructors.length &&
    left.constructors.every(({ name, labels }, i) => {
      const other = right.constructors[i];
      return name === other.name && JSON.stringify(labels) === JSON.stringify(other.labels);
    });
  if (!isAlike) return null;
  return left.constructors.map(({ payload }, i) => [
    substitute(payload, a.arguments),
    substitute(right.constructors[i].payload, b.arguments),
  ]);
}

/** Whether two types, neither of them unknown, are the same but for their parts. */
export function sameNode(a: Type, b: Type): boolean {
  if (a.kind !== b.kind) return false;
  if (a.kind === 'tuple' && b.kind === 'tuple') return a.items.length === b.items.length;
  if (a.kind === 'record' && b.kind === 'record') {
    return a.fields.length === b.fields.length && a.fields.every(({ name }, i) => name === b.fields[i].name);
  }
  if (a.kind === 'sum' && b.kind === 'sum') return a.declaration.identity === b.declaration.identity;
  if (a.kind === 'parameter' && b.kind === 'parameter') return a.index === b.index;
  return true;
}

/** Looks through the type level by level, so that one that is too deep is soon given up. */
function solve(cell: UnknownCell, type: Type, solved: UnknownCell[]): Unification {
  const seen = new Set<Type>();
  let level: readonly Type[] = [type];
  for (let depth = 1; level.length > 0; depth++) {
    const next: Type[] = [];
    for (const part of level.map(prune)) {
      if (part.kind === 'unknown' && part.cell === cell) return 'different';
      if (seen.has(part)) continue;
      seen.add(part);
      for (const each of partsOf(part)) next.push(each);
    }
    if (depth > TYPE_DEPTH_MAX || seen.size > TYPE_NODES_MAX) return 'too large';
    level = next;
  }
  cell.solution = type;
  solved.push(cell);
  return 'same';
}

/** Where two types differ: the steps to the one part that does, and what it is in each. */
export interface Difference {
  readonly path: readonly Step[];
  readonly expected: Type;
  readonly actual: Type;
}

/** A step from a type to a part of it. */
export type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'component'; readonly index: number }
  | { readonly kind: 'item' }
  | { readonly kind: 'input' }
  | { readonly kind: 'output' }
  | { readonly kind: 'argument'; readonly index: number };

const PATH_LENGTH_MAX = 8;

/** Descends as long as exactly one part differs. */
export function difference(expected: Type, actual: Type): Difference {
  const path: Step[] = [];
  let a = prune(expected);
  let b = prune(actual);
  while (path.length < PATH_LENGTH_MAX && a.kind !== 'unknown' && b.kind !== 'unknown' && sameNode(a, b)) {
    const partsOfB = partsOf(b);
    const differing = partsOf(a).flatMap((part, i) => (differ(part, partsOfB[i]) ? [i] : []));
    if (differing.length !== 1) break;
    path.push(stepInto(a, differing[0]));
    const part = partsOf(a)[differing[0]];
    b = prune(partsOfB[differing[0]]);
    a = prune(part);
  }
  return { path, expected: a, actual: b };
}

function stepInto(type: Type, index: number): Step {
  if (type.kind === 'record') return { kind: 'field', name: type.fields[index].name };
  if (type.kind === 'tuple') return { kind: 'component', index };
  if (type.kind === 'function') return { kind: index === 0 ? 'input' : 'output' };
  return type.kind === 'list' || type.kind === 'set' ? { kind: 'item' } : { kind: 'argument', index };
}

/** Whether two types could not be made the same; nothing is solved. */
export function differ(a: Type, b: Type): boolean {
  const solved: UnknownCell[] = [];
  const outcome = unifyPairs(a, b, solved);
  for (const cell of solved) cell.solution = null;
  return outcome !== 'same';
}
