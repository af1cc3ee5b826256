import type * as tree from '../syntax/tree.ts';

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
