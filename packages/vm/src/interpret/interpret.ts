// Long because the dispatch is one flat switch, which the host compiles as a whole.
import { INT_MAX, Sum, type List, type Product, type Value } from '@smc/protocol';
import { DIVISION_BY_ZERO, FAILED, INTEGER_OVERFLOW, OUT_OF_FUEL } from '../failure.ts';
import { commitField, stateField, type Fields } from '../instance.ts';
import { normal, quotient, remainder } from '../values/integer.ts';
import { NONE } from '../values/option.ts';
import { runOutOfLine } from './out-of-line.ts';
import { operandsOf, valueOf, type Closure, type Datum, type Running } from './running.ts';

/**
 * The interpreter: one loop for all programs, so that the host compiles it once. It tests no
 * type, no bound and no target: the verifier proved them. Integers are tested where they are
 * made, and fuel where it is subtracted.
 *
 * What the host learns of a place in it, it learns of all machines together. So integers are in a
 * file of their own (`integers.ts`), where all are doubles and none is an object. And the
 * instructions that run most and need no call stand in an inner loop: where nothing is called the
 * host knows that arrays stay what they are, and looks at them once before it.
 *
 * Instructions stand in the `switch` as numbers (`CODES`), since the host makes a jump table of
 * nothing else. Each starts at a multiple of four: `pc | 2` is its third word, and unlike a sum
 * needs no test for overflow.
 */

// Here, since what another module exports is no constant to the host.
const MAX = INT_MAX;
/** Up to it the product of a divisor and a quotient that is one too large is exact. */
const REM_BY_MAX = 2 ** 52;

/**
 * Runs code from a position on, up to the end of the routine that is entered there. Afterwards the meter has the fuel
 * that is left.
 */
export function interpret(
  p: Running,
  entry: number,
  instance: Fields,
  now: number,
  fuelGiven: number,
): Datum | typeof FAILED {
  const { code: c, references: r, integers: n, meter } = p;
  let pc = entry | 0;
  let fuel = +fuelGiven;
  if (fuel < 0) return outOfFuel(p, fuel);
  let depth = 0;
  for (;;) {
    let instruction = c[pc];
    // A look at it, so that the host tests the kinds of these here and not at each instruction.
    void n.length;
    void r.length;
    direct: for (;;) {
      switch (instruction) {
        case 0: // MOVE
          r[c[pc | 1]] = r[c[pc | 2]];
          pc = (pc + 4) | 0;
          break;
        case 1: // MOVE_INTEGER
          n[c[pc | 1]] = n[c[pc | 2]];
          pc = (pc + 4) | 0;
          break;
        case 2: // INTEGER
          n[c[pc | 1]] = r[c[pc | 2]] as number;
          pc = (pc + 4) | 0;
          break;
        case 3: // JUMP
          pc = c[pc | 3];
          break;
        case 4: // BR_SAME
          pc = n[c[pc | 1]] === n[c[pc | 2]] ? c[pc | 3] : (pc + 4) | 0;
          break;
        case 5: // BR_SAME_SMALL
          pc = n[c[pc | 1]] === c[pc | 2] ? c[pc | 3] : (pc + 4) | 0;
          break;
        case 6: // BR_DIFFERENT
          pc = n[c[pc | 1]] !== n[c[pc | 2]] ? c[pc | 3] : (pc + 4) | 0;
          break;
        case 7: // BR_DIFFERENT_SMALL
          pc = n[c[pc | 1]] !== c[pc | 2] ? c[pc | 3] : (pc + 4) | 0;
          break;
        case 8: // BR_IDENTICAL
          pc = r[c[pc | 1]] === r[c[pc | 2]] ? c[pc | 3] : (pc + 4) | 0;
          break;
        case 9: // BR_DISTINCT
          pc = r[c[pc | 1]] !== r[c[pc | 2]] ? c[pc | 3] : (pc + 4) | 0;
          break;
        case 10: // BR_LESS
          pc = n[c[pc | 1]] < n[c[pc | 2]] ? c[pc | 3] : (pc + 4) | 0;
          break;
        case 11: // BR_NOT_GREATER
          pc = n[c[pc | 1]] <= n[c[pc | 2]] ? c[pc | 3] : (pc + 4) | 0;
          break;
        case 12: // BR_AT_MOST_SMALL
          pc = n[c[pc | 1]] <= c[pc | 2] ? c[pc | 3] : (pc + 4) | 0;
          break;
        case 13: // BR_AT_LEAST_SMALL
          pc = n[c[pc | 1]] >= c[pc | 2] ? c[pc | 3] : (pc + 4) | 0;
          break;
        case 14: // BR_PRESENT
          pc = r[c[pc | 1]] !== undefined ? c[pc | 3] : (pc + 4) | 0;
          break;
        case 15: // BR_TABLE
          pc = c[(pc + 4 + n[c[pc | 1]]) | 0];
          break;
        case 16: // BR_TAG_TABLE
          pc = c[(pc + 4 + (r[c[pc | 1]] as Sum).tag) | 0];
          break;
        case 17: // BR_TAG_DIFFERENT
          pc = (r[c[pc | 1]] as Sum).tag !== c[pc | 2] ? c[pc | 3] : (pc + 4) | 0;
          break;
        case 18: // LOOP
          if (n[c[pc | 2]] <= 0) {
            pc = c[pc | 3];
            break;
          }
          fuel -= c[(pc + 4) | 0];
          if (fuel < 0) return outOfFuel(p, fuel);
          n[c[pc | 1]] = 0;
          pc = (pc + 8) | 0;
          break;
        case 19: {
          // NEXT
          const next = n[c[pc | 1]] + 1;
          if (next >= n[c[pc | 2]]) {
            fuel -= c[(pc + 4) | 0];
            pc = (pc + 8) | 0;
            break;
          }
          fuel -= c[(pc + 4) | 0] + c[(pc + 5) | 0];
          if (fuel < 0) return outOfFuel(p, fuel);
          n[c[pc | 1]] = next;
          pc = c[pc | 3];
          break;
        }
        case 20: // SPEND
          fuel -= c[pc | 1];
          if (fuel < 0) return outOfFuel(p, fuel);
          pc = (pc + 4) | 0;
          break;
        case 21: // CHARGE
          fuel -= c[pc | 1];
          pc = (pc + 4) | 0;
          break;
        case 22: {
          // ADD
          const result = n[c[pc | 2]] + n[c[pc | 3]];
          if (result > MAX || result < -MAX) return overflow(p, pc, fuel);
          n[c[pc | 1]] = result;
          pc = (pc + 4) | 0;
          break;
        }
        case 23: {
          // ADD_SMALL
          const result = n[c[pc | 2]] + c[pc | 3];
          if (result > MAX || result < -MAX) return overflow(p, pc, fuel);
          n[c[pc | 1]] = result;
          pc = (pc + 4) | 0;
          break;
        }
        case 24: {
          // SUB
          const result = n[c[pc | 2]] - n[c[pc | 3]];
          if (result > MAX || result < -MAX) return overflow(p, pc, fuel);
          n[c[pc | 1]] = result;
          pc = (pc + 4) | 0;
          break;
        }
        case 25: {
          // MUL
          const result = n[c[pc | 2]] * n[c[pc | 3]] + 0;
          if (result > MAX || result < -MAX) return overflow(p, pc, fuel);
          n[c[pc | 1]] = result;
          pc = (pc + 4) | 0;
          break;
        }
        case 26: {
          // MUL_SMALL
          const result = n[c[pc | 2]] * c[pc | 3] + 0;
          if (result > MAX || result < -MAX) return overflow(p, pc, fuel);
          n[c[pc | 1]] = result;
          pc = (pc + 4) | 0;
          break;
        }
        case 27: {
          // REM_BY
          const a = n[c[pc | 2]];
          const b = n[c[pc | 3]];
          const rest = a - Math.trunc(a * n[(c[pc | 3] + 1) | 0]) * b;
          // One too few or too many.
          if (a >= 0 && a <= REM_BY_MAX && rest >= 0 && rest < b) n[c[pc | 1]] = rest;
          else n[c[pc | 1]] = a - Math.trunc(a / b) * b;
          pc = (pc + 4) | 0;
          break;
        }
        case 28: // TAG
          n[c[pc | 1]] = (r[c[pc | 2]] as Sum).tag;
          pc = (pc + 4) | 0;
          break;
        case 29: // PAYLOAD
          r[c[pc | 1]] = (r[c[pc | 2]] as Sum).value;
          pc = (pc + 4) | 0;
          break;
        case 30: // PAYLOAD_INTEGER
          n[c[pc | 1]] = (r[c[pc | 2]] as Sum).value as number;
          pc = (pc + 4) | 0;
          break;
        case 31: // MIN
          n[c[pc | 1]] = Math.min(n[c[pc | 2]], n[c[pc | 3]]);
          pc = (pc + 4) | 0;
          break;
        case 32: // MAX
          n[c[pc | 1]] = Math.max(n[c[pc | 2]], n[c[pc | 3]]);
          pc = (pc + 4) | 0;
          break;
        default:
          break direct;
      }
      instruction = c[pc];
    }
    switch (instruction) {
      case 33: {
        // DIV
        const divisor = n[c[pc | 3]];
        if (divisor === 0) return divisionByZero(p, pc, fuel);
        n[c[pc | 1]] = quotient(n[c[pc | 2]], divisor);
        pc = (pc + 4) | 0;
        break;
      }
      case 34: {
        // REM
        const divisor = n[c[pc | 3]];
        if (divisor === 0) return divisionByZero(p, pc, fuel);
        n[c[pc | 1]] = remainder(n[c[pc | 2]], divisor);
        pc = (pc + 4) | 0;
        break;
      }
      case 35: // COMPONENT
        r[c[pc | 1]] = (r[c[pc | 2]] as Product)[c[pc | 3]];
        pc = (pc + 4) | 0;
        break;
      case 36: // COMPONENT_INTEGER
        n[c[pc | 1]] = (r[c[pc | 2]] as Product)[c[pc | 3]] as number;
        pc = (pc + 4) | 0;
        break;
      case 37: // ITEM
        r[c[pc | 1]] = (r[c[pc | 2]] as List).items[n[c[pc | 3]]];
        pc = (pc + 4) | 0;
        break;
      case 38: // ITEM_INTEGER
        n[c[pc | 1]] = (r[c[pc | 2]] as List).items[n[c[pc | 3]]] as number;
        pc = (pc + 4) | 0;
        break;
      case 39: // LENGTH
        n[c[pc | 1]] = (r[c[pc | 2]] as List).items.length;
        pc = (pc + 4) | 0;
        break;
      case 40: {
        // RETURN
        const result = valueOf(p, c[pc | 1]);
        if (depth === 0) {
          meter.fuel = fuel;
          return result;
        }
        depth = (depth - 2) | 0;
        pc = p.frames[depth];
        r[p.frames[depth + 1]] = result;
        break;
      }
      case 41: // RETURN_STATE
        meter.fuel = fuel;
        return stateField(instance, c[pc | 1]);
      case 42: // COMMIT
        commitField(instance, c[pc | 1], valueOf(p, c[pc | 2]) as Value);
        if (p.isProduct) instance.seen = null;
        pc = (pc + 4) | 0;
        break;
      case 43: // COMMIT_RETURN
        commitField(instance, c[pc | 1], valueOf(p, c[pc | 2]) as Value);
        if (p.isProduct) instance.seen = null;
        meter.fuel = fuel;
        return valueOf(p, c[pc | 3]);
      case 44: // COMMIT_ALL_RETURN
        commitAll(p, instance, c[pc | 1]);
        meter.fuel = fuel;
        return valueOf(p, c[pc | 2]);
      case 45: {
        // ADD_TO_STATE_RETURN
        const result = (stateField(instance, c[pc | 1]) as number) + c[pc | 2];
        if (result > MAX || result < -MAX) return overflow(p, pc, fuel);
        commitField(instance, c[pc | 1], normal(result));
        if (p.isProduct) instance.seen = null;
        meter.fuel = fuel;
        return valueOf(p, c[pc | 3]);
      }
      case 46: // STATE
        r[c[pc | 1]] = stateField(instance, c[pc | 2]);
        pc = (pc + 4) | 0;
        break;
      case 47: // STATE_INTEGER
        n[c[pc | 1]] = stateField(instance, c[pc | 2]) as number;
        pc = (pc + 4) | 0;
        break;
      case 48: {
        // STATE_ADD_SMALL
        const result = (stateField(instance, c[pc | 2]) as number) + c[pc | 3];
        if (result > MAX || result < -MAX) return overflow(p, pc, fuel);
        n[c[pc | 1]] = result;
        pc = (pc + 4) | 0;
        break;
      }
      case 49: // SUM
        r[c[pc | 1]] = new Sum(c[pc | 2], valueOf(p, c[pc | 3]) as Value);
        pc = (pc + 4) | 0;
        break;
      case 50: {
        // OPTION
        const payload = r[c[pc | 2]];
        r[c[pc | 1]] = payload === undefined ? NONE : new Sum(1, payload as Value);
        pc = (pc + 4) | 0;
        break;
      }
      case 51: // TUPLE
        r[c[pc | 1]] = operandsOf(p, c[pc | 2]);
        pc = (pc + 4) | 0;
        break;
      case 52: {
        // BUILT_IN
        const site = p.sites[c[pc | 2]];
        meter.fuel = fuel - c[pc | 3];
        const result = site.run(
          meter,
          valueOf(p, c[(pc + 4) | 0]) as Value,
          valueOf(p, c[(pc + 5) | 0]) as Value,
          valueOf(p, c[(pc + 6) | 0]) as Value,
          site.order,
        );
        if (result === FAILED) return FAILED;
        fuel = meter.fuel;
        r[c[pc | 1]] = result;
        pc = (pc + 8) | 0;
        break;
      }
      case 53: {
        // CALL
        const routine = c[pc | 2];
        const { fuels, windows, entries, lists, pending } = p.encoded;
        fuel -= pending[pc >> 2] + fuels[routine];
        if (fuel < 0) return outOfFuel(p, fuel);
        p.enter(routine);
        const window = windows[routine];
        const list = c[pc | 3];
        for (let i = 0; i < lists[list]; i++) r[window + i] = valueOf(p, lists[list + 1 + i]);
        p.frames[depth] = pc + 4;
        p.frames[depth + 1] = c[pc | 1];
        depth = (depth + 2) | 0;
        pc = entries[routine];
        break;
      }
      case 54: {
        // APPLY
        const closure = r[c[pc | 2]] as Closure;
        const { fuels, windows, entries, pending } = p.encoded;
        fuel -= pending[pc >> 2] + fuels[closure.routine];
        if (fuel < 0) return outOfFuel(p, fuel);
        p.enter(closure.routine);
        const window = windows[closure.routine];
        r[window] = closure.over;
        r[window + 1] = valueOf(p, c[pc | 3]);
        p.frames[depth] = pc + 4;
        p.frames[depth + 1] = c[pc | 1];
        depth = (depth + 2) | 0;
        pc = entries[closure.routine];
        break;
      }
      case 55: // KEY
        r[c[pc | 1]] = instance.key;
        pc = (pc + 4) | 0;
        break;
      case 56: // NOW
        n[c[pc | 1]] = now;
        pc = (pc + 4) | 0;
        break;
      case 57: // SETTLE
        meter.log.clear();
        pc = (pc + 4) | 0;
        break;
      default: {
        const result = runOutOfLine(p, pc, fuel);
        if (result === FAILED) return FAILED;
        fuel = meter.fuel;
        r[c[pc | 1]] = result;
        pc = (pc + 4) | 0;
      }
    }
  }
}

// Apart, so that the loop has no more than a call for what ends it.

function commitAll(p: Running, instance: Fields, list: number): void {
  const { lists } = p.encoded;
  const end = list + lists[list];
  for (let at = list + 1; at < end; at += 2)
    commitField(instance, lists[at], valueOf(p, lists[at + 1]) as Value);
  // More than one field: it is a product.
  instance.seen = null;
}

function outOfFuel({ meter }: Running, fuel: number): typeof FAILED {
  meter.fuel = fuel;
  return meter.fail(OUT_OF_FUEL);
}

const overflow = ({ meter, encoded }: Running, pc: number, fuel: number): typeof FAILED =>
  meter.failPending(INTEGER_OVERFLOW, fuel, encoded.pending[pc >> 2]);

const divisionByZero = ({ meter, encoded }: Running, pc: number, fuel: number): typeof FAILED =>
  meter.failPending(DIVISION_BY_ZERO, fuel, encoded.pending[pc >> 2]);
