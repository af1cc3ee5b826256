import { ByteWriter } from './bytes.ts';
import { IMAGE_MAGIC, KEY_KINDS, TYPE_KINDS, WAY_KINDS, CLAUSE_KINDS, FORMAT_VERSION } from './format.ts';
import type { Image, OperationWay, Unit, Upgrade } from './image.ts';
import { eachWord, UnitNumbering } from './numbering.ts';
import type { TypeId, TypeNode } from './type.ts';

/**
 * The canonical encoding of images and of the units of upgrades; `decode.ts` is its mirror.
 *
 * The encoder takes tables in any order and with entries that nothing uses, and writes the
 * canonical form (`numbering.ts`). Code of any content can be written, so that a verifier can
 * be shown all that a sender might send.
 */

/** The encoding of an image. A constant that is not of its type is a broken precondition. */
export function encodeImage(image: Image): Uint8Array {
  return encodeImageNumbered(image).bytes;
}

/** An image as it was written, with what debug data follows. */
export interface NumberedImage {
  readonly bytes: Uint8Array;
  /** The index in the image of each function that was written. */
  readonly functionOrder: readonly number[];
  /** The index at which a type was written; null where nothing uses it. */
  readonly indexOfType: (type: TypeId) => number | null;
}

/** The same, with the order in which things were written. */
export function encodeImageNumbered(image: Image): NumberedImage {
  const operations = sortedByName(image.operations);
  const roots = [...operations.map((operation) => operation.body), ...image.invariants];
  const numbering = new UnitNumbering(image.unit, roots);
  // The rest is written first: it is where types and constants are used first.
  const rest = new ByteWriter();
  rest.unsigned(numbering.type(image.state));
  rest.unsigned(numbering.constant(image.initial));
  rest.unsigned(operations.length);
  for (const operation of operations) {
    rest.string(operation.name);
    rest.unsigned(operation.parameters.length);
    for (const parameter of operation.parameters) {
      rest.string(parameter.name);
      rest.unsigned(numbering.type(parameter.type));
      writeOptional(rest, parameter.default === null ? null : numbering.constant(parameter.default));
    }
    rest.unsigned(numbering.type(operation.reply));
    rest.unsigned(numbering.function(operation.body));
  }
  rest.unsigned(image.invariants.length);
  for (const invariant of image.invariants) rest.unsigned(numbering.function(invariant));
  const defaults = image.defaults
    .map(({ type, field, constant }) => ({ type: numbering.type(type), field, constant }))
    .sort((a, b) => a.type - b.type || a.field - b.field);
  rest.unsigned(defaults.length);
  for (const { type, field, constant } of defaults) {
    rest.unsigned(type);
    rest.unsigned(field);
    rest.unsigned(numbering.constant(constant));
  }

  const writer = new ByteWriter();
  writer.raw(IMAGE_MAGIC);
  writer.byte(FORMAT_VERSION);
  writer.unsigned(image.emit);
  writer.string(image.name);
  writer.byte(KEY_KINDS.indexOf(image.key));
  writeUnit(writer, image.unit, numbering);
  writer.raw(rest.bytes());
  const { functionOrder, types } = numbering;
  return { bytes: writer.bytes(), functionOrder, indexOfType: (type) => types.find(type) };
}

/** What an upgrade says beside its header, which stands apart in the bundle. */
export function encodeUpgradeBody(upgrade: Upgrade): Uint8Array {
  const ways = sortedByName(upgrade.operations);
  const backWays = sortedByName(upgrade.backOperations);
  const adapters = [...ways, ...backWays].flatMap((way) =>
    way.kind === 'adapter' ? [way.request, way.reply] : [],
  );
  const roots = [upgrade.migration, ...(upgrade.back === null ? [] : [upgrade.back]), ...adapters];
  const numbering = new UnitNumbering(upgrade.unit, roots);
  // The clauses are written first: it is where types are used first.
  const clauses = new ByteWriter();
  clauses.unsigned(upgrade.clauses.length);
  for (const clause of upgrade.clauses) {
    clauses.byte(CLAUSE_KINDS.indexOf(clause.kind));
    writeOptional(clauses, clause.type === null ? null : numbering.type(clause.type));
    clauses.unsigned(clause.path.length);
    for (const step of clause.path) clauses.string(step);
    if (clause.kind === 'rename') clauses.string(clause.to);
  }
  const writer = new ByteWriter();
  writeUnit(writer, upgrade.unit, numbering);
  writer.unsigned(numbering.function(upgrade.migration));
  writeOptional(writer, upgrade.back === null ? null : numbering.function(upgrade.back));
  for (const list of [ways, backWays]) {
    writer.unsigned(list.length);
    for (const way of list) writeWay(writer, way, numbering);
  }
  writer.raw(clauses.bytes());
  return writer.bytes();
}

function writeWay(writer: ByteWriter, way: OperationWay, numbering: UnitNumbering): void {
  writer.byte(WAY_KINDS.indexOf(way.kind));
  writer.string(way.name);
  if (way.kind !== 'adapter') return;
  writer.string(way.to);
  writer.unsigned(numbering.function(way.request));
  writer.unsigned(numbering.function(way.reply));
}

function writeUnit(writer: ByteWriter, unit: Unit, numbering: UnitNumbering): void {
  // Functions first, into their own buffer, since they use constants and types.
  const functions = new ByteWriter();
  functions.unsigned(numbering.functionOrder.length);
  for (const index of numbering.functionOrder) {
    const { from, to, code } = unit.functions[index];
    functions.unsigned(numbering.type(from));
    functions.unsigned(numbering.type(to));
    writeCode(functions, code, numbering);
  }
  writeTypes(writer, numbering.types.nodes);
  writer.unsigned(numbering.constantOrder.length);
  for (const index of numbering.constantOrder) {
    writer.unsigned(numbering.type(unit.constants[index].type));
    writer.raw(numbering.constantBytes(index));
  }
  writer.raw(functions.bytes());
}

/** The nodes that are not base types, their parts by canonical index. */
export function writeTypes(writer: ByteWriter, nodes: readonly TypeNode[]): void {
  writer.unsigned(nodes.length);
  for (const node of nodes) writeType(writer, node);
}

function writeType(writer: ByteWriter, node: TypeNode): void {
  const kind = TYPE_KINDS.indexOf(node.kind);
  if (kind < 0) throw new Error(`a ${node.kind} type has no encoding in format version ${FORMAT_VERSION}`);
  writer.byte(kind);
  switch (node.kind) {
    case 'tuple':
      writer.unsigned(node.items.length);
      return node.items.forEach((item) => writer.unsigned(item));
    case 'record':
      writer.unsigned(node.fields.length);
      return node.fields.forEach((field) => {
        writer.string(field.name);
        writer.unsigned(field.type);
      });
    case 'list':
    case 'set':
      return writer.unsigned(node.item);
    case 'map':
      writer.unsigned(node.key);
      return writer.unsigned(node.value);
    case 'function':
      writer.unsigned(node.from);
      return writer.unsigned(node.to);
    case 'sum':
      writer.string(node.name);
      writer.unsigned(node.arguments.length);
      for (const argument of node.arguments) writer.unsigned(argument);
      writer.unsigned(node.constructors.length);
      for (const { name, labels, payload } of node.constructors) {
        writer.string(name);
        // 0: one unnamed argument; 1: none; n + 1: n named ones.
        writer.unsigned(labels === null ? 0 : labels.length + 1);
        for (const label of labels ?? []) writer.string(label);
        if (labels?.length !== 0) writer.unsigned(payload);
      }
      return;
    default:
      throw new Error(`a base type has no entry in a type table: ${node.kind}`);
  }
}

/** The number of words, then each: targets as distances from the start of their instruction. */
function writeCode(writer: ByteWriter, code: Int32Array, numbering: UnitNumbering): void {
  writer.unsigned(code.length);
  eachWord(code, (kind, word, instruction) => {
    if (kind === 'type') writer.unsigned(numbering.type(word));
    else if (kind === 'constant') writer.unsigned(numbering.constant(word));
    else if (kind === 'function') writer.unsigned(numbering.function(word));
    else if (kind === 'target') writer.unsigned((word - instruction) >>> 0);
    else writer.unsigned(word >>> 0);
  });
}

/** 0 for nothing, else the number and 1. */
function writeOptional(writer: ByteWriter, number: number | null): void {
  writer.unsigned(number === null ? 0 : (number + 1) >>> 0);
}

/** Sorted by name, in the order of UTF-16 code units. */
export function sortedByName<T extends { readonly name: string }>(items: readonly T[]): readonly T[] {
  return items.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
