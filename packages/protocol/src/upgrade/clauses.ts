import type { UpgradeClause } from '../image.ts';
import type { TypeId, TypeTable } from '../type.ts';
import { KEY_STEP, type Leaf, unreadInside } from './reads.ts';

/**
 * What the clauses of an upgrade give up. A clause may speak of a part from the state or an
 * operation, or from any declared sum on the way to it; items of lists, sets and options and the
 * keys and values of maps have no name. A rename gives up nothing: what it speaks of is kept only
 * where it is read. All paths of clauses are one trie, and a part is reached with the places of
 * the trie that its names lead to: so the work is linear in the parts and their depth, however
 * many clauses there are.
 */

/** A value of which a conversion may have left parts unread: the state, or a parameter of an operation. */
export interface Converted {
  /** `state`, or the operation and the name of the parameter. */
  readonly path: readonly string[];
  readonly type: TypeId;
  /** What the conversion does not read of it; paths start with that of the value. */
  readonly unread: readonly Leaf[];
}

/** What of the unread parts is lost, and what was given up on purpose. */
export function settle(
  types: TypeTable,
  values: readonly Converted[],
  clauses: readonly UpgradeClause[],
): { lost: Leaf[]; dropped: Leaf[] } {
  const lost: Leaf[] = [];
  const dropped: Leaf[] = [];
  const trie = trieOf(clauses);
  for (const value of values) {
    const walk = new ClauseWalk(types, value, trie);
    const settleLeaf = (leaf: Leaf): void => {
      const { isGivenUp, names } = walk.to(leaf.path);
      // A clause for a part of it: then every part needs one.
      const inside = names.length > 0 && isDivisible(types, leaf.type) ? unreadInside(types, leaf) : [];
      if (isGivenUp) dropped.push(leaf);
      else if (inside.length > 0) inside.forEach(settleLeaf);
      else lost.push(leaf);
    };
    value.unread.forEach(settleLeaf);
  }
  return { lost, dropped };
}

/** Whether clauses for parts can take the place of one for the whole. The constructor of a sum has none. */
function isDivisible(types: TypeTable, type: TypeId): boolean {
  const { kind } = types.node(type);
  return (
    types.components(type) !== null ||
    kind === 'list' ||
    kind === 'set' ||
    kind === 'map' ||
    isOption(types, type)
  );
}

/** `Option`, whose constructors take no step. */
function isOption(types: TypeTable, type: TypeId): boolean {
  const node = types.node(type);
  return node.kind === 'sum' && node.name === 'Option' && node.constructors.length === 2;
}

/** A place in the trie of all clauses. */
interface ClausePlace {
  readonly next: Map<string, ClausePlace>;
  /** Whether a clause ends here. */
  isEnd: boolean;
}

function trieOf(clauses: readonly UpgradeClause[]): ClausePlace {
  const root: ClausePlace = { next: new Map(), isEnd: false };
  for (const { kind, path } of clauses) {
    if (kind !== 'drop') continue;
    let place = root;
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
  return root;
}

/** A part of a value, as the clauses see it. */
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
  readonly #clauses: ClausePlace;
  /** How many steps lead to the value. */
  readonly #start: number;
  /** The value, and on to the part that was reached last. */
  readonly #way: NamedPart[];

  constructor(types: TypeTable, { path, type }: Converted, clauses: ClausePlace) {
    this.#types = types;
    this.#clauses = clauses;
    this.#start = path.length;
    let place: ClausePlace | undefined = clauses;
    let isGivenUp = false;
    for (const step of path) {
      place = place?.next.get(step);
      isGivenUp ||= place?.isEnd === true;
    }
    const names = place === undefined ? [] : [place];
    this.#way = [{ step: path[path.length - 1], type, names, isGivenUp }];
  }

  to(path: readonly string[]): NamedPart {
    const way = this.#way;
    const steps = path.slice(this.#start);
    let shared = 0;
    while (shared < Math.min(steps.length, way.length - 1) && way[shared + 1].step === steps[shared])
      shared++;
    way.length = shared + 1;
    for (const step of steps.slice(shared)) way.push(this.#inside(way[way.length - 1], step));
    return way[way.length - 1];
  }

  #from(name: string): readonly ClausePlace[] {
    const place = this.#clauses.next.get(name);
    return place === undefined ? [] : [place];
  }

  #inside({ type, names, isGivenUp }: NamedPart, step: string): NamedPart {
    const node = this.#types.node(type);
    const part = partNamed(this.#types, type, step);
    if (['list', 'set', 'map'].includes(node.kind) || isOption(this.#types, type)) {
      return { step, type: part, names, isGivenUp };
    }
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
  if (node.kind === 'list' || node.kind === 'set') return node.item;
  if (node.kind === 'map') return step === KEY_STEP ? node.key : node.value;
  throw new Error(`a step ${step} into a ${node.kind}`);
}
