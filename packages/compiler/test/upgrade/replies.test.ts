import { describe, expect, it } from 'vitest';
import { compileFiles } from '../compiled.ts';
import { filesOf, machine, run, said } from './two-versions.ts';

/*
 * What an old client gets: a reply is held to the rules at any depth, and may fail for a constructor that
 * the old type lacks, and for nothing else.
 */

const replying = (types: string, reply: string, more = ''): string =>
  machine(types, '{ n: Int = 0 }', `  on G -> ${reply} { fail -< "not run" }${more}`);

/** What is said of a reply that changed, with these clauses. */
const saidOf = (old: readonly [string, string], next: readonly [string, string], clauses = ''): string[] =>
  said(replying(...old), replying(...next), clauses);

const refused = (words: string): string =>
  `E0403 the reply of \`G\`${words}, and no clause says what becomes of it`;

describe('a reply', () => {
  it.each([
    ['', 'Option<Int>', '', 'Option<String>', ', at `Some`, changed from Int to String'],
    [
      '',
      'Result<Int, String>',
      '',
      'Result<{ v: Int }, String>',
      ', at `Ok`, changed from Int to { v: Int }',
    ],
    ['', 'List<Option<Int>>', '', 'List<Option<Time>>', ', at `[].Some`, changed from Int to Time'],
    [
      'type F = Fine(a: Int)',
      'F',
      'type F = Fine(a: String)',
      'F',
      ', at `Fine.a`, changed from Int to String',
    ],
    [
      'type F = Fine(a: Int)',
      'F',
      'type F = Fine(b: Int)',
      'F',
      ', at `Fine.a`, is gone, and had no default',
    ],
    ['type F = Fine(a: Int)', 'F', 'type F = Fine', 'F', ', at `Fine`, takes other arguments'],
    [
      '',
      'Either<Int, { x: Int }>',
      '',
      'Either<Int, { y: Int }>',
      ', at `Right.x`, is gone, and had no default',
    ],
    ['', 'Set<Option<Int>>', '', 'Set<Option<String>>', ', at `[].Some`, changed from Int to String'],
    ['', 'String', '', 'Int', ' changed from String to Int'],
  ])('has a way back inside constructors, too: %s %s', (types, reply, newTypes, newReply, words) => {
    expect(saidOf([types, reply], [newTypes, newReply])).toEqual([refused(words)]);
    // The other way round it is no better.
    expect(saidOf([newTypes, newReply], [types, reply])).toHaveLength(1);
  });

  it('fails for a constructor that the old type lacks, and for no other', () => {
    const [old, next] = ['A | B(Int)', 'C | A | B(Int)'].map((type) =>
      replying(`type F = ${type}`, 'Option<F>'),
    );
    expect(run(old, next, '', 'G < Some(B(1))', 'G < None', 'G < Some(C)')).toEqual([
      'Some(B(1))',
      'None',
      'C has no counterpart in the older version',
    ]);
    // What only replies are made of may lose one: nobody has a value of it.
    expect(run(next, old, '', 'G < Some(A)')).toEqual(['Some(A)']);
  });

  it('of which a part was dropped is said by hand', () => {
    const [old, next] = ['K(a: Int, b: Int)', 'K(a: Int)'].map((type) =>
      machine(`type K = ${type}`, '{ k: Option<K> = None }', '  on G -> K { fail -< "" }'),
    );
    expect(said(old, next, 'drop K.K.b')).toEqual([refused(', at `K.b`, is gone, and had no default')]);
    const back = 'drop K.K.b\nback K new -> case new { K(a) -> old.K(a: a, b: 0) }';
    expect(run(old, next, back, 'state { k: Some(K(1, 2)) }', 'G < K(3)', 'back { k: Some(K(4)) }')).toEqual([
      '{ k: Some(K(a: 1)) }',
      'K(a: 3, b: 0)',
      '{ k: Some(K(a: 4, b: 0)) }',
    ]);
  });

  it('and what is in an argument of its type, though in no value of it, is converted or refused', () => {
    const types = 'type Eur = Euro\ntype Usd = Dollar\ntype Amt<c> = Amt(Int)';
    const words = refused(' changed from Amt<Eur> to Amt<Usd>');
    expect(saidOf([types, 'Amt<Eur>'], [types, 'Amt<Usd>'])).toEqual([words]);
    expect(
      saidOf([types, 'Amt<Eur>'], [types, 'Amt<Usd>'], 'on G() -> G() reply Amt(n) -> old.Amt(n)'),
    ).toEqual([]);
  });
});

describe('a way back', () => {
  it('is not derived of what fails on every value of a constructor', () => {
    const [old, next] = ['{ a: Int, b: Int }', '{ a: Int }'].map((type) =>
      machine('', `{ o: Option<${type}> = None }`),
    );
    const { bundle, diagnostics } = compileFiles(filesOf(old, next, 'drop o.b'));
    expect(diagnostics).toEqual([]);
    expect(bundle!.upgrades[0].back).toBe(null);
  });

  it('alone says nothing of a type that is unchanged: what went in would not come out', () => {
    const of = (operations: string, value: number): string =>
      machine('type Price = Price(Int)', `{ p: Price = Price(${value}) }`, operations);
    const back = 'back Price new -> case new { Price(n) -> Price(n / 100) }';
    const forward = 'Price old -> case old { Price(n) -> Price(n * 100) }';
    const way = (direction: string): RegExp =>
      new RegExp(
        `^E0403 \`state.p\` has a clause that converts it back, and none that converts it ${direction}$`,
      );
    expect(said(of('', 0), of('', 1), back)).toEqual([expect.stringMatching(way('forward'))]);
    expect(said(of('', 0), of('', 1), `${back}\n${forward}`)).toEqual([]);
    const operations = '  on Set(p: Price) { }\n  on Look -> Price { fail -< "" }';
    const { diagnostics } = compileFiles(
      filesOf(of(operations, 0), of(`${operations}\n  on X { }`, 0), back),
    );
    expect(diagnostics.map(({ clauses }) => clauses)).toEqual([[['Price old -> …']]]);
  });
});

describe('a record type with the structure of the state', () => {
  const of = (fields: string, state: string): string =>
    machine(
      `type R = { ${fields} }`,
      `{ ${state} }`,
      '  on Get -> R { s <- get\n return -< s }\n  on Put(r: R) { put -< r }',
    );
  const old = of('a: Int, b: Int', 'a: Int = 1, b: Int = 2');

  it('takes the state with it where a part is renamed', () => {
    const next = of('a: Int, c: Int', 'a: Int = 1, c: Int = 2');
    const steps = [
      'state { a: 3, b: 4 }',
      'back { a: 5, c: 6 }',
      'Get < { a: 7, c: 8 }',
      'Put { a: 9, b: 10 }',
    ];
    expect(run(old, next, 'rename R.b -> c', ...steps)).toEqual([
      '{ a: 3, c: 4 }',
      '{ a: 5, b: 6 }',
      '{ a: 7, b: 8 }',
      '{ a: 9, c: 10 }',
    ]);
  });

  it('takes it along where two swap, or a clause converts it', () => {
    const next = `${old.slice(0, old.lastIndexOf('}'))}  on More { }\n}`;
    const steps = [
      'state { a: 3, b: 4 }',
      'back { a: 5, b: 6 }',
      'Get < { a: 7, b: 8 }',
      'Put { a: 9, b: 10 }',
    ];
    const swapped = ['{ a: 4, b: 3 }', '{ a: 6, b: 5 }', '{ a: 8, b: 7 }', '{ a: 10, b: 9 }'];
    const swapping = 'rename R.a -> b\nrename R.b -> a';
    expect(said(old, next, swapping)).toEqual([
      expect.stringMatching(/^E0403 `state` has the fields of `R` in both versions and keeps `a`/),
    ]);
    expect(run(old, next, `${swapping}\nrename a -> b\nrename b -> a`, ...steps)).toEqual(swapped);
    const swap = 'x -> { a: x.b, b: x.a }';
    expect(run(old, next, `R ${swap}\nback R ${swap}`, ...steps)).toEqual(swapped);
    // The rest of it is around what is said of one field.
    const field = `R ${swap}\nback R ${swap}\nstate.a o -> o.b * 10`;
    expect(run(old, next, field, ...steps.slice(0, 2))).toEqual(['{ a: 40, b: 3 }', 'none']);
  });

  it('takes it along where a part is dropped; what is said of the state itself counts first', () => {
    const next = of('a: Int', 'a: Int = 1').replace('on Get -> R', 'on Look -> R');
    expect(run(old, next, 'drop R.b\ndrop Get', 'state { a: 3, b: 4 }', 'back { a: 5 }')).toEqual([
      '{ a: 3 }',
      '{ a: 5, b: 2 }',
    ]);
    const other = of('a: Int, c: Int', 'a: Int = 1, d: Int = 2').replace('return -< s', 'fail -< ""');
    const both = 'rename R.b -> c\nrename b -> d';
    expect(
      run(old, other.replace('put -< r', ''), both, 'state { a: 3, b: 4 }', 'Put { a: 5, b: 6 }'),
    ).toEqual(['{ a: 3, d: 4 }', '{ a: 5, c: 6 }']);
  });
});

it('what is lost on the way back of a reply, inside of what is renamed, is refused', () => {
  const version = (kept: string, field: string, constructor: string): string =>
    machine(
      `type R = { a: Int${kept} }\ntype S = ${constructor}(r: R)\ntype T = { ${field}: S }`,
      '{ n: Int = 0 }',
      '  on Read -> T { fail -< "" }',
    );
  const clauses = 'drop R.b\nrename S.C -> D\nrename T.s -> t';
  const [refusal] = said(version(', b: Int', 's', 'C'), version('', 't', 'D'), clauses);
  expect(refusal).toMatch(/^E0403 the reply of `Read`, at `s\.D\.r\.b`, is gone/);
});
