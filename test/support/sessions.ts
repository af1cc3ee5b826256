import { STEP_FUEL_DEFAULT, evaluate, type MachineTerms, type Outcome } from '@smc/compiler';
import { decodeImage, encodeImage, type Image, type Value } from '@smc/protocol';
import { FAILED, type Instance, load, type Program } from '@smc/vm';
import { expect } from 'vitest';
import './equality.ts';

/** What a step gives: a reply, or the message of a fault. */
export type StepResult = { readonly reply: Value } | { readonly fault: string };

/**
 * One instance of a machine that runs on the combinator evaluator and on both tiers of the virtual
 * machine at once; all must agree on reply, state, failure and fuel. The virtual machine has the
 * program as a node has it: encoded, decoded and verified.
 */
export class Session {
  readonly #terms: MachineTerms;
  /** The interpreter, and generated code. */
  readonly #tiers: readonly { readonly program: Program; readonly instance: Instance }[];

  /** `key` is null where the machine has none. */
  constructor(image: Image, terms: MachineTerms, key: Value = null) {
    const decoded = decodeImage(encodeImage(image));
    if (!decoded.ok) throw new Error(`malformed: ${decoded.malformed.message}`);
    this.#terms = terms;
    this.#tiers = (['never', 'always'] as const).map((jit) => {
      const loaded = load(decoded.value, { jit });
      if (!loaded.ok) throw new Error(`refused: ${JSON.stringify(loaded.invalid)}`);
      const { program } = loaded;
      expect(program.initial).toEqual(terms.initial);
      return { program, instance: program.instance(program.initial, key) };
    });
  }

  get state(): Value {
    return this.#tiers[0].instance.state;
  }

  get #key(): Value {
    return this.#tiers[0].instance.key;
  }

  /** One input of an operation, by its name; `now` is in milliseconds. */
  step(operation: string, input: Value, now: number): StepResult {
    const outcome = this.#evaluate(operation, input, now, STEP_FUEL_DEFAULT);
    for (const { program, instance } of this.#tiers) {
      const index = program.index(operation);
      const { state, key } = instance;
      if (outcome.ok) {
        // Exactly what was used is enough, and less is not.
        const used = STEP_FUEL_DEFAULT - outcome.fuel;
        expect(program.step(program.instance(state, key), index, input, now, used - 1)).toBe(FAILED);
        expect(program.failure.message).toBe('out of fuel');
        expect(program.step(instance, index, input, now, used)).toEqual(outcome.value);
        expect(instance.state).toEqual(outcome.state);
      } else {
        expect(program.step(instance, index, input, now, STEP_FUEL_DEFAULT)).toBe(FAILED);
        expect(program.failure.message).toBe(outcome.failure.message);
        expect(instance.state).toBe(state);
      }
    }
    return outcome.ok ? { reply: outcome.value } : { fault: outcome.failure.message };
  }

  /** Whether all invariants hold of the state. */
  get isSound(): boolean {
    const input = this.#terms.key === 'none' ? this.state : [this.#key, this.state];
    const isSound = this.#terms.invariants.every((definition) => {
      const outcome = evaluate(this.#terms, definition, input, {
        state: null,
        now: 0,
        fuel: STEP_FUEL_DEFAULT,
      });
      return outcome.ok && outcome.value === true;
    });
    for (const { program, instance } of this.#tiers)
      expect(program.brokenInvariant(instance.state, instance.key) === null).toBe(isSound);
    return isSound;
  }

  #evaluate(operation: string, input: Value, now: number, fuel: number): Outcome {
    const { body } = this.#terms.operations.find(({ name }) => name === operation)!;
    const argument = this.#terms.key === 'none' ? input : [this.#key, input];
    return evaluate(this.#terms, body, argument, { state: this.state, now, fuel });
  }
}
