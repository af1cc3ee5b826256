import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { decodeBundle, fingerprints, openBundle } from '@smc/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Host } from '../src/host.ts';
import { type RunningNode, startNode } from '../src/node.ts';
import {
  broad,
  bundleOf,
  counter,
  faultingMigration,
  labelled,
  swelling,
  toCounter,
  toLabelled,
  upgradeBundle,
} from './images.ts';
import { Deployment } from '../src/upgrade/deployment.ts';
import { type HttpReply, post, put, send } from './requests.ts';

let node: RunningNode;

beforeEach(async () => {
  node = await startNode({ httpPort: 0, linesPort: null });
  expect(await put(node, bundleOf(counter()))).toMatchObject({ status: 200 });
});

afterEach(() => node.close());

/** Status and code of a refusal; it must be of the one form that there is. */
function refusal({ status, headers, body }: HttpReply): string {
  expect(headers['content-type']).toMatch(/^application\/json/);
  const data = JSON.parse(body) as { error: { code: string; message: string } };
  expect(Object.keys(data)).toEqual(['error']);
  expect(data.error.message).not.toBe('');
  return `${status} ${data.error.code}`;
}

describe('operations', () => {
  it('are called with POST, and with GET where they only read', async () => {
    expect(await post(node, '/Counter/Incr')).toMatchObject({ status: 200, body: 'null' });
    expect(await post(node, '/Counter/Incr', '{}')).toMatchObject({ status: 200, body: 'null' });
    expect(await post(node, '/Counter/Incr', '')).toMatchObject({ status: 200, body: 'null' });
    expect(await send(node, '/Counter/Read')).toMatchObject({ status: 200, body: '3' });
    expect(await send(node, '/Counter/Divide?by=2')).toMatchObject({ status: 200, body: '1' });
    expect(await post(node, '/Counter/Divide', '{"by":3}')).toMatchObject({ status: 200, body: '1' });
  });

  it('answer with the code that runs', async () => {
    const { code } = fingerprints(counter());
    for (const path of ['/Counter/Read', '/Counter/Dance', '/_smc/machines/Counter/state']) {
      expect((await send(node, path)).headers['smc-code']).toBe(code);
    }
  });

  it('are refused for what is wrong with the request', async () => {
    const json = { 'content-type': 'application/json' };
    const cases: [Promise<HttpReply>, string][] = [
      [post(node, '/Nobody/Read'), '404 unknown-machine'],
      [post(node, '/Counter/Dance'), '404 unknown-operation'],
      [post(node, '/counter/Read'), '404 unknown-machine'],
      [post(node, '/__proto__/Read'), '404 unknown-machine'],
      [post(node, '/Counter/constructor'), '404 unknown-operation'],
      [post(node, '/Counter/__proto__'), '404 unknown-operation'],
      [post(node, '/Counter/__proto__/Read'), '400 bad-request'],
      [send(node, '/Counter/Divide?by=1&__proto__=2'), '400 bad-request'],
      [post(node, '/Counter'), '404 unknown-operation'],
      [post(node, '/Counter/alice/Read'), '400 bad-request'],
      [post(node, '/'), '404 unknown-machine'],
      [post(node, '/Counter/Read/'), '400 bad-request'],
      [post(node, '/Counter//Read'), '400 bad-request'],
      [send(node, '*'), '404 unknown-machine'],
      [send(node, '/_smc/machines/Counter/state?key=a'), '400 bad-request'],
      [send(node, '/_smc/machines?before=a'), '400 bad-request'],
      [send(node, '/_smc/machines?after=a&after=b'), '400 bad-request'],
      [post(node, '/_smc/nothing'), '404 unknown-operation'],
      [send(node, '/_smc'), '404 unknown-operation'],
      [send(node, '/Counter/Incr'), '400 bad-request'],
      [send(node, '/Counter/Divide'), '400 bad-request'],
      [send(node, '/Counter/Divide?by=two'), '400 bad-request'],
      [send(node, '/Counter/Divide?by=2&by=3'), '400 bad-request'],
      [post(node, '/Counter/Divide?by=2'), '400 bad-request'],
      [post(node, '/Counter/Divide'), '400 bad-request'],
      [post(node, '/Counter/Divide', '{"by":"2"}'), '400 bad-request'],
      [post(node, '/Counter/Divide', '{"by":2.0}'), '400 bad-request'],
      [post(node, '/Counter/Divide', '{"by":9007199254740993}'), '400 bad-request'],
      [post(node, '/Counter/Divide', '{"by":1,"by":2}'), '400 bad-request'],
      [post(node, '/Counter/Divide', '{"by":1,"__proto__":2}'), '400 bad-request'],
      [post(node, '/Counter/Divide', '{"by":1'), '400 bad-request'],
      [post(node, '/Counter/Divide', '[1]'), '400 bad-request'],
      [post(node, '/Counter/Divide', '{"by":0}'), '422 fault'],
      [post(node, '/Counter/Refuse', '{"why":"x"}'), '422 fault'],
      [post(node, '/%zz/Read'), '400 bad-request'],
      [post(node, '/Counter/Read', '{}', { 'content-type': 'text/plain' }), '400 bad-request'],
      [
        post(node, '/Counter/Read', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }),
        '400 bad-request',
      ],
      [post(node, '/Counter/Read', '{}', { 'content-type': 'nonsense' }), '400 bad-request'],
      [send(node, '/Counter/Read', { method: 'PUT' }), '404 unknown-operation'],
      [send(node, '/Counter/Read', { method: 'OPTIONS' }), '404 unknown-operation'],
      [
        send(node, '/Counter/Refuse', { method: 'POST', headers: json, body: Uint8Array.of(0x22, 0xff) }),
        '400 bad-request',
      ],
      [post(node, '/Counter/Read', '{}', { 'smc-interface': '0'.repeat(64) }), '426 unknown-interface'],
      [post(node, '/Counter/Read', '{}', { 'smc-interface': 'x' }), '426 unknown-interface'],
      [post(node, '/Counter/Read', '{}', { 'idempotency-key': 'x'.repeat(257) }), '400 bad-request'],
      [post(node, '/Counter/Incr', '{}', { 'idempotency-key': ['a', 'b'] }), '400 bad-request'],
      [
        send(node, '/_smc/machines/Counter', {
          method: 'DELETE',
          headers: { 'idempotency-key': ['a', 'a'] },
        }),
        '400 bad-request',
      ],
    ];
    const replies = await Promise.all(cases.map(([reply]) => reply));
    // With its number, so that a failure says which case it is.
    expect(replies.map((reply, index) => `${index}: ${refusal(reply)}`)).toEqual(
      cases.map(([, expected], index) => `${index}: ${expected}`),
    );
    expect(await send(node, '/_smc/machines/Counter/state')).toMatchObject({
      status: 200,
      body: '{"count":0}',
    });
  });

  it('take no body that says that it is encoded', async () => {
    const json = (parameter: string): Promise<HttpReply> =>
      post(node, '/Counter/Incr', '{}', { 'content-type': `application/json${parameter}` });
    for (const good of ['; charset=utf-8', ';charset="UTF-8"', '; charset=utf8', '; version=1']) {
      expect(await json(good), good).toMatchObject({ status: 200 });
    }
    for (const other of ['; charset=latin1', '; version=1; charset="utf-16"', ';charset=']) {
      expect(refusal(await json(other)), other).toBe('400 bad-request');
    }
    const plain = await post(node, '/Counter/Incr', '{}', { 'content-encoding': 'Identity' });
    expect(plain).toMatchObject({ status: 200 });
    const headers = { 'content-type': 'application/vnd.smc.bundle', 'content-encoding': 'gzip' };
    for (const encoded of [
      await post(node, '/Counter/Incr', '{}', { 'content-encoding': 'gzip' }),
      await post(node, '/Counter/Incr', '{}', { 'content-encoding': 'identity, br' }),
      await send(node, '/_smc/machines', { method: 'PUT', headers, body: bundleOf(counter()) }),
    ]) {
      expect(refusal(encoded)).toBe('415 bad-request');
      expect(encoded.headers['accept-encoding']).toBe('identity');
    }
    // Where there is none, there is nothing that is encoded.
    const bodiless = await send(node, '/Counter/Read', { headers: { 'content-encoding': 'gzip' } });
    expect(bodiless).toMatchObject({ status: 200, body: '5' });
  });

  it('are not what is said of the address of administration', async () => {
    for (const path of ['/_smc', '/_smc/', '/_smc/nothing', '/_smc?of=1']) {
      expect((await send(node, path)).body).toMatch(/"there is no GET \/_smc[a-z/]*"/);
    }
    const { body } = await send(node, '/_smc/machines', { method: 'PROPFIND' });
    expect(body).toContain('"there is no PROPFIND /_smc/machines"');
  });

  it('say where in the input it is wrong', async () => {
    const { body } = await post(node, '/Counter/Divide', '{"by":"2"}');
    expect(JSON.parse(body)).toMatchObject({ error: { code: 'bad-request', path: '$.by' } });
  });

  it('take and give text for a caller that asks', async () => {
    const type = 'application/vnd.smc.text';
    const headers = { 'content-type': type, accept: type };
    const text = (path: string, body: string): Promise<HttpReply> =>
      send(node, path, { method: 'POST', headers, body });
    expect(await text('/Counter/Incr', 'Incr')).toMatchObject({ status: 200, body: '()' });
    expect(await text('/Counter/Divide', 'Divide(by: 1)')).toMatchObject({ status: 200, body: '1' });
    expect(refusal(await text('/Counter/Divide', 'Divide(by: )'))).toBe('400 bad-request');
    const accept = { headers: { accept: type } };
    expect((await send(node, '/_smc/machines/Counter/state', accept)).body).toBe('{ count: 1 }');
  });

  it('with a key happen once', async () => {
    const headers = { 'idempotency-key': 'order-1' };
    expect((await post(node, '/Counter/Incr', '{}', headers)).status).toBe(200);
    expect((await post(node, '/Counter/Incr', '{}', headers)).status).toBe(200);
    expect((await send(node, '/Counter/Read')).body).toBe('1');
    expect(refusal(await post(node, '/Counter/Incr', '{ }', headers))).toBe('422 idempotency-mismatch');
    expect(refusal(await post(node, '/Counter/Read', '{}', headers))).toBe('422 idempotency-mismatch');
  });

  it('with one key at the same time happen once', async () => {
    const headers = { 'idempotency-key': 'same' };
    const replies = await Promise.all(
      Array.from({ length: 20 }, () => post(node, '/Counter/Incr', '{}', headers)),
    );
    expect(new Set(replies.map(({ status, body }) => `${status} ${body}`))).toEqual(new Set(['200 null']));
    expect((await send(node, '/Counter/Read')).body).toBe('1');
  });

  it('of an old interface go on, or are gone', async () => {
    const headers = { 'smc-interface': fingerprints(counter()).interface };
    expect((await put(node, upgradeBundle(labelled(), toLabelled(counter())))).status).toBe(200);
    expect(await post(node, '/Counter/Incr', '{}', headers)).toMatchObject({ status: 200, body: 'null' });
    expect(await post(node, '/Counter/Incr', '{"by":4}')).toMatchObject({ status: 200, body: '5' });
    expect(refusal(await post(node, '/Counter/Divide', '{"by":1}', headers))).toBe('410 gone');
    expect(refusal(await send(node, '/Counter/Incr', { headers }))).toBe('400 bad-request');
  });
});

describe('only this computer is served', () => {
  it('by the host that was asked for', async () => {
    const foreign = [
      'evil.example',
      '127.0.0.1.evil.example',
      'localhost.evil.example:80',
      '10.0.0.1',
      '[::2]',
      '127.0.0.1:80@evil.example',
    ];
    const local = ['127.0.0.1', '127.0.0.2:80', 'localhost:4040', 'LOCALHOST', '[::1]:1'];
    const ask = (host: string): Promise<HttpReply> => send(node, '/Counter/Read', { headers: { host } });
    const refused = await Promise.all(foreign.map(async (host) => `${host} ${refusal(await ask(host))}`));
    expect(refused).toEqual(foreign.map((host) => `${host} 400 bad-request`));
    const served = await Promise.all(local.map(async (host) => `${host} ${(await ask(host)).status}`));
    expect(served).toEqual(local.map((host) => `${host} 200`));
  });

  it('by the origin of a page', async () => {
    const foreign = [
      'https://evil.example',
      'null',
      'http://localhost.evil.example',
      'file://',
      'http://127.0.0.1@evil.example',
    ];
    const refused = await Promise.all(
      foreign.map(
        async (origin) => `${origin} ${refusal(await post(node, '/Counter/Incr', undefined, { origin }))}`,
      ),
    );
    expect(refused).toEqual(foreign.map((origin) => `${origin} 400 bad-request`));
    expect((await post(node, '/Counter/Incr', undefined, { origin: 'http://localhost:5173' })).status).toBe(
      200,
    );
    expect((await send(node, '/Counter/Read')).body).toBe('1');
  });

  it('at an address of this computer', async () => {
    for (const address of ['0.0.0.0', '::', '192.168.0.1']) {
      await expect(startNode({ httpPort: 0, linesPort: 0, address })).rejects.toThrow(
        /is reached from beyond this computer, and that needs a token and TLS/,
      );
    }
  });
});

describe('the administration', () => {
  it('shows what runs', async () => {
    const machines = JSON.parse((await send(node, '/_smc/machines')).body) as unknown[];
    const { code, state, interface: spoken } = fingerprints(counter());
    const expected = {
      name: 'Counter',
      keyed: false,
      code,
      state,
      interface: spoken,
      stateType: '{ count: Int }',
      interfaces: [spoken],
      instances: 1,
      inputs: 0,
      faults: 0,
      operations: [
        { name: 'Divide', parameters: [{ name: 'by', type: 'Int' }], reply: 'Int', readOnly: true },
        { name: 'Incr', parameters: [], reply: '()', readOnly: false },
        { name: 'Read', parameters: [], reply: 'Int', readOnly: true },
        { name: 'Refuse', parameters: [{ name: 'why', type: 'String' }], reply: '()', readOnly: false },
      ],
    };
    expect(machines).toEqual([expected]);
    expect(JSON.parse((await send(node, '/_smc/machines/Counter')).body)).toEqual(expected);
    for (const what of ['', '/state', '/history', '/image']) {
      expect(refusal(await send(node, `/_smc/machines/Nobody${what}`))).toBe('404 unknown-machine');
    }
  });

  it('takes debug data that can not be read for none', async () => {
    const bundle = bundleOf(labelled());
    const opened = openBundle(bundle);
    if (!opened.ok) throw new Error(opened.malformed.message);
    const [{ offset, bytes }] = opened.value.debug;
    bundle.fill(0xff, offset, offset + bytes.length);
    expect(decodeBundle(bundle).ok).toBe(false);
    await send(node, '/_smc/machines/Counter', { method: 'DELETE' });
    expect(await put(node, bundle)).toMatchObject({ status: 200 });
    const headers = { accept: 'application/vnd.smc.bundle' };
    const reply = await fetch(`${node.url}/_smc/machines/Counter/image`, { headers });
    expect(reply.status).toBe(200);
    expect(decodeBundle(new Uint8Array(await reply.arrayBuffer()))).toMatchObject({
      ok: true,
      value: { images: [{ name: 'Counter' }], debug: [{ files: [], typeNames: [] }] },
    });
  });

  it('shows many machines in pages', async () => {
    const names = ['A', 'B', 'C', 'D', 'E', 'F'];
    await put(node, bundleOf(...names.map((name) => broad(name))));
    const seen: string[] = [];
    const sizes: number[] = [];
    for (let path: string | undefined = '/_smc/machines'; path !== undefined;) {
      const { status, headers, body }: HttpReply = await send(node, path);
      expect(status).toBe(200);
      seen.push(...(JSON.parse(body) as { name: string }[]).map(({ name }) => name));
      sizes.push(body.length);
      path = /^<(.*)>; rel="next"$/.exec(String(headers.link))?.[1];
    }
    expect(seen).toEqual(['A', 'B', 'C', 'Counter', 'D', 'E', 'F']);
    expect(sizes.length).toBe(2);
    expect(Math.max(...sizes)).toBeLessThan(4.1 * 1024 * 1024);
  });

  it('refuses to write what is too large', async () => {
    await put(node, bundleOf(swelling()));
    expect(await post(node, '/Swelling/Swell')).toMatchObject({ status: 200, body: 'null' });
    const state = await send(node, '/_smc/machines/Swelling/state');
    expect(refusal(state)).toBe('413 too-large');
    expect(state.body).toContain('the state of Swelling is too large');
    for (const type of ['application/json', 'application/vnd.smc.text']) {
      const reply = await send(node, '/Swelling/All', { headers: { accept: type } });
      expect(refusal(reply)).toBe('413 too-large');
      expect(reply.body).toContain('the input was carried out, but its reply is too large');
    }
  });

  it('tells the history', async () => {
    await put(node, upgradeBundle(counter({ step: 2 }), faultingMigration(counter())));
    await put(node, upgradeBundle(labelled(), toLabelled(counter())));
    await send(node, '/_smc/machines/Counter', { method: 'DELETE' });
    const history = JSON.parse((await send(node, '/_smc/machines/Counter/history')).body) as {
      kind: string;
    }[];
    expect(history.map(({ kind }) => kind)).toEqual(['deployment', 'refusal', 'upgrade', 'removal']);
    const { code: from } = fingerprints(counter());
    expect(history[1]).toMatchObject({ code: 'migration-failed', from, to: from, position: 2 });
    expect(history[2]).toMatchObject({
      from,
      to: fingerprints(labelled()).code,
      back: true,
      time: expect.stringMatching(/Z$/),
    });
  });

  it('says what a bundle did', async () => {
    const upgrade = upgradeBundle(labelled(), toLabelled(counter()));
    const from = fingerprints(counter()).code;
    const code = fingerprints(labelled()).code;
    const notes = ['old clients lose Divide, Refuse', 'the way back loses state.label'];
    const upgraded = { name: 'Counter', result: 'upgraded', from, code, back: true, notes };
    const rehearsed = await put(node, upgrade, '?dry-run=1');
    expect(JSON.parse(rehearsed.body)).toEqual({ dryRun: true, machines: [upgraded] });
    const done = await put(node, upgrade, '?mode=upgrade');
    expect(JSON.parse(done.body)).toEqual({ dryRun: false, machines: [upgraded] });
    const again = await put(node, upgrade, '?mode=upgrade');
    expect(refusal(again)).toBe('409 stale');
    expect(again.body).toContain(from.slice(0, 12));
    expect(again.body).toContain(code.slice(0, 12));
    const onward = await put(node, upgradeBundle(counter(), toCounter(labelled())), '?dry-run=1');
    expect(JSON.parse(onward.body)).toMatchObject({
      machines: [
        {
          back: false,
          notes: [
            'it drops state.label, Incr.by',
            'old clients lose Label',
            expect.stringMatching(/^clients of the interface \w+ have again .*: Divide, Refuse$/),
            'there is no way back',
          ],
        },
      ],
    });
  });

  it('refuses what is no bundle', async () => {
    const bundle = bundleOf(labelled());
    const text = { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{}' };
    expect(refusal(await send(node, '/_smc/machines', text))).toBe('400 bad-request');
    expect(refusal(await send(node, '/_smc/machines', { method: 'PUT' }))).toBe('400 bad-request');
    expect(refusal(await put(node, new Uint8Array(0)))).toMatch(/^4/);
    expect(refusal(await put(node, bundle.slice(0, 100)))).toBe('422 malformed');
    expect(refusal(await put(node, bundle))).toBe('409 stale');
    expect(refusal(await put(node, bundle, '?mode=replace'))).toBe('400 bad-request');
    expect(refusal(await put(node, bundle, '?watch=5'))).toBe('400 bad-request');
    expect((await put(node, bundle, '?dryrun=1')).body).toMatch(
      /no parameter \\"dryrun\\" here; there is \\"mode\\" and \\"dry-run\\"/,
    );
    for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
      const other = { method: 'PUT', headers: { 'content-type': type }, body: bundle };
      expect((await send(node, '/_smc/machines', other)).body).toMatch(
        /a bundle needs the content type application\/vnd\.smc\.bundle or /,
      );
    }
    expect(
      refusal(await post(node, '/Counter/Incr', 'x', { 'content-type': 'application/octet-stream' })),
    ).toBe('400 bad-request');
  });

  it('says that it is well', async () => {
    expect(await send(node, '/_smc/health')).toMatchObject({ status: 200, body: '{"status":"ok"}' });
    expect(await send(node, '/_smc/ready')).toMatchObject({ status: 200 });
  });
});

describe('limits', () => {
  it('of bodies', async () => {
    await node.close();
    node = await startNode({
      httpPort: 0,
      linesPort: null,
      limits: { jsonBytesMax: 100, bundleBytesMax: 2_000 },
    });
    expect(refusal(await post(node, '/Counter/Read', `{${' '.repeat(98)}}`))).toBe('404 unknown-machine');
    expect(refusal(await post(node, '/Counter/Read', `{${' '.repeat(99)}}`))).toBe('413 too-large');
    expect(refusal(await put(node, new Uint8Array(2_000)))).toBe('422 malformed');
    expect(refusal(await put(node, new Uint8Array(2_001)))).toBe('413 too-large');
    expect((await post(node, '/Counter/Read', ' '.repeat(101))).body).toContain('more than 100 bytes');
    expect((await put(node, new Uint8Array(2_001))).body).toContain('more than 2000 bytes');
  });

  it('of headers and addresses', async () => {
    const long = await send(node, '/Counter/Read', { headers: { 'x-long': 'x'.repeat(20_000) } });
    expect(refusal(long)).toBe('431 bad-request');
    expect(long.body).toMatch(
      /"the headers of a request, with its address, have at most 16 KiB, and are at most about 1,000"/,
    );
    expect(refusal(await send(node, `/Counter/${'x'.repeat(1_000)}`))).toMatch(/^4/);
  });

  it('of requests that wait', async () => {
    await node.close();
    node = await startNode({ httpPort: 0, linesPort: null, limits: { queuedEventsMax: 0 } });
    const reply = await post(node, '/Counter/Read', '{}');
    expect(refusal(reply)).toBe('429 overloaded');
    expect(reply.headers['retry-after']).toBe('1');
  });

  /** What comes on a connection that sends this, until the node ends it. */
  const provoke = (sent: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = createConnection({ port: node.httpPort!, host: '127.0.0.1' });
      let received = '';
      socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
      socket.on('error', reject);
      socket.on('close', () => resolve(received));
      socket.write(sent);
    });

  it('what HTTP does not allow, and the node does not do, is refused as all else is', async () => {
    const call = 'POST /Counter/Incr HTTP/1.1\r\n';
    const end = 'connection: close\r\n\r\n';
    const cases = [
      ['Counter Incr\r\n\r\n', '400 bad-request'],
      [`${call}${end}`, '400 bad-request'],
      [`POST /Counter/Incr HTTP/1.0\r\n${end}`, '400 bad-request'],
      [`${call}host: localhost\r\nexpect: banana\r\n${end}`, '417 bad-request'],
      [`${call}host: localhost\r\nhost: localhost\r\n${end}`, '400 bad-request'],
      [`POST /Counter/Incr HTTP/2.0\r\nhost: localhost\r\n${end}`, '505 bad-request'],
      [`${call}host: localhost\r\ntransfer-encoding: gzip, chunked\r\n${end}0\r\n\r\n`, '400 bad-request'],
      ['CONNECT localhost:80 HTTP/1.1\r\nhost: localhost\r\n\r\n', '404 unknown-operation'],
    ];
    const answers = await Promise.all(
      cases.map(async ([sent]) => {
        const [head, body] = (await provoke(sent)).split('\r\n\r\n');
        expect(head).toMatch(/content-type: application\/json/);
        return `${head.slice(9, 12)} ${(JSON.parse(body) as { error: { code: string } }).error.code}`;
      }),
    );
    expect(answers).toEqual(cases.map(([, expected]) => expected));
    const expecting = `${call}host: localhost\r\nexpect: 100-continue\r\ncontent-length: 0\r\n${end}`;
    expect(await provoke(expecting)).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK/);
    const metrics = await send(node, '/_smc/metrics');
    expect(metrics.body.match(/^smc_refused_total.*$/gm)).toEqual([
      'smc_refused_total{code="bad-request"} 7',
      'smc_refused_total{code="unknown-operation"} 1',
    ]);
  });

  it('a request has a Host also where others than this computer are served', async () => {
    await node.close();
    node = await startNode({ httpPort: 0, linesPort: null, address: '0.0.0.0', insecure: true });
    const ask = (version: string): Promise<string> =>
      provoke(`GET /Counter/Read HTTP/${version}\r\nconnection: close\r\n\r\n`);
    expect(await ask('1.1')).toMatch(/^HTTP\/1.1 400 [^]*a request has one Host header/);
    expect(await ask('1.0')).toMatch(/^HTTP\/1.1 404 [^]*there is no machine/);
  });

  it('of what HTTP does not allow, an answer is not taken for that of a request before it', async () => {
    const call = 'POST /Counter/Incr HTTP/1.1\r\nhost: localhost\r\n\r\n';
    const connect = 'CONNECT localhost:80 HTTP/1.1\r\nhost: localhost\r\n\r\n';
    for (const other of [connect, 'Counter Incr\r\n\r\n']) {
      const statuses = (await provoke(`${call}${other}`)).match(/HTTP\/1.1 \d+/g);
      expect(statuses).toEqual(['HTTP/1.1 200']);
    }
  });
});

describe('a node that ends', () => {
  it('answers what it took, and refuses what comes', async () => {
    const taken = Array.from({ length: 50 }, () => post(node, '/Counter/Incr', '{}').catch(() => null));
    await node.close();
    const statuses = (await Promise.all(taken)).map((reply) => reply?.status ?? 'no connection');
    expect([200, 503, 'no connection']).toEqual(expect.arrayContaining(statuses));
    await expect(send(node, '/Counter/Read')).rejects.toThrow(/ECONNREFUSED/);
  });

  it('does not wait for connections on which nothing is being answered', async () => {
    await node.close();
    // Longer than any test may take: they end without being forced.
    node = await startNode({ httpPort: 0, linesPort: null, limits: { closeMillisMax: 600_000 } });
    const open = (sent: string): Promise<Socket> =>
      new Promise((resolve, reject) => {
        const socket = createConnection({ port: node.httpPort!, host: '127.0.0.1' }, () =>
          socket.write(sent, () => resolve(socket)),
        );
        socket.on('error', reject);
      });
    const head = 'POST /Counter/Incr HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';
    const sockets = await Promise.all(['', head, `${head}content-length: 9\r\n\r\n{`].map(open));
    const ended = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    for (const socket of sockets) socket.resume();
    await send(node, '/Counter/Read');
    await node.close();
    expect(await Promise.all(ended)).toHaveLength(3);
  });

  it('sends the replies that are on their way, as fast as their peer takes them', async () => {
    await node.close();
    node = await startNode({ httpPort: 0, linesPort: null });
    expect(await put(node, bundleOf(labelled()))).toMatchObject({ status: 200 });
    const label = 'l'.repeat(900_000);
    const headers = { 'content-type': 'application/vnd.smc.text' };
    expect(
      await send(node, '/Counter/Label', { method: 'POST', headers, body: `Label("${label}")` }),
    ).toMatchObject({ status: 200 });
    const looks = vi.spyOn(Host.prototype, 'look');
    const socket = createConnection({ port: node.httpPort!, host: '127.0.0.1' }).pause();
    socket.write('GET /_smc/machines/Counter/state HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(16));
    // More than the system takes.
    await expect.poll(() => looks.mock.results.length).toBe(16);
    await Promise.all(looks.mock.results.map(({ value }) => value as Promise<unknown>));
    await new Promise((resolve) => setImmediate(resolve));
    const closed = node.close();
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
    socket.resume();
    await once(socket, 'end');
    await closed;
    expect(
      received
        .split('HTTP/1.1 200 OK')
        .slice(1)
        .map((reply) => reply.includes(`${label}"`)),
    ).toEqual(Array.from({ length: 16 }, () => true));
  });

  it('may be told to more than once', async () => {
    await Promise.all([node.close(), node.close()]);
  });
});

describe('a defect of the node', () => {
  const defects: unknown[] = [];

  beforeEach(async () => {
    await node.close();
    defects.length = 0;
    node = await startNode({
      httpPort: 0,
      linesPort: null,
      report: (error) => defects.push(error),
    });
    await put(node, bundleOf(counter()));
  });

  afterEach(() => vi.restoreAllMocks());

  it('is told apart by whether it is known that nothing was changed', async () => {
    vi.spyOn(Deployment.prototype, 'finish').mockImplementation(() => {
      throw new Error('before anything');
    });
    expect(refusal(await put(node, bundleOf(labelled())))).toBe('500 internal');
    vi.spyOn(Host.prototype, 'look').mockRejectedValue(new Error('a look'));
    expect(refusal(await send(node, '/_smc/machines/Counter'))).toBe('500 internal');
    vi.spyOn(Host.prototype, 'remove').mockRejectedValue(new Error('some time'));
    expect(refusal(await send(node, '/_smc/machines/Counter', { method: 'DELETE' }))).toBe('500 in-doubt');
    expect(defects.map(String)).toEqual(['Error: before anything', 'Error: a look', 'Error: some time']);
  });

  it('that has a reply not written does not say that nothing was changed', async () => {
    vi.spyOn(Host.prototype, 'call').mockImplementation((_request, settle) => settle({ kind: 'removed' }));
    const reply = await post(node, '/Counter/Incr');
    expect(refusal(reply)).toBe('500 in-doubt');
    expect(reply.body).toContain('the input was carried out');
  });
});
