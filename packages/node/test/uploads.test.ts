import { createConnection, type Socket } from 'node:net';
import { fingerprints, type Image, type Upgrade } from '@smc/protocol';
import { afterEach, expect, it, vi } from 'vitest';
import { MemoryJournal } from '../src/journal/memory.ts';
import type { NodeLimits } from '../src/limits.ts';
import { Metrics } from '../src/metrics.ts';
import { type RunningNode, startNode } from '../src/node.ts';
import type { Journal } from '../src/ports.ts';
import {
  bundleOf,
  counter,
  endlessMigration,
  labelled,
  sameShape,
  toLabelled,
  upgradeBundle,
  upgradeBundles,
} from './images.ts';
import { type HttpReply, post, put, send } from './requests.ts';
import { WaitingJournal } from './waiting-journal.ts';

/** What an upload can do to a node that means it harm: be refused, and change nothing. */

let node: RunningNode;
afterEach(() => node.close());

async function start(
  limits: Partial<NodeLimits> = {},
  journal: Journal = new MemoryJournal(),
): Promise<void> {
  node = await startNode({ httpPort: 0, linesPort: null, limits, journal });
  expect(await put(node, bundleOf(counter()))).toMatchObject({ status: 200 });
  expect(await post(node, '/Counter/Incr')).toMatchObject({ status: 200 });
}

const codeOf = ({ status, body }: HttpReply): string => `${status} ${/"code":"([a-z-]+)"/.exec(body)?.[1]}`;

/** All that is told of the machine. */
async function told(): Promise<string> {
  const paths = ['/_smc/machines', '/_smc/machines/Counter/history', '/Counter/Read'];
  return (await Promise.all(paths.map((path) => send(node, path)))).map(({ body }) => body).join('\n');
}

const UPGRADE = upgradeBundle(labelled(), toLabelled(counter()));

const head = (length: string): string =>
  `PUT /_smc/machines HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/octet-stream\r\n${length}\r\n\r\n`;

/** A connection that has sent this and sends no more; what comes back is dropped. */
function begin(...parts: (string | Uint8Array)[]): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port: node.httpPort!, host: '127.0.0.1' });
    socket.on('error', reject);
    socket.resume();
    for (const part of parts.slice(0, -1)) socket.write(part);
    socket.write(parts.at(-1)!, () => resolve(socket));
  });
}

it('that breaks off in the middle changes nothing', async () => {
  await start();
  const before = await told();
  const length = `content-length: ${UPGRADE.length}`;
  const sockets = await Promise.all([
    ...[0, 1, 100, UPGRADE.length - 1].map((end) => begin(head(length), UPGRADE.subarray(0, end))),
    begin(head('transfer-encoding: chunked'), `${UPGRADE.length.toString(16)}\r\n`, UPGRADE, '\r\n'),
  ]);
  expect(await told()).toBe(before);
  for (const [i, socket] of sockets.entries()) {
    if (i % 2 === 0) socket.destroy();
    else socket.end();
  }
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))));
  expect(await told()).toBe(before);
  expect(await put(node, UPGRADE)).toMatchObject({ status: 200 });
});

it('that has not come whole is refused where the node ends', async () => {
  await start();
  const call =
    'POST /Counter/Incr HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 8\r\n\r\n';
  const sockets = await Promise.all([
    begin(head(`content-length: ${UPGRADE.length}`), UPGRADE.subarray(0, 100)),
    begin(call, '{'),
  ]);
  const answers = sockets.map(async (socket) => {
    let text = '';
    for await (const data of socket) text += String(data);
    return text;
  });
  // The node has begun to read them.
  await send(node, '/Counter/Read');
  await node.close();
  for (const answer of await Promise.all(answers))
    expect(answer).toMatch(/^HTTP\/1\.1 503 [^]*connection: close[^]*"code":"stopping"/);
});

it('that is refused as it did not come in time changes nothing, also where the rest of it comes after all', async () => {
  await start({ headersMillisMax: 400, requestMillisMax: 500 });
  const before = await told();
  const socket = await begin(head(`content-length: ${UPGRADE.length}`), UPGRADE.subarray(0, -2));
  const ended = new Promise((resolve) => socket.once('close', resolve));
  const [answer] = (await new Promise<unknown[]>((resolve) =>
    socket.once('data', (...data) => resolve(data)),
  )) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 408 /);
  socket.end(UPGRADE.subarray(-2));
  await ended;
  expect(await told()).toBe(before);
});

it('that is refused where the node ends is refused once, also where the rest of it comes after all', async () => {
  await start();
  const refuse = vi.spyOn(Metrics.prototype, 'refuse');
  try {
    const call =
      'POST /Counter/Incr HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 4\r\n\r\n';
    const socket = await begin(call, 'nu');
    await send(node, '/Counter/Read');
    const closed = node.close();
    const ended = new Promise((resolve) => socket.once('close', resolve));
    await new Promise((resolve) => socket.once('data', resolve));
    socket.write('ll');
    await Promise.all([ended, closed]);
    expect(refuse.mock.calls).toEqual([['stopping']]);
  } finally {
    refuse.mockRestore();
  }
});

it('is answered where it is too large, and the connection stays open until all of it came', async () => {
  await start({ bundleBytesMax: 1_000 });
  const socket = createConnection({ port: node.httpPort!, host: '127.0.0.1' });
  const until = (text: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      let seen = '';
      socket.on('data', (data) => {
        seen += data.toString();
        if (text.test(seen)) resolve();
      });
      socket.once('close', () => reject(new Error(`closed after: ${seen}`)));
    });
  const size = 4_000_000;
  const refused = until(/ 413 [^]*too-large/);
  socket.write(head(`content-length: ${size}`));
  await refused;
  const answered = until(/ 200 /);
  socket.write(new Uint8Array(size));
  socket.write('GET /Counter/Read HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await answered;
  socket.destroy();
});

it('is refused before it is read where those that wait are too much', async () => {
  const journal = new WaitingJournal();
  await start({ bodyBytesMax: 20_000 }, journal);
  const release = journal.wait();
  const body = `{${' '.repeat(11_000)}}`;
  const waiting = [1, 2].map(() => post(node, '/Counter/Incr', body));
  while ((await post(node, '/_smc/health', '{}')).status !== 429) continue;
  expect(codeOf(await put(node, UPGRADE))).toBe('429 overloaded');
  // What has no body is looked at.
  expect(await send(node, '/_smc/health')).toMatchObject({ status: 200 });
  release();
  for (const reply of waiting) expect(await reply).toMatchObject({ status: 200 });
  expect((await send(node, '/Counter/Read')).body).toBe('3');
  expect(await put(node, UPGRADE)).toMatchObject({ status: 200 });
});

it('that is announced, or did not come whole, takes nothing from others', async () => {
  await start({ partialBytesMax: 100_000, bodyBytesMax: 20_000 });
  const heads = ['content-length: 1000000', 'transfer-encoding: chunked'];
  const sockets = await Promise.all(
    Array.from({ length: 100 }, (_, i) => begin(head(heads[i % 2]), i % 2 === 0 ? 'x' : 'fffff\r\nx')),
  );
  const closed = (socket: Socket): Promise<void> =>
    new Promise((resolve) => socket.once('close', () => resolve()));
  const ends = sockets.map(closed);
  for (let i = 0; i < 20; i++) expect(await post(node, '/Counter/Incr', '{}')).toMatchObject({ status: 200 });
  expect(sockets.filter(({ destroyed }) => destroyed)).toEqual([]);
  // Whoever sent most goes first.
  sockets[41].write(new Uint8Array(80_000));
  await ends[41];
  // Many small parts take more than their bytes.
  const parts = await begin(head('transfer-encoding: chunked'), '1\r\nx\r\n'.repeat(2_000));
  await closed(parts);
  expect(sockets.filter(({ destroyed }) => destroyed)).toEqual([sockets[41]]);
  expect(await put(node, UPGRADE)).toMatchObject({ status: 200 });
  for (const socket of sockets) socket.destroy();
});

it('of an upgrade whose machine is not there is refused', async () => {
  await start();
  const before = await told();
  const other = counter({ name: 'Other' });
  const strange: readonly (readonly [Uint8Array, string])[] = [
    // An upgrade that leads nowhere.
    [upgradeBundle(other, toLabelled(counter())), '400 bad-request'],
    [upgradeBundle(labelled(), sameShape(other)), '400 bad-request'],
    // One that leads to the image of another machine.
    [
      upgradeBundles(
        [labelled(), { ...toLabelled(counter()), machine: 'Other' }],
        [other, toLabelled(counter())],
      ),
      '422 ill-typed',
    ],
  ];
  for (const [bundle, code] of strange) expect(codeOf(await put(node, bundle))).toBe(code);
  expect(codeOf(await put(node, upgradeBundle(other, sameShape(other)), '?mode=upgrade'))).toBe(
    '404 unknown-machine',
  );
  expect((await send(node, '/_smc/machines')).body).toBe(before.split('\n')[0]);
});

it('sent many times at once happens once', async () => {
  await start();
  const replies = await Promise.all(Array.from({ length: 20 }, () => put(node, UPGRADE, '?mode=upgrade')));
  expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(new Set(replies.filter(({ status }) => status !== 200).map(codeOf))).toEqual(new Set(['409 stale']));
  expect((await send(node, '/Counter/Read')).body).toBe('1');
});

it('of many machines is taken whole, or not at all', async () => {
  await start();
  const MANY = 1_024;
  const named = (image: Image, i: number): Image => ({ ...image, name: `M${i}` });
  const images = Array.from({ length: MANY }, (_, i) => named(counter(), i));
  expect(codeOf(await put(node, bundleOf(...images, named(counter(), MANY))))).toBe('422 malformed');
  const deployed = await put(node, bundleOf(...images));
  expect(deployed).toMatchObject({ status: 200 });
  expect((await post(node, '/M7/Incr')).status).toBe(200);

  const next = counter({ step: 2 });
  const upgrades = images.map((image, i): [Image, Upgrade] => [
    named(next, i),
    i === 1_000 ? endlessMigration(image) : sameShape(image),
  ]);
  const refused = await put(node, upgradeBundles(...upgrades));
  expect(codeOf(refused)).toBe('422 migration-failed');
  expect(refused.body).toContain('the migration of M1000 fails: out of fuel');
  const { code } = fingerprints(images[7]);
  expect((await send(node, '/_smc/machines/M7')).body).toContain(code);
  upgrades[1_000] = [upgrades[1_000][0], sameShape(images[1_000])];
  expect(await put(node, upgradeBundles(...upgrades))).toMatchObject({ status: 200 });
  expect((await send(node, '/_smc/machines/M7')).body).not.toContain(code);
  expect((await send(node, '/M7/Read')).body).toBe('1');
});
