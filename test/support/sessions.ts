import { STEP_FUEL_DEFAULT, evaluate, type MachineTerms, type Outcome } from '@smc/compiler';
import { decodeImage, encodeImage, type Image, type Value } from '@smc/protocol';
import { FAILED, type Instance, load, type Program } from '@smc/vm';
import { expect } from 'vitest';
import './equality.ts';

/** What a step gives: a reply, or the message of a fault. */
export type StepResult = { readonly reply: Value } | { readonly fault: string };

/**
 * One instance of a machine that runs on the combinator evaluator and on the virtual machine at
 * once; both must agree on reply, state, failure and fuel. The virtual machine has the program
 * as a node has it: encoded, decoded and verified.
 */
export class Session {
  readonly #terms: MachineTerms;
  readonly #program: Program;
  readonly #instance: Instance;

  /** `key` is null where the machine has none. */
  constructor(image: Image, terms: MachineTerms, key: Value = null) {
    const decoded = decodeImage(encodeImage(image));
    if (!decoded.ok) throw new Error(`malformed: ${decoded.malformed.message}`);
    const loaded = load(decoded.value);
    if (!loaded.ok) throw new Error(`refused: ${JSON.stringify(loaded.invalid)}`);
    this.#terms = terms;
    this.#program = loaded.program;
    this.#instance = loaded.program.instance(loaded.program.initial, key);
    expect(loaded.program.initial).toEqual(terms.initial);
  }

  get state(): Value {
    return this.#instance.state;
  }

  /** One input of an operation, by its name; `now` is in milliseconds. */
  step(operation: string, input: Value, now: number): StepResult {
    const index = this.#program.index(operation);
    const { state, key } = this.#instance;
    const outcome = this.#evaluate(operation, input, now, STEP_FUEL_DEFAULT);
    if (outcome.ok) {
      // Exactly what was used is enough, and less is not.
      const used = STEP_FUEL_DEFAULT - outcome.fuel;
      const short = this.#program.instance(state, key);
      expect(this.#program.step(short, index, input, now, used - 1)).toBe(FAILED);
      expect(this.#program.failure.message).toBe('out of fuel');
      expect(this.#program.step(this.#instance, index, input, now, used)).toEqual(outcome.value);
      expect(this.#instance.state).toEqual(outcome.state);
      return { reply: outcome.value };
    }
    expect(this.#program.step(this.#instance, index, input, now, STEP_FUEL_DEFAULT)).toBe(FAILED);
    expect(this.#program.failure.message).toBe(outcome.failure.message);
    expect(this.#instance.state).toBe(state);
    return { fault: outcome.failure.message };
  }

  /** Whether all invariants hold of the state. */
  get isSound(): boolean {
    const { key, state } = this.#instance;
    const input = this.#terms.key === 'none' ? state : [key, state];
    return this.#terms.invariants.every((definition) => {
      const outcome = evaluate(this.#terms, definition, input, {
        state: null,
        now: 0,
        fuel: STEP_FUEL_DEFAULT,
      });
      return outcome.ok && outcome.value === true;
    });
  }

  #evaluate(operation: string, input: Value, now: number, fuel: number): Outcome {
    const { body } = this.#terms.operations.find(({ name }) => name === operation)!;
    const { state, key } = this.#instance;
    const argument = this.#terms.key === 'none' ? input : [key, input];
    return evaluate(this.#terms, body, argument, { state, now, fuel });
  }
}
