import { createConnection, createServer, type Server, type Socket } from 'node:net';
import {
  type ClientClock,
  connectFrames,
  connectHttp,
  type FrameClient,
  type FrameOptions,
  machineOf,
  type Result,
} from '@smc/client';
import { MemoryJournal, type NodeLimits, type RunningNode, startNode } from '@smc/node';
import {
  type Bundle,
  ByteWriter,
  encodeBundle,
  fingerprints,
  FRAME_MAGIC,
  FRAME_VERSION,
  writeError,
  writeGoodbye,
  writeWelcome,
} from '@smc/protocol';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { bundleOf } from './support/compile.ts';

const FIRST = `
machine Counter {
  state: Int = 0
  on Read -> Int { get }
  on Incr -> Int {
    n <- get
    put -< n + 1
    return -< n + 1
  }
  on Fail(why: String) -> Int { fail -< why }
}

machine Account(owner: String) {
  state { balance: Int = 0 }
  on Deposit(amount: Int, note: String = "") -> { balance: Int } {
    s <- get
    put -< { balance: s.balance + amount }
    return -< { balance: s.balance + amount }
  }
}
`;

const SECOND = `
import "./first.sm" as old

machine Counter {
  state { total: Int = 0 }
  on Read -> Int {
    s <- get
    return -< s.total
  }
  on Add(by: Int) -> { total: Int } {
    s <- get
    put -< { total: s.total + by }
    return -< { total: s.total + by }
  }
}

upgrade old.Counter -> Counter {
  state n -> { total: n }
  back s -> s.total
  on Incr -> Add(by: 1) reply r -> r.total
  back on Add(_) -> Incr reply n -> { total: n }
  drop Fail
}
`;

/** Of the interface of the second, with the state of the first. */
const THIRD = `
import "./second.sm" as old

machine Counter {
  state: Int = 0
  on Read -> Int { get }
  on Add(by: Int) -> { total: Int } {
    n <- get
    put -< n + by
    return -< { total: n + by }
  }
}

upgrade old.Counter -> Counter {
  state s -> s.total
  back n -> { total: n }
}
`;

/** The second to the letter, reached from the third. */
const AGAIN = `
import "./third.sm" as old
${SECOND.slice(SECOND.indexOf('machine'), SECOND.indexOf('upgrade'))}
upgrade old.Counter -> Counter {
  state n -> { total: n }
  back s -> s.total
}
`;

/** Says its total in another way, and counts nothing but what it is given in full. */
const FOURTH = `
import "./third.sm" as old

machine Counter {
  state: Int = 0
  on Total -> Int { get }
  on Change(by: Int, why: String) -> { now: Int, why: String } {
    n <- get
    put -< n + by
    return -< { now: n + by, why: why }
  }
}

upgrade old.Counter -> Counter {
  on Read -> Total
  on Add(by) -> Change(by: by, why: "added") reply r -> { total: r.now }
  back on Total -> Read
  back on Change(by, why) -> Add(by: by) reply r -> { now: r.total, why: "as before" }
}
`;

const STRANGER = `
machine Counter {
  state: Int = 0
  on Read -> String { return -< "no" }
}
`;

const first = bundleOf({ 'first.sm': FIRST });
const second = bundleOf({ 'second.sm': SECOND, 'first.sm': FIRST });
const third = bundleOf({ 'third.sm': THIRD, 'second.sm': SECOND, 'first.sm': FIRST });
const again = bundleOf({ 'again.sm': AGAIN, 'third.sm': THIRD, 'second.sm': SECOND, 'first.sm': FIRST });
const fourth = bundleOf({
  'fourth.sm': FOURTH,
  'third.sm': THIRD,
  'second.sm': SECOND,
  'first.sm': FIRST,
});
/** The images of a bundle alone: to begin with. */
const images = (bundle: Bundle): Uint8Array => encodeBundle({ ...bundle, upgrades: [] });

type Counter = {
  Read: { input: undefined; reply: number };
  Incr: { input: undefined; reply: number };
  Add: { input: { by: number }; reply: { total: number } };
  Fail: { input: { why: string }; reply: number };
  Total: { input: undefined; reply: number };
  Change: { input: { by: number; why: string }; reply: { now: number; why: string } };
};
type Account = { Deposit: { input: { amount: number; note?: string }; reply: { balance: number } } };

let node: RunningNode;
let journal: MemoryJournal;
const closing: { close(): unknown }[] = [];

async function start(bundle: Bundle, limits: Partial<NodeLimits> = {}): Promise<void> {
  journal = new MemoryJournal();
  node = await startNode({ httpPort: 0, linesPort: 0, limits, journal });
  await deploy(images(bundle));
}

async function deploy(bundle: Uint8Array): Promise<void> {
  expect(await connectHttp(node.url!).deploy(bundle)).toMatchObject({ ok: true });
}

/** A client whose attempts come one soon after the other, and at the same times in every run. */
function client(port = node.linesPort!, options: FrameOptions = {}): FrameClient {
  const quick = { backoffMillisMin: 1, backoffMillisMax: 4, random: () => 0.5 };
  const made = connectFrames(`127.0.0.1:${port}`, { ...quick, ...options });
  closing.push(made);
  return made;
}

afterEach(async () => {
  for (const each of closing.splice(0)) await each.close();
  await node.close();
});

/** The value, or the code of the error. */
function shown<T>(result: Result<{ readonly value: T }>): T | string {
  if (result.ok) return result.value.value;
  return result.error.kind === 'refused' ? result.error.code : result.error.message;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

describe('a framed client', () => {
  test('calls operations by name, with data in and out', async () => {
    await start(first);
    const counter = client().machine<Counter>(machineOf(first, 'Counter'));
    const account = client().machine<Account>(machineOf(first, 'Account'));
    expect(shown(await counter.call('Incr'))).toBe(1);
    expect(shown(await counter.call('Fail', { why: 'no' }))).toBe('fault');
    expect(await counter.call('Fail', { why: 3 } as never)).toMatchObject({
      ok: false,
      error: { code: 'bad-request', status: 400, path: '$.why' },
    });
    expect(shown(await counter.call('Dance' as never))).toBe('unknown-operation');
    const [alice, bob] = [account.instance('alice'), account.instance('bob')];
    expect(shown(await alice.call('Deposit', { amount: 5 }))).toEqual({ balance: 5 });
    expect(shown(await bob.call('Deposit', { amount: 2, note: 'x' }))).toEqual({ balance: 2 });
    expect(shown(await alice.call('Deposit', { amount: 1 }))).toEqual({ balance: 6 });
    expect(shown(await account.call('Deposit', { amount: 1 }))).toBe('bad-request');
  });

  test('has many requests on their way, and their replies are those of an order', async () => {
    await start(first, { frameInFlightMax: 64 });
    const counters = range(4).map(() => client().machine<Counter>(machineOf(first, 'Counter')));
    const replies = await Promise.all(range(4_000).map((i) => counters[i % 4].call('Incr')));
    expect(replies.map(shown).toSorted((a, b) => Number(a) - Number(b))).toEqual(range(4_000));
  });

  test('speaks its interface through fifty upgrades under load, and sees what runs', async () => {
    await start(first);
    const counters = range(5).map(() => client().machine<Counter>(machineOf(first, 'Counter')));
    const replies: (number | string)[] = [];
    const codes = new Set<string>();
    let isDone = false;
    const loads = counters.map(async (counter) => {
      while (!isDone) {
        for (const reply of await Promise.all(range(8).map(() => counter.call('Incr')))) {
          replies.push(shown(reply));
          if (reply.ok) codes.add(reply.value.code);
        }
      }
    });
    try {
      for (let i = 0; i < 50; i++) {
        const before = replies.length;
        while (replies.length < before + 40) await new Promise((resolve) => setImmediate(resolve));
        await deploy(encodeBundle(i === 0 ? second : i % 2 === 1 ? third : again));
      }
    } finally {
      isDone = true;
    }
    await Promise.all(loads);
    expect(replies.toSorted((a, b) => Number(a) - Number(b))).toEqual(range(replies.length));
    expect(codes.size).toBe(3);
  });

  test('that is newer than its node uses the way back, until the node was upgraded', async () => {
    await start(first);
    const counter = client().machine<Counter>(machineOf(second, 'Counter'));
    expect(shown(await counter.call('Add', { by: 1 }))).toEqual({ total: 1 });
    expect(shown(await counter.call('Read'))).toBe(1);
    await deploy(encodeBundle(second));
    expect(shown(await counter.call('Add', { by: 1 }))).toEqual({ total: 2 });
    const another = client().machine<Counter>(machineOf(second, 'Counter'));
    expect(shown(await another.call('Add', { by: 5 }))).toEqual({ total: 7 });
    const stranger = client().machine<Counter>({ image: bundleOf({ 'stranger.sm': STRANGER }).images[0] });
    expect(shown(await stranger.call('Read'))).toBe('unknown-interface');
  });

  test('speaks to nodes of any version before its own, and old clients to any after theirs', async () => {
    await start(first);
    const newest = client().machine<Counter>(machineOf(fourth, 'Counter', third, second));
    const oldest = client().machine<Counter>(machineOf(first, 'Counter'));
    const http = connectHttp(node.url!);
    const spoken = { interface: fingerprints(first.images[0]).interface };
    let total = 0;
    for (const bundle of [null, second, third, fourth]) {
      if (bundle !== null) await deploy(encodeBundle(bundle));
      // It goes on as it began: the way back of the second takes one at a time.
      const change = { by: 1, why: 'gift' };
      expect(shown(await newest.call('Change', change))).toEqual({ now: ++total, why: 'as before' });
      expect(shown(await newest.call('Total'))).toBe(total);
      expect(shown(await oldest.call('Incr'))).toBe(++total);
      expect(shown(await oldest.call('Read'))).toBe(total);
      expect(await http.call('Counter', 'Incr', '', spoken)).toMatchObject({
        value: { text: String(++total) },
      });
      expect(await http.callText('Counter', 'Read', spoken)).toMatchObject({
        value: { text: String(total) },
      });
      const fresh = client().machine<Counter>(machineOf(fourth, 'Counter', third, second));
      const why = bundle === fourth ? 'gift' : 'as before';
      expect(shown(await fresh.call('Change', change))).toEqual({ now: ++total, why });
    }
    expect(shown(await oldest.call('Fail', { why: 'x' }))).toBe('gone');
    expect(() => client().machine(machineOf(fourth, 'Counter', first))).toThrow(
      /is not from the version before/,
    );
  });

  test('waits for a node that is not there yet, and tells why there is no answer', async () => {
    await start(first);
    const port = await freePort();
    const counter = client(port).machine<Counter>(machineOf(first, 'Counter'));
    expect(await counter.call('Incr', undefined, { deadlineMillis: 30 })).toMatchObject({
      ok: false,
      error: { kind: 'unreachable', timedOut: true, message: expect.stringMatching(/nothing listens there/) },
    });
    const waiting = counter.call('Incr');
    const proxy = await Proxy.start(port, []);
    expect(shown(await waiting)).toBe(1);
    await proxy.close();
  });

  test('gives requests up by their signal', async () => {
    await start(first);
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

  test('leaves a node that is silent for another connection', async () => {
    await start(first);
    const time = new ManualClock();
    // Takes everything and answers nothing, once.
    const proxy = await Proxy.start(0, [{ up: Number.POSITIVE_INFINITY, down: 0, isSilent: true }]);
    const counter = client(proxy.port, { clock: time, silenceMillisMax: 1_000 }).machine<Counter>(
      machineOf(first, 'Counter'),
    );
    const reply = counter.call('Incr');
    expect(shown(await passUntilThere(time, reply))).toBe(1);
    expect(proxy.connections).toBe(2);
    await proxy.close();
  });

  test('leaves a node that said goodbye, also where nothing is heard of it any more', async () => {
    await start(first);
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
    await start(first);
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
    await start(first);
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
    await start(first);
    const strange = createServer((socket) =>
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n').on('error', () => {}),
    );
    const port = await listen(strange);
    closing.push({ close: () => strange.close() });
    const counter = client(port).machine<Counter>(machineOf(first, 'Counter'));
    expect(shown(await counter.call('Incr'))).toBe('unexpected');
  });

  test('is patient with a node that is overloaded, up to its deadline', async () => {
    await start(first, { queuedEventsMax: 4 });
    const counter = client(node.linesPort!).machine<Counter>(machineOf(first, 'Counter'));
    const replies = await Promise.all(range(40).map(() => counter.call('Incr')));
    expect(replies.map(shown).toSorted((a, b) => Number(a) - Number(b))).toEqual(range(40));
    const hurried = await Promise.all(
      range(40).map(() => counter.call('Incr', undefined, { deadlineMillis: 60 })),
    );
    expect(hurried.map(shown)).toContain('overloaded');
  });

  test('goes on where a node stopped and another one came in its place', async () => {
    await start(first);
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

describe('through connections that break at any byte', () => {
  test('each increment happens once', { timeout: 120_000 }, async () => {
    const budget = fc.record({
      up: fc.oneof(fc.nat({ max: 200 }), fc.nat({ max: 3_000 })),
      down: fc.oneof(fc.nat({ max: 100 }), fc.nat({ max: 2_000 })),
      isSilent: fc.constant(false),
    });
    await start(first);
    let total = 0;
    let cuts = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(budget, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 60 }),
        async (budgets, count) => {
          const proxy = await Proxy.start(0, budgets);
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
        },
      ),
      { numRuns: 150 },
    );
    expect(cuts).toBeGreaterThan(150);
    await node.close();
    node = await startNode({ httpPort: 0, linesPort: 0, journal });
    expect(shown(await client().machine<Counter>(machineOf(first, 'Counter')).call('Read'))).toBe(total);
  });
});

/** Bytes that go through in each direction before a connection is cut; or, where it is silent, are swallowed. */
interface Budget {
  readonly up: number;
  readonly down: number;
  readonly isSilent: boolean;
}

/** Stands between client and node; its first connections have budgets, later ones none. */
class Proxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  connections = 0;
  port = 0;

  private constructor(budgets: readonly Budget[]) {
    this.#server = createServer((near) => {
      const budget = budgets[this.connections++] ?? { up: Infinity, down: Infinity, isSilent: false };
      const far = createConnection({ port: node.linesPort!, host: '127.0.0.1' });
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => {
          this.#sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
      forward(near, far, budget.up, budget.isSilent);
      forward(far, near, budget.down, budget.isSilent);
    });
  }

  static async start(port: number, budgets: readonly Budget[]): Promise<Proxy> {
    const proxy = new Proxy(budgets);
    proxy.port = await listen(proxy.#server, port);
    return proxy;
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

function forward(from: Socket, to: Socket, budget: number, isSilent: boolean): void {
  let left = budget;
  from.on('data', (chunk: Buffer) => {
    to.write(chunk.subarray(0, Math.min(left, chunk.length)));
    left -= chunk.length;
    if (left >= 0 || isSilent) return;
    // What came through so far arrives.
    to.end();
    from.destroy();
  });
}

function listen(server: Server, port = 0): Promise<number> {
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
}

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

/** A clock that stands still until time is said to pass. */
class ManualClock implements ClientClock {
  #now = 0;
  readonly #timers = new Set<{ at: number; action: () => void }>();

  now(): number {
    return this.#now;
  }

  after(millis: number, action: () => void): () => void {
    const timer = { at: this.#now + millis, action };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  pass(millis: number): void {
    this.#now += millis;
    for (const timer of [...this.#timers]) {
      if (timer.at > this.#now) continue;
      this.#timers.delete(timer);
      timer.action();
    }
  }
}
