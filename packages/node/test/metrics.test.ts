import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ByteWriter,
  fingerprints,
  FRAME_MAGIC,
  openBundle,
  writeCall,
  writeHello,
  writeMachine,
} from '@smc/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Reply } from '../src/event.ts';
import { DiskJournal } from '../src/journal/disk/journal.ts';
import type { LogWriter } from '../src/journal/writer.ts';
import { Durations } from '../src/metrics.ts';
import { type RunningNode, startNode } from '../src/node.ts';
import { Deployment } from '../src/upgrade/deployment.ts';
import { account } from './accounts.ts';
import { bundleOf, counter, labelled, toLabelled, upgradeBundle } from './images.ts';
import { post, put, send } from './requests.ts';
import { WaitingJournal } from './waiting-journal.ts';

/** What `/_smc/metrics` tells, in the text form of Prometheus. */

let node: RunningNode;

beforeEach(async () => {
  node = await startNode({ httpPort: 0, linesPort: null });
});

afterEach(() => node.close());

/** Samples by name and labels, `smc_inputs_total{machine="Counter",outcome="ok"}`. */
async function scrape(of = node): Promise<ReadonlyMap<string, number>> {
  const reply = await send(of, '/_smc/metrics');
  expect(reply).toMatchObject({ status: 200 });
  expect(reply.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  const samples = reply.body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    samples.map((line) => {
      const [, name, value] = /^(\S+?(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
      // The library has no mean of the event loop that soon after the last time that it was asked.
      if (value !== 'Nan') expect(Number(value), line).not.toBeNaN();
      return [name, Number(value)];
    }),
  );
}

it('counts requests that are kept, and those that have their reply still', async () => {
  const small = await startNode({ httpPort: 0, linesPort: null, limits: { keptBytesMax: 20_000 } });
  const why = JSON.stringify({ why: 'x'.repeat(900) });
  await put(small, bundleOf(counter()));
  for (let i = 0; i < 20; i++) await post(small, '/Counter/Refuse', why, { 'idempotency-key': `${i}` });
  const seen = await scrape(small);
  expect(seen.get('smc_kept_requests{machine="Counter"}')).toBe(20);
  const replies = seen.get('smc_kept_replies{machine="Counter"}');
  expect(replies).toBeGreaterThan(1);
  expect(replies).toBeLessThan(20);
  await small.close();
});

it('counts inputs by machine and outcome, and how long they took', async () => {
  await put(node, bundleOf(counter()));
  for (let i = 0; i < 5; i++) await post(node, '/Counter/Incr');
  await post(node, '/Counter/Refuse', '{"why":"x"}');
  await send(node, '/Counter/Read');
  const seen = await scrape();
  expect(seen.get('smc_inputs_total{machine="Counter",outcome="ok"}')).toBe(5);
  expect(seen.get('smc_inputs_total{machine="Counter",outcome="fault"}')).toBe(1);
  // Those that only read have a duration too, and no entry in the log.
  expect(seen.get('smc_input_duration_seconds_count')).toBe(7);
  expect(seen.get('smc_input_duration_seconds_bucket{le="+Inf"}')).toBe(7);
  expect(seen.get('smc_input_duration_seconds_sum')).toBeGreaterThan(0);
  expect(seen.get('smc_journal_commit_seconds_count')).toBeGreaterThanOrEqual(7);
  expect(seen.get('smc_queue_depth')).toBe(0);
  expect(seen.get('smc_machines')).toBe(1);
  expect(seen.get('smc_instances{machine="Counter"}')).toBe(1);
  expect(seen.get('smc_state_size_bytes{machine="Counter"}')).toBeGreaterThan(0);
  // Of the process, from the library.
  expect(seen.get('process_resident_memory_bytes')).toBeGreaterThan(0);
});

it('counts upgrades by what became of them, and the pauses of those that were swapped in', async () => {
  const upgrade = upgradeBundle(labelled(), toLabelled(counter()));
  await put(node, bundleOf(counter()));
  await put(node, bundleOf(counter()));
  await put(node, upgrade, '?dry-run=1');
  await put(node, upgrade, '?mode=upgrade');
  await put(node, bundleOf(counter()).slice(0, 40));
  const seen = await scrape();
  const results = [...seen].filter(([name]) => name.startsWith('smc_upgrades_total'));
  expect(Object.fromEntries(results)).toMatchObject({
    'smc_upgrades_total{result="deployed"}': 1,
    'smc_upgrades_total{result="unchanged"}': 1,
    'smc_upgrades_total{result="upgraded"}': 1,
    'smc_upgrades_total{result="malformed"}': 1,
  });
  expect(seen.get('smc_upgrade_pause_seconds_count')).toBe(1);
});

it('tells how long the swap of an upgrade took, and that alone', async () => {
  let now = 0;
  const timed = await startNode({ httpPort: 0, linesPort: null, stopwatch: () => now });
  const { finish } = Deployment.prototype as { finish: (this: Deployment, log: LogWriter) => Reply };
  const swap = vi.spyOn(Deployment.prototype, 'finish').mockImplementation(function (this: Deployment, log) {
    now += 250;
    return finish.call(this, log);
  });
  await put(timed, bundleOf(counter()));
  now += 4_000;
  expect(await put(timed, upgradeBundle(labelled(), toLabelled(counter())))).toMatchObject({ status: 200 });
  now += 4_000;
  const seen = await scrape(timed);
  swap.mockRestore();
  await timed.close();
  expect(seen.get('smc_upgrade_pause_seconds_sum')).toBe(0.25);
  expect(seen.get('smc_upgrade_pause_seconds_count')).toBe(1);
});

it('tells how the disk is without waiting for it, and counts no input that a crash may take back', async () => {
  let now = 0;
  const journal = new WaitingJournal();
  const stalled = await startNode({ httpPort: 0, linesPort: null, journal, stopwatch: () => now });
  await put(stalled, bundleOf(counter()));
  await post(stalled, '/Counter/Incr');
  await post(stalled, '/Counter/Refuse', '{"why":"x"}');
  const release = journal.wait();
  const handed = journal.handed();
  const first = post(stalled, '/Counter/Incr');
  await handed;
  const others = [
    post(stalled, '/Counter/Incr'),
    post(stalled, '/Counter/Refuse', '{"why":"x"}'),
    send(stalled, '/Counter/Read'),
  ];
  now += 7_500;
  let seen = await scrape(stalled);
  // The others come over connections of their own: until they are taken.
  while (seen.get('smc_log_position') !== 6 || seen.get('smc_queue_depth') !== 4)
    seen = await scrape(stalled);
  expect(seen.get('smc_journal_commit_age_seconds')).toBe(7.5);
  const count = (outcome: string): number | undefined =>
    seen.get(`smc_inputs_total{machine="Counter",outcome="${outcome}"}`);
  expect([count('ok'), count('fault')]).toEqual([1, 1]);
  expect(seen.get('smc_queue_depth')).toBe(4);
  release();
  await Promise.all([first, ...others]);
  seen = await scrape(stalled);
  expect([count('ok'), count('fault')]).toEqual([3, 2]);
  expect(seen.get('smc_journal_commit_age_seconds')).toBe(0);
  expect(seen.get('smc_queue_depth')).toBe(0);
  await stalled.close();
});

it('counts calls that no machine has seen by why, and no others', async () => {
  await put(node, bundleOf(counter()));
  for (const path of ['/Nobody/Read', '/Counter/Dance', '/Counter/Dance']) await post(node, path);
  for (let i = 0; i < 3; i++) await post(node, '/Counter/Incr', '{"of":1}');
  await post(node, '/Counter/Refuse', '{"why":"x"}');
  await post(node, '/Counter/Incr');
  const refused = [...(await scrape())].filter(([name]) => name.startsWith('smc_refused_total'));
  expect(Object.fromEntries(refused)).toEqual({
    'smc_refused_total{code="unknown-machine"}': 1,
    'smc_refused_total{code="unknown-operation"}': 2,
    'smc_refused_total{code="bad-request"}': 3,
  });
});

/** All that comes on a connection that sends this, until the node ends it. */
function exchange(send: (socket: Socket) => void, port: number | null): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port: port!, host: '127.0.0.1' }, () => send(socket));
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
  });
}

const countOf = (text: string, part: string): number => text.split(part).length - 1;

describe('what is refused before anybody looks for a machine is counted once, where it is a call', () => {
  let small: RunningNode;
  let counted: number;
  const limits = { jsonBytesMax: 100, httpPendingMax: 4, frameInFlightMax: 4, lineBytesMax: 100 };
  const refusals = async (of: RunningNode): Promise<Record<string, number>> => {
    const all = [...(await scrape(of))].filter(([name]) => name.startsWith('smc_refused_total'));
    counted = all.reduce((sum, [, value]) => sum + value, 0);
    return Object.fromEntries(all.map(([name, value]) => [/code="(.*)"/.exec(name)![1], value]));
  };

  beforeEach(async () => {
    small = await startNode({ httpPort: 0, linesPort: 0, limits });
    await put(small, bundleOf(counter()));
  });

  afterEach(() => small.close());

  it('over HTTP', async () => {
    const type = (name: string): Record<string, string> => ({ 'content-type': name });
    const asked = [
      [413, await post(small, '/Counter/Incr', ' '.repeat(101))],
      [
        413,
        await send(small, '/Counter/Incr', {
          method: 'POST',
          headers: { ...type('application/json'), 'transfer-encoding': 'chunked' },
          body: ' '.repeat(101),
        }),
      ],
      [400, await post(small, '/Counter/Incr', 'a=b', type('text/plain'))],
      [400, await post(small, '/Counter/Incr', '{}', { host: 'evil.example' })],
      [400, await post(small, '/%zz/Incr')],
      [400, await post(small, '/Counter/Incr?by=2')],
      [400, await post(small, '/Counter/Incr', '{}', { 'idempotency-key': '' })],
      [404, await post(small, '/')],
      [404, await post(small, '/Counter')],
    ] as const;
    expect(asked.map(([, { status }]) => status)).toEqual(asked.map(([status]) => status));
    for (const path of ['/_smc/nothing', '/_smc/machines?of=1', '/_smc/health?of=1']) {
      expect((await send(small, path)).status).toBeGreaterThanOrEqual(400);
    }
    for (const path of ['/_smc/%ff', '/%5fs%6Dc/%ff', 'http://localhost/_smc/%ff']) {
      expect((await send(small, path)).status).toBe(400);
    }
    expect((await send(small, '/_smc/machines', { method: 'PROPFIND' })).status).toBe(404);
    expect(await exchange((socket) => socket.write('Counter Incr\r\n\r\n'), small.httpPort)).toMatch(
      /^HTTP\/1.1 400 /,
    );
    expect(await refusals(small)).toEqual({
      'too-large': 2,
      'bad-request': 6,
      'unknown-machine': 1,
      'unknown-operation': 1,
    });
  });

  it('over HTTP, also where the peer hangs up in mid-body, and is answered once', async () => {
    const head = (request: string): string =>
      `${request} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: `;
    const statuses = async (send: (socket: Socket) => void): Promise<(string | undefined)[]> =>
      (await exchange(send, small.httpPort)).match(/HTTP\/1.1 \d+/g) ?? [];
    // It is answered before it came whole: the peer knows, or not yet.
    for (const [request, status] of [
      ['POST /Counter/Incr', 413],
      ['POST /%ff/Incr', 400],
      ['POST /a/b/c/d', 413],
      ['PUT /_smc/nothing', 413],
    ] as const) {
      const sent = `${head(request)}999\r\n\r\n{`;
      const answered = await statuses((socket) => socket.once('data', () => socket.end()).write(sent));
      expect(answered, request).toEqual([`HTTP/1.1 ${status}`]);
      expect(await statuses((socket) => socket.end(sent)), request).toEqual(answered);
    }
    expect(await refusals(small)).toEqual({ 'too-large': 4, 'bad-request': 2 });
    // It is not.
    for (const request of ['POST /Counter/Incr', 'PUT /_smc/machines']) {
      expect(await statuses((socket) => socket.end(`${head(request)}99\r\n\r\n{`)), request).toEqual([
        'HTTP/1.1 400',
      ]);
    }
    expect(await refusals(small)).toEqual({ 'too-large': 4, 'bad-request': 3 });
  });

  it('over HTTP, where too much of a connection waits', async () => {
    const call = 'POST /Counter/Incr HTTP/1.1\r\nhost: localhost\r\n';
    const calls = `${`${call}\r\n`.repeat(50)}${call}connection: close\r\n\r\n`;
    const text = await exchange((socket) => socket.write(calls), small.httpPort);
    const refused = countOf(text, 'HTTP/1.1 429 ');
    expect(refused).toBeGreaterThan(0);
    expect(await refusals(small)).toEqual({ overloaded: refused });
  });

  it('over frames', async () => {
    const writer = new ByteWriter();
    writer.raw(FRAME_MAGIC);
    writeHello(writer, '0'.repeat(32), '');
    writeMachine(writer, { name: 'Counter', interface: fingerprints(counter()).interface });
    for (let id = 1; id <= 50; id++) {
      // What is no operation the host refuses, and counts by itself.
      writeCall(writer, { id, machine: 0, deadlineMillis: 0, body: Uint8Array.of(99) });
    }
    writeCall(writer, { id: 51, machine: 7, deadlineMillis: 0, body: new Uint8Array(1) });
    const text = await exchange((socket) => socket.end(writer.bytes()), small.linesPort);
    const { overloaded, ...others } = await refusals(small);
    expect(overloaded).toBe(countOf(text, 'overloaded'));
    expect(overloaded).toBeGreaterThan(0);
    expect(others['bad-request']).toBe(countOf(text, 'bad-request'));
    expect(counted).toBe(51);
  });

  it('over lines', async () => {
    const lines = ['Counter Incr', 'nonsense', 'interface 12345678', 'Nobody Read', 'x'.repeat(101)];
    const text = await exchange(
      (socket) => socket.end(lines.map((line) => `${line}\n`).join('')),
      small.linesPort,
    );
    expect(text.match(/^(ok|error \S+)/gm)).toEqual([
      'ok',
      'error bad-request',
      'error unknown-interface',
      'error unknown-machine',
      'error too-large',
    ]);
    expect(await refusals(small)).toEqual({
      'bad-request': 1,
      'unknown-interface': 1,
      'unknown-machine': 1,
      'too-large': 1,
    });
  });
});

it('tells how long the log is and how large what SQLite writes ahead, and what the code takes that runs', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'smc-metrics-'));
  const lasting = await startNode({
    httpPort: 0,
    linesPort: null,
    journal: await DiskJournal.open(directory),
  });
  const both = bundleOf(account(), counter());
  const upgrade = upgradeBundle(labelled(), toLabelled(counter()));
  const tells = async (position: number, codeBytes: number): Promise<void> => {
    const seen = await scrape(lasting);
    const names = ['log_position', 'log_blob_bytes', 'journal_wal_bytes'];
    const { size } = statSync(join(directory, 'journal.db-wal'));
    expect(names.map((name) => seen.get(`smc_${name}`))).toEqual([position, codeBytes, size]);
  };
  try {
    await tells(0, 0);
    await put(lasting, both);
    await tells(1, codeBytes(both));
    await post(lasting, '/Counter/Incr');
    await send(lasting, '/Counter/Read');
    await tells(2, codeBytes(both));
    await put(lasting, upgrade);
    await tells(3, codeBytes(both, upgrade));
    await send(lasting, '/_smc/machines/Account', { method: 'DELETE' });
    await tells(4, codeBytes(bundleOf(counter()), upgrade));
    expect(statSync(join(directory, 'journal.db-wal')).size).toBeGreaterThan(0);
  } finally {
    await lasting.close();
    rmSync(directory, { recursive: true });
  }
  // A journal in memory has none.
  expect((await scrape()).get('smc_journal_wal_bytes')).toBe(0);
});

/** What bundles hold, in bytes: images, upgrades and debug data, each once. */
function codeBytes(...bundles: readonly Uint8Array[]): number {
  const parts = bundles.flatMap((bundle) => {
    const envelope = openBundle(bundle);
    if (!envelope.ok) throw new Error(envelope.malformed.message);
    const { images, upgrades, debug } = envelope.value;
    return [...images, ...upgrades, ...debug].map(({ bytes }) => Buffer.from(bytes).toString('hex'));
  });
  return [...new Set(parts)].join('').length / 2;
}

it('tells what states with keys take, of that what is in no checkpoint, and how long these took', async () => {
  let now = 0;
  const journal = new WaitingJournal();
  const checkpoint = journal.checkpoint.bind(journal);
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  vi.spyOn(journal, 'checkpoint').mockImplementation(async (...parts) => {
    await released;
    now += 1_500;
    return checkpoint(...parts);
  });
  const limits = { stateBytesMax: 123_456_789, checkpointBytesMin: 1 };
  const own = await startNode({ httpPort: 0, linesPort: null, journal, limits, stopwatch: () => now });
  const states = async (): Promise<readonly (number | undefined)[]> => {
    const seen = await scrape(own);
    return ['bytes', 'dirty_bytes'].map((name) => seen.get(`smc_keyed_states_${name}`));
  };
  await put(own, bundleOf(account()));
  expect(await states()).toEqual([0, 0]);
  await post(own, '/Account/k1/Deposit', '{"n":1}');
  const [one = 0] = await states();
  expect(one).toBeGreaterThan(0);
  for (const key of ['k2', 'k3']) await post(own, `/Account/${key}/Deposit`, '{"n":1}');
  expect(await states()).toEqual([3 * one, 3 * one]);
  const seen = await scrape(own);
  expect(seen.get('smc_keyed_states_limit_bytes')).toBe(123_456_789);
  expect(seen.get('smc_checkpoint_seconds_count')).toBe(0);
  // The one that began with the deployment, and then that of the states.
  release();
  while ((await scrape(own)).get('smc_checkpoint_seconds_count') !== 2);
  expect(await states()).toEqual([3 * one, 0]);
  const took = await scrape(own);
  expect(took.get('smc_checkpoint_seconds_sum')).toBe(3);
  expect(took.get('smc_checkpoint_seconds_bucket{le="1"}')).toBe(0);
  expect(took.get('smc_checkpoint_seconds_bucket{le="2.5"}')).toBe(2);
  await own.close();
});

it('has buckets that hold all that is not above their bound', () => {
  const durations = new Durations();
  for (const seconds of [0, 0.0001, 0.00011, 0.3, 99]) durations.observe(seconds);
  const samples = durations.samples('x');
  const bucket = (le: number | string): number | undefined =>
    samples.find(({ metricName, labels }) => metricName === 'x_bucket' && labels['le'] === le)?.value;
  expect([0.0001, 0.00025, 0.25, 0.5, 10, '+Inf'].map(bucket)).toEqual([2, 3, 3, 4, 4, 5]);
  expect(samples.at(-2)).toMatchObject({ metricName: 'x_sum', value: 99.30021 });
  expect(samples.at(-1)).toMatchObject({ metricName: 'x_count', value: 5 });
});
