import fc from 'fast-check';

/**
 * A tape of numbers that decides what is generated. Where the tape ends every choice is the
 * first, so that generation ends, and a shorter tape of smaller numbers is a simpler result:
 * shrinking the tape shrinks what was made of it.
 */
export class Choices {
  readonly #tape: ArrayLike<number>;
  #next = 0;

  constructor(tape: ArrayLike<number>) {
    this.#tape = tape;
  }

  /** A number from 0 up to, without, `count`. */
  below(count: number): number {
    const number = this.#next < this.#tape.length ? this.#tape[this.#next] : 0;
    this.#next++;
    return number % count;
  }

  /** Once in `count` times; never where the tape has ended. */
  oneIn(count: number): boolean {
    return this.below(count) === count - 1;
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }
}

/** Tapes for things of some size: at most so many choices. */
export const tapes = (length: number): fc.Arbitrary<Uint16Array> =>
  fc.uint16Array({ minLength: length >> 1, maxLength: length, size: 'max' });
