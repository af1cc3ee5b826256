import type { TypeId, TypeNode, TypeTable } from '@smc/protocol';
import type { Type } from '../../types/typed.ts';

/** Types of the checker to interned ones, with types in place of the parameters of a declaration. */
export class TypeLowering {
  readonly #types: TypeTable;
  readonly #closed = new WeakMap<Type, TypeId>();

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
        return this.#types.intern(this.#sum(type, type.arguments.map(part)));
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

  #sum({ declaration }: Extract<Type, { kind: 'sum' }>, typeArguments: readonly TypeId[]): TypeNode {
    return {
      kind: 'sum',
      name: declaration.name,
      arguments: typeArguments,
      constructors: declaration.constructors.map(({ name, labels, payload }) => ({
        name,
        labels,
        payload: this.lower(payload, typeArguments),
      })),
    };
  }
}
