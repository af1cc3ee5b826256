import { meantOf, reading, type TextCursor, type TextRead } from './text-cursor.ts';
import { showType } from './text.ts';
import { type FieldDefaults, NO_DEFAULTS } from './defaults.ts';
import { keyOrder } from './key-order.ts';
import type { TypeId, TypeNode, TypeTable } from './type.ts';
import { List, MapValue, SetValue, sizeOf, Sum, type Value, VALUE_LIMITS } from './value.ts';

/**
 * The mirror of `text.ts`: reads values as they are written in the source.
 *
 * The reader follows the type that is expected, so a constructor needs no prefix, and
 * recursion is bounded by the depth of the type (`TYPE_LIMITS`).
 */

/** Reads a value of a first-order type; nothing but white space and comments may follow it. */
export function readValue(types: TypeTable, type: TypeId, text: string): TextRead<Value> {
  return reading(text, 0, (cursor) => takeWholeValue(cursor, { types, defaults: NO_DEFAULTS }, type));
}

/** What a value is read against: its types, and what fields may be left out of records. */
export interface ReadTypes {
  readonly types: TypeTable;
  readonly defaults: FieldDefaults;
}

/** Constructors that a message lists. */
const CONSTRUCTORS_SHOWN_MAX = 8;

/** What an argument list is read against. */
export interface Parameter {
  readonly name: string;
  readonly type: TypeId;
  /** Undefined where the argument must be given. */
  readonly default: Value | undefined;
}

function takeValue(cursor: TextCursor, types: ReadTypes, type: TypeId): Value {
  const node = types.types.node(type);
  switch (node.kind) {
    case 'unit':
      if (!cursor.take('(') || !cursor.take(')')) cursor.failExpecting('()');
      return null;
    case 'int':
      return cursor.int();
    case 'bool':
      if (cursor.takeWord('true')) return true;
      if (cursor.takeWord('false')) return false;
      return cursor.failExpecting('Bool');
    case 'string':
      return cursor.string();
    case 'bytes':
      return cursor.bytes();
    case 'time':
      return cursor.time();
    case 'tuple':
      return takeTuple(cursor, types, type, node.items);
    case 'record': {
      if (!cursor.take('{')) cursor.failExpecting(showType(types.types, type));
      const given = types.defaults.of(type);
      const parameters = node.fields.map((field, i): Parameter => ({ ...field, default: given?.get(i) }));
      return takeNamed(cursor, types, 'the record', 'field', parameters, '}');
    }
    case 'list': {
      if (!cursor.take('[')) cursor.failExpecting(showType(types.types, type));
      const items: Value[] = [];
      takeSeparated(cursor, ']', () => items.push(takeValue(cursor, types, node.item)));
      return List.of(items);
    }
    case 'sum':
      return takeConstruction(cursor, types, type, node);
    case 'map': {
      if (!cursor.takeWord('Map') || !cursor.take('{')) cursor.failExpecting(showType(types.types, type));
      const entries: [Value, Value][] = [];
      takeSeparated(cursor, '}', () => {
        const key = takeValue(cursor, types, node.key);
        cursor.expect(':');
        entries.push([key, takeValue(cursor, types, node.value)]);
      });
      return MapValue.of(entries, keyOrder(types.types, node.key));
    }
    case 'set': {
      if (!cursor.takeWord('Set') || !cursor.take('{')) cursor.failExpecting(showType(types.types, type));
      const items: Value[] = [];
      takeSeparated(cursor, '}', () => items.push(takeValue(cursor, types, node.item)));
      return SetValue.of(items, keyOrder(types.types, node.item));
    }
    case 'function':
      return cursor.fail(`a value of type ${showType(types.types, type)} can not be read`);
  }
}

function takeTuple(cursor: TextCursor, types: ReadTypes, type: TypeId, itemTypes: readonly TypeId[]): Value {
  cursor.skip();
  const start = cursor.offset;
  if (!cursor.take('(')) cursor.failExpecting(showType(types.types, type));
  const items: Value[] = [];
  takeSeparated(cursor, ')', () => {
    if (items.length >= itemTypes.length) cursor.failExpecting('")"');
    items.push(takeValue(cursor, types, itemTypes[items.length]));
  });
  if (items.length < itemTypes.length) {
    cursor.fail(`expected ${showType(types.types, type)}, got ${items.length} of its components`, start);
  }
  return items;
}

function takeConstruction(
  cursor: TextCursor,
  types: ReadTypes,
  type: TypeId,
  node: TypeNode & { kind: 'sum' },
): Value {
  cursor.skip();
  const start = cursor.offset;
  const name = cursor.word();
  const tag = node.constructors.findIndex((constructor) => constructor.name === name);
  if (tag < 0) {
    cursor.rewind(start);
    const names = node.constructors.map((constructor) => constructor.name);
    const shown = names.slice(0, CONSTRUCTORS_SHOWN_MAX);
    const more = names.length > shown.length ? ', …' : '';
    cursor.failExpecting(`${showType(types.types, type)} (${shown.join(', ')}${more})`, names);
  }
  const { labels, payload } = node.constructors[tag];
  if (labels?.length === 0) return new Sum(tag, null);
  cursor.expect('(');
  if (labels === null) {
    const value = takeValue(cursor, types, payload);
    cursor.take(',');
    cursor.expect(')');
    return new Sum(tag, value);
  }
  // The record of the arguments has its fields by name, the labels are as declared.
  const record = types.types.node(payload);
  if (record.kind !== 'record') throw new Error(`the payload of ${name} is no record`);
  const places = labels.map((label) => record.fields.findIndex((field) => field.name === label));
  const parameters = places.map((place): Parameter => ({ ...record.fields[place], default: undefined }));
  const values = takeArguments(cursor, types, name, parameters, true);
  const fields: Value[] = [];
  places.forEach((place, i) => (fields[place] = values[i]));
  return new Sum(tag, fields);
}

/** The arguments after `(`, or none where there is no parenthesis; defaults filled in. */
export function takeArguments(
  cursor: TextCursor,
  types: ReadTypes,
  of: string,
  parameters: readonly Parameter[],
  open: boolean,
): Value[] {
  const start = cursor.offset;
  if (open && cursor.nameAndColon()) {
    return takeNamed(cursor, types, of, 'parameter', parameters, ')');
  }
  const values: Value[] = [];
  if (open) {
    takeSeparated(cursor, ')', () => {
      if (cursor.nameAndColon()) cursor.fail('arguments are all positional or all named');
      if (values.length >= parameters.length) cursor.fail(`${of} takes ${countOf(parameters.length)}`);
      values.push(takeValue(cursor, types, parameters[values.length].type));
    });
  }
  for (const parameter of parameters.slice(values.length)) {
    values.push(takeDefault(cursor, types, of, 'parameter', parameter, start));
  }
  return values;
}

const countOf = (count: number): string =>
  count === 0 ? 'no arguments' : count === 1 ? 'one argument' : `${count} arguments`;

/** `name: value, …` up to `close`, in any order; the values in the order of `parameters`. */
function takeNamed(
  cursor: TextCursor,
  types: ReadTypes,
  of: string,
  what: 'parameter' | 'field',
  parameters: readonly Parameter[],
  close: string,
): Value[] {
  const start = cursor.offset;
  const places = new Map(parameters.map(({ name }, place) => [name, place]));
  const values: (Value | undefined)[] = parameters.map(() => undefined);
  takeSeparated(cursor, close, () => {
    cursor.skip();
    const at = cursor.offset;
    const name = cursor.word();
    if (name === '') cursor.failExpecting(`a ${what} name`);
    if (!cursor.take(':'))
      cursor.failExpecting(what === 'field' ? '":"' : '":" (arguments are all positional or all named)');
    const place = places.get(name);
    if (place === undefined) {
      return cursor.fail(`${of} has no ${what} ${name}${meantOf(name, [...places.keys()])}`, at);
    }
    if (values[place] !== undefined) cursor.fail(`the ${what} ${name} is there twice`, at);
    values[place] = takeValue(cursor, types, parameters[place].type);
  });
  return parameters.map((parameter, i) => {
    const value = values[i];
    return value === undefined ? takeDefault(cursor, types, of, what, parameter, start) : value;
  });
}

/** What stands for an argument that is not given. */
function takeDefault(
  cursor: TextCursor,
  types: ReadTypes,
  of: string,
  what: string,
  parameter: Parameter,
  offset: number,
): Value {
  if (parameter.default !== undefined) return parameter.default;
  const { name, type } = parameter;
  return cursor.fail(`${of} needs the ${what} ${name}: ${showType(types.types, type)}`, offset);
}

/** Items with commas between them, and maybe one after the last, up to `close`. */
function takeSeparated(cursor: TextCursor, close: string, item: () => unknown): void {
  while (!cursor.take(close)) {
    item();
    if (cursor.take(',')) continue;
    cursor.skip();
    if (!cursor.take(close)) cursor.failExpecting(`"," or "${close}"`);
    return;
  }
}

function takeWholeValue(cursor: TextCursor, types: ReadTypes, type: TypeId): Value {
  const value = takeValue(cursor, types, type);
  if (sizeOf(value) > VALUE_LIMITS.valueBytesMax) cursor.fail('value too large', 0);
  return value;
}
