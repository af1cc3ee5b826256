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
  SPEND: 20, // k
  CHARGE: 21, // k
  ADD: 22, // e i j
  ADD_SMALL: 23, // e i k
  SUB: 24, // e i j
  MUL: 25, // e i j
  MUL_SMALL: 26, // e i k
  REM_BY: 27, // e i j, j a positive constant, and behind it its reciprocal
  TAG: 28, // e a
  PAYLOAD: 29, // d a
  PAYLOAD_INTEGER: 30, // e a
  MIN: 31, // e i j
  MAX: 32, // e i j
  DIV: 33, // e i j
  REM: 34, // e i j
  COMPONENT: 35, // d a n
  COMPONENT_INTEGER: 36, // e a n
  ITEM: 37, // d a i
  ITEM_INTEGER: 38, // e a i
  LENGTH: 39, // e a
  RETURN: 40, // v
  RETURN_STATE: 41, // n
  COMMIT: 42, // n v
  COMMIT_RETURN: 43, // n v v
  COMMIT_ALL_RETURN: 44, // l v, l of pairs n v
  ADD_TO_STATE_RETURN: 45, // n k v
  STATE: 46, // d n
  STATE_INTEGER: 47, // e n
  STATE_ADD_SMALL: 48, // e n k
  SUM: 49, // d n v
  OPTION: 50, // d a
  TUPLE: 51, // d l
  BUILT_IN: 52, // d n k, k what is pending, then three v
  CALL: 53, // d n l
  APPLY: 54, // d a v
  KEY: 55, // d
  NOW: 56, // e
  SETTLE: 57, // -
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
  SHARE: 83, // d a
  EQUAL: 96, // d a b
  LIST: 97, // d l
  COLLECT: 98, // d a v
  ORDER: 99, // d a b
  RANGE_LENGTH: 100, // d i j
} as const;

export type CodeName = keyof typeof CODES;

/** Those that stand out of line and are below it subtract no fuel. */
export const FIRST_THAT_SPENDS = 96;
