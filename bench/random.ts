/** Lehmer's generator, seeded as in `peers/inplace.js`: numbers from 1 to 2³¹ − 2. */
export function makeRandom(seed = 42): () => number {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647);
}

/** The integers below a number in random order, always the same (Fisher and Yates). */
export function shuffledTo(count: number): Int32Array {
  const random = makeRandom();
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random() % (i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
