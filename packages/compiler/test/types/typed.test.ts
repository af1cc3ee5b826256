import { expect, test } from 'vitest';
import { checkSources, checkText } from './check-sources.ts';
import { display } from '../../src/types/type.ts';
import type { Type, TypedModule } from '../../src/types/typed.ts';

/* What the checker finds out about programs that are right. */

function accepted(text: string): TypedModule {
  const { module, syntax, diagnostics } = checkText(text);
  expect([...syntax, ...diagnostics]).toEqual([]);
  if (module === null) throw new Error('refused');
  return module;
}

/** All objects of a typed tree, each once. */
function objectsIn(root: object): object[] {
  const seen = new Set<object>([root]);
  for (const found of seen) {
    for (const part of Object.values(found) as unknown[]) {
      if (typeof part === 'object' && part !== null) seen.add(part);
    }
  }
  return [...seen];
}

const kindOf = (found: object): unknown => ('kind' in found ? found.kind : undefined);

/** The types that stand for the parameters of what is used by this name, as text. */
function typeArgumentsOf(module: TypedModule, name: string): string[] {
  return objectsIn(module).flatMap((found) => {
    if (!('typeArguments' in found)) return [];
    const callee = ('fun' in found ? found.fun : 'arrow' in found ? found.arrow : null) as {
      name: string;
    } | null;
    if (callee?.name !== name) return [];
    return [(found.typeArguments as Type[]).map(display).join(', ')];
  });
}

const GENERIC = `
arrow swap<a, b> : (a, b) -> (b, a) = snd &&& fst
arrow thrice<a, b> : (a, b) -> (b, a) = swap >>> swap >>> swap
fun pick<a>(first: Bool, x: a, y: a) -> a = if first { x } else { y }
fun nothing<a>() -> Option<a> = None
`;

test('no unknown is left in a typed tree', () => {
  const module = accepted(`${GENERIC}
machine M {
  state { items: List<Option<Int>> = [], pair: (Int, String) = (0, "") }

  arrow both : () -> (Int, Int) = size &&& size
  arrow size : () -> Int = get >>> proc s { return -< List.length(s.items) }

  on Go(e: Either<Int, String>) -> Either<Int, Bool> {
    s <- get
    let empty = []
    let none = nothing()
    let (a, b) = swap(s.pair)
    let o = inl(pick(true, 1, 2))
    ignored <- fail -< "unused"
    both -< ()
    case e {
      Left(n) -> return -< o
      Right(t) -> {
        put -< { ...s, items: [Some(1), None] ++ s.items }
        return -< Right(t == a)
      }
    }
  }
}`);
  const objects = objectsIn(module);
  expect(objects.filter((found) => kindOf(found) === 'unknown')).toEqual([]);
  expect(objects.some((found) => kindOf(found) === 'sum')).toBe(true);
});

test('a use of what is generic says which types its parameters stand for', () => {
  const module = accepted(`${GENERIC}
machine M {
  on Go(p: (Int, String)) -> (String, Int) { thrice -< p }
  on Pick -> Option<Bool> { return -< pick(true, nothing(), Some(false)) }
}`);
  expect(typeArgumentsOf(module, 'thrice')).toEqual(['Int, String']);
  expect(typeArgumentsOf(module, 'pick')).toEqual(['Option<Bool>']);
  expect(typeArgumentsOf(module, 'nothing')).toEqual(['Bool']);
  expect(typeArgumentsOf(module, 'swap').sort()).toEqual(['a, b', 'a, b', 'b, a']);
});

test('what nothing determines is an Int', () => {
  const module = accepted(`fun nothing<a>() -> Option<a> = None
machine M {
  on Go -> Int { let n = nothing(); return -< 1 }
}`);
  expect(typeArgumentsOf(module, 'nothing')).toEqual(['Int']);
});

test('an arrow has the effects of all that it uses', () => {
  const module = accepted(`
arrow refuse : String -> Int = fail
machine M {
  state: Int = 0
  arrow pure : Int -> Int = id >>> id
  arrow reads : () -> Int = get
  arrow writes : Int -> () = proc n { m <- reads; put -< n + m }
  arrow all : Int -> Time = proc n { writes -< n; refuse -< "no"; now }
  on Go(n: Int) -> Time { pure >>> all -< n }
}`);
  const effects = new Map(
    objectsIn(module).flatMap((found) =>
      'effects' in found && 'name' in found ? [[found.name, found.effects]] : [],
    ) as [string, object][],
  );
  const none = { reads: false, writes: false, clock: false, fails: false };
  expect(effects.get('pure')).toEqual(none);
  expect(effects.get('reads')).toEqual({ ...none, reads: true });
  expect(effects.get('writes')).toEqual({ ...none, reads: true, writes: true });
  expect(effects.get('all')).toEqual({ reads: true, writes: true, clock: true, fails: true });
  expect(effects.get('refuse')).toEqual({ ...none, fails: true });
});

test('a record with changes evaluates its base first, once', () => {
  const module = accepted(`
fun origin(n: Int) -> { x: Int, y: Int } = { x: n, y: n }
machine M {
  on Go -> { x: Int, y: Int } { return -< { ...origin(1), x: 3 } }
  on Local(p: { x: Int, y: Int }) -> { x: String, y: Int } { return -< { ...p, x: "a" } }
}`);
  const [go, local] = module.machines[0].operations.map(({ body }) => body.commands[0]);
  if (go.kind !== 'feed' || local.kind !== 'feed') throw new Error('no feed');
  expect(go.argument.kind).toBe('let');
  expect(local.argument.kind).toBe('record');
  const bases = objectsIn(go).filter((found) => kindOf(found) === 'call');
  expect(bases.length).toBe(1);
});

test('fields are in the order in which they are declared, for printing', () => {
  const module = accepted(`
--| Counts.
machine Counter {
  state { total: Int = 0, name: String = "" }
  --| What there is.
  on Read -> { y: Int, x: Int } { return -< { x: 1, y: 2 } }
}`);
  expect(module.machines[0].fieldOrder).toEqual([
    ['total', 'name'],
    ['y', 'x'],
  ]);
  expect(module.machines[0].documentation).toEqual([
    { subject: 'Counter', text: 'Counts.' },
    { subject: 'Counter.Read', text: 'What there is.' },
  ]);
});

test('two declared types with the same name and definition are the same', () => {
  const status = 'type Inner = A | B(Int)\ntype Status = Open | Paid(by: Inner)\n';
  const { module, diagnostics } = checkSources(
    new Map([
      [
        'main.sm',
        `import "./v1.sm" as v1\n${status}
machine Cart { state: Status = Open }
fun same(s: v1.Status) -> Status = case s { v1.Paid(by: v1.B(n)) -> Paid(by: B(n)); Open -> v1.Open; other -> other }
upgrade v1.Cart -> Cart {}`,
      ],
      ['v1.sm', `${status}machine Cart { state: Status = Open }\n`],
    ]),
  );
  expect(diagnostics).toEqual([]);
  expect(module?.upgrades.length).toBe(1);
});

test('an upgrade has its clauses as functions, in which fail is an expression', () => {
  const { module, diagnostics } = checkSources(
    new Map([
      [
        'main.sm',
        `import "./v1.sm" as v1
machine Counter { state { count: Int = 0 } }
fun positive(n: Int) -> Bool = n > 0
upgrade v1.Counter -> Counter {
  state n -> { count: if positive(n) { n } else { fail("negative") } }
  back { count } -> count
}`,
      ],
      ['v1.sm', 'machine Counter { state: Int = 0 }\n'],
    ]),
  );
  expect(diagnostics).toEqual([]);
  const [upgrade] = module?.upgrades ?? [];
  expect(upgrade.migration?.pattern.kind).toBe('bind');
  expect(display(upgrade.back?.body.type ?? { kind: 'unit' })).toBe('Int');
  expect(display(upgrade.old.state)).toBe('Int');
});

test('a file that is imported twice is one', () => {
  const { diagnostics } = checkSources(
    new Map([
      ['main.sm', 'import "./a.sm" as a\nimport "./b.sm" as b\nfun f() -> a.T = b.make()\n'],
      ['a.sm', 'type T = X | Y\n'],
      ['b.sm', 'import "./a.sm" as c\nfun make() -> c.T = c.X\n'],
    ]),
  );
  expect(diagnostics).toEqual([]);
});

test('what a file imports is not handed on', () => {
  const { diagnostics } = checkSources(
    new Map([
      ['main.sm', 'import "./b.sm" as b\nfun f(x: b.T) -> Int = b.f()\n'],
      ['b.sm', 'import "./a.sm" as a\nfun g(x: a.T) -> Int = a.f()\n'],
      ['a.sm', 'type T = X | Y\nfun f() -> Int = 1\n'],
    ]),
  );
  expect(diagnostics.map(({ code }) => code)).toEqual(['E0203', 'E0201']);
});
