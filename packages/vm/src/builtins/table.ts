import { INSTRUCTIONS, TIME_MAX, type InstructionName, type KeyOrder } from '@smc/protocol';
import type { FAILED } from '../failure.ts';
import { INTEGER_OVERFLOW, TIME_OUT_OF_RANGE } from '../failure.ts';
import { isOverflow, normal } from '../values/integer.ts';
import * as collections from './collections.ts';
import * as lists from './lists.ts';
import type { BuiltIn, Meter } from './meter.ts';
import * as text from './text.ts';

/**
 * The instructions that stand out of line, so that the dispatch of the others stays small
 * enough for the host's optimising compiler. Each charges its fuel as the instruction table
 * says, before the work that it pays for.
 */

const integers = (a: unknown): readonly [number, number] => a as readonly [number, number];

function timeOrFault(millis: number, meter: Meter): number | typeof FAILED {
  return Math.abs(millis) > TIME_MAX ? meter.fail(TIME_OUT_OF_RANGE) : normal(millis);
}

/** Those that know no order of keys. */
const PLAIN = {
  INT_PARSE: text.intParse,
  INT_MIN: (a) => Math.min(integers(a)[0], integers(a)[1]),
  INT_MAX: (a) => Math.max(integers(a)[0], integers(a)[1]),
  INT_ABS: (a) => Math.abs(a as number),
  STRING_JOIN: text.stringJoin,
  STRING_SPLIT: text.stringSplit,
  STRING_SLICE: text.stringSlice,
  STRING_CONTAINS: text.stringContains,
  STRING_STARTS_WITH: text.stringStartsWith,
  STRING_ENDS_WITH: text.stringEndsWith,
  STRING_INDEX_OF: text.stringIndexOf,
  STRING_TO_UPPER: text.stringToUpper,
  STRING_TO_LOWER: text.stringToLower,
  STRING_TRIM: text.stringTrim,
  STRING_REPEAT: text.stringRepeat,
  STRING_TO_BYTES: text.stringToBytes,
  LIST_GET: lists.listGet,
  LIST_PREPEND: lists.listPrepend,
  LIST_FLATTEN: lists.listFlatten,
  LIST_REVERSE: lists.listReverse,
  LIST_CONTAINS: lists.listContains,
  LIST_INDEX_OF: lists.listIndexOf,
  LIST_TAKE: lists.listTake,
  LIST_DROP: lists.listDrop,
  LIST_ZIP: lists.listZip,
  LIST_SUM: lists.listSum,
  LIST_SELECT: lists.listSelect,
  LIST_UNCONS: lists.listUncons,
  BYTES_LENGTH: text.bytesLength,
  BYTES_GET: text.bytesGet,
  BYTES_SLICE: text.bytesSlice,
  BYTES_CONCAT: text.bytesConcat,
  BYTES_FLATTEN: text.bytesFlatten,
  BYTES_TO_STRING: text.bytesToString,
  BYTES_FROM_HEX: text.bytesFromHex,
  BYTES_TO_HEX: text.bytesToHex,
  TIME_TO_MILLIS: (a) => a,
  TIME_FROM_MILLIS: (a, meter) => timeOrFault(a as number, meter),
  TIME_ADD_MILLIS: (a, meter) => timeOrFault(integers(a)[0] + integers(a)[1], meter),
  TIME_DIFF_MILLIS: (a, meter) => {
    const difference = integers(a)[0] - integers(a)[1];
    return isOverflow(difference) ? meter.fail(INTEGER_OVERFLOW) : normal(difference);
  },
  MAP_SIZE: collections.mapSize,
  MAP_GET: collections.mapGet,
  MAP_HAS: collections.mapHas,
  MAP_INSERT: collections.mapInsert,
  MAP_REMOVE: collections.mapRemove,
  MAP_KEYS: collections.mapKeys,
  MAP_VALUES: collections.mapValues,
  MAP_ENTRIES: collections.mapEntries,
  SET_SIZE: collections.setSize,
  SET_HAS: collections.setHas,
  SET_INSERT: collections.setInsert,
  SET_REMOVE: collections.setRemove,
  SET_UNION: collections.setUnion,
  SET_INTERSECT: collections.setIntersect,
  SET_DIFF: collections.setDiff,
  SET_TO_LIST: collections.setToList,
} satisfies Partial<Record<InstructionName, BuiltIn>>;

/** Those that name a type, whose order they are given. */
const ORDERED = {
  LIST_SORT: lists.listSort,
  MAP_FROM_LIST: collections.mapFromList,
  SET_FROM_LIST: collections.setFromList,
} satisfies Partial<Record<InstructionName, BuiltIn<KeyOrder>>>;

/** The names of the instructions of both tables. */
export type BuiltInName = keyof typeof PLAIN | keyof typeof ORDERED;

/** By code, where there is one. */
export const BUILT_INS: readonly (BuiltIn<KeyOrder> | undefined)[] = (() => {
  const table: (BuiltIn<KeyOrder> | undefined)[] = [];
  for (const [name, builtIn] of Object.entries({ ...PLAIN, ...ORDERED })) {
    table[INSTRUCTIONS[name as BuiltInName].code] = builtIn as BuiltIn<KeyOrder>;
  }
  return table;
})();
