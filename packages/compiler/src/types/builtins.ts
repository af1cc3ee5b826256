import { eitherOf, optionOf, resultOf } from './sums.ts';
import {
  BOOL,
  BYTES,
  functionOf,
  INT,
  listOf,
  mapOf,
  packedOf,
  pairOf,
  prune,
  setOf,
  STRING,
  TIME,
  tupleOf,
  UNIT,
} from './type.ts';
import type { PrimitiveArrow, Type } from './typed.ts';

/** The functions and arrows that are built in, as data. */

/** A type with parameters, which stand for any types: they are replaced at each use. */
export interface Scheme {
  readonly parameters: number;
  readonly from: Type;
  readonly to: Type;
  /** Parameters that stand for types of keys, beside those that are keys of a map or set in it. */
  readonly keys?: readonly number[];
}

const a: Type = { kind: 'parameter', name: 'a', index: 0 };
const b: Type = { kind: 'parameter', name: 'b', index: 1 };
const c: Type = { kind: 'parameter', name: 'c', index: 2 };

const scheme = (parameters: number, from: Type, to: Type): Scheme => ({ parameters, from, to });

/** From several arguments. */
const of = (parameters: number, from: readonly Type[], to: Type): Scheme =>
  scheme(parameters, packedOf(from), to);

const list = listOf(a);
const map = mapOf(a, b);
const set = setOf(a);

/** The built-in functions: by the name of their module, then by their own. */
const MODULES: Readonly<Record<string, Readonly<Record<string, Scheme>>>> = {
  List: {
    isEmpty: of(1, [list], BOOL),
    length: of(1, [list], INT),
    get: of(1, [list, INT], optionOf(a)),
    head: of(1, [list], optionOf(a)),
    append: of(1, [list, a], list),
    prepend: of(1, [list, a], list),
    concat: of(1, [listOf(list)], list),
    reverse: of(1, [list], list),
    map: of(2, [list, functionOf(a, b)], listOf(b)),
    filter: of(1, [list, functionOf(a, BOOL)], list),
    fold: of(2, [list, b, functionOf(pairOf(b, a), b)], b),
    any: of(1, [list, functionOf(a, BOOL)], BOOL),
    all: of(1, [list, functionOf(a, BOOL)], BOOL),
    range: of(0, [INT, INT], listOf(INT)),
    sum: of(0, [listOf(INT)], INT),
    contains: of(1, [list, a], BOOL),
    indexOf: of(1, [list, a], optionOf(INT)),
    take: of(1, [list, INT], list),
    drop: of(1, [list, INT], list),
    zip: of(2, [list, listOf(b)], listOf(pairOf(a, b))),
    sortBy: { ...of(2, [list, functionOf(a, b)], list), keys: [1] },
  },
  Map: {
    size: of(2, [map], INT),
    get: of(2, [map, a], optionOf(b)),
    has: of(2, [map, a], BOOL),
    insert: of(2, [map, a, b], map),
    remove: of(2, [map, a], map),
    update: of(2, [map, a, functionOf(optionOf(b), optionOf(b))], map),
    keys: of(2, [map], list),
    values: of(2, [map], listOf(b)),
    entries: of(2, [map], listOf(pairOf(a, b))),
    fold: of(3, [map, c, functionOf(tupleOf([c, a, b]), c)], c),
    map: of(3, [map, functionOf(pairOf(a, b), c)], mapOf(a, c)),
    filter: of(2, [map, functionOf(pairOf(a, b), BOOL)], map),
    fromList: of(2, [listOf(pairOf(a, b))], map),
  },
  Set: {
    size: of(1, [set], INT),
    has: of(1, [set, a], BOOL),
    insert: of(1, [set, a], set),
    remove: of(1, [set, a], set),
    union: of(1, [set, set], set),
    intersect: of(1, [set, set], set),
    diff: of(1, [set, set], set),
    toList: of(1, [set], list),
    fromList: of(1, [list], set),
  },
  String: {
    length: of(0, [STRING], INT),
    isEmpty: of(0, [STRING], BOOL),
    concat: of(0, [listOf(STRING)], STRING),
    split: of(0, [STRING, STRING], listOf(STRING)),
    join: of(0, [listOf(STRING), STRING], STRING),
    slice: of(0, [STRING, INT, INT], STRING),
    contains: of(0, [STRING, STRING], BOOL),
    startsWith: of(0, [STRING, STRING], BOOL),
    endsWith: of(0, [STRING, STRING], BOOL),
    indexOf: of(0, [STRING, STRING], optionOf(INT)),
    toUpper: of(0, [STRING], STRING),
    toLower: of(0, [STRING], STRING),
    trim: of(0, [STRING], STRING),
    repeat: of(0, [STRING, INT], STRING),
    toBytes: of(0, [STRING], BYTES),
  },
  Bytes: {
    length: of(0, [BYTES], INT),
    get: of(0, [BYTES, INT], optionOf(INT)),
    slice: of(0, [BYTES, INT, INT], BYTES),
    concat: of(0, [listOf(BYTES)], BYTES),
    toString: of(0, [BYTES], optionOf(STRING)),
    fromHex: of(0, [STRING], optionOf(BYTES)),
    toHex: of(0, [BYTES], STRING),
  },
  Int: {
    toString: of(0, [INT], STRING),
    parse: of(0, [STRING], optionOf(INT)),
    min: of(0, [INT, INT], INT),
    max: of(0, [INT, INT], INT),
    abs: of(0, [INT], INT),
  },
  Option: {
    withDefault: of(1, [optionOf(a), a], a),
    map: of(2, [optionOf(a), functionOf(a, b)], optionOf(b)),
    isSome: of(1, [optionOf(a)], BOOL),
  },
  Result: {
    withDefault: of(2, [resultOf(a, b), a], a),
    map: of(3, [resultOf(a, b), functionOf(a, c)], resultOf(c, b)),
    isOk: of(2, [resultOf(a, b)], BOOL),
  },
  Time: {
    toMillis: of(0, [TIME], INT),
    fromMillis: of(0, [INT], TIME),
    addMillis: of(0, [TIME, INT], TIME),
    diffMillis: of(0, [TIME, TIME], INT),
  },
};

/** By name, as it is called: `List.map`. */
export const BUILT_INS: ReadonlyMap<string, Scheme> = new Map(
  Object.entries(MODULES).flatMap(([module, functions]) =>
    Object.entries(functions).map(([name, type]) => [`${module}.${name}`, type] as const),
  ),
);

/** The names of the built-in functions, by their module. */
export const BUILT_IN_NAMES: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(MODULES).map(([module, functions]) => [module, Object.keys(functions)]),
);

/** What functions of other languages and libraries are called here, by module. */
const OTHER_NAMES: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  List: {
    length: ['size', 'len', 'count'],
    get: ['at', 'nth', 'elementAt'],
    head: ['first', 'peek'],
    append: ['push', 'add', 'snoc', 'pushBack'],
    prepend: ['cons', 'unshift', 'pushFront'],
    concat: ['flatten', 'flat', 'join'],
    map: ['transform', 'collect', 'select'],
    filter: ['where', 'keep'],
    fold: ['reduce', 'foldl', 'foldLeft', 'inject', 'aggregate'],
    any: ['some', 'exists'],
    all: ['every', 'forall', 'forAll'],
    contains: ['includes', 'member', 'elem', 'has'],
    indexOf: ['find', 'findIndex', 'position'],
    drop: ['tail', 'skip', 'rest'],
    sortBy: ['sort', 'order', 'orderBy', 'sorted'],
  },
  Map: {
    size: ['length', 'len', 'count'],
    get: ['find', 'lookup', 'at'],
    has: ['contains', 'containsKey', 'member', 'exists', 'includes'],
    insert: ['put', 'set', 'add', 'store'],
    remove: ['delete', 'erase', 'drop'],
    update: ['alter', 'adjust', 'modify', 'upsert'],
    entries: ['toList', 'items', 'pairs'],
    fold: ['reduce', 'foldl'],
    fromList: ['from', 'fromEntries', 'of'],
  },
  Set: {
    size: ['length', 'len', 'count'],
    has: ['contains', 'member', 'includes', 'exists'],
    insert: ['add', 'put'],
    remove: ['delete', 'erase', 'drop'],
    intersect: ['intersection'],
    diff: ['difference', 'subtract', 'minus'],
    toList: ['items', 'values', 'entries'],
    fromList: ['from', 'of'],
  },
  String: {
    length: ['size', 'len', 'count'],
    split: ['chars', 'characters', 'toList'],
    slice: ['substring', 'substr', 'sub', 'take', 'drop'],
    contains: ['includes', 'has'],
    indexOf: ['find', 'search', 'position'],
    toUpper: ['upper', 'uppercase', 'toUpperCase', 'upcase'],
    toLower: ['lower', 'lowercase', 'toLowerCase', 'downcase'],
    trim: ['strip'],
    concat: ['append', 'plus'],
  },
  Bytes: { length: ['size', 'len'], slice: ['sub', 'subarray'], toString: ['toText', 'decode'] },
  Int: { toString: ['show', 'format', 'str'], parse: ['fromString', 'ofString', 'read'], abs: ['absolute'] },
  Option: {
    withDefault: ['getOrElse', 'unwrapOr', 'orElse', 'default', 'getOr', 'fromMaybe'],
    isSome: ['isDefined', 'isPresent', 'isJust'],
  },
  Result: { withDefault: ['getOrElse', 'unwrapOr', 'orElse', 'default'], isOk: ['isSuccess', 'ok'] },
  Time: {
    toMillis: ['millis', 'toInt', 'toEpoch'],
    fromMillis: ['ofMillis', 'fromInt'],
    addMillis: ['add', 'plus'],
    diffMillis: ['diff', 'sub', 'since', 'between', 'minus'],
  },
};

/** What the function of a module is called here that has this name elsewhere; null where there is none. */
export function builtInFor(module: string, name: string): string | null {
  const own = Object.entries(OTHER_NAMES[module] ?? {});
  return own.find(([, others]) => others.includes(name))?.[0] ?? null;
}

/** The module whose functions work on values of a type; null where there is none. */
function moduleOf(type: Type): string | null {
  const seen = prune(type);
  const name = seen.kind === 'sum' ? seen.declaration.name : seen.kind;
  return Object.keys(MODULES).find((module) => module.toLowerCase() === name.toLowerCase()) ?? null;
}

/**
 * The call that is meant by a method of a value, `value.name(…)`: `List.map(xs, …)`. Null where no built-in
 * function is called so.
 */
export function callInsteadOf(type: Type, value: string, name: string): string | null {
  const module = moduleOf(type);
  if (module === null) return null;
  const own = Object.hasOwn(MODULES[module], name) ? name : builtInFor(module, name);
  if (own === null) return null;
  const { from } = MODULES[module][own];
  return `${module}.${own}(${value}${from.kind === 'tuple' ? ', …' : ''})`;
}

/**
 * The primitive arrows whose types are fixed. `get : () -> State` and `put : State -> ()` have
 * the state of the machine that they stand in.
 */
export const PRIMITIVE_SCHEMES: ReadonlyMap<Exclude<PrimitiveArrow, 'get' | 'put'>, Scheme> = new Map([
  ['id', scheme(1, a, a)],
  ['return', scheme(1, a, a)],
  ['fst', scheme(2, pairOf(a, b), a)],
  ['snd', scheme(2, pairOf(a, b), b)],
  ['inl', scheme(2, a, eitherOf(a, b))],
  ['inr', scheme(2, b, eitherOf(a, b))],
  ['now', scheme(0, UNIT, TIME)],
  ['fail', scheme(1, STRING, a)],
] as const);

/** Names that no `fun` or `arrow` can take. */
export const PRIMITIVE_NAMES: readonly PrimitiveArrow[] = [
  'id',
  'fst',
  'snd',
  'inl',
  'inr',
  'get',
  'put',
  'return',
  'now',
  'fail',
];

/** Whether a name is that of a primitive arrow. */
export const isPrimitive = (name: string): name is PrimitiveArrow =>
  (PRIMITIVE_NAMES as readonly string[]).includes(name);
