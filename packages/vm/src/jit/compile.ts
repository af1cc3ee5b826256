import { Sum, type Value } from '@smc/protocol';
import { lookupFuel } from '../builtins/collections.ts';
import type { BuiltIn, Meter } from '../builtins/meter.ts';
import * as operations from '../builtins/operations.ts';
import { BUILT_INS, IN_PLACE, type BuiltInRow } from '../builtins/table.ts';
import {
  DIVISION_BY_ZERO,
  FAILED,
  INTEGER_OVERFLOW,
  OUT_OF_FUEL,
  VALUE_TOO_LARGE,
  type Failure,
} from '../failure.ts';
import type { Fields } from '../instance.ts';
import { Calls } from '../lower/calls.ts';
import type { Lowered } from '../lower/lir.ts';
import { quotient, remainder } from '../values/integer.ts';
import { NONE } from '../values/option.ts';
import { functionOf } from './function.ts';
import { PARAMETERS, sourceOf } from './source.ts';

/** A routine that was compiled: the instance, the time, the fuel, then what is in its first registers. */
export type CompiledRoutine = (
  instance: Fields,
  now: number,
  fuel: number,
  ...parameters: Value[]
) => Value | typeof FAILED;

/** What those that can be reached from one routine have at most, since each is a frame of the host. */
const REGISTERS_MAX = 16_384;
const ROUTINES_MAX = 256;

/** A closure of a routine that was compiled. */
class Closure {
  readonly routine: CompiledRoutine;
  readonly over: unknown;

  constructor(routine: CompiledRoutine, over: unknown) {
    this.routine = routine;
    this.over = over;
  }
}

const failureOf = (message: string): Failure => ({ kind: 'fault', message });

/** Of `PARAMETERS`, without those of the unit: the first, and the last five. */
const RUNTIME: readonly unknown[] = [
  FAILED,
  INTEGER_OVERFLOW,
  DIVISION_BY_ZERO,
  OUT_OF_FUEL,
  VALUE_TOO_LARGE,
  Sum,
  NONE,
  Closure,
  quotient,
  remainder,
  operations.listOf,
  operations.equalPaid,
  operations.orderPaid,
  operations.rangeLength,
  lookupFuel,
  operations.rangeOf,
  operations.findItem,
  operations.Builder,
  operations.isTooLarge,
  failureOf,
];

const runsOf = (rows: readonly (BuiltInRow | undefined)[]): readonly (BuiltIn | undefined)[] =>
  rows.map((row) => row?.run);
const RUNS = runsOf(BUILT_INS);
const RUNS_IN_PLACE = runsOf(IN_PLACE);

/** Compiles the routines of one unit when they are asked for, each once. */
export class Compiler {
  readonly #lowered: Lowered;
  readonly #meter: Meter;
  readonly #calls: Calls;
  readonly #entered: ReadonlySet<number>;
  readonly #compiled: CompiledRoutine[] = [];
  /** Those that are too long, or that the host would not compile. */
  readonly #refused = new Set<number>();

  constructor(lowered: Lowered, meter: Meter) {
    this.#lowered = lowered;
    this.#meter = meter;
    this.#calls = new Calls(lowered);
    this.#entered = this.#calls.entered();
  }

  /** Null where a routine, or one that it calls, stays interpreted. */
  compile(root: number): CompiledRoutine | null {
    const reached = this.#calls.reachedFrom(root, ROUTINES_MAX);
    if (reached === null) return null;
    const registers = reached.reduce((sum, index) => sum + this.#lowered.routines[index].registers, 0);
    if (registers > REGISTERS_MAX) return null;
    // Callees come first.
    for (const index of reached) {
      if (this.#compiled[index] !== undefined) continue;
      const compiled = this.#refused.has(index) ? null : this.#compileOne(index);
      if (compiled === null) {
        this.#refused.add(index);
        return null;
      }
      this.#compiled[index] = compiled;
    }
    return this.#compiled[root];
  }

  #compileOne(index: number): CompiledRoutine | null {
    const source = sourceOf(this.#lowered, index, !this.#entered.has(index));
    if (source === null) return null;
    const given = [
      this.#meter,
      ...RUNTIME,
      this.#lowered.constants,
      RUNS,
      RUNS_IN_PLACE,
      source.orders,
      this.#compiled,
    ];
    return (functionOf(PARAMETERS, source.text)?.(...given) as CompiledRoutine | undefined) ?? null;
  }
}
