import {
  type Bundle,
  type Image,
  type ImageDebug,
  type Span,
  type TypeId,
  type TypeNode,
  type Value,
} from '@smc/protocol';
import { emptyModule, type ModuleScope } from './scope.ts';
import { BASE_TYPES, BUILT_IN_SUMS, type ConstructorReference, type SumIdentities } from './sums.ts';
import {
  BOOL,
  BYTES,
  defaultsOf,
  type FieldDefault,
  INT,
  listOf,
  mapOf,
  noteDefaults,
  noteName,
  recordOf,
  setOf,
  STRING,
  TIME,
  tupleOf,
  typesIn,
  UNIT,
} from './type.ts';
import type { CompiledMachine, OperationSignature, SumDeclaration, Type, TypedExpression } from './typed.ts';
import { differ } from './unify.ts';

/**
 * A compiled bundle as a module that can be imported: its machines, and the types and
 * constructors that can be named. Nobody vouches for a bundle: it is decoded, and not verified.
 * Nothing in it is run here, so what counts is that types are types of data and that constants
 * are of them.
 */

/** Why a bundle that can be decoded is none that this compiler makes. */
export class BundleDefect extends Error {}

/** The module that a bundle stands for where it is imported, at `place`; throws a `BundleDefect`. */
export function bundleModule(bundle: Bundle, file: string, place: Span, sums: SumIdentities): ModuleScope {
  const module = emptyModule(file);
  const made = bundle.images.map((image, i): MachineTypes => {
    const debug = bundle.debug[i];
    noteOrders(debug, module);
    const types = new ImageTypes(image, debug, sums, place);
    module.compiled.set(image.name, machineOf(image, types, place));
    const own = { sums: types.sums, aliases: types.aliases() };
    const scope: ModuleScope = {
      ...emptyModule(file),
      compiled: module.compiled,
      fieldOrders: module.fieldOrders,
    };
    nameTypes([own], scope);
    module.ofMachines.set(image.name, scope);
    return own;
  });
  nameTypes(made, module);
  return module;
}

/** What of the types of a machine has a name. */
interface MachineTypes {
  readonly sums: ReadonlySet<SumDeclaration>;
  readonly aliases: readonly { readonly name: string; readonly type: Type }[];
}

/** Two types of one name can be used and not named; of constructors of one name their type tells which is meant. */
function nameTypes(machines: readonly MachineTypes[], module: ModuleScope): void {
  const ofMachines = Map.groupBy(
    machines.flatMap((machine) => [...machine.sums]),
    ({ identity }) => identity,
  );
  const sums = [...ofMachines.values()].map((same) =>
    mostDefaults(same, ({ constructors }) => constructors.map(({ payload }) => payload)),
  );
  const declared = Map.groupBy(sums, ({ name }) => name);
  const constructors: ({ readonly name: string } & ConstructorReference)[] = [];
  for (const [name, [sum, ...others]] of declared) {
    if (others.length === 0 && sum.parameters.length === 0) {
      module.types.set(name, { parameters: 0, type: { kind: 'sum', declaration: sum, arguments: [] } });
    }
    for (const declaration of [sum, ...others]) {
      for (const [index, { name: own }] of declaration.constructors.entries())
        constructors.push({ name: own, declaration, index });
    }
  }
  for (const [name, all] of Map.groupBy(constructors, (each) => each.name)) {
    if (all.length === 1) module.constructors.set(name, all[0]);
    else module.sharedConstructors.set(name, all);
  }
  const aliases = Map.groupBy(
    machines.flatMap((machine) => machine.aliases),
    ({ name }) => name,
  );
  for (const [name, same] of aliases) {
    const { type } = mostDefaults(same, (alias) => [alias.type]);
    const isOne = !declared.has(name) && same.every((other) => !differ(type, other.type));
    if (!isOne) continue;
    noteName(type, name);
    module.types.set(name, { parameters: 0, type });
  }
}

/** Of what is one type in several machines, the first that has most: a machine has the defaults of its inputs alone. */
function mostDefaults<T>(same: readonly T[], typesOf: (each: T) => readonly Type[]): T {
  const count = (each: T): number =>
    [...typesIn(tupleOf(typesOf(each)))].reduce((sum, type) => sum + (defaultsOf(type)?.size ?? 0), 0);
  return same.length === 1 ? same[0] : same.toSorted((a, b) => count(b) - count(a))[0];
}

function noteOrders({ fieldOrder }: ImageDebug, module: ModuleScope): void {
  for (const names of fieldOrder) {
    const key = names.toSorted().join(',');
    if (!module.fieldOrders.has(key)) module.fieldOrders.set(key, names);
  }
}

// ---------------------------------------------------------------------------- machines

function machineOf(image: Image, types: ImageTypes, span: Span): CompiledMachine {
  const operations = image.operations.map((operation): OperationSignature => {
    const parameters = operation.parameters.map(({ name, type, default: byDefault }) => ({
      name,
      type: types.data(type),
      default: byDefault === null ? null : types.constant(byDefault, type),
    }));
    return { name: operation.name, parameters, reply: types.data(operation.reply), nameSpan: span, span };
  });
  types.noteDefaults();
  return {
    name: image.name,
    key: image.key,
    state: types.data(image.state),
    initial: types.constant(image.initial, image.state),
    operations,
    image,
    nameSpan: span,
    statePlaces: new Map(),
    stateSpan: span,
  };
}

// ------------------------------------------------------------------------------- types

const BASES: Readonly<Record<string, Type>> = {
  unit: UNIT,
  int: INT,
  bool: BOOL,
  string: STRING,
  bytes: BYTES,
  time: TIME,
};

/** The types of one image; each is one object. */
class ImageTypes {
  readonly sums = new Set<SumDeclaration>();
  readonly #image: Image;
  readonly #orders: ReadonlyMap<string, readonly string[]>;
  readonly #names: ImageDebug['typeNames'];
  readonly #identities: SumIdentities;
  readonly #span: Span;
  readonly #known = new Map<TypeId, Type>();

  constructor(image: Image, debug: ImageDebug, identities: SumIdentities, span: Span) {
    this.#image = image;
    this.#orders = new Map(debug.fieldOrder.map((names) => [names.toSorted().join(','), names]));
    this.#names = debug.typeNames;
    this.#identities = identities;
    this.#span = span;
  }

  /** The type of a state, a parameter or a reply; their depth is bounded. */
  data(id: TypeId): Type {
    if (!this.#image.unit.types.isData(id))
      throw new BundleDefect(`a type of ${this.#image.name} is no data`);
    return this.#typeOf(id);
  }

  /** A constant, as an expression at the place of the import. */
  constant(index: number, type: TypeId): TypedExpression {
    const constant = this.#image.unit.constants[index];
    if (constant.type !== type) throw new BundleDefect(`a constant of ${this.#image.name} has another type`);
    return this.#literal(constant.value, this.data(type));
  }

  /** The names of its record types. Of a generic one there are instances alone, which it does not say of what. */
  aliases(): readonly { readonly name: string; readonly type: Type }[] {
    const { types } = this.#image.unit;
    const found = this.#names.flatMap(({ name, type }) =>
      types.node(type).kind === 'record' && types.isData(type) ? [{ name, type: this.#typeOf(type) }] : [],
    );
    for (const [name, [first, ...others]] of Map.groupBy(found, (alias) => alias.name))
      if (others.length > 0) for (const { type } of [first, ...others]) noteName(type, `${name}<…>`);
    return found;
  }

  /** Keeps the defaults of fields with the record types that have them. */
  noteDefaults(): void {
    const { types, constants } = this.#image.unit;
    const byType = new Map<TypeId, Map<string, FieldDefault>>();
    for (const { type, field, constant } of this.#image.defaults) {
      const node = types.node(type);
      if (node.kind !== 'record') throw new Error(`a default of a field of a ${node.kind}`);
      const { name, type: own } = node.fields[field];
      const defaults = byType.get(type) ?? new Map<string, FieldDefault>();
      byType.set(
        type,
        defaults.set(name, { typed: this.#literal(constants[constant].value, this.data(own)) }),
      );
    }
    for (const [type, defaults] of byType) noteDefaults(this.data(type), defaults);
  }

  #literal(value: Value, type: Type): TypedExpression {
    return { kind: 'literal', value, type, span: this.#span };
  }

  #typeOf(id: TypeId): Type {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const type = this.#made(this.#image.unit.types.node(id));
    this.#known.set(id, type);
    return type;
  }

  #made(node: TypeNode): Type {
    switch (node.kind) {
      case 'tuple':
        return tupleOf(node.items.map((item) => this.#typeOf(item)));
      case 'record':
        return this.#record(node);
      case 'list':
        return listOf(this.#typeOf(node.item));
      case 'set':
        return setOf(this.#typeOf(node.item));
      case 'map':
        return mapOf(this.#typeOf(node.key), this.#typeOf(node.value));
      case 'sum':
        return this.#sum(node);
      case 'function':
        throw new Error('a function in a type of data');
      default:
        return BASES[node.kind];
    }
  }

  #record({ fields }: TypeNode & { kind: 'record' }): Type {
    const types = new Map(fields.map(({ name, type }) => [name, this.#typeOf(type)]));
    const sorted = fields.map(({ name }) => name);
    const declared = this.#orders.get(sorted.join(',')) ?? sorted;
    return recordOf(declared.map((name) => ({ name, type: types.get(name)! })));
  }

  /**
   * Of a generic declaration the bytecode has instances alone: one is a declaration of its own,
   * whose types do not mention its parameters. `unify` looks into it.
   */
  #sum({ name, arguments: given, constructors }: TypeNode & { kind: 'sum' }): Type {
    const types = given.map((argument) => this.#typeOf(argument));
    const declaration = this.#identities.identified({
      name,
      parameters: types.map((_, i) => `a${i}`),
      constructors: constructors.map((constructor) => ({
        name: constructor.name,
        labels: constructor.labels,
        payload: this.#payload(constructor),
      })),
    });
    const builtIn = BUILT_IN_SUMS.find((sum) => sum.name === name);
    if (builtIn !== undefined) {
      const known: Type = { kind: 'sum', declaration: builtIn, arguments: types };
      const isIt =
        builtIn.parameters.length === types.length &&
        !differ(known, { kind: 'sum', declaration, arguments: types });
      if (isIt) return known;
    }
    if (builtIn !== undefined || BASE_TYPES.has(name)) {
      throw new BundleDefect(`${this.#image.name} has a type of its own with the name ${name}`);
    }
    this.sums.add(declaration);
    return { kind: 'sum', declaration, arguments: types };
  }

  /** Named arguments are shown in the order of the declaration. */
  #payload({
    labels,
    payload,
  }: {
    readonly labels: readonly string[] | null;
    readonly payload: TypeId;
  }): Type {
    const type = this.#typeOf(payload);
    if (labels === null || type.kind !== 'record') return type;
    const types = new Map(type.fields.map((field) => [field.name, field.type]));
    return recordOf(labels.map((name) => ({ name, type: types.get(name)! })));
  }
}
