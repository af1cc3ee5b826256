import { describe, expect, it, vi } from 'vitest';
import { Meter } from '../src/builtins/meter.ts';
import { FAILED } from '../src/failure.ts';
import { instanceClass } from '../src/instance.ts';
import { Compiler } from '../src/jit/compile.ts';
import { stepSource } from '../src/jit/dispatch.ts';
import { DEPTH_MAX, SOURCE_LENGTH_MAX, sourceOf } from '../src/jit/source.ts';
import { Tiers } from '../src/tiers.ts';
import { wrongTokens } from './support/alphabet.ts';
import { FIXTURES } from './support/lir-fixtures.ts';
import { lirOf } from './support/lir-assembly.ts';
import { repeat } from './support/repeat.ts';

describe('generated source', () => {
  it.each(FIXTURES)('is made of its alphabet: $name', ({ lowered }) => {
    for (const index of lowered.routines.keys()) {
      const { text } = sourceOf(lowered, index, false)!;
      expect(wrongTokens(text)).toEqual([]);
    }
  });

  it('of the step of a program is made of its alphabet too', () => {
    for (const count of [1, 2, 64]) {
      const words = new Set(['try', 'catch', 'o', 'x', 'e']);
      expect(wrongTokens(stepSource(count)).filter((token) => !words.has(token))).toEqual([]);
    }
  });

  it('has nothing of what is in an image', () => {
    const hostile = '`); process.exit(1); (`\u2028${1}\\\'"*/';
    const lowered = lirOf(
      `routine step');evil(' 1
        r1 = TUPLE $hostile ${-(2 ** 40)} $hostile
        RETURN r1`,
      { values: { hostile } },
    );
    expect(wrongTokens(sourceOf(lowered, 0, true)!.text)).toEqual([]);
    const tiers = new Tiers(lowered, lowered.steps, 'always');
    expect(tiers.run(0, null, 10)).toEqual([hostile, -(2 ** 40), hostile]);
  });

  it('finds what is not of the alphabet', () => {
    expect(wrongTokens('const x = eval("a"); r1 = r2 + 1;')).toEqual(['x', 'eval', '"', 'a', '"']);
    expect(wrongTokens('r1\u2028= 9007199254740993')).toEqual(['\u2028', '9007199254740993']);
  });

  it('is not made where it would be too long or too deep', () => {
    const adds = (count: number): string =>
      `routine step 1\n${repeat(count, 'r1 = ADD r0 1 !1').join('\n')}\nSPEND !1\nRETURN r1`;
    const blocks = (depth: number): string =>
      `routine step 1\n${Array.from({ length: depth }, (_, n) => `BLOCK.${n}`).join('\n')}\n${repeat(depth, 'END').join('\n')}\nRETURN r0`;
    const isCompiled = (source: string): boolean => {
      const lowered = lirOf(source);
      const tiers = new Tiers(lowered, lowered.steps, 'always');
      expect(tiers.run(0, 4, 1_000)).not.toBe(FAILED);
      return tiers.tier(0) === 'jit';
    };
    expect(isCompiled(adds(10))).toBe(true);
    expect(isCompiled(adds(SOURCE_LENGTH_MAX / 50))).toBe(false);
    expect(isCompiled(blocks(DEPTH_MAX))).toBe(true);
    expect(isCompiled(blocks(DEPTH_MAX + 1))).toBe(false);
  });

  it('is not made for an operation that calls too deep', () => {
    const chain = (depth: number): string =>
      [
        'routine f0 1\nRETURN r0',
        ...Array.from({ length: depth }, (_, n) => `routine f${n + 1} 1\nr1 = CALL.f${n} r0\nRETURN r1`),
      ].join('\n');
    const tierOf = (depth: number): string => {
      const tiers = new Tiers(lirOf(chain(depth)), [depth], 'always');
      expect(tiers.run(0, 4, 1_000)).toBe(4);
      return tiers.tier(0);
    };
    expect(tierOf(200)).toBe('jit');
    expect(tierOf(5_000)).toBe('interpreter');
  });
});

describe('a host that makes no functions', () => {
  it('interprets', () => {
    const lowered = lirOf('routine step 1\nRETURN r0');
    vi.stubGlobal('Function', function forbidden() {
      throw new EvalError('code generation from strings disallowed');
    });
    try {
      expect(new Compiler(lowered, new Meter()).compile(0)).toBeNull();
      const tiers = new Tiers(lowered, lowered.steps, 'always');
      expect(tiers.tier(0)).toBe('interpreter');
      expect(tiers.run(0, 7, 1)).toBe(7);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

describe('tiering', () => {
  const lowered = lirOf(`
    routine step_long 1 fuel 1
      r1 = LOOP.100 r0
      NEXT
      RETURN r0
    routine step_short 1 fuel 1
      RETURN r0
  `);

  it('compiles what has used much fuel, and nothing else', () => {
    let told = 0;
    const tiers = new Tiers(lowered, lowered.steps, 'auto', () => told++);
    for (let i = 0; i < 100; i++) {
      expect(tiers.run(0, 10, 10_000)).toBe(10);
      expect(tiers.run(1, 10, Number.POSITIVE_INFINITY)).toBe(10);
    }
    expect([tiers.tier(0), tiers.tier(1), told]).toEqual(['interpreter', 'interpreter', 0]);
    for (let i = 0; i < 101; i++) tiers.run(0, 10, i < 50 ? Number.POSITIVE_INFINITY : 10_000);
    expect([tiers.tier(0), tiers.tier(1), told]).toEqual(['jit', 'interpreter', 1]);
    expect(tiers.run(0, 10, 1_001)).toBe(10);
    expect(tiers.run(0, 10, 1_000)).toBe(FAILED);
  });

  it('counts what failed, too', () => {
    const tiers = new Tiers(lowered, lowered.steps, 'auto');
    for (let i = 0; i < 3; i++) expect(tiers.run(0, 1_000_000, 100_000)).toBe(FAILED);
    expect(tiers.tier(0)).toBe('jit');
  });
});

describe('an instance', () => {
  it('gives the same product until a field is written', () => {
    const Instance = instanceClass({ isProduct: true, fields: 2 });
    const state = [1, 'a'];
    const instance = new Instance(state, null);
    expect(instance.state).toBe(state);
    const swap = lirOf('routine step 1\nr1 = STATE.0\nr2 = STATE.1\nCOMMIT.0 r2\nCOMMIT.1 r1\nRETURN unit', {
      isProduct: true,
      fields: 2,
    });
    for (const mode of ['never', 'always'] as const) {
      const before = instance.state;
      expect(new Tiers(swap, swap.steps, mode).entries[0].run(instance, 0, 10, null)).toBeNull();
      expect(instance.state).not.toBe(before);
      expect(instance.state).toBe(instance.state);
    }
    expect(instance.state).toEqual(state);
  });

  it.each([0, 1, 2, 15, 16])('has a state of %i fields', (fields) => {
    const Instance = instanceClass({ isProduct: true, fields });
    const state = Array.from({ length: fields }, (_, index) => `part ${index}`);
    const instance = new Instance(state, 'key');
    instance.seen = null;
    expect(instance.state).toEqual(state);
    expect(instance.key).toBe('key');
  });
});
