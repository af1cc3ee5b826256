import { defaultExclude, defineConfig, type ViteUserConfig } from 'vitest/config';

/** The export condition under which the packages of this repository give their TypeScript: no build needed. */
const conditions = ['source', 'module', 'node', 'development'];

/** Tests that run for long; `npm run soak` runs them. */
const longRunning = ['test/soak/**'];

/** What every kind of test run here has in common. */
export function testRun(include: string[], exclude: string[] = []): ViteUserConfig {
  return defineConfig({
    resolve: { conditions },
    ssr: { resolve: { conditions, externalConditions: conditions } },
    test: {
      include,
      exclude: [...defaultExclude, '**/dist/**', ...exclude],
      setupFiles: ['./test/support/seed.ts'],
      pool: 'forks',
      maxWorkers: 2,
      // Tests start real processes, on machines that may be busy with something else.
      testTimeout: 60_000,
      hookTimeout: 60_000,
      coverage: { include: ['packages/*/src/**/*.ts'], reporter: ['text-summary', 'html'] },
    },
  });
}

export default testRun(['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'], longRunning);
