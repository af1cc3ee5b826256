/** The tiers of our virtual machine that take part, as `load` is told of them. */
export const TIERS = {
  interpreter: 'never',
  jit: 'always',
} as const;

export type TierName = keyof typeof TIERS;

export const TIER_NAMES = Object.keys(TIERS) as readonly TierName[];
