import { describe, expect, it } from 'vitest';
import { complaints, core, run } from '../compiled.ts';

/** A machine with one operation and whatever stands before it. */
const go = (signature: string, body: string, before = ''): string =>
  `${before}\nmachine M {\n  state: Int = 0\n  on Go${signature} {\n${body}\n  }\n}`;

const expression = (signature: string, body: string, before = ''): string =>
  go(signature, `return -< ${body}`, before);

describe('expressions', () => {
  it.each([
    ['(a: Int, b: Int) -> Int', 'a - b * 2', 'Go(7, 2)', '3'],
    ['(a: Int, b: Int) -> (Int, Int)', '(a / b, a % b)', 'Go(-7, 2)', '(-3, -1)'],
    ['(a: Int) -> Int', '-a', 'Go(0)', '0'],
    ['(a: Bool, b: Bool) -> Bool', 'a && b || !a', 'Go(true, false)', 'false'],
    ['(a: Int) -> Bool', 'a != 3 && a >= 2 && a < 9', 'Go(3)', 'false'],
    ['(a: String) -> String', '"<" ++ a ++ ">"', 'Go("x")', '"<x>"'],
    ['(a: List<Int>) -> List<Int>', 'a ++ [1] ++ []', 'Go([7])', '[7, 1]'],
    ['(a: Int) -> Int', 'if a < 0 { -a } else { if a > 9 { 9 } else { a } }', 'Go(12)', '9'],
    ['(a: Int) -> Int', 'let (x, y) = (a, a + 1) in x * y', 'Go(4)', '20'],
    ['(a: Int) -> Int', 'let r = { x: a, y: { z: 5 } } in r.y.z + r.x', 'Go(4)', '9'],
    [
      '(r: { x: Int, y: Int }) -> { x: Int, y: Int }',
      '{ ...r, y: r.x }',
      'Go({ x: 1, y: 2 })',
      '{ x: 1, y: 1 }',
    ],
    ['(a: Int) -> Int', 'List.length(List.range(0, a))', 'Go(4)', '4'],
    ['(a: Int) -> Int', 'String.length(Int.toString(a))', 'Go(-40)', '3'],
  ])('%s %s', (signature, body, input, reply) => {
    expect(run(expression(signature, body), input)[0]).toBe(reply);
  });

  it('do not evaluate what is not needed', () => {
    const text = expression('(a: Int) -> Bool', 'a == 0 || 10 / a > 1');
    expect(run(text, 'Go(0)', 'Go(4)', 'Go(20)')).toEqual(['true', 'true', 'false', '0']);
  });

  it('evaluate the fields of a record as they are written', () => {
    const written = (fields: string): string => expression('(a: Int) -> { a: Int, b: Int }', `{ ${fields} }`);
    const [division, overflow] = ['1 / a', '9007199254740991 + 1 + a'];
    expect(run(written(`b: ${division}, a: ${overflow}`), 'Go(0)')[0]).toBe('fault: division by zero');
    expect(run(written(`a: ${overflow}, b: ${division}`), 'Go(0)')[0]).toBe('fault: integer overflow');
    expect(run(written(`b: ${overflow}, a: ${division}`), 'Go(0)')[0]).toBe('fault: integer overflow');
  });

  it('evaluate many fields as they are written', () => {
    const names = Array.from({ length: 40 }, (_, i) => `f${String.fromCharCode(97 + (i % 26))}${i}`);
    const type = `{ ${names.map((name) => `${name}: Int`).join(', ')} }`;
    const value = `{ ${names.map((name, i) => `${name}: 100 / (a - ${i})`).join(', ')} }`;
    const text = go(`(a: Int) -> Int`, `let r: ${type} = ${value}\nreturn -< r.${names[7]}`);
    expect(run(text, 'Go(-3)', 'Go(3)')).toEqual(['-10', 'fault: division by zero', '0']);
  });
});

describe('patterns', () => {
  const cases = (type: string, arms: string): string =>
    expression(`(o: ${type}) -> String`, `case o {\n${arms}\n}`);

  it('tell constructors and literals apart, from the top', () => {
    const text = cases(
      '(Option<Int>, Bool)',
      `(Some(0), _) -> "zero"
       (Some(n), true) -> "yes " ++ Int.toString(n)
       (None, b) -> if b { "none" } else { "nothing" }
       (Some(n), false) -> "no " ++ Int.toString(n)`,
    );
    const inputs = ['Some(0), false', 'Some(3), true', 'Some(3), false', 'None, true', 'None, false'];
    const replies = run(text, ...inputs.map((input) => `Go((${input}))`));
    expect(replies).toEqual(['"zero"', '"yes 3"', '"no 3"', '"none"', '"nothing"', '0']);
  });

  it('match strings, negative integers and units', () => {
    const text = cases(
      '(String, Int, ())',
      '("a", -1, ()) -> "first"\n("a", _, _) -> "second"\n_ -> "third"',
    );
    const replies = run(text, 'Go(("a", -1, ()))', 'Go(("a", 1, ()))', 'Go(("b", -1, ()))');
    expect(replies.slice(0, 3)).toEqual(['"first"', '"second"', '"third"']);
  });

  it('make an arm that several ways lead to a definition, with its variables', () => {
    const long = '"a long way from " ++ Int.toString(n) ++ " and " ++ Int.toString(n + 1) ++ " to here"';
    const text = cases(
      '(Either<Int, Int>, Option<Int>)',
      `(Left(1), None) -> "left"\n(Right(2), Some(3)) -> "right"\n(_, Some(n)) -> ${long}\n_ -> "other"`,
    );
    const inputs = ['Left(1), Some(5)', 'Right(2), Some(6)', 'Right(9), None', 'Right(2), Some(3)'];
    const replies = run(text, ...inputs.map((input) => `Go((${input}))`));
    expect(replies.slice(0, 4)).toEqual([
      '"a long way from 5 and 6 to here"',
      '"a long way from 6 and 7 to here"',
      '"other"',
      '"right"',
    ]);
    expect(core(text).match(/arm 3/g)!.length).toBeGreaterThan(1);
    expect(core(text)).not.toContain('a long way');
  });

  it('bind parts without building anything', () => {
    const text = go('(r: (Int, (Int, Int))) -> Int', 'let (a, (b, _)) = r\nlet c = b\nreturn -< a - c');
    expect(core(text)).toBe('(.0, .1 >>> .0) >>> SUB');
  });

  it('that take too many steps to tell apart are refused', () => {
    const columns = Array.from({ length: 12 }, (_, i) => i);
    const rows = columns.map((row) => {
      const items = columns.map((column) =>
        column === row ? 'None' : column === (row + 5) % 12 ? 'Some(1)' : '_',
      );
      return `(${items.join(', ')}) -> "${row}"`;
    });
    const text = cases(`(${columns.map(() => 'Option<Int>').join(', ')})`, [...rows, '_ -> "x"'].join('\n'));
    expect(complaints({ 'main.sm': text })).toEqual([
      expect.stringMatching(/^E0(301|243) main\.sm:\d+ .*too many|too large/),
    ]);
  });
});

describe('commands', () => {
  it('run in order, and see the state that was put', () => {
    const text = go('(n: Int) -> (Int, Int)', 'a <- get\nput -< n\nput -< n * 2\nb <- get\nreturn -< (a, b)');
    expect(run(text, 'Go(5)', 'Go(6)')).toEqual(['(0, 10)', '(10, 12)', '12']);
  });

  it('undo the step where one faults', () => {
    const text = go('(n: Int)', 'put -< 7\nput -< 10 / n');
    expect(run(text, 'Go(0)', 'Go(5)')).toEqual(['fault: division by zero', '()', '2']);
  });

  it('choose', () => {
    const text = go(
      '(o: Option<Int>) -> Int',
      'case o {\nNone -> { put -< 1\nreturn -< 0 }\nSome(n) -> if n > 5 { put -< n\nreturn -< 1 } else { return -< 2 }\n}',
    );
    expect(run(text, 'Go(None)', 'Go(Some(3))', 'Go(Some(9))')).toEqual(['0', '2', '1', '9']);
  });

  it('end with the output of the last', () => {
    expect(run(go('(n: Int)', ''), 'Go(1)')).toEqual(['()', '0']);
    expect(run(go('(n: Int)', 'if n > 0 { put -< n }'), 'Go(0)', 'Go(2)')).toEqual(['()', '()', '2']);
  });
});

describe('arrows', () => {
  const before = `
    fun double(n: Int) -> Int = n + n
    fun negate(n: Int) -> Int = -n
    arrow swap<a, b> : (a, b) -> (b, a) = snd &&& fst`;

  it.each([
    ['(n: Int) -> Int', 'double >>> negate -< n', 'Go(3)', '-6'],
    ['(n: Int) -> Int', 'double <<< negate -< n + 1', 'Go(3)', '-8'],
    ['(n: Int) -> (Int, Int)', 'double &&& negate -< n', 'Go(3)', '(6, -3)'],
    ['(a: Int, b: Int) -> (Int, Int)', 'double *** negate -< (a, b)', 'Go(3, 4)', '(6, -4)'],
    ['(a: Int, b: Int) -> (Int, Int)', 'second double >>> first negate -< (a, b)', 'Go(3, 4)', '(-3, 8)'],
    ['(e: Either<Int, Int>) -> Int', 'double ||| negate -< e', 'Go(Right(3))', '-3'],
    ['(e: Either<Int, Int>) -> Either<Int, Int>', 'double +++ negate -< e', 'Go(Left(3))', 'Left(6)'],
    ['(e: Either<Int, Int>) -> Either<Int, Int>', 'right double -< e', 'Go(Right(3))', 'Right(6)'],
    ['(a: Int, b: String) -> (String, Int)', 'swap >>> id -< (a, b)', 'Go(1, "x")', '("x", 1)'],
    ['(n: Int) -> Either<Int, Int>', 'inr -< n', 'Go(1)', 'Right(1)'],
    ['(l: List<Int>) -> Int', 'List.length >>> double -< l', 'Go([1])', '2'],
  ])('%s %s', (signature, body, input, reply) => {
    expect(run(go(signature, body, before), input)[0]).toBe(reply);
  });

  it('run the left side of &&& first', () => {
    const tick = 'arrow tick : () -> Int = proc () {\n n <- get\n put -< n + 1\n return -< n\n }';
    const text = `machine M {\n state: Int = 0\n ${tick}\n on Go -> (Int, Int) { tick &&& tick -< () }\n}`;
    expect(run(text, 'Go', 'Go')).toEqual(['(0, 1)', '(2, 3)', '4']);
  });

  it('are one definition for each choice of types', () => {
    const text = go(
      '(a: Int, b: String) -> ((String, Int), (Bool, Bool))',
      'x <- swap -< (a, b)\ny <- swap -< (true, false)\nreturn -< (x, y)',
      before,
    );
    expect(run(text, 'Go(1, "b")')[0]).toBe('(("b", 1), (false, true))');
  });

  it('cost nothing in arrow notation', () => {
    const proc = before.replace('snd &&& fst', 'proc (x, y) { return -< (y, x) }');
    const body = (text: string): string => core(go('(a: Int, b: Int) -> (Int, Int)', 'swap -< (a, b)', text));
    expect(body(proc)).toBe(body(before));
    expect(body(proc)).toBe('(.1, .0)');
  });
});

describe('constants', () => {
  it('of a state are evaluated', () => {
    const text =
      'fun three() -> Int = 1 + 2\nmachine M { state { a: Int = three() * 2, b: String = "x" ++ "y" }\n on Go { } }';
    expect(run(text)).toEqual(['{ a: 6, b: "xy" }']);
  });

  it('that fault are refused at their place', () => {
    const text = 'machine M {\n state {\n a: Int = 1,\n b: Int = 1 / (2 - 2)\n }\n on Go { } }';
    expect(complaints({ 'main.sm': text })).toEqual([
      'E0302 main.sm:4 the initial state has no value: division by zero',
    ]);
  });
});

describe('limits', () => {
  const chain = (length: number, step: (i: number) => string, last: string): string =>
    [...Array.from({ length }, (_, i) => step(i)), last].join('\n');

  it('refuse instances without end', () => {
    const functions = chain(
      30,
      (i) => `fun f${i}<a>(x: a) -> Int = f${i + 1}((x, x)) + f${i + 1}([x])`,
      'fun f30<a>(x: a) -> Int = 1',
    );
    expect(complaints({ 'main.sm': expression('(n: Int) -> Int', 'f0(n)', functions) })).toEqual([
      expect.stringMatching(/^E0301 main\.sm:\d+ .*used with too many types/),
    ]);
  });

  it('refuse a type that doubles and doubles', () => {
    const functions = chain(
      40,
      (i) => `fun f${i}<a>(x: a) -> Int = f${i + 1}((x, x))`,
      'fun f40<a>(x: a) -> Int = 1',
    );
    expect(complaints({ 'main.sm': expression('(n: Int) -> Int', 'f0(n)', functions) })).toEqual([
      expect.stringMatching(/^E0301 main\.sm:\d+ .*type too large/),
    ]);
  });

  it('do not keep a constant from doubling where it runs', () => {
    const functions = chain(
      40,
      (i) => `fun f${i}(x: Int) -> List<Int> = f${i + 1}(x) ++ f${i + 1}(x)`,
      'fun f40(x: Int) -> List<Int> = [1]',
    );
    const text = expression('(n: Int) -> Int', 'List.length(f24(n))', functions);
    expect(run(text, 'Go(1)')[0]).toBe('65536');
  });

  it('refuse constants that take too long or are too large', () => {
    const functions = chain(
      40,
      (i) => `fun f${i}(x: Int) -> Int = f${i + 1}(x) + f${i + 1}(x)`,
      'fun f40(x: Int) -> Int = 1',
    );
    const text = `${functions}\nmachine M {\n  state: Int = f0(1)\n  on Go { }\n}`;
    expect(complaints({ 'main.sm': text })).toEqual([
      'E0302 main.sm:43 the initial state has no value: out of fuel',
    ]);
    const large =
      'machine M {\n  state: List<Int> = List.range(1_000_000_000, 1_003_900_000)\n  on Go { }\n}';
    expect(complaints({ 'main.sm': large })).toEqual([
      expect.stringMatching(/^E0301 main\.sm:1 this is too large/),
    ]);
  });

  it('take long chains of functions and long blocks', () => {
    const functions = chain(
      1_500,
      (i) => `fun f${i}(x: Int) -> Int = f${i + 1}(x) + 1`,
      'fun f1500(x: Int) -> Int = x',
    );
    expect(run(expression('(n: Int) -> Int', 'f0(n)', functions), 'Go(1)')[0]).toBe('1501');
    const puts = chain(3_000, (i) => `put -< n + ${i}`, 'get');
    expect(run(go('(n: Int) -> Int', puts), 'Go(1)')[0]).toBe('3000');
  });
});
