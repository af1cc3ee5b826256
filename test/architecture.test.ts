// The import table and the boundaries of ARCHITECTURE.md, checked on every source of the repository.
// The second half shows each check failing on a small offender.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checkManifests, checkSources } from './architecture/check.ts';
import { ignoredFolders, lineCountMax, outerFolders, packageRules } from './architecture/rules.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Texts below `folder` whose name ends with one of `endings`, by path from the root. */
function textsBelow(folder: string, endings: readonly string[]): Map<string, string> {
  const texts = new Map<string, string>();
  const walk = (path: string): void => {
    for (const entry of readdirSync(root + path, { withFileTypes: true })) {
      const child = `${path}/${entry.name}`;
      if (entry.isDirectory() && !ignoredFolders.has(entry.name)) walk(child);
      else if (entry.isFile() && endings.some((ending) => entry.name.endsWith(ending))) {
        texts.set(child, readFileSync(root + child, 'utf8'));
      }
    }
  };
  walk(folder);
  return texts;
}

describe('the repository', () => {
  const folders = ['packages', ...outerFolders];
  const sources = new Map(folders.flatMap((folder) => [...textsBelow(folder, ['.ts', '.tsx', '.mts'])]));
  const manifests = new Map([
    ['package.json', readFileSync(`${root}package.json`, 'utf8')],
    ...textsBelow('packages', ['package.json']),
  ]);

  it('has sources in every package that has a manifest', () => {
    const named = [...manifests.keys()].flatMap((path) => /^packages\/([^/]+)\//.exec(path)?.[1] ?? []);
    expect(named.length).toBeGreaterThanOrEqual(6);
    expect(named.filter((name) => !sources.has(`packages/${name}/src/index.ts`))).toEqual([]);
  });

  it('keeps its boundaries', () => expect(checkSources(sources, manifests)).toEqual([]));

  it('has no marks of a merge in what is to be read', () => {
    const atRoot = readdirSync(root).filter((name) => name.endsWith('.md'));
    const pages = [
      ...textsBelow('docs', ['.md']),
      ...atRoot.map((name) => [name, readFileSync(root + name, 'utf8')] as const),
    ];
    expect(pages.length).toBeGreaterThan(10);
    expect(pages.flatMap(([path, text]) => (/^(?:<{7}|>{7}) /m.test(text) ? [path] : []))).toEqual([]);
  });

  it('has manifests that agree with the import table', () => expect(checkManifests(manifests)).toEqual([]));
});

describe('the import table', () => {
  it('is acyclic', () => {
    const placed = new Set<string>();
    const names = Object.keys(packageRules);
    for (const _ of names) {
      for (const name of names) {
        if (packageRules[name]?.imports.every((other) => placed.has(other))) placed.add(name);
      }
    }
    expect(names.filter((name) => !placed.has(name))).toEqual([]);
  });
});

describe('each check fails on an offender', () => {
  const manifests = new Map([
    ['package.json', '{"devDependencies":{"vitest":"5.1.0","chevrotain":"13.2.0"}}'],
    ['packages/compiler/package.json', '{"dependencies":{"chevrotain":"13.2.0"}}'],
    ['packages/vm/package.json', '{}'],
    ['packages/protocol/package.json', '{"exports":{".":{},"./part":{}}}'],
  ]);
  const long = 'export const x = 1;\n'.repeat(lineCountMax + 1);
  const vm = 'packages/vm/src/a.ts';

  const offenders: [what: string, path: string, text: string, complaint: string][] = [
    ['a package outside its row', vm, `import '@smc/compiler';`, 'vm may not import @smc/compiler'],
    ['a type of such a package', vm, `type T = import('@smc/node').T;`, 'vm may not import @smc/node'],
    ['a re-export of it', vm, `export * from '@smc/cli';`, 'vm may not import @smc/cli'],
    ['a lazy import of it', vm, `await import('@smc/client');`, 'vm may not import @smc/client'],
    ['itself by name', vm, `import '@smc/vm';`, 'vm imports itself by name: use a relative path'],
    [
      'a deep import by name',
      vm,
      `import '@smc/protocol/src/x.ts';`,
      'deep import @smc/protocol/src/x.ts: import @smc/protocol',
    ],
    [
      'a deep import by path',
      vm,
      `import '../../protocol/src/x.ts';`,
      'deep import ../../protocol/src/x.ts: it leaves packages/vm',
    ],
    [
      'a path from test into a package',
      'test/a.test.ts',
      `import '../packages/vm/src/a.ts';`,
      'deep import ../packages/vm/src/a.ts: it leaves test',
    ],
    [
      'a path into the tests of a package',
      vm,
      `import '../test/a.ts';`,
      'deep import ../test/a.ts: it leaves packages/vm',
    ],
    [
      'a path from bench into the support of tests',
      'bench/a.ts',
      `import '../packages/vm/test/support/a.ts';`,
      'deep import ../packages/vm/test/support/a.ts: it leaves bench',
    ],
    [
      'a path from test into the tests of a package',
      'test/a.test.ts',
      `import '../packages/vm/test/a.ts';`,
      'deep import ../packages/vm/test/a.ts: it leaves test',
    ],
    [
      'a parser outside its folder',
      'packages/compiler/src/types/a.ts',
      `import 'chevrotain';`,
      'chevrotain is imported outside packages/compiler/src/syntax/',
    ],
    [
      'an undeclared dependency',
      vm,
      `import 'left-pad/x';`,
      'left-pad is no dependency in packages/vm/package.json',
    ],
    [
      'a development dependency in sources',
      vm,
      `import 'vitest';`,
      'vitest is no dependency in packages/vm/package.json',
    ],
    ['IO in a pure package', vm, `import { readFile } from 'node:fs';`, 'vm is pure and imports node:fs'],
    ['IO without the prefix', vm, `import fs from 'fs';`, 'vm is pure and imports fs'],
    ['process in a pure package', vm, `export const x = process.argv;`, 'vm is pure and uses process'],
    ['process as a default value', vm, `export const f = (x = process) => x;`, 'vm is pure and uses process'],
    ['a way around', vm, `export const x = globalThis['process'];`, 'vm is pure and uses globalThis'],
    ['the clock', vm, `export const x = Date.now();`, 'vm is pure and uses Date.now'],
    ['the clock as a date', vm, `export const x = new Date();`, 'vm is pure and uses new Date'],
    ['chance', vm, `export const x = Math['random']();`, 'vm is pure and uses Math.random'],
    ['a computed import', vm, `await import(['a'].join());`, 'a computed import can not be checked'],
    [
      'code in index.ts',
      'packages/vm/src/index.ts',
      `export const x = 1;`,
      'index.ts is a list of re-exports',
    ],
    ['a long file', vm, long, `${lineCountMax + 1} lines, and no "Long because ..." in the header`],
    [
      'a folder without a row',
      'packages/other/src/a.ts',
      `export {};`,
      'its folder has no row in the import table',
    ],
  ];
  it.each(offenders)('%s', (_what, path, text, complaint) => {
    expect(checkSources(new Map([[path, text]]), manifests)).toEqual([`${path}:1: ${complaint}`]);
  });

  it('an import cycle, of types too', () => {
    const sources = new Map([
      ['packages/vm/src/a.ts', `import './b.ts';`],
      ['packages/vm/src/b.ts', `import type { C } from './in/c.ts';`],
      ['packages/vm/src/in/c.ts', `export * from '../a.ts';`],
    ]);
    const [a, b, c] = [...sources.keys()];
    expect(checkSources(sources, manifests)).toEqual([`${a}:1: import cycle ${a} -> ${b} -> ${c} -> ${a}`]);
  });

  it('a manifest outside the table, or with a range', () => {
    const text = '{"dependencies":{"@smc/node":"0.1.0","x":"^1.0.0"}}';
    expect(checkManifests(new Map([['packages/vm/package.json', text]]))).toEqual([
      'packages/vm/package.json: vm may not depend on @smc/node',
      'packages/vm/package.json: x ^1.0.0 is not an exact version',
    ]);
  });

  const innocent: [what: string, path: string, text: string][] = [
    ['a local called process', vm, `export function f(process: { x: number }) { return process.x; }`],
    ['a field called process', vm, `export const f = (x: { process: number }) => ({ process: x.process });`],
    ['a date from a number', vm, `export const f = (t: number) => new Date(t).toISOString();`],
    ['a long file that says why', vm, `// Long because one table.\n${long}`],
    [
      'the parser in its folder',
      'packages/compiler/src/syntax/a.ts',
      `import { EmbeddedActionsParser } from 'chevrotain';`,
    ],
    [
      "a package's test of its own sources",
      'packages/vm/test/a.test.ts',
      `import '../src/a.ts'; import '@smc/compiler'; import 'vitest';`,
    ],
    ['a part that a package gives for itself', vm, `import '@smc/protocol/part';`],
    ['the support of tests from a test', 'test/a.test.ts', `import '../packages/vm/test/support/a.ts';`],
    [
      'the support of tests from a test of another package',
      'packages/compiler/test/a.test.ts',
      `import '../../vm/test/support/a.ts';`,
    ],
  ];
  it.each(innocent)('and passes %s', (_what, path, text) => {
    expect(checkSources(new Map([[path, text]]), manifests)).toEqual([]);
  });
});
