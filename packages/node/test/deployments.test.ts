import { createConnection } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Tokens } from '../src/access/tokens.ts';
import { type RunningNode, startNode } from '../src/node.ts';
import type { LogFacts } from '../src/ports.ts';
import { bundleOf, counter, labelled } from './images.ts';
import { type HttpParts, send } from './requests.ts';

/** What an operator is told, in the log and by the metrics, of those who change what runs. */

let node: RunningNode;
let told: string[];

beforeEach(async () => {
  told = [];
  const tell =
    (level: string) =>
    ({ machine, caller, code }: LogFacts, message: string): void => {
      const facts = [machine, code].flatMap((fact) => (typeof fact === 'string' ? [fact] : []));
      told.push([level, message, ...facts, `by ${String(caller)}`].join(' '));
    };
  node = await startNode({
    httpPort: 0,
    linesPort: null,
    limits: { bundleBytesMax: 4_000 },
    access: { administration: new Tokens([{ caller: 'olga', token: 'token-of-olga' }]) },
    log: { info: tell('info'), warn: tell('warn'), error: tell('error') },
  });
});

afterEach(() => node.close());

const ADMIN = { authorization: 'Bearer token-of-olga' };

async function ask(method: string, path: string, parts: HttpParts = {}): Promise<number> {
  const headers = { ...ADMIN, ...parts.headers };
  return (await send(node, `/_smc/machines${path}`, { ...parts, method, headers })).status;
}

async function put(body: Uint8Array, query = '', type = 'application/octet-stream'): Promise<number> {
  return ask('PUT', query, { headers: { 'content-type': type }, body });
}

/** Of `smc_upgrades_total`, by result. */
async function counts(): Promise<Record<string, number>> {
  const { body } = await send(node, '/_smc/metrics', { headers: ADMIN });
  const samples = [...body.matchAll(/^smc_upgrades_total\{result="(.*)"\} (\d+)$/gm)];
  return Object.fromEntries(samples.map(([, result, count]) => [result, Number(count)]));
}

it('each deployment that is refused is told and counted once, wherever it is refused', async () => {
  expect(await put(bundleOf(counter()))).toBe(200);
  const refused = [
    await put(new Uint8Array(4_001)),
    await ask('PUT', '', {
      headers: { 'transfer-encoding': 'chunked', 'content-type': 'application/octet-stream' },
      body: new Uint8Array(9_000),
    }),
    await put(bundleOf(labelled()), '', 'text/plain'),
    await put(bundleOf(labelled()), '', 'application/x-www-form-urlencoded'),
    await ask('PUT', '', { headers: { 'content-type': 'application/json' }, body: '{}' }),
    await put(bundleOf(labelled()), '?mode=replace'),
    await put(bundleOf(labelled())),
  ];
  expect(refused).toEqual([413, 413, 400, 400, 400, 400, 409]);
  expect(told).toEqual([
    'info deployed Counter by olga',
    ...Array<string>(2).fill('warn deployment refused too-large by olga'),
    ...Array<string>(4).fill('warn deployment refused bad-request by olga'),
    'warn deployment refused stale by olga',
  ]);
  expect(await counts()).toEqual({ deployed: 1, 'too-large': 2, 'bad-request': 4, stale: 1 });
});

it('what breaks off is nothing that was refused', async () => {
  const head = `HTTP/1.1\r\nhost: localhost\r\nauthorization: ${ADMIN.authorization}\r\n`;
  const body = 'content-type: application/octet-stream\r\ncontent-length: 99\r\n';
  for (const request of ['PUT /_smc/machines', 'DELETE /_smc/machines/Counter']) {
    for (const hangUp of ['end', 'resetAndDestroy'] as const) {
      const socket = createConnection({ port: node.httpPort!, host: '127.0.0.1' });
      // By the `100 Continue` the node reads the body.
      socket.once('data', () => socket[hangUp]().resume());
      socket.write(`${request} ${head}${body}expect: 100-continue\r\n\r\nabc`);
      await new Promise((resolve) => socket.once('close', resolve));
      expect(await counts()).toEqual({});
    }
  }
  expect(told).toEqual([]);
});

it('a deployment that the node has no room for is one, and no call', async () => {
  await node.close();
  const limits = { operatorEventsMax: 0 };
  node = await startNode({ httpPort: 0, linesPort: null, limits });
  expect(await put(bundleOf(counter()))).toBe(429);
  const { body } = await send(node, '/_smc/metrics');
  expect(body.match(/^smc_(upgrades|refused)_total.*$/gm)).toEqual([
    'smc_upgrades_total{result="overloaded"} 1',
  ]);
});

it('what is only tried out is told as such, and not counted', async () => {
  const rehearsed = [
    await put(bundleOf(counter()), '?dry-run=1'),
    await put(bundleOf(counter()), '?mode=upgrade&dry-run=1'),
    await put(bundleOf(counter()).slice(0, 40), '?dry-run=1'),
    await put(new Uint8Array(4_001), '?dry-run=1'),
    await put(bundleOf(counter()), '?dry-run=1', 'text/plain'),
  ];
  expect(rehearsed.map((status) => status === 200)).toEqual([true, false, false, false, false]);
  expect(told).toEqual([
    'info would be deployed Counter by olga',
    expect.stringMatching(/^info deployment would be refused \S+ by olga$/),
    'info deployment would be refused malformed by olga',
    'info deployment would be refused too-large by olga',
    'info deployment would be refused bad-request by olga',
  ]);
  expect(await counts()).toEqual({});
});

it('each removal is told, and why one was refused', async () => {
  await put(bundleOf(counter()));
  const asked = [
    await ask('DELETE', '/Nobody'),
    await ask('DELETE', '/Counter?of=1'),
    await ask('DELETE', '/Counter', { headers: { 'idempotency-key': '' } }),
    await ask('DELETE', '/Counter', { headers: { 'content-type': 'text/plain' }, body: 'x' }),
    await ask('DELETE', '/Counter', { headers: { 'idempotency-key': 'once' } }),
    await ask('DELETE', '/Counter', { headers: { 'idempotency-key': 'once' } }),
  ];
  expect(asked).toEqual([404, 400, 400, 400, 200, 200]);
  expect(told.slice(1)).toEqual([
    'warn removal refused Nobody unknown-machine by olga',
    ...Array<string>(3).fill('warn removal refused Counter bad-request by olga'),
    'info removed Counter by olga',
  ]);
});
