import { type TypeId, type TypeTable, UNIT } from './type.ts';
import { compareStrings, type Product, type Sum, type Value } from './value.ts';

/** A total order of the values of one key type: negative, 0 or positive. 0 means equal. */
export type KeyOrder = (a: Value, b: Value) => number;

const KEYS = new WeakMap<TypeTable, Map<TypeId, boolean>>();

/**
 * Whether a type may be the key of a map or the item of a set: built of Int, String, Bool,
 * Bytes, Time, tuples and sums of those. Each type is looked at once: its tree may be large.
 */
export function isKey(types: TypeTable, type: TypeId): boolean {
  let keys = KEYS.get(types);
  if (keys === undefined) {
    keys = new Map();
    KEYS.set(types, keys);
  }
  const known = keys.get(type);
  if (known !== undefined) return known;
  const found = isBuiltOfKeys(types, type);
  keys.set(type, found);
  return found;
}

function isBuiltOfKeys(types: TypeTable, type: TypeId): boolean {
  const node = types.node(type);
  switch (node.kind) {
    case 'int':
    case 'string':
    case 'bool':
    case 'bytes':
    case 'time':
      return true;
    case 'tuple':
      return node.items.every((item) => isKey(types, item));
    case 'sum':
      return node.constructors.every(({ labels, payload }) => {
        if (labels === null) return isKey(types, payload);
        // Named arguments are a record, which is no key where it stands alone.
        return (types.components(payload) ?? []).every((part) => isKey(types, part));
      });
    default:
      return false;
  }
}

const ORDERS = new WeakMap<TypeTable, Map<TypeId, KeyOrder>>();

/**
 * The order of the values of a key type: that of the numbers, false before true, strings by
 * Unicode scalar value, bytes by value, tuples from the left; constructors as declared, then
 * their arguments as declared. A type that is no key is a broken precondition.
 */
export function keyOrder(types: TypeTable, type: TypeId): KeyOrder {
  let orders = ORDERS.get(types);
  if (orders === undefined) {
    orders = new Map();
    ORDERS.set(types, orders);
  }
  const known = orders.get(type);
  if (known !== undefined) return known;
  const order = orderOf(types, type);
  orders.set(type, order);
  return order;
}

function orderOf(types: TypeTable, type: TypeId): KeyOrder {
  const node = types.node(type);
  switch (node.kind) {
    case 'int':
    case 'time':
      return compareNumbers;
    case 'bool':
      return (a, b) => Number(a) - Number(b);
    case 'string':
      return (a, b) => compareStrings(a as string, b as string);
    case 'bytes':
      return (a, b) => compareBytes(a as Uint8Array, b as Uint8Array);
    case 'tuple': {
      const parts = node.items.map((item, place) => ({ place, order: keyOrder(types, item) }));
      return productOrder(parts);
    }
    case 'sum': {
      const payloads = node.constructors.map(({ labels, payload }) => payloadOrder(types, labels, payload));
      return (a, b) => {
        const [left, right] = [a as Sum, b as Sum];
        return left.tag - right.tag || payloads[left.tag](left.value, right.value);
      };
    }
    default:
      throw new Error(`a ${node.kind} is no key (type ${type})`);
  }
}

function payloadOrder(types: TypeTable, labels: readonly string[] | null, payload: TypeId): KeyOrder {
  if (labels === null) return payload === UNIT ? () => 0 : keyOrder(types, payload);
  if (labels.length === 0) return () => 0;
  const record = types.node(payload);
  if (record.kind !== 'record') throw new Error(`named arguments of a ${record.kind}`);
  return productOrder(
    labels.map((label) => {
      const place = record.fields.findIndex(({ name }) => name === label);
      return { place, order: keyOrder(types, record.fields[place].type) };
    }),
  );
}

function productOrder(parts: readonly { readonly place: number; readonly order: KeyOrder }[]): KeyOrder {
  return (a, b) => {
    for (const { place, order } of parts) {
      const sign = order((a as Product)[place], (b as Product)[place]);
      if (sign !== 0) return sign;
    }
    return 0;
  };
}

function compareNumbers(a: Value, b: Value): number {
  return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}
