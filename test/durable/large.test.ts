import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { compile } from '@smc/compiler';
import { encodeBundle } from '@smc/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AFTER_KILL, LineConnection, type NodeProcess, startNodeProcess } from '../support/process.ts';
import { randomNumbers } from '../support/random.ts';

/** A state of more than a mebibyte, which is encoded by a thread of its own, in two forms. */
const PLAIN = `machine Counts {
  state: Map<Int, Int> = Map {}

  on Fill(count: Int) {
    put -< Map.fromList(List.map(List.range(0, count), key -> (key, 0)))
  }

  on Add(key: Int) -> Int {
    counts <- get
    let count = case Map.get(counts, key) {
      None -> 1
      Some(before) -> before + 1
    }
    put -< Map.insert(counts, key, count)
    return -< count
  }

  on Total -> Int {
    counts <- get
    return -< List.fold(Map.values(counts), 0, (sum, count) -> sum + count)
  }
}
`;

const BOXED = `import "plain" as old

${PLAIN.replace('state: Map<Int, Int> = Map {}', 'state { counts: Map<Int, Int> = Map {} }')
  .replaceAll('counts <- get', 's <- get\n    let counts = s.counts')
  .replace(/put -< (Map.*)/g, 'put -< { counts: $1 }')}
upgrade old.Counts -> Counts {
  state counts -> { counts: counts }
}
`;

const ENTRIES = 40_000;
const CLIENTS = 8;

function bundleOf(name: 'plain' | 'boxed'): Uint8Array {
  const sources: Readonly<Record<string, string>> = { plain: PLAIN, boxed: BOXED };
  const { bundle, diagnostics } = compile(name, {
    read: (path) => sources[path] ?? null,
    readBundle: () => null,
    readDeployed: () => null,
    resolve: (_from, path) => path,
  });
  expect(diagnostics).toEqual([]);
  return encodeBundle(bundle!);
}

let directory: string;
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'smc-large-')), 'data');
});
afterEach(() => rmSync(join(directory, '..'), { recursive: true }));

const start = (...more: string[]): Promise<NodeProcess> => startNodeProcess(['--data', directory, ...more]);

/** Adds to entries at random until the node is gone; gives how many were answered, and whether one was not. */
async function client(node: NodeProcess, random: () => number): Promise<number> {
  const line = await LineConnection.open(node.tcpPort);
  for (let answered = 0; ; answered++) {
    try {
      const answer = await line.ask(`Counts Add(${Math.floor(random() * ENTRIES)})`);
      if (!answer.startsWith('ok ')) return answered;
    } catch {
      return answered;
    }
  }
}

async function ask(node: NodeProcess, text: string): Promise<string> {
  const line = await LineConnection.open(node.tcpPort);
  const answer = await line.ask(text);
  line.close();
  return answer;
}

/** Of a journal, whose node may run: where the newest checkpoint is that counts, and whether another is being made. */
function checkpoints(): { readonly newest: number; readonly isMaking: boolean } {
  const database = new DatabaseSync(join(directory, 'journal.db'), { readOnly: true });
  try {
    const { newest, making } = database
      .prepare(
        `SELECT max(position) FILTER (WHERE complete = 1) AS newest,
           max(position) FILTER (WHERE complete = 0) AS making FROM checkpoints`,
      )
      .get() as { newest: number | null; making: number | null };
    return { newest: newest ?? 0, isMaking: making !== null && making > (newest ?? 0) };
  } finally {
    database.close();
  }
}

describe('a node with a large state', () => {
  test('that is killed while checkpoints of it are made loses nothing', async () => {
    const random = randomNumbers();
    let node = await start('--checkpoint-bytes', '1');
    expect(await node.put(bundleOf('plain'))).toMatch(/^200 /);
    expect(await ask(node, `Counts Fill(${ENTRIES})`)).toBe('ok ()');
    let [least, most] = [0, 0];
    let interrupted = 0;
    for (let round = 0; round < 6; round++) {
      const { newest: before } = checkpoints();
      const clients = Array.from({ length: CLIENTS }, () => client(node, random));
      await new Promise((resolve) => setTimeout(resolve, 300 + 700 * random()));
      // In the middle of what else is done, and replayed by the thread of large states too.
      if (round === 2) expect(await node.put(bundleOf('boxed'), '?mode=upgrade')).toMatch(/^200 /);
      await new Promise((resolve) => setTimeout(resolve, 700 * random()));
      // Of what these clients did, and while the next is made.
      for (let seen = checkpoints(); seen.newest <= before || !seen.isMaking; seen = checkpoints())
        await new Promise((resolve) => setTimeout(resolve, 1));
      expect(await node.stop('SIGKILL')).toBe(null);
      if (checkpoints().isMaking) interrupted++;
      const answered = (await Promise.all(clients)).reduce((sum, each) => sum + each, 0);
      node = await start('--checkpoint-bytes', '1');
      expect(node.log()).toMatch(AFTER_KILL);
      const total = Number((await ask(node, 'Counts Total')).slice('ok '.length));
      least += answered;
      // Of each client the last may have been done, and not answered.
      most += answered + CLIENTS;
      expect(total).toBeGreaterThanOrEqual(least);
      expect(total).toBeLessThanOrEqual(most);
      [least, most] = [total, total];
    }
    expect(least).toBeGreaterThan(0);
    expect(await node.stop()).toBe(0);
    // Where the last step of one was not faster.
    expect(interrupted).toBeGreaterThan(0);
  });

  test('replays nothing after a graceful end', async () => {
    const first = await start();
    expect(await first.put(bundleOf('plain'))).toMatch(/^200 /);
    expect(await ask(first, `Counts Fill(${ENTRIES})`)).toBe('ok ()');
    expect(await ask(first, 'Counts Add(7)')).toBe('ok 1');
    expect(await first.stop()).toBe(0);
    const database = new DatabaseSync(join(directory, 'journal.db'), { readOnly: true });
    const { position, last } = database
      .prepare(
        `SELECT (SELECT max(position) FROM checkpoints WHERE complete = 1) AS position,
           (SELECT max(first + count) - 1 FROM log) AS last`,
      )
      .get() as { position: number; last: number };
    database.close();
    expect([position, last]).toEqual([3, 3]);
    const second = await start();
    expect(await ask(second, 'Counts Add(7)')).toBe('ok 2');
    expect(await second.stop()).toBe(0);
  });
});
