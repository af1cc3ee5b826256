import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createVitest, type Vitest } from 'vitest/node';
import { MUTANTS } from './list.ts';
import { VERIFIER_FILES, mutated, type Mutant } from './mutant.ts';
import { changes, rulesOf } from './rules.ts';

/**
 * `npm run mutants`: runs the tests of the verifier on each mutant, which must make one fail, and ends with 1 where a
 * mutant survives. `npm run mutants -- NAME…` takes only the mutants whose names contain one of these. The tree is not
 * touched: a mutant is put in place of its file as the file is loaded. Two processes share the list.
 */

const PROCESSES_MAX = 2;

/** Tests about what the verifier accepts, refuses and finds out: those that take longer only where the first kill nothing. */
const TEST_FILES: readonly (readonly string[])[] = [
  ['verify', 'rules', 'program', 'instructions', 'built-ins'],
  ['unit'],
].map((names) => names.map((name) => `packages/vm/test/${name}.test.ts`));

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/** What became of a mutant. */
interface Verdict {
  readonly name: string;
  /** Tests that failed. */
  readonly failed: number;
  /** Why it counts as a survivor; null where it was killed. */
  readonly survived: string | null;
}

/** The mutant that stands in for its file, and whether that was loaded. */
interface Current {
  mutant: Mutant | null;
  isLoaded: boolean;
}

/** Runs the tests in this process, each time on another mutant. */
class Runner {
  readonly #vitest: Vitest;
  readonly #current: Current;

  private constructor(vitest: Vitest, current: Current) {
    this.#vitest = vitest;
    this.#current = current;
  }

  static async start(): Promise<Runner> {
    const current: Current = { mutant: null, isLoaded: false };
    const transform = (source: string, id: string): string | null => {
      if (current.mutant === null || id !== pathOf(current.mutant)) return null;
      current.isLoaded = true;
      return mutated(source, current.mutant);
    };
    // One thread for all files, which loads again only what has changed.
    const thread = { pool: 'threads', isolate: false, maxWorkers: 1, fsModuleCache: false } as const;
    const quiet = { root: ROOT, watch: false, silent: true, reporters: [{}] };
    // Not the configuration of the tests, with which the host loads modules: no mutant would take the place of any.
    const own = { config: false as const, setupFiles: './test/support/seed.ts', testTimeout: 60_000 };
    const resolve = { conditions: ['source'] };
    const vitest = await createVitest(
      'test',
      { ...quiet, ...own, ...thread },
      { plugins: [{ name: 'mutant', enforce: 'pre', transform }], resolve, ssr: { resolve } },
    );
    await vitest.standalone();
    return new Runner(vitest, current);
  }

  /** Runs test files on a mutant, or on the verifier as it is. */
  async run(mutant: Mutant | null, files: readonly string[]): Promise<Counts> {
    const changed = [this.#current.mutant, mutant].filter((each) => each !== null);
    Object.assign(this.#current, { mutant, isLoaded: false });
    for (const each of changed) this.#vitest.invalidateFile(pathOf(each));
    const specifications = await this.#vitest.globTestSpecifications([...files]);
    if (specifications.length !== files.length)
      throw new Error(`there are ${specifications.length} of the test files ${files.join(', ')}`);
    const { testModules } = await this.#vitest.runTestSpecifications(specifications);
    if (mutant !== null && !this.#current.isLoaded)
      throw new Error(`${mutant.file} was not loaded by the tests`);
    const results = testModules.flatMap(({ children }) =>
      [...children.allTests()].map((test) => test.result()),
    );
    // A machine that is busy makes tests run out of time, which says nothing of the mutant.
    const isLate = ({ errors }: (typeof results)[number]): boolean =>
      errors?.some(({ message }) => message.includes('timed out')) ?? false;
    const failed = results.filter((result) => result.state === 'failed' && !isLate(result)).length;
    return { passed: results.filter(({ state }) => state === 'passed').length, failed };
  }

  close(): Promise<void> {
    return this.#vitest.close();
  }
}

const pathOf = ({ file }: Pick<Mutant, 'file'>): string => `${ROOT}packages/vm/src/${file}`;

/** Judges each so many-th mutant, starting from one, and sends the verdicts to the parent. */
async function judge(mutants: readonly Mutant[], first: number): Promise<void> {
  const runner = await Runner.start();
  const whole: number[] = [];
  for (const files of TEST_FILES) {
    const { passed, failed } = await runner.run(null, files);
    if (failed > 0 || passed === 0) throw new Error(`${failed} tests fail without a mutant`);
    whole.push(passed);
  }
  for (let i = first; i < mutants.length; i += processesFor(mutants)) {
    const verdict = { name: mutants[i].name, ...(await judgeOne(runner, mutants[i], whole)) };
    process.send!(verdict satisfies Verdict);
  }
  await runner.close();
  // Tests that failed have set it.
  process.exitCode = 0;
}

/** `whole` are the tests that pass without a mutant. */
async function judgeOne(
  runner: Runner,
  mutant: Mutant,
  whole: readonly number[],
): Promise<Omit<Verdict, 'name'>> {
  for (const [i, files] of TEST_FILES.entries()) {
    const { passed, failed } = await runner.run(mutant, files);
    // What fails nearly everything is no weaker rule, but one that is broken.
    if (passed < whole[i] / 2) return { failed, survived: `only ${passed} tests pass` };
    if (failed > 0) return { failed, survived: null };
  }
  return { failed: 0, survived: 'no test fails' };
}

const processesFor = (mutants: readonly Mutant[]): number => Math.min(PROCESSES_MAX, mutants.length);

/** Shares the mutants between processes, tells how it goes, and gives the verdicts. */
async function judgeAll(mutants: readonly Mutant[]): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  const children = Array.from({ length: processesFor(mutants) }, (_, first) =>
    fork(SELF, [...NAMES], { env: { ...process.env, [SHARE]: String(first) } }).on(
      'message',
      (verdict: Verdict) => {
        verdicts.push(verdict);
        const { name, failed, survived } = verdict;
        const text = survived === null ? `killed by ${failed}` : `SURVIVED, ${survived}`;
        console.log(`${verdicts.length}/${mutants.length} ${name}: ${text}`);
      },
    ),
  );
  await Promise.all(
    children.map(async (child) => {
      const [status] = (await once(child, 'exit')) as [number | null];
      if (status !== 0) throw new Error(`a process that ran mutants ended with ${status}`);
    }),
  );
  return verdicts;
}

const SELF = fileURLToPath(import.meta.url);
/** The variable that tells a child its number. */
const SHARE = 'SMC_MUTANTS_SHARE';
const NAMES = process.argv.slice(2);
const chosen = MUTANTS.filter(
  ({ name }) => NAMES.length === 0 || NAMES.some((part) => name.toLowerCase().includes(part.toLowerCase())),
);
if (chosen.length === 0) throw new Error(`no mutant is named ${NAMES.join(' or ')}`);

const share = process.env[SHARE];
if (share === undefined) {
  for (const file of VERIFIER_FILES) {
    const source = readFileSync(pathOf({ file }), 'utf8');
    for (const rule of rulesOf(file, source))
      if (!MUTANTS.some((mutant) => changes(mutant, source, rule)))
        throw new Error(`no mutant of ${rule.name}`);
  }
  const verdicts = await judgeAll(chosen);
  const survivors = verdicts.filter(({ survived }) => survived !== null);
  for (const { name, survived } of survivors) console.log(`survived: ${name}: ${survived}`);
  console.log(`${verdicts.length} mutants, ${verdicts.length - survivors.length} killed`);
  process.exitCode = survivors.length === 0 && verdicts.length === chosen.length ? 0 : 1;
} else {
  await judge(chosen, Number(share));
}
