import { once } from 'node:events';
import { createConnection } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NODE_LIMITS } from '../src/limits.ts';
import { type RunningNode, startNode } from '../src/node.ts';
import { bundleOf, counter } from './images.ts';
import { NO_LOG } from '../src/ports.ts';
import { type HttpReply, post, put, send } from './requests.ts';
import { WaitingJournal } from './waiting-journal.ts';

let node: RunningNode;
let journal: WaitingJournal;
/** Has what waits for the journal be durable. */
let release: (error?: Error) => void;
/** By the stopwatch of the node. */
let now: number;

beforeEach(async () => {
  now = 1_000;
  release = () => {};
  journal = new WaitingJournal();
  node = await startNode({ httpPort: 0, linesPort: null, journal, stopwatch: () => now });
  expect(await put(node, bundleOf(counter()))).toMatchObject({ status: 200 });
});
afterEach(() => {
  release();
  return node.close();
});

/** Status and code of what `/_smc/ready` answers. */
async function ready(): Promise<string> {
  const { status, body } = await send(node, '/_smc/ready');
  const { error } = JSON.parse(body) as { readonly error?: { readonly code: string } };
  return error === undefined ? `${status}` : `${status} ${error.code}`;
}

/** A call whose commit the journal has by now. */
async function handOver(): Promise<{ readonly reply: Promise<HttpReply> }> {
  const handed = journal.handed();
  const reply = post(node, '/Counter/Incr');
  await handed;
  return { reply };
}

it('who sends a request and no more gets its reply', async () => {
  release = journal.wait();
  const handed = journal.handed();
  const socket = createConnection({ port: node.httpPort!, host: '127.0.0.1', allowHalfOpen: true });
  socket.end('POST /Counter/Incr HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n');
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
  await handed;
  // By now the node has seen its end, or will see it later.
  await new Promise((resolve) => setTimeout(resolve, 50));
  release();
  await once(socket, 'close');
  expect(received).toMatch(/^HTTP\/1\.1 200 OK/);
});

describe('a node is ready', () => {
  it('unless a commit takes long: then not until that is done', async () => {
    release = journal.wait();
    const first = await handOver();
    now += NODE_LIMITS.commitMillisMax;
    expect(await ready()).toBe('200');
    now += 1;
    expect(await ready()).toBe('503 stalled');
    const { headers } = await send(node, '/_smc/ready');
    expect(headers['retry-after']).toBe('1');
    expect(await send(node, '/_smc/health')).toMatchObject({ status: 200 });
    const second = post(node, '/Counter/Incr');
    expect(await ready()).toBe('503 stalled');
    release();
    expect([(await first.reply).status, (await second).status]).toEqual([200, 200]);
    expect(await ready()).toBe('200');
  });

  it.each(['goes on', 'is to end'])(
    'and tells in its log when it is not, and when it is again: one that %s',
    async (what) => {
      await node.close();
      const told: string[] = [];
      const tell = (_: object, message: string): void => void told.push(message);
      const limits = { commitMillisMax: 50 };
      const log = { ...NO_LOG, warn: tell, info: tell };
      journal = new WaitingJournal();
      node = await startNode({ httpPort: 0, linesPort: null, journal, stopwatch: () => now, limits, log });
      await put(node, bundleOf(counter()));
      told.splice(0);
      release = journal.wait();
      const { reply } = await handOver();
      const closed = what === 'is to end' ? node.close() : Promise.resolve();
      now += 51;
      await expect.poll(() => told).toEqual([expect.stringMatching(/^the disk takes long for a commit/)]);
      release();
      await reply;
      await closed;
      if (what === 'goes on')
        await expect.poll(() => told.slice(1)).toEqual(['the disk takes commits again']);
    },
  );

  it('for as long as each commit is quick, though there always is one', async () => {
    for (let i = 0; i < 3; i++) {
      release = journal.wait();
      const { reply } = await handOver();
      now += NODE_LIMITS.commitMillisMax;
      expect(await ready()).toBe('200');
      release();
      await reply;
    }
  });

  it('until it stops, also while what came before is finished', async () => {
    release = journal.wait();
    const { reply } = await handOver();
    const closed = node.close();
    expect(await ready()).toBe('503 stopping');
    now += NODE_LIMITS.commitMillisMax + 1;
    expect(await ready()).toBe('503 stopping');
    release();
    expect(await reply).toMatchObject({ status: 200 });
    await closed;
  });

  it('until it stops, and then has each connection end with its next reply', async () => {
    release = journal.wait();
    const { reply } = await handOver();
    const closed = node.close();
    const headers = { connection: 'keep-alive' };
    expect((await send(node, '/_smc/ready', { headers })).headers).toMatchObject({ connection: 'close' });
    release();
    await reply;
    await closed;
  });

  it('until it gives up', async () => {
    release = journal.wait();
    const { reply } = await handOver();
    release(new Error('the disk is full'));
    expect(await reply).toMatchObject({ status: 500 });
    expect(await ready()).toBe('503 stopping');
    expect(await send(node, '/_smc/metrics')).toMatchObject({ status: 503 });
  });
});
