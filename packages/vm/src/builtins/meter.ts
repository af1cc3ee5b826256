import { PER_FUEL, UndoLog, payableBytes, sizeWithin, type KeyOrder, type Value } from '@smc/protocol';
import { FAILED, OUT_OF_FUEL, type Failure } from '../failure.ts';

/**
 * What a run shares with what it calls: the fuel that is left, which it puts here before the
 * call and takes from here after it; and why it failed.
 */
export class Meter {
  /** A double from the start, as the host stores it: it is written at the end of each run. */
  fuel = Number.MAX_SAFE_INTEGER;
  /** Of the last run that failed. */
  failure: Failure | null = null;
  /** What a routine has left as the state for its caller. */
  state: Value = null;
  /** What the run has changed in place, until it is known to succeed. */
  readonly log = new UndoLog();

  /** Once, so that nothing of a run stays alive after it. */
  takeState(): Value {
    const { state } = this;
    this.state = null;
    return state;
  }

  /** Charges for what is done next; false where that is more than there is, and the run has failed. */
  pay(amount: number): boolean {
    this.fuel -= amount;
    if (this.fuel >= 0) return true;
    this.stop(OUT_OF_FUEL);
    return false;
  }

  /** The size of a value, charged: no more is looked at than is paid for. -1 where it is too much. */
  measured(value: Value): number {
    const bytes = sizeWithin(value, payableBytes(this.fuel));
    return this.pay(Math.floor(bytes / PER_FUEL.bytes)) ? bytes : -1;
  }

  /** Fails; where there was less than no fuel left it is for that, which came before. */
  fail(failure: Failure): typeof FAILED {
    return this.stop(this.fuel < 0 ? OUT_OF_FUEL : failure);
  }

  /** The run has failed: nothing of it is left. */
  stop(failure: Failure): typeof FAILED {
    this.failure = failure;
    this.state = null;
    this.log.undo();
    return FAILED;
  }

  /** Fails with so much fuel left, of which so much is pending. */
  failPending(failure: Failure, fuel: number, pending: number): typeof FAILED {
    this.fuel = fuel - pending;
    return this.fail(failure);
  }
}

/** What a built-in gives: a value, `undefined` as the None of an optional, or `FAILED`. */
export type Result = Value | undefined | typeof FAILED;

/**
 * A built-in takes the meter of the run, its operands one by one (what it has not is null) and,
 * where its instruction names a type of keys, their order. It pays before it gives anything, if
 * only 0: what was pending may have been more than there was.
 */
export type BuiltIn = (meter: Meter, a: Value, b: Value, c: Value, order: KeyOrder | null) => Result;

/** ⌊log₂(n + 1)⌋: about the height of a tree of n entries, and the comparisons for each. */
export const heightOf = (count: number): number => 31 - Math.clz32(count + 1);

export const perItems = (count: number): number => 1 + Math.floor(count / PER_FUEL.items);
export const perUnits = (units: number): number => 1 + Math.floor(units / PER_FUEL.units);
export const perBytes = (bytes: number): number => 1 + Math.floor(bytes / PER_FUEL.bytes);
