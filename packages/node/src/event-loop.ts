/** Connections that are taken between two turns, more or less: to take one is a fraction of a millisecond. */
const LOOKS_MAX = 64;

/**
 * Turns of the event loop of Node. It takes one connection of a listener whenever it looks for what comes: before a turn that
 * may last, it looks again while connections come.
 */
export class EventLoop {
  #hasConnected = false;

  /** To be told of each connection that comes: another may wait behind it. */
  connected(): void {
    this.#hasConnected = true;
  }

  async nextTurn(): Promise<void> {
    for (let looks = 0; looks < LOOKS_MAX; looks++) {
      this.#hasConnected = false;
      await new Promise((resolve) => setImmediate(resolve));
      if (!this.#hasConnected) return;
    }
  }
}
