import {
  LIST_HEADER_BYTES,
  List,
  type MapValue,
  PER_FUEL,
  SCALAR_BYTES,
  type SetValue,
  Sum,
  VALUE_LIMITS,
  compareStrings,
  equal,
  sizeOf,
  type Product,
  type Value,
} from '@smc/protocol';
import { Meter } from '../../src/builtins/meter.ts';
import { BUILT_INS } from '../../src/builtins/table.ts';
import {
  DIVISION_BY_ZERO,
  FAILED,
  INTEGER_OVERFLOW,
  OUT_OF_FUEL,
  VALUE_TOO_LARGE,
} from '../../src/failure.ts';
import type { Failure } from '../../src/failure.ts';
import { OPERATIONS, type Lowered, type Operation, type Routine } from '../../src/lower/lir.ts';

/**
 * A plain evaluator of LIR, for tests: what both tiers must agree with. It takes each operation
 * by its name, counts integers exactly, and throws where the contract of LIR is broken: code
 * that reads what was not written or what a CHANGE was given, fails after a COMMIT, commits without having paid, or
 * makes a list twice that was paid once.
 */

/** What a run is given beside its code. */
export interface LirRun {
  readonly argument: Value;
  readonly state: Value;
  readonly key: Value;
  readonly now: number;
  readonly fuel: number;
  /** Told of each operation before it runs. */
  readonly visit?: (operation: Operation) => void;
}

export type LirOutcome =
  | { readonly value: Value; readonly state: Value; readonly fuel: number }
  | { readonly failure: Failure };

/** Runs a routine that is entered from outside. */
export function evaluateLir(lowered: Lowered, routine: number, run: LirRun): LirOutcome {
  const evaluation = new Evaluation(lowered, run);
  try {
    const value = evaluation.enter(routine, [run.argument]) as Value;
    return { value, state: evaluation.state(), fuel: evaluation.paidFuel() };
  } catch (error) {
    if (error instanceof Stop) return { failure: error.failure };
    throw error;
  }
}

class Stop extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** A closure: a routine, and what it is over. */
class Closure {
  readonly routine: number;
  readonly over: Datum;

  constructor(routine: number, over: Datum) {
    this.routine = routine;
    this.over = over;
  }
}

interface Builder {
  readonly items: Value[];
  size: number;
}

/** What a register holds; `undefined` is the None of an optional. */
type Datum = Value | undefined | Closure | Builder;

class Evaluation {
  readonly #lowered: Lowered;
  readonly #run: LirRun;
  readonly #before: readonly Value[];
  readonly #after: Value[];
  #hasCommitted = false;
  /** Whether nothing was changed in place that has to be settled. */
  #isSettled = true;
  /** What a CHANGE may change in place: what a field of the state alone has, or another one has given. */
  readonly #owned: Set<Datum>;
  /** What of it a CHANGE was given. */
  readonly #changed = new Set<Datum>();
  #left: Datum;
  #fuel: number;

  constructor(lowered: Lowered, run: LirRun) {
    this.#lowered = lowered;
    this.#run = run;
    this.#before = lowered.state.isProduct ? (run.state as Product) : [run.state];
    this.#after = [...this.#before];
    this.#owned = new Set(this.#before);
    this.#fuel = run.fuel;
  }

  state(): Value {
    if (!this.#isSettled) throw new Error('a run that ended without a SETTLE');
    for (const field of this.#after) this.#unchanged(field);
    return this.#lowered.state.isProduct ? this.#after : this.#after[0];
  }

  #unchanged(value: Datum): Datum {
    if (this.#changed.has(value)) throw new Error('what a CHANGE was given is used after it');
    return value;
  }

  paidFuel(): number {
    if (this.#left !== undefined) throw new Error('a state that was left and not taken');
    if (this.#fuel < 0) throw new Error('a run that ended without having paid');
    return this.#fuel;
  }

  /** Pays for a routine and runs it. */
  enter(index: number, parameters: readonly Datum[]): Datum {
    const routine = this.#lowered.routines[index];
    if (parameters.length !== routine.parameters) throw new Error(`${routine.name} takes other parameters`);
    this.#spend(routine.fuel);
    const frame = new Frame(routine, this.#lowered.constants, parameters);
    for (let at = 0; ;) {
      const operation = routine.operations[at];
      this.#run.visit?.(operation);
      if (operation.name === 'RETURN') return frame.operand(operation, 0);
      at = OPERATIONS[operation.name].effect === 'acts' ? this.#act(frame, at) : this.#go(frame, at);
    }
  }

  #spend(amount: number): void {
    this.#fuel -= amount;
    if (this.#fuel < 0) throw new Stop(OUT_OF_FUEL);
  }

  #fail(failure: Failure, { pending }: Operation): never {
    if (this.#hasCommitted) throw new Error('a failure after a COMMIT');
    throw new Stop(this.#fuel < pending ? OUT_OF_FUEL : failure);
  }

  /** Operations about control, and those that write what outlives the run. Gives where to go on. */
  #act(frame: Frame, at: number): number {
    const operation = frame.routine.operations[at];
    const a = (): Datum => this.#unchanged(frame.operand(operation, 0));
    const b = (): Datum => frame.operand(operation, 1);
    const to = (isTaken: boolean): number => (isTaken ? frame.endOf(operation.immediate) + 1 : at + 1);
    switch (operation.name) {
      case 'BLOCK':
      case 'END':
        break;
      case 'BR':
        return to(true);
      case 'BR_SAME':
        return to(a() === b());
      case 'BR_DIFFERENT':
        return to(a() !== b());
      case 'BR_LESS':
        return to((a() as number) < (b() as number));
      case 'BR_NOT_GREATER':
        return to((a() as number) <= (b() as number));
      case 'BR_PRESENT':
        return to(a() !== undefined);
      case 'BR_TABLE':
        return frame.endOf(operation.labels[a() as number]) + 1;
      case 'NEXT': {
        this.#fuel -= operation.pending;
        return this.#iterate(frame, frame.loopOf(at), frame.iterations(frame.loopOf(at)) + 1);
      }
      case 'MOVE':
        frame.set(operation, a());
        break;
      case 'CHARGE':
        this.#fuel -= operation.immediate;
        break;
      case 'COMMIT':
        this.paidFuel();
        if (!this.#isSettled) throw new Error('a COMMIT before a SETTLE');
        this.#hasCommitted = true;
        this.#after[operation.immediate] = a() as Value;
        break;
      case 'LEAVE_STATE':
        this.#left = a();
        break;
      case 'TAKE_STATE':
        if (this.#left === undefined) throw new Error('a TAKE_STATE of nothing');
        frame.set(operation, this.#left);
        this.#left = undefined;
        break;
      case 'SHARE':
        this.#owned.delete(a());
        break;
      case 'SETTLE':
        if (this.#hasCommitted) throw new Error('a SETTLE after a COMMIT');
        this.#isSettled = true;
        break;
      default:
        throw new Error(`${operation.name} does not act`);
    }
    return at + 1;
  }

  /** Starts an iteration of the LOOP at a position, or goes on behind its NEXT. */
  #iterate(frame: Frame, at: number, iteration: number): number {
    const operation = frame.routine.operations[at];
    if (iteration >= (frame.operand(operation, 0) as number)) return frame.nextOf(at) + 1;
    this.#spend(operation.immediate);
    frame.set(operation, iteration);
    return at + 1;
  }

  /** The others: they go on with the next operation, but for LOOP. */
  #go(frame: Frame, at: number): number {
    const operation = frame.routine.operations[at];
    if (OPERATIONS[operation.name].effect === 'spends') this.#spend(operation.pending);
    if (operation.name === 'LOOP') return this.#iterate(frame, at, 0);
    const operands = operation.operands.map((_, index) => this.#unchanged(frame.operand(operation, index)));
    const value = this.#value(operation, operands);
    if (operation.name === 'RANGE_LENGTH') frame.pay(operation);
    if (operation.name === 'RANGE') frame.make(operation);
    if (OPERATIONS[operation.name].gives) frame.set(operation, value);
    return at + 1;
  }

  #value(operation: Operation, operands: readonly Datum[]): Datum {
    const { name, immediate } = operation;
    const [a, b] = operands;
    const [x, y] = operands as readonly number[];
    switch (name) {
      case 'SPEND':
        return null;
      case 'STATE':
        if (this.#hasCommitted) throw new Error('a STATE after a COMMIT');
        return this.#unchanged(this.#before[immediate]);
      case 'KEY':
        return this.#run.key;
      case 'NOW':
        return this.#run.now;
      case 'CHECK_SIZE': {
        const size = (operands as readonly Value[]).reduce<number>(
          (sum, each) => sum + sizeOf(each),
          immediate,
        );
        return size > VALUE_LIMITS.valueBytesMax ? this.#fail(VALUE_TOO_LARGE, operation) : null;
      }
      case 'FAIL':
        return this.#fail({ kind: 'fault', message: a as string }, operation);
      case 'ADD':
        return this.#integer(BigInt(x) + BigInt(y), operation);
      case 'SUB':
        return this.#integer(BigInt(x) - BigInt(y), operation);
      case 'MUL':
        return this.#integer(BigInt(x) * BigInt(y), operation);
      case 'DIV':
        return y === 0 ? this.#fail(DIVISION_BY_ZERO, operation) : Number(BigInt(x) / BigInt(y));
      case 'REM':
        return y === 0 ? this.#fail(DIVISION_BY_ZERO, operation) : Number(BigInt(x) % BigInt(y));
      case 'NEG':
        return Number(-BigInt(x));
      case 'MIN':
        return x < y ? x : y;
      case 'MAX':
        return x > y ? x : y;
      case 'ABS':
        return x < 0 ? -x : x;
      case 'OFFSET': {
        const sum = x + y;
        if (!Number.isSafeInteger(sum)) throw new Error('an OFFSET out of range');
        return sum;
      }
      case 'INT_TO_STRING':
        return String(x);
      case 'SAME':
        return a === b;
      case 'DIFFERENT':
        return a !== b;
      case 'LESS':
        return x < y;
      case 'NOT_GREATER':
        return x <= y;
      case 'EQUAL':
        this.#compare(a as Value, b as Value);
        return equal(a as Value, b as Value);
      case 'ORDER':
        this.#compare(a as Value, b as Value);
        return compareStrings(a as string, b as string);
      case 'TUPLE':
        return operands as Product;
      case 'COMPONENT':
        return (a as Product)[immediate];
      case 'SUM':
        return new Sum(immediate, a as Value);
      case 'TAG':
        return (a as Sum).tag;
      case 'PAYLOAD':
        return (a as Sum).value;
      case 'OPTION':
        return a === undefined ? new Sum(0, null) : new Sum(1, a as Value);
      default:
        return this.#rare(operation, operands);
    }
  }

  #rare(operation: Operation, operands: readonly Datum[]): Datum {
    const { name, immediate } = operation;
    const [a, b] = operands;
    switch (name) {
      case 'LIST': {
        const list = List.of(operands as readonly Value[]);
        this.#spend(1 + Math.floor(list.size / PER_FUEL.bytes));
        if (list.size > VALUE_LIMITS.valueBytesMax) throw new Stop(VALUE_TOO_LARGE);
        return list;
      }
      case 'LENGTH':
        return (a as List).items.length;
      case 'ITEM': {
        const item = (a as List).items[b as number];
        if (item === undefined) throw new Error('an ITEM that is not there');
        return item;
      }
      case 'FIND_ITEM':
        return (a as List).items[b as number];
      case 'RANGE_LENGTH': {
        const length = Math.max(0, Number(BigInt(b as number) - BigInt(a as number)));
        this.#spend(1 + Math.floor(length / PER_FUEL.items));
        const size = LIST_HEADER_BYTES + SCALAR_BYTES * length;
        if (size > VALUE_LIMITS.valueBytesMax) throw new Stop(VALUE_TOO_LARGE);
        return length;
      }
      case 'RANGE':
        return List.of(Array.from({ length: b as number }, (_, index) => (a as number) + index));
      case 'BUILDER':
        return { items: [], size: LIST_HEADER_BYTES } satisfies Builder;
      case 'COLLECT': {
        const builder = a as Builder;
        const bytes = sizeOf(b as Value);
        this.#spend(Math.floor(bytes / PER_FUEL.bytes));
        builder.size += bytes;
        if (builder.size > VALUE_LIMITS.valueBytesMax) throw new Stop(VALUE_TOO_LARGE);
        builder.items.push(b as Value);
        return null;
      }
      case 'COLLECTED':
        return new List((a as Builder).items, (a as Builder).size);
      case 'COUNT':
        return (a as MapValue | SetValue).length;
      case 'CHANGE':
      case 'BUILT_IN': {
        const meter = new Meter();
        meter.fuel = this.#fuel;
        const [, , c] = operands;
        const result = BUILT_INS[immediate]!.run(meter, a as Value, b as Value, c as Value, operation.order);
        if (result === FAILED) throw new Stop(meter.failure!);
        this.#fuel = meter.fuel;
        if (name === 'CHANGE') {
          this.#isSettled = false;
          if (result === a) return result;
          if (this.#owned.delete(a)) this.#changed.add(a);
          this.#owned.add(result);
        }
        return result;
      }
      case 'CALL':
        return this.enter(immediate, operands);
      case 'CLOSURE':
        return new Closure(immediate, a);
      case 'APPLY':
        return this.enter((a as Closure).routine, [(a as Closure).over, b]);
      default:
        throw new Error(`${name} has no value`);
    }
  }

  #integer(exact: bigint, operation: Operation): number {
    const result = Number(exact);
    return Number.isSafeInteger(result) ? result : this.#fail(INTEGER_OVERFLOW, operation);
  }

  /** Pays for a comparison, by the larger of the two. */
  #compare(a: Value, b: Value): void {
    const isFree = typeof a === 'number';
    if (!isFree) this.#spend(Math.floor(Math.max(sizeOf(a), sizeOf(b)) / PER_FUEL.bytes));
  }
}

/** A routine that runs: its registers, and where its blocks end. */
class Frame {
  readonly routine: Routine;
  readonly #constants: readonly Value[];
  /** Only registers that were written. */
  readonly #registers = new Map<number, Datum>();
  /** Of those: lengths of lists that are paid for and not made. */
  readonly #paid = new Set<number>();
  readonly #ends = new Map<number, number>();
  readonly #loops = new Map<number, number>();
  readonly #nexts = new Map<number, number>();

  constructor(routine: Routine, constants: readonly Value[], parameters: readonly Datum[]) {
    this.routine = routine;
    this.#constants = constants;
    for (const [register, value] of parameters.entries()) this.#registers.set(register, value);
    const open: number[] = [];
    for (const [at, { name }] of routine.operations.entries()) {
      if (name === 'BLOCK' || name === 'LOOP') open.push(at);
      if (name === 'END') this.#ends.set(routine.operations[open.pop()!].immediate, at);
      if (name === 'NEXT') {
        this.#loops.set(at, open.at(-1)!);
        this.#nexts.set(open.pop()!, at);
      }
    }
  }

  operand({ name, operands }: Operation, index: number): Datum {
    const operand = operands[index];
    if (operand < 0) return this.#constants[~operand];
    if (!this.#registers.has(operand))
      throw new Error(`${name} reads register ${operand} before it is written`);
    return this.#registers.get(operand);
  }

  set({ target }: Operation, value: Datum): void {
    if (target < 0 || target >= this.routine.registers) throw new Error(`there is no register ${target}`);
    this.#registers.set(target, value);
  }

  /** RANGE_LENGTH */
  pay({ target }: Operation): void {
    this.#paid.add(target);
  }

  /** RANGE */
  make({ operands }: Operation): void {
    if (!this.#paid.delete(operands[1])) throw new Error('a RANGE that is not paid for');
  }

  /** Of a block, by label. */
  endOf(label: number): number {
    return this.#ends.get(label)!;
  }

  loopOf(next: number): number {
    return this.#loops.get(next)!;
  }

  nextOf(loop: number): number {
    return this.#nexts.get(loop)!;
  }

  /** How many iterations of a loop have ended before the one that runs. */
  iterations(loop: number): number {
    return this.#registers.get(this.routine.operations[loop].target) as number;
  }
}
