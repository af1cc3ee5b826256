import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { FAILED, type Instance, load, type Program } from '@smc/vm';
import { add, suite } from 'benny';
import { median } from './median.ts';
import { nest } from './peers/nested.ts';
import { counter, pair } from './workloads/counters.ts';
import { foldSmall } from './workloads/fold.ts';
import type { Workload } from './workloads/workload.ts';

/**
 * How long a step takes, beside two peers.
 *
 * - *in place* is `peers/inplace.js`: what a careful programmer would write by hand for the
 *   same work, its state changed in place. It is run unchanged, as a script of its own, in a
 *   process of its own: so nothing of it shares a heap, a profile or a cache with what it is
 *   compared to. Rounds of it and of the others take turns, so that a machine that becomes
 *   slower is slower for all; each figure is the median of its rounds.
 * - *nested* is `peers/nested.ts`: a machine of the same instructions as a textbook has it.
 *
 * What is timed is the public `step`, one call an input. All machines are loaded and have run
 * before one is measured, as in a node that has several.
 */

/** How often and for how long each contestant is measured. */
interface Effort {
  readonly rounds: number;
  /** Of a round. */
  readonly seconds: number;
}

const WORKLOADS: readonly Workload[] = [counter, pair, foldSmall];

interface Contestants {
  readonly workload: Workload;
  readonly stepsOfPass: number;
  /** Each runs one pass, and gives its checksum. */
  readonly step: () => number;
  readonly nested: () => number;
}

function prepare(workload: Workload): Contestants {
  const loaded = load(workload.image);
  if (!loaded.ok) throw new Error(`${workload.name} is refused: ${loaded.invalid.message}`);
  const { program } = loaded;
  const steps = workload.steps(program);
  const instance = program.instance();
  const machine = nest(workload.image);
  return {
    workload,
    stepsOfPass: steps.length,
    step: () => {
      let sum = 0;
      for (const { operation, input } of steps)
        sum = (sum + workload.digest(stepOnce(program, instance, operation, input))) | 0;
      return sum;
    },
    nested: () => {
      let sum = 0;
      for (const { operation, input } of steps)
        sum = (sum + workload.digest(machine.step(operation, input))) | 0;
      return sum;
    },
  };
}

function stepOnce(
  program: Program,
  instance: Instance,
  operation: number,
  input: Parameters<Program['step']>[2],
) {
  const reply = program.step(instance, operation, input, 0);
  if (reply === FAILED) throw new Error(`a step failed: ${program.failure.message}`);
  return reply;
}

/** Nanoseconds of a step by hand, as the script says. */
function measureInPlace(name: string): number {
  const script = fileURLToPath(new URL('peers/inplace.js', import.meta.url));
  const output = execFileSync(process.execPath, [script, name], { encoding: 'utf8' });
  const found = /([\d.]+) ns \(/.exec(output);
  if (found === null) throw new Error(`no figure in: ${output}`);
  return Number(found[1]);
}

/** Nanoseconds of a step for the virtual machine and for the nested one. */
async function measure(
  { workload, stepsOfPass, step, nested }: Contestants,
  seconds: number,
): Promise<{ step: number; nested: number }> {
  const options = { minSamples: 5, maxTime: seconds };
  const summary = await suite(
    workload.name,
    add('step', () => void step(), options),
    add('nested', () => void nested(), options),
  );
  const [own, other] = summary.results.map(({ details }) => (details.median * 1e9) / stepsOfPass);
  return { step: own, nested: other };
}

interface Figures {
  readonly workload: string;
  /** Medians of the rounds, in nanoseconds a step. */
  readonly inPlace: number;
  readonly step: number;
  readonly nested: number;
  readonly rounds: readonly { readonly inPlace: number; readonly step: number; readonly nested: number }[];
}

async function compare(contestants: Contestants, effort: Effort): Promise<Figures> {
  const rounds: { inPlace: number; step: number; nested: number }[] = [];
  for (let round = 0; round < effort.rounds; round++) {
    const inPlace = measureInPlace(contestants.workload.name);
    rounds.push({ inPlace, ...(await measure(contestants, effort.seconds)) });
  }
  return {
    workload: contestants.workload.name,
    inPlace: median(rounds.map((round) => round.inPlace)),
    step: median(rounds.map((round) => round.step)),
    nested: median(rounds.map((round) => round.nested)),
    rounds,
  };
}

function printTable(figures: readonly Figures[]): void {
  const row = (...cells: string[]): void =>
    console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(12) : cell.padStart(14))).join(''));
  row('workload', 'in place', 'step', 'ratio', 'nested', 'ratio');
  for (const { workload, inPlace, step, nested } of figures) {
    const time = (ns: number): string => `${ns.toFixed(2)} ns`;
    const ratio = (ns: number): string => `${(ns / inPlace).toFixed(1)} ×`;
    row(workload, time(inPlace), time(step), ratio(step), time(nested), ratio(nested));
  }
}

/** Compares all workloads, prints a table, and gives its figures. */
export async function measureSteps(isQuick: boolean): Promise<readonly Figures[]> {
  const contestants = WORKLOADS.map(prepare);
  for (const { workload, step, nested } of contestants) {
    // The same work is done, and everything has run before anything is measured.
    const checksums = [step(), nested()];
    if (checksums[0] !== checksums[1]) throw new Error(`${workload.name}: checksums ${checksums.join(', ')}`);
  }
  const figures: Figures[] = [];
  const effort = isQuick ? { rounds: 3, seconds: 0.7 } : { rounds: 7, seconds: 3 };
  for (const each of contestants) figures.push(await compare(each, effort));
  printTable(figures);
  return figures;
}
