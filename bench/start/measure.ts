import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { end, openSmc, type SmcNode, startSmc, withFolder } from '../service/servers.ts';
import { type Spread, spreadOf } from '../statistics.ts';
import { printTable } from '../table.ts';

/**
 * How long a node with a million instances on disk takes from its start until it is ready, beside a process that reads
 * the files of its directory and ends, and one that does nothing: in turns. The files are in the cache of the system.
 */

/** One checkpoint after the other, so that nothing is left to be replayed. */
const FILL_OPTIONS = ['--checkpoint-bytes', '1MiB', '--checkpoint-seconds', '1'];

export interface StartFigures {
  readonly instances: number;
  /** Of all files of the directory. */
  readonly bytes: number;
  /** Milliseconds from the start of a process on: until the node is ready, and to the end of the others. */
  readonly ready: Spread;
  readonly readingProcess: Spread;
  readonly bareProcess: Spread;
  /** Of reading alone, in the process that does it. */
  readonly reading: Spread;
  /** Of the time until the node is ready to these, round by round. */
  readonly toReading: Spread;
  readonly toReadingProcess: Spread;
  readonly toBareProcess: Spread;
}

type Round = Readonly<Record<'ready' | 'readingProcess' | 'bareProcess' | 'reading', number>>;

export function measureStart(isQuick: boolean): Promise<StartFigures> {
  const instances = isQuick ? 100_000 : 1_000_000;
  return withFolder(async (folder) => {
    const directory = join(folder, 'data');
    await fill(directory, instances);
    const files = readdirSync(directory).map((name) => join(directory, name));
    const rounds: Round[] = [];
    for (let round = 0; round < (isQuick ? 3 : 9); round++) {
      const [bareProcess] = processOf('0');
      const [readingProcess, reading] = processOf(readerOf(files));
      rounds.push({ bareProcess, readingProcess, reading, ready: await readyMillis(directory, instances) });
    }
    const spread = (pick: (round: Round) => number): Spread => spreadOf(rounds.map(pick));
    const figures = {
      instances,
      bytes: files.reduce((sum, file) => sum + statSync(file).size, 0),
      ready: spread(({ ready }) => ready),
      readingProcess: spread(({ readingProcess }) => readingProcess),
      bareProcess: spread(({ bareProcess }) => bareProcess),
      reading: spread(({ reading }) => reading),
      toReading: spread(({ ready, reading }) => ready / reading),
      toReadingProcess: spread(({ ready, readingProcess }) => ready / readingProcess),
      toBareProcess: spread(({ ready, bareProcess }) => ready / bareProcess),
    };
    show(figures);
    return figures;
  });
}

/** Makes instances, each by one input, and ends the node as it should be. */
async function fill(directory: string, instances: number): Promise<void> {
  const node = await startSmc('counters.sm', ['--data', directory, ...FILL_OPTIONS]);
  await increment(node, instances);
  while (await isDirty(node)) await new Promise((resolve) => setTimeout(resolve, 100));
  await end(node.child);
}

/** Whether there is anything that no checkpoint has. */
async function isDirty({ http }: SmcNode): Promise<boolean> {
  const metrics = await (await fetch(`${http}/_smc/metrics`)).text();
  return !/^smc_keyed_states_dirty_bytes 0$/m.test(metrics);
}

/** Lines on their way at once. */
const WINDOW = 1_000;

function increment({ tcpPort }: SmcNode, instances: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: '127.0.0.1', port: tcpPort });
    let sent = 0;
    let answered = 0;
    const send = (): void => {
      const lines: string[] = [];
      for (const until = Math.min(instances, answered + WINDOW); sent < until; sent++)
        lines.push(`Counter/counter-${sent} Incr\n`);
      socket.write(lines.join(''));
    };
    socket.on('data', (chunk: Buffer) => {
      if (chunk.includes('error')) return void socket.destroy(new Error(chunk.toString()));
      for (const byte of chunk) if (byte === 0x0a) answered++;
      if (answered < instances) return send();
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
    send();
  });
}

/** Runs a program in a process of its own: how long that took, and what it printed. */
function processOf(source: string): readonly [millis: number, printed: number] {
  const start = performance.now();
  const printed = execFileSync(process.execPath, ['-e', source], { encoding: 'utf8' });
  return [performance.now() - start, Number(printed)];
}

function readerOf(files: readonly string[]): string {
  return `const start = performance.now();
    const all = ${JSON.stringify(files)}.map((file) => require('node:fs').readFileSync(file));
    console.log(performance.now() - start);`;
}

async function readyMillis(directory: string, instances: number): Promise<number> {
  const start = performance.now();
  const { child, http } = await openSmc(['--data', directory]);
  const millis = performance.now() - start;
  const seen = (await (await fetch(`${http}/_smc/machines/Counter`)).json()) as { instances: number };
  if (seen.instances !== instances) throw new Error(`there are ${seen.instances} instances`);
  await end(child);
  return millis;
}

function show(figures: StartFigures): void {
  const millis = ({ median, least, most }: Spread): string =>
    `${median.toFixed(0)} ms (${least.toFixed(0)}–${most.toFixed(0)})`;
  const ratio = ({ median, least, most }: Spread): string =>
    `${median.toFixed(2)} (${least.toFixed(2)}–${most.toFixed(2)})`;
  const { instances, bytes } = figures;
  const what = `${instances.toLocaleString('en')} instances, ${Math.round(bytes / 1_000_000)} MB`;
  printTable([
    [what, 'time', 'of it, until the node is ready'],
    ['until the node is ready', millis(figures.ready), ''],
    ['reading its files, without the process', millis(figures.reading), ratio(figures.toReading)],
    ['a process that reads its files', millis(figures.readingProcess), ratio(figures.toReadingProcess)],
    ['node -e 0', millis(figures.bareProcess), ratio(figures.toBareProcess)],
  ]);
}
