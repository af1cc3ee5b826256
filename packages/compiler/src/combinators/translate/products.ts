const TUPLE_ITEMS_MAX = 16;

/** Any number of parts as one, tuples of tuples where they are many, and the path to each. */
export interface Gathered<T> {
  readonly whole: T;
  readonly paths: readonly (readonly number[])[];
}

/** Puts one part or more together, in this order; `tuple` makes one of 2 to 16. */
export function gather<T>(parts: readonly T[], tuple: (items: readonly T[]) => T): Gathered<T> {
  if (parts.length === 1) return { whole: parts[0], paths: [[]] };
  const groupSize = Math.ceil(parts.length / TUPLE_ITEMS_MAX);
  const groups: Gathered<T>[] = [];
  for (let i = 0; i < parts.length; i += groupSize) groups.push(gather(parts.slice(i, i + groupSize), tuple));
  return {
    whole: tuple(groups.map((group) => group.whole)),
    paths: groups.flatMap(({ paths }, index) => paths.map((path) => [index, ...path])),
  };
}
