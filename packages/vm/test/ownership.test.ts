import { describe, expect, it } from 'vitest';
import { withOwnership } from '../src/lower/ownership.ts';
import { lirOf } from './support/lir-assembly.ts';

/** Of each step: the registers that a CHANGE gives or a SHARE takes, and where it settles. */
function owned(source: string, fields = 1): string[] {
  const { routines } = lirOf(source, { isProduct: fields > 1, fields });
  return withOwnership(routines, fields).map(({ operations }) =>
    operations
      .flatMap(({ name, target, operands }) => {
        if (name === 'CHANGE') return [`change r${target}`];
        if (name === 'SHARE') return [`share r${operands[0]}`];
        return name === 'SETTLE' ? ['settle'] : [];
      })
      .join(', '),
  );
}

/** A step that changes the first field in place. */
const CHANGING = `
  routine step_change 1
    r1 = STATE.0
    r2 = BUILT_IN.SET_INSERT r1 r0
    COMMIT.0 r2
    RETURN unit`;
const CHANGED = 'change r2, settle';

describe('what is changed in place', () => {
  it('is a change after which nobody reads what there was before', () => {
    expect(
      owned(`
        routine step 1
          r1 = STATE.0
          r2 = BUILT_IN.MAP_GET r1 r0
          r3 = COUNT r1
          r4 = BUILT_IN.MAP_INSERT r1 r0 r3
          r5 = BUILT_IN.MAP_REMOVE r4 "a"
          CHECK_SIZE 8 r5
          r6 = BUILT_IN.MAP_KEYS r5
          COMMIT.0 r5
          RETURN r6`),
    ).toEqual(['change r4, change r5, settle']);
  });

  it.each([
    ['a register', 'r3 = BUILT_IN.SET_HAS r1 r0', 'COMMIT.0 r2'],
    ['the field', 'r3 = STATE.0', 'COMMIT.0 r2'],
    ['the field, after the step', 'r3 = COUNT r2', ''],
    ['another change', 'r3 = BUILT_IN.SET_INSERT r1 "a"', 'COMMIT.0 r2'],
  ])('is none of which %s is read after it', (_what, after, commit) => {
    const [own] = owned(`
      routine step 1
        r1 = STATE.0
        r2 = BUILT_IN.SET_INSERT r1 r0
        ${after}
        ${commit}
        RETURN unit`);
    expect(own).not.toContain('change r2');
  });

  it('is on the one path and not on the other', () => {
    const path = (commit: string): string[] =>
      owned(`
        routine step 1
          r1 = STATE.0
          r2 = BUILT_IN.MAP_GET r1 r0
          BLOCK.1
            BLOCK.2
              BR_PRESENT.2 r2
              FAIL "why"
            END
            r3 = BUILT_IN.MAP_INSERT r1 r0 1
            BLOCK.3
              BR_SAME.3 r2 true
              r4 = MOVE ${commit}
              BR.1
            END
            r4 = MOVE r3
          END
          COMMIT.0 r4
          RETURN unit`);
    expect(path('r3')).toEqual(['change r3, settle']);
    expect(path('r1')).toEqual(['']);
  });

  it('is what a loop carries, unless it also reads what was before the loop', () => {
    const loop = (read: string, after = ''): string[] =>
      owned(`
        routine step 1
          r1 = STATE.0
          r2 = MOVE r1
          r3 = LOOP r0
            r4 = BUILT_IN.MAP_HAS ${read} r3
            r5 = BUILT_IN.MAP_INSERT r2 r3 r4
            r2 = MOVE r5
          NEXT
          ${after}
          COMMIT.0 r2
          RETURN unit`);
    expect(loop('r2')).toEqual(['change r5, settle']);
    expect(loop('r1')).toEqual(['']);
    expect(loop('r2', 'r6 = COUNT r1')).toEqual(['']);
  });

  it('is nothing of what a loop would change again', () => {
    const [own] = owned(`
      routine step 1
        r1 = STATE.0
        r2 = LOOP r0
          r3 = BUILT_IN.SET_INSERT r1 r2
        NEXT
        COMMIT.0 "other"
        RETURN unit`);
    expect(own).toBe('');
  });

  it('is nothing where too many registers can hold it', () => {
    const chain = (count: number): string =>
      Array.from({ length: count }, (_, i) => `r${i + 2} = BUILT_IN.SET_INSERT r${i + 1} r0`).join('\n');
    const ofChain = (count: number): string =>
      owned(`
        routine step 1
          r1 = STATE.0
          ${chain(count)}
          COMMIT.0 r${count + 1}
          RETURN unit`)[0];
    expect(ofChain(29).match(/change/g)).toHaveLength(29);
    expect(ofChain(30)).toBe('');
  });
});

describe('what is shared', () => {
  it.each([
    ['replied', 'RETURN r1'],
    ['a part of something', 'r2 = TUPLE r1 r0\nRETURN unit'],
    ['a value in another', 'r2 = BUILT_IN.MAP_INSERT $map r0 r1\nRETURN unit'],
    ['the second of two', 'r2 = BUILT_IN.SET_UNION $map r1\nRETURN unit'],
    ['compared', 'r2 = EQUAL r1 r0\nRETURN unit'],
    ['moved, and then replied', 'r2 = MOVE r1\nRETURN r2'],
    ['changed, and then replied', 'r2 = BUILT_IN.SET_INSERT r1 r0\nCOMMIT.0 r2\nRETURN r2'],
    ['given to a routine', 'r2 = CALL.helper r1\nRETURN unit'],
  ])('is what is %s', (_what, rest) => {
    const source = `
      routine helper 1
        RETURN unit
      routine step_other 1
        r1 = STATE.0
        ${rest.replace('$map', '"map"')}
      ${CHANGING}`;
    const [, other, changing] = owned(source);
    expect([other, changing]).toEqual(['share r1', CHANGED]);
    // Where no step changes it in place, there is no need.
    expect(owned(source.replace(CHANGING, ''))[1]).toBe('');
  });

  it('is what goes to another field, or can come from two', () => {
    const exchange = `
      routine step_exchange 1
        r1 = STATE.0
        r2 = STATE.1
        COMMIT.0 r2
        COMMIT.1 r1
        RETURN unit`;
    const choice = `
      routine step_choose 1
        r1 = STATE.0
        BLOCK.1
          BR_SAME.1 r0 true
          r1 = STATE.1
        END
        r2 = BUILT_IN.SET_INSERT r1 r0
        COMMIT.0 "other"
        RETURN unit`;
    const second = CHANGING.replace('step_change', 'step_second').replaceAll('.0', '.1');
    expect(owned(`${exchange}${CHANGING}${second}`, 2)).toEqual(['share r1, share r2', CHANGED, CHANGED]);
    expect(owned(`${exchange}${CHANGING}`, 2)).toEqual(['share r1', CHANGED]);
    expect(owned(`${choice}${CHANGING}${second}`, 2)).toEqual(['share r1, share r1', CHANGED, CHANGED]);
  });
});
