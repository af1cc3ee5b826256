/** Places of a queue that were taken from and are there still. */
const TAKEN_MAX = 4_096;

/** First in, first out; to take one out costs next to nothing, however many there are. What was taken out is not held. */
export class Queue<T> {
  /** Those that were taken out are undefined. */
  #items: (T | undefined)[] = [];
  #start = 0;

  get length(): number {
    return this.#items.length - this.#start;
  }

  get first(): T | undefined {
    return this.#items[this.#start];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.#start === this.#items.length) return undefined;
    const item = this.#items[this.#start];
    this.#items[this.#start++] = undefined;
    if (this.#start === this.#items.length || this.#start === TAKEN_MAX) {
      this.#items = this.#items.slice(this.#start);
      this.#start = 0;
    }
    return item;
  }

  /** The last one, instead of the first. */
  pop(): T | undefined {
    return this.length === 0 ? undefined : this.#items.pop();
  }

  /** All of them, in order. */
  toArray(): T[] {
    return this.#items.slice(this.#start) as T[];
  }
}
