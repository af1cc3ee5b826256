import { request } from 'node:http';
import { encodeBundle, printString } from '@smc/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleOf } from '../support/compile.ts';
import { LineConnection, startNodeProcess, type NodeProcess } from '../support/process.ts';

/**
 * Keys of instances that are meant to be something else: a path, a property, half a character.
 * Each is a key, exactly that one, or a clear error that changes nothing.
 */
const program = `machine Account(id: String) {
  state { balance: Int = 0 }
  on Deposit(n: Int) -> Int {
    s <- get
    put -< { balance: s.balance + n }
    return -< s.balance + n
  }
  on Id -> String { return -< id }
}

machine Seat(number: Int) {
  state { taken: Bool = false }
  on Number -> Int { return -< number }
  on Take { put -< { taken: true } }
}
`;

let node: NodeProcess;
let line: LineConnection;
/** Keys of accounts that were written. */
const written = new Set<string>();

beforeAll(async () => {
  node = await startNodeProcess();
  expect(await node.put(encodeBundle(bundleOf({ 'keys.sm': program })))).toMatch(/^200 /);
  line = await LineConnection.open(node.tcpPort);
});

afterAll(async () => {
  const view = (await (await fetch(`${node.url}/_smc/machines/Account`)).json()) as { instances: number };
  expect(view.instances).toBe(written.size);
  expect(line.closed).toBe(false);
  line.close();
  expect(await node.stop()).toBe(0);
});

/** Sends a path as it is: `fetch` would take `..` out of it. */
function post(path: string, body?: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(node.url);
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const sent = request({ hostname, port, path, method: 'POST', headers, agent: false }, (reply) => {
      let text = '';
      reply.setEncoding('utf8');
      reply.on('data', (chunk: string) => (text += chunk));
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, body: text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const codeOf = (body: string): string => (JSON.parse(body) as { error: { code: string } }).error.code;

/** Writes an instance under a key over all ways there are; each must mean the same one. */
async function deposits(key: string): Promise<void> {
  const path = encodeURIComponent(key);
  expect(await line.ask(`Account/${printString(key)} Deposit(1)`)).toMatch(/^ok \d+$/);
  written.add(key);
  const before = Number((await line.ask(`Account/${printString(key)} Deposit(0)`)).slice(3));
  const answers = [
    await post(`/Account/${path}/Deposit`, '{"n":1}'),
    await post(`/Account/Deposit?key=${path}`, '{"n":1}'),
  ];
  expect(answers).toEqual([
    { status: 200, body: String(before + 1) },
    { status: 200, body: String(before + 2) },
  ]);
  expect(await post(`/Account/${path}/Id`)).toEqual({ status: 200, body: JSON.stringify(key) });
  const state = await fetch(`${node.url}/_smc/machines/Account/state?key=${path}`);
  expect(await state.json()).toEqual({ balance: before + 2 });
}

test.each([
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'toString',
  '..',
  '.',
  '../..',
  '../_smc/machines',
  '/',
  '//',
  'a/b/c',
  '\0',
  '\r\n',
  '%00',
  '%2e%2e',
  '?key=b',
  'b&key=c',
  '#',
  '\ufeff',
  '\u202ea',
  '\u00e9',
  'e\u0301',
  '😀',
  'null',
  'Deposit',
  '_smc',
  '"',
  '\\',
  'x'.repeat(512),
  '\0'.repeat(512),
  '😀'.repeat(128),
])('%j is a key like any other', (key) => deposits(key));

test('so is any string of 1 to 512 bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ minLength: 1, maxLength: 60, unit: 'binary' }), async (key) => {
      await deposits(key);
    }),
    { numRuns: 150 },
  );
});

test.each([
  ['no key', '/Account/Deposit'],
  ['an empty key', '/Account//Deposit'],
  ['an empty key in the query', '/Account/Deposit?key='],
  ['513 bytes', `/Account/${'x'.repeat(513)}/Deposit`],
  ['129 characters of four bytes', `/Account/${encodeURIComponent('😀'.repeat(129))}/Deposit`],
  ['8,000 bytes', `/Account/${'x'.repeat(8_000)}/Deposit`],
  ['half a character', '/Account/%F0%9F/Deposit'],
  ['a surrogate', '/Account/%ED%A0%80/Deposit'],
  ['a surrogate in the query', '/Account/Deposit?key=%ED%A0%80'],
  ['an overlong form', '/Account/%C0%AE%C0%AE/Deposit'],
  ['no encoding', '/Account/%G0/Deposit'],
  ['no encoding in the query', '/Account/Deposit?key=%'],
  ['two keys', '/Account/Deposit?key=a&key=b'],
  ['two keys, in path and query', '/Account/a/Deposit?key=b'],
  ['keys as a list', '/Account/Deposit?key[]=a'],
  ['a parameter of a prototype', '/Account/a/Deposit?__proto__=b'],
])('%s: 400', async (_, path) => {
  const { status, body } = await post(path, '{"n":1}');
  expect(`${status} ${codeOf(body)}`).toBe('400 bad-request');
});

test('a path is not put together', async () => {
  for (const path of [
    '/Account/x/../y/Deposit',
    '/Account/../../Account/y/Deposit',
    '/./Account/y/Deposit',
  ]) {
    const { status, body } = await post(path, '{"n":1}');
    expect(`${path} ${status} ${codeOf(body)}`).toBe(`${path} 404 unknown-machine`);
  }
});

test('a key on a line that is none is refused, and the connection goes on', async () => {
  for (const key of ['"\\u{D800}"', '""', `"${'x'.repeat(513)}"`, '', 'é', '"a', '"a"b', "'a'"]) {
    expect(await line.ask(`Account/${key} Deposit(1)`), key).toMatch(/^error bad-request /);
  }
  expect(await line.ask('Account Deposit(1)')).toMatch(/^error bad-request Account is keyed/);
});

test('an Int key has one form, and is exact', async () => {
  for (const key of ['0', '-1', '42', '9007199254740991', '-9007199254740991']) {
    expect(await post(`/Seat/${key}/Number`)).toEqual({ status: 200, body: key });
    expect(await line.ask(`Seat/${key} Number`)).toBe(`ok ${key}`);
  }
  const bad = [
    '-0',
    '00',
    '01',
    '1.0',
    '1e1',
    '0x1',
    '%201',
    '1%00',
    'NaN',
    'Infinity',
    '9007199254740992',
    '٣',
  ];
  for (const key of bad) {
    const { status, body } = await post(`/Seat/${encodeURI(key).replaceAll('%25', '%')}/Take`);
    expect(`${key}: ${status} ${codeOf(body)}`).toBe(`${key}: 400 bad-request`);
  }
  const view = (await (await fetch(`${node.url}/_smc/machines/Seat`)).json()) as { instances: number };
  expect(view.instances).toBe(0);
});
