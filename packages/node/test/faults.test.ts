import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Host } from '../src/host.ts';
import { DiskJournal } from '../src/journal/disk/journal.ts';
import type { CheckpointHead, CheckpointPart } from '../src/journal/checkpoint.ts';
import type { LogGroup } from '../src/journal/group.ts';
import { NODE_LIMITS } from '../src/limits.ts';
import type { Journal, Recovered } from '../src/ports.ts';
import type { StateRows } from '../src/state-rows.ts';
import { show } from './core.ts';
import { bundleOf, counter } from './images.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'smc-faults-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/**
 * How an append may fail: nothing of it is on disk, or all of it, and only the sync says no. It is a transaction, so there is
 * nothing in between; `test/durable/faults.test.ts` has writes and syncs that fail below SQLite.
 */
const FAULTS = { 'a write error': 'nothing', 'a sync error': 'all' } as const;

/** A journal on disk of which one append fails; from then on all is well again. */
class FaultyJournal implements Journal {
  readonly isLasting = true;
  readonly #disk: DiskJournal;
  readonly #fault: keyof typeof FAULTS;
  #left: number;

  constructor(disk: DiskJournal, fault: keyof typeof FAULTS, appendsBefore: number) {
    this.#disk = disk;
    this.#fault = fault;
    this.#left = appendsBefore;
  }

  read(): AsyncIterable<Recovered> {
    return this.#disk.read();
  }

  async append(groups: readonly LogGroup[]): Promise<void> {
    if (this.#left-- !== 0) return this.#disk.append(groups);
    if (FAULTS[this.#fault] === 'all') await this.#disk.append(groups);
    throw new Error(this.#fault);
  }

  checkpoint(head: CheckpointHead, slices: Iterable<CheckpointPart>): Promise<void> {
    return this.#disk.checkpoint(head, slices);
  }

  get rows(): StateRows {
    return this.#disk.rows;
  }

  check(): Promise<void> {
    return this.#disk.check();
  }

  close(): Promise<void> {
    return this.#disk.close();
  }
}

/**
 * One that is wrong: it says that all is durable before it is, and tells of a failure when there is more to append. A
 * node on it acknowledges what may be lost, as one would that is wrong itself.
 */
class HastyJournal extends FaultyJournal {
  #writing: Promise<unknown> = Promise.resolve();
  #failure: unknown = null;

  override async append(groups: readonly LogGroup[]): Promise<void> {
    await this.#writing;
    if (this.#failure !== null) throw this.#failure;
    this.#writing = super.append(groups).catch((error: unknown) => (this.#failure = error));
  }

  override async close(): Promise<void> {
    await this.#writing;
    return super.close();
  }
}

async function open(journal: Journal): Promise<Host> {
  let time = 1_000;
  const clock = { now: () => time++ };
  // So small that checkpoints are made all the time.
  const limits = { ...NODE_LIMITS, checkpointBytesMin: 2_000 };
  return Host.open(journal, { clock, limits, report: () => {} });
}

function call(host: Host, text: string, key: string | null): Promise<string> {
  const body = { form: 'text', text, start: 0 } as const;
  const request = key === null ? null : { key, digest: '00'.repeat(32) };
  const common = { machine: 'Counter', key: null, interfaces: null, readOnly: false };
  const caller = host.caller();
  return new Promise((resolve) =>
    host.call({ ...common, body, request }, (reply) => resolve(show(reply)), { caller }),
  );
}

/**
 * Has clients increment a counter on a journal that fails, again and again, and then looks at what is on disk: all
 * that was acknowledged, and each input once.
 */
async function sufferFault(fault: keyof typeof FAULTS, Faulty: typeof FaultyJournal): Promise<void> {
  const acknowledged = new Set<string>();
  const unknown = new Set<string>();
  for (const appendsBefore of [3, 0, 7, 1, 12]) {
    const isFirst = appendsBefore === 3;
    const host = await open(new Faulty(await DiskJournal.open(directory), fault, appendsBefore));
    if (isFirst) await host.deploy(bundleOf(counter()), 'deploy', false);
    // What is not known to be done is sent again, and is done once.
    const again = [...unknown];
    const client = async (name: number): Promise<void> => {
      for (let i = 0; ; i++) {
        const key = again.pop() ?? `${appendsBefore}-${name}-${i}`;
        const answer = await call(host, 'Incr', key);
        if (answer !== '()') {
          expect(answer).toMatch(/^(in-doubt|stopping):/);
          unknown.add(key);
          return;
        }
        unknown.delete(key);
        acknowledged.add(key);
      }
    };
    await Promise.all(Array.from({ length: 20 }, (_, name) => client(name)));
    expect((await host.failure).message).toBe(fault);
    expect(host.unready).toMatchObject({ code: 'stopping' });
    await expect(host.look((node) => node.position)).rejects.toThrow('the node is stopping');
    expect(await call(host, 'Read', null)).toMatch(/^stopping:/);
    await host.stop();
  }
  const host = await open(await DiskJournal.open(directory));
  try {
    const total = Number(await call(host, 'Read', null));
    expect(total, 'what was acknowledged is there').toBeGreaterThanOrEqual(acknowledged.size);
    expect(total).toBeLessThanOrEqual(acknowledged.size + unknown.size);
    for (const key of [...unknown, ...acknowledged]) expect(await call(host, 'Incr', key)).toBe('()');
    expect(await call(host, 'Read', null)).toBe(String(new Set([...acknowledged, ...unknown]).size));
  } finally {
    await host.stop();
  }
}

describe('a node whose journal fails', () => {
  it.each(Object.keys(FAULTS) as (keyof typeof FAULTS)[])(
    'after %s acknowledges nothing from memory, and loses nothing that it did',
    (fault) => sufferFault(fault, FaultyJournal),
  );

  // The check itself is checked: where nothing of a write is on disk, what was acknowledged too early is missed.
  it('would be found out if it acknowledged before a write error was known', async () => {
    await expect(sufferFault('a write error', HastyJournal)).rejects.toThrow(
      'what was acknowledged is there',
    );
  });
});
