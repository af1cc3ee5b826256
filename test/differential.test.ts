// The evaluator of combinators is the reference; the virtual machine agrees with it on reply, state,
// failure and fuel, for random programs that went through encoding, decoding and the verifier.
import { emitMachine, evaluate, simplify, type MachineTerms, type Outcome, type Term } from '@smc/compiler';
import { decodeImage, encodeImage, encodeValue, inputType, type Value } from '@smc/protocol';
import { FAILED, load, LOWERING_LIMITS, type LoweringLimits, type Instance, type Program } from '@smc/vm';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { Choices, tapes } from './support/choices.ts';
import { collectionMachine } from './support/collections.ts';
import { Coverage, FAILURES, REQUIRED } from './support/coverage.ts';
import './support/equality.ts';
import { areSame } from './support/same.ts';
import { randomMachine } from './support/programs.ts';
import { randomValue } from './support/values.ts';

const PROGRAMS = 20_000;
const INPUTS_MAX = 3;
/** Of machines with collections, whose states are not asked for after each step: so they are changed in place. */
const INPUTS_UNSEEN_MAX = 12;
const NOW = 1_700_000_000_000;
/** Each instruction, typing rule and kind of failure is to be met so many times. */
const COUNT_MIN = 100;

const coverage = new Coverage();

describe('evaluator and virtual machine', () => {
  it('agree on random programs', { timeout: 1_200_000 }, () => {
    fc.assert(
      fc.property(tapes(1_500), (tape) => {
        const choices = new Choices(tape);
        const written = choices.oneIn(4) ? collectionMachine(choices) : randomMachine(choices);
        const machine = choices.oneIn(3)
          ? { ...written, definitions: simplify(written).definitions }
          : written;
        const programs = sent(machine, LOWERINGS[choices.below(LOWERINGS.length)]);
        for (const { body } of machine.definitions) coverage.verified(machine.types, body);
        const life = new Life(machine, programs, randomValue(choices, machine.types, machine.state));
        const isAboutCollections = written.name === 'Collections';
        const inputs = 1 + choices.below(isAboutCollections ? INPUTS_UNSEEN_MAX : INPUTS_MAX);
        for (let i = 0; i < inputs; i++) life.step(choices, isAboutCollections && !choices.oneIn(4));
        life.lookBack();
      }),
      { numRuns: PROGRAMS, endOnFailure: true },
    );
  });

  afterAll(() => {
    expect(coverage.missing(REQUIRED, COUNT_MIN)).toEqual([]);
  });
});

/** As code is lowered that is short, and as code is that is long, where there is no more credit or not for all of it. */
const LOWERINGS: readonly LoweringLimits[] = [
  LOWERING_LIMITS,
  { operationsFree: 0, inlinedPerWord: 0, inlinedFree: 0 },
  { operationsFree: 0, inlinedPerWord: 2, inlinedFree: 0 },
  { operationsFree: -400, inlinedPerWord: 0, inlinedFree: 64 },
];

/** The program as a node has it (emitted, encoded, decoded, verified), in each tier. */
function sent(machine: MachineTerms, lowering: LoweringLimits): readonly Program[] {
  const decoded = decodeImage(encodeImage(emitMachine(machine).image));
  if (!decoded.ok) throw new Error(`malformed: ${decoded.malformed.message}`);
  return (['never', 'always'] as const).map((jit) => {
    const loaded = load(decoded.value, { jit, lowering });
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

  /** All replies that there were, with those of the evaluator. */
  readonly #replies: (readonly [Value, Value])[] = [];

  constructor(machine: MachineTerms, programs: readonly Program[], state: Value) {
    this.#machine = machine;
    this.#programs = programs;
    this.#state = state;
    this.#instances = programs.map((program) => program.instance(state));
  }

  /** One input. Where the states are not seen after it, nobody but the instances has them. */
  step(choices: Choices, isUnseen: boolean): void {
    const { types, operations } = this.#machine;
    // Now and then from a state that was left long ago, or from any other.
    if (choices.oneIn(isUnseen ? 12 : 4)) this.#goBack(choices);
    const operation = choices.of(operations);
    const input = randomValue(choices, types, inputType(types, operation.parameters));
    const fuel = choices.oneIn(5) ? choices.below(60) : 3_000_000;
    let hasPut = false;
    const visit = (term: Term, value: unknown): void => {
      coverage.run(types, term, value);
      hasPut ||= term.kind === 'put';
    };
    const run = { operation, input, isUnseen };
    const outcome = evaluate(this.#machine, operation.body, input, this.#world(fuel, visit));
    if (outcome.ok && choices.oneIn(2)) {
      // Exactly what is used is enough, and less is not, and leaves nothing behind.
      const used = fuel - outcome.fuel;
      const less = used - 1 - (isUnseen ? choices.below(Math.min(used, 30)) : 0);
      expect(this.#compare(run, less, this.#evaluated(run, less))).toMatchObject({
        failure: { message: 'out of fuel' },
      });
      expect(this.#compare(run, used, this.#evaluated(run, used)).ok).toBe(true);
    } else this.#compare(run, fuel, outcome);
    if (!outcome.ok) countFailure(outcome.failure, hasPut);
    if (isUnseen || !choices.oneIn(3)) return;
    const states = [this.#state, ...this.#instances.map((instance) => instance.state)];
    this.#past.push({ states, bytes: this.#bytes(this.#state) });
  }

  #world(fuel: number, visit?: (term: Term, value: unknown) => void): Parameters<typeof evaluate>[3] {
    return { state: this.#state, now: NOW, fuel, ...(visit === undefined ? {} : { visit }) };
  }

  #evaluated({ operation, input }: Run, fuel: number): Outcome {
    return evaluate(this.#machine, operation.body, input, this.#world(fuel));
  }

  /** One step of all, which must agree with what the evaluator gave. */
  #compare({ operation, input, isUnseen }: Run, fuel: number, outcome: Outcome): Outcome {
    const state = this.#state;
    const expected = outcome.ok
      ? { reply: outcome.value, state: outcome.state, failure: null }
      : { reply: null, state, failure: textOf(outcome.failure) };
    for (const [i, program] of this.#programs.entries()) {
      const instance = this.#instances[i];
      const given = program.step(instance, program.index(operation.name), input, NOW, fuel);
      const reply = given === FAILED ? null : given;
      const failure = given === FAILED ? textOf(program.failure) : null;
      const own = { reply, state: isUnseen ? expected.state : instance.state, failure };
      if (!areEqual(own, expected)) expect(own).toEqual(expected);
      this.#replies.push([reply, expected.reply]);
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

  /** The states are what they should be, and every state and reply that there was still is what it was. */
  lookBack(): void {
    for (const { state } of this.#instances)
      if (!areSame(state, this.#state)) expect(state).toEqual(this.#state);
    for (const [given, expected] of this.#replies)
      if (!areSame(given, expected)) expect(given).toEqual(expected);
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

interface Run {
  readonly operation: MachineTerms['operations'][number];
  readonly input: Value;
  readonly isUnseen: boolean;
}

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
