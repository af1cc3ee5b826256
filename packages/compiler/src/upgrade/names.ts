import type { ModuleScope } from '../types/scope.ts';
import { BUILT_IN_CONSTRUCTORS, type ConstructorReference } from '../types/sums.ts';
import { declaredName, prune } from '../types/type.ts';
import type { SumDeclaration, Type } from '../types/typed.ts';
import { differ } from '../types/unify.ts';

/** The name under which the older version is imported, where nothing else has it. */
const ALIAS = 'old';

/** How what two versions declare is called in the file of the newer one, which imports the older. */
export class Names {
  /** What stands before a name of the older version. */
  readonly alias: string;
  readonly #older: ModuleScope;
  readonly #newer: ModuleScope;

  /** `written`: the alias that clauses of the file use already. */
  constructor(older: ModuleScope, newer: ModuleScope, written: string | null) {
    this.#older = older;
    this.#newer = newer;
    const imported = [...newer.imports].find(([, scope]) => scope?.file === older.file)?.[0];
    this.alias = written ?? imported ?? this.#free(ALIAS);
  }

  /** A constructor, by what a pattern or an expression calls it; null where it has no name there. */
  constructorOf(declaration: SumDeclaration, index: number): string | null {
    const { name } = declaration.constructors[index];
    const isIt = (found: ConstructorReference | undefined): boolean =>
      found?.declaration.identity === declaration.identity && found.index === index;
    if (isIt(this.#newer.constructors.get(name)) || isIt(BUILT_IN_CONSTRUCTORS.get(name))) return name;
    if (isIt(this.#older.constructors.get(name))) return `${this.alias}.${name}`;
    for (const [alias, scope] of this.#newer.imports)
      if (alias !== this.alias && isIt(scope?.constructors.get(name))) return `${alias}.${name}`;
    return null;
  }

  /**
   * The name by which a clause speaks of a type of both versions, and what it stands for in the newer one: its own before
   * that of another that looks like it; null where it has none.
   */
  typeOf(
    older: Type,
    newer: Type,
    renamed: (declaration: SumDeclaration) => string | null,
  ): { readonly name: string; readonly type: Type } | null {
    const own = declaredName(newer);
    for (const name of [...(own === null ? [] : [own]), ...this.#older.types.keys()]) {
      const before = this.#older.types.get(name);
      if (before === undefined || before.parameters > 0 || differ(before.type, older)) continue;
      const other = older.kind === 'sum' ? (renamed(older.declaration) ?? name) : name;
      const found = this.#newer.types.get(other);
      if (found !== undefined && found.parameters === 0 && !differ(found.type, newer))
        return { name: other, type: prune(found.type) };
    }
    return null;
  }

  /** Whether an import has this name: a variable of that name would hide it. */
  isTaken(name: string): boolean {
    return name === this.alias || this.#newer.imports.has(name);
  }

  #free(name: string): string {
    let free = name;
    for (let i = 2; this.#newer.imports.has(free); i++) free = `${name}${i}`;
    return free;
  }
}
