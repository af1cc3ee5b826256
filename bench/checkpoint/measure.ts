import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { TALLY_KEYS } from '../service/protocols.ts';
import { end, type SmcNode, startSmc, withFolder } from '../service/servers.ts';
import { median, type Spread, spreadOf } from '../statistics.ts';
import { printTable } from '../table.ts';

/**
 * How long durable increments of random entries of a map of a million take while that map is checkpointed the whole time,
 * beside how long they take while it is not: two nodes, of which the load speaks to one at a time, in turns. The system
 * places their threads.
 */

const CONNECTIONS = 50;

/** In one step. */
const FILLED = 10_000;

/** No checkpoint while it is measured; one after the other. */
const NEVER = ['--checkpoint-bytes', '999999999999', '--checkpoint-seconds', '999999'];
const ALWAYS = ['--checkpoint-bytes', '1'];

interface Figures {
  readonly perSecond: number;
  /** Milliseconds from a request to its reply. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** That were completed meanwhile. */
  readonly checkpoints: number;
}

export interface CheckpointFigures {
  readonly without: readonly Figures[];
  readonly during: readonly Figures[];
  /** Of the two, round by round. */
  readonly ratios: Readonly<Record<'perSecond' | 'p50' | 'p99' | 'p999', Spread>>;
}

export async function measureCheckpoint(isQuick: boolean): Promise<CheckpointFigures> {
  const rounds = isQuick ? 2 : 5;
  const seconds = isQuick ? 5 : 8;
  const { without, during } = await withFolder(async (folder) => {
    const calm = await filled([...NEVER, '--data', `${folder}/calm`]);
    const busy = await filled([...ALWAYS, '--data', `${folder}/busy`]);
    const measured: { readonly without: Figures[]; readonly during: Figures[] } = { without: [], during: [] };
    try {
      for (let round = 0; round < rounds; round++) {
        measured.without.push(await measure(calm, seconds));
        measured.during.push(await measure(busy, seconds));
      }
    } finally {
      await end(calm.child);
      await end(busy.child);
    }
    return measured;
  });
  if (without.some(({ checkpoints }) => checkpoints > 0))
    throw new Error('a checkpoint where none should be');
  const ratio = (pick: (figures: Figures) => number): Spread =>
    spreadOf(during.map((each, round) => pick(each) / pick(without[round])));
  const ratios = {
    perSecond: ratio(({ perSecond }) => perSecond),
    p50: ratio(({ p50 }) => p50),
    p99: ratio(({ p99 }) => p99),
    p999: ratio(({ p999 }) => p999),
  };
  const figures = { without, during, ratios };
  show(figures);
  return figures;
}

async function filled(options: readonly string[]): Promise<SmcNode> {
  const node = await startSmc('tally.sm', options);
  for (let first = 0; first < TALLY_KEYS; first += FILLED) {
    const input = JSON.stringify({ first, last: first + FILLED });
    const reply = await node.client.call('Tally', 'Fill', input);
    if (!reply.ok) throw new Error(reply.error.message);
  }
  return node;
}

async function measure({ http, tcpPort }: SmcNode, seconds: number): Promise<Figures> {
  const words = [tcpPort, 'tally', CONNECTIONS, 1, seconds].map(String);
  const load = fork(fileURLToPath(new URL('../service/load.ts', import.meta.url)), words);
  await message(load);
  const before = await checkpointsOf(http);
  const { figures } = (await message(load)) as { figures: Omit<Figures, 'checkpoints'> };
  const checkpoints = (await checkpointsOf(http)) - before;
  const { perSecond, p50, p99, p999 } = figures;
  return { perSecond, p50, p99, p999, checkpoints };
}

async function message(load: ChildProcess): Promise<unknown> {
  const ended = once(load, 'exit').then(([status]) => {
    throw new Error(`the load ended with ${String(status)}`);
  });
  const [sent] = (await Promise.race([once(load, 'message'), ended])) as [unknown];
  ended.catch(() => {});
  return sent;
}

async function checkpointsOf(http: string): Promise<number> {
  const text = await (await fetch(`${http}/_smc/metrics`)).text();
  return Number(/^smc_checkpoint_seconds_count (\d+)$/m.exec(text)?.[1]);
}

function show({ without, during, ratios }: CheckpointFigures): void {
  const two = (number: number): string => number.toFixed(2);
  const row = (name: string, own: readonly Figures[]): string[] => {
    const of = (pick: (figures: Figures) => number): number => median(own.map(pick));
    const { p50, p99, p999 } = {
      p50: of((each) => each.p50),
      p99: of((each) => each.p99),
      p999: of((each) => each.p999),
    };
    const perSecond = Math.round(of((each) => each.perSecond)).toLocaleString('en');
    return [name, perSecond, two(p50), two(p99), two(p999), String(of(({ checkpoints }) => checkpoints))];
  };
  const spread = ({ median: middle, least, most }: Spread): string =>
    `${two(middle)} (${two(least)}–${two(most)})`;
  console.log();
  printTable([
    ['a map of a million entries', 'a second', 'p50 ms', 'p99 ms', 'p99.9 ms', 'checkpoints'],
    row('without checkpoints', without),
    row('during checkpoints', during),
    ['ratio', spread(ratios.perSecond), spread(ratios.p50), spread(ratios.p99), spread(ratios.p999), ''],
  ]);
}
