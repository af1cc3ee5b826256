import { isDeepStrictEqual } from 'node:util';
import type { Value } from '@smc/protocol';
import { describe, expect, it } from 'vitest';
import { FAILED } from '../src/failure.ts';
import { instanceClass } from '../src/instance.ts';
import { OPERATIONS, type Lowered } from '../src/lower/lir.ts';
import { Tiers, type JitMode } from '../src/tiers.ts';
import { evaluateLir, type LirOutcome, type LirRun } from './support/evaluate-lir.ts';
import { FIXTURES } from './support/lir-fixtures.ts';
import { written } from './support/run.ts';

const FUEL = 1_000_000;
/** Of a run that takes more, this many amounts are tried, evenly. */
const SWEPT_MAX = 120;
/** Of one that fails by itself. */
const FAILED_SWEPT_MAX = 30;

type Outcome = LirOutcome | { readonly value: Value; readonly state: Value };

const readable = (outcome: Outcome): unknown =>
  'failure' in outcome ? outcome : { value: written(outcome.value), state: written(outcome.state) };

/** Runs steps of a unit in a tier; an instance must be as it was after a failure. */
function runnerOf(lowered: Lowered, mode: JitMode): (step: number, run: LirRun) => unknown {
  const tiers = new Tiers(lowered, lowered.steps, mode);
  for (const step of lowered.steps.keys())
    expect(tiers.tier(step)).toBe(mode === 'always' ? 'jit' : 'interpreter');
  const Instance = instanceClass(lowered.state);
  return (step, { state, key, now, fuel, argument }) => {
    const instance = new Instance(state, key);
    const value = tiers.entries[step].run(instance, now, fuel, argument);
    if (value !== FAILED) return readable({ value, state: instance.state });
    if (instance.state !== state) expect.fail('a failure changed the state');
    return readable({ failure: tiers.failure });
  };
}

describe('both tiers do what the evaluator of LIR does', () => {
  it.each(FIXTURES)('$name, with all of its fuel and with each less', ({ lowered, runs }) => {
    const interpreted = runnerOf(lowered, 'never');
    const compiled = runnerOf(lowered, 'always');
    for (const [step, routine] of lowered.steps.entries()) {
      for (const run of runs) {
        const all: LirRun = { ...run, key: 'the key', now: 1000, fuel: FUEL };
        const outcome = evaluateLir(lowered, routine, all);
        const used = 'failure' in outcome ? FAILED_SWEPT_MAX : FUEL - outcome.fuel;
        const stride = Math.ceil((used + 2) / SWEPT_MAX);
        const fuels = [FUEL, used, Math.max(0, used - 1)];
        for (let fuel = 0; fuel <= used; fuel += stride) fuels.push(fuel);
        for (const fuel of fuels) {
          const limited = { ...all, fuel };
          const expected = readable(evaluateLir(lowered, routine, limited));
          const [first, second] = [interpreted(step, limited), compiled(step, limited)];
          // Not by `expect`, which takes long where nothing is wrong.
          if (isDeepStrictEqual(first, expected) && isDeepStrictEqual(second, expected)) continue;
          const where = `${lowered.routines[routine].name} on ${JSON.stringify(run)} with ${fuel}`;
          expect({ where, interpreted: first, compiled: second }).toEqual({
            where,
            interpreted: expected,
            compiled: expected,
          });
          expect.unreachable(where);
        }
      }
    }
  });

  it('has met every operation', () => {
    const met = new Set(
      FIXTURES.flatMap(({ lowered }) =>
        lowered.routines.flatMap(({ operations }) => operations.map(({ name }) => name)),
      ),
    );
    expect(Object.keys(OPERATIONS).filter((name) => !met.has(name as keyof typeof OPERATIONS))).toEqual([]);
  });
});
