import { evaluate, type MachineTerms, type Outcome, type Term } from '@smc/compiler';
import { inputType, type Image, type Value } from '@smc/protocol';
import { FAILED, load, type Instance, type JitMode, type LoweringLimits, type Program } from '@smc/vm';
import { expect } from 'vitest';
import { LoweredMachine } from '../../packages/vm/test/support/lowered-machine.ts';
import type { Choices } from './choices.ts';
import { FAILURES, type Coverage } from './coverage.ts';
import { areSame, copyOf } from './same.ts';
import { randomState, randomValue } from './values.ts';

const NOW = 1_700_000_000_000;
const FUEL = 3_000_000;

/** What an operation uses in the interpreter before it is compiled in the middle of a life: from its first step on. */
const WARM_FUELS: readonly number[] = [0, 0, 15, 60, 300];

/** Instances that get inputs at a time. */
const LIVING_MAX = 3;

/** The keys of a keyed machine's instances, by its kind. */
const KEYS = {
  none: [null],
  int: [0, 7, -3, Number.MAX_SAFE_INTEGER],
  string: ['a', 'the key', '\u{1F415}'],
} as const;

/** A machine in each of the ways in which it runs. */
interface Ways {
  /** Interpreted, compiled and, of some, compiled when it has run for a while. */
  readonly programs: readonly Program[];
  /** The operations that code is lowered to, in their evaluator. */
  readonly lowered: LoweredMachine;
}

/** One instance: the state by the evaluator of combinators, and an instance of each program. */
interface Being {
  readonly key: Value;
  state: Value;
  readonly instances: readonly Instance[];
  /** By program: whether it was interpreted. */
  readonly wasInterpreted: boolean[];
}

/** What there was, by all of them, with a copy that nobody else has. */
interface Kept {
  readonly values: readonly Value[];
  readonly copy: Value;
}

interface Run {
  readonly operation: MachineTerms['operations'][number];
  readonly input: Value;
  /** Whether nobody looks at the states after it. */
  readonly isUnseen: boolean;
}

/** What is seen of a step. */
interface Seen {
  readonly reply: Value;
  readonly state: Value;
  readonly failure: string | null;
}

/**
 * Instances of a machine that get inputs, one after the other, in the evaluator of combinators, in that of LIR and in
 * each tier, which must agree. Some begin in the state of another one, and both go on; states that were left are kept.
 */
export class Life {
  readonly #machine: MachineTerms;
  readonly #ways: Ways;
  readonly #coverage: Coverage;
  readonly #beings: Being[] = [];
  /** States and replies that there were. */
  readonly #states: Kept[] = [];
  readonly #replies: Kept[] = [];

  /** `image` is of the machine. */
  constructor(
    machine: MachineTerms,
    image: Image,
    lowering: LoweringLimits,
    choices: Choices,
    coverage: Coverage,
  ) {
    this.#machine = machine;
    this.#ways = waysOf(image, lowering, choices);
    this.#coverage = coverage;
    coverage.state(machine.types, machine.state);
    const state = randomState(choices, machine.types, machine.state);
    this.#begin(choices, [state]);
  }

  /** One input of one of the instances. Where the states are not seen after it, nobody but the instances has them. */
  step(choices: Choices, isUnseen: boolean): void {
    const { types, operations } = this.#machine;
    // Now and then from a state that was left long ago, or that another one has, or from any.
    if (choices.oneIn(isUnseen ? 12 : 4)) this.#begin(choices, this.#beginning(choices));
    const living = this.#beings.slice(-LIVING_MAX);
    const being = choices.of(living);
    const operation = choices.of(operations);
    const input = randomValue(choices, types, inputType(types, operation.parameters));
    const run = { operation, input, isUnseen };
    const fuel = choices.oneIn(5) ? choices.below(60) : FUEL;
    let hasPut = false;
    const visit = (term: Term, value: unknown): void => {
      this.#coverage.run(types, term, value);
      hasPut ||= term.kind === 'put';
    };
    const outcome = this.#evaluated(being, run, fuel, visit);
    this.#lower(being, run, fuel, outcome);
    if (outcome.ok && choices.oneIn(2)) {
      // Exactly what is used is enough, and less is not, and leaves nothing behind.
      const used = fuel - outcome.fuel;
      const less = used - 1 - (isUnseen ? choices.below(Math.min(used, 30)) : 0);
      expect(this.#compare(being, run, less, this.#evaluated(being, run, less))).toMatchObject({
        failure: { message: 'out of fuel' },
      });
      expect(this.#compare(being, run, used, this.#evaluated(being, run, used)).ok).toBe(true);
    } else this.#compare(being, run, fuel, outcome);
    if (!outcome.ok) this.#countFailure(textOf(outcome.failure), hasPut);
    if (!isUnseen && choices.oneIn(3)) this.#states.push(kept(statesOf(being)));
  }

  #evaluated({ key, state }: Being, { operation, input }: Run, fuel: number, visit?: Visit): Outcome {
    const given = this.#machine.key === 'none' ? input : [key, input];
    return evaluate(this.#machine, operation.body, given, {
      state,
      now: NOW,
      fuel,
      ...(visit === undefined ? {} : { visit }),
    });
  }

  /** The same step in the operations that all tiers run; counts those by the tiers that are to run them. */
  #lower({ key, state }: Being, { operation, input }: Run, fuel: number, outcome: Outcome): void {
    const { programs, lowered } = this.#ways;
    const index = programs[0].index(operation.name);
    const met = new Set<string>();
    const visit = ({ name }: { readonly name: string }): void => void met.add(name);
    // Of a copy: the evaluator tells collections apart by identity, and two fields may have the same one.
    const given = { argument: input, key, state: copyOf(state), now: NOW, fuel, visit };
    const own = lowered.step(index, given);
    const seen = 'failure' in own ? seenOf(null, state, textOf(own.failure)) : seenOf(own.value, own.state);
    checkSeen(seen, seenOfOutcome(outcome, state));
    if (outcome.ok && 'fuel' in own) expect(own.fuel).toBe(outcome.fuel);
    for (const tier of new Set(programs.map((program) => program.tier(index))))
      for (const name of met) this.#coverage.count(`lowered ${name}, ${tier}`);
    if (met.has('KEY')) this.#coverage.count(`lowered KEY, ${this.#machine.key}`);
  }

  /** One step of all, which must agree with what the evaluator gave. */
  #compare(being: Being, { operation, input, isUnseen }: Run, fuel: number, outcome: Outcome): Outcome {
    const expected = seenOfOutcome(outcome, being.state);
    const replies: Value[] = [expected.reply];
    for (const [i, program] of this.#ways.programs.entries()) {
      const instance = being.instances[i];
      const index = program.index(operation.name);
      const isInterpreted = program.tier(index) === 'interpreter';
      if (being.wasInterpreted[i] && !isInterpreted) this.#coverage.count('compiled between two steps');
      being.wasInterpreted[i] ||= isInterpreted;
      const given = program.step(instance, index, input, NOW, fuel);
      const failure = given === FAILED ? textOf(program.failure) : undefined;
      const reply = given === FAILED ? null : given;
      checkSeen(seenOf(reply, isUnseen ? expected.state : instance.state, failure), expected);
      replies.push(reply);
    }
    being.state = expected.state;
    if (outcome.ok) this.#replies.push(kept(replies));
    return outcome;
  }

  /** A new instance, in a state that was found in several ways: each program has any of them. */
  #begin(choices: Choices, states: readonly Value[]): void {
    const { programs } = this.#ways;
    const key = choices.of<Value>(KEYS[this.#machine.key]);
    this.#beings.push({
      key,
      state: choices.of(states),
      instances: programs.map((program) => program.instance(choices.of(states), key)),
      wasInterpreted: programs.map(() => false),
    });
  }

  #beginning(choices: Choices): readonly Value[] {
    const { types, state } = this.#machine;
    switch (choices.below(3)) {
      case 0:
        return [randomState(choices, types, state)];
      case 1:
        this.#coverage.count('two instances from one state');
        return statesOf(choices.of(this.#beings));
      default: {
        if (this.#states.length === 0) return [randomState(choices, types, state)];
        return choices.of(this.#states).values;
      }
    }
  }

  /** The states are what they should be, and every state and reply that there was still is what it was. */
  lookBack(): void {
    for (const being of this.#beings)
      for (const state of statesOf(being))
        if (!areSame(state, being.state)) expect(state).toEqual(being.state);
    for (const { values, copy } of [...this.#states, ...this.#replies])
      for (const value of values) if (!areSame(value, copy)) expect(value).toEqual(copy);
  }

  /** What is generated for it has nothing that is not of its alphabet. */
  checkSources(): void {
    const wrong = this.#ways.lowered.wrongTokens();
    expect(wrong).toEqual([]);
  }

  #countFailure(failure: string, hasPut: boolean): void {
    this.#coverage.count(`failed: ${FAILURES.get(failure) ?? 'fail'}`);
    if (hasPut) this.#coverage.count('failed after PUT');
  }
}

type Visit = (term: Term, value: unknown) => void;

/** The program as a node has it, in each tier. */
function waysOf(image: Image, lowering: LoweringLimits, choices: Choices): Ways {
  const modes: JitMode[] = choices.oneIn(3) ? ['never', 'always', 'auto'] : ['never', 'always'];
  const warmFuel = choices.of(WARM_FUELS);
  const programs = modes.map((jit) => {
    const loaded = load(image, { jit, lowering, warmFuel });
    if (!loaded.ok) throw new Error(`refused: ${JSON.stringify(loaded.invalid)}`);
    const { program } = loaded;
    const tier = jit === 'always' ? 'jit' : 'interpreter';
    for (const index of program.operations.keys()) expect(program.tier(index)).toBe(tier);
    return program;
  });
  return { programs, lowered: new LoweredMachine(image, lowering) };
}

const statesOf = ({ state, instances }: Being): Value[] => [state, ...instances.map((each) => each.state)];

const kept = (values: readonly Value[]): Kept => ({ values, copy: copyOf(values[0]) });

const textOf = ({ kind, message }: { readonly kind: string; readonly message: string }): string =>
  `${kind}: ${message}`;

const seenOf = (reply: Value, state: Value, failure: string | null = null): Seen => ({
  reply,
  state,
  failure,
});

const seenOfOutcome = (outcome: Outcome, before: Value): Seen =>
  outcome.ok ? seenOf(outcome.value, outcome.state) : seenOf(null, before, textOf(outcome.failure));

/** As `toEqual` would say, which takes far longer. */
function checkSeen(given: Seen, expected: Seen): void {
  const isSame =
    given.failure === expected.failure &&
    areSame(given.reply, expected.reply) &&
    areSame(given.state, expected.state);
  if (!isSame) expect(given).toEqual(expected);
}
