import { describe, expect, test } from 'vitest';
import {
  BOOL,
  decodeImage,
  decodeValue,
  encodeImage,
  encodeValue,
  equal,
  type Image,
  inputFromJson,
  inputFromQuery,
  INT,
  keyOrder,
  List,
  MapValue,
  printValue,
  readInput,
  readValue,
  SetValue,
  STRING,
  Sum,
  type TypeId,
  TypeTable,
  UNIT,
  type Value,
  valueFromJson,
  valueToJson,
} from '../src/index.ts';
import { HOST_NAMES, HOST_NAMES_OF_VALUES, guardPrototypes } from './support/prototypes.ts';

/** What every object of the host has is never met in place of what a value, a type or a request has. */

guardPrototypes();

const types = new TypeTable();
const counts = types.map(STRING, INT);
const words = types.set(STRING);
const fields = types.record(HOST_NAMES_OF_VALUES.map((name) => ({ name, type: INT })));
const sum = types.intern({
  kind: 'sum',
  name: 'Constructor',
  arguments: [],
  constructors: [
    { name: 'Constructor', labels: HOST_NAMES_OF_VALUES, payload: fields },
    { name: 'ToString', labels: null, payload: STRING },
    { name: 'ValueOf', labels: [], payload: UNIT },
  ],
});
const enumeration = types.intern({
  kind: 'sum',
  name: 'Object',
  arguments: [],
  constructors: ['Constructor', 'HasOwnProperty', 'Prototype'].map((name) => ({
    name,
    labels: [],
    payload: UNIT,
  })),
});
const small = types.record([{ name: 'count', type: INT }]);

const order = keyOrder(types, STRING);
const mapOf = (names: readonly string[]): MapValue =>
  MapValue.of(
    names.map((name, i) => [name, i]),
    order,
  );
const record = HOST_NAMES_OF_VALUES.map((_, i) => i);

describe('values of these names', () => {
  test.each<[string, TypeId, Value]>([
    ...HOST_NAMES.map((name): [string, TypeId, Value] => [`map of ${name}`, counts, mapOf([name])]),
    ...HOST_NAMES.map((name): [string, TypeId, Value] => [
      `set of ${name}`,
      words,
      SetValue.of([name], order),
    ]),
    ...HOST_NAMES.map((name): [string, TypeId, Value] => [`string ${name}`, STRING, name]),
    ['map', counts, mapOf(HOST_NAMES)],
    ['set', words, SetValue.of(HOST_NAMES, order)],
    ['list', types.list(STRING), List.of(HOST_NAMES)],
    ['record', fields, record],
    ['constructor with fields', sum, new Sum(0, record)],
    ['constructor with a value', sum, new Sum(1, '__proto__')],
    ['constructor', sum, new Sum(2, null)],
    ['enumeration', enumeration, new Sum(1, null)],
  ])('%s: comes back as text, JSON and bytes', (_, type, value) => {
    const json = valueToJson(types, type, value);
    // Nor do programs of others lose any of it.
    for (const text of [json, JSON.stringify(JSON.parse(json))]) {
      const read = valueFromJson(types, type, text);
      expect(read.ok && equal(read.value, value)).toBe(true);
    }
    const text = readValue(types, type, printValue(types, type, value));
    expect(text.ok && equal(text.value, value)).toBe(true);
    const bytes = decodeValue(types, type, encodeValue(types, type, value));
    expect(bytes.ok && equal(bytes.value, value)).toBe(true);
  });

  test('a map as JSON has each as a property of its own', () => {
    const json = valueToJson(types, counts, mapOf(HOST_NAMES));
    expect(Reflect.ownKeys(JSON.parse(json) as object)).toEqual(HOST_NAMES);
    const read = valueFromJson(types, counts, '{"__proto__":1,"constructor":2}');
    expect(read.ok && Array.from((read.value as MapValue).entries())).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
    ]);
    expect(valueFromJson(types, counts, '{"__proto__":1,"__proto__":2}')).toMatchObject({
      ok: false,
      message: 'the key is there twice',
    });
  });

  test('a map and a set have none that was not put in', () => {
    for (const name of HOST_NAMES) {
      const others = HOST_NAMES.filter((other) => other !== name);
      expect(mapOf([]).get(name)).toBeUndefined();
      expect(mapOf(others).get(name)).toBeUndefined();
      expect(mapOf(HOST_NAMES).without(name).get(name)).toBeUndefined();
      expect(mapOf(others).with(name, 7).get(name)).toBe(7);
      expect(SetValue.of(others, order).with(name).length).toBe(HOST_NAMES.length);
    }
  });
});

const image: Image = {
  emit: 1,
  name: 'Machine',
  key: 'none',
  unit: { types, constants: [{ type: small, value: [0] }], functions: [] },
  state: small,
  initial: 0,
  operations: [
    { name: 'Add', parameters: [{ name: 'by', type: INT, default: null }], reply: UNIT, body: 0 },
    {
      name: 'Constructor',
      parameters: ['constructor', 'toString'].map((name) => ({ name, type: INT, default: null })),
      reply: UNIT,
      body: 0,
    },
    { name: 'Read', parameters: [], reply: BOOL, body: 0 },
  ],
  invariants: [],
  defaults: [],
};

describe('what is not declared is not there', () => {
  test.each(HOST_NAMES)('%s: as JSON', (name) => {
    const nothing = { ok: false, path: `$.${name}`, message: 'there is no such field' };
    expect(valueFromJson(types, small, `{"count":1,"${name}":2}`)).toEqual(nothing);
    expect(valueFromJson(types, small, `{"${name}":{"count":1}}`)).toEqual(nothing);
    expect(inputFromJson(image, 0, `{"by":1,"${name}":{}}`)).toEqual(nothing);
    expect(inputFromJson(image, 2, `{"${name}":null}`)).toEqual(nothing);
    expect(valueFromJson(types, sum, `{"tag":"${name}"}`)).toMatchObject({ ok: false, path: '$.tag' });
    expect(valueFromJson(types, sum, `{"tag":"ValueOf","${name}":1}`)).toEqual(nothing);
    expect(valueFromJson(types, sum, `{"${name}":{"tag":"ValueOf"}}`)).toMatchObject({ path: '$.tag' });
    expect(valueFromJson(types, enumeration, `"${name}"`)).toMatchObject({ ok: false, path: '$' });
    // Of a field that is left out nothing is inherited.
    for (const field of HOST_NAMES_OF_VALUES) {
      const given = HOST_NAMES_OF_VALUES.filter((other) => other !== field).map((other) => `"${other}":1`);
      expect(valueFromJson(types, fields, `{${given.join(',')}}`)).toMatchObject({
        path: `$.${field}`,
        message: 'expected Int, got nothing',
      });
    }
  });

  test.each(HOST_NAMES)('%s: in a query', (name) => {
    expect(
      inputFromQuery(image, 0, [
        ['by', '1'],
        [name, '2'],
      ]),
    ).toMatchObject({ ok: false, path: `$.${name}` });
    expect(inputFromQuery(image, 0, [[name, '2']])).toMatchObject({ ok: false, path: `$.${name}` });
    expect(inputFromQuery(image, 1, [['constructor', '1']])).toMatchObject({ ok: false, path: '$.toString' });
  });

  test.each(HOST_NAMES)('%s: as text', (name) => {
    for (const text of [name, `${name}()`, `${name}(1)`, `Add(1, ${name}: 2)`, `Add(${name}: 1)`]) {
      expect(readInput(image, text).ok, text).toBe(false);
    }
    expect(readValue(types, small, `{ count: 1, ${name}: 2 }`).ok).toBe(false);
    expect(readValue(types, small, `{ ${name}: { count: 1 } }`).ok).toBe(false);
    expect(readValue(types, sum, name).ok).toBe(false);
    expect(readValue(types, enumeration, name).ok).toBe(false);
    expect(readValue(types, counts, `Map { ${name}: 1 }`).ok).toBe(false);
  });

  test('names that are declared are', () => {
    const input = { ok: true, value: [1, 2] };
    expect(inputFromJson(image, 1, '{"toString":2,"constructor":1}')).toEqual(input);
    expect(
      inputFromQuery(image, 1, [
        ['constructor', '1'],
        ['toString', '2'],
      ]),
    ).toEqual(input);
    expect(readInput(image, 'Constructor(toString: 2, constructor: 1)')).toMatchObject({
      value: { operation: 1, input: [1, 2] },
    });
  });
});

test('__proto__ is no name of bytecode', () => {
  const other = new TypeTable();
  const state = other.record([{ name: '__proto__', type: INT }]);
  const code = encodeImage({
    ...image,
    unit: { types: other, constants: [{ type: state, value: [0] }], functions: [] },
    state,
    operations: [],
  });
  const decoded = decodeImage(code);
  expect(!decoded.ok && decoded.malformed.message).toBe('not a name: "__proto__"');
});
