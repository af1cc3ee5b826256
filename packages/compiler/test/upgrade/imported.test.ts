import { encodeBundle } from '@smc/protocol';
import { describe, expect, it } from 'vitest';
import { compileFiles, complaints } from '../compiled.ts';

/* Types of one name, from two imports, in a machine whose older version is bytecode. */

const program = (clauses: string): string => `import "./a.sm" as a
import "./b.sm" as b
${clauses === '' ? '' : 'import deployed as old\n'}machine M {
  state { x: List<a.St> = [], y: Option<b.St> = None, n: Int = ${clauses === '' ? 0 : 1} }
  on Take(x: a.St, y: b.St) { }
}
${clauses === '' ? '' : `upgrade old.M -> M {\n${clauses}\n}\n`}`;

const deployed = (a: string, b: string): Uint8Array => {
  const files = { 'main.sm': program(''), 'a.sm': `type St = ${a}\n`, 'b.sm': `type St = ${b}\n` };
  return encodeBundle(compileFiles(files).bundle!);
};

const said = (old: readonly [string, string], next: readonly [string, string], clauses: string): string[] =>
  complaints(
    { 'main.sm': program(clauses), 'a.sm': `type St = ${next[0]}\n`, 'b.sm': `type St = ${next[1]}\n` },
    { deployed: deployed(...old) },
  ).map((text) => text.replace(/ main\.sm:\d+/, ''));

describe('of two imported types of one name', () => {
  const old = ['A | B', 'A | B | C(n: Int)'] as const;

  it('each is meant by its import', () => {
    expect(said(old, ['A | D', old[1]], 'rename a.St.B -> D')).toEqual([]);
    expect(said(old, ['A | D', 'A | D | C(n: Int)'], 'rename a.St.B -> D\nrename b.St.B -> D')).toEqual([]);
    expect(said(old, [old[0], 'A | B | C(m: Int)'], 'rename b.St.C.n -> m')).toEqual([]);
    expect(said(old, [old[0], 'A | B | C(m: Int)'], 'rename a.St.C.n -> m')).toEqual([
      expect.stringMatching(/^E0405 `a\.St\.C\.n`/),
    ]);
  });

  it('each can be converted; their types tell their constructors apart', () => {
    const clauses = `a.St o -> case o { old.A -> a.A; old.B -> a.E }
back a.St n -> case n { a.A -> old.A; a.E -> old.B; a.F -> fail("no F") }`;
    expect(said(old, ['A | E | F', old[1]], clauses)).toEqual([]);
    expect(said(old, ['A | E | F', old[1]], clauses.replaceAll('a.St', 'b.St'))).not.toEqual([]);
  });

  it('the message names the import', () => {
    const files = {
      'main.sm': program('drop nothing'),
      'a.sm': `type St = A | E\n`,
      'b.sm': `type St = ${old[1]}\n`,
    };
    const { diagnostics } = compileFiles(
      { ...files, 'main.sm': program(' ') },
      { deployed: deployed(...old) },
    );
    expect(diagnostics.map(({ clauses }) => clauses)).toEqual([[['rename a.St.B -> E', 'a.St old -> …']]]);
  });

  it('a rename of a type is of its import', () => {
    const files = (clauses: string): Record<string, string> => ({
      'main.sm': program(clauses).replaceAll('List<a.St>', 'List<a.Phase>').replace('x: a.St', 'x: a.Phase'),
      'a.sm': 'type Phase = A | B | D\n',
      'b.sm': `type St = ${old[1]}\n`,
    });
    expect(complaints(files('rename a.St -> Phase'), { deployed: deployed(...old) })).toEqual([]);
  });
});

it('one imported type is meant with and without its import', () => {
  const of = (clauses: string, types: string): Record<string, string> => ({
    'main.sm': `import "./a.sm" as a
${clauses === '' ? '' : 'import deployed as old\n'}machine M {
  state { x: List<a.St> = [] }
}
${clauses === '' ? '' : `upgrade old.M -> M {\n${clauses}\n}\n`}`,
    'a.sm': `type St = ${types}\n`,
  });
  const bundle = encodeBundle(compileFiles(of('', 'A | B')).bundle!);
  for (const name of ['St', 'a.St'])
    expect(
      complaints(of(`${name} o -> case o { old.A -> a.A; old.B -> a.D }`, 'A | D'), { deployed: bundle }),
    ).toEqual([]);
});

/* The same clauses, beside a source file and beside the bytecode that it gives. */
describe.each([
  ['one instance', 'a: List<Box<Int>> = []'],
  ['several', 'a: List<Box<Int>> = [], b: Option<Box<String>> = None, c: Box<Box<Bool>> = BOX'],
  ['one in a sum', 'a: Tree<Int> = Leaf'],
])('of a generic record type, with %s', (_what, fields) => {
  const version = (box: string, made: string, more = ''): string =>
    `type Box<a> = { ${box} }
type Tree<a> = Leaf | Node(box: Box<a>, more: List<Box<List<a>>>)
type Id = Int
machine M {
  state { ${fields.replace('BOX', made.replace('V', made.replace('V', 'true')))}, id: Id = 1${more} }
}
`;
  const old = version('v: a, n: Int', '{ v: V, n: 1 }');
  const bundle = encodeBundle(compileFiles({ 'old.sm': old }).bundle!);
  const both = (next: string, clauses: string): readonly string[][] =>
    (['import "./old.sm" as old', 'import deployed as old'] as const).map((head) =>
      complaints(
        { 'main.sm': `${head}\n${next}upgrade old.M -> M {\n${clauses}\n}\n`, 'old.sm': old },
        { deployed: bundle },
      ),
    );
  const renamed = version('v: a, k: Int', '{ v: V, k: 1 }');
  const dropped = version('v: a', '{ v: V }');

  it.each([
    ['rename Box.n -> k', renamed],
    ['drop Box.n', dropped],
  ])('`%s` is of all instances', (clause, next) => {
    expect(both(next, clause)).toEqual([[], []]);
  });

  it('is not lost without a word, nor dropped where nothing is lost', () => {
    for (const said of both(renamed, '')) expect(said[0]).toMatch(/^E0403 /);
    for (const said of both(dropped, '')) expect(said[0]).toMatch(/^E040[0-3] /);
    for (const said of both(renamed, 'rename Box.m -> k')) expect(said[0]).toMatch(/^E0405 .*`Box\.m`/);
  });

  it('is converted by no clause, nor is another name for what many things are', () => {
    for (const said of both(renamed, 'Box older -> { v: older.v, k: 0 }'))
      expect(said[0]).toMatch(/^E0405 .*`Box` stands for several types/);
    for (const said of both(version('v: a, n: Int', '{ v: V, n: 1 }', ', z: Int = 1'), 'Id older -> 2'))
      expect(said).toEqual([expect.stringMatching(/^E0405 .*`Id` is another name for Int/)]);
  });
});
