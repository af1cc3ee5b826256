import type { Value } from '@smc/protocol';
import { Meter } from './builtins/meter.ts';
import { crashOf, type FAILED, type Failure } from './failure.ts';
import type { Entry, Fields } from './instance.ts';
import { encode } from './interpret/encode.ts';
import { InterpretedEntry, Interpreter } from './interpret/interpreter.ts';
import { Compiler, type CompiledRoutine } from './jit/compile.ts';
import type { Lowered } from './lower/lir.ts';

/** Which code is compiled to JavaScript: what has used much fuel, none, or all of it at once. */
export type JitMode = 'auto' | 'never' | 'always';

/** What runs a routine. */
export type Tier = 'interpreter' | 'jit';

/** What a routine uses in the interpreter before it is compiled: about 1 ms. */
const WARM_FUEL = 200_000;

/** Code without state is not given an instance. */
const NO_INSTANCE = null as unknown as Fields;

/** A routine that is prepared when it is first entered: what is compiled at once needs no other form. */
class UnpreparedEntry implements Entry {
  readonly #prepare: () => Entry;

  constructor(prepare: () => Entry) {
    this.#prepare = prepare;
  }

  run(instance: Fields, now: number, fuel: number, argument: Value): Value | typeof FAILED {
    return this.#prepare().run(instance, now, fuel, argument);
  }
}

class CompiledEntry implements Entry {
  readonly routine: CompiledRoutine;

  constructor(routine: CompiledRoutine) {
    this.routine = routine;
  }

  run(instance: Fields, now: number, fuel: number, argument: Value): Value | typeof FAILED {
    return this.routine(instance, now, fuel, argument);
  }
}

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
  readonly #warmFuel: number;
  readonly #onCompiled: () => void;
  #interpreter: Interpreter | null = null;

  /** `onCompiled` is called when a routine has changed its tier by what it has used: `warmFuel`. */
  constructor(
    lowered: Lowered,
    roots: readonly number[],
    mode: JitMode,
    onCompiled: () => void = () => {},
    warmFuel: number = WARM_FUEL,
  ) {
    this.#warmFuel = warmFuel;
    this.#lowered = lowered;
    this.#roots = roots;
    this.#mode = mode;
    this.#onCompiled = onCompiled;
    this.#compiler = new Compiler(lowered, this.#meter);
    this.#tiers = roots.map(() => 'interpreter');
    this.entries = roots.map((_, position) => new UnpreparedEntry(() => this.#prepare(position)));
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

  /** How the routine at a position is called where it is not known what it is. */
  callable(position: number): CompiledRoutine {
    const entry = this.entries[position];
    if (entry instanceof CompiledEntry) return entry.routine;
    return (instance, now, fuel, argument) => this.entries[position].run(instance, now, fuel, argument);
  }

  /** Runs code that has neither state nor clock. */
  run(position: number, argument: Value, fuel: number): Value | typeof FAILED {
    try {
      return this.entries[position].run(NO_INSTANCE, 0, fuel, argument);
    } catch (error) {
      return this.crash(error);
    }
  }

  /** An exception of the host, which would be a defect, is a failure too. */
  readonly crash = (error: unknown): typeof FAILED => this.#meter.stop(crashOf(error));

  /** Code is encoded when some of it is first interpreted. */
  #prepare(position: number): Entry {
    this.#interpreter ??= new Interpreter(encode(this.#lowered), this.#meter);
    const routine = this.#roots[position];
    const warmFuel = this.#mode === 'auto' ? this.#warmFuel : Infinity;
    const entry = new InterpretedEntry(this.#interpreter, routine, warmFuel, () => this.#warm(position));
    this.entries[position] = entry;
    return entry;
  }

  #warm(position: number): void {
    this.#compile(position);
    this.#onCompiled();
  }

  #compile(position: number): void {
    const compiled = this.#compiler.compile(this.#roots[position]);
    if (compiled === null) return;
    this.entries[position] = new CompiledEntry(compiled);
    this.#tiers[position] = 'jit';
  }
}
