import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { encodeBundle } from '@smc/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleOf } from '../support/compile.ts';
import {
  closed,
  dial,
  malformedStorms,
  pause,
  portOf,
  residentBytes,
  withGoodClients,
} from '../support/hostility.ts';
import { malformedHttp, SMUGGLED } from '../support/malformed.ts';
import { LineConnection, type NodeProcess, startNodeProcess } from '../support/process.ts';
import { randomNumbers } from '../support/random.ts';
import { TALLY } from '../support/tally.ts';

/**
 * What others can do to a node over its ports: it answers or drops them, its memory stays bounded, and good clients
 * beside them see nothing of it. A failure is had again with its seed, `SMC_TEST_SEED`.
 */

const BROAD = `machine Broad {
  state: String = ""
  on Put(text: String) { put -< text }
  on Read -> String { get }
}
`;

const GIGABYTE = 2 ** 30;
const HEAD = 'POST /Tally/mallory/Add HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n';

let node: NodeProcess;
beforeAll(async () => {
  node = await startNodeProcess();
  expect(await node.put(TALLY.plain.encoded)).toMatch(/^200 /);
  expect(await node.put(encodeBundle(bundleOf({ 'broad.sm': BROAD })))).toMatch(/^200 /);
});
afterAll(async () => {
  expect(await node.stop()).toBe(0);
});

/** All that a connection answers to some bytes, after which its peer sends no more. */
async function answerTo(port: number, bytes: Uint8Array): Promise<string> {
  const socket = await dial(port, true);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  socket.on('end', () => socket.end());
  socket.write(bytes, () => socket.end());
  await closed(socket);
  return text;
}

const many = <T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)));

describe('a node', () => {
  test('carries out nothing that is hidden in another request', async () => {
    for (const text of SMUGGLED) {
      const answer = await answerTo(portOf(node), Buffer.from(text, 'latin1'));
      // There is no tunnel; a request to upgrade is one without that.
      const isTunnel = text.startsWith('CONNECT');
      const isUpgrade = text.includes('h2c');
      // That of HTTP/0.9 has none.
      const hasVersion = text.split('\r\n')[0].includes('HTTP/');
      const status = isTunnel ? 404 : isUpgrade ? 200 : hasVersion ? 400 : 505;
      expect(answer.slice(0, 12), text).toBe(`HTTP/1.1 ${status}`);
    }
    const line = await LineConnection.open(node.tcpPort);
    expect(await line.ask('Tally/smuggled Read')).toBe('ok 0');
    line.close();
  });

  test('answers or drops thousands of malformed connections', () =>
    malformedStorms(node, 1_000, randomNumbers()));

  test('holds little for bodies of a gigabyte, whether they say so or not', async () => {
    await withGoodClients(node, async () => {
      const announced = await many(200, async () => {
        const socket = await dial(portOf(node));
        let answer = '';
        socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
        socket.write(`${HEAD}content-length: ${GIGABYTE}\r\n\r\n{`);
        while (answer === '') await pause();
        expect(answer).toMatch(/^HTTP\/1.1 413 /);
        return socket;
      });
      for (const socket of announced) socket.destroy();
      expect(await sendBody({ 'content-length': GIGABYTE }, GIGABYTE)).toBe(413);
      expect(await sendBody({ 'transfer-encoding': 'chunked' }, GIGABYTE)).toBe(413);
      // Those that wait for leave to send are told before they do.
      const asking = Buffer.from(`${HEAD}content-length: ${GIGABYTE}\r\nexpect: 100-continue\r\n\r\n`);
      expect(await answerTo(portOf(node), asking)).toContain('HTTP/1.1 413 ');
    });
  });

  test('goes on beside thousands of connections that send nothing, or never all', async () => {
    const parts = [
      '',
      'P',
      HEAD,
      `${HEAD}content-length: 8\r\n\r\n{"b`,
      `${HEAD}transfer-encoding: chunked\r\n\r\n4\r\n{`,
    ];
    const others = ['', 'Tally/mallory Add(', '\0', '\0smf\0\0\0\x13\x01\x01', '\0smf\x7f'];
    const open: Socket[] = [];
    await withGoodClients(node, async () => {
      for (let round = 0; round < 30; round++) {
        const sockets = await many(100, async (index) => {
          const isHttp = index % 2 === 0;
          const socket = await dial(isHttp ? portOf(node) : node.tcpPort, true);
          socket.write((isHttp ? parts : others)[(index >> 1) % parts.length]);
          socket.resume();
          return socket;
        });
        open.push(...sockets);
        // Slowly more, a byte at a time.
        for (const socket of open) if (socket.writable) socket.write(' ');
      }
      const fresh = await LineConnection.open(node.tcpPort);
      expect(await fresh.ask('Tally/fresh Read')).toBe('ok 0');
      fresh.close();
    });
    for (const socket of open) socket.destroy();
  });

  test('holds little for those who take no replies', async () => {
    const text = 'x'.repeat(500_000);
    const put = await fetch(`${node.url}/Broad/Put`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text }),
    });
    expect(put.status).toBe(200);
    await withGoodClients(node, async () => {
      const sockets = await many(40, async (index) => {
        const isHttp = index % 2 === 0;
        const socket = await dial(isHttp ? portOf(node) : node.tcpPort);
        socket.pause();
        const one = isHttp ? 'GET /Broad/Read HTTP/1.1\r\nhost: localhost\r\n\r\n' : 'Broad Read\n';
        socket.write(one.repeat(1_000));
        return socket;
      });
      // What they asked for is twenty gigabytes.
      await pause(2_000);
      for (const socket of sockets) socket.destroy();
    });
  });
});

/**
 * Sends a body of so many bytes until it is answered, or the node ends the connection; the status of the answer. The
 * connection is to be kept: one that was to end with the answer would, and that might get lost.
 */
function sendBody(headers: Record<string, string | number>, bytes: number): Promise<number> {
  const chunk = Buffer.alloc(2 ** 20, ' ');
  const agent = new Agent({ keepAlive: true });
  let left = bytes;
  let status = 0;
  return new Promise((resolve) => {
    const path = '/Tally/mallory/Add';
    const all = { ...headers, 'content-type': 'application/json' };
    const sent = request({
      port: portOf(node),
      host: '127.0.0.1',
      path,
      method: 'POST',
      headers: all,
      agent,
    });
    const end = (): void => {
      agent.destroy();
      resolve(status);
    };
    sent.on('response', (response) => {
      status = response.statusCode ?? 0;
      response.resume();
      response.on('end', end);
    });
    sent.on('error', end);
    sent.on('close', end);
    const send = (): void => {
      while (left > 0) {
        left -= chunk.length;
        if (!sent.write(chunk)) return void sent.once('drain', send);
      }
      sent.end();
    };
    send();
  });
}

test('a node with TLS drops what is none', async () => {
  const file = (name: string): string =>
    fileURLToPath(new URL(`../../packages/node/test/tls/${name}`, import.meta.url));
  const encrypted = await startNodeProcess([
    '--tls-cert',
    file('localhost.crt'),
    '--tls-key',
    file('localhost.key'),
  ]);
  try {
    const before = residentBytes(encrypted);
    const random = randomNumbers();
    for (const port of [portOf(encrypted), encrypted.tcpPort]) {
      await many(500, async () => {
        const socket = await dial(port);
        // The head of a greeting, with something else behind it: what is not refused at once waits for the rest.
        const noise = malformedHttp(random);
        const greeting = Buffer.concat([Buffer.of(22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3), noise]);
        socket.write(random() < 0.5 ? noise : greeting);
        await Promise.race([closed(socket), pause(1_000)]);
        socket.destroy();
      });
      const good = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
      await once(good, 'secureConnect');
      good.destroy();
    }
    expect(residentBytes(encrypted) - before).toBeLessThan(128 * 1024 * 1024);
  } finally {
    expect(await encrypted.stop()).toBe(0);
  }
});
