import type { Span } from '@smc/protocol';
import type * as tree from '../syntax/tree.ts';
import type { ConstructorReference } from './sums.ts';
import type { FieldDefault } from './type.ts';
import type {
  CompiledMachine,
  Effects,
  Local,
  Type,
  TypedArrow,
  TypedExpression,
  TypedFun,
  TypedMachine,
  SumDeclaration,
} from './typed.ts';

/** What names stand for: in a file, in a machine, in an expression. */

/** The same record while it is being completed. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface SignatureOf {
  readonly name: tree.Name;
  readonly typeParameters: readonly string[];
  readonly from: Type;
  readonly to: Type;
  /** Where its input and its output are declared. */
  readonly fromSpan: Span;
  readonly toSpan: Span;
  /** The machine that it belongs to, and whose state it may use. */
  readonly machine: MachineScope | null;
  /** The uses of other definitions in its body, found while that is checked. */
  readonly uses: Use[];
  /** At first those of its own commands; then of all that it uses. */
  readonly effects: Mutable<Effects>;
  /** Type parameters that must be types of keys, by position; filled in like the effects. */
  readonly keyParameters: Set<number>;
}

/**
 * A `fun` or an `arrow`. Its type is written, so that it can be used before its body is
 * checked; `typed` is completed then.
 */
export type Definition =
  | (SignatureOf & {
      readonly kind: 'fun';
      readonly node: tree.Fun;
      readonly typed: Mutable<TypedFun>;
    })
  | (SignatureOf & {
      readonly kind: 'arrow';
      readonly node: tree.Arrow;
      readonly typed: Mutable<TypedArrow>;
    });

/** A name that stands for a definition. */
export interface Use {
  readonly target: Definition;
  readonly span: Span;
  /** In an expression, where only what is pure can be called. */
  readonly inExpression: boolean;
  /** What the type parameters of the target stand for; settled when the use has been checked. */
  readonly typeArguments: readonly Type[];
  readonly site: Site;
}

/** What a function is called with, where its name stands in a call; null until that is known. */
export interface Site {
  argument: TypedExpression | null;
}

/** A machine, as far as its declaration tells. */
export interface MachineScope {
  readonly node: tree.Machine;
  readonly state: Type;
  /** Where the state's type is written; the name of the machine where it has none. */
  readonly stateSpan: Span;
  /** The arrows and functions that are declared in it. */
  readonly definitions: ReadonlyMap<string, Definition>;
  /** Completed when its operations are checked. */
  readonly typed: Mutable<TypedMachine>;
}

/** A declared type: of these parameters, which stand in it by position. */
export interface DeclaredType {
  readonly parameters: number;
  readonly type: Type;
}

/** The default of a field, where it is written. */
export interface DeclaredDefault {
  readonly name: string;
  readonly type: Type;
  readonly typeSpan: Span;
  readonly node: tree.Expression;
  readonly of: Mutable<FieldDefault>;
}

/** A file. A name that is there twice stands for its first declaration. */
export interface ModuleScope {
  readonly file: string;
  /** By alias; null where it could not be imported, which has been said: any name of it is accepted. */
  readonly imports: Map<string, ModuleScope | null>;
  readonly definitions: Map<string, Definition>;
  /** Declared types; `ERROR` where one has been refused. */
  readonly types: Map<string, DeclaredType>;
  /** Where the names of declared types stand. */
  readonly typePlaces: Map<string, Span>;
  /** Defaults of fields, to be checked when all functions are declared. */
  readonly defaults: DeclaredDefault[];
  readonly constructors: Map<string, ConstructorReference>;
  /** Of a bundle: the constructors of one name. Which of them is meant its type tells, where that is known. */
  readonly sharedConstructors: Map<string, readonly ConstructorReference[]>;
  /** Of types that have been refused: nothing is said about them again. */
  readonly refusedConstructors: Set<string>;
  readonly machines: Map<string, MachineScope>;
  /** Those of a bundle, which has no others. */
  readonly compiled: Map<string, CompiledMachine>;
  /** What names stand for where one machine of a bundle alone is meant: others may have types of the same names. */
  readonly ofMachines: Map<string, ModuleScope>;
  /** Declared orders of record fields, by their sorted names. */
  readonly fieldOrders: Map<string, readonly string[]>;
}

/** A file in which nothing is declared yet. */
export function emptyModule(file: string): ModuleScope {
  return {
    file,
    imports: new Map(),
    definitions: new Map(),
    types: new Map(),
    typePlaces: new Map(),
    defaults: [],
    constructors: new Map(),
    sharedConstructors: new Map(),
    refusedConstructors: new Set(),
    machines: new Map(),
    compiled: new Map(),
    ofMachines: new Map(),
    fieldOrders: new Map(),
  };
}

/** The names of a version of a machine: those of its file, or of its part of a bundle. */
export function scopeOfMachine(module: ModuleScope, machine: string): ModuleScope {
  return module.ofMachines.get(machine) ?? module;
}

/** The import of a file by which a sum is named; null where it is one of the file itself, or has no name there. */
export function importOf(declaration: SumDeclaration, module: ModuleScope): string | null {
  const isIn = (scope: ModuleScope | null): boolean => {
    const type = scope?.types.get(declaration.name)?.type;
    return type?.kind === 'sum' && type.declaration.identity === declaration.identity;
  };
  if (isIn(module)) return null;
  return [...module.imports].find(([, scope]) => isIn(scope))?.[0] ?? null;
}

/** The local names of a place, innermost first. */
export class Locals {
  readonly #parent: Locals | null;
  /** Those around a `proc`, which are not visible in it. */
  readonly #hidden: Locals | null;
  readonly #own = new Map<string, Local>();

  constructor(parent: Locals | null, hidden: Locals | null = null) {
    this.#parent = parent;
    this.#hidden = hidden;
  }

  bind(local: Local): void {
    this.#own.set(local.name, local);
  }

  find(name: string): Local | null {
    for (const scope of this.#chain()) {
      const local = scope.#own.get(name);
      if (local !== undefined) return local;
    }
    return null;
  }

  /** One that is not visible here, and would be outside of a `proc` around this place. */
  findHidden(name: string): Local | null {
    for (const scope of this.#chain()) {
      const found = scope.#hidden?.find(name) ?? scope.#hidden?.findHidden(name);
      if (found) return found;
    }
    return null;
  }

  /** All that are visible. */
  names(): string[] {
    return this.#chain().flatMap((scope) => [...scope.#own.keys()]);
  }

  #chain(): Locals[] {
    const chain: Locals[] = [this];
    for (let scope = this.#parent; scope !== null; scope = scope.#parent) chain.push(scope);
    return chain;
  }
}
