import { add, suite } from 'benny';

/** So many samples are taken, or fewer where a pass is long, but not below the least. */
const SAMPLES = 10;
const SAMPLES_MIN = 3;

/** Nanoseconds that a pass takes: the median of samples that together take so many seconds, by benny. */
export async function nanosecondsOf(name: string, pass: () => unknown, seconds: number): Promise<number> {
  const options = { minTime: seconds / SAMPLES, minSamples: SAMPLES_MIN, maxTime: seconds };
  const { results } = await suite(
    name,
    add(name, () => void pass(), options),
  );
  return results[0].details.median * 1e9;
}
