import type { Span } from '@smc/protocol';
import type { Comment } from '../lexer.ts';
import type { Module } from '../tree.ts';

/**
 * Where each comment of a file is kept when the file is laid out anew.
 *
 * Comments belong to *items*: what stands on lines of its own when its list is broken
 * (declarations, members, commands, arms, fields, arguments, operands of a chain) and what may
 * start a line (the value after a `=`). A comment is kept before an item, at the end of its
 * line, or at the end of the list, before the closing bracket. One in any other place goes to
 * the line before the item that it is in. So that laying out twice changes nothing, what is
 * printed is found again in the same place.
 */
export interface Attached {
  /** On lines of their own before the item. */
  readonly before: ReadonlyMap<object, readonly Comment[]>;
  /** At the end of the line that the item ends. */
  readonly after: ReadonlyMap<object, Comment>;
  /** On lines of their own after the last item of a list. */
  readonly ending: ReadonlyMap<readonly object[], readonly Comment[]>;
}

/** Anything of the tree that has a place. */
export interface Placed {
  readonly span: Span;
}

/**
 * A list of items of a node. In `brackets` comments can stand anywhere. A `chain` (`a || b`) has
 * operators between its items: a comment can only end a line of it. A `value` is one item that
 * may start a line: a comment can stand before it, and end its line.
 */
export interface ItemList {
  readonly kind: 'brackets' | 'chain' | 'value';
  readonly items: readonly Placed[];
}

/** The lists of a node, in the order of their places. */
export type ListsOf = (node: Placed) => readonly ItemList[];

/** Finds the place of each comment. `listsOf` gives the lists that the printer prints. */
export function attach(
  module: Module,
  comments: readonly Comment[],
  text: string,
  listsOf: ListsOf,
): Attached {
  const before = new Map<object, Comment[]>();
  const after = new Map<object, Comment>();
  const ending = new Map<readonly object[], Comment[]>();
  for (const comment of comments) {
    const found = placeOf(module, comment, text, listsOf);
    if (found.place === 'after' && !after.has(found.item)) after.set(found.item, comment);
    else if (found.place === 'ending') push(ending, found.list, comment);
    else push(before, found.item, comment);
  }
  return { before, after, ending };
}

function push<K>(map: Map<K, Comment[]>, key: K, comment: Comment): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [comment]);
  else known.push(comment);
}

type Place =
  | { readonly place: 'before' | 'after'; readonly item: object }
  | { readonly place: 'ending'; readonly list: readonly object[] };

function placeOf(module: Module, comment: Comment, text: string, listsOf: ListsOf): Place {
  const { start, end } = comment.span;
  // Down to the innermost node around the comment, and the last item on the way.
  let item: Placed | null = null;
  let node: Placed = module;
  let lists = listsOf(module);
  for (let inner = childAround(node, start, end); inner !== null; inner = childAround(node, start, end)) {
    if (lists.some(({ items, kind }) => kind !== 'chain' && items.includes(inner))) item = inner;
    node = inner;
    lists = listsOf(node);
  }
  const here = listsOf(node);
  const list = here.findLast(({ items }) => items.length > 0 && items[0].span.start <= start);
  const previous = list?.items.findLast(({ span }) => span.end <= start);
  if (list !== undefined && previous !== undefined && endsLine(comment, previous.span.end, list, text)) {
    return { place: 'after', item: previous };
  }
  for (const { items, kind } of here) {
    const next = items.find(({ span }) => span.start >= end);
    if (next !== undefined && kind !== 'chain') return { place: 'before', item: next };
  }
  const last = here.at(-1);
  if (last?.kind === 'brackets') return { place: 'ending', list: last.items };
  // The module takes what nothing else does.
  return item === null ? { place: 'ending', list: listsOf(module)[0].items } : { place: 'before', item };
}

/** Whether a comment ends the line on which what is before it ended. */
function endsLine(comment: Comment, from: number, list: ItemList, text: string): boolean {
  const between = text.slice(from, comment.span.start);
  const isClose = (list.kind === 'chain' ? /^[ \t)\]},;]*$/ : /^[ \t,;]*$/).test(between);
  if (!isClose || comment.text.includes('\n')) return false;
  return (
    comment.kind === 'line' || /^[ \t\r]*(\n|$)/.test(text.slice(comment.span.end, comment.span.end + 200))
  );
}

/** The node directly in another that encloses a stretch of the text. */
function childAround(node: object, start: number, end: number): Placed | null {
  const open: unknown[] = Object.values(node);
  for (let next = open.pop(); next !== undefined || open.length > 0; next = open.pop()) {
    if (typeof next !== 'object' || next === null || next instanceof Uint8Array) continue;
    const { span } = next as Partial<Placed>;
    if (span === undefined) for (const each of Object.values(next)) open.push(each);
    else if (span.start <= start && end <= span.end && next !== node) return next as Placed;
  }
  return null;
}
