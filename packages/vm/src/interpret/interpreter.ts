import type { Value } from '@smc/protocol';
import type { Meter } from '../builtins/meter.ts';
import { FAILED } from '../failure.ts';
import type { Entry, Fields } from '../instance.ts';
import type { Encoded, Site } from './encode.ts';
import { interpret } from './interpret.ts';
import type { Datum, Running } from './running.ts';

// Here, since what another module exports is no constant to the host.
const NO_RESULT = FAILED;

/** More than any run can use; with no bound at all what was used could not be told. */
const FUEL_MAX = Number.MAX_SAFE_INTEGER;

/** Runs that took more fuel than this leave no reference, however many registers that is to clear. */
const UNSWEPT_FUEL_MAX = 1_000;
const UNSWEPT_REGISTERS_MAX = 64;

/** One encoded unit with what a run of it needs; its registers are for one run at a time. */
export class Interpreter implements Running {
  readonly encoded: Encoded;
  readonly meter: Meter;
  readonly references: Datum[];
  readonly integers: Float64Array;
  readonly code: Int32Array;
  readonly sites: readonly Site[];
  readonly isProduct: boolean;
  readonly frames: Int32Array;
  /** Whether a run has begun that has not ended. */
  isRunning = false;

  constructor(encoded: Encoded, meter: Meter) {
    this.encoded = encoded;
    this.meter = meter;
    this.code = encoded.code;
    this.sites = encoded.sites;
    this.isProduct = encoded.isProduct;
    const windows = Array.from({ length: encoded.registers }, (): Datum => null);
    this.references = [...windows, ...encoded.constants];
    const integers = this.references.map((value) => (typeof value === 'number' ? value : 0));
    this.integers = Float64Array.from([...integers, ...encoded.divisors]);
    this.frames = new Int32Array(2 * encoded.entries.length);
  }
}

/** Where a routine with one parameter is entered from outside. */
export class InterpretedEntry implements Entry {
  readonly #interpreter: Interpreter;
  readonly #start: number;
  readonly #fuel: number;
  /** The register for the argument, or -1 where it is not looked at. */
  readonly #input: number;
  /** The registers that may hold a reference after a run. */
  readonly #swept: readonly number[];
  /** Whether what it uses is counted: until it was so much that `onWarm` is called. */
  #isCounted: boolean;
  /** What is left until then. */
  #cold: number;
  readonly #onWarm: () => void;

  /** `reached` is the routine and those that it may enter. */
  constructor(
    interpreter: Interpreter,
    routine: number,
    reached: readonly number[],
    warmFuel: number = Infinity,
    onWarm: () => void = () => {},
  ) {
    const { entries, fuels, windows, readsInput, sweeps } = interpreter.encoded;
    this.#interpreter = interpreter;
    this.#start = entries[routine];
    this.#fuel = fuels[routine];
    this.#input = readsInput[routine] ? windows[routine] : -1;
    this.#swept = reached
      .flatMap((index) => [...sweeps[index]])
      .filter((register) => register !== windows[routine] || this.#input >= 0);
    this.#isCounted = warmFuel < Infinity;
    this.#cold = warmFuel;
    this.#onWarm = onWarm;
  }

  /** Afterwards the meter has the fuel that is left. */
  run(instance: Fields, now: number, fuel: number, argument: Value): Value | typeof FAILED {
    const p = this.#interpreter;
    if (p.isRunning) throw new Error('a run of a program within a run of it: its registers are one');
    const given = fuel > FUEL_MAX ? FUEL_MAX : fuel;
    p.isRunning = true;
    if (this.#input >= 0) p.references[this.#input] = argument;
    let result: Datum | typeof FAILED;
    try {
      result = interpret(p, this.#start, instance, now, given - this.#fuel);
    } catch (error) {
      p.meter.fuel = given;
      this.#leave(given, true);
      throw error;
    }
    this.#leave(given, result === NO_RESULT);
    return result as Value | typeof FAILED;
  }

  #leave(given: number, isFailed: boolean): void {
    const p = this.#interpreter;
    const swept = this.#swept;
    p.isRunning = false;
    const isSwept =
      swept.length <= UNSWEPT_REGISTERS_MAX || isFailed || given - p.meter.fuel > UNSWEPT_FUEL_MAX;
    if (isSwept) for (let i = 0; i < swept.length; i++) p.references[swept[i]] = null;
    if (this.#isCounted) this.#count(given - p.meter.fuel);
  }

  #count(used: number): void {
    this.#cold -= used;
    if (this.#cold >= 0) return;
    this.#isCounted = false;
    this.#onWarm();
  }
}
