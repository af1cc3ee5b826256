import { accessSync, constants, statfsSync } from 'node:fs';
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

/**
 * Where the tests have their files: in memory, if there is room, since what a killed process leaves is the same there, and
 * the tests wait for very many syncs. The soak has them on the disk.
 */
function temporaryFolder(): NodeJS.ProcessEnv {
  if (process.env['TMPDIR'] !== undefined) return {};
  try {
    accessSync(MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize < MEMORY_BYTES_MIN ? {} : { TMPDIR: MEMORY };
  } catch {
    return {};
  }
}

/** A file system in memory, on Linux. */
const MEMORY = '/dev/shm';
const MEMORY_BYTES_MIN = 4 * 2 ** 30;

/** What every kind of test run here has in common. */
export const common = {
  setupFiles: ['./test/support/seed.ts'],
  pool: 'forks' as const,
  maxWorkers: 2,
  // Modules are loaded by Node itself; under this condition the packages of this repository give their TypeScript: no
  // build needed.
  execArgv: ['--conditions=source'],
  experimental: { viteModuleRunner: false },
  // For what hangs: no test is about time, and a machine may be slow, or busy with something else.
  testTimeout: 1_200_000,
  hookTimeout: 1_200_000,
  expect: { poll: { timeout: 600_000 } },
};

const built = '**/dist/**';

export default defineConfig({
  test: {
    ...common,
    sequence: { sequencer: LongestFirst },
    env: temporaryFolder(),
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
