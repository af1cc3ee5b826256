import { compile } from '@smc/compiler';
import type { Image } from '@smc/protocol';
import { makeRandom, type Workload } from './workload.ts';

/** Steps of a pass. */
const STEPS = 65_536;

const COUNTER = `
machine Counter {
  state: Int = 0
  on Incr { n <- get -< (); put -< n + 1 }
  on Read -> Int { get -< () }
}
`;

/** A counter within a pair: its other half stays as it is. */
const PAIR = `
machine Pair {
  state: (Int, Int) = (3, 0)
  on Incr { (old, n) <- get -< (); put -< (old, n + 1) }
  on Read -> Int { (old, n) <- get -< (); return -< n }
}
`;

export const counter: Workload = counting('counter', COUNTER);
export const pair: Workload = counting('pair', PAIR);

/** Increments and reads, as a seeded generator has them. */
function counting(name: string, source: string): Workload {
  return {
    name,
    image: imageOf(source),
    steps: (program) => {
      const random = makeRandom();
      const operations = [program.index('Incr'), program.index('Read')];
      return Array.from({ length: STEPS }, () => ({ operation: operations[random() & 1], input: null }));
    },
    digest: (reply) => (typeof reply === 'number' ? reply & 7 : 1),
  };
}

function imageOf(source: string): Image {
  const { bundle, diagnostics } = compile('bench.sm', {
    read: (file) => (file === 'bench.sm' ? source : null),
    readBundle: () => null,
    readDeployed: () => null,
    resolve: (_from, path) => path,
  });
  if (bundle === null) throw new Error(diagnostics.map((diagnostic) => diagnostic.message).join('\n'));
  return bundle.images[0];
}
