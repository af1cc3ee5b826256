import { fromBase64, toBase64, whyNoBase64 } from './base64.ts';
import type { Image, OperationParameter } from './image.ts';
import { type JsonNode, parseJson, printJson } from './json-tree.ts';
import { showType } from './text.ts';
import { STRING, type TypeId, type TypeNode, type TypeTable } from './type.ts';
import { FieldDefaults, NO_DEFAULTS } from './defaults.ts';
import { keyOrder } from './key-order.ts';
import {
  INT_MAX,
  List,
  MapValue,
  type Product,
  SetValue,
  sizeOf,
  Sum,
  TIME_MAX,
  type Value,
  VALUE_LIMITS,
} from './value.ts';

/**
 * Values as JSON, for HTTP and generated clients:
 *
 * | type                            | JSON                                                    |
 * |---------------------------------|---------------------------------------------------------|
 * | unit                            | `null`                                                  |
 * | Int, Time (milliseconds)        | a number without fraction or exponent                   |
 * | Bool, String                    | the same                                                |
 * | Bytes                           | a string in base64                                      |
 * | tuple, list, set                | an array; that of a set ascending                       |
 * | `Map<String, V>`                | an object, its keys ascending                           |
 * | any other map                   | an array of pairs `[key, value]`, ascending             |
 * | record                          | an object                                               |
 * | `Option<A>`                     | `null` or the value, unless the JSON of A can be `null` |
 * | sum without any arguments       | its constructor as a string                             |
 * | any other sum                   | an object with `tag`, and named arguments or `value`    |
 *
 * Reading is exact: what is not of its type in this form is refused, with its path.
 */
export type JsonRead<T> =
  | { readonly ok: true; readonly value: T }
  /** `path` as in `$.items[2].price`; `message` is one sentence without a full stop. */
  | { readonly ok: false; readonly path: string; readonly message: string };

/** A value of a first-order type as JSON, without white space. */
export function valueToJson(types: TypeTable, type: TypeId, value: Value): string {
  const node = types.node(type);
  switch (node.kind) {
    case 'unit':
      return 'null';
    case 'int':
    case 'time':
    case 'bool':
      return String(value as number | boolean);
    case 'string':
      return JSON.stringify(value);
    case 'bytes':
      return JSON.stringify(toBase64(value as Uint8Array));
    case 'tuple':
      return `[${node.items.map((item, i) => valueToJson(types, item, (value as Product)[i])).join(',')}]`;
    case 'list':
      return `[${(value as List).items.map((item) => valueToJson(types, node.item, item)).join(',')}]`;
    case 'record':
      return `{${node.fields.map(({ name, type: part }, i) => fieldToJson(types, name, part, (value as Product)[i])).join(',')}}`;
    case 'sum':
      return sumToJson(types, type, node, value as Sum);
    case 'set':
      return `[${Array.from((value as SetValue).items(), (item) => valueToJson(types, node.item, item)).join(',')}]`;
    case 'map':
      return mapToJson(types, node, value as MapValue);
    case 'function':
      throw new Error(`a value of a ${node.kind} type has no JSON`);
  }
}

type MapNode = TypeNode & { readonly kind: 'map' };

function mapToJson(types: TypeTable, node: MapNode, map: MapValue): string {
  const isObject = node.key === STRING;
  const entries = Array.from(map.entries(), ([key, item]) => {
    const written = valueToJson(types, node.value, item);
    return isObject
      ? `${JSON.stringify(key)}:${written}`
      : `[${valueToJson(types, node.key, key)},${written}]`;
  });
  return isObject ? `{${entries.join(',')}}` : `[${entries.join(',')}]`;
}

type SumNode = TypeNode & { readonly kind: 'sum' };

function sumToJson(types: TypeTable, type: TypeId, node: SumNode, { tag, value }: Sum): string {
  const { name, labels, payload } = node.constructors[tag];
  if (isBareOption(types, type)) return labels === null ? valueToJson(types, payload, value) : 'null';
  if (isEnumeration(node)) return JSON.stringify(name);
  const fields = [`"tag":${JSON.stringify(name)}`];
  if (labels === null) fields.push(fieldToJson(types, 'value', payload, value));
  for (const label of labels ?? []) {
    const { place, part } = fieldOf(types, payload, label);
    fields.push(fieldToJson(types, label, part, (value as Product)[place]));
  }
  return `{${fields.join(',')}}`;
}

function fieldToJson(types: TypeTable, name: string, type: TypeId, value: Value): string {
  return `${JSON.stringify(name)}:${valueToJson(types, type, value)}`;
}

function fieldOf(types: TypeTable, record: TypeId, name: string): { place: number; part: TypeId } {
  const node = types.node(record);
  if (node.kind !== 'record') throw new Error(`named arguments of a ${node.kind}`);
  const place = node.fields.findIndex((field) => field.name === name);
  return { place, part: node.fields[place].type };
}

const isEnumeration = (node: SumNode): boolean =>
  node.constructors.every(({ labels }) => labels?.length === 0);

/** Whether a type is an `Option<A>` that is written as `null` or the value. */
function isBareOption(types: TypeTable, type: TypeId): boolean {
  const item = optionItem(types, type);
  return item !== null && !canBeNull(types, item);
}

function canBeNull(types: TypeTable, type: TypeId): boolean {
  return types.node(type).kind === 'unit' || isBareOption(types, type);
}

function optionItem(types: TypeTable, type: TypeId): TypeId | null {
  const node = types.node(type);
  if (node.kind !== 'sum' || node.name !== 'Option' || node.constructors.length !== 2) return null;
  const [none, some] = node.constructors;
  const isOption =
    none.name === 'None' && none.labels?.length === 0 && some.name === 'Some' && some.labels === null;
  return isOption ? some.payload : null;
}

/** Reads a value of a first-order type, exactly. */
export function valueFromJson(types: TypeTable, type: TypeId, text: string): JsonRead<Value> {
  return parsed(text, (node) => new JsonReader(types, NO_DEFAULTS).value(type, node, '$'));
}

/**
 * Reads the input of an operation (by index) from the JSON object of its parameters. Those
 * with a default may be left out; where none need be given, so may the whole text.
 */
export function inputFromJson(image: Image, operation: number, text: string): JsonRead<Value> {
  const source = text.trim() === '' ? '{}' : text;
  return parsed(source, (node) => readerOf(image).input(image, operation, node));
}

/**
 * Reads the input of an operation from the parameters of a query, decoded. Where the JSON of
 * a parameter's type is always a string (String, Bytes, a sum without arguments), its text is
 * that string as it is, without quotes; else it is JSON.
 */
export function inputFromQuery(
  image: Image,
  operation: number,
  query: Iterable<readonly [string, string]>,
): JsonRead<Value> {
  const { types } = image.unit;
  const { name: operationName, parameters } = image.operations[operation];
  const fields: { name: string; value: JsonNode }[] = [];
  for (const [name, text] of query) {
    const parameter = parameters.find((candidate) => candidate.name === name);
    if (parameter === undefined) {
      const message = `${operationName} has no such parameter`;
      return { ok: false, path: `$.${name}`, message };
    }
    if (isWrittenAsString(types, parameter.type)) {
      fields.push({ name, value: { kind: 'string', value: text } });
      continue;
    }
    const node = parseJson(text);
    if (!node.ok) return { ok: false, path: `$.${name}`, message: node.message };
    fields.push({ name, value: node.value });
  }
  return reading(() => readerOf(image).input(image, operation, { kind: 'object', fields }));
}

function isWrittenAsString(types: TypeTable, type: TypeId): boolean {
  const node = types.node(type);
  return node.kind === 'string' || node.kind === 'bytes' || (node.kind === 'sum' && isEnumeration(node));
}

const readerOf = (image: Image): JsonReader => new JsonReader(image.unit.types, FieldDefaults.of(image));

class JsonReadError extends Error {
  readonly path: string;

  constructor(path: string, message: string) {
    super(message);
    this.path = path;
  }
}

function parsed(text: string, read: (node: JsonNode) => Value): JsonRead<Value> {
  const node = parseJson(text);
  if (!node.ok) return { ok: false, path: '$', message: node.message };
  return reading(() => read(node.value));
}

function reading(read: () => Value): JsonRead<Value> {
  try {
    const value = read();
    if (sizeOf(value) > VALUE_LIMITS.valueBytesMax)
      return { ok: false, path: '$', message: 'value too large' };
    return { ok: true, value };
  } catch (error) {
    if (!(error instanceof JsonReadError)) throw error;
    return { ok: false, path: error.path, message: error.message };
  }
}

/** Longest piece of JSON that a message shows. */
const SHOWN_LENGTH_MAX = 60;

/** What the fields of an object are read as. */
interface Slot {
  readonly name: string;
  readonly type: TypeId;
  readonly default?: Value | undefined;
}

/** From a tree of JSON to a value; recursion follows the type, whose depth is bounded. */
class JsonReader {
  readonly #types: TypeTable;
  readonly #defaults: FieldDefaults;

  constructor(types: TypeTable, defaults: FieldDefaults) {
    this.#types = types;
    this.#defaults = defaults;
  }

  input(image: Image, operation: number, node: JsonNode): Value {
    const { name, parameters } = image.operations[operation];
    const slots = parameters.map((parameter: OperationParameter): Slot => ({
      name: parameter.name,
      type: parameter.type,
      default: parameter.default === null ? undefined : image.unit.constants[parameter.default].value,
    }));
    if (node.kind !== 'object') this.#refuse('$', `expected an object of the parameters of ${name}`, node);
    const values = this.#fields(slots, node.fields, '$');
    return parameters.length === 0 ? null : parameters.length === 1 ? values[0] : values;
  }

  value(type: TypeId, json: JsonNode, path: string): Value {
    const node = this.#types.node(type);
    switch (node.kind) {
      case 'unit':
        return json.kind === 'null' ? null : this.#mismatch(type, json, path);
      case 'bool':
        return json.kind === 'boolean' ? json.value : this.#mismatch(type, json, path);
      case 'int':
        return this.#integer(type, INT_MAX, json, path);
      case 'time':
        return this.#integer(type, TIME_MAX, json, path);
      case 'string':
        if (json.kind !== 'string') return this.#mismatch(type, json, path);
        if (json.value.length > VALUE_LIMITS.stringLengthMax)
          throw new JsonReadError(path, 'value too large');
        return json.value;
      case 'bytes':
        return this.#bytes(json, path);
      case 'tuple':
        if (json.kind !== 'array' || json.items.length !== node.items.length)
          return this.#mismatch(type, json, path);
        return node.items.map((item, i) => this.value(item, json.items[i], `${path}[${i}]`));
      case 'list':
        if (json.kind !== 'array') return this.#mismatch(type, json, path);
        return List.of(json.items.map((item, i) => this.value(node.item, item, `${path}[${i}]`)));
      case 'record':
        return json.kind === 'object'
          ? this.#fields(this.#slotsOfRecord(type, node), json.fields, path)
          : this.#mismatch(type, json, path);
      case 'sum':
        return this.#sum(type, node, json, path);
      case 'set':
        return json.kind === 'array'
          ? this.#set(node.item, json.items, path)
          : this.#mismatch(type, json, path);
      case 'map':
        return this.#map(type, node, json, path);
      case 'function':
        throw new JsonReadError(path, `a value of type ${showType(this.#types, type)} can not be read`);
    }
  }

  #bytes(json: JsonNode, path: string): Uint8Array {
    const expected = 'expected Bytes, a string in base64';
    if (json.kind !== 'string') return this.#refuse(path, expected, json);
    const bytes = fromBase64(json.value);
    if (bytes !== null) return bytes;
    const shown = printJson(json, SHOWN_LENGTH_MAX);
    throw new JsonReadError(path, `${expected}, got ${shown}: ${whyNoBase64(json.value)}`);
  }

  /** Items in any order; one that is there twice is refused, as a key that is. */
  #set(item: TypeId, json: readonly JsonNode[], path: string): Value {
    const items = json.map((each, i) => this.value(item, each, `${path}[${i}]`));
    const set = SetValue.of(items, keyOrder(this.#types, item));
    if (set.length < items.length) throw new JsonReadError(path, 'an item is there twice');
    return set;
  }

  #map(type: TypeId, node: MapNode, json: JsonNode, path: string): Value {
    const order = keyOrder(this.#types, node.key);
    if (node.key === STRING) {
      if (json.kind !== 'object') return this.#mismatch(type, json, path);
      const pairs = new Map<string, Value>();
      for (const { name, value } of json.fields) {
        if (pairs.has(name)) throw new JsonReadError(pathTo(path, name), 'the key is there twice');
        pairs.set(name, this.value(node.value, value, pathTo(path, name)));
      }
      return MapValue.of(pairs, order);
    }
    if (json.kind !== 'array') return this.#mismatch(type, json, path);
    const entries: [Value, Value][] = [];
    json.items.forEach((pair, i) => {
      const at = `${path}[${i}]`;
      if (pair.kind !== 'array' || pair.items.length !== 2)
        return this.#refuse(at, 'expected [key, value]', pair);
      const [key, value] = pair.items;
      entries.push([this.value(node.key, key, `${at}[0]`), this.value(node.value, value, `${at}[1]`)]);
    });
    const map = MapValue.of(entries, order);
    if (map.length < entries.length) throw new JsonReadError(path, 'a key is there twice');
    return map;
  }

  #integer(type: TypeId, max: number, json: JsonNode, path: string): number {
    const number = json.kind === 'number' ? Number(json.text) : Number.NaN;
    // The one way in which an integer is written: no fraction, no exponent, no −0.
    const isExact = json.kind === 'number' && String(number) === json.text && Math.abs(number) <= max;
    return isExact && Number.isSafeInteger(number) ? number : this.#mismatch(type, json, path);
  }

  #sum(type: TypeId, node: SumNode, json: JsonNode, path: string): Value {
    if (isBareOption(this.#types, type)) {
      if (json.kind === 'null') return new Sum(0, null);
      return new Sum(1, this.value(node.constructors[1].payload, json, path));
    }
    if (isEnumeration(node)) {
      const tag =
        json.kind === 'string' ? node.constructors.findIndex(({ name }) => name === json.value) : -1;
      return tag < 0 ? this.#mismatch(type, json, path) : new Sum(tag, null);
    }
    if (json.kind !== 'object') return this.#mismatch(type, json, path);
    const [tagField, ...others] = json.fields.filter(({ name }) => name === 'tag');
    if (tagField === undefined) this.#refuse(`${path}.tag`, 'expected the constructor', json);
    if (others.length > 0) throw new JsonReadError(`${path}.tag`, 'the field is there twice');
    const name = tagField.value.kind === 'string' ? tagField.value.value : '';
    const tag = node.constructors.findIndex((constructor) => constructor.name === name);
    if (tag < 0) return this.#mismatch(type, tagField.value, `${path}.tag`);
    const { labels, payload } = node.constructors[tag];
    const fields = json.fields.filter((field) => field !== tagField);
    if (labels === null)
      return new Sum(tag, this.#fields([{ name: 'value', type: payload }], fields, path)[0]);
    const slots = labels.length === 0 ? [] : this.#slotsOf(payload);
    const values = this.#fields(slots, fields, path);
    return new Sum(tag, labels.length === 0 ? null : values);
  }

  #slotsOfRecord(type: TypeId, { fields }: TypeNode & { kind: 'record' }): readonly Slot[] {
    const defaults = this.#defaults.of(type);
    return defaults === undefined
      ? fields
      : fields.map((field, i) => ({ ...field, default: defaults.get(i) }));
  }

  #slotsOf(record: TypeId): readonly Slot[] {
    const node = this.#types.node(record);
    if (node.kind !== 'record') throw new Error(`named arguments of a ${node.kind}`);
    return node.fields;
  }

  /** The values of the slots, in their order. */
  #fields(slots: readonly Slot[], fields: (JsonNode & { kind: 'object' })['fields'], path: string): Value[] {
    const places = new Map(slots.map(({ name }, place) => [name, place]));
    const values: (Value | undefined)[] = slots.map(() => undefined);
    for (const { name, value } of fields) {
      const place = places.get(name);
      const inner = pathTo(path, name);
      if (place === undefined) throw new JsonReadError(inner, 'there is no such field');
      if (values[place] !== undefined) throw new JsonReadError(inner, 'the field is there twice');
      values[place] = this.value(slots[place].type, value, inner);
    }
    return values.map((value, i) => {
      const given = value === undefined ? slots[i].default : value;
      if (given !== undefined) return given;
      throw new JsonReadError(
        pathTo(path, slots[i].name),
        `expected ${showType(this.#types, slots[i].type)}, got nothing`,
      );
    });
  }

  #mismatch(type: TypeId, json: JsonNode, path: string): never {
    return this.#refuse(path, `expected ${showType(this.#types, type)}`, json);
  }

  #refuse(path: string, expected: string, json: JsonNode): never {
    throw new JsonReadError(path, `${expected}, got ${printJson(json, SHOWN_LENGTH_MAX)}`);
  }
}

/** A field that is no name is quoted in a path. */
function pathTo(path: string, name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
    ? `${path}.${name}`
    : `${path}[${JSON.stringify(name.slice(0, SHOWN_LENGTH_MAX))}]`;
}
