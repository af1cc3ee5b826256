import { readFileSync } from 'node:fs';
import {
  encodeBundle,
  fingerprints,
  OP,
  STRING,
  TypeTable,
  type Bundle,
  type Image,
  type Upgrade,
} from '@smc/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { bundleOf } from '../support/compile.ts';
import { LineConnection, startNodeProcess, type NodeProcess } from '../support/process.ts';

/**
 * What no compiler makes, sent to a real node that runs a counter: each piece is refused with its
 * own error, or faults, and the counter counts on.
 */
const conformance = new URL('../conformance/upgrade/', import.meta.url);
const source = (name: string): string => readFileSync(new URL(name, conformance), 'utf8');
const v1 = bundleOf({ 'counter-v1.sm': source('counter-v1.sm') });
const v2 = bundleOf({ 'counter-v2.sm': source('counter-v2.sm'), 'counter-v1.sm': source('counter-v1.sm') });

let node: NodeProcess;
let count = 0;

beforeAll(async () => {
  node = await startNodeProcess();
  expect(await put(encodeBundle(v1))).toMatchObject({ status: 200 });
});

afterAll(async () => {
  expect(await node.stop()).toBe(0);
});

/** Whatever a test sends, the counter was not touched by it, and counts on. */
beforeEach(async () => {
  const client = await LineConnection.open(node.tcpPort);
  expect(await client.ask('Counter ReadCount')).toBe(`ok ${count}`);
  expect(await client.ask('Counter IncrCount')).toBe('ok ()');
  count++;
  const machines = (await (await fetch(`${node.url}/_smc/machines`)).json()) as {
    name: string;
    code: string;
  }[];
  const running = machines.find(({ name }) => name === 'Counter');
  expect(running?.code).toBe(fingerprints(v1.images[0]).code);
  client.close();
});

interface Answer {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

async function put(bundle: Uint8Array, query = ''): Promise<Answer> {
  const response = await fetch(`${node.url}/_smc/machines${query}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream' },
    body: bundle as Uint8Array<ArrayBuffer>,
  });
  const { error } = (await response.json()) as { error?: { code: string; message: string } };
  return { status: response.status, code: error?.code ?? '', message: error?.message ?? '' };
}

/** The bundle of version 2 with its upgrade changed. */
const withUpgrade = (change: Partial<Upgrade>): Bundle => ({
  ...v2,
  upgrades: [{ ...v2.upgrades[0], ...change }],
});

/** The bundle of version 2 with the image changed. */
const withImage = (change: Partial<Image>): Bundle => ({ ...v2, images: [{ ...v2.images[0], ...change }] });

test('a migration to another type than that of the new state is ill-typed', async () => {
  const types = new TypeTable();
  const int = v2.images[0].state;
  const to = types.record([{ name: 'count', type: STRING }]);
  const code = Int32Array.from([OP.INT_TO_STRING, OP.RECORD, to, OP.RETURN]);
  const unit = { types, constants: [], functions: [{ from: int, to, code }] };
  const answer = await put(encodeBundle(withUpgrade({ unit, migration: 0, back: null })));
  expect(answer).toMatchObject({ status: 422, code: 'ill-typed' });
  expect(answer.message).toMatch(/gives \{ count: String \}, the new state is Int/);
});

test('a migration whose code does not have its type is unverified', async () => {
  const unit = v2.upgrades[0].unit;
  const functions = unit.functions.map((f) => ({
    ...f,
    code: Int32Array.from([OP.INT_TO_STRING, OP.RETURN]),
  }));
  const answer = await put(encodeBundle(withUpgrade({ unit: { ...unit, functions } })));
  expect(answer).toMatchObject({ status: 422, code: 'unverified' });
});

test('a migration that does not read the old state is lossy', async () => {
  const { types } = v2.upgrades[0].unit;
  const code = Int32Array.from([OP.QUOTE, 0, OP.RETURN]);
  const unit = { types, constants: [{ type: 1, value: 0 }], functions: [{ from: 1, to: 1, code }] };
  const answer = await put(encodeBundle(withUpgrade({ unit, migration: 0, back: null })));
  expect(answer).toMatchObject({ status: 422, code: 'lossy' });
});

test('an upgrade from another version is stale, whatever else is wrong with it', async () => {
  const code = '0123456789abcdef'.repeat(4);
  const unit = v2.upgrades[0].unit;
  const functions = unit.functions.map((f) => ({ ...f, code: Int32Array.from([OP.RETURN, OP.RETURN]) }));
  const old = { ...v2.upgrades[0].old, code };
  const answer = await put(encodeBundle(withUpgrade({ old, unit: { ...unit, functions } })));
  expect(answer).toMatchObject({ status: 409, code: 'stale' });
  expect(answer.message).toContain('0123456789ab');
  expect(answer.message).toContain(fingerprints(v1.images[0]).code.slice(0, 12));
});

test('a bundle that ends early is malformed, wherever it ends', async () => {
  const bytes = encodeBundle(v2);
  for (let length = 0; length < bytes.length; length += 7) {
    expect(await put(bytes.slice(0, length)), `${length} bytes`).toMatchObject({
      status: 422,
      code: 'malformed',
    });
  }
});

test('a bundle with a flipped byte never goes through as what it is not', async () => {
  const bytes = encodeBundle(v2);
  const codes = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
      const flipped = Uint8Array.from(bytes);
      flipped[at] ^= mask;
      // Only judged: a changed constant in the new code is another program, and a good one.
      const { status, code } = await put(flipped, '?dry-run=1');
      expect([200, 400, 409, 422]).toContain(status);
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }),
    { numRuns: 300 },
  );
  expect(codes.get('malformed')).toBeGreaterThan(100);
  expect(codes.get('stale')).toBeGreaterThan(0);
});

test('a flipped byte in the middle of the code is refused', async () => {
  const bytes = encodeBundle(v2);
  const at = bytes.findIndex((byte, i) => byte === OP.PUT && bytes[i + 1] === OP.RETURN);
  expect(at).toBeGreaterThan(0);
  const flipped = Uint8Array.from(bytes);
  flipped[at] ^= 0x80;
  expect(await put(flipped)).toMatchObject({ status: 422, code: 'malformed' });
});

test('a jump out of bounds is unverified', async () => {
  const [image] = v2.images;
  const types = new TypeTable();
  const pair = types.pair(1, 2);
  const code = Int32Array.from([OP.BRANCH, 9_999, 10_000, OP.RETURN]);
  const functions = [...image.unit.functions, { from: pair, to: 1, code }];
  const operations = [
    {
      name: 'Jump',
      parameters: ['a', 'b'].map((name, i) => ({ name, type: i + 1, default: null })),
      reply: 1,
      body: functions.length - 1,
    },
    ...image.operations,
  ].sort((a, b) => (a.name < b.name ? -1 : 1));
  const debug = [{ ...v2.debug[0], functions: functions.map(() => ({ name: '', positions: [] })) }];
  const unit = { ...image.unit, types, functions };
  const answer = await put(encodeBundle({ ...withImage({ unit, operations }), debug }));
  expect(answer).toMatchObject({ status: 422, code: 'unverified' });
  expect(answer.message).toMatch(/out of bounds/);
});

test('bytes that say the same in another way are malformed', async () => {
  const bytes = encodeBundle(v2);
  // The count of images, as a varint of two bytes where one is enough.
  const at = bytes.indexOf(1, 4);
  const longer = Uint8Array.from([...bytes.slice(0, at), 0x81, 0x00, ...bytes.slice(at + 1)]);
  expect(await put(longer)).toMatchObject({ status: 422, code: 'malformed' });
  expect(await put(Uint8Array.from([...bytes, 0]))).toMatchObject({ status: 422, code: 'malformed' });
});

test('functions that each call the one before twice run out of fuel, and the machine goes on', async () => {
  const chain = Array.from({ length: 60 }, (_, i) => `fun f${i + 1}(n: Int) -> Int = f${i}(n) - f${i}(n)`);
  const program = `fun f0(n: Int) -> Int = n\n${chain.join('\n')}
machine Chain {
  state: Int = 7
  on Run(n: Int) -> Int {
    put -< n
    return -< f60(n)
  }
  on Read -> Int { get }
}`;
  expect(await put(encodeBundle(bundleOf({ 'chain.sm': program })))).toMatchObject({ status: 200 });
  const client = await LineConnection.open(node.tcpPort);
  expect(await client.ask('Chain Run(1)')).toBe('error fault out of fuel');
  expect(await client.ask('Chain Read')).toBe('ok 7');
  client.close();
});

test('a string doubled 60 times is a value too large, and the machine goes on', async () => {
  const doublings = Array.from({ length: 60 }, (_, i) => `    let s${i + 1} = s${i} ++ s${i}`);
  const program = `machine Doubling {
  state: String = "x"
  on Grow {
    s0 <- get
${doublings.join('\n')}
    put -< s60
  }
  on Read -> String { get }
}`;
  expect(await put(encodeBundle(bundleOf({ 'doubling.sm': program })))).toMatchObject({ status: 200 });
  const client = await LineConnection.open(node.tcpPort);
  expect(await client.ask('Doubling Grow')).toBe('error fault value too large');
  expect(await client.ask('Doubling Read')).toBe('ok "x"');
  client.close();
});

test('the counter went through it all', async () => {
  const history = (await (await fetch(`${node.url}/_smc/machines/Counter/history`)).json()) as {
    kind: string;
  }[];
  expect(history.filter(({ kind }) => kind === 'deployment')).toHaveLength(1);
  expect(history.filter(({ kind }) => kind === 'upgrade')).toHaveLength(0);
});
