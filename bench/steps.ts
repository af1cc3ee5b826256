import { startAll, startJitless, type Contestant } from './contestants.ts';
import { IN_PLACE } from './peers/peer.ts';
import { spreadOf, type Spread } from './statistics.ts';
import { printTable } from './table.ts';
import { WORKLOADS } from './workloads/workload.ts';

/**
 * How long a step takes, beside peers. In each round all take turns at a workload, so that a machine that becomes
 * slower is slower for all; a ratio is of two figures of one round. See docs/performance.md.
 */

/** How often, and for how long at least, each is measured; and for how long it runs before, in each of its turns. */
interface Effort {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmMilliseconds: number;
}

const QUICK: Effort = { rounds: 2, seconds: 0.05, warmMilliseconds: 40 };
const FULL: Effort = { rounds: 7, seconds: 0.5, warmMilliseconds: 100 };

/** Of one contestant at one workload. */
interface Figure {
  readonly contestant: string;
  /** Of a step. */
  readonly nanoseconds: Spread;
  /** Of the time of the same round in place. */
  readonly ratio: Spread;
  /** The least of its rounds, as a ratio to the least in place: what is left where others use the processor too. */
  readonly leastRatio: number;
  readonly rounds: readonly number[];
}

/** Of one workload. */
export interface WorkloadFigures {
  readonly workload: string;
  readonly checksum: number;
  readonly figures: readonly Figure[];
}

/** Compares all at all workloads, prints a table, and gives its figures. */
export const measureSteps = (isQuick: boolean): Promise<readonly WorkloadFigures[]> =>
  compareAll(startAll, isQuick ? QUICK : FULL);

/** The same where the host compiles nothing to machine code, of those that are about it. */
export const measureJitless = (isQuick: boolean): Promise<readonly WorkloadFigures[]> =>
  compareAll(startJitless, isQuick ? { ...QUICK, rounds: 1 } : { ...FULL, rounds: 3 });

async function compareAll(
  start: (warmMilliseconds: number) => Promise<readonly Contestant[]>,
  effort: Effort,
): Promise<readonly WorkloadFigures[]> {
  const contestants = await start(effort.warmMilliseconds);
  try {
    const found: WorkloadFigures[] = [];
    for (const { name } of WORKLOADS) {
      const taking = contestants.filter(({ workloads }) => workloads.includes(name));
      found.push(await compare(name, taking, effort));
    }
    print(
      found,
      contestants.map(({ name }) => name),
    );
    return found;
  } finally {
    for (const { close } of contestants) close();
  }
}

async function compare(
  workload: string,
  contestants: readonly Contestant[],
  { rounds, seconds }: Effort,
): Promise<WorkloadFigures> {
  const times = contestants.map((): number[] => []);
  const checksums = contestants.map(() => 0);
  for (let round = 0; round < rounds; round++) {
    for (const [i, { measure }] of contestants.entries()) {
      const { nanoseconds, checksum } = await measure(workload, seconds);
      times[i].push(nanoseconds);
      checksums[i] = checksum;
    }
  }
  const other = checksums.findIndex((checksum) => checksum !== checksums[0]);
  if (other !== -1)
    throw new Error(
      `${workload}: the checksum of ${contestants[other].name} is ${checksums[other]}, not ${checksums[0]}`,
    );
  const figures = contestants.map(({ name }, i) => ({
    contestant: name,
    nanoseconds: spreadOf(times[i]),
    ratio: spreadOf(times[i].map((time, round) => time / times[0][round])),
    leastRatio: Math.min(...times[i]) / Math.min(...times[0]),
    rounds: times[i],
  }));
  return { workload, checksum: checksums[0], figures };
}

/** A row for each contestant, a column for each workload: nanoseconds a step in place, ratios for the others. */
function print(found: readonly WorkloadFigures[], names: readonly string[]): void {
  const table = (corner: string, inPlace: (own: Spread) => number, other: (own: Figure) => string): void => {
    const cell = (workload: WorkloadFigures, name: string): string => {
      const figure = workload.figures.find(({ contestant }) => contestant === name);
      if (figure === undefined) return '–';
      return name === IN_PLACE ? `${digits(inPlace(figure.nanoseconds))} ns` : other(figure);
    };
    printTable([
      [corner, ...found.map(({ workload }) => workload)],
      ...names.map((name) => [name, ...found.map((workload) => cell(workload, name))]),
    ]);
  };
  table(
    'median',
    ({ median }) => median,
    ({ ratio: { median, least, most } }) => `${digits(median)} (${digits(least)}–${digits(most)})`,
  );
  console.log();
  table(
    'least',
    ({ least }) => least,
    ({ leastRatio }) => digits(leastRatio),
  );
}

const digits = (number: number): string => number.toFixed(number < 10 ? 2 : number < 100 ? 1 : 0);
