/* Long because it is a flat list: a function for each mistake, and nothing else. */
import { lineStarts, positionAt, type Diagnostic, type Span } from '@smc/protocol';
import { initialSketch, typeSketch } from '../syntax/sketch.ts';
import type { Pattern, TypeNode } from '../syntax/tree.ts';
import { insteadOf } from './foreign.ts';
import { hintFor, STATE_READ } from './hints.ts';
import { alsoAt, syntaxError as error } from './syntax-codes.ts';

/**
 * What can be wrong with the syntax: a function for each mistake, that takes the facts and gives the
 * diagnostic.
 */

// ------------------------------------------------------------------------ brackets, bounds

/** An opening bracket that a message names. */
export interface Opened {
  /** `the block of machine M` */
  readonly what: string;
  readonly span: Span;
}

/**
 * Blocks that are open where they can not be: `before` is the token there, null at the end of the file.
 * The innermost comes first.
 */
export function unclosedBlock(
  at: Span,
  before: string | null,
  opened: readonly Opened[],
  text: string,
): Diagnostic {
  const starts = lineStarts(text);
  const place = ({ span }: Opened): string => {
    const { line, column } = positionAt(text, starts, span.start);
    return `${line}:${column}`;
  };
  const first = opened[0]!;
  const others = opened.length === 1 ? '' : `, and ${opened.length - 1} more around it`;
  const verb = opened.length === 1 ? 'is' : 'are';
  const message = `${first.what}, opened at ${place(first)}${others}, ${verb} not closed`;
  const label = before === null ? 'the file ends here' : 'this can not stand inside it';
  const found = error('E0110', message, at, label, 'Close it with `}`.');
  return alsoAt(found, ...opened.slice(0, 3).map(({ span }) => ({ span, text: 'opened here' })));
}

/** A bracket that is open where its line, or what is around it, ends. */
export function unclosedBracket(at: Span, what: string, closer: string, opened: Span): Diagnostic {
  const found = error('E0110', `${what} is not closed`, at, `${closer} is missing here`);
  return alsoAt(found, { span: opened, text: 'opened here' });
}

/** E0111: a closing bracket that closes nothing. */
export function strayCloser(at: Span, closer: string): Diagnostic {
  return error(
    'E0111',
    `this \`${closer}\` closes nothing`,
    at,
    '',
    'Take it out, or look for what should open before it.',
  );
}

/** E0112: a chain of operators, of `else if`, … in which each part counts as one level of nesting. */
export function chainTooLong(at: Span): Diagnostic {
  const help = 'Give parts of it a name: with `let`, `fun` or `arrow`. A long list of cases may be a `Map`.';
  return error('E0112', 'this chain is too long', at, '', help);
}

/** E0112: something nested too deeply. */
export function nestedTooDeeply(at: Span): Diagnostic {
  return error(
    'E0112',
    'this is nested too deeply',
    at,
    '',
    'Give parts of it a name: with `let`, `fun` or `arrow`.',
  );
}

/** E0113: a file that is too long. */
export function sourceTooLong(at: Span, lengthMax: number): Diagnostic {
  return error('E0113', `this file is too long; ${lengthMax} characters are read at most`, at, '');
}

// ------------------------------------------------------------------------- expectations

/** What is due in a place, and what stands there. */
export interface Expectation {
  /** In words: `an expression`. */
  readonly expected: string;
  /** The token there and the one before it, as `describe` calls them; empty if there is none. */
  readonly found: string;
  readonly previous: string;
  /** The rule of the grammar. */
  readonly rule: string;
  /** Whether what was found is a reserved word. */
  readonly reserved: boolean;
  /** A word of nearly this name that can stand there. */
  readonly near: string | null;
}

/** Something else stands where one thing is due; the usual reasons for it have messages of their own. */
export function unexpected(at: Span, facts: Expectation): Diagnostic {
  const { expected, found, previous, rule, reserved, near } = facts;
  if (found === '`<-`') return bindInExpression(at);
  if (found === '`-<`') return feedInExpression(at);
  if (found === '`->`' && expected !== '`{`' && !expected.startsWith('the name of')) return lambdaAlone(at);
  if (found === '`...`') {
    const help =
      'It comes first in a record, `{ ...r, x: 1 }`, and last in the pattern of a list, `[x, ...rest]`. Lists are joined by `++`: `xs ++ [x]`.';
    return error('E0120', '`...` can not stand here', at, '', help);
  }
  if (rule === 'letExpression' && expected === '`in`') return letWithoutIn(at);
  const declared = expected === '`=`' ? /^(fun|arrow|type)(?:Body|Declaration)$/.exec(rule) : null;
  if (declared !== null && found.startsWith('the end of the')) return missingEquals(at, declared[1] as 'fun');
  if (reserved && expected === 'an expression') return reservedName(at, found.slice(1, -1), true);
  // behind a comma, another one is not what is missing
  const due = previous === '`,`' ? expected.replace(/^`,` or/, 'an item or') : expected;
  const branches = rule === 'head' && expected === '`{`' ? [BRANCHES] : [];
  if (found === 'the end of the line' || found === 'the end of the file') {
    const ends = found === 'the end of the line' ? 'the line ends' : 'the file ends';
    return error('E0120', `${ends} where ${due} should be`, at, '', ...branches);
  }
  if (near !== null)
    return error('E0120', `expected ${due}, found ${found}; did you mean \`${near}\`?`, at, '');
  const after = previous === '' ? '' : ` after ${previous}`;
  const glued = found === '`>=`' && expected.endsWith('`>`');
  const foreign = hintFor(found, previous, expected);
  const help = glued ? ['Write a space between `>` and `=`.'] : foreign === null ? branches : [foreign];
  return error('E0120', `expected ${due}${after}, found ${found}`, at, '', ...help);
}

const BRANCHES = 'What is chosen stands in braces: `if c { … } else { … }`, `case x { Pattern -> … }`.';

/** More stands in a line than belongs to it. */
export function leftOver(at: Span, found: string, previous: string): Diagnostic {
  if (found === '`<-`') return bindInExpression(at);
  if (found === '`-<`') return feedInExpression(at);
  if (found === '`->`') return lambdaAlone(at);
  const message = `expected the end of the line after ${previous}, found ${found}`;
  if (found === '`,`')
    return error('E0120', message, at, '', 'These are separated by line ends or `;`, not by `,`.');
  const help = hintFor(found, previous, '') ?? 'A line end or `;` stands between two of these.';
  return error('E0120', message, at, '', help);
}

/** E0134: a changed record as other languages write it. */
export function foreignUpdate(at: Span, record: string): Diagnostic {
  const help = `A changed record is \`{ ...${record}, x: … }\`.`;
  return error('E0134', 'a record is not changed in this way', at, '', help);
}

/** A line starts with what does not continue the line before. */
export function lineStart(at: Span, found: string): Diagnostic {
  if (found === '`{`') {
    const help = 'Write the `{` at the end of the line before.';
    return error('E0126', 'a block does not start on a line of its own', at, '', help);
  }
  return error(
    'E0126',
    `a line can not start with ${found}`,
    at,
    'this belongs to the line before',
    LINE_STARTS[found] ??
      'A line is continued by one that starts with an operator, `.`, `,`, `=`, `|`, `in`, `else` or a closing ' +
        'bracket, or after one that ends in an operator, `,`, `->`, `=`, `<-`, `-<` or `in`.',
  );
}

const CALL_LINE = 'The `(` of a call stands on the line of what is called.';

/** Where what can not start a line belongs. */
const LINE_STARTS: Readonly<Record<string, string>> = {
  '`-<`': 'Write `-<` on the line of its arrow, `return -< x`: what is fed may be on the next line.',
  '`<-`': 'Write `<-` on the line of what it names, `s <- get`: the command may be on the next line.',
  '`->`': 'Write `->` at the end of the line before: what stands behind it may be on the next line.',
  '`=>`': 'Write `=>` on the line of its input: `Read => 1`.',
  '`(`': CALL_LINE,
};

/** E0126: a line ends after what does not continue it. */
export function lineEndAfter(at: Span, found: string): Diagnostic {
  const help = `What stands after ${found} begins on the same line.`;
  return error('E0126', `a line can not end with ${found}`, at, '', help);
}

/**
 * E0110: the line of a `machine`, `on`, … ends, and its block was meant to begin; `isSign` if something else stands
 * where the `{` is due.
 */
export function unopenedBlock(at: Span, what: string, isSign: boolean): Diagnostic {
  const help = isSign
    ? ['What belongs to it stands in braces, `{ … }`: how far a line is indented means nothing.']
    : [];
  const label = `\`{\` is ${isSign ? 'due' : 'missing'} here`;
  return error('E0110', `the block of ${what} is not opened`, at, label, ...help);
}

/** E0110: `machine M(`, and members in the lines below. */
export function roundBlock(at: Span, what: string): Diagnostic {
  const help = 'What belongs to it stands in braces: `{ … }`.';
  return error('E0110', `the block of ${what} is not opened`, at, '`{` is due here', help);
}

/** E0120: `machine M = {` */
export function signBeforeBlock(at: Span, sign: string, what: string): Diagnostic {
  return error('E0120', `no \`${sign}\` stands before the block of ${what}`, at, '', 'Take it out.');
}

/** E0121: a missing comma. */
export function missingComma(at: Span, found: string, previous: string): Diagnostic {
  const help = hintFor(found, previous, '');
  return error('E0121', `a \`,\` is missing before ${found}`, at, '', ...(help === null ? [] : [help]));
}

/** E0122: a reserved word as a name; `isRead` where a value is due, and none is declared. */
export function reservedName(at: Span, word: string, isRead = false): Diagnostic {
  return error(
    'E0122',
    `\`${word}\` is a reserved word and can not be a name`,
    at,
    '',
    word === 'state' && isRead ? STATE_READ : 'Choose another name.',
  );
}

/** An upper-case name where a value, a field, an arrow or a parameter is named. */
export function upperCaseName(at: Span, name: string): Diagnostic {
  const lower = name.slice(0, 1).toLowerCase() + name.slice(1);
  const message = `\`${name}\` starts with an upper-case letter`;
  const help = `Values, fields, arrows and type variables start in lower case: \`${lower}\`.`;
  return error('E0123', message, at, 'a name in lower case is due here', help);
}

/** A lower-case name where a type, a constructor, an operation or a machine is named. */
export function lowerCaseName(at: Span, name: string, what: string): Diagnostic {
  const upper = name.slice(0, 1).toUpperCase() + name.slice(1);
  const help = `Types, constructors, operations and machines start in upper case: \`${upper}\`.`;
  return error('E0123', `the name of ${what} starts with an upper-case letter`, at, '', help);
}

/** E0124: a missing type. */
export function missingType(at: Span, what: string, name: string): Diagnostic {
  return error(
    'E0124',
    `the ${what} \`${name}\` has no type`,
    at,
    '',
    `Write it after a colon: \`${name}: Int\`.`,
  );
}

/** E0124: a type beside its name, as other languages write it. */
export function typeWithoutColon(at: Span, what: string, name: string, type: string): Diagnostic {
  const message = `a \`:\` stands between the ${what} \`${name}\` and its type`;
  return error('E0124', message, at, '', `Write \`${name}: ${type}\`.`);
}

/** E0124: a missing type. */
export function missingResult(at: Span, name: string): Diagnostic {
  const help = `Write it after the parameters: \`fun ${name}(…) -> Int = …\`.`;
  return error('E0124', `the type of the result of \`${name}\` is missing`, at, '', help);
}

/** E0120: a type on the left side of a clause of an upgrade, `on A(n: Int) -> …`. */
export function typeInClause(at: Span, operation: string, patterns: readonly Pattern[]): Diagnostic {
  const names = patterns.map((each) => (each.kind === 'bind' ? each.name.text : '…')).join(', ');
  const help = `Its parameters have their types from the older machine: write \`on ${operation}(${names}) -> …\`.`;
  return error('E0120', 'in a clause of an upgrade, the left side has no types', at, '', help);
}

/** What is declared behind a `=`, by the rule of the grammar. */
const DECLARED: Readonly<Record<string, string>> = {
  fun: 'fun f(x: Int) -> Int = x + 1',
  arrow: 'arrow swap : (Int, Int) -> (Int, Int) = snd &&& fst',
  type: 'type Status = Open | Paid',
};

/** E0120: a declaration whose line ends before the `=`. */
export function missingEquals(at: Span, what: 'fun' | 'arrow' | 'type'): Diagnostic {
  const help = `What is declared stands behind a \`=\`: \`${DECLARED[what]}\`. Write the \`=\` here; the rest may be on the next line.`;
  return error('E0120', 'the line ends where `=` should be', at, '', help);
}

/** E0128: `fun f() -> T { … }`. */
export function functionWithBlock(at: Span): Diagnostic {
  const help = 'Write `fun f(…) -> Type = expression`, without braces around the expression.';
  return error('E0128', 'the body of a `fun` is an expression after `=`, and no block', at, '', help);
}

/** E0128: `x -> { … }`. */
export function lambdaWithBlock(at: Span): Diagnostic {
  const help = 'Write `x -> expression`; a value is named in it with `let y = x + 1 in y * y`.';
  return error('E0128', 'the body of a function in place is an expression, and no block', at, '', help);
}

/** E0124: a missing type. */
export function missingReply(at: Span): Diagnostic {
  const help = 'Write it after the `->`, as in `on Read -> Int { … }`; without a reply, leave out the `->`.';
  return error('E0124', 'the type of the reply is missing', at, '', help);
}

/** E0152: an arrow whose type has no `->`. */
export function arrowType(at: Span, name: string): Diagnostic {
  const help = `It has the type of its input and of its output: \`arrow ${name} : Int -> String = …\`.`;
  return error('E0152', `the type of the arrow \`${name}\` has no \`->\``, at, '', help);
}

/** E0125: a missing initial value; `type` is the field's. */
export function fieldWithoutInitial(at: Span, name: string, type: TypeNode): Diagnostic {
  const help = `Write it after its type: \`${name}: ${typeSketch(type)} = ${initialSketch(type)}\`.`;
  return error('E0125', `the field \`${name}\` of the state has no initial value`, at, '', help);
}

/** E0125: a missing initial value. */
export function stateWithoutInitial(at: Span, type: TypeNode): Diagnostic {
  return error(
    'E0125',
    'the state has no initial value',
    at,
    '',
    `Write it after the type: \`state: ${typeSketch(type)} = ${initialSketch(type)}\`.`,
  );
}

/** What was meant to go on with the line before, and what to write so that it does. */
const continued: Readonly<Record<string, string>> = {
  '`-`': 'To go on with the line before, write a space after it, `- 2`.',
  '`(`': CALL_LINE,
};

/** What starts no declaration; `ofMachine` if it is one inside a machine. */
export function noDeclaration(at: Span, found: string, ofMachine: boolean, near: string | null): Diagnostic {
  if (ofMachine) {
    const help = 'It belongs between the braces of a `machine`. Is a `}` before it too many?';
    return error('E0127', `${found} stands outside of a machine`, at, '', help);
  }
  const instead = insteadOf('declaration', found.slice(1, -1));
  const help =
    instead ??
    continued[found] ??
    'A file holds `import`, `type`, `fun`, `arrow`, `machine`, `upgrade` and `test`.';
  const meant = near === null || instead !== null ? '' : `; did you mean \`${near}\`?`;
  return error('E0127', `no declaration starts with ${found}${meant}`, at, '', help);
}

// -------------------------------------------------------------------------- expressions

/** E0130: comparisons in a chain. */
export function chainedComparison(at: Span, operator: string, first: Span): Diagnostic {
  const help = 'Compare twice, `a < b && b < c`, or set parentheses.';
  const found = error(
    'E0130',
    'comparisons can not be chained',
    at,
    `a second comparison, \`${operator}\``,
    help,
  );
  return alsoAt(found, { span: first, text: 'the first one' });
}

function lambdaAlone(at: Span): Diagnostic {
  return error(
    'E0131',
    '`->` can not stand here',
    at,
    '',
    'A function `x -> e` can only be passed as an argument, as in `List.map(xs, x -> x + 1)`. Values are fed to ' +
      'an arrow with `-<`.',
  );
}

/** E0132: a record, map or set before a block. */
export function literalInHead(at: Span, what: 'record' | 'map' | 'set'): Diagnostic {
  const message = `a ${what} between \`if\` or \`case\` and its block stands in parentheses`;
  const written = { record: '({ … })', map: '(Map { … })', set: '(Set { … })' }[what];
  const help = `Otherwise its \`{\` would open the block. Write \`${written}\`.`;
  return error('E0132', message, at, '', help);
}

/** E0133: a call of what is no name. */
export function calleeNoName(at: Span, isField: boolean): Diagnostic {
  const help = isField
    ? 'Values have no methods. A function is called by its name, and what it works on comes first, as in `List.map(s.xs, x -> …)`.'
    : 'A function is called by its name, `f(x)`.';
  return error('E0133', 'only a name can be called', at, 'this is no name of a function', help);
}

/** E0133: a call of what an imported file imports; `names` are those between the dots. */
export function importHandedOn(at: Span, names: readonly string[]): Diagnostic {
  const own = names.slice(-2);
  const message = `\`${names.join('.')}\` is not known: what a file imports is not handed on`;
  const help = `Import the file that declares it, \`import "./${own[0]}.sm" as ${own[0]}\`, and write \`${own.join('.')}(…)\`.`;
  return error('E0133', message, at, '', help);
}

/** E0120: `machine M(a: Int, b: Int)` */
export function secondKey(at: Span): Diagnostic {
  const help = 'Where an instance has several, join them: `machine Account(id: String)`, with `"bank/1"`.';
  return error('E0120', 'a machine has one key', at, '', help);
}

/** E0120: `machine M<a>` */
export function genericMachine(at: Span): Diagnostic {
  const help =
    'Its state and operations are of fixed types. Only a `type`, a `fun` or an `arrow` has type variables.';
  return error('E0120', 'a machine has no type variables', at, '', help);
}

/** `=` in the place of the `:` of a field or of a named argument */
export function equalsForColon(at: Span): Diagnostic {
  return error('E0134', 'a field or a named argument takes `:`, not `=`', at, '', 'Write `name: value`.');
}

/** E0134: a field or named argument not written as one. */
export function fieldWithoutValue(at: Span, name: string): Diagnostic {
  return error('E0134', `the field \`${name}\` has no value`, at, '', `Write \`${name}: ${name}\`.`);
}

/** E0134: a field or named argument not written as one. */
export function quotedField(at: Span, name: string): Diagnostic {
  const help = `Write ${name.slice(1, -1)} without quotes; a map with such keys is \`Map { ${name}: … }\`.`;
  return error('E0134', 'the name of a field has no quotes', at, '', help);
}

/** E0135: an `if` without `else` in an expression. */
export function ifWithoutElse(at: Span): Diagnostic {
  const help = 'Only a command may go without: an expression needs a value in both cases.';
  return error('E0135', 'this `if` has no `else`', at, '', help);
}

/** E0136: `elif` and the like. */
export function elif(at: Span, word: string): Diagnostic {
  return error('E0136', `there is no \`${word}\``, at, '', 'Write `else if`.');
}

/** E0137: a `let` in an expression that says not what it is for. */
export function letWithoutIn(at: Span): Diagnostic {
  return error(
    'E0137',
    '`let` in an expression needs an `in`',
    at,
    '`in` is due here',
    'Write `let x = 1 in x + 1`.',
  );
}

/** E0138: a constructor written with its type. */
export function constructorOfType(at: Span, type: string, name: string): Diagnostic {
  const message = `the constructor \`${name}\` is written without its type`;
  return error('E0138', message, at, '', `Write \`${name}\` instead of \`${type}.${name}\`.`);
}

/** E0148: `n = 3` in an expression. */
export function equalsForComparison(at: Span): Diagnostic {
  return error('E0148', '`=` compares nothing', at, '', 'Equality is written `==`.');
}

// ----------------------------------------------------------------------------- commands

/**
 * E0140: a value where a command is due, which starts with what a message calls `found`; `constructed` is the
 * constructor of it, if there is one.
 */
export function valueAsCommand(at: Span, found: string, constructed: string | null): Diagnostic {
  const help = 'To give it as the output of the block, write `return -< …`; to name it, `let x = …`.';
  const going = found === '`-`' ? [continued[found]!] : [];
  const other =
    constructed === null || /^(?:Some|None|Ok|Err|Left|Right)$/.test(constructed)
      ? []
      : [
          `If \`${constructed}\` is an operation: those are called from outside of their machine, and share an \`arrow\`.`,
        ];
  return error('E0140', 'this is a value, and no command', at, '', help, ...going, ...other);
}

/** `put x` or `put(x)`: what stands at `at` is the argument. */
export function missingFeed(at: Span, arrow: string | null, called: boolean, arrowSpan: Span): Diagnostic {
  const name = arrow ?? 'the arrow';
  if (called && (arrow === 'get' || arrow === 'now')) {
    const written = arrow === 'get' ? 's <- get' : 't <- now';
    return error(
      'E0141',
      `\`${arrow}\` takes nothing`,
      at,
      '',
      `Write it without parentheses: \`${written}\`.`,
    );
  }
  const message = called ? `\`${name}\` is called like a function` : '`-<` is missing';
  const feeding = `A value is fed to an arrow with \`-<\`: \`${arrow ?? 'arrow'} -< …\`.`;
  const isPrimitive = ['put', 'return', 'fail'].includes(name);
  const help =
    called && !isPrimitive
      ? `An arrow is fed: \`${name} -< …\`. What a pure function gives is named with \`let x = ${name}(…)\`, or given back with \`return -< ${name}(…)\`.`
      : feeding;
  const found = error('E0141', message, at, '`-<` is due before this', help);
  return alsoAt(found, { span: arrowSpan, text: 'the arrow' });
}

/** E0142: `->` for `-<`. */
export function turnedFeed(at: Span): Diagnostic {
  return error(
    'E0142',
    '`->` feeds nothing',
    at,
    '',
    'A value is fed to an arrow with `-<`, as in `return -< x`.',
  );
}

/** E0143: `name = …`; `command` is the right side, if it is a command. */
export function equalsForBind(at: Span, name: string, command: string | null): Diagnostic {
  const message =
    command === null ? 'a value is named with `let`' : 'the output of a command is named with `<-`';
  const help = command === null ? `Write \`let ${name} = …\`.` : `Write \`${name} <- ${command}\`.`;
  return error('E0143', message, at, '', help);
}

/** E0143: `=` for `<-`, or the other way round. */
export function letWithArrow(at: Span): Diagnostic {
  const help = 'Write `let x = value`, or `x <- command` without `let`, as in `x <- arrow -< value`.';
  return error('E0143', '`let` names a value, and `<-` the output of a command', at, '', help);
}

/** E0134: `s.count = …`; `path` is what stands left of the `=`. */
export function assignedField(at: Span, path: readonly string[]): Diagnostic {
  const [record = '', ...fields] = path;
  if (fields.length === 0) {
    const help = `Values do not change. What changes is the state: \`put -< { ...s, ${record}: s.${record} + 1 }\`.`;
    return error('E0134', `nothing is assigned to \`${record}\``, at, '', help);
  }
  const changed = fields.reduceRight((value, field, i) => {
    return `{ ...${[record, ...fields.slice(0, i)].join('.')}, ${field}: ${value} }`;
  }, '…');
  const help = `Values do not change: give the state a new one, \`put -< ${changed}\`, or name a changed copy, \`let changed = ${changed}\`.`;
  return error('E0134', 'nothing is assigned to a field', at, '', help);
}

/** E0120: an arm as other languages write it. */
export function foreignArm(at: Span, found: string): Diagnostic {
  if (found === '=>') return error('E0120', 'an arm has `->`, not `=>`', at, '', 'Write `Pattern -> …`.');
  const help = 'An arm is `Pattern -> …`; each stands on a line of its own, or they are separated by `;`.';
  return error('E0120', `no \`${found}\` stands between arms`, at, '', help);
}

/** E0120: `case x of` */
export function caseOf(at: Span): Diagnostic {
  return error(
    'E0120',
    'a `case` has no `of`',
    at,
    '',
    'The arms stand in braces: `case x { Pattern -> … }`.',
  );
}

/** E0144: a block that ends in `let` or `<-`. */
export function blockWithoutEnd(at: Span, kind: 'let' | 'bind'): Diagnostic {
  const what = kind === 'let' ? '`let`' : '`<-`';
  const message = `a block can not end in ${what}`;
  const help = 'The last command gives the output of the block: add one, such as `return -< ()`.';
  return error('E0144', message, at, 'nothing follows that could use the name', help);
}

/** E0145: `<-` in an expression. */
export function bindInExpression(at: Span): Diagnostic {
  return error(
    'E0145',
    '`<-` can not stand here',
    at,
    '',
    'It names the output of a command, at the start of a line: `s <- get`. To compare with a negative number, ' +
      'write a space: `n < -1`.',
  );
}

/** E0146: two `<-` in a command. */
export function chainedBind(at: Span, first: Span): Diagnostic {
  const found = error(
    'E0146',
    'a command has one `<-`',
    at,
    '',
    'Name the output once, and use `let` for more names.',
  );
  return alsoAt(found, { span: first, text: 'the first one' });
}

function feedInExpression(at: Span): Diagnostic {
  return error(
    'E0147',
    '`-<` can not stand here',
    at,
    '',
    'It feeds a value to an arrow, which is a command and no part of an expression. Name the output first, ' +
      '`x <- arrow -< value`, and use `x`.',
  );
}

// ---------------------------------------------------------------- arrows, declarations

/** E0150: an arrow expression with something else in it. */
export function constructorAsArrow(at: Span, name: string): Diagnostic {
  const help = `To give a value that is built with it, write \`return -< ${name}(…)\`.`;
  return error('E0150', `the constructor \`${name}\` is no arrow`, at, '', help);
}

/** E0150: `first proc …`, `first first f`: `operand` is the word that the operand starts with. */
export function prefixOperand(at: Span, prefix: string, operand: string): Diagnostic {
  const help = `Write \`${prefix} (${operand} …)\`.`;
  const message = `the operand of \`${prefix}\` is a name or stands in parentheses`;
  return error('E0150', message, at, '', help);
}

/** E0149: `>>>` and its kind between values. */
export function composeInExpression(at: Span, operator: string): Diagnostic {
  const help = `Feed the value to what is composed: \`f ${operator} g -< value\`.`;
  const message = `\`${operator}\` composes arrows, and does not belong in an expression`;
  return error('E0149', message, at, '', help);
}

/** E0150: an arrow expression with something else in it. */
export function brokenOperator(at: Span): Diagnostic {
  return error('E0150', '`>>>` is written without spaces in it', at, '');
}

/** E0151: several arguments without names. */
export function manyUnnamedArguments(at: Span): Diagnostic {
  const help = 'Name them, `Ctor(x: Int, y: Int)`, or take a tuple, `Ctor((Int, Int))`.';
  return error('E0151', 'a constructor has one unnamed argument, or named ones', at, '', help);
}

/** E0153: an import that is incomplete. */
export function unknownImport(at: Span, word: string): Diagnostic {
  const help =
    'Write the path of a file in quotes, `import "./shapes.sm" as shapes`, or `import deployed as old`.';
  return error('E0153', `\`${word}\` can not be imported`, at, '', help);
}

/** E0153: an import that is incomplete. */
export function importWithoutName(at: Span, source: string): Diagnostic {
  return error('E0153', 'the import has no name', at, '', `Write \`import ${source} as name\`.`);
}

/** E0154: a test that is incomplete. */
export function testWithoutFor(at: Span, found: string): Diagnostic {
  return error(
    'E0154',
    `expected \`for\` and the machine, found \`${found}\``,
    at,
    '',
    'Write `test "name" for Machine { … }`.',
  );
}

/** E0154: `now => @1000` */
export function clockWithGives(at: Span): Diagnostic {
  return error('E0154', 'the clock is set with `=`', at, '', 'Write `now = @1000`.');
}

/** `=`, `->` or `==` in the place of `=>`; `line` is what is to be written. */
export function notGives(at: Span, found: string, line: string): Diagnostic {
  return error(
    'E0154',
    `what is expected stands after \`=>\`, not \`${found}\``,
    at,
    '',
    `Write \`${line}\`.`,
  );
}

/** E0155: a rename from upper to lower case, or back. */
export function renameOfKind(at: Span, old: string, name: string): Diagnostic {
  const message = `\`${old}\` and \`${name}\` can not name the same thing`;
  return error('E0155', message, at, '', 'One starts in upper case, and the other in lower case.');
}

/** E0190: not supported yet. */
export function notSupported(at: Span, word: string): Diagnostic {
  return error(
    'E0190',
    `\`${word}\` is not supported yet`,
    at,
    '',
    'The word is reserved for a later version.',
  );
}
