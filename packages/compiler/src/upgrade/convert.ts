import { ITEM_STEP, KEY_STEP } from '@smc/protocol';
import { defaultsOf, display, prune, substitute, typesIn } from '../types/type.ts';
import type { SumDeclaration, Type, TypedConversion, TypedExpression, TypedFun } from '../types/typed.ts';
import { differ } from '../types/unify.ts';
import type { Nodes } from './nodes.ts';

/**
 * The conversion of values of one version of a type to the other: what is written for a type,
 * and else what is derived, where there is one sensible answer.
 */

/** What the clauses of an upgrade say of types, seen in one direction. */
export interface Rules {
  /** In the direction `back` a constructor without counterpart fails when it is met. */
  readonly direction: 'forward' | 'back';
  readonly written: readonly {
    readonly from: Type;
    readonly to: Type;
    readonly conversion: TypedConversion;
  }[];
  /** Pairs that a clause converts the other way only: nothing is derived for them. */
  readonly oneWay: readonly { readonly from: Type; readonly to: Type }[];
  /** Fields of record types (of the old version) under another name, from `source` to `target`. */
  readonly fields: readonly { readonly owner: Type; readonly source: string; readonly target: string }[];
  readonly constructors: readonly {
    readonly owner: SumDeclaration;
    readonly source: string;
    readonly target: string;
  }[];
  readonly types: readonly { readonly source: SumDeclaration; readonly target: SumDeclaration }[];
}

/** Why there is no one answer, and where: steps from the type that was to be converted. */
export interface NoConversion {
  readonly ok: false;
  readonly path: readonly string[];
  /** As the end of a sentence: `is new, and has no default`. */
  readonly why: string;
  readonly from: Type | null;
  readonly to: Type | null;
}

/** How a value is converted. */
export interface Conversion {
  readonly ok: true;
  /** Whether nothing is to be done. */
  readonly isSame: boolean;
  /** Whether a clause takes part, which may give one value for two. */
  readonly isWritten: boolean;
  /** Constructors for which it fails, as steps joined by dots; `[]` to items, as the judge has them. */
  readonly fails: readonly string[];
  readonly apply: (value: TypedExpression) => TypedExpression;
}

const SAME: Conversion = { ok: true, isSame: true, isWritten: false, fails: [], apply: (value) => value };

const refused = (
  path: readonly string[],
  why: string,
  from: Type | null = null,
  to: Type | null = null,
): NoConversion => ({ ok: false, path, why, from, to });

const within = (step: string, found: NoConversion): NoConversion => ({
  ...found,
  path: [step, ...found.path],
});

type Result = Conversion | NoConversion;

/** A conversion of what a step leads to. */
const inside = (step: string, part: Conversion): Conversion => ({
  ...part,
  fails: part.fails.map((path) => `${step}.${path}`),
});

/** What several conversions have in common. */
function together(parts: readonly Conversion[], apply: Conversion['apply']): Conversion {
  return {
    ok: true,
    isSame: false,
    isWritten: parts.some(({ isWritten }) => isWritten),
    fails: parts.flatMap(({ fails }) => fails),
    apply,
  };
}

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

  #find(from: Type, to: Type): Result {
    const written = this.#rules.written.find(
      (clause) => !differ(clause.from, from) && !differ(clause.to, to),
    );
    if (written !== undefined) return this.#written(written.conversion, to);
    const oneWay = this.#rules.oneWay.some((pair) => !differ(pair.from, from) && !differ(pair.to, to));
    if (oneWay) return refused([], 'is converted by a clause, and by none on the way back', from, to);
    if (!differ(from, to) && !this.#mentionsClause(from)) return SAME;
    if (from.kind === 'record' && to.kind === 'record') return this.#named(from, to, this.#record(from, to));
    if (from.kind === 'sum' && to.kind === 'sum' && this.#areVersions(from.declaration, to.declaration))
      return this.#named(from, to, this.#sum(from, to));
    if (from.kind === 'tuple' && to.kind === 'tuple' && from.items.length === to.items.length)
      return this.#tuple(from.items, to);
    if (from.kind === 'list' && to.kind === 'list') return this.#list(from, to);
    if (from.kind === 'set' && to.kind === 'set') return this.#set(from, to);
    if (from.kind === 'map' && to.kind === 'map') return this.#map(from, to);
    return refused([], `changed from ${display(from)} to ${display(to)}`, from, to);
  }

  /** Whether a type for which a conversion is written is somewhere in this one: equal types may have one, too. */
  #mentionsClause(type: Type): boolean {
    const clauses = [...this.#rules.written, ...this.#rules.oneWay];
    if (clauses.length === 0) return false;
    for (const own of typesIn(type)) if (clauses.some(({ from }) => !differ(from, own))) return true;
    return false;
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
    return { ok: true, isSame: false, isWritten: true, fails: [], apply };
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
    return this.fields(from, to, (name) => defaults?.get(name)?.typed ?? null);
  }

  /** The same, with other values for fields that are new. */
  fields(
    from: Type & { kind: 'record' },
    to: Type & { kind: 'record' },
    byDefault: (name: string) => TypedExpression | null,
    given: ReadonlyMap<string, (record: TypedExpression) => TypedExpression> = new Map(),
  ): Result {
    const parts: Conversion[] = [];
    const makers: { name: string; make: (record: TypedExpression) => TypedExpression }[] = [];
    for (const { name, type } of to.fields) {
      const own = given.get(name);
      if (own !== undefined) {
        makers.push({ name, make: own });
        continue;
      }
      const sourceName = this.#sourceOf(from, to, name);
      const source = from.fields.find((field) => field.name === sourceName);
      if (source === undefined) {
        const value = byDefault(name);
        if (value === null) return refused([name], 'is new, and has no default', null, type);
        makers.push({ name, make: () => value });
        continue;
      }
      const found = this.of(source.type, type);
      if (!found.ok) return within(name, found);
      parts.push(inside(name, found));
      makers.push({
        name,
        make: (record) => found.apply(this.#nodes.field(record, source.name, source.type)),
      });
    }
    const isSame = from.fields.length === to.fields.length && parts.length === to.fields.length;
    if (isSame && parts.every((part) => part.isSame) && !differ(from, to)) return SAME;
    return together(parts, (record) => ({
      kind: 'record',
      fields: makers.map(({ name, make }) => ({ name, value: make(record) })),
      type: to,
      span: this.#nodes.span,
    }));
  }

  /** The name that a field of the target has in the source. */
  #sourceOf(from: Type, to: Type, name: string): string {
    const old = this.#rules.direction === 'forward' ? from : to;
    const renamed = this.#rules.fields.filter(({ owner }) => owner === old || !differ(owner, old));
    return renamed.find(({ target }) => target === name)?.source ?? name;
  }

  // ---------------------------------------------------------------------------- sums

  #areVersions(from: SumDeclaration, to: SumDeclaration): boolean {
    const renamed = this.#rules.types.find(({ source }) => source === from);
    return renamed === undefined ? from.name === to.name : renamed.target === to;
  }

  #sum(from: Type & { kind: 'sum' }, to: Type & { kind: 'sum' }): Result {
    const old = this.#rules.direction === 'forward' ? from.declaration : to.declaration;
    const renamed = this.#rules.constructors.filter(({ owner }) => owner === old);
    const parts: Conversion[] = [];
    const arms: { tag: number; payload: Type; make: (payload: TypedExpression) => TypedExpression }[] = [];
    for (const [tag, { name, payload, labels }] of from.declaration.constructors.entries()) {
      const own = substitute(payload, from.arguments);
      const other = renamed.find(({ source }) => source === name)?.target ?? name;
      const index = to.declaration.constructors.findIndex((each) => each.name === other);
      const found = index < 0 ? null : this.#payload(own, labels, to, index);
      if (found === null || (!found.ok && this.#rules.direction === 'back')) {
        if (this.#rules.direction === 'forward') return refused([name], 'is gone', from, to);
        const message = `${name} has no counterpart in the older version`;
        parts.push({ ...SAME, isSame: false, fails: [name] });
        arms.push({ tag, payload: own, make: () => this.#nodes.fail(message, to) });
        continue;
      }
      if (!found.ok) return within(name, found);
      parts.push(inside(name, found));
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
    return together(parts, (subject) => this.#case(subject, arms, to));
  }

  /** The arguments of a constructor: none, one, or the record of the named ones. */
  #payload(from: Type, labels: readonly string[] | null, to: Type & { kind: 'sum' }, index: number): Result {
    const target = to.declaration.constructors[index];
    const payload = substitute(target.payload, to.arguments);
    const forms = [labels, target.labels].map((each) =>
      each === null ? 'one' : each.length === 0 ? 'none' : 'named',
    );
    if (forms[0] !== forms[1]) return refused([], 'takes other arguments', from, payload);
    return this.of(from, payload);
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
    for (const [i, type] of from.entries()) {
      const found = this.of(type, to.items[i]);
      if (!found.ok) return within(String(i), found);
      parts.push(inside(String(i), found));
    }
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
    if (!item.ok) return item;
    return together([inside(ITEM_STEP, item)], (list) =>
      this.#nodes.builtIn('List.map', [list, this.#nodes.lambda(from.item, item.apply)], to),
    );
  }

  /** Through a list. What a clause converts could make two items one, which would lose one. */
  #set(from: Type & { kind: 'set' }, to: Type & { kind: 'set' }): Result {
    const item = this.of(from.item, to.item);
    if (!item.ok) return item;
    if (item.isWritten) return refused([], 'is a set whose items a clause converts', from, to);
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
    if (!key.ok) return key;
    if (!value.ok) return value;
    if (key.isWritten) return refused([], 'is a map whose keys a clause converts', from, to);
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
