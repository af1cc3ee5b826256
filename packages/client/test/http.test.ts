import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type RunningNode, startNode } from '@smc/node';
import {
  decodeImage,
  encodeBundle,
  fingerprints,
  type Image,
  INT,
  OP,
  STRING,
  TypeTable,
  UNIT,
} from '@smc/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ClientClock, connectHttp, LineClient, type Result } from '../src/index.ts';

/** `state: Int = 0`, `Add(by: Int) -> Int`, `Read -> Int`. */
function adder(): Image {
  const types = new TypeTable();
  const add = Int32Array.of(OP.PUSH, OP.GET, OP.CONS, OP.ADD, OP.PUSH, OP.PUT, OP.CONS, OP.FST, OP.RETURN);
  const functions = [
    { from: INT, to: INT, code: add },
    { from: UNIT, to: INT, code: Int32Array.of(OP.GET, OP.RETURN) },
  ];
  return {
    emit: 1,
    name: 'Adder',
    key: 'none',
    unit: { types, constants: [{ type: INT, value: 0 }], functions },
    state: INT,
    initial: 0,
    operations: [
      { name: 'Add', parameters: [{ name: 'by', type: INT, default: null }], reply: INT, body: 0 },
      { name: 'Read', parameters: [], reply: INT, body: 1 },
    ],
    invariants: [],
    defaults: [],
  };
}

/** Keyed by a String: `state: Int = 0`, `Name -> String` gives the key, `Put(n: Int)`. */
function names(): Image {
  const types = new TypeTable();
  const functions = [
    { from: types.pair(STRING, UNIT), to: STRING, code: Int32Array.of(OP.FST, OP.RETURN) },
    { from: types.pair(STRING, INT), to: UNIT, code: Int32Array.of(OP.SND, OP.PUT, OP.RETURN) },
  ];
  return {
    ...adder(),
    name: 'Names',
    key: 'string',
    unit: { types, constants: [{ type: INT, value: 0 }], functions },
    operations: [
      { name: 'Name', parameters: [], reply: STRING, body: 0 },
      { name: 'Put', parameters: [{ name: 'n', type: INT, default: null }], reply: UNIT, body: 1 },
    ],
  };
}

const NAMES = encodeBundle({
  images: [names()],
  upgrades: [],
  debug: [{ files: [], functions: [], fieldOrder: [], typeNames: [], documentation: [], carriedOut: [] }],
});

const BUNDLE = encodeBundle({
  images: [adder()],
  upgrades: [],
  debug: [{ files: [], functions: [], fieldOrder: [], typeNames: [], documentation: [], carriedOut: [] }],
});

function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`refused: ${result.error.message}`);
  return result.value;
}

describe('a client of a node', () => {
  let node: RunningNode;
  beforeEach(async () => {
    node = await startNode({ httpPort: 0, linesPort: 0 });
  });
  afterEach(() => node.close());

  it('deploys, calls and looks', async () => {
    const client = connectHttp(`${node.url}/`);
    const { code } = fingerprints(adder());
    expect(valueOf(await client.ready())).toBe(null);
    expect(valueOf(await client.deploy(BUNDLE, { dryRun: true }))).toMatchObject({ dryRun: true });
    expect(valueOf(await client.machines())).toEqual([]);
    const machines = [{ name: 'Adder', result: 'deployed', from: null, code, back: false, notes: [] }];
    expect(valueOf(await client.deploy(BUNDLE))).toEqual({ dryRun: false, machines });
    expect(valueOf(await client.call('Adder', 'Add', '{"by":3}'))).toEqual({ text: '3', code });
    expect(valueOf(await client.callText('Adder', ' Add(by: 4)'))).toEqual({ text: '7', code });
    expect(
      valueOf(await client.callText('Adder', 'Read', { interface: fingerprints(adder()).interface })),
    ).toMatchObject({ text: '7' });
    for (let i = 0; i < 3; i++) valueOf(await client.call('Adder', 'Add', '{"by":1}', { key: 'once' }));
    expect(valueOf(await client.state('Adder', 'text'))).toBe('8');
    expect(valueOf(await client.state('Adder', 'json'))).toBe('8');
    expect(valueOf(await client.machine('Adder'))).toMatchObject({ name: 'Adder', inputs: 3 });
    expect(valueOf(await client.history('Adder'))).toMatchObject([{ kind: 'deployment', to: code }]);
    const image = decodeImage(valueOf(await client.image('Adder')));
    expect(image.ok && fingerprints(image.value).code).toBe(code);
    expect(valueOf(await client.bundle('Adder'))).toEqual(BUNDLE);
    expect(await client.bundle('Gone')).toMatchObject({ error: { code: 'unknown-machine' } });
    expect(valueOf(await client.remove('Adder'))).toBe(null);
    expect(valueOf(await client.machines())).toEqual([]);
  });

  it('names instances of a keyed machine, whatever their keys are', async () => {
    const client = connectHttp(node.url!);
    valueOf(await client.deploy(NAMES));
    const keys = [
      'alice',
      '..',
      '.',
      'a/b?c=d&e#f',
      '__proto__',
      '\0',
      '😀',
      ' ',
      '+',
      '%41',
      'x'.repeat(512),
    ];
    for (const instance of keys) {
      expect(valueOf(await client.call('Names', 'Name', '', { instance })).text).toBe(
        JSON.stringify(instance),
      );
      expect(valueOf(await client.callText('Names', 'Put(3)', { instance })).text).toBe('()');
      expect(valueOf(await client.state('Names', 'text', instance))).toBe('3');
    }
    expect(valueOf(await client.state('Names', 'json', 'bob'))).toBe('0');
    expect(valueOf(await client.machine('Names'))).toMatchObject({ keyed: true, instances: keys.length });
    const bad = { ok: false, error: { kind: 'refused', code: 'bad-request', status: 400 } };
    for (const instance of [undefined, '', 'x'.repeat(513), '\ud800']) {
      expect(
        await client.call('Names', 'Name', '', instance === undefined ? {} : { instance }),
      ).toMatchObject(bad);
      expect(await client.state('Names', 'json', instance)).toMatchObject(bad);
    }
    valueOf(await client.deploy(BUNDLE));
    expect(await client.call('Adder', 'Read', '', { instance: 'a' })).toMatchObject(bad);
    expect(await client.state('Adder', 'text', 7)).toMatchObject(bad);
  });

  it('gets refusals as values', async () => {
    const client = connectHttp(node.url!);
    valueOf(await client.deploy(BUNDLE));
    expect(await client.call('Nobody', 'Read', '')).toMatchObject({
      ok: false,
      error: { kind: 'refused', code: 'unknown-machine', status: 404 },
    });
    expect(await client.call('Adder', 'Add', '{"by":true}')).toMatchObject({
      error: { kind: 'refused', code: 'bad-request', status: 400, path: '$.by' },
    });
    expect(await client.callText('Adder', '(((')).toMatchObject({ error: { code: 'bad-request' } });
    expect(await client.callText('Adder', 'Add(by: 9007199254740991)')).toMatchObject({ ok: true });
    expect(await client.callText('Adder', 'Add(by: 1)')).toMatchObject({
      error: { code: 'fault', status: 422, message: 'integer overflow' },
    });
    expect(await client.deploy(BUNDLE, { mode: 'upgrade' })).toMatchObject({ ok: true });
    expect(await client.deploy(new Uint8Array(3))).toMatchObject({
      error: { code: 'malformed', status: 422 },
    });
    expect(await client.machine('a/b?c')).toMatchObject({ error: { code: 'unknown-machine' } });
    expect(await client.call('Adder', 'Read', '{}', { interface: '0'.repeat(64) })).toMatchObject({
      error: { code: 'unknown-interface', status: 426 },
    });
  });

  it('says of a key that no header can have it', async () => {
    const client = connectHttp(node.url!);
    valueOf(await client.deploy(BUNDLE));
    expect(await client.callText('Adder', 'Add(1)', { key: 'a\nb' })).toEqual({
      ok: false,
      error: {
        kind: 'refused',
        code: 'bad-request',
        status: 400,
        message: 'idempotency-key has a character that no header can have, or a blank at an end',
      },
    });
    // Those with blanks would be one and the same on the way.
    for (const key of [' a', 'a\t'])
      expect(await client.callText('Adder', 'Add(1)', { key })).toMatchObject({
        error: { code: 'bad-request' },
      });
    expect(await client.callText('Names', 'Put("\ud800")')).toMatchObject({
      error: { code: 'bad-request', message: 'the body has a lone surrogate' },
    });
    expect(await client.machine('\ud800')).toMatchObject({ error: { code: 'unknown-machine' } });
    expect(valueOf(await client.callText('Adder', 'Read')).text).toBe('0');
  });

  it('speaks lines', async () => {
    valueOf(await connectHttp(node.url!).deploy(BUNDLE));
    const client = await LineClient.connect(node.linesPort!);
    const replies = await Promise.all(
      ['Adder Add(1)', 'Adder Add(by: 2)', 'Adder Dance'].map((line) => client.request(line)),
    );
    expect(replies).toEqual([
      { ok: true, text: '1' },
      { ok: true, text: '3' },
      { ok: false, code: 'unknown-operation', message: 'Adder has no operation "Dance"' },
    ]);
    expect(client.open).toBe(true);
    client.close();
    expect(await client.request('Adder Read')).toMatchObject({ ok: false, code: 'disconnected' });
  });
});

describe('a client of something else', () => {
  let server: Server | null = null;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  async function serve(answer: Parameters<typeof createServer>[1]): Promise<string> {
    server = createServer(answer as () => void);
    await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it('is told that an answer is none where another protocol is offered', async () => {
    const url = await serve(() => {});
    const message = 'an answer that is not understood (status 101)';
    server!.on('connection', (socket) => {
      socket.on('error', () => {});
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n');
    });
    expect(await connectHttp(url).callText('A', 'B')).toMatchObject({
      error: { kind: 'refused', code: 'unexpected', message, mayBeDone: true },
    });
    expect(await connectHttp(url).ready()).toMatchObject({ error: { message } });
  });

  it('takes no more of an answer than is said', async () => {
    const url = await serve((_, response) => response.end('"0123456789"'));
    expect(await connectHttp(url, { answerBytesMax: 12 }).history('A')).toMatchObject({ ok: true });
    const client = connectHttp(url, { answerBytesMax: 11 });
    const message = `no answer from ${url}: an answer of more than 11 bytes`;
    expect(await client.history('A')).toMatchObject({ error: { kind: 'unreachable', message } });
    expect(await client.callText('A', 'B')).toMatchObject({ error: { message, mayBeDone: true } });
  });

  it('is told that nothing is there', async () => {
    const url = await serve(() => {});
    await new Promise((resolve) => server!.close(resolve));
    expect(await connectHttp(url).machines()).toMatchObject({
      ok: false,
      error: {
        kind: 'unreachable',
        timedOut: false,
        message: expect.stringContaining('nothing listens there'),
      },
    });
  });

  it('sends again what has a key where the connection is lost, and nothing else', async () => {
    const keys: (string | undefined)[] = [];
    const url = await serve((request, reply) => {
      keys.push(request.headers['idempotency-key'] as string | undefined);
      if (keys.length % 3 !== 0) request.socket.destroy();
      else reply.setHeader('smc-code', 'c0de').end(request.method === 'PUT' ? '{"machines":[]}' : 'null');
    });
    const client = connectHttp(url);
    expect(await client.remove('Adder', { key: 'k1' })).toEqual({ ok: true, value: null });
    expect(await client.deploy(new Uint8Array(1), { key: 'k2' })).toMatchObject({ ok: true });
    expect(await client.call('Adder', 'Add', '{}', { key: 'k3' })).toMatchObject({ ok: true });
    expect(keys).toEqual(['k1', 'k1', 'k1', 'k2', 'k2', 'k2', 'k3', 'k3', 'k3']);
    for (const lost of [client.remove('Adder'), client.deploy(new Uint8Array(1))]) {
      expect(await lost).toMatchObject({
        ok: false,
        // Nobody knows whether this was why: a listener that encrypts ends what does not.
        error: {
          kind: 'unreachable',
          wasSent: true,
          message: expect.stringMatching(/where a node encrypts, its address begins with https$/),
        },
      });
    }
    expect(keys.slice(9)).toEqual([undefined, undefined]);
  });

  it('waits for a node that starts anew, also where a deadline passes meanwhile', async () => {
    const url = await serve((request) => {
      request.socket.destroy();
      server!.close(() => pass());
    });
    const { port } = server!.address() as AddressInfo;
    let pass = (): void => {};
    let deadlines = 0;
    const clock: ClientClock = {
      now: () => 0,
      after: (_millis, action) => {
        pass = action;
        deadlines++;
        // Once nothing has listened in the second deadline either.
        if (deadlines === 2) {
          const again = createServer((_request, reply) => reply.end('null'));
          server = again;
          setTimeout(() => again.listen(port, '127.0.0.1'), 50);
        }
        return () => {};
      },
    };
    const client = connectHttp(url, { clock });
    const removed = await client.remove('Adder', { key: 'k1', patienceMillis: 3_600_000 });
    expect(removed).toEqual({ ok: true, value: null });
    expect(deadlines).toBe(2);
  });

  it('is told that no answer came in time', async () => {
    const url = await serve(() => {});
    const client = connectHttp(url, { deadlineMillis: 50 });
    expect(await client.machines()).toMatchObject({ error: { kind: 'unreachable', timedOut: true } });
  });

  it('is told that the answer is none of a node', async () => {
    const answers: [number, string][] = [
      [200, 'hello'],
      [500, 'broken'],
      [404, '{"error":"no"}'],
      [404, '{"error":{"code":1}}'],
    ];
    for (const [status, body] of answers) {
      const url = await serve((_request, reply) => reply.writeHead(status).end(body));
      expect(await connectHttp(url).machines()).toMatchObject({
        error: { kind: 'refused', code: 'unexpected', status },
      });
      server!.closeAllConnections();
      server!.close();
    }
  });

  it('is told that a node is not ready, and why', async () => {
    const url = await serve((_request, reply) =>
      reply.writeHead(503).end('{"error":{"code":"stalled","message":"the disk"}}'),
    );
    const error = { kind: 'refused', code: 'stalled', message: 'the disk', status: 503 };
    expect(await connectHttp(url).ready()).toEqual({ ok: false, error });
  });

  it('reads a list that comes in pages, and not without end', async () => {
    let requests = 0;
    let next: Record<string, string> = { '/_smc/machines': '/_smc/machines?after=A' };
    const url = await serve((request, reply) => {
      requests++;
      const link = next[request.url ?? ''];
      if (link !== undefined) reply.setHeader('link', `<${link}>; rel="next"`);
      reply.end(JSON.stringify([{ name: `after ${request.url}` }]));
    });
    const names = valueOf(await connectHttp(url).machines()).map(({ name }) => name);
    expect(names).toEqual(['after /_smc/machines', 'after /_smc/machines?after=A']);
    next = { '/_smc/machines': '/_smc/machines' };
    requests = 0;
    expect(await connectHttp(url).machines()).toMatchObject({ ok: false, error: { code: 'unexpected' } });
    expect(requests).toBe(1);
    next = { '/_smc/machines': '//elsewhere.example/' };
    expect(await connectHttp(url).machines()).toMatchObject({ ok: false, error: { code: 'unexpected' } });
  });

  it('does not follow it elsewhere', async () => {
    const url = await serve((_request, reply) =>
      reply.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    );
    expect(await connectHttp(url).machines()).toMatchObject({ error: { code: 'unexpected', status: 302 } });
  });
});
