/**
 * What waits for its turn. Each caller has one turn after the other, whatever others ask for: who sends a
 * thousand requests at once waits for a thousand, and who sends one for one of each caller. What the node does for
 * its operator has every other turn.
 */
export class Turns<T> {
  /** Callers for whom something waits, by their turns. */
  readonly #ready = new Queue<Caller<T>>();
  readonly #operator: Caller<T> = new Caller();
  #isOperatorsTurn = false;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What waits for the operator. */
  get operatorLength(): number {
    return this.#operator.waiting.length;
  }

  /** Puts it at the end of what waits for a caller; null for the operator. */
  push(caller: Caller<T> | null, item: T): void {
    this.#length++;
    const { waiting } = caller ?? this.#operator;
    waiting.push(item);
    if (caller !== null && waiting.length === 1) this.#ready.push(caller);
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    this.#length--;
    const { waiting } = this.#operator;
    const isOperators = waiting.length > 0 && (this.#isOperatorsTurn || this.#ready.length === 0);
    this.#isOperatorsTurn = !isOperators;
    if (isOperators) return waiting.shift();
    const caller = this.#ready.shift()!;
    const item = caller.waiting.shift();
    if (caller.waiting.length > 0) this.#ready.push(caller);
    return item;
  }

  takeAll(): T[] {
    const left: T[] = [];
    for (let item = this.shift(); item !== undefined; item = this.shift()) left.push(item);
    return left;
  }
}

/** Whose requests wait in order, behind each other: a connection. */
export class Caller<T> {
  /** For `Turns` alone. */
  readonly waiting = new Queue<T>();
  /** Nobody takes its replies any more: what did not begin is not begun. */
  isGone = false;
}

/** Items of a queue that were taken out and lie there still. */
const TAKEN_MAX = 4_096;

/** First in, first out; to take one out costs next to nothing, however many there are. */
export class Queue<T> {
  #items: T[] = [];
  #start = 0;

  get length(): number {
    return this.#items.length - this.#start;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.#start === this.#items.length) return undefined;
    const item = this.#items[this.#start++];
    if (this.#start === this.#items.length || this.#start === TAKEN_MAX) {
      this.#items = this.#items.slice(this.#start);
      this.#start = 0;
    }
    return item;
  }
}
