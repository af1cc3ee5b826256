// What the compiler emits is a contract: for each conformance program that it supports, the fingerprints
// of its machines and upgrades, with the combinators and the code behind them. A change here is seen by
// everybody who deployed such a program; it needs another emit number. UPDATE_GOLDENS=1 writes them anew.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { printDefinitions, type Compilation } from '@smc/compiler';
import { disassemble, encodeUpgradeBody, fingerprints } from '@smc/protocol';
import { describe, expect, it } from 'vitest';
import { bundleOf } from './support/compile.ts';
import { compileFile, testFolder } from './support/files.ts';

const GOLDENS = `${testFolder}bytecode`;

/** The conformance programs that compile, by path in their folder without the ending. */
const PROGRAMS = ['', 'upgrade/'].flatMap((folder) =>
  readdirSync(`${testFolder}conformance/${folder}`)
    .filter((name) => name.endsWith('.sm'))
    .map((name) => `${folder}${name.slice(0, -'.sm'.length)}`)
    .filter((program) => compileFile(`conformance/${program}.sm`).bundle !== null),
);
const isUpdated = process.env['UPDATE_GOLDENS'] === '1';
const nameOf = (program: string): string => `${program.replaceAll('/', '-')}.golden`;

/** All that is emitted for a program. */
function emitted(program: string, { bundle, terms }: Compilation): string {
  if (bundle === null || terms === null) throw new Error(`${program} does not compile`);
  const sections = [`conformance/${program}.sm`];
  for (const [i, image] of bundle.images.entries()) {
    const { code, state, interface: operations } = fingerprints(image);
    sections.push(
      `machine ${image.name}, emit ${image.emit}\n  code      ${code}\n  state     ${state}\n  interface ${operations}`,
      printDefinitions(terms.machines[i]).trimEnd(),
      disassemble(image, bundle.debug[i]).trimEnd(),
    );
  }
  for (const [i, upgrade] of bundle.upgrades.entries()) {
    const digest = createHash('sha256').update(encodeUpgradeBody(upgrade)).digest('hex');
    const { code } = upgrade.old;
    sections.push(
      `upgrade ${upgrade.machine}\n  from ${code}\n  body ${digest}`,
      printDefinitions(terms.upgrades[i]).trimEnd(),
    );
  }
  return `${sections.join('\n\n')}\n`;
}

describe('golden bytecode', () => {
  it.each(PROGRAMS)('%s', (program) => {
    const text = emitted(program, compileFile(`conformance/${program}.sm`));
    const path = `${GOLDENS}/${nameOf(program)}`;
    if (isUpdated) writeFileSync(path, text);
    expect(existsSync(path), `${path} is missing: UPDATE_GOLDENS=1 writes it`).toBe(true);
    expect(text).toBe(readFileSync(path, 'utf8'));
  });

  it('has no file that nothing uses', () => {
    expect(readdirSync(GOLDENS).toSorted()).toEqual(PROGRAMS.map(nameOf).toSorted());
  });
});

const codeOf = (text: string): string => fingerprints(bundleOf({ 'main.sm': text }).images[0]).code;

describe('fingerprints', () => {
  const machine = (body: string): string => `
    fun add(a: Int, b: Int) -> Int = a + b
    machine Counter {
      state { count: Int = 0, log: List<String> = [] }
      on Read -> Int { s <- get
        return -< s.count }
      ${body}
    }`;
  const original = machine(`on Incr(by: Int) { s <- get
        put -< { ...s, count: add(s.count, by) * 3 } }`);

  it.each([
    ['comments and space', original.replaceAll('{ s', '{  -- the state\n\n s')],
    [
      'names of locals',
      original.replaceAll('s <-', 'now <-').replaceAll('s.', 'now.').replaceAll('...s', '...now'),
    ],
    ['names of functions', original.replaceAll('add(', 'plus(')],
    ['documentation', original.replace('machine', '--| Counts.\n    machine')],
    [
      'the order of declarations',
      original.replace(/ {4}fun.*\n/, '') + '\nfun add(a: Int, b: Int) -> Int = a + b',
    ],
    [
      'the order of fields',
      original.replace('count: Int = 0, log: List<String> = []', 'log: List<String> = [], count: Int = 0'),
    ],
    ['a function of the same code', `${original}\nfun unused(a: Int) -> Int = a * 7`],
  ])('do not change with %s', (_what, text) => {
    expect(text).not.toBe(original);
    expect(codeOf(text)).toBe(codeOf(original));
  });

  it.each([
    ['a constant', original.replace('* 3', '* 4')],
    ['the name of a parameter', original.replaceAll('by', 'amount')],
    ['the initial state', original.replace('Int = 0', 'Int = 1')],
    ['the order in which a fault shows', original.replace('add(s.count, by) * 3', 'add(s.count, by * 3)')],
  ])('change with %s', (_what, text) => {
    expect(text).not.toBe(original);
    expect(codeOf(text)).not.toBe(codeOf(original));
  });

  it('do not change with the name of an alias of an import', () => {
    const main = (alias: string): string => `import "./lib.sm" as ${alias}
      machine M { state: Int = 0
        on Go(n: Int) -> Int { return -< ${alias}.twice(n) } }`;
    const [a, b] = ['lib', 'other'].map((alias) =>
      bundleOf({ 'main.sm': main(alias), './lib.sm': '', 'lib.sm': 'fun twice(n: Int) -> Int = n + n' }),
    );
    expect(fingerprints(a.images[0])).toEqual(fingerprints(b.images[0]));
  });

  it('are the same for arrow notation and point-free combinators', () => {
    const swap = (body: string): string => `
      arrow swap<a, b> : (a, b) -> (b, a) = ${body}
      machine M { state: Int = 0
        on Swap(a: Int, b: String) -> (String, Int) { swap -< (a, b) } }`;
    expect(codeOf(swap('proc (x, y) { return -< (y, x) }'))).toBe(codeOf(swap('snd &&& fst')));
  });
});
