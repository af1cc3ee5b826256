import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { decodeBundle } from '@smc/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Ran, Workplace } from './workplace.ts';

/** The life of a file whose machine is upgraded from what was deployed last. */

let place: Workplace;

beforeEach(async () => {
  place = await Workplace.open();
});

afterEach(() => place.close());

const run = (...words: readonly string[]): Promise<Ran> => place.run(words);
const file = (name: string, text: string): void => place.write(name, text);

const baseline = (environment = 'local'): string => place.path(`.smc/baseline/${environment}.smb`);
const names = (): string[] => {
  const decoded = decodeBundle(readFileSync(baseline()));
  return decoded.ok ? decoded.value.images.map(({ name }) => name) : [];
};

const v1 = `machine Counter {
  state { count: Int = 0 }
  on Read -> Int { s <- get
    return -< s.count }
  on Incr { s <- get
    put -< { count: s.count + 1 } }
}
`;

const v2 = `import deployed as old

machine Counter {
  state { total: Int = 0, down: Bool = false }
  on Read -> Int { s <- get
    return -< s.total }
  on Incr(by: Int = 1) { s <- get
    put -< { ...s, total: s.total + by } }
}

upgrade old.Counter -> Counter {
  rename count -> total
}
`;

describe('a file that does not ask for the baseline', () => {
  const other = v1.replaceAll('count', 'total');
  const isNotChecked =
    /^note: Counter is deployed \(.*local\.smb\), and counter\.sm is not checked against that: write `import deployed as old`/;

  test('is told what to write, when it is deployed and when it is checked', async () => {
    file('counter.sm', v1);
    const before = await run('check', 'counter.sm');
    expect(before).toMatchObject({ status: 0, err: '' });
    expect((await run('deploy', 'counter.sm')).err).toMatch(
      /^note: the next version of counter\.sm follows on this one: write `import deployed as old` at its top/,
    );
    file('counter.sm', other);
    const said = await run('check', 'counter.sm');
    expect(said).toMatchObject({ status: 0, err: expect.stringMatching(isNotChecked) as string });
    // What is written then is compared.
    file('counter.sm', `import deployed as old\n${other}`);
    expect((await run('check', 'counter.sm')).err).toMatch(/^error\[E04/);
  });

  test('is not told where another file is meant, or its upgrade leads from a file', async () => {
    file('counter.sm', v1);
    await run('deploy', 'counter.sm');
    file('more.sm', v1.replace('Counter', 'More'));
    file('next.sm', v2.replace('deployed', '"./counter.sm"'));
    for (const name of ['more.sm', 'next.sm'])
      expect(await run('check', name)).toMatchObject({ status: 0, err: '' });
    expect(await run('check', '--env', 'production', 'counter.sm')).toMatchObject({ status: 0, err: '' });
  });
});

describe('a baseline', () => {
  test('is what the next version is checked against, until that is deployed too', async () => {
    file('counter.sm', v1);
    expect((await run('deploy', 'counter.sm')).out).toMatch(/^Counter deployed/);
    expect(names()).toEqual(['Counter']);
    await run('call', 'Counter', 'Incr', 'Incr');

    file('counter.sm', v2);
    expect(await run('check', 'counter.sm')).toMatchObject({ status: 0 });
    expect((await run('deploy', '--dry-run', 'counter.sm')).out).toMatch(/^Counter would be upgraded/);
    const before = readFileSync(baseline());
    expect((await run('deploy', 'counter.sm')).out).toMatch(/^Counter upgraded/);
    expect(readFileSync(baseline()).equals(before)).toBe(false);
    expect((await run('call', 'Counter', 'Incr(3)', 'Read')).out).toBe('()\n5\n');

    // Its clauses speak of a version that is no more.
    expect(await run('check', 'counter.sm')).toEqual({ status: 0, out: 'counter.sm: no errors\n', err: '' });
    expect((await run('deploy', 'counter.sm')).out).toMatch(/^Counter unchanged/);
    file('counter.sm', v2.replace('total + by', 'total + by + 0'));
    const changed = await run('check', 'counter.sm');
    expect(changed).toMatchObject({
      status: 1,
      err: expect.stringMatching(/E0412[^]*rename count -> total/) as string,
    });
    file('counter.sm', v2.replace('total + by', 'total + by + 0').replace('  rename count -> total\n', ''));
    expect((await run('deploy', 'counter.sm')).out).toMatch(/^Counter upgraded/);
  });

  test.each([
    ['a conversion of the state', 'state.cents was -> was.cents * 100', '70000'],
    ['a way of an operation', 'on Add(n) -> Add(n: n * 100)', '700'],
  ])('remembers what led to it, which is not done twice: %s', async (_, clause, cents) => {
    const body = (by: string, parameter = 'n: Int'): string => `machine Purse {
  state { cents: Int = 0 }
  on Read -> Int { s <- get
    return -< s.cents + ${by} }
  on Add(${parameter}) { s <- get
    put -< { cents: s.cents + n } }
}
`;
    file('purse.sm', body('0'));
    await run('deploy', 'purse.sm');
    await run('call', 'Purse', 'Add(700)');
    const next = (by: string, upgrade = clause): string =>
      `import deployed as old\n${body(by, 'n: Int, more: Int = 0')}upgrade old.Purse -> Purse {\n  ${upgrade}\n}\n`;
    file('purse.sm', next('0'));
    expect((await run('deploy', 'purse.sm')).out).toMatch(/^Purse upgraded/);
    expect((await run('call', 'Purse', 'Read')).out).toBe(`${cents}\n`);
    // What it stands beside does not change: nor does it.
    expect(await run('check', 'purse.sm')).toMatchObject({ status: 0, err: '' });
    expect((await run('deploy', 'purse.sm')).out).toMatch(/^Purse unchanged/);
    file('purse.sm', next('1', `-- a comment\n${clause.replaceAll('was', 'before')}`));
    for (const words of [['check'], ['deploy'], ['diff', 'deployed']]) {
      const refused = await run(...words, 'purse.sm');
      expect(refused).toMatchObject({ status: 1, err: expect.stringContaining('E0412') as string });
    }
    expect((await run('call', 'Purse', 'Read')).out).toBe(`${cents}\n`);
    file('purse.sm', next('1', ''));
    expect((await run('deploy', 'purse.sm')).out).toMatch(/^Purse upgraded/);
    expect((await run('call', 'Purse', 'Read')).out).toBe(`${Number(cents) + 1}\n`);
  });

  test('of what clients will miss is not deployed in silence', async () => {
    file('counter.sm', v1);
    await run('deploy', 'counter.sm');
    const without = v2
      .replace(/  on Read[^}]*}\n/, '')
      .replace('Counter {\n  rename', 'Counter {\n  drop Read\n  back new -> fail("never back")\n  rename');
    file('counter.sm', without);
    const notes = [
      'old clients lose Read',
      'the way back loses state, Incr.by',
      'on the way back may fail: the state',
    ];
    const shown = notes.map((note) => `  note: ${note}\n`).join('');
    const planned = await run('deploy', '--dry-run', 'counter.sm');
    expect(planned).toEqual({
      status: 0,
      out: expect.stringMatching(/^Counter would be upgraded .*\n/) as string,
      err: '',
    });
    expect(planned.out).toContain(shown);
    const { machines } = JSON.parse((await run('upgrade', '--json', 'counter.sm')).out) as {
      machines: object[];
    };
    expect(machines).toMatchObject([{ result: 'upgraded', notes }]);
  });

  test('shows a migration that was forgotten', async () => {
    file('counter.sm', v1);
    await run('deploy', 'counter.sm');
    file('counter.sm', v2.replace('  rename count -> total\n', ''));
    const ran = await run('check', 'counter.sm');
    expect(ran).toMatchObject({
      status: 1,
      err: expect.stringMatching(/^error\[E0402\]: `state\.count`/) as string,
    });
    expect(ran.err).toContain('`rename count -> total`');
    // Also where there is no upgrade at all.
    file('counter.sm', v2.replace(/^upgrade[^]*/m, ''));
    const without = await run('check', 'counter.sm');
    expect(without).toMatchObject({
      status: 1,
      err: expect.stringMatching(/^error\[E0411\]: `Counter` is not what was deployed last/) as string,
    });
    expect(without.err).toContain('`upgrade old.Counter -> Counter {}`');
    file('counter.sm', v1.replace(/^/, 'import deployed as old\n'));
    expect(await run('check', 'counter.sm')).toMatchObject({ status: 0 });
    file('counter.sm', v2.replace('  rename count -> total\n', ''));
    expect((await run('deploy', 'counter.sm')).status).toBe(1);
    expect((await run('call', 'Counter', 'Read')).out).toBe('0\n');
  });

  test('is needed where it is imported', async () => {
    file('counter.sm', v2);
    for (const words of [['check'], ['check', '--env', 'production'], ['test'], ['build'], ['run']]) {
      const ran = await run(...words, 'counter.sm');
      expect(ran).toMatchObject({ status: 1, err: expect.stringMatching(/^error\[E0283\]/) as string });
    }
  });

  test('is one for each environment', async () => {
    file('counter.sm', v1);
    await run('deploy', '--env', 'production', 'counter.sm');
    file('counter.sm', v2);
    expect((await run('check', 'counter.sm')).status).toBe(1);
    expect((await run('check', '--env', 'production', 'counter.sm')).status).toBe(0);
    for (const name of ['../x', '', '.', 'a/b', 'x'.repeat(65)]) {
      expect(await run('check', '--env', name, 'counter.sm')).toMatchObject({ status: 2 });
    }
  });

  test('keeps other machines, and belongs to the folder that has it', async () => {
    file('counter.sm', v1);
    await run('deploy', 'counter.sm');
    file('parts/other.sm', v1.replace('Counter', 'Other'));
    await run('deploy', 'parts/other.sm');
    expect(names()).toEqual(['Counter', 'Other']);
    expect(existsSync(place.path('parts/.smc'))).toBe(false);
    expect(readdirSync(dirname(baseline()))).toEqual(['local.smb']);
  });

  test('is not written where nothing was deployed', async () => {
    file('counter.sm', v1);
    await run('deploy', '--dry-run', 'counter.sm');
    await run('deploy', '--to', 'http://127.0.0.1:9', 'counter.sm');
    await run('upgrade', 'counter.sm');
    expect(existsSync(place.path('.smc'))).toBe(false);
    await run('deploy', 'counter.sm');
    rmSync(baseline());
    expect((await run('deploy', 'counter.sm')).out).toMatch(/^Counter unchanged/);
    expect(names()).toEqual(['Counter']);
  });

  describe('has not', () => {
    const outside = process.cwd();
    beforeEach(async () => {
      process.chdir(place.folder);
      file('main.sm', v1 + v1.replace('Counter', 'Other'));
      for (const environment of ['local', 'live']) await run('deploy', '--env', environment, 'main.sm');
    });
    afterEach(() => process.chdir(outside));

    test('what is removed', async () => {
      file('main.sm', `import deployed as old\n${v1}`);
      const note = expect.stringMatching(
        /^note: Other is deployed, and not in main\.sm .*smc remove Other takes/,
      );
      expect(await run('check', 'main.sm')).toMatchObject({ status: 0, err: note as string });
      expect(await run('remove', 'Other')).toEqual({ status: 0, out: 'Other removed\n', err: '' });
      expect(names()).toEqual(['Counter']);
      expect(await run('check', 'main.sm')).toMatchObject({ status: 0, err: '' });
      // That of another environment has it as before; there the node has it no longer.
      const live = await run('check', '--env', 'live', 'main.sm');
      expect(live.err).toMatch(/smc remove Other --env live takes/);
      expect(await run('remove', 'Other', '--env', 'live')).toEqual({
        status: 0,
        out: 'Other is not on the node, and was taken out of .smc/baseline/live.smb\n',
        err: '',
      });
      expect(await run('check', '--env', 'live', 'main.sm')).toMatchObject({ status: 0, err: '' });
      expect(await run('remove', 'Other')).toMatchObject({
        status: 1,
        err: expect.stringMatching(/^error: unknown-machine/) as string,
      });
    });

    test('anything, where the last machine is removed', async () => {
      for (const name of ['Other', 'Counter']) await run('remove', name);
      expect(existsSync(baseline())).toBe(false);
      expect(await run('deploy', 'main.sm')).toMatchObject({ status: 0 });
      expect(names()).toEqual(['Counter', 'Other']);
    });

    test('a machine less where the node can not be reached, or it can not be read', async () => {
      const away = await run('remove', 'Other', '--to', 'http://127.0.0.1:9');
      expect(away).toMatchObject({ status: 3 });
      expect(names()).toEqual(['Counter', 'Other']);
      writeFileSync(baseline(), 'none');
      expect(await run('remove', 'Other')).toMatchObject({ status: 1 });
      expect((await run('status')).out).toMatch(/Other/);
    });
  });

  const LEADS_NOWHERE = 'it is a link that leads nowhere';
  test.each<[string, string, (path: string) => void, RegExp]>([
    ['a link that leads nowhere', '', (path) => symlinkSync('nowhere', path), new RegExp(LEADS_NOWHERE)],
    ['a link to itself', '', (path) => symlinkSync(path, path), /lead in a circle/],
    ['a directory', '', (path) => mkdirSync(path), /it is a directory/],
    ['a pipe', '', (path) => execFileSync('mkfifo', [path]), /it is no file/],
    ['in a folder that is none', '..', (path) => writeFileSync(path, ''), /it is no directory/],
    ['below a link', '../..', (path) => symlinkSync('nowhere', path), new RegExp(LEADS_NOWHERE)],
    ['too large', '', (path) => writeFileSync(path, new Uint8Array(17 << 20)), /more than 16777216 bytes/],
  ])('that is no file is not passed by: %s', async (_, where, put, why) => {
    file('counter.sm', v2);
    const path = resolve(baseline(), where);
    mkdirSync(dirname(path), { recursive: true });
    put(path);
    const refused = {
      status: 1,
      out: '',
      err: expect.stringMatching(/^error: the baseline \S*\.smc\S* can not be read: /) as string,
    };
    for (const command of ['check', 'build', 'test', 'run', 'deploy', 'upgrade']) {
      const ran = await run(command, 'counter.sm');
      expect(ran, command).toEqual(refused);
      expect(ran.err).toMatch(why);
    }
    // A file that imports nothing must not be put in its place.
    file('counter.sm', v1);
    expect(await run('deploy', 'counter.sm')).toEqual(refused);
    expect((await run('status')).out).toBe('no machine runs on this node\n');
    expect(lstatSync(path)).toBeDefined();
    const ran = await run('check', 'counter.sm');
    expect(ran).toMatchObject({ status: 0, err: expect.stringMatching(/^note: the baseline /) as string });
  });

  test('that nobody may read is not passed by', async () => {
    file('counter.sm', v1);
    await run('deploy', 'counter.sm');
    chmodSync(baseline(), 0);
    // Whoever may read everything reads this, too.
    const isOpen = process.getuid?.() === 0;
    file('counter.sm', v2);
    const ran = await run('check', 'counter.sm');
    expect(ran.err).toMatch(isOpen ? /^$/ : /baseline .* can not be read: permission denied/);
  });

  test('that is damaged is not passed by', async () => {
    file('counter.sm', v1);
    await run('deploy', 'counter.sm');
    const bytes = readFileSync(baseline());
    writeFileSync(baseline(), bytes.subarray(0, -1));
    expect((await run('deploy', 'counter.sm')).err).toMatch(/baseline .*local.smb can not be read/);
    file('counter.sm', v2);
    expect(await run('check', 'counter.sm')).toMatchObject({
      status: 1,
      err: expect.stringMatching(/^error\[E0282\]: the bytecode in `.*local.smb`/) as string,
    });
    bytes[4] = 9;
    writeFileSync(baseline(), bytes);
    expect((await run('check', 'counter.sm')).err).toMatch(/version 9 of the format/);
  });
});
