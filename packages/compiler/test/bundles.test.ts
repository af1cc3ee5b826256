import { encodeBundle, equal, fingerprints } from '@smc/protocol';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Compilation } from '../src/compile.ts';
import { complaints, compileFiles, type Bytecode } from './compiled.ts';

/** Imports of bytecode: `import "./old.smb"` and `import deployed`. */

const ITEM = 'type Item = { name: String, price: Int = 3 }';
const SHOP = `type Box<a> = Box(a)
type Status = Open | Closed(since: Time, by: Box<Int>)
${ITEM}
machine Shop {
  state { items: List<Item> = [], status: Status = Open, box: Box<String> = Box("x"), count: Int = 0 }
  on Add(item: Item, box: Box<Int> = Box(7), times: Option<Int> = Some(-3)) -> Status {
    s <- get
    put -< { ...s, items: s.items ++ [item] }
    return -< s.status
  }
  on Count -> Int {
    s <- get
    return -< List.length(s.items)
  }
}
`;

/** The same but for code. */
const CHANGED = SHOP.replace('List.length(s.items)', 'List.length(s.items) + 1');

const bytesOf = (text: string): Uint8Array => {
  const { bundle } = compileFiles({ 'old.sm': text });
  if (bundle === null) throw new Error(complaints({ 'old.sm': text }).join('\n'));
  return encodeBundle(bundle);
};

const shop = bytesOf(SHOP);

/** The file after an upgrade from the bundle, which it imports as `old`. */
const upgraded = (text: string, clauses = ''): Record<string, string> => ({
  'main.sm': `import "./old.smb" as old\n${text}upgrade old.Shop -> Shop {\n${clauses}\n}\n`,
});
const bundles = { 'old.smb': shop };
const compiled = (text: string, clauses = '', bytecode: Bytecode = { bundles }): Compilation =>
  compileFiles(upgraded(text, clauses), bytecode);
const said = (text: string, clauses = ''): string[] => complaints(upgraded(text, clauses), { bundles });

describe('a machine of a bundle', () => {
  it('is the one of its source: nothing is to be upgraded between the two', () => {
    expect(said(SHOP)).toEqual([
      'E0401 main.sm:17 both versions of `Shop` have the same code: there is nothing to upgrade',
    ]);
    const { bundle, diagnostics } = compiled(CHANGED);
    expect(diagnostics).toEqual([]);
    const [upgrade] = bundle!.upgrades;
    const { code: _, ...shape } = fingerprints(bundle!.images[0]);
    expect(upgrade.old).toMatchObject(shape);
    expect([...upgrade.operations, ...upgrade.backOperations].map(({ kind }) => kind)).toEqual(
      Array.from({ length: 4 }, () => 'identity'),
    );
  });

  it('gives the same upgrade as its source', () => {
    const next = SHOP.replace('count: Int = 0', 'total: Int = 0').replace(
      'name: String,',
      'name: String, size: Int = 4,',
    );
    const clauses = 'rename count -> total';
    const fromSource = compileFiles({
      'main.sm': `import "./old.sm" as old\n${next}upgrade old.Shop -> Shop {\n${clauses}\n}\n`,
      'old.sm': SHOP,
    });
    const fromBundle = compiled(next, clauses);
    expect(fromBundle.diagnostics).toEqual([]);
    expect(encodeBundle({ ...fromBundle.bundle!, debug: fromSource.bundle!.debug })).toEqual(
      encodeBundle(fromSource.bundle!),
    );
  });

  it('has its constants: the way back gives what the old version starts with', () => {
    const { bundle, diagnostics } = compiled(SHOP.replace(', count: Int = 0', ''), 'drop count');
    expect(diagnostics).toEqual([]);
    expect(bundle!.upgrades[0].back).not.toBe(null);
    const { unit } = bundle!.upgrades[0];
    expect(unit.constants.some(({ value }) => equal(value, 0))).toBe(true);
  });

  it('shows what is lost and what is needed at the place of the import', () => {
    expect(said(SHOP.replace(', count: Int = 0', ''))).toEqual([
      expect.stringContaining('E0402 main.sm:17 `state.count` of the old version would be lost'),
    ]);
    expect(said(SHOP.replace('on Count', 'on Number'))).toEqual([
      expect.stringContaining('E0404 main.sm:17 the operation `Count` is gone'),
    ]);
    const { diagnostics } = compiled(SHOP.replace('on Count', 'on Number'));
    expect(diagnostics[0].labels.map(({ span }) => span.start)).toContain(7);
  });

  it('can not be upgraded to, nor tested', () => {
    const files = (text: string) => ({ 'main.sm': `import "./old.smb" as old\n${text}` });
    expect(complaints(files(`${SHOP}upgrade old.Shop -> old.Shop {}\n`), { bundles })).toEqual([
      expect.stringContaining('E0290'),
    ]);
    expect(complaints(files('test "t" for old.Shop { Count => 0 }\n'), { bundles })).toEqual([
      expect.stringContaining('E0303'),
    ]);
    expect(complaints(files(`${SHOP}upgrade old.Shup -> Shop {}\n`), { bundles })).toEqual([
      'E0206 main.sm:17 there is no machine `Shup` in old.smb; did you mean `Shop`?',
    ]);
  });
});

describe('types of a bundle', () => {
  const withStatus = SHOP.replace('Open | Closed', 'Open | Paused | Closed');

  it('are those of the same declaration in source', () => {
    const { diagnostics } = compiled(
      withStatus,
      'Status old -> case old {\n old.Open -> Paused\n old.Closed(since: t, by: Box(n)) -> Closed(since: t, by: Box(n + 1)) }\nback Status new -> case new {\n Open -> old.Open\n Paused -> old.Open\n Closed(since: t, by: b) -> old.Closed(since: t, by: b) }',
    );
    expect(diagnostics).toEqual([]);
  });

  it('can be named, with their constructors', () => {
    const use = 'fun isOpen(s: old.Status) -> Bool = case s {\n  old.Open -> true\n  _ -> false\n}\n';
    expect(said(use + CHANGED)).toEqual([]);
    expect(said(`fun f() -> old.Statos = old.Open\n${SHOP}`)).toEqual([
      expect.stringMatching(/E0203 main.sm:2 .*did you mean `Status`\?/),
    ]);
  });

  it('have the values of their generic declaration, where there is one', () => {
    expect(
      said(CHANGED, 'state.count old -> case old.box {\n Box(text) -> String.length(text) + old.count }'),
    ).toEqual([]);
    expect(said(SHOP, 'state.count old -> case old.box {\n Box(n) -> n + old.count }')).toEqual([
      expect.stringContaining('E0220'),
    ]);
  });

  it('that are records have their names in the debug data', () => {
    const next = SHOP.replace('price: Int = 3', 'cost: Int = 3');
    const [gone] = said(next);
    expect(gone).toMatch(/E0402 .*price/);
    expect(said(next, 'rename Item.price -> cost')).toEqual([]);
    expect(said(next, 'drop Item.price')).toEqual([]);
    expect(
      said(
        next,
        'Item old -> { name: old.name, cost: old.price }\nback Item new -> { name: new.name, price: 0 }',
      ),
    ).toEqual([]);
  });

  it('of one name that differ are, in clauses, those of the machine of the upgrade', () => {
    const parts = ['One | Two', 'One | Other'].map(
      (type, i) => compileFiles({ 'a.sm': `type T = ${type}\nmachine M${i} { state: T = One }\n` }).bundle!,
    );
    const both = encodeBundle({
      images: parts.flatMap(({ images }) => images),
      debug: parts.flatMap(({ debug }) => debug),
      upgrades: [],
    });
    const using = (clauses: string, more = ''): string[] =>
      complaints(
        {
          'main.sm': `import "./old.smb" as old\ntype T = One | Two | Three\nmachine M0 { state: T = One }\nupgrade old.M0 -> M0 {${clauses}}\n${more}`,
        },
        { bundles: { 'old.smb': both } },
      );
    expect(using('')).toEqual([]);
    expect(using('state s -> case s {\n old.Two -> One\n _ -> Two }')).toEqual([]);
    expect(using('state s -> case s {\n old.One -> One\n _ -> Two }')).toEqual([]);
    expect(using('T s -> case s {\n old.One -> Two\n old.Two -> Two }')).toEqual([]);
    expect(using('rename T.Two -> Three')).toEqual([]);
    expect(using('state s -> case s {\n old.Other -> One\n _ -> Two }')).toEqual([
      expect.stringContaining('E0205'),
    ]);
    // Elsewhere it is not clear which is meant.
    expect(using('', 'fun f() -> old.T = old.Two\n')).toEqual([expect.stringContaining('E0203')]);
    expect(using('', 'fun f() -> Int = case old.One {\n _ -> 1 }\n')).toEqual([
      expect.stringContaining('E0205'),
    ]);
  });
});

describe('defaults', () => {
  const file = (a: string, state: string, inputs = 's: S, r: R'): string =>
    `type R = { a: Int${a}, b: Int }\ntype S = C(r: R) | D(Option<List<R>>)\nmachine M {\n  state { ${state} }\n  on Op(${inputs}) -> Int { return -< 1 }\n}\n`;
  /** The values that the inputs of a machine may leave out, after an upgrade in each of the three ways. */
  const defaults = (old: string, next: string, prefix = ''): readonly unknown[] =>
    ['"./old.sm"', '"./old.smb"', 'deployed'].map((from) => {
      const text = `import ${from} as old\n${prefix}${next}upgrade old.M -> M {}\n`;
      const bytes = bytesOf(old);
      const bytecode = { bundles: { 'old.smb': bytes }, deployed: bytes };
      const { bundle, diagnostics } = compileFiles({ 'main.sm': text, 'old.sm': old }, bytecode);
      if (bundle === null) return diagnostics.map(({ code }) => code);
      const [{ unit, defaults: found }] = bundle.images;
      return found.map(({ constant }) => unit.constants[constant].value);
    });

  it.each(['s: S, r: R', 's: S', 'm: Map<Int, (Bool, S)>'])(
    'are those of the new version, whatever the old one has: of (%s)',
    (inputs) => {
      const state = 'n: Int = 0, m: Int = 4';
      for (const [before, after] of [
        [' = 1', ' = 1'],
        [' = 1', ' = 3 - 1'],
        ['', ' = 2'],
        [' = 1', ''],
      ]) {
        const value = { '': [], ' = 1': [1], ' = 3 - 1': [2], ' = 2': [2] }[after];
        const found = defaults(file(before, 'n: Int = 0', inputs), file(after, state, inputs));
        expect([before, after, found]).toEqual([before, after, [value, value, value]]);
      }
    },
  );

  it('of what is named by its import are those of the old version', () => {
    const old = file(' = 1', 'n: Int = 0');
    const next = file(' = 2', 'n: Int = 0, m: Int = 4', 's: old.S, r: old.R');
    expect(defaults(old, next)).toEqual([[1], [1], [1]]);
    // The two are one type.
    const both = next.replace('r: old.R', 'r: R');
    expect(defaults(old, both)).toEqual([['E0306'], ['E0306'], ['E0306']]);
    expect(defaults(old, both.replace('= 2', '= 2 - 1'))).toEqual([[1], [1], [1]]);
  });

  it('are those of the machine that has them, where others of the bundle have none', () => {
    const other = 'machine A { state { s: S = D(None), r: Option<R> = None } }\n';
    for (const [own, imported] of [
      ['s: S', 's: old.S'],
      ['r: R', 'r: old.R'],
    ]) {
      const old = file(' = 1', 'n: Int = 0', own).replace('machine', `${other}machine`);
      expect(defaults(old, file(' = 2', 'n: Int = 0, m: Int = 4', imported))).toEqual([[1], [1], [1]]);
    }
  });

  it('of a generic type are of its instances', () => {
    const generic = (value: string): string =>
      `type Box<t> = Box(t)\ntype P<t> = { x: Int, items: List<t> = [], of: Option<(Int, t)> = ${value} }\nmachine M {\n  state { n: Int = 0 }\n  on Op(p: P<String>, b: Box<P<Bool>>) -> Int { return -< 1 }\n}\n`;
    const next = generic('None').replace('n: Int = 0', 'n: Int = 0, m: Int = 4');
    for (const found of defaults(generic('None'), next)) expect(found).toHaveLength(4);
    expect(complaints({ 'main.sm': generic('Some((1, 2))') })).toEqual([expect.stringContaining('E0220')]);
    const grown = next
      .replace('x: Int,', 'x: Int, more: List<List<t>> = [[]],')
      .replace('m: Int = 4', 'p: P<Int> = { x: 1, more: [], items: [], of: None }');
    for (const found of defaults(generic('None'), grown)) expect(found).toHaveLength(6);
  });
});

describe('a bundle that can not be read', () => {
  const importing = { 'main.sm': 'import "./old.smb" as old\nfun f() -> Int = old.g()\n' };

  test.each<[string, Uint8Array | null, string]>([
    ['is not there', null, 'E0280 main.sm:1 the file `./old.smb` can not be read'],
    ['is something else', new TextEncoder().encode('machine'), 'E0282 main.sm:1 .*: this is no bundle'],
    ['is cut off', shop.subarray(0, 200), 'E0282 main.sm:1 .*bytes are left'],
    [
      'is of a later version',
      shop.map((byte, i) => (i === 4 ? 3 : byte)),
      'E0282 main.sm:1 .*unknown version 3',
    ],
  ])('since it %s: one error, at the import', (_, bytes, message) => {
    const found = complaints(importing, { bundles: bytes === null ? {} : { 'old.smb': bytes } });
    expect(found).toEqual([expect.stringMatching(new RegExp(message))]);
  });

  it('is refused with diagnostics, whatever is in it', () => {
    const changes = fc.array(fc.tuple(fc.nat(shop.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(changes, (list) => {
        const bytes = shop.slice();
        for (const [at, byte] of list) bytes[at] = byte;
        const { diagnostics, bundle } = compiled(SHOP, '', { bundles: { 'old.smb': bytes } });
        expect(diagnostics.length > 0).toBe(bundle === null);
      }),
      { numRuns: 300 },
    );
  });
});

describe('what was deployed', () => {
  const deploying = (text: string, clauses: string): Record<string, string> => ({
    'main.sm': `import deployed as old\n${text}upgrade old.Shop -> Shop {\n${clauses}\n}\n`,
  });

  it('must be there', () => {
    expect(complaints(deploying(SHOP, ''))).toEqual([
      'E0283 main.sm:1 nothing has been deployed in this environment yet',
    ]);
  });

  it('is judged as any other old version', () => {
    const gone = deploying(SHOP.replace(', count: Int = 0', ''), '');
    expect(complaints(gone, { deployed: shop })).toEqual([expect.stringContaining('E0402')]);
  });

  it('is what the file says after a deployment: its clauses have been carried out', () => {
    const files = deploying(SHOP, 'rename amount -> count\nstate.items old -> old.things');
    const { bundle, diagnostics } = compileFiles(files, { deployed: shop });
    expect(diagnostics).toEqual([]);
    expect(bundle!.upgrades).toEqual([]);
    expect(complaints(upgraded(SHOP, 'rename amount -> count'), { bundles })).toEqual([
      expect.stringContaining('E0405'),
    ]);
    const changed = deploying(
      SHOP.replace('length(s.items)', 'length(s.items) + 1'),
      'rename amount -> count',
    );
    expect(complaints(changed, { deployed: shop })).toEqual([expect.stringContaining('E0405')]);
  });

  it('says nothing of its upgrade while there are other errors', () => {
    const files = deploying(SHOP.replace('length(s.items)', 'length(s.itms)'), 'rename amount -> count');
    expect(complaints(files, { deployed: shop })).toEqual([expect.stringContaining('E0202')]);
  });
});
