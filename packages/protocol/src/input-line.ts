import { FieldDefaults } from './defaults.ts';
import type { Image } from './image.ts';
import { isUpper, isWordCharacter, meantOf, reading, type TextCursor, type TextRead } from './text-cursor.ts';
import { type Parameter, takeArguments } from './text-reader.ts';
import { printString } from './text.ts';
import { sizeOf, type Value, VALUE_LIMITS } from './value.ts';

/**
 * The lines in which inputs stand: of the command line, of input files, and of the line
 * protocol.
 */

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

/** Reads `Op`, `Op(1, "x")` or `Op(a: 1, b: "x")` from offset `start`, and fills in defaults. */
export function readInput(image: Image, text: string, start = 0): TextRead<OperationInput> {
  return reading(text, start, (cursor) => takeInput(cursor, image));
}

/** Reads a line of an input file for a machine. */
export function readInputLine(image: Image, line: string): TextRead<InputLine> {
  return reading(line, 0, (cursor): InputLine => {
    if (cursor.atEnd()) return { kind: 'nothing' };
    if (!cursor.takeWord('now')) return { kind: 'input', ...takeInput(cursor, image) };
    cursor.expect('=');
    return { kind: 'clock', time: cursor.time() };
  });
}

/** Reads a line of the line protocol up to the input, which `readInput` reads once the machine is known. */
export function readRequestLine(line: string): TextRead<RequestLine> {
  const text = line.trimEnd();
  return reading(text, 0, (cursor): RequestLine => {
    if (cursor.atEnd()) return { kind: 'nothing' };
    if (cursor.takeWord('auth')) return { kind: 'authenticate', token: cursor.restOfLine('a token') };
    if (cursor.takeWord('interface')) {
      return { kind: 'interface', fingerprint: cursor.restOfLine('a fingerprint') };
    }
    const target = takeTarget(cursor);
    const start = cursor.offset;
    cursor.skipRest();
    return { kind: 'call', ...target, start };
  });
}

function takeTarget(cursor: TextCursor): { machine: string; key: string | null } {
  const start = cursor.offset;
  const machine = cursor.word();
  if (!isUpper(machine)) {
    cursor.rewind(start);
    cursor.failExpecting('the name of a machine');
  }
  // No white space around the slash: the input is what follows it.
  if (cursor.peek() !== '/') return { machine, key: null };
  cursor.expect('/');
  if (cursor.peek() === '"') {
    const literal = cursor.string();
    const next = cursor.peek();
    if (next !== undefined && next !== ' ' && next !== '\t') cursor.failExpecting('a space after the key');
    return { machine, key: literal };
  }
  const key = cursor.run((character) => isWordCharacter(character) || character === '-');
  if (key === '') cursor.failExpecting('a key');
  return { machine, key };
}

function takeInput(cursor: TextCursor, image: Image): OperationInput {
  const { types, constants } = image.unit;
  cursor.skip();
  const start = cursor.offset;
  const name = cursor.word();
  const names = (): string[] => image.operations.map((candidate) => candidate.name);
  if (!isUpper(name)) {
    cursor.rewind(start);
    cursor.failExpecting('an operation', names());
  }
  const operation = image.operations.findIndex((candidate) => candidate.name === name);
  if (operation < 0) {
    const message = `${image.name} has no operation ${printString(name)}${meantOf(name, names())}`;
    cursor.fail(message, start, 'unknown-operation');
  }
  const parameters = image.operations[operation].parameters.map((parameter): Parameter => ({
    name: parameter.name,
    type: parameter.type,
    default: parameter.default === null ? undefined : constants[parameter.default].value,
  }));
  const values = takeArguments(
    cursor,
    { types, defaults: FieldDefaults.of(image) },
    name,
    parameters,
    cursor.take('('),
  );
  const input = parameters.length === 0 ? null : parameters.length === 1 ? values[0] : values;
  if (sizeOf(input) > VALUE_LIMITS.valueBytesMax) cursor.fail('value too large', start);
  return { operation, input };
}
