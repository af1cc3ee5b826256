// The evaluator of combinators is the reference; the virtual machine agrees with it on reply, state,
// failure and fuel, for random programs that went through encoding, decoding and the verifier.
import { emitMachine, evaluate, simplify, type MachineTerms, type Outcome, type Term } from '@smc/compiler';
import { decodeImage, encodeImage, inputType, type Value } from '@smc/protocol';
import { FAILED, Instance, load, type Program } from '@smc/vm';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { Choices, tapes } from './support/choices.ts';
import { Coverage, FAILURES, REQUIRED } from './support/coverage.ts';
import { randomMachine } from './support/programs.ts';
import { randomValue } from './support/values.ts';

const PROGRAMS = 2_500;
const INPUTS_MAX = 3;
const NOW = 1_700_000_000_000;
/** Each instruction, typing rule and kind of failure is to be met so many times. */
const COUNT_MIN = 100;

const coverage = new Coverage();

/** What both sides say of a step, so that it can be compared and shown. */
interface Step {
  readonly reply: Value | null;
  readonly state: Value;
  readonly failure: string | null;
}

describe('evaluator and virtual machine', () => {
  it('agree on random programs', () => {
    fc.assert(
      fc.property(tapes(1_500), (tape) => {
        const choices = new Choices(tape);
        const written = randomMachine(choices);
        const machine = choices.oneIn(3) ? { ...written, definitions: simplify(written).definitions } : written;
        const program = sent(machine);
        for (const { body } of machine.definitions) coverage.verified(machine.types, body);
        const inputs = 1 + choices.below(INPUTS_MAX);
        for (let i = 0; i < inputs; i++) compareStep(choices, machine, program);
      }),
      { numRuns: PROGRAMS, endOnFailure: false, interruptAfterTimeLimit: 50_000, markInterruptAsFailure: true },
    );
  });

  afterAll(() => {
    console.log(REQUIRED.map((r) => [coverage.counts.get(r) ?? 0, r] as const).sort((a, b) => a[0] - b[0]).slice(0, 40).join(' | '));
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
  const stepOf = (fuelGiven: number): { outcome: Outcome; own: Step } => {
    let hasPut = false;
    const visit = (term: Term, value: unknown): void => {
      coverage.run(types, term, value);
      hasPut ||= term.kind === 'put';
    };
    const outcome = evaluate(machine, operation.body, input, { state, now: NOW, fuel: fuelGiven, visit });
    if (!outcome.ok) countFailure(outcome.failure.message, outcome.failure.kind, hasPut);
    const instance = new Instance(state);
    const reply = program.step(instance, index, input, NOW, fuelGiven);
    const expected = outcome.ok
      ? { reply: outcome.value, state: outcome.state, failure: null }
      : { reply: null, state, failure: `${outcome.failure.kind}: ${outcome.failure.message}` };
    const own: Step =
      reply === FAILED
        ? { reply: null, state: instance.state, failure: `${instance.failure.kind}: ${instance.failure.message}` }
        : { reply, state: instance.state, failure: null };
    expect(own).toEqual(expected);
    return { outcome, own };
  };
  const { outcome } = stepOf(fuel);
  if (!outcome.ok) return;
  // Exactly what was used is enough, and less is not.
  const used = fuel - outcome.fuel;
  expect(stepOf(used).outcome.ok).toBe(true);
  expect(stepOf(used - 1).own.failure).toBe('exhausted: out of fuel');
}

function countFailure(message: string, kind: string, hasPut: boolean): void {
  const known = FAILURES.includes(message) && !(kind === 'fault' && message === 'fail');
  coverage.count(`failed: ${known ? message : 'fail'}`);
  if (hasPut) coverage.count('failed after PUT');
}
