import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { LineConnection, smc, startNodeProcess, type NodeProcess } from './process.ts';

const CLIENTS = 20;
/** Increments that must have been answered between one upgrade and the next. */
const INCREMENTS_BETWEEN = 40;

const programs = fileURLToPath(new URL('../upgrade/flip/', import.meta.url));

/**
 * Twenty clients call without pause, half of them lines over TCP, half HTTP with a connection kept
 * open, while upgrades go back and forth between two forms of the state. Each increment answers
 * with the count that it made, so the replies of all clients together are 1, 2, … up to the final
 * count exactly when none was lost, done twice or done on the wrong state.
 */
export async function upgradeUnderLoad(upgrades: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'smc-load-'));
  const node = await startNodeProcess();
  try {
    const bundles = await Promise.all(['ping', 'pong', 'ping-again'].map((name) => build(folder, name)));
    expect(await node.put(bundles[0])).toMatch(/^200 /);

    const replies: number[] = [];
    let stopping = false;
    const more = (): boolean => !stopping;
    const clients = Array.from({ length: CLIENTS }, (_, i) =>
      i % 2 === 0 ? lineClient(node, replies, more) : httpClient(node, replies, more),
    );
    for (let i = 0; i < upgrades; i++) {
      const before = replies.length;
      while (replies.length < before + INCREMENTS_BETWEEN)
        await new Promise((resolve) => setTimeout(resolve, 1));
      expect(await node.put(bundles[1 + (i % 2)], '?mode=upgrade')).toMatch(/^200 /);
    }
    stopping = true;
    await Promise.all(clients);

    const line = await LineConnection.open(node.tcpPort);
    expect(await line.ask('Counter Read')).toBe(`ok ${replies.length}`);
    line.close();
    expect(replies.length).toBeGreaterThanOrEqual(upgrades * INCREMENTS_BETWEEN);
    expect(replies.toSorted((a, b) => a - b)).toEqual(Array.from(replies, (_, i) => i + 1));
    const history = await fetch(`${node.url}/_smc/machines/Counter/history`);
    const entries = (await history.json()) as { kind: string }[];
    expect(entries.filter(({ kind }) => kind === 'upgrade')).toHaveLength(upgrades);
  } finally {
    expect(await node.stop()).toBe(0);
    rmSync(folder, { recursive: true });
  }
}

async function build(folder: string, name: string): Promise<Uint8Array> {
  const path = join(folder, `${name}.smb`);
  const built = await smc(['build', join(programs, `${name}.sm`), '-o', path]);
  expect(built, built.stderr).toMatchObject({ status: 0 });
  return readFileSync(path);
}

async function lineClient(node: NodeProcess, replies: number[], more: () => boolean): Promise<void> {
  const connection = await LineConnection.open(node.tcpPort);
  while (more()) {
    const reply = await connection.ask('Counter Incr');
    expect(reply).toMatch(/^ok \d+$/);
    replies.push(Number(reply.slice(3)));
  }
  expect(connection.closed).toBe(false);
  connection.close();
}

/** One connection, kept open: a second one would mean that the first was dropped. */
async function httpClient(node: NodeProcess, replies: number[], more: () => boolean): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ports = new Set<number | undefined>();
  const url = new URL('/Counter/Incr', node.url);
  while (more()) {
    replies.push(
      await new Promise<number>((resolve, reject) => {
        const sent = request(url, { method: 'POST', agent }, (response) => {
          ports.add(response.socket.localPort);
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (text += chunk));
          response.on('end', () => {
            if (response.statusCode === 200) resolve(JSON.parse(text) as number);
            else reject(new Error(`${response.statusCode} ${text}`));
          });
        });
        sent.on('error', reject);
        sent.end();
      }),
    );
  }
  agent.destroy();
  expect(ports.size).toBe(1);
}
