import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BOOL,
  BYTES,
  equal,
  type Image,
  inputFromJson,
  inputFromQuery,
  INT,
  List,
  parseJson,
  STRING,
  Sum,
  TIME,
  type TypeId,
  TypeTable,
  UNIT,
  type Value,
  valueFromJson,
  valueToJson,
} from '../src/index.ts';
import { fromBase64, toBase64 } from '../src/base64.ts';
import { typedValues } from './arbitrary.ts';

const types = new TypeTable();
const option = (item: TypeId): TypeId =>
  types.intern({
    kind: 'sum',
    name: 'Option',
    arguments: [item],
    constructors: [
      { name: 'None', labels: [], payload: UNIT },
      { name: 'Some', labels: null, payload: item },
    ],
  });
const optionInt = option(INT);
const optionUnit = option(UNIT);
const optionOption = option(optionInt);
const optionThrice = option(optionOption);
const colour = types.intern({
  kind: 'sum',
  name: 'Colour',
  arguments: [],
  constructors: [
    { name: 'Red', labels: [], payload: UNIT },
    { name: 'Green', labels: [], payload: UNIT },
  ],
});
const since = types.record([
  { name: 'since', type: TIME },
  { name: 'by', type: STRING },
]);
const phase = types.intern({
  kind: 'sum',
  name: 'Phase',
  arguments: [],
  constructors: [
    { name: 'Starting', labels: [], payload: UNIT },
    { name: 'Available', labels: ['since', 'by'], payload: since },
    { name: 'Failed', labels: null, payload: STRING },
  ],
});
const list = types.list(INT);
const pair = types.tuple([INT, BOOL]);
const amount = types.record([
  { name: 'amount', type: INT },
  { name: 'note', type: optionInt },
]);

const image: Image = {
  emit: 1,
  name: 'Machine',
  key: 'none',
  unit: {
    types,
    constants: [
      { type: INT, value: 7 },
      { type: UNIT, value: null },
    ],
    functions: [],
  },
  state: INT,
  initial: 0,
  operations: [
    {
      name: 'Add',
      parameters: [
        { name: 'name', type: STRING, default: null },
        { name: 'count', type: INT, default: 0 },
        { name: 'unit', type: UNIT, default: 1 },
      ],
      reply: UNIT,
      body: 0,
    },
    { name: 'Paint', parameters: [{ name: 'colour', type: colour, default: null }], reply: UNIT, body: 0 },
    { name: 'Read', parameters: [], reply: INT, body: 0 },
  ],
  invariants: [],
  defaults: [],
};

describe('values', () => {
  test.each<[TypeId, Value, string]>([
    [UNIT, null, 'null'],
    [INT, -7, '-7'],
    [TIME, 1000, '1000'],
    [STRING, 'a"\n', '"a\\"\\n"'],
    [BYTES, Uint8Array.of(1, 2, 255, 0), '"AQL/AA=="'],
    [pair, [1, true], '[1,true]'],
    [list, List.of([1, 2]), '[1,2]'],
    [amount, [5, new Sum(0, null)], '{"amount":5,"note":null}'],
    [optionInt, new Sum(1, 3), '3'],
    [optionUnit, new Sum(1, null), '{"tag":"Some","value":null}'],
    [optionUnit, new Sum(0, null), '{"tag":"None"}'],
    [optionOption, new Sum(1, new Sum(0, null)), '{"tag":"Some","value":null}'],
    [optionThrice, new Sum(1, new Sum(0, null)), '{"tag":"None"}'],
    [optionThrice, new Sum(0, null), 'null'],
    [colour, new Sum(1, null), '"Green"'],
    [phase, new Sum(0, null), '{"tag":"Starting"}'],
    [phase, new Sum(1, ['me', 1000]), '{"tag":"Available","since":1000,"by":"me"}'],
    [phase, new Sum(2, 'why'), '{"tag":"Failed","value":"why"}'],
  ])('type %i: %o is %s', (type, value, json) => {
    expect(valueToJson(types, type, value)).toBe(json);
    expect(valueFromJson(types, type, json)).toEqual({ ok: true, value });
  });

  test('come back, and are JSON to others', () => {
    fc.assert(
      fc.property(typedValues, (typed) => {
        const json = valueToJson(typed.types, typed.type, typed.value);
        const read = valueFromJson(typed.types, typed.type, ` ${json}\n`);
        expect(read.ok && equal(read.value, typed.value)).toBe(true);
        const again = valueFromJson(typed.types, typed.type, JSON.stringify(JSON.parse(json)));
        expect(again.ok && equal(again.value, typed.value)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('what changes is refused with a path, or is another value in the one form', () => {
    fc.assert(
      fc.property(
        typedValues,
        fc.nat(),
        fc.constantFrom('', '0', '"', ',', '{', ']', 'e1', '\\u0000', ' '),
        (typed, at, noise) => {
          const json = valueToJson(typed.types, typed.type, typed.value);
          const cut = at % (json.length + 1);
          const changed = json.slice(0, cut) + noise + json.slice(cut + 1);
          const read = valueFromJson(typed.types, typed.type, changed);
          // Items of sets and entries of maps are written in order, and read in any.
          const sorted = (text: string): unknown =>
            JSON.parse(text, (_, value: unknown) =>
              Array.isArray(value) ? value.map((item) => JSON.stringify(item)).sort() : value,
            );
          const isRight = read.ok
            ? isDeepStrictEqual(sorted(valueToJson(typed.types, typed.type, read.value)), sorted(changed))
            : read.path.startsWith('$') && read.message !== '';
          expect(isRight).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  const noBytes = (got: string): string => `expected Bytes, a string in base64, got ${got}`;

  test.each<[TypeId, string, string, string]>([
    [amount, '{"amount":"5","note":null}', '$.amount', 'expected Int, got "5"'],
    [amount, '{"amount":1.0,"note":null}', '$.amount', 'expected Int, got 1.0'],
    [amount, '{"amount":1e3,"note":null}', '$.amount', 'expected Int, got 1e3'],
    [amount, '{"amount":-0,"note":null}', '$.amount', 'expected Int, got -0'],
    [amount, '{"amount":9007199254740992,"note":null}', '$.amount', 'expected Int, got 9007199254740992'],
    [amount, '{"amount":1}', '$.note', 'expected Option<Int>, got nothing'],
    [amount, '{"amount":1,"amount":1,"note":1}', '$.amount', 'the field is there twice'],
    [amount, '{"amount":1,"note":1,"not a name":1}', '$["not a name"]', 'there is no such field'],
    [amount, '[]', '$', 'expected { amount: Int, note: Option<Int> }, got []'],
    [TIME, '8640000000000001', '$', 'expected Time, got 8640000000000001'],
    [STRING, '"\\ud800"', '$', 'not JSON: a lone surrogate in a string (at character 1)'],
    [STRING, '"a" x', '$', 'not JSON: expected the end (at character 5)'],
    [INT, '01', '$', 'not JSON: expected the end (at character 2)'],
    [INT, '', '$', 'not JSON: unexpected end (at character 1)'],
    [INT, 'NaN', '$', 'not JSON: expected a value (at character 1)'],
    [BYTES, '7', '$', noBytes('7')],
    [
      BYTES,
      '"AQI"',
      '$',
      noBytes('"AQI": its characters, with = at the end, are a multiple of 4, and these are 3'),
    ],
    [
      BYTES,
      '"Bytes"',
      '$',
      noBytes('"Bytes": its characters, with = at the end, are a multiple of 4, and these are 5'),
    ],
    [BYTES, '"AR=="', '$', noBytes('"AR==": its last character has bits of no byte')],
    [BYTES, '"AQ-_"', '$', noBytes('"AQ-_": "-" can not stand there')],
    [BYTES, '"A==="', '$', noBytes('"A===": "=" can not stand there')],
    [BYTES, '"AQ==AQ=="', '$', noBytes('"AQ==AQ==": "=" can not stand there')],
    [list, '[1,true]', '$[1]', 'expected Int, got true'],
    [list, '[1,]', '$', 'not JSON: expected a value (at character 4)'],
    [pair, '[1]', '$', 'expected (Int, Bool), got [1]'],
    [colour, '"Blue"', '$', 'expected Colour, got "Blue"'],
    [phase, '{"since":1}', '$.tag', 'expected the constructor, got {"since":1}'],
    [phase, '{"tag":"Failed","tag":"Failed","value":""}', '$.tag', 'the field is there twice'],
    [phase, '{"tag":"Gone"}', '$.tag', 'expected Phase, got "Gone"'],
    [phase, '{"tag":"Starting","value":null}', '$.value', 'there is no such field'],
    [phase, '{"tag":"Available","by":"me"}', '$.since', 'expected Time, got nothing'],
  ])('type %i: %s is refused', (type, json, path, message) => {
    expect(valueFromJson(types, type, json)).toEqual({ ok: false, path, message });
  });

  test('fields may come in any order, the tag too', () => {
    const json = '{"by":"me","tag":"Available","since":1}';
    expect(valueFromJson(types, phase, json)).toEqual({ ok: true, value: new Sum(1, ['me', 1]) });
  });

  test('nesting is bounded', () => {
    expect(parseJson('['.repeat(100_000))).toMatchObject({
      ok: false,
      message: expect.stringContaining('nested deeper than 512'),
    });
    expect(parseJson('['.repeat(500) + ']'.repeat(500))).toMatchObject({ ok: true });
  });

  test('base64 has one form', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
        expect(fromBase64(toBase64(bytes))).toEqual(bytes);
      }),
    );
    for (const text of ['A', 'AA', 'AA=', 'AB==', 'A===', 'AA==AA==', 'AA-_', '===='])
      expect(fromBase64(text)).toBe(null);
  });
});

describe('inputs', () => {
  test.each([
    [0, '{"name":"a"}', ['a', 7, null]],
    [0, '{"unit":null,"count":1,"name":"a"}', ['a', 1, null]],
    [1, '{"colour":"Red"}', new Sum(0, null)],
    [2, '', null],
    [2, ' {} ', null],
  ])('operation %i: %s', (operation, json, value) => {
    expect(inputFromJson(image, operation, json)).toEqual({ ok: true, value });
  });

  test.each([
    [0, '{}', '$.name', 'expected String, got nothing'],
    [0, '', '$.name', 'expected String, got nothing'],
    [0, '["a"]', '$', 'expected an object of the parameters of Add, got ["a"]'],
    [2, '{"a":1}', '$.a', 'there is no such field'],
    [2, 'null', '$', 'expected an object of the parameters of Read, got null'],
  ])('operation %i: %s is refused', (operation, json, path, message) => {
    expect(inputFromJson(image, operation, json)).toEqual({ ok: false, path, message });
  });

  test('a query has strings as they are, and JSON', () => {
    expect(
      inputFromQuery(image, 0, [
        ['name', '"a'],
        ['count', '2'],
      ]),
    ).toEqual({ ok: true, value: ['"a', 2, null] });
    expect(inputFromQuery(image, 1, [['colour', 'Green']])).toEqual({ ok: true, value: new Sum(1, null) });
    expect(
      inputFromQuery(image, 0, [
        ['name', 'a'],
        ['name', 'b'],
      ]),
    ).toMatchObject({ ok: false, path: '$.name' });
    expect(
      inputFromQuery(image, 0, [
        ['name', 'a'],
        ['count', 'x'],
      ]),
    ).toEqual({
      ok: false,
      path: '$.count',
      message: 'not JSON: expected a value (at character 1)',
    });
    expect(inputFromQuery(image, 2, [['x', '1']])).toMatchObject({
      ok: false,
      path: '$.x',
      message: expect.stringMatching(/^[A-Z]\w* has no such parameter$/) as string,
    });
  });
});
