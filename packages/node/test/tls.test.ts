import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { createConnection } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, expect, it } from 'vitest';
import { type NodeOptions, type RunningNode, startNode } from '../src/node.ts';
import { bundleOf, counter } from './images.ts';
import { put, send } from './requests.ts';
import { WaitingJournal } from './waiting-journal.ts';

/** Listeners that encrypt. */

const nodes: RunningNode[] = [];

afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.close()));
});

const tls = {
  cert: readFileSync(new URL('tls/localhost.crt', import.meta.url), 'utf8'),
  key: readFileSync(new URL('tls/localhost.key', import.meta.url), 'utf8'),
};

async function start(options: Partial<NodeOptions> = {}): Promise<RunningNode> {
  const node = await startNode({ httpPort: 0, linesPort: 0, adminPort: 0, tls, ...options });
  nodes.push(node);
  return node;
}

/** Where it is administered: on this computer nobody listens in. */
const admin = (node: RunningNode): RunningNode => ({
  ...node,
  httpPort: Number(new URL(node.adminUrl!).port),
});

it('encrypts HTTP and lines', async () => {
  const node = await start();
  expect(node.url).toMatch(/^https:/);
  expect(node.adminUrl).toMatch(/^http:/);
  await put(admin(node), bundleOf(counter()));
  const options = {
    port: node.httpPort!,
    host: '127.0.0.1',
    path: '/Counter/Incr',
    ca: tls.cert,
    agent: false,
  };
  const status = await new Promise((resolve, reject) => {
    request({ ...options, method: 'POST' }, (reply) => {
      reply.resume();
      resolve(reply.statusCode);
    })
      .on('error', reject)
      .end();
  });
  expect(status).toBe(200);
  const shown = await new Promise((resolve, reject) => {
    const socket = connectTls({ port: node.linesPort!, host: '127.0.0.1', ca: tls.cert }, () =>
      socket.end('Counter Read\n'),
    );
    socket.on('data', (chunk: Buffer) => resolve(chunk.toString()));
    socket.on('error', reject);
  });
  expect(shown).toBe('ok 1\n');
  // Who does not encrypt gets no answer.
  await expect(send(node, '/Counter/Read')).rejects.toThrow(/hang up|ECONNRESET/);
});

it.each(['linesPort', 'httpPort'] as const)('ends who never agrees on it, at %s', async (port) => {
  const node = await start({ limits: { handshakeMillisMax: 200 } });
  // Nothing, the beginning of a record, and what is none.
  const ends = ['', '\x16\x03\x01', 'GET / HTTP/1.1\r\n\r\n'].map((text) => {
    const socket = createConnection({ port: node[port]!, host: '127.0.0.1' }, () =>
      socket.write(text, 'latin1'),
    );
    socket.on('error', () => {}).resume();
    return once(socket, 'close');
  });
  await Promise.all(ends);
});

it.each(['linesPort', 'httpPort'] as const)(
  'lets go of who leaves before it is agreed, at %s',
  async (port) => {
    const node = await start({ limits: { handshakeMillisMax: 3_600_000 } });
    for (const text of ['', '\x16\x03\x01']) {
      const socket = createConnection({ port: node[port]!, host: '127.0.0.1', allowHalfOpen: true });
      socket.on('error', () => {}).resume();
      socket.end(text, 'latin1');
      await new Promise((resolve) => socket.once('end', resolve).once('close', resolve));
      socket.destroy();
    }
  },
);

it.each([
  ['linesPort', 'Counter Incr\n', 'ok ()\n'],
  [
    'httpPort',
    'POST /Counter/Incr HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n',
    'HTTP/1.1 200 OK',
  ],
] as const)('answers who sends a request and no more, at %s', async (port, asked, answered) => {
  const journal = new WaitingJournal();
  const node = await start({ journal });
  await put(admin(node), bundleOf(counter()));
  const release = journal.wait();
  const handed = journal.handed();
  // An option of every socket, that the types of this one do not have.
  const options = { port: node[port]!, host: '127.0.0.1', ca: tls.cert, allowHalfOpen: true };
  const socket = connectTls(options, () => socket.end(asked));
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
  await handed;
  // By now the node has seen its end, or will see it later.
  await new Promise((resolve) => setTimeout(resolve, 50));
  release();
  await once(socket, 'end');
  expect(received.slice(0, answered.length)).toBe(answered);
});
