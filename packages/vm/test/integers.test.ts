import { INT, INT_MAX, type InstructionName, type Value } from '@smc/protocol';
import { FAILED } from '@smc/vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { programOf } from './support/run.ts';
import { tuple } from './support/types.ts';

/** The meaning of each operation on unbounded integers; null is a division by zero. */
const MEANINGS: Partial<Record<InstructionName, (a: bigint, b: bigint) => bigint | null>> = {
  ADD: (a, b) => a + b,
  SUB: (a, b) => a - b,
  MUL: (a, b) => a * b,
  DIV: (a, b) => (b === 0n ? null : a / b),
  REM: (a, b) => (b === 0n ? null : a % b),
};

const EDGES = [0, 1, 2, 3, 7, 94906265, 94906266, 94906267, 2 ** 30, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 52]
  .concat([2 ** 52 + 1, 2 ** 53 - 3, 2 ** 53 - 2, INT_MAX])
  .flatMap((n) => [n, 0 - n]);

const integer = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer(),
  fc.integer({ min: -20, max: 20 }),
  fc.constantFrom(...EDGES),
  // Near the square root of the limit, where products are close to it.
  fc.integer({ min: 94_906_200, max: 94_906_300 }),
);

describe.each(Object.entries(MEANINGS))('%s', (name, meaning) => {
  const program = programOf({ from: tuple(INT, INT), to: INT, code: `${name}; RETURN` });

  const apply = (a: number, b: number): Value | string => {
    const instance = program.instance(null);
    const reply = program.step(instance, 0, [a, b], 0);
    return reply === FAILED ? program.failure.message : reply;
  };
  const agree = (a: number, b: number): void => {
    const exact = meaning(BigInt(a), BigInt(b));
    const isSafe = exact !== null && exact <= BigInt(INT_MAX) && exact >= -BigInt(INT_MAX);
    const expected = exact === null ? 'division by zero' : isSafe ? Number(exact) : 'integer overflow';
    // `Object.is` tells −0 from 0, and there must be none.
    expect(Object.is(apply(a, b), expected), `${name} ${a} ${b}`).toBe(true);
  };

  it('is exact on the edges', () => {
    for (const a of EDGES) for (const b of EDGES) agree(a, b);
  });

  it('is exact on random integers', () => {
    fc.assert(fc.property(integer, integer, agree), { numRuns: 5_000 });
  });

  it('is exact just below a multiple of the divisor', () => {
    const divisor = fc.integer({ min: 1, max: 2 ** 31 });
    const property = fc.property(
      divisor,
      fc.maxSafeNat(),
      fc.integer({ min: -2, max: 2 }),
      (b, bound, off) => {
        const a = Math.min(INT_MAX, Number((BigInt(bound) / BigInt(b)) * BigInt(b)) + off);
        agree(a, b);
        agree(0 - a, b);
      },
    );
    fc.assert(property, { numRuns: 2_000 });
  });
});
