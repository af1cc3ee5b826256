import type { Item } from './item.ts';
import type { Metrics } from './metrics.ts';
import type { Pace } from './pace.ts';
import { Queue } from './queue.ts';
import { GAVE_UP } from './refused.ts';
import { Turns } from './turns.ts';

/** What an outbox works for. */
interface Sender {
  /** Of the turns that send. */
  readonly pace: Pace;
  readonly metrics: Metrics;
  readonly answer: (item: Item) => void;
  /** Told when a turn that sent is over. */
  readonly paused: () => void;
}

/**
 * Replies that may be sent. To write one is work too, and may be more than what it replies to: what does not fit into a turn
 * of the event loop is sent in turns, so that callers have their shares of sending as they have them of handling. Those of one caller
 * are sent in order.
 */
export class Outbox {
  readonly #sender: Sender;
  /** As they came. */
  readonly #ready = new Queue<Item>();
  /** What there was no time for; whatever else of its caller is ready came after it. */
  readonly #late = new Turns<Item>();
  #isSending = false;

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  /** To be sent after what is there, when `send` is called. */
  push(items: readonly Item[]): void {
    for (const item of items) this.#ready.push(item);
  }

  send(items: readonly Item[] = []): void {
    this.push(items);
    if (!this.#isSending) this.#sendSome();
  }

  #sendSome(): void {
    this.#isSending = true;
    const { pace, metrics, answer, paused } = this.#sender;
    pace.begin();
    for (let item = this.#next(); item !== undefined; item = this.#next()) {
      answer(item);
      const isOver = pace.isOver();
      if ('event' in item && item.event.kind === 'call') {
        metrics.answered(item.reply ?? GAVE_UP, (pace.last - item.received) / 1000);
      }
      if (!isOver) continue;
      setImmediate(() => this.#sendLate());
      return paused();
    }
    this.#isSending = false;
    paused();
  }

  #sendLate(): void {
    for (let item = this.#ready.shift(); item !== undefined; item = this.#ready.shift()) {
      this.#late.push(item.caller?.replies ?? null, item);
    }
    this.#sendSome();
  }

  #next(): Item | undefined {
    return this.#late.shift() ?? this.#ready.shift();
  }
}
