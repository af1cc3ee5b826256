/**
 * Types: structural, interned and acyclic.
 *
 * A `TypeTable` gives each type an index (`TypeId`). A node names its parts by index, and
 * each part was interned before it, so no type contains itself, and within one table two
 * types are equal exactly where their indices are. Types of two tables are compared after
 * `TypeTable.adopt`.
 */

/** An index into one `TypeTable`. */
export type TypeId = number;

export type BaseKind = 'unit' | 'int' | 'bool' | 'string' | 'bytes' | 'time';

export type TypeNode =
  | { readonly kind: BaseKind }
  | { readonly kind: 'tuple'; readonly items: readonly TypeId[] }
  /** Fields sorted by name, by UTF-16 code unit; at least one. */
  | { readonly kind: 'record'; readonly fields: readonly Field[] }
  | { readonly kind: 'list'; readonly item: TypeId }
  | { readonly kind: 'map'; readonly key: TypeId; readonly value: TypeId }
  | { readonly kind: 'set'; readonly item: TypeId }
  /** A declared or built-in sum. Name, arguments and constructors all belong to its identity. */
  | {
      readonly kind: 'sum';
      readonly name: string;
      readonly arguments: readonly TypeId[];
      readonly constructors: readonly Constructor[];
    }
  /** Only inside code: never in a state, an input, a reply, a constant or a collection. */
  | { readonly kind: 'function'; readonly from: TypeId; readonly to: TypeId };

export interface Field {
  readonly name: string;
  readonly type: TypeId;
}

/**
 * A constructor of a sum. `labels` is empty where it has no argument (then `payload` is
 * unit), null for one unnamed argument (`payload` is its type), and else the names in
 * declared order (`payload` is the record of them).
 */
export interface Constructor {
  readonly name: string;
  readonly labels: readonly string[] | null;
  readonly payload: TypeId;
}

/** Bounds of what a table takes; over them `intern` throws a `TypeLimitError`. */
export const TYPE_LIMITS = {
  /** Nodes of one type, written out as a tree. Environments of long blocks are large, and shared. */
  treeNodesMax: 1_000_000,
  depthMax: 2_000,
  /** The same, for a type of data: a state, a parameter, a reply, a constant. */
  dataTreeNodesMax: 10_000,
  dataDepthMax: 100,
  tableLengthMax: 65_536,
  tupleItemsMin: 2,
  tupleItemsMax: 16,
  recordFieldsMax: 1_024,
  constructorsMax: 1_024,
} as const;

/** A type is larger than `TYPE_LIMITS` allows: a limit that untrusted input can reach. */
export class TypeLimitError extends Error {}

const base = (kind: BaseKind): TypeNode => ({ kind });

/** Every table starts with these, at these indices. */
export const UNIT: TypeId = 0;
export const INT: TypeId = 1;
export const BOOL: TypeId = 2;
export const STRING: TypeId = 3;
export const BYTES: TypeId = 4;
export const TIME: TypeId = 5;
const BASES = [base('unit'), base('int'), base('bool'), base('string'), base('bytes'), base('time')];

export class TypeTable {
  readonly #nodes: TypeNode[] = [];
  readonly #index = new Map<string, TypeId>();
  /** Tuples of two, by their parts: the environments of code are built of them. */
  readonly #pairs = new Map<number, TypeId>();
  readonly #treeNodes: number[] = [];
  readonly #depth: number[] = [];
  readonly #firstOrder: boolean[] = [];
  /** Kept, since they are asked for with each value of the type. */
  readonly #components: (readonly TypeId[] | null)[] = [];

  constructor() {
    for (const node of BASES) this.intern(node);
  }

  get length(): number {
    return this.#nodes.length;
  }

  /** The node at an index; a wrong index is a broken precondition. */
  node(id: TypeId): TypeNode {
    const node = this.#nodes[id];
    if (node === undefined) throw new Error(`no type ${id} in a table of ${this.#nodes.length}`);
    return node;
  }

  /** The index of a node, new or known. Throws `TypeLimitError` over `TYPE_LIMITS`. */
  intern(node: TypeNode): TypeId {
    const key = keyOf(node);
    const known = this.#index.get(key);
    if (known !== undefined) return known;
    const parts = partsOf(node);
    let treeNodes = 1;
    let depth = 1;
    let firstOrder = node.kind !== 'function';
    for (const part of parts) {
      if (!(part >= 0 && part < this.#nodes.length)) throw new Error(`type part ${part} is not interned`);
      treeNodes += this.#treeNodes[part];
      depth = Math.max(depth, this.#depth[part] + 1);
      firstOrder &&= this.#firstOrder[part];
    }
    checkLimits(node, treeNodes, depth, this.#nodes.length);
    const id = this.#nodes.push(node) - 1;
    this.#index.set(key, id);
    this.#treeNodes.push(treeNodes);
    this.#depth.push(depth);
    this.#firstOrder.push(firstOrder);
    this.#components.push(node.kind === 'tuple' || node.kind === 'record' ? parts : null);
    return id;
  }

  tuple(items: readonly TypeId[]): TypeId {
    return items.length === 2 ? this.pair(items[0], items[1]) : this.intern({ kind: 'tuple', items });
  }

  pair(left: TypeId, right: TypeId): TypeId {
    const key = left * TYPE_LIMITS.tableLengthMax + right;
    const known = this.#pairs.get(key);
    if (known !== undefined) return known;
    const pair = this.intern({ kind: 'tuple', items: [left, right] });
    this.#pairs.set(key, pair);
    return pair;
  }

  list(item: TypeId): TypeId {
    return this.intern({ kind: 'list', item });
  }

  map(key: TypeId, value: TypeId): TypeId {
    return this.intern({ kind: 'map', key, value });
  }

  set(item: TypeId): TypeId {
    return this.intern({ kind: 'set', item });
  }

  /** `Option<item>`, the built-in sum. */
  option(item: TypeId): TypeId {
    const none = { name: 'None', labels: [], payload: UNIT };
    const some = { name: 'Some', labels: null, payload: item };
    return this.intern({ kind: 'sum', name: 'Option', arguments: [item], constructors: [none, some] });
  }

  /** A record of these fields, in any order; names must differ. */
  record(fields: readonly Field[]): TypeId {
    const sorted = [...fields].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    return this.intern({ kind: 'record', fields: sorted });
  }

  function(from: TypeId, to: TypeId): TypeId {
    return this.intern({ kind: 'function', from, to });
  }

  /** Whether no function is in it: what may be a state, an input, a reply or a constant. */
  isFirstOrder(id: TypeId): boolean {
    return this.#firstOrder[id];
  }

  /** Whether it may be a state, a parameter, a reply or a constant: first-order, and not too large. */
  isData(id: TypeId): boolean {
    return (
      this.#firstOrder[id] &&
      this.#treeNodes[id] <= TYPE_LIMITS.dataTreeNodesMax &&
      this.#depth[id] <= TYPE_LIMITS.dataDepthMax
    );
  }

  /** The number of nodes of the type written out as a tree. */
  treeNodes(id: TypeId): number {
    return this.#treeNodes[id];
  }

  /** The components of a tuple, or of a record in the order of its sorted names; else null. */
  components(id: TypeId): readonly TypeId[] | null {
    return this.#components[id] ?? null;
  }

  /** The index here of a type of another table. `memo` may be kept for one pair of tables. */
  adopt(other: TypeTable, id: TypeId, memo: Map<TypeId, TypeId> = new Map()): TypeId {
    if (other === this) return id;
    const known = memo.get(id);
    if (known !== undefined) return known;
    const own = this.intern(mapParts(other.node(id), (part) => this.adopt(other, part, memo)));
    memo.set(id, own);
    return own;
  }

  /** The index here of a type of another table; null where it is not in this one. `memo` as in `adopt`. */
  find(other: TypeTable, id: TypeId, memo: Map<TypeId, TypeId | null> = new Map()): TypeId | null {
    if (other === this) return id;
    const known = memo.get(id);
    if (known !== undefined) return known;
    // No part has the index -1, so that a node with one is not found.
    const node = mapParts(other.node(id), (part) => this.find(other, part, memo) ?? -1);
    const own = this.#index.get(keyOf(node)) ?? null;
    memo.set(id, own);
    return own;
  }
}

/** The parts of a node, in the order in which they are written. */
export function partsOf(node: TypeNode): readonly TypeId[] {
  switch (node.kind) {
    case 'tuple':
      return node.items;
    case 'record':
      return node.fields.map((field) => field.type);
    case 'list':
    case 'set':
      return [node.item];
    case 'map':
      return [node.key, node.value];
    case 'sum':
      return [...node.arguments, ...node.constructors.map((constructor) => constructor.payload)];
    case 'function':
      return [node.from, node.to];
    default:
      return [];
  }
}

/** The same node with other parts. */
export function mapParts(node: TypeNode, part: (id: TypeId) => TypeId): TypeNode {
  switch (node.kind) {
    case 'tuple':
      return { kind: 'tuple', items: node.items.map(part) };
    case 'record':
      return { kind: 'record', fields: node.fields.map(({ name, type }) => ({ name, type: part(type) })) };
    case 'list':
      return { kind: 'list', item: part(node.item) };
    case 'set':
      return { kind: 'set', item: part(node.item) };
    case 'map':
      return { kind: 'map', key: part(node.key), value: part(node.value) };
    case 'sum':
      return {
        kind: 'sum',
        name: node.name,
        arguments: node.arguments.map(part),
        constructors: node.constructors.map((c) => ({ ...c, payload: part(c.payload) })),
      };
    case 'function':
      return { kind: 'function', from: part(node.from), to: part(node.to) };
    default:
      return node;
  }
}

/** A key that is equal for equal nodes; names are quoted, so none can imitate another. */
function keyOf(node: TypeNode): string {
  switch (node.kind) {
    case 'record':
      return `record ${node.fields.map((f) => `${JSON.stringify(f.name)}:${f.type}`).join(',')}`;
    case 'sum': {
      const constructors = node.constructors.map((c) => JSON.stringify([c.name, c.labels, c.payload]));
      return `sum ${JSON.stringify(node.name)}<${node.arguments.join(',')}> ${constructors.join('|')}`;
    }
    default:
      return `${node.kind} ${partsOf(node).join(',')}`;
  }
}

function checkLimits(node: TypeNode, treeNodes: number, depth: number, length: number): void {
  const limits = TYPE_LIMITS;
  const refuse = (what: string, seen: number, max: number): never => {
    throw new TypeLimitError(`type too large: ${what} ${seen}, at most ${max}`);
  };
  if (length >= limits.tableLengthMax) refuse('types', length + 1, limits.tableLengthMax);
  if (treeNodes > limits.treeNodesMax) refuse('nodes', treeNodes, limits.treeNodesMax);
  if (depth > limits.depthMax) refuse('depth', depth, limits.depthMax);
  if (node.kind === 'tuple') {
    const count = node.items.length;
    if (count < limits.tupleItemsMin || count > limits.tupleItemsMax) {
      throw new TypeLimitError(`a tuple has 2 to 16 components, not ${count}`);
    }
  }
  if (node.kind === 'record') {
    const count = node.fields.length;
    if (count > limits.recordFieldsMax) refuse('fields', count, limits.recordFieldsMax);
    for (let i = 1; i < count; i++) {
      if (!(node.fields[i - 1].name < node.fields[i].name))
        throw new Error('fields are not sorted, or twice');
    }
  }
  if (node.kind === 'sum' && node.constructors.length > limits.constructorsMax) {
    refuse('constructors', node.constructors.length, limits.constructorsMax);
  }
}
