import type { Diagnostic, Span } from '@smc/protocol';
import { syntaxError as error } from './syntax-codes.ts';

/**
 * The words and forms of other languages, and what is written here instead. There is a table of words for
 * each place that a word can stand in; a word of a table is a name like any other where it is declared.
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
  ['List Array Vec', 'A list is written `[a, b]`, an empty one `[]`.'],
  ['Map Dict HashMap', 'A map is written `Map { key: value }`, an empty one `Map {}`.'],
  ['Set HashSet', 'A set is written `Set { a, b }`, an empty one `Set {}`.'],
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
  ['match switch when', 'It is `case x { Pattern -> … }`.'],
  ['try', 'A fault is not caught: it undoes the step. What is to be handled is a `Result`, by `case`.'],
  ['await yield', 'An arrow is fed, and its output named: `x <- arrow -< …`.'],
);

/** Where a declaration starts. */
const DECLARATIONS = spread(
  ['use from require include using', 'Another file is imported: `import "./shapes.sm" as shapes`.'],
  ['struct interface record', 'A record type is `type T = { x: Int }`.'],
  ['enum union sealed', 'What can be several things is `type T = A | B(x: Int)`.'],
  [
    'pub export public private protected static async abstract',
    'Leave the word out: all that a file declares can be imported.',
  ],
  ['let const var val final', 'A value with a name is a function: `fun tax() -> Int = 19`.'],
  ['trait impl extension', 'Functions stand beside a type: `fun f(x: T) -> Int = …`.'],
  ['module namespace package', 'A file is a module, and is named where it is imported.'],
);

const tables = {
  type: TYPES,
  constructor: CONSTRUCTORS,
  value: VALUES,
  command: COMMANDS,
  declaration: DECLARATIONS,
};

/** What is written here for a word of another language in such a place; null where that is not known. */
export function insteadOf(place: keyof typeof tables, word: string): string | null {
  return Object.hasOwn(tables[place], word) ? tables[place][word]! : null;
}

// ----------------------------------------------------------------------- diagnostics

/** E0114: a word that other languages declare with; `meant` is the one of this language, in backquotes. */
export function foreignKeyword(at: Span, word: string, meant: string): Diagnostic {
  const help = DECLARED[meant] ?? `It is ${meant}.`;
  return error('E0114', `\`${word}\` declares nothing; ${meant} does`, at, '', help);
}

const DECLARED: Readonly<Record<string, string>> = {
  '`fun`': 'A function is `fun f(x: Int) -> Int = x + 1`: its body is an expression.',
  '`let`': 'A value is named with `let x = …`, and does not change; what changes is `state { x: Int = 0 }`.',
  '`machine`': 'A machine is `machine Name { state { … } on Op { … } }`.',
  '`type`': 'A type is `type T = A | B(Int)` or `type T = { x: Int }`.',
};

/** E0114: a word before a function in place; `isNamed` if it is to be given a name. */
export function foreignLambda(
  at: Span,
  word: string,
  parameters: readonly string[],
  isNamed: boolean,
): Diagnostic {
  const [only] = parameters;
  const written = parameters.length === 1 && only !== undefined ? only : `(${parameters.join(', ')})`;
  const help = `Write \`${parameters.length === 0 ? 'x' : written} -> …\`, with an expression after the \`->\`.`;
  const naming = isNamed ? ['One with a name is declared outside: `fun f(x: Int) -> Int = …`.'] : [];
  return error('E0114', `a function in place has no \`${word}\` before it`, at, '', ...naming, help);
}

/** E0114: `x => e` */
export function lambdaWithGives(at: Span): Diagnostic {
  return error(
    'E0114',
    'a function in place has `->`, not `=>`',
    at,
    '',
    'Write `x -> …`, with an expression after the `->`.',
  );
}

/** E0114: `{ x -> e }` */
export function lambdaInBraces(at: Span): Diagnostic {
  return error('E0114', 'a function in place stands in no braces', at, '', 'Write `x -> x + 1`.');
}

/** E0114: `(x: Int) -> e` */
export function lambdaWithType(at: Span): Diagnostic {
  const message = 'the parameters and the result of a function in place have no type';
  const help = 'Their types follow from what it is given to: write `x -> …` or `(x, y) -> …`.';
  return error('E0114', message, at, '', help);
}

/** E0114: `xs[0]` */
export function foreignIndex(at: Span): Diagnostic {
  const help = '`List.get(xs, 0)` and `Map.get(m, key)` give an `Option`, for there may be nothing there.';
  return error('E0114', 'nothing is taken out with `[…]`', at, '', help);
}

/** E0114: `List.length xs`: `at` is the first of the arguments, `given` their texts. */
export function juxtaposed(at: Span, name: string, given: readonly string[]): Diagnostic {
  const message = `the arguments of \`${name}\` stand in parentheses`;
  return error('E0114', message, at, '', `Write \`${name}(${given.join(', ')})\`.`);
}

/** E0114: `List Int`, `List[Int]`, `List(Int)`: `at` is the first of the arguments, `given` their texts. */
export function typeArgumentsOtherwise(at: Span, name: string, given: readonly string[]): Diagnostic {
  const message = 'the arguments of a type stand between `<` and `>`';
  return error('E0114', message, at, '', `Write \`${name}<${given.join(', ')}>\`.`);
}

/** E0114: `[Int]`, `Int[]` */
export function foreignListType(at: Span): Diagnostic {
  return error('E0114', 'a type has no `[` and `]`', at, '', 'The type of a list is `List<Int>`.');
}

/** E0114: a word that other languages start a statement with. */
export function foreignCommand(at: Span, word: string, instead: string): Diagnostic {
  return error('E0114', `no command starts with \`${word}\``, at, '', instead);
}

/** E0114: `[x for x in xs]` */
export function comprehension(at: Span): Diagnostic {
  const help = 'A list is made of another by `List.map(xs, x -> …)` and `List.filter(xs, x -> …)`.';
  return error('E0114', 'no `for` stands in a list or in arguments', at, '', help);
}

/** E0114: `if let Some(x) = e { … }` */
export function ifLet(at: Span): Diagnostic {
  const help = 'A pattern is matched by `case e { Some(x) -> … None -> … }`.';
  return error('E0114', 'a condition is no pattern', at, '', help);
}

/** E0114: `Status::Open` */
export function foreignPath(at: Span): Diagnostic {
  const help =
    'A constructor is written without its type, `Open`; what is imported with a dot, `shapes.Circle`.';
  return error('E0114', 'there is no `::`', at, '', help);
}

/** E0120: `{ x * 2 }` where a value is due. */
export function expressionInBraces(at: Span, isSet: boolean): Diagnostic {
  if (isSet)
    return error('E0120', 'this is no record', at, '', 'A set is `Set { 1, 2 }`, and a list `[1, 2]`.');
  const help =
    'Braces make a record, `{ x: 1 }`. What belongs together stands in parentheses, and a name for a part is `let y = x + 1 in y * y`.';
  return error('E0120', 'an expression stands in no braces', at, '', help);
}

/** E0126: a line that ends in a `:`, as blocks start in other languages; `word` is the first of the line. */
export function colonBeforeBlock(at: Span, word: string): Diagnostic {
  const help = BLOCKS[word] ?? '';
  return error('E0126', `the line of \`${word}\` does not end with \`:\``, at, '', help);
}

const BRANCHES = 'The branches stand in braces: `if c { … } else { … }`.';
const BLOCKS: Readonly<Record<string, string>> = {
  if: BRANCHES,
  else: BRANCHES,
  case: 'The arms stand in braces: `case x { Pattern -> … }`.',
  fun: 'The body of a `fun` is an expression after `=`: `fun f(x: Int) -> Int = x + 1`.',
};

/** Whether a line that starts with a word may end in a `:` in other languages. */
export const startsBlock = (word: string): boolean => Object.hasOwn(BLOCKS, word);

/** E0114: `on Op: Int`, `fun f(): Int` */
export function resultAfterColon(at: Span, what: string): Diagnostic {
  return error('E0114', `the type of ${what} stands after \`->\`, not \`:\``, at, '', 'Write `-> Int`.');
}
