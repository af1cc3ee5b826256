/**
 * A program is too large for what it says: a limit of the translation was reached. Thrown at
 * any depth of it and caught where the phase is entered, as `TypeLimitError` is.
 */
export class TranslationLimit extends Error {}

/** Instances of functions and arrows, one for each choice of type arguments, of one machine. */
export const INSTANCES_MAX = 4_096;
