import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { startNode } from '@smc/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ran, Workplace } from './workplace.ts';

/** The commands in this process, on real files and a real node; whole processes are in `test/upgrade`. */
const counter = `machine Counter {
  state { count: Int = 0, down: Bool = false }
  on Read -> Int { s <- get
    return -< s.count }
  on Add(by: Int, note: String) -> Int {
    s <- get
    put -< { ...s, count: s.count + by }
    return -< s.count + by
  }
  on Divide(by: Int) -> Int { return -< 10 / by }
}
`;

const account = `machine Account(id: String) {
  state { balance: Int = 0 }
  on Deposit(n: Int) -> Int {
    s <- get
    put -< { balance: s.balance + n }
    return -< s.balance + n
  }
  on Name -> String { return -< id }
}
`;

let place: Workplace;

beforeAll(async () => {
  place = await Workplace.open();
  place.write('counter.sm', counter);
  place.write('account.sm', account);
  place.write('two.sm', counter + counter.replace('Counter', 'Other'));
  place.write('other.sm', counter.replace('Counter', 'Other'));
  place.write('wrong.sm', counter.replace('count: Int = 0', 'count: Int = "none"'));
  place.write('latin1.sm', Uint8Array.from([0xe9, 0x0a]));
});

afterAll(() => place.close());

const run = (
  words: readonly string[],
  stdin: readonly (string | Uint8Array)[] = [],
  to = place.node.url ?? '',
): Promise<Ran> => place.run(words, { stdin, to });

describe('words', () => {
  test.each([
    ['nothing', [], /Usage: smc/],
    ['a command that is not there', ['dploy'], /unknown command 'dploy'\n\(Did you mean deploy\?\)/],
    [
      'a flag that is not there',
      ['run', 'counter.sm', '--stat'],
      /unknown option '--stat'\n\(Did you mean --state\?\)/,
    ],
    ['a missing file name', ['check'], /missing required argument 'file'/],
    ['a word too many', ['state', 'Counter', 'Other'], /too many arguments/],
    ['a command of later', ['rollback', 'Counter'], /smc rollback is not supported yet/],
    ['a flag of later', ['deploy', 'counter.sm', '--watch', '5/60s'], /--watch is not supported yet/],
    [
      'a form that is not there',
      ['build', 'counter.sm', '--emit', 'wasm'],
      /--emit takes core or cam, not wasm/,
    ],
    ['a file that is not there', ['check', 'none.sm'], /none.sm can not be read: there is no such file/],
    ['several machines and none named', ['run', 'two.sm', 'Read'], /several machines: Counter, Other/],
    ['a machine that is not there', ['run', 'two.sm', '--machine', 'Third'], /no machine Third/],
    ['a key for a machine without', ['run', 'counter.sm', '--key', 'a', 'Read'], /Counter is not keyed/],
    ['a port that is none', ['node', '--memory', '--http', '70000'], /a port from 0 to 65535, not 70000/],
    ['a node that keeps nothing, and where', ['node', '--memory', '--data', 'x'], /--memory keeps nothing/],
    [
      'a node that keeps nothing, and when',
      ['node', '--memory', '--checkpoint-bytes', '1MiB'],
      /--memory keeps nothing/,
    ],
    [
      'a node that keeps nothing, and since',
      ['node', '--memory', '--checkpoint-seconds', '5'],
      /--memory keeps nothing/,
    ],
    ['a directory named twice', ['repair', 'x', '--data', 'y'], /the directory is named twice/],
    ['an address that is none', ['status', '--to', 'here'], /here is not the address of a node/],
  ])('%s: exit status 2', async (_, words, message) => {
    const ran = await run(words);
    expect(ran).toMatchObject({ status: 2, out: '' });
    expect(ran.err).toMatch(message);
    const told = await run([...words, '--json']);
    expect(told).toMatchObject({ status: 2, err: ran.err });
    const { error } = JSON.parse(told.out) as { error: { code: string; message: string } };
    expect(ran.err).toContain(`error: ${error.message}\n`);
    expect(error.code).toMatch(/^[a-z-]+$/);
  });

  test('help has an example, for every command', async () => {
    const help = await run(['--help']);
    expect(help.status).toBe(0);
    const commands = [...help.out.matchAll(/^ {2}([a-z]+) {2,}/gm)].map(([, name]) => name);
    expect(commands).toEqual([
      'new',
      'check',
      'build',
      'run',
      'test',
      'fmt',
      'explain',
      'disasm',
      'diff',
      'node',
      'dev',
      'deploy',
      'upgrade',
      'remove',
      'call',
      'status',
      'history',
      'state',
      'backup',
      'restore',
      'repair',
      'keygen',
    ]);
    const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
    const [, unreached] = /3 where ([^.]+\.)/.exec(readme)!;
    expect(help.out).toContain(`\n3 ${unreached.replaceAll(/\s+/g, ' ')}`);
    const table = readme.split('## The commands')[1].split('\n## ')[0];
    const listed = [...table.matchAll(/`smc ([a-z]+)/g)].map(([, name]) => name);
    expect(listed.toSorted()).toEqual(commands.toSorted());
    for (const command of commands) {
      const { status, out } = await run([command, '--help']);
      expect(status).toBe(0);
      expect(out).toMatch(new RegExp(`Example:\\n {2}smc ${command}\\b`));
      expect(out).toContain('--json');
    }
  });

  test('the version', async () => {
    expect(await run(['--version'])).toEqual({ status: 0, out: '1.2.3\n', err: '' });
  });
});

describe('check and build', () => {
  test('a program without errors', async () => {
    expect(await run(['check', 'counter.sm'])).toEqual({
      status: 0,
      out: 'counter.sm: no errors\n',
      err: '',
    });
    for (const words of [
      ['check', 'counter.sm', '--json'],
      ['--json', 'check', 'counter.sm'],
    ]) {
      expect(await run(words)).toEqual({ status: 0, out: '{"diagnostics":[]}\n', err: '' });
    }
  });

  test('a file that is named twice is read once', async () => {
    const once = await run(['check', 'wrong.sm']);
    expect(await run(['check', 'wrong.sm', `${place.folder}/./wrong.sm`, 'wrong.sm'])).toEqual(once);
    expect(await run(['check', 'counter.sm', 'counter.sm'])).toMatchObject({
      status: 0,
      out: 'counter.sm: no errors\n',
    });
  });

  test('a program with one', async () => {
    const ran = await run(['check', 'wrong.sm', 'counter.sm']);
    expect(ran).toMatchObject({ status: 1, out: '' });
    expect(ran.err).toMatch(/^error\[E0\d+\]: .*\n\n {2}wrong.sm:2:24\n/);
    const { status, out } = await run(['check', 'wrong.sm', '--json']);
    expect(status).toBe(1);
    const [diagnostic] = (JSON.parse(out) as { diagnostics: unknown[] }).diagnostics;
    expect(diagnostic).toMatchObject({ severity: 'error', start: { line: 2, column: 24 } });
    expect(Object.keys(diagnostic as object)).toEqual(
      expect.arrayContaining(['code', 'severity', 'message', 'file', 'start', 'end', 'labels', 'help']),
    );
  });

  test('a file that is not text', async () => {
    expect(await run(['check', 'latin1.sm'])).toMatchObject({
      status: 1,
      err: 'error: latin1.sm is not UTF-8 text\n',
    });
  });

  test('a bundle of two files, that is read again', async () => {
    const out = place.path('both.smb');
    const ran = await run(['build', 'counter.sm', 'other.sm', '-o', out]);
    expect(ran.status).toBe(0);
    expect(ran.out).toMatch(/^Counter [0-9a-f]{12}\nOther [0-9a-f]{12}\n$/);
    const text = await run(['disasm', 'both.smb']);
    expect(text.out).toMatch(/^machine Counter$/m);
    expect(text.out).toMatch(/^machine Other$/m);
    expect(text.out).toMatch(/ADD +\S*counter\.sm:\d+/);
    const source = await run(['disasm', 'counter.sm']);
    const compiled = await run(['build', 'counter.sm', '-o', out]);
    expect(compiled.status).toBe(0);
    expect((await run(['disasm', 'both.smb'])).out).toBe(source.out);
    place.write('cut.smb', readFileSync(out).subarray(0, 100));
    expect(await run(['disasm', 'cut.smb'])).toMatchObject({
      status: 1,
      err: expect.stringMatching(/cut.smb is malformed at byte \d+/) as string,
    });
    expect(await run(['build', 'counter.sm', 'two.sm'])).toMatchObject({
      status: 2,
      err: expect.stringContaining('the machine Counter is in') as string,
    });
  });

  test('the intermediate forms', async () => {
    expect((await run(['build', 'counter.sm', '--emit', 'core'])).out).toMatch(
      /Add : \(Int, String\) -> Int/,
    );
    expect((await run(['build', 'counter.sm', '--emit', 'cam'])).out).toMatch(/^ +\d+ {2}GET/m);
  });
});

describe('run', () => {
  test('inputs as words', async () => {
    expect(
      await run(['run', 'counter.sm', '--state', 'Add(2, "a")', 'Add(note: "b", by: -5)', 'Read']),
    ).toEqual({
      status: 0,
      out: '2\n-3\n-3\n{ count: -3, down: false }\n',
      err: '',
    });
  });

  test('inputs as lines, cut anywhere, with and without a last line end', async () => {
    const bytes = new TextEncoder().encode('Read\r\n\n-- nothing\nnow = @1000\nAdd(1, "é")\nRead');
    expect((await run(['run', 'counter.sm'], [bytes])).out).toBe('0\n1\n1\n');
    expect(
      (
        await run(
          ['run', 'counter.sm'],
          [...bytes].map((byte) => Uint8Array.of(byte)),
        )
      ).out,
    ).toBe('0\n1\n1\n');
    expect(await run(['run', 'counter.sm'], [Uint8Array.of(0xe9)])).toMatchObject({ status: 1 });
  });

  test('a fault and a bad line are said, and the run goes on', async () => {
    const ran = await run(['run', 'counter.sm', 'Divide(0)', 'Dance', 'Divide("a")', 'Divide(3)']);
    expect(ran).toMatchObject({ status: 1, out: 'fault: division by zero\n3\n' });
    expect(ran.err).toMatch(/input 2: .*Dance/);
    expect(ran.err).toMatch(/input 3: expected Int.*\n {2}Divide\("a"\)\n {9}\^\n/);
  });

  test('the clock is not set back', async () => {
    const ran = await run(['run', 'counter.sm', 'now = @1000', 'now = @999', 'Read']);
    expect(ran).toMatchObject({ status: 1, out: '0\n' });
    expect(ran.err).toContain('can not be set back');
  });

  test('as JSON, a line for each input', async () => {
    const ran = await run(['run', 'counter.sm', '--json', '--state', 'Add(2, "a")', 'Divide(0)']);
    expect(ran.status).toBe(1);
    expect(
      ran.out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { input: 'Add(2, "a")', reply: 2 },
      { input: 'Divide(0)', fault: 'division by zero' },
      { state: { count: 2, down: false } },
    ]);
  });
});

describe('a node', () => {
  test('is deployed to, called and looked at', async () => {
    expect((await run(['status'])).out).toBe('no machine runs on this node\n');
    expect((await run(['deploy', 'counter.sm', '--dry-run'])).out).toMatch(
      /^Counter would be deployed [0-9a-f]{12}\n$/,
    );
    expect(await run(['upgrade', 'counter.sm'])).toMatchObject({
      status: 1,
      err: expect.stringContaining('unknown-machine') as string,
    });
    expect((await run(['deploy', 'counter.sm'])).out).toMatch(/^Counter deployed [0-9a-f]{12}\n$/);
    expect((await run(['deploy', 'counter.sm'])).out).toMatch(/^Counter unchanged [0-9a-f]{12}\n$/);
    expect((await run(['deploy', 'counter.sm', 'other.sm'])).out).toMatch(
      /^Counter unchanged .*\nOther deployed .*\n$/,
    );
    expect(await run(['call', 'Counter', 'Add(3, "é\\n")', 'Read'])).toEqual({
      status: 0,
      out: '3\n3\n',
      err: '',
    });
    expect(await run(['call', 'Counter'], ['Read\n-- no\n\nRead\n'])).toEqual({
      status: 0,
      out: '3\n3\n',
      err: '',
    });
    expect((await run(['state', 'Counter'])).out).toBe('{ count: 3, down: false }\n');
    expect((await run(['state', 'Counter', '--json'])).out).toBe('{"state":{"count":3,"down":false}}\n');
    expect((await run(['status'])).out).toMatch(
      /^machine .*\nCounter +[0-9a-f]{12} .*\{ count: Int, down: Bool \}\nOther /,
    );
    expect((await run(['history', 'Counter'])).out).toMatch(/deployment +[0-9a-f]{12}\n/);
  });

  test('refuses, and says why', async () => {
    const ran = await run(['call', 'Counter', 'Divide(0)', 'Dance', 'Read']);
    expect(ran).toMatchObject({ status: 1, out: '3\n' });
    const [fault, dance, read] = (await run(['call', 'Counter', '--json', 'Divide(0)', 'Dance', 'Read'])).out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(fault).toEqual({ input: 'Divide(0)', error: { code: 'fault', message: 'division by zero' } });
    expect(dance).toMatchObject({ error: { code: 'unknown-operation' } });
    expect(read).toEqual({ input: 'Read', reply: 3 });
    expect(ran.err).toMatch(/fault: .*division by zero\n.*unknown-operation: .*Dance/s);
    expect(await run(['call', 'Nobody', 'Read'])).toMatchObject({ status: 1, out: '' });
    expect(await run(['call', 'Counter', '--interface', 'ff'.repeat(32), 'Read'])).toMatchObject({
      status: 1,
      err: expect.stringContaining('unknown-interface') as string,
    });
    expect(await run(['call', 'Counter/alice', 'Read'])).toMatchObject({
      status: 1,
      err: expect.stringContaining('Counter is not keyed') as string,
    });
    expect(await run(['history', 'Counter/alice'])).toMatchObject({ status: 2 });
  });

  test('has instances of keyed machines', async () => {
    expect((await run(['deploy', 'account.sm'])).status).toBe(0);
    const called = await run(['call', 'Account/alice', 'Deposit(5)', 'Name']);
    expect(called).toEqual({ status: 0, out: '5\n"alice"\n', err: '' });
    expect((await run(['call', 'Account/"a/b \\u{e9}"', 'Deposit(1)', 'Name'])).out).toBe('1\n"a/b é"\n');
    expect((await run(['call', 'Account/a/b', 'Name'])).out).toBe('"a/b"\n');
    expect((await run(['state', 'Account/alice'])).out).toBe('{ balance: 5 }\n');
    expect((await run(['status'])).out).toMatch(
      /^machine .* instances .*\nAccount( +[0-9a-f]{12}){2} +2 .*\nCounter( +[0-9a-f]{12}){2} +- /,
    );
    const { machines } = JSON.parse((await run(['status', '--json'])).out) as { machines: object[] };
    expect(machines[0]).toMatchObject({ name: 'Account', keyed: true, instances: 2 });
    expect((await run(['state', 'Account/bob', '--json'])).out).toBe('{"state":{"balance":0}}\n');
    for (const words of [
      ['call', 'Account', 'Name'],
      ['state', 'Account'],
      ['state', 'Account/'],
      ['state', `Account/${'x'.repeat(513)}`],
    ]) {
      expect(await run(words)).toMatchObject({ status: 1, err: expect.stringMatching(/key/) as string });
    }
    expect(await run(['state', 'Account/"alice'])).toMatchObject({ status: 2 });
  });

  test('is not there: exit status 3', async () => {
    const gone = await startNode({ httpPort: 0, linesPort: null });
    await gone.close();
    const ran = await run(['status', '--json'], [], gone.url ?? '');
    expect(ran).toMatchObject({ status: 3, err: expect.stringContaining(gone.url ?? '-') as string });
    expect(JSON.parse(ran.out)).toMatchObject({ error: { code: 'unreachable' } });
  });

  test('says in its log where it is, as on stdout', async () => {
    const ports = ['--http', '0', '--tcp', '0', '--admin', '0'];
    const ran = await run(['node', '--memory', ...ports, '--log', 'json', '--json']);
    const { http, administration } = JSON.parse(ran.out) as Record<string, unknown>;
    const [ready] = ran.err.split('\n');
    expect(JSON.parse(ready)).toMatchObject({ msg: 'ready', http, administration });
  });

  test('starts where it is told, says so, and ends', async () => {
    const ran = await run(['node', '--memory', '--http', '0', '--tcp', '0']);
    expect(ran).toMatchObject({ status: 0, err: 'stopping\n' });
    expect(ran.out).toMatch(
      /^ready: http:\/\/127\.0\.0\.1:\d+ \(HTTP\), 127\.0\.0\.1:\d+ \(lines, frames\); nothing is kept on disk\n$/,
    );
    const taken = await run(['node', '--memory', '--http', new URL(place.node.url ?? '').port, '--tcp', '0']);
    expect(taken).toMatchObject({ status: 1, out: '' });
    expect(taken.err).toMatch(/port \d+ of this computer is taken/);
  });

  // The first is no address, and the other is for documentation alone.
  test.each(['300.1.1.1', '192.0.2.1'])('says that %s is no address of this computer', async (host) => {
    const words = ['node', '--memory', '--insecure', '--host', host, '--http', '0', '--tcp', '0'];
    expect(await run(words)).toEqual({
      status: 1,
      out: '',
      err:
        `error: this computer has no address ${host}\n` +
        '  --host and --admin-host take one of its own, or a name of it.\n',
    });
  });

  test.each([
    { wrong: ['--http', '99999'] },
    { wrong: ['--tcp', 'lines'] },
    { wrong: ['--admin', '70000'] },
    { wrong: ['--host', '0.0.0.0'] },
    { wrong: ['--checkpoint-seconds', '0'], told: 'takes a number of seconds from 1 on, not 0' },
    {
      wrong: ['--memory-limit', '1B'],
      told: 'from 1 on, or one with KiB, MiB or GiB, such as 64MiB, not 1B',
    },
    { wrong: ['--log', 'xml'] },
    { wrong: ['--host', ''], told: '--host and --admin-host take an address' },
    { wrong: ['--http', '4999', '--tcp', '4999'], told: 'port 4999 is asked for twice' },
    { wrong: ['--http', '4999', '--admin', '4999'], told: 'port 4999 is asked for twice' },
  ])('opens nothing where $wrong is wrong', async ({ wrong, told = wrong[1] }) => {
    const directory = place.path(`unopened${wrong[0]}`);
    const ran = await run(['node', '--data', directory, '--http', '0', '--tcp', '0', ...wrong]);
    expect(ran).toMatchObject({ status: 2, out: '' });
    expect(ran.err).toContain(told);
    expect(existsSync(directory)).toBe(false);
  });

  test.each([
    { wrong: ['--http', '99999'], status: 2, code: 'usage' },
    { wrong: ['--host', '0.0.0.0'], status: 2, code: 'exposed' },
    { wrong: ['--data', 'x'], status: 2, code: 'usage' },
    { wrong: ['--htp', '5'], status: 2, code: 'usage' },
    { wrong: ['now'], status: 2, code: 'usage' },
    { wrong: ['--token-file', 'none.txt'], status: 2, code: 'no-file' },
  ])('tells programs in its log that $wrong is wrong', async ({ wrong, status, code }) => {
    const words = ['node', '--memory', '--http', '0', '--tcp', '0', '--log', 'json', ...wrong];
    const ran = await run(words);
    expect(ran).toMatchObject({ status, out: '' });
    const event = JSON.parse(ran.err) as Record<string, unknown>;
    expect(event).toMatchObject({ level: 'error', code });
    const both = await run([...words, '--json']);
    const { error } = JSON.parse(both.out) as { error: { code: string; message: string } };
    expect(error).toMatchObject({ code, message: event['msg'] });
    expect(JSON.parse(both.err)).toMatchObject({ code, msg: error.message });
  });

  test.each([
    { mode: 0o644, can: 'read' },
    { mode: 0o602, can: 'written' },
    { mode: 0o666, can: 'read and written' },
  ])('warns of a file with tokens that can be $can, in its log', async ({ mode, can }) => {
    const file = place.path('tokens.txt');
    writeFileSync(file, `${'t'.repeat(32)}\n`);
    chmodSync(file, mode);
    const words = ['node', '--memory', '--http', '0', '--tcp', '0', '--token-file', file, '--log'];
    const [warning] = (await run([...words, 'json'])).err.split('\n');
    expect(JSON.parse(warning)).toMatchObject({
      level: 'warn',
      msg: expect.stringContaining(`tokens.txt can be ${can} by everybody`) as string,
    });
    expect((await run([...words, 'text'])).err).toMatch(/^warning: tokens.txt can be/);
  });

  test('closes what it opened where its port is taken', async () => {
    const directory = place.path('closed');
    const taken = new URL(place.node.url ?? '').port;
    const ran = await run(['node', '--data', directory, '--http', taken, '--tcp', '0']);
    expect(ran).toMatchObject({ status: 1, out: '' });
    // Before what it keeps is read: that may take long.
    expect(existsSync(directory)).toBe(false);
  });

  test('says that a port is taken of which only the number is asked for twice', async () => {
    const taken = new URL(place.node.url ?? '').port;
    const other = ['--host', '127.0.0.2', '--http', taken, '--tcp', '0'];
    const ran = await run(['node', '--memory', ...other, '--admin-host', '127.0.0.1', '--admin', taken]);
    expect(ran).toMatchObject({ status: 1, out: '' });
    expect(ran.err).toContain(`port ${taken} of this computer is taken`);
  });

  test.each(['node', 'backup', 'restore'])('%s takes no directory without a name', async (command) => {
    const file = { node: [], backup: ['b.smcb'], restore: ['b.smcb'] }[command] ?? [];
    const ran = await run([command, ...file, '--data', '']);
    expect(ran).toMatchObject({
      status: 2,
      out: '',
      err: expect.stringMatching(/the directory of the node has no name/),
    });
  });
});
