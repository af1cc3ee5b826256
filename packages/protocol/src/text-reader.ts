import { fromHex } from './hexadecimal.ts';
import type { Image } from './image.ts';
import { printString, printType } from './text.ts';
import { parseDigits, parseTime } from './time.ts';
import type { TypeId, TypeNode, TypeTable } from './type.ts';
import { INT_MAX, List, sizeOf, Sum, type Value, VALUE_LIMITS } from './value.ts';

/**
 * The mirror of `text.ts`: reads values as they are written in the source, inputs of
 * operations, and the lines in which both stand.
 *
 * The reader follows the type that is expected, so a constructor needs no prefix, and
 * recursion is bounded by the depth of the type (`TYPE_LIMITS`). It reads forward only; at the
 * first thing that does not fit it gives up with the place and what was expected there.
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

export type TextRead<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: TextError };

/** An input: an operation of the image by index, and what its body takes. */
export interface OperationInput {
  readonly operation: number;
  readonly input: Value;
}

/** A line of an input file. */
export type InputLine =
  /** Blank, or a comment. */
  | { readonly kind: 'nothing' }
  /** `now = @1000`: in milliseconds since the epoch. */
  | { readonly kind: 'clock'; readonly time: number }
  | ({ readonly kind: 'input' } & OperationInput);

/** A line of the line protocol. */
export type RequestLine =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'authenticate'; readonly token: string }
  | { readonly kind: 'interface'; readonly fingerprint: string }
  /** `Counter Incr(by: 1)`, `Account/alice Deposit(5)`. The input stands from offset `start` of the line. */
  | { readonly kind: 'call'; readonly machine: string; readonly key: string | null; readonly start: number };

/** The longest text that is read, in UTF-16 units. */
export const TEXT_LENGTH_MAX = 16 * 1024 * 1024;

/** Reads a value of a first-order type; nothing but white space and comments may follow it. */
export function readValue(types: TypeTable, type: TypeId, text: string): TextRead<Value> {
  return reading(text, 0, (reader) => reader.wholeValue(types, type));
}

/** Reads `Op`, `Op(1, "x")` or `Op(a: 1, b: "x")` from offset `start`, and fills in defaults. */
export function readInput(image: Image, text: string, start = 0): TextRead<OperationInput> {
  return reading(text, start, (reader) => reader.input(image));
}

/** Reads a line of an input file for a machine. */
export function readInputLine(image: Image, line: string): TextRead<InputLine> {
  return reading(line, 0, (reader): InputLine => {
    if (reader.atEnd()) return { kind: 'nothing' };
    if (!reader.takeWord('now')) return { kind: 'input', ...reader.input(image) };
    reader.expect('=');
    return { kind: 'clock', time: reader.time() };
  });
}

/** Reads a line of the line protocol up to the input, which `readInput` reads once the machine is known. */
export function readRequestLine(line: string): TextRead<RequestLine> {
  const text = line.trimEnd();
  return reading(text, 0, (reader): RequestLine => {
    if (reader.atEnd()) return { kind: 'nothing' };
    if (reader.takeWord('auth')) return { kind: 'authenticate', token: reader.restOfLine('a token') };
    if (reader.takeWord('interface')) {
      return { kind: 'interface', fingerprint: reader.restOfLine('a fingerprint') };
    }
    const target = reader.target();
    const start = reader.offset;
    reader.skipRest();
    return { kind: 'call', ...target, start };
  });
}

/** A target: `Counter`, `Account/alice`, `Account/"with space"`. */
export function readTarget(text: string): TextRead<{ readonly machine: string; readonly key: string | null }> {
  return reading(text, 0, (reader) => reader.target());
}

class TextReadError extends Error {
  readonly code: TextError['code'];
  readonly offset: number;

  constructor(code: TextError['code'], message: string, offset: number) {
    super(message);
    this.code = code;
    this.offset = offset;
  }
}

function reading<T>(text: string, start: number, read: (reader: TextReader) => T): TextRead<T> {
  const reader = new TextReader(text, start);
  try {
    if (text.length > TEXT_LENGTH_MAX) reader.fail(`the text is longer than ${TEXT_LENGTH_MAX}`);
    const value = read(reader);
    if (!reader.atEnd()) reader.failExpecting('the end of the line');
    return { ok: true, value };
  } catch (error) {
    if (!(error instanceof TextReadError)) throw error;
    const before = text.slice(text.lastIndexOf('\n', error.offset - 1) + 1, error.offset);
    return { ok: false, error: { code: error.code, message: error.message, column: [...before].length + 1 } };
  }
}

/** What an argument list is read against. */
interface Parameter {
  readonly name: string;
  readonly type: TypeId;
  /** Undefined where the argument must be given. */
  readonly default: Value | undefined;
}

class TextReader {
  readonly #text: string;
  #at: number;

  constructor(text: string, start: number) {
    this.#text = text;
    this.#at = start;
  }

  get offset(): number {
    return this.#at;
  }

  fail(message: string, offset: number = this.#at, code: TextError['code'] = 'bad-request'): never {
    throw new TextReadError(code, message, offset);
  }

  failExpecting(what: string): never {
    this.#skip();
    return this.fail(`expected ${what}, got ${this.#describeNext()}`);
  }

  atEnd(): boolean {
    this.#skip();
    return this.#at >= this.#text.length;
  }

  expect(symbol: string): void {
    if (!this.#take(symbol)) this.failExpecting(`"${symbol}"`);
  }

  /** Takes this word, if it is next. */
  takeWord(word: string): boolean {
    const start = this.#at;
    if (this.#word() === word) return true;
    this.#at = start;
    return false;
  }

  restOfLine(what: string): string {
    this.#skip();
    const rest = this.#text.slice(this.#at).trim();
    if (rest === '') this.failExpecting(what);
    this.skipRest();
    return rest;
  }

  skipRest(): void {
    this.#at = this.#text.length;
  }

  target(): { machine: string; key: string | null } {
    const start = this.#at;
    const machine = this.#word();
    if (!isUpper(machine)) {
      this.#at = start;
      this.failExpecting('the name of a machine');
    }
    // No white space around the slash: the input is what follows it.
    if (this.#text[this.#at] !== '/') return { machine, key: null };
    this.#at++;
    if (this.#text[this.#at] === '"') return { machine, key: this.#string() };
    const key = this.#run((character) => isWordCharacter(character) || character === '-');
    if (key === '') this.failExpecting('a key');
    return { machine, key };
  }

  input(image: Image): OperationInput {
    const { types, constants } = image.unit;
    this.#skip();
    const start = this.#at;
    const name = this.#word();
    if (!isUpper(name)) {
      this.#at = start;
      this.failExpecting('an operation');
    }
    const operation = image.operations.findIndex((candidate) => candidate.name === name);
    if (operation < 0) {
      this.fail(`${image.name} has no operation ${printString(name)}`, start, 'unknown-operation');
    }
    const parameters = image.operations[operation].parameters.map((parameter): Parameter => ({
      name: parameter.name,
      type: parameter.type,
      default: parameter.default === null ? undefined : constants[parameter.default].value,
    }));
    const values = this.#arguments(types, name, parameters, this.#take('('));
    const input = parameters.length === 0 ? null : parameters.length === 1 ? values[0] : values;
    if (sizeOf(input) > VALUE_LIMITS.valueBytesMax) this.fail('value too large', start);
    return { operation, input };
  }

  wholeValue(types: TypeTable, type: TypeId): Value {
    const value = this.#value(types, type);
    if (sizeOf(value) > VALUE_LIMITS.valueBytesMax) this.fail('value too large', 0);
    return value;
  }

  time(): number {
    this.#skip();
    const start = this.#at;
    if (!this.#take('@')) this.failExpecting('Time');
    const text = this.#run((character) => isWordCharacter(character) || ':.+-'.includes(character));
    const time = parseTime(text);
    return time ?? this.fail(`there is no time @${shorten(text)}`, start);
  }

  #value(types: TypeTable, type: TypeId): Value {
    const node = types.node(type);
    switch (node.kind) {
      case 'unit':
        if (!this.#take('(') || !this.#take(')')) this.failExpecting('()');
        return null;
      case 'int':
        return this.#int();
      case 'bool':
        if (this.takeWord('true')) return true;
        if (this.takeWord('false')) return false;
        return this.failExpecting('Bool');
      case 'string':
        return this.#string();
      case 'bytes':
        return this.#bytes();
      case 'time':
        return this.time();
      case 'tuple':
        return this.#tuple(types, type, node.items);
      case 'record': {
        if (!this.#take('{')) this.failExpecting(printType(types, type));
        const parameters = node.fields.map((field): Parameter => ({ ...field, default: undefined }));
        return this.#named(types, 'the record', 'field', parameters, '}');
      }
      case 'list': {
        if (!this.#take('[')) this.failExpecting(printType(types, type));
        const items: Value[] = [];
        this.#separated(']', () => items.push(this.#value(types, node.item)));
        return List.of(items);
      }
      case 'sum':
        return this.#construction(types, type, node);
      case 'map':
      case 'set':
      case 'function':
        return this.fail(`a value of type ${printType(types, type)} can not be read`);
    }
  }

  #tuple(types: TypeTable, type: TypeId, itemTypes: readonly TypeId[]): Value {
    this.#skip();
    const start = this.#at;
    if (!this.#take('(')) this.failExpecting(printType(types, type));
    const items: Value[] = [];
    this.#separated(')', () => {
      if (items.length >= itemTypes.length) this.failExpecting('")"');
      items.push(this.#value(types, itemTypes[items.length]));
    });
    if (items.length < itemTypes.length) {
      this.fail(`expected ${printType(types, type)}, got ${items.length} of its components`, start);
    }
    return items;
  }

  #construction(types: TypeTable, type: TypeId, node: TypeNode & { kind: 'sum' }): Value {
    this.#skip();
    const start = this.#at;
    const name = this.#word();
    const tag = node.constructors.findIndex((constructor) => constructor.name === name);
    if (tag < 0) {
      this.#at = start;
      const shown = node.constructors.slice(0, CONSTRUCTORS_SHOWN_MAX).map((constructor) => constructor.name);
      const more = node.constructors.length > shown.length ? ', …' : '';
      this.failExpecting(`${printType(types, type)} (${shown.join(', ')}${more})`);
    }
    const { labels, payload } = node.constructors[tag];
    if (labels?.length === 0) return new Sum(tag, null);
    this.expect('(');
    if (labels === null) {
      const value = this.#value(types, payload);
      this.#take(',');
      this.expect(')');
      return new Sum(tag, value);
    }
    // The record of the arguments has its fields by name, the labels are as declared.
    const record = types.node(payload);
    if (record.kind !== 'record') throw new Error(`the payload of ${name} is no record`);
    const places = labels.map((label) => record.fields.findIndex((field) => field.name === label));
    const parameters = places.map((place): Parameter => ({ ...record.fields[place], default: undefined }));
    const values = this.#arguments(types, name, parameters, true);
    const fields: Value[] = [];
    places.forEach((place, i) => (fields[place] = values[i]));
    return new Sum(tag, fields);
  }

  /** The arguments after `(`, or none where there is no parenthesis; defaults filled in. */
  #arguments(types: TypeTable, of: string, parameters: readonly Parameter[], open: boolean): Value[] {
    const start = this.#at;
    if (open && this.#nameAndColon()) {
      return this.#named(types, of, 'parameter', parameters, ')');
    }
    const values: Value[] = [];
    if (open) {
      this.#separated(')', () => {
        if (this.#nameAndColon()) this.fail('arguments are all positional or all named');
        if (values.length >= parameters.length) {
          this.failExpecting(`")" after ${values.length} ${values.length === 1 ? 'argument' : 'arguments'} of ${of}`);
        }
        values.push(this.#value(types, parameters[values.length].type));
      });
    }
    for (const parameter of parameters.slice(values.length)) {
      values.push(this.#default(types, of, 'parameter', parameter, start));
    }
    return values;
  }

  /** `name: value, …` up to `close`, in any order; the values in the order of `parameters`. */
  #named(
    types: TypeTable,
    of: string,
    what: 'parameter' | 'field',
    parameters: readonly Parameter[],
    close: string,
  ): Value[] {
    const start = this.#at;
    const places = new Map(parameters.map(({ name }, place) => [name, place]));
    const values: (Value | undefined)[] = parameters.map(() => undefined);
    this.#separated(close, () => {
      this.#skip();
      const at = this.#at;
      const name = this.#word();
      if (name === '') this.failExpecting(`a ${what} name`);
      if (!this.#take(':')) this.failExpecting(what === 'field' ? '":"' : '":" (arguments are all positional or all named)');
      const place = places.get(name);
      if (place === undefined) return this.fail(`${of} has no ${what} ${name}`, at);
      if (values[place] !== undefined) this.fail(`the ${what} ${name} is there twice`, at);
      values[place] = this.#value(types, parameters[place].type);
    });
    return parameters.map((parameter, i) => {
      const value = values[i];
      return value === undefined ? this.#default(types, of, what, parameter, start) : value;
    });
  }

  /** What stands for an argument that is not given. */
  #default(types: TypeTable, of: string, what: string, parameter: Parameter, offset: number): Value {
    if (parameter.default !== undefined) return parameter.default;
    const { name, type } = parameter;
    return this.fail(`${of} needs the ${what} ${name}: ${printType(types, type)}`, offset);
  }

  /** Items with commas between them, and maybe one after the last, up to `close`. */
  #separated(close: string, item: () => unknown): void {
    while (!this.#take(close)) {
      item();
      if (this.#take(',')) continue;
      this.#skip();
      if (!this.#take(close)) this.failExpecting(`"," or "${close}"`);
      return;
    }
  }

  #int(): number {
    this.#skip();
    const start = this.#at;
    const negative = this.#take('-');
    const text = this.#run(isWordCharacter);
    const magnitude = parseDigits(text);
    if (magnitude === null) {
      this.#at = start;
      this.failExpecting('Int');
    }
    if (magnitude > INT_MAX) this.fail(`${this.#text.slice(start, start + 24)} does not fit an Int`, start);
    return negative ? 0 - magnitude : magnitude;
  }

  #string(): string {
    this.#skip();
    const start = this.#at;
    if (!this.#take('"')) this.failExpecting('String');
    let value = '';
    let copied = this.#at;
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined || character === '\n') this.fail('the string is not closed', start);
      if (character !== '"' && character !== '\\') {
        this.#at++;
        continue;
      }
      value += this.#text.slice(copied, this.#at);
      if (character === '\\') value += this.#escape();
      else this.#at++;
      copied = this.#at;
      if (character === '"') break;
    }
    if (!value.isWellFormed()) this.fail('the string has a lone surrogate', start);
    if (value.length > VALUE_LIMITS.stringLengthMax) this.fail('value too large', start);
    return value;
  }

  #escape(): string {
    const start = this.#at;
    const letter = this.#text[start + 1];
    this.#at += 2;
    const simple = SIMPLE_ESCAPES[letter];
    if (simple !== undefined) return simple;
    const end = letter === 'u' && this.#text[start + 2] === '{' ? this.#text.indexOf('}', start) : -1;
    const digits = end < 0 || end > start + 9 ? '' : this.#text.slice(start + 3, end);
    const scalar = digits !== '' && [...digits].every(isHexDigit) ? Number.parseInt(digits, 16) : -1;
    if (scalar < 0 || scalar > 0x10ffff || (scalar >= 0xd800 && scalar < 0xe000)) {
      this.fail(`unknown escape ${shorten(this.#text.slice(start, start + (letter === 'u' ? 10 : 2)))}`, start);
    }
    this.#at = end + 1;
    return String.fromCodePoint(scalar);
  }

  #bytes(): Uint8Array {
    if (!this.#take('0x"')) this.failExpecting('Bytes');
    const start = this.#at;
    const digits = this.#run(isHexDigit);
    if (this.#text[this.#at] !== '"' || digits.length % 2 !== 0) {
      this.fail('expected pairs of hexadecimal digits up to `"`', start);
    }
    this.#at++;
    return fromHex(digits.toLowerCase());
  }

  /** Whether `name:` is next; it stays where it is. */
  #nameAndColon(): boolean {
    const start = this.#at;
    const named = isLower(this.#word()) && this.#take(':');
    this.#at = start;
    return named;
  }

  #word(): string {
    this.#skip();
    return this.#run(isWordCharacter);
  }

  #run(accepts: (character: string) => boolean): string {
    const start = this.#at;
    while (this.#at < this.#text.length && accepts(this.#text[this.#at])) this.#at++;
    return this.#text.slice(start, this.#at);
  }

  #take(symbol: string): boolean {
    this.#skip();
    if (!this.#text.startsWith(symbol, this.#at)) return false;
    this.#at += symbol.length;
    return true;
  }

  /** White space and comments. */
  #skip(): void {
    for (;;) {
      this.#run((character) => ' \t\r\n'.includes(character));
      if (!this.#text.startsWith('--', this.#at)) return;
      const end = this.#text.indexOf('\n', this.#at);
      this.#at = end < 0 ? this.#text.length : end;
    }
  }

  #describeNext(): string {
    if (this.atEnd()) return 'the end of the line';
    const start = this.#at;
    const word = this.#run(isWordCharacter);
    this.#at = start;
    if (word !== '') return shorten(word);
    if (this.#text[start] !== '"') return printString(String.fromCodePoint(this.#text.codePointAt(start)!));
    const end = this.#text.indexOf('"', start + 1);
    return shorten(this.#text.slice(start, end < 0 ? undefined : end + 1));
  }
}

const CONSTRUCTORS_SHOWN_MAX = 8;
const SHOWN_LENGTH_MAX = 24;

const SIMPLE_ESCAPES: Readonly<Record<string, string | undefined>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };

const isDigit = (character: string): boolean => character >= '0' && character <= '9';
const isLower = (word: string): boolean => word[0] >= 'a' && word[0] <= 'z';
const isUpper = (word: string): boolean => word[0] >= 'A' && word[0] <= 'Z';
const isWordCharacter = (character: string): boolean =>
  isDigit(character) || isLower(character) || isUpper(character) || character === '_';
const isHexDigit = (character: string): boolean =>
  isDigit(character) || (character >= 'a' && character <= 'f') || (character >= 'A' && character <= 'F');

function shorten(text: string): string {
  return text.length <= SHOWN_LENGTH_MAX ? text : `${text.slice(0, SHOWN_LENGTH_MAX)}…`;
}
