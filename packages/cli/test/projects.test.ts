import { execFileSync, spawnSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ran, runCommand } from './workplace.ts';

/** The commands that work on the files of a project: new, test, fmt, run. */

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'smc-project-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

async function run(words: readonly string[], stdin: readonly string[] = []): Promise<Ran> {
  const { status, out, err } = await runCommand(words, { stdin });
  return { status, out: out.replaceAll(`${folder}/`, ''), err: err.replaceAll(`${folder}/`, '') };
}

/** A file of the folder, with this text. */
function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const account = (rest: string): string => `machine Account(id: String) {
  state { balance: Int = 0 }
  invariant s -> s.balance < 100
  on Deposit(amount: Int = 1) -> Int {
    s <- get
    put -< { balance: s.balance + amount }
    return -< s.balance + amount
  }
  on Who -> String { return -< id }
}
${rest}`;

describe('a new project', () => {
  test('has its baselines under version control, and no other bytecode', async () => {
    const place = join(folder, 'kept');
    await run(['new', place]);
    execFileSync('git', ['init', '--quiet', place]);
    const isIgnored = (path: string): boolean =>
      spawnSync('git', ['check-ignore', '--quiet', path], { cwd: place }).status === 0;
    expect(isIgnored('.smc/baseline/local.smb')).toBe(false);
    expect(isIgnored('kept.smb')).toBe(true);
  });

  test('passes its test, and is in the format', async () => {
    const place = join(folder, 'my-shop');
    expect(await run(['new', place])).toMatchObject({
      status: 0,
      out: expect.stringContaining('my-shop/my-shop.sm'),
    });
    const source = join(place, 'my-shop.sm');
    expect(await run(['test', source])).toEqual({ status: 0, out: '1 passed\n', err: '' });
    expect((await run(['fmt', '--check', source])).status).toBe(0);
    expect(readFileSync(source, 'utf8')).toContain('machine MyShop');
  });

  test('is not made over another', async () => {
    file('there.txt', 'x');
    expect(await run(['new', folder])).toMatchObject({ status: 2 });
    expect((await run(['new', join(folder, 'a b')])).err).toMatch(/no name for a project/);
  });
});

describe('tests', () => {
  test('of a keyed machine pass', async () => {
    const tests =
      'test "it counts" for Account("ann") {\n  Deposit => 1\n  Deposit(amount: 5) => 6\n  Who => "ann"\n}\n';
    expect(await run(['test', file('good.sm', account(tests))])).toEqual({
      status: 0,
      out: '1 passed\n',
      err: '',
    });
  });

  test('that fail say where, what was expected, what came, and the state', async () => {
    const tests = 'test "wrong" for Account("ann") {\n  Deposit => 1\n  Deposit => 3\n}\n';
    const ran = await run(['test', file('bad.sm', account(tests))]);
    expect(ran.status).toBe(1);
    expect(ran.out).toBe(`failed: wrong
  bad.sm:13:3: the reply is another
    Deposit => 3
    expected: 3
    actual:   2
              ^
    state:    { balance: 2 }

0 passed, 1 failed
`);
  });

  test.each([
    ['an invariant that breaks', 'Deposit(100) => 100', 'the invariant is broken'],
    [
      'a fault that is not expected',
      'Deposit(9007199254740991) => 0\n  Deposit(1) => 0',
      'the reply is another',
    ],
    ['a fault that does not come', 'Who => fault', 'it did not fault'],
    ['a state', 'state => { balance: 1 }', 'the state is another'],
    ['a clock that goes back', 'now = @5\n  now = @4', 'the clock can not be set back'],
  ])('%s fails', async (_, lines, message) => {
    const ran = await run(['test', file('one.sm', account(`test "t" for Account("a") {\n  ${lines}\n}\n`))]);
    expect(ran).toMatchObject({ status: 1, out: expect.stringContaining(message) });
  });

  test('are data, too', async () => {
    const ran = await run([
      'test',
      '--json',
      file('data.sm', account('test "t" for Account("a") {\n  Who => "b"\n}\n')),
    ]);
    expect(JSON.parse(ran.out)).toMatchObject({
      file: 'data.sm',
      test: 't',
      passed: false,
      message: 'the reply is another',
    });
  });

  test('that fail on much say what differs', async () => {
    const text = `type Line = { item: String, count: Int }
machine Cart {
  state { lines: List<Line> = [], byName: Map<String, Option<Int>> = Map {}, tags: Set<String> = Set {} }
  on Fill {
    put -< {
      lines: [{ item: "a rather long name", count: 1 }, { item: "another name", count: 2 }],
      byName: Map { "x": Some(1), "y": None },
      tags: Set { "red" },
    }
  }
}
test "it fills" for Cart {
  Fill => ()
  state => {
    lines: [{ item: "a rather long name", count: 1 }, { item: "another name", count: 3 }],
    byName: Map { "x": Some(2), "z": None },
    tags: Set { "blue" },
  }
}
`;
    const ran = await run(['test', file('cart.sm', text)]);
    expect(ran.status).toBe(1);
    expect(ran.out.split('\n').filter((line) => line.includes('differs'))).toEqual([
      '    differs:  .byName["x"].Some: 2 expected, 1 came',
      '    differs:  .byName["z"]: None expected, nothing came',
      '    differs:  .byName["y"]: nothing expected, None came',
      '    differs:  .lines[1].count: 3 expected, 2 came',
      '    differs:  .tags["blue"]: "blue" expected, nothing came',
      '    differs:  .tags["red"]: nothing expected, "red" came',
    ]);
    const [data] = (await run(['test', '--json', file('cart.sm', text)])).out.split('\n');
    expect(JSON.parse(data)).toMatchObject({
      passed: false,
      line: 14,
      column: 3,
      input: 'state => {',
      message: 'the state is another',
      expected: { value: { tags: ['blue'] } },
      actual: { value: { tags: ['red'] } },
      state: { tags: ['red'] },
    });
  });

  test('with nothing in them say so', async () => {
    expect(await run(['test', file('none.sm', account(''))])).toEqual({
      status: 0,
      out: 'no test\n',
      err: 'none.sm: has no test\n',
    });
    const ran = await run(['test', file('empty.sm', account('test "empty" for Account("a") {\n}\n'))]);
    expect(ran).toEqual({ status: 0, out: '1 passed\n', err: 'empty.sm: the test "empty" has no line\n' });
  });

  test.each(['""', 'String.repeat("x", 513)'])('of the key %s, that can not be, are refused', async (key) => {
    const ran = await run([
      'test',
      file('key.sm', account(`test "t" for Account(${key}) {\n  Who => ""\n}\n`)),
    ]);
    expect(ran).toMatchObject({ status: 1, err: expect.stringMatching(/E0273.*1 to 512 bytes/) as string });
  });

  test('on one line are told by what is wrong in it', async () => {
    const path = file('line.sm', account('test "t" for Account("a") { Deposit(1) => 1; Deposit(2) => 4 }\n'));
    const { out } = await run(['test', '--json', path]);
    expect(JSON.parse(out.split('\n')[0]!)).toMatchObject({ line: 11, input: 'Deposit(2) => 4' });
  });

  test('of a file with an error are not run', async () => {
    const ran = await run(['test', file('error.sm', account('fun f() -> Int = "a"\n'))]);
    expect(ran).toMatchObject({ status: 1, out: '0 passed, one file with errors\n' });
    expect(ran.err).toMatch(/E0220/);
  });
});

describe('the format', () => {
  const untidy = 'fun  f( n:Int )->Int=n+1 -- why\n';
  const tidy = 'fun f(n: Int) -> Int = n + 1 -- why\n';

  test('changes files, and says which', async () => {
    const path = file('untidy.sm', untidy);
    expect(await run(['fmt', '--check', path])).toMatchObject({
      status: 1,
      out: 'untidy.sm: is not in the format\n',
    });
    expect(readFileSync(path, 'utf8')).toBe(untidy);
    expect(await run(['fmt', path])).toEqual({ status: 0, out: 'untidy.sm: formatted\n', err: '' });
    expect(readFileSync(path, 'utf8')).toBe(tidy);
    expect(await run(['fmt', path])).toEqual({ status: 0, out: 'untidy.sm: in the format\n', err: '' });
  });

  test('changes what a link leads to', async () => {
    const path = file('target.sm', untidy);
    const link = join(folder, 'link.sm');
    symlinkSync(path, link);
    expect(await run(['fmt', link])).toMatchObject({ status: 0, out: 'link.sm: formatted\n' });
    expect(readFileSync(path, 'utf8')).toBe(tidy);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
  });

  test('of a stream is a stream', async () => {
    expect(await run(['fmt', '-'], [untidy])).toEqual({ status: 0, out: tidy, err: '' });
  });

  test('leaves a file with a mistake as it is', async () => {
    const path = file('mistake.sm', 'machine M {');
    expect(await run(['fmt', path])).toMatchObject({ status: 1, err: expect.stringContaining('E0110') });
    expect(readFileSync(path, 'utf8')).toBe('machine M {');
  });
});

describe('a run of a keyed machine', () => {
  test('has a key', async () => {
    const path = file('keyed.sm', account(''));
    expect(await run(['run', path, '--key', 'bo', 'Who', 'Deposit'])).toEqual({
      status: 0,
      out: '"bo"\n1\n',
      err: '',
    });
    expect((await run(['run', path, 'Who'])).err).toMatch(/Account is keyed/);
    expect((await run(['run', path, '--key', 'x'.repeat(513), 'Who'])).status).toBe(2);
  });
});
