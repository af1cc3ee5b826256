import { insteadOf } from './foreign.ts';

/**
 * What to write where something stands that can not: the mistakes that are made by habit, from other languages
 * most of them. The first row that fits gives the help.
 */

/** A text that fits: equal to it, one of these, or matched. Without one, all texts fit. */
type Fit = string | readonly string[] | RegExp;

/** What stands in a place, what is before it, and what is due there, in the words of a message without their backquotes. */
interface Row {
  readonly found?: Fit;
  readonly before?: Fit;
  /** With its backquotes: `an expression`, or a backquoted sign. Empty where nothing is due. */
  readonly due?: Fit;
  /** Null where it is not this after all. */
  readonly help: string | ((before: string, found: string) => string | null);
}

/** How the state is read, where it is taken for a variable. */
export const STATE_READ = 'The state is read with `s <- get`; its fields are then `s.name`.';

const CHOICE = 'A choice is `if c { a } else { b }`.';
const OPERATOR = /^[-+*/%<>=!&|]+$/;

const ROWS: readonly Row[] = [
  { found: '*', before: '*', help: 'There is no operator for powers: multiply.' },
  {
    found: ['if', 'when', 'where', '&&'],
    due: '`->`',
    help: 'A pattern has no condition: put an `if` into the arm.',
  },
  {
    found: /^\w/,
    before: /^[A-Z]/,
    due: '`->`',
    help: (before, found) => `The argument of a constructor stands in parentheses: \`${before}(${found})\`.`,
  },
  {
    found: ':',
    due: /`,` or `\)`$/,
    help: 'In an expression nothing has a type. A type is written where a value is named: `let x: Int = …`.',
  },
  {
    found: ['=', '=>'],
    due: '`{`',
    help: 'The commands of an operation stand in braces: `on Read -> Int { … }`.',
  },
  { due: '`(`', help: 'A function without parameters is `fun f() -> Int = 1`.' },
  { found: 'state', due: 'a command', help: STATE_READ },
  { found: '=>', due: '`:`', help: 'An entry of a map is `key: value`.' },
  { due: /^`for`/, help: 'It is `test "title" for Machine { … }`.' },
  {
    found: ['case', 'else', 'default'],
    due: /^an arm/,
    help: 'An arm is `Pattern -> …`, and `_ -> …` takes all others.',
  },
  { found: '|', due: '`->`', help: 'Each pattern has an arm of its own.' },
  { before: 'state', due: /^`=>`/, help: 'The whole state is compared: `state => { n: 0 }`.' },
  {
    found: '{',
    before: /^[A-Z]/,
    due: '',
    help: 'A record is written without the name of its type: `{ x: 1 }`.',
  },
  {
    found: '{',
    due: '',
    help: 'A choice is `case x { Pattern -> … }`, or `if c { a } else { b }`.',
  },
  {
    found: 'else',
    due: '',
    help: 'An `else` stands behind the `}` of its `if`; in a `case`, `_ -> …` takes all others.',
  },
  {
    found: '++',
    due: '',
    help: 'Values do not change: `put -< { ...s, n: s.n + 1 }` gives the state a new one.',
  },
  {
    found: 'a string',
    before: /^[a-zA-Z]$/,
    help: 'No letter stands before a string; `++` joins strings: `"n: " ++ Int.toString(n)`.',
  },
  {
    found: 'a string',
    due: /^a type/,
    help: 'What can be several things is `type Status = Open | Paid`.',
  },
  { found: '.', before: '.', help: 'A list of numbers is `List.range(0, 10)`.' },
  {
    found: '.',
    due: '',
    help: 'Values have no methods. A function is called by its name, and what it works on comes first, as in `List.append(xs, x)`.',
  },
  { found: /^[0-9]/, before: '.', help: 'Take a tuple apart with a pattern: `let (a, b) = …`.' },
  { found: 'if', due: /^(?!an expression$)/, help: CHOICE },
  { before: 'import', help: 'It is `import "./shapes.sm" as shapes`.' },
  { before: 'test', help: 'It is `test "title" for Machine { … }`.' },
  {
    found: /^[a-z]/,
    due: /^a state, an operation/,
    help: 'An operation is `on Name(x: Int) -> Int { … }`; what operations share is a `fun` or an `arrow`.',
  },
  {
    found: '|',
    before: /^[A-Z]/,
    due: /`[>})]`$/,
    help: 'What can be several things is declared, `type A = B(Int) | C`; what may be absent is an `Option<…>`.',
  },
  { found: ';', due: /^`,`/, help: 'Fields and items are separated by `,`.' },
  { found: ['and', 'or'], help: '`&&` is and, `||` is or.' },
  { found: 'then', help: 'The branches stand in braces: `if c { a } else { b }`.' },
  { found: '(', before: 'if', help: 'The branches stand in braces: `if c { a } else { b }`.' },
  { help: (before) => insteadOf('command', before) },
  { before: 'not', help: '`!` is not: `!(a && b)`.' },
  { before: 'return', help: 'A `fun` gives the value of its expression, without `return`.' },
  { before: ['match', 'switch', 'when'], help: 'It is `case x { Pattern -> … }`.' },
  { before: 'new', help: 'A value of a type is made by its constructor, or is a record: `{ x: 1 }`.' },
  { found: '|', due: 'an expression', help: 'A function in place is written `x -> x + 1`.' },
  { found: '.', due: 'an expression', help: 'A function that takes a field is written `r -> r.field`.' },
  {
    found: OPERATOR,
    before: ['(', ','],
    due: 'an expression',
    help: 'An operator is no function: write `(a, b) -> a + b`.',
  },
  {
    found: '=>',
    due: /^(?!an expression$)/,
    help: 'A function in place is `x -> e`, and so is an arm of a `case`; "greater or equal" is `>=`.',
  },
  { due: '`=`', help: 'What is declared stands behind a `=`: `fun f(x: Int) -> Int = x + 1`.' },
  { found: '|', due: /`\]`/, help: '`List.map(xs, x -> …)` makes a list of a list.' },
];

/** What to write instead; `found`, `previous` and `due` are in the words of a message. Null where nothing is known. */
export function hintFor(found: string, previous: string, due: string): string | null {
  const [word, before] = [found, previous].map((text) => text.replaceAll('`', '')) as [string, string];
  for (const row of ROWS) {
    if (!fits(word, row.found) || !fits(before, row.before) || !fits(due, row.due)) continue;
    const help = typeof row.help === 'string' ? row.help : row.help(before, word);
    if (help !== null) return help;
  }
  return null;
}

function fits(text: string, fit: Fit | undefined): boolean {
  if (fit === undefined) return true;
  if (typeof fit === 'string') return text === fit;
  return fit instanceof RegExp ? fit.test(text) : fit.includes(text);
}
