import {
  equal,
  printValue,
  type FieldOrder,
  type List,
  type MapValue,
  type Product,
  type SetValue,
  type Sum,
  type TypeId,
  type TypeTable,
  type Value,
} from '@smc/protocol';

/** Where two values of one type differ. */

/** A part that differs; `undefined` where one of the values does not have it. */
export interface Difference {
  /** As one writes it after a name: `.items[2].price`. */
  readonly path: string;
  readonly type: TypeId;
  readonly values: readonly [Value | undefined, Value | undefined];
}

/** At most this many are told. */
const DIFFERENCES_MAX = 10;

/** The innermost parts that differ. The whole, with an empty path, where nothing in common is left. */
export function differences(
  types: TypeTable,
  type: TypeId,
  left: Value,
  right: Value,
  order: FieldOrder,
): readonly Difference[] {
  const found: Difference[] = [];
  const walk = (path: string, own: TypeId, pair: Difference['values']): void => {
    const [a, b] = pair;
    if (found.length >= DIFFERENCES_MAX || (a !== undefined && b !== undefined && equal(a, b))) return;
    const parts = a === undefined || b === undefined ? null : partsOf(types, own, a, b, order);
    if (parts === null) found.push({ path, type: own, values: pair });
    else for (const part of parts) walk(path + part.path, part.type, part.values);
  };
  walk('', type, [left, right]);
  return found;
}

/** The parts that two values have, one of them at least; null where they can only be compared whole. */
function partsOf(
  types: TypeTable,
  type: TypeId,
  left: Value,
  right: Value,
  order: FieldOrder,
): Difference[] | null {
  const node = types.node(type);
  const product = (steps: readonly { readonly path: string; readonly type: TypeId }[]): Difference[] =>
    steps.map((step, i) => ({ ...step, values: [(left as Product)[i], (right as Product)[i]] }));
  switch (node.kind) {
    case 'tuple':
      return product(node.items.map((item, i) => ({ path: `.${i}`, type: item })));
    case 'record':
      return product(node.fields.map((field) => ({ path: `.${field.name}`, type: field.type })));
    case 'list': {
      const [a, b] = [left as List, right as List];
      const length = Math.max(a.items.length, b.items.length);
      return Array.from({ length }, (_, i) => ({
        path: `[${i}]`,
        type: node.item,
        values: [a.items[i], b.items[i]],
      }));
    }
    case 'map': {
      const [a, b] = [left as MapValue, right as MapValue];
      const keys = [...a.keys(), ...[...b.keys()].filter((key) => !a.has(key))];
      return keys.map((key) => ({
        path: `[${printValue(types, node.key, key, order)}]`,
        type: node.value,
        values: [a.get(key), b.get(key)],
      }));
    }
    case 'set': {
      const [a, b] = [left as SetValue, right as SetValue];
      const only = (own: SetValue, other: SetValue): Value[] =>
        [...own.items()].filter((item) => !other.has(item));
      const part = (item: Value, values: Difference['values']): Difference => ({
        path: `[${printValue(types, node.item, item, order)}]`,
        type: node.item,
        values,
      });
      return [
        ...only(a, b).map((item) => part(item, [item, undefined])),
        ...only(b, a).map((item) => part(item, [undefined, item])),
      ];
    }
    case 'sum': {
      const [a, b] = [left as Sum, right as Sum];
      const { name, labels, payload } = node.constructors[a.tag];
      if (a.tag !== b.tag) return null;
      // The fields of named arguments come with their own step.
      const path = labels === null ? `.${name}` : '';
      return [{ path, type: payload, values: [a.value, b.value] }];
    }
    default:
      return null;
  }
}
