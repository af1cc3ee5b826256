import { describe, expect, it } from 'vitest';
import { integersOf } from '../src/interpret/integers.ts';
import { slotsOf } from '../src/interpret/slots.ts';
import { lirOf } from './support/lir-assembly.ts';
import { FIXTURES } from './support/lir-fixtures.ts';

const slotsIn = (text: string): number[] => [...slotsOf(lirOf(text).routines[0]).slots];

describe('slots of registers', () => {
  it('are given again after the last read, also to what that reads for', () => {
    expect(
      slotsIn(`
        routine step 1
        r1 = COMPONENT.0 r0
        r2 = COMPONENT.1 r0
        r3 = TUPLE r1 r2
        r4 = TUPLE r3 r3
        RETURN r4
      `),
    ).toEqual([0, 1, 0, 0, 0]);
  });

  it('are kept through a loop for what was there before it, and by its count and index', () => {
    const [input, before, count, carried, index, inside, after] = slotsIn(`
      routine step 1
      r1 = TUPLE r0 r0
      r2 = LENGTH r0
      r3 = MOVE r1
      r4 = LOOP.1 r2
        r5 = TUPLE r1 r3 r4
        r3 = MOVE r5
      NEXT
      r6 = TUPLE r3 r3
      RETURN r6
    `);
    expect(new Set([before, count, carried, index, inside]).size).toBe(5);
    expect(count).toBe(input);
    expect([before, count, carried, index, inside]).toContain(after);
  });

  it('are given again in an inner loop, to what each of its rounds makes anew', () => {
    const [, list, , outer, made, inner, again] = slotsIn(`
      routine step 1
      r1 = LIST r0 r0
      r2 = LENGTH r1
      r3 = LOOP.1 r2
        r4 = ITEM r1 r3
        r5 = LOOP.1 r2
          r6 = ITEM r1 r5
          r7 = TUPLE r6 r4
        NEXT
      NEXT
      RETURN r1
    `);
    expect(new Set([list, outer, made, inner, again]).size).toBe(5);
  });

  it.each(FIXTURES)('are fewer than registers, and parameters come first: $name', ({ lowered }) => {
    for (const routine of lowered.routines) {
      const { slots, count } = slotsOf(routine);
      expect(count).toBeLessThanOrEqual(routine.registers);
      for (let parameter = 0; parameter < routine.parameters; parameter++)
        expect(slots[parameter]).toBe(parameter);
      for (const { target } of routine.operations) if (target >= 0) expect(slots[target]).toBeLessThan(count);
    }
  });
});

describe('registers of integers', () => {
  const filesOf = (text: string): string => {
    const { routines, constants } = lirOf(text);
    const { isInteger, isReference } = integersOf(routines[0], constants);
    return isInteger.map((is, register) => (is ? 'i' : '') + (isReference[register] ? 'r' : '')).join(' ');
  };

  it('are those that are given or taken as such, and those that these are moved to or compared with', () => {
    expect(
      filesOf(`
        routine step 1
        r1 = COMPONENT.0 r0
        r2 = COMPONENT.1 r0
        r3 = COMPONENT.2 r0
        BLOCK.1
        BR_SAME.1 r1 r2
        r4 = ADD r2 1
        END
        r5 = MOVE r3
        r6 = SAME r3 7
        r7 = SAME r0 true
        RETURN r5
      `),
    ).toBe('r i i i i i r r');
  });

  it('are in both files where they are optional', () => {
    expect(
      filesOf(`
        routine step 1
        r1 = FIND_ITEM r0 0
        r2 = MOVE r1
        BLOCK.1
        BR_PRESENT.1 r1
        RETURN unit
        END
        r3 = ADD r2 1
        RETURN r3
      `),
    ).toBe('r ir ir i');
  });
});
