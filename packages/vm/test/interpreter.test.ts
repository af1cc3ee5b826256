import { describe, expect, it, vi } from 'vitest';
import type { Value } from '@smc/protocol';
import { Meter } from '../src/builtins/meter.ts';
import { FAILED } from '../src/failure.ts';
import { instanceClass } from '../src/instance.ts';
import { CODES } from '../src/interpret/codes.ts';
import { encode } from '../src/interpret/encode.ts';
import { InterpretedEntry, Interpreter } from '../src/interpret/interpreter.ts';
import { Tiers } from '../src/tiers.ts';
import { lirOf } from './support/lir-assembly.ts';
import { FIXTURES } from './support/lir-fixtures.ts';
import { repeat } from './support/repeat.ts';

const isReference = (value: unknown): boolean =>
  typeof value !== 'number' && typeof value !== 'boolean' && value !== null;

describe('the interpreter', () => {
  it.each(FIXTURES)('keeps no value of a run: $name', ({ lowered, runs }) => {
    const interpreter = new Interpreter(encode(lowered), new Meter());
    const Instance = instanceClass(lowered.state);
    const windows = interpreter.encoded.registers;
    const kept: unknown[] = [];
    for (const step of lowered.steps) {
      const entry = new InterpretedEntry(interpreter, step);
      for (const { state, argument } of runs) {
        for (const fuel of [5, 12, 1_000_000]) {
          entry.run(new Instance(state, 'key'), 0, fuel, argument);
          kept.push(...interpreter.references.slice(0, windows).filter((value) => isReference(value)));
        }
      }
    }
    expect(kept).toEqual([]);
    expect(interpreter.references.slice(windows)).toEqual([...lowered.constants, null]);
  });

  it('keeps none in however many registers, after a run however short, or one that failed', () => {
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
    const entry = new InterpretedEntry(interpreter, 0);
    const instance = new (instanceClass(lowered.state))(null, null);
    const kept = (): number => interpreter.references.filter((value) => Array.isArray(value)).length;
    entry.run(instance, 0, 10_000, 1);
    expect(kept()).toBe(0);
    entry.run(instance, 0, 10_000, 200);
    expect(kept()).toBe(0);
    expect(entry.run(instance, 0, 20, 5)).toBe(FAILED);
    expect(kept()).toBe(0);
  });

  it('has one list of what to clear for all operations over one routine', () => {
    const count = 5_000;
    const registers = Array.from({ length: count }, (_, n) => `r${n + 1}`);
    const lowered = lirOf(`
      routine step 1 fuel 1
        ${registers.map((register) => `${register} = TUPLE r0 r0`).join('\n')}
        r${count + 1} = TUPLE ${registers.join(' ')}
        RETURN r${count + 1}
    `);
    const interpreter = new Interpreter(encode(lowered), new Meter());
    const list = interpreter.sweptOf(0);
    expect(list.length).toBeGreaterThanOrEqual(count);
    expect(interpreter.sweptOf(0)).toBe(list);
    let reads = 0;
    const counted = new Proxy(list, {
      get: (target, key) => {
        reads++;
        return Reflect.get(target, key) as unknown;
      },
    });
    vi.spyOn(interpreter, 'sweptOf').mockReturnValue(counted);
    const entries = repeat(256, 0).map((routine) => new InterpretedEntry(interpreter, routine));
    expect(reads).toBe(0);
    const instance = new (instanceClass(lowered.state))(null, null);
    for (const entry of entries.slice(-2)) entry.run(instance, 0, 10_000, 1);
    expect(reads).toBeGreaterThan(2 * count);
    expect(interpreter.references.filter((value) => Array.isArray(value))).toEqual([]);
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
    expect(codes.filter((code) => code < CODES.NEG).length).toBeLessThanOrEqual(60);
  });
});
