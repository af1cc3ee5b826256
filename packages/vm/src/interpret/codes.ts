/**
 * The instructions of the interpreter, with their words after the code. Registers are in two files
 * with the same positions: `a`, `b`, `c` are read from that of references, `i`, `j` from that of
 * integers, and `v` is `a`, or `~i`. What is written is `d` in references, or `e` in integers. `k`
 * is a small integer, `n` an index, `t` a position in the code, `l` a list of `v`.
 *
 * Those below `NEG` are arms of the dispatch itself; the others stand out of line, and from
 * `FIRST_THAT_SPENDS` on subtract what is pending first. Of these all write `d`, if only to the
 * spare register, also where it is an integer, which an INTEGER after it takes from there.
 */
export const CODES = {
  MOVE: 0, // d a
  MOVE_INTEGER: 1, // e i
  INTEGER: 2, // e a, an integer, or none that is not looked at
  JUMP: 3, // - - t
  BR_SAME: 4, // i j t
  BR_SAME_SMALL: 5, // i k t
  BR_DIFFERENT: 6, // i j t
  BR_DIFFERENT_SMALL: 7, // i k t
  BR_IDENTICAL: 8, // a b t
  BR_DISTINCT: 9, // a b t
  BR_LESS: 10, // i j t
  BR_NOT_GREATER: 11, // i j t
  BR_AT_MOST_SMALL: 12, // i k t
  BR_AT_LEAST_SMALL: 13, // i k t
  BR_PRESENT: 14, // a - t
  BR_TABLE: 15, // i - -, then t for each tag
  BR_TAG_TABLE: 16, // a - -, then t for each tag
  BR_TAG_DIFFERENT: 17, // a k t
  LOOP: 18, // e i t, then the fuel of an iteration
  NEXT: 19, // e i t, then what is pending and the fuel of an iteration
  RETURN: 20, // v
  RETURN_STATE: 21, // n
  COMMIT: 22, // n v
  COMMIT_RETURN: 23, // n v v
  STATE: 24, // d n
  STATE_INTEGER: 25, // e n
  STATE_ADD_SMALL: 26, // e n k
  SPEND: 27, // k
  CHARGE: 28, // k
  ADD: 29, // e i j
  ADD_SMALL: 30, // e i k
  SUB: 31, // e i j
  MUL: 32, // e i j
  MUL_SMALL: 33, // e i k
  DIV: 34, // e i j
  REM: 35, // e i j
  REM_BY: 36, // e i j, j a positive constant, and behind it its reciprocal
  TAG: 37, // e a
  PAYLOAD: 38, // d a
  PAYLOAD_INTEGER: 39, // e a
  COMPONENT: 40, // d a n
  COMPONENT_INTEGER: 41, // e a n
  SUM: 42, // d n v
  OPTION: 43, // d a
  TUPLE: 44, // d l
  BUILT_IN: 45, // d n k, k what is pending, then three v
  CALL: 46, // d n l
  APPLY: 47, // d a v
  KEY: 48, // d
  NOW: 49, // e
  ITEM: 50, // d a i
  ITEM_INTEGER: 51, // e a i
  LENGTH: 52, // e a
  MIN: 53, // e i j
  MAX: 54, // e i j
  NEG: 64, // d i
  ABS: 65, // d i
  INT_TO_STRING: 66, // d i
  SAME: 67, // d i j
  DIFFERENT: 68, // d i j
  IDENTICAL: 69, // d a b
  DISTINCT: 70, // d a b
  LESS: 71, // d i j
  NOT_GREATER: 72, // d i j
  FIND_ITEM: 73, // d a i
  RANGE: 74, // d i j
  BUILDER: 75, // d
  COLLECTED: 76, // d a
  COUNT: 77, // d a
  CLOSURE: 78, // d n v
  LEAVE_STATE: 79, // d v
  TAKE_STATE: 80, // d
  FAIL: 81, // d a
  CHECK_SIZE: 82, // d k l
  EQUAL: 96, // d a b
  LIST: 97, // d l
  COLLECT: 98, // d a v
  ORDER: 99, // d a b
  RANGE_LENGTH: 100, // d i j
} as const;

export type CodeName = keyof typeof CODES;

/** Those that stand out of line and are below it subtract no fuel. */
export const FIRST_THAT_SPENDS = 96;
