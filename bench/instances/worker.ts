import { nanosecondsOf } from '../timer.ts';
import { CONTESTANTS } from './counters.ts';

/**
 * A process in which one contestant, its last word, makes its instances. The words before say how many there are to be,
 * and for how many seconds they are stepped.
 */

export interface InstanceFigures {
  readonly count: number;
  /** Of an instance that was stepped, beyond its key: with the reference to it. */
  readonly bytes: number;
  readonly makeNanoseconds: number;
  readonly stepNanoseconds: number;
}

const [countAsked, seconds, name] = process.argv.slice(-3);
const { count, usedBytes, make } = await CONTESTANTS[name](Number(countAsked));
const before = usedBytes();
const start = performance.now();
const { pass, passesOfLap, stepsOfPass } = make();
const makeNanoseconds = ((performance.now() - start) * 1e6) / count;
let checksum = 0;
for (let i = 0; i < passesOfLap; i++) checksum += pass();
// Each was 0, of which the digest is 1.
if (checksum !== count) throw new Error(`${name}: the checksum of ${count} instances is ${checksum}`);
const bytes = (usedBytes() - before) / count;
const stepNanoseconds = (await nanosecondsOf(name, pass, Number(seconds))) / stepsOfPass;
console.log(JSON.stringify({ count, bytes, makeNanoseconds, stepNanoseconds } satisfies InstanceFigures));
