import { TYPE_LIMITS } from '@smc/protocol';
import type { SumDeclaration, Type, TypedExpression } from './typed.ts';

/**
 * What can be done with a type, whatever it is of. Types share parts, so that a type of a few
 * hundred objects may stand for a tree of millions of nodes, and they may be deep: all that
 * walks a type does so by `foldType`, which visits each object once and needs no stack.
 */

/** `()` */
export const UNIT: Type = { kind: 'unit' };
/** `Int` */
export const INT: Type = { kind: 'int' };
/** `Bool` */
export const BOOL: Type = { kind: 'bool' };
/** `String` */
export const STRING: Type = { kind: 'string' };
/** `Time` */
export const TIME: Type = { kind: 'time' };
/** `Bytes` */
export const BYTES: Type = { kind: 'bytes' };

/** The type of what is wrong and was reported: it goes with every type, silently. */
export const ERROR: Type = { kind: 'unknown', cell: { id: -1, solution: null } };

/** Whether a type is that of what has been refused. */
export const isError = (type: Type): boolean => prune(type) === ERROR;

/** A tuple of types. */
export const tupleOf = (items: readonly Type[]): Type => ({ kind: 'tuple', items });
/** A tuple of two types. */
export const pairOf = (left: Type, right: Type): Type => ({ kind: 'tuple', items: [left, right] });
/** A list of a type. */
export const listOf = (item: Type): Type => ({ kind: 'list', item });
/** A map from keys to values. */
export const mapOf = (key: Type, value: Type): Type => ({ kind: 'map', key, value });
/** A set of a type. */
export const setOf = (item: Type): Type => ({ kind: 'set', item });
/** A function: only of what a `fun` or a built-in takes. */
export const functionOf = (from: Type, to: Type): Type => ({ kind: 'function', from, to });

/** The order in which the fields of a record type are written: for messages only. */
const writtenOrders = new WeakMap<Type, readonly string[]>();

/** The name that a record type was declared with: for messages, and clauses of upgrades. */
const declaredNames = new WeakMap<Type, string>();

/** Keeps the name of a declared record type; the first counts. */
export function noteName(type: Type, name: string): void {
  if (type.kind === 'record' && !declaredNames.has(type)) declaredNames.set(type, name);
}

/** The name that a record type was declared with; null where it has none. */
export const declaredName = (type: Type): string | null => declaredNames.get(type) ?? null;

/** A field of a declared record that may be left out of an input, and that a migration fills in. */
export interface FieldDefault {
  /** The constant, once it was checked. */
  readonly typed: TypedExpression | null;
}

/** They belong to a declaration, and not to its type: to the object that stands for it. */
const fieldDefaults = new WeakMap<Type, ReadonlyMap<string, FieldDefault>>();

/** The defaults of a record type, where it was declared with some. */
export const defaultsOf = (type: Type): ReadonlyMap<string, FieldDefault> | undefined =>
  fieldDefaults.get(prune(type));

/** Keeps the defaults of a declared record type. */
export function noteDefaults(type: Type, defaults: ReadonlyMap<string, FieldDefault>): void {
  fieldDefaults.set(type, defaults);
}

/** A record of these fields, in any order; their names must differ. */
export function recordOf(fields: readonly { readonly name: string; readonly type: Type }[]): Type {
  const sorted = [...fields].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const type: Type = {
    kind: 'record',
    fields: sorted.map(({ name, type: field }) => ({ name, type: field })),
  };
  writtenOrders.set(
    type,
    fields.map(({ name }) => name),
  );
  return type;
}

/** The names of the fields as they are written. */
export function orderOf(type: Type & { kind: 'record' }): readonly string[] {
  return writtenOrders.get(type) ?? type.fields.map(({ name }) => name);
}

/** The packed input of a function of these parameters: unit, the one, or the tuple of all. */
export function packedOf(types: readonly Type[]): Type {
  if (types.length === 0) return UNIT;
  return types.length === 1 ? types[0] : tupleOf(types);
}

/** The type itself, or what it is solved to. */
export function prune(type: Type): Type {
  let seen = type;
  while (seen.kind === 'unknown' && seen.cell.solution !== null) seen = seen.cell.solution;
  return seen;
}

/** The parts that a type names itself; the payloads of a sum are those of its declaration. */
export function partsOf(type: Type): readonly Type[] {
  switch (type.kind) {
    case 'tuple':
      return type.items;
    case 'record':
      return type.fields.map((field) => field.type);
    case 'list':
    case 'set':
      return [type.item];
    case 'map':
      return [type.key, type.value];
    case 'sum':
      return type.arguments.length === 0 ? NO_PARTS : type.arguments;
    case 'function':
      return [type.from, type.to];
    default:
      return NO_PARTS;
  }
}

const NO_PARTS: readonly Type[] = [];

/** The same type with other parts; the type itself where all are the same. */
export function withParts(type: Type, parts: readonly Type[]): Type {
  const own = partsOf(type);
  if (own === NO_PARTS || own.every((part, i) => part === parts[i])) return type;
  switch (type.kind) {
    case 'tuple':
      return { kind: 'tuple', items: parts };
    case 'record': {
      const record: Type = {
        kind: 'record',
        fields: type.fields.map(({ name }, i) => ({ name, type: parts[i] })),
      };
      writtenOrders.set(record, orderOf(type));
      const defaults = fieldDefaults.get(type);
      if (defaults !== undefined) fieldDefaults.set(record, defaults);
      return record;
    }
    case 'list':
    case 'set':
      return { kind: type.kind, item: parts[0] };
    case 'map':
      return { kind: 'map', key: parts[0], value: parts[1] };
    case 'sum':
      return { kind: 'sum', declaration: type.declaration, arguments: parts };
    case 'function':
      return { kind: 'function', from: parts[0], to: parts[1] };
    default:
      return type;
  }
}

/**
 * Computes bottom-up: `step` gets a pruned type and the results for its parts. Each object is
 * visited once; `memo` may be kept as long as no unknown is solved in between.
 */
export function foldType<R>(root: Type, memo: Map<Type, R>, step: (type: Type, parts: readonly R[]) => R): R {
  const start = prune(root);
  // Most types are leaves.
  if (partsOf(start) === NO_PARTS) return step(start, []);
  const known = memo.get(start);
  if (known !== undefined) return known;
  const open = [start];
  while (open.length > 0) {
    const type = open[open.length - 1];
    const before = open.length;
    const results: R[] = [];
    if (!memo.has(type)) {
      for (const part of partsOf(type)) {
        const pruned = prune(part);
        const result = memo.get(pruned);
        // `null` is a result, and nothing else than a missing entry is undefined.
        if (result === undefined) open.push(pruned);
        else results.push(result);
      }
      if (open.length > before) continue;
      memo.set(type, step(type, results));
    }
    open.pop();
  }
  return memo.get(start) as R;
}

/** The type with these in place of its parameters, by position. */
export function substitute(type: Type, replacements: readonly Type[]): Type {
  if (replacements.length === 0) return type;
  return foldType<Type>(type, new Map(), (seen, parts) => {
    if (seen.kind === 'parameter') return replacements[seen.index];
    const made = withParts(seen, parts);
    if (made !== seen && seen.kind === 'record') instantiateDefaults(seen, made, replacements);
    return made;
  });
}

/** Of fields whose types have parameters the defaults have some in them, too: `items: List<a> = []`. */
function instantiateDefaults(
  { fields }: Type & { kind: 'record' },
  made: Type,
  replacements: readonly Type[],
): void {
  const parts = partsOf(made);
  const instances = [...(fieldDefaults.get(made) ?? [])].map(([name, declared]) => {
    const index = fields.findIndex((field) => field.name === name);
    const isGeneric = fields[index].type !== parts[index];
    return [name, isGeneric ? instantiated(declared, name, parts[index], replacements) : declared] as const;
  });
  if (instances.length > 0) fieldDefaults.set(made, new Map(instances));
}

/** A default of this type as the call of a function, whose type parameters are those of the declaration. */
function instantiated(
  declared: FieldDefault,
  name: string,
  type: Type,
  typeArguments: readonly Type[],
): FieldDefault {
  return {
    // What is declared is checked later than it is instantiated.
    get typed(): TypedExpression | null {
      const body = declared.typed;
      if (body === null) return null;
      const { span } = body;
      const typeParameters = typeArguments.map((_, index) => `a${index}`);
      const parameter = { kind: 'wildcard', type: UNIT, span } as const;
      // Of each declaration it is another one.
      const fun = {
        name: `${name} at ${span.start}`,
        typeParameters,
        parameter,
        result: body.type,
        body,
        span,
      };
      const argument = { kind: 'literal', value: null, type: UNIT, span } as const;
      return { kind: 'call', callee: { kind: 'fun', fun, typeArguments }, argument, type, span };
    },
  };
}

/**
 * A pruned type with settled parts: without solved unknowns. One that nothing determines is taken
 * to be Int: any type would do, and this one can be a key, too.
 */
export function settledNode(type: Type, parts: readonly Type[]): Type {
  return type.kind === 'unknown' && type !== ERROR ? INT : withParts(type, parts);
}

/** Whether something is in it that was reported already. */
export function hasError(type: Type): boolean {
  return foldType<boolean>(type, new Map(), (seen, parts) => seen === ERROR || parts.includes(true));
}

/** A type and all that is in it, arguments of constructors too; each object once, from the outside. */
export function* typesIn(type: Type): Generator<Type> {
  const open = [type];
  const seen = new Set<Type>();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const own = prune(next);
    if (seen.has(own)) continue;
    seen.add(own);
    yield own;
    for (const each of partsOf(own)) open.push(each);
    if (own.kind !== 'sum') continue;
    for (const { payload } of own.declaration.constructors) open.push(substitute(payload, own.arguments));
  }
}

// ------------------------------------------------------------------------------ keys

/**
 * A part of a type because of which it is no key of a map or set; null where it is one. What is
 * not known, or a type variable, is taken for one: who instantiates it must see to it.
 */
export function notKeyPart(type: Type): Type | null {
  return foldType<Type | null>(type, new Map(), (seen, parts) => {
    switch (seen.kind) {
      case 'int':
      case 'string':
      case 'bool':
      case 'bytes':
      case 'time':
      case 'unknown':
      case 'parameter':
        return null;
      case 'tuple':
        return parts.find((part) => part !== null) ?? null;
      case 'sum':
        return payloadsOf(seen).find((part) => part !== null) ?? null;
      default:
        return seen;
    }
  });
}

/** For each argument of each constructor what makes it no key, or null. */
function payloadsOf(type: Type & { kind: 'sum' }): readonly (Type | null)[] {
  return type.declaration.constructors.flatMap(({ labels, payload }) => {
    const own = substitute(payload, type.arguments);
    if (labels === null) return [notKeyPart(own)];
    return partsOf(prune(own)).map(notKeyPart);
  });
}

/** The positions of the type variables in a type. */
export function parametersIn(type: Type): ReadonlySet<number> {
  const found = new Set<number>();
  foldType<null>(type, new Map(), (seen) => {
    if (seen.kind === 'parameter') found.add(seen.index);
    return null;
  });
  return found;
}

// ------------------------------------------------------------------------------ size

/** Nodes and depth of a type written out as a tree, as `TYPE_LIMITS` of the protocol counts. */
export interface Measure {
  readonly nodes: number;
  readonly depth: number;
}

/** Every type of the language is one of data, which the bytecode limits. */
export const TYPE_NODES_MAX = TYPE_LIMITS.dataTreeNodesMax;
/** At most this many levels in a type. */
export const TYPE_DEPTH_MAX = TYPE_LIMITS.dataDepthMax;

/** Whether a measure is over the limits. */
export const isTooLarge = (size: Measure): boolean =>
  size.nodes > TYPE_NODES_MAX || size.depth > TYPE_DEPTH_MAX;

const LEAF: Measure = { nodes: 1, depth: 1 };
const NODES_COUNTED_MAX = 1e9;

function enclose(parts: readonly Measure[]): Measure {
  let nodes = 1;
  let depth = 0;
  for (const part of parts) {
    nodes = Math.min(nodes + part.nodes, NODES_COUNTED_MAX);
    depth = Math.max(depth, part.depth);
  }
  return { nodes, depth: depth + 1 };
}

// A declaration without parameters has one size, wherever it stands.
const declarationSizes = new WeakMap<SumDeclaration, Measure>();

function measureSum(declaration: SumDeclaration, parts: readonly Measure[]): Measure {
  const known = declarationSizes.get(declaration);
  if (known !== undefined) return known;
  const payloads = declaration.constructors.map(({ payload }) => measureIn(payload, parts, new Map()));
  const size = enclose([...parts, ...payloads]);
  if (declaration.parameters.length === 0) declarationSizes.set(declaration, size);
  return size;
}

function measureIn(type: Type, parameters: readonly Measure[], memo: Map<Type, Measure>): Measure {
  return foldType<Measure>(type, memo, (seen, parts) =>
    seen.kind === 'parameter' ? (parameters[seen.index] ?? LEAF) : measureNode(seen, parts),
  );
}

/** The size of a type whose parts have these. */
export function measureNode(type: Type, parts: readonly Measure[]): Measure {
  return type.kind === 'sum' ? measureSum(type.declaration, parts) : enclose(parts);
}

/** The size of a type. `memo` as in `foldType`. */
export function measure(type: Type, memo: Map<Type, Measure> = new Map()): Measure {
  return measureIn(type, [], memo);
}

// --------------------------------------------------------------------------- display

const BASE_NAMES = { unit: '()', int: 'Int', bool: 'Bool', string: 'String', bytes: 'Bytes', time: 'Time' };
const DISPLAY_LENGTH_MAX = 160;

/**
 * The type as a user writes it, a declared record by its name; `_` is what is not known, `…` what is
 * left out of a long one.
 */
export function display(type: Type): string {
  return displayed(type, null);
}

/** The same, but a record at the top by its fields. */
export function displayFields(type: Type): string {
  return displayed(type, prune(type));
}

function displayed(type: Type, opened: Type | null): string {
  return foldType<string>(type, new Map(), (seen, parts) => {
    const name = seen === opened ? undefined : declaredNames.get(seen);
    const written = name ?? displayNode(seen, parts);
    return written.length > DISPLAY_LENGTH_MAX ? '…' : written;
  });
}

function displayNode(type: Type, parts: readonly string[]): string {
  switch (type.kind) {
    case 'tuple':
      return `(${parts.join(', ')})`;
    case 'record': {
      const written = new Map(type.fields.map(({ name }, i) => [name, parts[i]]));
      const fields = orderOf(type).map((name) => `${name}: ${written.get(name)}`);
      return `{ ${fields.join(', ')} }`;
    }
    case 'list':
      return `List<${parts[0]}>`;
    case 'set':
      return `Set<${parts[0]}>`;
    case 'map':
      return `Map<${parts.join(', ')}>`;
    case 'sum':
      return type.declaration.name + (parts.length === 0 ? '' : `<${parts.join(', ')}>`);
    case 'function': {
      const from = prune(type.from).kind === 'function' ? `(${parts[0]})` : parts[0];
      return `${from} -> ${parts[1]}`;
    }
    case 'parameter':
      return type.name;
    case 'unknown':
      return '…';
    default:
      return BASE_NAMES[type.kind];
  }
}

/** A constructor as it is declared: `Paid(at: Time)`; with these in place of its type parameters. */
export function displayConstructor(
  { name, labels, payload }: SumDeclaration['constructors'][number],
  given: readonly Type[] = [],
): string {
  const own = prune(substitute(payload, given));
  if (labels === null) return `${name}(${display(own)})`;
  if (labels.length === 0 || own.kind !== 'record') return name;
  const types = new Map(own.fields.map((field) => [field.name, display(field.type)]));
  return `${name}(${labels.map((label) => `${label}: ${types.get(label)}`).join(', ')})`;
}

/**
 * With its article, where it has one: `an Int`, `a List<Int>`, `(Int, Int)`; a type variable and the type of a
 * function in quotes.
 */
export function displayWithArticle(type: Type): string {
  const text = display(type);
  const { kind } = prune(type);
  if (kind === 'parameter') return `\`${text}\``;
  if (kind === 'function') return `a function \`${text}\``;
  if (!/^[A-Z]/.test(text)) return text;
  return `${SPOKEN_WITH_VOWEL.test(text) ? 'an' : 'a'} ${text}`;
}

/** Names that start with the sound of a vowel, as far as their first letters tell: not `Unit`, `User`, `Euro`; those in capitals are spelt, `S`, `SMS`. */
const SPOKEN_WITH_VOWEL =
  /^(?:[AI]|E(?!u)|O(?!n(?:ce|e))|U(?:n(?!i)|p)|Ho(?:ur|nes|nor)|[FHLMNRSX][A-Z\d]*(?!\w))/;
