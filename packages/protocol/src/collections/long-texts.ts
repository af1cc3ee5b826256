/**
 * The slots of texts that the host's Map does not hash: of a string of more than `HASHED_UNITS_MAX` units V8 takes the
 * length for a hash, and compares it with each other one of that length.
 *
 * Such a text is cut into chunks that are hashed. Each chunk that was added has a number, and the text of
 * the numbers, which says the long one exactly, stands for it; where it is still too long it is cut again.
 */
export class LongTexts {
  readonly #slots = new Map<string, number>();
  readonly #numbers = new Map<string, number>();

  /** The slot of a text, undefined if it was not added. */
  find(text: string): number | undefined {
    return this.#slots.get(shortened(text, (chunk) => this.#numbers.get(chunk) ?? -1));
  }

  /** Enters a text that is not in it, and does not begin with a lone surrogate. */
  add(text: string, slot: number): void {
    const number = (chunk: string): number => {
      const known = this.#numbers.get(chunk);
      if (known !== undefined) return known;
      this.#numbers.set(chunk, this.#numbers.size);
      return this.#numbers.size - 1;
    };
    this.#slots.set(shortened(text, number), slot);
  }
}

/** What stands for a text, by the numbers of chunks. */
function shortened(text: string, numberOf: (chunk: string) => number): string {
  let short = text;
  while (short.length > HASHED_UNITS_MAX) {
    const numbers: number[] = [];
    for (let at = 0; at < short.length; at += HASHED_UNITS_MAX) {
      numbers.push(numberOf(short.slice(at, at + HASHED_UNITS_MAX)));
    }
    short = NUMBERS + numbers.join();
  }
  return short;
}

/** `String::kMaxHashCalcLength` of V8. */
export const HASHED_UNITS_MAX = 16_383;

/** A lone surrogate, so that numbers are told from what is added. */
const NUMBERS = '\ud800';
