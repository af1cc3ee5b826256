import type { Image, UpgradeClause } from '../image.ts';
import type { TypeId, TypeTable } from '../type.ts';
import { KEY_STEP, type Leaf, unreadInside } from './reads.ts';

/**
 * What the clauses of an upgrade give up. A clause may speak of a part from the state or an
 * operation, or from a type wherever that occurs on the way to it; items of lists, sets and options
 * and the keys and values of maps have no name. A rename gives up nothing: what it speaks of is kept
 * only where it is read. The paths of clauses are tries, one for each type and one for the rest, and
 * a part is reached with the places of the tries that its names lead to: so the work is linear in
 * the parts and their depth, however many clauses there are.
 */

/** A value of which a conversion may have left parts unread: the state, or a parameter of an operation. */
export interface Converted {
  /** `state`, or the operation and the name of the parameter. */
  readonly path: readonly string[];
  readonly type: TypeId;
  /** What the conversion does not read of it; paths start with that of the value. */
  readonly unread: readonly Leaf[];
}

/** The clauses of an upgrade, with the table that their types are in. */
export interface ClausesOf {
  readonly clauses: readonly UpgradeClause[];
  readonly types: TypeTable;
}

/** What of the unread parts is lost, and what was given up on purpose. */
export interface Settlement {
  readonly lost: readonly Leaf[];
  readonly dropped: readonly Leaf[];
  /** The drops, by index, that give up nothing: there is no such part, or all of it is read. */
  readonly needless: readonly number[];
}

/** Settles what conversions leave unread of values, whose types are in `types`. */
export function settle(types: TypeTable, values: readonly Converted[], upgrade: ClausesOf): Settlement {
  const lost: Leaf[] = [];
  const dropped: Leaf[] = [];
  const used = new Set<number>();
  const tries = new Tries(types, upgrade);
  for (const value of values) {
    const walk = new ClauseWalk(types, value, tries);
    const settleLeaf = (leaf: Leaf): void => {
      const { givenUpBy, names } = walk.to(leaf.path);
      // A clause for a part of it: then every part needs one.
      const inside = names.length > 0 && isDivisible(types, leaf.type) ? unreadInside(types, leaf) : [];
      for (const clause of givenUpBy) used.add(clause);
      if (givenUpBy.length > 0) dropped.push(leaf);
      else if (inside.length > 0) inside.forEach(settleLeaf);
      else lost.push(leaf);
    };
    value.unread.forEach(settleLeaf);
  }
  const needless = upgrade.clauses.flatMap(({ kind }, i) => (kind === 'drop' && !used.has(i) ? [i] : []));
  return { lost, dropped, needless };
}

/**
 * Whether what a clause speaks of is in the old version. Of a type that the image does not have nothing
 * is said: it may be one that nothing of the machine holds.
 */
export function isInOld(
  { operations, unit: { types }, state }: Image,
  clause: UpgradeClause,
  of: TypeTable,
): boolean {
  const { type, path } = clause;
  if (type !== null) {
    const own = types.find(of, type, new Map());
    return own === null || leadsOn(types, own, path);
  }
  const [first, ...rest] = path;
  if (first === 'state') return rest.length > 0 && leadsOn(types, state, rest);
  const operation = operations.find(({ name }) => name === first);
  if (operation === undefined || rest.length === 0) return operation !== undefined;
  const parameter = operation.parameters.find(({ name }) => name === rest[0]);
  return parameter !== undefined && leadsOn(types, parameter.type, rest.slice(1));
}

/** Whether a path leads anywhere from a type; the depth and the size of types are bounded. */
function leadsOn(types: TypeTable, type: TypeId, path: readonly string[]): boolean {
  const [step, ...rest] = path;
  if (step === undefined) return true;
  const node = types.node(type);
  switch (node.kind) {
    case 'tuple':
      return node.items.some((item, i) => String(i) === step && leadsOn(types, item, rest));
    case 'record':
      return node.fields.some(({ name, type: field }) => name === step && leadsOn(types, field, rest));
    case 'list':
    case 'set':
      return leadsOn(types, node.item, path);
    case 'map':
      return leadsOn(types, node.key, path) || leadsOn(types, node.value, path);
    case 'sum':
      return isOption(types, type)
        ? node.constructors.some(({ labels, payload }) => labels === null && leadsOn(types, payload, path))
        : node.constructors.some(({ name, payload }) => name === step && leadsOn(types, payload, rest));
    default:
      return false;
  }
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

/** A place in a trie of clauses. */
interface ClausePlace {
  readonly next: Map<string, ClausePlace>;
  /** The first clause that ends here, by index. */
  end: number | null;
}

const emptyPlace = (): ClausePlace => ({ next: new Map(), end: null });

const endsOf = (places: readonly ClausePlace[]): readonly number[] => places.flatMap(({ end }) => end ?? []);

/** The drops of an upgrade as tries. */
class Tries {
  /** Of the clauses that start with the state or an operation. */
  readonly root = emptyPlace();
  readonly #ofTypes = new Map<TypeId, ClausePlace>();

  constructor(types: TypeTable, { clauses, types: own }: ClausesOf) {
    const memo = new Map<TypeId, TypeId | null>();
    for (const [i, { kind, type, path }] of clauses.entries()) {
      if (kind !== 'drop') continue;
      const subject = type === null ? null : types.find(own, type, memo);
      // A type that the old version does not have occurs nowhere.
      if (type !== null && subject === null) continue;
      let place = subject === null ? this.root : this.#start(subject);
      for (const step of path) {
        const next = place.next.get(step) ?? emptyPlace();
        place.next.set(step, next);
        place = next;
      }
      place.end ??= i;
    }
  }

  #start(type: TypeId): ClausePlace {
    const place = this.#ofTypes.get(type) ?? emptyPlace();
    this.#ofTypes.set(type, place);
    return place;
  }

  /** Those that start from a type. */
  from(type: TypeId): readonly ClausePlace[] {
    const place = this.#ofTypes.get(type);
    return place === undefined ? [] : [place];
  }
}

/** A part of a value, as the clauses see it. */
interface NamedPart {
  readonly step: string;
  readonly type: TypeId;
  /** Where its names lead to: each is the start of a clause, or all of it. */
  readonly names: readonly ClausePlace[];
  /** The clauses that speak of it, or of what it is in. */
  readonly givenUpBy: readonly number[];
}

/** Goes from part to part: what two paths share in the beginning is gone once. */
class ClauseWalk {
  readonly #types: TypeTable;
  readonly #tries: Tries;
  /** How many steps lead to the value. */
  readonly #start: number;
  /** The value, and on to the part that was reached last. */
  readonly #way: NamedPart[];

  constructor(types: TypeTable, { path, type }: Converted, tries: Tries) {
    this.#types = types;
    this.#tries = tries;
    this.#start = path.length;
    let place: ClausePlace | undefined = tries.root;
    const givenUpBy: number[] = [];
    for (const step of path) {
      place = place?.next.get(step);
      if (place !== undefined) givenUpBy.push(...endsOf([place]));
    }
    const inherited = place === undefined ? [] : [place];
    const own = tries.from(type);
    this.#way = [
      {
        step: path[path.length - 1],
        type,
        names: [...inherited, ...own],
        givenUpBy: [...givenUpBy, ...endsOf(own)],
      },
    ];
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

  #inside({ type, names, givenUpBy }: NamedPart, step: string): NamedPart {
    const node = this.#types.node(type);
    const { part, isArguments } = partNamed(this.#types, type, step);
    const takesNoStep = ['list', 'set', 'map'].includes(node.kind) || isOption(this.#types, type);
    const inherited = takesNoStep ? names : names.flatMap((place) => place.next.get(step) ?? []);
    const own = isArguments ? [] : this.#tries.from(part);
    const ended = takesNoStep ? own : [...inherited, ...own];
    const by = endsOf(ended);
    return {
      step,
      type: part,
      names: [...inherited, ...own],
      givenUpBy: by.length === 0 ? givenUpBy : [...givenUpBy, ...by],
    };
  }
}

/** What a step leads to, and whether it is the record of the named arguments of a constructor. */
function partNamed(
  types: TypeTable,
  type: TypeId,
  step: string,
): { readonly part: TypeId; readonly isArguments: boolean } {
  const node = types.node(type);
  const plain = (part: TypeId) => ({ part, isArguments: false });
  if (node.kind === 'tuple') return plain(node.items[Number(step)]);
  if (node.kind === 'record') return plain(node.fields.find((field) => field.name === step)!.type);
  if (node.kind === 'sum') {
    const { payload, labels } = node.constructors.find((constructor) => constructor.name === step)!;
    return { part: payload, isArguments: labels !== null };
  }
  if (node.kind === 'list' || node.kind === 'set') return plain(node.item);
  if (node.kind === 'map') return plain(step === KEY_STEP ? node.key : node.value);
  throw new Error(`a step ${step} into a ${node.kind}`);
}
