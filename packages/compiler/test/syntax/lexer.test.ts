import { describe, expect, test } from 'vitest';
import { parse } from '../../src/syntax/index.ts';
import { readExpression, readFaults, readModule } from './read.ts';

describe('literals', () => {
  test.each([
    ['42', '42'],
    ['1_000_000', '1000000'],
    ['9007199254740991', '9007199254740991'],
    ['-9007199254740991', '(- 9007199254740991)'],
    ['true', 'true'],
    ['()', '()'],
    ['"a\\n\\r\\t\\"\\\\\\u{1F600}é"', JSON.stringify('a\n\r\t"\\😀é')],
    ['""', '""'],
    ['0x"00fF"', '0x00ff'],
    ['0x""', '0x'],
    ['@6000', '@6000'],
    ['@-5', '@-5'],
    ['@-0', '@0'],
    ['@1970-01-01T00:00:06Z', '@6000'],
    ['@2026-11-20T21:41:25.250Z', '@1795210885250'],
    ['@2024-02-29T00:00:00Z', '@1709164800000'],
    ['@+010000-01-01T00:00:00Z', '@253402300800000'],
    ['@8_640_000_000_000_000', '@8640000000000000'],
  ])('%s', (text, shown) => expect(readExpression(text)).toBe(shown));

  const at = 'fun f() -> T = '.length;
  test.each([
    ['9007199254740992', 'E0106', 0],
    ['-9007199254740992', 'E0106', 1],
    ['1__0', 'E0105', 0],
    ['1_', 'E0105', 0],
    ['12ab', 'E0105', 0],
    ['1.5', 'E0105', 0],
    ['"abc', 'E0102', 0],
    ['"abc\\"', 'E0102', 0],
    ['"a\\qb"', 'E0103', 2],
    ['"\\u{110000}"', 'E0103', 1],
    ['"\\u{D800}"', 'E0103', 1],
    ['"\\u{}"', 'E0103', 1],
    ['"\\u"', 'E0103', 1],
    ['"a\ud800b"', 'E0109', 2],
    ['"\udc00\ud800"', 'E0109', 1],
    ['0x"0"', 'E0107', 0],
    ['0x"0g"', 'E0107', 4],
    ['0x"00', 'E0107', 0],
    ['@8640000000000001', 'E0108', 0],
    ['@2025-02-29T00:00:00Z', 'E0108', 0],
    ['@2025-01-01', 'E0108', 0],
    ['@2025-01-01T24:00:00Z', 'E0108', 0],
    ["'a'", 'E0114', 0],
    ['a === b', 'E0114', 2],
    ['a !== b', 'E0114', 2],
    ['café', 'E0101', 3],
    ['a\u0000', 'E0101', 1],
    ['_a', 'E0123', 0],
  ])('%s is refused', (text, code, offset) =>
    expect(readFaults(`fun f() -> T = ${text}`)[0]).toBe(`${code} ${at + offset}`),
  );

  test('a second fault in a string is told too', () => {
    expect(readFaults('fun f() -> T = "\\q\\w"')).toEqual(['E0103 16', 'E0103 18']);
  });

  test('what is wrong with a literal is told once, and the declaration stays', () => {
    const { module, diagnostics } = parse('fun f() -> T = 1.5\nfun g() -> T = 99999999999999999999', 'a.sm');
    expect(diagnostics).toHaveLength(2);
    expect(module.declarations).toHaveLength(2);
  });
});

describe('comments', () => {
  test('line and block comments, which nest, are left out', () => {
    expect(readModule('-- a\n{- b {- c -} d -} fun f() -> T = 1 {- e -} + {- f\n -} 2 -- g')).toEqual([
      '(fun f -> T (+ 1 2))',
    ]);
  });

  test('they are kept for the formatter, in order', () => {
    const { comments } = parse('-- a\n--| b\n{- c -}', 'a.sm');
    expect(comments.map(({ kind, text, span }) => [kind, text, span.start])).toEqual([
      ['line', '-- a', 0],
      ['doc', '--| b', 5],
      ['block', '{- c -}', 11],
    ]);
  });

  test('a doc comment is kept with the declaration that follows it', () => {
    const text = '--| One.\n--|\n--|  Two.\n-- no\ntype A = B\n\ntype C = D\n--| in vain\n';
    expect(parse(text, 'a.sm').module.declarations.map((node) => 'doc' in node && node.doc)).toEqual([
      'One.\n\n Two.',
      null,
    ]);
  });

  test('members have doc comments too', () => {
    const [machine] = parse('machine M {\n  --| D.\n  on A { }\n}', 'a.sm').module.declarations;
    expect(machine?.kind === 'machine' && machine.members[0]).toMatchObject({ kind: 'on', doc: 'D.' });
  });

  test('an unclosed one is told where it starts', () => {
    expect(readFaults('type A = B\n{- {- -}')).toEqual(['E0104 11']);
  });
});

test('words that mean something in one place are names elsewhere', () => {
  const words =
    'first second left right back reply drop rename for now get put return fail deployed fault id fst snd';
  for (const name of words.split(' ')) {
    expect(readExpression(`${name} + f(${name}: ${name}.${name})`)).toBe(
      `(+ ${name} (call f ${name}:(. ${name} ${name})))`,
    );
    expect(readModule(`type A = { ${name}: Int }\nfun ${name}(${name}: Int) -> Int = ${name}`)).toHaveLength(
      2,
    );
  }
});

test('reserved words are no names', () => {
  const words =
    'machine state on fun arrow type import as upgrade test invariant let in if else case proc true false pipeline send after';
  for (const name of words.split(' '))
    expect([name, ...readFaults(`fun ${name}(x: Int) -> Int = 1`)]).toEqual([name, 'E0122 4']);
});
