import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import {
  checkExposure,
  type Exposure,
  ExposureError,
  isLoopback,
  type Journal,
  loadHttp,
  type Log,
  NO_LOG,
  type NodeLimits,
  type RecoveryProgress,
  type RunningNode,
  startNode,
} from '@smc/node';
import type { Command } from 'commander';
import { option, type Words } from './command.ts';
import { EXIT, Stop } from './exit.ts';
import { declareJit, jitOf } from './jit.ts';
import type { Output } from './output.ts';

/** A node in this process, for the commands that run one. */

const DEFAULT_HTTP_PORT = 4040;
const DEFAULT_TCP_PORT = 4041;
/** Of the listener for administration, where it has its own. */
const DEFAULT_ADMIN_PORT = 4042;

/** A node that was started here, and where it is. */
export interface LocalNode {
  readonly url: string;
  readonly linesPort: number;
  /** Where administration is, if it is not at `url`. */
  readonly administration: string | null;
  /** Fulfilled when the node had to give up; it answers nothing any more. */
  readonly failure: Promise<Error>;
  /** Answers what was taken, refuses what comes, and ends. */
  close(): Promise<void>;
}

/** Declares what a command takes that runs a node: its ports, and `--no-jit`. */
export function declareNode(command: Command): void {
  command
    .option('--http <port>', `port for HTTP, 0 for any (default: ${DEFAULT_HTTP_PORT})`)
    .option('--tcp <port>', `port for lines and frames, 0 for any (default: ${DEFAULT_TCP_PORT})`);
  declareJit(command);
}

/** Where a node keeps what it holds. */
export interface Keeping {
  readonly journal: Journal;
  readonly directory: string;
  /** What differs from what a node does by itself. */
  readonly limits: Partial<NodeLimits>;
}

/** What a command says of the node that it starts. */
export interface LocalNodeOptions {
  /** Opens what it keeps, once all else that was said is in order; null: it keeps nothing. */
  readonly keep?: () => Promise<Keeping | null>;
  readonly exposure?: Exposure;
  /** Nothing but defects is told, if nothing is said. */
  readonly log?: Log;
  /** Whether it was told to end meanwhile: then it breaks off. */
  readonly isEnded?: () => boolean;
}

/**
 * Starts a node, and says that it is ready; a port that is taken ends the command. If nothing is said it keeps
 * nothing, and is open to all who are on this computer.
 */
export async function startLocal(
  words: Words,
  output: Output,
  {
    keep = () => Promise.resolve(null),
    exposure = {},
    log = defectsOn(output),
    isEnded = () => false,
  }: LocalNodeOptions = {},
): Promise<LocalNode> {
  const httpPort = port(words, 'http', DEFAULT_HTTP_PORT);
  const linesPort = port(words, 'tcp', DEFAULT_TCP_PORT);
  const report = (error: unknown): void =>
    log.error({ err: error }, 'a defect of the node; please report it');
  const progress = logRecovery(log, isEnded);
  const options = { ...exposure, httpPort, linesPort, report, log, progress, jit: jitOf(words) };
  const { keeping, running } = await start(async () => {
    checkExposure(exposure);
    const { address, adminAddress, adminPort: ownPort = null } = exposure;
    const places = [httpPort, linesPort].map((each) => ({ host: address, port: each }));
    if (ownPort !== null) places.push({ host: adminAddress, port: ownPort });
    await tryPlaces(places);
    const opening = telling(log, keep);
    // Meanwhile; where that fails the start says so, and closes the journal.
    loadHttp().catch(() => {});
    const opened = await opening;
    const { journal, limits = {} } = opened ?? {};
    const kept = journal === undefined ? {} : { journal };
    return { keeping: opened, running: await startNode({ ...options, ...kept, limits }) };
  });
  const node = ports(running);
  const kept = keeping === null ? 'nothing is kept on disk' : `kept in ${keeping.directory}`;
  const host = exposure.address ?? '127.0.0.1';
  const { url, linesPort: at, administration } = node;
  const apart = administration === null ? '' : `, ${administration} (administration)`;
  output.line(`ready: ${url} (HTTP), ${addressOf(host, at)} (lines, frames)${apart}; ${kept}`);
  const tcp = { host, port: at };
  output.data({ ready: true, http: url, tcp, ...(administration === null ? {} : { administration }) });
  return node;
}

/** An address as clients take it: of IPv6 in brackets, as nobody knows else where the port begins. */
export function addressOf(host: string, at: number): string {
  return host.includes(':') ? `[${host}]:${at}` : `${host}:${at}`;
}

/** A log of defects alone: for a node that is not what its user looks at. */
function defectsOn(output: Output): Log {
  return {
    ...NO_LOG,
    error: ({ err }, message) =>
      output.error(`${message}: ${err instanceof Error ? err.message : String(err)}`),
  };
}

/** A node that was told to end before it was ready. */
export class ToldToEnd extends Error {}

/** Between two lines that tell how far a recovery is. */
const PROGRESS_MILLIS = 1_000;

/** Tells what was damaged, and how far a recovery is that takes long; breaks it off when the node is to end. */
export function logRecovery(
  log: Log,
  isEnded: () => boolean,
  now: () => number = () => performance.now(),
): (progress: RecoveryProgress) => void {
  let toldAt = now();
  return ({ from, at, last, notes }) => {
    for (const note of notes) log.warn({}, `recovery: ${note}`);
    if (isEnded()) throw new ToldToEnd('it was told to end');
    if (now() - toldAt < PROGRESS_MILLIS) return;
    toldAt = now();
    if (at === from) log.info({}, 'recovery: reading the checkpoint');
    else log.info({ done: at - from, of: last - from }, 'recovery');
  };
}

/** Tells now and then that something is not done yet: where a crash came in a commit, all of a journal is looked at. */
async function telling<T>(log: Log, work: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => log.info({}, 'recovery: opening the journal'), PROGRESS_MILLIS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** How a command ends whose node gave up. */
export function gaveUp(failed: Error): Stop {
  return new Stop(EXIT.refused, 'failed', `the node gave up: ${failed.message}`);
}

function ports(running: RunningNode): LocalNode {
  const { url, linesPort, adminUrl, failure } = running;
  if (url === null || linesPort === null) throw new Error('a node without its ports');
  const administration = adminUrl === url ? null : adminUrl;
  return { url, linesPort, administration, failure, close: () => running.close() };
}

/**
 * The port for administration: its own where one is asked for, or where the node is reached from beyond this
 * computer; null where it is that of HTTP.
 */
export function adminPort(words: Words, address: string | undefined): number | null {
  const isApart = words.options['admin'] !== undefined || words.options['adminHost'] !== undefined;
  if (!isApart && (address === undefined || isLoopback(address))) return null;
  return port(words, 'admin', DEFAULT_ADMIN_PORT);
}

function port(words: Words, name: string, otherwise: number): number {
  const text = option(words, name);
  if (text === undefined) return otherwise;
  const number = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (number <= 65_535) return number;
  throw new Stop(EXIT.usage, 'usage', `--${name} takes a port from 0 to 65535, not ${text}`);
}

interface ListenPlace {
  readonly host: string | undefined;
  readonly port: number;
}

/** Fails as the node would that listens there, before it has read what it keeps: that may take long. */
async function tryPlaces(places: readonly ListenPlace[]): Promise<void> {
  const tried: { readonly server: Server; readonly port: number }[] = [];
  const close = (): Promise<unknown> =>
    Promise.all(tried.splice(0).map(({ server }) => new Promise((resolve) => server.close(resolve))));
  try {
    for (const place of places) {
      const { host, port: at } = place;
      // Any port of this computer there always is.
      if (host === undefined && at === 0) continue;
      try {
        tried.push({ server: await listen(place), port: at });
      } catch (error) {
        const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
        if (!isTaken || tried.every((each) => each.port !== at)) throw error;
        // Another program may have it, on this address alone.
        await close();
        tried.push({ server: await listen(place), port: at });
        throw new Stop(
          EXIT.usage,
          'usage',
          `port ${at} is asked for twice: --http, --tcp and --admin are three`,
        );
      }
    }
  } finally {
    await close();
  }
}

/** Who connects meanwhile is none that a node knows, and must not keep the place open. */
async function listen({ host, port: at }: ListenPlace): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  server.listen({ host: host ?? LOCAL, port: at, exclusive: true });
  await once(server, 'listening');
  return server;
}

const LOCAL = '127.0.0.1';

/** What the system says of an address that is not its own, and of a name that it does not know. */
const NO_ADDRESS: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN']);

async function start<T>(begin: () => Promise<T>): Promise<T> {
  try {
    return await begin();
  } catch (error) {
    if (error instanceof ToldToEnd || error instanceof Stop) throw error;
    if (error instanceof ExposureError) {
      throw new Stop(
        EXIT.usage,
        'exposed',
        error.message,
        'See smc node --help; --insecure listens there all the same, for a network where nobody else is.',
      );
    }
    const { code, port: taken, message } = error as NodeJS.ErrnoException & { port?: number };
    if (code === 'EADDRINUSE') {
      throw new Stop(
        EXIT.refused,
        'port-taken',
        `port ${taken} of this computer is taken`,
        'Another node may run there: smc status asks it. --http, --tcp and --admin choose other ports.',
      );
    }
    const { hostname, address = hostname } = error as { hostname?: string; address?: string };
    if (address !== undefined && NO_ADDRESS.has(code ?? '')) {
      throw new Stop(
        EXIT.refused,
        'not-started',
        `this computer has no address ${address}`,
        '--host and --admin-host take one of its own, or a name of it.',
      );
    }
    if (code === 'EACCES' && taken !== undefined) {
      throw new Stop(
        EXIT.refused,
        'not-started',
        `port ${taken} is not for the user of this process`,
        'Ports from 1024 on mostly are: --http, --tcp and --admin choose them.',
      );
    }
    throw new Stop(
      EXIT.refused,
      'not-started',
      `the node can not start: ${message}`,
      error instanceof EvalError
        ? 'What serves HTTP makes code when it starts, also with --no-jit; smc run does not.'
        : undefined,
    );
  }
}
