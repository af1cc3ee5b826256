import type * as tree from '../syntax/tree.ts';
import { declaredName } from '../types/type.ts';
import type { Type } from '../types/typed.ts';
import { differ } from '../types/unify.ts';

/** What the parts of one thing are called in its other version. */

/** A rule, and the clause that says it. */
export interface ByClause {
  readonly clause: tree.Clause;
}

/** What is the same under another name, from `source` to `target`. */
export interface Rename extends ByClause {
  readonly source: string;
  readonly target: string;
}

/** `rename Item.price -> cost`, of a record type. */
export interface FieldRename extends Rename {
  /** The type of that name in the old version. */
  readonly owner: Type;
  /** What has that name in the new version: one, or the instances of a generic type; none where the name is gone. */
  readonly targets: readonly Type[];
}

/** Renames as they are seen in a direction. */
export function turned<T extends { readonly source: unknown; readonly target: unknown }>(
  renames: readonly T[],
  direction: 'forward' | 'back',
): readonly T[] {
  if (direction === 'forward') return renames;
  return renames.map((rename) => ({ ...rename, source: rename.target, target: rename.source }));
}

/**
 * The renames, as they are written, that speak of the fields of a record type which became another. The
 * old one has the structure of the named type; and the new one has that of the named type, too, or has
 * nothing of the old name. What keeps a field of that name, and is another type, keeps what is in it.
 */
export function renamesOfRecord<T extends FieldRename>(
  renames: readonly T[],
  older: Type & { kind: 'record' },
  newer: Type & { kind: 'record' },
): readonly T[] {
  const ofOld = renames.filter(({ owner }) => owner === older || !differ(owner, older));
  // What names the type itself comes before what has its structure.
  const ranked = ofOld.flatMap((rename) => {
    const isNamed = rename.targets.some((target) => isOfName(target, newer));
    const isEqual = isNamed || rename.targets.some((target) => !differ(target, newer));
    if (!isEqual && keeps(newer, rename)) return [];
    return [{ rename, rank: isNamed ? 0 : isEqual ? 1 : 2 }];
  });
  ranked.sort((a, b) => a.rank - b.rank);
  const sources = new Set<string>();
  const names = new Set<string>();
  return ranked.flatMap(({ rename }) => {
    const { source, target } = rename;
    if (sources.has(source) || names.has(target)) return [];
    sources.add(source);
    names.add(target);
    return [rename];
  });
}

/** Of these renames one that may be meant or not: the new type keeps the name, and has that of the named type by its structure alone. */
export function ambiguousRename<T extends FieldRename>(
  renames: readonly T[],
  newer: Type & { kind: 'record' },
): T | null {
  const isAmbiguous = (rename: T): boolean =>
    keeps(newer, rename) && !rename.targets.some((target) => isOfName(target, newer));
  return renames.find(isAmbiguous) ?? null;
}

const keeps = ({ fields }: Type & { kind: 'record' }, { source }: Rename): boolean =>
  fields.some(({ name }) => name === source);

/** Whether a type is the declared one, and not another of its structure. */
export function isOfName(declared: Type, type: Type): boolean {
  const name = declaredName(declared);
  return declared === type || (name !== null && name === declaredName(type) && !differ(declared, type));
}

/**
 * The names of one version to those of the other. A name that a rename leads to, or from, is no
 * longer itself: after `rename a -> b` an `a` of the new version is a new one.
 */
export class Renames {
  readonly #bySource: ReadonlyMap<string, Rename>;
  readonly #byTarget: ReadonlyMap<string, Rename>;
  readonly #used: Set<tree.Clause>;

  /** Counts the renames from a name of the one to a name of the other; those that are asked for are `used`. */
  constructor(
    renames: readonly Rename[],
    sources: readonly string[],
    targets: readonly string[],
    used: Set<tree.Clause>,
  ) {
    const own = renames.filter(({ source, target }) => sources.includes(source) && targets.includes(target));
    this.#bySource = new Map(own.map((rename) => [rename.source, rename]));
    this.#byTarget = new Map(own.map((rename) => [rename.target, rename]));
    this.#used = used;
  }

  /** What becomes of a name; null where another one has taken it. */
  targetOf(name: string): string | null {
    const rename = this.#bySource.get(name);
    if (rename !== undefined) this.#used.add(rename.clause);
    return rename?.target ?? (this.#byTarget.has(name) ? null : name);
  }

  /** Where a name comes from; null where it has left to another one. */
  sourceOf(name: string): string | null {
    const rename = this.#byTarget.get(name);
    if (rename !== undefined) this.#used.add(rename.clause);
    return rename?.source ?? (this.#bySource.has(name) ? null : name);
  }
}
