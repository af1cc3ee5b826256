import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LineConnection, smc, startNodeProcess } from '../support/process.ts';
import { randomNumbers } from '../support/random.ts';
import { TALLY } from '../support/tally.ts';

/** Real nodes on a disk that fails below SQLite: writes that are cut short, syncs that fail, ends that are torn. */

const CLIENTS = 8;
const smcPath = fileURLToPath(new URL('../../packages/cli/bin/smc.js', import.meta.url));

/** It is not everywhere, and not every container lets it trace. */
const hasStrace =
  spawnSync('strace', ['-f', '-qq', '-e', 'trace=fsync', '-o', '/dev/null', 'true']).status === 0;
if (!hasStrace) {
  process.stderr.write('strace can not be used here: what it shows of syncs is not tested\n');
}

let folder: string;
let directory: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'smc-faults-'));
  directory = join(folder, 'data');
});
afterEach(() => {
  // A node that should have given up, and has not, is not ended by what traces it.
  // Its own file tells whether it still runs: the number may be that of another process by now.
  if (existsSync(join(directory, 'owner.json'))) started.forEach(killIfThere);
  started.clear();
  rmSync(folder, { recursive: true });
});

/** Nodes that this test has started. */
const started = new Set<number>();

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** Of the node that runs on the directory: what was spawned may be what traces it. */
function startedPid(): number {
  const { pid } = JSON.parse(readFileSync(join(directory, 'owner.json'), 'utf8')) as { pid: number };
  started.add(pid);
  return pid;
}

/** A node under something that makes its disk fail. */
class Suffering {
  acknowledged = 0;
  readonly ended: Promise<number | null>;
  readonly #said: () => string;
  readonly #url: string;
  readonly #port: number;

  private constructor(ready: string, said: () => string, ended: Promise<number | null>) {
    const { http, tcp } = JSON.parse(ready) as { http: string; tcp: { port: number } };
    this.#url = http;
    this.#port = tcp.port;
    this.#said = said;
    this.ended = ended;
  }

  /** `wrapper` is a command with its words, which starts what follows. */
  static async start(wrapper: readonly string[]): Promise<Suffering> {
    const words = [smcPath, 'node', '--data', directory, '--http', '0', '--tcp', '0', '--json'];
    // Often enough that writes of checkpoints fail as well.
    const [command, ...more] = [...wrapper, process.execPath, ...words, '--checkpoint-bytes', '20000'];
    const child = spawn(command, more, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const [ready] = (await once(child.stdout, 'data')) as [Buffer];
    startedPid();
    return new Suffering(ready.toString(), () => said, ended);
  }

  async deploy(): Promise<void> {
    const body = TALLY.plain.encoded as Uint8Array<ArrayBuffer>;
    const headers = { 'content-type': 'application/octet-stream' };
    const answer = await fetch(`${this.#url}/_smc/machines`, { method: 'PUT', headers, body });
    expect(answer.status).toBe(200);
  }

  /** Has clients add one, again and again, until the node is gone. What it said at its end. */
  async load(): Promise<string> {
    const lines = await Promise.all(Array.from({ length: CLIENTS }, () => LineConnection.open(this.#port)));
    await Promise.all(
      lines.map(async (line) => {
        try {
          for (;;) {
            const answer = await line.ask('Tally/a Add(1)');
            if (answer.startsWith('ok ')) this.acknowledged++;
            else expect(answer).toMatch(/^error (in-doubt|stopping) /);
          }
        } catch (error) {
          if (!/closed|ECONN|EPIPE/.test(String(error))) throw error;
        }
      }),
    );
    expect(await this.ended).toBe(1);
    return this.#said();
  }
}

/** What a healthy node on the directory has. */
async function total(): Promise<number> {
  const node = await startNodeProcess(['--data', directory]);
  const line = await LineConnection.open(node.tcpPort);
  const answer = await line.ask('Tally/a Read');
  line.close();
  expect(await node.stop()).toBe(0);
  return Number(answer.slice(3));
}

/** All that was acknowledged is there, and of what was not no more than was on its way. */
async function expectKept({ acknowledged }: Suffering): Promise<void> {
  const found = await total();
  expect(found).toBeGreaterThanOrEqual(acknowledged);
  expect(found).toBeLessThanOrEqual(acknowledged + CLIENTS);
}

describe('a node whose disk fails', () => {
  // The size of a file in blocks of 512 bytes: what is written beyond is cut short, also in the middle of a page.
  test.each([501, 777, 1_203])('loses nothing where a write is cut short at block %d', async (blocks) => {
    const node = await Suffering.start([
      '/bin/sh',
      '-c',
      `trap '' XFSZ; ulimit -f ${blocks}; exec "$@"`,
      'sh',
    ]);
    await node.deploy();
    const said = await node.load();
    expect(said).toMatch(
      /the node gave up: the journal can not be written \(.*\): the disk under .* (is full|did not take it): /,
    );
    expect(said).not.toMatch(/defect|please report|internal error/);
    expect(node.acknowledged).toBeGreaterThan(10);
    await expectKept(node);
  });

  test('says what to do where it can not even start', async () => {
    const child = spawn(
      '/bin/sh',
      ['-c', `trap '' XFSZ; ulimit -f 8; exec "$@"`, 'sh', process.execPath, smcPath].concat([
        'node',
        '--data',
        directory,
        '--http',
        '0',
        '--tcp',
        '0',
      ]),
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    expect((await once(child, 'close'))[0]).toBe(1);
    expect(said).toMatch(
      /^error: the journal can not be opened \(.*\): the disk under .* (fails: .*limit on the size of files|is full: make room)/,
    );
    writeFileSync(join(folder, 'file'), '');
    for (const words of [
      ['node', '--http', '0', '--tcp', '0'],
      ['backup', 'b.smcb'],
      ['repair'],
      ['restore', 'file'],
    ]) {
      const refused = await smc([...words, '--data', join(folder, 'file')], { cwd: folder });
      const stderr = `error: ${join(folder, 'file')} is a file and no directory\n`;
      expect(refused).toEqual({ status: 1, stdout: '', stderr });
    }
  });

  test.skipIf(!hasStrace).each([
    ['a sync', 'fsync,fdatasync:error=EIO:when=40'],
    ['a write', 'pwrite64:error=EIO:when=150'],
    ['a write for want of space', 'pwrite64:error=ENOSPC:when=150'],
  ])('acknowledges nothing from memory after %s has failed once', async (_, fault) => {
    const calls = 'trace=fsync,fdatasync,pwrite64';
    const node = await Suffering.start([
      'strace',
      '-f',
      '-qq',
      '-o',
      '/dev/null',
      '-e',
      calls,
      '-e',
      `inject=${fault}`,
    ]);
    await node.deploy();
    const said = await node.load();
    expect(said).toMatch(/the node gave up: the journal can not be written \(.*\): the disk under /);
    expect(said).not.toMatch(/defect|please report|internal error/);
    await expectKept(node);
  });

  test.skipIf(!hasStrace)('syncs before each reply', async () => {
    const trace = join(folder, 'trace');
    const words = ['-f', '-qq', '-o', trace, '-e', 'trace=fsync,fdatasync', process.execPath, smcPath];
    const child = spawn(
      'strace',
      [...words, 'node', '--data', directory, '--http', '0', '--tcp', '0', '--json'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const [ready] = (await once(child.stdout, 'data')) as [Buffer];
    const pid = startedPid();
    try {
      const { http, tcp } = JSON.parse(ready.toString()) as { http: string; tcp: { port: number } };
      const body = TALLY.plain.encoded as Uint8Array<ArrayBuffer>;
      const headers = { 'content-type': 'application/octet-stream' };
      await fetch(`${http}/_smc/machines`, { method: 'PUT', headers, body });
      const line = await LineConnection.open(tcp.port);
      const syncs = (): number => readFileSync(trace, 'utf8').match(/ = 0$/gm)?.length ?? 0;
      const before = syncs();
      // One after the other: each is a commit of its own.
      for (let i = 1; i <= 50; i++) expect(await line.ask('Tally/a Add(1)')).toBe(`ok ${i}`);
      line.close();
      expect(syncs() - before).toBeGreaterThanOrEqual(50);
    } finally {
      process.kill(pid);
      await once(child, 'close');
    }
  });
});

describe('what is done with the files of a journal', () => {
  /** The calls that make something last, and what is said, in order: paths without the folder of the test. */
  function callsIn(trace: string): readonly string[] {
    const lines = readFileSync(trace, 'utf8').replaceAll(folder, '.').split('\n');
    return lines.flatMap((line) => {
      const [, call = '', rest = ''] = /^\d+ +(\w+)\((.*)/.exec(line) ?? [];
      const [first = '', second = ''] = Array.from(rest.matchAll(/"(\.[^"]*)"/g), ([, path]) => path);
      if (call.startsWith('write')) return /^1<(?!.*NULL)/.test(rest) ? ['say'] : [];
      if (call.startsWith('rename')) return [`rename ${first} ${second}`];
      if (/^f(data)?sync$/.test(call)) return [`sync ${/<(.*?)>/.exec(rest)?.[1]}`];
      return first === '' ? [] : [`${call} ${first}`];
    });
  }

  /** What is missing of calls that must come one after the other, whatever comes in between; null for nothing. */
  function missing(calls: readonly string[], expected: readonly string[]): string | null {
    let at = 0;
    for (const call of expected) {
      at = calls.indexOf(call, at) + 1;
      if (at === 0) return `${call}, in ${calls.join('; ')}`;
    }
    return null;
  }

  const watched = 'trace=fsync,fdatasync,rename,renameat,renameat2,mkdir,unlink,write';
  const under = (trace: string): string[] => ['-f', '-qq', '-y', '-o', trace, '-e', watched];

  /** Runs `smc` to its end, and gives its calls. */
  async function callsOf(...words: readonly string[]): Promise<readonly string[]> {
    const trace = join(folder, 'trace');
    const child = spawn('strace', [...under(trace), process.execPath, smcPath, ...words], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.resume();
    expect((await once(child, 'close'))[0]).toBe(0);
    return callsIn(trace);
  }

  test.skipIf(!hasStrace)('lasts before it is said to be done', async () => {
    const trace = join(folder, 'trace-of-node');
    const words = [smcPath, 'node', '--data', directory, '--http', '0', '--tcp', '0', '--json'];
    const child = spawn('strace', [...under(trace), process.execPath, ...words], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [ready] = (await once(child.stdout, 'data')) as [Buffer];
    const pid = startedPid();
    try {
      const { http } = JSON.parse(ready.toString()) as { http: string };
      const body = TALLY.plain.encoded as Uint8Array<ArrayBuffer>;
      const headers = { 'content-type': 'application/octet-stream' };
      expect((await fetch(`${http}/_smc/machines`, { method: 'PUT', headers, body })).status).toBe(200);
    } finally {
      process.kill(pid, 'SIGKILL');
      await once(child, 'close');
    }
    // A journal of SQLite that came back would undo all.
    const start = ['mkdir ./data', 'sync .', 'unlink ./data/journal.db-journal', 'sync ./data', 'say'];
    expect(missing(callsIn(trace), start)).toBe(null);

    const file = join(folder, 'file');
    const backup = ['sync ./file.draft', 'rename ./file.draft ./file', 'sync .', 'say'];
    const drafted = (await callsOf('backup', file, '--data', directory)).map((call) =>
      call.replace(/draft-\d+/, 'draft'),
    );
    expect(missing(drafted, backup)).toBe(null);

    const restored = ['sync ./new/journal.db.draft', 'rename ./new/journal.db.draft ./new/journal.db'];
    const restore = ['mkdir ./new', 'sync .', ...restored, 'sync ./new', 'say'];
    expect(missing(await callsOf('restore', file, '--data', join(folder, 'new')), restore)).toBe(null);

    const calls = await callsOf('repair', directory);
    const [copy] = readdirSync(directory).filter((name) => name.startsWith('before-repair-'));
    const kept = ['journal.db', 'journal.db-wal'].map((name) => `sync ./data/${copy}/${name}`);
    const repair = [
      ...[...kept, `sync ./data/${copy}`, 'sync ./data'],
      ...[
        'sync ./data/journal.db.repairing-before',
        'rename ./data/journal.db.repairing-before ./data/journal.db.repaired',
        'sync ./data',
      ],
      // Not before the new one counts, and gone before it has that name.
      ...['unlink ./data/journal.db-wal', 'sync ./data'],
      ...['rename ./data/journal.db.repaired ./data/journal.db', 'sync ./data', 'say'],
    ];
    expect(missing(calls, repair)).toBe(null);
  });
});

describe('a repair', () => {
  const half = (size: number): string[] => [
    '/bin/sh',
    '-c',
    `trap '' XFSZ; ulimit -f ${Math.floor(size / 1_024)}; exec "$@"`,
    'sh',
  ];
  const full = (): string[] => [
    ...['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=pwrite64'],
    ...['-e', 'inject=pwrite64:error=ENOSPC:when=20+'],
  ];

  test.each([
    ['a copy', half, false],
    ['what is made', full, true],
  ])('that has no room for %s says so, and leaves all as it is', async (_, wrapperFor, isTraced) => {
    if (isTraced && !hasStrace) return;
    const node = await startNodeProcess(['--data', directory]);
    expect(await node.put(TALLY.plain.encoded)).toMatch(/^200 /);
    const line = await LineConnection.open(node.tcpPort);
    for (let i = 1; i <= 100; i++) expect(await line.ask('Tally/a Add(1)')).toBe(`ok ${i}`);
    line.close();
    expect(await node.stop()).toBe(0);
    const bytes = (): Buffer => readFileSync(join(directory, 'journal.db'));
    const before = bytes();
    const files = readdirSync(directory);
    const [command, ...words] = [
      ...wrapperFor(before.length),
      process.execPath,
      smcPath,
      'repair',
      directory,
    ];
    const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    expect((await once(child, 'close'))[0]).toBe(1);
    expect(said).toMatch(
      /^error: the journal can not be repaired \(.*\): the disk under .* (did not take it|is full): .*; its files are as they were\n$/,
    );
    expect(readdirSync(directory)).toEqual(files);
    expect(bytes().equals(before)).toBe(true);
    expect((await smc(['repair', directory])).stdout).toMatch(/^nothing is damaged\n/);
  });
});

describe('a node that was killed', () => {
  test('goes on from what is whole where the end of a file is torn, or stops and says so', async () => {
    const random = randomNumbers();
    const node = await startNodeProcess(['--data', directory]);
    expect(await node.put(TALLY.plain.encoded)).toMatch(/^200 /);
    const line = await LineConnection.open(node.tcpPort);
    for (let i = 1; i <= 100; i++) expect(await line.ask('Tally/a Add(1)')).toBe(`ok ${i}`);
    line.close();
    await node.stop('SIGKILL');
    const killed = join(folder, 'killed');
    cpSync(directory, killed, { recursive: true });
    for (const [name, kind] of [
      ['journal.db-wal', 'cut'],
      ['journal.db-wal', 'overwritten'],
      ['journal.db', 'cut'],
      ['journal.db', 'overwritten'],
    ] as const) {
      rmSync(directory, { recursive: true });
      cpSync(killed, directory, { recursive: true });
      const file = join(directory, name);
      const { size } = statSync(file);
      // Within the last page, which is all of the last commit.
      const start = size - 1 - Math.floor(random() * 4_000);
      if (kind === 'cut') truncateSync(file, start);
      else
        writeFileSync(
          file,
          Buffer.concat([readFileSync(file).subarray(0, start), Buffer.alloc(size - start, 0xa5)]),
        );
      const at = `${name} ${kind} from ${start} of ${size}`;
      if (name === 'journal.db-wal') {
        expect(await total(), at).toBe(99);
        continue;
      }
      const refused = await smc(['backup', join(folder, `backup-${kind}`), '--data', directory]);
      if (refused.status === 1) {
        expect(refused.stderr, at).toMatch(/smc repair/);
        expect(await smc(['repair', directory]), at).toMatchObject({ status: 0 });
      }
      expect(await total(), at).toBeLessThanOrEqual(100);
    }
  });
});
