import {
  BOOL,
  BYTES,
  FORMAT_LIMITS,
  INT,
  List,
  MapValue,
  OP,
  STRING,
  SetValue,
  Sum,
  TIME,
  TypeTable,
  UNIT,
  VALUE_LIMITS,
  type Constructor,
  type TypeId,
  type TypeNode,
  type Unit,
  type Value,
} from '@smc/protocol';
import { CLOCK, READS, VERIFIER_LIMITS, WRITES, verifyUnit, type Verified } from '@smc/vm';
import { describe, expect, it, vi } from 'vitest';
import { Assembly } from './support/assembly.ts';
import { repeat } from './support/repeat.ts';
import { map, set } from './support/run.ts';
import {
  functionOf,
  listOf,
  mapOf,
  recordOf,
  resolve,
  setOf,
  sumOf,
  tuple,
  type Typing,
} from './support/types.ts';

const INTS = tuple(INT, INT);
const EITHER = sumOf({ Left: INT, Right: STRING });
const descending = (a: Value, b: Value): number => Number(b) - Number(a);
/** The same, with this size in place of its own. */
const ofSize = (value: MapValue | SetValue, size: number): Value =>
  Object.defineProperty(value, 'size', { value: size });

describe('a unit', () => {
  const unitOf = (define: (assembly: Assembly) => void): Unit => {
    const assembly = new Assembly();
    define(assembly);
    return assembly.unit();
  };
  const verdict = (define: (assembly: Assembly) => void, state: TypeId | null = null): unknown =>
    verifyUnit(unitOf(define), state);
  const refused = (message: string, place: object = {}): unknown => ({ kind: 'invalid', message, ...place });
  const raw = (...words: number[]): Unit => {
    const unit = new Assembly().unit();
    return { ...unit, functions: [{ from: INT, to: INT, code: Int32Array.from(words) }] };
  };

  it('refuses what is no instruction', () => {
    const place = { function: 0, word: 0 };
    expect(verifyUnit(raw(0), null)).toEqual(refused('no instruction has the code 0', place));
    expect(verifyUnit(raw(255), null)).toEqual(refused('no instruction has the code 255', place));
    expect(verifyUnit(raw(-1), null)).toEqual(refused('no instruction has the code -1', place));
  });

  it('refuses an instruction that is cut off', () => {
    const message = 'QUOTE reaches over the end of the function at 1';
    expect(verifyUnit(raw(OP.QUOTE), null)).toEqual(refused(message, { function: 0, word: 0 }));
    const arms = 'SWITCH reaches over the end of the function at 3';
    expect(verifyUnit(raw(OP.SWITCH, 3, 2 ** 31 - 1), null)).toEqual(refused(arms, { function: 0, word: 0 }));
  });

  it('refuses state and clock where there are none', () => {
    const place = { function: 0, word: 0 };
    expect(verdict((a) => a.function('f', INT, INT, 'GET; RETURN'))).toEqual(
      refused('GET where there is no state', place),
    );
    expect(verdict((a) => a.function('f', INT, UNIT, 'PUT; RETURN'))).toEqual(
      refused('PUT where there is no state', place),
    );
    expect(verdict((a) => a.function('f', INT, TIME, 'NOW; RETURN'))).toEqual(
      refused('NOW where there is no clock', place),
    );
  });

  it('refuses a state that is no data', () => {
    expect(verdict(() => undefined, 6)).toEqual(refused('the state has the type 6 of 6'));
    const closure = (a: Assembly): void => void a.types.function(INT, INT);
    expect(verdict(closure, 6)).toEqual(refused('the state is no data: (Int -> Int)'));
  });

  it('finds what a function does to the world', () => {
    const unit = unitOf((a) => {
      functionOf(INT, INT)(a);
      a.function('none', INT, INT, 'NEG; RETURN');
      a.function('get', INT, INT, 'GET; RETURN');
      a.function('put', INT, UNIT, 'PUT; RETURN');
      a.function('now', UNIT, TIME, 'NOW; RETURN');
      a.function('all', INT, TIME, 'CALL get; CALL put; CALL now; RETURN');
    });
    const verified = verifyUnit(unit, INT) as Verified;
    expect(verified.functions.map((facts) => facts.effects)).toEqual([
      0,
      READS,
      WRITES,
      CLOCK,
      READS | WRITES | CLOCK,
    ]);
  });

  it('finds the bounds of both stacks', () => {
    const unit = unitOf((a) => {
      functionOf(INT, INT)(a);
      listOf(INT)(a);
      a.function('leaf', INT, INT, 'RETURN');
      a.function('deep', INT, INT, 'PUSH; PUSH; CALL leaf; CONS; CONS; SND; FST; RETURN');
      a.function(
        'closure',
        INT,
        INT,
        'PUSH; CUR Function x; ADD; RETURN; x:; SWAP; CONS; APP; CALL deep; RETURN',
      );
      a.function(
        'fold',
        a.types.tuple([INT, INT, a.types.list(INT)]),
        INT,
        'FOLD x; PROJECT 1; CALL leaf; NEXT; x:; CALL deep; RETURN',
      );
    });
    const { functions } = verifyUnit(unit, null) as Verified;
    expect(functions.map(({ stackSlots, frames }) => [stackSlots, frames])).toEqual([
      [0, 1],
      [2, 2],
      [4, 4],
      [6, 3],
    ]);
  });

  it('refuses stacks over the limits', () => {
    const { stackSlotsMax, framesMax } = VERIFIER_LIMITS;
    // A closure over a number that gives it, or 7, without using the stack.
    const closures = (type: TypeId, count: number, start: number): number[] => {
      const each = (_: unknown, i: number): number[] => [
        OP.CUR,
        type,
        start + 5 * (i + 1),
        OP.SND,
        OP.RETURN,
      ];
      return Array.from({ length: count }, each).flat();
    };
    /** Each calls the one before, from a stack of some height, and has so many closures. */
    const unitOfClosures = (...functions: readonly (readonly [count: number, height: number])[]): Unit =>
      unitOf((a) => {
        const type = functionOf(INT, INT)(a);
        a.constant('seven', INT, 7);
        for (const [i, [count, height]] of functions.entries()) {
          const before = [...(i === 0 ? [] : [OP.CALL, i - 1]), ...repeat(height, OP.PUSH)];
          const after = [OP.QUOTE, 0, ...repeat(height, [OP.CONS, OP.SND]).flat(), OP.RETURN];
          const code = Int32Array.from([...before, ...closures(type, count, before.length), ...after]);
          a.functions.push({ from: INT, to: INT, code });
        }
      });
    const verified = { kind: 'verified' };
    expect(verifyUnit(unitOfClosures([4_095, 16], [0, 0]), null)).toMatchObject(verified);
    expect(verifyUnit(unitOfClosures([4_095, 16], [0, 1]), null)).toEqual(
      refused(`65537 slots of stack, at most ${stackSlotsMax}`, { function: 1 }),
    );
    // Of each, a frame of its own.
    const deep = repeat(5, [12_000, 0] as const);
    expect(verifyUnit(unitOfClosures(...deep, [5_530, 0]), null)).toMatchObject(verified);
    expect(verifyUnit(unitOfClosures(...deep, [5_531, 0]), null)).toEqual(
      refused(`calls 65537 deep, at most ${framesMax}`, { function: 5 }),
    );
  });

  it('refuses a type that grows too large in the code', () => {
    const code = `${'PUSH; CONS; '.repeat(30)} RETURN`;
    const found = verdict((a) => a.function('f', INT, INT, code));
    expect(found).toEqual(
      refused(expect.stringMatching(/^type too large: nodes/) as string, { function: 0, word: 37 }),
    );
  });

  it('leaves the types of the unit as they were', () => {
    const unit = unitOf((a) => a.function('f', INT, INT, 'PUSH; CONS; FST; RETURN'));
    const { types } = verifyUnit(unit, null) as Verified;
    expect([unit.types.length, types.length]).toEqual([6, 7]);
  });

  it('refuses closures where data belongs', () => {
    const closure = functionOf(INT, INT);
    expect(verdict(listOf(closure))).toEqual(refused('type 7, List<(Int -> Int)>: a list of closures'));
    expect(verdict(mapOf(INT, closure))).toEqual(
      refused('type 7, Map<Int, (Int -> Int)>: a map of closures'),
    );
    expect(verdict(functionOf(closure, INT))).toEqual(
      refused('type 7, ((Int -> Int) -> Int): a closure that takes a closure'),
    );
    expect(verdict((a) => sumOf({ A: closure(a) })(a))).toEqual(
      refused('type 7, Sum: a sum with a closure in it'),
    );
    expect(verdict((a) => a.function('f', closure(a), INT, 'RETURN'))).toEqual(
      refused('it takes a closure: (Int -> Int)', { function: 0 }),
    );
    expect(verdict((a) => a.constant('c', closure(a), null))).toEqual(
      refused('constant 0 is no data: (Int -> Int)'),
    );
  });

  it('refuses types that do not hold together', () => {
    const type = (node: TypeNode) => verdict((a) => void a.types.intern(node));
    const sum = (...constructors: Constructor[]): TypeNode => ({
      kind: 'sum',
      name: 'S',
      arguments: [],
      constructors,
    });
    const none = { labels: [], payload: UNIT };
    expect(type({ kind: 'record', fields: [] })).toEqual(refused('type 6, {  }: a record without fields'));
    expect(type({ kind: 'record', fields: [{ name: 'X', type: INT }] })).toEqual(
      refused('type 6, { X: Int }: a field called "X"'),
    );
    expect(type({ ...sum(), name: 's' } as TypeNode)).toEqual(refused('type 6, s: a sum called "s"'));
    expect(type(sum())).toEqual(refused('type 6, S: a sum without constructors'));
    expect(type({ ...sum({ name: 'A', ...none }), arguments: repeat(65, INT) } as TypeNode)).toMatchObject({
      message: expect.stringContaining('too many type arguments') as string,
    });
    expect(type(sum({ name: 'a', ...none }))).toEqual(refused('type 6, S: a constructor whose name is none'));
    expect(type(sum({ name: 'A', ...none }, { name: 'A', ...none }))).toEqual(
      refused('type 6, S: two constructors of one name'),
    );
    const wrong = refused('type 6, S: the arguments of A are not those that it holds');
    expect(type(sum({ name: 'A', labels: [], payload: INT }))).toEqual(wrong);
    expect(type(sum({ name: 'A', labels: ['x'], payload: INT }))).toEqual(wrong);
    expect(
      verdict(
        (a) => void a.types.intern(sum({ name: 'A', labels: ['y'], payload: recordOf({ x: INT })(a) })),
      ),
    ).toEqual(refused('type 7, S: the arguments of A are not those that it holds'));
  });

  it.each<[string, Typing | TypeId, boolean]>([
    ['Int', INT, true],
    ['Bool', BOOL, true],
    ['Bytes', BYTES, true],
    ['Time', TIME, true],
    ['a tuple of keys', tuple(STRING, tuple(INT, BOOL)), true],
    ['a sum of keys', EITHER, true],
    ['a sum of units', sumOf({ Red: UNIT, Green: UNIT }), true],
    ['unit', UNIT, false],
    ['a record', recordOf({ x: INT }), false],
    ['a list', listOf(INT), false],
    ['a tuple with a list', tuple(INT, listOf(INT)), false],
    ['a map', mapOf(INT, INT), false],
    ['a set', setOf(INT), false],
  ])('sees to keys: %s', (_title, key, isKey) => {
    const map = verdict((a) => void mapOf(key, INT)(a)) as { kind: string; message?: string };
    const set = verdict((a) => void setOf(key)(a)) as { kind: string; message?: string };
    if (isKey) {
      expect([map.kind, set.kind]).toEqual(['verified', 'verified']);
    } else {
      expect(map.message).toMatch(/^type \d+, Map<.*: a map whose keys have no order$/);
      expect(set.message).toMatch(/^type \d+, Set<.*: a set whose items have no order$/);
    }
  });

  it('looks once at each part of a key', () => {
    // A tree of 2¹⁶ leaves, which each of 100 instructions names.
    const unit = unitOf((a) => {
      let key: TypeId = INT;
      for (let i = 0; i < 16; i++) key = a.types.pair(key, key);
      const pairs = a.types.list(a.types.pair(key, key));
      a.function('f', pairs, pairs, `${`PUSH; LIST_SORT ${key}; SWAP; CONS; SND; `.repeat(100)} RETURN`);
    });
    const looks = vi.spyOn(TypeTable.prototype, 'node');
    const { kind } = verifyUnit(unit, null);
    const count = looks.mock.calls.length;
    looks.mockRestore();
    expect([kind, count < 10_000]).toEqual(['verified', true]);
  });

  it('knows maps and sets as constants', () => {
    const constants = (a: Assembly): void => {
      a.constant('map', resolve(mapOf(INT, setOf(STRING)), a), map([2, set('b', 'a')], [1, set()]));
      a.constant('set', resolve(setOf(STRING), a), set('\uFFFD', '\u{1F600}'));
    };
    expect(verdict(constants)).toMatchObject({ kind: 'verified' });
  });

  it.each<[string, Typing | TypeId, Value, string]>([
    ['a map', mapOf(INT, INT), List.of([[1, 1]]), 'Map<Int, Int>'],
    ['a map with a wrong key', mapOf(STRING, INT), map([1, 1]), 'Map<String, Int>'],
    ['a map with a wrong value', mapOf(INT, STRING), map([1, 1]), 'Map<Int, String>'],
    [
      'a map in another order',
      mapOf(INT, INT),
      MapValue.of(
        [
          [1, 1],
          [2, 1],
        ],
        descending,
      ),
      'Map<Int, Int>',
    ],
    [
      'a map of equal keys',
      mapOf(INTS, INT),
      MapValue.of(
        [
          [[1, 1], 1],
          [[1, 1], 1],
        ],
        () => -1,
      ),
      'Map<(Int, Int), Int>',
    ],
    ['a map for a set', setOf(INT), map([1, 1]), 'Set<Int>'],
    ['a set with a wrong item', setOf(STRING), set(1), 'Set<String>'],
    ['a set in another order', setOf(INT), SetValue.of([1, 2], descending), 'Set<Int>'],
    ['a map of a wrong size', mapOf(INT, INT), ofSize(map([1, 1]), 8), 'Map<Int, Int>'],
    ['a set of a wrong size', setOf(INT), ofSize(set(1), 8), 'Set<Int>'],
    ['unit', UNIT, 0, '()'],
    ['a fraction', INT, 1.5, 'Int'],
    ['−0', INT, -0, 'Int'],
    ['an unsafe integer', INT, 2 ** 53, 'Int'],
    ['not a number', INT, Number.NaN, 'Int'],
    ['a number as Bool', BOOL, 1, 'Bool'],
    ['a lone surrogate', STRING, '\ud800', 'String'],
    ['a string that is too long', STRING, 'a'.repeat(VALUE_LIMITS.stringLengthMax + 1), 'String'],
    ['a time out of range', TIME, 8.64e15 + 1, 'Time'],
    ['bytes', BYTES, 'a', 'Bytes'],
    ['a pair of three', INTS, [1, 2, 3], '(Int, Int)'],
    ['a pair with a wrong part', INTS, [1, 'a'], '(Int, Int)'],
    ['a record with a wrong field', recordOf({ x: INT }), ['a'], '{ x: Int }'],
    ['a list', listOf(INT), [1], 'List<Int>'],
    ['a list with a wrong item', listOf(INT), List.of([true]), 'List<Int>'],
    ['a list of a wrong size', listOf(INT), new List([1], 0), 'List<Int>'],
    ['a sum with a wrong tag', EITHER, new Sum(2, 1), 'Sum'],
    ['a sum with a negative tag', EITHER, new Sum(-1, 1), 'Sum'],
    ['a sum with a wrong payload', EITHER, new Sum(1, 1), 'Sum'],
  ])('refuses the constant: %s', (_title, type, value, text) => {
    expect(verdict((a) => a.constant('c', resolve(type, a), value))).toEqual(
      refused(`constant 0 is no ${text}`),
    );
  });

  it('refuses too much of anything', () => {
    const { constantsMax, functionsMax, functionWordsMax } = FORMAT_LIMITS;
    const unit = new Assembly().unit();
    const constants = repeat(constantsMax + 1, { type: INT, value: 1 });
    expect(verifyUnit({ ...unit, constants }, null)).toEqual(
      refused(`${constantsMax + 1} constants, at most ${constantsMax}`),
    );
    const small = { from: INT, to: INT, code: Int32Array.of(OP.RETURN) };
    const functions = repeat(functionsMax + 1, small);
    expect(verifyUnit({ ...unit, functions }, null)).toEqual(
      refused(`${functionsMax + 1} functions, at most ${functionsMax}`),
    );
    const long = { ...small, code: new Int32Array(functionWordsMax + 1) };
    expect(verifyUnit({ ...unit, functions: [long] }, null)).toEqual(
      refused(`${functionWordsMax + 1} words, at most ${functionWordsMax}`, { function: 0 }),
    );
    const large = { ...small, code: new Int32Array(functionWordsMax) };
    expect(verifyUnit({ ...unit, functions: repeat(257, large) }, null)).toEqual(
      refused('67371008 bytes of code and constants, at most 67108864'),
    );
    expect(verifyUnit({ ...unit, functions: [{ ...small, to: 6 }] }, null)).toEqual(
      refused('its type is out of bounds', { function: 0 }),
    );
    expect(verifyUnit({ ...unit, constants: [{ type: 6, value: 1 }] }, null)).toEqual(
      refused('constant 0 has the type 6 of 6'),
    );
  });
});
