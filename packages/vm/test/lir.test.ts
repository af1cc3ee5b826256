import { describe, expect, it } from 'vitest';
import { evaluateLir } from './support/evaluate-lir.ts';
import { lirOf } from './support/lir-assembly.ts';

const COUNTER = lirOf(`
  routine step_add 1 fuel 9
    r1 = STATE.0
    r2 = ADD r1 1 !1
    SPEND !1
    COMMIT.0 r2
    RETURN unit
  routine step_read 1 fuel 2
    r1 = STATE.0
    RETURN r1
`);
const RUN = { argument: null, key: null, now: 0, fuel: 100 };

describe('the evaluator of LIR', () => {
  it('counts', () => {
    expect(evaluateLir(COUNTER, 0, { ...RUN, state: 4 })).toEqual({ value: null, state: 5, fuel: 90 });
    expect(evaluateLir(COUNTER, 1, { ...RUN, state: 4 })).toEqual({ value: 4, state: 4, fuel: 98 });
  });

  it('tells an overflow from fuel that ran out before it', () => {
    const state = Number.MAX_SAFE_INTEGER;
    expect(evaluateLir(COUNTER, 0, { ...RUN, state, fuel: 10 })).toMatchObject({
      failure: { kind: 'fault' },
    });
    expect(evaluateLir(COUNTER, 0, { ...RUN, state, fuel: 9 })).toMatchObject({
      failure: { kind: 'exhausted' },
    });
  });
});
