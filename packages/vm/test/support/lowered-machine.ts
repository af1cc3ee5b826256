import type { Image } from '@smc/protocol';
import { sourceOf } from '../../src/jit/source.ts';
import { Calls } from '../../src/lower/calls.ts';
import { OPERATIONS, type Lowered } from '../../src/lower/lir.ts';
import { lower, type LoweringLimits } from '../../src/lower/lower.ts';
import { verifyImage } from '../../src/verify-image.ts';
import { wrongTokens } from './alphabet.ts';
import { evaluateLir, type LirOutcome, type LirRun } from './evaluate-lir.ts';

/** By its name, each operation that code is lowered to. */
export const LIR_OPERATIONS: readonly string[] = Object.keys(OPERATIONS);

/** A machine as its code is lowered for both tiers, run by the evaluator of LIR. */
export class LoweredMachine {
  readonly #lowered: Lowered;

  /** The image must be valid. */
  constructor(image: Image, limits: LoweringLimits) {
    const verified = verifyImage(image);
    if (verified.kind === 'invalid') throw new Error(verified.message);
    const { state, key, operations, unit, invariants } = image;
    const machine = { state, isKeyed: key !== 'none', operations };
    this.#lowered = lower(unit, verified, machine, invariants, limits);
  }

  /** What is not of the alphabet of generated source, in all that is generated for it. */
  wrongTokens(): string[] {
    const entered = new Calls(this.#lowered).entered();
    return [...this.#lowered.routines.keys()].flatMap((index) => {
      const source = sourceOf(this.#lowered, index, !entered.has(index));
      return source === null ? [] : wrongTokens(source.text);
    });
  }

  /** A step of an operation by its index in the image. */
  step(operation: number, run: LirRun): LirOutcome {
    return evaluateLir(this.#lowered, this.#lowered.steps[operation], run);
  }
}
