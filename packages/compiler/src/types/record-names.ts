import type { ModuleScope } from './scope.ts';
import { partsOf, prune, substitute, typesIn } from './type.ts';
import type { Type, TypedMachine } from './typed.ts';
import { differ } from './unify.ts';

/** What the records of a machine are called: a type is its structure, so its names are kept beside it. */

/** A name, and a type that has it. */
interface NamedType {
  readonly name: string;
  readonly type: Type;
}

/** The record types that can be named in a module. */
export interface RecordNames {
  /** Where they are declared: the module, then what it imports. */
  readonly scopes: readonly ModuleScope[];
  /** Those with a name, by their fields. */
  readonly aliases: ReadonlyMap<string, readonly NamedType[]>;
  /** Those with type parameters, each as what is the same as any of its instances. */
  readonly generic: readonly NamedType[];
}

/** Finds what the machines of a module name records by; once its types are declared. */
export function recordNames(module: ModuleScope): RecordNames {
  const scopes = [module, ...[...module.imports.values()].filter((other) => other !== null)];
  return { scopes, ...declaredRecords(scopes) };
}

/**
 * How the records in a machine's state, inputs and replies are declared: their names, and the order of their
 * fields. A type with type parameters has its name once for each instance.
 */
export function namesOfRecords(
  typed: TypedMachine,
  { scopes, aliases, generic }: RecordNames,
): Pick<TypedMachine, 'fieldOrder' | 'typeNames'> {
  const orders = new Map<string, readonly string[]>();
  const names = new Map<string, Type>();
  for (const type of recordsOf(typed)) {
    const key = fieldsOf(type);
    const declared = scopes
      .map(({ fieldOrders }) => fieldOrders.get(key))
      .find((fields) => fields !== undefined);
    if (declared !== undefined) orders.set(key, declared);
    for (const alias of aliases.get(key) ?? []) {
      if (!names.has(alias.name) && !differ(alias.type, type)) names.set(alias.name, type);
    }
  }
  const typeNames = [
    ...[...names].map(([name, type]): NamedType => ({ name, type })),
    ...instancesOf(typed, generic),
  ];
  return {
    fieldOrder: [...orders].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, fields]) => fields),
    typeNames: typeNames.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)),
  };
}

/** The instances of generic record types in a machine, each once. */
function instancesOf(typed: TypedMachine, generic: readonly NamedType[]): readonly NamedType[] {
  if (generic.length === 0) return [];
  const records = [...typesIn({ kind: 'tuple', items: rootsOf(typed) })].filter(
    ({ kind }) => kind === 'record',
  );
  return generic.flatMap(({ name, type: pattern }) => {
    const found: Type[] = [];
    for (const type of records)
      if (!differ(pattern, type) && found.every((other) => differ(other, type))) found.push(type);
    return found.map((type) => ({ name, type }));
  });
}

const rootsOf = ({ state, operations }: TypedMachine): readonly Type[] => [
  state,
  ...operations.flatMap(({ parameters, reply }) => [...parameters.map(({ type }) => type), reply]),
];

const fieldsOf = (type: Type & { kind: 'record' }): string => type.fields.map(({ name }) => name).join(',');

/** The records in the state, the inputs and the replies of a machine. */
function recordsOf(typed: TypedMachine): readonly (Type & { kind: 'record' })[] {
  const seen = new Set<Type>();
  const open: Type[] = [...rootsOf(typed)];
  for (let type = open.pop(); type !== undefined; type = open.pop()) {
    if (seen.has(type)) continue;
    seen.add(type);
    for (const each of partsOf(type)) open.push(each);
    if (type.kind === 'sum') for (const { payload } of type.declaration.constructors) open.push(payload);
  }
  return [...seen].filter((type) => type.kind === 'record');
}

/** Record types that have a name; a name of an earlier scope hides that of a later one. */
function declaredRecords(scopes: readonly ModuleScope[]): Pick<RecordNames, 'aliases' | 'generic'> {
  const names = new Set<string>();
  const aliases = new Map<string, NamedType[]>();
  const generic: NamedType[] = [];
  for (const { types } of scopes) {
    for (const [name, { parameters, type }] of types) {
      const own = prune(type);
      if (names.has(name)) continue;
      names.add(name);
      if (own.kind !== 'record') continue;
      if (parameters === 0) {
        const key = fieldsOf(own);
        aliases.set(key, [...(aliases.get(key) ?? []), { name, type: own }]);
      } else {
        generic.push({ name, type: instancePattern(own, parameters) });
      }
    }
  }
  return { aliases, generic };
}

/** What is the same as any instance of a declaration with this many type parameters. */
export function instancePattern(type: Type, parameters: number): Type {
  const unknowns = Array.from({ length: parameters }, (_, id): Type => ({
    kind: 'unknown',
    cell: { id, solution: null },
  }));
  return substitute(type, unknowns);
}
