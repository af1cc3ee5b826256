import { toHex } from './hexadecimal.ts';
import type { Image, Operation } from './image.ts';
import { printTime } from './time.ts';
import { partsOf, TYPE_LIMITS, type TypeId, type TypeNode, type TypeTable } from './type.ts';
import type { List, MapValue, Product, SetValue, Sum, Value } from './value.ts';

/**
 * How values and types are written for people: as in the source, so that what was printed can
 * be pasted back. `text-reader.ts` is its mirror.
 */

/** The declared orders of record fields (`ImageDebug.fieldOrder`); other records print in the order of names. */
export type FieldOrder = readonly (readonly string[])[];

/** A value of a first-order type as text, on one line. */
export function printValue(
  types: TypeTable,
  type: TypeId,
  value: Value,
  fieldOrder: FieldOrder = [],
): string {
  const printer = new Printer(types, fieldOrder);
  printer.value(type, value);
  return printer.text();
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '"': '\\"',
  '\\': '\\\\',
};

/** A string literal: `"…"` with escapes; control characters that have none of their own as `\u{…}`. */
export function printString(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is escaped
  const escaped = text.replace(/["\\\u0000-\u001f\u007f-\u009f]/g, (character) => {
    return ESCAPES[character] ?? `\\u{${character.charCodeAt(0).toString(16).toUpperCase()}}`;
  });
  return `"${escaped}"`;
}

/** A message on one line: its line breaks and other control characters as escapes. */
export function escapeLines(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is escaped
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => {
    return ESCAPES[character] ?? `\\u{${character.charCodeAt(0).toString(16).toUpperCase()}}`;
  });
}

const BASE_NAMES = {
  unit: '()',
  int: 'Int',
  bool: 'Bool',
  string: 'String',
  bytes: 'Bytes',
  time: 'Time',
} as const;

/** A type as it is written in the source, a declared sum by its name. Types larger than data can be are cut short. */
export function printType(types: TypeTable, type: TypeId, fieldOrder: FieldOrder = []): string {
  const printer = new Printer(types, fieldOrder);
  printer.type(type);
  return printer.text();
}

/** An operation as it is declared: `Add(price: Int, quantity: Int = 1) -> Int`. */
export function printOperation(image: Image, operation: Operation, fieldOrder: FieldOrder = []): string {
  const printer = new Printer(image.unit.types, fieldOrder);
  printer.operation(image, operation);
  return printer.text();
}

/** UTF-16 units of a type or an operation in a message. */
const SHOWN_LENGTH_MAX = 200;

/** A type in a message: the end of a long one is cut off. */
export function showType(types: TypeTable, type: TypeId): string {
  const printer = new Printer(types, [], SHOWN_LENGTH_MAX);
  printer.type(type);
  return printer.text();
}

/** An operation in a message, cut off likewise. */
export function showOperation(image: Image, operation: Operation): string {
  const printer = new Printer(image.unit.types, [], SHOWN_LENGTH_MAX);
  printer.operation(image, operation);
  return printer.text();
}

/** Whether the state type and the operations of an image have at most so many UTF-16 units, written out. */
export function isShortWrittenOut(image: Image, lengthMax: number): boolean {
  const printer = new Printer(image.unit.types, [], lengthMax);
  printer.type(image.state);
  for (const operation of image.operations) {
    if (printer.isFull) break;
    printer.operation(image, operation);
  }
  return !printer.isFull;
}

/** The definitions of the declared sums in a type, each as in the source: `type Status = Open | Paid(at: Time)`. */
export function printSums(types: TypeTable, roots: readonly TypeId[]): string[] {
  const seen = new Set<TypeId>();
  const lines: string[] = [];
  const visit = (id: TypeId): void => {
    if (seen.has(id)) return;
    seen.add(id);
    const node = types.node(id);
    for (const part of partsOf(node)) visit(part);
    if (node.kind !== 'sum' || BUILT_IN_SUMS.includes(node.name)) return;
    const constructors = node.constructors.map(({ name, labels, payload }) => {
      if (labels === null) return `${name}(${printType(types, payload)})`;
      const record = types.node(payload);
      const args = labels.map((label) => {
        const field =
          record.kind === 'record' ? record.fields.find(({ name: own }) => own === label) : undefined;
        return `${label}: ${field === undefined ? '?' : printType(types, field.type)}`;
      });
      return args.length === 0 ? name : `${name}(${args.join(', ')})`;
    });
    lines.push(`type ${printType(types, id)} = ${constructors.join(' | ')}`);
  };
  for (const root of roots) visit(root);
  return lines;
}

const BUILT_IN_SUMS: readonly string[] = ['Option', 'Result', 'Either'];

/** Names of the fields of a record, sorted and joined by `,`, to the declared order. */
type Orders = ReadonlyMap<string, readonly string[]>;

/** They are many, and the same for each of the many texts of a machine: found once. */
const ORDERS = new WeakMap<FieldOrder, Orders>();

function ordersOf(fieldOrder: FieldOrder): Orders {
  let orders = ORDERS.get(fieldOrder);
  if (orders === undefined) {
    orders = new Map(fieldOrder.map((names) => [names.toSorted().join(','), names]));
    ORDERS.set(fieldOrder, orders);
  }
  return orders;
}

type RecordNode = TypeNode & { readonly kind: 'record' };

/** Pieces that are joined at once, so that a text of millions takes little more room than itself. */
const PIECES_MAX = 4_096;

/**
 * A text that is written piece by piece, up to a length. Nothing is looked at for what does
 * not fit any more: so the work is linear in the text that comes out, however much is shared
 * in what is written.
 */
class Printer {
  readonly #types: TypeTable;
  readonly #orders: Orders;
  readonly #lengthMax: number;
  /** Places of the fields of a record in the order in which they are written, by its node or its labels. */
  readonly #places = new Map<object, readonly number[]>();
  readonly #chunks: string[] = [];
  #pieces: string[] = [];
  #length = 0;

  constructor(types: TypeTable, fieldOrder: FieldOrder, lengthMax = Infinity) {
    this.#types = types;
    this.#orders = ordersOf(fieldOrder);
    this.#lengthMax = lengthMax;
  }

  /** Whether something did not fit. */
  get isFull(): boolean {
    return this.#length > this.#lengthMax;
  }

  /** What was written, with `…` in place of what did not fit. */
  text(): string {
    const text = [...this.#chunks, ...this.#pieces].join('');
    if (!this.isFull) return text;
    const cut = text.slice(0, this.#lengthMax);
    // Not between the two halves of a character.
    return `${cut.isWellFormed() ? cut : cut.slice(0, -1)}…`;
  }

  operation({ unit }: Image, { name, parameters, reply }: Operation): void {
    this.#write(name);
    if (parameters.length > 0) {
      this.#write('(');
      this.#each(parameters, (parameter) => {
        this.#write(`${parameter.name}: `);
        this.type(parameter.type);
        if (parameter.default === null) return;
        this.#write(' = ');
        const { type, value } = unit.constants[parameter.default];
        this.value(type, value);
      });
      this.#write(')');
    }
    this.#write(' -> ');
    this.type(reply);
  }

  type(type: TypeId, depth = 0): void {
    const node = this.#types.node(type);
    const part = (id: TypeId): void => {
      if (depth < TYPE_LIMITS.dataDepthMax && this.#types.treeNodes(id) <= TYPE_LIMITS.dataTreeNodesMax) {
        this.type(id, depth + 1);
      } else this.#write('…');
    };
    switch (node.kind) {
      case 'tuple':
        return this.#enclosed('(', ')', node.items, part);
      case 'record':
        return this.#enclosed('{ ', ' }', this.#declaredPlaces(node), (place) => {
          this.#write(`${node.fields[place].name}: `);
          part(node.fields[place].type);
        });
      case 'list':
        return this.#enclosed('List<', '>', [node.item], part);
      case 'set':
        return this.#enclosed('Set<', '>', [node.item], part);
      case 'map':
        return this.#enclosed('Map<', '>', [node.key, node.value], part);
      case 'sum':
        if (node.arguments.length === 0) return this.#write(node.name);
        return this.#enclosed(`${node.name}<`, '>', node.arguments, part);
      case 'function':
        this.#write('(');
        part(node.from);
        this.#write(' -> ');
        part(node.to);
        return this.#write(')');
      default:
        return this.#write(BASE_NAMES[node.kind]);
    }
  }

  value(type: TypeId, value: Value): void {
    const node = this.#types.node(type);
    switch (node.kind) {
      case 'unit':
        return this.#write('()');
      case 'int':
      case 'bool':
        return this.#write(String(value as number | boolean));
      case 'string':
        return this.#write(printString(value as string));
      case 'bytes':
        return this.#write(`0x"${toHex(value as Uint8Array)}"`);
      case 'time':
        return this.#write(`@${printTime(value as number)}`);
      case 'tuple':
        return this.#enclosed('(', ')', node.items, (item, i) => this.value(item, (value as Product)[i]));
      case 'record':
        return this.#named('{ ', ' }', node, this.#declaredPlaces(node), value as Product);
      case 'list':
        return this.#enclosed('[', ']', (value as List).items, (item) => this.value(node.item, item));
      case 'sum': {
        const { tag, value: payload } = value as Sum;
        const { name, labels, payload: payloadType } = node.constructors[tag];
        if (labels?.length === 0) return this.#write(name);
        if (labels === null) {
          return this.#enclosed(`${name}(`, ')', [payload], (item) => this.value(payloadType, item));
        }
        const record = this.#types.node(payloadType);
        if (record.kind !== 'record') throw new Error(`named arguments of a ${record.kind}`);
        const places = this.#placesOf(labels, record, labels);
        return this.#named(`${name}(`, ')', record, places, payload as Product);
      }
      case 'map':
        if ((value as MapValue).length === 0) return this.#write('Map {}');
        return this.#enclosed('Map { ', ' }', (value as MapValue).entries(), ([key, item]) => {
          this.value(node.key, key);
          this.#write(': ');
          this.value(node.value, item);
        });
      case 'set':
        if ((value as SetValue).length === 0) return this.#write('Set {}');
        return this.#enclosed('Set { ', ' }', (value as SetValue).items(), (item) =>
          this.value(node.item, item),
        );
      case 'function':
        throw new Error(`a value of a ${node.kind} type is not printed`);
    }
  }

  /** `name: value` for each of these fields of a record. */
  #named(open: string, close: string, node: RecordNode, places: readonly number[], values: Product): void {
    this.#enclosed(open, close, places, (place) => {
      this.#write(`${node.fields[place].name}: `);
      this.value(node.fields[place].type, values[place]);
    });
  }

  #declaredPlaces(node: RecordNode): readonly number[] {
    const known = this.#places.get(node);
    if (known !== undefined) return known;
    const names = node.fields.map((field) => field.name);
    return this.#placesOf(node, node, this.#orders.get(names.join(',')) ?? names);
  }

  /** Where these names, which are all those of a record, stand in it; kept under a key. */
  #placesOf(key: object, { fields }: RecordNode, names: readonly string[]): readonly number[] {
    let places = this.#places.get(key);
    if (places === undefined) {
      const byName = new Map(fields.map(({ name }, place) => [name, place]));
      places = names.map((name) => byName.get(name)!);
      this.#places.set(key, places);
    }
    return places;
  }

  #enclosed<T>(
    open: string,
    close: string,
    items: Iterable<T>,
    print: (item: T, index: number) => void,
  ): void {
    this.#write(open);
    this.#each(items, print);
    this.#write(close);
  }

  /** Items with commas between them. */
  #each<T>(items: Iterable<T>, print: (item: T, index: number) => void): void {
    let i = 0;
    for (const item of items) {
      if (this.isFull) return;
      if (i > 0) this.#write(', ');
      print(item, i++);
    }
  }

  #write(piece: string): void {
    if (this.isFull) return;
    this.#length += piece.length;
    if (this.#pieces.push(piece) < PIECES_MAX) return;
    this.#chunks.push(this.#pieces.join(''));
    this.#pieces = [];
  }
}
