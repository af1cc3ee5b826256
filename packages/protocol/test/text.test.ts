import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BOOL,
  BYTES,
  equal,
  type Image,
  INT,
  List,
  parseTime,
  printTime,
  printType,
  printValue,
  readInput,
  readInputLine,
  readRequestLine,
  readValue,
  STRING,
  Sum,
  TIME,
  type TypeId,
  TypeTable,
  UNIT,
} from '../src/index.ts';
import { typedValues } from './arbitrary.ts';

const types = new TypeTable();
const pair = types.tuple([INT, BOOL]);
const record = types.record([
  { name: 'count', type: INT },
  { name: 'down', type: BOOL },
]);
const dimensions = types.record([
  { name: 'width', type: INT },
  { name: 'height', type: INT },
]);
const shape = types.intern({
  kind: 'sum',
  name: 'Shape',
  arguments: [],
  constructors: [
    { name: 'Dot', labels: [], payload: UNIT },
    { name: 'Circle', labels: null, payload: INT },
    { name: 'Box', labels: ['width', 'height'], payload: dimensions },
    { name: 'Both', labels: null, payload: pair },
  ],
});
const option = types.intern({
  kind: 'sum',
  name: 'Option',
  arguments: [UNIT],
  constructors: [
    { name: 'None', labels: [], payload: UNIT },
    { name: 'Some', labels: null, payload: UNIT },
  ],
});
const list = types.list(INT);

const image: Image = {
  emit: 1,
  name: 'Machine',
  key: 'none',
  unit: {
    types,
    constants: [
      { type: INT, value: 7 },
      { type: STRING, value: 'x' },
    ],
    functions: [],
  },
  state: INT,
  initial: 0,
  operations: [
    {
      name: 'Add',
      parameters: [
        { name: 'name', type: STRING, default: 1 },
        { name: 'price', type: INT, default: null },
        { name: 'count', type: INT, default: 0 },
      ],
      reply: UNIT,
      body: 0,
    },
    { name: 'Put', parameters: [{ name: 'shape', type: shape, default: null }], reply: UNIT, body: 0 },
    { name: 'Read', parameters: [], reply: INT, body: 0 },
    { name: 'Set', parameters: [{ name: 'unit', type: UNIT, default: null }], reply: INT, body: 0 },
  ],
  invariants: [],
  defaults: [],
};

describe('printing', () => {
  test.each<[string, TypeId, Parameters<typeof printValue>[2], string]>([
    ['unit', UNIT, null, '()'],
    ['a negative Int', INT, -7, '-7'],
    ['escapes', STRING, '"\\\n\r\t\u0000\u009f😀', '"\\"\\\\\\n\\r\\t\\u{0}\\u{9F}😀"'],
    ['Bytes', BYTES, Uint8Array.of(0, 255), '0x"00ff"'],
    ['a time', TIME, 6000, '@1970-01-01T00:00:06.000Z'],
    ['a late time', TIME, 253402300800000, '@+010000-01-01T00:00:00.000Z'],
    ['a tuple', pair, [1, true], '(1, true)'],
    ['a record in declared order', record, [2, false], '{ down: false, count: 2 }'],
    ['an empty list', list, List.of([]), '[]'],
    ['a list', list, List.of([1, 2]), '[1, 2]'],
    ['no argument', shape, new Sum(0, null), 'Dot'],
    ['one argument', shape, new Sum(1, 3), 'Circle(3)'],
    ['named arguments in declared order', shape, new Sum(2, [1, 2]), 'Box(width: 2, height: 1)'],
    ['a tuple as argument', shape, new Sum(3, [1, true]), 'Both((1, true))'],
    ['unit as argument', option, new Sum(1, null), 'Some(())'],
  ])('%s', (_, type, value, text) => {
    expect(printValue(types, type, value, [['down', 'count']])).toBe(text);
    const read = readValue(types, type, text);
    expect(read.ok && equal(read.value, value)).toBe(true);
  });

  test('types print as in the source', () => {
    const function_ = types.function(types.list(option), shape);
    expect(printType(types, function_)).toBe('(List<Option<()>> -> Shape)');
    expect(printType(types, record, [['down', 'count']])).toBe('{ down: Bool, count: Int }');
    expect(printType(types, pair)).toBe('(Int, Bool)');
  });
});

describe('reading', () => {
  test('what was printed is read as the same value, on one line', () => {
    fc.assert(
      fc.property(typedValues, (typed) => {
        const text = printValue(typed.types, typed.type, typed.value);
        expect(text).not.toMatch(/[\n\r]/);
        const read = readValue(typed.types, typed.type, text);
        expect(read.ok && equal(read.value, typed.value)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('any text gives a value or an error with a column', () => {
    fc.assert(
      fc.property(typedValues, fc.nat(), fc.string({ unit: 'binary', maxLength: 3 }), (typed, at, noise) => {
        const text = printValue(typed.types, typed.type, typed.value);
        const cut = at % (text.length + 1);
        const changed = text.slice(0, cut) + noise + text.slice(cut + 1);
        const read = readValue(typed.types, typed.type, changed);
        if (read.ok) return;
        expect(read.error.column).toBeGreaterThanOrEqual(1);
        expect(read.error.column).toBeLessThanOrEqual(Array.from(changed).length + 1);
        expect(read.error.message).not.toBe('');
      }),
      { numRuns: 500 },
    );
  });

  test.each<[TypeId, string, unknown]>([
    [INT, ' 1_000 -- a comment', 1000],
    [INT, '{- a {- nested -} one -} 1 {- -}', 1],
    [INT, '-0', 0],
    [TIME, '@-5', -5],
    [TIME, '@2026-11-20T21:41:25Z', 1795210885000],
    [STRING, '"\\u{1F415}\\u{0}"', '🐕\u0000'],
    [record, '{ down: true, count: 1, }', [1, true]],
    [shape, 'Box(1, 2)', new Sum(2, [2, 1])],
    [shape, 'Box(height: 1, width: 2)', new Sum(2, [1, 2])],
    [list, '[1, 2,\n 3]', List.of([1, 2, 3])],
  ])('type %i: %s', (type, text, value) => {
    expect(readValue(types, type, text)).toEqual({ ok: true, value });
  });

  test.each<[TypeId, string, string, number]>([
    [INT, '"5"', 'expected Int, got "5"', 1],
    [INT, '', 'expected Int, got the end of the line', 1],
    [INT, '1__0', 'expected Int, got 1__0', 1],
    [INT, '5x', 'expected Int, got 5x', 1],
    [INT, '9007199254740992', '9007199254740992 does not fit an Int', 1],
    [INT, '1 2', 'expected the end of the line, got 2', 3],
    [UNIT, '(1)', 'expected (), got 1', 2],
    [BOOL, 'yes', 'expected Bool, got yes', 1],
    [TIME, '@2026-02-30T00:00:00Z', 'there is no time @2026-02-30T00:00:00Z', 1],
    [TIME, '@8640000000000001', 'there is no time @8640000000000001', 1],
    [STRING, '"a', 'the string is not closed', 1],
    [STRING, '"😀\\q"', 'unknown escape \\q', 3],
    [
      STRING,
      '"\\u{D800}"',
      'unknown escape \\u{D800}: this is one half of a pair of surrogates, and no character',
      2,
    ],
    [
      STRING,
      '"\\u{D800}",',
      'unknown escape \\u{D800}: this is one half of a pair of surrogates, and no character',
      2,
    ],
    [STRING, '"\\u{110000}", 1', 'unknown escape \\u{110000}', 2],
    [STRING, '"\\u12"', 'unknown escape \\u', 2],
    [STRING, '"\\😀"', 'unknown escape \\😀', 2],
    [BYTES, '0x"abc"', 'a byte is two hexadecimal digits, and these are 3', 4],
    [BYTES, '0x"ab', 'expected pairs of hexadecimal digits up to `"`', 4],
    [BYTES, 'Bytes', 'expected Bytes, written as 0x"00ff", got Bytes', 1],
    [BYTES, '"AQI="', 'expected Bytes, written as 0x"00ff", got "AQI="', 1],
    [pair, '(1)', 'expected (Int, Bool), got 1 of its components', 1],
    [pair, '(1, true, 2)', 'expected ")", got 2', 11],
    [record, '{ count: 1 }', 'the record needs the field down: Bool', 2],
    [record, '{ count: 1, count: 2 }', 'the field count is there twice', 13],
    [record, '{ cuont: 1 }', 'the record has no field cuont; did you mean count?', 3],
    [record, '{ count 1 }', 'expected ":", got 1', 9],
    [list, '[1 2]', 'expected "," or "]", got 2', 4],
    [shape, 'Sphere', 'expected Shape (Dot, Circle, Box, Both), got Sphere', 1],
    [shape, 'Circel(1)', 'expected Shape (Dot, Circle, Box, Both), got Circel; did you mean Circle?', 1],
    [shape, 'Circle', 'expected "(", got the end of the line', 7],
    [shape, 'Dot()', 'expected the end of the line, got "("', 4],
    [shape, 'Box(1, height: 2)', 'arguments are all positional or all named', 8],
    [shape, 'Box(1)', 'Box needs the parameter height: Int', 5],
  ])('type %i: %s is refused', (type, text, message, column) => {
    expect(readValue(types, type, text)).toEqual({
      ok: false,
      error: { code: 'bad-request', message, column },
    });
  });
});

describe('inputs', () => {
  test.each([
    ['Read', 2, null],
    ['Read()', 2, null],
    ['Set(())', 3, null],
    ['Set(unit: ())', 3, null],
    ['Put(Circle(1))', 1, new Sum(1, 1)],
    ['Add("a", 2)', 0, ['a', 2, 7]],
    ['Add(price: 2, count: 1)', 0, ['x', 2, 1]],
    ['Add("a", 2, 3,) -- all', 0, ['a', 2, 3]],
  ])('%s', (text, operation, input) => {
    expect(readInput(image, text)).toEqual({ ok: true, value: { operation, input } });
  });

  test.each([
    ['Dance', 'Machine has no operation "Dance"', 1, 'unknown-operation'],
    ['Raed', 'Machine has no operation "Raed"; did you mean Read?', 1, 'unknown-operation'],
    ['read', 'expected an operation, got read; did you mean Read?', 1, 'bad-request'],
    ['Add("a")', 'Add needs the parameter price: Int', 5, 'bad-request'],
    ['Add(count: 1)', 'Add needs the parameter price: Int', 5, 'bad-request'],
    ['Add("a", price: 1)', 'arguments are all positional or all named', 10, 'bad-request'],
    [
      'Add(price: 1, 2)',
      'expected ":" (arguments are all positional or all named), got ")"',
      16,
      'bad-request',
    ],
    ['Add(price: 1, cost: 2)', 'Add has no parameter cost', 15, 'bad-request'],
    ['Add("a", 2, 3, 4)', 'Add takes 3 arguments', 16, 'bad-request'],
    ['Read(1)', 'Read takes no arguments', 6, 'bad-request'],
    ['Read Read', 'expected the end of the line, got Read', 6, 'bad-request'],
    ['Add("a", "b")', 'expected Int, got "b"', 10, 'bad-request'],
  ])('%s is refused', (text, message, column, code) => {
    expect(readInput(image, text)).toEqual({ ok: false, error: { code, message, column } });
  });

  test('lines of an input file', () => {
    for (const line of ['  -- a comment', '{- a comment -}', ' {- a -} {- b -} -- c'])
      expect(readInputLine(image, line)).toEqual({ ok: true, value: { kind: 'nothing' } });
    expect(readInputLine(image, '{- a {- b -}')).toMatchObject({ ok: false, error: { column: 1 } });
    expect(readInputLine(image, '')).toEqual({ ok: true, value: { kind: 'nothing' } });
    expect(readInputLine(image, 'now = @1000')).toEqual({ ok: true, value: { kind: 'clock', time: 1000 } });
    expect(readInputLine(image, 'Read')).toEqual({
      ok: true,
      value: { kind: 'input', operation: 2, input: null },
    });
    expect(readInputLine(image, 'now @1')).toMatchObject({ ok: false, error: { column: 5 } });
  });

  test('lines of the line protocol', () => {
    const line = 'Account/alice Add("a", "b")';
    const request = readRequestLine(line);
    expect(request).toEqual({
      ok: true,
      value: { kind: 'call', machine: 'Account', key: 'alice', start: 13 },
    });
    expect(readInput(image, line, 13)).toMatchObject({ ok: false, error: { column: 24 } });
    expect(readRequestLine('Account/"a b" Read\r')).toMatchObject({ value: { key: 'a b', start: 13 } });
    expect(readRequestLine('Counter Read')).toMatchObject({
      value: { machine: 'Counter', key: null, start: 7 },
    });
    expect(readRequestLine('auth s3cret')).toEqual({
      ok: true,
      value: { kind: 'authenticate', token: 's3cret' },
    });
    expect(readRequestLine('interface 01ab')).toEqual({
      ok: true,
      value: { kind: 'interface', fingerprint: '01ab' },
    });
    expect(readRequestLine('')).toEqual({ ok: true, value: { kind: 'nothing' } });
    expect(readRequestLine('GET / HTTP/1.1')).toMatchObject({ ok: true, value: { machine: 'GET' } });
    expect(readRequestLine('get')).toMatchObject({
      ok: false,
      error: { message: 'expected the name of a machine, got get' },
    });
    expect(readRequestLine('Account/')).toMatchObject({
      ok: false,
      error: { message: 'expected a key, got the end of the line' },
    });
    expect(readRequestLine('Account/-5')).toMatchObject({
      ok: true,
      value: { machine: 'Account', key: '-5' },
    });
  });
});

test('every time is written in one way', () => {
  fc.assert(
    fc.property(fc.integer({ min: -8.64e15, max: 8.64e15 }), (millis) => {
      expect(parseTime(printTime(millis))).toBe(millis + 0);
      expect(parseTime(String(millis))).toBe(millis + 0);
    }),
  );
  for (const text of [
    '',
    '-',
    '1.5',
    '-000000-01-01T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-01',
    '2026-01-01T00:00:00',
  ]) {
    expect(parseTime(text)).toBe(null);
  }
});
