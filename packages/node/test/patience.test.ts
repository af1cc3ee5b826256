import { readFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { Tokens } from '../src/access/tokens.ts';
import type { NodeLimits } from '../src/limits.ts';
import { type NodeOptions, type RunningNode, startNode } from '../src/node.ts';
import { broad, bundleOf, counter } from './images.ts';
import { post, put, send } from './requests.ts';

/** For how long connections may keep a node waiting, and how much may be held for them, over HTTP and lines. */

let node: RunningNode;
afterEach(() => node.close());

async function start(limits: Partial<NodeLimits>, options: Partial<NodeOptions> = {}): Promise<void> {
  node = await startNode({ httpPort: 0, linesPort: 0, limits, ...options });
  for (const image of [counter(), broad('Broad')]) {
    expect(await put(node, bundleOf(image))).toMatchObject({ status: 200 });
  }
}

/** What comes on a connection that sends these bytes, and then a byte now and then, until the node ends it. */
function outcome(port: number, sent: string, more = ''): Promise<string> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1', allowHalfOpen: true });
    let text = '';
    let isEnded = false;
    const drips = setInterval(() => {
      if (more !== '' || isEnded) socket.write(more === '' ? ' ' : more);
    }, 10);
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    // Its own side stays open: that the node does not wait for it shows in that it can not write any more.
    socket.on('end', () => (isEnded = true));
    socket.on('error', () => {});
    socket.on('close', () => {
      clearInterval(drips);
      resolve(text);
    });
    socket.write(sent);
  });
}

const HEAD = 'POST /Counter/Incr HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';

describe('over HTTP', () => {
  it('headers and bodies come in time, or the connection ends, also where its peer does not end it', async () => {
    await start({ headersMillisMax: 300, requestMillisMax: 600, closeMillisMax: 100 });
    const port = node.httpPort!;
    const ends = [
      outcome(port, ''),
      outcome(port, 'POST / HTTP/1.1\r\nx: ', 'y'),
      outcome(port, `${HEAD}content-length: 9999\r\n\r\n{`, ' '),
      outcome(port, `${HEAD}transfer-encoding: chunked\r\n\r\n`, '1\r\n \r\n'),
      outcome(port, 'Counter Incr\r\n\r\n'),
      outcome(port, `${HEAD}transfer-encoding: chunked\r\n\r\n1;${'x'.repeat(20_000)}\r\n`),
    ].map(async (text) => (await text).replace(/^HTTP\/1.1 (\d+) [^]*"message":"([^"]*).*$/, '$1 $2'));
    const late =
      '408 the headers of a request, with its address, come within 0.3 s, and all of it within 0.6 s';
    expect(await Promise.all(ends)).toEqual([
      ...Array<string>(4).fill(late),
      expect.stringMatching(/^400 this is no HTTP request: /),
      '413 the extensions of chunks are too long',
    ]);
    // Each once, also where its body broke off after that.
    const metrics = await send(node, '/_smc/metrics');
    expect(metrics.body.match(/^smc_refused_total.*$/gm)).toEqual([
      'smc_refused_total{code="bad-request"} 6',
    ]);
    expect(await post(node, '/Counter/Incr')).toMatchObject({ status: 200 });
  });

  it('headers come in time over an encrypted connection too', async () => {
    const [cert, key] = ['crt', 'key'].map((part) =>
      readFileSync(new URL(`tls/localhost.${part}`, import.meta.url), 'utf8'),
    );
    const limits = { headersMillisMax: 300, requestMillisMax: 600_000, closeMillisMax: 100 };
    node = await startNode({ httpPort: 0, linesPort: null, limits, tls: { cert, key } });
    const text = await new Promise<string>((resolve, reject) => {
      const socket = connect({ port: node.httpPort!, host: '127.0.0.1', rejectUnauthorized: false });
      let received = '';
      socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
      socket.on('error', reject);
      socket.on('close', () => resolve(received));
      socket.write('POST / HTTP/1.1\r\n');
    });
    expect(text).toMatch(/^HTTP\/1.1 408 /);
  });

  it('many requests of one connection wait, but not all that it sends', async () => {
    await start({ httpPendingMax: 4 });
    const text = await outcome(node.httpPort!, `${`${HEAD}\r\n`.repeat(20)}no more\r\n\r\n`);
    // What is no request is not answered: that would be taken for the answer to another one.
    const statuses = [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
    expect(new Set(statuses)).toEqual(new Set(['200', '429']));
    expect(statuses.slice(0, 4)).toEqual(Array(4).fill('200'));
    expect(statuses).toHaveLength(20);
  });

  it('a peer that takes no replies is dropped, with what is held for it', async () => {
    await start({ stalledMillisMax: 200 });
    const read = 'GET /Broad/Read HTTP/1.1\r\nhost: localhost\r\n\r\n';
    await stalls(node.httpPort!, read.repeat(2_000));
  });
});

describe('over lines', () => {
  it('a line, and a token, come in time', async () => {
    const tokens = new Tokens([{ caller: 'a', token: 'token-of-somebody' }]);
    await start({ stalledMillisMax: 300, closeMillisMax: 100 });
    expect(await outcome(node.linesPort!, 'Counter Incr\nCounter ', 'x')).toBe(
      'ok ()\nerror bad-request a line did not come whole in time\n',
    );
    await node.close();
    node = await startNode({
      httpPort: 0,
      linesPort: 0,
      limits: { helloMillisMax: 300, closeMillisMax: 100 },
      access: { calls: tokens },
    });
    expect(await outcome(node.linesPort!, '\n', '\n')).toBe('error unauthorized no token came in time\n');
    expect(await outcome(node.linesPort!, 'auth', ' ')).toBe('error unauthorized no token came in time\n');
  });

  it('a connection without a request is closed after a while', async () => {
    await start({ idleMillisMax: 200, closeMillisMax: 100 });
    expect(await outcome(node.linesPort!, 'Counter Read\n')).toBe('ok 0\n');
  });

  it('parts of lines are bounded all together: whoever sent most is closed', async () => {
    await start({ partialBytesMax: 100_000, closeMillisMax: 100 });
    const small = createConnection({ port: node.linesPort!, host: '127.0.0.1' });
    small.write('Counter ');
    const ends = Array.from({ length: 4 }, () => outcome(node.linesPort!, 'x'.repeat(40_000)));
    expect(await Promise.race(ends)).toBe('error overloaded too much is on its way; try again later\n');
    const answer = new Promise<string>((resolve) => small.once('data', (chunk) => resolve(chunk.toString())));
    small.write('Incr\n');
    expect(await answer).toBe('ok ()\n');
    small.destroy();
  });

  it('a peer that takes no replies is dropped, with what is held for it', async () => {
    await start({ stalledMillisMax: 200 });
    await stalls(node.linesPort!, 'Broad Read\n'.repeat(2_000));
  });

  it('a peer may not have more held for it than is allowed', async () => {
    await start({ outputBytesMax: 1_000 });
    await stalls(node.linesPort!, 'Broad Read\n'.repeat(2_000));
  });
});

/** A connection that sent this, and what came first; nothing where the node ended it. */
function ask(port: number, sent: string): Promise<{ readonly socket: Socket; readonly answer: string }> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' }, () => socket.write(sent));
    socket.on('error', () => {});
    socket.once('data', (chunk) => resolve({ socket, answer: chunk.toString() }));
    socket.once('close', () => resolve({ socket, answer: '' }));
  });
}

describe('of connections', () => {
  it.each([
    ['HTTP', 'httpPort', 'GET /Counter/Read HTTP/1.1\r\nhost: localhost\r\n\r\n'],
    ['lines', 'linesPort', 'Counter Read\n'],
  ] as const)('over %s there are as many as may be, and others end unanswered', async (_name, port, sent) => {
    await start({ connectionsMax: 2 });
    /** One that is served: where another one has ended that may not be known at once. */
    const served = async (): Promise<Socket> => {
      const { socket, answer } = await ask(node[port]!, sent);
      return answer === '' ? served() : socket;
    };
    const first = await served();
    const second = await served();
    expect((await ask(node[port]!, sent)).answer).toBe('');
    first.destroy();
    const third = await served();
    for (const socket of [second, third]) socket.destroy();
  });
});

/** Sends this again and again, and takes no reply, until the node ends the connection. */
async function stalls(port: number, requests: string): Promise<void> {
  const socket = createConnection({ port, host: '127.0.0.1' });
  socket.on('error', () => {});
  socket.pause();
  let isClosed = false;
  socket.on('close', () => (isClosed = true));
  while (!isClosed) {
    // What does not fit is not sent: it ends by what the node does alone.
    if (socket.writableLength < 1_000_000) socket.write(requests);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
