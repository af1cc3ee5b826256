import { createServer } from 'node:net';
import {
  connectFrames,
  connectHttp,
  type FrameClient,
  type FrameOptions,
  type MachineClient,
  machineOf,
} from '@smc/client';
import { MemoryJournal, type RunningNode, startNode } from '@smc/node';
import {
  type Bundle,
  ByteWriter,
  decodeClientFrame,
  encodeBundle,
  fingerprints,
  FRAME_MAGIC,
  FRAME_VERSION,
  FrameSplitter,
  writeError,
  writeWelcome,
} from '@smc/protocol';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { bundleOf } from './support/compile.ts';
import { budgets, type Counter, FIRST, first, listen, Proxy, QUICK, range, shown } from './support/framed.ts';

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

/** The first, and an operation that nothing before it serves. */
const GROWN = `
import "./first.sm" as old
${FIRST.slice(0, FIRST.indexOf('machine Account')).replace('on Read', 'on Total -> Int { get }\n  on Read')}
upgrade old.Counter -> Counter {}
`;

/** Of which the way back has no reply for large numbers. */
const STRICT = `
import "./first.sm" as old
${FIRST.slice(0, FIRST.indexOf('machine Account')).replace('on Incr', 'on Next -> Int {\n    n <- get\n    put -< n + 1\n    return -< n + 1\n  }\n  on Incr')}
upgrade old.Counter -> Counter {
  back on Next -> Incr reply n -> if n > 1 { fail("too large") } else { n }
}
`;

const STRANGER = `
machine Counter {
  state: Int = 0
  on Read -> String { return -< "no" }
}
`;

const second = bundleOf({ 'second.sm': SECOND, 'first.sm': FIRST });
const third = bundleOf({ 'third.sm': THIRD, 'second.sm': SECOND, 'first.sm': FIRST });
const again = bundleOf({ 'again.sm': AGAIN, 'third.sm': THIRD, 'second.sm': SECOND, 'first.sm': FIRST });
const fourth = bundleOf({
  'fourth.sm': FOURTH,
  'third.sm': THIRD,
  'second.sm': SECOND,
  'first.sm': FIRST,
});
const grown = bundleOf({ 'grown.sm': GROWN, 'first.sm': FIRST });
/** The images of a bundle alone: to begin with. */
const images = (bundle: Bundle): Uint8Array => encodeBundle({ ...bundle, upgrades: [] });

let node: RunningNode;
const closing: FrameClient[] = [];

async function start(): Promise<void> {
  node = await startNode({ httpPort: 0, linesPort: 0, journal: new MemoryJournal() });
  await deploy(images(first));
}

async function deploy(bundle: Uint8Array): Promise<void> {
  expect(await connectHttp(node.url!).deploy(bundle)).toMatchObject({ ok: true });
}

function client(port = node.linesPort!, options: FrameOptions = {}): FrameClient {
  const made = connectFrames(`127.0.0.1:${port}`, { ...QUICK, ...options });
  closing.push(made);
  return made;
}

afterEach(async () => {
  for (const each of closing.splice(0)) each.close();
  await node.close();
});

describe('a framed client, and upgrades', () => {
  test('speaks its interface through fifty upgrades under load, and sees what runs', async () => {
    await start();
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
    await start();
    const counter = client().machine<Counter>(machineOf(second, 'Counter'));
    // The way back takes one at a time.
    expect(shown(await counter.call('Add', { by: 5 }))).toEqual({ total: 1 });
    expect(shown(await counter.call('Read'))).toBe(1);
    await deploy(encodeBundle(second));
    expect(shown(await counter.call('Add', { by: 5 }))).toEqual({ total: 6 });
    const another = client().machine<Counter>(machineOf(second, 'Counter'));
    expect(shown(await another.call('Add', { by: 5 }))).toEqual({ total: 11 });
    const stranger = client().machine<Counter>({ image: bundleOf({ 'stranger.sm': STRANGER }).images[0] });
    expect(shown(await stranger.call('Read'))).toBe('unknown-interface');
  });

  test('says that a call was carried out of which no way back gives the reply', async () => {
    await start();
    const strict = bundleOf({ 'strict.sm': STRICT, 'first.sm': FIRST });
    const counter = client().machine<Counter & Record<'Next', Counter['Incr']>>(machineOf(strict, 'Counter'));
    expect(shown(await counter.call('Next'))).toBe(1);
    expect(await counter.call('Next')).toEqual({
      ok: false,
      error: {
        kind: 'refused',
        code: 'unexpected',
        message: 'the call was carried out, and no way back gives its reply: too large',
        status: 200,
        mayBeDone: true,
      },
    });
    expect(shown(await counter.call('Read'))).toBe(2);
  });

  test('uses the way back again where an older node came in the place of its own', async () => {
    await start();
    const port = node.linesPort!;
    const counter = client().machine<Counter>(machineOf(second, 'Counter'));
    await deploy(encodeBundle(second));
    expect(shown(await counter.call('Add', { by: 5 }))).toEqual({ total: 5 });
    await node.close();
    node = await startNode({ httpPort: 0, linesPort: port, journal: new MemoryJournal() });
    await deploy(images(first));
    expect(shown(await counter.call('Add', { by: 5 }))).toEqual({ total: 1 });
    await deploy(encodeBundle(second));
    expect(shown(await counter.call('Add', { by: 5 }))).toEqual({ total: 6 });
  });

  test('asks a node for what it had not before its upgrade', async () => {
    await start();
    const counter = client().machine<Counter>(machineOf(grown, 'Counter'));
    expect(shown(await counter.call('Total'))).toBe('gone');
    expect(shown(await counter.call('Incr'))).toBe(1);
    expect(shown(await counter.call('Total'))).toBe('gone');
    await deploy(encodeBundle(grown));
    expect(shown(await counter.call('Total'))).toBe(1);
  });

  test('has one deadline for a call, by whichever ways it goes', async () => {
    await start();
    let now = 0;
    const told: number[] = [];
    const welcome = { version: FRAME_VERSION, inFlightMax: 1, frameBytesMax: 1_000 };
    const server = createServer((socket) => {
      const splitter = new FrameSplitter(1_000);
      const output = new ByteWriter();
      output.raw(FRAME_MAGIC);
      writeWelcome(output, welcome);
      socket
        .on('error', () => {})
        .once('data', (magic) => {
          socket.on('data', (chunk) => answer(chunk));
          answer(magic.subarray(FRAME_MAGIC.length));
        });
      function answer(chunk: Buffer): void {
        splitter.push(chunk);
        while (splitter.next()) {
          const frame = decodeClientFrame(splitter.bytes, splitter.start, splitter.end);
          if (!frame.ok || frame.value.kind !== 'call') continue;
          told.push(frame.value.deadlineMillis);
          now += 60;
          const error = { code: 'unknown-interface', message: '', path: null, retryMillis: 0 } as const;
          writeError(output, { id: frame.value.id, ...error });
        }
        socket.write(output.bytes());
        output.clear();
      }
    });
    const clock = { now: () => now, after: () => () => {} };
    const frames = client(await listen(server), { clock });
    const counter = frames.machine<Counter>(machineOf(second, 'Counter'));
    const reply = await counter.call('Add', { by: 5 }, { deadlineMillis: 100 });
    expect(shown(reply)).toBe('unknown-interface');
    expect(told).toEqual([100, 40]);
    server.close();
  });

  test('speaks to nodes of any version before its own, and old clients to any after theirs', async () => {
    await start();
    const newestOf = (): MachineClient<Counter> =>
      client().machine<Counter>(machineOf(fourth, 'Counter', third, second));
    const newest = newestOf();
    const oldest = client().machine<Counter>(machineOf(first, 'Counter'));
    const http = connectHttp(node.url!);
    const spoken = { interface: fingerprints(first.images[0]).interface };
    let total = 0;
    for (const bundle of [null, second, third, fourth]) {
      if (bundle !== null) await deploy(encodeBundle(bundle));
      // The way back of the second takes one at a time.
      const change = { by: 1, why: 'gift' };
      const why = bundle === fourth ? 'gift' : 'as before';
      expect(shown(await newest.call('Change', change))).toEqual({ now: ++total, why });
      expect(shown(await newest.call('Total'))).toBe(total);
      expect(shown(await oldest.call('Incr'))).toBe(++total);
      expect(shown(await oldest.call('Read'))).toBe(total);
      expect(await http.call('Counter', 'Incr', '', spoken)).toMatchObject({
        value: { text: String(++total) },
      });
      expect(await http.callText('Counter', 'Read', spoken)).toMatchObject({
        value: { text: String(total) },
      });
      expect(shown(await newestOf().call('Change', change))).toEqual({ now: ++total, why });
    }
    expect(shown(await oldest.call('Fail', { why: 'x' }))).toBe('gone');
    expect(() => client().machine(machineOf(fourth, 'Counter', first))).toThrow(
      /is not from the version before/,
    );
  });

  test('each call of a newer client happens once, by one way or the other', async () => {
    await start();
    let cuts = 0;
    await fc.assert(
      fc.asyncProperty(budgets, fc.integer({ min: 1, max: 30 }), async (each, count) => {
        await node.close();
        await start();
        const proxy = await Proxy.start(0, each, node.linesPort!);
        const frames = client(proxy.port);
        const counter = frames.machine<Counter>(machineOf(second, 'Counter'));
        const add = (): ReturnType<typeof counter.call<'Add'>> => counter.call('Add', { by: 2 });
        const before = range(count).map(add);
        await Promise.race(before);
        await deploy(encodeBundle(second));
        const after = range(count).map(add);
        const replies = await Promise.all([...before, ...after]);
        const totals = replies.map((reply) => (reply.ok ? reply.value.value.total : Number.NaN));
        const sorted = totals.toSorted((a, b) => a - b);
        const steps = new Map(sorted.map((total, i) => [total, total - (sorted[i - 1] ?? 0)]));
        // The way back takes one at a time: nothing goes by it once the node was upgraded.
        for (const [i, total] of totals.entries()) {
          expect(i < count ? [1, 2] : [2]).toContain(steps.get(total));
        }
        expect(shown(await counter.call('Read'))).toBe(sorted.at(-1));
        cuts += proxy.connections - 1;
        frames.close();
        await proxy.close();
      }),
      { numRuns: 30 },
    );
    expect(cuts).toBeGreaterThan(30);
  });
});
