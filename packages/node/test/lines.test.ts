import { createConnection, type Socket } from 'node:net';
import { fingerprints } from '@smc/protocol';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type RunningNode, startNode } from '../src/node.ts';
import type { NodeLimits } from '../src/limits.ts';
import { bundleOf, counter, labelled, toLabelled, upgradeBundle } from './images.ts';
import { put } from './requests.ts';

let node: RunningNode;

async function start(limits: Partial<NodeLimits> = {}): Promise<void> {
  node = await startNode({ httpPort: 0, linesPort: 0, limits });
  expect(await put(node, bundleOf(counter()))).toMatchObject({ status: 200 });
}

afterEach(() => node.close());

/** Sends bytes, ends, and gives all that came until the other side ended too. */
function exchange(...chunks: (string | Uint8Array)[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port: node.linesPort!, host: '127.0.0.1' });
    let received = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (received += chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
    for (const chunk of chunks) socket.write(chunk);
    socket.end();
  });
}

/** The same without ending: the node must close the connection by itself. */
function provoke(bytes: string | Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port: node.linesPort!, host: '127.0.0.1' });
    let received = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (received += chunk));
    socket.on('error', reject);
    socket.on('end', () => resolve(received));
    socket.write(bytes);
  });
}

describe('lines', () => {
  it('are answered one by one, in order', async () => {
    await start();
    const lines = [
      'Counter Incr',
      'Counter Read',
      'Counter Dance',
      'Counter Divide(by: 0)',
      'Counter Read()',
    ];
    expect(await exchange(lines.map((line) => `${line}\n`).join(''))).toBe(
      'ok ()\nok 1\nerror unknown-operation Counter has no operation "Dance"\nerror fault division by zero\nok 1\n',
    );
  });

  it('may come in pieces, and end with a carriage return', async () => {
    await start();
    expect(await exchange('Coun', 'ter In', 'cr\r', '\nCounter Re', 'ad\r\n\r\n')).toBe('ok ()\nok 1\n');
  });

  it('may be many at once', async () => {
    await start({ linePendingMax: 7 });
    const count = 20_000;
    const replies = (await exchange('Counter Incr\n'.repeat(count), 'Counter Read\n')).split('\n');
    expect(replies.slice(0, count)).toEqual(Array.from({ length: count }, () => 'ok ()'));
    expect(replies.slice(count)).toEqual([`ok ${count}`, '']);
  });

  it('that are wrong are refused, and the connection goes on', async () => {
    await start();
    const wrong = [
      'Counter',
      'counter Incr',
      'Nobody Read',
      'Counter/alice Read',
      'Counter Incr(',
      'Counter Divide("x")',
      'GET / HTTP/1.1',
      '%%%',
      `Counter Refuse("${'a\\n'.repeat(3)}")`,
    ];
    const shown = await exchange(
      ['Counter Read', ...wrong, 'Counter Read'].map((line) => `${line}\n`).join(''),
    );
    const replies = shown.split('\n');
    expect(replies).toHaveLength(wrong.length + 3);
    expect(replies.slice(1, -2).map((reply) => reply.split(' ').slice(0, 2).join(' '))).toEqual([
      'error bad-request',
      'error bad-request',
      'error unknown-machine',
      'error bad-request',
      'error bad-request',
      'error bad-request',
      'error bad-request',
      'error bad-request',
      'error fault',
    ]);
    expect(replies.at(-3)).toBe('error fault a\\na\\na\\n');
    expect(replies.at(-2)).toBe('ok 0');
  });

  it('close the connection when the first is no request', async () => {
    await start();
    for (const first of [
      'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n',
      'POST /Counter/Incr HTTP/1.1\r\n\r\nCounter Incr\n',
      'CONNECT Counter:80 HTTP/1.1\r\nCounter Incr\n',
      'hello\nCounter Incr\n',
      '{"jsonrpc":"2.0"}\n',
      'SSH-2.0-OpenSSH\nCounter Incr\n',
    ]) {
      expect(await provoke(first)).toMatch(/^error bad-request [^\n]*\n$/);
    }
    expect(await exchange('Counter Read\n')).toBe('ok 0\n');
  });

  it('close the connection when they are no text', async () => {
    await start();
    for (const bytes of [
      Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x0a),
      Uint8Array.from([...Buffer.from('Counter Incr'), 0, 0x0a]),
      Uint8Array.from([...Buffer.from('Counter Refuse("'), 0xc3, 0x28, 0x22, 0x29, 0x0a]),
      Uint8Array.of(0xed, 0xa0, 0x80, 0x0a),
    ]) {
      expect(await provoke(bytes)).toMatch(/^error bad-request [^\n]*\n$/);
    }
    expect(await exchange('Counter Read\n')).toBe('ok 0\n');
  });

  it('have a length that is bounded', async () => {
    await start({ lineBytesMax: 100 });
    expect(await exchange(`Counter Read${' '.repeat(88)}\nCounter Read${' '.repeat(87)}\r\n`)).toBe(
      'ok 0\nok 0\n',
    );
    expect(await provoke(`Counter Read\nCounter Read${' '.repeat(89)}\n`)).toMatch(/^ok 0\nerror too-large /);
    // Also before the end of the line comes.
    expect(await provoke('x'.repeat(101))).toMatch(/^error too-large /);
  });

  it('that were cut off are not carried out', async () => {
    await start();
    expect(await exchange('Counter Incr\nCounter Incr')).toMatch(/^ok \(\)\nerror bad-request the last line/);
    expect(await exchange('Counter Read\n')).toBe('ok 1\n');
  });

  it('are each answered by one line, whatever is in them', async () => {
    await start();
    const part = fc.constantFrom(
      'Counter',
      ' ',
      'Incr',
      'Divide',
      '(',
      ')',
      'by',
      ':',
      '0',
      '-1',
      '"',
      '\\',
      '/',
      'é',
      '\u2028',
      '\t',
    );
    const line = fc
      .oneof(
        fc.array(part, { maxLength: 12 }).map((parts) => parts.join('')),
        fc.string({ unit: 'binary' }),
      )
      .filter((text) => !/[\n\0]|^\s*(--|$)/.test(text) && text.isWellFormed());
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 30 }), async (lines) => {
        const replies = await exchange(
          ['Counter Read', ...lines, 'Counter Read'].map((text) => `${text}\n`).join(''),
        );
        expect(replies.replaceAll(/(ok|error) .+\n/g, '.')).toBe('.'.repeat(lines.length + 2));
      }),
      { numRuns: 50 },
    );
  });

  it('name the interface of what follows', async () => {
    await start();
    const old = fingerprints(counter()).interface;
    const before = connect();
    expect(await before.ask(`interface ${old}`)).toBe('ok ()\n');
    expect(await before.ask('Counter Incr')).toBe('ok ()\n');
    expect(await put(node, upgradeBundle(labelled(), toLabelled(counter())))).toMatchObject({ status: 200 });
    expect(await before.ask('Counter Incr')).toBe('ok ()\n');
    expect(await before.ask('Counter Divide(1)')).toMatch(/^error gone /);
    before.socket.destroy();
    expect(await exchange('Counter Incr(by: 4)\n')).toBe('ok 6\n');
    expect(await exchange(`interface ${old.slice(0, 12)}\nCounter Incr\n`)).toBe('ok ()\nok ()\n');
    expect(await exchange(`interface ${'0'.repeat(64)}\nCounter Incr\n`)).toMatch(
      /^error unknown-interface [^\n]*\nerror unknown-interface /,
    );
    // As the header of HTTP: what follows does not pass for a request without one.
    for (const none of ['12', 'xyz', '0'.repeat(65)]) {
      expect(await exchange(`interface ${none}\nCounter Incr(by: 4)\n`)).toMatch(
        /^error unknown-interface an interface is named by 8 to 64 digits [^\n]*\nerror unknown-interface /,
      );
    }
  });

  it('that name an interface while too much waits are told so, and the connection goes on', async () => {
    await start({ queuedEventsMax: 2 });
    const old = fingerprints(counter()).interface;
    const answers = (await exchange(`interface ${old}\n`.repeat(20), '\n')).split('\n');
    expect(answers.length).toBe(21);
    expect(answers.slice(0, 2)).toEqual(['ok ()', 'ok ()']);
    for (const answer of answers.slice(2, 20)) expect(answer).toMatch(/^(ok \(\)|error overloaded .*)$/);
    expect(answers.filter((answer) => answer.startsWith('error')).length).toBeGreaterThan(0);
  });

  it('speak the interface of the machine that was named last', async () => {
    await start();
    await put(node, upgradeBundle(labelled(), toLabelled(counter())));
    const [old, next] = [counter(), labelled()].map((image) => fingerprints(image).interface);
    const lines = [
      ...[`interface ${old}`, 'Counter Incr', `interface ${next}`, 'Counter Incr(by: 4)'],
      // Named again and again it takes no more room.
      ...Array.from({ length: 100 }, (_, i) => `interface ${i % 2 === 0 ? next : old}`),
      'Counter Incr',
    ];
    const replies = (await exchange(lines.map((line) => `${line}\n`).join(''))).trimEnd().split('\n');
    expect(replies.slice(0, 4)).toEqual(['ok ()', 'ok ()', 'ok ()', 'ok 5']);
    expect(new Set(replies.slice(4))).toEqual(new Set(['ok ()']));
  });

  it('wait while the other side does not take its replies', async () => {
    await start({ linePendingMax: 64 });
    const { socket } = connect();
    socket.pause();
    const requests = `Counter Refuse("${'y'.repeat(1_000)}")\n`.repeat(1_000);
    for (let i = 0; i < 64; i++) socket.write(requests);
    // It goes on serving others meanwhile, far longer than it would take to answer all of these.
    for (let i = 0; i < 200; i++) expect(await exchange('Counter Read\n')).toBe('ok 0\n');
    // Most of it was never taken: more than the buffers of the system hold.
    expect(socket.writableLength).toBeGreaterThan(32 * requests.length);
    socket.destroy();
    expect(await exchange('Counter Read\n')).toBe('ok 0\n');
  });

  it('on which nothing is due are closed at once when the node stops', async () => {
    await start({ closeMillisMax: 600_000 });
    const idle = connect();
    expect(await idle.ask('Counter Incr')).toBe('ok ()\n');
    const silent = connect();
    await new Promise((resolve) => silent.socket.once('connect', resolve));
    expect(await exchange('Counter Read\n')).toBe('ok 1\n');
    // Neither reads nor ends its side: the node does not wait for that.
    await node.close();
  });

  it('are refused when the node stops, after what was taken was answered', async () => {
    await start();
    const connection = connect();
    expect(await connection.ask('Counter Incr')).toBe('ok ()\n');
    const answered = exchange('Counter Incr\n'.repeat(1_000)).catch(() => '');
    await node.close();
    for (const reply of (await answered).split('\n')) {
      expect(reply).toMatch(/^(ok \(\)|error stopping .*|)$/);
    }
  });
});

/** A connection that asks one thing after the other; each reply is one line. */
function connect(): { socket: Socket; ask: (line: string) => Promise<string> } {
  const socket = createConnection({ port: node.linesPort!, host: '127.0.0.1' });
  socket.on('error', () => {});
  const ask = (line: string): Promise<string> =>
    new Promise((resolve) => {
      socket.once('data', (chunk: Buffer) => resolve(chunk.toString()));
      socket.write(`${line}\n`);
    });
  return { socket, ask };
}
