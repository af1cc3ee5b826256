import { detached, joined } from './text-memory.ts';

/**
 * JSON as it was written (RFC 8259): numbers by their digits, all fields of an object in order
 * and twice where they are there twice, so that a typed reader can be exact about them. Its strings outlive the text,
 * and hold nothing of it.
 */
export type JsonNode =
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'array'; readonly items: readonly JsonNode[] }
  | {
      readonly kind: 'object';
      readonly fields: readonly { readonly name: string; readonly value: JsonNode }[];
    };

export type JsonParse =
  | { readonly ok: true; readonly value: JsonNode }
  /** One sentence without a full stop, with the column. */
  | { readonly ok: false; readonly message: string };

export const JSON_LIMITS = {
  /** UTF-16 units. */
  lengthMax: 16 * 1024 * 1024,
  /** Arrays and objects inside each other: more than any type needs. */
  depthMax: 512,
} as const;

/** Parses one JSON value, with nothing but white space around it. */
export function parseJson(text: string): JsonParse {
  if (text.length > JSON_LIMITS.lengthMax) {
    return { ok: false, message: `the JSON is longer than ${JSON_LIMITS.lengthMax}` };
  }
  const parser = new JsonParser(text);
  try {
    return { ok: true, value: parser.document() };
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    return { ok: false, message: `not JSON: ${error.message} (at character ${error.offset + 1})` };
  }
}

class JsonError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

class JsonParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonNode {
    const value = this.#value(0);
    this.#skip();
    if (this.#at < this.#text.length) this.#fail('expected the end');
    return value;
  }

  #fail(message: string, offset: number = this.#at): never {
    throw new JsonError(message, offset);
  }

  #value(depth: number): JsonNode {
    if (depth > JSON_LIMITS.depthMax) this.#fail(`nested deeper than ${JSON_LIMITS.depthMax}`);
    this.#skip();
    const first = this.#text[this.#at];
    if (first === '{') return this.#object(depth);
    if (first === '[') return this.#array(depth);
    if (first === '"') return { kind: 'string', value: this.#string() };
    if (first === '-' || isDigit(first)) return { kind: 'number', text: this.#number() };
    if (this.#takeWord('null')) return { kind: 'null' };
    if (this.#takeWord('true')) return { kind: 'boolean', value: true };
    if (this.#takeWord('false')) return { kind: 'boolean', value: false };
    return this.#fail(first === undefined ? 'unexpected end' : 'expected a value');
  }

  #object(depth: number): JsonNode {
    const fields: { name: string; value: JsonNode }[] = [];
    this.#separated('}', () => {
      this.#skip();
      if (this.#text[this.#at] !== '"') this.#fail('expected a field name in quotes');
      const name = this.#string();
      this.#skip();
      if (this.#text[this.#at] !== ':') this.#fail('expected ":"');
      this.#at++;
      fields.push({ name, value: this.#value(depth + 1) });
    });
    return { kind: 'object', fields };
  }

  #array(depth: number): JsonNode {
    const items: JsonNode[] = [];
    this.#separated(']', () => items.push(this.#value(depth + 1)));
    return { kind: 'array', items };
  }

  /** After the opening bracket: nothing, or items with commas between them. */
  #separated(close: string, item: () => unknown): void {
    this.#at++;
    this.#skip();
    if (this.#text[this.#at] === close) {
      this.#at++;
      return;
    }
    for (;;) {
      item();
      this.#skip();
      const next = this.#text[this.#at];
      if (next !== ',' && next !== close) this.#fail(`expected "," or "${close}"`);
      this.#at++;
      if (next === close) return;
    }
  }

  #number(): string {
    const start = this.#at;
    if (this.#text[this.#at] === '-') this.#at++;
    if (this.#text[this.#at] === '0') this.#at++;
    else this.#digits();
    if (this.#text[this.#at] === '.') {
      this.#at++;
      this.#digits();
    }
    if (this.#text[this.#at] === 'e' || this.#text[this.#at] === 'E') {
      this.#at++;
      if (this.#text[this.#at] === '+' || this.#text[this.#at] === '-') this.#at++;
      this.#digits();
    }
    return this.#text.slice(start, this.#at);
  }

  #digits(): void {
    if (!isDigit(this.#text[this.#at])) this.#fail('expected a digit');
    while (isDigit(this.#text[this.#at])) this.#at++;
  }

  #string(): string {
    const start = this.#at++;
    let value = '';
    let copied = this.#at;
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined) this.#fail('the string is not closed', start);
      if (character < ' ') this.#fail('a control character in a string');
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
    if (!value.isWellFormed()) this.#fail('a lone surrogate in a string', start);
    return detached(value);
  }

  #escape(): string {
    const letter = this.#text[this.#at + 1];
    const simple = ESCAPES[letter];
    if (simple !== undefined) {
      this.#at += 2;
      return simple;
    }
    const digits = this.#text.slice(this.#at + 2, this.#at + 6);
    if (letter !== 'u' || digits.length < 4 || !Array.from(digits).every(isHexDigit))
      this.#fail('unknown escape');
    this.#at += 6;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  #takeWord(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  #skip(): void {
    while (this.#at < this.#text.length && ' \t\r\n'.includes(this.#text[this.#at])) this.#at++;
  }
}

const ESCAPES: Readonly<Record<string, string | undefined>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

const isDigit = (character: string | undefined): boolean =>
  character !== undefined && character >= '0' && character <= '9';
const isHexDigit = (character: string): boolean =>
  isDigit(character) || (character >= 'a' && character <= 'f') || (character >= 'A' && character <= 'F');

/** A node as JSON again, cut off after about `lengthMax` characters: for messages. */
export function printJson(node: JsonNode, lengthMax: number): string {
  let text = '';
  const write = (part: JsonNode): void => {
    if (text.length > lengthMax) return;
    switch (part.kind) {
      case 'null':
        text += 'null';
        return;
      case 'boolean':
        text += String(part.value);
        return;
      case 'number':
        text += part.text;
        return;
      case 'string':
        text += JSON.stringify(part.value.slice(0, lengthMax + 1));
        return;
      case 'array':
        return list('[', ']', part.items, write);
      case 'object':
        return list('{', '}', part.fields, ({ name, value }) => {
          text += `${JSON.stringify(name)}:`;
          write(value);
        });
    }
  };
  const list = <T>(open: string, close: string, items: readonly T[], item: (item: T) => void): void => {
    text += open;
    for (const [i, part] of items.entries()) {
      if (text.length > lengthMax) return;
      if (i > 0) text += ',';
      item(part);
    }
    text += close;
  };
  write(node);
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax)}…`;
}
