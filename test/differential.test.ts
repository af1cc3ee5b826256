// The evaluator of combinators is the reference; the virtual machine agrees with it on reply, state,
// failure and fuel, for random programs that went through encoding, decoding and the verifier.
import { emitMachine, evaluate, simplify, type MachineTerms, type Outcome, type Term } from '@smc/compiler';
import { decodeImage, encodeImage, encodeValue, inputType, type Value } from '@smc/protocol';
import { FAILED, load, type Instance, type Program } from '@smc/vm';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { Choices, tapes } from './support/choices.ts';
import { Coverage, FAILURES, REQUIRED } from './support/coverage.ts';
import './support/equality.ts';
import { areSame } from './support/same.ts';
import { randomMachine } from './support/programs.ts';
import { randomValue } from './support/values.ts';

const PROGRAMS = 20_000;
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
        const programs = sent(machine);
        for (const { body } of machine.definitions) coverage.verified(machine.types, body);
        const life = new Life(machine, programs, randomValue(choices, machine.types, machine.state));
        const inputs = 1 + choices.below(INPUTS_MAX);
        for (let i = 0; i < inputs; i++) life.step(choices);
        life.lookBack();
      }),
      { numRuns: PROGRAMS, endOnFailure: true },
    );
  });

  afterAll(() => {
    expect(coverage.missing(REQUIRED, COUNT_MIN)).toEqual([]);
  });
});

/** The program as a node has it (emitted, encoded, decoded, verified), in each tier. */
function sent(machine: MachineTerms): readonly Program[] {
  const decoded = decodeImage(encodeImage(emitMachine(machine).image));
  if (!decoded.ok) throw new Error(`malformed: ${decoded.malformed.message}`);
  return (['never', 'always'] as const).map((jit) => {
    const loaded = load(decoded.value, { jit });
    if (!loaded.ok) throw new Error(`refused: ${JSON.stringify(loaded.invalid)}`);
    const { program } = loaded;
    const tier = jit === 'always' ? 'jit' : 'interpreter';
    for (const index of program.operations.keys()) expect(program.tier(index)).toBe(tier);
    return program;
  });
}

/** A machine that gets inputs, one after the other, in the evaluator and in each tier. */
class Life {
  readonly #machine: MachineTerms;
  readonly #programs: readonly Program[];
  /** Of each program. */
  #instances: readonly Instance[];
  /** The state by the evaluator. */
  #state: Value;
  /** All states that there were, with what each of them held then. */
  readonly #past: { readonly states: readonly Value[]; readonly bytes: string }[] = [];

  constructor(machine: MachineTerms, programs: readonly Program[], state: Value) {
    this.#machine = machine;
    this.#programs = programs;
    this.#state = state;
    this.#instances = programs.map((program) => program.instance(state));
  }

  step(choices: Choices): void {
    const { types, operations } = this.#machine;
    // Now and then from a state that was left long ago, or from any other.
    if (choices.oneIn(4)) this.#goBack(choices);
    const operation = choices.of(operations);
    const input = randomValue(choices, types, inputType(types, operation.parameters));
    const fuel = choices.oneIn(5) ? choices.below(60) : 3_000_000;
    let hasPut = false;
    const visit = (term: Term, value: unknown): void => {
      coverage.run(types, term, value);
      hasPut ||= term.kind === 'put';
    };
    const before = this.#state;
    const outcome = this.#compare(operation, input, fuel, { visit });
    if (choices.oneIn(3)) {
      const states = [this.#state, ...this.#instances.map((instance) => instance.state)];
      this.#past.push({ states, bytes: this.#bytes(this.#state) });
    }
    if (!outcome.ok) {
      countFailure(outcome.failure, hasPut);
    } else if (choices.oneIn(2)) {
      // Exactly what was used is enough, and less is not.
      const used = fuel - outcome.fuel;
      this.#start(before);
      expect(this.#compare(operation, input, used - 1, {})).toMatchObject({
        failure: { message: 'out of fuel' },
      });
      expect(this.#compare(operation, input, used, {}).ok).toBe(true);
    }
  }

  /** One step of all, which must agree. */
  #compare(
    operation: MachineTerms['operations'][number],
    input: Value,
    fuel: number,
    world: { visit?: (term: Term, value: unknown) => void },
  ): Outcome {
    const state = this.#state;
    const outcome = evaluate(this.#machine, operation.body, input, { ...world, state, now: NOW, fuel });
    const expected = outcome.ok
      ? { reply: outcome.value, state: outcome.state, failure: null }
      : { reply: null, state, failure: textOf(outcome.failure) };
    for (const [i, program] of this.#programs.entries()) {
      const instance = this.#instances[i];
      const reply = program.step(instance, program.index(operation.name), input, NOW, fuel);
      const own =
        reply === FAILED
          ? { reply: null, state: instance.state, failure: textOf(program.failure) }
          : { reply, state: instance.state, failure: null };
      if (!areEqual(own, expected)) expect(own).toEqual(expected);
    }
    this.#state = expected.state;
    return outcome;
  }

  #start(state: Value): void {
    this.#state = state;
    this.#instances = this.#programs.map((program) => program.instance(state));
  }

  #goBack(choices: Choices): void {
    const { types, state } = this.#machine;
    const past = this.#past.length === 0 ? null : choices.of(this.#past);
    if (past === null) return this.#start(randomValue(choices, types, state));
    const [own, ...others] = past.states;
    this.#state = own;
    this.#instances = this.#programs.map((program, i) => program.instance(others[i]));
  }

  /** Every state that there was still is what it was. */
  lookBack(): void {
    for (const { states, bytes } of this.#past) {
      for (const state of states) expect(this.#bytes(state)).toBe(bytes);
    }
  }

  #bytes(state: Value): string {
    return Buffer.from(encodeValue(this.#machine.types, this.#machine.state, state)).toString('hex');
  }
}

/** As `toEqual` would say, which takes far longer. */
const areEqual = (a: Seen, b: Seen): boolean =>
  a.failure === b.failure && areSame(a.reply, b.reply) && areSame(a.state, b.state);

/** What is seen of a step. */
interface Seen {
  readonly reply: Value;
  readonly state: Value;
  readonly failure: string | null;
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
