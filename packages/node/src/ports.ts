/** What a node needs of the world. All that it does passes through these; see `host.ts`. */

/** Where the time of an event comes from. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

/**
 * The log as a medium keeps it: a sequence of encoded entries (`journal/encoding.ts`), which
 * it does not look into but to tell structural ones from foldable ones. A medium that can be
 * damaged has to notice that itself: a record carries no checksum.
 */
export interface Journal {
  /** Every record, in order. Read once, before anything is appended. */
  read(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /**
   * Appends records. They are durable, as far as this medium goes, when it returns, or when the
   * promise is fulfilled; if that is rejected, the node stops.
   */
  append(records: readonly Uint8Array[]): void | Promise<void>;
  /** Bytes of foldable records that came since the last fold. */
  readonly foldableBytes: number;
  /**
   * Replaces all foldable records that there are by these, which come after the structural ones. It
   * may take many turns: what is appended meanwhile comes after all that. One at a time.
   */
  fold(base: Iterable<Uint8Array>): Promise<void>;
  close(): void | Promise<void>;
}

/** An address that takes connections. */
export interface Listener {
  /** The port it got, where 0 was asked for. */
  readonly port: number;
  /** Tells clients that the node stops, where their protocol has a word for it; what comes is still taken. */
  announceStop?(): void;
  /** Takes no further connection or request, sends the replies that are due, then ends the connections. */
  close(): Promise<void>;
}

/** The clock of this computer. */
export const systemClock: Clock = { now: () => Date.now() };
