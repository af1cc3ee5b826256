import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { connectHttp } from '@smc/client';
import { encodeBundle } from '@smc/protocol';
import { imageOf } from '../workloads/workload.ts';

/** The processes that are measured: real ones, with their data on the disk of the project. */
export interface Server {
  readonly child: ChildProcess;
  readonly port: number;
  /** Of the counter, as of now; null for a server that has none. */
  readonly count: () => Promise<number | null>;
}

/** Starts a server with data below a folder. */
export type Starting = (folder: string) => Promise<Server>;

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Runs something with a server, and ends it. */
export function withServer<T>(starting: Starting, use: (server: Server) => Promise<T>): Promise<T> {
  return withFolder(async (folder) => {
    const server = await starting(folder);
    try {
      return await use(server);
    } finally {
      await end(server.child);
    }
  });
}

/** Runs something with a folder on the disk of the project. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const results = path('../results');
  mkdirSync(results, { recursive: true });
  const folder = mkdtempSync(`${results}/data-`);
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

/** `smc node` with the counter, durable or in memory, by frames or by HTTP. */
export function smcNode(protocol: 'frames' | 'http', keeping: 'durable' | 'memory'): Starting {
  return async (folder) => {
    const where = keeping === 'durable' ? ['--data', `${folder}/smc`] : ['--memory'];
    return serverOf(await startSmc('counter.sm', where), protocol);
  };
}

/** A node with the counter. */
export function serverOf({ child, http, tcpPort, client }: SmcNode, protocol: 'frames' | 'http'): Server {
  const count = async (): Promise<number> => {
    const read = await client.call('Counter', 'Read', '{}');
    if (!read.ok) throw new Error(read.error.message);
    return Number(read.value.text);
  };
  return { child, port: protocol === 'http' ? Number(new URL(http).port) : tcpPort, count };
}

export interface SmcNode {
  readonly child: ChildProcess;
  readonly http: string;
  readonly tcpPort: number;
  readonly client: ReturnType<typeof connectHttp>;
}

/** `smc node` with what it has, once it is ready. */
export async function openSmc(options: readonly string[]): Promise<SmcNode> {
  const words = [path('../../packages/cli/bin/smc.js'), 'node', ...options, '--http', '0', '--tcp', '0'];
  const child = spawn(process.execPath, [...words, '--json'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const { http, tcp } = (await firstLine(child)) as { http: string; tcp: { port: number } };
  return { child, http, tcpPort: tcp.port, client: connectHttp(http) };
}

/** The same with a machine of `bench/workloads/` that it did not have. */
export async function startSmc(file: string, options: readonly string[]): Promise<SmcNode> {
  const node = await openSmc(options);
  const noDebug = {
    files: [],
    functions: [],
    fieldOrder: [],
    typeNames: [],
    documentation: [],
    carriedOut: [],
  };
  const bundle = encodeBundle({ images: [imageOf(file)], upgrades: [], debug: [noDebug] });
  const deployed = await node.client.deploy(bundle);
  if (!deployed.ok) throw new Error(deployed.error.message);
  return node;
}

/** Redis, which writes each command to its log and syncs it before it answers. */
export const redis: Starting = async (folder) => {
  const port = await freePort();
  const words = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--dir', folder];
  const whole = ['--auto-aof-rewrite-percentage', '0'];
  const log = ['--appendonly', 'yes', '--appendfsync', 'always', ...whole, '--loglevel', 'warning'];
  const child = spawn('redis-server', [...words, ...log], { stdio: 'ignore' });
  await untilOpen(port);
  return { child, port, count: () => redisCount(port) };
};

/** A program of this folder that tells its port. */
export function program(name: string): Starting {
  return async () => {
    const child = spawn(process.execPath, [...process.execArgv, path(name)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const { port } = (await firstLine(child)) as { port: number };
    return { child, port, count: () => Promise.resolve(null) };
  };
}

/** Has all threads of a process run on one core, where the system can do that. */
export function pin({ pid }: ChildProcess, core: number): void {
  try {
    execFileSync('taskset', ['-acp', String(core), String(pid)], { stdio: 'ignore' });
  } catch {
    // Without `taskset` the system places them.
  }
}

/** The first line of JSON that a process prints. */
function firstLine(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout!.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const end = text.indexOf('\n');
      if (end >= 0) resolve(JSON.parse(text.slice(0, end)));
    });
    child.once('exit', (status) => reject(new Error(`a server ended with ${status}`)));
    child.once('error', reject);
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

const TRIES_MAX = 100;

async function untilOpen(port: number): Promise<void> {
  for (let i = 0; ; i++) {
    const socket = createConnection({ port, host: '127.0.0.1' });
    try {
      await once(socket, 'connect');
      socket.destroy();
      return;
    } catch (error) {
      if (i === TRIES_MAX) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Waits for as long as it reads its log. */
async function redisCount(port: number): Promise<number> {
  const socket = createConnection({ port, host: '127.0.0.1' });
  for (;;) {
    socket.write('*2\r\n$3\r\nGET\r\n$1\r\nn\r\n');
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    const answer = chunk.toString();
    if (answer.startsWith('-LOADING')) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      continue;
    }
    socket.destroy();
    return Number(answer.split('\r\n')[1]);
  }
}
