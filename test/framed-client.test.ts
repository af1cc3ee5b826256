import { createConnection, createServer, type Socket } from 'node:net';
import { connectFrames, connectHttp, type FrameClient, type FrameOptions, machineOf } from '@smc/client';
import { MemoryJournal, type NodeLimits, type RunningNode, startNode } from '@smc/node';
import {
  ByteWriter,
  encodeBundle,
  type ErrorFrame,
  FRAME_MAGIC,
  FRAME_VERSION,
  writeError,
  writeGoodbye,
  writeWelcome,
} from '@smc/protocol';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../packages/client/test/support/manual-clock.ts';
import { budgets, type Counter, first, listen, Proxy, QUICK, range, shown } from './support/framed.ts';

type Account = { Deposit: { input: { amount: number; note?: string }; reply: { balance: number } } };

let node: RunningNode;
let journal: MemoryJournal;
const closing: { close(): unknown }[] = [];

async function start(limits: Partial<NodeLimits> = {}): Promise<void> {
  journal = new MemoryJournal();
  node = await startNode({ httpPort: 0, linesPort: 0, limits, journal });
  expect(await connectHttp(node.url!).deploy(encodeBundle(first))).toMatchObject({ ok: true });
}

function client(port = node.linesPort!, options: FrameOptions = {}): FrameClient {
  const made = connectFrames(`127.0.0.1:${port}`, { ...QUICK, ...options });
  closing.push(made);
  return made;
}

afterEach(async () => {
  for (const each of closing.splice(0)) await each.close();
  await node.close();
});

describe('a framed client', () => {
  test('calls operations by name, with data in and out', async () => {
    await start();
    const counter = client().machine<Counter>(machineOf(first, 'Counter'));
    const account = client().machine<Account>(machineOf(first, 'Account'));
    expect(shown(await counter.call('Incr'))).toBe(1);
    expect(shown(await counter.call('Fail', { why: 'no' }))).toBe('fault');
    expect(await counter.call('Fail', { why: 3 } as never)).toMatchObject({
      ok: false,
      error: { code: 'bad-request', status: 400, path: '$.why' },
    });
    expect(shown(await counter.call('Fail', { why: 1n } as never))).toBe('bad-request');
    // @ts-expect-error: what has no default is not left out.
    expect(shown(await counter.call('Fail'))).toBe('bad-request');
    expect(shown(await counter.call('Dance' as 'Read'))).toBe('unknown-operation');
    const [alice, bob] = [account.instance('alice'), account.instance('bob')];
    expect(shown(await alice.call('Deposit', { amount: 5 }))).toEqual({ balance: 5 });
    expect(shown(await bob.call('Deposit', { amount: 2, note: 'x' }))).toEqual({ balance: 2 });
    expect(shown(await alice.call('Deposit', { amount: 1 }))).toEqual({ balance: 6 });
    expect(shown(await account.call('Deposit', { amount: 1 }))).toBe('bad-request');
  });

  test('speaks to a machine by one number, however often it is asked for', async () => {
    await start({ frameMachinesMax: 2 });
    const proxy = await Proxy.start(0, [], node.linesPort!);
    const frames = client(proxy.port);
    for (const i of range(5)) {
      expect(shown(await frames.machine<Counter>(machineOf(first, 'Counter')).call('Incr'))).toBe(i);
      const account = frames.machine<Account>(machineOf(first, 'Account')).instance('alice');
      expect(shown(await account.call('Deposit', { amount: 1 }))).toEqual({ balance: i });
    }
    expect(proxy.connections).toBe(1);
    await proxy.close();
  });

  test('has many requests on their way, and their replies are those of an order', async () => {
    await start({ frameInFlightMax: 64 });
    const counters = range(4).map(() => client().machine<Counter>(machineOf(first, 'Counter')));
    const replies = await Promise.all(range(4_000).map((i) => counters[i % 4].call('Incr')));
    expect(replies.map(shown).toSorted((a, b) => Number(a) - Number(b))).toEqual(range(4_000));
  });

  test('waits for a node that is not there yet, and tells why there is no answer', async () => {
    await start();
    const port = await freePort();
    const counter = client(port).machine<Counter>(machineOf(first, 'Counter'));
    expect(await counter.call('Incr', undefined, { deadlineMillis: 30 })).toMatchObject({
      ok: false,
      error: { kind: 'unreachable', timedOut: true, message: expect.stringMatching(/nothing listens there/) },
    });
    const waiting = counter.call('Incr');
    const proxy = await Proxy.start(port, [], node.linesPort!);
    expect(shown(await waiting)).toBe(1);
    await proxy.close();
  });

  test('gives requests up by their signal', async () => {
    await start();
    const silent = createServer((socket) => closing.push({ close: () => socket.destroy() }));
    const port = await listen(silent);
    closing.push({ close: () => silent.close() });
    const counter = client(port).machine<Counter>(machineOf(first, 'Counter'));
    const controller = new AbortController();
    const calls = range(3).map(() => counter.call('Incr', undefined, { signal: controller.signal }));
    controller.abort();
    for (const reply of await Promise.all(calls)) {
      expect(reply).toMatchObject({ ok: false, error: { kind: 'unreachable', timedOut: true } });
    }
    expect(await counter.call('Incr', undefined, { signal: controller.signal })).toMatchObject({
      error: { message: 'the request was given up before it was sent' },
    });
  });

  test('refuses a deadline that is no number, and keeps the others', async () => {
    await start();
    const time = new ManualClock();
    const proxy = await Proxy.start(
      0,
      [{ up: Number.POSITIVE_INFINITY, down: 0, isSilent: true }],
      node.linesPort!,
    );
    const counter = client(proxy.port, { clock: time }).machine<Counter>(machineOf(first, 'Counter'));
    const before = counter.call('Incr', undefined, { deadlineMillis: 200 });
    expect(await counter.call('Incr', undefined, { deadlineMillis: Number.NaN })).toMatchObject({
      error: { code: 'bad-request', message: 'deadlineMillis is a number, and not NaN' },
    });
    const after = counter.call('Incr', undefined, { deadlineMillis: 100 });
    for (const reply of [after, before])
      expect(await passUntilThere(time, reply)).toMatchObject({ error: { timedOut: true } });
    expect(time.now()).toBe(200);
    await proxy.close();
  });

  test.each([0, -1, -5_000])('does not send what has a deadline of %d', async (deadlineMillis) => {
    await start();
    const counter = client().machine<Counter>(machineOf(first, 'Counter'));
    const late = await counter.call('Incr', undefined, { deadlineMillis });
    expect(late).toMatchObject({ ok: false, error: { kind: 'unreachable', timedOut: true } });
    expect(late).not.toHaveProperty('error.mayBeDone');
    expect(shown(await counter.call('Incr'))).toBe(1);
  });

  test('sends the next request where one that was on its way is given up', async () => {
    await start();
    let connections = 0;
    const port = await strangerAt((socket) => {
      connections++;
      socket.write(
        Buffer.concat([
          Buffer.from(FRAME_MAGIC),
          written((writer) =>
            writeWelcome(writer, { version: FRAME_VERSION, inFlightMax: 1, frameBytesMax: 1 << 20 }),
          ),
        ]),
      );
      socket.on('data', (chunk: Buffer) => {
        // The first has no answer.
        if (!chunk.includes('second')) return;
        const message = { id: 2, code: 'fault', message: 'no', path: null, retryMillis: 0 } as const;
        socket.write(written((writer) => writeError(writer, message)));
      });
    });
    const counter = client(port).machine<Counter>(machineOf(first, 'Counter'));
    const given = new AbortController();
    const lost = counter.call('Fail', { why: 'first' }, { signal: given.signal });
    const next = counter.call('Fail', { why: 'second' });
    setTimeout(() => given.abort(), 100);
    expect(await lost).toMatchObject({ ok: false, error: { mayBeDone: true } });
    expect(await next).toMatchObject({ ok: false, error: { code: 'fault' } });
    expect(connections).toBe(1);
  });

  test.each(['welcomed', 'not welcomed'])(
    'leaves a node that is silent, also where no request waits for as long (%s)',
    async (how) => {
      await start();
      const welcome = written((writer) =>
        writeWelcome(writer, { version: FRAME_VERSION, inFlightMax: 64, frameBytesMax: 1 << 20 }),
      );
      let connections = 0;
      const port = await strangerAt((socket) => {
        const isSilent = ++connections === 1;
        if (!isSilent || how === 'welcomed') socket.write(Buffer.concat([Buffer.from(FRAME_MAGIC), welcome]));
        socket.on('data', (chunk: Buffer) => {
          const id = /call (\d+)/.exec(chunk.toString('latin1'))?.[1];
          if (isSilent || id === undefined) return;
          const error = { id: Number(id), code: 'fault', message: 'no', path: null, retryMillis: 0 } as const;
          socket.write(written((writer) => writeError(writer, error)));
        });
      });
      const options = { silenceMillisMax: 400, deadlineMillis: 100 };
      const counter = client(port, options).machine<Counter>(machineOf(first, 'Counter'));
      let answer = '';
      for (let id = 1; id <= 500 && answer !== 'fault'; id++)
        answer = String(shown(await counter.call('Fail', { why: `call ${id}` })));
      expect(answer).toBe('fault');
    },
  );

  test('leaves a node that is silent for another connection', async () => {
    await start();
    const time = new ManualClock();
    // Takes everything and answers nothing, once.
    const proxy = await Proxy.start(
      0,
      [{ up: Number.POSITIVE_INFINITY, down: 0, isSilent: true }],
      node.linesPort!,
    );
    const counter = client(proxy.port, { clock: time, silenceMillisMax: 1_000 }).machine<Counter>(
      machineOf(first, 'Counter'),
    );
    const reply = counter.call('Incr');
    expect(shown(await passUntilThere(time, reply))).toBe(1);
    expect(proxy.connections).toBe(2);
    await proxy.close();
  });

  test('leaves a node that said goodbye, also where nothing is heard of it any more', async () => {
    await start();
    const far: Socket[] = [];
    let sockets = 0;
    const port = await strangerAt((near) => {
      const socket = createConnection({ port: node.linesPort!, host: '127.0.0.1' });
      socket.on('error', () => {}).on('data', (chunk) => near.write(chunk));
      // The end of the client is not taken note of: its side is never closed.
      near.on('data', (chunk) => socket.write(chunk));
      sockets++;
      far.push(near);
      closing.push({ close: () => socket.destroy() });
    });
    const counter = client(port).machine<Counter>(machineOf(first, 'Counter'));
    expect(shown(await counter.call('Incr'))).toBe(1);
    const left = new Promise((resolve) => far[0].on('end', resolve));
    far[0].write(written((writer) => writeGoodbye(writer)));
    await left;
    expect(shown(await counter.call('Incr'))).toBe(2);
    expect(sockets).toBe(2);
  });

  test('is patient with a node that takes connections and ends them', async () => {
    await start();
    const time = new ManualClock();
    let sockets = 0;
    const welcome = { version: FRAME_VERSION, inFlightMax: 1, frameBytesMax: 1_000 };
    const port = await strangerAt((near) => {
      sockets++;
      near.end(Buffer.concat([FRAME_MAGIC, written((writer) => writeWelcome(writer, welcome))]));
    });
    const patient = { clock: time, backoffMillisMin: 20, backoffMillisMax: 2_000 };
    const counter = client(port, patient).machine<Counter>(machineOf(first, 'Counter'));
    await passUntilThere(time, counter.call('Incr', undefined, { deadlineMillis: 20_000 }));
    // 20 ms, 40, … 2 s: about as many as doublings, and one each two seconds after that.
    expect(sockets).toBeGreaterThan(5);
    expect(sockets).toBeLessThan(40);
  });

  test('asks a node that has enough connections when it may come again', async () => {
    await start();
    const time = new ManualClock();
    const at: number[] = [];
    const full = { id: 0, code: 'overloaded', message: 'too many connections', path: null } as const;
    const port = await strangerAt((near) => {
      at.push(time.now());
      near.end(
        Buffer.concat([
          FRAME_MAGIC,
          written((writer) => writeError(writer, { ...full, retryMillis: 5_000 })),
        ]),
      );
    });
    const counter = client(port, { clock: time }).machine<Counter>(machineOf(first, 'Counter'));
    const reply = await passUntilThere(time, counter.call('Incr', undefined, { deadlineMillis: 18_000 }));
    expect(reply).toMatchObject({
      ok: false,
      error: { kind: 'unreachable', message: expect.stringMatching(/too many connections/) as string },
    });
    expect(at.length).toBeGreaterThan(1);
    for (const [i, now] of at.slice(1).entries()) expect(now - at[i]).toBeGreaterThanOrEqual(5_000);
  });

  test('is told by what speaks no frames', async () => {
    await start();
    const strange = createServer((socket) =>
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n').on('error', () => {}),
    );
    const port = await listen(strange);
    closing.push({ close: () => strange.close() });
    const counter = client(port).machine<Counter>(machineOf(first, 'Counter'));
    expect(shown(await counter.call('Incr'))).toBe('unexpected');
  });

  test('is patient with a node that is overloaded, up to its deadline', async () => {
    await start({ queuedEventsMax: 4 });
    const counter = client(node.linesPort!).machine<Counter>(machineOf(first, 'Counter'));
    const replies = await Promise.all(range(40).map(() => counter.call('Incr')));
    expect(replies.map(shown).toSorted((a, b) => Number(a) - Number(b))).toEqual(range(40));
    const hurried = await Promise.all(
      range(40).map(() => counter.call('Incr', undefined, { deadlineMillis: 60 })),
    );
    expect(hurried.map(shown)).toContain('overloaded');
  });

  test('goes on where a node stopped and another one came in its place', async () => {
    await start();
    const port = node.linesPort!;
    const counter = client().machine<Counter>(machineOf(first, 'Counter'));
    expect(shown(await counter.call('Incr'))).toBe(1);
    await node.close();
    const waiting = range(10).map(() => counter.call('Incr'));
    node = await startNode({ httpPort: 0, linesPort: port, journal });
    expect((await Promise.all(waiting)).map(shown).toSorted((a, b) => Number(a) - Number(b))).toEqual(
      range(10).map((each) => each + 1),
    );
  });
});

describe('a request that was lost, and is refused when it is sent again', () => {
  const welcome = written((writer) =>
    writeWelcome(writer, { version: FRAME_VERSION, inFlightMax: 64, frameBytesMax: 1 << 20 }),
  );
  /** Takes the first connection until a call came, and breaks it; refuses on the next. */
  async function refusing(first: 'welcomed' | 'refused', ...frames: readonly Uint8Array[]): Promise<number> {
    let connections = 0;
    return strangerAt((socket) => {
      if (++connections > 1) {
        const parts = first === 'welcomed' ? [welcome, ...frames] : frames;
        return void socket.write(Buffer.concat([Buffer.from(FRAME_MAGIC), ...parts]));
      }
      socket.write(Buffer.concat([Buffer.from(FRAME_MAGIC), welcome]));
      let bytes = 0;
      // What comes after the welcome is the call.
      socket.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (chunk.includes(CALL_BODY)) socket.destroy();
      });
    });
  }
  const CALL_BODY = Buffer.from('call me');
  const error = (code: ErrorFrame['code'], id: number): Uint8Array =>
    written((writer) => writeError(writer, { id, code, message: code, path: null, retryMillis: 0 }));

  test.each(['overloaded', 'stopping', 'gone', 'too-large', 'unknown-machine'] as const)(
    '%s: it may be done',
    async (code) => {
      await start();
      const port = await refusing('welcomed', error(code, 1));
      const counter = client(port).machine<Counter>(machineOf(first, 'Counter'));
      const reply = await counter.call(
        'Fail',
        { why: 'call me' },
        { deadlineMillis: code === 'stopping' ? 300 : 5_000 },
      );
      expect(reply).toMatchObject({ ok: false, error: { mayBeDone: true } });
    },
  );

  test('by the node as a whole: it may be done, and what never went out is not', async () => {
    await start();
    const port = await refusing('refused', error('unauthorized', 0));
    const frames = client(port, { inFlightMax: 1 });
    const counter = frames.machine<Counter>(machineOf(first, 'Counter'));
    const [lost, waiting] = await Promise.all([
      counter.call('Fail', { why: 'call me' }),
      counter.call('Incr'),
    ]);
    expect(lost).toMatchObject({ ok: false, error: { code: 'unauthorized', mayBeDone: true } });
    expect(waiting).toMatchObject({ ok: false, error: { code: 'unauthorized' } });
    expect(waiting).not.toHaveProperty('error.mayBeDone');
  });

  test('what waited until its deadline is not sent any more', async () => {
    await start();
    let now = 0;
    let calls = 0;
    const port = await strangerAt((socket) => {
      socket.write(Buffer.concat([Buffer.from(FRAME_MAGIC), welcome]));
      socket.on('data', (chunk: Buffer) => {
        if (!chunk.includes(CALL_BODY)) return;
        calls++;
        // Its timer is late, as when much is to be done at once.
        now = 1_000;
        socket.write(error('gone', 1));
      });
    });
    const clock = { now: () => now, after: () => () => {} };
    const frames = client(port, { inFlightMax: 1, deadlineMillis: 500, clock });
    const counter = frames.machine<Counter>(machineOf(first, 'Counter'));
    const [sent, late] = await Promise.all([1, 2].map(() => counter.call('Fail', { why: 'call me' })));
    expect(sent).toMatchObject({ error: { code: 'gone' } });
    expect(late).toMatchObject({ error: { kind: 'unreachable', timedOut: true } });
    expect(late).not.toHaveProperty('error.mayBeDone');
    expect(calls).toBe(1);
  });

  test('what was never lost says so itself', async () => {
    await start();
    for (const [code, mayBeDone] of [
      ['gone', undefined],
      ['in-doubt', true],
    ] as const) {
      const port = await strangerAt((socket) => {
        socket.write(Buffer.concat([Buffer.from(FRAME_MAGIC), welcome]));
        socket.on('data', (chunk: Buffer) => {
          if (chunk.includes(CALL_BODY)) socket.write(error(code, 1));
        });
      });
      const counter = client(port).machine<Counter>(machineOf(first, 'Counter'));
      const reply = await counter.call('Fail', { why: 'call me' });
      expect(reply).toMatchObject({ ok: false, error: { code } });
      expect(reply.ok ? null : reply.error.mayBeDone).toBe(mayBeDone);
    }
  });

  test('what a node that stops refuses is sent again, with the same id', async () => {
    await start();
    let calls = 0;
    const port = await strangerAt((socket) => {
      socket.write(Buffer.concat([Buffer.from(FRAME_MAGIC), welcome]));
      socket.on('data', (chunk: Buffer) => {
        if (chunk.includes(CALL_BODY)) socket.write(error(++calls === 1 ? 'stopping' : 'fault', 1));
      });
    });
    const counter = client(port).machine<Counter>(machineOf(first, 'Counter'));
    const reply = await counter.call('Fail', { why: 'call me' });
    expect(reply).toMatchObject({ ok: false, error: { code: 'fault' } });
    expect(calls).toBe(2);
  });

  test('by another refusal: it is not done', async () => {
    await start();
    const port = await refusing('welcomed', error('fault', 1));
    const counter = client(port).machine<Counter>(machineOf(first, 'Counter'));
    const reply = await counter.call('Fail', { why: 'call me' });
    expect(reply).toMatchObject({ ok: false, error: { code: 'fault' } });
    expect(reply).not.toHaveProperty('error.mayBeDone');
  });
});

describe('through connections that break at any byte', () => {
  test('each increment happens once', async () => {
    await start();
    let total = 0;
    let cuts = 0;
    await fc.assert(
      fc.asyncProperty(budgets, fc.integer({ min: 1, max: 60 }), async (each, count) => {
        const proxy = await Proxy.start(0, each, node.linesPort!);
        const frames = client(proxy.port);
        const counter = frames.machine<Counter>(machineOf(first, 'Counter'));
        const replies = await Promise.all(range(count).map(() => counter.call('Incr')));
        expect(replies.map(shown).toSorted((a, b) => Number(a) - Number(b))).toEqual(
          range(count).map((i) => total + i),
        );
        total += count;
        cuts += proxy.connections - 1;
        frames.close();
        await proxy.close();
      }),
      { numRuns: 150 },
    );
    expect(cuts).toBeGreaterThan(150);
    await node.close();
    node = await startNode({ httpPort: 0, linesPort: 0, journal });
    expect(shown(await client().machine<Counter>(machineOf(first, 'Counter')).call('Read'))).toBe(total);
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What listens at the port that is given, and is no node; it hears the end of the other side and stays. */
async function strangerAt(take: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    closing.push({ close: () => socket.destroy() });
    take(socket.on('error', () => {}));
    socket.resume();
  });
  closing.push({ close: () => server.close() });
  return listen(server);
}

function written(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter();
  write(writer);
  return writer.bytes();
}

async function passUntilThere<T>(time: ManualClock, promise: Promise<T>): Promise<T> {
  let isThere = false;
  void promise.then(() => (isThere = true));
  while (!isThere) {
    time.pass(10);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return promise;
}
