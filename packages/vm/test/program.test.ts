import {
  BOOL,
  FORMAT_LIMITS,
  INT,
  LIST_HEADER_BYTES,
  List,
  OP,
  STRING,
  TYPE_LIMITS,
  TIME,
  UNIT,
  type Image,
  type MapValue,
  type Operation,
  type Value,
} from '@smc/protocol';
import { FAILED, load, loadUnit, type Invalid, type Program } from '@smc/vm';
import { describe, expect, it } from 'vitest';
import { Assembly, imageOf } from './support/assembly.ts';
import { list, map, programOf, sum } from './support/run.ts';
import { repeat } from './support/repeat.ts';
import { listOf, mapOf, sumOf, tuple } from './support/types.ts';

/** A type of that machine that is no data, and a record of an Int and a String. */
const CLOSURE = 6;
const RECORD = 8;

/** A counter with operations that read, write, fail, and look at the clock. */
function machine(change: (image: Image) => Image = (image) => image): Image {
  const assembly = new Assembly();
  const { types } = assembly;
  expect(types.function(INT, INT)).toBe(CLOSURE);
  assembly.constant('zero', INT, 0);
  assembly.constant('why', STRING, 'no');
  assembly.function('read', UNIT, INT, 'GET; RETURN');
  assembly.function('add', INT, INT, 'PUSH; GET; CONS; ADD; PUSH; PUT; CONS; FST; RETURN');
  assembly.function('fail', UNIT, UNIT, `QUOTE zero; PUT; QUOTE why; FAIL ${UNIT}; RETURN`);
  assembly.function('time', UNIT, TIME, 'NOW; RETURN');
  assembly.function('positive', INT, BOOL, 'PUSH; QUOTE zero; CONS; GE; RETURN');
  assembly.function('keyed', types.pair(STRING, UNIT), STRING, 'FST; RETURN');
  expect(
    types.record([
      { name: 'x', type: INT },
      { name: 'y', type: STRING },
    ]),
  ).toBe(RECORD);
  const operation = (
    name: string,
    body: number,
    reply: number,
    ...parameters: Operation['parameters']
  ): Operation => ({
    name,
    parameters,
    reply,
    body,
  });
  return change({
    emit: 1,
    name: 'Counter',
    key: 'none',
    unit: assembly.unit(),
    state: INT,
    initial: 0,
    operations: [
      operation('Add', 1, INT, { name: 'by', type: INT, default: 0 }),
      operation('Fail', 2, UNIT),
      operation('Read', 0, INT),
      operation('Time', 3, TIME),
    ],
    invariants: [4],
    defaults: [],
  });
}

/** Accounts: each key has a balance, which stays above the length of its key. */
function keyedMachine(change: (image: Image) => Image = (image) => image): Image {
  const assembly = new Assembly();
  const { types } = assembly;
  const keyAnd = (type: number): number => types.pair(STRING, type);
  assembly.constant('hundred', INT, 100);
  assembly.function('key', keyAnd(UNIT), STRING, 'FST; RETURN');
  assembly.function('put', keyAnd(INT), INT, 'SND; PUSH; PUT; CONS; FST; RETURN');
  assembly.function('enough', keyAnd(INT), BOOL, 'PUSH; SND; SWAP; FST; STRING_LENGTH; CONS; GT; RETURN');
  return change({
    emit: 1,
    name: 'Account',
    key: 'string',
    unit: assembly.unit(),
    state: INT,
    initial: 0,
    operations: [
      { name: 'Key', parameters: [], reply: STRING, body: 0 },
      { name: 'Put', parameters: [{ name: 'to', type: INT, default: null }], reply: INT, body: 1 },
    ],
    invariants: [2],
    defaults: [],
  });
}

function programFrom(image: Image): Program {
  const loaded = load(image);
  if (!loaded.ok) throw new Error(loaded.invalid.message);
  return loaded.program;
}

describe('a program', () => {
  const program = programFrom(machine());

  it('says what it offers', () => {
    expect(program.initial).toBe(0);
    expect(program.operations.map(({ name, readOnly }) => [name, readOnly])).toEqual([
      ['Add', false],
      ['Fail', false],
      ['Read', true],
      ['Time', true],
    ]);
    expect(program.operations.map(({ input, reply }) => [input, reply])).toEqual([
      [INT, INT],
      [UNIT, UNIT],
      [UNIT, INT],
      [UNIT, TIME],
    ]);
    expect(['Add', 'Time', 'add', 'constructor'].map((name) => program.index(name))).toEqual([0, 3, -1, -1]);
  });

  it('steps its instances apart from each other', () => {
    const [a, b] = [program.instance(), program.instance(40)];
    expect([program.step(a, 0, 5, 0), program.step(b, 0, 2, 0), program.step(a, 0, 1, 0)]).toEqual([
      5, 42, 6,
    ]);
    expect([a.state, b.state]).toEqual([6, 42]);
  });

  it('undoes a step that fails, after a PUT too', () => {
    const instance = program.instance(7);
    expect(program.step(instance, 1, null, 0)).toBe(FAILED);
    expect(program.failure).toEqual({ kind: 'fault', message: 'no' });
    expect(program.step(instance, 0, Number.MAX_SAFE_INTEGER, 0)).toBe(FAILED);
    expect(program.failure).toEqual({ kind: 'fault', message: 'integer overflow' });
    expect(program.step(instance, 0, 1, 0, 1)).toBe(FAILED);
    expect(program.failure).toEqual({ kind: 'exhausted', message: 'out of fuel' });
    expect(instance.state).toBe(7);
    expect(program.step(instance, 2, null, 0)).toBe(7);
  });

  it('sees the time that it is given', () => {
    expect(program.step(program.instance(0), 3, null, 1234)).toBe(1234);
  });

  it('has no failure before one', () => {
    expect(() => programFrom(machine()).failure).toThrow('no run has failed');
  });

  it('checks invariants', () => {
    expect(program.brokenInvariant(0)).toBeNull();
    expect(program.brokenInvariant(-1)).toEqual({ index: 0, failure: null });
    expect(program.brokenInvariant(0, null, 0)).toEqual({
      index: 0,
      failure: { kind: 'exhausted', message: 'out of fuel' },
    });
  });

  it('gives a keyed machine the key with the input', () => {
    const keyed = programFrom(keyedMachine());
    const [alice, bob] = [keyed.instance(keyed.initial, 'alice'), keyed.instance(keyed.initial, 'bob')];
    expect([keyed.step(alice, 0, null, 0), keyed.step(bob, 0, null, 0)]).toEqual(['alice', 'bob']);
    expect([keyed.step(alice, 1, 5, 0), alice.state, alice.key, bob.state]).toEqual([5, 5, 'alice', 100]);
    expect(keyed.operations.map(({ input, readOnly }) => [input, readOnly])).toEqual([
      [UNIT, true],
      [INT, false],
    ]);
  });

  it('gives the invariants of a keyed machine the key with the state', () => {
    const keyed = programFrom(keyedMachine());
    expect(keyed.brokenInvariant(4, 'bob')).toBeNull();
    expect(keyed.brokenInvariant(4, 'alice')).toEqual({ index: 0, failure: null });
  });

  it('keeps a map apart from the map that it was made of', () => {
    const insert = programOf({
      from: INT,
      to: UNIT,
      state: mapOf(INT, INT),
      initial: map(),
      code: 'PUSH; GET; SWAP; PUSH; NEG; TUPLE 3; MAP_INSERT; PUT; RETURN',
    });
    const instance = insert.instance();
    const states = Array.from({ length: 100 }, (_, i) => {
      insert.step(instance, 0, (i * 37) % 101, 0);
      return instance.state as MapValue;
    });
    expect(states.map((state) => state.length)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect((insert.initial as MapValue).length).toBe(0);
    const keys = [...states[99].keys()];
    expect(keys).toEqual(keys.toSorted((a, b) => Number(a) - Number(b)));
    expect(states.map((state) => state.size)).toEqual(states.map((state) => 88 + 32 * state.length));
    expect(states[49].get(37)).toBe(-37);
  });

  it('orders the keys of what it makes by their type', () => {
    const program = programOf({
      from: listOf(tuple(sumOf({ Low: INT, High: STRING }), INT)),
      to: mapOf(sumOf({ Low: INT, High: STRING }), INT),
      code: 'MAP_FROM_LIST Map; RETURN',
    });
    const input = list([sum(1, 'a'), 1], [sum(0, 5), 2], [sum(0, -5), 3], [sum(1, ''), 4]);
    const made = program.step(program.instance(null), 0, input, 0) as MapValue;
    expect([...made.values()]).toEqual([3, 2, 4, 1]);
  });

  it('makes a crash of what the host throws, and keeps the state', () => {
    const items: readonly Value[] = new Proxy([], {
      get: () => {
        throw new RangeError('out of memory');
      },
    });
    const program = programOf({ from: (a) => a.types.list(INT), to: INT, code: 'LIST_LENGTH; RETURN' });
    const instance = program.instance(null);
    expect(program.step(instance, 0, new List(items, LIST_HEADER_BYTES), 0)).toBe(FAILED);
    expect(program.failure).toEqual({ kind: 'crash', message: 'RangeError: out of memory' });
    expect(program.step(instance, 0, List.of([1]), 0)).toBe(1);
  });
});

describe('an image', () => {
  const refusal = (change: (image: Image) => Image): string => {
    const loaded = load(machine(change));
    if (loaded.ok) throw new Error('it was accepted');
    expect(loaded.invalid).toEqual({ kind: 'invalid', message: loaded.invalid.message } satisfies Invalid);
    return loaded.invalid.message;
  };
  const withFirst =
    (change: Partial<Operation>) =>
    (image: Image): Image => ({
      ...image,
      operations: [{ ...image.operations[0], ...change }, ...image.operations.slice(1)],
    });
  const withDefaults =
    (...defaults: Image['defaults']) =>
    (image: Image): Image => ({ ...image, defaults });
  const parameter = { name: 'by', type: INT, default: null };

  it.each<[string, (image: Image) => Image]>([
    ['a machine called "counter"', (image) => ({ ...image, name: 'counter' })],
    [
      '4097 operations, at most 4096',
      (image) => ({ ...image, operations: repeat(4097, image.operations[0]) }),
    ],
    ['1025 invariants, at most 1024', (image) => ({ ...image, invariants: repeat(1025, 4) })],
    ['the state has the type 99 of 9', (image) => ({ ...image, state: 99 })],
    ['the state has the type 99 of 9', (image) => ({ ...image, state: 99, operations: [], invariants: [] })],
    ['the initial state, constant 1, is no Int', (image) => ({ ...image, initial: 1 })],
    ['the initial state, constant 2, is no Int', (image) => ({ ...image, initial: 2 })],
    ['operation "add": its name is none', withFirst({ name: 'add' })],
    ['operation "Fail": not sorted, or there twice', withFirst({ name: 'Fail' })],
    ['operation "Fail": not sorted, or there twice', withFirst({ name: 'Zero' })],
    ['operation "Add": its reply is no data', withFirst({ reply: 99 })],
    ['operation "Add": its reply is no data', withFirst({ reply: CLOSURE })],
    [
      'operation "Add": parameter "by": it is no data',
      withFirst({ parameters: [{ ...parameter, type: CLOSURE }] }),
    ],
    ['operation "Add": its body takes Int, not ()', withFirst({ parameters: [] })],
    [
      'operation "Add": its body takes Int, not (Int, Int)',
      withFirst({ parameters: [parameter, { ...parameter, name: 'to' }] }),
    ],
    ['operation "Add": its body gives Int, not Bool', withFirst({ reply: BOOL })],
    ['operation "Add": its body is function 6 of 6', withFirst({ body: 6 })],
    ['operation "Add": two parameters of one name', withFirst({ parameters: [parameter, parameter] })],
    ['operation "Add": 17 parameters, at most 16', withFirst({ parameters: repeat(17, parameter) })],
    [
      'operation "Add": parameter "By": its name is none',
      withFirst({ parameters: [{ ...parameter, name: 'By' }] }),
    ],
    [
      'operation "Add": parameter "by": it is no data',
      withFirst({ parameters: [{ ...parameter, type: -1 }] }),
    ],
    [
      'operation "Add": parameter "by": its default has another type',
      withFirst({ parameters: [{ ...parameter, default: 1 }] }),
    ],
    [
      'operation "Add": parameter "by": its default has another type',
      withFirst({ parameters: [{ ...parameter, default: 2 }] }),
    ],
    [
      'operation "Add": parameter "To": its name is none',
      withFirst({ parameters: [parameter, { ...parameter, name: 'To' }] }),
    ],
    ['operation "Add": its body takes Int, not (Int, Int)', (image) => ({ ...image, key: 'int' })],
    ['operation "Add": its body takes Int, not (String, Int)', (image) => ({ ...image, key: 'string' })],
    [
      `${FORMAT_LIMITS.defaultsMax + 1} defaults of fields, at most ${FORMAT_LIMITS.defaultsMax}`,
      (image) => ({
        ...image,
        defaults: repeat(FORMAT_LIMITS.defaultsMax + 1, { type: INT, field: 0, constant: 0 }),
      }),
    ],
    ['a default of the field 0 of the type 1', withDefaults({ type: INT, field: 0, constant: 0 })],
    ['a default of the field 0 of the type 99', withDefaults({ type: 99, field: 0, constant: 0 })],
    ['a default of the field 2 of the type 8', withDefaults({ type: RECORD, field: 2, constant: 0 })],
    ['the default of the field x has another type', withDefaults({ type: RECORD, field: 0, constant: 1 })],
    ['the default of the field x has another type', withDefaults({ type: RECORD, field: 0, constant: 9 })],
    [
      'defaults are not in order',
      withDefaults({ type: RECORD, field: 1, constant: 1 }, { type: RECORD, field: 0, constant: 0 }),
    ],
    [
      'defaults are not in order',
      withDefaults({ type: RECORD, field: 0, constant: 0 }, { type: RECORD, field: 0, constant: 0 }),
    ],
    ['an invariant is function 6 of 6', (image) => ({ ...image, invariants: [6] })],
    ['invariant 0 is not from Int to Bool', (image) => ({ ...image, invariants: [0] })],
    ['invariant 1 is not from Int to Bool', (image) => ({ ...image, invariants: [1] })],
  ])('is refused: %s', (message, change) => {
    expect(refusal(change)).toBe(message);
  });

  it('may say what stands for fields that are left out', () => {
    const change = withDefaults(
      { type: RECORD, field: 0, constant: 0 },
      { type: RECORD, field: 1, constant: 1 },
    );
    expect(load(machine(change)).ok).toBe(true);
  });

  it.each<[string, (image: Image) => Image]>([
    ['operation "Key": its body takes (String, ()), not ()', (image) => ({ ...image, key: 'none' })],
    ['operation "Key": its body takes (String, ()), not (Int, ())', (image) => ({ ...image, key: 'int' })],
    ['invariant 1 is not from (String, Int) to Bool', (image) => ({ ...image, invariants: [1] })],
  ])('of a keyed machine is refused: %s', (message, change) => {
    const loaded = load(keyedMachine(change));
    expect(loaded).toEqual({ ok: false, invalid: { kind: 'invalid', message } });
  });

  it.each(['NOW', 'GET', 'PUT'] as const)('is refused with an invariant that uses %s', (name) => {
    const impure = (image: Image): Image => {
      const code = Int32Array.of(OP[name], OP.PUSH, OP.CONS, OP.EQ, OP.RETURN);
      const functions = [...image.unit.functions, { from: INT, to: BOOL, code }];
      return { ...image, unit: { ...image.unit, functions }, invariants: [6] };
    };
    expect(refusal(impure)).toBe('invariant 6 uses state or clock');
  });

  it('may have defaults of several records, whose fields are in order for each', () => {
    const { types } = machine().unit;
    const change = (image: Image): Image => {
      const other = types.record([{ name: 'z', type: INT }]);
      const defaults = [
        { type: RECORD, field: 1, constant: 1 },
        { type: other, field: 0, constant: 0 },
      ];
      return { ...image, unit: { ...image.unit, types }, defaults };
    };
    expect(load(machine(change)).ok).toBe(true);
    const turned = (image: Image): Image => {
      const changed = change(image);
      return { ...changed, defaults: changed.defaults.toReversed() };
    };
    expect(refusal(turned)).toBe('defaults are not in order');
  });

  it('is refused where the types of its inputs are too many', () => {
    const assembly = new Assembly();
    const { types } = assembly;
    assembly.function('main', INT, INT, 'RETURN');
    for (let i = types.length; i < TYPE_LIMITS.tableLengthMax; i++)
      types.record([{ name: `f${i}`, type: INT }]);
    const image = imageOf({ assembly, from: INT, to: INT });
    expect(load(image)).toMatchObject({ ok: true });
    const parameters = ['a', 'b'].map((name) => ({ name, type: INT, default: null }));
    const [operation] = image.operations;
    const message = 'type too large: types 65537, at most 65536';
    expect(load({ ...image, operations: [{ ...operation, parameters }] })).toEqual({
      ok: false,
      invalid: { kind: 'invalid', message },
    });
  });

  it('is refused by its code, with the place', () => {
    const assembly = new Assembly();
    assembly.function('main', INT, INT, 'NEG; NOT; RETURN');
    const loaded = load(imageOf({ assembly, from: INT, to: INT }));
    expect(loaded).toEqual({
      ok: false,
      invalid: { kind: 'invalid', message: 'NOT takes Bool, not Int', function: 0, word: 1 },
    });
  });
});

describe('the unit of an upgrade', () => {
  const unitOf = (code: string) => {
    const assembly = new Assembly();
    assembly.types.list(INT);
    assembly.function('f', INT, INT, code);
    return loadUnit(assembly.unit());
  };

  it('runs its functions', () => {
    const loaded = unitOf('PUSH; CONS; MUL; RETURN');
    if (!loaded.ok) throw new Error(loaded.invalid.message);
    expect(loaded.functions.run(0, 7, 100)).toEqual({ ok: true, value: 49 });
    expect(loaded.functions.run(0, 2 ** 30, 100)).toEqual({
      ok: false,
      failure: { kind: 'fault', message: 'integer overflow' },
    });
    expect(loaded.functions.run(0, 7, 1)).toEqual({
      ok: false,
      failure: { kind: 'exhausted', message: 'out of fuel' },
    });
  });

  it('has neither state nor clock', () => {
    expect(unitOf('GET; RETURN')).toMatchObject({
      ok: false,
      invalid: { message: 'GET where there is no state' },
    });
  });
});
