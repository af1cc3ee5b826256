import type * as tree from '../syntax/tree.ts';
import type { WrittenWay } from '../upgrade/adapters.ts';
import {
  ambiguousRename,
  type ByClause,
  type FieldRename,
  type Rename,
  renamesOfRecord,
} from '../upgrade/renames.ts';
import { prune } from './type.ts';
import type { SumDeclaration, Type, TypedClause, TypedConversion } from './typed.ts';
import { differ } from './unify.ts';

/** What the clauses say. Renames lead from names of the old version to those of the new one. */
export class Clauses {
  migration: TypedConversion | null = null;
  back: TypedConversion | null = null;
  /** Fields of the new state, each from the whole old state. */
  readonly stateFields = new Map<string, TypedConversion & ByClause>();
  readonly types: ({
    direction: 'forward' | 'back';
    from: Type;
    to: Type;
    conversion: TypedConversion;
  } & ByClause)[] = [];
  readonly ways = new Map<string, WrittenWay>();
  readonly backWays = new Map<string, WrittenWay>();
  readonly stateRenames: Rename[] = [];
  readonly fieldRenames: FieldRename[] = [];
  readonly constructorRenames: ({ owner: SumDeclaration } & Rename)[] = [];
  /** Of named arguments; the constructor by its name in the old version. */
  readonly argumentRenames: ({ owner: SumDeclaration; constructor: string } & Rename)[] = [];
  readonly typeRenames: ({ source: SumDeclaration; target: SumDeclaration } & ByClause)[] = [];
  readonly operationRenames: Rename[] = [];
  readonly parameterRenames: ({ operation: string } & Rename)[] = [];
  readonly droppedOperations = new Set<string>();
  readonly droppedParameters: { operation: string; name: string }[] = [];
  /** As the node is told. */
  readonly told: TypedClause[] = [];
  /** Those that have an effect, as far as it is known: deriving an upgrade adds to it. */
  readonly used = new Set<tree.Clause>();

  /** Whether a field of this old state is given up as a whole: of it, or of a record type that it has the structure of. */
  dropsField(state: Type, name: string): boolean {
    return this.told.some(({ kind, type, path }) => {
      if (kind !== 'drop') return false;
      const own = type === null ? ['state', name] : [name];
      const isOfState = type === null || !differ(type, state);
      return isOfState && path.length === own.length && own.every((step, i) => step === path[i]);
    });
  }

  /**
   * The renames of the fields of the state. A record type is its structure: what is said of one that has
   * that of the state holds for the state, but where a clause speaks of the state itself.
   */
  renamesOfState(older: Type, newer: Type): readonly Rename[] {
    return [...this.stateRenames, ...this.#typeRenamesOfState(older, newer)];
  }

  /** Of these one of a type that may be meant for the state, too, or not: the new state keeps its old name. */
  ambiguousOfState(older: Type, newer: Type): FieldRename | null {
    const after = prune(newer);
    const renames = this.#typeRenamesOfState(older, newer);
    return after.kind === 'record' ? ambiguousRename(renames, after) : null;
  }

  #typeRenamesOfState(older: Type, newer: Type): readonly FieldRename[] {
    const [before, after] = [prune(older), prune(newer)];
    if (before.kind !== 'record' || after.kind !== 'record') return [];
    return renamesOfRecord(this.fieldRenames, before, after).filter(
      ({ source, target }) =>
        !this.stateFields.has(source) &&
        !this.stateRenames.some((each) => each.source === source || each.target === target),
    );
  }
}
