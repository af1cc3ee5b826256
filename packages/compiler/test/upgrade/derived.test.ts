import { describe, expect, it } from 'vitest';
import { compileFiles, complaints } from '../compiled.ts';
import { filesOf, machine, run, said } from './two-versions.ts';

/*
 * What is derived around the clauses of an upgrade, on values: each step says what comes in, as text.
 */

describe('a rename moves a name', () => {
  it('of a field of the state: a new one of the old name takes its initial value', () => {
    const [old, next] = ['{ a: Int = 0 }', '{ a: Int = 100, b: Int = 0 }'].map((state) => machine('', state));
    expect(run(old, next, 'rename a -> b', 'state { a: 7 }', 'back { a: 1, b: 2 }')).toEqual([
      '{ a: 100, b: 7 }',
      '{ a: 2 }',
    ]);
  });

  it('of a field of a record, also where the whole looks unchanged', () => {
    const item = (fields: string): string =>
      machine(`type Item = { ${fields} }`, '{ items: List<Item> = [] }');
    expect(
      run(
        item('price: Int'),
        item('cost: Int, price: Int = 100'),
        'rename Item.price -> cost',
        'state { items: [{ price: 7 }] }',
      ),
    ).toEqual(['{ items: [{ cost: 7, price: 100 }] }']);
    const same = machine('type Item = { x: Int, y: Int }', '{ items: List<Item> = [] }');
    const swap = 'rename Item.x -> y\nrename Item.y -> x';
    expect(
      run(same, same.replace('= []', '= [{ x: 1, y: 1 }]'), swap, 'state { items: [{ x: 1, y: 2 }] }'),
    ).toEqual(['{ items: [{ x: 2, y: 1 }] }']);
  });

  it('of a record type speaks of no named arguments of the same structure', () => {
    const old = machine(
      'type Item = { a: Int, b: Int }\ntype T = T(a: Int, b: Int)',
      '{ i: Item = { a: 1, b: 2 }, t: T = T(1, 2) }',
    );
    const next = machine(
      'type Item = { a: Int, c: Int }\ntype T = T(a: Int, b: Int)',
      '{ i: Item = { a: 1, c: 2 }, t: T = T(1, 2) }',
    );
    expect(run(old, next, 'rename Item.b -> c', 'state { i: { a: 3, b: 4 }, t: T(5, 6) }')).toEqual([
      '{ i: { a: 3, c: 4 }, t: T(a: 5, b: 6) }',
    ]);
  });

  describe('of a record type, and of others that look like it', () => {
    const of = (types: string): string =>
      machine(
        types,
        '{ a: List<Item> = [], b: List<Other> = [] }',
        '  on P(o: Other) -> Other { return -< o }',
      );
    const old = of('type Item = { name: String, price: Int }\ntype Other = { name: String, price: Int }');
    const item = 'type Item = { name: String, cost: Int }\ntype Other = ';
    const rename = 'rename Item.price -> cost';
    const before = 'state { a: [{ name: "a", price: 1 }], b: [{ name: "b", price: 2 }] }';

    it('leaves one alone that keeps the field', () => {
      const next = of(`${item}{ name: String, price: Int = 0, cost: Int = 77 }`);
      expect(
        run(old, next, rename, before, 'P { name: "x", price: 3 }', 'P < { name: "x", price: 3, cost: 4 }'),
      ).toEqual([
        '{ a: [{ cost: 1, name: "a" }], b: [{ cost: 77, name: "b", price: 2 }] }',
        '{ cost: 77, name: "x", price: 3 }',
        '{ name: "x", price: 3 }',
      ]);
    });

    it('moves the field of one that has nothing of the old name', () => {
      const next = of(`${item}{ name: String, cost: Int, note: String = "" }`);
      expect(run(old, next, rename, before)).toEqual([
        '{ a: [{ cost: 1, name: "a" }], b: [{ cost: 2, name: "b", note: "" }] }',
      ]);
    });

    it('gives each its own, where each is renamed', () => {
      const next = of(`${item}{ name: String, amount: Int, cost: Int = 5 }`);
      expect(run(old, next, `${rename}\nrename Other.price -> amount`, before)).toEqual([
        '{ a: [{ cost: 1, name: "a" }], b: [{ amount: 2, cost: 5, name: "b" }] }',
      ]);
    });

    it('refuses where both look alike in both versions, until it is said of both or of the place', () => {
      const fields = '{ name: String, price: Int = 0, cost: Int }';
      const next = of(`type Item = ${fields}\ntype Other = ${fields}`);
      const { diagnostics } = compileFiles(filesOf(old, next, rename));
      // The state, and the request and the reply of P.
      expect(diagnostics.map(({ code }) => code)).toEqual(['E0403', 'E0403', 'E0403']);
      expect(diagnostics[0].message).toContain('has the fields of `Item` in both versions and keeps `price`');
      expect(diagnostics[0].help.join()).toContain('`Item old -> { … }`');
      const both = `${rename}\nrename Other.price -> cost`;
      const one =
        'Item old -> { name: old.name, price: 0, cost: old.price }\nback Item new -> { name: new.name, price: new.cost }';
      for (const clauses of [both, one])
        expect(run(old, next, clauses, before)).toEqual([
          '{ a: [{ cost: 1, name: "a", price: 0 }], b: [{ cost: 2, name: "b", price: 0 }] }',
        ]);
    });

    it('leaves the state alone, which a rename of a type that looks like it does not name', () => {
      const like = (type: string, state: string): string =>
        machine(`type S = { ${type} }`, `{ ${state} }`, '  on P(s: S) { }');
      const next = like('b: Int', 'a: Int = 0, b: Int = 0');
      const first = like('a: Int', 'a: Int = 0');
      expect(run(first, next, 'rename S.a -> b', 'state { a: 7 }')).toEqual(['{ a: 7, b: 0 }']);
    });
  });

  it('of a constructor: an old client never gets another one under its name', () => {
    const operations = '  on Look -> S { return -< Open }\n  on Set(s: S) { }';
    const of = (type: string): string => machine(`type S = ${type}`, '{ s: S = Open }', operations);
    const steps = ['state { s: Paid }', 'Set Paid', 'Look < Settled', 'Look < Paid', 'back { s: Paid }'];
    expect(run(of('Open | Paid'), of('Open | Settled | Paid'), 'rename S.Paid -> Settled', ...steps)).toEqual(
      [
        '{ s: Settled }',
        'Settled',
        'Paid',
        'Paid has no counterpart in the older version',
        'Paid has no counterpart in the older version',
      ],
    );
  });

  it('of a named argument of a constructor', () => {
    const of = (type: string): string => machine(`type S = Open | ${type}`, '{ s: S = Open }');
    expect(
      run(
        of('Sent(at: Int, by: Int)'),
        of('Sent(at: Int, who: Int)'),
        'rename S.Sent.by -> who',
        'state { s: Sent(1, 2) }',
      ),
    ).toEqual(['{ s: Sent(at: 1, who: 2) }']);
  });

  it('of a parameter: a new one of the old name takes its default', () => {
    const of = (parameters: string): string => machine('', '{ a: Int = 0 }', `  on Add(${parameters}) { }`);
    expect(run(of('n: Int'), of('by: Int, n: Int = 100'), 'rename Add.n -> by', 'Add 7')).toEqual([
      '(7, 100)',
    ]);
  });

  it('of parameters that swap is no identity', () => {
    const of = (more: string): string => machine('', '{ a: Int = 0 }', `  on Add(n: Int, m: Int) { }${more}`);
    const swap = 'rename Add.n -> m\nrename Add.m -> n';
    expect(run(of(''), of('\n  on Look { }'), swap, 'Add (1, 2)')).toEqual(['(2, 1)']);
    const changed = of('').replace('a: Int = 0', 'a: Int = 1');
    expect(said(of(''), changed, swap)).toEqual([expect.stringMatching(/^E0410 /)]);
  });

  it('of an operation whose name another one takes', () => {
    const of = (operations: string): string => machine('', '{ a: Int = 0 }', operations);
    const old = of('  on A { }\n  on C { }');
    const next = of('  on A(n: Int) { }\n  on B { }\n  on C { }');
    const { bundle } = compileFiles(filesOf(old, next, 'rename A -> B'));
    expect(bundle!.upgrades[0].operations).toMatchObject([
      { name: 'A', to: 'B' },
      { kind: 'identity', name: 'C' },
    ]);
    expect(bundle!.upgrades[0].backOperations.map(({ name }) => name)).toEqual(['B', 'C']);
  });

  it('of an operation to the name of one that stays is refused, unless that is dropped', () => {
    const of = (operations: string): string => machine('', '{ a: Int = 0 }', operations);
    const [old, next] = [of('  on A { }\n  on B { }'), of('  on B { }')];
    const { diagnostics } = compileFiles(filesOf(old, next, 'rename A -> B'));
    expect(diagnostics.map(({ code }) => code)).toEqual(['E0404']);
    expect(diagnostics[0].help).toContain('`B` of the new version is another one, which a rename leads to.');
    expect(said(old, next, 'rename A -> B\ndrop B')).toEqual([]);
  });

  it('of two things to one is refused', () => {
    const of = (type: string): string => machine(`type S = ${type}`, '{ s: S = C }');
    const twice = 'rename S.A -> D\nrename S.B -> D';
    expect(said(of('A | B | C'), of('C | D'), twice)).toEqual([
      expect.stringMatching(/^E0406 something else is `D`/),
    ]);
    expect(said(of('A | B | C'), of('A | C'), 'rename S.B -> A')).toEqual([
      expect.stringMatching(/^E0406 `A` is a constructor of the old `S` already/),
    ]);
  });
});

describe('what is refused is told', () => {
  it('all at once: what changed, what is gone, and what would be lost', () => {
    const old = machine(
      '',
      '{ a: Int = 0, note: String = "" }',
      '  on A { }\n  on B(x: Int, y: Int) { }\n  on C { }',
    );
    const next = machine('', '{ a: String = "" }', '  on A { }\n  on B(x: String) { }');
    const { diagnostics } = compileFiles(filesOf(old, next, ''));
    expect(diagnostics.flatMap(({ clauses }) => clauses!.map(([first]) => first)).sort()).toEqual([
      'drop B.y',
      'drop C',
      'drop note',
      'on B(x, y) -> B(x: …)',
      'state.a old -> …',
    ]);
    const clauses =
      'drop B.y\ndrop C\ndrop note\nstate.a old -> Int.toString(old.a)\non B(x, y) -> B(x: Int.toString(x))';
    expect(said(old, next, clauses)).toEqual([]);
  });

  it('but not that what is gone is lost, where something new may be made of it', () => {
    const [old, next] = ['n: Int', 'm: String'].map((field) =>
      machine(`type R = { ${field} }`, '{ l: List<R> = [] }'),
    );
    expect(said(old, next, '')).toEqual([expect.stringMatching(/^E0403 `state.l\[\].m` is new/)]);
  });

  it('up to twenty parts, and of the others how many they are', () => {
    const of = (letter: string, type: string): string => {
      const fields = Array.from({ length: 30 }, (_, i) => `${letter}${String(i + 10)}: ${type}`);
      return machine('', `{ ${fields.join(', ')} }`);
    };
    for (const [old, next] of [
      [of('f', 'Int = 0'), of('g', 'Int = 0')],
      [of('f', 'Int = 0'), of('f', 'String = ""')],
    ]) {
      const { diagnostics } = compileFiles(filesOf(old, next, ''));
      expect(diagnostics).toHaveLength(21);
      expect(diagnostics.map(({ message }) => message).join()).toContain('… and 10 more parts');
      const choices = diagnostics.flatMap(({ clauses }) => clauses!.map(([first]) => first));
      expect(new Set(choices).size).toBe(30);
    }
  });

  it('with the new name of an operation whose types have another version', () => {
    const of = (type: string, name: string): string =>
      machine(`type C = ${type}`, '{ n: Int = 0 }', `  on ${name}(c: C) { }`);
    const { diagnostics } = compileFiles(filesOf(of('A | B', 'Put'), of('A | B | D', 'Store'), ''));
    expect(diagnostics.map(({ clauses }) => clauses)).toEqual([[['rename Put -> Store', 'drop Put']]]);
  });

  it('with the type to name for a part inside the state', () => {
    const of = (field: string): string =>
      machine(
        `type R = { ${field}: Int }`,
        `{ r: R = { ${field}: 1 }, u: { ${field}: Int } = { ${field}: 1 } }`,
      );
    const help = (clause: string): string =>
      compileFiles(filesOf(of('x'), of('y'), clause)).diagnostics[0].help.join();
    expect(help('rename r.x -> y')).toContain('`rename R.x -> y`');
    const unnamed = (field: string): string => machine('', `{ u: { ${field}: Int } = { ${field}: 1 } }`);
    const { diagnostics } = compileFiles(filesOf(unnamed('x'), unnamed('y'), 'rename u.x -> y'));
    expect(diagnostics[0].help.join()).toContain('`state.u old -> …`');
  });
});

describe('keys and items', () => {
  const of = (type: string, state: string): string => machine(`type K = ${type}`, `{ ${state} }`);

  it.each([
    ['m: Map<K, Int> = Map {}', 'a map of which two keys may become one (`b` is gone)'],
    ['s: Set<K> = Set {}', 'a set of which two items may become one (`b` is gone)'],
    ['s: List<Set<(K, Int)>> = []', 'a set of which two items may become one (`b` is gone)'],
    ['m: Map<Option<K>, K> = Map {}', 'a map of which two keys may become one (`b` is gone)'],
  ])('that could become one are not converted: %s', (state, words) => {
    const [old, next] = ['K(a: Int, b: Int)', 'K(a: Int)'].map((type) => of(type, state));
    expect(said(old, next, 'drop K.K.b')).toEqual([expect.stringContaining(words)]);
  });

  it('keep apart what is renamed, and what is in another order', () => {
    const [old, next] = ['A | B(x: Int)', 'D | B(y: Int) | A2'].map((type) =>
      of(type, 's: Set<K> = Set {}, m: Map<K, Int> = Map {}'),
    );
    const clauses = 'rename K.A -> A2\nrename K.B.x -> y';
    expect(run(old, next, clauses, 'state { s: Set { A, B(1), B(2) }, m: Map { A: 1, B(3): 2 } }')).toEqual([
      '{ m: Map { B(y: 3): 2, A2: 1 }, s: Set { B(y: 1), B(y: 2), A2 } }',
    ]);
  });
});

describe('a drop', () => {
  const types = (price: string): string =>
    `type Item = { name: String${price} }\ntype Box<a> = Full(a) | Empty`;
  const state =
    '{ a: Result<Int, String> = Ok(1), b: Result<Item, String> = Err(""), c: Box<Item> = Empty, d: Map<Int, (Item, Int)> = Map {} }';

  it('speaks of a type wherever it occurs, in one clause', () => {
    const files = filesOf(
      machine(types(', price: Int'), state),
      machine(types(''), state),
      'drop Item.price',
    );
    const { bundle, diagnostics } = compileFiles(files);
    expect(diagnostics).toEqual([]);
    expect(bundle!.upgrades[0].clauses).toMatchObject([{ kind: 'drop', path: ['price'] }]);
  });

  it('speaks of no other type', () => {
    const two = (price: string): string =>
      machine(
        `type Item = { name: String${price} }\ntype Service = { title: String${price} }\ntype Box<a> = Full(a) | Empty`,
        '{ i: Box<Item> = Empty, s: Box<Service> = Empty }',
      );
    expect(said(two(', price: Int'), two(''), 'drop Item.price')).toEqual([
      expect.stringContaining('`state.s.Full.price`'),
    ]);
    expect(said(two(', price: Int'), two(''), 'drop Item.price\ndrop Service.price')).toEqual([]);
  });

  it('names components of tuples by their positions, and goes as deep as types do', () => {
    const tuple = (fields: string): string =>
      machine(
        '',
        `: (Int, { ${fields} }) = (1, { a: 1${fields.includes('b') ? ', b: (2, (3, "", 4))' : ''} })`,
      );
    const old = tuple('a: Int, b: (Int, (Int, String, Int))');
    expect(said(old, tuple('a: Int'), 'drop 1.b')).toEqual([]);
    expect(said(old, tuple('a: Int'), 'drop 1.b.0\ndrop 1.b.1.0\ndrop 1.b.1.1\ndrop 1.b.1.2')).toEqual([]);
    expect(said(old, tuple('a: Int'), 'drop 1.b.2')).toEqual([expect.stringMatching(/^E0405 `1.b.2`/)]);
    const deep = (inner: string): string => {
      const type = Array.from({ length: 80 }).reduce<string>((whole) => `{ x: ${whole} }`, `{ ${inner} }`);
      return machine('', `{ l: List<${type}> = [] }`);
    };
    const path = ['l', ...Array.from({ length: 80 }, () => 'x'), 'b'].join('.');
    expect(said(deep('a: Int, b: Int'), deep('a: Int'), `drop ${path}`)).toEqual([]);
  });
});

describe('a conversion of a type', () => {
  const price = (state: string, more = ''): string =>
    machine(
      'type Price = Price(Int)',
      state,
      `  on Set(p: Price) { }\n  on Look -> Price { return -< Price(0) }${more}`,
    );
  const clauses =
    'Price old -> case old { Price(n) -> Price(n * 100) }\nback Price new -> case new { Price(n) -> Price(n / 100) }';

  it('that is the same in both versions converts what clients send and get, too', () => {
    const [old, next] = [
      price('{ p: Price = Price(0) }'),
      price('{ p: Price = Price(0) }', '\n  on More { }'),
    ];
    expect(run(old, next, clauses, 'state { p: Price(5) }', 'Set Price(7)', 'Look < Price(500)')).toEqual([
      '{ p: Price(500) }',
      'Price(700)',
      'Price(5)',
    ]);
    // Else it would be applied to requests alone.
    expect(said(old, next, clauses.split('\n')[0])).toEqual([
      expect.stringMatching(/^E0403 the reply of `Look`/),
    ]);
  });

  it('is refused where clients could not be told apart', () => {
    const [old, next] = [price('{ p: Price = Price(0) }'), price('{ p: Price = Price(1) }')];
    expect(said(old, next, clauses)).toEqual([expect.stringMatching(/^E0410 /)]);
    expect(said(old, next, 'state.p old -> case old.p { Price(n) -> Price(n * 100) }')).toEqual([]);
  });

  it('is refused for what is only another name', () => {
    const cents = (state: string): string => machine('type Cents = Int', state);
    expect(said(cents('{ p: Cents = 0 }'), cents('{ p: Cents = 1 }'), 'Cents old -> old * 100')).toEqual([
      expect.stringMatching(/^E0405 `Cents` is another name for Int/),
    ]);
    const own = machine('type Cents = Cents(Int)', '{ p: Cents = Cents(0), n: Int = 0 }');
    const old = cents('{ p: Cents = 0, n: Int = 0 }');
    expect(run(old, own, 'Cents old -> Cents(old)', 'state { p: 5, n: 6 }')).toEqual([
      '{ n: 6, p: Cents(5) }',
    ]);
  });

  it('takes a record type under another name', () => {
    const old = machine('type Item = { price: Int }', '{ l: List<Item> = [] }');
    const next = machine('type Line = { price: String }', '{ l: List<Line> = [] }');
    const clause = 'rename Item -> Line\nLine old -> { price: Int.toString(old.price) }';
    expect(run(old, next, clause, 'state { l: [{ price: 5 }] }')).toEqual(['{ l: [{ price: "5" }] }']);
  });
});

describe('names in clauses', () => {
  it('are of generic types, in all their instances', () => {
    const of = (types: string): string =>
      machine(
        types,
        '{ b: Box<Int> = Empty, c: List<Box<String>> = [], p: Option<Pair<Int, String>> = None }',
      );
    const old = of('type Box<a> = Empty | Full(a)\ntype Pair<a, b> = { left: a, right: b }');
    const next = of('type Box<a> = Empty | Holding(a)\ntype Pair<a, b> = { left: a, second: b }');
    const clauses = 'rename Box.Full -> Holding\nrename Pair.right -> second';
    expect(
      run(old, next, clauses, 'state { b: Full(1), c: [Full("x")], p: Some({ left: 1, right: "y" }) }'),
    ).toEqual(['{ b: Holding(1), c: [Holding("x")], p: Some({ left: 1, second: "y" }) }']);
    const one = 'Box old -> old';
    expect(said(old, next, `${clauses}\n${one}`)).toContainEqual(
      expect.stringMatching(/^E0405 `Box` stands for several types/),
    );
  });

  it('are of types that another file declares', () => {
    const shapes = (types: string): string => types;
    const file = (n: string): string =>
      `import "./shapes${n}.sm" as sh\nmachine M {\n  state { s: sh.Status = sh.Open, i: List<sh.Item> = [] }\n}`;
    const files = (clauses: string): Record<string, string> => ({
      'main.sm': `import "./old.sm" as old\n${file('2')}\nupgrade old.M -> M {\n${clauses}\n}\n`,
      'old.sm': file('1'),
      'shapes1.sm': shapes('type Status = Open | Paid(at: Int)\ntype Item = { name: String, price: Int }\n'),
      'shapes2.sm': shapes(
        'type Status = Open | Settled(at: Int)\ntype Item = { name: String, cost: Int }\n',
      ),
    });
    expect(complaints(files('rename Status.Paid -> Settled\nrename Item.price -> cost'))).toEqual([]);
    expect(complaints(files('rename sh.Status.Paid -> Settled\nrename sh.Item.price -> cost'))).toEqual([]);
    expect(complaints(files('rename Status.Paid -> Settled\ndrop Item.price'))).toEqual([
      expect.stringMatching(/E0403 .*`state.i\[\].cost` is new/),
    ]);
  });

  it('that are in no value mean something', () => {
    const of = (unit: string): string =>
      machine('type Amount<a, u> = Amount(a)', `{ a: Amount<Int, ${unit}> = Amount(1) }`);
    expect(said(of('String'), of('Bool'), '')).toEqual([
      expect.stringContaining('changed from Amount<Int, String> to Amount<Int, Bool>'),
    ]);
  });
});

describe('a clause without effect is refused', () => {
  const old = machine(
    'type S = Open | Paid(Int)\ntype Item = { a: Int }',
    '{ note: String = "", s: S = Open, l: List<Item> = [] }',
    '  on Add(n: Int) { }\n  on Old { }',
  );
  const next = old.replace('note: String', 'text: String').replace('on Old', 'on New');
  const rest = 'rename note -> text\nrename Old -> New';

  it.each([
    ['a drop of what is renamed', `${rest}\ndrop note`, /^E0406 /],
    ['a drop of what is kept', `${rest}\ndrop Item.a`, /^E0405 nothing is lost here/],
    ['a rename to what is not there', `${rest}\nrename Item.a -> zonk`, /^E0405 `zonk`/],
    ['of a parameter', `${rest}\nrename Add.n -> zonk`, /^E0405 `zonk`/],
    ['of a constructor', `${rest}\nrename S.Paid -> Zonk`, /^E0405 `Zonk`/],
    ['a rename to itself', `${rest}\nrename s -> s`, /^E0405 this clause has no effect/],
    ['a rename beside the field', `${rest}\nstate.text _ -> ""`, /^E0405 this clause has no effect/],
    [
      'a type beside the whole state',
      'rename Old -> New\nstate o -> { text: o.note, s: o.s, l: o.l }\nItem i -> i',
      /^E0405 this clause has no effect/,
    ],
    [
      'a way back of a type where there is none of the state',
      'rename Old -> New\nstate o -> { text: o.note, s: o.s, l: o.l }\nback Item i -> i',
      /^E0405 this clause has no effect: there is no way back/,
    ],
    [
      'a field beside the whole state',
      'rename Old -> New\nstate o -> { text: o.note, s: o.s, l: o.l }\nstate.text o -> o.note',
      /^E0405 this clause has no effect/,
    ],
    ['a rename of what is dropped', 'rename note -> text\nrename Old -> New\ndrop Old', /^E0406 /],
    ['a rename of what is served otherwise', `${rest}\non Old() -> Add(n: 1) reply _ -> ()`, /^E0406 /],
  ])('%s', (_what, clauses, words) => {
    expect(said(old, next, clauses)).toEqual([expect.stringMatching(words)]);
  });

  it('and one with an effect is not', () => {
    expect(said(old, next, rest)).toEqual([]);
  });
});

describe('a constructor', () => {
  const of = (type: string): string => machine(`type S = Open | ${type}`, '{ s: S = Open }');
  const convert = 'S old -> case old { old.Open -> Open; old.Paid(_) -> Paid }';

  it('whose argument is gone is converted, and the argument dropped', () => {
    expect(said(of('Paid(Int)'), of('Paid'), convert)).toEqual([
      expect.stringMatching(/^E0402 the argument of/),
    ]);
    expect(said(of('Paid(Int)'), of('Paid'), `${convert}\ndrop S.Paid`)).toEqual([]);
    expect(said(of('Paid(Int)'), of('Paid'), 'drop S.Paid')).toContainEqual(expect.stringMatching(/^E0409 /));
  });

  const within = (leaf: string, wrap: string, state: string): string =>
    machine(`type T = ${leaf}\ntype S = Open | Paid(List<T>)\ntype R = { ${wrap} }`, `{ r: R = ${state} }`);
  const before = within('A | B', 's: S', '{ s: Open }');
  it.each([
    ['in it', within('A | C', 's: S', '{ s: Open }'), 'T _ -> fail("gone")'],
    [
      'around it',
      within('A | B', 's: S, n: Int', '{ s: Open, n: 0 }'),
      'R r -> { s: case r.s { Open -> Open; Paid(_) -> Open }, n: 1 }',
    ],
  ])('whose argument is not read, by a clause for what is %s, can be dropped', (_, after, clause) => {
    expect(said(before, after, clause)).toEqual([expect.stringMatching(/^E0402 /)]);
    expect(said(before, after, `${clause}\ndrop S.Paid`)).toEqual([]);
  });
});

describe('of record types that look alike', () => {
  const old = machine('type A = { x: Int }\ntype B = { x: Int }', '{ a: A = { x: 1 }, b: List<B> = [] }');
  const next = ([a, b]: readonly [string, string]): string =>
    machine(
      `type A = { x: Int, y: Int${a} }\ntype B = { x: Int, y: Int${b} }`,
      '{ a: A = { x: 1, y: 1 }, b: List<B> = [] }',
    );
  const clauses = (type: string, y: number): string =>
    `${type} older -> { x: older.x, y: ${y} }\nback ${type} newer -> { x: newer.x }\n`;
  const state = 'state { a: { x: 3 }, b: [{ x: 4 }] }';

  it('each takes its own default', () => {
    expect(run(old, next([' = 1', ' = 2']), '', state)).toEqual([
      '{ a: { x: 3, y: 1 }, b: [{ x: 4, y: 2 }] }',
    ]);
  });

  it('a clause for one is none for another that would take another default', () => {
    const refusal =
      'E0403 `state.b[]` has the fields of `A` in both versions, and another default for `y`: the clause for `A` may speak of it or not, and no clause says what becomes of it';
    for (const defaults of [[' = 1', ' = 2'] as const, ['', ' = 2'] as const])
      expect(said(old, next(defaults), clauses('A', 1))).toEqual([refusal]);
  });

  it('a clause for one is one of all that take the same, or none', () => {
    for (const defaults of [['', ''] as const, [' = 1', ' = 1'] as const, [' = 1', ''] as const])
      expect(run(old, next(defaults), clauses('A', 7), state)).toEqual([
        '{ a: { x: 3, y: 7 }, b: [{ x: 4, y: 7 }] }',
      ]);
  });

  it('each can have its own clause, or the field that it is in', () => {
    const made = ['{ a: { x: 3, y: 7 }, b: [{ x: 4, y: 8 }] }', '{ a: { x: 3 }, b: [{ x: 4 }] }'];
    const back = 'back { a: { x: 3, y: 7 }, b: [{ x: 4, y: 8 }] }';
    for (const both of [clauses('A', 7) + clauses('B', 8), clauses('B', 8) + clauses('A', 7)])
      expect(run(old, next([' = 1', ' = 2']), both, state, back)).toEqual(made);
    const field = 'state.b older -> List.map(older.b, i -> { x: i.x, y: 8 })';
    const [forward] = clauses('A', 7).split('\n');
    expect(run(old, next([' = 1', ' = 2']), `${forward}\n${field}`, state)).toEqual(made.slice(0, 1));
  });
});
