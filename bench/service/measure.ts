import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

/**
 * Increments a second of a counter behind the framed protocol, one and 16 in flight on each of 50 connections,
 * beside a server that sends back what comes. Server and load have a core each, where the computer
 * has two and `taskset`; both take turns, round by round, with processes of their own.
 */

const CONNECTIONS = 50;
const DEPTHS = [1, 16];
const SERVERS = ['echo', 'node'] as const;

interface Figures {
  readonly perSecond: number;
  /** Milliseconds from the sending of a batch until all of it was answered. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface ServiceFigures extends Figures {
  readonly server: string;
  readonly depth: number;
  /** Processor time of the server for a request, in microseconds; null where the system does not tell. */
  readonly serverMicros: number | null;
}

/** The best of each, of some rounds. */
export async function measureService(isQuick: boolean): Promise<readonly ServiceFigures[]> {
  const rounds = isQuick ? 1 : 3;
  const best: ServiceFigures[] = [];
  for (const depth of DEPTHS) {
    const ofDepth: ServiceFigures[] = [];
    for (let round = 0; round < rounds; round++) {
      for (const server of SERVERS) ofDepth.push(await measure(server, depth, isQuick ? 2 : 4));
    }
    for (const server of SERVERS) {
      const sorted = ofDepth
        .filter((each) => each.server === server)
        .sort((a, b) => b.perSecond - a.perSecond);
      best.push(sorted[0]);
    }
  }
  for (const { server, depth, perSecond, p50, p99, max, serverMicros } of best) {
    const micros = serverMicros === null ? '' : `, ${serverMicros.toFixed(2)} µs of the server for each`;
    console.log(
      `${server.padEnd(5)} ${String(depth).padStart(3)} in flight: ${Math.round(perSecond).toLocaleString('en')} a second` +
        ` (p50 ${p50.toFixed(2)}, p99 ${p99.toFixed(2)}, max ${max.toFixed(1)} ms${micros})`,
    );
  }
  return best;
}

async function measure(
  server: (typeof SERVERS)[number],
  depth: number,
  seconds: number,
): Promise<ServiceFigures> {
  const serving = start('servers.ts', [server], 0);
  try {
    const [{ port }] = (await once(serving, 'message')) as [{ port: number }];
    const loading = start(
      'load.ts',
      [String(port), server, String(CONNECTIONS), String(depth), String(seconds)],
      1,
    );
    await once(loading, 'message');
    const before = processorMicros(serving);
    const [{ figures }] = (await once(loading, 'message')) as [{ figures: Figures }];
    const after = processorMicros(serving);
    const serverMicros =
      before === null || after === null ? null : (after - before) / (figures.perSecond * seconds);
    return { server, depth, ...figures, serverMicros };
  } finally {
    serving.disconnect();
  }
}

function start(file: string, words: readonly string[], core: number): ChildProcess {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = fork(path, words, { execArgv: [...process.execArgv, ...flags()] });
  if (cpus().length > 1) pin(child, core);
  return child;
}

/** For a profile of the server, say. */
function flags(): string[] {
  return process.env['SMC_BENCH_FLAGS']?.split(' ') ?? [];
}

function pin(child: ChildProcess, core: number): void {
  try {
    execFileSync('taskset', ['-acp', String(core), String(child.pid)], { stdio: 'ignore' });
  } catch {
    // Without `taskset` the system places them.
  }
}

/** Of a process, user and system; the system counts in hundredths of a second. */
function processorMicros({ pid }: ChildProcess): number | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  } catch {
    return null;
  }
}
