import { UNIT, type TypeId } from '@smc/protocol';
import type { Assembly } from './assembly.ts';

/** Types that the sketches use, made in the table of their assembly and named for its code. */
export type Typing = (assembly: Assembly) => TypeId;

export const tuple =
  (...items: (TypeId | Typing)[]): Typing =>
  (assembly) =>
    assembly.types.tuple(items.map((item) => resolve(item, assembly)));

export const listOf =
  (item: TypeId | Typing): Typing =>
  (assembly) =>
    assembly.type('Items', assembly.types.list(resolve(item, assembly)));

export const mapOf =
  (key: TypeId | Typing, value: TypeId | Typing): Typing =>
  (assembly) =>
    assembly.type('Map', assembly.types.map(resolve(key, assembly), resolve(value, assembly)));

export const setOf =
  (item: TypeId | Typing): Typing =>
  (assembly) =>
    assembly.type('Set', assembly.types.set(resolve(item, assembly)));

export const optionOf =
  (item: TypeId | Typing): Typing =>
  (assembly) =>
    assembly.types.option(resolve(item, assembly));

export const functionOf =
  (from: TypeId | Typing, to: TypeId | Typing): Typing =>
  (assembly) =>
    assembly.type('Function', assembly.types.function(resolve(from, assembly), resolve(to, assembly)));

export const recordOf =
  (fields: Readonly<Record<string, TypeId | Typing>>): Typing =>
  (assembly) => {
    const resolved = Object.entries(fields).map(([name, type]) => ({ name, type: resolve(type, assembly) }));
    return assembly.type('Record', assembly.types.record(resolved));
  };

/** A sum whose constructors have one unnamed argument each; of type unit where it has none. */
export const sumOf =
  (constructors: Readonly<Record<string, TypeId>>): Typing =>
  (assembly) =>
    assembly.type(
      'Sum',
      assembly.types.intern({
        kind: 'sum',
        name: 'Sum',
        arguments: [],
        constructors: Object.entries(constructors).map(([name, payload]) => ({
          name,
          labels: payload === UNIT ? [] : null,
          payload,
        })),
      }),
    );

export function resolve(type: TypeId | Typing, assembly: Assembly): TypeId {
  return typeof type === 'number' ? type : type(assembly);
}
