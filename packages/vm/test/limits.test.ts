import {
  BOOL,
  BYTES,
  FORMAT_LIMITS,
  INT,
  LIST_HEADER_BYTES,
  List,
  PRODUCT_HEADER_BYTES,
  STRING,
  STRING_HEADER_BYTES,
  TypeTable,
  UNIT,
  VALUE_LIMITS,
  entryFuel,
  sizeOf,
  type Value,
} from '@smc/protocol';
import { FAILED, load, verifyUnit } from '@smc/vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Assembly, imageOf } from './support/assembly.ts';
import { list, map, programOf, run, set, sum, type Sketch } from './support/run.ts';
import { repeat } from './support/repeat.ts';
import {
  functionOf,
  listOf,
  mapOf,
  optionOf,
  resolve,
  setOf,
  sumOf,
  tuple,
  type Typing,
} from './support/types.ts';

const OUT_OF_FUEL = { kind: 'exhausted', message: 'out of fuel' };
const TOO_LARGE = { kind: 'exhausted', message: 'value too large' };

/** The least fuel with which a step does not run out of it. */
function fuelOf(sketch: Sketch, input: Value): number {
  const program = programOf(sketch);
  const isEnough = (fuel: number): boolean => {
    const instance = program.instance();
    const reply = program.step(instance, 0, input, 0, fuel);
    return reply !== FAILED || program.failure.message !== 'out of fuel';
  };
  let low = 0;
  let high = 10_000_000;
  expect(isEnough(high)).toBe(true);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isEnough(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

describe('fuel', () => {
  const text = (length: number): string => 'a'.repeat(length);
  const ints = (length: number): Value => list(...Array.from({ length }, (_, i) => i));
  const strings = tuple(STRING, STRING);
  const either = sumOf({ Left: INT, Right: STRING });
  const one = (code: string, from: Sketch['from'], to: Sketch['to']): Sketch => ({
    from,
    to,
    code: `${code}; RETURN`,
  });
  const closure = functionOf(INT, INT);

  it.each<[string, Sketch, Value, number]>([
    ['entering 1 word', { from: INT, to: INT, code: 'RETURN' }, 1, 1],
    ['entering 2 words', one('NEG', INT, INT), 1, 2],
    ['entering 3 words', one('NEG; NEG', INT, INT), 1, 2],
    ['entering 4 words', one('NEG; NEG; NEG', INT, INT), 1, 3],
    ['entering 400 words', one('NEG; '.repeat(399).slice(0, -2), INT, INT), 1, 201],
    [
      'CALL of 4 words',
      { ...one('CALL f', INT, INT), define: (a) => a.function('f', INT, INT, 'NEG; NEG; NEG; RETURN') },
      1,
      2 + 3,
    ],
    [
      'APP of 5 words',
      {
        ...one('CUR Function x; ADD; NEG; NEG; NEG; RETURN; x:; PUSH; QUOTE seven; CONS; APP', INT, INT),
        define: (a) => (closure(a), a.constant('seven', INT, 7)),
      },
      1,
      8 + 3,
    ],
    [
      'a CUR that is not applied',
      {
        from: INT,
        to: INT,
        define: closure,
        code: 'PUSH; CUR Function x; ADD; RETURN; x:; SWAP; CONS; SND; RETURN'.replace(
          'SWAP; CONS; SND',
          'CONS; FST',
        ),
      },
      1,
      5,
    ],
    [
      'FOLD over nothing',
      one('FOLD x; PROJECT 1; NEXT; x:', tuple(UNIT, INT, listOf(INT)), INT),
      [null, 1, list()],
      4,
    ],
    [
      'FOLD of 3 words over 5',
      one('FOLD x; PROJECT 1; NEXT; x:', tuple(UNIT, INT, listOf(INT)), INT),
      [null, 1, ints(5)],
      4 + 10,
    ],
    [
      'FOLD of 4 words over 5',
      one('FOLD x; PROJECT 1; NEG; NEXT; x:', tuple(UNIT, INT, listOf(INT)), INT),
      [null, 1, ints(5)],
      4 + 15,
    ],
    [
      'MAP over nothing',
      one('MAP x; SND; NEXT; x:', tuple(UNIT, listOf(INT)), listOf(INT)),
      [null, list()],
      3,
    ],
    [
      'MAP of 2 words over 5',
      one('MAP x; SND; NEXT; x:', tuple(UNIT, listOf(INT)), listOf(INT)),
      [null, ints(5)],
      3 + 10,
    ],
    [
      'MAP to 64 bytes, twice',
      one('MAP x; SND; NEXT; x:', tuple(UNIT, listOf(STRING)), listOf(STRING)),
      [null, list(text(16), text(16))],
      3 + 2 * (2 + 2),
    ],
    ['LIST of 96 bytes', one('LIST Items 1', INT, listOf(INT)), 1, 3 + 4],
    ['LIST of 192 bytes', one('LIST Items 1', STRING, listOf(STRING)), text(36), 3 + 7],
    ['EQ of scalars', one('EQ', tuple(INT, INT), BOOL), [1, 2], 2],
    ['EQ of Bools', one('EQ', tuple(BOOL, BOOL), BOOL), [true, true], 2],
    ['EQ of 62 bytes', one('EQ', strings, BOOL), [text(15), text(15)], 2 + 1],
    ['EQ of 64 bytes', one('EQ', strings, BOOL), [text(16), 'a'], 2 + 2],
    ['NE by the larger', one('NE', tuple(either, either), BOOL), [sum(0, 1), sum(1, text(1000))], 2 + 64],
    ['LT of 2032 bytes', one('LT', strings, BOOL), ['', text(1000)], 2 + 63],
    ['LE', one('LE', strings, BOOL), [text(1000), ''], 2 + 63],
    ['GT', one('GT', strings, BOOL), [text(1000), ''], 2 + 63],
    ['GE', one('GE', strings, BOOL), [text(1000), ''], 2 + 63],
    ['INT_TO_STRING', one('INT_TO_STRING', INT, STRING), 1, 2 + 1],
    ['STRING_CONCAT', one('STRING_CONCAT', strings, STRING), [text(10), text(5)], 2 + 1],
    ['STRING_CONCAT of 16', one('STRING_CONCAT', strings, STRING), [text(10), text(6)], 2 + 2],
    ['STRING_LENGTH', one('STRING_LENGTH', STRING, INT), text(640), 2 + 41],
    ['LIST_APPEND', one('LIST_APPEND', tuple(listOf(INT), INT), listOf(INT)), [ints(3), 1], 2 + 1],
    ['LIST_APPEND to 4', one('LIST_APPEND', tuple(listOf(INT), INT), listOf(INT)), [ints(4), 1], 2 + 2],
    [
      'LIST_APPEND of 2032 bytes',
      one('LIST_APPEND', tuple(listOf(STRING), STRING), listOf(STRING)),
      [list(), text(1000)],
      2 + 64,
    ],
    [
      'LIST_CONCAT',
      one('LIST_CONCAT', tuple(listOf(INT), listOf(INT)), listOf(INT)),
      [ints(80), ints(80)],
      2 + 41,
    ],
    ['LIST_LENGTH', one('LIST_LENGTH', listOf(INT), INT), ints(80), 2 + 1],
    ['LIST_RANGE', one('LIST_RANGE', tuple(INT, INT), listOf(INT)), [-40, 40], 2 + 21],
  ])('%s', (_title, sketch, input, expected) => {
    expect(fuelOf(sketch, input)).toBe(expected);
  });

  it('of the words of a function', () => expect([entryFuel(1), entryFuel(2)]).toEqual([1, 2]));

  it('may be without limit', () => {
    expect(run(one('NEG', INT, INT), 1, Number.POSITIVE_INFINITY)).toEqual({ reply: -1, state: null });
  });
});

describe('a value too large', () => {
  const half = 'a'.repeat(VALUE_LIMITS.stringLengthMax / 2);
  const strings = (count: number): Value => list(...repeat(count, half + half));
  const lists = tuple(listOf(STRING), listOf(STRING));

  it('is a string over its limit', () => {
    const sketch: Sketch = { from: tuple(STRING, STRING), to: STRING, code: 'STRING_CONCAT; RETURN' };
    expect(run(sketch, [half, half]).reply).toHaveLength(VALUE_LIMITS.stringLengthMax);
    expect(run(sketch, [half, `${half}a`]).failure).toEqual(TOO_LARGE);
  });

  it('is a list over its limit, however it comes about', () => {
    const append: Sketch = {
      from: tuple(listOf(STRING), STRING),
      to: listOf(STRING),
      code: 'LIST_APPEND; RETURN',
    };
    expect(run(append, [strings(2), half + half]).failure).toBeUndefined();
    expect(run(append, [strings(3), half + half]).failure).toEqual(TOO_LARGE);
    const concat: Sketch = { from: lists, to: listOf(STRING), code: 'LIST_CONCAT; RETURN' };
    expect(run(concat, [strings(1), strings(2)]).failure).toBeUndefined();
    expect(run(concat, [strings(2), strings(2)]).failure).toEqual(TOO_LARGE);
    const literal: Sketch = {
      from: STRING,
      to: listOf(STRING),
      code: 'PUSH; PUSH; PUSH; LIST Items 4; RETURN',
    };
    expect(run(literal, half).failure).toBeUndefined();
    expect(run(literal, half + half).failure).toEqual(TOO_LARGE);
    const range: Sketch = { from: tuple(INT, INT), to: listOf(INT), code: 'LIST_RANGE; RETURN' };
    const lengthMax = Math.floor((VALUE_LIMITS.valueBytesMax - LIST_HEADER_BYTES) / 8);
    expect(run(range, [0, lengthMax + 1]).failure).toEqual(TOO_LARGE);
    expect(run(range, [0, 2 ** 52]).failure).toEqual(OUT_OF_FUEL);
    expect(run(range, [-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]).failure).toEqual(OUT_OF_FUEL);
  });

  /** So many strings, all different, whose sizes make up this many bytes. */
  const stringsOf = (count: number, bytes: number): string[] =>
    Array.from({ length: count }, (_, i) => {
      const units = (Math.floor((bytes * (i + 1)) / count) - Math.floor((bytes * i) / count)) / 2;
      return String(i).padEnd(Math.floor(units) - STRING_HEADER_BYTES / 2, 'a');
    });
  const full = half + half;
  const bytesMax = VALUE_LIMITS.valueBytesMax;
  /** Of four entries, as large as may be but for less than 64 bytes. */
  const fullMap = (): Value =>
    map(...stringsOf(4, bytesMax - 88 - 4 * (16 + 8) - 8).map((value, i) => [i, value] as const));
  const fullSet = (): Value => set(...stringsOf(4, bytesMax - 88 - 4 * 16 - 8));

  it.each<[string, Sketch['from'], Sketch['to'], () => Value, string?]>([
    ['STRING_JOIN', tuple(listOf(STRING), STRING), STRING, () => [list(half, half), 'a']],
    ['STRING_SPLIT', tuple(STRING, STRING), listOf(STRING), () => ['ab'.repeat(1_000_000), '']],
    ['STRING_SPLIT', tuple(STRING, STRING), listOf(STRING), () => ['ab'.repeat(2_000_000), 'b']],
    ['STRING_TO_UPPER', STRING, STRING, () => 'ß'.repeat(VALUE_LIMITS.stringLengthMax / 2 + 1)],
    ['STRING_TO_LOWER', STRING, STRING, () => 'İ'.repeat(VALUE_LIMITS.stringLengthMax / 2 + 1)],
    ['STRING_REPEAT', tuple(STRING, INT), STRING, () => [half, 3]],
    ['LIST_PREPEND', tuple(listOf(STRING), STRING), listOf(STRING), () => [strings(3), full]],
    [
      'LIST_ZIP',
      tuple(listOf(STRING), listOf(STRING)),
      listOf(tuple(STRING, STRING)),
      () => [strings(2), strings(2)],
    ],
    [
      'BYTES_CONCAT',
      tuple(BYTES, BYTES),
      BYTES,
      () => [new Uint8Array(bytesMax / 2), new Uint8Array(bytesMax / 2 + 1)],
    ],
    ['BYTES_TO_STRING', BYTES, optionOf(STRING), () => new Uint8Array(VALUE_LIMITS.stringLengthMax + 1)],
    ['BYTES_TO_HEX', BYTES, STRING, () => new Uint8Array(VALUE_LIMITS.stringLengthMax / 2 + 1)],
    [
      'MAP_INSERT',
      tuple(mapOf(INT, STRING), INT, STRING),
      mapOf(INT, STRING),
      () => [fullMap(), 7, 'a'.repeat(32)],
    ],
    ['MAP_ENTRIES', mapOf(INT, STRING), listOf(tuple(INT, STRING)), fullMap],
    ['SET_INSERT', tuple(setOf(STRING), STRING), setOf(STRING), () => [fullSet(), 'b'.repeat(32)]],
    ['SET_UNION', tuple(setOf(STRING), setOf(STRING)), setOf(STRING), () => [fullSet(), set('b'.repeat(32))]],
    ['SET_FROM_LIST', listOf(STRING), setOf(STRING), () => list(...stringsOf(4, bytesMax - 88 - 8)), 'Set'],
  ])('is what %s gives over the limit', (name, from, to, input, operand = '') => {
    const sketch: Sketch = { from, to, code: `${name} ${operand}; RETURN` };
    expect(run(sketch, input(), 100_000_000).failure).toEqual(TOO_LARGE);
  });

  it('is no map or set at the limit', () => {
    const insert: Sketch = {
      from: tuple(mapOf(INT, STRING), INT, STRING),
      to: mapOf(INT, STRING),
      code: 'MAP_INSERT; RETURN',
    };
    // Each string takes 2 bytes for a unit: 8 more than this would be too much.
    expect(run(insert, [fullMap(), 0, ''], 100_000_000).failure).toBeUndefined();
    const union: Sketch = {
      from: tuple(setOf(STRING), setOf(STRING)),
      to: setOf(STRING),
      code: 'SET_UNION; RETURN',
    };
    expect(run(union, [fullSet(), set()], 100_000_000).failure).toBeUndefined();
  });

  it('is a list over its limit by MAP, as soon as it is', () => {
    const sketch: Sketch = {
      from: tuple(STRING, listOf(INT)),
      to: listOf(STRING),
      code: 'MAP exit; FST; NEXT; exit:; RETURN',
    };
    expect(run(sketch, [full, list(1, 2, 3)]).failure).toBeUndefined();
    expect(run(sketch, [full, list(1, 2, 3, 4)]).failure).toEqual(TOO_LARGE);
    const perItem = 2 + Math.floor(sizeOf(full) / 32);
    // Fuel for four of them and no more, of a thousand.
    expect(run(sketch, [full, list(...repeat(1000, 0))], 3 + 4 * perItem).failure).toEqual(TOO_LARGE);
  });

  it('is a reply of Bytes with its header', () => {
    const sketch: Sketch = { from: BYTES, to: BYTES, code: 'RETURN' };
    expect(run(sketch, new Uint8Array(bytesMax - 32)).failure).toBeUndefined();
    expect(run(sketch, new Uint8Array(bytesMax - 31)).failure).toEqual(TOO_LARGE);
  });

  it('is a reply over its limit', () => {
    const sketch: Sketch = {
      from: listOf(STRING),
      to: tuple(listOf(STRING), listOf(STRING)),
      code: 'PUSH; CONS; RETURN',
    };
    expect(run(sketch, strings(1)).failure).toBeUndefined();
    expect(run(sketch, strings(2)).failure).toEqual(TOO_LARGE);
  });

  it('is a state over its limit, and leaves the old', () => {
    const state = tuple(listOf(STRING), listOf(STRING));
    const sketch: Sketch = {
      from: listOf(STRING),
      to: UNIT,
      state,
      initial: [list(), list()],
      code: 'PUSH; CONS; PUT; RETURN',
    };
    expect(run(sketch, strings(1)).state).toEqual([strings(1), strings(1)]);
    expect(run(sketch, strings(2))).toEqual({ failure: TOO_LARGE, state: [list(), list()] });
  });

  it('is measured by the tree, also where parts are shared', () => {
    expect(sizeOf([half, half])).toBe(PRODUCT_HEADER_BYTES + 2 * sizeOf(half));
  });
});

describe('what shares its parts', () => {
  /** A pair whose tree has 2 ** depth leaves, of as many nodes as it is deep; each look at one is counted. */
  const shared = (depth: number): { readonly value: Value; readonly looks: () => number } => {
    let count = 0;
    const watched = (pair: Value[]): Value =>
      new Proxy(pair, {
        get: (target, key, receiver) => {
          if (key === '0' || key === '1') count++;
          return Reflect.get(target, key, receiver) as unknown;
        },
      });
    let value: Value = 1;
    for (let i = 0; i < depth; i++) value = watched([value, value]);
    return { value, looks: () => count };
  };
  const deep = (depth: number): Typing =>
    depth === 0 ? () => INT : (a) => a.types.pair(deepOf(a, depth), deepOf(a, depth));
  const deepOf = (a: Assembly, depth: number): number => resolve(deep(depth - 1), a);
  const DEPTH = 11;

  it.each<[string, Sketch, (value: Value) => Value]>([
    [
      'LIST',
      { from: deep(DEPTH), to: INT, code: 'LIST Items 1; LIST_LENGTH; RETURN', define: listOf(deep(DEPTH)) },
      (value) => value,
    ],
    [
      'LIST_APPEND',
      { from: tuple(listOf(deep(DEPTH)), deep(DEPTH)), to: INT, code: 'LIST_APPEND; LIST_LENGTH; RETURN' },
      (value) => [list(), value],
    ],
    ['EQ', { from: tuple(deep(DEPTH), deep(DEPTH)), to: BOOL, code: 'EQ; RETURN' }, (value) => [value, 1]],
    [
      'LIST_PREPEND',
      { from: tuple(listOf(deep(DEPTH)), deep(DEPTH)), to: INT, code: 'LIST_PREPEND; LIST_LENGTH; RETURN' },
      (value) => [list(), value],
    ],
    [
      'LIST_UNCONS',
      {
        from: listOf(deep(DEPTH)),
        to: INT,
        code: 'LIST_UNCONS; PUSH; QUOTE zero; CONS; SND; RETURN',
        define: (a) => a.constant('zero', INT, 0),
      },
      (value) => new List([value], LIST_HEADER_BYTES),
    ],
    [
      'LIST_TAKE',
      { from: tuple(listOf(deep(DEPTH)), INT), to: listOf(deep(DEPTH)), code: 'LIST_TAKE; RETURN' },
      (value) => [new List([value], LIST_HEADER_BYTES), 1],
    ],
    [
      'MAP',
      {
        from: tuple(deep(DEPTH), listOf(INT)),
        to: listOf(deep(DEPTH)),
        code: 'MAP exit; FST; NEXT; exit:; RETURN',
      },
      (value) => [value, list(1)],
    ],
    [
      'MAP_GET',
      { from: tuple(mapOf(deep(DEPTH), INT), deep(DEPTH)), to: optionOf(INT), code: 'MAP_GET; RETURN' },
      (value) => [map([1, 1]), value],
    ],
    [
      'MAP_INSERT of a key',
      {
        from: tuple(mapOf(deep(DEPTH), INT), deep(DEPTH), INT),
        to: mapOf(deep(DEPTH), INT),
        code: 'MAP_INSERT; RETURN',
      },
      (value) => [map(), value, 1],
    ],
    [
      'MAP_INSERT of a value',
      {
        from: tuple(mapOf(INT, deep(DEPTH)), INT, deep(DEPTH)),
        to: mapOf(INT, deep(DEPTH)),
        code: 'MAP_INSERT; RETURN',
      },
      (value) => [map(), 1, value],
    ],
    [
      'SET_INSERT',
      { from: tuple(setOf(deep(DEPTH)), deep(DEPTH)), to: setOf(deep(DEPTH)), code: 'SET_INSERT; RETURN' },
      (value) => [set(), value],
    ],
  ])('is not walked by %s beyond what the fuel pays for', (_title, sketch, inputOf) => {
    const { value, looks } = shared(DEPTH);
    const fuel = 100;
    expect(run(sketch, inputOf(value), fuel).failure).toEqual(OUT_OF_FUEL);
    expect(looks()).toBeGreaterThan(10);
    // Each part is 8 bytes at least, and a unit of fuel pays for 32.
    expect(looks()).toBeLessThan(5 * fuel);
  });
});

describe('what is not paid for', () => {
  it('is not done: a key is not looked at where there are no entries', () => {
    const key = new Proxy([1, 2], {
      get: () => {
        throw new Error('it was looked at');
      },
    });
    const get: Sketch = {
      from: tuple(mapOf(tuple(INT, INT), INT), tuple(INT, INT)),
      to: optionOf(INT),
      code: 'MAP_GET; RETURN',
    };
    expect(run(get, [map(), key]).reply).toEqual(sum(0));
  });
});

describe('what doubles', () => {
  it('runs out of fuel: functions that call the one before twice', () => {
    const assembly = new Assembly();
    assembly.function('f0', INT, INT, 'RETURN');
    for (let i = 1; i < 60; i++)
      assembly.function(`f${i}`, INT, INT, `CALL f${i - 1}; CALL f${i - 1}; RETURN`);
    const loaded = load(imageOf({ assembly, from: INT, to: INT }));
    if (!loaded.ok) throw new Error(loaded.invalid.message);
    const { program } = loaded;
    const instance = program.instance(null);
    expect(program.step(instance, 0, 1, 0)).toBe(FAILED);
    expect(program.failure).toEqual(OUT_OF_FUEL);
    // The machine goes on.
    expect(program.step(instance, 0, 1, 0)).toBe(FAILED);
  });

  it('gives a value too large: a string that is doubled 60 times', () => {
    const code = `${'PUSH; CONS; STRING_CONCAT; '.repeat(60)} RETURN`;
    expect(run({ from: STRING, to: STRING, code }, 'ab').failure).toEqual(TOO_LARGE);
  });

  it('gives a value too large: a list that is doubled 60 times', () => {
    const code = `${'PUSH; CONS; LIST_CONCAT; '.repeat(60)} RETURN`;
    expect(run({ from: listOf(UNIT), to: listOf(UNIT), code }, list(null)).failure).toEqual(TOO_LARGE);
  });
});

describe('what is deep', () => {
  it('is called to the bound of functions', () => {
    const assembly = new Assembly();
    const depth = FORMAT_LIMITS.functionsMax;
    assembly.function('f0', INT, INT, 'RETURN');
    for (let i = 1; i < depth; i++)
      assembly.function(`f${i}`, INT, INT, `PUSH; CALL ${i - 1}; CONS; SND; RETURN`);
    const loaded = load(imageOf({ assembly, from: INT, to: INT }));
    if (!loaded.ok) throw new Error(loaded.invalid.message);
    expect(loaded.program.step(loaded.program.instance(null), 0, 5, 0)).toBe(5);
  });

  it('is applied, each closure by the next', () => {
    const depth = 1_000;
    const apply = 'CUR Function xI; PUSH; FST; SWAP; SND; CONS; APP; RETURN; xI:;';
    const code = `CUR Function x; ADD; RETURN; x:; ${Array.from({ length: depth }, (_, i) => apply.replaceAll('xI', `x${i}`)).join(' ')} PUSH; QUOTE seven; CONS; APP; RETURN`;
    const sketch: Sketch = {
      from: INT,
      to: INT,
      code,
      define: (a) => {
        resolve(functionOf(INT, INT), a);
        a.constant('seven', INT, 7);
      },
    };
    expect(run(sketch, 1)).toEqual({ reply: 8, state: null });
  });
});

describe('what is wide is verified with work in proportion', () => {
  afterEach(() => vi.restoreAllMocks());

  /** Calls into the table of types, which every rule with work of its own makes. */
  const workOf = (count: number, define: (assembly: Assembly, count: number) => void): number => {
    const assembly = new Assembly();
    define(assembly, count);
    const spies = [vi.spyOn(TypeTable.prototype, 'intern'), vi.spyOn(TypeTable.prototype, 'node')];
    const verdict = verifyUnit(assembly.unit(), INT);
    const work = spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
    vi.restoreAllMocks();
    expect(verdict).toMatchObject({ kind: 'verified' });
    return work;
  };
  const times = (count: number, line: (i: number) => string): string =>
    Array.from({ length: count }, (_, i) => line(i)).join('\n');

  it.each<[string, (assembly: Assembly, count: number) => void]>([
    ['a long function', (a, n) => a.function('f', INT, INT, times(n, () => 'PUSH; CONS; ADD') + '\nRETURN')],
    [
      'many functions',
      (a, n) => {
        for (let i = 0; i < n; i++) a.function(`f${i}`, INT, INT, 'PUSH; CONS; ADD; RETURN');
      },
    ],
    [
      'projections of a wide record',
      (a, n) => {
        const fields = Array.from({ length: n }, (_, i) => ({ name: `f${i}`, type: INT }));
        const project = times(n, (i) => `PUSH; PROJECT ${i}; SWAP`);
        const drop = times(n, () => 'CONS; SND');
        a.function('f', a.types.record(fields), INT, `${project}\nPROJECT 0\n${drop}\nRETURN`);
      },
    ],
    [
      'nested branches with one join',
      (a, n) => {
        a.constant('true', BOOL, true);
        const arm = (i: number): string => `PUSH; QUOTE true; CONS; BRANCH e${i} join; JUMP join; e${i}:`;
        a.function('f', INT, INT, `${times(n, arm)}\njoin:; RETURN`);
      },
    ],
    [
      'arms of a wide sum',
      (a, n) => {
        const constructors = Array.from({ length: n }, (_, i) => ({
          name: `C${i}`,
          labels: [],
          payload: UNIT,
        }));
        const wide = a.types.intern({ kind: 'sum', name: 'Wide', arguments: [], constructors });
        const labels = times(n - 1, (i) => `c${i}`).replaceAll('\n', ' ');
        const arms = times(n - 1, (i) => `FST; JUMP join; c${i}:`);
        a.function('f', a.types.pair(INT, wide), INT, `SWITCH join ${labels}\n${arms}\nFST; join:; RETURN`);
      },
    ],
    [
      'closures within closures',
      (a, n) => {
        functionOf(INT, INT)(a);
        const open = times(n, (i) => `CUR Function x${i}; SND`);
        const close = times(n, (i) => `RETURN; x${n - 1 - i}:; PUSH; QUOTE seven; CONS; APP`);
        a.constant('seven', INT, 7);
        a.function('f', INT, INT, `${open}\n${close}\nRETURN`);
      },
    ],
  ])('%s', (_title, define) => {
    const small = workOf(500, define);
    const large = workOf(1_000, define);
    expect(large).toBeLessThan(2.1 * small);
  });
});
