import { KEY_STEP, type Span } from '@smc/protocol';
import type { BothNames } from '../types/clause-names.ts';
import { foldType, prune } from '../types/type.ts';
import type { MachineSignature, PartSubject, Type } from '../types/typed.ts';
import { differ } from '../types/unify.ts';
import { parametersOf, type Part, partsOf, stepInto, takesStep } from './steps.ts';

/** What a clause would call a part of a machine: in messages, as it can be pasted. */

/** A part in both versions; null where one does not have it. */
interface Pair {
  readonly old: Type | null;
  readonly new: Type | null;
}

/** A type on the way to a part, and the steps of a clause from there. */
interface Start {
  readonly name: string | null;
  readonly steps: string[];
}

/** Finds what is to be said of parts of two versions. */
export class Subjects {
  readonly #names: BothNames;
  readonly #shapes = new Shapes();
  readonly #indexes = new Map<Type, Map<Type, RenameIndex>>();

  constructor(names: BothNames) {
    this.#names = names;
  }

  /**
   * By a path as the judge has them, of the old version: from `state`, or an operation, which the one that
   * is `served` by in the new version may have another name than.
   */
  at(path: readonly string[], served: string = path[0]): PartSubject {
    const [first, ...steps] = path;
    const [older, newer] = [this.#names.old, this.#names.new].map(({ version }) => version.machine);
    if (first === 'state') return this.#follow({ old: older.state, new: newer.state }, steps, 'state');
    const [name, ...rest] = steps;
    const pair = { old: parameterOf(older, first, name), new: parameterOf(newer, served, name) };
    if (rest.length > 0 && pair.old !== null) return this.#follow(pair, rest, `${first}.${name}`);
    // Of a parameter itself: what else the operation takes.
    const parts = { old: parametersOf(older, first), new: parametersOf(newer, served) };
    // Where a type has the name of the operation, it may not be clear which of both is meant.
    const isClear = this.#names.old.typesOf(first, null).types.length === 0;
    const renames = isClear ? new RenameIndex(parts, this.#shapes).of(name) : [];
    return {
      drop: `${first}.${name}`,
      whole: `${first}.${name}`,
      convert: null,
      type: null,
      renames: renames.map(([source, to]) => `rename ${first}.${source} -> ${to}`),
      places: [],
    };
  }

  /** From two types on, by the names of either version. */
  follow(older: Type, newer: Type, steps: readonly string[]): PartSubject {
    return this.#follow({ old: older, new: newer }, steps, null);
  }

  #follow(root: Pair, path: readonly string[], from: string | null): PartSubject {
    let pair: Pair = { old: prune(root.old!), new: root.new && prune(root.new) };
    // In the last type that has a name; its conversion would be a clause.
    let start: Start = { name: from, steps: [] };
    const whole: string[] = from === null || from === 'state' ? [] : [from];
    let owner: { readonly pair: Pair; readonly step: string } | null = null;
    let convert: string | null = null;
    let isKey = false;
    const pending: Start[] = [];
    for (const step of path) {
      const name = pair.old && this.#names.old.nameOf(pair.old);
      if (!isKey) convert = this.#convertible(pair) ?? convert;
      if (name !== null && name !== undefined) pending.push({ name, steps: [] });
      if (takesStep(pair.old ?? pair.new, step)) {
        // A type that was only passed has no part of its own to speak of.
        start = pending.pop() ?? start;
        pending.length = 0;
        start.steps.push(step);
        whole.push(step);
        owner = { pair, step };
      }
      isKey ||= step === KEY_STEP || pair.old?.kind === 'set';
      pair = { old: stepInto(pair.old, step), new: stepInto(pair.new, step) };
    }
    const subject = start.steps.length === 0 ? null : subjectOf(start);
    const renamed = owner === null || subject === null ? [] : this.#renamesOf(owner.pair, owner.step);
    // Neither version has it where names of both are in one path: after renames.
    const owned = owner === null ? null : (owner.pair.old ?? owner.pair.new);
    const isRenamed = owner !== null && isLeaf(start, owner.pair) && !this.#isParameter(start);
    return {
      drop: subject,
      whole: from === null || whole.length === 0 ? null : whole.join('.'),
      convert,
      type: owned === null ? null : this.#names.old.nameOf(owned),
      renames: isRenamed ? renamed.map(([source, to]) => `rename ${subjectOf(start, source)} -> ${to}`) : [],
      places: convert === null ? [] : this.#places(convert),
    };
  }

  /** What may have been renamed where a step leads. */
  #renamesOf({ old, new: next }: Pair, step: string): readonly (readonly [string, string])[] {
    if (old === null || next === null) return [];
    const known = this.#indexes.get(old) ?? new Map<Type, RenameIndex>();
    this.#indexes.set(old, known);
    const index = known.get(next) ?? new RenameIndex({ old: partsOf(old), new: partsOf(next) }, this.#shapes);
    known.set(next, index);
    return index.of(step);
  }

  /** Whether it could be a parameter as well: of an operation that has the name of the type. */
  #isParameter({ name, steps }: Start): boolean {
    const operation = name === null ? [] : parametersOf(this.#names.old.version.machine, name);
    return steps.length === 1 && operation.length > 0;
  }

  /** The name of a type that a clause can convert: the same in both versions. */
  #convertible(pair: Pair): string | null {
    if (pair.old === null || pair.new === null || !differ(pair.old, pair.new)) return null;
    const name = this.#names.old.nameOf(pair.old);
    if (name === null || name !== this.#names.new.nameOf(pair.new)) return null;
    const isOne = [this.#names.old, this.#names.new].every((names) => {
      const { types, isGeneric } = names.typesNamed(name);
      return types.length === 1 && !isGeneric;
    });
    return isOne ? name : null;
  }

  #places(name: string): readonly Span[] {
    return [this.#names.old, this.#names.new].flatMap((names) => names.placeOf(name) ?? []);
  }
}

/** `price`, `Item.price`, `Add.note`; with another name at the end. */
function subjectOf({ name, steps }: Start, last: string = steps[steps.length - 1]): string {
  const own = [...steps.slice(0, -1), last];
  return (name === null || name === 'state' ? own : [name, ...own]).join('.');
}

/** Whether a rename can speak of it: a field of the state, or a part of a type that has a name. */
function isLeaf({ name, steps }: Start, { old }: Pair): boolean {
  // Of a parameter it can not; a type may stand after its import.
  if (name === null || /^[A-Z].*\./.test(name)) return false;
  if (name === 'state') return steps.length === 1;
  return steps.length === 1 || (steps.length === 2 && old?.kind === 'record');
}

/** The parts of one thing in both versions. */
interface BothParts {
  readonly old: readonly Part[];
  readonly new: readonly Part[];
}

/** How many names are offered for one part. */
const RENAMES_MAX = 5;

/** Numbers for types: equal types have the same, and few others. Linear in the types that it is asked for. */
class Shapes {
  readonly #known = new Map<Type, number>();
  readonly #ids = new Map<string, number>();

  of(root: Type): number {
    return foldType<number>(root, this.#known, (type, parts) => {
      const names = type.kind === 'record' ? type.fields.map(({ name }) => name) : [];
      // What a sum takes is left out: bytecode has instances of generic ones, without arguments.
      const own = type.kind === 'sum' ? [type.declaration.name] : [...names, ...parts];
      const key = [type.kind, ...own].join(' ');
      const id = this.#ids.get(key) ?? this.#ids.size;
      this.#ids.set(key, id);
      return id;
    });
  }
}

/** What parts of one thing may have been renamed: from what is gone to what is new, of one type. */
class RenameIndex {
  readonly #old: ReadonlyMap<string, Part>;
  readonly #new: ReadonlyMap<string, Part>;
  readonly #shapes: Shapes;
  readonly #gone: PartsByShape;
  readonly #added: PartsByShape;

  constructor(parts: BothParts, shapes: Shapes) {
    this.#shapes = shapes;
    this.#old = new Map(parts.old.map((part) => [part.name, part]));
    this.#new = new Map(parts.new.map((part) => [part.name, part]));
    const byShape = (part: Part): string => this.#shapeOf(part);
    this.#gone = Map.groupBy(
      parts.old.filter(({ name }) => !this.#new.has(name)),
      byShape,
    );
    this.#added = Map.groupBy(
      parts.new.filter(({ name }) => !this.#old.has(name)),
      byShape,
    );
  }

  /** The old name and the new one of each rename that a part, of either version, may have a share in. */
  of(name: string): readonly (readonly [string, string])[] {
    const [old, next] = [this.#old.get(name), this.#new.get(name)];
    if (old !== undefined && next === undefined)
      return this.#like(old, this.#gone, this.#added).map((to) => [name, to] as const);
    if (old === undefined && next !== undefined)
      return this.#like(next, this.#added, this.#gone).map((source) => [source, name] as const);
    return [];
  }

  #shapeOf({ type, form }: Part): string {
    return `${this.#shapes.of(type)} ${form}`;
  }

  /** From the one at its own place on, so that parts are not offered one name first. */
  #like(part: Part, own: PartsByShape, others: PartsByShape): readonly string[] {
    const shape = this.#shapeOf(part);
    const candidates = others.get(shape) ?? [];
    const start = own.get(shape)!.indexOf(part);
    const found: string[] = [];
    for (let i = 0; i < candidates.length && found.length < RENAMES_MAX; i++) {
      const { name, type } = candidates[(start + i) % candidates.length];
      if (!differ(type, part.type)) found.push(name);
    }
    return found;
  }
}

/** Parts of each shape, in their order. */
type PartsByShape = ReadonlyMap<string, readonly Part[]>;

function parameterOf(machine: MachineSignature, operation: string, name: string | undefined): Type | null {
  return parametersOf(machine, operation).find((parameter) => parameter.name === name)?.type ?? null;
}
