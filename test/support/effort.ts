/**
 * How many times the usual number of random cases a run tries: 1, or what `npm run fuzz` says by
 * `SMC_TEST_EFFORT`.
 */
export const EFFORT = Math.max(1, Number(process.env['SMC_TEST_EFFORT'] ?? 1));
