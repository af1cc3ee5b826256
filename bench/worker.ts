import { add, suite } from 'benny';
import { HOSTED } from './peers/hosted.ts';
import type { Measurement, Prepared } from './peers/peer.ts';

/**
 * A process for one hosted peer, which its last word names. It loads all workloads of the peer and runs each, so that
 * several machines are there before one is measured, as in a node. Then it measures what it is asked for.
 */

export interface Request {
  readonly workload: string;
  readonly seconds: number;
}

const SAMPLES_MIN = 3;
const WARM_ROUNDS = 2;
const WARM_MILLISECONDS = 100;

const name = process.argv.at(-1)!;
const peer = HOSTED[name];
const machines = new Map<string, Prepared & { readonly checksum: number }>();
for (const workload of peer.workloads) {
  const prepared = await peer.prepare(workload);
  let checksum = 0;
  for (let i = 0; i < prepared.passesOfLap; i++) checksum = (checksum + prepared.pass()) | 0;
  machines.set(workload, { ...prepared, checksum });
}
// Not measured, as the first run of `inplace.js` is not: V8 compiles what it knows of all machines, not of the first.
for (let round = 0; round < WARM_ROUNDS; round++) {
  for (const { pass } of machines.values()) {
    for (const start = performance.now(); performance.now() - start < WARM_MILLISECONDS;) pass();
  }
}

async function measure({ workload, seconds }: Request): Promise<Measurement> {
  const { stepsOfPass, pass, checksum } = machines.get(workload)!;
  const options = { minSamples: SAMPLES_MIN, maxTime: seconds };
  const { results } = await suite(
    workload,
    add(name, () => void pass(), options),
  );
  return { nanoseconds: (results[0].details.median * 1e9) / stepsOfPass, checksum };
}

process.on('disconnect', () => process.exit());
process.on('message', (request: Request) => {
  void measure(request).then((measurement) => process.send!(measurement));
});
process.send!('ready');
