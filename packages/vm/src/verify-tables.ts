import {
  FORMAT_LIMITS,
  TYPE_LIMITS,
  isKey,
  sizeOf,
  type TypeId,
  type TypeTable,
  type Unit,
  printType,
} from '@smc/protocol';
import { conforms } from './values/conform.ts';

/**
 * The tables of a unit, before its code is read: types that hold together, constants that are
 * values of their types, functions that take data, and all within limits. A decoder has seen
 * to much of this; the verifier relies on nobody.
 */

/** Bytes of all code and constants of a unit in memory. */
export const UNIT_BYTES_MAX = 64 * 1024 * 1024;

const LOWER = /^[a-z][A-Za-z0-9_]*$/;
const UPPER = /^[A-Z][A-Za-z0-9_]*$/;

/** A field, a parameter or an argument. */
export function isLowerName(name: string): boolean {
  return name.length <= FORMAT_LIMITS.nameBytesMax && LOWER.test(name);
}

/** A machine, an operation, a type or a constructor. */
export function isUpperName(name: string): boolean {
  return name.length <= FORMAT_LIMITS.nameBytesMax && UPPER.test(name);
}

/** What is wrong with the tables, or null. Takes time linear in what they hold. */
export function tableDefect(unit: Unit): { readonly message: string; readonly function?: number } | null {
  const { types, constants, functions } = unit;
  const { constantsMax, functionsMax, functionWordsMax } = FORMAT_LIMITS;
  for (let id = 0; id < types.length; id++) {
    const defect = typeDefect(types, id);
    if (defect !== null) return { message: `type ${id}, ${printType(types, id)}: ${defect}` };
  }
  if (constants.length > constantsMax)
    return { message: `${constants.length} constants, at most ${constantsMax}` };
  if (functions.length > functionsMax)
    return { message: `${functions.length} functions, at most ${functionsMax}` };
  let bytes = 0;
  for (const [index, { type, value }] of constants.entries()) {
    if (!isType(types, type)) return { message: `constant ${index} has the type ${type} of ${types.length}` };
    if (!types.isData(type)) return { message: `constant ${index} is no data: ${printType(types, type)}` };
    if (!conforms(types, type, value))
      return { message: `constant ${index} is no ${printType(types, type)}` };
    bytes += sizeOf(value);
  }
  for (const [index, { from, to, code }] of functions.entries()) {
    if (!isType(types, from) || !isType(types, to))
      return { message: 'its type is out of bounds', function: index };
    if (!types.isFirstOrder(from))
      return { message: `it takes a closure: ${printType(types, from)}`, function: index };
    if (code.length > functionWordsMax)
      return { message: `${code.length} words, at most ${functionWordsMax}`, function: index };
    bytes += code.byteLength;
  }
  return bytes > UNIT_BYTES_MAX
    ? { message: `${bytes} bytes of code and constants, at most ${UNIT_BYTES_MAX}` }
    : null;
}

/** Whether a table has this type. */
export function isType(types: TypeTable, type: TypeId): boolean {
  return Number.isInteger(type) && type >= 0 && type < types.length;
}

/** What is wrong with one type, given that its parts are right. */
function typeDefect(types: TypeTable, id: TypeId): string | null {
  const node = types.node(id);
  switch (node.kind) {
    case 'record': {
      const wrong = node.fields.find((field) => !isLowerName(field.name));
      if (node.fields.length === 0) return 'a record without fields';
      return wrong === undefined ? null : `a field called ${JSON.stringify(wrong.name)}`;
    }
    case 'list':
      return types.isFirstOrder(node.item) ? null : 'a list of closures';
    case 'map':
      if (!isKey(types, node.key)) return 'a map whose keys have no order';
      return types.isFirstOrder(node.value) ? null : 'a map of closures';
    case 'set':
      return isKey(types, node.item) ? null : 'a set whose items have no order';
    case 'function':
      return types.isFirstOrder(node.from) ? null : 'a closure that takes a closure';
    case 'sum': {
      if (!isUpperName(node.name)) return `a sum called ${JSON.stringify(node.name)}`;
      if (node.constructors.length === 0) return 'a sum without constructors';
      if (node.arguments.length > FORMAT_LIMITS.typeArgumentsMax) return 'too many type arguments';
      if (!types.isFirstOrder(id)) return 'a sum with a closure in it';
      const names = node.constructors.map((constructor) => constructor.name);
      if (!names.every(isUpperName)) return 'a constructor whose name is none';
      if (new Set(names).size < names.length) return 'two constructors of one name';
      const wrong = node.constructors.find(({ labels, payload }) => !areLabels(types, labels, payload));
      return wrong === undefined ? null : `the arguments of ${wrong.name} are not those that it holds`;
    }
    default:
      return null;
  }
}

/** No label: unit; null: one unnamed argument of any type; else the record of the labels. */
function areLabels(types: TypeTable, labels: readonly string[] | null, payload: TypeId): boolean {
  if (labels === null) return true;
  const node = types.node(payload);
  if (labels.length === 0) return node.kind === 'unit';
  if (node.kind !== 'record' || labels.length > TYPE_LIMITS.recordFieldsMax) return false;
  const sorted = labels.toSorted();
  return node.fields.length === labels.length && node.fields.every((field, i) => field.name === sorted[i]);
}
