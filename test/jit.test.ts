// What makes JavaScript of a machine, and what does not: real `smc` processes on a machine that runs for long.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeBundle } from '@smc/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleOf } from './support/compile.ts';
import { smc, startNodeProcess } from './support/process.ts';

/** Each `Sum` uses enough fuel to be compiled before the next. */
const machine = `machine Sums {
  state { total: Int = 0 }
  on Sum(n: Int) -> Int {
    s <- get
    let sum = List.fold(List.range(0, n), 0, (acc, x) -> acc + x * 2)
    put -< { total: s.total + sum }
    return -< s.total + sum
  }
}
`;
const tests = `test "sums" for Sums {
  Sum(150000) => 22499850000
  Sum(150000) => 44999700000
  Sum(10) => 44999700090
}
`;
const inputs = ['Sum(150000)', 'Sum(150000)', 'Sum(10)'];
const replies = '22499850000\n44999700000\n44999700090\n';

/** Tells on stderr of what the virtual machine has made: each body starts like this. */
const watch = `globalThis.Function = new Proxy(Function, {
  construct(target, given, self) {
    if (/^'use strict'; \\d+;\\n/.test(given.at(-1))) process.stderr.write('code was made\\n');
    return Reflect.construct(target, given, self);
  },
});`;
const watched = [`--import=data:text/javascript,${encodeURIComponent(watch)}`];
const forbidden = ['--disallow-code-generation-from-strings'];

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'smc-jit-'));
  file = join(folder, 'sums.sm');
  writeFileSync(file, machine + tests);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('smc run, smc test', () => {
  it.each([
    ['make code of what runs for long', [], watched, /^(?:code was made\n)+$/],
    ['make none with --no-jit', ['--no-jit'], watched, /^$/],
    ['make none where the host forbids it', [], forbidden, /^$/],
    ['make none with both', ['--no-jit'], forbidden, /^$/],
  ] as const)('%s', async (_, words, host, said) => {
    const ran = await smc(['run', file, ...words, ...inputs], { host });
    expect(ran).toEqual({ status: 0, stdout: replies, stderr: expect.stringMatching(said) as string });
    const tested = await smc(['test', file, ...words], { host });
    expect(tested).toEqual({
      status: 0,
      stdout: '1 passed\n',
      stderr: expect.stringMatching(said) as string,
    });
  });
});

describe('smc node', () => {
  it.each([
    ['makes code of what runs for long', [], true],
    ['makes none with --no-jit', ['--no-jit'], false],
  ] as const)('%s', async (_, words, isMade) => {
    const node = await startNodeProcess(words, watched);
    expect(await node.put(encodeBundle(bundleOf({ 'sums.sm': machine })))).toMatch(/^200 /);
    const given = await smc(['call', '--to', node.url, 'Sums', ...inputs]);
    expect(given.stdout).toBe(replies);
    expect(await node.stop()).toBe(0);
    expect(node.log().includes('code was made')).toBe(isMade);
  });

  it('says why it can not start where what serves HTTP is forbidden to make code', async () => {
    const ran = await smc(['node', '--memory', '--http', '0', '--tcp', '0'], { host: forbidden });
    expect(ran).toMatchObject({ status: 1, stdout: '' });
    expect(ran.stderr).toMatch(/^error: the node can not start: Code generation from strings disallowed/);
    expect(ran.stderr).toContain('--no-jit');
  });
});

it('--no-jit is a flag of the commands that run machines', async () => {
  for (const command of ['run', 'test', 'node', 'dev']) {
    expect((await smc([command, '--help'])).stdout).toContain('--no-jit');
  }
  const checked = await smc(['check', file, '--no-jit']);
  expect(checked).toMatchObject({ status: 2, stdout: '' });
  expect(checked.stderr).toMatch(/unknown option '--no-jit'/);
});
