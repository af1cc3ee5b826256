import { describe, expect, it } from 'vitest';
import type { Value } from '@smc/protocol';
import { Meter } from '../src/builtins/meter.ts';
import { FAILED } from '../src/failure.ts';
import { instanceClass } from '../src/instance.ts';
import { CODES } from '../src/interpret/codes.ts';
import { encode } from '../src/interpret/encode.ts';
import { Interpreter } from '../src/interpret/interpret.ts';
import { tidy } from '../src/interpret/tidy.ts';
import { reachedFrom } from '../src/lower/calls.ts';
import { Tiers } from '../src/tiers.ts';
import { lirOf } from './support/lir-assembly.ts';
import { FIXTURES } from './support/lir-fixtures.ts';
import { repeat } from './support/repeat.ts';

const namesOf = (source: string): string[] =>
  tidy(lirOf(`routine step 1\n${source}`).routines[0].operations).map(({ name }) => name);

describe('the interpreter', () => {
  it.each(FIXTURES)('keeps no value of a run: $name', ({ lowered, runs }) => {
    const interpreter = new Interpreter(encode(lowered), new Meter());
    const Instance = instanceClass(lowered.state);
    const windows = interpreter.encoded.registers;
    for (const step of lowered.steps) {
      const entry = interpreter.entryOf(step, reachedFrom(lowered, step));
      for (const { state, argument } of runs) {
        for (const fuel of [5, 12, 1_000_000]) {
          entry(new Instance(state, 'key'), 0, fuel, argument);
          const kept = interpreter.registers.slice(0, windows);
          expect(
            kept.filter((value) => typeof value !== 'number' && typeof value !== 'boolean' && value !== null),
          ).toEqual([]);
          expect(interpreter.registers.slice(windows)).toEqual([...lowered.constants, null]);
        }
      }
    }
  });

  it('may keep values of a short run in many registers, but of no long or failed one', () => {
    const count = 100;
    const lowered = lirOf(`
      routine step 1 fuel 1
        ${Array.from({ length: count }, (_, n) => `r${n + 1} = TUPLE r0 r0`).join('\n')}
        r${count + 1} = LOOP.10 r0
        NEXT
        r${count + 2} = TUPLE ${Array.from({ length: count }, (_, n) => `r${n + 1}`).join(' ')}
        RETURN r${count + 2}
    `);
    const interpreter = new Interpreter(encode(lowered), new Meter());
    const entry = interpreter.entryOf(0, [0]);
    const instance = new (instanceClass(lowered.state))(null, null);
    const kept = (): number => interpreter.registers.filter((value) => Array.isArray(value)).length;
    entry(instance, 0, 10_000, 1);
    expect(kept()).toBeGreaterThan(0);
    entry(instance, 0, 10_000, 200);
    expect(kept()).toBe(0);
    entry(instance, 0, 10_000, 1);
    expect(entry(instance, 0, 20, 5)).toBe(FAILED);
    expect(kept()).toBe(0);
  });

  it('is not for two runs of one program at a time', () => {
    const lowered = lirOf('routine step 1\nr1 = COMPONENT.0 r0\nr2 = ADD r1 1 !1\nSPEND !1\nRETURN r2');
    const tiers = new Tiers(lowered, lowered.steps, 'never');
    const pair: Value[] = [];
    Object.defineProperty(pair, 0, {
      get: () => {
        expect(tiers.run(0, [1], 10)).toBe(FAILED);
        expect(tiers.failure).toMatchObject({
          kind: 'crash',
          message: expect.stringMatching(/within a run/) as string,
        });
        return 1;
      },
    });
    expect(tiers.run(0, pair, 10)).toBe(2);
    expect(tiers.run(0, [1], 10)).toBe(2);
  });

  it('says that an exception of the host is a crash, and goes on', () => {
    for (const mode of ['never', 'always'] as const) {
      const lowered = lirOf('routine step 1\nr1 = COMPONENT.0 r0\nRETURN r1');
      const tiers = new Tiers(lowered, lowered.steps, mode);
      expect(tiers.run(0, undefined as unknown as Value, 10)).toBe(FAILED);
      expect(tiers.failure).toMatchObject({
        kind: 'crash',
        message: expect.stringMatching(/^TypeError/) as string,
      });
      expect(tiers.run(0, [5], 10)).toBe(5);
    }
  });

  it('has few enough instructions in its dispatch, and each once', () => {
    const codes = Object.values(CODES);
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes.filter((code) => code < CODES.NEG).length).toBeLessThanOrEqual(48);
  });
});

describe('tidied code', () => {
  it('writes where a value would be moved to', () => {
    expect(namesOf('r1 = ADD r0 1\nr2 = MOVE r1\nRETURN r2')).toEqual(['ADD', 'RETURN']);
  });

  it('has no jump to what comes next', () => {
    expect(namesOf('BLOCK.1\nBLOCK.2\nBR_TRUE.2 r0\nBR.1\nEND\nEND\nRETURN r0')).not.toContain('BR');
  });

  it.each([
    ['what is read after it', 'r1 = ADD r0 1\nr2 = MOVE r1\nr3 = ADD r1 r2\nRETURN r3'],
    [
      'what is moved to is read before',
      'r2 = MOVE 5\nr1 = ADD r0 1\nr3 = ADD r2 r1\nr2 = MOVE r1\nr4 = ADD r3 r2\nRETURN r4',
    ],
    ['it is skipped', 'r2 = MOVE 5\nBLOCK.1\nr1 = ADD r0 1\nBR_LESS.1 r1 3\nr2 = MOVE r1\nEND\nRETURN r2'],
    [
      'a parameter is moved',
      'r1 = MOVE r0\nr2 = LOOP.1 3\nr3 = ADD r1 1\nr1 = MOVE r3\nNEXT\nr4 = ADD r0 r1\nRETURN r4',
    ],
    [
      'a loop is between',
      'r1 = MOVE 5\nr2 = ADD r0 1\nr3 = LOOP.1 3\nr4 = ADD r1 r3\nr1 = MOVE r4\nNEXT\nr1 = MOVE r2\nRETURN r1',
    ],
  ])('keeps a move where %s', (_, source) => {
    const moves = (names: readonly string[]): number => names.filter((name) => name === 'MOVE').length;
    expect(moves(namesOf(source))).toBeGreaterThan(0);
  });

  it('is made in time linear in the code', () => {
    const count = 3_000;
    const source = `${repeat(count, 'r1 = ADD r0 1').join('\n')}\n${repeat(count, 'r2 = MOVE r1').join('\n')}\nRETURN r2`;
    expect(namesOf(source).length).toBeGreaterThan(count);
  });
});
