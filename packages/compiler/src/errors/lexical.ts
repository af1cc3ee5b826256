import type { Diagnostic, Span } from '@smc/protocol';
import type { LiteralFault } from '../syntax/literals.ts';
import { syntaxError as error, type SyntaxCode } from './syntax-codes.ts';

/**
 * What can be wrong with characters and literals: a function for each mistake, that takes the facts and
 * gives the diagnostic.
 */

/** A character that means nothing outside of strings and comments; `type` is what it stands right behind. */
export function unknownCharacter(at: Span, character: string, type: string | null): Diagnostic {
  const scalar = character.codePointAt(0) ?? 0;
  const code = `U+${scalar.toString(16).toUpperCase().padStart(4, '0')}`;
  const visible = /^[\p{L}\p{N}\p{P}\p{S}]$/u.test(character);
  const message = `the character ${visible ? `\`${character}\` (${code})` : code} means nothing here`;
  const hints: Record<string, string> = {
    "'": 'A string stands in double quotes: "…".',
    '`': 'A string stands in double quotes: "…".',
    '@': 'A time is written `@1000` (milliseconds) or `@2026-11-20T21:41:25Z`.',
    '&': '"And" is written `&&`.',
    '\\': 'A function in place is written `x -> x + 1`.',
    '?': 'A choice between two values is `if c { a } else { b }`; what may be absent is an `Option<Int>`.',
    '“': 'A string stands in straight double quotes: "…".',
    '”': 'A string stands in straight double quotes: "…".',
    ...ASCII,
  };
  const kinds: readonly (readonly [RegExp, string])[] = [
    [/^\p{L}$/u, 'Names are written with the letters a to z, digits and `_`.'],
    [/^\p{Zs}$/u, 'It looks like a space and is none: write a space.'],
    [/^\p{C}$/u, 'It can not be seen: take it out.'],
  ];
  const byKind = kinds.find(([kind]) => kind.test(character))?.[1];
  const optional = character === '?' && type !== null ? `What may be absent is \`Option<${type}>\`.` : null;
  const hint = optional ?? hints[character] ?? byKind;
  return error('E0101', message, at, '', ...(hint === undefined ? [] : [hint]));
}

/** What is written for characters that look or mean alike. */
const ASCII: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    ...{ '-': '−–—', '*': '×·', '/': '÷', '<=': '≤', '>=': '≥', '!=': '≠', '->': '→', '<-': '←', '=>': '⇒' },
    ...{ '&&': '∧', '||': '∨', '!': '¬', '...': '…' },
  }).flatMap(([written, others]) => [...others].map((other) => [other, `Write \`${written}\`.`])),
);

/** E0102: a string that is not closed. */
export function unclosedString(at: Span): Diagnostic {
  return error(
    'E0102',
    'this string is not closed',
    at,
    'no `"` up to the end of the line',
    'A string ends on the line it starts on. A line break in it is written `\\n`, and a quote `\\"`.',
  );
}

/** E0104: a comment that is not closed. */
export function unclosedComment(at: Span): Diagnostic {
  return error(
    'E0104',
    'this comment is not closed',
    at,
    'opened here',
    'A block comment ends with `-}`, and each `{-` inside it needs its own. Where no comment was meant, ' +
      'write a space: `{ -`.',
  );
}

/** E0114: a word, operator, comment or string as other languages write it. */
export function otherQuotes(at: Span, written: string): Diagnostic {
  const joined = written.includes('${') ? ['`++` joins strings: `"n: " ++ Int.toString(n)`.'] : [];
  const write = /^['`]/.test(written) ? 'Write "…".' : 'Write straight ones: "…".';
  return error('E0114', 'a string stands in double quotes', at, '', write, ...joined);
}

/** E0114: a word, operator, comment or string as other languages write it. */
export function foreignComment(at: Span, start: string): Diagnostic {
  return error('E0114', `\`${start}\` starts no comment`, at, '', 'A comment starts with `--`.');
}

/** `===`, `!==`, `:=`, `|>`, `::`, `<>`, `/=`, `~` */
export function foreignOperator(at: Span, operator: string): Diagnostic {
  const instead: Record<string, string> = {
    '===': 'Equality is written `==`.',
    '!==': 'Inequality is written `!=`.',
    ':=': 'A value is named with `let x = …`, the output of a command with `x <- …`.',
    '|>': 'A function is called `f(x)`; arrows are composed with `>>>`.',
    '<>': '`++` joins strings and lists; inequality is written `!=`.',
    '/=': 'Inequality is written `!=`.',
    '~': '"Not" is written `!`.',
    '::': '`List.prepend(xs, x)` puts an item before a list; in a pattern it is `[x, ...xs]`.',
  };
  return error('E0114', `there is no operator \`${operator}\``, at, '', instead[operator] ?? '');
}

/** E0114: a `-}` that ends nothing. */
export function strayCommentEnd(at: Span): Diagnostic {
  return error(
    'E0114',
    'this `-}` ends no comment',
    at,
    '',
    'A block comment starts with `{-`. Take it out.',
  );
}

/** E0123: a name that starts in the wrong case. */
export function underscoreName(at: Span, name: string): Diagnostic {
  const message = `\`${name}\` is no name: a name starts with a letter`;
  return error('E0123', message, at, '', 'What is not used is written `_`, without a name.');
}

/** A literal that can not be read. One flat choice by the kind of fault. */
export function badLiteral(at: Span, fault: LiteralFault): Diagnostic {
  const say = (code: SyntaxCode, message: string, ...help: string[]): Diagnostic =>
    error(code, message, at, '', ...help);
  switch (fault.kind) {
    case 'unknown escape':
      return say('E0103', `there is no escape \`${fault.escape}\``, ESCAPES);
    case 'bad unicode escape':
      return say('E0103', `\`${fault.escape}\` names no character`, UNICODE_ESCAPES);
    case 'lone surrogate':
      return say('E0109', 'this string holds half of a surrogate pair, which is no character');
    case 'fraction':
      return say('E0105', 'there are only whole numbers', 'Count in the smaller unit: cents, milliseconds.');
    case 'bad digits':
      return fault.value === null
        ? say('E0105', `\`${fault.text}\` is neither a number nor a name`, NUMBERS)
        : say('E0105', 'a number is written with decimal digits alone', `Write \`${fault.value}\`.`);
    case 'leading zero':
      return say('E0105', 'a number does not start with `0`', `Write \`${fault.value}\`.`);
    case 'too large':
      return say('E0106', 'this integer does not fit; the largest Int is 9007199254740991', SMALLEST);
    case 'unclosed bytes':
      return say('E0107', 'these bytes are not closed', 'Bytes are written `0x"00ff"`.');
    case 'odd bytes':
      return say('E0107', 'half a byte is left over', 'Each byte is written with two digits: `0x"00ff"`.');
    case 'bad hex digit':
      return say('E0107', `\`${fault.digit}\` is no hexadecimal digit`, 'The digits are 0 to 9 and a to f.');
    case 'bad time':
      return say('E0108', 'this time can not be read', TIMES);
    case 'no such time':
      return say('E0108', 'there is no such day or time of day');
    case 'time out of range':
      return say('E0108', 'this time does not fit', TIME_RANGE);
  }
}

const ESCAPES = 'There are `\\n`, `\\r`, `\\t`, `\\"`, `\\\\` and `\\u{1F600}`.';
const UNICODE_ESCAPES =
  'Write `\\u{…}` with up to six hexadecimal digits, at most 10FFFF and not D800 to DFFF.';
const NUMBERS = 'A number is written `42` or `1_000_000`, and a name starts with a letter.';
const SMALLEST = 'The smallest is -9007199254740991.';
const TIMES =
  'A time is written `@2026-11-20T21:41:25Z`, `@2026-11-20T21:41:25.250Z`, or in milliseconds `@6000`.';
const TIME_RANGE = 'A time is within 8640000000000000 milliseconds of 1970.';
