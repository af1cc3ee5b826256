import { toHex } from './hexadecimal.ts';
import type { Image, Operation } from './image.ts';
import { printTime } from './time.ts';
import { partsOf, TYPE_LIMITS, type TypeId, type TypeNode, type TypeTable } from './type.ts';
import type { List, Product, Sum, Value } from './value.ts';

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
  const orders = new Map(fieldOrder.map((names) => [names.toSorted().join(','), names]));
  return print(types, type, value, orders);
}

type Orders = ReadonlyMap<string, readonly string[]>;

function print(types: TypeTable, type: TypeId, value: Value, orders: Orders): string {
  const node = types.node(type);
  const part = (id: TypeId, inner: Value): string => print(types, id, inner, orders);
  switch (node.kind) {
    case 'unit':
      return '()';
    case 'int':
    case 'bool':
      return String(value as number | boolean);
    case 'string':
      return printString(value as string);
    case 'bytes':
      return `0x"${toHex(value as Uint8Array)}"`;
    case 'time':
      return `@${printTime(value as number)}`;
    case 'tuple':
      return `(${node.items.map((item, i) => part(item, (value as Product)[i])).join(', ')})`;
    case 'record': {
      const names = node.fields.map((field) => field.name);
      const declared = orders.get(names.join(',')) ?? names;
      return `{ ${printNamed(node, declared, value as Product, part)} }`;
    }
    case 'list':
      return `[${(value as List).items.map((item) => part(node.item, item)).join(', ')}]`;
    case 'sum': {
      const { tag, value: payload } = value as Sum;
      const { name, labels, payload: payloadType } = node.constructors[tag];
      if (labels === null) return `${name}(${part(payloadType, payload)})`;
      if (labels.length === 0) return name;
      return `${name}(${printNamed(types.node(payloadType), labels, payload as Product, part)})`;
    }
    case 'map':
    case 'set':
    case 'function':
      throw new Error(`a value of a ${node.kind} type is not printed`);
  }
}

/** `name: value` for each field of a record, in the order of `names`. */
function printNamed(
  node: TypeNode,
  names: readonly string[],
  values: Product,
  part: (type: TypeId, value: Value) => string,
): string {
  if (node.kind !== 'record') throw new Error(`named arguments of a ${node.kind}`);
  return names
    .map((name) => {
      const at = node.fields.findIndex((field) => field.name === name);
      return `${name}: ${part(node.fields[at].type, values[at])}`;
    })
    .join(', ');
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
export function printType(types: TypeTable, type: TypeId, fieldOrder: FieldOrder = [], depth = 0): string {
  const node = types.node(type);
  const part = (id: TypeId): string =>
    depth >= TYPE_LIMITS.dataDepthMax || types.treeNodes(id) > TYPE_LIMITS.dataTreeNodesMax
      ? '…'
      : printType(types, id, fieldOrder, depth + 1);
  switch (node.kind) {
    case 'tuple':
      return `(${node.items.map(part).join(', ')})`;
    case 'record': {
      const key = node.fields.map((field) => field.name).join(',');
      const names = fieldOrder.find((order) => order.toSorted().join(',') === key);
      const fields = names?.map((name) => node.fields.find((field) => field.name === name)!) ?? node.fields;
      return `{ ${fields.map((field) => `${field.name}: ${part(field.type)}`).join(', ')} }`;
    }
    case 'list':
      return `List<${part(node.item)}>`;
    case 'set':
      return `Set<${part(node.item)}>`;
    case 'map':
      return `Map<${part(node.key)}, ${part(node.value)}>`;
    case 'sum':
      return node.arguments.length === 0 ? node.name : `${node.name}<${node.arguments.map(part).join(', ')}>`;
    case 'function':
      return `(${part(node.from)} -> ${part(node.to)})`;
    default:
      return BASE_NAMES[node.kind];
  }
}

/** An operation as it is declared: `Add(price: Int, quantity: Int = 1) -> Int`. */
export function printOperation(image: Image, operation: Operation, fieldOrder: FieldOrder = []): string {
  const { types, constants } = image.unit;
  const parameters = operation.parameters.map(({ name, type, default: constant }) => {
    const value =
      constant === null ? '' : ` = ${printValue(types, type, constants[constant].value, fieldOrder)}`;
    return `${name}: ${printType(types, type, fieldOrder)}${value}`;
  });
  const list = parameters.length === 0 ? '' : `(${parameters.join(', ')})`;
  return `${operation.name}${list} -> ${printType(types, operation.reply, fieldOrder)}`;
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
