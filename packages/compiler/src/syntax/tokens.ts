import { createToken, EOF, Lexer, type IToken, type TokenType } from 'chevrotain';

/**
 * The vocabulary. Each kind of token is one row below, with the words that a message uses for it; the
 * lexer matches the rows in their order, so that of two spellings with a common start the longer comes
 * first.
 */

/** A token as the layout hands it to the grammar. */
export interface Token extends IToken {
  /** Its place in the list of tokens that the grammar reads. */
  index: number;
  /** For a bracket, the place of the one that it belongs to; otherwise -1. */
  partner: number;
  /** Whether a line ends between the token before and this one. */
  fresh: boolean;
  /** Whether white space follows it. */
  spaced: boolean;
  /** The doc comment before it, if there is one. */
  doc: string | null;
}

// ----------------------------------------------------------------------- categories

const category = (name: string, label: string, ...categories: TokenType[]): TokenType =>
  createToken({ name, label, pattern: Lexer.NA, categories });

/** Anything that does not end a statement: what error recovery may step over. */
export const Any = category('Any', 'something');
/** What an expression goes on with: an operator, or the `=` or `<-` that was written for one. */
export const Joint = category('Joint', 'an operator');
/** What stands between two operands of an expression. */
export const Infix = category('Infix', 'an operator', Joint);
/** What stands between two arrows, but for `>>>`, which is three tokens. */
export const Compose = category('Compose', 'an arrow operator');
/** What stands before an operand. */
export const Prefix = category('Prefix', 'an operator');
/** What an item of a list can start with, and nothing that could follow an item starts with. */
export const Starter = category('Starter', 'an item');
/** A literal that is one token. */
export const Literal = category('Literal', 'a literal');
/** A word that is never a name. */
export const Reserved = category('Reserved', 'a reserved word');
/** A word that is reserved for a part of the language that is not there yet. */
export const Planned = category('Planned', 'a reserved word');
/** What ends a statement. */
export const Separator = category('Separator', 'the end of the line');

// --------------------------------------------------------------------------- tokens

const vocabulary: TokenType[] = [];

type Pattern = NonNullable<Parameters<typeof createToken>[0]['pattern']>;

function define(
  name: string,
  pattern: Pattern,
  label: string,
  categories: TokenType[],
  hint?: (string | number)[],
): TokenType {
  const token = createToken({
    name,
    pattern,
    label,
    categories,
    line_breaks: typeof pattern === 'function',
    ...(hint === undefined ? {} : { start_chars_hint: hint }),
  });
  vocabulary.push(token);
  return token;
}

const symbol = (name: string, text: string, ...categories: TokenType[]): TokenType =>
  define(name, text, `\`${text}\``, [Any, ...categories]);

/** A custom match: a piece of text, and what the lexer should remember of it. */
type Scanned = [string] & { payload?: unknown };

function scanned(text: string, start: number, end: number, payload?: unknown): Scanned {
  const match: Scanned = [text.slice(start, end)];
  match.payload = payload;
  return match;
}

/** `{- -}`, nested; an unclosed one reaches to the end of the text, and says so. */
function matchBlockComment(text: string, offset: number): Scanned | null {
  if (!text.startsWith('{-', offset)) return null;
  let depth = 0;
  for (let i = offset; i < text.length; i++) {
    if (text.startsWith('{-', i)) depth++;
    else if (text.startsWith('-}', i)) depth--;
    else continue;
    i++;
    if (depth === 0) return scanned(text, offset, i + 1, 'closed');
  }
  return scanned(text, offset, text.length, 'unclosed');
}

/** A scan and no regular expression: those recurse, and overflow on long texts. */
function matchString(text: string, offset: number): Scanned | null {
  const quote = text[offset];
  if (quote !== '"') return null;
  for (let i = offset + 1; i < text.length; i++) {
    const char = text[i];
    if (char === '"') return scanned(text, offset, i + 1, 'closed');
    if (char === '\n') return scanned(text, offset, i > 0 && text[i - 1] === '\r' ? i - 1 : i, 'unclosed');
    if (char === '\\' && text[i + 1] !== '\n') i++;
  }
  return scanned(text, offset, text.length, 'unclosed');
}

// The white space and comments, which the grammar never sees.
/** Spaces and line ends. */
export const WhiteSpace = createToken({
  name: 'WhiteSpace',
  pattern: /[ \t\r\n\uFEFF]+/,
  group: Lexer.SKIPPED,
  line_breaks: true,
});
const comment = { group: 'comments', line_breaks: false };
/** `--| …` */
export const DocComment = createToken({ name: 'DocComment', pattern: /--\|[^\n]*/, ...comment });
/** `-- …` */
export const LineComment = createToken({ name: 'LineComment', pattern: /--[^\n]*/, ...comment });
/** `{- … -}` */
export const BlockComment = createToken({
  name: 'BlockComment',
  pattern: matchBlockComment,
  group: 'comments',
  line_breaks: true,
  start_chars_hint: ['{'],
});
/** `//`, `/*` and `#`: comments of other languages, refused and then skipped. */
export const ForeignComment = createToken({
  name: 'ForeignComment',
  pattern: /\/\*(?:[^]*?\*\/|[^]*)|(?:\/\/|#)[^\n]*/,
  group: 'comments',
  line_breaks: true,
});
/** `-}` alone: refused, and skipped. */
export const StrayCommentEnd = createToken({ name: 'StrayCommentEnd', pattern: /-\}/, ...comment });
vocabulary.push(WhiteSpace, DocComment, LineComment, BlockComment, ForeignComment, StrayCommentEnd);

// Literals.
/** `"…"` */
export const StringLiteral = define('StringLiteral', matchString, 'a string', [Any, Literal, Starter], ['"']);
/** `'text'`, as other languages write a string: refused, and read as one. */
export const QuotedLiteral = define(
  'QuotedLiteral',
  /'[^'\n]*'|`[^`\n]*`|[“”„][^“”\n]*[“”]|[‘’‚][^‘’\n]*[‘’]/,
  'a string',
  [Any, Literal, Starter],
);
/** `0x"00ff"` */
export const BytesLiteral = define('BytesLiteral', /0x"[^"\n]*"?/, 'bytes', [Any, Literal, Starter]);
/** `@6000`, `@2026-11-20T21:41:25Z` */
export const TimeLiteral = define('TimeLiteral', /@[+-]?[0-9](?:[0-9A-Za-z_]|[:.+-](?=[0-9]))*/, 'a time', [
  Any,
  Literal,
  Starter,
]);
/** `1_000`; what is wrong with one is told when it is read. */
export const IntLiteral = define('IntLiteral', /[0-9][0-9A-Za-z_]*(?:\.[0-9][0-9A-Za-z_]*)?/, 'an integer', [
  Any,
  Literal,
  Starter,
]);

// Names. The reserved words come before `Lower` and yield to a longer name.
/** A name in lower case. */
export const Lower = createToken({
  name: 'Lower',
  pattern: /[a-z][A-Za-z0-9_]*/,
  label: 'a name',
  categories: [Any, Starter],
});
/** A name in upper case. */
export const Upper = createToken({
  name: 'Upper',
  pattern: /[A-Z][A-Za-z0-9_]*/,
  label: 'a name in upper case',
  categories: [Any, Starter],
});
/** `_`, and names that start so, which are refused. */
export const Wildcard = createToken({
  name: 'Wildcard',
  pattern: /_[A-Za-z0-9_]*/,
  label: '`_`',
  categories: [Any, Starter],
});

function word(text: string, ...categories: TokenType[]): TokenType {
  const name = `Word_${text}`;
  const token = createToken({
    name,
    pattern: text,
    label: `\`${text}\``,
    longer_alt: Lower,
    categories: [Any, ...categories],
  });
  vocabulary.push(token);
  return token;
}

/** `machine` */
export const MachineWord = word('machine', Reserved);
/** `state` */
export const StateWord = word('state', Reserved);
/** `on` */
export const OnWord = word('on', Reserved);
/** `fun` */
export const FunWord = word('fun', Reserved);
/** `arrow` */
export const ArrowWord = word('arrow', Reserved);
/** `type` */
export const TypeWord = word('type', Reserved);
/** `import` */
export const ImportWord = word('import', Reserved);
/** `as` */
export const AsWord = word('as', Reserved);
/** `upgrade` */
export const UpgradeWord = word('upgrade', Reserved);
/** `test` */
export const TestWord = word('test', Reserved);
/** `invariant` */
export const InvariantWord = word('invariant', Reserved);
/** `let` */
export const LetWord = word('let', Reserved, Starter);
/** `in` */
export const InWord = word('in', Reserved);
/** `if` */
export const IfWord = word('if', Reserved, Starter);
/** `else` */
export const ElseWord = word('else', Reserved);
/** `case` */
export const CaseWord = word('case', Reserved, Starter);
/** `proc` */
export const ProcWord = word('proc', Reserved, Starter);
/** `true` */
export const TrueWord = word('true', Reserved, Literal, Starter);
/** `false` */
export const FalseWord = word('false', Reserved, Literal, Starter);
/** `pipeline` */
export const PipelineWord = word('pipeline', Reserved, Planned);
/** `send` */
export const SendWord = word('send', Reserved, Planned);
/** `after` */
export const AfterWord = word('after', Reserved, Planned);
vocabulary.push(Lower, Upper, Wildcard);

// Operators of other languages, refused by the lexer; the first three go on as `==` and `!=`.
/** `===` */
export const ForeignEqual = symbol('ForeignEqual', '===', Infix);
/** `!==` */
export const ForeignUnequal = symbol('ForeignUnequal', '!==', Infix);
/** `/=` */
export const ForeignSlash = symbol('ForeignSlash', '/=', Infix);
/** `<>` */
export const ForeignDiamond = symbol('ForeignDiamond', '<>', Infix);
/** `~` */
export const ForeignNot = symbol('ForeignNot', '~', Prefix);
/** `:=` */
export const ForeignAssign = symbol('ForeignAssign', ':=');
/** `|>` */
export const ForeignPipe = symbol('ForeignPipe', '|>');
/** `::` */
export const ForeignCons = symbol('ForeignCons', '::');

// Operators and brackets. `>>>` is three `>` side by side, for it also closes three lists of type arguments.
/** `...` */
export const Spread = symbol('Spread', '...');
/** `<<<` */
export const ComposeBack = symbol('ComposeBack', '<<<', Compose);
/** `|||` */
export const FanIn = symbol('FanIn', '|||', Compose);
/** `+++` */
export const SumArrows = symbol('SumArrows', '+++', Compose);
/** `&&&` */
export const FanOut = symbol('FanOut', '&&&', Compose);
/** `***` */
export const ProductArrows = symbol('ProductArrows', '***', Compose);
/** `=>` */
export const Gives = symbol('Gives', '=>');
/** `==` */
export const Equal = symbol('Equal', '==', Infix);
/** `!=` */
export const Unequal = symbol('Unequal', '!=', Infix);
/** `<=` */
export const AtMost = symbol('AtMost', '<=', Infix);
/** `>=` */
export const AtLeast = symbol('AtLeast', '>=', Infix);
/** `<-` */
export const Bind = symbol('Bind', '<-', Joint);
/** `||` */
export const Or = symbol('Or', '||', Infix);
/** `&&` */
export const And = symbol('And', '&&', Infix);
/** `++` */
export const Append = symbol('Append', '++', Infix);
/** `->` */
export const To = symbol('To', '->');
/** `-<` */
export const Feed = symbol('Feed', '-<');
/** `<` */
export const Less = symbol('Less', '<', Infix);
/** `>` */
export const Greater = symbol('Greater', '>', Infix);
/** `+` */
export const Plus = symbol('Plus', '+', Infix);
/** `-` */
export const Minus = symbol('Minus', '-', Infix, Prefix);
/** `*` */
export const Times = symbol('Times', '*', Infix);
/** `/` */
export const Divide = symbol('Divide', '/', Infix);
/** `%` */
export const Remainder = symbol('Remainder', '%', Infix);
/** `!` */
export const Not = symbol('Not', '!', Prefix);
/** `=` */
export const Assign = symbol('Assign', '=', Joint);
/** `|` */
export const Bar = symbol('Bar', '|');
/** `.` */
export const Dot = symbol('Dot', '.');
/** `,` */
export const Comma = symbol('Comma', ',');
/** `:` */
export const Colon = symbol('Colon', ':');
/** `(` */
export const OpenRound = symbol('OpenRound', '(', Starter);
/** `[` */
export const OpenSquare = symbol('OpenSquare', '[', Starter);
/** `{` */
export const OpenCurly = symbol('OpenCurly', '{', Starter);
/** `)` */
export const CloseRound = define('CloseRound', ')', '`)`', []);
/** `]` */
export const CloseSquare = define('CloseSquare', ']', '`]`', []);
/** `}` */
export const CloseCurly = define('CloseCurly', '}', '`}`', []);
/** `;` */
export const Semicolon = define('Semicolon', ';', '`;`', [Separator]);

/** The characters that a token or white space starts with. */
const starts = new Set([...' \t\r\n\uFEFF"\'`@#_+-*/%<>=!|&.,:;()[]{}~'].map((char) => char.charCodeAt(0)));

function isKnown(code: number): boolean {
  const digit = code >= 0x30 && code <= 0x39;
  return digit || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a) || starts.has(code);
}

/** A stretch of characters that start nothing: faster than to let the lexer fail at each of them. */
function matchUnknown(text: string, offset: number): Scanned | null {
  let end = offset;
  while (end < text.length && !isKnown(text.charCodeAt(end))) end++;
  return end === offset ? null : scanned(text, offset, end);
}

/** Chevrotain sorts tokens by their first character, and those past Latin-1 by blocks of 256. */
const unknownStarts = Array.from({ length: 512 }, (_, i) => (i < 256 ? i : (i - 256) * 256 + 1)).filter(
  (code) => !isKnown(code),
);

/** Characters that are nothing else: the lexer has refused them, and the grammar stays silent about them. */
export const Unknown = define('Unknown', matchUnknown, 'this character', [Any], unknownStarts);

/** A line end that ends a statement; the layout puts it in. */
export const LineEnd = createToken({
  name: 'LineEnd',
  pattern: Lexer.NA,
  label: 'the end of the line',
  categories: [Separator],
});

/** What the lexer matches, in this order. */
export const lexed: readonly TokenType[] = vocabulary;

/** What the grammar is written in. */
export const parsed: readonly TokenType[] = [
  ...vocabulary,
  ...[LineEnd, Any, Joint, Infix, Compose, Prefix, Starter, Literal, Reserved, Planned, Separator, EOF],
];

// -------------------------------------------------------------------------- queries

/** The closing bracket of an opening one. */
export const closerOf: ReadonlyMap<TokenType, TokenType> = new Map([
  [OpenRound, CloseRound],
  [OpenSquare, CloseSquare],
  [OpenCurly, CloseCurly],
]);

/** Where a token ends: the offset after its last character. */
export function endOf(token: IToken): number {
  return token.startOffset + token.image.length;
}

/** A token that is not written, at an offset. */
export function virtualToken(tokenType: TokenType, offset: number): Token {
  const tokenTypeIdx = tokenType.tokenTypeIdx!;
  return {
    image: '',
    startOffset: offset,
    tokenType,
    tokenTypeIdx,
    payload: undefined,
    index: -1,
    partner: -1,
    fresh: false,
    spaced: true,
    doc: null,
  };
}

/** Whether a token is of a category, or of a kind. */
export function isA(token: IToken, kind: TokenType): boolean {
  return token.tokenType === kind || kind.categoryMatchesMap?.[token.tokenTypeIdx] === true;
}

/** What a message calls a token: the text of a short one in backquotes, else what it is. */
export function describe(token: IToken): string {
  if (token.tokenType === EOF) return 'the end of the file';
  if (token.tokenType === LineEnd) return 'the end of the line';
  if (token.tokenType === StringLiteral || token.tokenType === QuotedLiteral) return 'a string';
  const shown = token.image.length > 40 ? `${token.image.slice(0, 39)}…` : token.image;
  return shown === '' ? (token.tokenType.LABEL ?? token.tokenType.name) : `\`${shown}\``;
}
