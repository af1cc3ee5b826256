import { BOOL, INT, List, STRING, TIME, TypeLimitError, TypeTable, UNIT } from '@smc/protocol';
import { describe, expect, it } from 'vitest';
import { Program } from '../../src/combinators/construct.ts';

const types = new TypeTable();
const pair = types.pair(INT, INT);
const record = types.record([
  { name: 'a', type: INT },
  { name: 'b', type: BOOL },
]);
const option = types.intern({
  kind: 'sum',
  name: 'Option',
  arguments: [INT],
  constructors: [
    { name: 'None', labels: [], payload: UNIT },
    { name: 'Some', labels: null, payload: INT },
  ],
});
const closure = types.function(INT, INT);
const p = new Program(types, INT);
const one = p.constant(INT, INT, 1);
const yes = p.constant(INT, BOOL, true);

describe('terms have their types', () => {
  it.each([
    ['identity', p.identity(STRING), STRING, STRING],
    ['compose', p.compose(one, p.primitive('NEG', INT)), INT, INT],
    ['tuple', p.tuple([one, yes]), INT, types.pair(INT, BOOL)],
    ['record', p.fork(record, [one, yes]), INT, record],
    ['project', p.project(record, 1), record, BOOL],
    ['inject', p.inject(option, 1), INT, option],
    [
      'case',
      p.case(BOOL, option, [p.constant(types.pair(BOOL, UNIT), INT, 0), p.project(types.pair(BOOL, INT), 1)]),
      types.pair(BOOL, option),
      INT,
    ],
    ['if', p.if(one, p.identity(INT)), types.pair(INT, BOOL), INT],
    ['curry', p.curry(p.project(pair, 0)), INT, closure],
    ['apply', p.apply(closure), types.pair(closure, INT), INT],
    ['list', p.list([one, one]), INT, types.list(INT)],
    [
      'fold',
      p.fold(p.project(types.tuple([UNIT, INT, BOOL]), 1)),
      types.tuple([UNIT, INT, types.list(BOOL)]),
      INT,
    ],
    ['get', p.get(UNIT), UNIT, INT],
    ['put', p.put(), INT, UNIT],
    ['now', p.now(BOOL), BOOL, TIME],
    ['fail', p.fail(pair), STRING, pair],
    ['primitive', p.primitive('LIST_RANGE', pair), pair, types.list(INT)],
  ] as const)('%s', (_kind, term, from, to) => {
    expect([term.from, term.to]).toEqual([from, to]);
  });
});

describe('a broken typing rule is refused', () => {
  const wrong: [string, () => unknown][] = [
    ['compose', () => p.compose(one, yes).to + p.compose(yes, one).to],
    ['fork with other types', () => p.fork(record, [yes, one])],
    ['fork with too few parts', () => p.fork(record, [one])],
    ['fork from several types', () => p.tuple([one, p.constant(BOOL, INT, 1)])],
    ['fork to what is no product', () => p.fork(INT, [one])],
    ['project past the end', () => p.project(pair, 2)],
    ['project of no product', () => p.project(INT, 0)],
    ['inject into no sum', () => p.inject(INT, 0)],
    ['case with too few arms', () => p.case(BOOL, option, [])],
    ['case with another payload', () => p.case(BOOL, option, [one, one])],
    ['if with two results', () => p.if(one, yes)],
    ['if that gives a closure', () => p.if(p.curry(p.project(pair, 0)), p.curry(p.project(pair, 1)))],
    ['curry of no pair', () => p.curry(one)],
    ['curry of a record', () => p.curry(p.project(record, 0))],
    ['curry that reads the state', () => p.curry(p.get(pair))],
    ['apply of no function', () => p.apply(INT)],
    ['constant of another type', () => p.constant(INT, BOOL, 1)],
    ['constant closure', () => p.constant(INT, closure, 1)],
    ['empty list', () => p.list([])],
    ['list of two types', () => p.list([one, yes])],
    ['fold with another result', () => p.fold(p.project(types.tuple([UNIT, INT, BOOL]), 2))],
    ['fail that gives a closure', () => p.fail(closure)],
    ['definition that takes a closure', () => p.define('bad', p.apply(closure))],
    ['call of what is not there', () => p.call(99)],
    ['state where there is none', () => new Program(types, null).get(UNIT)],
    ['sum of two strings', () => p.primitive('ADD', types.pair(STRING, STRING))],
    ['equality of closures', () => p.primitive('EQ', types.pair(closure, closure))],
    ['order of booleans', () => p.primitive('LT', types.pair(BOOL, BOOL))],
    ['append of another item', () => p.primitive('LIST_APPEND', types.pair(types.list(INT), BOOL))],
  ];
  it.each(wrong)('%s', (_what, build) =>
    expect(build).toThrow(/typing rule|no definition|no state|no tuple|does not take|\btype\b/),
  );

  it('a constant of a type that is too large is a limit', () => {
    let deep = INT;
    for (let i = 0; i < 200; i++) deep = types.list(deep);
    expect(() => p.constant(INT, deep, List.of([]))).toThrow(TypeLimitError);
  });
});
