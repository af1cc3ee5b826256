import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { DiskJournal, startNode } from '@smc/node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LineConnection, smc, startNodeProcess } from '../support/process.ts';
import { TALLY } from '../support/tally.ts';

const SMC = new URL('../../packages/cli/bin/smc.js', import.meta.url);

/** As long as a node keeps what no recovery needs, if nothing is said. */
const HISTORY_MILLIS_MAX = 7 * 24 * 60 * 60 * 1_000;

let directory: string;
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'smc-durable-')), 'data');
});
afterEach(() => rmSync(join(directory, '..'), { recursive: true }));

describe('smc node --data', () => {
  test('keeps what it was sent, and refuses a second node on the directory', async () => {
    const first = await startNodeProcess(['--data', directory]);
    expect(await first.put(TALLY.plain.encoded)).toMatch(/^200 /);
    const line = await LineConnection.open(first.tcpPort);
    expect(await line.ask('Tally/a Add(3)')).toBe('ok 3');
    line.close();
    const second = await smc(['node', '--data', directory, '--http', '0', '--tcp', '0']);
    expect(second.status).toBe(1);
    expect(second.stderr).toContain(`${directory} is in use by process ${first.child.pid}`);
    const told = await smc([
      'node',
      '--data',
      directory,
      '--http',
      '0',
      '--tcp',
      '0',
      '--log',
      'json',
      '--json',
    ]);
    expect(told.status).toBe(1);
    expect(JSON.parse(told.stdout)).toMatchObject({ error: { code: 'journal' } });
    expect(JSON.parse(told.stderr)).toMatchObject({
      level: 'error',
      code: 'journal',
      msg: expect.stringContaining('is in use'),
    });
    // A lock that outlives its process would keep the next one out.
    expect(await first.stop('SIGKILL')).toBe(null);
    const third = await startNodeProcess(['--data', directory]);
    const again = await LineConnection.open(third.tcpPort);
    expect(await again.ask('Tally/a Add(4)')).toBe('ok 7');
    again.close();
    expect(await third.stop()).toBe(0);
    // Closed as it should be, all is in one file that any tool can open.
    expect(readdirSync(directory).filter((name) => name.startsWith('journal'))).toEqual(['journal.db']);
    const database = new DatabaseSync(join(directory, 'journal.db'), { readOnly: true });
    expect(database.prepare('SELECT sum(count) AS entries FROM log').get()).toEqual({ entries: 3 });
    database.close();
  });

  test('says what is wrong with a directory that it can not use', async () => {
    const running = await startNodeProcess(['--data', directory]);
    expect(await running.stop()).toBe(0);
    const database = new DatabaseSync(join(directory, 'journal.db'));
    database.exec('PRAGMA user_version = 99');
    const newer = await smc(['node', '--data', directory, '--http', '0', '--tcp', '0']);
    expect(newer).toMatchObject({ status: 1 });
    expect(newer.stderr).toMatch(/journal.db is a journal of version 99, and this smc reads version 4/);
    database.exec('PRAGMA application_id = 5');
    database.close();
    const foreign = await smc(['node', '--data', directory, '--http', '0', '--tcp', '0']);
    expect(foreign.stderr).toMatch(/journal.db is no journal of a node/);
  });

  test('accepts what it was sent before SIGTERM, and refuses the rest', async () => {
    const node = await startNodeProcess(['--data', directory]);
    expect(await node.put(TALLY.plain.encoded)).toMatch(/^200 /);
    const lines = await Promise.all(Array.from({ length: 10 }, () => LineConnection.open(node.tcpPort)));
    const answers: string[] = [];
    const clients = lines.map(async (line) => {
      try {
        for (;;) answers.push(await line.ask('Tally/a Add(1)'));
      } catch {
        // The node is gone.
      }
    });
    while (answers.length < 100) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(await node.stop()).toBe(0);
    await Promise.all(clients);
    const done = answers.filter((answer) => answer.startsWith('ok '));
    for (const answer of answers) expect(answer).toMatch(/^(ok \d+|error stopping .*)$/);
    const next = await startNodeProcess(['--data', directory]);
    const line = await LineConnection.open(next.tcpPort);
    expect(await line.ask('Tally/a Read')).toBe(`ok ${done.length}`);
    line.close();
    expect(await next.stop()).toBe(0);
  });

  test('takes a signal that comes twice for one', async () => {
    const node = await startNodeProcess(['--data', directory]);
    expect(await node.put(TALLY.plain.encoded)).toMatch(/^200 /);
    // The end waits for the last checkpoint, and that for this one.
    const database = new DatabaseSync(join(directory, 'journal.db'));
    database.exec('BEGIN IMMEDIATE');
    const ended = once(node.child, 'close');
    node.child.kill('SIGTERM');
    await until(() => node.log().includes('stopping'));
    node.child.kill('SIGTERM');
    database.exec('ROLLBACK');
    database.close();
    expect(await ended).toEqual([0, null]);
    expect(node.log()).not.toContain('signal');
  });

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'ends at once by a later %s where its end takes long',
    async (name) => {
      // No server ever says that it is closed.
      const endless =
        'import { Server } from "node:net"; Server.prototype.close = function () { return this; };';
      const node = await startNodeProcess(
        ['--data', directory],
        ['--import', `data:text/javascript,${encodeURIComponent(endless)}`],
      );
      let end: unknown = null;
      void once(node.child, 'close').then((how) => (end = how));
      await until(() => {
        node.child.kill(name);
        return end !== null;
      });
      expect(end).toEqual([null, name]);
      expect(node.log()).toMatch(new RegExp(`stopping\\nended at once, by a second signal: ${name}\\n$`));
    },
  );

  test('ends when the disk takes no more, and has all that it acknowledged', async () => {
    const { acknowledged, total, clients } = await fillDisk(SMC);
    expect(total).toBeGreaterThanOrEqual(acknowledged);
    expect(total).toBeLessThanOrEqual(acknowledged + clients);
  });

  // The check itself is checked.
  test('would be found out if it acknowledged what the disk has not taken', async () => {
    const { acknowledged, total } = await fillDisk(new URL('hasty-node.ts', import.meta.url));
    expect(total).toBeLessThan(acknowledged);
  });

  test('makes a checkpoint when as many seconds have passed as it was told', async () => {
    const node = await startNodeProcess(['--data', directory, '--checkpoint-seconds', '1']);
    expect(await node.put(TALLY.plain.encoded)).toMatch(/^200 /);
    expect(await add(node.tcpPort, 3)).toBe('ok 3');
    // Nothing comes any more.
    await untilCheckpoint(2);
    expect(await node.stop()).toBe(0);
  });

  test('keeps what no recovery needs for as long as it was told', async () => {
    const old = await startNode({
      httpPort: 0,
      linesPort: 0,
      journal: await DiskJournal.open(directory),
      clock: { now: () => Date.now() - 2 * HISTORY_MILLIS_MAX },
    });
    const body = TALLY.plain.encoded as Uint8Array<ArrayBuffer>;
    const headers = { 'content-type': 'application/octet-stream' };
    expect((await fetch(`${old.url}/_smc/machines`, { method: 'PUT', headers, body })).status).toBe(200);
    for (const sum of [3, 6]) expect(await add(old.linesPort!, 3)).toBe(`ok ${sum}`);
    await old.close();
    const inputs = (): unknown => look('SELECT sum(count) AS n FROM log WHERE structural = 0 AND first <= 3');
    expect(inputs()).toBe(2);

    const eager = ['--data', directory, '--checkpoint-bytes', '1'];
    const keeping = await startNodeProcess([...eager, '--keep-history']);
    // The second begins when what the first made needless is gone.
    for (const position of [4, 5]) {
      await add(keeping.tcpPort, 1);
      await untilCheckpoint(position);
    }
    expect(inputs()).toBe(2);
    expect(await keeping.stop()).toBe(0);

    const other = await startNodeProcess(eager);
    await add(other.tcpPort, 1);
    await until(() => inputs() === null);
    expect(await other.stop()).toBe(0);
  });

  test('is backed up while it runs, restored elsewhere, and repaired', async () => {
    const node = await startNodeProcess(['--data', directory]);
    expect(await node.put(TALLY.plain.encoded)).toMatch(/^200 /);
    const line = await LineConnection.open(node.tcpPort);
    expect(await line.ask('Tally/a Add(3)')).toBe('ok 3');
    const file = join(directory, '..', 'backup.smcb');
    expect(await smc(['backup', file, '--data', directory])).toMatchObject({ status: 0 });
    expect(await smc(['backup', file, '--data', directory])).toMatchObject({ status: 1 });
    expect(await line.ask('Tally/a Add(4)')).toBe('ok 7');
    expect(await smc(['repair', directory])).toMatchObject({ status: 1 });
    line.close();
    // Without a last checkpoint, which would have what is damaged below.
    expect(await node.stop('SIGKILL')).toBe(null);

    const other = join(directory, '..', 'other');
    expect(await smc(['restore', file, '--data', directory])).toMatchObject({ status: 1 });
    expect(await smc(['restore', file, '--data', other])).toMatchObject({ status: 0 });
    const restored = await startNodeProcess(['--data', other]);
    const old = await LineConnection.open(restored.tcpPort);
    expect(await old.ask('Tally/a Read')).toBe('ok 3');
    old.close();
    expect(await restored.stop()).toBe(0);

    const database = new DatabaseSync(join(directory, 'journal.db'));
    database.exec("UPDATE log SET entries = x'00' WHERE first = 2");
    database.close();
    const refused = await smc(['node', '--data', directory, '--http', '0', '--tcp', '0']);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/the log is damaged at position 2 .*smc repair/);
    const repaired = await smc(['repair', '--data', directory]);
    expect(repaired).toMatchObject({ status: 0 });
    expect(repaired.stdout).toMatch(/the group of entries at position 2 is damaged/);
    const mended = await startNodeProcess(['--data', directory]);
    const last = await LineConnection.open(mended.tcpPort);
    expect(await last.ask('Tally/a Read')).toBe('ok 0');
    last.close();
    expect(await mended.stop()).toBe(0);
  });
});

describe('the log of a node', () => {
  const garbage = Uint8Array.of(1, 2, 3);

  test('may lose its reader: the node goes on', async () => {
    const node = await startNodeProcess(['--data', directory]);
    node.child.stderr!.destroy();
    for (let i = 0; i < 3; i++) expect(await node.put(garbage)).toMatch(/^422 /);
    expect(await node.put(TALLY.plain.encoded)).toMatch(/^200 /);
    expect(await node.stop()).toBe(0);
  });

  test('may have a reader that stands still: the node ends when it is asked to', async () => {
    const node = await startNodeProcess(['--data', directory]);
    const { child } = node;
    child.stderr!.pause();
    // More than the pipe and this process hold.
    for (let i = 0; i < 200; i++) await Promise.all(Array.from({ length: 10 }, () => node.put(garbage)));
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    child.stderr!.resume();
  });

  const FULL = '/dev/full';
  test.skipIf(!existsSync(FULL)).each([
    { stream: 'stderr', form: 'text' },
    { stream: 'stderr', form: 'json' },
    { stream: 'stdout', form: 'json' },
  ] as const)('may be on a full disk, as may $stream: the node goes on ($form)', async ({ stream, form }) => {
    const node = await startWith(stream, FULL, ['--log', form]);
    const put = async (body: Uint8Array): Promise<number> => {
      const headers = { 'content-type': 'application/octet-stream' };
      const parts = { method: 'PUT', headers, body: body as Uint8Array<ArrayBuffer> };
      return (await fetch(`${node.url}/_smc/machines`, parts)).status;
    };
    expect(await put(TALLY.plain.encoded)).toBe(200);
    for (let i = 0; i < 3; i++) expect(await put(garbage)).toBe(422);
    const headers = { 'content-type': 'application/json' };
    const called = await fetch(`${node.url}/Tally/a/Add`, { method: 'POST', headers, body: '{"by":3}' });
    expect(await called.text()).toBe('3');
    node.child.kill('SIGTERM');
    expect(await node.ended).toEqual([0, null]);
  });
});

async function add(port: number, by: number): Promise<string> {
  const line = await LineConnection.open(port);
  const answer = await line.ask(`Tally/a Add(${by})`);
  line.close();
  return answer;
}

/** The one value that is asked for of the journal, whose node may run. */
function look(query: string): unknown {
  const database = new DatabaseSync(join(directory, 'journal.db'), { readOnly: true, timeout: 5_000 });
  try {
    return database.prepare(query).get()?.['n'];
  } finally {
    database.close();
  }
}

/** Waits for a checkpoint that counts, of this position or a later one. */
function untilCheckpoint(position: number): Promise<void> {
  return until(
    () => Number(look('SELECT max(position) AS n FROM checkpoints WHERE complete = 1')) >= position,
  );
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** A node of which one stream goes to a file; the other says where it is. */
async function startWith(
  stream: 'stdout' | 'stderr',
  file: string,
  more: readonly string[],
): Promise<{ readonly url: string; readonly child: ChildProcess; readonly ended: Promise<unknown[]> }> {
  const to = openSync(file, 'w');
  const child = spawn(
    process.execPath,
    [fileURLToPath(SMC), 'node', '--data', directory, '--http', '0', '--tcp', '0', '--json', ...more],
    { stdio: ['ignore', stream === 'stdout' ? to : 'pipe', stream === 'stderr' ? to : 'pipe'] },
  );
  closeSync(to);
  const ended = once(child, 'exit');
  for await (const line of createInterface({ input: (child.stdout ?? child.stderr)! })) {
    const { http } = JSON.parse(line) as { readonly http?: string };
    if (http !== undefined) return { url: http, child, ended };
  }
  throw new Error(`the node ended before it was ready: ${String(await ended)}`);
}

/**
 * Has clients add 1 to a tally until the disk takes no more, and the node ends; then how many were acknowledged, and what a
 * node says of the tally that starts from what is on disk.
 */
async function fillDisk(
  program: URL,
): Promise<{ readonly acknowledged: number; readonly total: number; readonly clients: number }> {
  // The system refuses to write past this size, in the middle of a write if need be.
  const kibibytes = 400;
  const words = [fileURLToPath(program), 'node', '--data', directory, '--http', '0', '--tcp', '0', '--json'];
  const script = `trap '' XFSZ; ulimit -f ${kibibytes * 2}; exec "$@"`;
  const child = spawn('/bin/sh', ['-c', script, 'sh', process.execPath, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const ready = await new Promise<string>((resolve) =>
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString())),
  );
  const { http, tcp } = JSON.parse(ready) as { http: string; tcp: { port: number } };
  const body = TALLY.plain.encoded as Uint8Array<ArrayBuffer>;
  const headers = { 'content-type': 'application/octet-stream' };
  expect((await fetch(`${http}/_smc/machines`, { method: 'PUT', headers, body })).status).toBe(200);
  const lines = await Promise.all(Array.from({ length: 10 }, () => LineConnection.open(tcp.port)));
  let acknowledged = 0;
  const clients = lines.map(async (line) => {
    try {
      for (;;) {
        const answer = await line.ask('Tally/a Add(1)');
        if (answer.startsWith('ok ')) acknowledged++;
        else expect(answer).toMatch(/^error (in-doubt|stopping) /);
      }
    } catch (error) {
      if (!/closed|ECONN|EPIPE/.test(String(error))) throw error;
    }
  });
  expect(await ended).toBe(1);
  await Promise.all(clients);
  expect(said).toMatch(/the node gave up: /);
  expect(acknowledged).toBeGreaterThan(10);
  const next = await startNodeProcess(['--data', directory]);
  const line = await LineConnection.open(next.tcpPort);
  const total = Number((await line.ask('Tally/a Read')).slice(3));
  line.close();
  expect(await next.stop()).toBe(0);
  return { acknowledged, total, clients: lines.length };
}
