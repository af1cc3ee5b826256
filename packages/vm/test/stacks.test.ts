import { INT } from '@smc/protocol';
import { FAILED, type Program } from '@smc/vm';
import { describe, expect, it } from 'vitest';
import { KEPT_SLOTS, STACKS } from '../src/stacks.ts';
import { programOf, run, type Sketch } from './support/run.ts';
import { tuple } from './support/types.ts';

/** Slots that hold a reference, or a number, after a run. */
const used = (): number => STACKS.values.filter((value) => value !== null).length;

/** Pushes so many, then drops them. */
const high = (height: number): Program =>
  programOf({
    from: INT,
    to: INT,
    code: `${'PUSH; '.repeat(height)}${'CONS; SND; '.repeat(height)}RETURN`,
  });

describe('the stacks', () => {
  it('are one for all programs, and are no larger for programs that do not run', () => {
    const { values, returns } = STACKS;
    Array.from({ length: 50 }, () => high(5_000));
    expect([values.length, returns.length]).toEqual([KEPT_SLOTS, KEPT_SLOTS]);
  });

  it('grow to what a run needs, and are given back after it', () => {
    const program = high(20_000);
    expect(program.step(program.instance(), 0, 7, 0)).toBe(7);
    expect([STACKS.values.length, STACKS.returns.length]).toEqual([KEPT_SLOTS, KEPT_SLOTS]);
    expect(used()).toBe(0);
  });

  it('keep no value of a run that was long or failed', () => {
    const program = high(2_000);
    expect(program.step(program.instance(), 0, 7, 0)).toBe(7);
    expect(used()).toBe(0);
    const failing: Sketch = {
      from: INT,
      to: INT,
      code: 'PUSH; PUSH; QUOTE zero; CONS; DIV; CONS; SND; RETURN',
      define: (a) => a.constant('zero', INT, 0),
    };
    expect(run(failing, 1).failure).toEqual({
      kind: 'fault',
      message: 'division by zero',
    });
    expect(used()).toBe(0);
  });

  it('are not for two runs at a time', () => {
    const inner = high(1);
    const sum = { from: tuple(INT, INT), to: INT, code: 'ADD; RETURN' };
    const program = programOf(sum);
    const instance = program.instance(null);
    const pair = Object.defineProperty([1, 2], 0, {
      get: () => inner.step(inner.instance(null), 0, 1, 0) as number,
    });
    expect(program.step(instance, 0, pair, 0)).toBe(FAILED);
    expect(program.failure).toMatchObject({
      kind: 'crash',
      message: expect.stringMatching(/run .* within a run/) as string,
    });
    expect(program.step(instance, 0, [1, 2], 0)).toBe(3);
  });
});
