import type { KeyOrder, Value } from '@smc/protocol';

/**
 * The low-level intermediate representation (LIR) of a loaded unit: what both tiers run.
 *
 * Verified stack code is run symbolically once (`lower.ts`); what is left are operations on
 * registers. A unit becomes **routines**: one for each function that is entered from outside,
 * and one for each function or body of a closure that was not inlined somewhere.
 *
 * **Operands** are numbers: r ≥ 0 is a register of the routine, c < 0 the constant `~c` of the
 * unit's `constants`. A register is written by one operation, except for those that a MOVE
 * writes: the result of a block, or what a loop carries.
 *
 * **Control** is structured, as in WebAssembly: BLOCK … END and LOOP … NEXT nest, and a branch
 * leaves blocks around it, forward: it goes to behind the END of the block with its label.
 * Labels are unique in a routine. There is no other way backward than NEXT. So what stands
 * before an operation in its block or in one around it has run before it; and code can be
 * printed, or laid out, in one pass.
 *
 * **Fuel** is known beforehand for most operations, so it is counted when code is lowered and
 * not where it runs: `pending` is what has been used up since fuel was last subtracted.
 *
 * - An operation that `spends` subtracts its pending fuel first, and then what it takes itself.
 *   Where less than nothing is left the run is exhausted, at the latest when the operation
 *   has paid for its own work.
 * - An operation that only `fails` subtracts nothing. Where it fails with less fuel than is
 *   pending the run is exhausted, and not at fault: the stack code had run out before it.
 *
 * A run checks its fuel before it commits, so it may go on for a stretch of straight code
 * after its fuel ran out, but never around a loop or into a routine.
 *
 * **State**: an instance has its state in fields (`StateLayout`). STATE reads what was there
 * when the step began. Everything that changes it stands at the end: nothing that fails, and
 * no STATE, comes after the first COMMIT.
 *
 * **Maps and sets** can be changed in place (`ownership.ts`). After a CHANGE nobody reads what it was given: not in
 * another register, and not in the field that it came from, which a COMMIT writes anew. The map or set must be held
 * by that field alone: one that was given to others is shared (SHARE), and then CHANGE makes a new one.
 */

/** What an operation does beside giving its value. */
export type Effect =
  /** Nothing: it may be left out, or done earlier, where nobody needs it. */
  | 'pure'
  /** It can fail, with `pending` fuel. */
  | 'fails'
  /** It subtracts fuel, its `pending` first, and can fail. */
  | 'spends'
  /** It is about control, or writes what outlives the run. */
  | 'acts';

interface OperationRow {
  readonly effect: Effect;
  /** Whether it gives a value to the register `target`. */
  readonly gives: boolean;
  /** How many operands; -1 for any number. */
  readonly operands: number;
  readonly meaning: string;
}

const row = (effect: Effect, gives: boolean, operands: number, meaning: string): OperationRow => ({
  effect,
  gives,
  operands,
  meaning,
});

/** Below, a, b, c are the operands, n is `immediate`, l are the `labels`. */
export const OPERATIONS = {
  // control
  BLOCK: row('acts', false, 0, 'Start the block with the label n.'),
  END: row('acts', false, 0, 'End it.'),
  BR: row('acts', false, 0, 'Go to behind the END of the block n.'),
  BR_SAME: row('acts', false, 2, 'The same where a and b are the same scalar (Int, Time, Bool, unit).'),
  BR_DIFFERENT: row('acts', false, 2, 'The same where they are not.'),
  BR_LESS: row('acts', false, 2, 'The same where a < b, two numbers.'),
  BR_NOT_GREATER: row('acts', false, 2, 'The same where a ≤ b, two numbers.'),
  BR_PRESENT: row('acts', false, 1, 'The same where a, an optional, is not undefined.'),
  BR_TABLE: row('acts', false, 1, 'Go to behind the END of the block labels[a], a the tag of a constructor.'),
  LOOP: row(
    'spends',
    true,
    1,
    'Run up to the NEXT that belongs to it a times, with target = 0, 1, …, a − 1; nothing in between writes a. Each time spends n before it. What is pending before it is subtracted by a SPEND; it has none.',
  ),
  NEXT: row('acts', false, 0, 'End the LOOP. What its body left pending is subtracted.'),
  MOVE: row('acts', true, 1, 'a'),
  RETURN: row('acts', false, 1, 'End the routine: a is its result. Nothing is pending.'),
  // fuel
  SPEND: row('spends', false, 0, 'Nothing but that.'),
  CHARGE: row('acts', false, 0, 'Subtract n, without looking at what is left: it is looked at later.'),
  // the instance and the step
  STATE: row('pure', true, 0, 'The field n of the state, as it was when the step began.'),
  COMMIT: row('acts', false, 1, 'Put a into the field n of the state.'),
  KEY: row('pure', true, 0, 'The key of the instance.'),
  NOW: row('pure', true, 0, 'The time of the step.'),
  CHECK_SIZE: row(
    'fails',
    false,
    -1,
    'Fail (value too large) where n and the sizes of the operands are too much for a value.',
  ),
  FAIL: row(
    'fails',
    false,
    1,
    'Fail with the message a. What follows up to the end of the block is not reached.',
  ),
  // integers
  ADD: row('fails', true, 2, 'a + b'),
  SUB: row('fails', true, 2, 'a − b'),
  MUL: row('fails', true, 2, 'a · b'),
  DIV: row('fails', true, 2, 'The quotient of a and b, truncated toward zero.'),
  REM: row('fails', true, 2, 'The remainder that goes with it.'),
  NEG: row('pure', true, 1, '−a'),
  MIN: row('pure', true, 2, 'The smaller of a and b.'),
  MAX: row('pure', true, 2, 'The larger.'),
  ABS: row('pure', true, 1, 'a without its sign.'),
  OFFSET: row('pure', true, 2, 'a + b, known to be in range.'),
  INT_TO_STRING: row('pure', true, 1, 'a in decimal.'),
  // truth
  SAME: row('pure', true, 2, 'Whether a and b are the same scalar.'),
  DIFFERENT: row('pure', true, 2, 'Whether they are not.'),
  LESS: row('pure', true, 2, 'Whether a < b, two numbers.'),
  NOT_GREATER: row('pure', true, 2, 'Whether a ≤ b, two numbers.'),
  EQUAL: row('spends', true, 2, 'Whether two values of one type are equal; it takes the fuel of EQ.'),
  ORDER: row(
    'spends',
    true,
    2,
    'Negative, 0 or positive, as the order of two strings; it takes the fuel of LT.',
  ),
  // products, sums, optionals
  TUPLE: row('pure', true, -1, 'The product of the operands.'),
  COMPONENT: row('pure', true, 1, 'The component n of the product a.'),
  SUM: row('pure', true, 1, 'The constructor n with the payload a.'),
  TAG: row('pure', true, 1, 'The index of the constructor of a.'),
  PAYLOAD: row('pure', true, 1, 'The payload of a.'),
  OPTION: row(
    'pure',
    true,
    1,
    'The Option that a, an optional, stands for: undefined for None, else the payload of Some.',
  ),
  // lists
  LIST: row('spends', true, -1, 'The list of the operands; it takes the fuel of LIST.'),
  LENGTH: row('pure', true, 1, 'The number of items of the list a.'),
  ITEM: row('pure', true, 2, 'The item b of the list a, which it has.'),
  FIND_ITEM: row('pure', true, 2, 'The item b of the list a as an optional.'),
  RANGE_LENGTH: row(
    'spends',
    true,
    2,
    'The length of LIST_RANGE of a and b; it takes its fuel and has its limit.',
  ),
  RANGE: row(
    'pure',
    true,
    2,
    'The list of the b integers from a on, b a RANGE_LENGTH in the same routine; made no more than once for each run of that, which has paid for it.',
  ),
  BUILDER: row('pure', true, 0, 'An empty list under construction. Never left out or shared.'),
  COLLECT: row(
    'spends',
    false,
    2,
    'Put b at the end of the builder a; it takes the fuel of NEXT after a MAP.',
  ),
  COLLECTED: row('pure', true, 1, 'The list that the builder a has made.'),
  // maps and sets
  COUNT: row('pure', true, 1, 'The number of entries of a map or set.'),
  CHANGE: row(
    'spends',
    true,
    -1,
    'What the built-in n gives, which changes the map or set a. Nobody reads a afterwards, so it may be changed in place, until the run fails.',
  ),
  SHARE: row('acts', false, 1, 'The map or set a, of the state, is not changed in place any more.'),
  SETTLE: row('acts', false, 0, 'What was changed in place stays so: stands before the first COMMIT.'),
  // the others
  BUILT_IN: row(
    'spends',
    true,
    -1,
    'What the built-in n of the instruction table gives, its operands one by one.',
  ),
  // routines and closures
  CALL: row('spends', true, -1, 'Run the routine n on the operands: its result.'),
  CLOSURE: row('pure', true, 1, 'The closure of the routine n over a.'),
  APPLY: row('spends', true, 2, 'Run the routine of the closure a on what it is over, and b: its result.'),
  LEAVE_STATE: row(
    'acts',
    false,
    1,
    'Leave a as the state for the caller: at the end of a routine that is called.',
  ),
  TAKE_STATE: row(
    'acts',
    true,
    0,
    'What the routine of the CALL just before has left. It is taken once, and not left alone, whether somebody reads it or not.',
  ),
} as const satisfies Record<string, OperationRow>;

export type OperationName = keyof typeof OPERATIONS;

/** One operation; what does not belong to it is empty. */
export interface Operation {
  readonly name: OperationName;
  /** The register that it gives a value to, or -1. */
  readonly target: number;
  readonly operands: readonly number[];
  /** A label, field, tag, routine, code of a built-in or amount of fuel. */
  readonly immediate: number;
  /** Fuel that has been used up and not yet subtracted. */
  readonly pending: number;
  /** Of BR_TABLE: by tag. */
  readonly labels: readonly number[];
  /** Of a BUILT_IN that makes a map or set, or sorts: the order of the keys. */
  readonly order: KeyOrder | null;
}

/** Code that is entered at its start and left by RETURN, or by a failure. */
export interface Routine {
  /** For people: the function and, of the body of a closure, its position in the code. */
  readonly name: string;
  /** The first registers, which have values when it starts. */
  readonly parameters: number;
  readonly registers: number;
  readonly operations: readonly Operation[];
  /** What entering it spends: by CALL or APPLY beside what is pending there, or from outside. */
  readonly fuel: number;
}

/**
 * How an instance has its state: as a whole in one field, or each component of a product in
 * a field of its own.
 */
export interface StateLayout {
  readonly isProduct: boolean;
  readonly fields: number;
}

/** More components than this, and a product is in one field as a whole. */
export const STATE_FIELDS_MAX = 16;

/** A unit, lowered. */
export interface Lowered {
  readonly constants: readonly Value[];
  /**
   * Those that are entered from outside come with one parameter: the input of an operation, or
   * the argument of the function.
   */
  readonly routines: readonly Routine[];
  /** Routines of the operations of a machine, in order. They commit. */
  readonly steps: readonly number[];
  /** By index of the function: its routine that is entered from outside, or -1. Without state or clock. */
  readonly functions: readonly number[];
  readonly state: StateLayout;
}
