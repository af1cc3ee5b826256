import { fromHex } from './hexadecimal.ts';
import { suggest } from './suggest.ts';
import { detached, joined } from './text-memory.ts';
import { printString } from './text.ts';
import { parseDigits, parseTime } from './time.ts';
import { INT_MAX, VALUE_LIMITS } from './value.ts';

/**
 * A place in a text that is read forward only: white space and comments, symbols, words, and
 * the literals of the language. At the first thing that does not fit, reading gives up with
 * the place and what was expected there. Strings, and the rest of a line, hold nothing of the text.
 */

/** Text that is not what was expected. */
export interface TextError {
  /** `unknown-operation`: the input names an operation that the machine does not have. */
  readonly code: 'bad-request' | 'unknown-operation';
  /** One sentence without a full stop. */
  readonly message: string;
  /** From 1, in code points of the line. */
  readonly column: number;
}

export type TextRead<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: TextError };

/** The longest text that is read, in UTF-16 units. */
export const TEXT_LENGTH_MAX = 16 * 1024 * 1024;

class TextReadError extends Error {
  readonly code: TextError['code'];
  readonly offset: number;

  constructor(code: TextError['code'], message: string, offset: number) {
    super(message);
    this.code = code;
    this.offset = offset;
  }
}

/** Reads all of a text from offset `start`, up to white space and comments at its end. */
export function reading<T>(text: string, start: number, read: (cursor: TextCursor) => T): TextRead<T> {
  const cursor = new TextCursor(text, start);
  try {
    if (text.length > TEXT_LENGTH_MAX) cursor.fail(`the text is longer than ${TEXT_LENGTH_MAX}`);
    const value = read(cursor);
    if (!cursor.atEnd()) cursor.failExpecting('the end of the line');
    return { ok: true, value };
  } catch (error) {
    if (!(error instanceof TextReadError)) throw error;
    const before = text.slice(text.lastIndexOf('\n', error.offset - 1) + 1, error.offset);
    return {
      ok: false,
      error: { code: error.code, message: error.message, column: Array.from(before).length + 1 },
    };
  }
}

/** Each method that takes something skips white space and comments before it. */
export class TextCursor {
  readonly #text: string;
  #at: number;

  constructor(text: string, start: number) {
    this.#text = text;
    this.#at = start;
  }

  get offset(): number {
    return this.#at;
  }

  /** The next character, also if it is white space. */
  peek(): string | undefined {
    return this.#text[this.#at];
  }

  /** Goes back to an offset where it has been. */
  rewind(offset: number): void {
    this.#at = offset;
  }

  /** Gives up: something is wrong at `offset` (here, if not said). */
  fail(message: string, offset: number = this.#at, code: TextError['code'] = 'bad-request'): never {
    throw new TextReadError(code, message, offset);
  }

  /** Gives up: here is something else than `what`; `names` are those of which one may have been meant. */
  failExpecting(what: string, names: readonly string[] = []): never {
    this.skip();
    const start = this.#at;
    const meant = meantOf(this.word(), names);
    this.#at = start;
    return this.fail(`expected ${what}, got ${this.#describeNext()}${meant}`);
  }

  atEnd(): boolean {
    this.skip();
    return this.#at >= this.#text.length;
  }

  /** Takes a symbol that must be next. */
  expect(symbol: string): void {
    if (!this.take(symbol)) this.failExpecting(`"${symbol}"`);
  }

  /** Takes this word, if it is next. */
  takeWord(word: string): boolean {
    const start = this.#at;
    if (this.word() === word) return true;
    this.#at = start;
    return false;
  }

  /** Takes all that is left, which must be something. */
  restOfLine(what: string): string {
    this.skip();
    const rest = this.#text.slice(this.#at).trim();
    if (rest === '') this.failExpecting(what);
    this.skipRest();
    return detached(rest);
  }

  skipRest(): void {
    this.#at = this.#text.length;
  }

  /** `@6000`, `@2026-11-20T21:41:25Z`: in milliseconds since the epoch. */
  time(): number {
    this.skip();
    const start = this.#at;
    if (!this.take('@')) this.failExpecting('Time');
    const run = this.run((character) => isWordCharacter(character) || ':.+-'.includes(character));
    // The colon after a key of a map is none of a time.
    const text = run.endsWith(':') ? run.slice(0, -1) : run;
    this.#at -= run.length - text.length;
    const time = parseTime(text);
    return time ?? this.fail(`there is no time @${shorten(text)}`, start);
  }

  /** `42`, `1_000`, `-7` */
  int(): number {
    this.skip();
    const start = this.#at;
    const negative = this.take('-');
    const text = this.run(isWordCharacter);
    const magnitude = parseDigits(text);
    if (magnitude === null) {
      this.#at = start;
      this.failExpecting('Int');
    }
    if (magnitude > INT_MAX) this.fail(`${negative ? '-' : ''}${shorten(text)} does not fit an Int`, start);
    return negative ? 0 - magnitude : magnitude;
  }

  /** `"…"`, with escapes. */
  string(): string {
    this.skip();
    const start = this.#at;
    if (!this.take('"')) this.failExpecting('String');
    let value = '';
    let copied = this.#at;
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined || character === '\n') this.fail('the string is not closed', start);
      if (character !== '"' && character !== '\\') {
        this.#at++;
        continue;
      }
      value = joined(value, this.#text.slice(copied, this.#at));
      if (character === '\\') value = joined(value, this.#escape());
      else this.#at++;
      copied = this.#at;
      if (character === '"') break;
    }
    if (!value.isWellFormed()) this.fail('the string has a lone surrogate', start);
    if (value.length > VALUE_LIMITS.stringLengthMax) this.fail('value too large', start);
    return detached(value);
  }

  #escape(): string {
    const start = this.#at;
    const letter = this.#text[start + 1];
    this.#at += 2;
    const simple = SIMPLE_ESCAPES[letter];
    if (simple !== undefined) return simple;
    const end = letter === 'u' && this.#text[start + 2] === '{' ? this.#text.indexOf('}', start) : -1;
    const digits = end < 0 || end > start + 9 ? '' : this.#text.slice(start + 3, end);
    const scalar = digits !== '' && Array.from(digits).every(isHexDigit) ? Number.parseInt(digits, 16) : -1;
    if (scalar < 0 || scalar > 0x10ffff || (scalar >= 0xd800 && scalar < 0xe000)) {
      // With its braces, where they are closed, and nothing of what follows.
      const shown = digits === '' ? /^\\./u.exec(this.#text.slice(start, start + 3))?.[0] : undefined;
      const isSurrogate = scalar >= 0xd800 && scalar < 0xe000;
      const why = isSurrogate ? ': this is one half of a pair of surrogates, and no character' : '';
      this.fail(`unknown escape ${shown ?? this.#text.slice(start, end + 1)}${why}`, start);
    }
    this.#at = end + 1;
    return String.fromCodePoint(scalar);
  }

  /** `0x"00ff"` */
  bytes(): Uint8Array {
    if (!this.take('0x"')) this.failExpecting('Bytes, written as 0x"00ff"');
    const start = this.#at;
    const digits = this.run(isHexDigit);
    if (this.#text[this.#at] !== '"') this.fail('expected pairs of hexadecimal digits up to `"`', start);
    if (digits.length % 2 !== 0)
      this.fail(`a byte is two hexadecimal digits, and these are ${digits.length}`, start);
    this.#at++;
    return fromHex(digits.toLowerCase());
  }

  /** Whether `name:` is next; it stays where it is. */
  nameAndColon(): boolean {
    const start = this.#at;
    const named = isLower(this.word()) && this.take(':');
    this.#at = start;
    return named;
  }

  /** Letters, digits and `_`, or nothing. */
  word(): string {
    this.skip();
    return this.run(isWordCharacter);
  }

  /** The characters from here on that are accepted; white space is not skipped. */
  run(accepts: (character: string) => boolean): string {
    const start = this.#at;
    while (this.#at < this.#text.length && accepts(this.#text[this.#at])) this.#at++;
    return this.#text.slice(start, this.#at);
  }

  /** Takes a symbol, if it is next. */
  take(symbol: string): boolean {
    this.skip();
    if (!this.#text.startsWith(symbol, this.#at)) return false;
    this.#at += symbol.length;
    return true;
  }

  /** White space and comments. */
  skip(): void {
    for (;;) {
      this.run((character) => ' \t\r\n'.includes(character));
      if (this.#text.startsWith('{-', this.#at)) this.#skipBlockComment();
      else if (this.#text.startsWith('--', this.#at)) {
        const end = this.#text.indexOf('\n', this.#at);
        this.#at = end < 0 ? this.#text.length : end;
      } else return;
    }
  }

  /** `{- … -}`, which nests. */
  #skipBlockComment(): void {
    const start = this.#at;
    let depth = 0;
    do {
      const next = this.#text.slice(this.#at, this.#at + 2);
      if (next === '') {
        this.#at = start;
        this.fail('this comment is not closed; where none was meant, write a space, `{ -`');
      }
      if (next === '{-') depth++;
      else if (next === '-}') depth--;
      this.#at += next === '{-' || next === '-}' ? 2 : 1;
    } while (depth > 0);
  }

  #describeNext(): string {
    if (this.atEnd()) return 'the end of the line';
    const start = this.#at;
    const word = this.run(isWordCharacter);
    this.#at = start;
    if (word !== '') return shorten(word);
    if (this.#text[start] !== '"') return printString(String.fromCodePoint(this.#text.codePointAt(start)!));
    const end = this.#text.indexOf('"', start + 1);
    return shorten(this.#text.slice(start, end < 0 ? undefined : end + 1));
  }
}

/** The end of a message about a name that is not known: the nearest of those that are. */
export function meantOf(name: string, known: readonly string[]): string {
  const near = suggest(name, known);
  return near === null ? '' : `; did you mean ${near}?`;
}

const SHOWN_LENGTH_MAX = 24;

const SIMPLE_ESCAPES: Readonly<Record<string, string | undefined>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  '"': '"',
  '\\': '\\',
};

const isDigit = (character: string): boolean => character >= '0' && character <= '9';
/** Whether a word begins with a letter in lower case. */
export const isLower = (word: string): boolean => word[0] >= 'a' && word[0] <= 'z';
/** Whether a word begins with a letter in upper case. */
export const isUpper = (word: string): boolean => word[0] >= 'A' && word[0] <= 'Z';
/** Whether a character can be in a name or a number. */
export const isWordCharacter = (character: string): boolean =>
  isDigit(character) || isLower(character) || isUpper(character) || character === '_';
const isHexDigit = (character: string): boolean =>
  isDigit(character) || (character >= 'a' && character <= 'f') || (character >= 'A' && character <= 'F');

function shorten(text: string): string {
  return text.length <= SHOWN_LENGTH_MAX ? text : `${text.slice(0, SHOWN_LENGTH_MAX)}…`;
}
