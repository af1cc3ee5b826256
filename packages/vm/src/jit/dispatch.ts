import type { Value } from '@smc/protocol';
import type { FAILED } from '../failure.ts';
import type { Entry, Fields, Instance } from '../instance.ts';
import type { CompiledRoutine } from './compile.ts';
import { functionOf } from './function.ts';

/** Feeds an instance one input of an operation; see `Program.step`. */
export type Step = (
  instance: Instance,
  operation: number,
  input: Value,
  now: number,
  fuel?: number,
) => Value | typeof FAILED;

/** Fuel of a step where none is given. */
export const STEP_FUEL = 10_000_000;

/** With more than this a `switch` is no better than an array. */
const ARMS_MAX = 64;

/** A step that looks up the operation. `onError` takes an exception of the host. */
export function stepOf(entries: readonly Entry[], onError: (error: unknown) => typeof FAILED): Step {
  return (instance, operation, input, now, fuel = STEP_FUEL) => {
    try {
      return entries[operation].run(instance as Fields, now, fuel, input);
    } catch (error) {
      return onError(error);
    }
  };
}

/**
 * The same as a function of its own, with a `switch` for the look-up: so the host learns for
 * each program by itself what it calls, and can put all of a short operation where the step is
 * asked for. Null where the host does not compile it.
 */
export function compiledStepOf(
  entries: readonly CompiledRoutine[],
  onError: (error: unknown) => typeof FAILED,
): Step | null {
  if (entries.length > ARMS_MAX) return null;
  return (functionOf(['J', 'H'], stepSource(entries.length))?.(entries, onError) as Step | undefined) ?? null;
}

/** The source of that for so many operations: made of fixed words and of numbers. */
export function stepSource(count: number): string {
  const operations = Array.from({ length: count }, (_, operation) => operation);
  const names = operations.map((operation) => `g${operation} = J[${operation}]`);
  const arms = operations.map((operation) => `case ${operation}: return g${operation}(i, t, q, x);`);
  return [
    `const ${names.join(', ')};`,
    `return function (i, o, x, t, q = ${STEP_FUEL}) {`,
    `try { switch (o) { ${arms.join(' ')} default: return J[o](i, t, q, x); } }`,
    'catch (e) { return H(e); }',
    '};',
  ].join('\n');
}
