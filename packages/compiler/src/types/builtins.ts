import { BUILT_IN_MODULES, type BuiltIn, type Scheme } from './built-in-modules.ts';
import { eitherOf } from './sums.ts';
import { pairOf, prune, STRING, TIME, UNIT } from './type.ts';
import type { PrimitiveArrow, Type } from './typed.ts';

/** The functions and arrows that are built in, as data: by their names, and by those they have elsewhere. */

const a: Type = { kind: 'parameter', name: 'a', index: 0 };
const b: Type = { kind: 'parameter', name: 'b', index: 1 };

const scheme = (parameters: number, from: Type, to: Type): Scheme => ({ parameters, from, to });

/** By name, as it is called: `List.map`. */
export const BUILT_INS: ReadonlyMap<string, BuiltIn> = new Map(
  Object.entries(BUILT_IN_MODULES).flatMap(([module, functions]) =>
    Object.entries(functions).map(([name, type]) => [`${module}.${name}`, type] as const),
  ),
);

/** The names of the built-in functions, by their module. */
export const BUILT_IN_NAMES: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(BUILT_IN_MODULES).map(([module, functions]) => [module, Object.keys(functions)]),
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

/** Functions that other languages have in another module. */
const OTHER_MODULES: Readonly<Record<string, string>> = {
  'String.fromInt': 'Int.toString',
  'String.ofInt': 'Int.toString',
  'String.from': 'Int.toString',
  'String.valueOf': 'Int.toString',
  'String.toInt': 'Int.parse',
  'String.parseInt': 'Int.parse',
  'String.fromBytes': 'Bytes.toString',
  'Bytes.fromString': 'String.toBytes',
  'List.toSet': 'Set.fromList',
  'List.toMap': 'Map.fromList',
  'List.fromSet': 'Set.toList',
  'List.fromMap': 'Map.entries',
};

/** The function that has this name in a module elsewhere: `List.length` for `List.size`; null where there is none. */
export function builtInFor(module: string, name: string): string | null {
  const own = Object.entries(OTHER_NAMES[module] ?? {});
  const found = own.find(([, others]) => others.includes(name))?.[0];
  if (found !== undefined) return `${module}.${found}`;
  const path = `${module}.${name}`;
  return Object.hasOwn(OTHER_MODULES, path) ? OTHER_MODULES[path] : null;
}

/** The module whose functions work on values of a type; null where there is none. */
function moduleOf(type: Type): string | null {
  const seen = prune(type);
  const name = seen.kind === 'sum' ? seen.declaration.name : seen.kind;
  return Object.keys(BUILT_IN_MODULES).find((module) => module.toLowerCase() === name.toLowerCase()) ?? null;
}

/**
 * The call that is meant by a method of a value, `value.name(…)`: `List.map(xs, …)`. Null where no built-in
 * function is called so.
 */
export function callInsteadOf(type: Type, value: string, name: string): string | null {
  const module = moduleOf(type);
  if (module === null) return null;
  const path = `${module}.${name}`;
  const own = BUILT_INS.has(path) ? path : builtInFor(module, name);
  const from = own === null ? undefined : BUILT_INS.get(own)?.from;
  return from === undefined ? null : `${own}(${value}${from.kind === 'tuple' ? ', …' : ''})`;
}

/**
 * The parameters of a function in place that takes so many, as they are written: `x`, `(acc, x)`. Those that
 * a built-in function takes have the names that its examples give them; `called` may be no built-in function.
 */
export function parametersOf(called: string, count: number): string {
  if (count === 1) return 'x';
  for (const example of Object.keys(BUILT_INS.get(called)?.examples ?? {})) {
    const [written, names] = /\(([a-z]+(?:, [a-z]+)+)\)(?= ->)/.exec(example) ?? [];
    if (written !== undefined && names?.split(', ').length === count) return written;
  }
  const names = Array.from({ length: count }, (_, i) => 'abcdefghijklmnop'[i] ?? `a${i}`);
  return `(${names.join(', ')})`;
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
