import { readFileSync } from 'node:fs';
import { compileFunction } from 'node:vm';

/**
 * The workloads as they are written by hand, with state that is changed in place: those of `peers/inplace.js`,
 * which is not ours to change, and of `peers/twins.js`. Inputs of all contestants are made of theirs.
 */

/** What `peers/inplace.js` and `peers/twins.js` feed: a kind of input, and what comes with it. */
export interface HandInput {
  readonly tag: number;
  readonly [field: string]: unknown;
}

/** One machine by hand, in its initial state. */
export interface HandMachine {
  /** One lap, seeded and in random order. */
  readonly inputs: readonly HandInput[];
  readonly step: (input: HandInput) => unknown;
  /** A small number that depends on a reply, so that no step can be left out. */
  readonly digest: (reply: unknown) => number;
}

const read = (name: string): string => readFileSync(new URL(`../peers/${name}`, import.meta.url), 'utf8');

/** What `inplace.js` declares ends here; after it, it measures. */
const MEASURING = 'const names = ';

/** JavaScript that declares `workloads`, a function a workload that gives inputs, step and digest. */
export const HAND_SOURCE = `${declarationsOf(read('inplace.js'))}\n${read('twins.js')}`;

function declarationsOf(source: string): string {
  const end = source.indexOf(MEASURING);
  if (end === -1) throw new Error(`inplace.js does not say ${MEASURING}`);
  return source.slice(0, end);
}

type Made = [HandMachine['inputs'], HandMachine['step'], HandMachine['digest']];

/** A new machine for a workload; it shares no function with one that was made before. */
export function handMachine(name: string): HandMachine {
  const make = compileFunction(`${HAND_SOURCE}\nreturn workloads[${JSON.stringify(name)}]();`) as () => Made;
  const [inputs, step, digest] = make();
  return { inputs, step, digest };
}
