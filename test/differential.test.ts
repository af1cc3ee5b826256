// The evaluator of combinators is the reference; the virtual machine agrees with it on reply, state,
// failure and fuel, for random programs that went through encoding, decoding and the verifier.
import { emitMachine, evaluate, simplify, type MachineTerms, type Outcome, type Term } from '@smc/compiler';
import { decodeImage, encodeImage, inputType } from '@smc/protocol';
import { FAILED, load, type Program } from '@smc/vm';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { Choices, tapes } from './support/choices.ts';
import { Coverage, FAILURES, REQUIRED } from './support/coverage.ts';
import './support/equality.ts';
import { randomMachine } from './support/programs.ts';
import { randomValue } from './support/values.ts';

const PROGRAMS = 11_000;
const INPUTS_MAX = 3;
const NOW = 1_700_000_000_000;
/** Each instruction, typing rule and kind of failure is to be met so many times. */
const COUNT_MIN = 100;

const coverage = new Coverage();

describe('evaluator and virtual machine', () => {
  it('agree on random programs', { timeout: 300_000 }, () => {
    fc.assert(
      fc.property(tapes(1_500), (tape) => {
        const choices = new Choices(tape);
        const written = randomMachine(choices);
        const machine = choices.oneIn(3)
          ? { ...written, definitions: simplify(written).definitions }
          : written;
        const program = sent(machine);
        for (const { body } of machine.definitions) coverage.verified(machine.types, body);
        const inputs = 1 + choices.below(INPUTS_MAX);
        for (let i = 0; i < inputs; i++) compareStep(choices, machine, program);
      }),
      { numRuns: PROGRAMS },
    );
  });

  afterAll(() => {
    expect(coverage.missing(REQUIRED, COUNT_MIN)).toEqual([]);
  });
});

/** The program as a node has it: emitted, encoded, decoded, verified. */
function sent(machine: MachineTerms): Program {
  const decoded = decodeImage(encodeImage(emitMachine(machine).image));
  if (!decoded.ok) throw new Error(`malformed: ${decoded.malformed.message}`);
  const loaded = load(decoded.value);
  if (!loaded.ok) throw new Error(`refused: ${JSON.stringify(loaded.invalid)}`);
  return loaded.program;
}

function compareStep(choices: Choices, machine: MachineTerms, program: Program): void {
  const { types } = machine;
  const operation = choices.of(machine.operations);
  const input = randomValue(choices, types, inputType(types, operation.parameters));
  const state = randomValue(choices, types, machine.state);
  const index = program.index(operation.name);
  const fuel = choices.oneIn(5) ? choices.below(60) : 3_000_000;
  const stepOf = (fuelGiven: number, world: { visit?: (term: Term, value: unknown) => void }): Outcome => {
    const outcome = evaluate(machine, operation.body, input, { ...world, state, now: NOW, fuel: fuelGiven });
    const instance = program.instance(state);
    const reply = program.step(instance, index, input, NOW, fuelGiven);
    const own =
      reply === FAILED
        ? { reply: null, state: instance.state, failure: textOf(program.failure) }
        : { reply, state: instance.state, failure: null };
    const expected = outcome.ok
      ? { reply: outcome.value, state: outcome.state, failure: null }
      : { reply: null, state, failure: textOf(outcome.failure) };
    expect(own).toEqual(expected);
    return outcome;
  };
  let hasPut = false;
  const visit = (term: Term, value: unknown): void => {
    coverage.run(types, term, value);
    hasPut ||= term.kind === 'put';
  };
  const outcome = stepOf(fuel, { visit });
  if (!outcome.ok) {
    countFailure(outcome.failure, hasPut);
  } else if (choices.oneIn(2)) {
    // Exactly what was used is enough, and less is not.
    const used = fuel - outcome.fuel;
    expect(stepOf(used, {}).ok).toBe(true);
    expect(stepOf(used - 1, {})).toMatchObject({ failure: { message: 'out of fuel' } });
  }
}

const textOf = ({ kind, message }: { readonly kind: string; readonly message: string }): string =>
  `${kind}: ${message}`;

function countFailure(
  { kind, message }: { readonly kind: string; readonly message: string },
  hasPut: boolean,
): void {
  coverage.count(`failed: ${FAILURES.get(textOf({ kind, message })) ?? 'fail'}`);
  if (hasPut) coverage.count('failed after PUT');
}
