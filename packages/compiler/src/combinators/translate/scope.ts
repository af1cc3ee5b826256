import type { TypeId } from '@smc/protocol';
import type { Local } from '../../types/typed.ts';
import type { Program } from '../construct.ts';
import type { Term } from '../term.ts';

/**
 * The environment as a value (Paterson 2003): at level 0 it is the input of the function, and
 * each value that is named makes the next level, the pair of the environment so far and the
 * value. A variable is a path of projections into it, so binding one costs nothing.
 */
export class Scope {
  /** Of the environment. */
  readonly type: TypeId;
  readonly #level: number;
  readonly #locals: Binding | null;

  constructor(type: TypeId, level: number = 0, locals: Binding | null = null) {
    this.type = type;
    this.#level = level;
    this.#locals = locals;
  }

  /** The whole environment. */
  get whole(): Place {
    return { level: this.#level, path: [] };
  }

  /** The value that the last extension added. */
  get newest(): Place {
    return { level: this.#level, path: [1] };
  }

  /** The scope of the pair of this environment and a value of a type. */
  extend(program: Program, type: TypeId): Scope {
    return new Scope(program.types.pair(this.type, type), this.#level + 1, this.#locals);
  }

  bind(local: Local, place: Place): Scope {
    return new Scope(this.type, this.#level, { local, place, next: this.#locals });
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
}

/** Where a value is: the path of components from the environment of a level. */
export interface Place {
  readonly level: number;
  readonly path: readonly number[];
}

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
