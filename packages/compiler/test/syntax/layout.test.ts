import { describe, expect, test } from 'vitest';
import {
  outline,
  readCommands,
  readExpression,
  readFaults,
  readMember,
  readModule,
  readType,
} from './read.ts';

describe('statements', () => {
  test('end at a line end or a `;`', () => {
    expect(readCommands('a -< 1\nb; c ;; d\n\n;e')).toBe('{(-< a 1); b; c; d; e}');
  });

  test.each([
    ...['+', '- ', '*', '/', '%', '++', '==', '!=', '<', '<=', '>', '>=', '&&', '||'].flatMap(
      (op): [string, string][] => [
        [`1\n${op} 2`, `(${op.trim()} 1 2)`],
        [`1 ${op}\n2`, `(${op.trim()} 1 2)`],
      ],
    ),
    ['a\n.b\n.c', '(. (. a b) c)'],
    ['let x = 1\nin x', '(let x 1 x)'],
    ['let x\n= 1 in\nx', '(let x 1 x)'],
    ['if a { 1 }\nelse { 2 }', '(if a 1 2)'],
    ['if a {\n1\n}\nelse if b {\n2\n} else {\n3\n}', '(if a 1 (if b 2 3))'],
    ['case a {\nA ->\n1\nB -> 2; C -> 3\n}', '(case a (A 1) (B 2) (C 3))'],
  ])('go on: %j', (text, shown) => expect(readExpression(text)).toBe(shown));

  test('a line that starts with `-` and no space is a new one', () => {
    expect(readCommands('a -< b\n- c')).toBe('{(-< a (- b c))}');
    expect(readFaults('machine M {\non A {\na -< b\n-c\n}\n}')).toEqual(['E0140 26']);
  });

  test('`-` at the end of a line goes on', () =>
    expect(readCommands('a -< b -\nc')).toBe('{(-< a (- b c))}'));

  test('the `(` of a call stands on the line of its callee', () => {
    expect(readCommands('a <- f\n(b, c) <- g\nh')).toBe('{(<- a f); (<- (tuple b c) g); h}');
    expect(readExpression('[f\n, (a)]')).toBe('(list f a)');
    expect(readFaults('fun f() -> T = [g\n(a)]')).toEqual(['E0121 18']);
    expect(readExpression('f (a)')).toBe('(call f a)');
  });

  test('`->`, `-<`, `<-`, `{` and the like do not continue a line', () => {
    expect(readFaults('fun f()\n-> T = 1')).toEqual(['E0126 8']);
    expect(readFaults('machine M\n{\n}')).toEqual(['E0126 10']);
    expect(readFaults('machine M {\non A {\nf\n-< 1\n}\n}')[0]).toMatch(/ 21$/);
    expect(readFaults('test "a" for M {\nA =>\n1\n}')[0]).toMatch(/^E0120 21$/);
  });

  test('a `,` at the end of a line goes on', () =>
    expect(readModule('type A = Map<Int,\nList<\nInt>>\ntype B = C')).toHaveLength(2));

  test('the head of a block goes on as all else does', () => {
    expect(readFaults('upgrade o.M ->\nM {\ndrop C\n}')).toEqual([]);
    expect(readFaults('machine M {\non A -> Map<\nInt, Int> {\nf\n}\n}')).toEqual([]);
    expect(readFaults('upgrade o.M -> M\ndrop C\n}')).toEqual(['E0110 16']);
  });

  test('a `>` that closes type arguments ends no operator', () => {
    expect(readModule('type A = List<Int>\ntype B = Option<List<Option<Int>>>\ntype C = D')).toHaveLength(3);
    expect(readMember('state: List<Int> = []\non A -> Option<List<Int>> { get }')).toContain('on A');
    expect(readModule('fun f(a: Int) -> Bool = a >\n1\nfun g() -> T = 1')).toHaveLength(2);
  });

  test('a declaration is one whatever the line before it ends in', () => {
    expect(readFaults('fun f() -> T =\nfun g() -> T = 1')).toEqual(['E0120 14']);
    expect(outline('fun f() -> T =\nfun g() -> T = 1')).toEqual(['fun f', 'fun g']);
  });
});

describe('a bracket that was forgotten', () => {
  test('ends with its line', () => {
    expect(readFaults('fun f() -> T = g(1\nfun h() -> T = 2')).toEqual(['E0110 18']);
    expect(outline('machine M {\non A {\na -< (1\nb\n}\n}')).toEqual(['machine M { on A }']);
    expect(readFaults('machine M {\non A {\na -< (1\nb\n}\n}')).toEqual(['E0110 26']);
  });

  test('does not end with a line that is continued', () => {
    expect(readFaults('machine M {\non A {\na -< (1\n+ 2\nb\n}\n}')).toEqual(['E0110 30']);
    expect(readFaults('machine M {\non A {\na -< (1 +\n2\nb\n}\n}')).toEqual(['E0110 30']);
  });

  test('`{` is put in where the next line can only be in the block', () => {
    expect(readFaults('machine M\non A {\na\n}\n}')).toEqual(['E0110 9']);
    expect(readFaults('machine M {\non A\nb\n}\n}')).toEqual(['E0110 16']);
    expect(readFaults('machine M {\non A -> {x:\nInt}\nb\n}\n}')[0]).toMatch(/^E01/);
    expect(readFaults('machine M {\non A\non B {\n}\n}')).toEqual(['E0120 16']);
    expect(readFaults('test "a" for M\nA => 1\n}')).toEqual(['E0110 14']);
    expect(readFaults('upgrade o.M -> M {\non A(p) -> B(p)\ndrop C\n}')).toEqual([]);
  });
});

describe('line ends do not count', () => {
  test.each([
    ['(\n1\n,\n2\n)', '(tuple 1 2)'],
    ['f(\n1\n-2,\n)', '(call f (- 1 2))'],
    ['[\n1,\n2,\n]', '(list 1 2)'],
    ['{\nx\n:\n1\n,\ny: 2\n}', '{x:1 y:2}'],
    ['{\n...r,\nx: 1 }', '{...r x:1}'],
    ['Map {\n1\n:\n2,\n}', '(map 1:2)'],
    ['Set {\n1,\n2\n}', '(set 1 2)'],
    ['(if a {\n1\n} else {\n2\n})', '(if a 1 2)'],
  ])('in %j', (text, shown) => expect(readExpression(text)).toBe(shown));

  test('in types and patterns', () => {
    expect(readType('{\na\n: Int,\nb: (Int\n, Int)\n}')).toBe('{a:Int b:(tuple Int Int)}');
    expect(readCommands('{ x\n, y\n} <- f\ng')).toBe('{(<- {x:x y:y} f); g}');
  });

  test('but in a block within them they do', () => {
    expect(readExpression('f(case a {\nA -> 1\nB -> 2\n},\n3)')).toBe('(call f (case a (A 1) (B 2)) 3)');
  });
});

test('the longest token wins', () => {
  expect(readCommands('n <-f\ng')).toBe('{(<- n f); g}');
  expect(readFaults('fun f(n: Int) -> Bool = n <-1')).toEqual(['E0145 26']);
  expect(readExpression('n < -1')).toBe('(< n (- 1))');
});

describe('brackets that are not closed', () => {
  test('a block, where a member can not stand', () => {
    const text = 'machine M {\n  on A {\n    get\n  on B { get }\n}\nfun f() -> T = 1';
    expect(readFaults(text)).toEqual(['E0110 31']);
    expect(outline(text)).toEqual(['machine M { on A, on B }', 'fun f']);
  });

  test('a machine, where a machine can not stand', () => {
    const text = 'machine M {\n  on A { get }\nmachine N {\n  on B { get }\n}';
    expect(readFaults(text)).toEqual(['E0110 27']);
    expect(outline(text)).toEqual(['machine M { on A }', 'machine N { on B }']);
  });

  test('blocks at the end of the file, in one message', () => {
    expect(readFaults('machine M {\n  on A {\n    get\n')).toEqual(['E0110 29']);
  });

  test('round and square ones end with their line', () => {
    const text = 'machine M {\n  on A {\n    put -< f(1, [2)\n    let x = g(3\n    put -< x\n  }\n}';
    expect(readFaults(text)).toEqual(['E0110 39', 'E0110 56']);
    expect(outline(text)).toEqual(['machine M { on A }']);
  });

  test('that of parameters, before the `{` of the block', () => {
    expect(readFaults('machine M {\n  on A(a: List<Set<Int>> { a }\n}')).toEqual(['E0110 36']);
    expect(readFaults('machine M {\n  on A(a: B = b > {c: 1}) { a }\n}')).toEqual([]);
    expect(readFaults('machine M {\n  on A(a: List<B> = b > {c: 1}) { a }\n}')).toEqual([]);
  });

  test('one in several lines ends where it is not continued', () => {
    expect(readFaults('fun f() -> T = g(\n  1,\n  2\nfun h() -> T = 1')).toEqual(['E0110 26']);
  });

  test('closing ones that close nothing are left out', () => {
    const text = 'fun f() -> T = 1)\n}\ntype A = B ]';
    expect(readFaults(text)).toEqual(['E0111 16', 'E0111 18', 'E0111 31']);
    expect(outline(text)).toEqual(['fun f', 'type A']);
  });

  test('what looks like a declaration is left alone where it can stand', () => {
    expect(
      readModule('machine Map {\non Set { f }\nstate: Int = 0\n}\ntest "a" for Map {\nstate => 0\n}'),
    ).toHaveLength(2);
    expect(readModule('upgrade o.Map -> Map {\non Set -> Set\nstate a -> a\n}')).toHaveLength(1);
  });
});
