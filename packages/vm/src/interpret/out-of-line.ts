import type { List, MapValue, SetValue, Value } from '@smc/protocol';
import {
  Builder,
  equalPaid,
  findItem,
  isTooLarge,
  listOf,
  orderPaid,
  rangeLength,
  rangeOf,
} from '../builtins/operations.ts';
import { VALUE_TOO_LARGE, type FAILED } from '../failure.ts';
import { FIRST_THAT_SPENDS } from './codes.ts';
import { Closure, operandsOf, type Datum, type Running } from './running.ts';

/**
 * The instructions that are rare, or long enough by themselves, apart from the dispatch of the
 * others. Takes the fuel that is left and leaves it in the meter; gives what is to be written.
 * Operands are read where they are known to be registers, and without a function for it, which
 * would be made at each instruction.
 */
export function runOutOfLine(p: Running, pc: number, fuel: number): Datum | typeof FAILED {
  const { code: c, registers: r, meter } = p;
  const instruction = c[pc];
  const pending = p.encoded.pending[pc >> 2];
  meter.fuel = instruction < FIRST_THAT_SPENDS ? fuel : fuel - pending;
  switch (instruction) {
    case 64: // NEG
      return 0 - (r[c[pc + 2]] as number);
    case 65: // MIN
      return Math.min(r[c[pc + 2]] as number, r[c[pc + 3]] as number);
    case 66: // MAX
      return Math.max(r[c[pc + 2]] as number, r[c[pc + 3]] as number);
    case 67: // ABS
      return Math.abs(r[c[pc + 2]] as number);
    case 68: // INT_TO_STRING
      return String(r[c[pc + 2]] as number);
    case 69: // SAME
      return r[c[pc + 2]] === r[c[pc + 3]];
    case 70: // DIFFERENT
      return r[c[pc + 2]] !== r[c[pc + 3]];
    case 71: // LESS
      return (r[c[pc + 2]] as number) < (r[c[pc + 3]] as number);
    case 72: // NOT_GREATER
      return (r[c[pc + 2]] as number) <= (r[c[pc + 3]] as number);
    case 73: // NOT
      return r[c[pc + 2]] === false;
    case 74: // FIND_ITEM
      return findItem(r[c[pc + 2]] as List, r[c[pc + 3]] as number);
    case 75: // RANGE
      return rangeOf(r[c[pc + 2]] as number, r[c[pc + 3]] as number);
    case 76: // BUILDER
      return new Builder();
    case 77: // COLLECTED
      return (r[c[pc + 2]] as Builder).list();
    case 78: // COUNT
      return (r[c[pc + 2]] as MapValue | SetValue).length;
    case 79: // CLOSURE
      return new Closure(c[pc + 2], r[c[pc + 3]]);
    case 80: // LEAVE_STATE
      meter.state = r[c[pc + 2]] as Value;
      return null;
    case 81: // TAKE_STATE
      return meter.takeState();
    case 82: // FAIL
      return meter.failPending({ kind: 'fault', message: r[c[pc + 2]] as string }, fuel, pending);
    case 83: // CHECK_SIZE
      return isTooLarge(c[pc + 2], operandsOf(p, c[pc + 3]))
        ? meter.failPending(VALUE_TOO_LARGE, fuel, pending)
        : null;
    case 84: // SHARE
      (r[c[pc + 2]] as MapValue | SetValue).share();
      return null;
    case 96: // EQUAL
      return equalPaid(meter, r[c[pc + 2]] as Value, r[c[pc + 3]] as Value);
    case 97: // ORDER
      return orderPaid(meter, r[c[pc + 2]] as string, r[c[pc + 3]] as string);
    case 98: // LIST
      return listOf(meter, operandsOf(p, c[pc + 2]));
    case 99: // RANGE_LENGTH
      return rangeLength(meter, r[c[pc + 2]] as number, r[c[pc + 3]] as number);
    case 100: // COLLECT
      return (r[c[pc + 2]] as Builder).collect(meter, r[c[pc + 3]] as Value);
    default:
      throw new Error(`no instruction ${instruction} at ${pc}`);
  }
}
