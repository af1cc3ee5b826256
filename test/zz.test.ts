import fc from 'fast-check';
import { it } from 'vitest';
import { emitMachine, evaluate, simplify } from '@smc/compiler';
import { inputType } from '@smc/protocol';
import { Choices, tapes } from './support/choices.ts';
import { randomMachine } from './support/programs.ts';
import { randomValue } from './support/values.ts';
it('x', () => {
  let n = 0; let words = 0; let kinds: Record<string, number> = {}; let t = 0;
  fc.assert(fc.property(tapes(1200), (tape) => {
    const choices = new Choices(tape);
    const m = randomMachine(choices);
    const s = simplify(m);
    const image = emitMachine(m).image;
    for (const f of image.unit.functions) { n++; words += f.code.length; }
    for (const op of m.operations) {
      const input = randomValue(choices, m.types, inputType(m.types, op.parameters));
      const state = randomValue(choices, m.types, m.state);
      const t0 = performance.now();
      const o = evaluate(m, op.body, input, { state, now: 5, fuel: 1_000_000 });
      t = Math.max(t, performance.now() - t0);
      const k = o.ok ? 'ok' : o.failure.kind + (o.failure.kind === 'fault' && !/overflow|zero/.test(o.failure.message) ? '' : o.failure.message);
      kinds[k] = (kinds[k] ?? 0) + 1;
    }
  }), { numRuns: 2000, endOnFailure: true });
  console.log(n, words, kinds, t);
}, 120000);
