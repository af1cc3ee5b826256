import { expect, test } from 'vitest';
import { format } from '../../src/syntax/index.ts';
import { check } from '../../src/compile.ts';

/* What is written beside each other may be any number: nothing of it is put on the stack of the host. */

const WIDE = 150_000;

const wide = (item: string): string => Array<string>(WIDE).fill(item).join(',');
const machine = (state: string): string => `machine M {\n  state: ${state}\n}\n`;
const fun = (body: string): string => `fun f(x: Int) -> Int = ${body}\n`;

const programs: Record<string, readonly [string, string | null]> = {
  'a list': [machine(`List<Int> = [${wide('1')}]`), null],
  'the components of a tuple': [fun(`(${wide('x')})`), 'E0220'],
  'the items of a pattern': [fun(`case [x] { [${wide('_')}] -> 1; _ -> 2 }`), 'E0243'],
  constructors: [`type T = ${Array.from({ length: WIDE }, (_, i) => `C${i}`).join('|')}\n`, 'E0271'],
  'the fields of a type': [
    `type T = { ${Array.from({ length: WIDE }, (_, i) => `c${i}: Int`).join()} }\n`,
    'E0271',
  ],
  'the commands of a block': [
    `machine M {\n  on Go {\n${Array.from({ length: 20_000 }, (_, i) => `    let x${i} = 0\n`).join('')}    return -< ()\n  }\n}\n`,
    null,
  ],
};

test.each(Object.entries(programs))('%s', (_what, [text, code]) => {
  const host = { read: () => text, readBundle: () => null, readDeployed: () => null, resolve: () => '' };
  const found = check('main.sm', host).diagnostics.map((diagnostic) => diagnostic.code);
  expect([...new Set(found)]).toEqual(code === null ? [] : [code]);
});

test('a list is formatted', () => {
  expect(format(programs['a list'][0], 'main.sm').ok).toBe(true);
});
