/**
 * A program is too large for what it says: a limit of the translation was reached. Thrown at
 * any depth of it and caught where the phase is entered, as `TypeLimitError` is.
 */
export class TranslationLimit extends Error {}

/** Instances of functions, one for each choice of type arguments and functions, of one machine. */
export const INSTANCES_MAX = 4_096;

/** Fuel for the value of a constant: the evaluator takes about a microsecond for a unit. */
export const CONSTANT_FUEL = 1_000_000;
