import { suggest, type Diagnostic, type Label, type Span } from '@smc/protocol';
import { TYPE_DEPTH_MAX, TYPE_NODES_MAX, display, displayWithArticle, prune } from '../types/type.ts';
import { parametersOf } from '../types/builtins.ts';
import type { SumDeclaration, Type } from '../types/typed.ts';
import type { Difference, Step } from '../types/unify.ts';
import { definitionsThatDiffer } from './definitions.ts';
import { circle, error, label } from './error.ts';

/** Diagnostics about types that disagree. */

/** Why a type is expected somewhere. */
export interface Reason {
  /** The start of the message, given the expected type: `the reply of \`Read\` is an Int`. */
  readonly statement: (expected: string) => string;
  /** Where that is written, if it is, with the words beside it. */
  readonly declared: Label | null;
  readonly help: readonly string[];
}

/** A value of another type than expected. */
export interface Mismatch {
  readonly reason: Reason;
  readonly expected: Type;
  readonly actual: Type;
  readonly difference: Difference;
  readonly span: Span;
  /** The type of what is at `span`. */
  readonly shown: Type;
  /** Of the part in which the difference is, as far as it is written. */
  readonly part: Span;
  /** The fields that are written there, where it is a record. */
  readonly fields: readonly { readonly name: string; readonly nameSpan?: Span }[];
  /** The import that a sum is from; null for one of the file itself. */
  readonly importOf: (declaration: SumDeclaration) => string | null;
}

/** E0220: another type than expected. */
export function mismatch({
  reason,
  expected,
  actual,
  difference,
  span,
  shown,
  part,
  fields,
  importOf,
}: Mismatch): Diagnostic {
  const { path } = difference;
  // Of two types of one name each is told with its import.
  const isOneName = display(difference.expected) === display(difference.actual);
  const spoken = (type: Type): string =>
    (isOneName ? displayImported(type, importOf) : null) ?? displayWithArticle(type);
  const statement = reason.statement(spoken(expected));
  const wrong = fieldsThatDiffer(difference);
  const sentence =
    wrong !== null
      ? `${statement}; ${wrong.text}`
      : isInfinite(difference)
        ? `${statement}, and as ${displayWithArticle(actual)} its type would contain itself`
        : path.length === 0
          ? `${statement}, not ${spoken(actual)}`
          : takesOtherFunction(difference)
            ? `${statement}; this one is ${displayWithArticle(actual)}`
            : `${statement}; ${pathText(path)} is ${spoken(difference.actual)} here, not ${spoken(difference.expected)}`;
  const extra = fields.find(({ name }) => wrong?.extra.includes(name));
  const labels =
    extra?.nameSpan === undefined ? [label(span, display(shown))] : [label(extra.nameSpan, 'no such field')];
  if (extra === undefined && part.start !== span.start) labels.push(label(part, display(difference.actual)));
  if (reason.declared !== null) labels.push(reason.declared);
  const advice =
    wrong === null
      ? [...adviceForShape(difference), ...conversionFor(difference), ...adviceFor(difference)]
      : adviceForFields(wrong, fields.length > 0);
  const help = [...reason.help, ...advice, ...definitionsThatDiffer(expected, actual)];
  return error('E0220', sentence, labels, help);
}

/** A sum from an import as it is written, with an article: `an old.Status`; null for other types. */
function displayImported(type: Type, importOf: Mismatch['importOf']): string | null {
  const own = prune(type);
  const alias = own.kind === 'sum' ? importOf(own.declaration) : null;
  return alias === null ? null : `${/^[aeio]/.test(alias) ? 'an' : 'a'} ${alias}.${display(own)}`;
}

/** Which fields a record lacks, and which it has too many, in words and by name. */
interface OtherFields {
  readonly text: string;
  readonly missing: readonly string[];
  readonly extra: readonly string[];
  /** Whether the one that is too many is nearly the one that is lacking. */
  readonly isMisspelt: boolean;
}

/** Of two records with other fields: which are missing, which too many. */
function fieldsThatDiffer({ expected, actual, path }: Difference): OtherFields | null {
  if (expected.kind !== 'record' || actual.kind !== 'record') return null;
  const wanted = new Set(expected.fields.map(({ name }) => name));
  const given = new Set(actual.fields.map(({ name }) => name));
  const quoted = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ');
  const missing = [...wanted].filter((name) => !given.has(name));
  const extra = [...given].filter((name) => !wanted.has(name));
  if (missing.length === 0 && extra.length === 0) return null;
  const inPart = path.length === 0 ? '' : ` in ${pathText(path)}`;
  const meant = extra.length === 1 ? suggest(extra[0], missing) : null;
  if (meant !== null && missing.length === 1) {
    const text = `there is no field ${quoted(extra)}${inPart}; did you mean ${quoted(missing)}?`;
    return { text, missing, extra, isMisspelt: true };
  }
  const parts = [
    ...(missing.length === 0 ? [] : [`${quoted(missing)} ${missing.length === 1 ? 'is' : 'are'} missing`]),
    ...(extra.length === 0 ? [] : [`there is no field ${quoted(extra)}`]),
  ];
  return { text: parts.join(', and ') + inPart, missing, extra, isMisspelt: false };
}

/** What to do with the fields of a record that is written there, or of one that comes from elsewhere. */
function adviceForFields({ missing, extra, isMisspelt }: OtherFields, isWritten: boolean): string[] {
  if (isMisspelt) return [];
  if (!isWritten) return ['A record of another type is made anew, field by field: `{ x: r.x, … }`.'];
  const listed = (names: readonly string[], form: (name: string) => string): string =>
    names.map((name) => `\`${form(name)}\``).join(', ');
  return [
    ...(missing.length === 0
      ? []
      : [`A record is written with all its fields: add ${listed(missing, (name) => `${name}: …`)}.`]),
    ...(extra.length === 0 ? [] : [`Take ${listed(extra, String)} out, or declare it in the type.`]),
  ];
}

const ORDINALS = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth'];

/** The word for a place, from 0: `first`. */
export const ordinal = (index: number): string => ORDINALS[index] ?? `${index + 1}th`;

const PATH_SHOWN_MAX = 2;

/** A short path by its steps, a long one by the last name in it. */
function pathText(path: readonly Step[]): string {
  const isShort = path.length <= PATH_SHOWN_MAX && path.every(({ kind }) => kind !== 'argument');
  if (isShort) return path.map(stepText).toReversed().join(' of ');
  const named = path.findLastIndex(({ kind }) => kind === 'field');
  if (named < 0) return 'a part of it';
  return (named === path.length - 1 ? '' : 'what is in ') + stepText(path[named]);
}

function stepText(step: Step): string {
  switch (step.kind) {
    case 'field':
      return `the field \`${step.name}\``;
    case 'component':
      return `the ${ordinal(step.index)} component`;
    case 'item':
      return 'an item';
    case 'input':
      return 'what this one takes';
    case 'output':
      return 'what this one gives';
    case 'argument':
      return 'what is inside';
  }
}

/** Whether one of two types would be a part of itself, if they were the same: all else goes with what is not known. */
const isInfinite = ({ expected, actual }: Difference): boolean =>
  expected.kind === 'unknown' || actual.kind === 'unknown';

/** Whether two functions differ in a function that one of them takes: what each part is would be said of three functions. */
const takesOtherFunction = ({ expected, actual, path }: Difference): boolean =>
  path[0]?.kind === 'input' && (expected.kind === 'function' || actual.kind === 'function');

/** What to write instead, where the types themselves say little. */
function adviceForShape(difference: Difference): string[] {
  if (takesOtherFunction(difference))
    return ['Write a function in place, of the type that is due: `x -> …`.'];
  if (isInfinite(difference) && difference.path.at(-1)?.kind === 'item')
    return ['What is added to a list is an item: `xs ++ [x]`, or `List.append(xs, x)`.'];
  return [];
}

/** The built-in function that makes one of the other. */
function conversionFor({ expected, actual }: Difference): string[] {
  const kinds = `${prune(actual).kind} to ${prune(expected).kind}`;
  if (kinds === 'int to string') return ['`Int.toString(n)` makes a String of an Int.'];
  if (kinds === 'string to int')
    return ['`Int.parse(s)` reads a String as an Int: it gives an `Option<Int>`.'];
  return [];
}

/** What a user usually wants, where one type stands for the other. */
function adviceFor({ expected, actual }: Difference): string[] {
  const [wanted, given] = [prune(expected), prune(actual)];
  if (given.kind === 'parameter' || wanted.kind === 'parameter') {
    const name = given.kind === 'parameter' ? given.name : (wanted as { name: string }).name;
    return [
      `\`${name}\` stands for any type here, so that nothing may be assumed about it. Write the type that is meant in the signature instead.`,
    ];
  }
  if (wanted.kind === 'list' && prune(wanted.item).kind === given.kind) {
    return ['`[x]` is a list of one item.'];
  }
  if (wanted.kind === 'sum' && wanted.declaration.name === 'Option') {
    return ['`Some(…)` makes an Option of a value.'];
  }
  return isOption(given) ? [TAKEN_OUT] : [];
}

const TAKEN_OUT = 'A value that may be absent is taken out by `case`: `case e { None -> … Some(x) -> … }`.';

function isOption(type: Type): boolean {
  const seen = prune(type);
  return seen.kind === 'sum' && seen.declaration.name === 'Option';
}

/** Two branches, items or arms that must agree; `first` is the one that is marked. */
export function branchesDiffer(branches: {
  readonly what: 'if' | 'case' | 'list';
  readonly wrong: { readonly span: Span; readonly type: Type };
  readonly other: { readonly span: Span; readonly type: Type };
  /** What both are for, and its type, where that is known. */
  readonly wanted: { readonly what: string; readonly type: Type } | null;
}): Diagnostic {
  const { what, wrong, other, wanted } = branches;
  const words = {
    if: ['branch', 'the other', 'Both branches of an `if`'],
    case: ['arm', 'another', 'All arms of a `case`'],
    list: ['item', 'another', 'All items of a list'],
  }[what];
  const verb = what === 'list' ? 'is' : 'gives';
  const here = wanted === null ? '' : `, here ${wanted.what}: ${display(wanted.type)}`;
  return error(
    'E0204',
    `this ${words[0]} ${verb} ${displayWithArticle(wrong.type)}, ${words[1]} ${verb} ${displayWithArticle(other.type)}`,
    [label(wrong.span, display(wrong.type)), label(other.span, display(other.type))],
    [`${words[2]} must ${what === 'list' ? 'be of one type' : 'give the same type'}${here}.`],
  );
}

/** A call by the types of its arguments: `List.fold(list, …, (acc, x) -> …)`. */
export function callSketch(name: string, expected: readonly Type[]): string {
  const shown = expected.map((type, i) => {
    const seen = prune(type);
    if (seen.kind === 'function') return `${parametersOf(name, parameterCount(seen.from))} -> …`;
    return i === 0 ? (COLLECTION_WORDS[seen.kind] ?? '…') : '…';
  });
  return `${name}(${shown.join(', ')})`;
}

function parameterCount(from: Type): number {
  const seen = prune(from);
  return seen.kind === 'tuple' ? seen.items.length : 1;
}

/** E0220: the arguments of a function in another order than it has; `span` is the one at `index`. */
export function otherOrder(
  span: Span,
  index: number,
  name: string,
  isBuiltIn: boolean,
  expected: readonly Type[],
): Diagnostic {
  const order = isBuiltIn ? 'What it works on comes first, and a function last:' : 'It is called';
  return error(
    'E0220',
    `the arguments of \`${name}\` come in another order`,
    [label(span, `this is not the ${ordinal(index)}`)],
    [`${order} \`${callSketch(name, expected)}\`.`],
  );
}

/** E0220: `(a, b) -> …` where a function of another number of arguments is due. */
export function otherParameters(span: Span, name: string, expected: number, given: number): Diagnostic {
  return error(
    'E0220',
    `\`${name}\` takes a function of ${expected === 1 ? 'one argument' : `${expected} arguments`} here, not of ${given}`,
    [label(span)],
    [`It is written \`${parametersOf(name, expected)} -> …\`.`],
  );
}

/** What to write where the one parameter of a function in place was taken for a part of what it stands for. */
export const parametersApart = (parameter: string, called: string, count: number): string =>
  `\`${parameter}\` is a tuple of all that the function takes. Name each part: \`${parametersOf(called, count)} -> …\`.`;

const COLLECTION_WORDS: Readonly<Record<string, string>> = { list: 'list', map: 'map', set: 'set' };

/** E0221: a type that is too large. */
export function typeTooLarge(span: Span): Diagnostic {
  return error(
    'E0221',
    'the type of this is too large',
    [label(span)],
    [
      `A type has at most ${TYPE_NODES_MAX} parts and ${TYPE_DEPTH_MAX} levels, all written out. Put less into one value.`,
    ],
  );
}

/** `what` as the subject: `\`clamp\``, `the constructor \`Paid\``; `least` where some may be left out. */
export function wrongCount(
  span: Span,
  what: string,
  expected: number,
  given: number,
  declared: Span | null,
  help: string | null = null,
  least = expected,
): Diagnostic {
  const count = (n: number): string =>
    n === 0 ? 'no argument' : n === 1 ? 'one argument' : `${n} arguments`;
  const due = least === expected ? count(expected) : `${least} to ${count(expected)}`;
  const labels = [label(span, count(given))];
  if (declared !== null) labels.push(label(declared, 'declared here'));
  const instead = expected === 0 ? '' : `, not ${given === 0 ? 'none' : given}`;
  return error('E0222', `${what} takes ${due}${instead}`, labels, [
    help ??
      (expected === 0
        ? 'Leave the arguments out.'
        : expected > given
          ? 'Write the missing ones.'
          : 'Take the others out.'),
  ]);
}

/** What to do where arguments are missing; null where their names are not known. */
export const missingArguments = (missing: readonly string[]): string | null =>
  missing.length === 0 ? null : `Missing: ${missing.map((name) => `\`${name}\``).join(', ')}.`;

/** E0222: as many arguments as there may be, and not all that have no default; `name` is that of what takes them. */
export function missingArgument(
  span: Span,
  what: string,
  name: string,
  missing: readonly string[],
  isByPlace: boolean,
): Diagnostic {
  const [first] = missing;
  const written = missing.map((each) => `${each}: …`).join(', ');
  return error(
    'E0222',
    `${what} needs the argument \`${first}\`, which has no default`,
    [label(span, `\`${first}\` is not given`)],
    [
      isByPlace
        ? `By their place, arguments are given from the first on. To leave out one before it, name them: \`${name}(${written})\`.`
        : `Add \`${written}\`.`,
    ],
  );
}

/** E0222: `None()`, where `None` is meant. */
export function emptyArguments(span: Span, name: string): Diagnostic {
  const message = `the constructor \`${name}\` takes no argument, and so no parentheses`;
  return error('E0222', message, [label(span)], [`Write \`${name}\`.`]);
}

/** E0223: a type that can not be inferred. */
export function typeNotKnown(span: Span, use: string): Diagnostic {
  return error(
    'E0223',
    `the type of this is not known, so ${use}`,
    [label(span)],
    ['Say its type where it is named: `let name: Type = …`.'],
  );
}

/** An operator on operands of a type for which there is none. */
export function operatorType(
  span: Span,
  operator: string,
  type: Type,
  works: string,
  help: string,
): Diagnostic {
  return error(
    'E0224',
    `\`${operator}\` works on ${works}, not on ${displayWithArticle(type)}`,
    [label(span, display(type))],
    [help],
  );
}

/** A function where only data can be: `what` is `the state`, `a reply`. */
export function functionAsData(span: Span, what: string): Diagnostic {
  return error(
    'E0225',
    `a function can not be part of ${what}`,
    [label(span)],
    [
      'State, inputs and outputs are data, so that they can be stored and sent. Keep a value that says which function is meant, and choose by `case`.',
    ],
  );
}

/** E0304: one name for several values with a function among them; E0225: any other value of such a type. */
export function functionInValue(span: Span, type: Type): Diagnostic {
  if (prune(type).kind === 'tuple') {
    return error(
      'E0304',
      'this stands for several values with a function among them, and a function is no value',
      [label(span, display(type))],
      ['Take functions as parameters of their own, each with a name: `(f, n) -> f(n)`.'],
    );
  }
  return error(
    'E0225',
    'a function can not be part of a value',
    [label(span, display(type))],
    ['A function is passed to a function, and never stored. Write it, or its name, where it is needed.'],
  );
}

/** E0225: a generic function or type that is used with a type that has a function in it. */
export function functionForVariable(span: Span, type: Type): Diagnostic {
  return error(
    'E0225',
    `a type variable stands for data, and can not be ${displayWithArticle(type)}`,
    [label(span)],
    ['A function is passed to a function, and never stored. Write a `fun` for this type of function.'],
  );
}

/** E0226: arguments named or not. */
export function namedArguments(span: Span, message: string, help: string): Diagnostic {
  return error('E0226', message, [label(span)], [help]);
}

/** E0228: a type that contains itself. */
export function recursiveType(span: Span, names: readonly string[], others: readonly Span[]): Diagnostic {
  const { shown, more } = circle(names);
  const between = [...shown.slice(1).map((name) => `\`${name}\``), ...(more ? ['…'] : [])];
  const chain = between.length === 0 ? 'itself' : `${between.join(', ')} and so itself`;
  return error(
    'E0228',
    `the type \`${names[0]}\` contains ${chain}; a type can not be recursive`,
    [label(span), ...circle(others).shown.map((other) => label(other, 'and here'))],
    ['A value has a bounded depth. Keep many values in a `List`, and refer to one by its place in it.'],
  );
}

/** E0229: a field of what is no record; `instead` says what is meant, where that is known. */
export function noRecord(span: Span, type: Type, use: string, instead: string | null = null): Diagnostic {
  return error(
    'E0229',
    `${displayWithArticle(type)} has no fields${use}`,
    [label(span, display(type))],
    [
      instead !== null
        ? instead
        : prune(type).kind === 'tuple'
          ? 'Take a tuple apart with a pattern: `let (a, b) = …`.'
          : isOption(type)
            ? TAKEN_OUT
            : 'Only a record, `{ name: Type }`, has fields.',
    ],
  );
}

/** A pattern for values of another type than the one it is matched with. */
export function patternMismatch(facts: {
  readonly span: Span;
  readonly pattern: Type;
  readonly value: Type;
  readonly difference: Difference;
  readonly subjectSpan: Span;
  readonly subjectType: Type;
}): Diagnostic {
  const { span, pattern, value, subjectSpan, subjectType } = facts;
  return error(
    'E0220',
    `this pattern is for ${displayWithArticle(pattern)}; the value here is ${displayWithArticle(value)}`,
    [label(span, display(pattern)), label(subjectSpan, display(subjectType))],
    [
      'A pattern has the shape of the values that it is matched with.',
      ...adviceFor(facts.difference),
      ...definitionsThatDiffer(value, pattern),
    ],
  );
}

/** A record type or record without fields. */
export function emptyRecord(span: Span): Diagnostic {
  return error(
    'E0230',
    'a record has at least one field',
    [label(span)],
    ['An empty map is `Map {}`, an empty set `Set {}`, and nothing at all `()`.'],
  );
}

/** A type that can not be the key of a map or set, because of a part of it. */
export function notKey(span: Span, key: Type, part: Type): Diagnostic {
  const own = displayWithArticle(key);
  const because = display(key) === display(part) ? '' : `, since ${displayWithArticle(part)} is in it`;
  return error(
    'E0231',
    `${own} can not be a key${because}`,
    [label(span)],
    [
      `The keys of a map and the items of a set are built of Int, String, Bool, Bytes, Time, tuples and sums of those${prune(part).kind === 'record' ? '; a record is none' : ''}.`,
    ],
  );
}

/** A default where nothing can be left out. */
export function misplacedDefault(span: Span): Diagnostic {
  return error(
    'E0232',
    'a default has no meaning here',
    [label(span)],
    ['Defaults are for the fields of a declared record type, and for parameters of operations.'],
  );
}
