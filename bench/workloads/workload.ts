import type { Image, Value } from '@smc/protocol';
import type { Program } from '@smc/vm';

/** What is measured: steps of one machine, on inputs that are always the same. */
export interface Workload {
  /** As in `peers/inplace.js`, which does the same by hand. */
  readonly name: string;
  readonly image: Image;
  /** One pass: what to feed, in this order. */
  readonly steps: (program: Program) => readonly Step[];
  /** A small number that depends on a reply, so that no step can be left out. */
  readonly digest: (reply: Value) => number;
}

export interface Step {
  readonly operation: number;
  readonly input: Value;
}

/** Lehmer's generator, seeded as in `peers/inplace.js`: numbers from 1 to 2³¹ − 2. */
export function makeRandom(seed = 42): () => number {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647);
}
