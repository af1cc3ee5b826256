import { BOOL, BYTES, INSTRUCTIONS, INT, STRING, TIME, UNIT, type InstructionName } from '@smc/protocol';
import { describe, expect, it } from 'vitest';
import { isBuiltIn } from './support/built-in-names.ts';
import { refusalOf, type Sketch } from './support/run.ts';
import { functionOf, listOf, mapOf, recordOf, setOf, sumOf, tuple } from './support/types.ts';

/** Code that is refused: where (its word), and why. */
type Refusal = readonly [title: string, sketch: Sketch, word: number, message: string];

const INTS = tuple(INT, INT);
const DATA = { from: INT, to: INT };
const EITHER = sumOf({ Left: INT, Right: STRING });
const makesClosure = (code: string, from: Sketch['from'] = INT, to: Sketch['to'] = INT): Sketch => ({
  from,
  to,
  code,
  define: functionOf(INT, INT),
});
const onCondition = tuple(INT, BOOL);
const onEither = tuple(INT, EITHER);
const onList = tuple(INT, INT, listOf(INT));

const mismatch = (name: string, from: Sketch['from'], message: string): Refusal => [
  `${name} on a wrong accumulator`,
  { from, to: INT, code: `${name}; RETURN`, define: EITHER },
  0,
  message,
];

/** Of each built-in: a type that it does not take, and why. */
const BUILT_IN_MISMATCHES: readonly (readonly [code: string, from: Sketch['from'], message: string])[] = [
  ...[
    'INT_PARSE',
    'STRING_TO_UPPER',
    'STRING_TO_LOWER',
    'STRING_TRIM',
    'STRING_TO_BYTES',
    'BYTES_FROM_HEX',
  ].map((name) => [name, BYTES, 'takes String, not Bytes'] as const),
  ...['BYTES_LENGTH', 'BYTES_TO_STRING', 'BYTES_TO_HEX'].map(
    (name) => [name, STRING, 'takes Bytes, not String'] as const,
  ),
  ...['INT_MIN', 'INT_MAX'].map(
    (name) => [name, tuple(INT, TIME), 'takes (Int, Int), not (Int, Time)'] as const,
  ),
  ...['STRING_SPLIT', 'STRING_CONTAINS', 'STRING_STARTS_WITH', 'STRING_ENDS_WITH', 'STRING_INDEX_OF'].map(
    (name) => [name, tuple(STRING, INT), 'takes (String, String), not (String, Int)'] as const,
  ),
  ['INT_ABS', TIME, 'takes Int, not Time'],
  ['STRING_JOIN', tuple(STRING, STRING), 'takes (List<String>, String), not (String, String)'],
  ['STRING_SLICE', tuple(STRING, INT), 'takes (String, Int, Int), not (String, Int)'],
  ['STRING_REPEAT', tuple(INT, STRING), 'takes (String, Int), not (Int, String)'],
  ['BYTES_GET', tuple(STRING, INT), 'takes (Bytes, Int), not (String, Int)'],
  ['BYTES_SLICE', tuple(STRING, INT, INT), 'takes (Bytes, Int, Int), not (String, Int, Int)'],
  ['BYTES_CONCAT', tuple(BYTES, STRING), 'takes (Bytes, Bytes), not (Bytes, String)'],
  ['BYTES_FLATTEN', listOf(STRING), 'takes List<Bytes>, not List<String>'],
  ['TIME_TO_MILLIS', INT, 'takes Time, not Int'],
  ['TIME_FROM_MILLIS', TIME, 'takes Int, not Time'],
  ['TIME_ADD_MILLIS', tuple(TIME, TIME), 'takes (Time, Int), not (Time, Time)'],
  ['TIME_DIFF_MILLIS', tuple(TIME, INT), 'takes (Time, Time), not (Time, Int)'],
  ...['LIST_GET', 'LIST_TAKE', 'LIST_DROP'].flatMap((name) => [
    [name, tuple(listOf(STRING), STRING), 'takes (List<a>, Int), not (List<String>, String)'] as const,
    [name, tuple(STRING, INT), 'is about a list, not String'] as const,
  ]),
  ...['LIST_PREPEND', 'LIST_CONTAINS', 'LIST_INDEX_OF'].flatMap((name) => [
    [name, tuple(listOf(STRING), INT), 'takes (List<a>, a), not (List<String>, Int)'] as const,
    [name, tuple(STRING, STRING), 'is about a list, not String'] as const,
  ]),
  ['LIST_FLATTEN', listOf(INT), 'is about a list, not Int'],
  ['LIST_REVERSE', STRING, 'is about a list, not String'],
  ['LIST_ZIP', listOf(INT), 'takes (List<a>, List<b>), not List<Int>'],
  ['LIST_ZIP', tuple(listOf(INT), INT), 'is about a list, not Int'],
  ['LIST_SUM', listOf(TIME), 'takes List<Int>, not List<Time>'],
  [`LIST_SORT ${STRING}`, listOf(tuple(INT, INT)), 'takes List<(k, a)>, not List<(Int, Int)>'],
  [`LIST_SORT ${INT}`, listOf(tuple(INT, INT, INT)), 'takes List<(k, a)>, not List<(Int, Int, Int)>'],
  [`LIST_SORT ${UNIT}`, listOf(tuple(UNIT, INT)), 'by (), which has no order'],
  ['LIST_SELECT', listOf(tuple(INT, INT)), 'takes List<(Bool, a)>, not List<(Int, Int)>'],
  ['LIST_UNCONS', STRING, 'is about a list, not String'],
  ['MAP 3; NEXT', tuple(INT, INT), 'is about a list, not Int'],
  ['MAP 3; NEXT', listOf(INT), 'takes (e, List<a>), not List<Int>'],
  ...['MAP_SIZE', 'MAP_KEYS', 'MAP_VALUES', 'MAP_ENTRIES'].map(
    (name) => [name, setOf(INT), 'is about a map, not Set<Int>'] as const,
  ),
  ...['MAP_GET', 'MAP_HAS', 'MAP_REMOVE'].flatMap((name) => [
    [
      name,
      tuple(mapOf(INT, STRING), STRING),
      'takes (Map<k, v>, k), not (Map<Int, String>, String)',
    ] as const,
    [name, tuple(setOf(INT), INT), 'is about a map, not Set<Int>'] as const,
  ]),
  [
    'MAP_INSERT',
    tuple(mapOf(INT, STRING), INT, INT),
    'takes (Map<k, v>, k, v), not (Map<Int, String>, Int, Int)',
  ],
  [
    'MAP_INSERT',
    tuple(mapOf(INT, STRING), STRING, STRING),
    'takes (Map<k, v>, k, v), not (Map<Int, String>, String, String)',
  ],
  ['MAP_INSERT', tuple(mapOf(INT, INT), INT), 'takes (Map<k, v>, k, v), not (Map<Int, Int>, Int)'],
  [`MAP_FROM_LIST ${INT}`, listOf(tuple(INT, INT)), 'is about a map, not Int'],
  [
    'MAP_FROM_LIST Map',
    tuple(listOf(tuple(INT, INT)), mapOf(INT, STRING)),
    'takes List<(Int, String)>, not (List<(Int, Int)>, Map<Int, String>)',
  ],
  ...['SET_SIZE', 'SET_TO_LIST'].map((name) => [name, listOf(INT), 'is about a set, not List<Int>'] as const),
  ...['SET_HAS', 'SET_INSERT', 'SET_REMOVE'].flatMap((name) => [
    [name, tuple(setOf(INT), STRING), 'takes (Set<k>, k), not (Set<Int>, String)'] as const,
    [name, tuple(mapOf(INT, INT), INT), 'is about a set, not Map<Int, Int>'] as const,
  ]),
  ...['SET_UNION', 'SET_INTERSECT', 'SET_DIFF'].flatMap((name) => [
    [name, tuple(setOf(INT), setOf(STRING)), 'takes (Set<k>, Set<k>), not (Set<Int>, Set<String>)'] as const,
    [name, tuple(INT, INT), 'is about a set, not Int'] as const,
  ]),
  [`SET_FROM_LIST ${STRING}`, listOf(INT), 'is about a set, not String'],
  [
    'SET_FROM_LIST Set',
    tuple(listOf(INT), setOf(STRING)),
    'takes List<String>, not (List<Int>, Set<String>)',
  ],
];

const REFUSALS: readonly Refusal[] = [
  // ------------------------------------------------------------------ what code is
  ['no instruction', { ...DATA, code: '' }, 0, 'the code of the function ends without RETURN'],
  ['no RETURN', { ...DATA, code: 'NEG' }, 1, 'the code of the function ends without RETURN'],
  [
    'code after RETURN',
    { ...DATA, code: 'RETURN; NEG' },
    0,
    'RETURN that does not end its block, a function up to 2',
  ],
  ['a result of another type', { from: INT, to: BOOL, code: 'RETURN' }, 0, 'RETURN takes Bool, not Int'],
  ['something left on the stack', { ...DATA, code: 'PUSH; RETURN' }, 1, 'RETURN leaves 1 on the stack'],
  // ------------------------------------------------------------------ the stack
  ['SWAP on nothing', { ...DATA, code: 'SWAP; RETURN' }, 0, 'SWAP finds nothing on the stack of its block'],
  ['CONS on nothing', { ...DATA, code: 'CONS; RETURN' }, 0, 'CONS finds nothing on the stack of its block'],
  [
    'TUPLE on too little',
    { ...DATA, code: 'PUSH; TUPLE 3; RETURN' },
    1,
    'TUPLE finds nothing on the stack of its block',
  ],
  [
    'RECORD on nothing',
    { from: INT, to: recordOf({ x: INT, y: INT }), code: 'RECORD Record; RETURN' },
    0,
    'RECORD finds nothing on the stack of its block',
  ],
  [
    'LIST on nothing',
    { from: INT, to: listOf(INT), code: 'LIST Items 2; RETURN' },
    0,
    'LIST finds nothing on the stack of its block',
  ],
  // ------------------------------------------------------------------ operands
  ['a constant that is not there', { ...DATA, code: 'QUOTE 1; RETURN' }, 0, 'constant out of bounds: 1 of 1'],
  ['a negative constant', { ...DATA, code: 'QUOTE -1; RETURN' }, 0, 'constant out of bounds: -1 of 1'],
  [
    'a type that is not there',
    { ...DATA, code: 'INT_TO_STRING; FAIL 6; RETURN' },
    1,
    'type out of bounds: 6 of 6',
  ],
  [
    'a derived type, by number',
    { ...DATA, code: 'PUSH; PUSH; CONS; CONS; SND; FST; INT_TO_STRING; FAIL 6; RETURN' },
    7,
    'type out of bounds: 6 of 6',
  ],
  ['a call of itself', { ...DATA, code: 'CALL 0; RETURN' }, 0, 'function out of bounds: 0 of 0'],
  [
    'a component that is not there',
    { from: tuple(INT, INT, INT), to: INT, code: 'PROJECT 3; RETURN' },
    0,
    'component out of bounds: 3 of 3',
  ],
  [
    'a field that is not there',
    { from: recordOf({ x: INT }), to: INT, code: 'PROJECT 1; RETURN' },
    0,
    'component out of bounds: 1 of 1',
  ],
  [
    'a constructor that is not there',
    { from: INT, to: EITHER, code: 'INJECT Sum 2; RETURN' },
    0,
    'constructor out of bounds: 2 of 2',
  ],
  [
    'a tuple of two by TUPLE',
    { from: INT, to: INTS, code: 'PUSH; TUPLE 2; RETURN' },
    1,
    'TUPLE of 2 components',
  ],
  [
    'a tuple of 17',
    { ...DATA, code: `${'PUSH; '.repeat(16)} TUPLE 17; RETURN` },
    16,
    'TUPLE of 17 components',
  ],
  [
    'an empty list by LIST',
    { from: INT, to: listOf(INT), code: 'LIST Items 0; RETURN' },
    0,
    'LIST of 0 items',
  ],
  // ------------------------------------------------------------------ jumps
  [
    'an else arm before the first',
    { from: onCondition, to: INT, code: 'BRANCH 0 join; JUMP join; join:; RETURN' },
    0,
    'jump out of bounds: 0, not in 3 to 5',
  ],
  [
    'a join outside of the function',
    { from: onCondition, to: INT, code: 'BRANCH 5 7; JUMP 7; RETURN' },
    0,
    'jump out of bounds: 7, not in 3 to 6',
  ],
  [
    'an else arm after the join',
    { from: onCondition, to: INT, code: 'BRANCH 6 5; JUMP 5; RETURN' },
    0,
    'jump out of bounds: 6, not in 3 to 5',
  ],
  [
    'an arm that ends inside an instruction',
    { from: onCondition, to: INT, code: 'BRANCH 4 6; JUMP 6; NEG; RETURN' },
    3,
    'JUMP reaches over the end of the choice at 4',
  ],
  [
    'a join inside an instruction',
    { from: onCondition, to: INT, code: 'BRANCH else 6; JUMP 6; else:; QUOTE 0; RETURN' },
    5,
    'QUOTE reaches over the end of the choice at 6',
  ],
  [
    'a first arm without JUMP',
    { from: onCondition, to: INT, code: 'BRANCH else join; NEG; else:; NEG; join:; RETURN' },
    4,
    'the code of the choice ends without JUMP',
  ],
  [
    'a JUMP out of nothing',
    { ...DATA, code: 'JUMP 2; RETURN' },
    0,
    'JUMP that does not end an arm before the last',
  ],
  [
    'a JUMP in the last arm',
    { from: onCondition, to: INT, code: 'BRANCH else join; JUMP join; else:; JUMP join; join:; RETURN' },
    5,
    'JUMP that does not end an arm before the last',
  ],
  [
    'a JUMP in the middle of an arm',
    { from: onCondition, to: INT, code: 'BRANCH else join; JUMP join; JUMP join; else:; join:; RETURN' },
    3,
    'JUMP that does not end an arm before the last',
  ],
  [
    'a JUMP to another join',
    { from: onCondition, to: INT, code: 'BRANCH else join; JUMP else; else:; NEG; join:; RETURN' },
    3,
    'JUMP to 5, the join is 6',
  ],
  [
    'an arm that ends in RETURN',
    { from: onCondition, to: INT, code: 'BRANCH else join; RETURN; else:; NEG; join:; RETURN' },
    3,
    'RETURN that does not end its block, a choice up to 4',
  ],
  // ------------------------------------------------------------------ choice
  [
    'arms of two types',
    { from: onCondition, to: INT, code: 'BRANCH else join; JUMP join; else:; INT_TO_STRING; join:; RETURN' },
    6,
    'the arms give Int and String',
  ],
  [
    'an arm that leaves something',
    { from: onCondition, to: INT, code: 'BRANCH else join; PUSH; JUMP join; else:; join:; RETURN' },
    4,
    'an arm leaves 1 on the stack',
  ],
  [
    'a last arm that leaves something',
    { from: onCondition, to: INT, code: 'BRANCH else join; JUMP join; else:; PUSH; join:; RETURN' },
    6,
    'an arm leaves 1 on the stack',
  ],
  [
    'an arm that takes from outside',
    {
      from: tuple(INT, BOOL),
      to: INT,
      code: 'PUSH; BRANCH else join; SWAP; JUMP join; else:; join:; RETURN',
    },
    4,
    'SWAP finds nothing on the stack of its block',
  ],
  [
    'too few arms',
    { from: onEither, to: INT, code: 'SWITCH join; FST; join:; RETURN' },
    0,
    '1 arms for 2 constructors',
  ],
  [
    'too many arms',
    { from: onEither, to: INT, code: 'SWITCH join b b; FST; JUMP join; b:; FST; join:; RETURN' },
    0,
    '3 arms for 2 constructors',
  ],
  [
    'arms out of order',
    {
      from: tuple(INT, sumOf({ A: UNIT, B: UNIT, C: UNIT })),
      to: INT,
      code: 'SWITCH join c b; FST; JUMP join; b:; FST; JUMP join; c:; FST; join:; RETURN',
    },
    0,
    'an arm of SWITCH starts at 11 and ends at 8',
  ],
  [
    'a SWITCH on no sum',
    { from: onCondition, to: INT, code: 'SWITCH 3; RETURN' },
    0,
    'SWITCH is about a sum, not Bool',
  ],
  [
    'a closure out of arms',
    makesClosure(
      'BRANCH else join; CUR Function x; ADD; RETURN; x:; JUMP join; else:; CUR Function y; SUB; RETURN; y:; join:; CUR Function z; APP; RETURN; z:; APP; RETURN',
      onCondition,
    ),
    8,
    'a closure out of a JUMP: (Int -> Int)',
  ],
  // ------------------------------------------------------------------ iteration
  [
    'a FOLD over no list',
    { from: tuple(INT, INT, INT), to: INT, code: 'FOLD x; PROJECT 1; NEXT; x:; RETURN' },
    0,
    'FOLD is about a list, not Int',
  ],
  [
    'a body that gives another type',
    { from: onList, to: INT, code: 'FOLD x; PROJECT 1; INT_TO_STRING; NEXT; x:; RETURN' },
    5,
    'NEXT takes Int, not String',
  ],
  [
    'a body without NEXT',
    { from: onList, to: INT, code: 'FOLD x; PROJECT 1; x:; RETURN' },
    4,
    'the code of the fold ends without NEXT',
  ],
  [
    'a NEXT before the exit',
    { from: onList, to: INT, code: 'FOLD x; PROJECT 1; NEXT; NEG; x:; RETURN' },
    4,
    'NEXT that does not end its block, a fold up to 6',
  ],
  ['a NEXT of no FOLD', { ...DATA, code: 'NEXT' }, 0, 'NEXT that does not end its block, a function up to 1'],
  [
    'a body that leaves something',
    { from: onList, to: INT, code: 'FOLD x; PROJECT 1; PUSH; NEXT; x:; RETURN' },
    5,
    'NEXT leaves 1 on the stack',
  ],
  [
    'a body that takes from the stack below',
    { from: onList, to: INT, code: 'PUSH; FOLD x; PROJECT 1; SWAP; NEXT; x:; RETURN' },
    5,
    'SWAP finds nothing on the stack of its block',
  ],
  [
    'an exit out of bounds',
    { from: onList, to: INT, code: 'FOLD 9; PROJECT 1; NEXT; RETURN' },
    0,
    'jump out of bounds: 9, not in 2 to 6',
  ],
  [
    'a closure as accumulator of a FOLD',
    makesClosure(
      'PUSH; QUOTE 0; SWAP; PUSH; FST; CUR Function x; ADD; RETURN; x:; SWAP; SND; TUPLE 3; FOLD y; PROJECT 1; NEXT; y:; RETURN',
      tuple(INT, listOf(INT)),
    ),
    15,
    'a closure out of a FOLD: (Int -> Int)',
  ],
  // ------------------------------------------------------------------ closures
  [
    'a CUR of no function type',
    { ...DATA, code: `CUR ${INT} x; RETURN; x:; RETURN` },
    0,
    'CUR is about a function, not Int',
  ],
  [
    'a body of another type',
    makesClosure('CUR Function x; FST; INT_TO_STRING; RETURN; x:; RETURN'),
    5,
    'RETURN takes Int, not String',
  ],
  [
    'a body without RETURN',
    makesClosure('CUR Function x; FST; x:; RETURN'),
    4,
    'the code of the closure ends without RETURN',
  ],
  [
    'a body that takes from the stack below',
    makesClosure('PUSH; CUR Function x; SWAP; RETURN; x:; RETURN'),
    4,
    'SWAP finds nothing on the stack of its block',
  ],
  [
    'APP of no closure',
    { from: INTS, to: INT, code: 'APP; RETURN' },
    0,
    'APP takes (a → b, a), not (Int, Int)',
  ],
  [
    'APP to another type',
    makesClosure('CUR Function x; ADD; RETURN; x:; PUSH; QUOTE 0; CONS; APP; RETURN'),
    9,
    'APP takes (a → b, a), not ((Int -> Int), ())',
  ],
  [
    'a state read in a closure',
    makesClosure('CUR Function x; GET; RETURN; x:; RETURN'),
    3,
    'GET uses state or clock within a closure',
  ],
  [
    'a state replaced in a closure',
    makesClosure('CUR Function x; PUT; RETURN; x:; RETURN'),
    3,
    'PUT uses state or clock within a closure',
  ],
  [
    'the clock in a closure',
    makesClosure('CUR Function x; NOW; RETURN; x:; RETURN'),
    3,
    'NOW uses state or clock within a closure',
  ],
  [
    'a closure compared',
    makesClosure('CUR Function x; ADD; RETURN; x:; PUSH; CONS; EQ; RETURN'),
    7,
    'EQ takes (a, a) of data, not ((Int -> Int), (Int -> Int))',
  ],
  [
    'a closure as the type of FAIL',
    makesClosure('INT_TO_STRING; FAIL Function; RETURN'),
    1,
    'a closure out of a FAIL: (Int -> Int)',
  ],
  // ------------------------------------------------------------------ parts
  [
    'a field of another type',
    { from: INT, to: recordOf({ x: INT, y: STRING }), code: 'PUSH; RECORD Record; RETURN' },
    1,
    'RECORD { x: Int, y: String }: its field y has another type',
  ],
  [
    'a RECORD of no record',
    { ...DATA, code: `RECORD ${INT}; RETURN` },
    0,
    'RECORD is about a record, not Int',
  ],
  [
    'an INJECT into no sum',
    { ...DATA, code: `INJECT ${BOOL} 0; RETURN` },
    0,
    'INJECT is about a sum, not Bool',
  ],
  [
    'a payload of another type',
    { from: INT, to: EITHER, code: 'INJECT Sum 1; RETURN' },
    0,
    'INJECT takes String, not Int',
  ],
  [
    'an item of another type',
    { from: INT, to: listOf(INT), code: 'PUSH; INT_TO_STRING; LIST Items 2; RETURN' },
    2,
    'LIST List<Int> with an item String',
  ],
  ['a LIST of no list', { ...DATA, code: `LIST ${INT} 1; RETURN` }, 0, 'LIST is about a list, not Int'],
  [
    'PROJECT on a pair',
    { from: INTS, to: INT, code: 'PROJECT 0; RETURN' },
    0,
    'PROJECT takes a record or a tuple of 3 or more, not (Int, Int)',
  ],
  [
    'FST on a record',
    { from: recordOf({ x: INT, y: INT }), to: INT, code: 'FST; RETURN' },
    0,
    'FST takes (a, b), not { x: Int, y: Int }',
  ],
  [
    'a call with another type',
    { from: INT, to: INT, define: (a) => a.function('f', BOOL, BOOL, 'RETURN'), code: 'CALL f; RETURN' },
    0,
    'CALL takes Bool, not Int',
  ],
  // ------------------------------------------------------------------ accumulators
  mismatch('FST', tuple(INT, INT, INT), 'FST takes (a, b), not (Int, Int, Int)'),
  mismatch('SND', INT, 'SND takes (a, b), not Int'),
  mismatch('FOLD 3; NEXT', INTS, 'FOLD takes (e, b, List<a>), not (Int, Int)'),
  mismatch('PUT', INT, 'PUT takes (), not Int'),
  mismatch('BRANCH 3 3', INTS, 'BRANCH takes (e, Bool), not (Int, Int)'),
  mismatch(`FAIL ${INT}`, INT, 'FAIL takes String, not Int'),
  ...['ADD', 'SUB', 'MUL', 'DIV', 'REM', 'LIST_RANGE'].map((name) =>
    mismatch(name, tuple(INT, TIME), `${name} takes (Int, Int), not (Int, Time)`),
  ),
  mismatch('NEG', TIME, 'NEG takes Int, not Time'),
  mismatch('EQ', tuple(INT, TIME), 'EQ takes (a, a) of data, not (Int, Time)'),
  mismatch('NE', INT, 'NE takes (a, a), not Int'),
  ...['LT', 'LE', 'GT', 'GE'].flatMap((name) => [
    mismatch(name, tuple(BOOL, BOOL), `${name} takes (a, a) of Int, Time or String, not (Bool, Bool)`),
    mismatch(name, tuple(INT, TIME), `${name} takes (a, a) of Int, Time or String, not (Int, Time)`),
  ]),
  mismatch('NOT', INT, 'NOT takes Bool, not Int'),
  mismatch('INT_TO_STRING', TIME, 'INT_TO_STRING takes Int, not Time'),
  mismatch('STRING_CONCAT', tuple(STRING, INT), 'STRING_CONCAT takes (String, String), not (String, Int)'),
  mismatch('STRING_LENGTH', listOf(STRING), 'STRING_LENGTH takes String, not List<String>'),
  mismatch(
    'LIST_APPEND',
    tuple(listOf(INT), STRING),
    'LIST_APPEND takes (List<a>, a), not (List<Int>, String)',
  ),
  mismatch('LIST_APPEND', INTS, 'LIST_APPEND is about a list, not Int'),
  mismatch(
    'LIST_CONCAT',
    tuple(listOf(INT), listOf(STRING)),
    'LIST_CONCAT takes (List<a>, List<a>), not (List<Int>, List<String>)',
  ),
  mismatch('LIST_CONCAT', STRING, 'LIST_CONCAT takes (List<a>, List<a>), not String'),
  mismatch('LIST_LENGTH', STRING, 'LIST_LENGTH is about a list, not String'),
  // ------------------------------------------------------------------ built-ins
  ...BUILT_IN_MISMATCHES.map(([name, from, message]) =>
    mismatch(name, from, `${name.split(' ')[0]} ${message}`),
  ),
  [
    'a MAP whose body gives a closure',
    makesClosure('MAP m; CUR Function x; SND; RETURN; x:; NEXT; m:; RETURN', tuple(INT, listOf(INT))),
    7,
    'a closure out of a MAP: (Int -> Int)',
  ],
  [
    'a MAP whose body ends before its block',
    { from: tuple(INT, listOf(INT)), to: INT, code: 'MAP m; FST; NEXT; NEG; m:; RETURN' },
    3,
    'NEXT that does not end its block, a map up to 5',
  ],
  [
    'a MAP without NEXT',
    { from: tuple(INT, listOf(INT)), to: INT, code: 'MAP m; FST; m:; RETURN' },
    3,
    'the code of the map ends without NEXT',
  ],
  [
    'a MAP that leaves something on the stack',
    { from: tuple(INT, listOf(INT)), to: INT, code: 'MAP m; FST; PUSH; NEXT; m:; RETURN' },
    4,
    'NEXT leaves 1 on the stack',
  ],
  [
    'a MAP that takes from the stack of its surroundings',
    { from: tuple(INT, listOf(INT)), to: INT, code: 'PUSH; MAP m; CONS; NEXT; m:; RETURN' },
    3,
    'CONS finds nothing on the stack of its block',
  ],
  [
    'a RETURN in a MAP',
    { from: tuple(INT, listOf(INT)), to: INT, code: 'MAP m; FST; RETURN; m:; RETURN' },
    3,
    'RETURN that does not end its block, a map up to 4',
  ],
];

describe('code that is refused', () => {
  it('has each built-in on what it does not take', () => {
    const tested = new Set(BUILT_IN_MISMATCHES.map(([code]) => code.split(' ')[0]));
    const names = (Object.keys(INSTRUCTIONS) as InstructionName[]).filter(isBuiltIn);
    expect(names.filter((name) => !tested.has(name))).toEqual([]);
  });

  it.each(REFUSALS)('%s', (_title, sketch, word, message) => {
    expect(refusalOf(sketch)).toEqual({ kind: 'invalid', message, function: expect.any(Number), word });
  });
});
