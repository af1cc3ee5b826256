import { HOSTED } from './peers/hosted.ts';
import type { Measurement, Prepared } from './peers/peer.ts';
import { nanosecondsOf } from './timer.ts';

/**
 * A process for one hosted peer, which its last word names. It loads all workloads of the peer and runs each, so that
 * several machines are there before one is measured, as in a node; the word before says for how many milliseconds in a
 * turn. Then it measures what it is asked for.
 */

export interface Request {
  readonly workload: string;
  readonly seconds: number;
}

const WARM_TURNS = 2;

const [warmMilliseconds, name] = process.argv.slice(-2);
const peer = HOSTED[name];
const machines = new Map<string, Prepared & { readonly checksum: number }>();
for (const workload of peer.workloads) {
  const prepared = await peer.prepare(workload);
  let checksum = 0;
  for (let i = 0; i < prepared.passesOfLap; i++) checksum = (checksum + prepared.pass()) | 0;
  machines.set(workload, { ...prepared, checksum });
}
// Not measured, as the first run of `inplace.js` is not: V8 compiles what it knows of all machines, not of the first.
for (let turn = 0; turn < WARM_TURNS; turn++) {
  for (const { pass } of machines.values()) {
    for (const start = performance.now(); performance.now() - start < Number(warmMilliseconds);) pass();
  }
}

async function measure({ workload, seconds }: Request): Promise<Measurement> {
  const { stepsOfPass, pass, checksum } = machines.get(workload)!;
  return { nanoseconds: (await nanosecondsOf(workload, pass, seconds)) / stepsOfPass, checksum };
}

process.on('disconnect', () => process.exit());
process.on('message', (request: Request) => {
  void measure(request).then((measurement) => process.send!(measurement));
});
process.send!('ready');
