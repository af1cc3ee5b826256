import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import {
  ByteWriter,
  encodeSigned,
  fingerprints,
  FRAME_MAGIC,
  signedMessage,
  writeCall,
  writeHello,
  writeMachine,
} from '@smc/protocol';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { sourceOf } from '../src/access/access.ts';
import { Signers } from '../src/access/signers.ts';
import { Tokens } from '../src/access/tokens.ts';
import { Host } from '../src/host.ts';
import { type NodeOptions, type RunningNode, startNode } from '../src/node.ts';
import { type LogFacts, NO_LOG } from '../src/ports.ts';
import { bundleOf, counter, labelled, toCounter, toLabelled, upgradeBundle } from './images.ts';
import { type HttpReply, post, put, send } from './requests.ts';

/** Who may do what on a node, over each of its protocols. */

const nodes: RunningNode[] = [];

afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.close()));
});

async function start(options: Partial<NodeOptions> = {}): Promise<RunningNode> {
  const node = await startNode({ httpPort: 0, linesPort: 0, ...options });
  nodes.push(node);
  return node;
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const CALLS_OF_TWO = [
  { caller: 'alice', token: 'token-of-alice-1' },
  { caller: 'alice', token: 'token-of-alice-2' },
  { caller: 'bob', token: 'token-of-bob' },
];
const CALLS = new Tokens(CALLS_OF_TWO);
const ADMINISTRATION = new Tokens([{ caller: 'olga', token: 'token-of-olga' }]);
const ADMIN = bearer('token-of-olga');
const tls = {
  cert: readFileSync(new URL('tls/localhost.crt', import.meta.url), 'utf8'),
  key: readFileSync(new URL('tls/localhost.key', import.meta.url), 'utf8'),
};

/** Deploys with a token of administration. */
const deploy = (node: RunningNode, bundle: Uint8Array) =>
  send(node, '/_smc/machines', {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream', ...ADMIN },
    body: bundle,
  });

/** What a connection for lines answers, until it ends. */
function lines(node: RunningNode, text: string | Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port: node.linesPort!, host: '127.0.0.1' }, () => socket.end(text));
    let shown = '';
    socket.on('data', (chunk: Buffer) => (shown += chunk.toString()));
    socket.on('end', () => resolve(shown));
    socket.on('error', reject);
  });
}

/** A call of the counter in frames, with a token. */
function framed(token: string): Uint8Array {
  const writer = new ByteWriter();
  writer.raw(FRAME_MAGIC);
  writeHello(writer, '0'.repeat(32), token);
  writeMachine(writer, { name: 'Counter', interface: fingerprints(counter()).interface });
  // It is not read before it has its turn.
  writeCall(writer, { id: 1, machine: 0, deadlineMillis: 0, body: new Uint8Array(1) });
  return writer.bytes();
}

describe('whose share of the node a caller has a part in', () => {
  const ofAddress = (address?: string): string => sourceOf('', address);

  it('is that of the name of its token, wherever it comes from', () => {
    expect(sourceOf('shop', '192.0.2.1')).toBe(sourceOf('shop', '192.0.2.2'));
    expect(sourceOf('shop', '192.0.2.1')).not.toBe(sourceOf('bank', '192.0.2.1'));
    // Nobody gets that of an address by the name of a token.
    expect(sourceOf('address 192.0.2.1')).not.toBe(ofAddress('192.0.2.1'));
  });

  it.each([
    ['192.0.2.1', '::ffff:192.0.2.1'],
    ['192.0.2.1', '::FFFF:192.0.2.1'],
    ['2001:db8:1:2::', '2001:db8:1:2:3:4:5:6'],
    ['2001:db8:1:2::7', '2001:db8:1:2:ffff::'],
    ['2001:db8::1', '2001:db8::2:3:4:5'],
    ['::1', '::2:3:4:5'],
    ['fe80::1', 'fe80::2%eth0'],
    ['1::2:3:4:5:6:7', '1:0:2:3::'],
  ])('is one for %s and %s', (a, b) => {
    expect(ofAddress(a)).toBe(ofAddress(b));
  });

  it.each([
    ['192.0.2.1', '192.0.2.2'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.2'],
    ['2001:db8:1:2::1', '2001:db8:1:3::1'],
    ['2001:db8::1', '2001:db8::1:2:3:4:5'],
    ['1::2:3:4:5:6:7', '1::3:4:5:6:7'],
    ['127.0.0.1', '::1'],
  ])('is not one for %s and %s', (a, b) => {
    expect(ofAddress(a)).not.toBe(ofAddress(b));
  });
});

describe('tokens', () => {
  it('are wanted for calls and for administration, each its own', async () => {
    const node = await start({ access: { calls: CALLS, administration: ADMINISTRATION } });
    expect(await put(node, bundleOf(counter()))).toMatchObject({ status: 401 });
    expect(await deploy(node, bundleOf(counter()))).toMatchObject({ status: 200 });
    const refused = await post(node, '/Counter/Incr');
    expect(refused).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } });
    expect(refused.body).toBe('{"error":{"code":"unauthorized","message":"this needs a token"}}');
    for (const wrong of [
      '',
      'Bearer',
      'Bearer token-of-alice',
      'Basic dG9rZW4=',
      'Bearer token-of-alice-1 x',
    ]) {
      expect(await post(node, '/Counter/Incr', '{}', { authorization: wrong })).toMatchObject({
        status: 401,
      });
    }
    expect(await post(node, '/Counter/Incr', '{}', bearer('token-of-bob'))).toMatchObject({ status: 200 });
    // The scheme is not sensitive to case (RFC 9110), and who administers may call too.
    const scheme = { authorization: 'bearer token-of-alice-1' };
    expect(await post(node, '/Counter/Incr', '{}', scheme)).toMatchObject({ status: 200 });
    expect(await post(node, '/Counter/Incr', '{}', ADMIN)).toMatchObject({ status: 200 });
    expect(await send(node, '/Counter/Read', { headers: ADMIN })).toMatchObject({ body: '3' });
  });

  it('of callers administer nothing, however the address is written', async () => {
    const node = await start({ access: { calls: CALLS, administration: ADMINISTRATION } });
    await deploy(node, bundleOf(counter()));
    const paths = [
      '/_smc/machines',
      '/_smc/machines/Counter',
      '/_smc/machines/Counter/state',
      '/_smc/machines/Counter/history',
      '/_smc/machines/Counter/image',
      '/%5fsmc/machines',
      '/%5Fsmc/machines/Counter/state',
      '/_smc/%6dachines',
      '//_smc/machines',
      '/_smc//machines',
      '/Counter/../_smc/machines',
      '/_smc/machines?after=A',
      '/_smc/machines#x',
      '/_smc/nothing',
      '/_smc',
    ];
    for (const path of paths) {
      for (const headers of [{}, bearer('token-of-bob')]) {
        const reply = await send(node, path, { headers });
        expect(reply.status, path).toBeGreaterThanOrEqual(400);
        expect(reply.body, path).toMatch(/^\{"error":/);
      }
    }
    for (const method of ['HEAD', 'OPTIONS', 'PROPFIND']) {
      expect(await send(node, '/_smc/machines', { method })).toMatchObject({ status: 401 });
    }
    expect(await send(node, '/Counter/Read', { method: 'HEAD' })).toMatchObject({ status: 401 });
    for (const method of ['PUT', 'DELETE']) {
      const path = method === 'PUT' ? '/_smc/machines' : '/_smc/machines/Counter';
      expect(await send(node, path, { method, headers: bearer('token-of-bob') })).toMatchObject({
        status: 401,
      });
    }
    expect(await send(node, '/_smc/machines', { headers: ADMIN })).toMatchObject({ status: 200 });
    // Whether it is well may be asked by anybody.
    expect(await send(node, '/_smc/health')).toMatchObject({ status: 200 });
    expect(await send(node, '/_smc/ready')).toMatchObject({ status: 200 });
  });

  it('come first on a line, and a wrong one ends the connection', async () => {
    const node = await start({ access: { calls: CALLS, administration: ADMINISTRATION } });
    await deploy(node, bundleOf(counter()));
    expect(await lines(node, 'auth token-of-bob\nCounter Incr\nCounter Read\n')).toBe('ok ()\nok ()\nok 1\n');
    expect(await lines(node, 'Counter Incr\nauth token-of-bob\n')).toBe(
      'error unauthorized this needs a token: auth TOKEN comes first\n',
    );
    expect(await lines(node, 'interface 12345678\n')).toMatch(/^error unauthorized/);
    expect(await lines(node, 'auth token-of-nobody\nCounter Incr\n')).toBe(
      'error unauthorized the token is not one that may do this\n',
    );
    expect(await lines(node, 'auth token-of-olga\nCounter Read\n')).toBe('ok ()\nok 1\n');
  });

  it('that are wrong are counted over each protocol, and told to the operator, without the token', async () => {
    const told: string[] = [];
    const log = { ...NO_LOG, warn: (facts: LogFacts) => told.push(JSON.stringify(facts)) };
    const node = await start({ access: { calls: CALLS, administration: ADMINISTRATION }, log });
    await lines(node, 'auth token-of-alice-3\n');
    await lines(node, 'Counter Incr\n');
    await lines(node, 'auth token-of-bob\n');
    const writer = new ByteWriter();
    writer.raw(FRAME_MAGIC);
    writeHello(writer, '0'.repeat(32), 'token-of-alice-3');
    await lines(node, writer.bytes());
    await post(node, '/Counter/Incr?secret=1', '{}', bearer('token-of-alice-3'));
    expect(told).toEqual(['{"protocol":"lines","from":"127.0.0.1","others":0}']);
    const metrics = await send(node, '/_smc/metrics', { headers: ADMIN });
    expect(metrics.body.match(/^smc_unauthorized_total.*$/gm)).toEqual([
      'smc_unauthorized_total{protocol="http"} 1',
      'smc_unauthorized_total{protocol="lines"} 2',
      'smc_unauthorized_total{protocol="frames"} 1',
    ]);
    await node.close();
    expect(told.slice(1)).toEqual([
      '{"protocol":"http","from":"127.0.0.1","method":"POST","path":"/Counter/Incr","others":2}',
    ]);
  });

  it('with a name are what shares are by, and else the address is', async () => {
    const asked = vi.spyOn(Host.prototype, 'call');
    const sources = (): string[] => asked.mock.calls.splice(0).map(([, , { caller }]) => caller.source);
    const unnamed = new Tokens([...CALLS_OF_TWO, { caller: '', token: 'token-of-many' }]);
    const node = await start({ access: { calls: unnamed } });
    await put(node, bundleOf(counter()));
    for (const token of ['token-of-bob', 'token-of-alice-2', 'token-of-many']) {
      await post(node, '/Counter/Incr', '{}', bearer(token));
      await lines(node, `auth ${token}\nCounter Incr\n`);
      await lines(node, framed(token));
      const source = { 'token-of-bob': 'token bob', 'token-of-alice-2': 'token alice' }[token];
      expect(sources()).toEqual(Array.from({ length: 3 }, () => source ?? 'address 127.0.0.1'));
    }
    const open = await start();
    await post(open, '/Counter/Incr', '{}', bearer('token-of-bob'));
    await lines(open, 'Counter Incr\n');
    expect(sources()).toEqual(['address 127.0.0.1', 'address 127.0.0.1']);
    asked.mockRestore();
  });

  it('are passed over where none is wanted, whatever they are, in each protocol', async () => {
    const asked = vi.spyOn(Host.prototype, 'call');
    const node = await start();
    await put(node, bundleOf(counter()));
    expect(await post(node, '/Counter/Incr', '{}', bearer('anything'))).toMatchObject({ status: 200 });
    expect(await send(node, '/_smc/machines', { headers: bearer('anything') })).toMatchObject({
      status: 200,
    });
    expect(await lines(node, 'auth anything\nauth else\nCounter Read\n')).toBe('ok ()\nok ()\nok 1\n');
    asked.mockClear();
    await lines(node, framed('anything'));
    expect(asked).toHaveBeenCalledOnce();
    asked.mockRestore();
    expect((await send(node, '/_smc/metrics')).body.match(/^smc_unauthorized_total.* 0$/gm)).toHaveLength(3);
  });

  it('tell callers apart: a key of one is not a key of another', async () => {
    const node = await start({ access: { calls: CALLS } });
    await put(node, bundleOf(counter()));
    const incr = (token: string) =>
      post(node, '/Counter/Incr', '{}', { ...bearer(token), 'idempotency-key': 'one' });
    for (const token of ['token-of-alice-1', 'token-of-alice-2', 'token-of-bob', 'token-of-bob']) {
      expect(await incr(token)).toMatchObject({ status: 200 });
    }
    expect(await send(node, '/Counter/Read', { headers: bearer('token-of-bob') })).toMatchObject({
      body: '2',
    });
  });
});

describe('beyond this computer', () => {
  it('a token and encryption are needed', async () => {
    const address = '0.0.0.0';
    const lacking = async (options: Partial<NodeOptions>): Promise<string> => {
      const error: unknown = await start({ address, ...options }).then(
        () => null,
        (reason: unknown) => reason,
      );
      return error instanceof Error ? error.message : 'it started';
    };
    expect(await lacking({})).toMatch(/needs a token and TLS$/);
    expect(await lacking({ tls })).toMatch(/needs a token$/);
    expect(await lacking({ access: { calls: CALLS } })).toMatch(/needs TLS$/);
    // A token for administration is none for calls.
    expect(await lacking({ tls, access: { administration: ADMINISTRATION } })).toMatch(/needs a token$/);
    const own = { address: '127.0.0.1', adminAddress: '0.0.0.0', adminPort: 0 };
    expect(await lacking({ ...own, tls, access: { calls: CALLS } })).toMatch(/needs a token$/);
    expect(await lacking({ ...own, access: { administration: ADMINISTRATION } })).toMatch(/needs TLS$/);
    expect(await lacking({ tls, access: { calls: CALLS } })).toBe('it started');
  });

  it('probes are told where they are not, without a token', async () => {
    const node = await start({ address: '0.0.0.0', insecure: true, adminPort: 0, access: { calls: CALLS } });
    for (const path of ['/_smc/health', '/_smc/ready']) {
      const refused = await send(node, path);
      expect(refused).toMatchObject({ status: 404 });
      expect(refused.body).toMatch(/a listener of its own/);
    }
    expect(await send(node, '/_smc/machines')).toMatchObject({ status: 401 });
  });

  it('administration is not there, but on a listener of its own', async () => {
    const node = await start({ address: '0.0.0.0', insecure: true, adminPort: 0 });
    const admin = { ...node, httpPort: Number(new URL(node.adminUrl!).port) };
    expect(await put(admin, bundleOf(counter()))).toMatchObject({ status: 200 });
    expect(await post(node, '/Counter/Incr')).toMatchObject({ status: 200 });
    for (const path of ['/_smc/machines', '/_smc/health', '/_smc/ready', '/_smc/machines/Counter/state']) {
      expect(await send(node, path), path).toMatchObject({ status: expect.not.toBeOneOf([200]) as number });
      expect(await send(admin, path), path).toMatchObject({ status: 200 });
    }
    for (const [method, path] of [
      ['GET', '/_smc'],
      ['GET', '/_smc/machines/Counter'],
      ['PUT', '/_smc/machines/Counter'],
      ['DELETE', '/_smc/machines/Counter'],
    ]) {
      const headers = { 'content-type': 'text/plain' };
      const refused = await send(node, path, { method, headers, body: 'x' });
      expect(refused).toMatchObject({ status: 404 });
      expect(refused.body).toMatch(/^\{"error":\{"code":"unknown-operation".*a listener of its own/);
    }
    expect(await put(node, bundleOf(counter()))).toMatchObject({ status: 404 });
    expect(await post(admin, '/Counter/Incr')).toMatchObject({
      status: 404,
      body: expect.stringMatching(/"unknown-operation","message":"machines are not called here/) as string,
    });
    // Names by which the node is known elsewhere are not those of this computer.
    expect(await send(node, '/Counter/Read', { headers: { host: 'counter.example' } })).toMatchObject({
      body: '1',
    });
    expect(await send(admin, '/_smc/machines', { headers: { host: 'counter.example' } })).toMatchObject({
      status: 400,
    });
    expect((await start({ address: '0.0.0.0', insecure: true })).adminUrl).toBe(null);
  });
});

describe('signatures', () => {
  const [release, other] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')];
  const pem = (key: KeyObject): string => String(key.export({ format: 'pem', type: 'spki' }));
  const signers = new Signers([pem(release.publicKey)]);
  const bundle = bundleOf(counter());
  const signatureBy = ({ publicKey, privateKey }: typeof release, bytes = bundle) => ({
    key: Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url'),
    signature: sign(null, signedMessage(bytes), privateKey),
  });

  it('of known signers are needed', async () => {
    const node = await start({ access: { signers } });
    const refused = async (bytes: Uint8Array): Promise<string> => {
      const reply = await put(node, bytes);
      expect(reply.status).toBe(401);
      return (JSON.parse(reply.body) as { error: { message: string } }).error.message;
    };
    expect(await refused(bundle)).toMatch(/^the bundle is not signed/);
    expect(await refused(encodeSigned({ bundle, signatures: [signatureBy(other)] }))).toMatch(
      /^the bundle is signed with [0-9a-f]{12}, and this node knows no such key/,
    );
    const borrowed = { ...signatureBy(other), key: signatureBy(release).key };
    expect(await refused(encodeSigned({ bundle, signatures: [borrowed] }))).toMatch(
      /^the signature is not one of this/,
    );
    const signed = encodeSigned({ bundle, signatures: [signatureBy(release), signatureBy(other)] });
    const first = signed.length - bundle.length;
    for (const at of [first, first + Math.floor(bundle.length / 2), signed.length - 1]) {
      expect(await refused(signed.with(at, signed[at] ^ 1))).toMatch(
        /^the signature is not one of this bundle/,
      );
    }
    expect(await send(node, '/_smc/machines')).toMatchObject({ body: '[]' });
    expect(await put(node, signed)).toMatchObject({ status: 200 });
    expect(await post(node, '/Counter/Incr')).toMatchObject({ status: 200 });
  });

  it('are needed for whatever brings code, in whichever way it comes', async () => {
    const node = await start({ access: { signers }, adminPort: 0 });
    const [A, B] = [counter(), labelled()];
    const upgrade = upgradeBundle(B, toLabelled(A));
    /** A deployment, an upgrade, the way back, an upgrade that is only to be deployed, and another machine. */
    const steps = [
      { bytes: bundle, mode: '', code: fingerprints(A).code },
      { bytes: upgrade, mode: 'mode=upgrade', code: fingerprints(B).code },
      { bytes: upgradeBundle(A, toCounter(B)), mode: 'mode=upgrade', code: fingerprints(A).code },
      { bytes: upgrade, mode: 'mode=deploy', code: fingerprints(B).code },
      { bytes: bundleOf(counter({ name: 'Other' })), mode: 'mode=deploy', code: fingerprints(B).code },
    ];
    const admin = { ...node, httpPort: Number(new URL(node.adminUrl!).port) };
    const tell = async (): Promise<string> =>
      (
        await Promise.all(
          ['', '/Counter/history', '/Other'].map((path) => send(admin, `/_smc/machines${path}`)),
        )
      )
        .map(({ body }) => body)
        .join();
    for (const [i, { bytes, mode, code }] of steps.entries()) {
      const signed = (by: typeof release): Uint8Array =>
        encodeSigned({ bundle: bytes, signatures: [signatureBy(by, bytes)] });
      const before = await tell();
      for (const dryRun of ['dry-run=1', 'dry-run=0', '']) {
        const query = [mode, dryRun].filter((each) => each !== '').join('&');
        for (const type of ['application/octet-stream', 'application/vnd.smc.bundle']) {
          for (const key of [{}, { 'idempotency-key': `step ${i} ${type} ${dryRun}` }]) {
            const bring = (body: Uint8Array): Promise<HttpReply> =>
              send(admin, `/_smc/machines?${query}`, {
                method: 'PUT',
                headers: { 'content-type': type, ...key },
                body,
              });
            for (const body of [bytes, signed(other)]) {
              expect(await bring(body), `${i} ${query}`).toMatchObject({ status: 401 });
            }
            if (dryRun !== 'dry-run=1') continue;
            expect(await bring(signed(release)), `${i} ${query}`).toMatchObject({ status: 200 });
          }
        }
      }
      expect(await tell()).toBe(before);
      const headers = { 'content-type': 'application/octet-stream', 'idempotency-key': `step ${i}` };
      const carryOut = (body: Uint8Array): Promise<HttpReply> =>
        send(admin, `/_smc/machines?${mode}`, { method: 'PUT', headers, body });
      expect(await carryOut(signed(release))).toMatchObject({ status: 200 });
      // What is known by its key needs them too.
      expect(await carryOut(bytes)).toMatchObject({ status: 401 });
      expect(await send(admin, '/_smc/machines/Counter')).toMatchObject({ headers: { 'smc-code': code } });
    }
    expect(await send(admin, '/_smc/machines/Other')).toMatchObject({ status: 200 });
  });

  it('may be there where none is wanted', async () => {
    const node = await start();
    expect(await put(node, encodeSigned({ bundle, signatures: [signatureBy(other)] }))).toMatchObject({
      status: 200,
    });
  });

  it('are by Ed25519 alone', () => {
    const { publicKey } = generateKeyPairSync('x25519');
    expect(() => new Signers([pem(publicKey)])).toThrow('where Ed25519 is needed');
    expect(() => new Signers(['-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----'])).toThrow(
      /unsupported|DECODER|PEM|asn/i,
    );
  });
});
