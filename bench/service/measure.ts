import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { outputOf } from '../peers/program.ts';
import { median, type Spread, spreadOf } from '../statistics.ts';
import { printTable } from '../table.ts';
import { pin, program, redis, type Server, smcNode, type Starting, withServer } from './servers.ts';

/**
 * Increments a second of a counter, beside a server that one would use instead: real processes, 50 connections. The
 * server has a core to itself, with all its threads, and the load another one, the same for each; they take turns, round by
 * round. Where a counter can be asked it must have counted all that was answered.
 */

const CONNECTIONS = 50;

interface Contestant {
  readonly name: string;
  readonly protocol: string;
  readonly starting: Starting;
}

/** What is measured together; the first is the peer that the others are compared with. */
interface Comparison {
  readonly title: string;
  readonly depth: number;
  readonly contestants: readonly Contestant[];
}

const REDIS: Contestant = { name: 'Redis, each write synced', protocol: 'redis', starting: redis };
const DURABLE: Contestant = {
  name: 'smc, durable',
  protocol: 'frames',
  starting: smcNode('frames', 'durable'),
};
const MEMORY: Contestant = {
  name: 'smc, in memory',
  protocol: 'frames',
  starting: smcNode('frames', 'memory'),
};
const ECHO: Contestant = { name: 'bare echo in Node', protocol: 'echo', starting: program('echo.ts') };

const COMPARISONS: readonly Comparison[] = [
  { title: 'one in flight', depth: 1, contestants: [REDIS, DURABLE, MEMORY, ECHO] },
  { title: '16 in flight', depth: 16, contestants: [REDIS, DURABLE, MEMORY, ECHO] },
  {
    title: 'HTTP, one in flight',
    depth: 1,
    contestants: [
      { name: 'bare fastify, a constant', protocol: 'http', starting: program('constant.ts') },
      { name: 'smc, durable', protocol: 'http', starting: smcNode('http', 'durable') },
      { name: 'smc, in memory', protocol: 'http', starting: smcNode('http', 'memory') },
    ],
  },
];

interface Figures {
  readonly perSecond: number;
  /** Milliseconds from the sending of what is in flight until all of it was answered. */
  readonly p50: number;
  readonly p99: number;
  /** Processor time of the server for a request, in microseconds; null where the system does not tell. */
  readonly serverMicros: number | null;
}

export interface ServiceFigures {
  readonly comparison: string;
  readonly name: string;
  readonly rounds: readonly Figures[];
  /** Requests a second, as a ratio to the first contestant of the same round. */
  readonly ratio: Spread;
  /** Of the 99th percentiles, the same. */
  readonly p99Ratio: Spread;
}

export async function measureService(isQuick: boolean): Promise<readonly ServiceFigures[]> {
  const rounds = isQuick ? 1 : 5;
  const seconds = isQuick ? 2 : 4;
  const hasRedis = outputOf('redis-server', ['--version']) !== null;
  if (!hasRedis) console.log('redis-server is not installed here, and left out');
  const results: ServiceFigures[] = [];
  for (const { title, depth, contestants } of COMPARISONS) {
    const present = contestants.filter(({ protocol }) => protocol !== 'redis' || hasRedis);
    const figures = present.map((): Figures[] => []);
    for (let round = 0; round < rounds; round++) {
      for (const [i, contestant] of present.entries()) {
        figures[i].push(await measure(contestant, depth, seconds));
      }
    }
    const ratios = (own: Figures[], of: (figures: Figures) => number): Spread =>
      spreadOf(own.map((each, round) => of(each) / of(figures[0][round])));
    const rows = present.map(({ name }, i) => ({
      comparison: title,
      name,
      rounds: figures[i],
      ratio: ratios(figures[i], ({ perSecond }) => perSecond),
      p99Ratio: ratios(figures[i], ({ p99 }) => p99),
    }));
    show(title, rows);
    results.push(...rows);
  }
  return results;
}

function show(title: string, rows: readonly ServiceFigures[]): void {
  const two = (number: number): string => number.toFixed(2);
  const spread = ({ median: middle, least, most }: Spread): string =>
    `${two(middle)} (${two(least)}–${two(most)})`;
  console.log();
  printTable([
    [title, 'a second', 'ratio', 'p50 ms', 'p99 ms', 'ratio', 'µs of the server'],
    ...rows.map(({ name, rounds, ratio, p99Ratio }) => {
      const of = (pick: (figures: Figures) => number): number => median(rounds.map(pick));
      return [
        name,
        Math.round(of(({ perSecond }) => perSecond)).toLocaleString('en'),
        spread(ratio),
        two(of(({ p50 }) => p50)),
        two(of(({ p99 }) => p99)),
        spread(p99Ratio),
        two(of(({ serverMicros }) => serverMicros ?? Number.NaN)),
      ];
    }),
  ]);
}

function measure({ protocol, starting }: Contestant, depth: number, seconds: number): Promise<Figures> {
  return withServer(starting, async (server) => {
    const words = [server.port, protocol, CONNECTIONS, depth, seconds].map(String);
    const load = fork(fileURLToPath(new URL('load.ts', import.meta.url)), words);
    if (cpus().length > 1) {
      pin(server.child, 0);
      pin(load, 1);
    }
    await message(load);
    const before = processorMicros(server);
    const { figures } = (await message(load)) as {
      figures: Omit<Figures, 'serverMicros'> & { answered: number };
    };
    const after = processorMicros(server);
    const { answered, ...measured } = figures;
    const count = await server.count();
    if (count !== null && count < answered)
      throw new Error(`${answered} were answered, and ${count} counted`);
    const serverMicros =
      before === null || after === null ? null : (after - before) / (figures.perSecond * seconds);
    return { ...measured, serverMicros };
  });
}

/** What a process sends next; it must not end before. */
async function message(child: ReturnType<typeof fork>): Promise<unknown> {
  const ended = once(child, 'exit').then(([status]) => {
    throw new Error(`the load ended with ${String(status)}`);
  });
  const [sent] = (await Promise.race([once(child, 'message'), ended])) as [unknown];
  ended.catch(() => {});
  return sent;
}

/** Of a process, user and system; the system counts in hundredths of a second. */
function processorMicros({ child: { pid } }: Server): number | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  } catch {
    return null;
  }
}
