import { INT, OP, TypeTable, UNIT, type Constant, type Image } from '@smc/protocol';
import type { Workload } from './workload.ts';

/** Steps of a pass, and iterations of each. */
const STEPS = 1_024;
const TIMES = 100;

const CONSTANTS = [75, 74, 65_537, 20_000, 1, 1_024, 0];

/** The operand of QUOTE for one of the numbers above; the constant after them is `()`. */
const number = (n: number): readonly [number, number] => [OP.QUOTE, CONSTANTS.indexOf(n)];
const unit: readonly [number, number] = [OP.QUOTE, CONSTANTS.length];
const {
  ADD,
  BRANCH,
  CONS,
  FOLD,
  FST,
  GET,
  JUMP,
  LIST_RANGE,
  LT,
  MUL,
  NEXT,
  PROJECT,
  PUSH,
  PUT,
  REM,
  RETURN,
  SND,
  SWAP,
  TUPLE,
} = OP;

/** ((), (v, h), i) → (w, h′): a step of a linear congruential generator, and how many were below 20,000. */
const BODY = [
  PROJECT,
  1,
  PUSH,
  FST,
  PUSH,
  ...number(75),
  CONS,
  MUL,
  PUSH,
  ...number(74),
  CONS,
  ADD,
  PUSH,
  ...number(65_537),
  CONS,
  REM,
  SWAP,
  SND,
  SWAP,
  CONS,
  PUSH,
  SND,
  PUSH,
  ...number(20_000),
  CONS,
  LT,
  CONS,
];
const BELOW = [PUSH, SND, SWAP, FST, PUSH, ...number(1), CONS, ADD, CONS];
const ABOVE = [PUSH, SND, SWAP, FST, CONS];
/** times → ((), state, the integers from 0 up to times) */
const START = [PUSH, ...unit, SWAP, PUSH, GET, SWAP, PUSH, ...number(0), SWAP, CONS, LIST_RANGE, TUPLE, 3];
/** (v, h) → v, with the state (v, h mod 1024) */
const END = [
  PUSH,
  PUSH,
  FST,
  SWAP,
  SND,
  PUSH,
  ...number(1_024),
  CONS,
  REM,
  CONS,
  PUT,
  CONS,
  FST,
  FST,
  RETURN,
];

/** A loop with arithmetic and a choice, written by hand: the state is (x, hits). */
export const foldSmall: Workload = {
  name: 'foldSmall',
  image: foldImage(),
  steps: (program) => {
    const operation = program.index('Run');
    return Array.from({ length: STEPS }, () => ({ operation, input: TIMES }));
  },
  digest: (reply) => (reply as number) & 7,
};

function foldImage(): Image {
  const types = new TypeTable();
  const state = types.pair(INT, INT);
  const body = START.length + 2;
  const branch = body + BODY.length;
  const otherwise = branch + 3 + BELOW.length + 2;
  const join = otherwise + ABOVE.length;
  const code = [
    ...START,
    FOLD,
    join + 1,
    ...BODY,
    BRANCH,
    otherwise,
    join,
    ...BELOW,
    JUMP,
    join,
    ...ABOVE,
    NEXT,
    ...END,
  ];
  const constants: Constant[] = CONSTANTS.map((value) => ({ type: INT, value }));
  constants.push({ type: UNIT, value: null }, { type: state, value: [1, 0] });
  return {
    emit: 1,
    name: 'FoldSmall',
    key: 'none',
    unit: { types, constants, functions: [{ from: INT, to: INT, code: Int32Array.from(code) }] },
    state,
    initial: constants.length - 1,
    operations: [
      { name: 'Run', parameters: [{ name: 'times', type: INT, default: null }], reply: INT, body: 0 },
    ],
    invariants: [],
    defaults: [],
  };
}
