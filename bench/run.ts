import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { measureCheck } from './check/measure.ts';
import { versions } from './contestants.ts';
import { measureInstances } from './instances/measure.ts';
import { measureLatency } from './latency/measure.ts';
import { measureService } from './service/measure.ts';
import { measureJitless, measureSteps } from './steps.ts';

/**
 * `npm run bench`: how fast things are beside peers that run in turns with them, so that a machine that
 * becomes slower is slower for all. `npm run bench -- steps` measures one part of them,
 * `--quick` takes fewer rounds, and leaves out what is not named and takes long. The figures go to
 * `results/latest.json` as well.
 */

const PARTS = {
  steps: measureSteps,
  jitless: measureJitless,
  instances: measureInstances,
  latency: measureLatency,
  check: measureCheck,
  service: measureService,
};

const words = process.argv.slice(2);
const isQuick = words.includes('--quick');
const chosen = words.filter((word) => word !== '--quick');
const unknown = chosen.find((word) => !(word in PARTS));
if (unknown !== undefined)
  throw new Error(`unknown part ${unknown}; there are ${Object.keys(PARTS).join(', ')}`);

/** Two minutes are enough for the others. */
const LONG = ['service', 'jitless'];
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
const result = { date: new Date().toISOString(), quick: isQuick, machine, versions: found, figures };
writeFileSync(new URL('latest.json', folder), `${JSON.stringify(result, null, 2)}\n`);
