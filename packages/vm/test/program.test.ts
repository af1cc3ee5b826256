import {
  BOOL,
  INT,
  LIST_HEADER_BYTES,
  List,
  OP,
  STRING,
  TIME,
  UNIT,
  type Image,
  type Operation,
  type Value,
} from '@smc/protocol';
import { FAILED, Instance, load, loadUnit, type Invalid, type Program } from '@smc/vm';
import { describe, expect, it } from 'vitest';
import { Assembly, imageOf } from './support/assembly.ts';
import { programOf } from './support/run.ts';
import { repeat } from './support/repeat.ts';

/** A type of that machine that is no data. */
const CLOSURE = 6;

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
    const [a, b] = [new Instance(program.initial), new Instance(40)];
    expect([program.step(a, 0, 5, 0), program.step(b, 0, 2, 0), program.step(a, 0, 1, 0)]).toEqual([
      5, 42, 6,
    ]);
    expect([a.state, b.state]).toEqual([6, 42]);
  });

  it('undoes a step that fails, after a PUT too', () => {
    const instance = new Instance(7);
    expect(program.step(instance, 1, null, 0)).toBe(FAILED);
    expect(instance.failure).toEqual({ kind: 'fault', message: 'no' });
    expect(program.step(instance, 0, Number.MAX_SAFE_INTEGER, 0)).toBe(FAILED);
    expect(instance.failure).toEqual({ kind: 'fault', message: 'integer overflow' });
    expect(program.step(instance, 0, 1, 0, 1)).toBe(FAILED);
    expect(instance.failure).toEqual({ kind: 'exhausted', message: 'out of fuel' });
    expect(instance.state).toBe(7);
    expect(program.step(instance, 2, null, 0)).toBe(7);
  });

  it('sees the time that it is given', () => {
    expect(program.step(new Instance(0), 3, null, 1234)).toBe(1234);
  });

  it('has no failure before one', () => {
    expect(() => new Instance(0).failure).toThrow('no step of this instance has failed');
  });

  it('checks invariants', () => {
    expect(program.brokenInvariant(0)).toBeNull();
    expect(program.brokenInvariant(-1)).toEqual({ index: 0, failure: null });
    expect(program.brokenInvariant(0, 0)).toEqual({
      index: 0,
      failure: { kind: 'exhausted', message: 'out of fuel' },
    });
  });

  it('gives a keyed machine the key with the input', () => {
    const keyed = programFrom(
      machine((image) => ({
        ...image,
        key: 'string',
        operations: [{ name: 'Key', parameters: [], reply: STRING, body: 5 }],
      })),
    );
    expect(keyed.step(new Instance(0, 'alice'), 0, null, 0)).toBe('alice');
  });

  it('makes a crash of what the host throws, and keeps the state', () => {
    const items: readonly Value[] = new Proxy([], {
      get: () => {
        throw new RangeError('out of memory');
      },
    });
    const length = programOf({ from: (a) => a.types.list(INT), to: INT, code: 'LIST_LENGTH; RETURN' });
    const instance = new Instance(null);
    expect(length.step(instance, 0, new List(items, LIST_HEADER_BYTES), 0)).toBe(FAILED);
    expect(instance.failure).toEqual({ kind: 'crash', message: 'RangeError: out of memory' });
    expect(length.step(instance, 0, List.of([1]), 0)).toBe(1);
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
  const parameter = { name: 'by', type: INT, default: null };

  it.each<[string, (image: Image) => Image]>([
    ['a machine called "counter"', (image) => ({ ...image, name: 'counter' })],
    [
      '4097 operations, at most 4096',
      (image) => ({ ...image, operations: repeat(4097, image.operations[0]) }),
    ],
    ['1025 invariants, at most 1024', (image) => ({ ...image, invariants: repeat(1025, 4) })],
    ['the state has the type 99 of 8', (image) => ({ ...image, state: 99 })],
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
    ['operation "Add": its body takes Int, not (Int, Int)', (image) => ({ ...image, key: 'int' })],
    ['operation "Add": its body takes Int, not (String, Int)', (image) => ({ ...image, key: 'string' })],
    ['an invariant is function 6 of 6', (image) => ({ ...image, invariants: [6] })],
    ['invariant 0 is not from the state to Bool', (image) => ({ ...image, invariants: [0] })],
    ['invariant 1 is not from the state to Bool', (image) => ({ ...image, invariants: [1] })],
  ])('is refused: %s', (message, change) => {
    expect(refusal(change)).toBe(message);
  });

  it('is refused with an invariant that looks at the world', () => {
    const impure = (image: Image): Image => {
      const code = Int32Array.of(OP.NOW, OP.PUSH, OP.CONS, OP.EQ, OP.RETURN);
      const functions = [...image.unit.functions, { from: INT, to: BOOL, code }];
      return { ...image, unit: { ...image.unit, functions }, invariants: [6] };
    };
    expect(refusal(impure)).toBe('invariant 6 uses state or clock');
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
