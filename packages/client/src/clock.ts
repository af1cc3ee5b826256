/** What a client needs of time; a test gives its own. */
export interface ClientClock {
  /** Milliseconds from some moment on; never goes back. */
  now(): number;
  /** Does something later; what it gives calls that off. */
  after(millis: number, action: () => void): () => void;
}

/** The most that a timer of Node.js takes: with more it goes off at once. */
export const TIMER_MILLIS_MAX = 0x7fff_ffff;

export const systemClock: ClientClock = {
  now: () => performance.now(),
  after: (millis, action) => {
    const timer = setTimeout(action, Math.min(TIMER_MILLIS_MAX, millis));
    return () => clearTimeout(timer);
  },
};
