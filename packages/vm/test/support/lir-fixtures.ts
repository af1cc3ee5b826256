import { List, MapValue, Sum, TypeTable, keyOrder, STRING, type Value } from '@smc/protocol';
import type { Lowered } from '../../src/lower/lir.ts';
import { lirOf } from './lir-assembly.ts';

/** LIR with what to run it on; each of its steps is run on each of the runs. */
export interface LirFixture {
  readonly name: string;
  readonly lowered: Lowered;
  readonly runs: readonly { readonly state: Value; readonly argument: Value }[];
}

export const MAX = Number.MAX_SAFE_INTEGER;
const BIG = 2 ** 31;
/** Around all that is special of an integer. */
export const INTEGERS = [
  0,
  1,
  -1,
  2,
  -2,
  7,
  -7,
  1000,
  BIG - 1,
  BIG,
  BIG + 1,
  -BIG,
  -BIG - 1,
  2 ** 40 + 3,
  MAX,
  -MAX,
];
const PAIRS = INTEGERS.flatMap((left) => INTEGERS.map((right): readonly [number, number] => [left, right]));
const STRINGS = keyOrder(new TypeTable(), STRING);
const mapOf = (...entries: (readonly [Value, Value])[]): Value => MapValue.of(entries, STRINGS);
const list = (...items: Value[]): List => List.of(items);

const on = (state: Value, ...inputs: Value[]): LirFixture['runs'] =>
  inputs.map((argument) => ({ state, argument }));

/** Operations on two integers, in one step each: with both unknown, and with each known. */
const ARITHMETIC = ['ADD', 'SUB', 'MUL', 'DIV', 'REM'].map((name) => ({
  name: `integers: ${name}`,
  lowered: lirOf(`
    routine step_both 1 fuel 2
      r1 = COMPONENT.0 r0
      r2 = COMPONENT.1 r0
      r3 = ${name} r1 r2 !3
      SPEND !3
      RETURN r3
    ${[7, -7, 1, -1, 65537, BIG, -BIG, MAX]
      .map(
        (known) => `
    routine step_right_${known} 1
      r1 = COMPONENT.0 r0
      r2 = ${name} r1 ${known} !1
      RETURN r2
    routine step_left_${known} 1
      r1 = COMPONENT.1 r0
      r2 = ${name} ${known} r1 !1
      RETURN r2`,
      )
      .join('')}
  `),
  runs: PAIRS.map((argument) => ({ state: null, argument })),
}));

const FOLD_STATE = { isProduct: true, fields: 2 };

export const FIXTURES: readonly LirFixture[] = [
  {
    name: 'a counter',
    lowered: lirOf(`
      routine step_add 1 fuel 7
        r1 = STATE.0
        r2 = ADD r1 1 !2
        SPEND !3
        COMMIT.0 r2
        RETURN unit
      routine step_read 1 fuel 2
        r1 = STATE.0
        RETURN r1
    `),
    runs: [...on(4, null), ...on(BIG - 1, null), ...on(MAX, null), ...on(-MAX, null)],
  },
  {
    name: 'a counter in a pair, and a swap',
    lowered: lirOf(
      `
      routine step_add 1 fuel 10
        r1 = STATE.1
        r2 = ADD r1 r0
        COMMIT.1 r2
        RETURN unit
      routine step_swap 1 fuel 10
        r1 = STATE.0
        r2 = STATE.1
        COMMIT.1 r1
        COMMIT.0 r2
        RETURN r2
      routine step_fail_late 1 fuel 1
        r1 = STATE.0
        r2 = ADD r1 r0 !4
        r3 = DIV r2 0 !5
        COMMIT.0 r3
        RETURN unit
    `,
      FOLD_STATE,
    ),
    runs: [...on([3, 0], 1, -1, MAX), ...on([3, MAX], 1, 0)],
  },
  ...[65_537, 90_071_992_547].map((modulus) => ({
    name: `a fold modulo ${modulus}`,
    lowered: lirOf(
      `
      routine step_run 1 fuel 9
        r1 = RANGE_LENGTH 0 r0 !2
        r3 = STATE.0
        r2 = MOVE r3
        r5 = STATE.1
        r4 = MOVE r5
        r6 = LOOP.7 r1
          r7 = MUL r2 75 !1
          r8 = ADD r7 74 !1
          r9 = REM r8 ${modulus} !1
          BLOCK.0
          BLOCK.2
          BR_NOT_GREATER.2 20000 r9
          r10 = ADD r4 1 !2
          r11 = MOVE r10
          BR.0
          END
          r11 = MOVE r4
          END
          r2 = MOVE r9
          r4 = MOVE r11
        NEXT !1
        r12 = REM r4 1024
        SPEND
        COMMIT.0 r2
        COMMIT.1 r12
        RETURN r2
    `,
      FOLD_STATE,
    ),
    runs: [...on([1, 0], 0, 1, 5, 30, -3), ...on([MAX, 5], 3)],
  })),
  {
    name: 'a ledger',
    lowered: lirOf(`
      routine step_transfer 1 fuel 5
        r1 = STATE.0
        r2 = COMPONENT.0 r0
        r3 = COMPONENT.1 r0
        r4 = COMPONENT.2 r0
        r5 = BUILT_IN.MAP_GET r1 r2 !1
        BLOCK.1
        BLOCK.8
        BR_PRESENT.8 r5
        BR.1
        END
        r6 = BUILT_IN.MAP_GET r1 r3 !1
        BLOCK.9
        BR_PRESENT.9 r6
        BR.1
        END
        BLOCK.2
        BR_NOT_GREATER.2 r4 r5
        r7 = SUB r4 r5 !1
        r8 = SUM.3 r7
        RETURN r8
        END
        r9 = SUB r5 r4 !2
        r10 = BUILT_IN.MAP_INSERT r1 r2 r9 !2
        r11 = BUILT_IN.MAP_GET r10 r3
        r12 = ADD r11 r4
        r13 = BUILT_IN.MAP_INSERT r10 r3 r12
        SPEND !4
        COMMIT.0 r13
        RETURN unit
        END
        SPEND !1
        RETURN "missing"
      routine step_transfer_in_place 1 fuel 5
        r1 = STATE.0
        r2 = COMPONENT.0 r0
        r3 = COMPONENT.1 r0
        r4 = COMPONENT.2 r0
        r5 = BUILT_IN.MAP_GET r1 r2 !1
        BLOCK.1
        BR_PRESENT.1 r5
        FAIL "missing" !1
        END
        r6 = SUB r5 r4 !2
        r7 = CHANGE.MAP_INSERT r1 r2 r6 !2
        r8 = BUILT_IN.MAP_GET r7 r3
        BLOCK.2
        BR_PRESENT.2 r8
        FAIL "missing" !1
        END
        r9 = ADD r8 r4
        r10 = CHANGE.MAP_INSERT r7 r3 r9
        r11 = CHANGE.MAP_INSERT r10 "new" 1 !1
        r12 = CHANGE.MAP_REMOVE r11 r2
        SPEND !4
        SETTLE
        COMMIT.0 r12
        RETURN unit
      routine step_share 1 fuel 1
        r1 = STATE.0
        SHARE r1
        RETURN r1
    `),
    runs: on(
      mapOf(['a', 10], ['b', MAX - 5]),
      ['a', 'b', 3],
      ['a', 'b', 9],
      ['b', 'a', 20],
      ['a', 'c', 1],
      ['a', 'b', 11],
      ['c', 'a', 1],
    ),
  },
  {
    name: 'calls, closures and a state that is passed on',
    lowered: lirOf(`
      routine square 2 fuel 3
        r2 = MUL r0 r1 !2
        SPEND !1
        RETURN r2
      routine body 2 fuel 2
        r2 = COMPONENT.0 r0
        r3 = CALL.square r2 r1 !1
        r4 = ADD r3 1 !2
        SPEND !1
        RETURN r4
      routine leaves 2 fuel 1
        r2 = ADD r0 r1 !1
        SPEND
        LEAVE_STATE r2
        RETURN r0
      routine step_all 1 fuel 4
        r1 = STATE.0
        r2 = TUPLE r1 r0
        r3 = CLOSURE.body r2
        r4 = APPLY r3 r0 !2
        r5 = APPLY r3 r4 !1
        r6 = CALL.leaves r1 r5 !3
        r7 = TAKE_STATE
        r8 = TUPLE r4 r5 r6
        SPEND
        COMMIT.0 r7
        RETURN r8
    `),
    runs: [...on(3, 2, 0, -5, 2 ** 26), ...on(MAX, 1)],
  },
  {
    name: 'branches',
    lowered: lirOf(`
      ${['BR_SAME', 'BR_DIFFERENT', 'BR_LESS', 'BR_NOT_GREATER']
        .flatMap((name) =>
          [
            'r1 r2',
            'r1 7',
            '7 r1',
            `r1 ${MAX}`,
            `${-BIG} r1`,
            `r1 ${-BIG}`,
            `r1 ${BIG - 1}`,
            `${BIG - 1} r1`,
            '3 4',
          ].map(
            (operands, index) => `
      routine step_${name}_${index} 1
        r1 = COMPONENT.0 r0
        r2 = COMPONENT.1 r0
        BLOCK.1
        ${name}.1 ${operands}
        RETURN 0
        END
        RETURN 1`,
          ),
        )
        .join('')}
    `),
    runs: PAIRS.map((argument) => ({ state: null, argument })),
  },
  {
    name: 'truth and optionals',
    lowered: lirOf(`
      routine step_tests 1 fuel 1
        r1 = STATE.0
        r2 = FIND_ITEM r1 r0
        r3 = OPTION r2
        r4 = SAME r0 1
        r5 = DIFFERENT r0 1
        r6 = LESS r0 1
        r7 = NOT_GREATER r0 1
        r8 = SAME r4 false
        BLOCK.1
        BLOCK.2
        BLOCK.3
        BLOCK.4
        BR_SAME.1 r6 true
        BR_SAME.2 r7 false
        BR_PRESENT.3 r2
        BR.4
        END
        r9 = MOVE 4
        BR.1
        END
        r9 = MOVE 3
        BR.1
        END
        r9 = MOVE 2
        RETURN r9
        END
        r10 = TUPLE r3 r4 r5 r6 r7 r8
        RETURN r10
    `),
    runs: [...on(list(5, 6), -1, 0, 1, 2, 3), ...on(list(), 1), ...on(list(null, true), 0, 1)],
  },
  {
    name: 'sums by a table',
    lowered: lirOf(`
      routine step_table 1 fuel 3
        r1 = TAG r0
        r2 = PAYLOAD r0
        BLOCK.4
        BLOCK.3
        BLOCK.2
        BLOCK.1
        BR_TABLE r1 [1 2 3]
        END
        r3 = ADD r2 1 !1
        r5 = MOVE r3
        BR.4
        END
        CHARGE.5
        r4 = MUL r2 r2 !3
        r5 = MOVE r4
        CHARGE.3
        BR.4
        END
        FAIL "the third" !2
        END
        SPEND !1
        r6 = SUM.1 r5
        COMMIT.0 r6
        RETURN r6
    `),
    runs: on(new Sum(0, 1), new Sum(0, 4), new Sum(1, -3), new Sum(1, 2 ** 27), new Sum(2, 0)),
  },
  {
    name: 'loops in loops, and out of them',
    lowered: lirOf(`
      routine step_search 1 fuel 2
        r1 = STATE.0
        r2 = LENGTH r1
        r3 = MOVE 0
        BLOCK.9
        r4 = LOOP.3 r2
          r5 = ITEM r1 r4
          r6 = LOOP.2 r5
            r7 = ADD r3 r6 !1
            r3 = MOVE r7
            BLOCK.1
            BR_DIFFERENT.1 r3 r0
            CHARGE.1
            BR.9
            END
          NEXT !1
        NEXT !2
        r3 = MOVE -1
        END
        SPEND
        RETURN r3
    `),
    runs: on(list(3, 0, 4), 0, 1, 3, 4, 6, 9, 100),
  },
  {
    name: 'lists, sizes and what is built',
    lowered: lirOf(`
      routine step_lists 1 fuel 2
        r1 = LIST r0 r0 "x" !1
        r2 = BUILT_IN.LIST_APPEND r1 r0 !1
        r3 = EQUAL r1 r2 !2
        r4 = LENGTH r2
        r5 = BUILDER
        r6 = LOOP.1 r4
          r7 = ITEM r2 r6
          COLLECT r5 r7 !1
        NEXT
        r8 = COLLECTED r5
        r9 = RANGE_LENGTH -2 4 !1
        r10 = RANGE -2 r9
        r11 = BUILT_IN.LIST_SUM r10
        CHECK_SIZE.40 r8 r2 !3
        r12 = TUPLE r2 r3 r8 r10 r11
        SPEND !3
        COMMIT.0 r8
        RETURN r12
      routine step_too_large 1 fuel 2
        CHECK_SIZE.${64 * 2 ** 20 - 40} r0 !4
        RETURN unit
      routine step_no_range 1
        r1 = RANGE_LENGTH 0 ${MAX} !4
        RETURN unit
      routine step_large_range 1
        r1 = RANGE_LENGTH 0 9000000 !4
        RETURN unit
    `),
    runs: on(list(), 'some text', '', 'long '.repeat(30)),
  },
  {
    name: 'strings, maps and the order of keys',
    lowered: lirOf(
      `
      routine step_text 1 fuel 2
        r1 = COMPONENT.0 r0
        r2 = COMPONENT.1 r0
        r3 = ORDER r1 r2 !2
        r4 = EQUAL r1 r2 !1
        r5 = BUILT_IN.STRING_CONCAT r1 r2 !1
        r6 = BUILT_IN.STRING_SLICE r5 1 3
        r7 = BUILT_IN.STRING_INDEX_OF r5 r2
        r8 = OPTION r7
        r9 = LESS r3 0
        r10 = LIST r2 r1 r5
        r11 = BUILT_IN.SET_FROM_LIST r10 <string> !1
        r12 = COUNT r11
        r13 = BUILT_IN.SET_TO_LIST r11
        r14 = INT_TO_STRING r12
        r15 = TUPLE r4 r5 r6 r8 r9 r13 r14
        SPEND !2
        RETURN r15
    `,
    ),
    runs: on(
      null,
      ['a', 'b'],
      ['b', 'a'],
      ['', ''],
      ['\uffff', '\u{10000}'],
      ['\u{10000}', '\uffff'],
      ['long '.repeat(20), 'long '.repeat(20)],
    ),
  },
  {
    name: 'integers without overflow, the key and the time',
    lowered: lirOf(
      `
      routine step_rest 1 fuel 1
        r1 = COMPONENT.0 r0
        r2 = COMPONENT.1 r0
        r3 = NEG r1
        r4 = MIN r1 r2
        r5 = MAX r1 r2
        r6 = ABS r1
        r7 = KEY
        r8 = NOW
        r9 = TUPLE r3 r4 r5 r6 r7 r8
        RETURN r9
      routine step_offset 1
        r1 = COMPONENT.0 r0
        r2 = MIN r1 1000000
        r3 = MAX r2 -1000000
        r4 = OFFSET r3 5
        r5 = OFFSET r3 r4
        RETURN r5
      routine step_time 1
        r1 = COMPONENT.0 r0
        r2 = BUILT_IN.TIME_FROM_MILLIS r1 !3
        RETURN r2
      routine step_message 1 fuel 1
        FAIL $why !2
        RETURN unit
    `,
      { values: { why: '`; ${process.exit()} //\u2028' } },
    ),
    runs: PAIRS.map((argument) => ({ state: null, argument })),
  },
  ...ARITHMETIC,
];
