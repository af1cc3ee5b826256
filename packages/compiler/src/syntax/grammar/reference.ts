import {
  Alternation,
  type Alternative,
  NonTerminal,
  Option,
  Repetition,
  Terminal,
  type IProduction,
  type TokenType,
} from 'chevrotain';
import { COMPOSE_PRECEDENCE, OPERATOR_PRECEDENCE } from '../precedence.ts';
import * as T from '../tokens.ts';
import { OPTIONAL, REFUSED, REQUIRED } from './base.ts';
import { Grammar } from './module.ts';

/**
 * The grammar as one reads it, made from what chevrotain records of the parser. The parser takes more
 * than the language, to say in better words what is wrong; that is left out, by the labels that it has.
 * Where a look ahead decides, the recording is coarser than the language: `EXACT` says those rules.
 */

/** A part of a rule. */
export type Phrase =
  | { readonly kind: 'token'; readonly type: TokenType; readonly text: string }
  | { readonly kind: 'rule'; readonly name: string }
  | { readonly kind: 'sequence'; readonly parts: readonly Phrase[] }
  | { readonly kind: 'choice'; readonly alternatives: readonly Phrase[] }
  | { readonly kind: 'optional'; readonly part: Phrase }
  /** Any number of times. */
  | { readonly kind: 'repeated'; readonly part: Phrase }
  /** Any number, with commas between them and perhaps one after the last. */
  | { readonly kind: 'list'; readonly item: Phrase }
  /** Any number, each ended by the end of a line or a `;`, the last perhaps by the bracket. */
  | { readonly kind: 'lines'; readonly item: Phrase };

const sequence = (...parts: readonly Phrase[]): Phrase =>
  parts.length === 1 ? parts[0]! : { kind: 'sequence', parts };
const choice = (...alternatives: readonly Phrase[]): Phrase =>
  alternatives.length === 1 ? alternatives[0]! : { kind: 'choice', alternatives };
const optional = (...parts: readonly Phrase[]): Phrase => ({ kind: 'optional', part: sequence(...parts) });
const repeated = (...parts: readonly Phrase[]): Phrase => ({ kind: 'repeated', part: sequence(...parts) });
const list = (item: Phrase): Phrase => ({ kind: 'list', item });
const lines = (item: Phrase): Phrase => ({ kind: 'lines', item });
const rule = (name: string): Phrase => ({ kind: 'rule', name });
const token = (type: TokenType, text = textOf(type)): Phrase => ({ kind: 'token', type, text });

/** What stands for a token: its text in quotes, or the name of its kind. */
function textOf(type: TokenType): string {
  const [, text] = /^`(.+)`$/.exec(type.LABEL ?? '') ?? [];
  return text === undefined ? (KINDS.get(type) ?? type.name) : `"${text}"`;
}

const KINDS = new Map<TokenType, string>([
  [T.Lower, 'lower'],
  [T.Upper, 'upper'],
  [T.IntLiteral, 'integer'],
  [T.StringLiteral, 'string'],
  [T.BytesLiteral, 'bytes'],
  [T.TimeLiteral, 'time'],
]);

/** Tokens of other languages, which are refused wherever they stand. */
const FOREIGN = new Set<TokenType>([
  ...[
    T.ForeignEqual,
    T.ForeignUnequal,
    T.ForeignAssign,
    T.ForeignPipe,
    T.ForeignCons,
    T.ForeignDiamond,
    T.ForeignNot,
    T.ForeignSlash,
    T.QuotedLiteral,
    T.Unknown,
  ],
]);

const [lower, upper, dot, comma] = [T.Lower, T.Upper, T.Dot, T.Comma].map((type) => token(type)) as [
  Phrase,
  Phrase,
  Phrase,
  Phrase,
];
const curly = (...inside: readonly Phrase[]): Phrase =>
  sequence(token(T.OpenCurly), ...inside, token(T.CloseCurly));
const branches = (block: string): Phrase => {
  const [ifWord, elseWord] = [token(T.IfWord), token(T.ElseWord)];
  const otherwise = sequence(elseWord, rule(block));
  return sequence(
    ifWord,
    rule('head'),
    rule(block),
    repeated(elseWord, ifWord, rule('head'), rule(block)),
    block === 'branch' ? otherwise : optional(otherwise),
  );
};
const typed = sequence(rule('lowerName'), token(T.Colon), rule('type'), token(T.Assign), rule('expression'));
const spread = sequence(token(T.Spread), rule('pattern'), optional(comma));

const members = (category: TokenType): readonly TokenType[] =>
  T.parsed.filter((type) => type.CATEGORIES?.includes(category) === true && !FOREIGN.has(type));

/** Rules that the recording does not tell exactly. */
const EXACT: Readonly<Record<string, Phrase>> = {
  typeName: choice(lower, sequence(optional(lower, dot), upper, optional(rule('typeArguments')))),
  namePattern: choice(
    token(T.Wildcard),
    lower,
    sequence(optional(lower, dot), upper, optional(rule('patternArguments'))),
  ),
  listPattern: sequence(
    token(T.OpenSquare),
    choice(list(rule('pattern')), sequence(repeated(rule('pattern'), comma), spread)),
    token(T.CloseSquare),
  ),
  lowerValue: choice(
    sequence(lower, optional(rule('callArguments'))),
    sequence(lower, dot, lower, rule('callArguments')),
    sequence(lower, dot, upper, optional(rule('callArguments'))),
  ),
  upperValue: choice(rule('map'), rule('set'), rule('constructed')),
  map: sequence(token(T.Upper, '"Map"'), curly(list(rule('entry')))),
  set: sequence(token(T.Upper, '"Set"'), curly(list(rule('expression')))),
  constructed: sequence(upper, optional(dot, lower), optional(rule('callArguments'))),
  callArguments: sequence(
    token(T.OpenRound),
    list(sequence(optional(rule('lowerName'), token(T.Colon)), choice(rule('lambda'), rule('expression')))),
    token(T.CloseRound),
  ),
  operator: choice(...members(T.Infix).map((type) => token(type))),
  record: curly(
    choice(
      list(rule('field')),
      sequence(token(T.Spread), rule('expression'), optional(comma, list(rule('field')))),
    ),
  ),
  branch: curly(rule('expression')),
  lambda: sequence(
    choice(...['namePattern', 'groupPattern', 'recordPattern', 'listPattern'].map(rule)),
    token(T.To),
    rule('expression'),
  ),
  ifExpression: branches('branch'),
  ifCommand: branches('block'),
  composeForward: token(T.Greater, '">>>"'),
  prefixedArrow: sequence(
    choice(...['first', 'second', 'left', 'right'].map((word) => token(T.Lower, `"${word}"`))),
    choice(rule('arrowName'), rule('arrowGroup')),
  ),
  arrowName: sequence(optional(choice(lower, upper), dot), lower),
  boundCommand: choice(rule('ifCommand'), rule('caseCommand'), rule('feedCommand')),
  plainCommand: choice(rule('bindCommand'), rule('feedCommand')),
  constructorArguments: sequence(
    token(T.OpenRound),
    choice(sequence(rule('type'), optional(comma)), list(rule('parameter'))),
    token(T.CloseRound),
  ),
  arrowRest: sequence(token(T.Colon), rule('typeAtom'), token(T.To), rule('type'), rule('arrowBody')),
  state: sequence(token(T.StateWord), choice(curly(list(typed)), rule('stateValue'))),
};

/** The rules, by name, as far as a whole file, the first, leads to them; one that only names another is left out. */
export function grammarRules(): ReadonlyMap<string, Phrase> {
  const recorded = new Grammar().getGAstProductions();
  const phraseOfRule = (name: string): Phrase => EXACT[name] ?? phraseOf(recorded[name]!.definition);
  const inlined = (phrase: Phrase): Phrase =>
    mapped(phrase, (name) => {
      const own = phraseOfRule(name);
      const isPlain = own.kind === 'token' || (own.kind === 'rule' && name !== 'head');
      return isPlain ? inlined(own) : rule(name);
    });
  const rules = new Map<string, Phrase>();
  const open = ['module'];
  for (let name = open.shift(); name !== undefined; name = open.shift()) {
    if (rules.has(name)) continue;
    rules.set(name, inlined(phraseOfRule(name)));
    mapped(rules.get(name)!, (next) => {
      open.push(next);
      return rule(next);
    });
  }
  return rules;
}

/** A phrase with something else for each rule in it. */
function mapped(phrase: Phrase, change: (name: string) => Phrase): Phrase {
  const inside = (part: Phrase): Phrase => mapped(part, change);
  switch (phrase.kind) {
    case 'token':
      return phrase;
    case 'rule':
      return change(phrase.name);
    case 'sequence':
      return { ...phrase, parts: phrase.parts.map(inside) };
    case 'choice':
      return { ...phrase, alternatives: phrase.alternatives.map(inside) };
    case 'optional':
    case 'repeated':
      return { ...phrase, part: inside(phrase.part) };
    case 'list':
    case 'lines':
      return { ...phrase, item: inside(phrase.item) };
  }
}

/** Definitions that hold only what is refused give null. */
function phraseOf(definition: readonly IProduction[]): Phrase {
  return sequence(...definition.map(productionOf).filter((phrase) => phrase !== null));
}

function productionOf(production: IProduction): Phrase | null {
  if (production instanceof Terminal) return terminalOf(production);
  if (production instanceof NonTerminal) {
    if (production.label === REFUSED.LABEL) return null;
    const phrase = rule(production.nonTerminalName);
    return production.label === OPTIONAL.LABEL ? optional(phrase) : phrase;
  }
  if (production instanceof Option) {
    const inside = parts(production);
    if (inside === null) return null;
    return labelOf(production.definition) === REQUIRED.LABEL ? inside : optional(inside);
  }
  if (production instanceof Repetition) return repetitionOf(production);
  if (!(production instanceof Alternation))
    throw new Error(`a ${production.constructor.name} in the grammar`);
  const alternatives = (production.definition as Alternative[])
    .map(parts)
    .filter((phrase) => phrase !== null);
  return alternatives.length === 0 ? null : choice(...alternatives);
}

/** What is in a part; null where it starts with what is refused. */
function parts({ definition }: { readonly definition: readonly IProduction[] }): Phrase | null {
  const [first] = definition;
  return first === undefined || productionOf(first) === null ? null : phraseOf(definition);
}

function labelOf([first]: readonly IProduction[]): string | undefined {
  return first instanceof Terminal || first instanceof NonTerminal ? first.label : undefined;
}

function terminalOf({ terminalType: type, label }: Terminal): Phrase | null {
  const isRefused = label === REFUSED.LABEL || type === T.Any || type === T.Planned;
  if (isRefused || FOREIGN.has(type) || type === T.LineEnd) return null;
  if (label?.startsWith('"') === true) return token(type, label);
  // Of what can join operands, the rest is refused.
  if (type === T.Joint) return rule('operator');
  const kinds = members(type).map((each) => token(each));
  return kinds.length === 0 ? token(type) : choice(...kinds);
}

/** Of the two shapes that repetitions of this grammar have, or plain. */
function repetitionOf({ definition }: Repetition): Phrase | null {
  const last = definition.at(-1);
  const [first] = definition;
  if (last instanceof Option && labelIsComma(last)) return list(phraseOf(definition.slice(0, -1)));
  if (first instanceof Alternation) {
    const [separator, item] = first.definition as Alternative[];
    const isLines = first.definition.length === 2 && isSeparator(separator!);
    if (isLines) return lines(parts(item!)!);
  }
  if (isSeparator({ definition })) return null;
  return repeated(phraseOf(definition));
}

function labelIsComma({ definition }: { readonly definition: readonly IProduction[] }): boolean {
  const [only] = definition;
  return definition.length === 1 && only instanceof Terminal && only.terminalType === T.Comma;
}

function isSeparator({ definition }: { readonly definition: readonly IProduction[] }): boolean {
  const [only] = definition;
  return definition.length === 1 && only instanceof Terminal && only.terminalType === T.Separator;
}

// -------------------------------------------------------------------------------- text

const HEAD = `# The grammar

Generated from the parser by \`npm run docs\`; a test holds it against the parser, both ways. \`"text"\` is that text;
\`lower\`, \`upper\`, \`integer\`, \`string\`, \`bytes\` and \`time\` are tokens, any other name is a rule. \`x?\` may be left out,
\`x*\` is there any number of times. \`list(x)\` is any number of \`x\` with commas between them, and perhaps one after the
last; \`lines(x)\` any number of \`x\`, each ended by the end of the line, a \`;\`, or the bracket around them.

- A line goes on in the next where it ends in an operator, \`,\`, \`=\`, \`|\`, \`->\`, \`<-\`, \`-<\`, \`in\` or an opening bracket,
  where the next starts with an operator, \`.\`, \`,\`, \`=\`, \`|\`, \`in\`, \`else\` or a closing bracket, and inside \`( )\`, \`[ ]\`
  and the braces of a record, map or set. A \`-\` that starts such a line has a space after it, and a \`>\` that ends one is an
  operator. The \`(\` of a call stands on the line of what is called.
- In the \`head\` of an \`if\` or a \`case\`, and after the \`->\` of an \`armBody\`, a \`{\` starts the block: a record or a
  collection in a head needs parentheses.
  \`Map {\` and \`Set {\` start a collection elsewhere.
  Line ends around the expression of a \`branch\` mean nothing.
- A block ends in no \`let\` and no \`<-\`. A \`rename\` is to a name of the same case.
- A reserved word is no name. Words that stand in a rule beside names (\`"first"\`, \`"back"\`, \`"rename"\`, …) are names
  everywhere else.

`;

/** The page of the grammar. */
export function grammarReference(): string {
  const rules = [...grammarRules()].map(([name, phrase]) => wrapped(name, phrase));
  const words = members(T.Reserved).map((type) => `\`${type.PATTERN as string}\``);
  return (
    `${HEAD}## Rules\n\n\`\`\`text\n${rules.join('\n')}\n\`\`\`\n\n## Operators\n\n` +
    `Those of expressions, the loosest first; all are left associative, but comparisons, which can not be chained:\n\n` +
    `${levels(OPERATOR_PRECEDENCE)}\n\nThose of arrows, the loosest first; all are right associative:\n\n` +
    `${levels(COMPOSE_PRECEDENCE)}\n\n## Tokens\n\n${tokenTable()}\n\nReserved words: ${words.join(', ')}.\n`
  );
}

function levels(precedence: Readonly<Record<string, number>>): string {
  const byLevel = Map.groupBy(Object.keys(precedence), (operator) => precedence[operator]!);
  return [...byLevel]
    .sort(([a], [b]) => a - b)
    .map(([, operators], i) => `${i + 1}. ${operators.map((operator) => `\`${operator}\``).join(' ')}`)
    .join('\n');
}

function tokenTable(): string {
  const rows = [
    ['lower', patternOf(T.Lower)],
    ['upper', patternOf(T.Upper)],
    ['integer', '`7`, `1_000`'],
    ['string', '`"text"`, with the escapes `\\n` `\\r` `\\t` `\\"` `\\\\` `\\u{1F600}`'],
    ['bytes', '`0x"00ff"`'],
    ['time', '`@1000` (milliseconds), `@2026-11-20T21:41:25Z`'],
    ['comments', '`-- to the end of the line`, `{- nested -}`, `--| of the declaration that follows`'],
  ];
  return rows.map(([name, text]) => `- ${name}: ${text}`).join('\n');
}

const patternOf = ({ PATTERN }: TokenType): string => `\`${(PATTERN as RegExp).source}\``;

const WIDTH = 110;

/** `name = phrase`, its parts on lines of their own where one line is too short. */
function wrapped(name: string, phrase: Phrase): string {
  const line = `${name} = ${textOfPhrase(phrase, false)}`;
  if (line.length <= WIDTH) return line;
  const pieces =
    phrase.kind === 'sequence'
      ? phrase.parts.map((part) => textOfPhrase(part, part.kind === 'choice'))
      : [textOfPhrase(phrase, false)];
  return `${name} =\n    ${pieces.join('\n    ')}`;
}

/** `isTight`: whether it is a part of something that binds closer than a choice and a sequence. */
function textOfPhrase(phrase: Phrase, isTight: boolean): string {
  const grouped = (text: string): string => (isTight ? `(${text})` : text);
  switch (phrase.kind) {
    case 'token':
      return phrase.text;
    case 'rule':
      return phrase.name;
    case 'sequence':
      return grouped(phrase.parts.map((part) => textOfPhrase(part, part.kind === 'choice')).join(' '));
    case 'choice':
      return grouped(phrase.alternatives.map((each) => textOfPhrase(each, false)).join(' | '));
    case 'optional':
      return `${textOfPhrase(phrase.part, true)}?`;
    case 'repeated':
      return `${textOfPhrase(phrase.part, true)}*`;
    case 'list':
    case 'lines':
      return `${phrase.kind}(${textOfPhrase(phrase.item, false)})`;
  }
}
