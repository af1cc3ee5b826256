import type { Value } from '@smc/protocol';
import { display, ERROR, prune, substitute } from './type.ts';
import type { Type, TypedPattern } from './typed.ts';

/**
 * Which values the arms of a `case` leave out, and which arms are never reached: usefulness of
 * a row of patterns, with a witness, by Maranget, Warnings for pattern matching (2007).
 *
 * The question is hard in general, so the work is counted, and given up at a bound.
 */

/** A pattern without names: null is `_`. A witness is one, too: what no arm matches. */
type Shape = Node | null;

interface Node {
  /** The constructor's index, the literal, or null for the one shape of a tuple, record or unit. */
  readonly head: number | string | boolean | null;
  readonly parts: readonly Shape[];
}

/** Which values the arms of a `case` take. */
export interface Coverage {
  /** Patterns that no arm takes, as a user writes them; at most `MISSING_MAX`. `_` stands for other literals. */
  readonly missing: readonly string[];
  /** One value that no arm takes, or null. */
  readonly example: string | null;
  /** Whether there are more than that. */
  readonly more: boolean;
  /** Arms that are never reached, each with the earlier one that takes all of it alone, or null. */
  readonly redundant: readonly { readonly arm: number; readonly by: number | null }[];
}

/** At most this many patterns that are missing are told. */
export const MISSING_MAX = 3;
const WORK_MAX = 1_000_000;
/** Columns split one after the other: the depth of the recursion. */
const DEPTH_MAX = 1_000;

class TooMuchWork extends Error {}

/**
 * What the patterns, in their order, cover of a type. Null where something in them was refused
 * already; `'too large'` where it takes too much work to say.
 */
export function coverage(patterns: readonly TypedPattern[], type: Type): Coverage | 'too large' | null {
  const rows: Shape[] = [];
  for (const pattern of patterns) {
    const shape = shapeOf(pattern);
    if (shape === undefined) return null;
    rows.push(shape);
  }
  if (prune(type) === ERROR) return null;
  try {
    return cover(rows, type);
  } catch (error) {
    if (error instanceof TooMuchWork) return 'too large';
    throw error;
  }
}

function cover(rows: readonly Shape[], type: Type): Coverage {
  // As in each `let`: nothing is left for another arm.
  if (rows[0] === null) {
    const redundant = rows.slice(1).map((_, i) => ({ arm: i + 1, by: 0 }));
    return { missing: [], example: null, more: false, redundant };
  }
  const search = new Search();
  const redundant: { arm: number; by: number | null }[] = [];
  const reached: Shape[] = [];
  for (const [arm, row] of rows.entries()) {
    if (
      search.useful(
        reached.map((earlier) => [earlier]),
        [row],
        [type],
        0,
      ) !== null
    )
      reached.push(row);
    else {
      const by = rows.slice(0, arm).findIndex((one) => search.useful([[one]], [row], [type], 0) === null);
      redundant.push({ arm, by: by === -1 ? null : by });
    }
  }
  const missing: string[] = [];
  let example: string | null = null;
  for (;;) {
    const witness = search.useful(
      reached.map((row) => [row]),
      [null],
      [type],
      0,
    );
    if (witness === null) return { missing, example, more: false, redundant };
    if (missing.length === MISSING_MAX) return { missing, example, more: true, redundant };
    const pattern = withoutLiterals(witness[0], type);
    example ??= write(witness[0], type);
    missing.push(write(pattern, type));
    reached.push(pattern);
  }
}

/** A witness with `_` for the literals that were chosen for it: they stand for all others. */
function withoutLiterals(shape: Shape, type: Type): Shape {
  if (shape === null || headsOf(type) === null) return null;
  const types = partTypes(type, shape.head);
  return { head: shape.head, parts: shape.parts.map((part, i) => withoutLiterals(part, types[i])) };
}

/** Undefined where it, or a part of it, was refused already. */
function shapeOf(pattern: TypedPattern): Shape | undefined {
  if (prune(pattern.type) === ERROR) return undefined;
  switch (pattern.kind) {
    case 'wildcard':
    case 'bind':
      return null;
    case 'literal':
      return { head: headOf(pattern.value), parts: [] };
    case 'construct':
      return node(pattern.constructor, [shapeOf(pattern.payload)]);
    case 'tuple':
      return node(null, pattern.items.map(shapeOf));
    case 'list': {
      // A list is the sum of the empty one and a first item with the rest.
      const rest = pattern.rest === null ? { head: NIL, parts: [] } : shapeOf(pattern.rest);
      return pattern.items.reduceRight<Shape | undefined>(
        (tail, item) => node(CONS, [shapeOf(item), tail]),
        rest,
      );
    }
    case 'record': {
      const type = prune(pattern.type);
      if (type.kind !== 'record') return undefined;
      const written = new Map(pattern.fields.map(({ name, pattern: part }) => [name, shapeOf(part)]));
      return node(
        null,
        type.fields.map(({ name }) => (written.has(name) ? written.get(name) : null)),
      );
    }
  }
}

const NIL = 0;
const CONS = 1;

/** Bytes by their digits: what is equal has one head. */
function headOf(value: Value): Node['head'] {
  if (value instanceof Uint8Array) return Array.from(value, hexByte).join('');
  return value as number | string | boolean | null;
}

const hexByte = (byte: number): string => byte.toString(16).padStart(2, '0');

function node(head: Node['head'], parts: readonly (Shape | undefined)[]): Shape | undefined {
  if (parts.includes(undefined)) return undefined;
  // The one shape of a type, of whatever: this is all of it.
  if (head === null && parts.every((part) => part === null)) return null;
  return { head, parts: parts as readonly Shape[] };
}

class Search {
  #work = 0;

  /**
   * A row that `query` matches and none of `rows` does, or null. All are as long as `types`;
   * their first column is split by its heads, until none is left.
   */
  useful(
    rows: readonly (readonly Shape[])[],
    query: readonly Shape[],
    types: readonly Type[],
    depth: number,
  ): readonly Shape[] | null {
    this.#work += rows.length + 1;
    if (this.#work > WORK_MAX || depth > DEPTH_MAX) throw new TooMuchWork();
    if (types.length === 0) return rows.length === 0 ? [] : null;
    const [first, ...otherTypes] = types;
    const wanted = query[0];
    if (wanted !== null) return this.#split(rows, query, types, wanted.head, depth);
    const heads = new Set(rows.flatMap(([shape]) => (shape === null ? [] : [shape.head])));
    const all = headsOf(first);
    if (heads.size > 0 && all !== null && all.every((head) => heads.has(head))) {
      for (const head of all) {
        const found = this.#split(rows, query, types, head, depth);
        if (found !== null) return found;
      }
      return null;
    }
    const others = rows.filter(([shape]) => shape === null).map((row) => row.slice(1));
    const found = this.useful(others, query.slice(1), otherTypes, depth + 1);
    if (found === null) return null;
    const absent = heads.size === 0 ? undefined : absentHead(first, heads, all);
    const witness: Shape =
      absent === undefined ? null : { head: absent, parts: partTypes(first, absent).map(() => null) };
    return [witness, ...found];
  }

  /** The question for the values whose first column has this head. */
  #split(
    rows: readonly (readonly Shape[])[],
    query: readonly Shape[],
    types: readonly Type[],
    head: Node['head'],
    depth: number,
  ): readonly Shape[] | null {
    const parts = partTypes(types[0], head);
    const wild: readonly Shape[] = parts.map(() => null);
    const open = ([shape, ...rest]: readonly Shape[]): readonly (readonly Shape[])[] => {
      if (shape === null) return [[...wild, ...rest]];
      return shape.head === head ? [[...shape.parts, ...rest]] : [];
    };
    const [inner] = open(query);
    const found = this.useful(rows.flatMap(open), inner, [...parts, ...types.slice(1)], depth + 1);
    if (found === null) return null;
    return [{ head, parts: found.slice(0, parts.length) }, ...found.slice(parts.length)];
  }
}

/** A head that is not among these. */
function absentHead(
  type: Type,
  heads: ReadonlySet<Node['head']>,
  all: readonly Node['head'][] | null,
): Node['head'] | undefined {
  if (all !== null) return all.find((head) => !heads.has(head));
  for (let n = 0; n <= heads.size; n++) {
    const { kind } = prune(type);
    const head = kind === 'string' ? 'a'.repeat(n) : kind === 'bytes' ? '00'.repeat(n) : n;
    if (!heads.has(head)) return head;
  }
  return undefined;
}

/** All heads that values of a type can have; null where there are too many to list. */
function headsOf(type: Type): readonly Node['head'][] | null {
  const seen = prune(type);
  switch (seen.kind) {
    case 'bool':
      return [true, false];
    case 'sum':
      return seen.declaration.constructors.map((_, index) => index);
    case 'list':
      return [NIL, CONS];
    case 'unit':
    case 'tuple':
    case 'record':
      return [null];
    default:
      return null;
  }
}

/** The types of what is in a value of this type with this head. */
function partTypes(type: Type, head: Node['head']): readonly Type[] {
  const seen = prune(type);
  switch (seen.kind) {
    case 'tuple':
      return seen.items;
    case 'record':
      return seen.fields.map((field) => field.type);
    case 'list':
      return head === CONS ? [seen.item, seen] : [];
    case 'sum':
      return [substitute(seen.declaration.constructors[head as number].payload, seen.arguments)];
    default:
      return [];
  }
}

/** The pattern as a user writes it. */
function write(shape: Shape, type: Type): string {
  if (shape === null) return '_';
  const seen = prune(type);
  if (seen.kind === 'list') return writeList(shape, seen.item);
  const parts = partTypes(seen, shape.head).map((part, i) => write(shape.parts[i], part));
  switch (seen.kind) {
    case 'unit':
      return '()';
    case 'bool':
    case 'int':
      return String(shape.head);
    case 'string':
      return JSON.stringify(shape.head);
    case 'time':
      return `@${shape.head}`;
    case 'bytes':
      return `0x"${shape.head}"`;
    case 'tuple':
      return `(${parts.join(', ')})`;
    case 'record':
      return `{ ${seen.fields.map(({ name }, i) => `${name}: ${parts[i]}`).join(', ')} }`;
    case 'sum':
      return writeConstructor(seen, shape);
    default:
      throw new Error(`a pattern of type ${display(seen)} with the head ${shape.head}`);
  }
}

function writeList(list: Node, item: Type): string {
  const items: string[] = [];
  let rest: Shape = list;
  while (rest?.head === CONS) {
    items.push(write(rest.parts[0], item));
    rest = rest.parts[1];
  }
  return `[${[...items, ...(rest === null ? ['..._'] : [])].join(', ')}]`;
}

function writeConstructor(type: Type & { kind: 'sum' }, shape: Node): string {
  const { name, labels } = type.declaration.constructors[shape.head as number];
  const payload = prune(partTypes(type, shape.head)[0]);
  const inner = shape.parts[0];
  if (labels === null) return `${name}(${write(inner, payload)})`;
  if (labels.length === 0) return name;
  if (payload.kind !== 'record') throw new Error(`the named arguments of ${name} are ${display(payload)}`);
  const { fields } = payload;
  const parts = labels.map((label) => {
    const index = fields.findIndex((field) => field.name === label);
    return `${label}: ${inner === null ? '_' : write(inner.parts[index], fields[index].type)}`;
  });
  return `${name}(${parts.join(', ')})`;
}
