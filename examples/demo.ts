/**
 * The main job, start to end, with what happens shown: a node, the counter on it, calls, a live
 * upgrade while a client stays connected, an upgrade that is refused, and a clean end.
 *
 * Everything is done by real `smc` processes, and by one line connection that is open throughout.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const smcPath = fileURLToPath(new URL('../packages/cli/bin/smc.js', import.meta.url));

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Shows a command as a user types it, runs it, and shows what it says. */
function run(url: string, expectedStatus: number, ...words: string[]): void {
  say(`\n$ smc ${words.map((word) => (/[^\w./:-]/.test(word) ? `'${word}'` : word)).join(' ')}`);
  const ended = spawnSync(process.execPath, [smcPath, ...words], {
    cwd: here,
    env: { ...process.env, SMC_NODE: url },
    encoding: 'utf8',
  });
  process.stdout.write(ended.stdout + ended.stderr);
  if (ended.status !== expectedStatus)
    throw new Error(`exit status ${ended.status}, expected ${expectedStatus}`);
}

/** Starts a node on free ports, and waits until it says where it is. */
async function startNode(): Promise<{ child: ChildProcess; url: string; port: number }> {
  const words = ['node', '--memory', '--http', '0', '--tcp', '0', '--json'];
  say('$ smc node --memory --http 0 --tcp 0');
  const child = spawn(process.execPath, [smcPath, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([
    once(lines, 'line').then(([line]) => line as string),
    once(child, 'close').then(([status]) => Promise.reject(new Error(`the node ended with ${status}`))),
  ]);
  const { http, tcp } = JSON.parse(first) as { http: string; tcp: { host: string; port: number } };
  say(`ready: ${http} (HTTP), ${tcp.host}:${tcp.port} (lines)`);
  return { child, url: http, port: tcp.port };
}

/** Sends one line and shows it with its reply. */
async function send(socket: Socket, lines: AsyncIterator<string>, request: string): Promise<void> {
  socket.write(`${request}\n`);
  const { value } = (await lines.next()) as { value: string };
  say(`  > ${request.padEnd(16)} < ${value}`);
}

const node = await startNode();
try {
  run(node.url, 0, 'deploy', 'counter.sm');
  run(node.url, 0, 'call', 'Counter', 'Incr', 'Incr', 'Read');

  say('\n-- a client connects and stays connected through the upgrade');
  const socket = connect(node.port, '127.0.0.1');
  await once(socket, 'connect');
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  await send(socket, lines, 'Counter Incr()');
  await send(socket, lines, 'Counter Toggle');

  run(node.url, 0, 'upgrade', 'counter-v2.sm');
  run(node.url, 0, 'state', 'Counter');

  say('\n-- the same connection, the new version, the old count');
  await send(socket, lines, 'Counter Read');
  await send(socket, lines, 'Counter Toggle');
  await send(socket, lines, 'Counter Incr');
  await send(socket, lines, 'Counter Read');
  socket.end();

  say('\n-- the same upgrade again was made for a version that no longer runs, so the node refuses it');
  run(node.url, 1, 'upgrade', 'counter-v2.sm');
  run(node.url, 0, 'status');
  run(node.url, 0, 'history', 'Counter');
} finally {
  node.child.kill('SIGTERM');
  const [status] = (await once(node.child, 'close')) as [number | null];
  say(`\nthe node has stopped, exit status ${status}`);
}
