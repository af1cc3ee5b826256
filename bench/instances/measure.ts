import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { IN_PLACE } from '../peers/peer.ts';
import { TIER_NAMES } from '../peers/tier.ts';
import { spreadOf, type Spread } from '../statistics.ts';
import { printTable } from '../table.ts';
import type { InstanceFigures } from './worker.ts';

/**
 * A million instances of a counter, each under a key: what memory one takes beyond its key, how long it takes to make
 * one, and a step of one at random. By hand an instance is an object with the key and the number.
 */

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));

/** Of one contestant, over all rounds. */
interface Figures {
  readonly contestant: string;
  readonly bytes: Spread;
  readonly makeNanoseconds: Spread;
  readonly stepNanoseconds: Spread;
  /** Of a step, to the one in place of the same round. */
  readonly ratio: Spread;
}

/** Measures all, prints a table, and gives its figures. */
export function measureInstances(isQuick: boolean): readonly Figures[] {
  const names = [IN_PLACE, ...TIER_NAMES];
  const rounds = Array.from({ length: isQuick ? 1 : 5 }, () => names.map((name) => run(name, isQuick)));
  const checksums = new Set(rounds.flat().map(({ checksum }) => checksum));
  if (checksums.size > 1) throw new Error(`instances: the checksums are ${[...checksums].join(', ')}`);
  const figures = names.map((contestant, i) => ({
    contestant,
    bytes: spreadOf(rounds.map((round) => round[i].bytes)),
    makeNanoseconds: spreadOf(rounds.map((round) => round[i].makeNanoseconds)),
    stepNanoseconds: spreadOf(rounds.map((round) => round[i].stepNanoseconds)),
    ratio: spreadOf(rounds.map((round) => round[i].stepNanoseconds / round[0].stepNanoseconds)),
  }));
  printTable([
    ['1,000,000 instances', 'bytes each', 'to make', 'a step', 'ratio'],
    ...figures.map(({ contestant, bytes, makeNanoseconds, stepNanoseconds, ratio }) => [
      contestant,
      bytes.median.toFixed(1),
      `${makeNanoseconds.median.toFixed(0)} ns`,
      `${stepNanoseconds.median.toFixed(0)} ns`,
      `${ratio.median.toFixed(2)} (${ratio.least.toFixed(2)}–${ratio.most.toFixed(2)})`,
    ]),
  ]);
  return figures;
}

/** One contestant in a process of its own, whose heap holds nothing else. */
function run(name: string, isQuick: boolean): InstanceFigures {
  const words = [...process.execArgv, '--expose-gc', WORKER, isQuick ? '0.2' : '2', name];
  const output = execFileSync(process.execPath, words, { encoding: 'utf8' });
  return JSON.parse(output.trim().split('\n').at(-1)!) as InstanceFigures;
}
