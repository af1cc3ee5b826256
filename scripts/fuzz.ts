import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Runs all laws in rounds, each from a random seed, which is printed. `npm run fuzz -- NAME…` takes only the test files
 * whose paths contain one of the names; SMC_FUZZ_ROUNDS says how many rounds. Ends with 1 where a round failed.
 */
const ROUNDS = 50;
const SEEDS = 2 ** 31;

const root = fileURLToPath(new URL('..', import.meta.url));
const names = process.argv.slice(2);
const rounds = Number(process.env['SMC_FUZZ_ROUNDS'] ?? ROUNDS);
if (!(rounds >= 1)) throw new Error(`SMC_FUZZ_ROUNDS is no number of rounds: ${rounds}`);

/** The test files that have laws. */
const files = globSync(['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'], { cwd: root })
  .filter((file) => names.length === 0 || names.some((name) => file.includes(name)))
  .filter((file) => /from '(@fast-check\/vitest|fast-check)'/.test(readFileSync(root + file, 'utf8')))
  .sort();
if (files.length === 0) throw new Error(`no test file with laws is named ${names.join(' or ')}`);

const failed: number[] = [];
for (let round = 1; round <= rounds; round++) {
  const seed = Math.floor(Math.random() * SEEDS);
  console.log(`round ${round} of ${rounds}: SMC_TEST_SEED=${seed}`);
  const { status } = spawnSync(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', '--reporter=dot', ...files],
    { cwd: root, stdio: 'inherit', env: { ...process.env, SMC_TEST_SEED: String(seed) } },
  );
  if (status !== 0) failed.push(seed);
}
const again = ['npx vitest run', ...names].join(' ');
for (const seed of failed) console.log(`failed; to see it again: SMC_TEST_SEED=${seed} ${again}`);
process.exitCode = failed.length === 0 ? 0 : 1;
