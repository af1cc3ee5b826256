/**
 * The four ways in which running bytecode can go wrong; they are never mixed.
 *
 * *Invalid* is said of code, before it runs; the other three of one step, whose state is
 * then what it was before.
 */

/** The verifier refuses a unit or an image: what is wrong, and where. */
export interface Invalid {
  readonly kind: 'invalid';
  readonly message: string;
  /** Index of the function that it is about. */
  readonly function?: number;
  /** Position in the code of that function, in words. */
  readonly word?: number;
}

/** Why a step, or a run of a function, gave no value. */
export type Failure =
  /** The program's own: `integer overflow`, `division by zero`, `time out of range`, or the message of a FAIL. */
  | { readonly kind: 'fault'; readonly message: string }
  /** A limit was reached. */
  | { readonly kind: 'exhausted'; readonly message: 'out of fuel' | 'value too large' }
  /** A defect of this virtual machine, or a host without memory: `message` is the host's. */
  | { readonly kind: 'crash'; readonly message: string };

export const INTEGER_OVERFLOW: Failure = { kind: 'fault', message: 'integer overflow' };
export const DIVISION_BY_ZERO: Failure = { kind: 'fault', message: 'division by zero' };
export const TIME_OUT_OF_RANGE: Failure = { kind: 'fault', message: 'time out of range' };
export const OUT_OF_FUEL: Failure = { kind: 'exhausted', message: 'out of fuel' };
export const VALUE_TOO_LARGE: Failure = { kind: 'exhausted', message: 'value too large' };

/** What a step gives in place of a reply; the instance then has its `failure`. */
export const FAILED: unique symbol = Symbol('failed');

/** The failure that an exception of the host is. */
export function crashOf(error: unknown): Failure {
  return {
    kind: 'crash',
    message: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
  };
}
