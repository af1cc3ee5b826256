import { ITEM_STEP, KEY_STEP } from '@smc/protocol';
import type * as tree from '../syntax/tree.ts';
import { declaredName, defaultsOf, display, parametersIn, prune, substitute } from '../types/type.ts';
import type { SumDeclaration, Type, TypedConversion, TypedExpression, TypedFun } from '../types/typed.ts';
import { differ } from '../types/unify.ts';
import { sameDefault } from './defaults.ts';
import type { Nodes } from './nodes.ts';
import {
  ambiguousRename,
  type ByClause,
  type FieldRename,
  isOfName,
  type Rename,
  Renames,
  renamesOfRecord,
  turned,
} from './renames.ts';

/**
 * The conversion of values of one version of a type to the other: what is written for a type,
 * and else what is derived, where there is one sensible answer.
 */

/** A type and what it is converted to. */
interface Pair {
  readonly from: Type;
  readonly to: Type;
}

/** What the clauses of an upgrade say of types, seen in one direction. */
export interface Rules {
  /** In the direction `back` a constructor that the old type lacks fails when it is met. */
  readonly direction: 'forward' | 'back';
  readonly written: readonly (Pair & { readonly conversion: TypedConversion } & ByClause)[];
  /** Pairs that a clause converts the other way only, where nothing can be derived for that. */
  readonly oneWay: readonly Pair[];
  /** Fields of record types, as they are written in either direction. */
  readonly fields: readonly FieldRename[];
  /** Constructors of sums of the old version. */
  readonly constructors: readonly ({ readonly owner: SumDeclaration } & Rename)[];
  /** Named arguments of their constructors, which have their names of the old version, too. */
  readonly arguments: readonly ({ readonly owner: SumDeclaration; readonly constructor: string } & Rename)[];
  readonly types: readonly ({
    readonly source: SumDeclaration;
    readonly target: SumDeclaration;
  } & ByClause)[];
  /** The clauses that had a part in a conversion: this grows. */
  readonly used: Set<tree.Clause>;
}

/** Why there is no one answer, and where: steps from the type that was to be converted. */
export interface NoConversion {
  readonly ok: false;
  readonly path: readonly string[];
  /** As the end of a sentence about the older version and the newer: `is new, and has no default`. */
  readonly why: string;
  readonly from: Type | null;
  readonly to: Type | null;
  /** What else has no one answer, in other parts: these have no others. */
  readonly others: readonly NoConversion[];
  /** Parts that nothing would take over, whatever is said of those that have no answer. */
  readonly lost: readonly Steps[];
  /** A declared type that looks alike in both versions: a conversion of it would be one of this, too. */
  readonly shared?: string;
}

/** Steps from a type to a part, as the judge has them. */
type Steps = readonly string[];

/** How a value is converted. */
export interface Conversion {
  readonly ok: true;
  /** Whether nothing is to be done. */
  readonly isSame: boolean;
  /** Why it may give one value for two, as a sentence; null where it does not. */
  readonly mayMerge: string | null;
  /** Constructors for which it fails, as steps joined by dots; `[]` to items, as the judge has them. */
  readonly fails: readonly string[];
  /** Parts that it leaves out, as far as it is derived. */
  readonly lost: readonly Steps[];
  readonly apply: (value: TypedExpression) => TypedExpression;
}

const SAME: Conversion = {
  ok: true,
  isSame: true,
  mayMerge: null,
  fails: [],
  lost: [],
  apply: (value) => value,
};

/** A refusal at a place. */
export const refused = (
  path: readonly string[],
  why: string,
  from: Type | null = null,
  to: Type | null = null,
): NoConversion => ({ ok: false, path, why, from, to, others: [], lost: [] });

/** How many refusals and lost parts of one conversion are kept: they are said once for each place of a type. */
const KEPT_MAX = 1024;

/** All that was refused as one: the first, and the others with it. */
function allRefused([first, ...rest]: readonly NoConversion[], lost: readonly Steps[]): NoConversion {
  const others = [
    ...first.others,
    ...rest.flatMap((each) => [{ ...each, others: [], lost: [] }, ...each.others]),
  ];
  return { ...first, others: others.slice(0, KEPT_MAX), lost: lost.slice(0, KEPT_MAX) };
}

/** The same, seen from one step further out. */
export const within = (step: string, found: NoConversion): NoConversion => ({
  ...found,
  path: [step, ...found.path],
  others: found.others.map((each) => ({ ...each, path: [step, ...each.path] })),
  lost: found.lost.map((path) => [step, ...path]),
});

type Result = Conversion | NoConversion;

/** Why nothing is derived of something new. */
export const IS_NEW = 'is new, and has no default';

/** Why nothing is derived of something that the older version alone has. */
export const IS_GONE = 'is gone, and had no default';

/** Why nothing is derived where a clause converts one way: by the direction that has none. */
export const ONE_WAY = {
  forward: 'has a clause that converts it back, and none that converts it forward',
  back: 'has a clause that converts it forward, and none that converts it back',
} as const;

/** Why nothing is derived where a rename may be of one type, or of all that look like it. */
export function mayBeRenamed({ owner, source, target }: FieldRename, from: Type, to: Type): NoConversion {
  const name = declaredName(owner)?.split('<')[0] ?? display(owner);
  const rename = `\`rename ${name}.${source} -> ${target}\``;
  const why = `has the fields of \`${name}\` in both versions and keeps \`${source}\`: ${rename} may speak of it or not`;
  return { ...refused([], why, from, to), shared: name };
}

/** Why nothing is derived where a clause may be for one type, or for all that look like it. */
function mayBeConverted(owner: Type, field: string, from: Type, to: Type): NoConversion {
  const name = declaredName(owner) ?? display(owner);
  const why = `has the fields of \`${name}\` in both versions, and another default for \`${field}\`: the clause for \`${name}\` may speak of it or not`;
  return refused([], why, from, to);
}

/** A field that would take its default, which is none of the type that looks alike; null where there is none. */
function otherDefault(alike: Pair, { from, to }: Pair): string | null {
  if (from.kind !== 'record' || to.kind !== 'record') return null;
  const [own, others] = [defaultsOf(to), defaultsOf(alike.to)];
  const before = namesOf(from);
  const found = namesOf(to).find((name) => {
    const value = before.includes(name) ? null : (own?.get(name)?.typed ?? null);
    return value !== null && !sameDefault(value, others?.get(name)?.typed ?? null);
  });
  return found ?? null;
}

const namesOf = ({ fields }: Type & { kind: 'record' }): readonly string[] => fields.map(({ name }) => name);

/** A conversion of what a step leads to. */
const inside = (step: string, part: Conversion): Conversion => ({
  ...part,
  fails: part.fails.map((path) => `${step}.${path}`),
  lost: part.lost.map((path) => [step, ...path]),
});

/** What several conversions have in common. */
function together(
  parts: readonly Conversion[],
  apply: Conversion['apply'],
  mayMerge: string | null = null,
  lost: readonly Steps[] = [],
): Conversion {
  return {
    ok: true,
    isSame: false,
    mayMerge: mayMerge ?? parts.find((part) => part.mayMerge !== null)?.mayMerge ?? null,
    fails: parts.flatMap(({ fails }) => fails),
    lost: [...lost, ...parts.flatMap((part) => part.lost)].slice(0, KEPT_MAX),
    apply,
  };
}

const areSame = (parts: readonly Conversion[]): boolean => parts.every(({ isSame }) => isSame);

/** The conversions of one direction of an upgrade. Types are acyclic, and their depth is bounded. */
export class Converter {
  readonly #rules: Rules;
  readonly #nodes: Nodes;
  readonly #known = new Map<Type, Map<Type, Result>>();

  constructor(rules: Rules, nodes: Nodes) {
    this.#rules = rules;
    this.#nodes = nodes;
  }

  /** From a type to the other version of it. */
  of(from: Type, to: Type): Result {
    const [source, target] = [prune(from), prune(to)];
    const known = this.#known.get(source)?.get(target);
    if (known !== undefined) return known;
    const result = this.#find(source, target);
    const own = this.#known.get(source) ?? new Map<Type, Result>();
    this.#known.set(source, own.set(target, result));
    return result;
  }

  /** What clauses for types say of a pair; null where they leave it to be derived. */
  settled(from: Type, to: Type): Result | null {
    const isPair = (pair: Pair): boolean => !differ(pair.from, from) && !differ(pair.to, to);
    const written = this.#rules.written.filter(isPair);
    const oneWay = this.#rules.oneWay.filter(isPair);
    if (written.length + oneWay.length === 0) return null;
    // Of types that look alike a clause for its own name comes first.
    const isNamed = (pair: Pair): boolean => isOfName(this.#newerOf(pair), this.#newerOf({ from, to }));
    const own = written.find(isNamed);
    const clause = own ?? (oneWay.some(isNamed) ? undefined : written[0]);
    if (clause === undefined) return refused([], ONE_WAY[this.#rules.direction], from, to);
    this.#rules.used.add(clause.clause);
    const other = own === undefined ? otherDefault(clause, { from, to }) : null;
    if (other !== null) return mayBeConverted(this.#newerOf(clause), other, from, to);
    return this.#written(clause.conversion, to);
  }

  #newerOf({ from, to }: Pair): Type {
    return this.#rules.direction === 'forward' ? to : from;
  }

  #find(from: Type, to: Type): Result {
    const settled = this.settled(from, to);
    if (settled !== null) return settled;
    if (from.kind === 'record' && to.kind === 'record') return this.#named(from, to, this.#record(from, to));
    if (from.kind === 'sum' && to.kind === 'sum' && this.#areVersions(from.declaration, to.declaration))
      return this.#named(from, to, this.#sum(from, to));
    if (from.kind === 'tuple' && to.kind === 'tuple' && from.items.length === to.items.length)
      return this.#tuple(from.items, to);
    if (from.kind === 'list' && to.kind === 'list') return this.#list(from, to);
    if (from.kind === 'set' && to.kind === 'set') return this.#set(from, to);
    if (from.kind === 'map' && to.kind === 'map') return this.#map(from, to);
    // What is left has no parts in which anything could be said.
    if (!differ(from, to)) return SAME;
    return this.#changed(from, to);
  }

  /** Told of the older version and the newer, whichever way it goes. */
  #changed(from: Type, to: Type): NoConversion {
    const [older, newer] = this.#rules.direction === 'forward' ? [from, to] : [to, from];
    return refused([], `changed from ${display(older)} to ${display(newer)}`, from, to);
  }

  #written({ pattern, body, span }: TypedConversion, to: Type): Conversion {
    const fun: TypedFun = {
      name: display(to),
      typeParameters: [],
      parameter: pattern,
      result: body.type,
      body,
      span,
    };
    const callee = { kind: 'fun', fun, typeArguments: [] } as const;
    const apply = (value: TypedExpression): TypedExpression => this.#nodes.call(callee, value, to);
    return { ok: true, isSame: false, mayMerge: 'a clause converts it', fails: [], lost: [], apply };
  }

  /** As a function of its own: what occurs in many places is there once. */
  #named(from: Type, to: Type, result: Result): Result {
    if (!result.ok || result.isSame) return result;
    const fun = this.#nodes.fun(`${display(from)} to ${display(to)}`, from, result.apply);
    const callee = { kind: 'fun', fun, typeArguments: [] } as const;
    return { ...result, apply: (value) => this.#nodes.call(callee, value, to) };
  }

  // ------------------------------------------------------------------------- records

  /** The fields of a record, each from its counterpart or its default. */
  #record(from: Type & { kind: 'record' }, to: Type & { kind: 'record' }): Result {
    const defaults = defaultsOf(to);
    const { direction } = this.#rules;
    const [old, next] = direction === 'forward' ? [from, to] : [to, from];
    const renames = renamesOfRecord(this.#rules.fields, old, next);
    const ambiguous = ambiguousRename(renames, next);
    if (ambiguous !== null) {
      this.#rules.used.add(ambiguous.clause);
      return mayBeRenamed(ambiguous, from, to);
    }
    return this.fields(from, to, turned(renames, direction), (name) => defaults?.get(name)?.typed ?? null);
  }

  /** The fields of any record, with these values for fields that are new, or are `given`. */
  fields(
    from: Type & { kind: 'record' },
    to: Type & { kind: 'record' },
    renamed: readonly Rename[],
    byDefault: (name: string) => TypedExpression | null,
    given: ReadonlyMap<string, (record: TypedExpression) => TypedExpression> = new Map(),
  ): Result {
    const renames = new Renames(renamed, namesOf(from), namesOf(to), this.#rules.used);
    const parts: Conversion[] = [];
    const read = new Set<string>();
    const makers: { name: string; make: (record: TypedExpression) => TypedExpression }[] = [];
    const sources = new Map(from.fields.map((field) => [field.name, field]));
    const refusals: NoConversion[] = [];
    for (const { name, type } of to.fields) {
      const own = given.get(name);
      if (own !== undefined) {
        makers.push({ name, make: own });
        continue;
      }
      const sourceName = renames.sourceOf(name);
      const source = sourceName === null ? undefined : sources.get(sourceName);
      if (source === undefined) {
        const value = byDefault(name);
        if (value === null) refusals.push(refused([name], this.#missing, null, type));
        else makers.push({ name, make: () => value });
        continue;
      }
      const found = this.of(source.type, type);
      read.add(source.name);
      if (!found.ok) {
        // The others are looked at all the same: clauses may have a part in them.
        refusals.push(within(name, found));
        continue;
      }
      parts.push(inside(source.name, source.name === name ? found : { ...found, isSame: false }));
      makers.push({
        name,
        make: (record) => found.apply(this.#nodes.field(record, source.name, source.type)),
      });
    }
    const gone = from.fields.flatMap(({ name }) => (read.has(name) ? [] : [[name]]));
    if (refusals.length > 0) {
      // What is new and has no default may be made of what is gone.
      const isMade = refusals.some(({ path, why }) => path.length === 1 && why === this.#missing);
      const inParts = [...parts, ...refusals].flatMap((part) => part.lost);
      return allRefused(refusals, isMade ? inParts : [...gone, ...inParts]);
    }
    const [[unread] = []] = gone;
    if (unread === undefined && parts.length === to.fields.length && areSame(parts)) return SAME;
    const apply: Conversion['apply'] = (record) => ({
      kind: 'record',
      fields: makers.map(({ name, make }) => ({ name, value: make(record) })),
      type: to,
      span: this.#nodes.span,
    });
    const isLost = this.#rules.direction === 'forward' ? 'is gone' : 'was not there';
    return together(parts, apply, unread === undefined ? null : `\`${unread}\` ${isLost}`, gone);
  }

  /** Why there is nothing for a field, of the version that is converted to. */
  get #missing(): string {
    return this.#rules.direction === 'forward' ? IS_NEW : IS_GONE;
  }

  // ---------------------------------------------------------------------------- sums

  /** By name, or by a clause; one that is in both versions is itself, though another may have its name. */
  #areVersions(from: SumDeclaration, to: SumDeclaration): boolean {
    const renamed = this.#rules.types.find((each) => isSum(each.source, from) && isSum(each.target, to));
    if (renamed !== undefined) {
      this.#rules.used.add(renamed.clause);
      return true;
    }
    if (isSum(from, to)) return true;
    const isOther = this.#rules.types.some((each) => isSum(each.source, from) || isSum(each.target, to));
    return !isOther && from.name === to.name;
  }

  #sum(from: Type & { kind: 'sum' }, to: Type & { kind: 'sum' }): Result {
    const old = this.#rules.direction === 'forward' ? from.declaration : to.declaration;
    const [names, otherNames] = [from, to].map(({ declaration }) =>
      declaration.constructors.map(({ name }) => name),
    );
    const renamed = this.#rules.constructors.filter(({ owner }) => isSum(owner, old));
    const renames = new Renames(renamed, names, otherNames, this.#rules.used);
    const parts: Conversion[] = [];
    const arms: { tag: number; payload: Type; make: (payload: TypedExpression) => TypedExpression }[] = [];
    const refusals: NoConversion[] = [];
    for (const [tag, { name, payload }] of from.declaration.constructors.entries()) {
      const own = substitute(payload, from.arguments);
      const other = renames.targetOf(name);
      const index = other === null ? -1 : otherNames.indexOf(other);
      const found = index < 0 ? null : this.#payload(from, tag, to, index);
      if (found === null) {
        if (this.#rules.direction === 'forward') refusals.push(refused([name], 'is gone', from, to));
        const message = `${name} has no counterpart in the older version`;
        parts.push({ ...SAME, isSame: false, fails: [name] });
        arms.push({ tag, payload: own, make: () => this.#nodes.fail(message, to) });
        continue;
      }
      if (!found.ok) {
        refusals.push(within(name, found));
        continue;
      }
      parts.push(inside(name, index === tag && other === name ? found : { ...found, isSame: false }));
      arms.push({
        tag,
        payload: own,
        make: (value) => ({
          kind: 'construct',
          constructor: index,
          payload: found.apply(value),
          type: to,
          span: this.#nodes.span,
        }),
      });
    }
    const lost = [...parts, ...refusals].flatMap((part) => part.lost);
    if (refusals.length > 0) return allRefused(refusals, lost);
    const refusal = this.#arguments(from, to);
    if (refusal !== null) return refusal;
    // Its name, and the order of named arguments, are of the type.
    if (names.length === otherNames.length && areSame(parts) && !differ(from, to)) return SAME;
    return together(parts, (subject) => this.#case(subject, arms, to));
  }

  /** An argument of a type may be in no value of it, and means something all the same: `Amount<Euro>`. */
  #arguments(from: Type & { kind: 'sum' }, to: Type & { kind: 'sum' }): NoConversion | null {
    if (from.arguments.length === to.arguments.length) {
      const isKept = from.arguments.every((argument, i) => this.of(argument, to.arguments[i]).ok);
      return isKept ? null : this.#changed(from, to);
    }
    // Those that are in values are looked at there. The newer version may have more: so it does where the older one is
    // bytecode, in which a sum has no arguments.
    const [sources, targets] = [unusedArguments(from), unusedArguments(to)];
    const older = this.#rules.direction === 'forward' ? sources : targets;
    const isKept = older.every(
      (_, i) => i < sources.length && i < targets.length && this.of(sources[i], targets[i]).ok,
    );
    return isKept ? null : this.#changed(from, to);
  }

  /** The arguments of a constructor: none, one, or the record of the named ones. */
  #payload(from: Type & { kind: 'sum' }, tag: number, to: Type & { kind: 'sum' }, index: number): Result {
    const [source, target] = [from.declaration.constructors[tag], to.declaration.constructors[index]];
    const own = prune(substitute(source.payload, from.arguments));
    const payload = prune(substitute(target.payload, to.arguments));
    const forms = [source.labels, target.labels].map((each) =>
      each === null ? 'one' : each.length === 0 ? 'none' : 'named',
    );
    if (forms[0] !== forms[1]) return refused([], 'takes other arguments', own, payload);
    // Named arguments are no record of a type that could have a clause.
    if (forms[0] !== 'named' || own.kind !== 'record' || payload.kind !== 'record')
      return this.of(own, payload);
    const isForward = this.#rules.direction === 'forward';
    const [owner, name] = isForward ? [from.declaration, source.name] : [to.declaration, target.name];
    const renames = this.#rules.arguments.filter(
      (rule) => isSum(rule.owner, owner) && rule.constructor === name,
    );
    return this.fields(own, payload, renames, () => null);
  }

  #case(
    subject: TypedExpression,
    arms: readonly { tag: number; payload: Type; make: (payload: TypedExpression) => TypedExpression }[],
    to: Type,
  ): TypedExpression {
    const { span } = this.#nodes;
    return {
      kind: 'case',
      subject,
      arms: arms.map(({ tag, payload, make }) => {
        const local = this.#nodes.local(payload);
        const inner = { kind: 'bind' as const, local, type: payload, span };
        return {
          pattern: { kind: 'construct', constructor: tag, payload: inner, type: subject.type, span },
          body: make(this.#nodes.use(local)),
        };
      }),
      type: to,
      span,
    };
  }

  // --------------------------------------------------------------------- collections

  #tuple(from: readonly Type[], to: Type & { kind: 'tuple' }): Result {
    const parts: Conversion[] = [];
    const refusals: NoConversion[] = [];
    for (const [i, type] of from.entries()) {
      const found = this.of(type, to.items[i]);
      if (found.ok) parts.push(inside(String(i), found));
      else refusals.push(within(String(i), found));
    }
    if (refusals.length > 0)
      return allRefused(
        refusals,
        [...parts, ...refusals].flatMap((part) => part.lost),
      );
    if (areSame(parts)) return SAME;
    const { span } = this.#nodes;
    return together(parts, (value) => {
      const locals = from.map((type) => this.#nodes.local(type));
      const items = locals.map((local) => ({ kind: 'bind' as const, local, type: local.type, span }));
      return {
        kind: 'let',
        pattern: { kind: 'tuple', items, type: value.type, span },
        value,
        body: this.#nodes.tuple(parts.map((part, i) => part.apply(this.#nodes.use(locals[i])))),
        type: to,
        span,
      };
    });
  }

  #list(from: Type & { kind: 'list' }, to: Type & { kind: 'list' }): Result {
    const item = this.of(from.item, to.item);
    if (!item.ok) return within(ITEM_STEP, item);
    if (item.isSame) return SAME;
    return together([inside(ITEM_STEP, item)], (list) =>
      this.#nodes.builtIn('List.map', [list, this.#nodes.lambda(from.item, item.apply)], to),
    );
  }

  /** Through a list. Where two items could become one, one would be lost. */
  #set(from: Type & { kind: 'set' }, to: Type & { kind: 'set' }): Result {
    const item = this.of(from.item, to.item);
    if (!item.ok) return within(ITEM_STEP, item);
    if (item.isSame) return SAME;
    if (item.mayMerge !== null)
      return refused([], `is a set of which two items may become one (${item.mayMerge})`, from, to);
    const [before, after]: Type[] = [
      { kind: 'list', item: from.item },
      { kind: 'list', item: to.item },
    ];
    return together([inside(ITEM_STEP, item)], (set) => {
      const list = this.#nodes.builtIn('Set.toList', [set], before);
      const made = this.#nodes.builtIn('List.map', [list, this.#nodes.lambda(from.item, item.apply)], after);
      return this.#nodes.builtIn('Set.fromList', [made], to);
    });
  }

  #map(from: Type & { kind: 'map' }, to: Type & { kind: 'map' }): Result {
    const [key, value] = [this.of(from.key, to.key), this.of(from.value, to.value)];
    if (!key.ok) return within(KEY_STEP, key);
    if (!value.ok) return within(ITEM_STEP, value);
    if (key.isSame && value.isSame) return SAME;
    if (key.mayMerge !== null)
      return refused([], `is a map of which two keys may become one (${key.mayMerge})`, from, to);
    const nodes = this.#nodes;
    const pair: Type = { kind: 'tuple', items: [from.key, from.value] };
    const pairAfter: Type = { kind: 'tuple', items: [to.key, to.value] };
    const converted = (entry: TypedExpression): TypedExpression => {
      const [left, right] = [nodes.local(from.key), nodes.local(from.value)];
      const { span } = nodes;
      const items = [left, right].map((local) => ({ kind: 'bind' as const, local, type: local.type, span }));
      const body = nodes.tuple([key.apply(nodes.use(left)), value.apply(nodes.use(right))]);
      const pattern = { kind: 'tuple' as const, items, type: pair, span };
      return { kind: 'let', pattern, value: entry, body, type: pairAfter, span };
    };
    return together([inside(KEY_STEP, key), inside(ITEM_STEP, value)], (map) => {
      const entries = nodes.builtIn('Map.entries', [map], { kind: 'list', item: pair });
      const made = nodes.builtIn('List.map', [entries, nodes.lambda(pair, converted)], {
        kind: 'list',
        item: pairAfter,
      });
      return nodes.builtIn('Map.fromList', [made], to);
    });
  }
}

const isSum = (a: SumDeclaration, b: SumDeclaration): boolean => a.identity === b.identity;

/** The arguments of a sum that are in no value of it. */
function unusedArguments({ declaration, arguments: given }: Type & { kind: 'sum' }): readonly Type[] {
  const used = declaration.constructors.map(({ payload }) => parametersIn(payload));
  return given.filter((_, i) => !used.some((indexes) => indexes.has(i)));
}
