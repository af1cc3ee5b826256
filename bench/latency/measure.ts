import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { encodeImage } from '@smc/protocol';
import { TIER_NAMES, type TierName } from '../peers/tier.ts';
import { spreadOf, type Spread } from '../statistics.ts';
import { printTable } from '../table.ts';
import { imageOf, imageOfSource, stepsOf, workloadOf } from '../workloads/workload.ts';
import { LARGE, LARGE_OPERATIONS, largeSource } from './source.ts';
import type { LatencyFigures, LatencyRequest } from './worker.ts';

/**
 * How long it takes until a machine has taken its first step, in a process that has done nothing before and in one
 * that has; and after how many steps compiling all of it to JavaScript at once has paid off.
 */

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));
const MACHINES = ['counter', 'record', LARGE];
/** They are taken again and again. */
const STEPS_MAX = 4_096;

/** Of one machine in one tier, over all rounds, in microseconds. */
interface Figures {
  readonly machine: string;
  readonly instructions: number;
  readonly tier: TierName;
  readonly load: Spread;
  readonly step: Spread;
  readonly warmLoad: Spread;
  readonly warmStep: Spread;
  /** By exponent of two: the least time of loading and that many steps. */
  readonly curve: readonly number[];
}

/** From here on the JIT has taken less time than the interpreter; null where that is beyond what was measured. */
interface PayOff {
  readonly machine: string;
  readonly steps: number | null;
  readonly milliseconds: number | null;
}

/** Measures all, prints two tables, and gives their figures. */
export function measureLatency(isQuick: boolean): {
  readonly latencies: readonly Figures[];
  readonly payOffs: readonly PayOff[];
} {
  const rounds = isQuick ? 1 : 5;
  const latencies = MACHINES.flatMap((machine) => figuresOf(machine, rounds));
  const payOffs = MACHINES.map((machine) => payOffOf(machine, latencies));
  printTable([
    ['latency', 'instructions', 'load', 'first step', 'load, warm', 'first step, warm'],
    ...latencies.map(({ machine, tier, instructions, load, step, warmLoad, warmStep }) => [
      `${machine}, ${tier}`,
      String(instructions),
      ...[load, step, warmLoad, warmStep].map(time),
    ]),
  ]);
  printTable([
    ['the JIT pays off', 'after steps', 'after'],
    ...payOffs.map(({ machine, steps, milliseconds }) =>
      steps === null || milliseconds === null
        ? [machine, 'not measured', '–']
        : [machine, String(steps), `${milliseconds.toFixed(1)} ms`],
    ),
  ]);
  return { latencies, payOffs };
}

/** All tiers in turns. */
function figuresOf(machine: string, rounds: number): Figures[] {
  const requests = requestsOf(machine);
  const found = Array.from({ length: rounds }, () => requests.map(run));
  return TIER_NAMES.map((tier, i) => {
    const all = found.map((round) => round[i]);
    return {
      machine,
      tier,
      instructions: all[0].instructions,
      load: spreadOf(all.map((figures) => figures.loadMicroseconds)),
      step: spreadOf(all.map((figures) => figures.stepMicroseconds)),
      warmLoad: spreadOf(all.map((figures) => figures.warmLoadMicroseconds)),
      warmStep: spreadOf(all.map((figures) => figures.warmStepMicroseconds)),
      curve: all[0].curve.map((_, exponent) => Math.min(...all.map(({ curve }) => curve[exponent]))),
    };
  });
}

function payOffOf(machine: string, latencies: readonly Figures[]): PayOff {
  const curveOf = (tier: TierName): readonly number[] =>
    latencies.find((figures) => figures.machine === machine && figures.tier === tier)!.curve;
  const [interpreter, jit] = [curveOf('interpreter'), curveOf('jit')];
  // The last time that the interpreter was ahead.
  const exponent = interpreter.findLastIndex((time, index) => time < jit[index]) + 1;
  if (exponent === interpreter.length) return { machine, steps: null, milliseconds: null };
  return { machine, steps: 2 ** exponent, milliseconds: jit[exponent] / 1_000 };
}

/** One machine in one tier, in a process of its own. */
function run(request: LatencyRequest): LatencyFigures {
  const words = [...process.execArgv, WORKER];
  const output = execFileSync(process.execPath, words, { encoding: 'utf8', input: JSON.stringify(request) });
  return JSON.parse(output) as LatencyFigures;
}

/** A machine for each tier, with steps that it takes. */
function requestsOf(machine: string): readonly LatencyRequest[] {
  const image =
    machine === LARGE ? imageOfSource(largeSource(LARGE_OPERATIONS)) : imageOf(workloadOf(machine).file);
  const steps =
    machine === LARGE
      ? image.operations.map((_, operation) => ({ operation, argument: 17 }))
      : stepsOf(workloadOf(machine), image.operations).slice(0, STEPS_MAX);
  const encoded = Buffer.from(encodeImage(image)).toString('base64');
  return TIER_NAMES.map((tier): LatencyRequest => ({ tier, image: encoded, steps }));
}

/** The least of the rounds: what is over in a moment is told apart from what else ran then by nothing else. */
const time = ({ least: microseconds }: Spread): string =>
  microseconds < 1_000 ? `${microseconds.toFixed(0)} µs` : `${(microseconds / 1_000).toFixed(1)} ms`;
