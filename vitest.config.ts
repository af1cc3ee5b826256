import { fileURLToPath } from 'node:url';
import { defaultExclude, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Tests that run for long; `npm run soak` runs them. */
const longRunning = ['test/soak/**'];

/** Tests of code that keeps nothing outside of what it is given: their files share a process, which compiles it once. */
const pure = ['packages/{compiler,protocol,vm}/test/**/*.test.ts', 'bench/test/**/*.test.ts'];

/** The test that takes longest begins first: else all others are done, and a worker without work waits for it. */
const LONGEST = 'test/differential.test.ts';

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLongest = ({ moduleId }: TestSpecification): boolean => moduleId.endsWith(LONGEST);
    const sorted = await super.sort(files);
    return [...sorted.filter(isLongest), ...sorted.filter((file) => !isLongest(file))];
  }
}

// What was compiled once is not compiled again, by a worker or by a process that a test starts.
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url));

/** What every kind of test run here has in common. */
export const common = {
  setupFiles: ['./test/support/seed.ts'],
  pool: 'forks' as const,
  maxWorkers: 2,
  // Modules are loaded by Node itself; under this condition the packages of this repository give their TypeScript: no
  // build needed.
  execArgv: ['--conditions=source'],
  experimental: { viteModuleRunner: false },
  // Tests start real processes, on machines that may be busy with something else.
  testTimeout: 60_000,
  hookTimeout: 60_000,
};

const built = '**/dist/**';

export default defineConfig({
  test: {
    ...common,
    sequence: { sequencer: LongestFirst },
    coverage: { include: ['packages/*/src/**/*.ts'], reporter: ['text-summary', 'html'] },
    projects: [
      {
        extends: true,
        test: { name: 'pure', include: pure, exclude: [...defaultExclude, built], isolate: false },
      },
      {
        extends: true,
        test: {
          name: 'isolated',
          include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [...defaultExclude, built, ...pure, ...longRunning],
        },
      },
    ],
  },
});
