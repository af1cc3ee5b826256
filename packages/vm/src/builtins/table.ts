import { INSTRUCTIONS, TIME_MAX, type InstructionName, type KeyOrder } from '@smc/protocol';
import { FAILED, INTEGER_OVERFLOW, TIME_OUT_OF_RANGE } from '../failure.ts';
import { isOverflow, normal } from '../values/integer.ts';
import * as collections from './collections.ts';
import * as lists from './lists.ts';
import type { BuiltIn, Meter, Result } from './meter.ts';
import * as text from './text.ts';

/**
 * The instructions that stand out of line, so that the dispatch of the others stays small
 * enough for the host's optimising compiler. Each charges its fuel as the instruction table
 * says, before the work that it pays for; also where that is nothing, since there may be less.
 */

function timeOrFault(millis: number, meter: Meter): Result {
  if (!meter.pay(0)) return FAILED;
  return Math.abs(millis) > TIME_MAX ? meter.fail(TIME_OUT_OF_RANGE) : normal(millis);
}

const timeFrom = (meter: Meter, millis: number): Result => timeOrFault(millis, meter);

const timeAdd = (meter: Meter, time: number, millis: number): Result => timeOrFault(time + millis, meter);

const timeDifference = (meter: Meter, left: number, right: number): Result => {
  if (!meter.pay(0)) return FAILED;
  const difference = left - right;
  if (!meter.pay(0)) return FAILED;
  return isOverflow(difference) ? meter.fail(INTEGER_OVERFLOW) : normal(difference);
};

/** A built-in as the tiers see it. */
export interface BuiltInRow {
  /** How many operands it takes, at most 3. */
  readonly arity: number;
  /** Whether it gives an optional, where its instruction gives the Option of that. */
  readonly isOptional: boolean;
  readonly run: BuiltIn;
}

/** The verifier has proved the types of the operands, so each says what it takes. */
type Typed = (meter: Meter, a: never, b: never, c: never, order: KeyOrder) => Result;

const row = (arity: number, run: Typed): BuiltInRow => ({ arity, isOptional: false, run: run as BuiltIn });
const optional = (arity: number, run: Typed): BuiltInRow => ({ ...row(arity, run), isOptional: true });

const ROWS = {
  INT_PARSE: optional(1, text.intParse),
  STRING_CONCAT: row(2, text.stringConcat),
  STRING_LENGTH: row(1, text.stringLength),
  STRING_JOIN: row(2, text.stringJoin),
  STRING_SPLIT: row(2, text.stringSplit),
  STRING_SLICE: row(3, text.stringSlice),
  STRING_CONTAINS: row(2, text.stringContains),
  STRING_STARTS_WITH: row(2, text.stringStartsWith),
  STRING_ENDS_WITH: row(2, text.stringEndsWith),
  STRING_INDEX_OF: optional(2, text.stringIndexOf),
  STRING_TO_UPPER: row(1, text.stringToUpper),
  STRING_TO_LOWER: row(1, text.stringToLower),
  STRING_TRIM: row(1, text.stringTrim),
  STRING_REPEAT: row(2, text.stringRepeat),
  STRING_TO_BYTES: row(1, text.stringToBytes),
  LIST_APPEND: row(2, lists.listAppend),
  LIST_CONCAT: row(2, lists.listConcat),
  LIST_PREPEND: row(2, lists.listPrepend),
  LIST_FLATTEN: row(1, lists.listFlatten),
  LIST_REVERSE: row(1, lists.listReverse),
  LIST_CONTAINS: row(2, lists.listContains),
  LIST_INDEX_OF: optional(2, lists.listIndexOf),
  LIST_TAKE: row(2, lists.listTake),
  LIST_DROP: row(2, lists.listDrop),
  LIST_ZIP: row(2, lists.listZip),
  LIST_SUM: row(1, lists.listSum),
  LIST_SORT: row(1, lists.listSort),
  LIST_SELECT: row(1, lists.listSelect),
  LIST_UNCONS: optional(1, lists.listUncons),
  BYTES_LENGTH: row(1, text.bytesLength),
  BYTES_GET: optional(2, text.bytesGet),
  BYTES_SLICE: row(3, text.bytesSlice),
  BYTES_CONCAT: row(2, text.bytesConcat),
  BYTES_FLATTEN: row(1, text.bytesFlatten),
  BYTES_TO_STRING: optional(1, text.bytesToString),
  BYTES_FROM_HEX: optional(1, text.bytesFromHex),
  BYTES_TO_HEX: row(1, text.bytesToHex),
  TIME_FROM_MILLIS: row(1, timeFrom),
  TIME_ADD_MILLIS: row(2, timeAdd),
  TIME_DIFF_MILLIS: row(2, timeDifference),
  MAP_GET: optional(2, collections.mapGet),
  MAP_HAS: row(2, collections.mapHas),
  MAP_INSERT: row(3, collections.mapInsert),
  MAP_REMOVE: row(2, collections.mapRemove),
  MAP_KEYS: row(1, collections.mapKeys),
  MAP_VALUES: row(1, collections.mapValues),
  MAP_ENTRIES: row(1, collections.mapEntries),
  MAP_FROM_LIST: row(1, collections.mapFromList),
  SET_HAS: row(2, collections.setHas),
  SET_INSERT: row(2, collections.setInsert),
  SET_REMOVE: row(2, collections.setRemove),
  SET_UNION: row(2, collections.setUnion),
  SET_INTERSECT: row(2, collections.setIntersect),
  SET_DIFF: row(2, collections.setDiff),
  SET_TO_LIST: row(1, collections.setToList),
  SET_FROM_LIST: row(1, collections.setFromList),
} satisfies Partial<Record<InstructionName, BuiltInRow>>;

/** Those that change a map or set, their first operand, for where nobody uses afterwards what it was. */
const ROWS_IN_PLACE = {
  MAP_INSERT: row(3, collections.mapInsertInPlace),
  MAP_REMOVE: row(2, collections.mapRemoveInPlace),
  SET_INSERT: row(2, collections.setInsertInPlace),
  SET_REMOVE: row(2, collections.setRemoveInPlace),
} satisfies Partial<Record<InstructionName, BuiltInRow>>;

/** The instructions that are built-ins, by name. */
export type BuiltInName = keyof typeof ROWS;

const byCode = (rows: Partial<Record<InstructionName, BuiltInRow>>): readonly (BuiltInRow | undefined)[] => {
  const table: (BuiltInRow | undefined)[] = Array.from({ length: 256 }, () => undefined);
  for (const [name, each] of Object.entries(rows)) table[INSTRUCTIONS[name as InstructionName].code] = each;
  return table;
};

/** By code of the instruction, where it is a built-in. */
export const BUILT_INS = byCode(ROWS);

/** By code of the instruction, what CHANGE does in its place. */
export const IN_PLACE = byCode(ROWS_IN_PLACE);
