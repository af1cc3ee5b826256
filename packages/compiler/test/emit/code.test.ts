import { BOOL, INT, OP, TypeTable, UNIT, type TypeId, type Value } from '@smc/protocol';
import { describe, expect, it } from 'vitest';
import { Program } from '../../src/combinators/construct.ts';
import { printDefinitions } from '../../src/combinators/print.ts';
import type { Term } from '../../src/combinators/term.ts';
import { WordCount } from '../../src/combinators/words.ts';
import { codeOf } from '../../src/emit/code.ts';
import { compileFiles } from '../compiled.ts';

const types = new TypeTable();
const p = new Program(types, INT);
const pair = types.pair(INT, INT);
const record = types.record([
  { name: 'a', type: INT },
  { name: 'b', type: INT },
]);
const single = types.record([{ name: 'a', type: INT }]);
const triple = types.tuple([INT, INT, INT]);
const sum = types.intern({
  kind: 'sum',
  name: 'Three',
  arguments: [],
  constructors: ['A', 'B', 'C'].map((name) => ({ name, labels: null, payload: INT })),
});
const int = p.identity(INT);
const negate = p.primitive('NEG', INT);
const { PUSH, SWAP, CONS, NEG, RETURN } = OP;

const wordsOf = (term: Term, constant: (type: TypeId, value: Value) => number = () => 9): number[] => [
  ...codeOf(types, term, constant).words,
];

describe('each combinator becomes', () => {
  const turn = types.tuple([UNIT, INT, INT]);
  const cases: [string, Term, number[]][] = [
    ['nothing', int, []],
    ['one after the other', p.compose(negate, negate), [NEG, NEG]],
    ['a pair', p.tuple([negate, int]), [PUSH, NEG, SWAP, CONS]],
    ['a tuple', p.tuple([int, negate, int]), [PUSH, SWAP, PUSH, NEG, SWAP, OP.TUPLE, 3]],
    ['a record', p.fork(record, [int, negate]), [PUSH, SWAP, NEG, OP.RECORD, record]],
    ['a record of one field', p.fork(single, [negate]), [NEG, OP.RECORD, single]],
    ['the first of a pair', p.project(pair, 0), [OP.FST]],
    ['the second of a pair', p.project(pair, 1), [OP.SND]],
    ['a component', p.project(triple, 1), [OP.PROJECT, 1]],
    ['a field', p.project(record, 1), [OP.PROJECT, 1]],
    ['a constructor', p.inject(sum, 2), [OP.INJECT, sum, 2]],
    [
      'a switch',
      p.case(INT, sum, [p.project(pair, 0), p.project(pair, 1), p.primitive('ADD', pair)]),
      // The arms start at 5, 8 and 11.
      [OP.SWITCH, 12, 2, 8, 11, OP.FST, OP.JUMP, 12, OP.SND, OP.JUMP, 12, OP.ADD],
    ],
    ['a branch', p.if(int, negate), [OP.BRANCH, 5, 6, OP.JUMP, 6, NEG]],
    ['a closure', p.curry(p.project(pair, 0)), [OP.CUR, types.function(INT, INT), 5, OP.FST, RETURN]],
    ['an application', p.apply(types.function(INT, INT)), [OP.APP]],
    ['a constant', p.constant(INT, BOOL, true), [OP.QUOTE, 9]],
    ['a list', p.list([int, negate]), [PUSH, SWAP, NEG, OP.LIST, types.list(INT), 2]],
    ['an iteration', p.fold(p.project(turn, 1)), [OP.FOLD, 5, OP.PROJECT, 1, OP.NEXT]],
    ['the state', p.get(UNIT), [OP.GET]],
    ['a replaced state', p.put(), [OP.PUT]],
    ['the time', p.now(UNIT), [OP.NOW]],
    ['a fault', p.fail(INT), [OP.FAIL, INT]],
    ['a call', p.call(p.define('f', negate)), [OP.CALL, 0]],
  ];

  it.each(cases)('%s', (_what, term, words) => {
    expect(wordsOf(term)).toEqual([...words, RETURN]);
    expect(new WordCount(types).ofBody(term)).toBe(words.length + 1);
  });
});

describe('code', () => {
  it('of a term as deep as it may be needs no stack of the host', () => {
    let deep = int;
    for (let i = 0; i < 30_000; i++) deep = p.compose(p.tuple([deep, negate]), p.primitive('ADD', pair));
    expect(wordsOf(deep).length).toBe(30_000 * 5 + 1);
    expect(new WordCount(types).of(deep)).toBe(30_000 * 5);
    expect(
      printDefinitions({ types, definitions: [{ name: 'deep', body: p.compose(deep, negate) }] }),
    ).toContain('NEG');
  });

  it('has the places that it comes from', () => {
    const text = 'machine M {\n state: Int = 0\n on Go(n: Int) {\n  put -< n /\n   2\n }\n}';
    const { bundle } = compileFiles({ 'main.sm': text });
    const { files, functions } = bundle!.debug[0];
    expect(files).toEqual(['main.sm']);
    const { name, positions } = functions[bundle!.images[0].operations[0].body];
    expect(name).toBe('Go');
    const { code } = bundle!.images[0].unit.functions[bundle!.images[0].operations[0].body];
    const places = positions.map(({ word, line, column }) => [code[word], line, column]);
    expect(places).toEqual([
      [OP.QUOTE, 5, 4],
      [OP.DIV, 4, 10],
      [OP.PUT, 4, 3],
    ]);
  });
});
