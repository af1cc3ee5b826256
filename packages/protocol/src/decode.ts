import { type ByteReader, type Decoded, decoding, type Malformed } from './bytes.ts';
import { encodeImage, encodeUpgradeBody } from './encode.ts';
import {
  CLAUSE_KINDS,
  FORMAT_LIMITS,
  FORMAT_VERSION,
  IMAGE_MAGIC,
  KEY_KINDS,
  TYPE_KINDS,
  WAY_KINDS,
} from './format.ts';
import {
  type Constant,
  type FieldDefault,
  type FunctionCode,
  type Image,
  type Operation,
  type OperationParameter,
  type OperationWay,
  PARAMETERS_MAX,
  type Unit,
  type Upgrade,
  type UpgradeClause,
} from './image.ts';
import { instructionName, INSTRUCTIONS } from './instructions.ts';
import { isKey } from './key-order.ts';
import { isShortWrittenOut } from './text.ts';
import {
  type Constructor,
  type Field,
  partsOf,
  TYPE_LIMITS,
  type TypeId,
  TypeLimitError,
  type TypeNode,
  TypeTable,
  UNIT,
} from './type.ts';
import { sizeOf } from './value.ts';
import { takeValue } from './value-encoding.ts';

/**
 * The mirror of `encode.ts`, for bytes that nobody vouches for. Every count is proven before
 * anything is allocated, every index of a root is in its table, names are names; and what was
 * read is written again and compared, so that an image has one encoding.
 *
 * What the operands of instructions refer to, and whether the types fit, is the verifier's
 * question: code is only known to be whole instructions.
 */

/** The image that the bytes, all of them, encode. */
export function decodeImage(bytes: Uint8Array): Decoded<Image> {
  return decoding(bytes, (reader) => {
    const image = takeWithinLimits(reader);
    refuseOtherForms(reader, bytes, encodeImage(image));
    return image;
  });
}

/**
 * Why no decoder would take an image: it is larger than the limits of the format. Null where it would be
 * taken. For who makes images: that the encoding is canonical is not checked.
 */
export function refusalOf(image: Image): Malformed | null {
  const decoded = decoding(encodeImage(image), takeWithinLimits);
  return decoded.ok ? null : decoded.malformed;
}

function takeWithinLimits(reader: ByteReader): Image {
  const image = takeImage(reader);
  const { interfaceLengthMax } = FORMAT_LIMITS;
  if (!isShortWrittenOut(image, interfaceLengthMax)) {
    reader.fail(`state type and operations of more than ${interfaceLengthMax} characters, written out`, 0);
  }
  return image;
}

/** What an image says of itself before its tables. */
export type ImageHeader = Pick<Image, 'emit' | 'name' | 'key'>;

/** Reads the start of an image only. */
export function takeImageHeader(reader: ByteReader): ImageHeader {
  takeMagic(reader, IMAGE_MAGIC, 'image', FORMAT_LIMITS.imageBytesMax);
  const emit = reader.unsigned();
  const name = takeName(reader, 'upper');
  return { emit, name, key: takeKind(reader, 'kind of key', KEY_KINDS) };
}

/** Magic and version: the first that a reader of this format may rely on. */
export function takeMagic(reader: ByteReader, magic: Uint8Array, what: string, bytesMax: number): void {
  const { remaining, offset } = reader;
  for (const byte of magic) {
    if (reader.remaining === 0 || reader.byte() !== byte) reader.fail(`this is no ${what}`, offset);
  }
  const version = reader.byte();
  if (version !== FORMAT_VERSION) {
    reader.fail(`unknown version ${version} of the format; known is version ${FORMAT_VERSION}`, offset + 4);
  }
  refuseLength(reader, remaining, bytesMax, offset);
}

function refuseLength(reader: ByteReader, length: number, max: number, offset: number): void {
  if (length > max) reader.fail(`${length} bytes, at most ${max}`, offset);
}

/** What `encodeUpgradeBody` wrote. */
export function decodeUpgradeBody(
  header: Pick<Upgrade, 'machine' | 'old' | 'oldEmit' | 'image'>,
  bytes: Uint8Array,
): Decoded<Upgrade> {
  return decoding(bytes, (reader) => {
    refuseLength(reader, bytes.length, FORMAT_LIMITS.imageBytesMax, 0);
    const unit = takeUnit(reader);
    const count = unit.functions.length;
    const migration = reader.index('function', count);
    const back = takeOptional(reader, 'function', count);
    const operations = takeNamed(reader, () => takeWay(reader, count));
    const backOperations = takeNamed(reader, () => takeWay(reader, count));
    const clauses = takeList(reader, 'clauses', FORMAT_LIMITS.clausesMax, () =>
      takeClause(reader, unit.types.length),
    );
    const { machine, old, oldEmit, image } = header;
    const upgrade: Upgrade = {
      machine,
      old,
      oldEmit,
      image,
      unit,
      migration,
      back,
      operations,
      backOperations,
      clauses,
    };
    refuseOtherForms(reader, bytes, encodeUpgradeBody(upgrade));
    return upgrade;
  });
}

function refuseOtherForms(reader: ByteReader, bytes: Uint8Array, canonical: Uint8Array): void {
  // More bytes than were read: `decoding` says so.
  if (reader.remaining > 0) return;
  const length = Math.max(bytes.length, canonical.length);
  for (let i = 0; i < length; i++) {
    if (bytes[i] !== canonical[i]) reader.fail('not canonical', i);
  }
}

function takeImage(reader: ByteReader): Image {
  const { emit, name, key } = takeImageHeader(reader);
  const unit = takeUnit(reader);
  const state = reader.index('type', unit.types.length);
  const initial = reader.index('constant', unit.constants.length);
  const operations = takeNamed(reader, () => takeOperation(reader, unit));
  const invariants = takeList(reader, 'invariants', FORMAT_LIMITS.invariantsMax, () =>
    reader.index('function', unit.functions.length),
  );
  const start = reader.offset;
  const defaults = takeList(reader, 'defaults', FORMAT_LIMITS.defaultsMax, () =>
    takeFieldDefault(reader, unit),
  );
  refuseUnordered(reader, defaults, start);
  const inInputs = typesInside(
    unit.types,
    operations.flatMap(({ parameters }) => parameters.map(({ type }) => type)),
  );
  for (const { type } of defaults) {
    if (!inInputs.has(type)) reader.fail('a default of a field of what is in no parameter', start);
  }
  return { emit, name, key, unit, state, initial, operations, invariants, defaults };
}

function takeFieldDefault(reader: ByteReader, unit: Unit): FieldDefault {
  const start = reader.offset;
  const type = reader.index('type', unit.types.length);
  const node = unit.types.node(type);
  if (node.kind !== 'record') return reader.fail('a default of a field of what is no record', start);
  const field = reader.index('field', node.fields.length);
  const constant = reader.index('constant', unit.constants.length);
  if (unit.constants[constant].type !== node.fields[field].type) {
    reader.fail(`the default of the field ${node.fields[field].name} has another type`, start);
  }
  return { type, field, constant };
}

/** These types, and all that is in them. */
function typesInside(types: TypeTable, roots: readonly TypeId[]): ReadonlySet<TypeId> {
  const found = new Set(roots);
  // A set gives what is added to it while it is walked.
  for (const id of found) for (const part of partsOf(types.node(id))) found.add(part);
  return found;
}

function refuseUnordered(reader: ByteReader, defaults: readonly FieldDefault[], offset: number): void {
  for (let i = 1; i < defaults.length; i++) {
    const [left, right] = [defaults[i - 1], defaults[i]];
    if (left.type > right.type || (left.type === right.type && left.field >= right.field)) {
      reader.fail('defaults of fields must ascend', offset);
    }
  }
}

function takeOperation(reader: ByteReader, unit: Unit): Operation {
  const name = takeName(reader, 'upper');
  const start = reader.offset;
  const parameters = takeList(reader, 'parameters', PARAMETERS_MAX, (): OperationParameter => ({
    name: takeName(reader, 'lower'),
    type: reader.index('type', unit.types.length),
    default: takeOptional(reader, 'constant', unit.constants.length),
  }));
  refuseTwice(
    reader,
    'parameter',
    parameters.map((parameter) => parameter.name),
    start,
  );
  const reply = reader.index('type', unit.types.length);
  return { name, parameters, reply, body: reader.index('function', unit.functions.length) };
}

function takeWay(reader: ByteReader, functionCount: number): OperationWay {
  const kind = takeKind(reader, 'kind of way', WAY_KINDS);
  const name = takeName(reader, 'upper');
  if (kind !== 'adapter') return { kind, name };
  const to = takeName(reader, 'upper');
  const request = reader.index('function', functionCount);
  return { kind, name, to, request, reply: reader.index('function', functionCount) };
}

function takeClause(reader: ByteReader, typeCount: number): UpgradeClause {
  const kind = takeKind(reader, 'kind of clause', CLAUSE_KINDS);
  const type = takeOptional(reader, 'type', typeCount);
  const path = takeList(reader, 'steps', FORMAT_LIMITS.clauseStepsMax, () => takeName(reader, 'any'));
  return kind === 'drop' ? { kind, type, path } : { kind, type, path, to: takeName(reader, 'any') };
}

function takeUnit(reader: ByteReader): Unit {
  const { typesBytesMax, constantsBytesMax, unitWordsMax } = FORMAT_LIMITS;
  const types = reader.bounded('types', typesBytesMax, () => takeTypes(reader));
  const constants = reader.bounded('constants', constantsBytesMax, () => takeConstants(reader, types));
  let words = 0;
  const functions = takeList(reader, 'functions', FORMAT_LIMITS.functionsMax, (): FunctionCode => {
    const from = reader.index('type', types.length);
    const to = reader.index('type', types.length);
    const start = reader.offset;
    const code = takeCode(reader);
    words += code.length;
    if (words > unitWordsMax) reader.fail(`functions of more than ${unitWordsMax} words`, start);
    return { from, to, code };
  });
  return { types, constants, functions };
}

function takeConstants(reader: ByteReader, types: TypeTable): Constant[] {
  const { constantsMax, constantsSizeMax } = FORMAT_LIMITS;
  let size = 0;
  return takeList(reader, 'constants', constantsMax, () => {
    const start = reader.offset;
    const type = reader.index('type', types.length);
    if (!types.isData(type)) reader.fail('a constant whose type is no type of data', start);
    const value = takeValue(reader, types, type);
    size += sizeOf(value);
    if (size > constantsSizeMax) reader.fail(`constants of a size above ${constantsSizeMax} bytes`, start);
    return { type, value };
  });
}

function takeTypes(reader: ByteReader): TypeTable {
  const types = new TypeTable();
  const count = reader.count('types', TYPE_LIMITS.tableLengthMax);
  for (let i = 0; i < count; i++) {
    const start = reader.offset;
    const node = takeType(reader, types);
    try {
      const before = types.length;
      if (types.intern(node) !== before) reader.fail('a type that was there before', start);
    } catch (error) {
      if (!(error instanceof TypeLimitError)) throw error;
      reader.fail(error.message, start);
    }
  }
  return types;
}

function takeType(reader: ByteReader, types: TypeTable): TypeNode {
  const start = reader.offset;
  const byte = reader.byte();
  const part = (): TypeId => reader.index('type', types.length);
  switch (TYPE_KINDS[byte]) {
    case 'tuple':
      return { kind: 'tuple', items: takeList(reader, 'components', TYPE_LIMITS.tupleItemsMax, part) };
    case 'record': {
      const fields = takeList(reader, 'fields', TYPE_LIMITS.recordFieldsMax, (): Field => ({
        name: takeName(reader, 'lower'),
        type: part(),
      }));
      if (fields.length === 0) reader.fail('a record without fields', start);
      refuseDisorder(reader, fields, start);
      return { kind: 'record', fields };
    }
    case 'list':
      return { kind: 'list', item: part() };
    case 'set':
      return { kind: 'set', item: takeKey(reader, types) };
    case 'map': {
      const key = takeKey(reader, types);
      const value = part();
      if (!types.isFirstOrder(value)) reader.fail('a map of functions', start);
      return { kind: 'map', key, value };
    }
    case 'function':
      return { kind: 'function', from: part(), to: part() };
    case 'sum': {
      const name = takeName(reader, 'upper');
      const args = takeList(reader, 'type arguments', FORMAT_LIMITS.typeArgumentsMax, part);
      const constructors = takeList(reader, 'constructors', TYPE_LIMITS.constructorsMax, () =>
        takeConstructor(reader, types),
      );
      if (constructors.length === 0) reader.fail('a sum without constructors', start);
      refuseTwice(
        reader,
        'constructor',
        constructors.map((constructor) => constructor.name),
        start,
      );
      return { kind: 'sum', name, arguments: args, constructors };
    }
    default:
      return reader.fail(`no kind of type has the number ${byte}`, start);
  }
}

function takeKey(reader: ByteReader, types: TypeTable): TypeId {
  const start = reader.offset;
  const key = reader.index('type', types.length);
  if (!types.isData(key) || !isKey(types, key)) reader.fail('a key whose type has no order', start);
  return key;
}

function takeConstructor(reader: ByteReader, types: TypeTable): Constructor {
  const name = takeName(reader, 'upper');
  const start = reader.offset;
  // 0: one unnamed argument; 1: none; n + 1: n named ones.
  const form = reader.count('labels', TYPE_LIMITS.recordFieldsMax + 1);
  if (form === 1) return { name, labels: [], payload: UNIT };
  const labels: string[] = [];
  for (let i = 1; i < form; i++) labels.push(takeName(reader, 'lower'));
  const payload = reader.index('type', types.length);
  if (form === 0) return { name, labels: null, payload };
  if (labels.includes('tag')) reader.fail('an argument of a constructor is called tag', start);
  const node = types.node(payload);
  const fields = node.kind === 'record' ? node.fields.map((field) => field.name) : [];
  if (fields.join(' ') !== labels.toSorted().join(' ')) {
    reader.fail(`the arguments of ${name} are not a record of ${labels.join(', ')}`, start);
  }
  return { name, labels, payload };
}

function takeCode(reader: ByteReader): Int32Array {
  const code = new Int32Array(reader.count('words', FORMAT_LIMITS.functionWordsMax));
  let pc = 0;
  while (pc < code.length) {
    const start = pc;
    const offset = reader.offset;
    const word = reader.unsigned();
    const name = instructionName(word);
    if (name === undefined) return reader.fail(`no instruction has the code ${word}`, offset);
    code[pc++] = word;
    for (const { kind } of INSTRUCTIONS[name].operands) {
      const targets = kind === 'targets' && pc < code.length ? reader.unsigned() : 0;
      const end = pc + 1 + targets;
      if (end > code.length) reader.fail(`${name} is cut off by the end of its function`, offset);
      if (kind === 'targets') {
        code[pc++] = targets;
        while (pc < end) code[pc++] = start + reader.unsigned();
      } else {
        code[pc++] = kind === 'target' ? start + reader.unsigned() : reader.unsigned();
      }
    }
  }
  return code;
}

// ------------------------------------------------------------------ small forms

function takeList<T>(reader: ByteReader, what: string, max: number, take: () => T): T[] {
  const count = reader.count(what, max);
  const items: T[] = [];
  for (let i = 0; i < count; i++) items.push(take());
  return items;
}

/** Things about operations, in the order of their names. */
function takeNamed<T extends { readonly name: string }>(reader: ByteReader, take: () => T): T[] {
  const start = reader.offset;
  const items = takeList(reader, 'operations', FORMAT_LIMITS.operationsMax, take);
  refuseDisorder(reader, items, start);
  return items;
}

function takeOptional(reader: ByteReader, what: string, length: number): number | null {
  const number = reader.index(what, length + 1);
  return number === 0 ? null : number - 1;
}

function takeKind<T>(reader: ByteReader, what: string, kinds: readonly T[]): T {
  return kinds[reader.index(what, kinds.length)];
}

const NAMES = {
  lower: /^[a-z][A-Za-z0-9_]*$/,
  upper: /^[A-Z][A-Za-z0-9_]*$/,
  any: /^[A-Za-z0-9_]+$/,
} as const;

/** A name as the language has them, so that it can be printed and read. */
export function takeName(reader: ByteReader, form: keyof typeof NAMES): string {
  const start = reader.offset;
  const name = reader.string(FORMAT_LIMITS.nameBytesMax, 'a name');
  if (!NAMES[form].test(name)) reader.fail(`not a name: ${JSON.stringify(name)}`, start);
  return name;
}

function refuseDisorder(
  reader: ByteReader,
  items: readonly { readonly name: string }[],
  offset: number,
): void {
  for (let i = 1; i < items.length; i++) {
    const [left, right] = [items[i - 1].name, items[i].name];
    if (!(left < right)) reader.fail(`${right} after ${left}: names must ascend`, offset);
  }
}

function refuseTwice(reader: ByteReader, what: string, names: readonly string[], offset: number): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) reader.fail(`the ${what} ${name} is there twice`, offset);
    seen.add(name);
  }
}
