import type { Value } from '@smc/protocol';
import { Meter } from './builtins/meter.ts';
import { crashOf, type FAILED, type Failure } from './failure.ts';
import type { Entry, Fields } from './instance.ts';
import { encode } from './interpret/encode.ts';
import { Interpreter } from './interpret/interpret.ts';
import { Compiler } from './jit/compile.ts';
import { reachedFrom } from './lower/calls.ts';
import type { Lowered } from './lower/lir.ts';

/** Which code is compiled to JavaScript: what has used much fuel, none, or all of it at once. */
export type JitMode = 'auto' | 'never' | 'always';

/** What runs a routine. */
export type Tier = 'interpreter' | 'jit';

/** What a routine uses in the interpreter before it is compiled: about 1 ms. */
const WARM_FUEL = 200_000;

/** More than any run can use; with no bound at all what was used could not be told. */
const FUEL_MAX = Number.MAX_SAFE_INTEGER;

/** Code without state is not given an instance. */
const NO_INSTANCE = null as unknown as Fields;

/** Runs the routines of a lowered unit that are entered from outside, each in its tier. */
export class Tiers {
  /** How the routines are entered now; an element changes when its routine is compiled. */
  readonly entries: Entry[];
  readonly #meter = new Meter();
  readonly #lowered: Lowered;
  readonly #roots: readonly number[];
  readonly #compiler: Compiler;
  readonly #tiers: Tier[];
  readonly #mode: JitMode;
  readonly #onCompiled: () => void;
  #interpreter: Interpreter | null = null;

  /** `onCompiled` is called when a routine has changed its tier by what it has used. */
  constructor(lowered: Lowered, roots: readonly number[], mode: JitMode, onCompiled: () => void = () => {}) {
    this.#lowered = lowered;
    this.#roots = roots;
    this.#mode = mode;
    this.#onCompiled = onCompiled;
    this.#compiler = new Compiler(lowered, this.#meter);
    this.#tiers = roots.map(() => 'interpreter');
    this.entries = roots.map((_, position) => this.#interpreted(position));
    if (mode === 'always') for (const position of roots.keys()) this.#compile(position);
  }

  /** Why the last run that failed did; reading it before there was one is a mistake. */
  get failure(): Failure {
    const { failure } = this.#meter;
    if (failure === null) throw new Error('no run has failed');
    return failure;
  }

  /** What runs the routine at a position in `roots`. */
  tier(position: number): Tier {
    return this.#tiers[position];
  }

  /** Runs code that has neither state nor clock. */
  run(position: number, argument: Value, fuel: number): Value | typeof FAILED {
    try {
      return this.entries[position](NO_INSTANCE, 0, fuel, argument);
    } catch (error) {
      return this.crash(error);
    }
  }

  /** An exception of the host, which would be a defect, is a failure too. */
  readonly crash = (error: unknown): typeof FAILED => this.#meter.stop(crashOf(error));

  /** Code is encoded when some of it is first interpreted: what is compiled at once needs no other form. */
  #interpreted(position: number): Entry {
    return (instance, now, fuel, argument) => {
      this.#interpreter ??= new Interpreter(encode(this.#lowered), this.#meter);
      const routine = this.#roots[position];
      const entry = this.#interpreter.entryOf(routine, reachedFrom(this.#lowered, routine));
      this.entries[position] = this.#mode === 'auto' ? this.#counted(position, entry) : entry;
      return this.entries[position](instance, now, fuel, argument);
    };
  }

  /** Until it has used so much fuel that it is compiled. */
  #counted(position: number, entry: Entry): Entry {
    let used = 0;
    return (instance, now, fuel, argument) => {
      const given = Math.min(fuel, FUEL_MAX);
      const result = entry(instance, now, given, argument);
      used += given - this.#meter.fuel;
      if (used > WARM_FUEL) {
        this.entries[position] = entry;
        this.#compile(position);
        this.#onCompiled();
      }
      return result;
    };
  }

  #compile(position: number): void {
    const compiled = this.#compiler.compile(this.#roots[position]);
    if (compiled === null) return;
    this.entries[position] = compiled;
    this.#tiers[position] = 'jit';
  }
}
