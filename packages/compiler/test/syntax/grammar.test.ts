import { describe, expect, test } from 'vitest';
import {
  readArrow,
  readCommands,
  readExpression,
  readFaults,
  readMember,
  readModule,
  readPattern,
  readType,
} from './read.ts';

describe('expressions', () => {
  test.each([
    ['a || b && c == d ++ e + f * -g', '(|| a (&& b (== c (++ d (+ e (* f (- g)))))))'],
    ['a * b + c ++ d', '(++ (+ (* a b) c) d)'],
    ['a - b - c', '(- (- a b) c)'],
    ['a ++ b ++ c', '(++ (++ a b) c)'],
    ['a / b % c', '(% (/ a b) c)'],
    ['-a.b', '(- (. a b))'],
    ['!a && !f(b)', '(&& (! a) (! (call f b)))'],
    ['- - 1', '(- (- 1))'],
    ['(a + b) * c', '(* (+ a b) c)'],
    ['a < b && b < c', '(&& (< a b) (< b c))'],
    ['f(a, b)', '(call f a b)'],
    ['f()', '(call f)'],
    ['f((a, b),)', '(call f (tuple a b))'],
    ['m.f(a)', '(call m.f a)'],
    ['m.f(a).x', '(. (call m.f a) x)'],
    ['r.x.y', '(. (. r x) y)'],
    ['List.map(xs, x -> x + 1)', '(call List.map xs (fn x (+ x 1)))'],
    ['List.map(xs, List.length)', '(call List.map xs List.length)'],
    ['Map.fold(m, z, (_, { k }, [v]) -> v)', '(call Map.fold m z (fn (tuple _ {k:k} (list v)) v))'],
    ['f(Id(x) -> x)', '(call f (fn (Id x) x))'],
    ['f(_ -> 1)', '(call f (fn _ 1))'],
    ['None', 'None'],
    ['Some(a)', '(Some a)'],
    ['Paid(at: t, by: u,)', '(Paid at:t by:u)'],
    ['p.Paid(at: t)', '(p.Paid at:t)'],
    ['p.Open', 'p.Open'],
    ['(a, b, c,)', '(tuple a b c)'],
    ['{ x: 1, y: { z: 2 }, }', '{x:1 y:{z:2}}'],
    ['{ ...r, x: 3 }', '{...r x:3}'],
    ['{ ...r.s }', '{...(. r s)}'],
    ['[]', '(list)'],
    ['[1, 2,]', '(list 1 2)'],
    ['Map {}', '(map)'],
    ['Map { "a": 1, (1, 2): 3 }', '(map "a":1 (tuple 1 2):3)'],
    ['Set { 1, 2 }', '(set 1 2)'],
    ['Map.get(Map { 1: 2 }, 1)', '(call Map.get (map 1:2) 1)'],
    ['if a { b } else if c { d } else { e } + 1', '(+ (if a b (if c d e)) 1)'],
    ['case (a, b) { (A, _) -> { x: 1 }; _ -> y }', '(case (tuple a b) ((tuple A _) {x:1}) (_ y))'],
    ['case s.x { A -> case y { B -> 1 }; C -> 2 }', '(case (. s x) (A (case y (B 1))) (C 2))'],
    ['if (r == { x: 1 }) { 1 } else { 2 }', '(if (== r {x:1}) 1 2)'],
    ['if f({ x: 1 }) { 1 } else { 2 }', '(if (call f {x:1}) 1 2)'],
    ['if a == None { 1 } else { 2 }', '(if (== a None) 1 2)'],
    ['let p = 1 in let (q, r) = p in q + r', '(let p 1 (let (tuple q r) p (+ q r)))'],
    ['let p: List<Int> = [] in p', '(let p:(List Int) (list) p)'],
    ['1 + let x = 2 in x * 3', '(+ 1 (let x 2 (* x 3)))'],
    ['fail("why")', '(call fail "why")'],
  ])('%s', (text, shown) => expect(readExpression(text)).toBe(shown));

  const at = 'fun f() -> T = '.length;
  test.each([
    ['a < b < c', 'E0130', 6],
    ['a == b != c', 'E0130', 7],
    ['x -> x', 'E0131', 2],
    ['case { x: 1 } { _ -> 2 }', 'E0132', 5],
    ['if Map { 1: 2 } == m { 1 } else { 2 }', 'E0132', 3],
    ['(f)(x)', 'E0133', 0],
    ['a.b.f(x)', 'E0133', 0],
    ['{ x = 1 }', 'E0134', 4],
    ['{ x, y: 1 }', 'E0134', 2],
    ['{ "x": 1 }', 'E0134', 2],
    ['Ctor(x = 1)', 'E0134', 7],
    ['if a { 1 }', 'E0135', 0],
    ['if a { 1 } elif b { 2 } else { 3 }', 'E0136', 11],
    ['let x = 1', 'E0137', 9],
    ['Status.Paid', 'E0138', 0],
    ['x -< y', 'E0147', 2],
    ['if a = b { 1 } else { 2 }', 'E0148', 5],
    ['f(a b)', 'E0121', 4],
    ['a b', 'E0120', 2],
    ['a +', 'E0120', 3],
    ['send(x)', 'E0190', 0],
  ])('%s is refused', (text, code, offset) =>
    expect(readFaults(`fun f() -> T = ${text}`)).toEqual([`${code} ${at + offset}`]),
  );
});

describe('patterns', () => {
  test.each([
    ['_', '_'],
    ['x', 'x'],
    ['7', '7'],
    ['-7', '-7'],
    ['-0', '0'],
    ['"a"', '"a"'],
    ['true', 'true'],
    ['()', '()'],
    ['@5', '@5'],
    ['0x"00"', '0x00'],
    ['None', 'None'],
    ['Some(Some(x))', '(Some (Some x))'],
    ['p.Paid(at: t, by: _)', '(p.Paid at:t by:_)'],
    ['(p, (q, r))', '(tuple p (tuple q r))'],
    ['(p)', 'p'],
    ['{ x, y: Some(z) }', '{x:x y:(Some z)}'],
    ['[]', '(list)'],
    ['[p, q]', '(list p q)'],
    ['[p, ...rest]', '(list p ...rest)'],
    ['[...rest]', '(list ...rest)'],
    ['[p, ..._,]', '(list p ..._)'],
  ])('%s', (text, shown) => expect(readPattern(text)).toBe(shown));
});

describe('types', () => {
  test.each([
    ['()', '()'],
    ['a', "'a"],
    ['(Int)', 'Int'],
    ['(Int, String)', '(tuple Int String)'],
    ['Map<String, List<Option<a>>>', "(Map String (List (Option 'a)))"],
    ['p.Pair<Int, b>', "(p.Pair Int 'b)"],
    ['{ x: Int, y: { z: Bool } }', '{x:Int y:{z:Bool}}'],
    ['A -> B -> C', '(-> A (-> B C))'],
    ['(A -> B) -> C', '(-> (-> A B) C)'],
  ])('%s', (text, shown) => expect(readType(text)).toBe(shown));
});

describe('arrows', () => {
  test.each([
    ['f', 'f'],
    ['List.length', 'List.length'],
    ['v1.area', 'v1.area'],
    ['f >>> g >>> h', '(>>> f (>>> g h))'],
    ['f <<< g >>> h', '(<<< f (>>> g h))'],
    ['f >>> g ||| h &&& i', '(>>> f (||| g (&&& h i)))'],
    ['f &&& g *** h ||| i +++ j >>> k', '(>>> (||| (&&& f (*** g h)) (+++ i j)) k)'],
    ['(f >>> g) &&& h', '(&&& (>>> f g) h)'],
    ['first f >>> second (g >>> h)', '(>>> (first f) (second (>>> g h)))'],
    ['left List.length', '(left List.length)'],
    ['right >>> first', '(>>> right first)'],
    ['proc (x, y) { return -< (y, x) }', '(proc (tuple x y) {(-< return (tuple y x))})'],
    ['f\n>>> g >>>\nh', '(>>> f (>>> g h))'],
    ['get &&& proc () { put -< 1 }', '(&&& get (proc () {(-< put 1)}))'],
  ])('%s', (text, shown) => expect(readArrow(text)).toBe(shown));

  test.each([
    ['f > > > g', 'E0150 21'],
    ['first proc x { f }', 'E0150 25'],
  ])('%s is refused', (text, fault) => expect(readFaults(`arrow f : A -> B = ${text}`)).toEqual([fault]));
});

describe('commands', () => {
  test.each([
    ['get', '{get}'],
    ['enter -< x', '{(-< enter x)}'],
    ['(n, down) <- get -< ()\nf', '{(<- (tuple n down) (-< get ())); f}'],
    ['second not >>> put -< s', '{(-< (>>> (second not) put) s)}'],
    ['first -< x', '{(-< first x)}'],
    ['put -< (if down { n - 1 } else { n + 1 }, down)', '{(-< put (tuple (if down (- n 1) (+ n 1)) down))}'],
    ['return -< case s { A -> { x: 1 } }', '{(-< return (case s (A {x:1})))}'],
    ['case s { A -> { f; g }; B -> h -< { x: 1 } }', '{(case s (A {f; g}) (B {(-< h {x:1})}))}'],
    ['case s { A -> {}; B -> { } }', '{(case s (A {}) (B {}))}'],
    ['x <- if a { f } else { g }\nh', '{(<- x (if a {f} {g})); h}'],
    ['x <- case a { A -> f }\nh', '{(<- x (case a (A {f}))); h}'],
    ['if a { f }', '{(if a {f})}'],
    ['if a { f } else if b { g } else { h }', '{(if a {f} {(if b {g} {h})})}'],
    ['if a { f } else if b { g }', '{(if a {f} {(if b {g})})}'],
    ['let x: Int = 1\nf', '{(let x:Int 1); f}'],
    ['let (x, _) = let y = 1 in (y, y)\nf', '{(let (tuple x _) (let y 1 (tuple y y))); f}'],
    ['{ x, y: Some(z) } <- f\ng', '{(<- {x:x y:(Some z)} f); g}'],
    ['[a] <- f\ng', '{(<- (list a) f); g}'],
    ['Id(a) <- f\ng', '{(<- (Id a) f); g}'],
    ['_ <- proc x { y <- f; g } -< 1\nh', '{(<- _ (-< (proc x {(<- y f); g}) 1)); h}'],
    ['(f >>> g)', '{(>>> f g)}'],
    ['f >>> g', '{(>>> f g)}'],
    ['List.length -< xs', '{(-< List.length xs)}'],
    ['', '{}'],
  ])('%s', (text, shown) => expect(readCommands(text)).toBe(shown));

  const start = 'machine M {\non A {\n';
  test.each([
    ['return x', 'E0141', 7],
    ['put(x)', 'E0141', 3],
    ['return -> x', 'E0142', 7],
    ['x = 3\nf', 'E0143', 2],
    ['x = f -< 3\nf', 'E0143', 2],
    ['let x <- f\nf', 'E0143', 6],
    ['3', 'E0140', 0],
    ['Ok(())', 'E0140', 0],
    ['s.count + 1', 'E0140', 0],
    ['(a, b)', 'E0140', 0],
    ['let x = 3', 'E0144', 0],
    ['x <- f', 'E0144', 0],
    ['case a { A -> x <- f }', 'E0144', 14],
    ['x <- y <- f\ng', 'E0146', 5],
    ['elif x { f }', 'E0136', 0],
    ['if x { f } elif y { g }', 'E0136', 11],
    ['send x -< y', 'E0190', 0],
    ['x <- after 3 -< y\nf', 'E0190', 5],
    ['f -< g -< x', 'E0147', 7],
    ['if x f', 'E0120', 5],
  ])('%s is refused', (text, code, offset) => {
    expect(readFaults(`${start}${text}\n}\n}`)).toEqual([`${code} ${start.length + offset}`]);
  });
});

describe('declarations', () => {
  test.each([
    ['import "./a.sm" as a', '(import "./a.sm" a)'],
    ['import deployed as old', '(import deployed old)'],
    ['type Id = Int', '(type Id Int)'],
    ['type Pair<a, b> = { left: a, right: b = 1 }', "(type Pair<a b> {left:'a right:'b=1})"],
    [
      'type A = B | C(Int) | D(x: Int, y: Int = 1) | E((Int, Int)) | F()',
      '(type A B (C Int) (D x:Int y:Int=1) (E (tuple Int Int)) F)',
    ],
    ['type A\n  = B\n  | C', '(type A B C)'],
    ['type A = | B', '(type A B)'],
    ['type A = B(Int)', '(type A (B Int))'],
    ['type A = p.B', '(type A p.B)'],
    ['fun f() -> Int = 1', '(fun f -> Int 1)'],
    ['fun f<a>(g: a -> a, x: a = 1,) -> a = g(x)', "(fun f<a> g:(-> 'a 'a) x:'a=1 -> 'a (call g x))"],
    ['arrow f<a> : a -> (a, a) = id &&& id', "(arrow f<a> 'a (tuple 'a 'a) (&&& id id))"],
    ['arrow f : A -> B -> C = g', '(arrow f A (-> B C) g)'],
    ['machine M {}', '(machine M)'],
    ['machine M(id: String) { state: Int = 0 }', '(machine M key id:String (state Int 0))'],
    ['test "a" for M {}', '(test "a" M)'],
    [
      'test "a" for o.M("k") { now = @5; A => 1; B(x: 1) => fault; B(2) => fault.x; state => { x: 1 } }',
      '(test "a" o.M "k" (now @5) (=> (A) 1) (=> (B x:1) FAULT) (=> (B 2) (. fault x)) (state {x:1}))',
    ],
    ['upgrade old.M -> M {}', '(upgrade old.M M)'],
  ])('%s', (text, shown) => expect(readModule(text)).toEqual([shown]));

  test.each([
    ['state { a: Int = 0, b: Bool = false, }', '(state a:Int=0 b:Bool=false)'],
    ['on A { f }', '(on A {f})'],
    ['on A(x: Int, y: Int = 2) -> (Int, Int) { f }', '(on A x:Int y:Int=2 -> (tuple Int Int) {f})'],
    ['on A -> { x: Int } { f }', '(on A -> {x:Int} {f})'],
    ['invariant (a, _) -> a > 0', '(invariant (tuple a _) (> a 0))'],
    ['type A = B', '(type A B)'],
    ['fun f() -> T = 1', '(fun f -> T 1)'],
  ])('member %s', (text, shown) => expect(readMember(text)).toBe(shown));

  test.each([
    ['state old -> { x: old }', '(forward state old {x:old})'],
    ['back new -> new', '(back state new new)'],
    ['back (n, _) -> n', '(back state (tuple n _) n)'],
    ['back { x } -> x', '(back state {x:x} x)'],
    ['back state n -> n', '(back state n n)'],
    ['state.price old -> 1', '(forward state.price old 1)'],
    ['state.a.b old -> 1', '(forward state.a.b old 1)'],
    ['Item old -> old', '(forward Item old old)'],
    ['v1.Item old -> old', '(forward v1.Item old old)'],
    ['back Status new -> case new { A -> fail("no") }', '(back Status new (case new (A (call fail "no"))))'],
    ['back Pair (a, b) -> a', '(back Pair (tuple a b) a)'],
    ['back Id(n) -> n', '(back state (Id n) n)'],
    ['on A -> B', '(forward (A) (B))'],
    ['on A() -> A(by: 1)', '(forward (A) (A by:1))'],
    ['on A(p, _) -> B(p, 1) reply r -> r.sum', '(forward (A p _) (B p 1) (reply r (. r sum)))'],
    ['back on B(p) -> A() reply _ -> ()', '(back (B p) (A) (reply _ ()))'],
    ['rename count -> total', '(rename count total)'],
    ['rename Status.Paid -> Settled', '(rename Status.Paid Settled)'],
    ['drop note', '(drop note)'],
    ['drop Item.price', '(drop Item.price)'],
    ['drop drop', '(drop drop)'],
    ['rename rename -> back', '(rename rename back)'],
  ])('clause %s', (text, shown) => {
    expect(readModule(`upgrade old.M -> M {\n${text}\n}`)).toEqual([`(upgrade old.M M ${shown})`]);
  });
});
