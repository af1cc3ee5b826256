import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Caller, Turns } from '../src/turns.ts';

interface Sent {
  /** −1 for the operator. */
  readonly caller: number;
  readonly number: number;
}

describe('turns', () => {
  it('keep the order of each caller, and let nobody wait for more than one of each other', () => {
    const pushes = fc.array(fc.integer({ min: -1, max: 4 }), { maxLength: 60 });
    const taken = fc.array(fc.integer({ min: 0, max: 8 }), { maxLength: 60 });
    fc.assert(
      fc.property(pushes, taken, (senders, counts) => {
        const turns = new Turns<Sent>();
        const callers = Array.from({ length: 5 }, () => new Caller<Sent>());
        const waiting = new Map<number, Sent[]>();
        /** Turns of others since one of a caller was its last, or since it has waited. */
        const since = new Map<number, number[]>();
        const take = (): void => {
          const item = turns.shift();
          const all = [...waiting.values()].flat();
          if (item === undefined) return expect(all).toEqual([]);
          expect(item).toBe(waiting.get(item.caller)?.shift());
          since.delete(item.caller);
          if (waiting.get(item.caller)!.length > 0) since.set(item.caller, []);
          for (const [caller, others] of since) {
            if (caller === item.caller) continue;
            others.push(item.caller);
            const operators = others.filter((other) => other === -1).length;
            // Of each other caller at most one, and of the operator at most one between them.
            const own = others.filter((other) => other !== -1);
            expect(new Set(own).size).toBe(own.length);
            expect(operators).toBeLessThanOrEqual(own.length + 1);
            if (caller === -1) expect(own.length).toBeLessThanOrEqual(1);
          }
        };
        for (const [number, caller] of senders.entries()) {
          const item = { caller, number };
          turns.push(caller < 0 ? null : callers[caller], item);
          const own = waiting.get(caller) ?? [];
          waiting.set(caller, [...own, item]);
          if (own.length === 0) since.set(caller, []);
          for (let i = counts[number] ?? 0; i > 6; i--) take();
          expect(turns.length).toBe([...waiting.values()].flat().length);
          expect(turns.operatorLength).toBe(waiting.get(-1)?.length ?? 0);
        }
        while (turns.length > 0) take();
        expect(turns.shift()).toBeUndefined();
      }),
    );
  });
});
