/**
 * The instructions of the interpreter, with their words after the code. `d`, `a`, `b` are
 * positions in the file of registers, `k` is a small integer, `n` an index, `t` a position in
 * the code, `l` a list of operands.
 *
 * Those up to `SETTLE` are arms of the dispatch itself; those after it stand out of line, and
 * from `FIRST_THAT_SPENDS` on subtract what is pending first. Of these all write `d`, if only to
 * the spare register.
 */
export const CODES = {
  MOVE: 0, // d a
  JUMP: 1, // - - t
  BR_SAME: 2, // a b t
  BR_SAME_SMALL: 3, // a k t
  BR_DIFFERENT: 4, // a b t
  BR_DIFFERENT_SMALL: 5, // a k t
  BR_LESS: 6, // a b t
  BR_NOT_GREATER: 7, // a b t
  BR_AT_MOST_SMALL: 8, // a k t
  BR_AT_LEAST_SMALL: 9, // a k t
  BR_TRUE: 10, // a - t
  BR_FALSE: 11, // a - t
  BR_ABSENT: 12, // a - t
  BR_PRESENT: 13, // a - t
  BR_TABLE: 14, // a - -, then t for each tag
  LOOP: 15, // d a t, then the fuel of an iteration
  NEXT: 16, // d a t, then what is pending and the fuel of an iteration
  RETURN: 17, // a
  RETURN_STATE: 18, // n
  COMMIT: 19, // n a
  COMMIT_RETURN: 20, // n a b
  STATE: 21, // d n
  STATE_ADD_SMALL: 22, // d n k
  SPEND: 23, // k
  CHARGE: 24, // k
  ADD: 25, // d a b
  ADD_SMALL: 26, // d a k
  SUB: 27, // d a b
  MUL: 28, // d a b
  MUL_SMALL: 29, // d a k
  DIV: 30, // d a b
  REM: 31, // d a b
  REM_SMALL: 32, // d a k, which is positive
  TAG: 33, // d a
  PAYLOAD: 34, // d a
  COMPONENT: 35, // d a n
  SUM: 36, // d n a
  OPTION: 37, // d a
  TUPLE: 38, // d l
  BUILT_IN: 39, // d n k, k what is pending, then three operands
  CALL: 40, // d n l
  APPLY: 41, // d a b
  KEY: 42, // d
  NOW: 43, // d
  ITEM: 44, // d a b
  LENGTH: 45, // d a
  SETTLE: 46, // -
  NEG: 64, // d a
  MIN: 65, // d a b
  MAX: 66, // d a b
  ABS: 67, // d a
  INT_TO_STRING: 68, // d a
  SAME: 69, // d a b
  DIFFERENT: 70, // d a b
  LESS: 71, // d a b
  NOT_GREATER: 72, // d a b
  NOT: 73, // d a
  FIND_ITEM: 74, // d a b
  RANGE: 75, // d a b
  BUILDER: 76, // d
  COLLECTED: 77, // d a
  COUNT: 78, // d a
  CLOSURE: 79, // d n a
  LEAVE_STATE: 80, // d a
  TAKE_STATE: 81, // d
  FAIL: 82, // d a
  CHECK_SIZE: 83, // d k l
  SHARE: 84, // d a
  EQUAL: 96, // d a b
  ORDER: 97, // d a b
  LIST: 98, // d l
  RANGE_LENGTH: 99, // d a b
  COLLECT: 100, // d a b
} as const;

export type CodeName = keyof typeof CODES;

/** Those that stand out of line and are below it subtract no fuel. */
export const FIRST_THAT_SPENDS = 96;
