import type { Lowered } from './lir.ts';

/** Which routines of a unit enter which. */
export class Calls {
  /** By routine: those that it calls or makes closures of, each once. */
  readonly #callees: readonly (readonly number[])[];

  constructor({ routines }: Lowered) {
    this.#callees = routines.map(({ operations }) => {
      const entering = operations.filter(({ name }) => name === 'CALL' || name === 'CLOSURE');
      return [...new Set(entering.map(({ immediate }) => immediate))];
    });
  }

  /** The routines that others enter. */
  entered(): ReadonlySet<number> {
    return new Set(this.#callees.flat());
  }

  /** A routine and all that a run of it may enter, each after those that it enters itself; null if these are more. */
  reachedFrom(root: number, countMax: number): readonly number[] | null {
    const reached: number[] = [];
    const seen = new Set([root]);
    const open = [{ routine: root, next: 0 }];
    for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
      const callee = this.#callees[last.routine][last.next++];
      if (callee === undefined) {
        reached.push(last.routine);
        open.pop();
      } else if (!seen.has(callee)) {
        if (seen.size === countMax) return null;
        seen.add(callee);
        open.push({ routine: callee, next: 0 });
      }
    }
    return reached;
  }
}
