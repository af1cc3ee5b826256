import type { TypeId, TypeTable } from '@smc/protocol';
import type { SumDeclaration, Type } from '../../types/typed.ts';

/** Types of the checker to interned ones, with types in place of the parameters of a declaration. */
export class TypeLowering {
  readonly #types: TypeTable;
  readonly #closed = new Map<Type, TypeId>();
  /** Of each declaration the types that it was lowered to, by their arguments. */
  readonly #sums = new Map<number, Map<string, TypeId>>();

  constructor(types: TypeTable) {
    this.#types = types;
  }

  /** Throws a `TypeLimitError` for a type over the limits; the walk is not longer than they are. */
  lower(type: Type, typeArguments: readonly TypeId[]): TypeId {
    const memo = typeArguments.length === 0 ? this.#closed.get(type) : undefined;
    if (memo !== undefined) return memo;
    const id = this.#lower(type, typeArguments);
    if (typeArguments.length === 0) this.#closed.set(type, id);
    return id;
  }

  #lower(type: Type, typeArguments: readonly TypeId[]): TypeId {
    const part = (inner: Type): TypeId => this.lower(inner, typeArguments);
    switch (type.kind) {
      case 'parameter': {
        const id = typeArguments[type.index];
        if (id === undefined) throw new Error(`no type is given for the parameter ${type.name}`);
        return id;
      }
      case 'unknown':
        throw new Error('an unknown type is left in a typed tree');
      case 'record':
        return this.#types.record(type.fields.map((field) => ({ name: field.name, type: part(field.type) })));
      case 'sum':
        return this.#sum(type.declaration, type.arguments.map(part));
      case 'tuple':
        return this.#types.tuple(type.items.map(part));
      case 'list':
        return this.#types.list(part(type.item));
      case 'set':
        return this.#types.intern({ kind: 'set', item: part(type.item) });
      case 'map':
        return this.#types.intern({ kind: 'map', key: part(type.key), value: part(type.value) });
      case 'function':
        return this.#types.function(part(type.from), part(type.to));
      default:
        return this.#types.intern(type);
    }
  }

  #sum(declaration: SumDeclaration, typeArguments: readonly TypeId[]): TypeId {
    const { name, constructors } = declaration;
    const known = this.#sums.get(declaration.identity) ?? new Map<string, TypeId>();
    this.#sums.set(declaration.identity, known);
    const key = typeArguments.join();
    let id = known.get(key);
    if (id === undefined) {
      const lowered = constructors.map((each) => ({
        name: each.name,
        labels: each.labels,
        payload: this.lower(each.payload, typeArguments),
      }));
      id = this.#types.intern({ kind: 'sum', name, arguments: typeArguments, constructors: lowered });
      known.set(key, id);
    }
    return id;
  }
}
