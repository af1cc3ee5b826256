import type { Value } from '@smc/protocol';
import type { Meter } from '../builtins/meter.ts';
import type { FAILED } from '../failure.ts';
import type { Entry, Fields } from '../instance.ts';
import type { Encoded, Site } from './encode.ts';
import { interpret } from './interpret.ts';
import type { Datum, Running } from './running.ts';

/** More than any run can use; with no bound at all what was used could not be told. */
const FUEL_MAX = Number.MAX_SAFE_INTEGER;

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
  /** The routines that the run has entered from routines, each once. */
  readonly entered: number[] = [];
  readonly #isEntered: Uint8Array;
  /** By routine that is entered from outside: its registers that may hold a reference afterwards. */
  readonly #swept: (readonly number[] | undefined)[] = [];
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
    this.#isEntered = new Uint8Array(encoded.entries.length);
  }

  enter(routine: number): void {
    if (this.#isEntered[routine] !== 0) return;
    this.#isEntered[routine] = 1;
    this.entered.push(routine);
  }

  /** What a run that begins with a routine leaves in its registers; the argument is not in one that it does not read. */
  sweptOf(routine: number): readonly number[] {
    const { sweeps, windows, readsInput } = this.encoded;
    this.#swept[routine] ??= [...sweeps[routine]].filter(
      (register) => register !== windows[routine] || readsInput[routine],
    );
    return this.#swept[routine];
  }

  /** Clears the registers of the routines that were entered from others. */
  clear(): void {
    const { sweeps } = this.encoded;
    for (let routine = this.entered.pop(); routine !== undefined; routine = this.entered.pop()) {
      this.#isEntered[routine] = 0;
      const swept = sweeps[routine];
      for (let i = 0; i < swept.length; i++) this.references[swept[i]] = null;
    }
  }
}

/** Where a routine with one parameter is entered from outside. */
export class InterpretedEntry implements Entry {
  readonly #interpreter: Interpreter;
  readonly #start: number;
  readonly #fuel: number;
  /** The register for the argument, or -1 where it is not looked at. */
  readonly #input: number;
  readonly #swept: readonly number[];
  /** Whether what it uses is counted: until it was so much that `onWarm` is called. */
  #isCounted: boolean;
  /** What is left until then. */
  #cold: number;
  readonly #onWarm: () => void;

  constructor(
    interpreter: Interpreter,
    routine: number,
    warmFuel: number = Infinity,
    onWarm: () => void = () => {},
  ) {
    const { entries, fuels, windows, readsInput } = interpreter.encoded;
    this.#interpreter = interpreter;
    this.#start = entries[routine];
    this.#fuel = fuels[routine];
    this.#input = readsInput[routine] ? windows[routine] : -1;
    this.#swept = interpreter.sweptOf(routine);
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
      this.#leave(given);
      throw error;
    }
    this.#leave(given);
    return result as Value | typeof FAILED;
  }

  /**
   * Leaves no reference in a register: an old state that one held would stay in memory as long as the
   * program, and there are as many registers as code has room for.
   */
  #leave(given: number): void {
    const p = this.#interpreter;
    const swept = this.#swept;
    p.isRunning = false;
    for (let i = 0; i < swept.length; i++) p.references[swept[i]] = null;
    if (p.entered.length > 0) p.clear();
    if (this.#isCounted) this.#count(given - p.meter.fuel);
  }

  #count(used: number): void {
    this.#cold -= used;
    if (this.#cold >= 0) return;
    this.#isCounted = false;
    this.#onWarm();
  }
}
