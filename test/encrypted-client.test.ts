import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { type RunningNode, startNode, Tokens } from '@smc/node';
import { encodeBundle } from '@smc/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../packages/client/test/support/manual-clock.ts';
import { bundleOf } from './support/compile.ts';
import { type ClientTls, connectFrames, connectHttp, type FrameOptions, machineOf } from '@smc/client';

/** Encrypted connections over HTTP and frames: whose certificate is taken, and what is said where it is not. */

const BUNDLE = bundleOf({
  'counter.sm': `machine Counter {
  state: Int = 0
  on Incr -> Int {
    n <- get
    put -< n + 1
    return -< n + 1
  }
}
`,
});

const file = (name: string): string =>
  readFileSync(new URL(`../packages/node/test/tls/${name}`, import.meta.url), 'utf8');
const tls = { cert: file('localhost.crt'), key: file('localhost.key') };
const token = 'token-of-somebody';
/** SHA-256 of the certificate. */
const FINGERPRINT = /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/;

let node: RunningNode;
beforeEach(async () => {
  const access = { calls: new Tokens([{ caller: 'a', token }]) };
  node = await startNode({ httpPort: 0, linesPort: 0, adminPort: 0, tls, access });
  expect(await connectHttp(node.adminUrl!).deploy(encodeBundle(BUNDLE))).toMatchObject({ ok: true });
});
afterEach(() => node.close());

type Counter = { Incr: { input: undefined; reply: number } };

/** What comes of an increment over each protocol. */
async function increments(own: ClientTls | undefined, options: FrameOptions = {}): Promise<[string, string]> {
  const all = { token, ...(own === undefined ? {} : { tls: own }), ...options };
  const http = await connectHttp(node.url!, all).call('Counter', 'Incr', '');
  const frames = connectFrames(`127.0.0.1:${node.linesPort}`, all);
  const framed = await frames.machine<Counter>(machineOf(BUNDLE, 'Counter')).call('Incr');
  frames.close();
  return [
    http.ok ? http.value.text : http.error.message,
    framed.ok ? String(framed.value.value) : framed.error.message,
  ];
}

const refused = (why: string): [string, string] => [
  `no node reached at ${node.url}: the certificate of the node is not taken: ${why}`,
  `the certificate of the node is not taken: ${why}`,
];

describe('a client with TLS', () => {
  it('takes the certificate of an authority that it was given, and of no other', async () => {
    expect(await increments({ ca: tls.cert })).toEqual(['1', '2']);
    expect(await increments({ ca: [tls.cert] })).toEqual(['3', '4']);
    expect(await increments({})).toEqual(refused('it is signed by itself, and not given as an authority'));
  });

  it('takes the name that it was told, or that of the address', async () => {
    expect(await increments({ ca: tls.cert, serverName: 'localhost' })).toEqual(['1', '2']);
    expect(await increments({ ca: tls.cert, serverName: 'example.org' })).toEqual(
      refused('it is of another name'),
    );
  });

  it('looks at the certificate as its program says', async () => {
    const seen: string[] = [];
    const look = (isTaken: boolean): ClientTls => ({
      ca: tls.cert,
      checkCertificate: ({ fingerprint256 }) => {
        seen.push(fingerprint256);
        return isTaken ? null : 'it is not the one that was agreed on';
      },
    });
    expect(await increments(look(true))).toEqual(['1', '2']);
    expect(await increments(look(false))).toEqual(refused('it is not the one that was agreed on'));
    expect(seen).toHaveLength(4);
    expect(new Set(seen).size).toBe(1);
    expect(seen[0]).toMatch(FINGERPRINT);
  });

  it('says so where the other side does not encrypt, and shows its token to nobody else', async () => {
    await node.close();
    node = await startNode({ httpPort: 0, linesPort: 0 });
    const https = connectHttp(node.url!.replace('http:', 'https:'), { token });
    expect(await https.call('Counter', 'Incr', '')).toMatchObject({
      ok: false,
      error: { kind: 'unreachable', message: expect.stringContaining('does not encrypt') as string },
    });
    // A line that is none is answered, in plain text.
    const [, framed] = await increments({ ca: tls.cert });
    expect(framed).toBe('what answers there does not encrypt');
  });

  it('is what a node wants that encrypts: a client without is told so', async () => {
    expect(await connectHttp(node.url!.replace('https:', 'http:')).call('Counter', 'Incr', '')).toMatchObject(
      {
        error: { message: expect.stringContaining('begins with https') as string },
      },
    );
    const time = new ManualClock();
    let isClosed = (): void => {};
    const closed = new Promise<void>((resolve) => (isClosed = resolve));
    const dial = (host: string, port: number) => createConnection({ host, port }).once('close', isClosed);
    const frames = connectFrames(`127.0.0.1:${node.linesPort}`, { token, clock: time, dial });
    const call = frames.machine<Counter>(machineOf(BUNDLE, 'Counter')).call('Incr');
    await closed;
    time.pass(30_000);
    expect(await call).toMatchObject({
      error: { message: expect.stringContaining('a node that encrypts wants the option tls') as string },
    });
    frames.close();
  });

  it('is refused with a wrong token', async () => {
    const wrong = 'the token is not one that may do this';
    expect(await increments({ ca: tls.cert }, { token: 'x' })).toEqual([wrong, wrong]);
  });
});
