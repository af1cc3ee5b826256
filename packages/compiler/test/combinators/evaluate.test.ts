import {
  BOOL,
  INT,
  INT_MAX,
  INT_MIN,
  List,
  STRING,
  Sum,
  TypeTable,
  UNIT,
  VALUE_LIMITS,
  type TypeId,
  type Value,
} from '@smc/protocol';
import { describe, expect, it } from 'vitest';
import { Program } from '../../src/combinators/construct.ts';
import { evaluate, type Outcome } from '../../src/combinators/evaluate.ts';
import type { Primitive, Term } from '../../src/combinators/term.ts';

const types = new TypeTable();
const pair = types.pair(INT, INT);
const strings = types.pair(STRING, STRING);
const list = types.list(INT);
const option = types.intern({
  kind: 'sum',
  name: 'Option',
  arguments: [INT],
  constructors: [
    { name: 'None', labels: [], payload: UNIT },
    { name: 'Some', labels: null, payload: INT },
  ],
});

const FUEL = 10_000_000;
const outcomeOf = (p: Program, term: Term, input: Value, fuel = FUEL, state: Value = 0): Outcome =>
  evaluate(p, p.define('test', term), input, { state, now: 1234, fuel });

/** The value, or kind and message of the failure. */
const resultOf = (p: Program, term: Term, input: Value, fuel = FUEL): unknown => {
  const outcome = outcomeOf(p, term, input, fuel);
  return outcome.ok ? outcome.value : `${outcome.failure.kind}: ${outcome.failure.message}`;
};

describe('primitives', () => {
  const OVERFLOW = 'fault: integer overflow';
  const DIVISION = 'fault: division by zero';
  it.each<[Primitive, TypeId, Value, Value]>([
    ['ADD', pair, [INT_MAX, 0], INT_MAX],
    ['ADD', pair, [INT_MAX, 1], OVERFLOW],
    ['SUB', pair, [INT_MIN, 1], OVERFLOW],
    ['MUL', pair, [94_906_265, 94_906_265], 9_007_199_136_250_225],
    ['MUL', pair, [94_906_266, 94_906_266], OVERFLOW],
    ['MUL', pair, [0, -5], 0],
    ['DIV', pair, [-7, 2], -3],
    ['DIV', pair, [0, -3], 0],
    ['DIV', pair, [INT_MAX, 1], INT_MAX],
    ['DIV', pair, [INT_MAX - 1, INT_MAX], 0],
    ['DIV', pair, [1, 0], DIVISION],
    ['REM', pair, [-7, 2], -1],
    ['REM', pair, [-4, 2], 0],
    ['REM', pair, [1, 0], DIVISION],
    ['NEG', INT, 0, 0],
    ['NEG', INT, INT_MIN, INT_MAX],
    ['EQ', types.pair(list, list), [List.of([1]), List.of([1])], true],
    ['NE', types.pair(option, option), [new Sum(1, 1), new Sum(0, null)], true],
    ['LT', strings, ['\uffee', '\u{1F415}'], true],
    ['GE', strings, ['a', 'a'], true],
    ['NOT', BOOL, true, false],
    ['INT_TO_STRING', INT, -40, '-40'],
    ['STRING_LENGTH', STRING, '\u{1F415}a', 2],
    ['STRING_CONCAT', strings, ['a', 'b'], 'ab'],
    ['LIST_APPEND', types.pair(list, INT), [List.of([1]), 2], List.of([1, 2])],
    ['LIST_CONCAT', types.pair(list, list), [List.of([1]), List.of([2])], List.of([1, 2])],
    ['LIST_LENGTH', list, List.of([4, 5]), 2],
    ['LIST_RANGE', pair, [2, 4], List.of([2, 3])],
    ['LIST_RANGE', pair, [4, 2], List.of([])],
    ['LIST_RANGE', pair, [INT_MIN, INT_MAX], 'exhausted: out of fuel'],
  ])('%s %i %j gives %j', (name, from, input, expected) => {
    const p = new Program(types, INT);
    const result = resultOf(p, p.primitive(name, from), input);
    expect(result).toEqual(expected);
    expect(Object.is(result, -0)).toBe(false);
  });
});

describe('fuel', () => {
  const p = new Program(types, INT);
  // The function has two words, so entering it costs 2.
  it('is paid for entering the operation', () => {
    const term = p.primitive('NEG', INT);
    expect(outcomeOf(p, term, 1, 2)).toMatchObject({ ok: true, fuel: 0 });
    expect(resultOf(p, term, 1, 1)).toBe('exhausted: out of fuel');
  });

  it('is paid for calls and iterations by their words', () => {
    // A CALL of 2 words and RETURN; the body has 7 words with its RETURN.
    const body = p.tuple([p.identity(INT), p.constant(INT, INT, 1)]);
    const call = p.call(p.define('called', p.compose(body, p.primitive('ADD', pair))));
    expect(outcomeOf(p, call, 1, 100)).toMatchObject({ ok: true, value: 2, fuel: 100 - 2 - 4 });
    // Three turns of 3 words: PROJECT, its operand, and NEXT.
    const fold = p.fold(p.project(types.tuple([UNIT, INT, INT]), 2));
    const outcome = outcomeOf(p, fold, [null, 0, List.of([4, 5, 6])], 100);
    expect(outcome).toMatchObject({ ok: true, value: 6, fuel: 100 - 4 - 6 });
  });

  it('is paid for a built-in by the size of its input', () => {
    const term = p.primitive('STRING_CONCAT', strings);
    expect(outcomeOf(p, term, ['a'.repeat(64), 'b'.repeat(64)], 100)).toMatchObject({ fuel: 100 - 2 - 9 });
    expect(outcomeOf(p, p.primitive('EQ', pair), [1, 2], 100)).toMatchObject({ fuel: 100 - 2 });
  });
});

describe('limits', () => {
  const p = new Program(types, STRING);
  const half = 'x'.repeat(VALUE_LIMITS.stringLengthMax / 2);

  it('a string', () => {
    const term = p.primitive('STRING_CONCAT', strings);
    expect(outcomeOf(p, term, [half, half], FUEL, '').ok).toBe(true);
    expect(outcomeOf(p, term, [half, `${half}y`], FUEL, '')).toMatchObject({
      failure: { message: 'value too large' },
    });
  });

  it('a list, a reply and a state', () => {
    const whole = half + half;
    const many = (count: number): Term[] => Array.from({ length: count }, () => p.identity(STRING));
    expect(outcomeOf(p, p.list(many(3)), whole, FUEL, '').ok).toBe(true);
    expect(outcomeOf(p, p.list(many(4)), whole, FUEL, '')).toMatchObject({ failure: { kind: 'exhausted' } });
    expect(outcomeOf(p, p.tuple(many(4)), whole, FUEL, '')).toMatchObject({
      failure: { message: 'value too large' },
    });
    const five = types.tuple(many(5).map(() => STRING));
    const q = new Program(types, five);
    const put = q.compose(q.fork(five, many(5)), q.put());
    expect(outcomeOf(q, put, whole, FUEL, ['', '', '', '', ''])).toMatchObject({
      failure: { message: 'value too large' },
    });
  });
});

describe('state and order', () => {
  const p = new Program(types, INT);
  const replace = (value: number): Term => p.compose(p.constant(UNIT, INT, value), p.put());

  it('the parts of a fork run from the left', () => {
    const term = p.tuple([p.get(UNIT), replace(5), p.get(UNIT)]);
    expect(outcomeOf(p, term, null, FUEL, 3)).toMatchObject({ value: [3, null, 5], state: 5 });
  });

  it('a fault says why, and a closure keeps its environment', () => {
    const failing = p.tuple([replace(5), p.compose(p.constant(UNIT, STRING, 'no'), p.fail(INT))]);
    expect(resultOf(p, failing, null)).toBe('fault: no');
    const add = p.curry(p.primitive('ADD', pair));
    const both = p.tuple([add, p.constant(INT, INT, 10)]);
    expect(resultOf(p, p.compose(both, p.apply(add.to)), 7)).toBe(17);
  });

  it('the host has no stack to overflow', () => {
    let deep = p.identity(INT);
    for (let i = 0; i < 50_000; i++)
      deep = p.compose(p.tuple([deep, p.constant(INT, INT, 1)]), p.primitive('ADD', pair));
    expect(resultOf(p, deep, 1)).toBe(50_001);
    let index = p.define('first', p.primitive('NEG', INT));
    for (let i = 0; i < 20_000; i++) index = p.define('next', p.call(index));
    expect(resultOf(p, p.call(index), 1)).toBe(-1);
  });
});
