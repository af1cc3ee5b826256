import type { Span } from '@smc/protocol';
import { counterparts, type Counterparts } from './counterparts.ts';
import { instancePattern } from './record-names.ts';
import type { ModuleScope } from './scope.ts';
import { BUILT_IN_SUMS } from './sums.ts';
import { declaredName, partsOf, prune, substitute, typesIn } from './type.ts';
import type { CompiledMachine, MachineSignature, Type, TypedMachine } from './typed.ts';
import { differ } from './unify.ts';

/** What the names in the clauses of an upgrade stand for, in one of its versions. */

/** One of the two versions that an upgrade is about. */
export interface Version {
  readonly machine: TypedMachine | CompiledMachine;
  /** What its types are called by, in its own file. */
  readonly module: ModuleScope;
}

/** The names of both. */
export interface BothNames {
  readonly old: VersionNames;
  readonly new: VersionNames;
}

/** The types that a name stands for; none where it is not known. */
export interface NamedTypes {
  /** Pruned; of a generic one those of its instances that the machine has. */
  readonly types: readonly Type[];
  readonly isGeneric: boolean;
}

const NOTHING: NamedTypes = { types: [], isGeneric: false };

/** The names of two versions of a machine; `file` has the clauses, and imports the older one as `alias`. */
export function bothNames(
  older: Version,
  newer: Version,
  alias: string | null,
  file: ModuleScope,
): BothNames {
  const next = new VersionNames(newer, alias, file, null);
  return { old: new VersionNames(older, alias, file, next), new: next };
}

/** The type names of a version of a machine: of its file, and of what its state and operations are made of. */
export class VersionNames {
  readonly version: Version;
  readonly #alias: string | null;
  readonly #file: ModuleScope;
  readonly #own: readonly Type[];
  /** The names of the newer version, where this is the older one. */
  readonly #newer: VersionNames | null;
  /** Found when it is needed first. */
  #counterparts: readonly Counterparts[] | null = null;

  constructor(version: Version, alias: string | null, file: ModuleScope, newer: VersionNames | null) {
    this.version = version;
    this.#alias = alias;
    this.#file = file;
    this.#own = typesOfMachine(version.machine);
    this.#newer = newer;
  }

  /** What a name stands for; `qualifier` is the alias of an import. */
  typesOf(name: string, qualifier: string | null): NamedTypes {
    const scope = this.#scopeOf(qualifier);
    if (scope === null && qualifier !== null) return this.#imported(name, qualifier);
    const declared = scope?.types.get(name);
    if (declared === undefined) return this.#occurring(name);
    if (declared.parameters === 0) return { types: [prune(declared.type)], isGeneric: false };
    const pattern = instancePattern(declared.type, declared.parameters);
    return { types: distinct(this.#own.filter((type) => !differ(pattern, type))), isGeneric: true };
  }

  /** All names of types that can be written. */
  all(): readonly string[] {
    const occurring = this.#own.flatMap((type) => nameOf(type) ?? []);
    return [...new Set([...this.version.module.types.keys(), ...occurring])];
  }

  /** The name by which a clause can speak of a type, after its import where that must be said; null where it has none. */
  nameOf(type: Type): string | null {
    const name = nameOf(type);
    if (name === null) return null;
    const isIt = (qualifier: string | null): boolean =>
      this.typesOf(name, qualifier).types.some((each) => !differ(each, type));
    if (isIt(null)) return name;
    const qualifier = [...this.#file.imports.keys()].find((alias) => alias !== this.#alias && isIt(alias));
    return qualifier === undefined ? null : `${qualifier}.${name}`;
  }

  /** The names, after their imports, of types of this name that have a part; it alone may stand for several. */
  importedWith(name: string, part: readonly string[]): readonly string[] {
    return this.#occurrences(name).flatMap((type) => (hasPart(type, part) ? (this.nameOf(type) ?? []) : []));
  }

  /** What such a name stands for. */
  typesNamed(written: string): NamedTypes {
    const [name, qualifier = null] = written.split('.').reverse();
    return this.typesOf(name, qualifier);
  }

  /** Where a type is declared, as far as it is known. */
  placeOf(name: string): Span | null {
    const { module } = this.version;
    const imported = [...module.imports.values()].map((scope) => scope?.typePlaces.get(name));
    return module.typePlaces.get(name) ?? imported.find((place) => place !== undefined) ?? null;
  }

  #scopeOf(qualifier: string | null): ModuleScope | null {
    const { module } = this.version;
    if (qualifier === null || qualifier === this.#alias) return module;
    return (
      module.imports.get(qualifier) ??
      (this.#newer === null ? this.#file.imports.get(qualifier) : null) ??
      null
    );
  }

  /**
   * A type that the newer version imports, of an older one that has no such import: of bytecode, which
   * does not tell where a type is from. Of several of that name it is the one that stands where the
   * newer version has what it imports; else the one for which the newer version has none of the name.
   */
  #imported(name: string, qualifier: string): NamedTypes {
    const types = this.#occurrences(name);
    if (types.length < 2 || isGenericType(types)) return this.#occurring(name);
    const newer = this.#newer!;
    this.#counterparts ??= counterparts(this.version.machine, newer.version.machine);
    const targets = newer.#scopeOf(qualifier)?.types.has(name) ? newer.typesOf(name, qualifier).types : [];
    const places = this.#counterparts.filter((pair) => nameOf(pair.new) === name);
    const isAt = (type: Type, isTarget: boolean): boolean =>
      places.some(
        (pair) => !differ(pair.old, type) && targets.some((target) => !differ(target, pair.new)) === isTarget,
      );
    const there = types.filter((type) => isAt(type, true));
    const left = types.filter((type) => !isAt(type, false));
    const [found = []] = [there, left].filter((each) => each.length === 1);
    return { types: found, isGeneric: false };
  }

  #occurrences(name: string): readonly Type[] {
    return distinct(this.#own.filter((type) => nameOf(type) === name));
  }

  /** A type that is declared in another file, or of which there is bytecode alone. */
  #occurring(name: string): NamedTypes {
    const types = this.#occurrences(name);
    const isGeneric = isGenericType(types);
    // Two types of one name: it is not clear which is meant.
    return types.length > 1 && !isGeneric ? NOTHING : { types, isGeneric };
  }
}

/** Whether types of one name are instances of a generic one. */
const isGenericType = (types: readonly Type[]): boolean =>
  types.some((type) =>
    type.kind === 'sum' ? type.arguments.length > 0 : declaredName(type)?.includes('<') === true,
  );

/** Without arguments, as a clause has it. What is built in is nobody's own: no clause speaks of it. */
function nameOf(type: Type): string | null {
  if (type.kind !== 'sum') return declaredName(type)?.split('<')[0] ?? null;
  return BUILT_IN_SUMS.includes(type.declaration) ? null : type.declaration.name;
}

/** Those of its state, of parameters and of replies, each object once. */
function typesOfMachine({ state, operations }: MachineSignature): readonly Type[] {
  const roots = operations.flatMap(({ parameters, reply }) => [...parameters.map(({ type }) => type), reply]);
  return [...typesIn({ kind: 'tuple', items: [state, ...roots] })].slice(1);
}

function distinct(types: readonly Type[]): readonly Type[] {
  const found: Type[] = [];
  for (const type of types) if (!found.some((each) => !differ(each, type))) found.push(type);
  return found;
}

// ------------------------------------------------------------------------------ parts

/** Whether a type has a field or a constructor itself, or an argument of one. */
export function hasPart(type: Type, path: readonly string[]): boolean {
  if (type.kind !== 'record' && type.kind !== 'sum') return false;
  const part = partNamed(type, path[0]);
  if (part === null || path.length === 1) return part !== null;
  return type.kind === 'sum' && path.length === 2 && isNamed(type, path[0]) && hasPart(part, path.slice(1));
}

const isNamed = ({ declaration }: Type & { kind: 'sum' }, name: string): boolean =>
  declaration.constructors.some((constructor) => constructor.name === name && constructor.labels !== null);

/** Whether names lead to a part, as in a clause that drops it. Lists, sets, maps and options take no step. */
export function hasPath(type: Type, path: readonly string[]): boolean {
  const [first, ...rest] = path;
  if (first === undefined) return true;
  return opened(type).some((own) => {
    const part = partNamed(own, first);
    return part !== null && hasPath(part, rest);
  });
}

/** The type that has the part which names lead to, as `hasPath` has them; null where there is none. */
export function ownerOf(type: Type, path: readonly string[]): Type | null {
  const [first, ...rest] = path;
  for (const own of opened(type)) {
    const part = first === undefined ? null : partNamed(own, first);
    if (part === null || !hasPath(part, rest)) continue;
    return rest.length === 0 ? own : ownerOf(part, rest);
  }
  return null;
}

function partNamed(type: Type, name: string): Type | null {
  if (type.kind === 'record') return prunedOf(type.fields.find((field) => field.name === name)?.type);
  if (type.kind === 'tuple') return prunedOf(/^\d+$/.test(name) ? type.items[Number(name)] : undefined);
  if (type.kind !== 'sum') return null;
  const constructor = type.declaration.constructors.find((each) => each.name === name);
  return prunedOf(constructor && substitute(constructor.payload, type.arguments));
}

const prunedOf = (type: Type | undefined): Type | null => (type === undefined ? null : prune(type));

/** What is in what takes no step. */
function opened(type: Type): readonly Type[] {
  const found: Type[] = [];
  const open = [type];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const own = prune(next);
    const takesNoStep = ['list', 'set', 'map'].includes(own.kind);
    if (takesNoStep || (own.kind === 'sum' && own.declaration.name === 'Option'))
      for (const each of partsOf(own)) open.push(each);
    else found.push(own);
  }
  return found;
}
