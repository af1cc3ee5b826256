/**
 * Numbers of `[0, 1)`, the same for each seed (mulberry32). The seed is that of all laws, `SMC_TEST_SEED`, or a
 * given one.
 */
export function randomNumbers(seed = Number(process.env['SMC_TEST_SEED'] ?? '1')): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
