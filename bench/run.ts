import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { FAILED, Instance, load, type Program } from '@smc/vm';
import { add, suite } from 'benny';
import { nest } from './peers/nested.ts';
import { counter, pair } from './workloads/counters.ts';
import { foldSmall } from './workloads/fold.ts';
import type { Workload } from './workloads/workload.ts';

/**
 * `npm run bench`: how long a step takes, beside two peers.
 *
 * - *in place* is `peers/inplace.js`: what a careful programmer would write by hand for the
 *   same work, its state changed in place. It is run unchanged, as a script of its own, in a
 *   process of its own: so nothing of it shares a heap, a profile or a cache with what it is
 *   compared to. Rounds of it and of the others take turns, so that a machine that becomes
 *   slower is slower for all; each figure is the median of its rounds.
 * - *nested* is `peers/nested.ts`: a machine of the same instructions as a textbook has it.
 *
 * What is timed is the public `step`, one call an input. All machines are loaded and have run
 * before one is measured, as in a node that has several. `-- --quick` takes fewer rounds.
 */

const isQuick = process.argv.includes('--quick');
const ROUNDS = isQuick ? 3 : 7;
const SECONDS = isQuick ? 0.7 : 3;

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
  const instance = new Instance(program.initial);
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
  if (reply === FAILED) throw new Error(`a step failed: ${instance.failure.message}`);
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
async function measure({
  workload,
  stepsOfPass,
  step,
  nested,
}: Contestants): Promise<{ step: number; nested: number }> {
  const options = { minSamples: 5, maxTime: SECONDS };
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

async function compare(contestants: Contestants): Promise<Figures> {
  const rounds: { inPlace: number; step: number; nested: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const inPlace = measureInPlace(contestants.workload.name);
    rounds.push({ inPlace, ...(await measure(contestants)) });
  }
  const median = (of: 'inPlace' | 'step' | 'nested'): number =>
    rounds.map((round) => round[of]).sort((a, b) => a - b)[rounds.length >> 1];
  return {
    workload: contestants.workload.name,
    inPlace: median('inPlace'),
    step: median('step'),
    nested: median('nested'),
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

const contestants = WORKLOADS.map(prepare);
for (const { workload, step, nested } of contestants) {
  // The same work is done, and everything has run before anything is measured.
  const checksums = [step(), nested()];
  if (checksums[0] !== checksums[1]) throw new Error(`${workload.name}: checksums ${checksums.join(', ')}`);
}
const figures: Figures[] = [];
for (const each of contestants) figures.push(await compare(each));
printTable(figures);

const folder = new URL('results/', import.meta.url);
mkdirSync(folder, { recursive: true });
const machine = { cpu: cpus()[0].model, cpus: cpus().length, memoryBytes: totalmem() };
const { node, v8 } = process.versions;
const result = { date: new Date().toISOString(), quick: isQuick, machine, versions: { node, v8 }, figures };
writeFileSync(new URL('latest.json', folder), `${JSON.stringify(result, null, 2)}\n`);
