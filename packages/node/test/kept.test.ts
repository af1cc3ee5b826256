import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RequestKey } from '../src/journal/entry.ts';
import { type FirstOutcome, KeptRequests } from '../src/kept.ts';

/** A request of one of a few sessions, with an id near those before; or with a key. */
const requests = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 40 }), fc.boolean()) },
  { weight: 1, arbitrary: fc.tuple(fc.constant(-1), fc.nat({ max: 200 }), fc.boolean()) },
);

const outcomeOf = (number: number): FirstOutcome =>
  number % 7 === 0
    ? { kind: number % 2 === 0 ? 'fault' : 'exhausted', message: `no ${number}` }
    : { kind: 'ok', origin: { interface: number % 5, operation: number % 300 }, value: number };

interface Modelled {
  readonly number: number;
  readonly request: RequestKey;
  readonly outcome: FirstOutcome;
}

const nameOf = (request: RequestKey): string =>
  'session' in request ? `${request.session}/${request.id}` : request.key;

describe('kept requests', () => {
  it('are the last that were added, whatever their sessions and the order of their ids', () => {
    const steps = fc.array(requests, { minLength: 1, maxLength: 3_000, size: 'max' });
    const counts = fc.constantFrom(1, 10, 1_000, 1_500, 100_000);
    fc.assert(
      fc.property(steps, counts, fc.nat({ max: 3_000 }), (drawn, countMax, start) => {
        const kept = new KeptRequests(countMax, Number.POSITIVE_INFINITY);
        kept.startAt(start);
        const greatest = [0, 0, 0, 0];
        const forgotten = new Map<string, number>();
        const cutModel = (): void => {
          for (const { request } of model.slice(0, -countMax)) {
            if (!('session' in request)) continue;
            forgotten.set(request.session, Math.max(forgotten.get(request.session) ?? 0, request.id));
          }
          model = model.slice(-countMax);
        };
        let model: Modelled[] = [];
        let number = start;
        let taken = start;
        for (const [session, step, isTaken] of drawn) {
          let request: RequestKey = { key: `key ${step}`, digest: 'd' };
          if (session >= 0) {
            // Mostly the next, sometimes one that came late, or was there already.
            const id = Math.max(1, greatest[session] + (step < 30 ? 1 : 35 - step));
            greatest[session] = Math.max(greatest[session], id);
            request = { session: `s${session}`, id, digest: step };
          }
          const known = model.find((each) => nameOf(each.request) === nameOf(request));
          const isForgotten = 'session' in request && request.id <= (forgotten.get(request.session) ?? 0);
          if (known === undefined && isForgotten) {
            expect(kept.find(request)).toEqual({ kind: 'forgotten' });
          } else if (known === undefined) {
            expect(kept.find(request)).toEqual({ kind: 'new' });
            const outcome = outcomeOf(number);
            kept.add(request, outcome);
            model.push({ number: number++, request, outcome });
            cutModel();
          } else {
            const isSame = known.request.digest === request.digest;
            expect(kept.find(request)).toEqual(
              isSame ? { kind: 'known', outcome: known.outcome } : { kind: 'other' },
            );
          }
          if (!isTaken || step > 3) continue;
          // What is gone through does not change by what is added meanwhile.
          const fresh = kept.takeNew();
          kept.add({ key: `beside ${number}`, digest: 'd' }, outcomeOf(number));
          expect([...fresh]).toEqual(model.filter((each) => each.number >= taken));
          model.push({
            number,
            request: { key: `beside ${number}`, digest: 'd' },
            outcome: outcomeOf(number++),
          });
          taken = number - 1;
          cutModel();
        }
        expect([...kept.entries()]).toEqual(model);
        expect([kept.first, kept.end]).toEqual([number - model.length, number]);
      }),
      { numRuns: 15 },
    );
  });

  it('take no more memory than is allowed', () => {
    const kept = new KeptRequests(1_000, 20_000);
    for (let id = 1; id <= 100; id++) {
      kept.add({ session: 's', id, digest: 0 }, { kind: 'fault', message: 'x'.repeat(1_000) });
    }
    expect(kept.end - kept.first).toBeLessThan(20);
    expect(kept.find({ session: 's', id: 100, digest: 0 }).kind).toBe('known');
    expect(kept.find({ session: 's', id: 1, digest: 0 }).kind).toBe('forgotten');
  });
});
