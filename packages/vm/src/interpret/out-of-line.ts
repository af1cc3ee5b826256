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
import { normal } from '../values/integer.ts';
import { FIRST_THAT_SPENDS } from './codes.ts';
import { Closure, operandsOf, valueOf, type Datum, type Running } from './running.ts';

/**
 * The instructions that are rare, or long enough by themselves, apart from the dispatch of the
 * others. Takes the fuel that is left and leaves it in the meter; gives what is to be written.
 * Operands are read where they are known to be registers, and without a function for it, which
 * would be made at each instruction.
 */
export function runOutOfLine(p: Running, pc: number, fuel: number): Datum | typeof FAILED {
  const { code: c, references: r, integers: n, meter } = p;
  const instruction = c[pc];
  const pending = p.encoded.pending[pc >> 2];
  meter.fuel = instruction < FIRST_THAT_SPENDS ? fuel : fuel - pending;
  switch (instruction) {
    case 64: // NEG
      return normal(0 - n[c[pc | 2]]);
    case 65: // ABS
      return normal(Math.abs(n[c[pc | 2]]));
    case 66: // INT_TO_STRING
      return String(n[c[pc | 2]]);
    case 67: // SAME
      return n[c[pc | 2]] === n[c[pc | 3]];
    case 68: // DIFFERENT
      return n[c[pc | 2]] !== n[c[pc | 3]];
    case 69: // IDENTICAL
      return r[c[pc | 2]] === r[c[pc | 3]];
    case 70: // DISTINCT
      return r[c[pc | 2]] !== r[c[pc | 3]];
    case 71: // LESS
      return n[c[pc | 2]] < n[c[pc | 3]];
    case 72: // NOT_GREATER
      return n[c[pc | 2]] <= n[c[pc | 3]];
    case 73: // FIND_ITEM
      return findItem(r[c[pc | 2]] as List, n[c[pc | 3]]);
    case 74: // RANGE
      return rangeOf(n[c[pc | 2]], n[c[pc | 3]]);
    case 75: // BUILDER
      return new Builder();
    case 76: // COLLECTED
      return (r[c[pc | 2]] as Builder).list();
    case 77: // COUNT
      return (r[c[pc | 2]] as MapValue | SetValue).length;
    case 78: // CLOSURE
      return new Closure(c[pc | 2], valueOf(p, c[pc | 3]));
    case 79: // LEAVE_STATE
      meter.state = valueOf(p, c[pc | 2]) as Value;
      return null;
    case 80: // TAKE_STATE
      return meter.takeState();
    case 81: // FAIL
      return meter.failPending({ kind: 'fault', message: r[c[pc | 2]] as string }, fuel, pending);
    case 82: // CHECK_SIZE
      return isTooLarge(c[pc | 2], operandsOf(p, c[pc | 3]))
        ? meter.failPending(VALUE_TOO_LARGE, fuel, pending)
        : null;
    case 83: // SHARE
      (r[c[pc | 2]] as MapValue | SetValue).share();
      return null;
    case 96: // EQUAL
      return equalPaid(meter, r[c[pc | 2]] as Value, r[c[pc | 3]] as Value);
    case 97: // LIST
      return listOf(meter, operandsOf(p, c[pc | 2]));
    case 98: // COLLECT
      return (r[c[pc | 2]] as Builder).collect(meter, valueOf(p, c[pc | 3]) as Value);
    case 99: // ORDER
      return orderPaid(meter, r[c[pc | 2]] as string, r[c[pc | 3]] as string);
    case 100: // RANGE_LENGTH
      return rangeLength(meter, normal(n[c[pc | 2]]), normal(n[c[pc | 3]]));
    default:
      throw new Error(`no instruction ${instruction} at ${pc}`);
  }
}
