import { List, MapValue, SetValue, Sum, type Value } from '@smc/protocol';

/** Whether two values are the same to the last bit: 0 is not −0, and sizes that are kept count. */
export function areSame(a: Value, b: Value): boolean {
  if (Object.is(a, b)) return true;
  if (a instanceof List) return b instanceof List && a.size === b.size && areAllSame(a.items, b.items);
  if (a instanceof Sum) return b instanceof Sum && a.tag === b.tag && areSame(a.value, b.value);
  if (a instanceof MapValue)
    return b instanceof MapValue && a.size === b.size && areAllSame([...a.entries()], [...b.entries()]);
  if (a instanceof SetValue)
    return b instanceof SetValue && a.size === b.size && areAllSame([...a.items()], [...b.items()]);
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  return Array.isArray(a) && Array.isArray(b) && areAllSame(a as Value[], b as Value[]);
}

const areAllSame = (a: readonly Value[], b: readonly Value[]): boolean =>
  a.length === b.length && a.every((item, i) => areSame(item, b[i]));

/** A value that is the same and has nothing in common with it that could change. */
export function copyOf(value: Value): Value {
  if (value instanceof List) return List.of(value.items.map(copyOf));
  if (value instanceof Sum) return new Sum(value.tag, copyOf(value.value));
  if (value instanceof MapValue)
    return MapValue.of(
      [...value.entries()].map(([key, item]) => [copyOf(key), copyOf(item)] as const),
      value.compare,
    );
  if (value instanceof SetValue) return SetValue.of([...value.items()].map(copyOf), value.compare);
  if (value instanceof Uint8Array) return value.slice();
  return Array.isArray(value) ? (value as readonly Value[]).map(copyOf) : value;
}
