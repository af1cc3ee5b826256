/**
 * THE instruction table: the one description of the machine's instructions.
 *
 * Encoder, decoder, disassembler, the reference page (`docs/bytecode.md`) and the arities
 * that verifier and interpreter use are derived from it. A new row does not compile until
 * the verifier, the interpreter and the evaluator have an arm for it.
 *
 * Notation of `typing`: `x · S → y · S'` takes an accumulator of type x over a stack S (top
 * at the right) to an accumulator of type y over S'. σ is the state type of the machine.
 *
 * In memory the code of a function is an `Int32Array` of words: the instruction's code, then
 * one word an operand; a `jumps` operand is a count and that many targets. Jump targets are
 * word positions from the start of the function, always forward.
 */

export type OperandKind =
  /** Index into the unit's types. */
  | 'type'
  /** Index into the unit's constants. */
  | 'constant'
  /** Index into the unit's functions, below that of the caller. */
  | 'function'
  /** A component of a product, or a constructor of a sum, from 0. */
  | 'index'
  /** A number of components. */
  | 'count'
  /** A forward position in this function. */
  | 'target'
  /** A count, then that many forward positions. */
  | 'targets';

export interface InstructionRow {
  /** The byte in the encoding. Codes are never used again for another meaning. */
  readonly code: number;
  readonly operands: readonly { readonly name: string; readonly kind: OperandKind }[];
  readonly typing: string;
  /** What it costs in fuel, charged before it runs; empty where it is free. */
  readonly fuel: string;
  /** The faults it can raise. */
  readonly faults: readonly string[];
  readonly meaning: string;
}

const row = <Code extends number>(
  code: Code,
  operands: string,
  typing: string,
  meaning: string,
  more: { fuel?: string; faults?: readonly string[] } = {},
): InstructionRow & { readonly code: Code } => ({
  code,
  operands:
    operands === ''
      ? []
      : operands.split(' ').map((operand) => {
          const [name, kind] = operand.split(':');
          return { name, kind: kind as OperandKind };
        }),
  typing,
  fuel: more.fuel ?? '',
  faults: more.faults ?? [],
  meaning,
});

const OVERFLOW = ['integer overflow'];
const DIVISION = ['division by zero'];
const TOO_LARGE = ['value too large'];
const TIME_RANGE = ['time out of range'];
const PER_UNITS = '1 + ⌊u / 16⌋, u its UTF-16 units';
const CASE_FUEL = '1 + u, u its UTF-16 units';
const CONVERSION_FUEL = '1 + ⌊u / 4⌋, u its UTF-16 units';
const BYTES_CONVERSION_FUEL = '1 + ⌊b / 4⌋, b its bytes';
const SEARCH_FUEL = '1 + ⌊u / 16⌋ · (1 + ⌊m / 4⌋), u the UTF-16 units of the first, m those of the second';
const PREFIX_FUEL = '1 + ⌊m / 16⌋, m the UTF-16 units of the second';
const PER_ITEMS = '1 + ⌊n / 4⌋, n the length of the list';
const SIZED_ITEMS = '1 + n + ⌊b / 32⌋, n the length of the result, b its size in bytes';
const SIZED_ITEMS_LIST =
  '1 + ⌊n / 4⌋ + ⌊b / 32⌋, n the length of the list, b the size of its first item in bytes';
const LIST_SEARCH_FUEL = '1 + n + ⌊b / 32⌋, n the length of the list, b its size in bytes';
const PER_BYTES_COPIED = '1 + ⌊b / 32⌋, b its bytes';
const LOOKUP_FUEL =
  '1 + h · (1 + ⌊b / 32⌋), h = ⌊log₂(n + 1)⌋, n its entries, b the size of the key in bytes';
const CHANGE_FUEL =
  '8 + 2 · (h + 1) · (1 + ⌊b / 32⌋) + ⌊v / 32⌋, h and b as MAP_GET, v the size of the value that comes and of the one that goes, in bytes';
const CHANGE_SET_FUEL = '8 + 2 · (h + 1) · (1 + ⌊b / 32⌋), h and b as MAP_GET';
const TRAVERSE_FUEL = '1 + n + ⌊b / 32⌋, n its entries, b its size in bytes';
const SELECT_FUEL = '1 + n + ⌊b / 32⌋, n the length of the list, b its size in bytes';
const SORT_FUEL =
  '1 + (h + 1) · (n + ⌊b / 32⌋), n the length of the list, h = ⌊log₂(n + 1)⌋, b its size in bytes';
const MERGE_FUEL =
  '1 + (h + 1) · (n + ⌊b / 32⌋), n the items of both, h = ⌊log₂(n + 1)⌋, b the size of both in bytes';
const CALL_FUEL = '1 + ⌊w / 2⌋, w the words of the function called';

/** In order of their codes. */
export const INSTRUCTIONS = {
  // ------------------------------------------------- the categorical machine
  FST: row(0x01, '', '(a, b) · S → a · S', 'The first of a pair.'),
  SND: row(0x02, '', '(a, b) · S → b · S', 'The second of a pair.'),
  PUSH: row(0x03, '', 'a · S → a · S a', 'Copy the accumulator to the stack.'),
  SWAP: row(0x04, '', 'a · S b → b · S a', 'Exchange the accumulator and the top of the stack.'),
  CONS: row(0x05, '', 'b · S a → (a, b) · S', 'Pair the top of the stack with the accumulator.'),
  QUOTE: row(0x06, 'constant:constant', 'a · S → c · S', 'A constant of type c; the accumulator is dropped.'),
  CUR: row(
    0x07,
    'type:type exit:target',
    'e · S → (a → b) · S',
    'A closure of type (a → b) over the accumulator. Its body stands from the next instruction up to `exit`, takes (e, a) to b on an empty stack, ends in RETURN, and contains no GET, PUT or NOW, nor a CALL of a function that does.',
  ),
  APP: row(0x08, '', '(a → b, a) · S → b · S', 'Apply a closure.', {
    fuel: '1 + ⌊w / 2⌋, w the words of the body of the closure',
  }),
  CALL: row(
    0x09,
    'function:function',
    'a · S → b · S',
    'Call a function of type a → b, whose index is below that of the caller.',
    { fuel: CALL_FUEL },
  ),
  RETURN: row(0x0a, '', 'b · → b', 'End a function, or the body of a CUR.'),
  // --------------------------------------------------------- choice, iteration
  JUMP: row(
    0x10,
    'join:target',
    'a · S → a · S',
    'End an arm of BRANCH or SWITCH that is not its last: go to the join that it named.',
  ),
  BRANCH: row(
    0x11,
    'else:target join:target',
    '(e, Bool) · S → e · S',
    'On true go on with the next instruction, else at `else`. Both arms take e to one type; the first ends in the JUMP just before `else`, the second falls into `join`.',
  ),
  SWITCH: row(
    0x12,
    'join:target arms:targets',
    '(e, Σ aᵢ) · S → (e, aᵢ) · S',
    'Go to the arm of the constructor: the arm of the first is the next instruction, those of the others are at `arms`. All give one type; each but the last ends in the JUMP just before the next, the last falls into `join`.',
  ),
  FOLD: row(
    0x13,
    'exit:target',
    '(e, b, List<a>) · S → b · S',
    'Run the body, which takes (e, b, a) to b, for each item from the left; the body stands from the next instruction and ends in the NEXT just before `exit`.',
    { fuel: '1 + ⌊w / 2⌋ before each iteration, w the words of the body' },
  ),
  NEXT: row(0x14, '', 'b · S → b · S', 'End the body of a FOLD or a MAP.'),
  MAP: row(
    0x15,
    'exit:target',
    '(e, List<a>) · S → List<b> · S',
    'The list of the results of the body, which takes (e, a) to b, for each item from the left, up to the first with which the list is too large; the body stands from the next instruction and ends in the NEXT just before `exit`.',
    {
      fuel: '1 + ⌊w / 2⌋ before each iteration, w the words of the body; ⌊b / 32⌋ after it, b the size of its result in bytes',
      faults: TOO_LARGE,
    },
  ),
  // ----------------------------------------------------------- products, sums
  TUPLE: row(0x18, 'count:count', 'aₙ · S a₁ … aₙ₋₁ → (a₁, …, aₙ) · S', 'A tuple of 3 to 16 components.'),
  RECORD: row(
    0x19,
    'type:type',
    'aₙ · S a₁ … aₙ₋₁ → r · S',
    'A record of type r, its n fields in the order of their sorted names.',
  ),
  PROJECT: row(
    0x1a,
    'component:index',
    'p · S → aᵢ · S',
    'A component of a tuple of 3 or more, or a field of a record.',
  ),
  INJECT: row(
    0x1b,
    'type:type constructor:index',
    'aᵢ · S → s · S',
    'A value of the sum type s by its constructor i.',
  ),
  LIST: row(
    0x1c,
    'type:type count:count',
    'a · S a … a → l · S',
    'A list of type l from n ≥ 1 items, the last in the accumulator.',
    { fuel: '1 + ⌊b / 32⌋, b the size of the list in bytes', faults: TOO_LARGE },
  ),
  // -------------------------------------------------------------- state, world
  GET: row(0x20, '', 'a · S → σ · S', 'The state; the accumulator is dropped.'),
  PUT: row(0x21, '', 'σ · S → () · S', 'Replace the state.'),
  NOW: row(0x22, '', 'a · S → Time · S', 'The time recorded with the input; the accumulator is dropped.'),
  FAIL: row(
    0x23,
    'type:type',
    'String · S → t · S',
    'Raise a fault with this message. It names the type t that it would have.',
    { faults: ['the message'] },
  ),
  // ------------------------------------------------------------------ integers
  ADD: row(0x30, '', '(Int, Int) · S → Int · S', 'The sum.', { faults: OVERFLOW }),
  SUB: row(0x31, '', '(Int, Int) · S → Int · S', 'The difference.', { faults: OVERFLOW }),
  MUL: row(0x32, '', '(Int, Int) · S → Int · S', 'The product.', { faults: OVERFLOW }),
  DIV: row(0x33, '', '(Int, Int) · S → Int · S', 'The quotient, truncated toward zero.', {
    faults: DIVISION,
  }),
  REM: row(0x34, '', '(Int, Int) · S → Int · S', 'The remainder, with the sign of the dividend.', {
    faults: DIVISION,
  }),
  NEG: row(0x35, '', 'Int · S → Int · S', 'The negation.'),
  // ---------------------------------------------------------------- comparison
  EQ: row(0x38, '', '(a, a) · S → Bool · S', 'Equality on a first-order type.', {
    fuel: '⌊b / 32⌋, b the larger size of the two in bytes: 0 for scalars',
  }),
  NE: row(0x39, '', '(a, a) · S → Bool · S', 'Inequality on a first-order type.', { fuel: 'as EQ' }),
  LT: row(0x3a, '', '(a, a) · S → Bool · S', 'Less, on Int, Time or String (by scalar value).', {
    fuel: 'as EQ',
  }),
  LE: row(0x3b, '', '(a, a) · S → Bool · S', 'Less or equal, as LT.', { fuel: 'as EQ' }),
  GT: row(0x3c, '', '(a, a) · S → Bool · S', 'Greater, as LT.', { fuel: 'as EQ' }),
  GE: row(0x3d, '', '(a, a) · S → Bool · S', 'Greater or equal, as LT.', { fuel: 'as EQ' }),
  NOT: row(0x3e, '', 'Bool · S → Bool · S', 'Negation.'),
  // ------------------------------------------------------------ built-ins: Int
  INT_TO_STRING: row(0x40, '', 'Int · S → String · S', 'In decimal.', { fuel: '1' }),
  INT_PARSE: row(
    0x41,
    '',
    'String · S → Option<Int> · S',
    'The integer that `-?[0-9]+` says, where it is in range.',
    { fuel: PER_UNITS },
  ),
  INT_MIN: row(0x42, '', '(Int, Int) · S → Int · S', 'The smaller.'),
  INT_MAX: row(0x43, '', '(Int, Int) · S → Int · S', 'The larger.'),
  INT_ABS: row(0x44, '', 'Int · S → Int · S', 'Without its sign.'),
  // --------------------------------------------------------------------- String
  STRING_CONCAT: row(0x48, '', '(String, String) · S → String · S', 'One after the other.', {
    fuel: '1 + ⌊u / 16⌋, u the UTF-16 units of both',
    faults: TOO_LARGE,
  }),
  STRING_LENGTH: row(0x49, '', 'String · S → Int · S', 'The number of Unicode scalar values.', {
    fuel: PER_UNITS,
  }),
  STRING_JOIN: row(
    0x4a,
    '',
    '(List<String>, String) · S → String · S',
    'All of the list, the second between each two.',
    {
      fuel: '1 + n + ⌊u / 16⌋, n the length of the list, u the UTF-16 units of the result',
      faults: TOO_LARGE,
    },
  ),
  STRING_SPLIT: row(
    0x4b,
    '',
    '(String, String) · S → List<String> · S',
    'The parts between occurrences of the second, from the left; where that is empty, the scalar values.',
    {
      fuel: '1 + u · (1 + ⌊m / 16⌋), u the UTF-16 units of the first, m those of the second',
      faults: TOO_LARGE,
    },
  ),
  STRING_SLICE: row(
    0x4c,
    '',
    '(String, Int, Int) · S → String · S',
    'The scalar values from the first position up to, without, the second; positions out of bounds are clamped.',
    { fuel: PER_UNITS },
  ),
  STRING_CONTAINS: row(
    0x4d,
    '',
    '(String, String) · S → Bool · S',
    'Whether the second occurs in the first.',
    {
      fuel: SEARCH_FUEL,
    },
  ),
  STRING_STARTS_WITH: row(
    0x4e,
    '',
    '(String, String) · S → Bool · S',
    'Whether the first begins with the second.',
    { fuel: PREFIX_FUEL },
  ),
  STRING_ENDS_WITH: row(
    0x4f,
    '',
    '(String, String) · S → Bool · S',
    'Whether the first ends in the second.',
    {
      fuel: PREFIX_FUEL,
    },
  ),
  STRING_INDEX_OF: row(
    0x60,
    '',
    '(String, String) · S → Option<Int> · S',
    'The position, in scalar values, of the first occurrence of the second in the first.',
    { fuel: SEARCH_FUEL },
  ),
  STRING_TO_UPPER: row(0x61, '', 'String · S → String · S', 'Full upper case of Unicode 16.0.', {
    fuel: CASE_FUEL,
    faults: TOO_LARGE,
  }),
  STRING_TO_LOWER: row(0x62, '', 'String · S → String · S', 'Full lower case of Unicode 16.0.', {
    fuel: CASE_FUEL,
    faults: TOO_LARGE,
  }),
  STRING_TRIM: row(
    0x63,
    '',
    'String · S → String · S',
    'Without the white space (Unicode 16.0, White_Space) at both ends.',
    { fuel: PER_UNITS },
  ),
  STRING_REPEAT: row(0x64, '', '(String, Int) · S → String · S', 'That many times; a negative number is 0.', {
    fuel: '1 + ⌊u / 16⌋, u the UTF-16 units of the result',
    faults: TOO_LARGE,
  }),
  STRING_TO_BYTES: row(0x65, '', 'String · S → Bytes · S', 'As UTF-8.', { fuel: CONVERSION_FUEL }),
  // ----------------------------------------------------------------------- List
  LIST_APPEND: row(0x50, '', '(List<a>, a) · S → List<a> · S', 'The list with one more item at its end.', {
    fuel: '1 + ⌊n / 4⌋ + ⌊b / 32⌋, n the length of the list, b the size of the item in bytes',
    faults: TOO_LARGE,
  }),
  LIST_CONCAT: row(0x51, '', '(List<a>, List<a>) · S → List<a> · S', 'One after the other.', {
    fuel: '1 + ⌊n / 4⌋, n the length of both',
    faults: TOO_LARGE,
  }),
  LIST_LENGTH: row(0x52, '', 'List<a> · S → Int · S', 'The number of items.', { fuel: '1' }),
  LIST_RANGE: row(
    0x53,
    '',
    '(Int, Int) · S → List<Int> · S',
    'The integers from the first up to, without, the second.',
    { fuel: '1 + ⌊n / 4⌋, n the length of the result', faults: TOO_LARGE },
  ),
  LIST_GET: row(0x54, '', '(List<a>, Int) · S → Option<a> · S', 'The item at a position, from 0.', {
    fuel: '1',
  }),
  LIST_PREPEND: row(0x55, '', '(List<a>, a) · S → List<a> · S', 'The list with one more item before it.', {
    fuel: 'as LIST_APPEND',
    faults: TOO_LARGE,
  }),
  LIST_FLATTEN: row(0x56, '', 'List<List<a>> · S → List<a> · S', 'The lists, one after the other.', {
    fuel: '1 + n + ⌊m / 4⌋, n the length of the list, m that of the result',
  }),
  LIST_REVERSE: row(0x57, '', 'List<a> · S → List<a> · S', 'From the right.', { fuel: PER_ITEMS }),
  LIST_CONTAINS: row(0x58, '', '(List<a>, a) · S → Bool · S', 'Whether an item is equal to the second.', {
    fuel: LIST_SEARCH_FUEL,
  }),
  LIST_INDEX_OF: row(
    0x59,
    '',
    '(List<a>, a) · S → Option<Int> · S',
    'The position of the first item that is equal to the second.',
    { fuel: LIST_SEARCH_FUEL },
  ),
  LIST_TAKE: row(
    0x5a,
    '',
    '(List<a>, Int) · S → List<a> · S',
    'That many items from its start; a number out of bounds is clamped.',
    { fuel: SIZED_ITEMS },
  ),
  LIST_DROP: row(0x5b, '', '(List<a>, Int) · S → List<a> · S', 'What LIST_TAKE leaves.', {
    fuel: SIZED_ITEMS,
  }),
  LIST_ZIP: row(
    0x5c,
    '',
    '(List<a>, List<b>) · S → List<(a, b)> · S',
    'Pairs of items at the same position, as many as the shorter has.',
    {
      fuel: '1 + n + ⌊b / 32⌋, n the length of the result, b the size of both lists in bytes',
      faults: TOO_LARGE,
    },
  ),
  LIST_SUM: row(0x5d, '', 'List<Int> · S → Int · S', 'The sum, from the left.', {
    fuel: PER_ITEMS,
    faults: OVERFLOW,
  }),
  LIST_SORT: row(
    0x5e,
    'key:type',
    'List<(k, a)> · S → List<a> · S',
    'The second components in ascending order of the first, which have the key type k; the sort is stable.',
    { fuel: SORT_FUEL },
  ),
  LIST_SELECT: row(
    0x5f,
    '',
    'List<(Bool, a)> · S → List<a> · S',
    'The second components where the first is true.',
    { fuel: SELECT_FUEL },
  ),
  LIST_UNCONS: row(
    0x68,
    '',
    'List<a> · S → Option<(a, List<a>)> · S',
    'The first item and the rest of a list that has one.',
    { fuel: SIZED_ITEMS_LIST },
  ),
  // ---------------------------------------------------------------------- Bytes
  BYTES_LENGTH: row(0x70, '', 'Bytes · S → Int · S', 'The number of bytes.'),
  BYTES_GET: row(0x71, '', '(Bytes, Int) · S → Option<Int> · S', 'The byte at a position, from 0.'),
  BYTES_SLICE: row(0x72, '', '(Bytes, Int, Int) · S → Bytes · S', 'As STRING_SLICE, of bytes.', {
    fuel: PER_BYTES_COPIED,
  }),
  BYTES_CONCAT: row(0x73, '', '(Bytes, Bytes) · S → Bytes · S', 'One after the other.', {
    fuel: '1 + ⌊b / 32⌋, b the bytes of both',
    faults: TOO_LARGE,
  }),
  BYTES_FLATTEN: row(0x74, '', 'List<Bytes> · S → Bytes · S', 'All of the list, one after the other.', {
    fuel: '1 + n + ⌊b / 32⌋, n the length of the list, b the bytes of the result',
  }),
  BYTES_TO_STRING: row(0x75, '', 'Bytes · S → Option<String> · S', 'The string whose UTF-8 it is.', {
    fuel: BYTES_CONVERSION_FUEL,
    faults: TOO_LARGE,
  }),
  BYTES_FROM_HEX: row(
    0x76,
    '',
    'String · S → Option<Bytes> · S',
    'Of an even number of hexadecimal digits, of either case.',
    { fuel: CONVERSION_FUEL },
  ),
  BYTES_TO_HEX: row(0x77, '', 'Bytes · S → String · S', 'Two lower-case digits a byte.', {
    fuel: BYTES_CONVERSION_FUEL,
    faults: TOO_LARGE,
  }),
  // ----------------------------------------------------------------------- Time
  TIME_TO_MILLIS: row(0x78, '', 'Time · S → Int · S', 'Milliseconds since the epoch.'),
  TIME_FROM_MILLIS: row(
    0x79,
    '',
    'Int · S → Time · S',
    'The instant that many milliseconds after the epoch.',
    {
      faults: TIME_RANGE,
    },
  ),
  TIME_ADD_MILLIS: row(0x7a, '', '(Time, Int) · S → Time · S', 'So many milliseconds later.', {
    faults: TIME_RANGE,
  }),
  TIME_DIFF_MILLIS: row(
    0x7b,
    '',
    '(Time, Time) · S → Int · S',
    'Milliseconds from the second to the first.',
    {
      faults: OVERFLOW,
    },
  ),
  // ------------------------------------------------------------------------ Map
  MAP_SIZE: row(0x80, '', 'Map<k, v> · S → Int · S', 'The number of entries.', { fuel: '1' }),
  MAP_GET: row(0x81, '', '(Map<k, v>, k) · S → Option<v> · S', 'The value of a key.', { fuel: LOOKUP_FUEL }),
  MAP_HAS: row(0x82, '', '(Map<k, v>, k) · S → Bool · S', 'Whether there is such a key.', {
    fuel: LOOKUP_FUEL,
  }),
  MAP_INSERT: row(0x83, '', '(Map<k, v>, k, v) · S → Map<k, v> · S', 'The map with this value for the key.', {
    fuel: CHANGE_FUEL,
    faults: TOO_LARGE,
  }),
  MAP_REMOVE: row(0x84, '', '(Map<k, v>, k) · S → Map<k, v> · S', 'The map without the key.', {
    fuel: CHANGE_FUEL,
  }),
  MAP_KEYS: row(0x85, '', 'Map<k, v> · S → List<k> · S', 'The keys, ascending.', {
    fuel: TRAVERSE_FUEL,
  }),
  MAP_VALUES: row(0x86, '', 'Map<k, v> · S → List<v> · S', 'The values, in ascending order of their keys.', {
    fuel: TRAVERSE_FUEL,
  }),
  MAP_ENTRIES: row(0x87, '', 'Map<k, v> · S → List<(k, v)> · S', 'Keys with values, ascending.', {
    fuel: TRAVERSE_FUEL,
    faults: TOO_LARGE,
  }),
  MAP_FROM_LIST: row(
    0x88,
    'type:type',
    'List<(k, v)> · S → m · S',
    'The map, of type m, of these entries; of equal keys the last wins.',
    { fuel: SORT_FUEL },
  ),
  // ------------------------------------------------------------------------ Set
  SET_SIZE: row(0x90, '', 'Set<k> · S → Int · S', 'The number of items.', { fuel: '1' }),
  SET_HAS: row(0x91, '', '(Set<k>, k) · S → Bool · S', 'Whether it is in the set.', { fuel: LOOKUP_FUEL }),
  SET_INSERT: row(0x92, '', '(Set<k>, k) · S → Set<k> · S', 'The set with it.', {
    fuel: CHANGE_SET_FUEL,
    faults: TOO_LARGE,
  }),
  SET_REMOVE: row(0x93, '', '(Set<k>, k) · S → Set<k> · S', 'The set without it.', { fuel: CHANGE_SET_FUEL }),
  SET_UNION: row(0x94, '', '(Set<k>, Set<k>) · S → Set<k> · S', 'What is in either.', {
    fuel: MERGE_FUEL,
    faults: TOO_LARGE,
  }),
  SET_INTERSECT: row(0x95, '', '(Set<k>, Set<k>) · S → Set<k> · S', 'What is in both.', { fuel: MERGE_FUEL }),
  SET_DIFF: row(
    0x96,
    '',
    '(Set<k>, Set<k>) · S → Set<k> · S',
    'What is in the first and not in the second.',
    {
      fuel: MERGE_FUEL,
    },
  ),
  SET_TO_LIST: row(0x97, '', 'Set<k> · S → List<k> · S', 'The items, ascending.', { fuel: TRAVERSE_FUEL }),
  SET_FROM_LIST: row(0x98, 'type:type', 'List<k> · S → s · S', 'The set, of type s, of these items.', {
    fuel: SORT_FUEL,
    faults: TOO_LARGE,
  }),
} as const satisfies Record<string, InstructionRow>;

export type InstructionName = keyof typeof INSTRUCTIONS;

/** The codes, as literals: a `switch` over them is checked to have an arm for each. */
export type InstructionCode = (typeof INSTRUCTIONS)[InstructionName]['code'];

/** The code of each instruction, by name: `OP.PUSH`. */
export const OP = Object.freeze(
  Object.fromEntries(Object.entries(INSTRUCTIONS).map(([name, { code }]) => [name, code])),
) as { readonly [N in InstructionName]: number };

const NAMES: readonly (InstructionName | undefined)[] = (() => {
  const names: (InstructionName | undefined)[] = [];
  for (const [name, { code }] of Object.entries(INSTRUCTIONS)) {
    if (names[code] !== undefined) throw new Error(`two instructions have the code ${code}`);
    names[code] = name as InstructionName;
  }
  return names;
})();

/** By code: the operands, which are asked for at each instruction of an image, several times. */
const OPERANDS = NAMES.map((name) => (name === undefined ? undefined : INSTRUCTIONS[name].operands));

/** The name of a code, or undefined where there is no such instruction. */
export function instructionName(code: number): InstructionName | undefined {
  return NAMES[code];
}

/**
 * The words of the instruction at `pc`, its code included. It must be whole: `code[pc]` is
 * known, and a `targets` operand has its count. Returns a number above what is left where
 * the code ends too early.
 */
export function wordsAt(code: ArrayLike<number>, pc: number): number {
  const operands = OPERANDS[code[pc]];
  if (operands === undefined) throw new Error(`no instruction has the code ${code[pc]}`);
  let words = 1;
  for (const operand of operands) {
    if (operand.kind === 'targets') words += pc + words < code.length ? Math.max(0, code[pc + words]) : 0;
    words++;
  }
  return words;
}

/**
 * How much of each thing one unit of fuel pays for, as in the table.
 *
 * Measured, not derived, on two cores that other work shared: with the default fuel of a
 * step, 10⁷, the programs found that are worst for it (lists that share double numbers, large
 * strings, large trees) run for less than a second, and one that keeps ten million records of
 * one field for 2 to 4, most of it the host's collector. Three such steps in turn need at
 * most 1.1 GiB of memory. What is live was at most 64 bytes for each unit of fuel in code, and
 * 96 where lists are copied.
 */
export const PER_FUEL = {
  /** Words of code entered: a pair is two, and takes 64 bytes. */
  words: 2,
  /** Items of a list that is copied: an integer that was a double in it may take 24 bytes then. */
  items: 4,
  /** UTF-16 units of a string. */
  units: 16,
  /** Bytes of a value (`sizeOf`) that is measured or compared. */
  bytes: 32,
} as const;

/**
 * A size (`sizeWithin`) above which this much fuel does not pay for measuring a value: who
 * measures stops there, so that no work is done before it is paid for.
 */
export function payableBytes(fuel: number): number {
  return (fuel + 1) * PER_FUEL.bytes;
}

/** Fuel of entering a function, a closure's body or an iteration of this many words. */
export function entryFuel(words: number): number {
  return 1 + Math.floor(words / PER_FUEL.words);
}
