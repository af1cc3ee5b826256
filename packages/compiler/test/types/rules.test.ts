import { expect, test } from 'vitest';
import { places } from './check-sources.ts';

/* Rules of the language, each with a program that keeps it and one that does not. */

const on = (body: string, before = ''): string =>
  `${before}machine M {\n  state { n: Int = 0 }\n  on Go(x: Int, s: String) -> Int {\n${body}\n  }\n}\n`;

const double = 'fun double(n: Int) -> Int = n + n\n';
const clamp = 'fun clamp(lo: Int, hi: Int, n: Int) -> Int = if n < lo { lo } else { n }\n';

const kept: Record<string, string> = {
  'several arguments, a tuple, or a tuple that is fed': on(
    'let p = (1, 2, 3)\nlet a = clamp(1, 2, 3) + clamp((1, 2, 3)) + clamp(p)\nclamp -< p\nclamp -< (1, 2, 3)',
    clamp,
  ),
  'no argument is unit': 'fun one() -> Int = 1\nfun two() -> Int = one() + one(())\n',
  'an arrow alone is fed unit': on('s <- get\nreturn -< s.n'),
  'declarations in any order': `fun a() -> Int = b()\nfun b() -> Int = double(1)\n${double}`,
  'a pure arrow in an expression': on(
    'return -< twice(x)',
    `${double}arrow twice : Int -> Int = double >>> double\n`,
  ),
  'pure primitives in an expression': on('return -< fst((id(1), s)) + return(2)'),
  'a local shadows': on('let x = s\nlet y = let x = 1 in x\nreturn -< y'),
  'a local is no arrow': on('let double = 1\ndouble -< double', double),
  'equality of all types': 'fun same<a>(x: List<(a, Option<a>)>, y: List<(a, Option<a>)>) -> Bool = x == y\n',
  'order of Int, String and Time': 'fun f(a: Time, b: Time) -> Bool = a < b && "a" <= "b" && 1 > 0\n',
  'joining strings and lists': 'fun f() -> List<String> = ["a" ++ "b"] ++ []\n',
  'an output that nobody names': on('get\nfst -< (1, 2)'),
  'a missing else gives unit': on('if x > 0 { put -< { n: 1 } }\nreturn -< 1'),
  'else if': on('if x > 0 { return -< 1 } else if x < 0 { return -< 2 } else { return -< 3 }'),
  'fail has every type': on('if x > 0 { return -< 1 } else { fail -< s }'),
  'an empty block': 'machine M {\n  on Nothing {}\n}\n',
  'a constructor that is named as its type': 'type Eur = Eur\nfun f() -> Eur = Eur\n',
  'no state': 'machine M {\n  on Read -> Int { return -< 1 }\n}\n',
  'named arguments in any order':
    'type S = Box(width: Int, height: Int)\nfun f() -> S = Box(height: 1, width: 2)\nfun g(s: S) -> Int = case s { Box(height: h) -> h }\n',
  'positional for named':
    'type S = Box(width: Int, height: Int)\nfun g(s: S) -> Int = case s { Box(w, _) -> w }\n',
  'all arguments of a pattern left out':
    'type S = Box(width: Int, height: Int) | Dot\nfun g(s: S) -> Int = case s { Box -> 1; Dot -> 0 }\nfun h(s: S) -> Int = case s { Box() -> 1; Dot -> 0 }\n',
  'a key that nothing determines':
    'fun a() -> Int = Map.size(Map {})\nfun b() -> Bool = Set {} == Set {} && Map.fromList([]) == Map {}\nfun c() -> Int = let m = Map {} in List.length(List.sortBy([], x -> x))\n',
  'a tuple in a constructor':
    'type P = At((Int, Int))\nfun f() -> P = At((1, 2))\nfun g(p: P) -> Int = case p { At((x, _)) -> x }\n',
  'a name for a type':
    'type Account = { owner: String, balance: Int }\nfun f(a: Account) -> { balance: Int, owner: String } = a\n',
  'one constructor': 'type Marker = Mark\nfun f() -> Marker = Mark\n',
  'constants in the state': `${double}machine M {\n  state { n: Int = double(2), l: List<Int> = List.range(0, 3) }\n}\n`,
  'left side first': on('(id &&& id) >>> fst -< x'),
  'arrows on sides':
    'arrow f : Either<Int, (Int, Int)> -> Either<Int, Int> = left id >>> right fst\narrow g : (Int, Int) -> (Int, Int) = first id >>> second id\n',
  'a field of what flows in': on('(get >>> proc s { return -< s.n }) -< ()'),
  'a type that is declared for a local': on('let y: Option<Int> = None\nreturn -< x'),
  'types of arguments that come later': on('let o = if x > 0 { None } else { Some(x) }\nreturn -< x'),
  'a test':
    'machine M {\n  on Go -> Int { return -< 1 }\n}\n\ntest "it goes" for M {\n  Go => 1\n  state => ()\n}\n',
};

test.each(Object.entries(kept))('%s', (_rule, text) => {
  expect(places(text)).toEqual([]);
});

const broken: Record<string, readonly [string, ...string[]]> = {
  'a local is not visible in a proc': [on('(proc y { return -< x }) -< 1'), 'E0211 4:21'],
  'locals of one branch only': [on('if x > 0 { let y = 1; return -< y } else { return -< y }'), 'E0201 4:54'],
  'fst takes a pair': [on('return -< fst((1, 2, 3))'), 'E0220 4:15'],
  'an arrow of one machine in another': [
    'machine A {\n  arrow a : Int -> Int = id\n}\nmachine B {\n  arrow b : Int -> Int = a\n}\n',
    'E0201 5:26',
  ],
  'a constructor without its alias': ['type T = A\nfun f(t: T) -> Int = case t { t.A -> 1 }\n', 'E0208 2:31'],
  'several mistakes at once': [
    on('let a = unknown\nlet b = x + s\nlet c = List.length(4)\nreturn -< a + b + c'),
    'E0201 4:9',
    'E0220 5:13',
    'E0220 6:21',
  ],
  'a mistake is said once': [
    on(
      'let a = unknown\nlet b = a.field\nlet (c, d) = b\ncase c { Some(n) -> return -< n + d; None -> return -< a }',
    ),
    'E0201 4:9',
  ],
  'a refused type is said once': [
    'type T = A(Wrong)\nfun f(t: T) -> T = case t { A(x) -> A(x + 1) }\nmachine M {\n  state: T = A(1)\n  on Go -> T { get }\n}\n',
    'E0203 1:12',
  ],
  'the initial value of a state is pure': ['machine M {\n  state: Int = get()\n}\n', 'E0260 2:16'],
  'a refused import is said once': [
    'import "./none.sm" as none\nfun f(t: none.T) -> Int = none.f(t, none.A)\nupgrade none.M -> M {}\nmachine M {}\n',
    'E0280 1:8',
  ],
  'a clause twice': [
    'machine M {\n  state: Int = 0\n}\nupgrade M -> M {\n  state n -> n\n  state n -> n\n}\n',
    'E0290 4:1',
    'E0406 6:3',
  ],
  'a refused name is said once': [
    'machine M {\n  on A(N: Int, send: Int) -> Int { return -< N + send }\n}\n',
    'E0123 2:8',
    'E0122 2:16',
  ],
  'an assignment of another language is said once': [on('y := 3\nreturn -< y'), 'E0114 4:3'],
  'what compares is a Bool, however it is written': [
    'fun a(n: Int) -> Bool = n = 3\nfun b(n: Int) -> Bool = n <-1\nfun c(n: Int) -> Bool = 1 < n < 3\n',
    'E0148 1:27',
    'E0145 2:27',
    'E0130 3:31',
  ],
  'a signature is kept where its body is wrong': [
    'fun f(n: Int) -> Int { n + 1 }\nfun g() -> Int = f(1) + f("")\narrow h :\nfun i() -> Int = h(1)\n',
    'E0128 1:22',
    'E0120 3:10',
    'E0220 2:27',
  ],
  'of a machine that can not be read whole, no operation is missing': [
    'machine M {\n  no A {}\n  on B {}\n}\ntest "a" for M {\n  A => ()\n  B => 1\n}\n',
    'E0120 2:3',
    'E0220 7:8',
  ],
  'a block that is not opened is said once': [
    'machine M {\n  on A -> Int\n    return -< 1\n  }\n  on B {}\n}\ntest "a" for M {\n  A => 1\n  B => ()\n}\n',
    'E0110 2:14',
  ],
  'fail in a function': ['fun f() -> Int = fail("no")\n', 'E0265 1:18'],
  'a pattern of a clause must match': [
    'machine M {\n  state: Option<Int> = None\n}\nupgrade M -> M {\n  state Some(n) -> Some(n)\n}\n',
    'E0290 4:1',
    'E0242 5:9',
  ],
  'an order of booleans in a generic': ['fun less<a>(x: a, y: a) -> Bool = x < y\n', 'E0224 1:35'],
};

test.each(Object.entries(broken))('%s', (_rule, [text, ...expected]) => {
  expect(places(text)).toEqual(expected);
});
