import type { OperationName } from '../lower/lir.ts';
import type { CodeName } from './codes.ts';

/**
 * Operations that are one instruction, and where this has its words, as in `CODES`: first what is
 * written, `d` (or nothing, `-`) or `e`, then the operands `a`, `i` or `v`.
 */
export const PLAIN: Partial<Record<OperationName, readonly [CodeName, string]>> = {
  KEY: ['KEY', 'd'],
  NOW: ['NOW', 'e'],
  ADD: ['ADD', 'eii'],
  SUB: ['SUB', 'eii'],
  MUL: ['MUL', 'eii'],
  DIV: ['DIV', 'eii'],
  REM: ['REM', 'eii'],
  OFFSET: ['ADD', 'eii'],
  NEG: ['NEG', 'di'],
  MIN: ['MIN', 'eii'],
  MAX: ['MAX', 'eii'],
  ABS: ['ABS', 'di'],
  INT_TO_STRING: ['INT_TO_STRING', 'di'],
  LESS: ['LESS', 'dii'],
  NOT_GREATER: ['NOT_GREATER', 'dii'],
  EQUAL: ['EQUAL', 'daa'],
  ORDER: ['ORDER', 'daa'],
  TAG: ['TAG', 'ea'],
  OPTION: ['OPTION', 'da'],
  LENGTH: ['LENGTH', 'ea'],
  FIND_ITEM: ['FIND_ITEM', 'dai'],
  RANGE_LENGTH: ['RANGE_LENGTH', 'dii'],
  RANGE: ['RANGE', 'dii'],
  BUILDER: ['BUILDER', 'd'],
  COLLECT: ['COLLECT', '-av'],
  COLLECTED: ['COLLECTED', 'da'],
  COUNT: ['COUNT', 'da'],
  APPLY: ['APPLY', 'dav'],
  FAIL: ['FAIL', '-a'],
  TAKE_STATE: ['TAKE_STATE', 'd'],
  LEAVE_STATE: ['LEAVE_STATE', '-v'],
  SHARE: ['SHARE', '-a'],
  SETTLE: ['SETTLE', '-'],
};

/** Operations that read a value which was there: the instruction for an integer, and for another. */
export const READING: Partial<Record<OperationName, readonly [integer: CodeName, other: CodeName]>> = {
  STATE: ['STATE_INTEGER', 'STATE'],
  COMPONENT: ['COMPONENT_INTEGER', 'COMPONENT'],
  PAYLOAD: ['PAYLOAD_INTEGER', 'PAYLOAD'],
  ITEM: ['ITEM_INTEGER', 'ITEM'],
};

/** Comparisons: of integers, and of others. */
export const COMPARING: Partial<Record<OperationName, readonly [integers: CodeName, others: CodeName]>> = {
  SAME: ['SAME', 'IDENTICAL'],
  DIFFERENT: ['DIFFERENT', 'DISTINCT'],
  BR_SAME: ['BR_SAME', 'BR_IDENTICAL'],
  BR_DIFFERENT: ['BR_DIFFERENT', 'BR_DISTINCT'],
};
