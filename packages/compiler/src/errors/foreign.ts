/**
 * The words of other languages, and what is written here instead: a table for each place that a word can
 * stand in. A word of a table is a name like any other where it is declared.
 */

type Words = Readonly<Record<string, string>>;

const spread = (...rows: readonly (readonly [words: string, instead: string])[]): Words =>
  Object.fromEntries(rows.flatMap(([words, instead]) => words.split(' ').map((word) => [word, instead])));

const NOTHING = 'What may be absent is an `Option`: `None`, or `Some(x)`. Nothing at all is `()`.';
const NO_FRACTIONS = 'There are only whole numbers, `Int`: count in the smaller unit, cents or milliseconds.';
const UNIT = 'The type with one value is `()`, and so is its value.';

/** Where a type stands. */
const TYPES = spread(
  ['Maybe Optional Nullable', 'What may be absent is an `Option<…>`.'],
  ['Unit Void void unit', UNIT],
  ['Float Double Decimal Number float double number decimal', NO_FRACTIONS],
  ['Integer Long Short Byte Natural Nat integer long i32 i64 u32 u64', 'Whole numbers are `Int`.'],
  ['Array Vector Vec Seq Sequence ArrayList Slice list array', 'Many values in order are a `List<…>`.'],
  [
    'Dict Dictionary HashMap Hash Object Record dict',
    'Values by key are a `Map<…, …>`; named ones `{ name: Type }`.',
  ],
  ['HashSet', 'Values without order are a `Set<…>`.'],
  ['Boolean boolean', 'The type of `true` and `false` is `Bool`.'],
  ['Text Str Char Character text str char', 'Text is a `String`, and a character is a `String` of one.'],
  ['Date DateTime Timestamp Instant', 'A moment is a `Time`.'],
  ['Binary Blob ByteString Buffer', 'Binary data are `Bytes`.'],
  [
    'Any any Dynamic Unknown',
    'Every value has one type; what can be several things is a `type A = B(…) | C(…)`.',
  ],
);

/** Where a constructor stands. */
const CONSTRUCTORS = spread(
  ['True', 'It is written `true`.'],
  ['False', 'It is written `false`.'],
  ['Just', 'It is written `Some(…)`.'],
  ['Nothing Nil Null', NOTHING],
  ['Error Failure Fail', 'It is written `Err(…)`.'],
  ['Success', 'It is written `Ok(…)`.'],
  ['Unit', UNIT],
);

/** Where a value or a function stands. */
const VALUES = spread(
  ['null nil undefined none', NOTHING],
  ['unit void', UNIT],
  ['not', '`!` is not: `!(a && b)`.'],
  [
    'throw raise panic error abort',
    '`fail -< "why"` raises a fault; what a caller should handle is a `Result`.',
  ],
  ['this self', 'The state is read with `s <- get`, and written with `put -< …`.'],
  ['print println log console', 'A machine only replies: give back what is to be seen.'],
  ['pure', 'It is `return -< …`.'],
  [
    'map filter fold reduce length foldl foldr',
    'What is built in has its module before it: `List.map(xs, x -> …)`.',
  ],
  ['toString show str', 'It is `Int.toString(n)`.'],
  ['random rand', 'A step gives the same each time: take what is random as an argument.'],
);

/** Where a command starts: words that start none here. */
const COMMANDS = spread(
  [
    'for foreach while loop repeat until do',
    'There are no loops: `List.map(xs, x -> …)`, `List.fold(xs, 0, (sum, x) -> …)` and their kind work through a list.',
  ],
  ['throw raise panic', VALUES['throw']],
  ['try', 'A fault is not caught: it undoes the step. What is to be handled is a `Result`, by `case`.'],
  ['await yield', 'An arrow is fed, and its output named: `x <- arrow -< …`.'],
);

const tables = { type: TYPES, constructor: CONSTRUCTORS, value: VALUES, command: COMMANDS };

/** What is written here for a word of another language in such a place; null where that is not known. */
export function insteadOf(place: keyof typeof tables, word: string): string | null {
  return Object.hasOwn(tables[place], word) ? tables[place][word]! : null;
}
