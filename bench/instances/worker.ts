import { add, suite } from 'benny';
import { IN_PLACE } from '../peers/peer.ts';
import { makePass, type Scope } from '../peers/pass.ts';
import type { TierName } from '../peers/tier.ts';
import { programOf, replyOf } from '../peers/vm.ts';
import { shuffledTo } from '../random.ts';

/** A process in which one contestant, its last word, makes a million instances; the word before is for how long. */

const COUNT = 1_000_000;
const PASS_STEPS = 4_000;

export interface InstanceFigures {
  /** Of an instance that was stepped, beyond its key: with the reference to it. */
  readonly bytes: number;
  readonly makeNanoseconds: number;
  readonly stepNanoseconds: number;
  /** Of one step of each. */
  readonly checksum: number;
}

/** How instances are made of their keys and stepped. */
interface Maker {
  readonly make: (key: string) => unknown;
  readonly scope: Omit<Scope, 'inputs' | 'digest'>;
  /** Increments `instances[input]` and gives what it was. */
  readonly call: string;
}

class HandCounter {
  readonly key: string;
  n = 0;

  constructor(key: string) {
    this.key = key;
  }

  increment(): number {
    const { n } = this;
    const next = n + 1;
    if ((next | 0) !== next && next > Number.MAX_SAFE_INTEGER) throw new RangeError('integer overflow');
    this.n = next;
    return n;
  }
}

function byHand(): Maker {
  return { make: (key) => new HandCounter(key), scope: {}, call: 'instances[input].increment()' };
}

function byProgram(tier: TierName): Maker {
  const program = programOf('counters.sm', tier);
  const increment = program.index('Incr');
  return {
    make: (key) => program.instance(program.initial, key),
    scope: { program, increment, replyOf },
    call: 'replyOf(program, program.step(instances[input], increment, null, 0))',
  };
}

/** Bytes of the heap that are in use. */
function usedBytes(): number {
  for (let i = 0; i < 3; i++) gc!();
  return process.memoryUsage().heapUsed;
}

const [seconds, name] = process.argv.slice(-2);
const { make, scope, call } = name === IN_PLACE ? byHand() : byProgram(name as TierName);
const keys = Array.from({ length: COUNT }, (_, i) => `counter-${i}`);
const inputs = shuffledTo(COUNT);
const before = usedBytes();
const start = performance.now();
const instances = keys.map(make);
const makeNanoseconds = ((performance.now() - start) * 1e6) / COUNT;
const digest = (n: number): number => (n & 7) + 1;
const { pass, passesOfLap } = makePass(name, { inputs, digest, instances, ...scope }, call, PASS_STEPS);
let checksum = 0;
for (let i = 0; i < passesOfLap; i++) checksum += pass();
const bytes = (usedBytes() - before) / COUNT;
const { results } = await suite(
  name,
  add(name, () => void pass(), { minSamples: 10, maxTime: Number(seconds) }),
);
const stepNanoseconds = (results[0].details.median * 1e9) / PASS_STEPS;
console.log(JSON.stringify({ bytes, makeNanoseconds, stepNanoseconds, checksum } satisfies InstanceFigures));
