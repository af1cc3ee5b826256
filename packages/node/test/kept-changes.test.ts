import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decoding } from '@smc/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import type { Reply } from '../src/event.ts';
import { Host } from '../src/host.ts';
import { BlobStore, sha256 } from '../src/journal/blobs.ts';
import { DiskJournal } from '../src/journal/disk/journal.ts';
import { readEntry } from '../src/journal/encoding.ts';
import type { HeaderRequestKey } from '../src/journal/entry.ts';
import { MemoryJournal } from '../src/journal/memory.ts';
import { NODE_LIMITS } from '../src/limits.ts';
import { type RunningNode, startNode } from '../src/node.ts';
import { type LogFacts, NO_LOG } from '../src/ports.ts';
import { account, accountWithFee, toFee } from './accounts.ts';
import { Core, show, snapshot } from './core.ts';
import { bundleOf, counter, labelled, toCounter, toLabelled, upgradeBundle } from './images.ts';
import { type HttpReply, send } from './requests.ts';

/** Changes that are sent twice with one key happen once. */

const [A, B] = [counter(), labelled()];
const [DEPLOY, UPGRADE, BACK] = [
  bundleOf(A),
  upgradeBundle(B, toLabelled(A)),
  upgradeBundle(A, toCounter(B)),
];

const keyed = (key: string, content: Uint8Array | string): HeaderRequestKey => ({
  key,
  digest: createHash('sha256').update(content).digest('hex'),
});

function deploy(core: Core, bundle: Uint8Array, key: string, dryRun = false): Reply {
  const request = keyed(key, `${dryRun} ${sha256(bundle)}`);
  return core.handle({ kind: 'deploy', time: core.time, bundle, mode: 'deploy', dryRun, request });
}

function remove(core: Core, machine: string, key: string): Reply {
  return core.handle({ kind: 'remove', time: core.time, machine, request: keyed(key, machine) });
}

describe('a change with a key', () => {
  it('is answered as it was first when the machine went before a checkpoint on disk', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'smc-kept-changes-'));
    let time = 1_000;
    const open = async (): Promise<Host> =>
      Host.open(await DiskJournal.open(directory), {
        clock: { now: () => ++time },
        limits: NODE_LIMITS,
        report,
      });
    const report = (error: unknown): never => {
      throw error;
    };
    try {
      let host = await open();
      await host.deploy(DEPLOY, 'deploy', false, keyed('first', DEPLOY));
      expect(show(await host.remove('Counter', keyed('remove', 'Counter')))).toBe('removed');
      await host.deploy(DEPLOY, 'deploy', false, keyed('second', DEPLOY));
      await host.stop();
      host = await open();
      expect(show(await host.remove('Counter', keyed('remove', 'Counter')))).toBe('removed');
      expect(await host.look(({ machines }) => [...machines.keys()])).toEqual(['Counter']);
      await host.stop();
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('happens once, and is answered as it was first: after a way back, a replay and a checkpoint', async () => {
    const core = new Core();
    const first = [deploy(core, DEPLOY, 'd'), deploy(core, UPGRADE, 'u'), deploy(core, BACK, 'b')];
    expect(first.map(show)).toEqual(['Counter deployed', 'Counter upgraded', 'Counter upgraded']);
    expect(first[1]).toMatchObject({
      report: { machines: [{ notes: [expect.any(String), expect.any(String)] }] },
    });
    const { position } = core.node;
    const again = [deploy(core, DEPLOY, 'd'), deploy(core, UPGRADE, 'u'), deploy(core, BACK, 'b')];
    const repeated = first.map((reply) => ({ ...reply, isRepeated: true }));
    expect(again).toEqual(repeated);
    expect(core.node.position).toBe(position);
    expect(snapshot(core.replay())).toEqual(snapshot(core.node));
    await core.checkpoint();
    const { keptChanges } = core.replay();
    for (const [i, [bundle, key]] of (
      [
        [DEPLOY, 'd'],
        [UPGRADE, 'u'],
        [BACK, 'b'],
      ] as const
    ).entries()) {
      expect(keptChanges.replyTo(keyed(key, `false ${sha256(bundle)}`))).toEqual(repeated[i]);
    }
    // With another key it is another request.
    expect(show(deploy(core, UPGRADE, 'v'))).toBe('Counter upgraded');
  });

  it('is refused where the key was that of another', () => {
    const core = new Core();
    deploy(core, DEPLOY, 'd');
    for (const reply of [
      deploy(core, UPGRADE, 'd'),
      deploy(core, DEPLOY, 'd', true),
      remove(core, 'Counter', 'd'),
    ]) {
      expect(show(reply)).toBe('idempotency-mismatch: the key "d" was used for another request before');
    }
    expect(core.node.position).toBe(1);
  });

  it('is a removal too, which is not done again to what was deployed since', () => {
    const core = new Core();
    deploy(core, DEPLOY, 'd');
    expect(show(remove(core, 'Counter', 'r'))).toBe('removed');
    core.deploy(DEPLOY);
    expect(show(remove(core, 'Counter', 'r'))).toBe('removed');
    expect(core.node.machines.has('Counter')).toBe(true);
    expect(core.replay().keptChanges.replyTo(keyed('r', 'Counter'))).toMatchObject({ kind: 'removed' });
  });

  it('that changed nothing can be sent again', () => {
    const core = new Core();
    expect(show(remove(core, 'Counter', 'r'))).toMatch(/^unknown-machine:/);
    expect(show(deploy(core, DEPLOY, 'x', true))).toBe('Counter deployed');
    expect(show(deploy(core, UPGRADE, 'u'))).toBe('Counter deployed');
    expect(show(deploy(core, BACK, 'b'))).toBe('Counter upgraded');
    expect(show(deploy(core, DEPLOY, 'same'))).toBe('Counter unchanged');
    expect(show(deploy(core, DEPLOY, 'stale'))).toBe('Counter unchanged');
    core.deploy(UPGRADE);
    expect(show(deploy(core, DEPLOY, 'same'))).toMatch(/^stale:/);
    expect(show(remove(core, 'Counter', 'r'))).toBe('removed');
  });

  it('is kept as long as there are not too many newer ones', () => {
    const core = new Core({ keptChangesMax: 2 });
    deploy(core, DEPLOY, 'd');
    deploy(core, UPGRADE, 'u');
    deploy(core, BACK, 'b');
    for (const { keptChanges } of [core.node, core.replay()]) {
      const kept = ['d', 'u', 'b'].map((key) => keptChanges.replyTo(keyed(key, '')) !== null);
      expect(kept).toEqual([false, true, true]);
    }
  });

  it('waits for the same one that is prepared, is refused with the key of another, and waits for none where it was carried out', async () => {
    let elapsed = 0;
    const host = await Host.open(new MemoryJournal(), {
      clock: { now: () => 1_000 },
      limits: NODE_LIMITS,
      report: () => {},
      stopwatch: () => (elapsed += 2),
    });
    await host.deploy(bundleOf(account()), 'deploy', false, keyed('d', '1'));
    const caller = host.caller();
    for (let i = 0; i < 100; i++) {
      const body = { form: 'text', text: 'Deposit(1)', start: 0 } as const;
      const request = {
        machine: 'Account',
        key: `k${i}`,
        interfaces: null,
        body,
        request: null,
        readOnly: false,
      };
      await new Promise((resolve) => host.call(request, resolve, { caller }));
    }
    const bundle = upgradeBundle(accountWithFee(), toFee(account()));
    const replies = await Promise.all([
      ...[
        keyed('u', '1'),
        keyed('u', '1'),
        keyed('u', '2'),
        keyed('v', '1'),
        null,
        keyed('d', '1'),
        keyed('d', '2'),
      ].map((request) => host.deploy(bundle, 'upgrade', false, request)),
      host.remove('Account', keyed('u', 'remove')),
    ]);
    expect(replies.map((reply) => show(reply).split(':')[0])).toEqual([
      'Account upgraded',
      'Account upgraded',
      'idempotency-mismatch',
      'busy',
      'busy',
      'Account deployed',
      'idempotency-mismatch',
      'idempotency-mismatch',
    ]);
    expect(replies.flatMap(({ isRepeated }, at) => (isRepeated === true ? [at] : []))).toEqual([1, 5]);
    expect(await host.look((node) => node.histories.get('Account')!.length)).toBe(2);
    await host.stop();
  });

  it('is told to the operator and counted once', async () => {
    const told: string[] = [];
    const tell = ({ machine }: LogFacts, message: string): void =>
      void told.push(`${String(machine)} ${message}`);
    const node = await startNode({
      httpPort: 0,
      linesPort: null,
      log: { ...NO_LOG, info: tell, warn: tell },
    });
    try {
      const headers = { 'content-type': 'application/octet-stream', 'idempotency-key': 'd' };
      for (let i = 0; i < 2; i++) {
        const reply = await send(node, '/_smc/machines', { method: 'PUT', headers, body: DEPLOY });
        expect(reply.body).toContain('"deployed"');
      }
      const metrics = await send(node, '/_smc/metrics');
      expect(metrics.body).toContain('smc_upgrades_total{result="deployed"} 1\n');
      for (let i = 0; i < 2; i++) {
        const key = { 'idempotency-key': 'r' };
        const reply = await send(node, '/_smc/machines/Counter', { method: 'DELETE', headers: key });
        expect(reply).toMatchObject({ status: 200, body: 'null' });
      }
      expect(told).toEqual(['Counter deployed', 'Counter removed']);
    } finally {
      await node.close();
    }
  });

  it('and one without are read as they were before there were keys', () => {
    // Version 2 of the format, as it was first.
    const blobs = new BlobStore();
    for (const name of ['image', 'debug']) blobs.add(sha256(name), Buffer.from(name));
    const change = `02000107436f756e74657200${sha256('image')}${sha256('debug')}`;
    const removal = '040007436f756e746572';
    const read = decoding(Buffer.from(change + removal, 'hex'), (reader) => [
      readEntry(reader, 1, 5, blobs),
      readEntry(reader, 2, 5, blobs),
    ]);
    expect(read).toMatchObject({
      ok: true,
      value: [
        {
          kind: 'change',
          position: 1,
          time: 5,
          request: null,
          parts: [{ machine: 'Counter', upgrade: null }],
        },
        { kind: 'removal', position: 2, time: 5, request: null, machine: 'Counter' },
      ],
    });
  });
});

describe('over HTTP', () => {
  let node: RunningNode;
  afterEach(() => node.close());

  it('the key is the Idempotency-Key, also after a restart', async () => {
    const journal = new MemoryJournal();
    node = await startNode({ httpPort: 0, linesPort: null, journal });
    const change = (
      method: 'PUT' | 'DELETE',
      path: string,
      key: string,
      body?: Uint8Array,
    ): Promise<HttpReply> =>
      send(node, `/_smc/machines${path}`, {
        method,
        headers: { 'content-type': 'application/octet-stream', 'idempotency-key': key },
        ...(body !== undefined && { body }),
      });
    expect(await change('PUT', '', 'd', DEPLOY)).toMatchObject({ status: 200 });
    const first = await change('PUT', '?mode=upgrade', 'u', UPGRADE);
    expect(first).toMatchObject({ status: 200 });
    expect(await change('PUT', '?mode=upgrade', 'b', BACK)).toMatchObject({ status: 200 });
    await node.close();
    node = await startNode({ httpPort: 0, linesPort: null, journal });
    expect(await change('PUT', '?mode=upgrade', 'u', UPGRADE)).toMatchObject({
      status: 200,
      body: first.body,
    });
    for (const [path, body] of [
      ['?mode=upgrade', BACK],
      ['', UPGRADE],
      ['?mode=upgrade&dry-run=1', UPGRADE],
    ] as const) {
      const other = await change('PUT', path, 'u', body);
      expect(other.status).toBe(422);
      expect(other.body).toContain('"idempotency-mismatch"');
    }
    expect(await change('PUT', '', 'k'.repeat(257), DEPLOY)).toMatchObject({ status: 400 });
    expect(await change('DELETE', '/Counter', '')).toMatchObject({ status: 400 });
    expect(await change('DELETE', '/Counter', 'u')).toMatchObject({ status: 422 });
    for (let i = 0; i < 2; i++)
      expect(await change('DELETE', '/Counter', 'r')).toMatchObject({ body: 'null' });
    expect(await change('DELETE', '/Counter', 's')).toMatchObject({ status: 404 });
    const history = JSON.parse((await send(node, '/_smc/machines/Counter/history')).body) as unknown[];
    expect(history).toHaveLength(4);
  });
});
