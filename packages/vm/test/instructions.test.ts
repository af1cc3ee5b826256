import {
  BOOL,
  INSTRUCTIONS,
  INT,
  STRING,
  TIME,
  TIME_MAX,
  UNIT,
  type InstructionName,
  type Value,
} from '@smc/protocol';
import { describe, expect, it } from 'vitest';
import { isBuiltIn } from './support/built-in-names.ts';
import { list, run, sum, type Outcome, type Sketch } from './support/run.ts';
import { functionOf, listOf, recordOf, sumOf, tuple } from './support/types.ts';

/** A program about an instruction, and for some inputs what must come out. */
interface Example {
  readonly of: InstructionName;
  readonly sketch: Sketch;
  readonly runs: readonly (readonly [input: Value, outcome: Outcome | Value])[];
}

const MAX = Number.MAX_SAFE_INTEGER;
const INTS = tuple(INT, INT);
const STRINGS = tuple(STRING, STRING);
const LIGHT = sumOf({ Red: UNIT, Yellow: UNIT, Green: UNIT });
const EITHER = sumOf({ Left: INT, Right: STRING });

const fault = (message: string, state: Value = null): Outcome => ({
  failure: { kind: 'fault', message },
  state,
});
const overflow = fault('integer overflow');
const byZero = fault('division by zero');
const simple = (
  of: InstructionName,
  from: Sketch['from'],
  to: Sketch['to'],
  runs: Example['runs'],
): Example => ({
  of,
  sketch: { from, to, code: `${of}; RETURN` },
  runs,
});
const comparison = (of: InstructionName, less: boolean, equal: boolean, greater: boolean): Example[] => [
  simple(of, INTS, BOOL, [
    [[-1, 0], less],
    [[3, 3], equal],
    [[MAX, 2], greater],
  ]),
  simple(of, tuple(TIME, TIME), BOOL, [
    [[-TIME_MAX, 0], less],
    [[5, 5], equal],
    [[6, 5], greater],
  ]),
  simple(of, STRINGS, BOOL, [
    [['a', 'b'], less],
    [['', 'a'], less],
    [['ab', 'ab'], equal],
    [['b', 'ab'], greater],
    // By scalar value: U+FFFD is below U+1F600, though the units of that are below it.
    [['\uFFFD', '\u{1F600}'], less],
    [['\u{1F600}', '\uFFFD'], greater],
  ]),
];

const EXAMPLES: readonly Example[] = [
  simple('FST', tuple(INT, STRING), INT, [[[1, 'a'], 1]]),
  simple('SND', tuple(INT, STRING), STRING, [[[1, 'a'], 'a']]),
  { of: 'PUSH', sketch: { from: INT, to: INT, code: 'PUSH; CONS; MUL; RETURN' }, runs: [[7, 49]] },
  {
    of: 'SWAP',
    sketch: { from: tuple(INT, STRING), to: tuple(STRING, INT), code: 'PUSH; SND; SWAP; FST; CONS; RETURN' },
    runs: [
      [
        [1, 'a'],
        ['a', 1],
      ],
    ],
  },
  {
    of: 'CONS',
    sketch: {
      from: INT,
      to: tuple(INT, UNIT),
      code: 'PUSH; QUOTE unit; CONS; RETURN',
      define: (a) => a.constant('unit', UNIT, null),
    },
    runs: [[4, [4, null]]],
  },
  {
    of: 'QUOTE',
    sketch: {
      from: UNIT,
      to: STRING,
      code: 'QUOTE hello; RETURN',
      define: (a) => a.constant('hello', STRING, 'hello'),
    },
    runs: [[null, 'hello']],
  },
  {
    // (x, y) → x − y, by a closure over x that is applied to y
    of: 'CUR',
    sketch: {
      from: INTS,
      to: INT,
      define: functionOf(INT, INT),
      code: 'PUSH; FST; CUR Function exit; SUB; RETURN; exit:; SWAP; SND; CONS; APP; RETURN',
    },
    runs: [[[10, 3], 7]],
  },
  {
    // The closure is the result of a call, and applies another that it holds.
    of: 'APP',
    sketch: {
      from: INT,
      to: INT,
      define: (a) => {
        const plus = functionOf(INT, INT)(a);
        a.constant('seven', INT, 7);
        a.function('make', INT, plus, 'CUR Function exit; ADD; RETURN; exit:; RETURN');
        a.function(
          'twice',
          INT,
          plus,
          `
          CALL make
          CUR Function exit
            PUSH; FST; SWAP; APP; CONS; APP
            RETURN
          exit:
          RETURN`,
        );
      },
      code: 'CALL twice; PUSH; QUOTE seven; CONS; APP; RETURN',
    },
    runs: [
      [1, 9],
      [-4, -1],
    ],
  },
  {
    of: 'CALL',
    sketch: {
      from: INT,
      to: INT,
      code: 'CALL double; CALL double; RETURN',
      define: (a) => a.function('double', INT, INT, 'PUSH; CONS; ADD; RETURN'),
    },
    runs: [
      [5, 20],
      [MAX, overflow],
    ],
  },
  { of: 'RETURN', sketch: { from: INT, to: INT, code: 'RETURN' }, runs: [[5, 5]] },
  {
    of: 'JUMP',
    sketch: {
      from: tuple(INT, LIGHT),
      to: INT,
      define: (a) => a.constant('ten', INT, 10),
      code: `
        SWITCH join yellow green
        FST; NEG; JUMP join
      yellow:
        FST; PUSH; QUOTE ten; CONS; ADD; JUMP join
      green:
        FST
      join:
        RETURN`,
    },
    runs: [
      [[1, sum(0)], -1],
      [[1, sum(1)], 11],
      [[1, sum(2)], 1],
    ],
  },
  {
    // Nested, and both end at one join.
    of: 'BRANCH',
    sketch: {
      from: tuple(tuple(INT, BOOL), BOOL),
      to: INT,
      define: (a) => a.constant('zero', INT, 0),
      code: 'BRANCH else join; FST; JUMP join; else:; BRANCH other join; QUOTE zero; JUMP join; other:; NEG; join:; RETURN',
    },
    runs: [
      [[[3, false], true], 3],
      [[[3, true], false], 0],
      [[[3, false], false], -3],
    ],
  },
  {
    of: 'SWITCH',
    sketch: {
      from: tuple(UNIT, EITHER),
      to: STRING,
      code: 'SWITCH join right; SND; INT_TO_STRING; JUMP join; right:; SND; join:; RETURN',
    },
    runs: [
      [[null, sum(0, -5)], '-5'],
      [[null, sum(1, 'a')], 'a'],
    ],
  },
  {
    of: 'FOLD',
    sketch: {
      from: tuple(INT, INT, listOf(INT)),
      to: INT,
      code: 'FOLD exit; PUSH; PROJECT 1; PUSH; CONS; ADD; SWAP; PUSH; PROJECT 0; SWAP; PROJECT 2; CONS; MUL; CONS; ADD; NEXT; exit:; RETURN',
    },
    runs: [
      [[10, 5, list()], 5],
      [[10, 5, list(3)], 40],
      [[10, 5, list(3, 4)], 120],
      [[MAX, 5, list(3, 4)], overflow],
    ],
  },
  {
    // Within another: the sum of all lists.
    of: 'NEXT',
    sketch: {
      from: listOf(listOf(INT)),
      to: INT,
      define: (a) => a.constant('zero', INT, 0),
      code: `
        PUSH; PUSH; QUOTE zero; SWAP; TUPLE 3
        FOLD exit
          PUSH; PUSH; PROJECT 1; SWAP; PROJECT 2; TUPLE 3
          FOLD inner; PUSH; PROJECT 1; SWAP; PROJECT 2; CONS; ADD; NEXT
        inner:
          NEXT
        exit:
        RETURN`,
    },
    runs: [
      [list(), 0],
      [list(list(1, 2), list(), list(3)), 6],
    ],
  },
  {
    // Its body may give another type than it takes.
    of: 'MAP',
    sketch: {
      from: tuple(INT, listOf(INT)),
      to: listOf(STRING),
      code: 'MAP exit; MUL; INT_TO_STRING; NEXT; exit:; RETURN',
    },
    runs: [
      [[3, list()], list()],
      [[3, list(1, 2, 3)], list('3', '6', '9')],
      [[MAX, list(1, 2)], overflow],
    ],
  },
  {
    // With a FOLD in it, and in another: the ends of both kinds.
    of: 'MAP',
    sketch: {
      from: listOf(listOf(INT)),
      to: listOf(INT),
      define: (a) => a.constant('zero', INT, 0),
      code: `
        PUSH; CONS
        MAP exit
          SND; PUSH; PUSH; QUOTE zero; SWAP; TUPLE 3
          FOLD inner; PUSH; PROJECT 1; SWAP; PROJECT 2; CONS; ADD; NEXT
        inner:
          NEXT
        exit:
        RETURN`,
    },
    runs: [[list(list(1, 2), list(), list(3)), list(3, 0, 3)]],
  },
  {
    of: 'MAP',
    sketch: {
      from: tuple(INT, listOf(listOf(INT))),
      to: listOf(listOf(INT)),
      code: 'MAP exit; MAP inner; ADD; NEXT; inner:; NEXT; exit:; RETURN',
    },
    runs: [[[10, list(list(1, 2), list())], list(list(11, 12), list())]],
  },
  {
    of: 'TUPLE',
    sketch: { from: INT, to: tuple(INT, INT, INT), code: 'PUSH; PUSH; NEG; TUPLE 3; RETURN' },
    runs: [[3, [3, 3, -3]]],
  },
  {
    of: 'RECORD',
    sketch: {
      from: INT,
      to: recordOf({ y: STRING, x: INT }),
      code: 'PUSH; INT_TO_STRING; RECORD Record; RETURN',
    },
    runs: [[3, [3, '3']]],
  },
  {
    of: 'RECORD',
    sketch: { from: INT, to: recordOf({ x: INT }), code: 'RECORD Record; RETURN' },
    runs: [[3, [3]]],
  },
  {
    of: 'PROJECT',
    sketch: { from: tuple(INT, BOOL, STRING), to: STRING, code: 'PROJECT 2; RETURN' },
    runs: [[[1, true, 'a'], 'a']],
  },
  {
    of: 'PROJECT',
    sketch: { from: recordOf({ b: INT, a: STRING }), to: INT, code: 'PROJECT 1; RETURN' },
    runs: [[['a', 1], 1]],
  },
  {
    of: 'INJECT',
    sketch: { from: STRING, to: EITHER, code: 'INJECT Sum 1; RETURN' },
    runs: [['a', sum(1, 'a')]],
  },
  {
    of: 'LIST',
    sketch: { from: INT, to: listOf(INT), code: 'PUSH; PUSH; NEG; LIST Items 3; RETURN' },
    runs: [[2, list(2, 2, -2)]],
  },
  {
    of: 'GET',
    sketch: { from: INT, to: INT, state: INT, initial: 7, code: 'GET; RETURN' },
    runs: [[1, { reply: 7, state: 7 }]],
  },
  {
    of: 'PUT',
    sketch: { from: INT, to: INT, state: INT, initial: 7, code: 'PUT; GET; PUSH; CONS; ADD; RETURN' },
    runs: [
      [1, { reply: 2, state: 1 }],
      [MAX, fault('integer overflow', 7)],
    ],
  },
  simple('NOW', UNIT, TIME, [[null, 1000]]),
  {
    of: 'FAIL',
    sketch: { from: STRING, to: INT, code: `FAIL ${INT}; PUSH; CONS; ADD; RETURN` },
    runs: [['no\nmore', fault('no\nmore')]],
  },
  simple('ADD', INTS, INT, [
    [[2, 3], 5],
    [[MAX, -MAX], 0],
    [[MAX, 1], overflow],
    [[-MAX, -1], overflow],
    [[MAX, MAX], overflow],
  ]),
  simple('SUB', INTS, INT, [
    [[2, 3], -1],
    [[0, 0], 0],
    [[-MAX, 1], overflow],
    [[MAX, -1], overflow],
  ]),
  simple('MUL', INTS, INT, [
    [[-2, 3], -6],
    [[0, -5], 0],
    [[94906267, 94906267], overflow],
    [[-MAX, 1], -MAX],
    [[-MAX, 2], overflow],
  ]),
  simple('DIV', INTS, INT, [
    [[7, 2], 3],
    [[-7, 2], -3],
    [[0, -3], 0],
    [[-1, 3], 0],
    [[MAX, -1], -MAX],
    [[1, 0], byZero],
    [[0, 0], byZero],
  ]),
  simple('REM', INTS, INT, [
    [[7, 2], 1],
    [[-7, 2], -1],
    [[-7, 7], 0],
    [[7, -2], 1],
    [[-MAX, MAX], 0],
    [[1, 0], byZero],
  ]),
  simple('NEG', INT, INT, [
    [5, -5],
    [0, 0],
    [MAX, -MAX],
  ]),
  simple('EQ', INTS, BOOL, [
    [[1, 1], true],
    [[1, 2], false],
  ]),
  simple('EQ', tuple(listOf(STRING), listOf(STRING)), BOOL, [
    [[list('a'), list('a')], true],
    [[list('a'), list('b')], false],
    [[list(), list('b')], false],
  ]),
  simple('EQ', tuple(EITHER, EITHER), BOOL, [
    [[sum(0, 1), sum(0, 1)], true],
    [[sum(0, 1), sum(1, 'a')], false],
  ]),
  simple('NE', tuple(tuple(INT, STRING), tuple(INT, STRING)), BOOL, [
    [
      [
        [1, 'a'],
        [1, 'a'],
      ],
      false,
    ],
    [
      [
        [1, 'a'],
        [1, 'b'],
      ],
      true,
    ],
  ]),
  ...comparison('LT', true, false, false),
  ...comparison('LE', true, true, false),
  ...comparison('GT', false, false, true),
  ...comparison('GE', false, true, true),
  simple('NOT', BOOL, BOOL, [
    [true, false],
    [false, true],
  ]),
  simple('INT_TO_STRING', INT, STRING, [
    [0, '0'],
    [-MAX, '-9007199254740991'],
  ]),
  simple('STRING_CONCAT', STRINGS, STRING, [
    [['a', 'b'], 'ab'],
    [['', ''], ''],
  ]),
  simple('STRING_LENGTH', STRING, INT, [
    ['', 0],
    ['aé\u{1F600}', 3],
  ]),
  simple('LIST_APPEND', tuple(listOf(INT), INT), listOf(INT), [
    [[list(), 1], list(1)],
    [[list(1, 2), 3], list(1, 2, 3)],
  ]),
  // An item that is itself an array on the host stays one item.
  simple('LIST_APPEND', tuple(listOf(INTS), INTS), listOf(INTS), [[[list(), [1, 2]], list([1, 2])]]),
  simple('LIST_CONCAT', tuple(listOf(INT), listOf(INT)), listOf(INT), [
    [[list(1), list(2, 3)], list(1, 2, 3)],
    [[list(), list()], list()],
  ]),
  simple('LIST_LENGTH', listOf(INT), INT, [
    [list(), 0],
    [list(4, 5), 2],
  ]),
  simple('LIST_RANGE', INTS, listOf(INT), [
    [[0, 3], list(0, 1, 2)],
    [[3, 3], list()],
    [[4, -4], list()],
    [[-2, 0], list(-2, -1)],
  ]),
];

/** All but those that `built-ins.test.ts` is about. */
const NAMES = (Object.keys(INSTRUCTIONS) as InstructionName[]).filter((name) => !isBuiltIn(name));

describe.each(NAMES)('%s', (name) => {
  const examples = EXAMPLES.filter((example) => example.of === name);

  it('has an example', () => expect(examples).not.toEqual([]));

  for (const { sketch, runs } of examples) {
    for (const [input, expected] of runs) {
      it(`takes ${JSON.stringify(input)} to ${JSON.stringify(expected)}`, () => {
        const outcome = isOutcome(expected) ? expected : { reply: expected, state: sketch.initial ?? null };
        expect(run(sketch, input)).toEqual(outcome);
      });
    }
  }
});

function isOutcome(expected: Outcome | Value): expected is Outcome {
  return typeof expected === 'object' && expected !== null && 'state' in expected;
}
