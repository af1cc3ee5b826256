import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { spreadOf, type Spread } from '../statistics.ts';
import { printTable } from '../table.ts';
import { CONTESTANTS } from './counters.ts';
import type { InstanceFigures } from './worker.ts';

/**
 * A million instances of a counter (fewer of what takes too much memory), each under a key: what memory one takes beyond
 * its key, how long it takes to make one, and a step of one at random. By hand an instance is an object with the key and
 * the number.
 */

/** How often, of how many instances, and for how many seconds steps are measured. */
interface Effort {
  readonly rounds: number;
  readonly count: number;
  readonly seconds: number;
}

const QUICK: Effort = { rounds: 1, count: 200_000, seconds: 0.1 };
const FULL: Effort = { rounds: 5, count: 1_000_000, seconds: 2 };

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));

/** Of one contestant, over all rounds. */
interface Figures {
  readonly contestant: string;
  readonly count: number;
  readonly bytes: Spread;
  readonly makeNanoseconds: Spread;
  readonly stepNanoseconds: Spread;
  /** Of a step, to the one in place of the same round. */
  readonly ratio: Spread;
}

/** Measures all, prints a table, and gives its figures. */
export function measureInstances(isQuick: boolean): readonly Figures[] {
  const names = Object.keys(CONTESTANTS);
  const effort = isQuick ? QUICK : FULL;
  const rounds = Array.from({ length: effort.rounds }, () => names.map((name) => run(name, effort)));
  const figures = names.map((contestant, i) => ({
    contestant,
    count: rounds[0][i].count,
    bytes: spreadOf(rounds.map((round) => round[i].bytes)),
    makeNanoseconds: spreadOf(rounds.map((round) => round[i].makeNanoseconds)),
    stepNanoseconds: spreadOf(rounds.map((round) => round[i].stepNanoseconds)),
    ratio: spreadOf(rounds.map((round) => round[i].stepNanoseconds / round[0].stepNanoseconds)),
  }));
  printTable([
    ['instances', 'how many', 'bytes each', 'to make', 'a step', 'ratio'],
    ...figures.map(({ contestant, count, bytes, makeNanoseconds, stepNanoseconds, ratio }) => [
      contestant,
      count.toLocaleString('en'),
      bytes.median.toFixed(1),
      `${makeNanoseconds.median.toFixed(0)} ns`,
      `${stepNanoseconds.median.toFixed(0)} ns`,
      `${ratio.median.toFixed(2)} (${ratio.least.toFixed(2)}–${ratio.most.toFixed(2)})`,
    ]),
  ]);
  return figures;
}

/** One contestant in a process of its own, whose heap holds nothing else. */
function run(name: string, { count, seconds }: Effort): InstanceFigures {
  const words = [...process.execArgv, '--expose-gc', WORKER, String(count), String(seconds), name];
  const output = execFileSync(process.execPath, words, { encoding: 'utf8' });
  return JSON.parse(output.trim().split('\n').at(-1)!) as InstanceFigures;
}
