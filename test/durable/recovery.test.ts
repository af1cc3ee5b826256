import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskJournal, type LogGroup } from '@smc/node';
import { encodeBundle } from '@smc/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bundleOf } from '../support/compile.ts';
import { LineConnection, startNodeProcess, TalkingProcess } from '../support/process.ts';

/** A recovery that takes minutes, as its steps are slow: it is never waited for. */

const SLOW = `machine Slow {
  state { total: Int = 0 }

  on Add(upTo: Int) -> Int {
    s <- get
    put -< { total: List.sum(List.range(0, upTo)) }
    return -< s.total
  }
}
`;

/** So many inputs in the log, a few bytes each, of which each takes more than ten milliseconds. */
const INPUTS = 16_384;

let folder: string;
let directory: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'smc-recovery-'));
  directory = join(folder, 'data');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What one such input leaves in the log of a node that is killed then. */
async function slowInput(): Promise<LogGroup> {
  const node = await startNodeProcess(['--data', directory]);
  expect(await node.put(encodeBundle(bundleOf({ 'slow.sm': SLOW })))).toMatch(/^200 /);
  const line = await LineConnection.open(node.tcpPort);
  expect(await line.ask('Slow Add(200000)')).toBe('ok 0');
  line.close();
  await node.stop('SIGKILL');
  const journal = await DiskJournal.open(directory);
  const inputs: LogGroup[] = [];
  for await (const item of journal.read())
    if (item.kind === 'group' && !item.group.isStructural) inputs.push(item.group);
  await journal.close();
  expect(inputs).toMatchObject([{ count: 1 }]);
  return inputs[0];
}

/** Appends it again and again, in groups of so many, as if it had been sent as often. */
async function repeat({ bytes, ...input }: LogGroup, count: number): Promise<void> {
  const journal = await DiskJournal.open(directory);
  for await (const _ of journal.read());
  const groups = Array.from({ length: INPUTS / count }, (_, index): LogGroup => {
    const first = input.first + 1 + index * count;
    // Not of a pool: what is appended is handed over.
    const all = Uint8Array.from({ length: count * bytes.length }, (__, at) => bytes[at % bytes.length]);
    return { ...input, first, count, bytes: all };
  });
  await journal.append(groups);
  await journal.close();
}

test.each([
  ['one by one', 1],
  ['in one group', INPUTS],
])('of slow inputs that came %s says how far it is, and breaks off at a signal', async (_, count) => {
  await repeat(await slowInput(), count);
  const node = new TalkingProcess(['node', '--data', directory, '--http', '0', '--tcp', '0'], folder);
  try {
    const said = await node.until(/recovery .*\n/);
    expect(said).toMatch(/recovery done=\d+ of=16386\n$/);
    node.signal('SIGTERM');
    expect(await node.until(/stopping\n/)).not.toMatch(/ready/);
    expect(await node.ended).toBe(0);
  } finally {
    node.signal('SIGKILL');
  }
});
