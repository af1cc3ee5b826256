import { BOOL, INT, INT_MAX, type InstructionName, type TypeId, type Value } from '@smc/protocol';
import { FAILED, type JitMode, type Program } from '@smc/vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { programOf } from './support/run.ts';
import { tuple, type Typing } from './support/types.ts';

/** The meaning of each operation on unbounded integers; null is a division by zero. */
const ARITHMETIC: Partial<Record<InstructionName, (a: bigint, b: bigint) => bigint | null>> = {
  ADD: (a, b) => a + b,
  SUB: (a, b) => a - b,
  MUL: (a, b) => a * b,
  DIV: (a, b) => (b === 0n ? null : a / b),
  REM: (a, b) => (b === 0n ? null : a % b),
  INT_MIN: (a, b) => (a < b ? a : b),
  INT_MAX: (a, b) => (a < b ? b : a),
};

const COMPARISONS: Partial<Record<InstructionName, (a: bigint, b: bigint) => boolean>> = {
  EQ: (a, b) => a === b,
  NE: (a, b) => a !== b,
  LT: (a, b) => a < b,
  LE: (a, b) => a <= b,
  GT: (a, b) => a > b,
  GE: (a, b) => a >= b,
};

type Meaning = (a: bigint, b: bigint) => bigint | boolean | null;

/** What is done with two integers, as code that takes the pair. */
interface Operation {
  readonly name: string;
  readonly code: string;
  readonly to: TypeId;
  readonly meaning: Meaning;
}

const OPERATIONS: readonly Operation[] = [
  ...Object.entries(ARITHMETIC).map(([name, meaning]) => ({ name, code: name, to: INT, meaning })),
  ...Object.entries(COMPARISONS).flatMap(([name, meaning]) => [
    { name, code: name, to: BOOL, meaning },
    {
      name: `a branch on ${name}`,
      code: `PUSH; ${name}; CONS; BRANCH else join; FST; JUMP join; else:; SND; join:`,
      to: INT,
      meaning: (a: bigint, b: bigint) => (meaning(a, b) ? a : b),
    },
  ]),
];

const EDGES = [0, 1, 2, 3, 7, 94906265, 94906266, 94906267, 2 ** 30, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 52]
  .concat([2 ** 31 + 1, 2 ** 32 + 1, 2 ** 52 + 1, 2 ** 53 - 3, 2 ** 53 - 2, INT_MAX])
  .flatMap((n) => [n, 0 - n]);

const integer = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer(),
  fc.integer({ min: -20, max: 20 }),
  fc.constantFrom(...EDGES),
  // Near the square root of the limit, where products are close to it.
  fc.integer({ min: 94_906_200, max: 94_906_300 }),
);

/** A divisor, and integers at or near its multiples, also near 2⁵², where a product with the reciprocal can be one too large. */
const nearMultiples = fc
  .record({
    divisor: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 2 ** 31 })),
    near: fc.array(
      fc.tuple(
        fc.oneof(fc.integer({ min: 0, max: 200 }), fc.maxSafeNat()),
        fc.constantFrom(2 ** 40, 2 ** 50, 2 ** 52, INT_MAX),
        fc.integer({ min: -2, max: 2 }),
      ),
      { minLength: 40, maxLength: 40 },
    ),
  })
  .map(({ divisor, near }) => ({
    divisor,
    values: near.flatMap(([factor, bound, off]) => {
      const multiple = divisor * (factor % Math.floor(bound / divisor));
      return [multiple + off, 0 - multiple - off];
    }),
  }));

const MODES: readonly JitMode[] = ['never', 'always'];

/** Programs for one operation, one for each tier; a constant is in the code, on its side. */
function programsOf({ code, to }: Operation, side: 'none' | 'left' | 'right', constant: number): Program[] {
  const pairs = {
    none: { from: tuple(INT, INT), pair: '' },
    left: { from: INT, pair: 'PUSH; QUOTE c; SWAP; CONS;' },
    right: { from: INT, pair: 'PUSH; QUOTE c; CONS;' },
  } satisfies Record<string, { from: TypeId | Typing; pair: string }>;
  const { from, pair } = pairs[side];
  const sketch = { from, to, code: `${pair} ${code}; RETURN` };
  const define =
    side === 'none' ? {} : { define: (a: Parameters<Typing>[0]) => void a.constant('c', INT, constant) };
  return MODES.map((jit) => programOf({ ...sketch, ...define }, { jit }));
}

function outcome(program: Program, input: Value): Value | string {
  const reply = program.step(program.instance(), 0, input, 0);
  return reply === FAILED ? program.failure.message : reply;
}

function expected(meaning: Meaning, a: number, b: number): Value | string {
  const exact = meaning(BigInt(a), BigInt(b));
  if (exact === null) return 'division by zero';
  if (typeof exact === 'boolean') return exact;
  return exact <= BigInt(INT_MAX) && exact >= -BigInt(INT_MAX) ? Number(exact) : 'integer overflow';
}

describe.each(OPERATIONS)('$name', (operation) => {
  const { name, meaning } = operation;
  const check = (programs: readonly Program[], input: Value, a: number, b: number, where: string): void => {
    for (const [tier, program] of programs.entries()) {
      // `Object.is` tells −0 from 0, and there must be none.
      const isRight = Object.is(outcome(program, input), expected(meaning, a, b));
      if (!isRight)
        expect.fail(
          `${name} ${a} ${b}, ${where}, jit ${MODES[tier]}: ${JSON.stringify(outcome(program, input))}`,
        );
    }
  };
  const programs = programsOf(operation, 'none', 0);
  const agree = (a: number, b: number): void => check(programs, [a, b], a, b, 'no constant');

  it('is exact on the edges, also where one of the two is in the code', () => {
    for (const constant of EDGES) {
      const left = programsOf(operation, 'left', constant);
      const right = programsOf(operation, 'right', constant);
      for (const value of EDGES) {
        agree(constant, value);
        check(left, value, constant, value, 'left constant');
        check(right, value, value, constant, 'right constant');
      }
    }
  });

  it('is exact on random integers', () => {
    fc.assert(fc.property(integer, integer, agree), { numRuns: 2_000 });
  });

  it('is exact near multiples of the other, also where that is in the code', () => {
    const property = fc.property(nearMultiples, ({ divisor, values }) => {
      const right = programsOf(operation, 'right', divisor);
      for (const value of values) {
        agree(value, divisor);
        check(right, value, value, divisor, 'right constant');
      }
    });
    fc.assert(property, { numRuns: 100 });
  });
});
