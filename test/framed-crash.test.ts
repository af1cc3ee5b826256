import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectFrames, machineOf } from '@smc/client';
import { encodeBundle } from '@smc/protocol';
import { expect, test } from 'vitest';
import { type Counter, first } from './support/framed.ts';
import { type NodeProcess, startNodeProcess } from './support/process.ts';

const CRASHES = 5;
const CLIENTS = 4;
const IN_FLIGHT = 16;

/**
 * Clients go on while their node is killed and started again on the same data. Each increment answers with
 * the count that it made: the replies are 1, 2, … exactly when what was answered is there, and what was sent
 * again was not done again.
 */
test('a node that is killed under framed clients loses nothing and does nothing twice', async () => {
  const data = mkdtempSync(join(tmpdir(), 'smc-crash-'));
  let node: NodeProcess = await startNodeProcess(['--data', data]);
  const { tcpPort } = node;
  const clients = Array.from({ length: CLIENTS }, () =>
    connectFrames(`127.0.0.1:${tcpPort}`, { deadlineMillis: 120_000, backoffMillisMax: 100 }),
  );
  try {
    expect(await node.put(encodeBundle(first))).toMatch(/^200 /);
    const replies: unknown[] = [];
    let isDone = false;
    const loads = clients.flatMap((client) => {
      const counter = client.machine<Counter>(machineOf(first, 'Counter'));
      return Array.from({ length: IN_FLIGHT }, async () => {
        while (!isDone) {
          const reply = await counter.call('Incr');
          replies.push(reply.ok ? reply.value.value : reply.error);
          if (!reply.ok) return;
        }
      });
    });
    try {
      for (let crash = 0; crash < CRASHES; crash++) {
        const before = replies.length;
        // Somewhere between a request and its answer, each time another place.
        while (replies.length < before + 300 + 37 * crash)
          await new Promise((resolve) => setImmediate(resolve));
        node.child.kill('SIGKILL');
        await once(node.child, 'close');
        node = await startNodeProcess(['--data', data, '--tcp', String(tcpPort)]);
      }
    } finally {
      isDone = true;
    }
    await Promise.all(loads);
    expect(replies.toSorted((a, b) => Number(a) - Number(b))).toEqual(replies.map((_, i) => i + 1));
    const counter = clients[0].machine<Counter>(machineOf(first, 'Counter'));
    expect(await counter.call('Read')).toMatchObject({ ok: true, value: { value: replies.length } });
  } finally {
    for (const client of clients) client.close();
    await node.stop();
    rmSync(data, { recursive: true });
  }
});
