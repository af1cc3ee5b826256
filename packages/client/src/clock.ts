/** What a client needs of time; a test gives its own. */
export interface ClientClock {
  /** Milliseconds from some moment on; never goes back. */
  now(): number;
  /** Does something later; what it gives calls that off. */
  after(millis: number, action: () => void): () => void;
}

export const systemClock: ClientClock = {
  now: () => performance.now(),
  after: (millis, action) => {
    const timer = setTimeout(action, millis);
    return () => clearTimeout(timer);
  },
};
