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
