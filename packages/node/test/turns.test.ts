import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Caller, Turns, type Waiting } from '../src/turns.ts';

interface Sent extends Waiting {
  /** Index in `CALLERS`; −1 for the operator. */
  readonly caller: number;
  readonly number: number;
}

/** The sources of the callers: some have several connections. */
const CALLERS = ['a', 'a', 'a', 'b', 'b', 'c'];
const sourceOf = ({ caller }: Sent): string => CALLERS[caller];

const sharesOf = (item: Sent): string[] =>
  item.caller < 0 ? ['operator'] : [sourceOf(item), `${sourceOf(item)}/${item.caller}`];
const levelOf = (share: string): string => (share.includes('/') ? share[0] : '');

/** What is done: something is sent, with room made for it or not, or has its turn. */
const ACTIONS = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ caller: fc.integer({ min: -1, max: 5 }), bytes: fc.nat(9_000) }) },
    { weight: 2, arbitrary: fc.constant(null) },
  ),
  { maxLength: 120 },
);

const weightOf = (items: readonly Sent[]): number => items.reduce((sum, { bytes }) => sum + 4_096 + bytes, 0);

/** Those who have the most by a key: several, where they have the same. */
function greediest<K>(items: readonly Sent[], key: (item: Sent) => K): { weight: number; keys: K[] } {
  const weights = Array.from(Map.groupBy(items, key), ([each, own]) => [each, weightOf(own)] as const);
  const weight = Math.max(0, ...weights.map(([, own]) => own));
  return { weight, keys: weights.filter(([, own]) => own === weight).map(([each]) => each) };
}

describe('turns', () => {
  it('keep the order of each caller, and let nobody wait for more than one of each other', () => {
    fc.assert(
      fc.property(ACTIONS, (actions) => {
        const turns = new Turns<Sent>();
        const callers = CALLERS.map((source) => new Caller<Sent>(source));
        let waiting: Sent[] = [];
        /** By share: whose turns there were since one of its own, or since it has waited. */
        const since = new Map<string, string[]>();
        const take = (): void => {
          const item = turns.shift();
          if (item === undefined) return expect(waiting).toEqual([]);
          expect(item).toBe(waiting.find(({ caller }) => caller === item.caller));
          waiting = waiting.filter((each) => each !== item);
          const served = sharesOf(item);
          for (const share of served) {
            if (waiting.some((each) => sharesOf(each).includes(share))) since.set(share, []);
            else since.delete(share);
          }
          for (const [share, others] of since) {
            // Of the same level: sources and the operator, or callers of one source.
            const other = served.find((each) => levelOf(each) === levelOf(share));
            if (other === undefined || served.includes(share)) continue;
            others.push(other);
            const callers = others.filter((each) => each !== 'operator');
            expect(new Set(callers).size).toBe(callers.length);
            expect(others.length).toBeLessThanOrEqual(2 * callers.length + 1);
            if (share === 'operator') expect(callers.length).toBeLessThanOrEqual(1);
          }
        };
        for (const [number, action] of actions.entries()) {
          if (action === null) {
            take();
            continue;
          }
          const item = { ...action, number };
          turns.push(item.caller < 0 ? null : callers[item.caller], item);
          waiting.push(item);
          for (const share of sharesOf(item)) if (!since.has(share)) since.set(share, []);
          const ofCallers = waiting.filter(({ caller }) => caller >= 0);
          expect(turns.length).toBe(ofCallers.length);
          expect(turns.operatorLength).toBe(waiting.length - ofCallers.length);
          expect(turns.bytes).toBe(ofCallers.reduce((sum, { bytes }) => sum + bytes, 0));
        }
        while (waiting.length > 0) take();
        expect(turns.shift()).toBeUndefined();
        expect(turns.isEmpty).toBe(true);
        expect([turns.bytes, turns.operatorBytes]).toEqual([0, 0]);
      }),
    );
  });

  it('make room at the cost of whoever has the most waiting, and of nobody who has less than who asks', () => {
    fc.assert(
      fc.property(ACTIONS, fc.integer({ min: 1, max: 30 }), (actions, most) => {
        const turns = new Turns<Sent>();
        const callers = CALLERS.map((source) => new Caller<Sent>(source));
        let waiting: Sent[] = [];
        for (const [number, action] of actions.entries()) {
          if (action === null || action.caller < 0) {
            const item = turns.shift();
            waiting = waiting.filter((each) => each !== item);
            continue;
          }
          const item = { ...action, number };
          const source = sourceOf(item);
          if (waiting.length >= most) {
            const displaced = turns.displace(callers[item.caller], item.bytes);
            const own = waiting.filter((each) => sourceOf(each) === source);
            const sources = greediest(waiting, sourceOf);
            const isGreedy = weightOf([...own, item]) >= sources.weight || sources.keys.includes(source);
            const among = greediest(
              isGreedy ? own : waiting.filter((each) => sources.keys.includes(sourceOf(each))),
              ({ caller }) => caller,
            );
            const isGreediest =
              isGreedy &&
              weightOf([...own.filter(({ caller }) => caller === item.caller), item]) >= among.weight;
            if (displaced === null) {
              expect(isGreediest).toBe(true);
              continue;
            }
            expect(isGreediest).toBe(false);
            if (isGreedy) expect(among.keys).toContain(displaced.caller);
            else expect(sources.keys).toContain(sourceOf(displaced));
            const ofSource = greediest(
              waiting.filter((each) => sourceOf(each) === sourceOf(displaced)),
              ({ caller }) => caller,
            );
            expect(ofSource.keys).toContain(displaced.caller);
            expect(displaced).toBe(waiting.findLast(({ caller }) => caller === displaced.caller));
            waiting = waiting.filter((each) => each !== displaced);
          }
          turns.push(callers[item.caller], item);
          waiting.push(item);
          expect(turns.length).toBe(waiting.length);
        }
      }),
      { numRuns: 500 },
    );
  });
});
