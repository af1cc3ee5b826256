import type { UpgradeClause } from '../image.ts';
import type { TypeId, TypeTable } from '../type.ts';
import { type Leaf, unreadInside } from './reads.ts';

/**
 * What the clauses of an upgrade give up. A clause may speak of a part from the state, or from
 * any declared sum on the way to it; items of lists have no name. All paths of clauses are one
 * trie, and a part is reached with the places of the trie that its names lead to: so the work
 * is linear in the parts and their depth, however many clauses there are.
 */

/** What of the unread parts is lost, and what was given up on purpose. */
export function settle(
  types: TypeTable,
  state: TypeId,
  unread: readonly Leaf[],
  clauses: readonly UpgradeClause[],
): { lost: Leaf[]; dropped: Leaf[] } {
  const lost: Leaf[] = [];
  const dropped: Leaf[] = [];
  const walk = new ClauseWalk(types, state, clauses);
  const settleLeaf = (leaf: Leaf): void => {
    const { isGivenUp, names } = walk.to(leaf.path);
    // A clause for a part of it: then every part needs one.
    const inside = names.length > 0 && isDivisible(types, leaf.type) ? unreadInside(types, leaf) : [];
    if (isGivenUp) dropped.push(leaf);
    else if (inside.length > 0) inside.forEach(settleLeaf);
    else lost.push(leaf);
  };
  unread.forEach(settleLeaf);
  return { lost, dropped };
}

/** Whether clauses for parts can take the place of one for the whole. The constructor of a sum has none. */
function isDivisible(types: TypeTable, type: TypeId): boolean {
  return types.components(type) !== null || types.node(type).kind === 'list';
}

/** A place in the trie of all clauses. */
interface ClausePlace {
  readonly next: Map<string, ClausePlace>;
  /** Whether a clause ends here. */
  isEnd: boolean;
}

/** A part of the state, as the clauses see it. */
interface NamedPart {
  readonly step: string;
  readonly type: TypeId;
  /** Where its names lead to: each is the start of a clause, or all of it. */
  readonly names: readonly ClausePlace[];
  /** Whether a clause speaks of it, or of what it is in. */
  readonly isGivenUp: boolean;
}

/** Goes from part to part: what two paths share in the beginning is gone once. */
class ClauseWalk {
  readonly #types: TypeTable;
  readonly #clauses: ClausePlace = { next: new Map(), isEnd: false };
  /** The state, and on to the part that was reached last. */
  readonly #way: NamedPart[];

  constructor(types: TypeTable, state: TypeId, clauses: readonly UpgradeClause[]) {
    this.#types = types;
    for (const { path } of clauses) this.#add(path);
    const names = this.#from('state');
    this.#way = [{ step: 'state', type: state, names, isGivenUp: names.some(({ isEnd }) => isEnd) }];
  }

  to(path: readonly string[]): NamedPart {
    const way = this.#way;
    let shared = 1;
    while (shared < Math.min(path.length, way.length) && way[shared].step === path[shared]) shared++;
    way.length = shared;
    for (const step of path.slice(shared)) way.push(this.#inside(way[way.length - 1], step));
    return way[way.length - 1];
  }

  #add(path: readonly string[]): void {
    let place = this.#clauses;
    for (const step of path) {
      let next = place.next.get(step);
      if (next === undefined) {
        next = { next: new Map(), isEnd: false };
        place.next.set(step, next);
      }
      place = next;
    }
    place.isEnd = true;
  }

  #from(name: string): readonly ClausePlace[] {
    const place = this.#clauses.next.get(name);
    return place === undefined ? [] : [place];
  }

  #inside({ type, names, isGivenUp }: NamedPart, step: string): NamedPart {
    const node = this.#types.node(type);
    const part = partNamed(this.#types, type, step);
    if (node.kind === 'list') return { step, type: part, names, isGivenUp };
    const outer = node.kind === 'sum' ? [...names, ...this.#from(node.name)] : names;
    const inner = outer.flatMap((place) => place.next.get(step) ?? []);
    const isNamed = [...outer, ...inner].some(({ isEnd }) => isEnd);
    return { step, type: part, names: inner, isGivenUp: isGivenUp || isNamed };
  }
}

function partNamed(types: TypeTable, type: TypeId, step: string): TypeId {
  const node = types.node(type);
  if (node.kind === 'tuple') return node.items[Number(step)];
  if (node.kind === 'record') return node.fields.find((field) => field.name === step)!.type;
  if (node.kind === 'sum') return node.constructors.find((constructor) => constructor.name === step)!.payload;
  if (node.kind === 'list') return node.item;
  throw new Error(`a step ${step} into a ${node.kind}`);
}
