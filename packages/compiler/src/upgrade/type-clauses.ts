import type * as tree from '../syntax/tree.ts';
import type { Clauses } from '../types/clauses.ts';
import { display, prune, typesIn } from '../types/type.ts';
import type {
  MachineSignature,
  SumDeclaration,
  Type,
  TypedExpression,
  TypedFun,
  TypedUpgrade,
} from '../types/typed.ts';
import { differ } from '../types/unify.ts';
import { ConversionPrinter } from './conversion-source.ts';
import { type Direction, functionsIn, rootsOf } from './derived.ts';
import { makesUp } from './made-up.ts';
import type { Names } from './names.ts';
import { isOfName, renamesOfRecord } from './renames.ts';

/**
 * Which derived conversions of types are clauses of their own, where an upgrade is written out. A clause for a type
 * is one for all types that look like it and have none; and it holds wherever it is met, since a clause can not use
 * another one. So one is written where that changes nothing.
 */

/** What a variable of the older version, and of the newer one, is called. */
export const VARIABLES = { forward: 'older', back: 'newer' } as const;

/** What is known of an upgrade whose derived conversions are to be written. */
export interface DerivedUpgrade {
  readonly typed: TypedUpgrade;
  readonly clauses: Clauses;
  readonly names: Names;
}

/** A derived function, and what a clause for its type would be called. */
interface Derived {
  readonly direction: Direction;
  readonly fun: TypedFun;
  readonly older: Type;
  readonly newer: Type;
  /** Null where no clause can speak of it. */
  readonly name: string | null;
  /** What the name stands for in the newer version. */
  readonly named: Type | null;
  /** Whether renames say it, which are written already: nothing would be left for them to say. */
  readonly isRenamed: boolean;
}

/** A clause for a type, and what it says. */
export interface TypeClause {
  readonly name: string;
  readonly direction: Direction;
  readonly fun: TypedFun;
}

export class TypeClauses {
  /** Those to be written, in the order of their names; one for each function that it speaks of. */
  readonly written: readonly TypeClause[];
  /** What renames say of types. */
  readonly renamed: readonly TypeClause[];
  /** Writes all of a conversion where it stands. */
  readonly whole: ConversionPrinter;
  readonly #typed: TypedUpgrade;
  readonly #all: readonly Derived[];
  readonly #byFun: ReadonlyMap<TypedFun, Derived>;
  readonly #texts = new Map<TypedFun, string | null>();
  /** Names of which there is no clause, whatever could be said. */
  readonly #without = new Set<string>();
  readonly #saying: ReadonlySet<TypedFun>;
  /** Conversions that stand for themselves: a clause says them, or they are left to be derived. */
  #apart: ReadonlySet<TypedFun> = new Set();

  constructor(upgrade: DerivedUpgrade) {
    const { typed, names } = upgrade;
    this.#typed = typed;
    this.whole = new ConversionPrinter(names, typed, () => false);
    this.#all = derivedFunctions(upgrade);
    this.#byFun = new Map(this.#all.map((each) => [each.fun, each]));
    this.renamed = this.#all.filter(({ isRenamed }) => isRenamed).flatMap(asClause);
    let needed = this.#settle(names);
    // What is written where another conversion stands may keep that from being a clause, too.
    for (let out = this.#refused(needed); out.length > 0; out = this.#refused(needed)) {
      for (const name of out) this.#without.add(name);
      needed = this.#settle(names);
    }
    this.written = this.#said(needed)
      .flatMap(({ name, group, alike }) => [
        ...group.flatMap(asClause),
        ...alike.map(({ direction, fun }) => ({ name, direction, fun })),
      ])
      .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    this.#saying = new Set(this.written.map(({ fun }) => fun));
  }

  /** Whether a clause that is to be written says what a function does. */
  isWritten(fun: TypedFun): boolean {
    return this.#saying.has(fun);
  }

  /** Whether a conversion is not to be written where it is called: clauses say it, or what is derived around them. */
  isApart(fun: TypedFun): boolean {
    return this.#apart.has(fun);
  }

  /** Whether an expression uses a default or an initial value, or fails, but for what stands for itself. */
  makesUp(body: TypedExpression): boolean {
    const { span } = this.#typed;
    const inside = [...functionsIn([body], (fun) => this.isApart(fun))];
    const own = inside.filter((fun) => fun.span === span && !this.isApart(fun)).map((fun) => fun.body);
    return [body, ...own].some((each) => makesUp(each, span));
  }

  /** Whether what renames say has a part in an expression: as a clause it would take that from them. */
  isAroundRenames(body: TypedExpression): boolean {
    return [...functionsIn([body])].some((fun) => this.#byFun.get(fun)?.isRenamed);
  }

  /** The names that need a clause; what has a name stands for itself. */
  #settle(names: Names): ReadonlySet<string> {
    const isNamed = ({ name }: Derived): boolean => name !== null && !this.#without.has(name);
    this.#apart = new Set(this.#all.filter((each) => each.isRenamed || isNamed(each)).map(({ fun }) => fun));
    const printer = new ConversionPrinter(names, this.#typed, (fun) => this.isApart(fun));
    const needed = new Set<string>();
    for (const each of this.#all) {
      const { name, isRenamed, fun, direction } = each;
      if (name === null || isRenamed || !isNamed(each) || needed.has(name)) continue;
      const isWhole = printer.conversion(conversionOf(fun), VARIABLES[direction]) !== null;
      // What only hands on what other clauses convert is derived around them.
      if (isWhole || this.makesUp(fun.body)) needed.add(name);
    }
    return needed;
  }

  /** Of names that need a clause those that can have none: it would not say the same as what is derived. */
  #refused(needed: ReadonlySet<string>): readonly string[] {
    return this.#said(needed).flatMap(({ name, group, alike }) => {
      const texts = new Map(group.map((each) => [each.direction, this.#textOf(each)]));
      const isSayable = group.every(
        (each) => this.#textOf(each) !== null && !this.isAroundRenames(each.fun.body),
      );
      const isSaid = (each: Derived): boolean =>
        !each.isRenamed && this.#textOf(each) === texts.get(each.direction);
      return isSayable && [...group, ...alike].every(isSaid) ? [] : [name];
    });
  }

  /** What clauses of these names speak of: their own, and what looks like it and has no clause of its own name. */
  #said(needed: ReadonlySet<string>): readonly {
    readonly name: string;
    readonly group: readonly Derived[];
    readonly alike: readonly Derived[];
  }[] {
    const isWritten = ({ name, isRenamed }: Derived): boolean =>
      name !== null && !isRenamed && needed.has(name);
    const byShape = Map.groupBy(this.#all, shapeOf);
    const groups = Map.groupBy(this.#all.filter(isWritten), ({ name }) => name!);
    return [...groups].map(([name, group]) => {
      const [{ older, named }] = group;
      const isOther = (each: Derived): boolean =>
        each.name === name || (isWritten(each) && isOfName(each.named!, each.newer));
      const isAlike = (each: Derived): boolean => !differ(each.older, older) && !differ(each.newer, named!);
      const alike = byShape.get(shapeOf(group[0]))!.filter((each) => isAlike(each) && !isOther(each));
      return { name, group, alike };
    });
  }

  #textOf({ fun, direction }: Derived): string | null {
    const known = this.#texts.get(fun);
    if (known !== undefined) return known;
    const made = this.whole.conversion(conversionOf(fun), VARIABLES[direction]);
    const text = made && `${made.pattern} -> ${made.body}`;
    this.#texts.set(fun, text);
    return text;
  }
}

/** Equal for conversions whose types are the same, and for few others. */
function shapeOf({ older, newer }: Derived): string {
  const names = [older, newer].map((type) =>
    type.kind === 'record'
      ? type.fields.map(({ name }) => name).join()
      : type.kind === 'sum'
        ? type.declaration.name
        : '',
  );
  return names.join(' ');
}

const asClause = ({ name, direction, fun }: Derived): TypeClause[] =>
  name === null ? [] : [{ name, direction, fun }];

/** What a function does, as a conversion. */
export const conversionOf = ({ parameter: pattern, body, span }: TypedFun) => ({ pattern, body, span });

/** The functions of a derived upgrade, and what clauses for their types would be called. */
function derivedFunctions({ typed, clauses, names }: DerivedUpgrade): readonly Derived[] {
  const inKeys = sumsOfKeys(typed.old);
  const isState = (older: Type): boolean => older.kind === 'record' && !differ(older, typed.old.state);
  const renamed = (declaration: SumDeclaration): string | null =>
    clauses.typeRenames.find(({ source }) => source.identity === declaration.identity)?.target.name ?? null;
  const roots = rootsOf(typed);
  return (['forward', 'back'] as const).flatMap((direction) => {
    const functions = [...functionsIn(roots[direction].map(({ body }) => body))];
    return functions.flatMap((fun): Derived[] => {
      if (fun.span !== typed.span) return [];
      const [from, to] = [prune(fun.parameter.type), prune(fun.result)];
      const [older, newer] = direction === 'forward' ? [from, to] : [to, from];
      const own = { direction, fun, older, newer };
      const spoken = renameOf(older, newer, clauses);
      if (spoken !== null) return [{ ...own, name: spoken, named: null, isRenamed: true }];
      // Sets and keys of maps are converted by derived conversions only. And a clause for a record with the structure
      // of the state would convert the state, too, which may be derived in another way.
      const isInner = (older.kind === 'sum' && inKeys.has(older.declaration.identity)) || isState(older);
      const found = isInner ? null : names.typeOf(older, newer, renamed);
      return [{ ...own, name: found?.name ?? null, named: found?.type ?? null, isRenamed: false }];
    });
  });
}

/** What renames call a type of the old version that they speak of; null where there are none. */
function renameOf(
  older: Type,
  newer: Type,
  { fieldRenames, constructorRenames, argumentRenames, typeRenames }: Clauses,
): string | null {
  const renames =
    older.kind === 'sum'
      ? [...constructorRenames, ...argumentRenames].filter(
          ({ owner }) => owner.identity === older.declaration.identity,
        )
      : older.kind === 'record' && newer.kind === 'record'
        ? renamesOfRecord(fieldRenames, older, newer)
        : [];
  const renamed =
    older.kind === 'sum'
      ? typeRenames.find(({ source }) => source.identity === older.declaration.identity)
      : undefined;
  // By the name in the new version, as in a clause.
  if (renamed !== undefined) return renamed.target.name;
  const [clause] = renames.map((each) => each.clause).filter(({ kind }) => kind === 'rename');
  return clause?.kind === 'rename' ? typeName(clause.from) || display(older) : null;
}

/** Of `Item.price` or `St.Paid.at` what is the type, which may stand after its import; empty where there is none. */
function typeName(path: readonly tree.Name[]): string {
  const isType = path.findIndex(({ text }) => /^[A-Z]/.test(text));
  return path
    .slice(0, isType + 1)
    .map(({ text }) => text)
    .join('.');
}

/** The identities of the sums in what is an item of a set or a key of a map. */
function sumsOfKeys({ state, operations }: MachineSignature): ReadonlySet<number> {
  const found = new Set<number>();
  const roots = operations.flatMap(({ parameters, reply }) => [...parameters.map(({ type }) => type), reply]);
  for (const root of [state, ...roots]) {
    for (const type of typesIn(root)) {
      const key = type.kind === 'set' ? type.item : type.kind === 'map' ? type.key : null;
      if (key === null) continue;
      for (const inner of typesIn(key)) if (inner.kind === 'sum') found.add(inner.declaration.identity);
    }
  }
  return found;
}
