import { BOOL, BYTES, INT, printValue, STRING, TIME, TypeTable, UNIT } from '@smc/protocol';
import type { List, MapValue, Product, SetValue, Sum, Value } from '@smc/protocol';
import { orderOf, prune, substitute } from '../types/type.ts';
import type { SumDeclaration, Type } from '../types/typed.ts';

const BASE_TABLE = new TypeTable();
const BASES = { unit: UNIT, int: INT, bool: BOOL, string: STRING, bytes: BYTES, time: TIME } as const;

/** How a constructor is written; null where it has no name. */
export type NameOf = (declaration: SumDeclaration, index: number) => string | null;

/** A value as an expression of its type; null where a constructor in it has no name. */
export function valueSource(value: Value, type: Type, nameOf: NameOf): string | null {
  const own = prune(type);
  const all = (texts: readonly (string | null)[], wrap: (text: string) => string): string | null =>
    texts.includes(null) ? null : wrap(texts.join(', '));
  const of = (part: Value, partType: Type): string | null => valueSource(part, partType, nameOf);
  switch (own.kind) {
    case 'unit':
    case 'int':
    case 'bool':
    case 'string':
    case 'bytes':
    case 'time':
      return printValue(BASE_TABLE, BASES[own.kind], value);
    case 'tuple':
      return all(
        own.items.map((item, i) => of((value as Product)[i], item)),
        (text) => `(${text})`,
      );
    case 'record':
      return all(fieldsOf(value as Product, own, orderOf(own), of), (text) => `{ ${text} }`);
    case 'list':
      return all(
        (value as List).items.map((item) => of(item, own.item)),
        (text) => `[${text}]`,
      );
    case 'set':
      return all(
        [...(value as SetValue).items()].map((item) => of(item, own.item)),
        (text) => braced('Set', text),
      );
    case 'map':
      return all(
        [...(value as MapValue).keys()].map((key) => {
          const [left, right] = [of(key, own.key), of((value as MapValue).get(key)!, own.value)];
          return left === null || right === null ? null : `${left}: ${right}`;
        }),
        (text) => braced('Map', text),
      );
    case 'sum': {
      const { tag, value: payload } = value as Sum;
      const name = nameOf(own.declaration, tag);
      const { labels, payload: declared } = own.declaration.constructors[tag];
      if (name === null || labels?.length === 0) return name;
      const inner = prune(substitute(declared, own.arguments));
      const texts =
        labels === null || inner.kind !== 'record'
          ? [of(payload, inner)]
          : fieldsOf(payload as Product, inner, labels, of);
      return all(texts, (text) => `${name}(${text})`);
    }
    default:
      throw new Error(`a value of a ${own.kind}`);
  }
}

const braced = (kind: 'Set' | 'Map', items: string): string =>
  items === '' ? `${kind} {}` : `${kind} { ${items} }`;

/** `price: 1` for each field, in this order. */
function fieldsOf(
  value: Product,
  type: Type & { kind: 'record' },
  order: readonly string[],
  of: (part: Value, type: Type) => string | null,
): readonly (string | null)[] {
  return order.map((name) => {
    const index = type.fields.findIndex((field) => field.name === name);
    const text = of(value[index], type.fields[index].type);
    return text === null ? null : `${name}: ${text}`;
  });
}
