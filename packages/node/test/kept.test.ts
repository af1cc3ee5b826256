import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RequestKey } from '../src/journal/entry.ts';
import { type FirstOutcome, KeptMemory, KeptRequests } from '../src/kept.ts';

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
        const kept = new KeptRequests(countMax, new KeptMemory(Number.POSITIVE_INFINITY));
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

  const long: FirstOutcome = { kind: 'fault', message: 'x'.repeat(1_000) };
  const idOf = (id: number): RequestKey => ({ session: 's', id, digest: 0 });

  it.each([
    ['a key', [{ key: 'k', digest: 'd' }]],
    ['an id', [idOf(2)]],
    ['an id that came late', [idOf(2), idOf(1)]],
  ])('that come again, with %s, take the place of the older ones', (_, requests) => {
    const kept = new KeptRequests(10, new KeptMemory(Number.POSITIVE_INFINITY));
    const last = requests[requests.length - 1];
    for (const request of [...requests, last, last]) kept.add(request, outcomeOf(kept.end));
    const known = { kind: 'known', outcome: outcomeOf(kept.end - 1) };
    expect(kept.find(last)).toEqual(known);
    // The older ones go, and then it goes itself.
    while (kept.end - kept.first > 1) {
      kept.forgetOldest('keys');
      expect(kept.find(last)).toEqual(known);
    }
    kept.forgetOldest('keys');
    expect(kept.find(last).kind).toBe('session' in last ? 'forgotten' : 'new');
  });

  it('take no more memory than is allowed, but for the last', () => {
    const memory = new KeptMemory(20_000);
    const kept = new KeptRequests(1_000, memory);
    for (let id = 1; id <= 1_000; id++) {
      kept.add(idOf(id), long);
      expect(memory.bytes).toBeLessThanOrEqual(20_000);
    }
    // About half for replies, and half for keys.
    expect(kept.end - kept.firstReplied).toBeGreaterThan(3);
    expect(kept.end - kept.first).toBeGreaterThan(30);
    expect(kept.find(idOf(1_000))).toEqual({ kind: 'known', outcome: long });
    for (const id of [1, kept.firstReplied]) expect(kept.find(idOf(id)).kind).toBe('forgotten');
    kept.add(idOf(1_001), { kind: 'fault', message: 'x'.repeat(100_000) });
    expect([kept.firstReplied, kept.end]).toEqual([1_000, 1_001]);
    kept.add(idOf(1_002), long);
    expect(memory.bytes).toBeLessThanOrEqual(20_000);
  });

  it('lose their replies first, and are not new without', () => {
    const kept = new KeptRequests(1_000, new KeptMemory(20_000));
    const keyOf = (key: number, digest = 'd'): RequestKey => ({ key: `k${key}`, digest });
    for (let key = 1; key <= 50; key++) kept.add(keyOf(key), long);
    expect(kept.first).toBe(0);
    for (let key = 1; key <= kept.firstReplied; key++) {
      expect(kept.find(keyOf(key)).kind).toBe('forgotten');
      expect(kept.find(keyOf(key, 'e')).kind).toBe('other');
    }
    for (let key = kept.firstReplied + 1; key <= 50; key++) expect(kept.find(keyOf(key)).kind).toBe('known');
  });

  it('go with their replies where these are small', () => {
    const kept = new KeptRequests(1_000, new KeptMemory(20_000));
    for (let id = 1; id <= 1_000; id++) kept.add(idOf(id), outcomeOf(1));
    expect(kept.end - kept.first).toBeGreaterThan(100);
    expect(kept.firstReplied).toBe(kept.first);
  });

  it('of many machines share what is allowed: the one with the most gives way', () => {
    const memory = new KeptMemory(40_000);
    const [much, little, gone] = [1, 2, 3].map(() => new KeptRequests(1_000, memory));
    for (let id = 1; id <= 100; id++) much.add(idOf(id), long);
    gone.add(idOf(1), long);
    memory.leave(gone);
    for (let id = 1; id <= 5; id++) little.add(idOf(id), long);
    expect(little.firstReplied).toBe(0);
    expect(memory.bytes).toBeLessThanOrEqual(40_000);
    // By much more than one, no more than it has to.
    expect(memory.bytes).toBeGreaterThan(40_000 - 2_000 * 2);
    for (let id = 6; id <= 500; id++) little.add(idOf(id), long);
    for (const { bytes } of [much, little]) {
      expect(bytes.replies).toBeGreaterThan(7_000);
      expect(bytes.keys).toBeGreaterThan(7_000);
    }
  });

  it('that a checkpoint goes through stay until it has, and no longer', async () => {
    const kept = new KeptRequests(10, new KeptMemory(Number.POSITIVE_INFINITY));
    const values: WeakRef<readonly number[]>[] = [];
    const add = (id: number): void => {
      const value = [id];
      values.push(new WeakRef(value));
      kept.add(idOf(id), { kind: 'ok', origin: { interface: 0, operation: 0 }, value });
    };
    const held = async (): Promise<number> => {
      // A value that was looked at stays until the end of the turn.
      await new Promise((resolve) => setImmediate(resolve));
      collectGarbage();
      return values.filter((each) => each.deref() !== undefined).length;
    };
    for (let id = 1; id <= 10; id++) add(id);
    const taken = kept.takeNew()[Symbol.iterator]();
    expect(taken.next().value).toMatchObject({ number: 0, outcome: { value: [1] } });
    for (let id = 11; id <= 3_000; id++) add(id);
    // Nine that are to come, and ten that are kept.
    expect(await held()).toBe(19);
    expect(taken.next().value).toMatchObject({ number: 1, outcome: { value: [2] } });
    expect(await held()).toBe(18);
    // Another checkpoint: the first is not gone through any more.
    const next = Array.from(kept.takeNew(), ({ number }) => number);
    expect(taken.next().done).toBe(true);
    expect(next).toEqual(Array.from({ length: 10 }, (_, i) => 2_990 + i));
    expect(await held()).toBe(10);
    // Replies alone that are forgotten, before and while they are gone through.
    add(3_001);
    add(3_002);
    while (kept.firstReplied < kept.end - 1) kept.forgetOldest('replies');
    const last = kept.takeNew()[Symbol.iterator]();
    kept.forgetOldest('replies');
    expect(await held()).toBe(1);
    expect(last.next().value).toMatchObject({ number: 3_000, outcome: null });
    expect(last.next().value).toMatchObject({ number: 3_001, outcome: { value: [3_002] } });
    expect([last.next().done, await held()]).toEqual([true, 0]);
    expect(kept.bytes.replies).toBe(0);
  });
});

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
