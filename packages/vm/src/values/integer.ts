import { INT_MAX, INT_MIN } from '@smc/protocol';

/**
 * Integers are doubles that hold safe integers, never −0. The exact result of an operation on
 * two of them is out of range exactly where the rounded one is: 2⁵³ is a double, and rounding
 * keeps the order.
 */

/** Whether a rounded result is out of range: an overflow. */
export function isOverflow(result: number): boolean {
  return result > INT_MAX || result < INT_MIN;
}

/** The same number, as a small integer of the host where it fits, and 0 for −0. */
export function normal(result: number): number {
  return (result | 0) === result ? result | 0 : result;
}

/**
 * The quotient, truncated toward zero, of integers in range; the divisor is not 0.
 *
 * Truncating the rounded quotient is exact. It could be wrong only where the exact quotient
 * lies below an integer k and is rounded up to it; then it is 1 / |b| below k at least, and
 * since k · |b| ≤ 2⁵³ that is more than half the distance from k to the double before it.
 */
export function quotient(a: number, b: number): number {
  return normal(Math.trunc(a / b));
}

/** The remainder that goes with `quotient`; its sign is that of the dividend. */
export function remainder(a: number, b: number): number {
  if ((a | 0) === a && (b | 0) === b) return (a % b) | 0;
  // Exact: the product lies between 0 and the dividend. Faster than the host's `%` of doubles.
  return normal(a - Math.trunc(a / b) * b);
}
