import { readFileSync } from 'node:fs';
import { decodeImage, wordsAt } from '@smc/protocol';
import { FAILED, load, type Program } from '@smc/vm';
import { TIERS, type TierName } from '../peers/tier.ts';
import { median } from '../statistics.ts';
import type { Step } from '../workloads/workload.ts';

/**
 * A fresh process that loads one machine for one tier and steps it: what is timed is the first load and step of the
 * process, the same again when V8 has compiled what does it, and how long the first steps take together.
 */

const WARM_MICROSECONDS = 500_000;
/** The steps of the curve: up to 2 to the power of this. */
const CURVE_EXPONENT_MAX = 18;

export interface LatencyFigures {
  readonly instructions: number;
  /** Verifying, lowering, and where all is compiled at once, that. */
  readonly loadMicroseconds: number;
  readonly stepMicroseconds: number;
  readonly warmLoadMicroseconds: number;
  readonly warmStepMicroseconds: number;
  /** By exponent of two: the time of loading and that many steps, in microseconds. */
  readonly curve: readonly number[];
}

/** What it is given, on its standard input. */
export interface LatencyRequest {
  readonly tier: TierName;
  /** As it is encoded, in Base64. */
  readonly image: string;
  readonly steps: readonly Step[];
}

const { tier, image: encoded, steps } = JSON.parse(readFileSync(0, 'utf8')) as LatencyRequest;
const decoded = decodeImage(Buffer.from(encoded, 'base64'));
if (!decoded.ok) throw new Error('the image is damaged');
const image = decoded.value;

function loaded(): Program {
  const result = load(image, { jit: TIERS[tier] });
  if (!result.ok) throw new Error(`the image is refused: ${result.invalid.message}`);
  return result.program;
}

/** The time now, in microseconds. */
const now = (): number => performance.now() * 1_000;

const start = now();
const program = loaded();
const loadMicroseconds = now() - start;
const instance = program.instance();

let taken = 0;
function step(): void {
  const { operation, argument } = steps[taken % steps.length];
  taken += 1;
  if (program.step(instance, operation, argument, 0) === FAILED) throw new Error(program.failure.message);
}

const stepStart = now();
step();
const stepMicroseconds = now() - stepStart;
const curve = [loadMicroseconds + stepMicroseconds];
for (let exponent = 1; exponent <= CURVE_EXPONENT_MAX; exponent++) {
  const from = now();
  while (taken < 2 ** exponent) step();
  curve.push(curve[exponent - 1] + now() - from);
}

const warmLoads: number[] = [];
const warmSteps: number[] = [];
for (const began = now(); now() - began < WARM_MICROSECONDS;) {
  const from = now();
  const again = loaded();
  const between = now();
  again.step(again.instance(), steps[0].operation, steps[0].argument, 0);
  warmLoads.push(between - from);
  warmSteps.push(now() - between);
}
/** Of the later half, when all that does it has been compiled. */
const settled = (times: readonly number[]): number => median(times.slice(times.length >> 1));

const figures: LatencyFigures = {
  instructions: image.unit.functions.reduce((sum, { code }) => sum + instructionsOf(code), 0),
  loadMicroseconds,
  stepMicroseconds,
  warmLoadMicroseconds: settled(warmLoads),
  warmStepMicroseconds: settled(warmSteps),
  curve,
};
console.log(JSON.stringify(figures));

function instructionsOf(code: Int32Array): number {
  let count = 0;
  for (let word = 0; word < code.length; word += wordsAt(code, word)) count += 1;
  return count;
}
