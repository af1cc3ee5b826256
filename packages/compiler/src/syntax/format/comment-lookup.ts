import type { Comment } from '../lexer.ts';

/** Where the comments of a text are, for whoever decides how things around them are laid out. */
export class CommentLookup {
  readonly #text: string;
  readonly #comments: readonly Comment[];

  /** `comments` are those of the text, in their order. */
  constructor(text: string, comments: readonly Comment[]) {
    this.#text = text;
    this.#comments = comments;
  }

  get isEmpty(): boolean {
    return this.#comments.length === 0;
  }

  /** Where what is at a place starts with the comments before it that are on lines of their own. */
  startOf(place: number): number {
    let start = place;
    for (let i = this.#firstFrom(place) - 1; i >= 0; i--) {
      const { span } = this.#comments[i];
      const before = this.#text.slice(0, span.start);
      const gap = before.slice(before.trimEnd().length);
      const isOwn = gap.includes('\n') || gap.length === span.start;
      if (!isOwn || this.#text.slice(span.end, start).trim() !== '') break;
      start = span.start;
    }
    return start;
  }

  /** The index of the first comment from a place on. */
  #firstFrom(place: number): number {
    let [low, high] = [0, this.#comments.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#comments[middle].span.start < place) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Whether there is a comment between two places. */
  isBetween(from: number, to: number): boolean {
    const first = this.#comments[this.#firstFrom(from)];
    return first !== undefined && first.span.start < to;
  }

  /** Whether there is a comment right before a place. */
  isRightBefore(place: number): boolean {
    return this.startOfAllBefore(place) < place;
  }

  /** Where the comments start that stand right before a place; the place itself where there are none. */
  startOfAllBefore(place: number): number {
    let start = place;
    for (let i = this.#firstFrom(place) - 1; i >= 0; i--) {
      const { span } = this.#comments[i];
      if (this.#text.slice(span.end, start).trim() !== '') break;
      start = span.start;
    }
    return start;
  }

  /** Whether there is a comment right behind a place. */
  isRightBehind(place: number): boolean {
    const next = this.#comments[this.#firstFrom(place)];
    return next !== undefined && this.#text.slice(place, next.span.start).trim() === '';
  }
}
