import { createConnection } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RunningNode, startNode } from '../src/node.ts';
import { account } from './accounts.ts';
import { bundleOf, counter } from './images.ts';
import { type HttpReply, post, put, send } from './requests.ts';

/** How instances of a keyed machine are named, over HTTP and on a line. */

let node: RunningNode;

beforeEach(async () => {
  node = await startNode({ httpPort: 0, linesPort: 0 });
  expect(await put(node, bundleOf(account(), counter()))).toMatchObject({ status: 200 });
});

afterEach(() => node.close());

const shown = ({ status, body }: HttpReply): string =>
  status === 200 ? body : `${status} ${(JSON.parse(body) as { error: { code: string } }).error.code}`;

const instances = async (): Promise<number> =>
  (JSON.parse((await send(node, '/_smc/machines/Account')).body) as { instances: number }).instances;

describe('HTTP', () => {
  it('takes the key in the path, or in the query', async () => {
    const add = (path: string): Promise<HttpReply> => post(node, path, '{"n":1}');
    expect(shown(await add('/Account/alice/Deposit'))).toBe('1');
    expect(shown(await add('/Account/Deposit?key=alice'))).toBe('2');
    expect(shown(await send(node, '/Account/alice/Balance'))).toBe('2');
    expect(shown(await send(node, '/Account/Balance?key=alice'))).toBe('2');
    expect(shown(await post(node, '/Account/alice/Balance'))).toBe('2');
    expect(shown(await send(node, '/_smc/machines/Account/state?key=alice'))).toBe('{"balance":2}');
    expect(shown(await send(node, '/_smc/machines/Account/state?key=bob'))).toBe('{"balance":0}');
    expect(await instances()).toBe(1);
    expect(JSON.parse((await send(node, '/_smc/machines/Account')).body)).toMatchObject({ keyed: true });
    expect(JSON.parse((await send(node, '/_smc/machines/Counter')).body)).toMatchObject({
      keyed: false,
      instances: 1,
    });
  });

  it.each([
    ['a%2Fb', 'a/b'],
    ['..', '..'],
    ['%2e%2e', '..'],
    ['.', '.'],
    ['%00', '\\u{0}'],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['%20', ' '],
    ['+', '+'],
    ['Balance', 'Balance'],
    ['%C3%A9', 'é'],
    ['%F0%9F%98%80', '😀'],
    ['%25', '%'],
    ['x'.repeat(512), 'x'.repeat(512)],
    ['%C3%A9'.repeat(256), 'é'.repeat(256)],
  ])('takes %s for the key that it is', async (path, key) => {
    const text = { accept: 'application/vnd.smc.text' };
    expect((await send(node, `/Account/${path}/Id`, { headers: text })).body).toBe(`"${key}"`);
    const query = path.replaceAll('+', '%2B');
    expect((await send(node, `/Account/Id?key=${query}`, { headers: text })).body).toBe(`"${key}"`);
    expect(shown(await post(node, `/Account/${path}/Deposit`, '{"n":7}'))).toBe('7');
    expect(shown(await send(node, `/Account/Balance?key=${query}`))).toBe('7');
    expect(shown(await send(node, `/_smc/machines/Account/state?key=${query}`))).toBe('{"balance":7}');
    expect(await instances()).toBe(1);
  });

  it('refuses what is no key, or one too many, or where none belongs', async () => {
    const cases: [Promise<HttpReply>, string][] = [
      [post(node, '/Account/Deposit', '{"n":1}'), '400 bad-request'],
      [send(node, '/Account/Balance'), '400 bad-request'],
      [post(node, '/Account//Deposit', '{"n":1}'), '400 bad-request'],
      [post(node, '/Account/Deposit?key=', '{"n":1}'), '400 bad-request'],
      [post(node, '/Account/Deposit?key=a&key=b', '{"n":1}'), '400 bad-request'],
      [post(node, '/Account/a/Deposit?key=a', '{"n":1}'), '400 bad-request'],
      [post(node, '/Account/a/Deposit?n=1', '{"n":1}'), '400 bad-request'],
      [post(node, '/Account/Deposit?key=%ED%A0%80', '{"n":1}'), '400 bad-request'],
      [post(node, '/Account/Deposit?key=%zz', '{"n":1}'), '400 bad-request'],
      [send(node, '/Account/Balance?key=%ff'), '400 bad-request'],
      [post(node, '/Account/%ED%A0%80/Deposit', '{"n":1}'), '400 bad-request'],
      [post(node, '/Account/%ff/Deposit', '{"n":1}'), '400 bad-request'],
      [post(node, `/Account/${'x'.repeat(513)}/Deposit`, '{"n":1}'), '400 bad-request'],
      [post(node, `/Account/${'%C3%A9'.repeat(257)}/Deposit`, '{"n":1}'), '400 bad-request'],
      [post(node, `/Account/Deposit?key=${'x'.repeat(513)}`, '{"n":1}'), '400 bad-request'],
      [post(node, '/Account/a/b/Deposit', '{"n":1}'), '404 unknown-machine'],
      [post(node, '/Account/a/Deposit/', '{"n":1}'), '404 unknown-machine'],
      [post(node, '/Account/../Account/Deposit', '{"n":1}'), '404 unknown-machine'],
      [post(node, '/Nobody/a/Deposit', '{"n":1}'), '404 unknown-machine'],
      [post(node, '/Account/a/Dance', '{"n":1}'), '404 unknown-operation'],
      [post(node, '/Counter/a/Incr'), '400 bad-request'],
      [post(node, '/Counter/Incr?key=a'), '400 bad-request'],
      [send(node, '/Counter/Read?key=a'), '400 bad-request'],
      [send(node, '/_smc/machines/Account/state'), '400 bad-request'],
      [send(node, '/_smc/machines/Account/state?key=a&key=b'), '400 bad-request'],
      [send(node, '/_smc/machines/Counter/state?key=a'), '400 bad-request'],
    ];
    const replies = await Promise.all(cases.map(([reply]) => reply));
    expect(replies.map((reply, index) => `${index}: ${shown(reply)}`)).toEqual(
      cases.map(([, expected], index) => `${index}: ${expected}`),
    );
    expect(await instances()).toBe(0);
  });

  it.each([
    ['/Account/%FF/Balance', { message: 'the address is not UTF-8 in percent-encoding' }],
    ['/Account/%zz/Balance', { message: 'the address is not UTF-8 in percent-encoding' }],
    ['/_smc/machines/%FF', { message: 'the address is not UTF-8 in percent-encoding' }],
    ['/Account/Balance?key=%FF', { message: 'the address is not UTF-8 in percent-encoding' }],
    ['/Account/Balance?key=a&key=b', { message: 'the address gives more than one key' }],
    ['/Account/a/Id?key=b', { message: 'Id has no such parameter', path: '$.key' }],
    ['/Account/Id?key=b&why=because', { message: 'Id has no such parameter', path: '$.why' }],
    ['/Account/Deposit?key=b&n=x', { message: 'not JSON: expected a value (at character 1)', path: '$.n' }],
  ])('says what is wrong with %s', async (address, error) => {
    const reply = await send(node, address);
    expect(reply).toMatchObject({ status: 400 });
    expect(JSON.parse(reply.body)).toEqual({ error: { code: 'bad-request', ...error } });
  });

  it('takes the same request to another instance for another one', async () => {
    const once = { 'idempotency-key': 'k' };
    for (let i = 0; i < 3; i++) {
      expect(shown(await post(node, '/Account/alice/Deposit', '{"n":1}', once))).toBe('1');
      expect(shown(await post(node, '/Account/Deposit?key=alice', '{"n":1}', once))).toBe('1');
    }
    expect(shown(await post(node, '/Account/bob/Deposit', '{"n":1}', once))).toBe('422 idempotency-mismatch');
    expect(await instances()).toBe(1);
  });
});

function lines(...requests: string[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port: node.linesPort!, host: '127.0.0.1' });
    let received = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (received += chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(received.trimEnd().split('\n')));
    socket.end(requests.map((request) => `${request}\n`).join(''));
  });
}

describe('a line', () => {
  it('names an instance by a word, or by a string literal', async () => {
    const asked = {
      'Account/alice Deposit(5)': 'ok 5',
      'Account/"alice" Deposit(1)': 'ok 6',
      'Account/a-b_1 Deposit(5)': 'ok 5',
      'Account/"a b/\\"\\u{1F600}" Deposit(2)': 'ok 2',
      'Account/"a b/\\"😀" Id': 'ok "a b/\\"😀"',
      'Account/alice Balance': 'ok 6',
      'Account Balance': 'error bad-request Account is keyed: the request gives no key, as Account/KEY',
      'Counter/a Read': 'error bad-request Counter is not keyed: the request gives a key',
      'Account/"" Balance': 'error bad-request a key of Account has 1 to 512 bytes, and this one 0',
    };
    expect(await lines(...Object.keys(asked))).toEqual(Object.values(asked));
    expect(
      await lines(
        ...['Counter Read', 'Account/"a"Balance', 'Account/"a"-- x'],
        ...['Account/ Balance', 'Account/é Balance'],
      ),
    ).toEqual([
      'ok 0',
      'error bad-request expected a space after the key, got Balance; a request is MACHINE OPERATION(ARGUMENTS)',
      'error bad-request expected a space after the key, got the end of the line; a request is MACHINE OPERATION(ARGUMENTS)',
      'error bad-request expected a key, got Balance; a request is MACHINE OPERATION(ARGUMENTS)',
      'error bad-request expected a key, got "é"; a request is MACHINE OPERATION(ARGUMENTS)',
    ]);
  });
});
