import {
  LIST_HEADER_BYTES,
  List,
  PER_FUEL,
  SCALAR_BYTES,
  Sum,
  VALUE_LIMITS,
  compareStrings,
  entryFuel,
  equal,
  payableBytes,
  sizeOfParts,
  sizeWithin,
  wordsAt,
  OP,
  type MapValue,
  type SetValue,
  type Product,
  type Value,
} from '@smc/protocol';
import {
  DIVISION_BY_ZERO,
  FAILED,
  INTEGER_OVERFLOW,
  OUT_OF_FUEL,
  VALUE_TOO_LARGE,
  crashOf,
  type Failure,
} from './failure.ts';
import { BUILT_INS } from './builtins/table.ts';
import { Meter } from './builtins/meter.ts';
import type { Layout } from './layout.ts';
import { Closure, STACKS, type Datum } from './stacks.ts';
import { isOverflow, normal, quotient, remainder } from './values/integer.ts';
import { optionOf } from './values/option.ts';
import { scalarCount } from './values/text.ts';

/**
 * The interpretation core: one flat dispatch over verified code.
 *
 * It tests no type, no bound of a stack and no target of a jump: the verifier proved them.
 * What it does test are the limits: fuel, before what it pays for; strings and lists, before
 * they are made. The stacks are used again by each run of any program; a run allocates nothing
 * but the values that it makes.
 *
 * The codes of instructions stand in the `switch` as numbers, since the host makes a jump
 * table of nothing else; their types are those of the table, so that each has an arm.
 */

/** Runs with more fuel than this leave no reference to their values on the stack. */
const UNSWEPT_FUEL_MAX = 1_000;

const { stringLengthMax, valueBytesMax } = VALUE_LIMITS;

const EMPTY_LIST = List.of([]);

/** Words of the instructions that stand out of line, by code. */
const BUILT_IN_WORDS = Uint8Array.from({ length: 256 }, (_, code) =>
  BUILT_INS[code] === undefined ? 0 : wordsAt([code, 0], 0),
);

/** Runs the functions of one unit, one at a time. */
export class Interpreter {
  /** The state: set before a run that may read it; what PUT left there after one that did not fail. */
  state: Value = null;
  /** The time of the input, in milliseconds since the epoch; set before a run that may read it. */
  now = 0;
  /** What was left after the last run that did not fail. */
  fuel = 0;
  /** Why the last run that failed did. */
  failure: Failure = OUT_OF_FUEL;

  readonly #layout: Layout;
  readonly #meter = new Meter();

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /**
   * Runs a function on an argument of its type. On `FAILED` the reason is in `failure`. An
   * exception of the host, which would be a defect, is a failure too: a crash. Throws where a
   * run is under way, of this program or another.
   */
  run(index: number, argument: Value, fuel: number): Value | typeof FAILED {
    STACKS.take();
    let result: Value | typeof FAILED;
    try {
      result = this.#dispatch(index, argument, fuel);
    } catch (error) {
      this.failure = crashOf(error);
      result = FAILED;
    }
    STACKS.give(result === FAILED || fuel - this.fuel > UNSWEPT_FUEL_MAX);
    return result;
  }

  #fail(failure: Failure): typeof FAILED {
    this.failure = failure;
    return FAILED;
  }

  #dispatch(index: number, argument: Value, fuelGiven: number): Value | typeof FAILED {
    const { code, constants, orders, entries, entryFuels } = this.#layout;
    const meter = this.#meter;
    const stack = STACKS.values;
    const { returns } = STACKS;
    let state = this.state;
    let a: Datum = argument;
    let top = 0;
    let depth = 0;
    let pc = entries[index];
    let fuel = fuelGiven - entryFuels[index];
    if (fuel < 0) return this.#fail(OUT_OF_FUEL);
    for (;;) {
      switch (code[pc]) {
        case 0x01: // FST
          a = (a as Product)[0];
          pc += 1;
          break;
        case 0x02: // SND
          a = (a as Product)[1];
          pc += 1;
          break;
        case 0x03: // PUSH
          stack[top++] = a;
          pc += 1;
          break;
        case 0x04: {
          // SWAP
          const other = stack[top - 1];
          stack[top - 1] = a;
          a = other;
          pc += 1;
          break;
        }
        case 0x05: // CONS
          a = [stack[--top], a] as Product;
          pc += 1;
          break;
        case 0x06: // QUOTE
          a = constants[code[pc + 1]];
          pc += 2;
          break;
        case 0x07: // CUR
          a = new Closure(a, pc + 3, code[pc + 1]);
          pc = code[pc + 2];
          break;
        case 0x08: {
          // APP
          const closure = (a as Product)[0] as Datum as Closure;
          fuel -= closure.fuel;
          if (fuel < 0) return this.#fail(OUT_OF_FUEL);
          a = [closure.environment, (a as Product)[1]] as Product;
          returns[depth++] = pc + 1;
          pc = closure.entry;
          break;
        }
        case 0x09: {
          // CALL
          const callee = code[pc + 1];
          fuel -= entryFuels[callee];
          if (fuel < 0) return this.#fail(OUT_OF_FUEL);
          returns[depth++] = pc + 2;
          pc = entries[callee];
          break;
        }
        case 0x0a: // RETURN
          if (depth === 0) {
            this.state = state;
            this.fuel = fuel;
            return a as Value;
          }
          pc = returns[--depth];
          break;
        case 0x10: // JUMP
          pc = code[pc + 1];
          break;
        case 0x11: {
          // BRANCH
          const pair = a as Product;
          a = pair[0];
          pc = pair[1] === true ? pc + 3 : code[pc + 1];
          break;
        }
        case 0x12: {
          // SWITCH: arms from the second on have their position after the count
          const pair = a as Product;
          const { tag, value } = pair[1] as Sum;
          a = [pair[0], value];
          pc = tag === 0 ? pc + 3 + code[pc + 2] : code[pc + 2 + tag];
          break;
        }
        case 0x13: {
          // FOLD: keeps environment, items, position and the start of the body on the stack
          const environment: Value = (a as Product)[0];
          const initial: Value = (a as Product)[1];
          const { items } = (a as Product)[2] as List;
          if (items.length === 0) {
            a = initial;
            pc = code[pc + 1];
            break;
          }
          const body = pc + 2;
          fuel -= entryFuel(code[pc + 1] - body);
          if (fuel < 0) return this.#fail(OUT_OF_FUEL);
          stack[top] = environment;
          stack[top + 1] = items;
          stack[top + 2] = 1;
          stack[top + 3] = body;
          top += 4;
          a = [environment, initial, items[0]];
          pc = body;
          break;
        }
        case 0x14: {
          // NEXT: the position is that of the next item
          const body = stack[top - 1] as number;
          const position = stack[top - 2] as number;
          const items = stack[top - 3] as Product;
          if (position === items.length) {
            top -= 4;
            pc += 1;
            break;
          }
          fuel -= entryFuel(pc + 1 - body);
          if (fuel < 0) return this.#fail(OUT_OF_FUEL);
          stack[top - 2] = position + 1;
          a = [stack[top - 4], a, items[position]] as Product;
          pc = body;
          break;
        }
        case 0x15: {
          // MAP: keeps environment, items, position, start of the body, results and their size
          const environment: Value = (a as Product)[0];
          const { items } = (a as Product)[1] as List;
          if (items.length === 0) {
            a = EMPTY_LIST;
            pc = code[pc + 1];
            break;
          }
          const body = pc + 2;
          fuel -= entryFuel(code[pc + 1] - body);
          if (fuel < 0) return this.#fail(OUT_OF_FUEL);
          stack[top] = environment;
          stack[top + 1] = items;
          stack[top + 2] = 1;
          stack[top + 3] = body;
          stack[top + 4] = [];
          stack[top + 5] = LIST_HEADER_BYTES;
          top += 6;
          a = [environment, items[0]];
          pc = body;
          break;
        }
        case 0x100: {
          // MAP_NEXT: the NEXT of a MAP
          const bytes = sizeWithin(a as Value, payableBytes(fuel));
          fuel -= Math.floor(bytes / PER_FUEL.bytes);
          if (fuel < 0) return this.#fail(OUT_OF_FUEL);
          const size = (stack[top - 1] as number) + bytes;
          if (size > valueBytesMax) return this.#fail(VALUE_TOO_LARGE);
          const results = stack[top - 2] as unknown as Value[];
          results.push(a as Value);
          const body = stack[top - 3] as number;
          const position = stack[top - 4] as number;
          const items = stack[top - 5] as Product;
          if (position === items.length) {
            top -= 6;
            a = new List(results, size);
            pc += 1;
            break;
          }
          fuel -= entryFuel(pc + 1 - body);
          if (fuel < 0) return this.#fail(OUT_OF_FUEL);
          stack[top - 4] = position + 1;
          stack[top - 1] = size;
          a = [stack[top - 6], items[position]] as Product;
          pc = body;
          break;
        }
        case 0x18: // TUPLE
        case 0x19: {
          // RECORD
          const count = code[pc + 1];
          top -= count - 1;
          a = gather(stack, top, count, a);
          pc += 2;
          break;
        }
        case 0x1a: // PROJECT
          a = (a as Product)[code[pc + 1]];
          pc += 2;
          break;
        case 0x1b: // INJECT
          a = new Sum(code[pc + 2], a as Value);
          pc += 3;
          break;
        case 0x1c: {
          // LIST
          const count = code[pc + 2];
          top -= count - 1;
          const items = gather(stack, top, count, a);
          const size = sizeOfParts(items, LIST_HEADER_BYTES, payableBytes(fuel));
          fuel -= 1 + Math.floor(size / PER_FUEL.bytes);
          if (fuel < 0) return this.#fail(OUT_OF_FUEL);
          if (size > valueBytesMax) return this.#fail(VALUE_TOO_LARGE);
          a = new List(items, size);
          pc += 3;
          break;
        }
        case 0x20: // GET
          a = state;
          pc += 1;
          break;
        case 0x21: // PUT
          state = a as Value;
          a = null;
          pc += 1;
          break;
        case 0x22: // NOW
          a = this.now;
          pc += 1;
          break;
        case 0x23: // FAIL
          return this.#fail({ kind: 'fault', message: a as string });
        case 0x30: {
          // ADD
          const result = left(a) + right(a);
          if (isOverflow(result)) return this.#fail(INTEGER_OVERFLOW);
          a = normal(result);
          pc += 1;
          break;
        }
        case 0x31: {
          // SUB
          const result = left(a) - right(a);
          if (isOverflow(result)) return this.#fail(INTEGER_OVERFLOW);
          a = normal(result);
          pc += 1;
          break;
        }
        case 0x32: {
          // MUL
          const result = left(a) * right(a);
          if (isOverflow(result)) return this.#fail(INTEGER_OVERFLOW);
          a = normal(result);
          pc += 1;
          break;
        }
        case 0x33: {
          // DIV
          const divisor = right(a);
          if (divisor === 0) return this.#fail(DIVISION_BY_ZERO);
          a = quotient(left(a), divisor);
          pc += 1;
          break;
        }
        case 0x34: {
          // REM
          const divisor = right(a);
          if (divisor === 0) return this.#fail(DIVISION_BY_ZERO);
          a = remainder(left(a), divisor);
          pc += 1;
          break;
        }
        case 0x35: // NEG
          a = 0 - (a as number);
          pc += 1;
          break;
        case 0x38: // EQ
          fuel -= comparisonFuel(a as Product, fuel);
          if (fuel < 0) return this.#fail(OUT_OF_FUEL);
          a = equal((a as Product)[0], (a as Product)[1]);
          pc += 1;
          break;
        case 0x39: // NE
          fuel -= comparisonFuel(a as Product, fuel);
          if (fuel < 0) return this.#fail(OUT_OF_FUEL);
          a = !equal((a as Product)[0], (a as Product)[1]);
          pc += 1;
          break;
        case 0x3a: // LT
          fuel -= comparisonFuel(a as Product, fuel);
          if (fuel < 0) return this.#fail(OUT_OF_FUEL);
          a = order(a as Product) < 0;
          pc += 1;
          break;
        case 0x3b: // LE
          fuel -= comparisonFuel(a as Product, fuel);
          if (fuel < 0) return this.#fail(OUT_OF_FUEL);
          a = order(a as Product) <= 0;
          pc += 1;
          break;
        case 0x3c: // GT
          fuel -= comparisonFuel(a as Product, fuel);
          if (fuel < 0) return this.#fail(OUT_OF_FUEL);
          a = order(a as Product) > 0;
          pc += 1;
          break;
        case 0x3d: // GE
          fuel -= comparisonFuel(a as Product, fuel);
          if (fuel < 0) return this.#fail(OUT_OF_FUEL);
          a = order(a as Product) >= 0;
          pc += 1;
          break;
        case 0x3e: // NOT
          a = a !== true;
          pc += 1;
          break;
        case 0x40: // INT_TO_STRING
          fuel -= 1;
          if (fuel < 0) return this.#fail(OUT_OF_FUEL);
          a = String(a as number);
          pc += 1;
          break;
        case 0x48: {
          // STRING_CONCAT
          const first = (a as Product)[0] as string;
          const second = (a as Product)[1] as string;
          const length = first.length + second.length;
          fuel -= 1 + Math.floor(length / PER_FUEL.units);
          if (fuel < 0) return this.#fail(OUT_OF_FUEL);
          if (length > stringLengthMax) return this.#fail(VALUE_TOO_LARGE);
          a = first + second;
          pc += 1;
          break;
        }
        case 0x49: // STRING_LENGTH
          fuel -= 1 + Math.floor((a as string).length / PER_FUEL.units);
          if (fuel < 0) return this.#fail(OUT_OF_FUEL);
          a = scalarCount(a as string);
          pc += 1;
          break;
        case 0x50: {
          // LIST_APPEND
          const list = (a as Product)[0] as List;
          const item = (a as Product)[1];
          const bytes = sizeWithin(item, payableBytes(fuel));
          fuel -= 1 + Math.floor(list.items.length / PER_FUEL.items) + Math.floor(bytes / PER_FUEL.bytes);
          if (fuel < 0) return this.#fail(OUT_OF_FUEL);
          if (list.size + bytes > valueBytesMax) return this.#fail(VALUE_TOO_LARGE);
          a = new List(list.items.concat([item]), list.size + bytes);
          pc += 1;
          break;
        }
        case 0x51: {
          // LIST_CONCAT
          const first = (a as Product)[0] as List;
          const second = (a as Product)[1] as List;
          fuel -= 1 + Math.floor((first.items.length + second.items.length) / PER_FUEL.items);
          if (fuel < 0) return this.#fail(OUT_OF_FUEL);
          const size = first.size + second.size - LIST_HEADER_BYTES;
          if (size > valueBytesMax) return this.#fail(VALUE_TOO_LARGE);
          a = new List(first.items.concat(second.items), size);
          pc += 1;
          break;
        }
        case 0x52: // LIST_LENGTH
          fuel -= 1;
          if (fuel < 0) return this.#fail(OUT_OF_FUEL);
          a = (a as List).items.length;
          pc += 1;
          break;
        case 0x53: {
          // LIST_RANGE
          const start = left(a);
          const length = Math.max(0, right(a) - start);
          fuel -= 1 + Math.floor(length / PER_FUEL.items);
          if (fuel < 0) return this.#fail(OUT_OF_FUEL);
          const size = LIST_HEADER_BYTES + SCALAR_BYTES * length;
          if (size > valueBytesMax) return this.#fail(VALUE_TOO_LARGE);
          a = new List(rangeOf(start, length), size);
          pc += 1;
          break;
        }
        case 0x42: // INT_MIN
          a = Math.min(left(a), right(a));
          pc += 1;
          break;
        case 0x43: // INT_MAX
          a = Math.max(left(a), right(a));
          pc += 1;
          break;
        case 0x44: // INT_ABS
          a = Math.abs(a as number);
          pc += 1;
          break;
        case OP.TIME_TO_MILLIS:
          pc += 1;
          break;
        case OP.LIST_GET:
          fuel -= 1;
          if (fuel < 0) return this.#fail(OUT_OF_FUEL);
          a = optionOf(((a as Product)[0] as List).items[right(a)]);
          pc += 1;
          break;
        case OP.MAP_SIZE:
        case OP.SET_SIZE:
          fuel -= 1;
          if (fuel < 0) return this.#fail(OUT_OF_FUEL);
          a = (a as MapValue | SetValue).length;
          pc += 1;
          break;
        default: {
          const builtIn = BUILT_INS[code[pc]];
          if (builtIn === undefined) throw new Error(`no instruction at ${pc}: the code was not verified`);
          meter.fuel = fuel;
          const [x, y = null, z = null] = builtIn.arity === 1 ? [a as Value] : (a as Product);
          const result = builtIn.run(meter, x, y, z, orders[code[pc + 1]]);
          if (result === FAILED) return this.#fail(meter.failure);
          fuel = meter.fuel;
          a = builtIn.isOptional ? optionOf(result) : result!;
          pc += BUILT_IN_WORDS[code[pc]];
        }
      }
    }
  }
}

/**
 * The values of the stack from `start` on, and after them the accumulator. They are cut out
 * of the stack, since an array that grew to their number would take more than it holds.
 */
function gather(stack: Datum[], start: number, count: number, last: Datum): Product {
  stack[start + count - 1] = last;
  return stack.slice(start, start + count) as Product;
}

// Not by a pattern: that would be the protocol of iterators, for every addition.
const left = (pair: Datum): number => (pair as Product)[0] as number;
const right = (pair: Datum): number => (pair as Product)[1] as number;

/** By the larger of the two, since both are measured. */
function comparisonFuel(pair: Product, fuel: number): number {
  if (typeof pair[0] === 'number') return 0;
  const max = payableBytes(fuel);
  return Math.floor(Math.max(sizeWithin(pair[0], max), sizeWithin(pair[1], max)) / PER_FUEL.bytes);
}

/** Negative, 0 or positive, as the order of two integers, times or strings. */
function order(pair: Product): number {
  if (typeof pair[0] === 'string') return compareStrings(pair[0], pair[1] as string);
  return left(pair) - right(pair);
}

function rangeOf(start: number, length: number): number[] {
  const items: number[] = [];
  // At once: an array that grows takes more than it holds.
  items.length = length;
  for (let i = 0; i < length; i++) items[i] = start + i;
  return items;
}
