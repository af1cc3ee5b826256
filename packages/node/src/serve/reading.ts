import { Queue } from '../queue.ts';
import type { Stopwatch } from '../pace.ts';

/** Requests of one connection in a turn of the event loop, after which it is held. */
const REQUESTS_MAX = 32;

/** A turn of the event loop that took longer was too long: of those that are held fewer go on in the next. */
const TURN_MILLIS = 10;

/** Connections that go on in one turn, at the most. */
const RELEASED_MAX = 1_024;

/** A connection, as one that requests are read of. */
export class Reading {
  /** Nothing more is to be read of it until `goOn` is called. */
  isHeld = false;
  /** For `ReadingTurns`: how much was read of it in which turn. */
  turn = 0;
  count = 0;
  readonly goOn: () => void;

  constructor(goOn: () => void) {
    this.goOn = goOn;
  }
}

/**
 * Has connections take turns in being read. What reaches the host has its turns there; but to read a request over HTTP is work as
 * well, and all there is of a request that is answered at once, as one that is refused: who sends thousands of these without a pause
 * would have all others wait. Whoever sends more than some of them in a turn of the event loop goes on in a later one, one after the
 * other, as many in each as there is time for.
 */
export class ReadingTurns {
  readonly #stopwatch: Stopwatch;
  readonly #held = new Queue<Reading>();
  #turn = 1;
  #isTurning = false;
  /** How many go on in the next turn, and when the last one ended. */
  #released = 1;
  #endedAt = 0;

  constructor(stopwatch: Stopwatch) {
    this.#stopwatch = stopwatch;
  }

  /** To be told of each such request; `isHeld` says then whether that was enough. */
  count(reading: Reading): void {
    if (!this.#isTurning) this.#begin();
    if (reading.turn !== this.#turn) {
      reading.turn = this.#turn;
      reading.count = 0;
    }
    if (++reading.count < REQUESTS_MAX || reading.isHeld) return;
    reading.isHeld = true;
    this.#held.push(reading);
  }

  #begin(): void {
    this.#isTurning = true;
    setImmediate(this.#end);
  }

  readonly #end = (): void => {
    this.#isTurning = false;
    this.#turn++;
    const now = this.#stopwatch();
    const isLong = now - this.#endedAt > TURN_MILLIS;
    this.#released = isLong ? Math.ceil(this.#released / 2) : Math.min(2 * this.#released, RELEASED_MAX);
    this.#endedAt = now;
    // Those that are held again meanwhile come after these.
    const held: Reading[] = [];
    while (held.length < this.#released && this.#held.length > 0) held.push(this.#held.shift()!);
    for (const reading of held) {
      reading.isHeld = false;
      reading.goOn();
    }
    if (this.#held.length > 0 && !this.#isTurning) this.#begin();
  };
}
