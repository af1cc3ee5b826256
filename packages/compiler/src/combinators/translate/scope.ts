import { UNIT } from '@smc/protocol';
import type { TypeId, TypeTable } from '@smc/protocol';
import type { Local } from '../../types/typed.ts';
import type { Program } from '../construct.ts';
import type { Term } from '../term.ts';
import { gather } from './products.ts';

/**
 * The environment as a value (Paterson 2003): at level 0 it is the input of the function, and
 * each value that is named makes the next level, the pair of the environment so far and the
 * value. A variable is a path of projections into it, so binding one costs nothing.
 *
 * Many levels are put together as a number is counted: 16 of a rank become one of the next, in
 * which is only what is still needed. So a path is short however many variables there are,
 * and each is moved about as often as the number has digits.
 */
export class Scope {
  /** Of the environment. */
  readonly type: TypeId;
  readonly #level: number;
  readonly #levels: Level | null;
  readonly #locals: Binding | null;

  constructor(type: TypeId, level = 0, levels: Level | null = null, locals: Binding | null = null) {
    this.type = type;
    this.#level = level;
    this.#levels = levels;
    this.#locals = locals;
  }

  /**
   * The environment of code that takes an argument and needs variables from outside: the
   * argument, or where there are such variables the pair of them and the argument.
   */
  static ofFunction(types: TypeTable, captures: readonly Capture[], argument: TypeId): FunctionScope {
    const scope = new Scope(inputOf(types, captures, argument));
    if (captures.length === 0) return { scope, argument: scope.whole };
    const { paths } = gather(captures, ([first]) => first);
    const bound = captures.reduce(
      (outer, { local }, i) => outer.bind(local, { level: 0, path: [0, ...paths[i]] }),
      scope,
    );
    return { scope: bound, argument: scope.newest };
  }

  /** The whole environment. */
  get whole(): Place {
    return { level: this.#level, path: [] };
  }

  /** The value that the last extension added. */
  get newest(): Place {
    return { level: this.#level, path: [1] };
  }

  /** The scope of the pair of this environment and a value of a type; of the triple, for two. */
  extend(program: Program, ...values: readonly TypeId[]): Scope {
    const levels = { rank: 0, below: this.#levels };
    return new Scope(program.types.tuple([this.type, ...values]), this.#level + 1, levels, this.#locals);
  }

  bind(local: Local, place: Place): Scope {
    return new Scope(this.type, this.#level, this.#levels, { local, place, next: this.#locals });
  }

  /**
   * A scope with fewer levels where there are many of a rank; the stages lead to it. It has the
   * variables that are live, and no place of this one is a place of it.
   */
  settle(program: Program, live: () => IsLive): SettledScope {
    let count = 0;
    const rank = this.#levels?.rank;
    for (let level = this.#levels; level !== null && level.rank === rank; level = level.below) count++;
    if (count < LEVELS_OF_RANK) return { scope: this, stages: [] };
    const { scope, stage } = this.#merge(program, count, live());
    const further = scope.settle(program, live);
    return { scope: further.scope, stages: [stage, ...further.stages] };
  }

  /** The last `count` levels as one of the next rank, with the variables that are live. */
  #merge(program: Program, count: number, isLive: IsLive): { scope: Scope; stage: Term } {
    const base = this.#level - count;
    const kept: { readonly local: Local; readonly place: Place }[] = [];
    for (let binding = this.#locals; binding !== null; binding = binding.next) {
      if (isLive(binding.local)) kept.push(binding);
    }
    /** The values in which something is live, by level and place in it. */
    const values = new Map<string, Place>();
    const keyOf = ({ level, path: [value] }: Place): string => `${level} ${value}`;
    for (const { place } of kept) {
      if (place.level > base) values.set(keyOf(place), { level: place.level, path: place.path.slice(0, 1) });
    }
    const before = this.project(program, { level: base, path: [] });
    const below = this.#below(count);
    let settled = new Scope(before.to, base, below);
    let stage = before;
    const moved = new Map<string, readonly number[]>();
    if (values.size > 0) {
      const parts = [...values.values()].map((place) => this.project(program, place));
      const { whole, paths } = gather(parts, (items) => program.tuple(items));
      for (const [i, key] of [...values.keys()].entries()) moved.set(key, paths[i]);
      stage = program.tuple([before, whole]);
      settled = new Scope(stage.to, base + 1, { rank: this.#levels!.rank + 1, below });
    }
    for (const { local, place } of kept.toReversed()) {
      const path = [1, ...(moved.get(keyOf(place)) ?? []), ...place.path.slice(1)];
      settled = settled.bind(local, place.level > base ? { level: base + 1, path } : place);
    }
    return { scope: settled, stage };
  }

  #below(count: number): Level | null {
    let level = this.#levels;
    for (let i = 0; i < count; i++) level = level!.below;
    return level;
  }

  placeOf(local: Local): Place {
    for (let binding = this.#locals; binding !== null; binding = binding.next) {
      if (binding.local === local) return binding.place;
    }
    throw new Error(`the local ${local.name} is not bound`);
  }

  /** From the environment to the value at a place. */
  project(program: Program, place: Place): Term {
    const levels = Array<number>(this.#level - place.level).fill(0);
    return projectPath(program, this.type, [...levels, ...place.path]);
  }

  /** From the environment to the values of variables, as code that captures them takes them. */
  capture(program: Program, captures: readonly Capture[]): Term {
    if (captures.length === 0) return program.constant(this.type, UNIT, null);
    const values = captures.map(({ local }) => this.project(program, this.placeOf(local)));
    return gather(values, (items) => program.tuple(items)).whole;
  }
}

/** Whether a variable is still needed. */
export type IsLive = (local: Local) => boolean;

/** A scope, and what leads to its environment. */
export interface SettledScope {
  readonly scope: Scope;
  readonly stages: readonly Term[];
}

/** The scope of a function's body, and where its argument is. */
export interface FunctionScope {
  readonly scope: Scope;
  readonly argument: Place;
}

/** A variable that code needs from outside, with the type of what is there at run time. */
export interface Capture {
  readonly local: Local;
  readonly type: TypeId;
}

/** The type of the values of captured variables together; unit where there are none. */
export function captureType(types: TypeTable, captures: readonly Capture[]): TypeId {
  if (captures.length === 0) return UNIT;
  return gather(
    captures.map(({ type }) => type),
    (items) => types.tuple(items),
  ).whole;
}

/** What code that captures variables takes, beside an argument or not. */
export function inputOf(types: TypeTable, captures: readonly Capture[], argument: TypeId): TypeId {
  return captures.length === 0 ? argument : types.pair(captureType(types, captures), argument);
}

/** Where a value is: the path of components from the environment of a level. */
export interface Place {
  readonly level: number;
  readonly path: readonly number[];
}

/** A level above 0, and how often it was put together of others. */
interface Level {
  readonly rank: number;
  readonly below: Level | null;
}

const LEVELS_OF_RANK = 16;

interface Binding {
  readonly local: Local;
  readonly place: Place;
  readonly next: Binding | null;
}

/** The place of a component of what is at a place. */
export function componentOf(place: Place, index: number): Place {
  return { level: place.level, path: [...place.path, index] };
}

/** From a value to a component of a component of it. */
export function projectPath(program: Program, from: TypeId, path: readonly number[]): Term {
  const projections: Term[] = [];
  let type = from;
  for (const index of path) {
    const projection = program.project(type, index);
    projections.push(projection);
    type = projection.to;
  }
  return program.sequence(from, projections);
}
