import { Queue } from './queue.ts';
import { Member, Rotation } from './rotation.ts';

/** What waits for its turn. */
export interface Waiting {
  /** What is held for it. */
  readonly bytes: number;
}

/** What each takes beside its bytes. */
const ITEM_BYTES = 4_096;

/**
 * What waits for its turn. Sources have one turn after the other, and of each source its callers: who sends a
 * thousand requests at once waits for a thousand, and who sends one for one of each other, however many
 * connections another source has. What the node does for its operator has every other turn.
 *
 * Where there is no room the same shares count (`displace`).
 */
export class Turns<T extends Waiting> {
  readonly #sources = new Rotation<Source<T>>(({ name }) => this.#byName.delete(name));
  /** Those in the rotation. */
  readonly #byName = new Map<string, Source<T>>();
  readonly #operator = new Queue<T>();
  #operatorBytes = 0;
  #isOperatorsTurn = false;
  #length = 0;
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#length + this.#operator.length === 0;
  }

  /** What waits for callers. */
  get length(): number {
    return this.#length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** What waits for the operator. */
  get operatorLength(): number {
    return this.#operator.length;
  }

  get operatorBytes(): number {
    return this.#operatorBytes;
  }

  /** Puts it at the end of what waits for a caller; null for the operator. */
  push(caller: Caller<T> | null, item: T): void {
    if (caller === null) {
      this.#operator.push(item);
      this.#operatorBytes += item.bytes;
      return;
    }
    const source = this.#sourceOf(caller);
    const weight = ITEM_BYTES + item.bytes;
    this.#length++;
    this.#bytes += item.bytes;
    source.weight += weight;
    caller.weight += weight;
    caller.waiting.push(item);
    source.callers.grew(caller);
    this.#sources.grew(source);
  }

  shift(): T | undefined {
    if (this.#operator.length > 0 && (this.#isOperatorsTurn || this.#length === 0)) {
      this.#isOperatorsTurn = false;
      const item = this.#operator.shift()!;
      this.#operatorBytes -= item.bytes;
      return item;
    }
    if (this.#length === 0) return undefined;
    this.#isOperatorsTurn = true;
    const source = this.#sources.next()!;
    const caller = source.callers.next()!;
    return this.#took(source, caller, caller.waiting.shift()!);
  }

  /**
   * Makes room for what a caller wants to have waiting: takes out the newest of the greediest caller of the greediest source,
   * where that has more than the source of the caller would have then; else of the greediest of the same source, where that has more
   * than the caller would have. Null where nobody has.
   */
  displace(caller: Caller<T>, bytes: number): T | null {
    const weight = ITEM_BYTES + bytes;
    const own = this.#byName.get(caller.source) ?? null;
    const other = this.#sources.greediest();
    if (other !== null && other !== own && (own?.weight ?? 0) + weight < other.weight) {
      return this.#takeNewest(other, other.callers.greediest()!);
    }
    const greedy = own?.callers.greediest() ?? null;
    if (own === null || greedy === null || caller.weight + weight >= greedy.weight) return null;
    return this.#takeNewest(own, greedy);
  }

  #sourceOf(caller: Caller<T>): Source<T> {
    let { last } = caller;
    if (last === null || last.rotation === null) {
      last = this.#byName.get(caller.source) ?? new Source(caller.source);
      this.#byName.set(caller.source, last);
      caller.last = last;
    }
    return last;
  }

  #takeNewest(source: Source<T>, caller: Caller<T>): T {
    return this.#took(source, caller, caller.waiting.pop()!);
  }

  #took(source: Source<T>, caller: Caller<T>, item: T): T {
    const weight = ITEM_BYTES + item.bytes;
    this.#length--;
    this.#bytes -= item.bytes;
    source.weight -= weight;
    caller.weight -= weight;
    return item;
  }
}

/** Callers that have one share together. */
class Source<T> extends Member {
  readonly name: string;
  readonly callers = new Rotation<Caller<T>>();

  constructor(name: string) {
    super();
    this.name = name;
  }
}

/** Whose requests wait in order, behind each other: a connection. */
export class Caller<T> extends Member {
  /** Who is behind it: all callers of one source have one share together. */
  readonly source: string;
  /** For `Turns` alone. */
  readonly waiting = new Queue<T>();
  /** For it too: it may have left. */
  last: Source<T> | null = null;
  /** Nobody takes its replies any more: what did not begin is not begun. */
  isGone = false;

  constructor(source: string) {
    super();
    this.source = source;
  }
}
