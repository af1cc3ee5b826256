// `smc dev` as a real process: files are saved, and the machines on it are called before and after.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LineConnection, smc, TalkingProcess } from './support/process.ts';

let folder: string;
let dev: TalkingProcess | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'smc-dev-'));
});

afterEach(async () => {
  dev?.signal('SIGKILL');
  await dev?.ended;
  dev = null;
  rmSync(folder, { recursive: true });
});

/** Writes a file beside it first, then in its place, as editors do. */
function save(name: string, text: string): void {
  writeFileSync(join(folder, 'draft'), text);
  renameSync(join(folder, 'draft'), join(folder, name));
}

interface Started {
  readonly dev: TalkingProcess;
  readonly url: string;
  readonly tcpPort: number;
  /** What it said up to the first word that it waits. */
  readonly said: string;
}

/** Starts it and waits until it has done with the file. */
async function start(...more: readonly string[]): Promise<Started> {
  dev = new TalkingProcess(['dev', 'main.sm', '--http', '0', '--tcp', '0', ...more], folder);
  const said = await dev.until(/to end\n/);
  const [, url, tcpPort] = /ready: (http:\S+) \(HTTP\), 127\.0\.0\.1:(\d+)/.exec(said) ?? [];
  return { dev, url, tcpPort: Number(tcpPort), said };
}

/** The reply of an operation, as JSON. */
async function call(url: string, path: string, body?: string): Promise<unknown> {
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  const response = await fetch(`${url}/${path}`, { method: 'POST', headers, body: body ?? null });
  return response.json();
}

/** A counter with this state, which adds so much, and this after it. */
const counter = (state: string, by: string, rest = ''): string => `machine Counter {
  state { ${state} }
  on Incr -> Int {
    s <- get
    put -< { ...s, count: s.count + ${by} }
    return -< s.count + ${by}
  }
}
${rest}`;

const other = `machine Other {
  state { seen: Int = 0 }
  on See -> Int {
    s <- get
    put -< { seen: s.seen + 1 }
    return -< s.seen + 1
  }
}
`;

test('a save upgrades what runs, and whoever is connected loses nothing', async () => {
  save('main.sm', counter('count: Int = 0', '1'));
  const { dev, url, tcpPort, said } = await start();
  expect(said).toMatch(/\nCounter deployed [0-9a-f]{12}\n {2}POST http:\S+\/Counter\/Incr -> Int\n/);
  const connection = await LineConnection.open(tcpPort);
  let isDone = false;
  const calling = (async () => {
    const replies: string[] = [];
    while (!isDone) replies.push(await connection.ask('Counter Incr'));
    return replies;
  })();
  save('main.sm', counter('count: Int = 0, down: Bool = false', '1'));
  const upgraded = await dev.until(/Counter upgraded [0-9a-f]{12} -> [0-9a-f]{12}\n[^]*loses.*\n/);
  expect(upgraded).toMatch(/^\nmain\.sm saved\n/);
  expect(upgraded).toMatch(/state kept: \{ count: \d+, down: false \}/);
  save(
    'main.sm',
    counter('count: Int = 0', '1', 'upgrade old.Counter -> Counter { drop down }\n').replace(
      /^/,
      'import deployed as old\n',
    ),
  );
  await dev.until(/Counter upgraded .*\n.*state kept: \{ count: \d+ \}/);
  isDone = true;
  const replies = await calling;
  expect(replies.length).toBeGreaterThan(0);
  expect(replies).toEqual(replies.map((_, i) => `ok ${i + 1}`));
  expect(await call(url, 'Counter/Incr')).toBe(replies.length + 1);
  connection.close();
});

test('errors are shown, and nothing changes; the next save is tried', async () => {
  save('main.sm', counter('count: Int = 0', '"1"'));
  const { dev, url, said } = await start();
  expect(said).toMatch(/error\[E\d+\]: .*\n\n {2}main\.sm:5:\d+\n[^]*\nnothing runs yet\n/);
  expect((await fetch(`${url}/_smc/machines`).then((each) => each.text())).trim()).toBe('[]');
  save('main.sm', counter('count: Int = 0', '1'));
  await dev.until(/Counter deployed .*\n/);
  expect(await call(url, 'Counter/Incr')).toBe(1);
  save('main.sm', counter('count: Int = 0', '10').replace('on Incr', 'on Incr('));
  const refused = await dev.until(/goes on as before\n/);
  expect(refused).toMatch(
    /^ {2}POST .*\n\nmain\.sm saved\nerror\[E\d+\][^]*main\.sm:[^]*\nnothing has changed: Counter goes on as before\n$/,
  );
  expect(await call(url, 'Counter/Incr')).toBe(2);
  save('main.sm', counter('count: Int = 0', '10'));
  await dev.until(/Counter upgraded/);
  expect(await call(url, 'Counter/Incr')).toBe(12);
});

test('a file that is imported is followed too, and so is one that comes and goes', async () => {
  save('main.sm', `import "./lib.sm" as lib\n${counter('count: Int = 0', 'lib.step()')}`);
  const { dev, url, said } = await start();
  expect(said).toMatch(/error\[E0280\]/);
  save('lib.sm', 'fun step() -> Int = 1\n');
  await dev.until(/lib\.sm saved\nCounter deployed/);
  expect(await call(url, 'Counter/Incr')).toBe(1);
  save('lib.sm', 'fun step() -> Int = 10\n');
  await dev.until(/lib\.sm saved\nCounter upgraded/);
  expect(await call(url, 'Counter/Incr')).toBe(11);
  rmSync(join(folder, 'main.sm'));
  await dev.until(
    /main\.sm is gone\nerror: main\.sm can not be read: there is no such file\nnothing has changed/,
  );
  save('main.sm', counter('count: Int = 0', '100'));
  await dev.until(/main\.sm saved\nCounter upgraded/);
  expect(await call(url, 'Counter/Incr')).toBe(111);
});

test('where no way fits it says which clause to write; written, the clause upgrades', async () => {
  save('main.sm', counter('count: Int = 0', '1'));
  const { dev, url } = await start();
  await call(url, 'Counter/Incr');
  const renamed = (by: string): string => counter('total: Int = 0', by).replaceAll('count', 'total');
  save('main.sm', renamed('1'));
  const refused = await dev.until(/press r .*\n/);
  expect(refused).toMatch(/error\[E0402\][^]*`rename count -> total`/);
  expect(refused).toContain(
    'Write into main.sm:\n\n  import deployed as old\n\n  upgrade old.Counter -> Counter {\n' +
      '    rename count -> total\n    -- or: drop count\n  }\n\n',
  );
  expect(refused).toMatch(/nothing has changed: Counter goes on[^]*press r to start Counter afresh/);
  expect(await call(url, 'Counter/Incr')).toBe(2);
  const written = (by: string, clause: string): string =>
    `import deployed as old\n${renamed(by)}upgrade old.Counter -> Counter {\n  ${clause}\n}\n`;
  // What is wrong with it is shown.
  save('main.sm', written('1', 'rename cound -> total'));
  expect(await dev.until(/press r .*\n/)).toMatch(/error\[E0405\][^]*main\.sm:11:10/);
  save('main.sm', written('1', 'rename count -> total'));
  await dev.until(/Counter upgraded .*\n.*state kept: \{ total: 2 \}/);
  expect(await call(url, 'Counter/Incr')).toBe(3);
  // It has been carried out, and does not stand in the way of what follows.
  save('main.sm', written('10', 'rename count -> total'));
  await dev.until(/Counter upgraded .*\n.*state kept: \{ total: 3 \}/);
  expect(await call(url, 'Counter/Incr')).toBe(13);
  save(
    'main.sm',
    written('10', 'rename count -> total')
      .replace('total: Int = 0', 'total: String = ""')
      .replaceAll('+ 10', '++ "0"')
      .replace('-> Int', '-> String'),
  );
  expect(await dev.until(/press r .*\n/)).toMatch(
    /error\[E0403\][^]*state\.total[^]*\nThe upgrade of Counter in main\.sm has been carried out\. Write in its place:\n\n {2}upgrade old\.Counter -> Counter \{\n {4}state\.total old -> …\n/,
  );
  // A clause that is added to those that have been carried out counts alone.
  const dropped = written('10', 'rename count -> total\n  drop Incr');
  save('main.sm', dropped.replace('on Incr', 'on Other'));
  await dev.until(/Counter upgraded .*\n.*state kept: \{ total: 13 \}\n {2}written: drop Incr\n/);
});

test('what to write is said of all machines at once', async () => {
  save('main.sm', counter('count: Int = 0, note: Int = 0', '1', other));
  const { dev } = await start();
  save(
    'main.sm',
    `import deployed as was\n${counter('count: Int = 0', '1', other.replaceAll('seen', 'saw'))}`,
  );
  expect(await dev.until(/press r .*\n/)).toContain(
    `Write into main.sm:

  upgrade was.Counter -> Counter {
    drop note
  }

  upgrade was.Other -> Other {
    rename seen -> saw
    -- or: drop seen
  }

nothing has changed: Counter, Other go on as before
press r to start Counter, Other afresh with the new version: their states are lost
`,
  );
});

test('what to write fits a file that follows on another file', async () => {
  save('v1.sm', counter('count: Int = 0', '1'));
  const followed = (state: string): string =>
    `import "./v1.sm" as old\n${counter(state, '1', 'upgrade old.Counter -> Counter {}\n')}`;
  save('main.sm', followed('count: Int = 0, note: Int = 0'));
  const { dev } = await start();
  save('main.sm', followed('count: Int = 0'));
  expect(await dev.until(/press r .*\n/)).toContain(
    'leads from another version. Write in its place:\n\n  import deployed as running\n\n' +
      '  upgrade running.Counter -> Counter {\n    drop note\n  }\n',
  );
  save(
    'main.sm',
    `import deployed as running\n${counter('count: Int = 0', '1', 'upgrade running.Counter -> Counter { drop note }\n')}`,
  );
  await dev.until(/Counter upgraded .*\n.*state kept: \{ count: 0 \}/);
});

test('an upgrade is carried out once, however long it stands there', async () => {
  const doubling = (by: string, factor: string): string =>
    `import deployed as old\n${counter('count: Int = 0', by)}upgrade old.Counter -> Counter { state.count old -> old.count * ${factor} }\n`;
  save('main.sm', doubling('1', '2'));
  const { dev, url } = await start();
  await call(url, 'Counter/Incr');
  save('main.sm', doubling('2', '2').replace('{ state', '{\n  state'));
  await dev.until(/Counter upgraded .*\n.*state kept: \{ count: 1 \}/);
  // Written before the machine changes, it waits for that.
  save('main.sm', doubling('2', '10'));
  await dev.until(/Counter unchanged/);
  save('main.sm', doubling('3', '10'));
  await dev.until(/Counter upgraded .*\n.*state kept: \{ count: 10 \}/);
  // Neither a comment nor a name makes it another one.
  const noted = doubling('4', '10').replace('{ state.count old', '{ -- once\n  state.count o');
  save('main.sm', noted.replace('old.count *', 'o.count *'));
  await dev.until(/Counter upgraded .*\n.*state kept: \{ count: 10 \}/);
});

test('r starts afresh what no way leads to, and nothing else', async () => {
  save('main.sm', counter('count: Int = 0', '1', other));
  const { dev, url } = await start();
  await call(url, 'Counter/Incr');
  await call(url, 'Other/See');
  dev.type('r\n');
  await dev.until(/there is nothing to be started afresh/);
  const changed = counter('count: Int = 0, total: String = ""', '1', other);
  save('main.sm', counter('total: Int = 5', '1', other.replace('+ 1', '+ 10')).replaceAll('count', 'total'));
  await dev.until(/press r to start Counter afresh with the new version: its state is lost\n/);
  expect(await call(url, 'Counter/Incr')).toBe(2);
  dev.type('r\n');
  const said = await dev.until(
    /Other upgraded[^]*Counter deployed .*\n|Counter deployed .*\n[^]*Other upgraded.*\n/,
  );
  expect(said).not.toMatch(/error/);
  expect(await call(url, 'Counter/Incr')).toBe(6);
  expect(await call(url, 'Other/See')).toBe(2);
  // Not again, and never by itself.
  dev.type('r\n');
  await dev.until(/there is nothing to be started afresh/);
  save('main.sm', changed);
  await dev.until(/press r to start Counter afresh/);
  expect(await call(url, 'Counter/Incr')).toBe(7);
});

test('what the node refuses for the state that it has can be started afresh, too', async () => {
  save('main.sm', counter('count: Int = 0', '1'));
  const { dev, url } = await start();
  await call(url, 'Counter/Incr');
  const guarded = counter('count: Int = 0', '1').replace('on Incr', 'invariant s -> s.count != 1\n  on Incr');
  save('main.sm', guarded);
  await dev.until(/error: invariant: [^]*nothing has changed[^]*press r to start Counter afresh/);
  // The same file again, now that the state fits.
  expect(await call(url, 'Counter/Incr')).toBe(2);
  save('main.sm', guarded);
  await dev.until(/Counter upgraded/);
  expect(await call(url, 'Counter/Incr')).toBe(3);
});

test('a machine that is gone from the file goes on, until d removes it', async () => {
  save('main.sm', counter('count: Int = 0', '1', other));
  const { dev, url } = await start();
  await call(url, 'Other/See');
  save('main.sm', counter('count: Int = 0', '1'));
  await dev.until(/Counter unchanged[^]*Other is gone from the file.* press d to remove it/);
  expect(await call(url, 'Other/See')).toBe(2);
  save('main.sm', counter('count: Int = 0', '1', other));
  await dev.until(/Other unchanged/);
  dev.type('d\n');
  await dev.until(/there is nothing to be removed/);
  save('main.sm', counter('count: Int = 0', '1'));
  await dev.until(/press d to remove it/);
  dev.type('d\n');
  await dev.until(/Other removed\n/);
  expect(await call(url, 'Other/See')).toMatchObject({ error: { code: 'unknown-machine' } });
});

test('of rapid saves the last counts', async () => {
  save('main.sm', counter('count: Int = 0', '1'));
  const { dev, url } = await start();
  for (let by = 2; by <= 40; by++) save('main.sm', counter('count: Int = 0', String(by)));
  const built = await smc(['build', 'main.sm'], { cwd: folder });
  const [, last] = /^Counter ([0-9a-f]{12})$/m.exec(built.stdout) ?? [];
  await dev.until(new RegExp(`Counter upgraded .* -> ${last}\\n`));
  expect(await call(url, 'Counter/Incr')).toBe(40);
});

test('the baseline of the project is neither read nor written', async () => {
  save('main.sm', counter('count: Int = 0', '1'));
  const first = await start();
  expect(existsSync(join(folder, '.smc'))).toBe(false);
  first.dev.type('q\n');
  expect(await first.dev.ended).toBe(0);
  mkdirSync(join(folder, '.smc', 'baseline'), { recursive: true });
  writeFileSync(join(folder, '.smc', 'baseline', 'local.smb'), 'no bundle');
  save(
    'main.sm',
    `import deployed as old\n${counter('count: Int = 0', '1', 'upgrade old.Counter -> Counter { drop note }\n')}`,
  );
  const { said } = await start();
  expect(said).toMatch(/Counter deployed/);
});

test('clients of an older interface are served', async () => {
  save('main.sm', counter('count: Int = 0', '1'));
  const { dev, url } = await start();
  const [machine] = (await fetch(`${url}/_smc/machines`).then((each) => each.json())) as {
    interface: string;
  }[];
  save('main.sm', counter('count: Int = 0', 'by').replace('on Incr', 'on Incr(by: Int = 7)'));
  await dev.until(/Counter upgraded/);
  const headers = { 'smc-interface': machine.interface };
  const old = await fetch(`${url}/Counter/Incr`, { method: 'POST', headers });
  expect(await old.json()).toBe(7);
  expect(await call(url, 'Counter/Incr', '{"by": 3}')).toBe(10);
});

test('what others deploy to it is what runs', async () => {
  save('main.sm', counter('count: Int = 0', '1'));
  const { dev, url } = await start();
  await call(url, 'Counter/Incr');
  const theirs = `import "./main.sm" as old\n${counter('count: Int = 0, theirs: Int = 5', '1', `${other}upgrade old.Counter -> Counter {}\n`)}`;
  writeFileSync(join(folder, 'theirs.sm'), theirs);
  const deployed = await smc(['deploy', 'theirs.sm', '--to', url], { cwd: folder });
  expect(deployed.stdout).toMatch(/^Counter upgraded[^]*Other deployed/);
  save('main.sm', counter('count: Int = 0, ours: Int = 6', '1'));
  expect(await dev.until(/press r .*\n/)).toMatch(/error\[E0402\][^]*drop theirs/);
  save('main.sm', counter('count: Int = 0, ours: Int = 6, theirs: Int = 0', '1'));
  await dev.until(/state kept: \{ count: 1, ours: 6, theirs: 5 \}/);
  // It was never in this file, and is not gone from it.
  expect(await call(url, 'Other/See')).toBe(1);
  dev.type('d\n');
  await dev.until(/there is nothing to be removed/);
});

test('it ends by signals and keys, and says what it can not do', async () => {
  save('main.sm', counter('count: Int = 0', '1'));
  const { dev, url } = await start();
  const taken = await smc(['dev', 'main.sm', '--http', new URL(url).port, '--tcp', '0'], { cwd: folder });
  expect(taken).toMatchObject({ status: 1, stdout: '' });
  expect(taken.stderr).toMatch(/port \d+ of this computer is taken/);
  expect(await smc(['dev', 'none.sm'], { cwd: folder })).toMatchObject({ status: 2, stdout: '' });
  expect(await smc(['dev', 'main.smb'], { cwd: folder })).toMatchObject({ status: 2, stdout: '' });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const running = signal === 'SIGINT' ? dev : (await start()).dev;
    running.signal(signal);
    await running.until(/stopping\n/);
    expect(await running.ended).toBe(0);
  }
});
