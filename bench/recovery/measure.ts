import { once } from 'node:events';
import { createConnection } from 'node:net';
import { outputOf } from '../peers/program.ts';
import { type Protocol, PROTOCOLS } from '../service/protocols.ts';
import { openSmc, redis, type Server, serverOf, startSmc, withFolder } from '../service/servers.ts';
import { type Spread, spreadOf } from '../statistics.ts';
import { printTable } from '../table.ts';

/**
 * How fast the increments of a counter are replayed, after a crash and without a checkpoint: real processes that are killed, and
 * started again, beside Redis, which reads its log of as many. Each of our increments is of a session, and its reply is kept.
 */

/** No checkpoint: all is replayed. */
const NO_CHECKPOINT = ['--checkpoint-bytes', '100GiB', '--checkpoint-seconds', '1000000'];

/** Increments on their way at once. */
const WINDOW = 1_000;

/** Starts a server on the folder of a round. */
type Opening = (folder: string) => Promise<Server>;

interface Contestant {
  readonly name: string;
  readonly protocol: string;
  /** Where there is nothing, and where it was before. */
  readonly first: Opening;
  readonly again: Opening;
}

const SMC: Contestant = {
  name: 'smc',
  protocol: 'frames',
  first: async (folder) =>
    serverOf(await startSmc('counter.sm', ['--data', `${folder}/smc`, ...NO_CHECKPOINT]), 'frames'),
  again: async (folder) => serverOf(await openSmc(['--data', `${folder}/smc`, ...NO_CHECKPOINT]), 'frames'),
};
const REDIS: Contestant = { name: 'Redis', protocol: 'redis', first: redis, again: redis };

export interface RecoveryFigures {
  readonly name: string;
  readonly inputs: number;
  /** Milliseconds from the start of the process until the counter answers, with one input in its log and with all. */
  readonly bare: Spread;
  readonly full: Spread;
  /** Inputs replayed a second: of the difference of the medians. */
  readonly perSecond: number;
}

export async function measureRecovery(isQuick: boolean): Promise<readonly RecoveryFigures[]> {
  const inputs = isQuick ? 100_000 : 2_000_000;
  const rounds = isQuick ? 3 : 7;
  const contestants = outputOf('redis-server', ['--version']) === null ? [SMC] : [SMC, REDIS];
  if (contestants.length === 1) console.log('redis-server is not installed here, and left out');
  return withFolder(async (bareFolder) =>
    withFolder(async (fullFolder) => {
      for (const contestant of contestants) {
        await fill(contestant, bareFolder, 1);
        await fill(contestant, fullFolder, inputs);
      }
      const times = contestants.map(() => ({ bare: [] as number[], full: [] as number[] }));
      for (let round = 0; round < rounds; round++) {
        for (const [i, contestant] of contestants.entries()) {
          times[i].bare.push(await answerMillis(contestant, bareFolder, 1));
          times[i].full.push(await answerMillis(contestant, fullFolder, inputs));
        }
      }
      const figures = contestants.map(({ name }, i) => {
        const [bare, full] = [spreadOf(times[i].bare), spreadOf(times[i].full)];
        return { name, inputs, bare, full, perSecond: (1_000 * inputs) / (full.median - bare.median) };
      });
      show(figures);
      return figures;
    }),
  );
}

async function fill({ first, protocol }: Contestant, folder: string, inputs: number): Promise<void> {
  const server = await first(folder);
  await increment(server.port, PROTOCOLS[protocol](), inputs);
  await kill(server);
}

function increment(port: number, protocol: Protocol, inputs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    let rest: Buffer = Buffer.alloc(0);
    let sent = 0;
    let answered = 0;
    const send = (): void => {
      const count = Math.min(WINDOW, inputs - sent);
      socket.write(protocol.increments(sent + 1, count));
      sent += count;
    };
    socket.on('data', (chunk: Buffer) => {
      const bytes = Buffer.concat([rest, chunk]);
      const { answers, used } = protocol.take(bytes);
      rest = bytes.subarray(used);
      answered += answers;
      if (answered < sent) return;
      if (sent < inputs) return send();
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
    socket.write(protocol.greeting());
    send();
  });
}

async function answerMillis({ again }: Contestant, folder: string, inputs: number): Promise<number> {
  const start = performance.now();
  const server = await again(folder);
  const count = await server.count();
  const millis = performance.now() - start;
  if (count !== inputs) throw new Error(`${inputs} inputs were answered, and ${count} are counted`);
  await kill(server);
  return millis;
}

/** So that it does at its end nothing for its next start. */
async function kill({ child }: Server): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

function show(figures: readonly RecoveryFigures[]): void {
  const millis = ({ median, least, most }: Spread): string =>
    `${median.toFixed(0)} ms (${least.toFixed(0)}–${most.toFixed(0)})`;
  const [{ inputs }] = figures;
  printTable([
    ['until the counter answers', 'one input', `${inputs.toLocaleString('en')} inputs`, 'replayed a second'],
    ...figures.map(({ name, bare, full, perSecond }) => [
      name,
      millis(bare),
      millis(full),
      Math.round(perSecond).toLocaleString('en'),
    ]),
  ]);
}
