import type { Lowered } from './lir.ts';

/** A routine and all that a run of it may enter, each after those that it enters itself. */
export function reachedFrom(lowered: Lowered, root: number): readonly number[] {
  const reached: number[] = [];
  const seen = new Set([root]);
  const open = [{ routine: root, callees: calleesOf(lowered, root), next: 0 }];
  for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
    const callee = last.callees[last.next++];
    if (callee === undefined) {
      reached.push(last.routine);
      open.pop();
    } else if (!seen.has(callee)) {
      seen.add(callee);
      open.push({ routine: callee, callees: calleesOf(lowered, callee), next: 0 });
    }
  }
  return reached;
}

/** The routines that others enter. */
export function enteredFromRoutines(lowered: Lowered): ReadonlySet<number> {
  return new Set(lowered.routines.flatMap((_, index) => calleesOf(lowered, index)));
}

/** The routines that one calls or makes closures of. */
const calleesOf = ({ routines }: Lowered, index: number): number[] =>
  routines[index].operations
    .filter(({ name }) => name === 'CALL' || name === 'CLOSURE')
    .map(({ immediate }) => immediate);
