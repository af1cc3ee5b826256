import type { Lowered } from './lir.ts';

/** A routine and all that a run of it may enter, ascending: a callee comes before its callers. */
export function reachedFrom({ routines }: Lowered, root: number): readonly number[] {
  const reached = new Set([root]);
  // A set gives what is added while it is gone through, too.
  for (const index of reached) {
    for (const { name, immediate } of routines[index].operations) {
      if (name === 'CALL' || name === 'CLOSURE') reached.add(immediate);
    }
  }
  return [...reached].toSorted((left, right) => left - right);
}

/** The routines that others enter. */
export function enteredFromRoutines({ routines }: Lowered): ReadonlySet<number> {
  const entered = new Set<number>();
  for (const { operations } of routines) {
    for (const { name, immediate } of operations) {
      if (name === 'CALL' || name === 'CLOSURE') entered.add(immediate);
    }
  }
  return entered;
}
