import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { measureCheck } from './check/measure.ts';
import { measureCheckpoint } from './checkpoint/measure.ts';
import { versions } from './contestants.ts';
import { measureInstances } from './instances/measure.ts';
import { measureLatency } from './latency/measure.ts';
import { measureRecovery } from './recovery/measure.ts';
import { measureService } from './service/measure.ts';
import { measureStart } from './start/measure.ts';
import { measureJitless, measureSteps } from './steps.ts';

/**
 * `npm run bench`: how fast things are beside peers that run in turns with them, so that a machine that
 * becomes slower is slower for all. `npm run bench -- --help` lists the parts.
 */

const PARTS = {
  steps: measureSteps,
  jitless: measureJitless,
  instances: measureInstances,
  latency: measureLatency,
  check: measureCheck,
  service: measureService,
  checkpoint: measureCheckpoint,
  start: measureStart,
  recovery: measureRecovery,
};

const USAGE = `npm run bench [-- PART… --quick]

Parts: ${Object.keys(PARTS).join(', ')}; all of them where none is named.
--quick takes fewer and shorter rounds, and without names it leaves out service, checkpoint, start,
recovery and jitless.
docs/performance.md says what each measures. The figures of a part go to bench/results/latest.json, where
those of the others stay as they were.`;

const words = process.argv.slice(2);
if (words.some((word) => word === '--help' || word === '-h')) {
  console.log(USAGE);
  process.exit(0);
}
const isQuick = words.includes('--quick');
const chosen = words.filter((word) => word !== '--quick');
const unknown = chosen.find((word) => !Object.hasOwn(PARTS, word));
if (unknown !== undefined) {
  console.error(`there is no part ${unknown}\n\n${USAGE}`);
  process.exit(2);
}

/** Two minutes are enough for the others. */
const LONG = ['service', 'checkpoint', 'start', 'recovery', 'jitless'];
const isWanted = (name: string): boolean =>
  chosen.length === 0 ? !(isQuick && LONG.includes(name)) : chosen.includes(name);

const figures: Record<string, unknown> = {};
for (const [name, measure] of Object.entries(PARTS)) {
  if (isWanted(name)) figures[name] = await measure(isQuick);
}

const folder = new URL('results/', import.meta.url);
mkdirSync(folder, { recursive: true });
const machine = { cpu: cpus()[0].model, cpus: cpus().length, memoryBytes: totalmem() };
const found = versions();
const absent = Object.keys(found).filter((name) => found[name] === null);
if (absent.length > 0) console.log(`not installed here, and left out: ${absent.join(', ')}`);
const date = new Date().toISOString();
const result = { date, quick: isQuick, machine, versions: found };
const path = new URL('latest.json', folder);
const parts = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { parts?: object }).parts : {};
const measured = Object.entries(figures).map(([name, each]) => [name, { ...result, figures: each }]);
const all = { parts: { ...parts, ...Object.fromEntries(measured) } };
writeFileSync(path, `${JSON.stringify(all, null, 2)}\n`);
