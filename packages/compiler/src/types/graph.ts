/** Order of a graph, and its cycles: depth-first search (Tarjan 1972) without recursion. */

/** Nodes in the order of their edges, and the cycles among them. */
export interface Ordering<N> {
  /** Every node, each after those that it leads to, as far as there is no cycle. */
  readonly sorted: readonly N[];
  /** One for each edge that closes a cycle: the nodes on it, from where that edge leads. */
  readonly cycles: readonly (readonly N[])[];
}

/** Orders the nodes that can be reached from `roots`. Takes time linear in nodes and edges. */
export function order<N>(roots: Iterable<N>, edgesOf: (node: N) => readonly N[]): Ordering<N> {
  const done = new Set<N>();
  const open = new Map<N, number>();
  const sorted: N[] = [];
  const cycles: N[][] = [];
  for (const root of roots) {
    const path: { node: N; edges: readonly N[]; next: number }[] = [];
    const enter = (node: N): void => {
      open.set(node, path.length);
      path.push({ node, edges: edgesOf(node), next: 0 });
    };
    if (!done.has(root)) enter(root);
    while (path.length > 0) {
      const top = path[path.length - 1];
      if (top.next < top.edges.length) {
        const target = top.edges[top.next++];
        const position = open.get(target);
        if (position !== undefined) cycles.push(path.slice(position).map(({ node }) => node));
        else if (!done.has(target)) enter(target);
        continue;
      }
      path.pop();
      open.delete(top.node);
      done.add(top.node);
      sorted.push(top.node);
    }
  }
  return { sorted, cycles };
}
